/**
 * What no tenant may learn of, or do to, another: scenarios over every entity of a catalogue. A new entity needs no test of its own
 * to be covered. Each sends the same request twice, once with the id of another tenant's record and once with an id that nobody has:
 * the answers must be equal. A third time with an id of one's own, where it must differ, so that no row passes by failing always.
 */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import { eventsOf } from './scenarios.ts'
import { creationOrder, specimen } from './specimen.ts'
import { ok, type Person, type Reply, type World } from './world.ts'

interface Attempt {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const pathOf = (entity: Entity): string => `/api/${entity.module}/${entity.plural}`

/** What of an answer must not depend on whose id it was: all but the id itself and the request's own id. */
function comparable(reply: Reply, id: string): unknown {
  const text = reply.text.replaceAll(id, '<id>').replace(/"requestId":"[^"]*"/, '"requestId":"…"')
  const headers = ['content-type', 'content-length', 'etag', 'location', 'allow', 'cache-control'].map((name) => [name, reply.headers.get(name)])
  return { status: reply.status, text, headers: Object.fromEntries(headers) }
}

/** The records made for this file, and every id that belongs to the other tenant. */
class Stage {
  readonly #world: World
  readonly #catalogue: Catalogue
  readonly own = new Map<string, Record<string, unknown>>()
  readonly foreign = new Map<string, Record<string, unknown>>()
  readonly foreignIds = new Set<string>()
  #serial = 0

  constructor(world: World, catalogue: Catalogue) {
    this.#world = world
    this.#catalogue = catalogue
  }

