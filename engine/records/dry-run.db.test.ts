import { describe, expect, test } from 'vitest'
import { ok, openWorld, type Reply } from '../testing/world.ts'
import { openWorks } from '../testing/works.ts'

/** `?dryRun=true` of a single record: what would come of a write, from the database itself, and nothing of it stays. */
const world = await openWorks()
const as = 'admin@acme'
const call = (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Reply> =>
  world.call(as, method, path, { ...(body && { body }), headers })
const orders = '/api/works/orders'
const faults = (reply: Reply): string[] =>
  ((reply.body as { errors?: { pointer: string; detail: string }[] }).errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`)
const traces = async (): Promise<unknown> =>
  (
    await world.sql(
      `select (select count(*) from works."order") as orders, (select count(*) from works.order_line) as lines, (select count(*) from bos.event where entity <> 'bos.access') as events,
        (select count(*) from bos.idempotency) as keys, (select coalesce(sum(version + revision), 0) from works."order") as versions`,
    )
  )[0]

const article = ok(await call('POST', '/api/works/articles', { name: 'Bolt', price: '2.5', weight: '0.5' }))
const line = { article: article['id'], quantity: 3 }

describe('of a new record', () => {
  test('refuses as the write would, with the same words', async () => {
    const before = await traces()
    const body = { name: 'A', status: 'sent', discount: '60', lines: [] }
    const [tried, done] = [await call('POST', `${orders}?dryRun=true`, body), await call('POST', orders, body)]
    expect([tried.status, faults(tried)]).toEqual([422, faults(done)])
    expect(await traces()).toEqual(before)
  })
  test('answers with it as it would read, warnings included, and keeps nothing', async () => {
    const before = await traces()
    const reply = await call(
      'POST',
      `${orders}?dryRun=true`,
      { name: 'A', lines: [{ ...line, quantity: 4000 }] },
      { 'idempotency-key': 'try' },
    )
    expect([reply.status, reply.headers.get('etag'), reply.headers.get('location')]).toEqual([200, null, null])
    expect(reply.body).toMatchObject({
      total: '10000.00',
      size: 'large',
      _warnings: [{ pointer: '/net', detail: 'That is a large order.' }],
    })
    expect(await traces()).toEqual(before)
    expect((await call('GET', `${orders}/${(reply.body as { id: string }).id}`)).status).toBe(404)
    // The key is still free.
    expect((await call('POST', orders, { name: 'A' }, { 'idempotency-key': 'try' })).status).toBe(201)
  })
  test('while it is unfinished, says what can be said: what is required may be missing, and nothing else is forgiven', async () => {
    const before = await traces()
    const unfinished = (body: object) => call('POST', `${orders}?dryRun=unfinished`, body)
    const reply = await unfinished({ lines: [line, { quantity: 7 }] })
    expect(reply.status).toBe(200)
    expect(reply.body).toMatchObject({ name: null, total: '7.50', kilos: '1.500' })
    const broken = await unfinished({ discount: '60', lines: [line] })
    expect([broken.status, broken.body]).toMatchObject([
      200,
      { name: null, total: '7.50', _errors: [{ pointer: '/discount', detail: 'At most half of the price.' }] },
    ])
    expect(faults(await unfinished({ discount: 'much', lines: [line] }))).toContainEqual(expect.stringMatching(/^\/discount /))
    expect(faults(await call('POST', `${orders}?dryRun=true`, { lines: [line] }))).toEqual(['/name Name is required.'])
    expect((await world.call('rep@acme', 'POST', '/api/inventory/suppliers?dryRun=unfinished', { body: {} })).status).toBe(403)
    expect(await traces()).toEqual(before)
  })
  test('needs the permission of the write', async () => {
    const reply = await world.call('rep@acme', 'POST', '/api/inventory/suppliers?dryRun=true', { body: { name: 'S' } })
    expect(reply.status).toBe(403)
  })
  test('takes true and false, nothing else', async () => {
    expect((await call('POST', `${orders}?dryRun=maybe`, { name: 'A' })).status).toBe(400)
    expect((await call('POST', `${orders}?dryRun=false`, { name: 'A' })).status).toBe(201)
  })
})

describe('of a change', () => {
  test('answers with the record as it would read, and the stored one stays', async () => {
    const order = ok(await call('POST', orders, { name: 'B', lines: [line] })) as { id: string; lines: { id: string }[] }
    const before = await traces()
    const patch = { lines: { [order.lines[0]!.id]: { quantity: 4 }, 'new:1': line } }
    expect(ok(await call('PATCH', `${orders}/${order.id}?dryRun=true`, patch))).toMatchObject({ total: '17.50', kilos: '3.500' })
    expect(faults(await call('PATCH', `${orders}/${order.id}?dryRun=true`, { discount: '70' }))).toContain(
      '/discount At most half of the price.',
    )
    expect(await traces()).toEqual(before)
    expect(ok(await call('GET', `${orders}/${order.id}`))).toMatchObject({ total: '7.50', version: 1 })
    expect((await call('PATCH', `${orders}/${order.id}?dryRun=true`, { name: 'C' }, { 'if-match': '"9"' })).status).toBe(412)
  })
  test('works out nothing elsewhere that stays', async () => {
    const order = ok(await call('POST', orders, { name: 'D', lines: [line] }))
    const before = await traces()
    ok(await call('PATCH', `/api/works/articles/${String(article['id'])}?dryRun=true`, { weight: '9' }))
    expect(await traces()).toEqual(before)
    expect(ok(await call('GET', `${orders}/${String(order['id'])}`))).toMatchObject({ kilos: '1.500' })
  })
})

describe('of every other write', () => {
  const twoOf = (id: string) => [
    { op: 'create', data: { name: 'new' } },
    { op: 'update', id, data: { name: 'changed' } },
  ]
  const requests = (id: string): readonly [method: string, path: string, body?: object][] => [
    ['DELETE', `${orders}/${id}`],
    ['POST', `${orders}/bulk`, { operations: twoOf(id) }],
    ['POST', `${orders}/bulk`, { mode: 'each', operations: twoOf(id) }],
    ['POST', `${orders}/bulk`, { filter: 'true', operation: { op: 'delete' } }],
    ['POST', orders, { name: 'new' }],
    ['PATCH', `${orders}/${id}`, { name: 'changed' }],
  ]
  test('refuses a parameter that nobody reads, and does nothing', async () => {
    const id = String(ok(await call('POST', orders, { name: 'E' }))['id'])
    const before = await traces()
    for (const [method, path, body] of [...requests(id), ['POST', `${orders}/${id}/restore`] as const]) {
      const reply = await call(method, `${path}?dryrun=true`, body)
      expect([method, path, reply.status]).toEqual([method, path, 400])
      expect(reply.text).toContain('Did you mean')
      expect((await call(method, `${path}?fields=name`, body)).status).toBe(400)
    }
    expect((await call('DELETE', `${orders}/${id}?dryRun=unfinished`)).status).toBe(400)
    expect(await traces()).toEqual(before)
  })
  test('tells what would come of it, and keeps nothing', async () => {
    const id = String(ok(await call('POST', orders, { name: 'F' }))['id'])
    const before = await traces()
    for (const [method, path, body] of requests(id)) {
      const reply = await call(method, `${path}?dryRun=true`, body, { 'idempotency-key': 'other' })
      expect([method, path, reply.status, reply.headers.get('etag')]).toEqual([method, path, 200, null])
    }
    const { results } = ok(await call('POST', `${orders}/bulk?dryRun=true`, { operations: twoOf(id) })) as { results: { status: number }[] }
    expect(results.map(({ status }) => status)).toEqual([201, 200])
    expect(await traces()).toEqual(before)
    ok(await call('DELETE', `${orders}/${id}`))
    const deleted = await traces()
    expect(ok(await call('POST', `${orders}/${id}/restore?dryRun=true`))).toMatchObject({ name: 'F' })
    expect(await traces()).toEqual(deleted)
    expect((await call('GET', `${orders}/${id}`)).status).toBe(404)
  })
})

test('uses no number up', async () => {
  const shipped = await openWorld()
  const [customer] = (ok(await shipped.call(as, 'GET', '/api/crm/companies?limit=1')) as { data: { id: string }[] }).data
  const make = async (query: string): Promise<string> => {
    const body = { customer: customer!.id, order_date: '2026-01-05' }
    return String(ok(await shipped.call(as, 'POST', `/api/inventory/sales_orders${query}`, { body }))['number'])
  }
  const numberOf = (text: string): number => Number(text.replace(/\D/g, ''))
  const first = numberOf(await make(''))
  expect(numberOf(await make('?dryRun=true'))).toBe(first + 1)
  expect(numberOf(await make('?dryRun=true'))).toBe(first + 1)
  expect(numberOf(await make(''))).toBe(first + 1)
})
