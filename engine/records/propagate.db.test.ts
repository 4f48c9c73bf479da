import { describe, expect, test } from 'vitest'
import { ok, type Reply } from '../testing/world.ts'
import { openWorks } from '../testing/works.ts'

/** Values that hang on other documents: delivered quantity → percent delivered → progress, as one declared chain. */
const world = await openWorks()
type Data = Record<string, unknown> & { id: string }
const call = (method: string, path: string, body?: object): Promise<Reply> => world.call('admin@acme', method, path, body ? { body } : {})
const make = async (path: string, body: object): Promise<Data> => ok(await call('POST', path, body)) as Data
const read = async (path: string): Promise<Data> => ok(await call('GET', path)) as Data
const itemsOf = (record: Data) => record['items'] as Data[]
const faults = (reply: Reply): string[] =>
  ((reply.body as { errors?: { pointer: string; detail: string }[] }).errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`)
const progressOf = async (sale: Data) => {
  const { delivered, percent, progress, version, revision } = await read(`/api/works/sales/${sale.id}`)
  return [delivered, percent, progress, version, revision]
}

const bolt = await make('/api/works/articles', { name: 'Bolt' })
const sell = (...quantities: number[]) =>
  make('/api/works/sales', { name: 'S', items: quantities.map((quantity) => ({ article: bolt.id, quantity })) })
const deliver = (...items: [item: string, quantity: number][]) =>
  make('/api/works/deliveries', { items: items.map(([item, quantity]) => ({ item, quantity })) })

describe('a chain over documents', () => {
  test('follows what is added, changed, moved, taken away, cancelled, deleted and restored', async () => {
    const sale = await sell(10, 30)
    const other = await sell(5)
    const [first, second] = itemsOf(sale).map((each) => each.id) as [string, string]
    expect(await progressOf(sale)).toEqual([0, '0.00', 'none', 1, 1])
    const delivery = await deliver([first, 4], [second, 6])
    expect(await progressOf(sale)).toEqual([10, '25.00', 'partial', 1, 2])
    const path = `/api/works/deliveries/${delivery.id}`
    const [one, two] = itemsOf(delivery).map((each) => each.id) as [string, string]
    ok(await call('PATCH', path, { items: { [one]: { quantity: 10 } } }))
    expect(await progressOf(sale)).toEqual([16, '40.00', 'partial', 1, 3])
    ok(await call('PATCH', path, { items: { [two]: { item: itemsOf(other)[0]!.id, quantity: 5 } } }))
    expect(await progressOf(sale)).toEqual([10, '25.00', 'partial', 1, 4])
    expect(await progressOf(other)).toEqual([5, '100.00', 'complete', 1, 2])
    ok(await call('PATCH', path, { items: { [two]: null } }))
    expect(await progressOf(other)).toEqual([0, '0.00', 'none', 1, 3])
    ok(await call('PATCH', path, { state: 'cancelled' }))
    expect(await progressOf(sale)).toEqual([0, '0.00', 'none', 1, 5])
    ok(await call('PATCH', path, { state: 'done' }))
    ok(await call('DELETE', path))
    expect((await progressOf(sale)).slice(0, 3)).toEqual([0, '0.00', 'none'])
    ok(await call('POST', `${path}/restore`))
    expect((await progressOf(sale)).slice(0, 3)).toEqual([10, '25.00', 'partial'])
  })

  test('an edit that was begun before is not disturbed: the version is the same', async () => {
    const sale = await sell(10)
    await deliver([itemsOf(sale)[0]!.id, 1])
    const reply = await world.call('admin@acme', 'PATCH', `/api/works/sales/${sale.id}`, {
      body: { name: 'T' },
      headers: { 'if-match': '"1.1"' },
    })
    expect([reply.status, (reply.body as Data)['version'], (reply.body as Data)['delivered']]).toEqual([200, 2, 1])
  })

  test('history says that nobody edited the record', async () => {
    const sale = await sell(10)
    await deliver([itemsOf(sale)[0]!.id, 1])
    const [last] = ok(await call('GET', `/api/works/sales/${sale.id}/history`))['data'] as Data[]
    expect(last).toMatchObject({ type: 'derived', version: 1, revision: 2 })
  })

  test('a broken rule of the other document refuses the whole request, at the line that is the cause', async () => {
    const sale = await sell(10, 10)
    const [first, second] = itemsOf(sale).map((each) => each.id) as [string, string]
    const reply = await call('POST', '/api/works/deliveries', {
      items: [
        { item: first, quantity: 10 },
        { item: second, quantity: 11 },
      ],
    })
    expect([reply.status, ...faults(reply)]).toEqual([422, '/items/1 More than was ordered.'])
    expect((await progressOf(sale)).slice(0, 2)).toEqual([0, '0.00'])
  })

  test('reaches through references, whoever changes them', async () => {
    const company = await make('/api/crm/companies', { name: 'Old name' })
    const sale = await make('/api/works/sales', { name: 'S', customer: company.id })
    expect(sale['account_title']).toBe('Old name / S')
    ok(await call('PATCH', `/api/crm/companies/${company.id}`, { name: 'New name' }))
    expect((await read(`/api/works/sales/${sale.id}`))['account_title']).toBe('New name / S')
  })
})

test('documents that each read something else besides what has changed follow all the same', async () => {
  const shared = await make('/api/works/articles', { name: 'Shared', weight: 1 })
  const orders: Data[] = []
  for (let i = 1; i <= 25; i++) {
    const own = await make('/api/works/articles', { name: `Own ${i}`, weight: i })
    orders.push(
      await make('/api/works/orders', {
        name: `O${i}`,
        lines: [
          { article: shared.id, note: '-' },
          { article: own.id, note: '-' },
        ],
      }),
    )
  }
  ok(await call('PATCH', `/api/works/articles/${shared.id}`, { weight: 100 }))
  const weights = await Promise.all(orders.map(async ({ id }) => (await read(`/api/works/orders/${id}`))['kilos']))
  expect(weights).toEqual(orders.map((_, i) => `${101 + i}.000`))
})

test('what a deleted record reads may change: it is right when it is restored, and its rules hold', async () => {
  const company = await make('/api/crm/companies', { name: 'Before' })
  const sale = await make('/api/works/sales', { name: 'S', customer: company.id, items: [{ article: bolt.id, quantity: 5 }] })
  await deliver([itemsOf(sale)[0]!.id, 2])
  ok(await call('DELETE', `/api/works/sales/${sale.id}`))
  await world.sql(`update works.sale set account_title = 'Long ago' where id = $1`, [sale.id])
  ok(await call('PATCH', `/api/crm/companies/${company.id}`, { name: 'After' }))
  ok(await call('POST', `/api/works/sales/${sale.id}/restore`))
  const restored = await read(`/api/works/sales/${sale.id}`)
  expect([restored['account_title'], restored['delivered'], restored['version']]).toEqual(['After / S', 2, 3])
})

test('fifty writers at once: nothing is lost, nothing over-delivered, and a recomputation agrees', async () => {
  const sales = await Promise.all([sell(20, 20), sell(20, 20)])
  const items = sales.flatMap((sale) => itemsOf(sale).map((each) => each.id))
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      call('POST', '/api/works/deliveries', {
        items: [0, 1].map((more) => ({ item: items[(i + more * 3) % items.length], quantity: 1 + (i % 3) })),
      }),
    ),
  )
  expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([201, 422]))
  for (const reply of replies) if (reply.status === 422) expect(faults(reply)[0]).toMatch(/^\/items\/[01] More than was ordered\.$/)
  const rows = await world.sql<{ id: string; delivered: string; sum: string; quantity: string }>(
    `select s.id, s.delivered, s.quantity, coalesce(sum(d.quantity), 0) as sum from works.sale_item s left join works.delivery_item d on d.item = s.id
     where s.id = any($1) group by s.id, s.delivered, s.quantity`,
    [items],
  )
  for (const row of rows) {
    expect(row.delivered).toBe(row.sum)
    expect(Number(row.delivered)).toBeLessThanOrEqual(Number(row.quantity))
  }
  const accepted = replies.filter((reply) => reply.status === 201).length
  expect(accepted).toBeGreaterThan(10)
  for (const sale of sales) {
    const now = await read(`/api/works/sales/${sale.id}`)
    const sum = itemsOf(now).reduce((total, each) => total + Number(each['delivered']), 0)
    expect([now['delivered'], now['percent']]).toEqual([sum, ((sum * 100) / 40).toFixed(2)])
  }
  expect(await world.app.derived.differences(world.acme.id)).toEqual([])
})

test('a thousand documents follow one change, part by part; more than can be held to it are refused as a whole', async () => {
  const company = await make('/api/crm/companies', { name: 'Many' })
  const rows = (from: number, count: number) =>
    world.sql(
      `insert into works.sale (tenant_id, id, version, revision, created_at, created_via, updated_at, name, customer, account_title)
       select $1, gen_random_uuid(), 1, 1, now(), 'seed', now(), 'S' || n, $2, 'Many / S' || n from generate_series($3::int, $4::int) n`,
      [world.acme.id, company.id, from, from + count - 1],
    )
  await rows(1, 1_200)
  ok(await call('PATCH', `/api/crm/companies/${company.id}`, { name: 'Several' }))
  const titled = () =>
    world.sql<{ n: number }>(`select count(*)::int as n from works.sale where customer = $1 and account_title = 'Several / ' || name`, [
      company.id,
    ])
  expect((await titled())[0]!.n).toBe(1_200)
  await rows(1_201, 4_000)
  const reply = await call('PATCH', `/api/crm/companies/${company.id}`, { name: 'Too many' })
  expect([reply.status, (reply.body as { code: string }).code]).toEqual([422, 'too-expensive'])
  expect((await read(`/api/crm/companies/${company.id}`))['name']).toBe('Several')
})

describe('what a document only just comes to read is not changed under it: of both at once, one sees the other', () => {
  const together = async (change: (round: number) => Promise<Reply>, join: () => Promise<Data>, valueOf: (data: Data) => unknown) => {
    const joined: Data[] = []
    const seen: unknown[] = []
    for (let round = 2; round < 12; round++) {
      const writes = Array.from({ length: 6 }, async (_, i) => {
        if (i === 3) return void ok(await change(round))
        joined.push(await join())
      })
      await Promise.all(writes)
      for (const { id } of joined) seen.push(Number(valueOf(await read(`/api/works/orders/${id}`))) - round)
    }
    return new Set(seen)
  }
  const order = (body: object) => make('/api/works/orders', { name: 'O', status: 'closed', ...body })

  test('where one record is read', async () => {
    const article = await make('/api/works/articles', { name: 'Beam', weight: '1' })
    const lines = [{ article: article.id, quantity: 1 }]
    const change = (round: number) => call('PATCH', `/api/works/articles/${article.id}`, { weight: String(round) })
    expect(
      await together(
        change,
        () => order({ lines }),
        (each) => each['kilos'],
      ),
    ).toEqual(new Set([0]))
  })
  test('where many are, behind one that is referred to', async () => {
    const customer = await make('/api/crm/companies', { name: 'Buyer' })
    const sale = await make('/api/works/sales', { name: 'S', customer: customer.id, items: [{ article: bolt.id, quantity: 1 }] })
    const item = itemsOf(sale)[0]!.id
    const change = (round: number) => call('PATCH', `/api/works/sales/${sale.id}`, { items: { [item]: { quantity: round } } })
    expect(
      await together(
        change,
        () => order({ customer: customer.id }),
        (each) => each['bought'],
      ),
    ).toEqual(new Set([0]))
  })
  test('where a document comes back', async () => {
    const article = await make('/api/works/articles', { name: 'Beam', weight: '1' })
    const change = (round: number) => call('PATCH', `/api/works/articles/${article.id}`, { weight: String(round) })
    const gone = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const made = await order({ lines: [{ article: article.id, quantity: 1 }] })
        ok(await call('DELETE', `/api/works/orders/${made.id}`))
        return made
      }),
    )
    const back = async () => ok(await call('POST', `/api/works/orders/${gone.pop()!.id}/restore`)) as Data
    expect(await together(change, back, (each) => each['kilos'])).toEqual(new Set([0]))
  })
})

describe('writers that need what others hold do not keep each other waiting', () => {
  test('things are moved both ways at once', async () => {
    const sales = [await sell(100), await sell(100)]
    const [here, there] = sales.map((sale) => itemsOf(sale)[0]!.id) as [string, string]
    const deliveries = await Promise.all(Array.from({ length: 16 }, (_, i) => deliver([i % 2 === 0 ? here : there, 1])))
    const moves = deliveries.map((delivery, i) =>
      call('PATCH', `/api/works/deliveries/${delivery.id}`, {
        items: { [itemsOf(delivery)[0]!.id]: { item: i % 2 === 0 ? there : here } },
      }),
    )
    expect((await Promise.all(moves)).map(({ status }) => status)).toEqual(moves.map(() => 200))
    for (const sale of sales) expect((await progressOf(sale))[0]).toBe(8)
  })
  test('records that refer to each other are changed at once', async () => {
    const [one, other] = [await make('/api/works/articles', { name: 'One' }), await make('/api/works/articles', { name: 'Other' })]
    const changes = Array.from({ length: 16 }, (_, i) => {
      const [from, to] = i % 2 === 0 ? [one, other] : [other, one]
      return call('PATCH', `/api/works/articles/${from.id}`, { part_of: to.id, price: String(i) })
    })
    expect((await Promise.all(changes)).map(({ status }) => status)).toEqual(changes.map(() => 200))
    const [first, second] = [await read(`/api/works/articles/${one.id}`), await read(`/api/works/articles/${other.id}`)]
    expect([first['whole_price'], first['parts_price']]).toEqual([second['price'], second['price']])
    expect([second['whole_price'], second['parts_price']]).toEqual([first['price'], first['price']])
  })
})
