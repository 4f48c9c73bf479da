import { describe, expect, test } from 'vitest'
import { openTrade } from '../testing/trade.ts'
import { ok, type Reply } from '../testing/world.ts'

/** Amounts whose currency the record gives: nobody else says another one, and it stays true. */
const world = await openTrade()
const call = (method: string, path: string, body?: object): Promise<Reply> =>
  world.call('admin@acme', method, path, body === undefined ? {} : { body })
type Record = { readonly [name: string]: unknown; readonly id: string }
const make = async (path: string, body: object): Promise<Record> => ok(await call('POST', path, body)) as Record
const faults = (reply: Reply): string[] =>
  ((reply.body as { errors?: { pointer: string; detail: string }[] }).errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`)
const bills = '/api/trade/bills'
const accounts = '/api/trade/accounts'
const eur = (amount: string) => ({ amount, currency: 'EUR' })
const usd = (amount: string) => ({ amount, currency: 'USD' })

const vienna = await make(accounts, { name: 'Vienna', currency: 'EUR' })
const boston = await make(accounts, { name: 'Boston', currency: 'USD' })
const nobody = await make(accounts, { name: 'Nobody' })

describe('is refused', () => {
  test.each([
    ['another currency than the record’s', { account: vienna.id, fee: usd('1') }, ['/fee/currency must be EUR']],
    ['an amount where there is no currency', { fee: { amount: '1' } }, ['/fee Fee: the record says no currency for it yet.']],
    ['of what leads to one without', { account: nobody.id, fee: eur('1') }, ['/fee Fee: the record says no currency for it yet.']],
    ['in a line', { account: vienna.id, lines: [{ price: usd('1') }] }, ['/lines/0/price/currency must be EUR']],
    ['what is no amount', { account: vienna.id, fee: { currency: 'EUR' } }, ['/fee/amount is missing']],
    ['a text that is none', { account: vienna.id, fee: '1.50' }, ['/fee must be an object such as {"amount": "12.50"}']],
  ])('%s', async (_name, body, expected) => {
    const reply = await call('POST', bills, body)
    expect([reply.status, ...faults(reply)]).toEqual([422, ...expected])
  })

  test('what gives one that is none', async () => {
    const none = '"EUE" is no currency in use. Did you mean "EUR"?'
    expect(faults(await call('POST', accounts, { name: 'Odd', currency: 'EUE', ceiling: { amount: '1' } }))).toEqual([
      `/ceiling/currency ${none}`,
      `/turnover/currency ${none}`,
    ])
  })

  test('another one in a change', async () => {
    const bill = await make(bills, { account: vienna.id, fee: { amount: '3' } })
    expect(faults(await call('PATCH', `${bills}/${bill.id}`, { fee: { currency: 'USD' } }))).toEqual(['/fee/currency must be EUR'])
    expect(faults(await call('PATCH', `${bills}/${bill.id}`, { account: null }))).toEqual([
      '/fee Fee: the record says no currency for it yet.',
    ])
  })
})

test('what is left out is given, on records, lines and what is derived of them', async () => {
  const bill = await make(bills, { account: vienna.id, fee: { amount: '2.5' }, lines: [{ quantity: 3, price: { amount: '4' } }] })
  expect(bill).toMatchObject({ fee: eur('2.50'), goods: eur('12.00'), total: eur('14.50') })
  expect(bill['lines']).toMatchObject([{ price: eur('4.00'), amount: eur('12.00') }])
  // Repeated as it is, and changed in part.
  expect(ok(await call('PATCH', `${bills}/${bill.id}`, { fee: eur('2.50') }))['version']).toBe(1)
  expect(ok(await call('PATCH', `${bills}/${bill.id}`, { fee: { amount: '3' } }))).toMatchObject({ fee: eur('3.00'), total: eur('15.00') })
})

test('nothing of no currency yet is no amount', async () => {
  expect(await make(bills, { lines: [] })).toMatchObject({ fee: null, goods: null, total: null })
})

test('any expression may give it', async () => {
  const bill = await make(bills, { extra: { amount: '1' } })
  expect(bill['extra']).toEqual(usd('1.00'))
  expect(ok(await call('PATCH', `${bills}/${bill.id}`, { account: vienna.id }))['extra']).toEqual(eur('1.00'))
})

test('it follows the record, and what the record refers to', async () => {
  const bill = await make(bills, { account: vienna.id, fee: { amount: '2' }, lines: [{ price: { amount: '5' } }] })
  const moved = ok(await call('PATCH', `${bills}/${bill.id}`, { account: boston.id, fee: eur('2.00') }))
  expect(moved).toMatchObject({ version: 2, fee: usd('2.00'), goods: usd('5.00'), total: usd('7.00'), lines: [{ price: usd('5.00') }] })
  const third = await make(accounts, { name: 'Third', currency: 'GBP', ceiling: { amount: '10' } })
  ok(await call('PATCH', `${bills}/${bill.id}`, { account: third.id }))
  ok(await call('PATCH', `${accounts}/${third.id}`, { currency: 'CHF' }))
  const chf = (amount: string) => ({ amount, currency: 'CHF' })
  expect(ok(await call('GET', `${bills}/${bill.id}`))).toMatchObject({
    fee: chf('2.00'),
    total: chf('7.00'),
    lines: [{ price: chf('5.00') }],
  })
  expect(ok(await call('GET', `${accounts}/${third.id}`))).toMatchObject({ ceiling: chf('10.00'), turnover: chf('7.00') })
})

test('lists filter, sum and compare by it', async () => {
  const account = await make(accounts, { name: 'Sums', currency: 'JPY' })
  for (const amount of ['10', '20']) await make(bills, { account: account.id, fee: { amount } })
  const data = async (path: string) => ok(await call('GET', path))['data'] as Record[]
  expect(await data(`${bills}?fee.currency=JPY&fee.gt=15&fields=fee`)).toMatchObject([{ fee: { amount: '20.00', currency: 'JPY' } }])
  const filter = encodeURIComponent("self.fee > money(15, self.account.currency) && self.fee.currency == 'JPY'")
  expect(await data(`${bills}?filter=${filter}&fields=fee`)).toMatchObject([{ fee: { amount: '20.00' } }])
  expect(await data(`${bills}/aggregate?measure=sum(fee)&fee.currency=JPY`)).toMatchObject([
    { 'sum(fee)': { amount: '30.00', currency: 'JPY' } },
  ])
})

test('who may not know what gives it reads it all the same, and is told no name', async () => {
  const { members } = world.acme
  ok(await call('PUT', `/api/access/${members['rep']}`, { email: 'rep@acme.test', roles: ['core.user', 'trade.guest'] }))
  const view = ok(await world.call('rep@acme', 'GET', '/api/catalogue'))
  expect(JSON.stringify((view['entities'] as object)['trade.account' as never])).not.toContain('self.currency')
  // Nor has anybody a view that goes by it.
  const viewsOf = (each: Record): unknown[] =>
    (each['views'] as { title: string; filter: object }[]).map(({ title, filter }) => [title, filter])
  const own = ok(await call('GET', '/api/catalogue'))
  const mine = ['Mine', { filter: 'self.created_by == user' }]
  expect(viewsOf((own['entities'] as { [id: string]: Record })['trade.account']!)).toEqual([
    ['In euros', { filter: "self.currency == 'EUR'" }],
    mine,
  ])
  expect(viewsOf((view['entities'] as { [id: string]: Record })['trade.account']!)).toEqual([mine])
  const account = await make(accounts, { name: 'Hidden', currency: 'SEK', ceiling: { amount: '1' } })
  expect(ok(await world.call('rep@acme', 'GET', `${accounts}/${account.id}`))['ceiling']).toEqual({ amount: '1.00', currency: 'SEK' })
  const made = await world.call('rep@acme', 'POST', bills, { body: { account: account.id, fee: { amount: '4' } } })
  expect(ok(made)['fee']).toEqual({ amount: '4.00', currency: 'SEK' })
})
