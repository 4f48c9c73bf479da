import { describe, expect, test } from 'vitest'
import { limits } from '../config.ts'
import { openTrade } from '../testing/trade.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'

/** One operation for every record that a filter selects. */
const world = await openTrade()
const accounts = '/api/trade/accounts'
const bulk = (body: object, as: Person = 'admin@acme', headers: Record<string, string> = {}): Promise<Reply> =>
  world.call(as, 'POST', `${accounts}/bulk`, { body, headers })
const faults = (reply: Reply): string[] =>
  ((reply.body as { errors?: { pointer: string; detail: string }[] }).errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`)
const list = async (filter: string): Promise<Record<string, unknown>[]> =>
  ok(await world.call('admin@acme', 'GET', `${accounts}?limit=500&filter=${encodeURIComponent(filter)}`))['data'] as Record<
    string,
    unknown
  >[]
const make = async (names: readonly string[], currency: string): Promise<void> => {
  const operations = names.map((name) => ({ op: 'create', data: { name, currency } }))
  expect(ok(await bulk({ operations }))['results']).toHaveLength(names.length)
}
const close = { op: 'update', data: { currency: 'USD' } }

await make(['a1', 'a2', 'a3'], 'EUR')
await make(['b1', 'b2'], 'CHF')

describe('is refused', () => {
  test.each<[string, object, string[]]>([
    ['without a filter', { operation: close }, ['/filter An expression is expected; true selects every record.']],
    ['without an operation', { filter: 'true' }, ['/operation/op With a filter, op is update or delete.']],
    ['a create', { filter: 'true', operation: { op: 'create', data: {} } }, ['/operation/op With a filter, op is update or delete.']],
    ['an id', { filter: 'true', operation: { ...close, id: 'x' } }, ['/operation/id With a filter, an operation has no "id".']],
    ['each', { mode: 'each', filter: 'true', operation: close }, ['/mode With a filter, mode is "all".']],
    [
      'beside operations',
      { filter: 'true', operation: close, operations: [] },
      ['/operations There is no "operations" here; with a filter, bulk takes "mode" and "operation".'],
    ],
    [
      'a wrong filter',
      { filter: 'self.nme == 1', operation: close },
      ['/filter Characters 6–8: Account has no "nme". Did you mean "name"?'],
    ],
    [
      'wrong data, though there are no records',
      { filter: 'false', operation: { op: 'update', data: { nme: 1 } } },
      ['/operation/data/nme There is no field "nme". Did you mean "name"?'],
    ],
    [
      'what every record refuses, told once',
      { filter: "self.currency == 'EUR'", operation: { op: 'update', data: { currency: 'EUE' } } },
      ['/operation/data/turnover/currency "EUE" is no currency in use. Did you mean "EUR"?'],
    ],
  ])('%s', async (_name, body, expected) => {
    const reply = await bulk(body)
    expect([reply.status, ...faults(reply)]).toEqual([422, ...expected])
    expect(await list("self.currency == 'USD'")).toEqual([])
  })

  test('for who may not do it, or may not know what it is about', async () => {
    expect((await bulk({ filter: 'true', operation: close }, 'rep@acme')).status).toBe(404)
    const { members } = world.acme
    ok(
      await world.call('admin@acme', 'PUT', `/api/access/${members['rep']}`, {
        body: { email: 'rep@acme.test', roles: ['core.user', 'trade.guest'] },
      }),
    )
    expect((await bulk({ filter: 'true', operation: { op: 'update', data: { name: 'x' } } }, 'rep@acme')).status).toBe(403)
    const hidden = await bulk({ filter: "self.currency == 'EUR'", operation: { op: 'delete' } }, 'rep@acme')
    expect([hidden.status, ...faults(hidden)]).toEqual([422, '/filter Characters 6–13: Account has no "currency".'])
  })

  test('when it selects more than a bulk takes: how many is said', async () => {
    for (let i = 0; i < 2; i++)
      await make(
        Array.from({ length: 520 }, (_, n) => `many ${i} ${n}`),
        'JPY',
      )
    const reply = await bulk({ filter: "self.currency == 'JPY'", operation: { op: 'delete' } })
    const detail = `The filter selects 1040 records; at most ${limits.bulkOperations} are changed at a time.`
    expect([reply.status, ...faults(reply)]).toEqual([422, `/filter ${detail}`])
  })
})

test('changes every record that the list has, and no other; the same key does it once', async () => {
  const body = { mode: 'all', filter: "self.currency == 'EUR' && self.name != 'a3'", operation: close }
  const headers = { 'Idempotency-Key': 'close-them' }
  const first = ok(await bulk(body, 'admin@acme', headers))['results'] as { status: number; id: string }[]
  expect(first.map((each) => each.status)).toEqual([200, 200])
  expect((await list("self.currency == 'USD'")).map((each) => String(each['name'])).toSorted((a, b) => a.localeCompare(b))).toEqual([
    'a1',
    'a2',
  ])
  await make(['a4'], 'EUR')
  const again = ok(await bulk(body, 'admin@acme', headers))['results'] as { id: string }[]
  expect(again.map((each) => each.id)).toEqual(first.map((each) => each.id))
  expect((await list("self.currency == 'EUR'")).map((each) => String(each['name'])).toSorted((a, b) => a.localeCompare(b))).toEqual([
    'a3',
    'a4',
  ])
})

test('deletes; where nothing is selected nothing happens; another tenant has its own', async () => {
  expect(ok(await bulk({ filter: "self.currency == 'CHF'", operation: { op: 'delete' } }, 'admin@globex'))['results']).toEqual([])
  expect(ok(await bulk({ filter: "self.currency == 'CHF'", operation: { op: 'delete' } }))['results']).toHaveLength(2)
  expect(await list("self.currency == 'CHF'")).toEqual([])
  expect(ok(await bulk({ filter: "self.currency == 'CHF'", operation: { op: 'delete' } }))['results']).toEqual([])
})
