import { describe, expect, test } from 'vitest'
import { openFlows } from '../testing/flows.ts'
import { postings } from '../testing/postings.ts'
import { ok, type Reply } from '../testing/world.ts'

/** What transitions do to other records: the proofs of generality. */
const world = await openFlows(postings)
type Data = Record<string, unknown> & { id: string }
const api = '/api/flows/'
const call = (method: string, path: string, body?: object): Promise<Reply> =>
  world.call('admin@acme', method, api + path, body ? { body } : {})
const make = async (path: string, body: object): Promise<Data> => ok(await call('POST', path, body)) as Data
const list = async (path: string, query = ''): Promise<Data[]> => ok(await call('GET', `${path}?limit=500${query}`))['data'] as Data[]
const sorted = (rows: readonly unknown[]): string[] => rows.map((each) => JSON.stringify(each)).sort((a, b) => (a < b ? -1 : 1))
const faults = (reply: Reply): unknown[] => [
  reply.status,
  ...((reply.body as { errors?: { pointer: string; detail: string }[] }).errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`),
]

describe('a journal entry', () => {
  const entry = (...lines: object[]) => make('entries', { text: 'E', day: '2026-11-02', lines })
  const balanced = () => entry({ account: '100', debit: '12.50' }, { account: '200', credit: '10' }, { account: '300', credit: '2.5' })
  const rowsOf = async ({ id }: Data) => (await list('postings', `&entry=${id}`)).map(({ account, amount, day }) => [account, amount, day])

  test('posts balanced rows of the ledger, and nothing else may', async () => {
    const wrong = await entry({ account: '100', debit: '1' }, { account: '200', credit: '2' })
    expect(faults(await call('POST', `entries/${wrong.id}/post`))).toEqual([422, '/state Debit and credit must be the same.'])
    expect(await rowsOf(wrong)).toEqual([])
    const right = await balanced()
    expect(ok(await call('POST', `entries/${right.id}/post`))['state']).toBe('posted')
    const rows = [
      ['100', '12.50', '2026-11-02'],
      ['200', '-10.00', '2026-11-02'],
      ['300', '-2.50', '2026-11-02'],
    ]
    expect(sorted(await rowsOf(right))).toEqual(sorted(rows))
    const [posting] = await list('postings', `&entry=${right.id}`)
    expect((await call('POST', 'postings', { account: 'x', amount: '1' })).status).toBe(403)
    expect((await call('PATCH', `postings/${posting!.id}`, { amount: '1' })).status).toBe(403)
    expect((await call('DELETE', `postings/${posting!.id}`)).status).toBe(403)
    // Reversed, not removed.
    ok(await call('POST', `entries/${right.id}/cancel`))
    const opposite = [
      ['100', '-12.50', '2026-11-02'],
      ['200', '10.00', '2026-11-02'],
      ['300', '2.50', '2026-11-02'],
    ]
    expect(sorted(await rowsOf(right))).toEqual(sorted([...rows, ...opposite]))
    expect(faults(await call('POST', `entries/${right.id}/cancel`))[0]).toBe(422)
  })

  test('keeps a balance per account by its key, also for two lines of one account', async () => {
    const before = async (account: string) => (await list('balances', `&account=${account}`))[0]?.['amount'] ?? null
    expect(await before('777')).toBe(null)
    const twice = await entry({ account: '777', debit: '5' }, { account: '777', debit: '6' }, { account: '778', credit: '11' })
    ok(await call('POST', `entries/${twice.id}/post`))
    expect([await before('777'), await before('778')]).toEqual(['11.00', '-11.00'])
    const spelt = await entry({ account: 'Cash', debit: '5' }, { account: 'CASH', debit: '6' }, { account: '779', credit: '11' })
    ok(await call('POST', `entries/${spelt.id}/post`))
    expect([await before('Cash'), await before('CASH')]).toEqual(['11.00', null])
    const fresh = await Promise.all(
      Array.from({ length: 10 }, () => entry({ account: '900', debit: '1' }, { account: '901', credit: '1' })),
    )
    const first = await Promise.all(fresh.map(({ id }) => call('POST', `entries/${id}/post`)))
    expect(first.map((reply) => reply.status)).toEqual(fresh.map(() => 200))
    expect([await before('900'), await before('901')]).toEqual(['10.00', '-10.00'])
    const entries = await Promise.all(
      Array.from({ length: 10 }, () => entry({ account: '777', debit: '1' }, { account: '778', credit: '1' })),
    )
    const replies = await Promise.all(entries.map(({ id }) => call('POST', `entries/${id}/post`)))
    expect(replies.map((reply) => reply.status)).toEqual(entries.map(() => 200))
    expect([await before('777'), await before('778')]).toEqual(['21.00', '-21.00'])
  })

  test('and another of one batch that would begin the same balance are told to come one after the other, as where there is one', async () => {
    const both = () => Promise.all([0, 1].map(() => entry({ account: '550', debit: '1' }, { account: '551', credit: '1' })))
    const post = (entries: readonly Data[], mode: string) =>
      call('POST', 'entries/bulk', { mode, operations: entries.map(({ id }) => ({ op: 'update', id, data: { state: 'posted' } })) })
    const begun = await both()
    const met = await post(begun, 'all')
    expect(await list('balances', '&account=550')).toEqual([])
    const { results } = ok(await post(begun, 'each')) as unknown as { results: { status: number }[] }
    expect(results.map(({ status }) => status)).toEqual([200, 200])
    expect((await list('balances', '&account=550'))[0]?.['amount']).toBe('2.00')
    const again = await post(await both(), 'all')
    expect(again).toMatchObject({ status: 409, body: { detail: expect.stringContaining('one after the other') as string } })
    expect([met.status, faults(met), (met.body as { detail: string }).detail]).toEqual([
      409,
      faults(again),
      (again.body as { detail: string }).detail,
    ])
  })

  test('is amended by a copy in the first state that names it', async () => {
    const first = await balanced()
    ok(await call('POST', `entries/${first.id}/post`))
    ok(await call('POST', `entries/${first.id}/amend`))
    const [copy] = await list('entries', `&amends=${first.id}&expand=lines`)
    expect(copy).toMatchObject({ text: 'E', state: 'draft', debit: '12.50', amends: first.id })
    expect((copy!['lines'] as Data[]).map(({ account }) => account)).toEqual(['100', '200', '300'])
    expect((await rowsOf(first)).length).toBe(6)
  })

  test('is amended by nobody whom it is not shown to as a whole: the copy would be theirs', async () => {
    const rep = world.acme.members['rep']!
    const before = (ok(await world.call('admin@acme', 'GET', `/api/access/${rep}`))['roles'] ?? []) as string[]
    const permission = '/api/access/roles/flows.clerk/permissions/flows/entries'
    const mask = { text: { unless: 'self.day == date(2026, 11, 3)' } }
    const said = { scope: 'all', read: true, create: true, update: true, transitions: { post: true, cancel: true, amend: true }, mask }
    const give = (roles: string[]) => world.call('admin@acme', 'PUT', `/api/access/${rep}`, { body: { email: 'rep@acme.test', roles } })
    ok(await world.call('admin@acme', 'PUT', permission, { body: said }))
    ok(await give(['core.user', 'flows.clerk']))
    const byRep = (method: string, path: string, body: object) => world.call('rep@acme', method, api + path, { body })
    const first = await balanced()
    ok(await call('POST', `entries/${first.id}/post`))
    for (const [method, path, body] of [
      ['POST', `entries/${first.id}/amend`, {}],
      ['POST', `entries/${first.id}/amend?dryRun=true`, {}],
      ['PATCH', `entries/${first.id}`, { state: 'cancelled' }],
    ] as const)
      expect([path, (await byRep(method, path, body)).status]).toEqual([path, 403])
    expect(await list('entries', `&amends=${first.id}`)).toEqual([])
    ok(await byRep('POST', `entries/${first.id}/cancel`, {}))
    const lines = [
      { account: '100', debit: '1' },
      { account: '200', credit: '1' },
    ]
    const shown = ok(await byRep('POST', 'entries', { text: 'shown', day: '2026-11-03', lines })) as Data
    ok(await byRep('POST', `entries/${shown.id}/post`, {}))
    ok(await byRep('POST', `entries/${shown.id}/amend`, {}))
    ok(await world.call('admin@acme', 'DELETE', permission))
    ok(await give(before))
  })
})

describe('an order', () => {
  const ordered = async (...quantities: number[]): Promise<Data> => {
    const purchase = await make('purchases', { name: 'P', items: quantities.map((quantity) => ({ what: 'x', quantity })) })
    return ok(await call('POST', `purchases/${purchase.id}/order`)) as Data
  }
  const produce = async ({ id }: Data) => {
    const [draft] = ok(await call('POST', `purchases/${id}/receive`))['_produced'] as { entity: string; data: Data }[]
    return draft!
  }

  test('produces drafts of what remains, until nothing does', async () => {
    const purchase = await ordered(5, 2)
    const [first, second] = (purchase['items'] as Data[]).map((each) => each.id)
    const { entity, data } = await produce(purchase)
    expect([entity, data]).toEqual([
      'flows.receipt',
      {
        note: 'For P',
        items: [
          { item: first, quantity: 5 },
          { item: second, quantity: 2 },
        ],
      },
    ])
    const partial = await make('receipts', {
      ...data,
      items: [
        { item: first, quantity: 3 },
        { item: second, quantity: 2 },
      ],
    })
    ok(await call('POST', `receipts/${partial.id}/book`))
    const rest = await produce(purchase)
    expect(rest.data['items']).toEqual([{ item: first, quantity: 2 }])
    const last = await make('receipts', rest.data)
    ok(await call('POST', `receipts/${last.id}/book`))
    expect((await produce(purchase)).data['items']).toEqual([])
  })

  test('is never over-delivered, whoever books at the same time, and in whichever order their lines stand', async () => {
    const purchase = await ordered(20, 12)
    const items = (purchase['items'] as Data[]).map((each) => each.id)
    const receipts = await Promise.all(
      Array.from({ length: 50 }, (_, i) => {
        const lines = items.map((item, at) => ({ item, quantity: 1 + ((i + at) % 3) }))
        return make('receipts', { items: [lines, lines.toReversed(), [lines[0]], [lines[1]]][i % 4]! })
      }),
    )
    const replies = await Promise.all(receipts.map(({ id }) => call('POST', `receipts/${id}/book`)))
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([200, 422]))
    const now = (ok(await call('GET', `purchases/${purchase.id}`)) as Data)['items'] as Data[]
    const booked = await world.sql<{ item: string; sum: number }>(
      `select i.item, sum(i.quantity)::int as sum from flows.receipt_item i join flows.receipt r on r.id = i.parent_id
       where r.state = 'booked' and i.item = any($1) group by i.item`,
      [items],
    )
    const sums = new Map(booked.map(({ item, sum }) => [item, sum]))
    expect(now.map(({ id, received }) => [id, Number(received)])).toEqual(items.map((id) => [id, sums.get(id)]))
    // Whatever is left is less than the most that one receipt asked for.
    for (const [at, most] of [20, 12].entries()) {
      expect(sums.get(items[at]!)).toBeLessThanOrEqual(most)
      expect(sums.get(items[at]!)).toBeGreaterThan(most - 3)
    }
  })
})

describe('leave', () => {
  test('takes the oldest days first, and gives them back', async () => {
    const person = world.acme.members['rep']!
    const earn = (earned: string, days: string) => make('entitlements', { person, earned, days })
    const newer = await earn('2026-01-01', '5')
    const older = await earn('2025-01-01', '2.5')
    const leave = await make('leaves', { person, days: '4' })
    ok(await call('POST', `leaves/${leave.id}/grant`))
    const usedOf = async ({ id }: Data) => ok(await call('GET', `entitlements/${id}`))['used']
    expect([await usedOf(older), await usedOf(newer)]).toEqual(['2.5', '1.5'])
    const more = await make('leaves', { person, days: '4' })
    expect(faults(await call('POST', `leaves/${more.id}/grant`))).toEqual([422, ' Less than that is left.'])
    ok(await call('POST', `leaves/${leave.id}/withdraw`))
    expect([await usedOf(older), await usedOf(newer)]).toEqual(['0.0', '0.0'])
    ok(await call('POST', `leaves/${more.id}/grant`))
    expect([await usedOf(older), await usedOf(newer)]).toEqual(['2.5', '1.5'])
  })

  test('what several operations take too much of together, each takes alone as long as there is some', async () => {
    const person = world.acme.members['manager']!
    const entitlement = await make('entitlements', { person, earned: '2025-01-01', days: '10' })
    const leaves = await Promise.all(Array.from({ length: 6 }, () => make('leaves', { person, days: '3' })))
    const operations = leaves.map(({ id }) => ({ op: 'update', id, data: { state: 'granted' } }))
    expect((await call('POST', 'leaves/bulk', { mode: 'all', operations })).status).toBe(422)
    const { results } = ok(await call('POST', 'leaves/bulk', { mode: 'each', operations })) as {
      results: { status: number; code?: string }[]
    }
    expect(results.map(({ status }) => status)).toEqual([200, 200, 200, 422, 422, 422])
    expect(ok(await call('GET', `entitlements/${entitlement.id}`))['used']).toBe('9.0')
  })

  test('asked for by many at once is never granted twice', async () => {
    const person = world.acme.members['manager']!
    await make('entitlements', { person, earned: '2025-01-01', days: '10' })
    const leaves = await Promise.all(Array.from({ length: 12 }, () => make('leaves', { person, days: '2' })))
    const replies = await Promise.all(leaves.map(({ id }) => call('POST', `leaves/${id}/grant`)))
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(5)
    expect(replies.filter((reply) => reply.status === 422)).toHaveLength(7)
  })
})
