import { describe, expect, test } from 'vitest'
import { openTrade } from '../testing/trade.ts'
import { ok, type Reply } from '../testing/world.ts'

/** Numbers that are made of the record, counted apart, and taken on create or at a transition: dense, once, and for ever. */
const world = await openTrade()
const call = (method: string, path: string, body?: object): Promise<Reply> =>
  world.call('admin@acme', method, path, body === undefined ? {} : { body })
type Data = { readonly [name: string]: unknown; readonly id: string }
const make = async (path: string, body: object): Promise<Data> => ok(await call('POST', path, body)) as Data
const faults = (reply: Reply): string[] =>
  ((reply.body as { errors?: { pointer: string; detail: string }[] }).errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`)
const tickets = '/api/trade/tickets'
const account = (name: string): Promise<Data> => make('/api/trade/accounts', { name })
const range = (length: number): number[] => Array.from({ length }, (_, i) => i)
/** The counts at the ends of numbers, in order. */
const counts = (numbers: readonly unknown[]): number[] => numbers.map((each) => Number(/\d+$/.exec(String(each))![0])).sort((a, b) => a - b)

describe('a number made of the record', () => {
  test('is refused where a part of it has no value, and takes nothing', async () => {
    const a = await account('Refused')
    expect(faults(await call('POST', tickets, { account: a.id }))).toEqual(['/number Number: what the number is made of has no value yet.'])
    expect(faults(await call('POST', tickets, { account: a.id, day: '2026-02-01', note: 'bad' }))).toEqual(['/label Not that label.'])
    expect(faults(await call('POST', tickets, { account: a.id, day: '2026-02-01', number: 'Refused-2026/001' }))).toEqual([
      '/number This field cannot be changed here.',
    ])
    expect((await make(tickets, { account: a.id, day: '2026-02-01' }))['number']).toBe('Refused-2026/001')
    const long = await account('x'.repeat(80))
    ok(await call('PATCH', `/api/trade/accounts/${long.id}`, { name: 'y'.repeat(80) }))
    expect((await make(tickets, { account: long.id, day: '2026-02-01' }))['number']).toHaveLength(89)
  })

  test('is counted for each combination, and other values are made of it', async () => {
    const [a, b] = [await account('A'), await account('B')]
    const numbers = []
    for (const [each, day] of [
      [a, '2026-01-05'],
      [b, '2026-01-05'],
      [a, '2026-12-31'],
      [a, '2027-01-01'],
    ] as const)
      numbers.push((await make(tickets, { account: each.id, day, note: 'n' }))['label'])
    expect(numbers).toEqual(['A-2026/001 n', 'B-2026/001 n', 'A-2026/002 n', 'A-2027/001 n'])
  })

  test('is told by a dry run, which uses none up', async () => {
    const a = await account('Tried')
    const counters = (): Promise<unknown> => world.sql('select * from bos.counter c order by c::text')
    const before = await counters()
    const body = { account: a.id, day: '2026-02-01' }
    for (const _ of range(3)) expect(ok(await call('POST', `${tickets}?dryRun=true`, body))['number']).toBe('Tried-2026/001')
    expect(await counters()).toEqual(before)
    const made = await make(tickets, body)
    expect(made['number']).toBe('Tried-2026/001')
    const [running] = counts([made['running']])
    ok(await call('POST', `${tickets}?dryRun=true`, body))
    expect(counts([(await make(tickets, body))['running']])).toEqual([running! + 1])
  })

  test('stays as it is', async () => {
    const [a, b] = [await account('Stays'), await account('Other')]
    const ticket = await make(tickets, { account: a.id, day: '2026-01-05', note: 'one' })
    const changed = ok(await call('PATCH', `${tickets}/${ticket.id}`, { account: b.id, day: '2027-01-01', note: 'two' }))
    expect(changed).toMatchObject({ number: 'Stays-2026/001', label: 'Stays-2026/001 two', running: ticket['running'] })
    expect(faults(await call('PATCH', `${tickets}/${ticket.id}`, { number: 'Stays-2026/002' }))).toEqual([
      '/number This field cannot be changed here.',
    ])
  })

  test('in bulk: what is refused leaves no gap, whatever refuses it', async () => {
    const a = await account('Bulk')
    const operations = ['1', 'bad', '2', 'bad', '3'].map((note) => ({ op: 'create', data: { account: a.id, day: '2026-01-05', note } }))
    expect((await call('POST', `${tickets}/bulk`, { mode: 'all', operations })).status).toBe(422)
    const { results } = ok(await call('POST', `${tickets}/bulk`, { mode: 'each', operations })) as { results: { status: number }[] }
    expect(results.map((each) => each.status)).toEqual([201, 422, 201, 422, 201])
    const { data } = ok(await call('GET', `${tickets}?account=${a.id}`)) as { data: Data[] }
    expect(counts(data.map((each) => each['number']))).toEqual([1, 2, 3])
  })

  test('fifty writers over three combinations, of whom some are refused: dense, and nobody twice', async () => {
    const accounts = [await account('P'), await account('Q'), await account('R')]
    const day = '2026-03-01'
    const made = await Promise.all(
      range(50).map((i) => {
        const note = i % 5 === 0 ? 'bad' : String(i)
        if (i % 10 === 9) {
          const noted = (n: number) => (n === 1 ? 'bad' : note)
          const operations = range(3).map((n) => ({ op: 'create', data: { account: accounts[(i + n) % 3]!.id, day, note: noted(n) } }))
          return call('POST', `${tickets}/bulk`, { mode: i % 20 === 9 ? 'all' : 'each', operations })
        }
        return call('POST', tickets, { account: accounts[i % 3]!.id, day, note })
      }),
    )
    expect(made.filter((each) => each.status >= 500).map((each) => each.text)).toEqual([])
    expect(new Set(made.map((each) => each.status))).toEqual(new Set([200, 201, 422]))
    const all: unknown[] = []
    for (const each of accounts) {
      const { data } = ok(await call('GET', `${tickets}?account=${each.id}&limit=100`)) as { data: Data[] }
      expect(counts(data.map((row) => row['number']))).toEqual(range(data.length).map((i) => i + 1))
      all.push(...data.map((row) => row['number']))
    }
    expect(new Set(all).size).toBe(39)
    // The simple sequence beside it is as dense.
    const [row] = await world.sql<{ numbers: string[] }>(
      'select array_agg(running order by running) as numbers from trade.ticket where tenant_id = $1',
      [world.acme.id],
    )
    expect(counts(row!.numbers)).toEqual(range(row!.numbers.length).map((i) => i + 1))
  })
})

describe('a number taken at a transition', () => {
  test('is not there before, is the state’s to require, and a refused transition takes none', async () => {
    const a = await account('Issue')
    const ticket = await make(tickets, { account: a.id, day: '2026-01-05', note: 'never' })
    expect(ticket['issue']).toBeNull()
    expect((await call('POST', `${tickets}/${ticket.id}/issue`)).status).toBe(422)
    ok(await call('PATCH', `${tickets}/${ticket.id}`, { note: 'now' }))
    expect(ok(await call('POST', `${tickets}/${ticket.id}/issue`))).toMatchObject({ issue: 'I1', state: 'issued' })
    // The number stays with the record when it is issued once more.
    ok(await call('POST', `${tickets}/${ticket.id}/cancel`))
    ok(await call('POST', `${tickets}/${ticket.id}/reopen`))
    expect(ok(await call('POST', `${tickets}/${ticket.id}/issue`))['issue']).toBe('I1')
    const next = await make(tickets, { account: a.id, day: '2026-01-05', note: 'next' })
    expect(ok(await call('PATCH', `${tickets}/${next.id}`, { state: 'issued' }))['issue']).toBe('I2')
  })

  test('of a record that is made in a later state, with what the transition sets and not its default', async () => {
    const a = await account('Straight')
    const ticket = await make(tickets, { account: a.id, day: '2026-01-05', note: 'x', state: 'issued' })
    expect(ticket).toMatchObject({ issue: 'I1', stamp: 'issued', number: 'Straight-2026/001', label: 'Straight-2026/001 x' })
    expect((await make(tickets, { account: a.id, day: '2026-01-05', note: 'x' }))['stamp']).toBe('new x')
  })

  test('and what its effects create is numbered as well', async () => {
    const a = await account('Effects')
    const made = []
    for (const note of ['a', 'b']) {
      const ticket = await make(tickets, { account: a.id, day: '2026-01-05', note })
      ok(await call('POST', `${tickets}/${ticket.id}/issue`))
      const { data } = ok(await call('GET', `/api/trade/receipts?ticket=${ticket.id}`)) as { data: Data[] }
      made.push(...data)
    }
    expect(made.map((each) => each['number'])).toEqual(['R1', 'R2'])
    const [first, second] = counts(made.map((each) => each['all']))
    expect(second).toBe(first! + 1)
  })

  test('many at once', async () => {
    const a = await account('Many')
    const made = await Promise.all(range(20).map(() => make(tickets, { account: a.id, day: '2026-01-05', note: 'many' })))
    const issued = await Promise.all(made.map((each) => call('POST', `${tickets}/${each.id}/issue`)))
    expect(counts(issued.map((each) => ok(each)['issue']))).toEqual(range(20).map((i) => i + 1))
  })
})
