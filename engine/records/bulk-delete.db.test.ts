import { describe, expect, test, vi } from 'vitest'
import type { Transaction } from '../database/types.ts'
import { openLab } from '../testing/lab.ts'
import { eventsOf } from '../testing/scenarios.ts'
import type { Reply } from '../testing/world.ts'
import { create, get } from '../testing/writing.ts'

/** Many records deleted or restored at once: what hangs on them is looked for once, and each operation answers for its own. */
const world = await openLab()
const as = 'admin@acme'
interface Result {
  status: number
  id?: string
  problem?: { code: string; detail: string }
}
const bulk = (path: string, mode: string, operations: readonly object[]): Promise<Reply> =>
  world.call(as, 'POST', `/api/${path}/bulk`, { body: { mode, operations } })
const results = (reply: Reply): Result[] => {
  expect(reply.status, reply.text).toBe(200)
  return (reply.body as { results: Result[] }).results
}
const outcome = (reply: Reply): unknown[] => results(reply).map(({ status, problem }) => problem?.code ?? status)
const problem = (reply: Reply): unknown[] => [reply.status, (reply.body as { code?: string }).code]
const remove = (ids: readonly string[]) => ids.map((id) => ({ op: 'delete', id }))
const restore = (ids: readonly string[]) => ids.map((id) => ({ op: 'restore', id }))
const idsOf = (reply: Reply): string[] => results(reply).map((each) => each.id!)
const make = async (path: string, body: object): Promise<string> => (await create(world, as, `/api/${path}`, body)).id
const isLive = async (path: string, id: string): Promise<boolean> => (await world.call(as, 'GET', `/api/${path}/${id}`)).status === 200

/** Round trips to the database inside transactions, while `work` runs. */
async function tripsOf(work: () => Promise<unknown>): Promise<number> {
  let trips = 0
  const { database } = world.app
  const open = database.transaction.bind(database)
  const spy = vi.spyOn(database, 'transaction').mockImplementation((context, inside) =>
    open(context, (tx) => {
      const counted: Transaction = {
        send: (...steps) => (trips++, tx.send(...steps)),
        commit: (...steps) => (trips++, tx.commit(...steps)),
      }
      return inside(counted)
    }),
  )
  try {
    await work()
  } finally {
    spy.mockRestore()
  }
  return trips
}

/** Notes with one below each of them, in two bulks. */
async function pairs(count: number): Promise<{ above: string[]; below: string[] }> {
  const above = idsOf(
    await bulk(
      'lab/notes',
      'all',
      Array.from({ length: count }, (_, i) => ({ op: 'create', data: { text: `n${i}` } })),
    ),
  )
  const below = idsOf(
    await bulk(
      'lab/notes',
      'all',
      above.map((under) => ({ op: 'create', data: { text: 'below', under } })),
    ),
  )
  return { above, below }
}

test.each(['all', 'each'])('a thousand records go, and come back, in as many trips as one: mode %s', async (mode) => {
  const [one, many] = [await pairs(1), await pairs(1000)]
  const trips = async (ids: readonly string[], operations: (ids: readonly string[]) => object[]): Promise<number> =>
    tripsOf(async () => expect(new Set(outcome(await bulk('lab/notes', mode, operations(ids))))).toEqual(new Set([200])))
  expect(await trips(many.above, remove)).toBe(await trips(one.above, remove))
  expect(await world.sql('select 1 from lab.note where id = any($1) and deleted_at is null', [[...many.above, ...many.below]])).toEqual([])
  expect(await trips(many.above, restore)).toBe(await trips(one.above, restore))
  expect(
    await world.sql('select 1 from lab.note where id = any($1) and deleted_at is null', [[...many.above, ...many.below]]),
  ).toHaveLength(2000)
})

describe('each operation answers for what hangs on its own record', () => {
  test('who is held stays, the others go with theirs; nobody goes one by one for it', async () => {
    const [free, held, other] = [
      await make('crm/companies', { name: 'Free' }),
      await make('crm/companies', { name: 'Held' }),
      await make('crm/companies', { name: 'Other' }),
    ]
    await make('crm/deals', { name: 'Holds', company: held })
    const note = await make('lab/notes', { text: 'cleared', about: { entity: 'crm.company', id: other } })
    const { result, events } = await eventsOf(world, () => bulk('crm/companies', 'each', remove([free, held, other])))
    expect(outcome(result)).toEqual([200, 'still-referenced', 200])
    expect(results(result)[1]!.problem!.detail).toContain('Deals')
    expect(events).toEqual(['crm.company.deleted', 'crm.company.deleted', 'lab.note.updated'])
    expect(await get(world, as, `/api/lab/notes/${note}`)).toMatchObject({ about: null })
    const again = [await make('crm/companies', { name: 'A' }), held]
    expect(problem(await bulk('crm/companies', 'all', remove(again)))).toEqual([409, 'still-referenced'])
    expect(await isLive('crm/companies', again[0]!)).toBe(true)
  })

  test('one that stands below another: with it, or by itself, whichever comes first', async () => {
    const together = await pairs(1)
    expect(outcome(await bulk('lab/notes', 'all', remove([...together.above, ...together.below])))).toEqual([200, 200])
    // Each has gone by its own deletion: alone, what stood above comes back alone.
    expect(outcome(await bulk('lab/notes', 'all', restore(together.above)))).toEqual([200])
    expect(await isLive('lab/notes', together.below[0]!)).toBe(false)
    const apart = await pairs(1)
    expect(outcome(await bulk('lab/notes', 'each', remove([...apart.above, ...apart.below])))).toEqual([200, 'not-found'])
    // Both hang on one deletion: the one below comes with the one above, or after it.
    expect(outcome(await bulk('lab/notes', 'each', restore(apart.above)))).toEqual([200])
    expect(await isLive('lab/notes', apart.below[0]!)).toBe(true)
  })

  test('what refers to one that comes back with it is no hindrance; what refers to one that does not is', async () => {
    const { above, below } = await pairs(2)
    expect(outcome(await bulk('lab/notes', 'all', remove(below)))).toEqual([200, 200])
    expect(outcome(await bulk('lab/notes', 'all', remove(above)))).toEqual([200, 200])
    expect(outcome(await bulk('lab/notes', 'each', restore([below[1]!, above[0]!])))).toEqual(['restore-refused', 200])
    expect(outcome(await bulk('lab/notes', 'each', restore([above[1]!, below[1]!])))).toEqual([200, 200])
    expect(outcome(await bulk('lab/notes', 'all', restore([below[0]!])))).toEqual([200])
  })

  test('two that would clear the same reference are told to come one after the other; apart they do', async () => {
    const [project, company] = [await make('lab/projects', { name: 'P' }), await make('lab/projects', { name: 'Q' })]
    const note = await make('lab/notes', { text: 'n', project, about: { entity: 'lab.project', id: company } })
    expect(problem(await bulk('lab/projects', 'all', remove([project, company])))).toEqual([200, undefined])
    expect(await isLive('lab/notes', note)).toBe(false)
  })
})