  async fill(): Promise<void> {
    for (const [person, records] of [['admin@acme', this.own], ['admin@globex', this.foreign]] as const) {
      for (const entity of creationOrder(this.#catalogue)) records.set(entity.id, await this.create(person, entity, records))
    }
    for (const rows of Object.values(await this.foreignRows())) for (const id of Object.keys(rows)) this.foreignIds.add(id)
  }

  /** Every row of the other tenant: table → id → row. */
  async foreignRows(): Promise<Record<string, Record<string, unknown>>> {
    const tables = await this.#world.sql<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.columns
       where column_name = 'tenant_id' and table_schema = any($1) order by 1`,
      [[...this.#catalogue.modules.keys()]],
    )
    const all: Record<string, Record<string, unknown>> = {}
    for (const { name } of tables) {
      const rows = await this.#world.sql<{ id: string; row: unknown }>(`select id, to_jsonb(t) as row from ${name} t where tenant_id = $1`, [this.#world.globex.id])
      all[name] = Object.fromEntries(rows.map(({ id, row }) => [id, row]))
    }
    return all
  }

  body(entity: Entity, records: ReadonlyMap<string, Record<string, unknown>>): Record<string, unknown> {
    return specimen(this.#catalogue, entity, (id) => (records.get(id)?.['id'] as string | undefined) ?? null, this.#serial++)
  }

  async create(person: Person, entity: Entity, records: ReadonlyMap<string, Record<string, unknown>>): Promise<Record<string, unknown>> {
    const created = ok(await this.#world.call(person, 'POST', pathOf(entity), { body: this.body(entity, records) }))
    return ok(await this.#world.call(person, 'GET', `${pathOf(entity)}/${String(created['id'])}`))
  }

  id(records: ReadonlyMap<string, Record<string, unknown>>, entity: string): string {
    const id = records.get(entity)?.['id']
    if (typeof id !== 'string') throw new Error(`there is no record of ${entity} to try with`)
    return id
  }

  /** A new record of one's own, for attempts that would use it up. */
  async another(entity: Entity): Promise<Record<string, unknown>> {
    return this.create('admin@acme', entity, this.own)
  }
}

/** Registers the scenarios of every entity; the acting person is an administrator, whom nothing but the tenant holds back. */
export function isolation(world: World, catalogue: Catalogue): void {
  const stage = new Stage(world, catalogue)
  let before: Record<string, Record<string, unknown>> = {}
  beforeAll(async () => {
    await stage.fill()
    before = await stage.foreignRows()
  }, 120_000)
  afterAll(async () => {
    expect(await stage.foreignRows(), 'records of the other tenant changed').toEqual(before)
  })

  const send = ({ method, path, body, headers }: Attempt): Promise<Reply> =>
    world.call('admin@acme', method, path, { ...(body !== undefined && { body }), ...(headers !== undefined && { headers }) })

  /** `attempt` builds the request for one id. `target` says whose records the id stands for. */
  const alike = (name: string, target: () => string, attempt: (id: string) => Attempt | Promise<Attempt>, own?: () => string | Promise<string>): void => {
    test(name, async () => {
      const [foreign, nobodys] = [stage.id(stage.foreign, target()), randomUUID()]
      const { result: replies, events } = await eventsOf(world, async () => [await send(await attempt(foreign)), await send(await attempt(nobodys))] as const)
      expect(comparable(replies[0], foreign)).toEqual(comparable(replies[1], nobodys))
      expect(events).toEqual([])
      const leaked = [...replies[0].text.matchAll(uuids)].map(([id]) => id).filter((id) => id !== foreign && stage.foreignIds.has(id))
      expect(leaked, 'ids of the other tenant in the answer').toEqual([])
      const mine = own === undefined ? stage.id(stage.own, target()) : await own()
      const control = await send(await attempt(mine))
      expect(comparable(control, mine), 'one’s own id answers like a stranger’s: this row proves nothing').not.toEqual(comparable(replies[1], nobodys))
    })
  }

  for (const entity of creationOrder(catalogue)) {
    const path = pathOf(entity)
    const self = (): string => entity.id
    const spare = async (): Promise<string> => String((await stage.another(entity))['id'])
    const deleted = async (): Promise<string> => {
      const id = await spare()
      ok(await send({ method: 'DELETE', path: `${path}/${id}`, headers: { 'if-match': '"1.1"' } }))
      return id
    }
    const bulk = (operation: object, mode = 'each'): Attempt => ({ method: 'POST', path: `${path}/bulk`, body: { mode, operations: [operation] } })

    describe(entity.id, () => {
      alike('get', self, (id) => ({ method: 'GET', path: `${path}/${id}` }))
      alike('history', self, (id) => ({ method: 'GET', path: `${path}/${id}/history` }))
      alike('patch', self, (id) => ({ method: 'PATCH', path: `${path}/${id}`, body: {} }))
      alike('delete', self, (id) => ({ method: 'DELETE', path: `${path}/${id}`, headers: { 'if-match': '"1.1"' } }), spare)
      alike('restore', self, (id) => ({ method: 'POST', path: `${path}/${id}/restore` }), deleted)
      alike('bulk update', self, (id) => bulk({ op: 'update', id, data: {} }))
      alike('bulk update, all or nothing', self, (id) => bulk({ op: 'update', id, data: {} }, 'all'))
      alike('bulk delete', self, (id) => bulk({ op: 'delete', id }), spare)
      alike('filter by id', self, (id) => ({ method: 'GET', path: `${path}?id=${id}` }))
      alike('filter by several ids', self, (id) => ({ method: 'GET', path: `${path}?id.in=${id}` }))
      alike('export by id', self, (id) => ({ method: 'GET', path: `${path}/export?format=jsonl&id=${id}` }))

      for (const field of entity.fields) relationScenarios(entity, field)

      for (const key of entity.unique) {
        const fields = key.fields.map((id) => entity.fieldById.get(id))
        if (fields.some((field) => field === undefined || field.reference !== null || field.readOnly)) continue
        test(`a value of ${key.id} that the other tenant has taken is free here`, async () => {
          const taken = stage.foreign.get(entity.id) ?? {}
          const values = Object.fromEntries(fields.flatMap((field) => (field === undefined || taken[field.name] === null ? [] : [[field.name, taken[field.name]]])))
          if (Object.keys(values).length < fields.length) return
          const { id } = ok(await send({ method: 'POST', path, body: { ...stage.body(entity, stage.own), ...values } }))
          expect(id).not.toBe(taken['id'])
        })
      }

      test('no list shows a record of the other tenant, however much is expanded', async () => {
        // Lists of references, and their inverses, are ids in place: there is nothing to expand.
        const isExpandable = (field: Field | undefined): boolean => field !== undefined && (field.reference !== null || field.lines?.linkField === null)
        const inverses = [...entity.inverses].filter(([, inverse]) => isExpandable(catalogue.entities.get(inverse.entity)?.fieldById.get(inverse.field)))
        const expandable = [...entity.fields.filter((field) => isExpandable(field)).map(({ name }) => name), ...inverses.map(([name]) => name)]
        for (const query of ['', '&deleted=only', ...expandable.map((name) => `&expand=${name}`)]) {
          const reply = await send({ method: 'GET', path: `${path}?limit=100${query}` })
          ok(reply)
          expect([...reply.text.matchAll(uuids)].map(([id]) => id).filter((id) => stage.foreignIds.has(id)), query).toEqual([])
        }
      })

      test('a cursor of the other tenant is a forged one', async () => {
        await stage.create('admin@globex', entity, stage.foreign)
        const page = ok(await world.call('admin@globex', 'GET', `${path}?limit=1`)) as { page: { nextCursor: string } }
        const reply = await send({ method: 'GET', path: `${path}?limit=1&cursor=${encodeURIComponent(page.page.nextCursor)}` })
        expect(reply.body, reply.text).toMatchObject({ status: 400, code: 'cursor-invalid' })
        before = await stage.foreignRows()
      })
    })
  }

  function relationScenarios(entity: Entity, field: Field): void {
    const path = pathOf(entity)
    const mine = (): string => `${path}/${stage.id(stage.own, entity.id)}`
    const creation = (change: object): Attempt => ({ method: 'POST', path, body: { ...stage.body(entity, stage.own), ...change } })
    if (field.reference !== null && !field.readOnly) {
      const { targets } = field.reference
      for (const { entity: target } of targets) {
        const value = (id: string): unknown => (targets.length > 1 ? { entity: target, id } : id)
        const label = `${field.name} → ${target}`
        alike(`create with ${label}`, () => target, (id) => creation({ [field.name]: value(id) }))
        if (!field.createOnly) alike(`patch ${label}`, () => target, (id) => ({ method: 'PATCH', path: mine(), body: { [field.name]: value(id) } }), async () => String((await stage.another(catalogue.entities.get(target) ?? entity))['id']))
        alike(`bulk create with ${label}`, () => target, (id) => ({ method: 'POST', path: `${path}/bulk`, body: { mode: 'all', operations: [{ op: 'create', data: { ...stage.body(entity, stage.own), [field.name]: value(id) } }] } }))
        if (targets.length === 1) {
          alike(`filter by ${label}`, () => target, (id) => ({ method: 'GET', path: `${path}?${field.name}=${id}` }))
          alike(`aggregate over ${label}`, () => target, (id) => ({ method: 'GET', path: `${path}/aggregate?measure=count&${field.name}=${id}` }))
        }
      }
    }
    const line = field.lines === null || field.lines.through !== null ? undefined : catalogue.entities.get(field.lines.entity)
    if (line === undefined) return
    if (line.link) {
      const target = line.fields.find((each) => each.id === field.lines?.linkField)?.reference?.targets[0]?.entity
      if (target !== undefined) alike(`create with ${field.name} → ${target}`, () => target, (id) => creation({ [field.name]: [id] }))
      return
    }
    for (const inside of line.fields) {
      const target = inside.reference?.targets[0]?.entity
      if (target === undefined || (inside.reference?.targets.length ?? 0) > 1) continue
      alike(`a line with ${inside.name} → ${target}`, () => target, (id) => creation({ [field.name]: [{ ...specimen(catalogue, line, (each) => stage.id(stage.own, each), 0), [inside.name]: id }] }))
    }
    for (const [what, change] of [['changing', {}], ['removing', null]] as const) {
      test(`${what} a line of the other tenant in ${field.name}`, async () => {
        const foreign = (stage.foreign.get(entity.id)?.[field.name] as { id: string }[] | undefined)?.[0]?.id
        if (foreign === undefined) throw new Error(`the other tenant's ${entity.id} has no line in ${field.name}`)
        const nobodys = randomUUID()
        const patch = (id: string): Promise<Reply> => send({ method: 'PATCH', path: mine(), body: { [field.name]: { [id]: change } } })
        const { result, events } = await eventsOf(world, async () => [await patch(foreign), await patch(nobodys)] as const)
        expect(result[0].status).toBe(422)
        expect(comparable(result[0], foreign)).toEqual(comparable(result[1], nobodys))
        expect(events).toEqual([])
      })
    }
  }
}
