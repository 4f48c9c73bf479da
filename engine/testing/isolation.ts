/**
 * What no tenant may learn of, or do to, another: scenarios over every entity of a catalogue. A new entity needs no test of its own
 * to be covered. Each sends the same request twice, once with the id of another tenant's record and once with an id that nobody has:
 * the answers must be equal. A third time with an id of one's own, where it must differ, so that no row passes by failing always.
 */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import { isShareable } from '../records/share.ts'
import { eventsOf } from './scenarios.ts'
import { creationOrder, specimen } from './specimen.ts'
import { pathOf, Stage } from './stage.ts'
import { ok, type Reply, type World } from './world.ts'

interface Attempt {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

/** What of an answer must not depend on whose id it was: all but the id itself and the request's own id. */
function comparable(reply: Reply, id: string): unknown {
  const text = reply.text.replaceAll(id, '<id>').replace(/"requestId":"[^"]*"/, '"requestId":"…"')
  const headers = ['content-type', 'content-length', 'etag', 'location', 'allow', 'cache-control'].map((name) => [
    name,
    reply.headers.get(name),
  ])
  return { status: reply.status, text, headers: Object.fromEntries(headers) }
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
  const alike = (
    name: string,
    target: () => string,
    attempt: (id: string) => Attempt | Promise<Attempt>,
    own?: () => string | Promise<string>,
  ): void => {
    test(name, async () => {
      const [foreign, nobodys] = [stage.id(stage.foreign, target()), randomUUID()]
      const { result: replies, events } = await eventsOf(
        world,
        async () => [await send(await attempt(foreign)), await send(await attempt(nobodys))] as const,
      )
      expect(comparable(replies[0], foreign)).toEqual(comparable(replies[1], nobodys))
      expect(events).toEqual([])
      const leaked = [...replies[0].text.matchAll(uuids)].map(([id]) => id).filter((id) => id !== foreign && stage.foreignIds.has(id))
      expect(leaked, 'ids of the other tenant in the answer').toEqual([])
      const mine = own === undefined ? stage.id(stage.own, target()) : await own()
      const control = await send(await attempt(mine))
      expect(comparable(control, mine), 'one’s own id answers like a stranger’s: this row proves nothing').not.toEqual(
        comparable(replies[1], nobodys),
      )
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
    const bulk = (operation: object, mode = 'each'): Attempt => ({
      method: 'POST',
      path: `${path}/bulk`,
      body: { mode, operations: [operation] },
    })

    describe(entity.id, () => {
      alike('get', self, (id) => ({ method: 'GET', path: `${path}/${id}` }))
      alike('history', self, (id) => ({ method: 'GET', path: `${path}/${id}/history` }))
      alike('patch', self, (id) => ({ method: 'PATCH', path: `${path}/${id}`, body: {} }))
      alike('delete', self, (id) => ({ method: 'DELETE', path: `${path}/${id}`, headers: { 'if-match': '"1.1"' } }), spare)
      alike('restore', self, (id) => ({ method: 'POST', path: `${path}/${id}/restore` }), deleted)
      alike('bulk update', self, (id) => bulk({ op: 'update', id, data: {} }))
      alike('bulk update, all or nothing', self, (id) => bulk({ op: 'update', id, data: {} }, 'all'))
      alike('bulk delete', self, (id) => bulk({ op: 'delete', id }), spare)
      if (isShareable(entity)) {
        const shared = (id: string, member: string) => ({ method: 'POST', path: `${path}/${id}/share`, body: { member, access: 'read' } })
        alike('who it is shared with', self, (id) => ({ method: 'GET', path: `${path}/${id}/share` }))
        alike('share', self, (id) => shared(id, stage.id(stage.own, 'core.member')))
        alike(
          'share with somebody',
          () => 'core.member',
          (member) => shared(stage.id(stage.own, entity.id), member),
        )
      }
      alike('filter by id', self, (id) => ({ method: 'GET', path: `${path}?id=${id}` }))
      alike('filter by several ids', self, (id) => ({ method: 'GET', path: `${path}?id.in=${id}` }))
      alike('export by id', self, (id) => ({ method: 'GET', path: `${path}/export?format=jsonl&id=${id}` }))

      for (const field of entity.fields) relationScenarios(entity, field)

      for (const key of entity.unique) {
        const fields = key.fields.map((id) => entity.fieldById.get(id))
        if (fields.some((field) => field === undefined || field.reference !== null || field.readOnly)) continue
        test(`a value of ${key.id} that the other tenant has taken is free here`, async () => {
          const taken = stage.foreign.get(entity.id) ?? {}
          const values = Object.fromEntries(
            fields.flatMap((field) => (field === undefined || taken[field.name] === null ? [] : [[field.name, taken[field.name]]])),
          )
          if (Object.keys(values).length < fields.length) return
          const { id } = ok(await send({ method: 'POST', path, body: { ...stage.body(entity, stage.own), ...values } }))
          expect(id).not.toBe(taken['id'])
        })
      }

      test('no list shows a record of the other tenant, however much is expanded', async () => {
        // Lists of references are ids in place: there is nothing to expand. Their inverses are records.
        const isExpandable = (field: Field): boolean => field.reference !== null || field.lines?.linkField === null
        const expandable = [...entity.fields.filter((field) => isExpandable(field)).map(({ name }) => name), ...entity.inverses.keys()]
        const title = stage.foreign.get(entity.id)?.['_title']
        const searches = entity.search.length > 0 && typeof title === 'string' ? [`&search=${encodeURIComponent(title)}`] : []
        for (const query of ['', '&deleted=only', ...searches, ...expandable.map((name) => `&expand=${name}`)]) {
          const reply = await send({ method: 'GET', path: `${path}?limit=100${query}` })
          ok(reply)
          expect(
            [...reply.text.matchAll(uuids)].map(([id]) => id).filter((id) => stage.foreignIds.has(id)),
            query,
          ).toEqual([])
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
        alike(
          `create with ${label}`,
          () => target,
          (id) => creation({ [field.name]: value(id) }),
        )
        if (!field.createOnly)
          alike(
            `patch ${label}`,
            () => target,
            (id) => ({ method: 'PATCH', path: mine(), body: { [field.name]: value(id) } }),
            async () => String((await stage.another(catalogue.entities.get(target) ?? entity))['id']),
          )
        alike(
          `bulk create with ${label}`,
          () => target,
          (id) => ({
            method: 'POST',
            path: `${path}/bulk`,
            body: { mode: 'all', operations: [{ op: 'create', data: { ...stage.body(entity, stage.own), [field.name]: value(id) } }] },
          }),
        )
        if (targets.length === 1) {
          alike(
            `filter by ${label}`,
            () => target,
            (id) => ({ method: 'GET', path: `${path}?${field.name}=${id}` }),
          )
          alike(
            `aggregate over ${label}`,
            () => target,
            (id) => ({ method: 'GET', path: `${path}/aggregate?measure=count&${field.name}=${id}` }),
          )
        }
      }
    }
    if (field.reference?.targets.length === 1 && !field.readOnly) importScenario(entity, field, field.reference.targets[0]?.entity ?? '')
    const line = field.lines === null || field.lines.through !== null ? undefined : catalogue.entities.get(field.lines.entity)
    if (line === undefined) return
    if (line.link) {
      const target = line.fields.find((each) => each.id === field.lines?.linkField)?.reference?.targets[0]?.entity
      if (target !== undefined)
        alike(
          `create with ${field.name} → ${target}`,
          () => target,
          (id) => creation({ [field.name]: [id] }),
        )
      return
    }
    for (const inside of line.fields) {
      const target = inside.reference?.targets[0]?.entity
      if (target === undefined || (inside.reference?.targets.length ?? 0) > 1) continue
      alike(
        `a line with ${inside.name} → ${target}`,
        () => target,
        (id) => creation({ [field.name]: [{ ...specimen(catalogue, line, (each) => stage.id(stage.own, each), 0), [inside.name]: id }] }),
      )
    }
    for (const [what, change] of [
      ['changing', {}],
      ['removing', null],
    ] as const) {
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

  /** One file, three rows: with the id of the other tenant's record, with nobody's, with one's own. */
  function importScenario(entity: Entity, field: Field, target: string): void {
    test(`import with ${field.name} → ${target}`, async () => {
      const ids = [stage.id(stage.foreign, target), randomUUID(), stage.id(stage.own, target)]
      const rows = ids.map((id) => ({ ...stage.body(entity, stage.own), [field.name]: id }))
      const names = entity.fields
        .filter(
          (each) =>
            each.name === field.name || (each.lines === null && rows.every((row) => ['string', 'number'].includes(typeof row[each.name]))),
        )
        .map(({ name }) => name)
      const csv = [names, ...rows.map((row) => names.map((name) => (row as Record<string, unknown>)[name]))]
        .map((cells) => cells.join(','))
        .join('\n')
      const { result: job, events } = await eventsOf(world, async () => {
        const headers = { 'content-type': 'text/csv' }
        const { id } = ok(await world.call('admin@acme', 'POST', `${pathOf(entity)}/import?dryRun=true`, { body: csv, headers }))
        return finished(String(id))
      })
      expect(events).toEqual([])
      const { faults } = job['result'] as { faults: { row: number; column: string | null; detail: string }[] }
      const first = Math.min(...faults.map(({ row }) => row))
      const [foreign, nobodys, own] = ids.map((id, at) =>
        faults.filter(({ row, column }) => row === first + at && column === field.name).map(({ detail }) => detail.replaceAll(id, '<id>')),
      )
      expect(foreign).toEqual(nobodys)
      expect(foreign).not.toEqual([])
      expect(own, 'one’s own id is refused like a stranger’s: this row proves nothing').toEqual([])
    })
  }

  async function finished(job: string): Promise<Record<string, unknown>> {
    for (;;) {
      const state = ok(await world.call('admin@acme', 'GET', `/api/jobs/${job}`))
      if (state['status'] === 'done') return state
      if (state['status'] === 'failed') throw new Error(JSON.stringify(state))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  for (const entity of [...catalogue.entities.values()].filter(({ kind }) => kind === 'single')) {
    test(`${entity.id} is each tenant's own`, async () => {
      const theirs = (): Promise<Reply> => world.call('admin@globex', 'GET', pathOf(entity))
      const untouched = await theirs()
      const reply = await send({ method: 'PATCH', path: pathOf(entity), body: {} })
      ok(reply)
      expect([...reply.text.matchAll(uuids)].map(([id]) => id).filter((id) => stage.foreignIds.has(id))).toEqual([])
      expect((await theirs()).text).toBe(untouched.text)
    })
  }

  describe('jobs', () => {
    for (const [name, method, what] of [
      ['read', 'GET', ''],
      ['cancel', 'POST', '/cancel'],
      ['undo', 'POST', '/undo'],
    ] as const) {
      test(`${name} a job of the other tenant`, async () => {
        const entity = creationOrder(catalogue).find((each) => each.titleField !== null)
        if (entity === undefined) throw new Error('no entity has a title')
        const { id } = ok(
          await world.call('admin@globex', 'POST', `${pathOf(entity)}/import?dryRun=true`, {
            body: `${entity.titleField?.name}\nXYZ`,
            headers: { 'content-type': 'text/csv' },
          }),
        )
        const [foreign, nobodys] = [String(id), randomUUID()]
        const attempt = async (job: string): Promise<unknown> => comparable(await send({ method, path: `/api/jobs/${job}${what}` }), job)
        const answer = await attempt(foreign)
        expect(answer).toMatchObject({ status: 404 })
        expect(answer).toEqual(await attempt(nobodys))
      })
    }
  })
}
