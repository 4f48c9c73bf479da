import type { Catalogue, Entity } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { Stale, type Database, type Query } from '../database/types.ts'
import { Problem } from '../problems.ts'
import { contextOf } from '../records/access.ts'
import type { Records } from '../records/handle.ts'
import type { Actor, Answer, Call } from '../records/types.ts'
import { assertAdministrator } from './access.ts'

interface Parts {
  readonly database: Pick<Database, 'call' | 'read'>
  readonly records: Pick<Records, 'handle'>
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  readonly refresh: (actor: Actor) => Promise<Actor>
  readonly onExport: (actor: Actor, entity: string) => void
}

/**
 * Everything a tenant has, as lines of JSON (docs/archive.md): every record with its lines, deleted ones too, who may do what, and the whole log with
 * what changed. Records come through the pipeline like any export, in pages of their own transactions; the last line says that all of it is there.
 */
export function createArchive({
  database,
  records,
  catalogueOf,
  refresh,
  onExport,
}: Parts): (actor: Actor) => Promise<AsyncIterable<string>> {
  return async (actor) => {
    assertAdministrator(actor)
    const catalogue = await catalogueOf(actor)
    onExport(actor, '*')
    return lines(actor, catalogue)
  }

  async function* lines(actor: Actor, catalogue: Catalogue): AsyncGenerator<string> {
    const counts = { records: 0, people: 0, events: 0 }
    const { tenant: id, tenantSlug: slug, tenantName: name, locale, timeZone, currency } = actor
    const modules = [...catalogue.modules.values()].map(({ id: module, version }) => ({ module, version }))
    yield line({ archive: 'businessos/1', at: new Date().toISOString(), tenant: { id, slug, name, locale, timeZone, currency }, modules })
    for (const entity of catalogue.entities.values()) {
      if (entity.kind === 'line' || entity.link) continue
      const expand = entity.fields.filter(({ type }) => type === 'lines').map((field) => field.name)
      for (const deleted of [false, true]) {
        if (deleted && entity.kind !== 'record') continue
        const found = entity.kind === 'single' ? only(actor, entity) : exported(actor, entity, expand, deleted)
        for await (const record of found) {
          counts.records++
          yield `{"entity":${JSON.stringify(entity.id)},${deleted ? '"deleted":true,' : ''}"record":${record}}\n`
        }
      }
    }
    for (const row of await read(actor, { text: 'select * from bos.people_access()' })) {
      counts.people++
      yield line({ access: { member: row['member_id'], email: row['email'], roles: row['roles'], breakGlass: row['break_glass'] } })
    }
    const { rows } = await database.call({ text: 'select * from bos.tenant_roles($1::uuid)', values: [actor.tenant] })
    yield line({ roles: rows[0]?.['roles'] ?? [], permissions: rows[0]?.['permissions'] ?? [] })
    for (let after = 0; ;) {
      const page = await read(actor, { text: logPage, values: [actor.tenant, after, limits.auditRows] })
      for (const row of page) {
        counts.events++
        yield line({ event: row['event'] as object })
      }
      if (page.length < limits.auditRows) break
      after = Number(page.at(-1)!['position'])
    }
    yield line({ end: counts })
  }

  async function read(actor: Actor, query: Query): Promise<readonly Record<string, unknown>[]> {
    try {
      return (await database.read(contextOf(actor), query))[0]!.rows
    } catch (error) {
      if (!(error instanceof Stale)) throw error
      return (await database.read(contextOf(await refresh(actor)), query))[0]!.rows
    }
  }

  async function ask(
    actor: Actor,
    { module, plural }: Pick<Entity, 'module' | 'plural'>,
    rest: readonly string[],
    query: Call['query'],
  ): Promise<Answer> {
    const call: Call = {
      module,
      plural,
      method: 'GET',
      rest,
      query,
      body: undefined,
      ifMatch: null,
      ifNoneMatch: null,
      idempotencyKey: null,
      via: 'api',
      requestId: '',
    }
    return records.handle(call, await refresh(actor))
  }

  /** The one record of an entity that has no more; nobody may have written it yet. */
  async function* only(actor: Actor, entity: Entity): AsyncGenerator<string> {
    const { body } = await ask(actor, entity, [], new Map()).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'not-found') return { body: null }
      throw error
    })
    if (typeof body === 'string') yield body
  }

  async function* exported(actor: Actor, entity: Entity, expand: readonly string[], deleted: boolean): AsyncGenerator<string> {
    const query = new Map([['format', ['jsonl']]])
    if (expand.length > 0) query.set('expand', [expand.join()])
    if (deleted) query.set('deleted', ['only'])
    const { body } = await ask(actor, entity, ['export'], query)
    if (body === null) return
    let rest = ''
    for await (const part of typeof body === 'string' ? [body] : body) {
      const whole = (rest + part).split('\n')
      rest = whole.pop() ?? ''
      yield* whole.filter((each) => each !== '')
    }
    if (rest !== '') yield rest
  }
}

const line = (value: object): string => `${JSON.stringify(value)}\n`

const logPage = `with page as (
    select l.position, e.* from bos.log l join bos.event e on e.tenant_id = l.tenant_id and e.id = l.event_id and e.at = l.at
    where l.tenant_id = $1::uuid and l.position > $2 order by l.position limit $3)
  select p.position, jsonb_build_object('position', p.position, 'id', p.id, 'at', p.at, 'entity', p.entity, 'record', p.record_id, 'type', p.type,
      'version', p.version, 'revision', p.revision, 'actor', p.actor, 'via', p.via, 'requestId', p.request_id, 'body', b.body) as event
  from page p left join bos.event_bodies(array(select distinct record_id from page)) b on b.event_id = p.id order by p.position`
