import { expect, test } from 'vitest'
import { openWorld, ok, type Reply } from '../testing/world.ts'
import { create, get, type Json } from '../testing/writing.ts'

/** Out, edited in a spreadsheet, and in again; records found as people name them; every fault of a row at once. */
const world = await openWorld()
const as = 'manager@acme'
const companies = '/api/crm/companies'
const deals = '/api/crm/deals'
interface Report {
  created: number
  updated: number
  failed: number
  ignored: string[]
  faults: { row: number; column: string | null; detail: string }[]
}
const submit = (path: string, csv: string | Uint8Array, query = '', who: 'manager@acme' | 'rep@acme' = as): Promise<Reply> =>
  world.call(who, 'POST', `${path}/import${query}`, { body: csv, headers: { 'content-type': 'text/csv' } })
async function report(path: string, csv: string, query = ''): Promise<Report> {
  const id = String(ok(await submit(path, csv, query))['id'])
  let job: Json | undefined
  await expect
    .poll(async () => (job = await get(world, as, `/api/jobs/${id}`))['status'], { timeout: 25_000, interval: 50 })
    .toMatch(/done/)
  return job!['result'] as Report
}
const byId = '?mode=upsert&key=id'
const read = (path: string, id: unknown): Promise<Json> => get(world, as, `${path}/${String(id)}`)
const list = async (query: string): Promise<Json[]> => (await get(world, as, query))['data'] as Json[]

test('a workbook is refused by its name', async () => {
  const reply = await submit(companies, Buffer.from('PK\x03\x04\x14\x00\xff', 'latin1'))
  expect([reply.status, reply.body]).toMatchObject([
    400,
    { code: 'request-malformed', detail: 'This is an Excel workbook; save it as CSV UTF-8.' },
  ])
})

test('an update by id wants a column of ids; ids are nothing for other imports', async () => {
  const none = await submit(companies, 'name\nx\n', byId)
  expect([none.status, (none.body as Json)['errors']]).toMatchObject([422, [{ pointer: '/mapping' }]])
  const mapping = `mapping=${encodeURIComponent('{"Key":"id"}')}`
  const made = await submit(companies, 'Key,name\n,x\n', `?${mapping}`)
  expect([made.status, (made.body as Json)['errors']]).toMatchObject([422, [{ pointer: '/mapping/Key' }]])
  expect(await report(companies, 'Key,name\n,By another name\n', `${byId}&${mapping}`)).toMatchObject({ created: 1, failed: 0 })
})

test.each(['', '&dryRun=true'])(
  'rows with an id change that record, those without are new, an unknown id is a fault of its row%s',
  async (dry) => {
    const one = await create(world, as, companies, { name: 'One', city: 'Graz', notes: 'kept' })
    const foreign = await create(world, 'manager@globex', companies, { name: 'Theirs' })
    const unknown = '01a203de-a877-776e-951e-8813a1657850'
    const csv = `ID,Name,City\n${one.id},One changed,Linz\n,New of ${dry},\n${unknown},x,\n${foreign.id},x,\nno id,x,\n`
    const result = await report(companies, csv, byId + dry)
    expect(result).toMatchObject({ created: 1, updated: 1, failed: 3 })
    expect(result.faults.map(({ row, column }) => [row, column])).toEqual([
      [4, 'ID'],
      [5, 'ID'],
      [6, 'ID'],
    ])
    expect(result.faults[0]!.detail).toBe(result.faults[1]!.detail)
    expect(await read(companies, one.id)).toMatchObject({ name: dry ? 'One' : 'One changed', city: dry ? 'Graz' : 'Linz', notes: 'kept' })
  },
)

test('out, edited, in again: headers are titles, references have name and id, empty lists are empty, nothing is doubled', async () => {
  const company = await create(world, as, companies, { name: 'Roundabout', city: 'Kreis' })
  const other = await create(world, as, companies, { name: 'Elsewhere' })
  const deal = await create(world, as, deals, { name: 'Round deal', company: company.id, value: { amount: '12.5', currency: 'EUR' } })
  const exported = (await world.call(as, 'GET', `${deals}/export?name=Round%20deal`)).text
  const [header = '', row = ''] = exported.trim().split('\n')
  expect(header.split(',').slice(0, 2)).toEqual(['id', 'Name'])
  expect(header.split(',')).toEqual(expect.arrayContaining(['Company', 'Company id', 'Value']))
  expect(header).not.toContain('_')
  expect(row).toContain('Roundabout')
  expect(row).not.toContain('[]')
  const edited = exported.replaceAll(company.id, other.id).replace('Round deal', 'Round deal, edited')
  expect(await report(deals, edited.replace('Round deal, edited', '"Round deal, edited"'), byId)).toMatchObject({
    created: 0,
    updated: 1,
    failed: 0,
    ignored: expect.arrayContaining(['Company']) as string[],
  })
  expect(await read(deals, deal.id)).toMatchObject({
    name: 'Round deal, edited',
    company: other.id,
    value: { amount: '12.50', currency: 'EUR' },
  })
  expect(await list(`${deals}?name.startsWith=Round%20deal`)).toHaveLength(1)
})

