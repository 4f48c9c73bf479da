import { describe, expect, test } from 'vitest'
import { ok, type Reply } from '../testing/world.ts'
import { openWorks } from '../testing/works.ts'

/** What modules say in expressions holds at the API: rules, conditions, defaults, copies and everything derived within a document. */
const world = await openWorks()
const as = 'admin@acme'
const call = (method: string, path: string, body?: object): Promise<Reply> => world.call(as, method, path, body ? { body } : {})
const make = async (path: string, body: object): Promise<Record<string, unknown> & { id: string }> =>
  ok(await call('POST', path, body)) as Record<string, unknown> & { id: string }
const orders = '/api/works/orders'
const faults = (reply: Reply): string[] =>
  ((reply.body as { errors?: { pointer: string; detail: string }[] }).errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`)
const linesOf = (record: Record<string, unknown>) => record['lines'] as Record<string, unknown>[]

const bolt = await make('/api/works/articles', { name: 'Bolt', price: '2.5', weight: '0.125' })
const nut = await make('/api/works/articles', { name: 'Nut', price: '0.3333', weight: '0.02' })
const gift = await make('/api/works/articles', { name: 'Gift', price: '0' })
const vienna = await make('/api/crm/companies', { name: 'Vienna works', country: 'Austria' })
const berlin = await make('/api/crm/companies', { name: 'Berlin works', country: 'Germany' })
const anna = await make('/api/crm/contacts', { name: 'Anna', company: vienna.id })

describe('derived values', () => {
  test('of a record, rounded to what the field keeps', () => {
    expect(bolt['gross']).toBe('3.00')
    expect(nut['gross']).toBe('0.40')
  })

  test('of a document: copies, amounts, totals and what is made of totals', async () => {
    const order = await make(orders, {
      name: 'A',
      customer: vienna.id,
      discount: '10',
      lines: [
        { article: bolt.id, quantity: 3 },
        { article: nut.id, quantity: 10 },
        { article: bolt.id, quantity: 2, price: '2' },
      ],
    })
    expect(linesOf(order).map(({ price, amount, share, sum }) => [price, amount, share, sum])).toEqual([
      ['2.5000', '7.50', '50.57', '7.50'],
      ['0.3333', '3.33', '22.45', '10.83'],
      ['2.0000', '4.00', '26.97', '14.83'],
    ])
    expect(order).toMatchObject({ total: '14.83', net: '13.35', kilos: '0.825', size: 'small', country: 'Austria', overdue: false })
    // One more of the first line: its share changes, and those of the others.
    const [first] = linesOf(order)
    const changed = ok(await call('PATCH', `${orders}/${order.id}`, { lines: { [String(first!['id'])]: { quantity: 4 } } }))
    expect(changed).toMatchObject({ version: 2, total: '17.33', net: '15.60', kilos: '0.950' })
    expect(linesOf(changed).map(({ share, sum }) => [share, sum])).toEqual([
      ['57.70', '10.00'],
      ['19.22', '13.33'],
      ['23.08', '17.33'],
    ])
    const history = ok(await call('GET', `${orders}/${order.id}/history`))['data'] as { changed?: unknown; changes?: unknown }[]
    expect(JSON.stringify(history[0])).toContain('total')
  })

  test('a copy follows its reference, not what was copied; an override stays until the reference changes', async () => {
    const order = await make(orders, { name: 'B', lines: [{ article: bolt.id }] })
    const line = String(linesOf(order)[0]!['id'])
    const patch = async (change: object) => linesOf(ok(await call('PATCH', `${orders}/${order.id}`, { lines: { [line]: change } })))[0]!
    expect((await patch({ price: '9' }))['amount']).toBe('9.00')
    expect((await patch({ quantity: 2 }))['amount']).toBe('18.00')
    expect(await patch({ article: nut.id })).toMatchObject({ price: '0.3333', amount: '0.67' })
    expect(await patch({ article: bolt.id, price: '1' })).toMatchObject({ price: '1.0000', amount: '2.00' })
  })

  test('is not for people to write: repeated as it was or as it becomes, nothing else', async () => {
    const order = await make(orders, { name: 'C', lines: [{ article: bolt.id }], total: '2.50' })
    expect(faults(await call('POST', orders, { name: 'C', total: '3' }))).toEqual(['/total This field cannot be changed here.'])
    expect(faults(await call('PATCH', `${orders}/${order.id}`, { total: '3' }))).toEqual(['/total This field cannot be changed here.'])
    expect((await call('PATCH', `${orders}/${order.id}`, { total: '2.50', name: 'C2' })).status).toBe(200)
  })

  test('is not looked at where it is worked out when it is read: what is right is another thing for each reader', async () => {
    const order = await make(orders, { name: 'C', country: 'Austria' })
    const sent = ok(await call('PATCH', `${orders}/${order.id}`, { country: 'Austria', name: 'C2' }))
    expect([sent['country'], sent['version']]).toEqual([order['country'], 2])
    expect(faults(await call('PATCH', `${orders}/${order.id}`, { country: 7 }))).toEqual([expect.stringMatching(/^\/country /)])
  })

  test('what it cannot hold is told where it stands', async () => {
    const dear = await make('/api/works/articles', { name: 'Dear', price: '99999999999999' })
    const reply = await call('POST', orders, { name: 'D', lines: [{ article: dear.id, quantity: 9007199254740991 }] })
    expect([reply.status, ...faults(reply)].slice(0, 2)).toEqual([
      422,
      expect.stringMatching(/^\/lines\/0\/amount Amount: has \d+ digits before the point/) as unknown,
    ])
  })

  test('defaults of expressions: given values win, and null is a value', async () => {
    const [{ day: today }] = (await world.sql<{ day: string }>(
      `select to_char(now() at time zone time_zone, 'YYYY-MM-DD') as day from bos.tenant where id = $1`,
      [world.acme.id],
    )) as [{ day: string }]
    const later = new Date(Date.parse(`${today}T00:00:00Z`) + 14 * 86_400_000).toISOString().slice(0, 10)
    expect(await make(orders, { name: 'E', customer: vienna.id, contact: anna.id })).toMatchObject({ due: later, greeting: 'Dear Anna' })
    expect(await make(orders, { name: 'E', due: null, greeting: 'Hi' })).toMatchObject({ due: null, greeting: 'Hi' })
    expect(await make(orders, { name: 'E', due: '2020-01-01' })).toMatchObject({ overdue: true })
  })
})

describe('rules', () => {
  test('are told all at once, where they stand', async () => {
    const reply = await call('POST', orders, { name: 'F', status: 'sent', discount: '60', lines: [] })
    expect([reply.status, ...faults(reply)]).toEqual([
      422,
      '/reason Reason is required.',
      '/lines An order needs lines before it is sent.',
      '/discount At most half of the price.',
    ])
    const lines = await call('POST', orders, { name: 'F', lines: [{ article: bolt.id, quantity: 0 }, { article: gift.id }] })
    expect(faults(lines)).toEqual(['/lines/0/quantity How many?', '/lines/1/note Note is required.'])
  })

  test('know the past', async () => {
    const order = await make(orders, { name: 'G', status: 'closed', reason: 'x', discount: '1' })
    expect(faults(await call('PATCH', `${orders}/${order.id}`, { status: 'open' }))).toEqual(['/status A closed order stays closed.'])
    expect(faults(await call('PATCH', `${orders}/${order.id}`, { reason: 'y' }))).toEqual(['/reason Reason cannot be changed now.'])
    expect((await call('PATCH', `${orders}/${order.id}`, { name: 'G2', reason: 'x' })).status).toBe(200)
  })

  test('leave an unrelated edit alone, even where the stored record breaks them', async () => {
    const order = await make(orders, { name: 'H' })
    await world.sql('update works."order" set discount = 70 where id = $1', [order.id])
    expect((await call('PATCH', `${orders}/${order.id}`, { name: 'H2' })).status).toBe(200)
    expect(faults(await call('PATCH', `${orders}/${order.id}`, { discount: '71' }))).toContain('/discount At most half of the price.')
  })

  test('may ask for other records', async () => {
    await make(orders, { name: 'I1', customer: berlin.id })
    await make(orders, { name: 'I2', customer: berlin.id })
    const third = await make(orders, { name: 'I3', customer: berlin.id })
    const refused = await call('POST', orders, { name: 'I4', customer: berlin.id })
    expect(faults(refused)).toEqual(['/customer The customer has three open orders already.'])
    ok(await call('PATCH', `${orders}/${third.id}`, { status: 'closed' }))
    expect((await call('POST', orders, { name: 'I4', customer: berlin.id })).status).toBe(201)
  })

  test('a warning is told, and the record is stored', async () => {
    const reply = await call('POST', orders, { name: 'J', lines: [{ article: bolt.id, quantity: 4000 }] })
    expect(reply.status).toBe(201)
    expect(reply.body).toMatchObject({ net: '10000.00', size: 'large', _warnings: [{ pointer: '/net', detail: 'That is a large order.' }] })
  })

  test('a reference that is limited takes what fits, and is judged again when it changes', async () => {
    expect(
      faults(
        await call('POST', orders, { name: 'K', customer: berlin.id, status: 'sent', contact: anna.id, lines: [{ article: bolt.id }] }),
      ),
    ).toEqual(['/contact Contact: this one cannot be chosen here.'])
    expect(
      (await make(orders, { name: 'K', customer: vienna.id, contact: anna.id, status: 'sent', lines: [{ article: bolt.id }] }))['contact'],
    ).toBe(anna.id)
  })

  test('hold in bulk, row by row', async () => {
    const reply = await call('POST', `${orders}/bulk`, {
      mode: 'each',
      operations: [
        { op: 'create', data: { name: 'L1', discount: '70', reason: 'x' } },
        { op: 'create', data: { name: 'L2', lines: [{ article: nut.id, quantity: 3 }] } },
      ],
    })
    const results = ok(reply)['results'] as { status: number }[]
    expect(results.map((each) => each.status)).toEqual([422, 201])
  })
})