test('lines of a document that is updated by id are replaced', async () => {
  const orders = '/api/inventory/sales_orders'
  const customer = await create(world, as, companies, { name: 'Order customer' })
  await create(world, as, '/api/inventory/products', { name: 'Screw', sku: 'SCREW' })
  const order = await create(world, as, orders, { customer: customer.id, order_date: '2026-01-01', external_id: 'BYID' })
  const csv = `id,order_date,product,quantity,unit_price\n${order.id},2026-02-01,SCREW,2,1\n${order.id},2026-02-01,SCREW,3,1\n`
  for (const _ of [1, 2]) expect(await report(orders, csv, byId)).toMatchObject({ created: 0, updated: 1, faults: [] })
  const { order_date, lines } = await read(orders, order.id)
  expect([order_date, (lines as Json[]).map((each) => each['quantity'])]).toEqual(['2026-02-01', [2, 3]])
})

test('a reference is found by id, by what is unique, by its title: the title only where it is one', async () => {
  const one = await create(world, as, companies, { name: 'Klinikverbund Hochwald', external_id: 'KV' })
  await create(world, as, companies, { name: 'Twice' })
  await create(world, as, companies, { name: 'Twice' })
  const coded = await create(world, as, companies, { name: 'Coded', external_id: 'Klinik' })
  await create(world, as, companies, { name: 'Klinik' })
  await create(world, 'manager@globex', companies, { name: 'Only theirs' })
  const [owner] = await list('/api/core/members?limit=1')
  const name = owner?.['name'] as string
  const rows = ['Klinikverbund Hochwald', 'KV', 'Klinik', one.id, 'Twice', 'Nobody', 'Only theirs']
  const result = await report(
    deals,
    `Name,Company,Owner\n${rows.map((each, i) => `Found ${i},${each},${i === 0 ? name : ''}`).join('\n')}\n`,
  )
  expect(result).toMatchObject({ created: 4, failed: 3 })
  expect(result.faults.map(({ row, column }) => [row, column])).toEqual([
    [6, 'Company'],
    [7, 'Company'],
    [8, 'Company'],
  ])
  const [several, nobody, theirs] = result.faults.map(({ detail }) => detail)
  expect(several).toMatch(/^Several companies have "Twice" as Name/)
  expect(nobody).toMatch(/^No company has "Nobody" as .*External id.* or Name/i)
  expect(nobody).not.toContain('external_id')
  expect(theirs?.replace('Only theirs', 'Nobody')).toBe(nobody)
  expect((await list(`${deals}?name.startsWith=Found%20&sort=name`)).map((each) => each['company'])).toEqual([
    one.id,
    one.id,
    coded.id,
    one.id,
  ])
  expect((await list(`${deals}?name=Found%200`))[0]).toMatchObject({ owner: owner?.['id'] })
})

test('every fault of a row is told at once, what is missing too', async () => {
  const { faults } = await report(companies, 'Name,Founded,E-mail,external_id\n,soon,nonsense,ALL-1\n')
  expect(faults.map(({ row, column }) => [row, column])).toEqual([
    [2, 'Founded'],
    [2, 'E-mail'],
    [2, 'Name'],
  ])
})

test('an amount and its currency in columns of their own are one value; other ways of writing numbers say what is expected', async () => {
  const company = await create(world, as, companies, { name: 'Payer', external_id: 'PAY' })
  const head = `Name,Company,Value,Currency\n`
  const mapping = `?mapping=${encodeURIComponent('{"Currency":"value.currency"}')}`
  const good = await report(deals, `${head}Joined,PAY,12500.00,EUR\n`, mapping)
  expect(good).toMatchObject({ created: 1, faults: [] })
  expect((await list(`${deals}?name=Joined`))[0]).toMatchObject({ company: company.id, value: { amount: '12500.00', currency: 'EUR' } })
  const amounts = ['"12,500.00"', '"12.500,00"', '"12,5"', '"12,500"', '12 500.00', "12'500.00", '12.500.000']
  const { faults } = await report(deals, head + amounts.map((each) => `Amount,PAY,${each},EUR`).join('\n'), mapping)
  expect(faults.map(({ column, detail }) => [column, detail])).toEqual([
    ['Value', 'must be written without separators of thousands: 12500.00'],
    ['Value', 'must be written with a decimal point and without separators of thousands: 12500.00'],
    ['Value', 'must be written with a decimal point: 12.5'],
    ['Value', 'may be 12500 or 12.500; write which one, without a comma'],
    ['Value', 'must be written without separators of thousands: 12500.00'],
    ['Value', 'must be written without separators of thousands: 12500.00'],
    ['Value', 'must be written without separators of thousands: 12500000'],
  ])
  const whole = await report(deals, 'Name,Company,Value\nWhole,PAY,"12,500.00 EUR"\n')
  expect(whole.faults[0]!.detail).toBe('must be written without separators of thousands: 12500.00')
})
