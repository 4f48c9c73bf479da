import { existsSync } from 'node:fs'
import Big from 'big.js'
import { describe, expect, it } from 'vitest'
import { openWorld } from '../engine/testing/world.ts'
import { importNorthwind, lineAmount, northwindDir, readTable } from './northwind.ts'
import type { CsvRow, NorthwindTenant } from './northwind.ts'

const dir = northwindDir()
const isThere = existsSync(dir)
if (!isThere) console.warn(`SKIPPED: Northwind is not imported, because ${dir} does not exist. NORTHWIND_DIR names another place.`)
if (!isThere && process.env['CI'] === 'true') throw new Error('In CI the Northwind files must be there.')

interface Page<Row> {
  readonly data: readonly Row[]
}
const rows = async <Row = Record<string, unknown>>(tenant: NorthwindTenant, path: string) => ((await tenant.get(path)) as Page<Row>).data

describe.skipIf(!isThere)('Northwind over the HTTP API', async () => {
  const world = isThere ? await openWorld() : null!
  const tenant = isThere ? await importNorthwind({ url: world.url, operatorToken: 'operator-of-the-tests', tenant: 'northwind' }) : null!

  it('has every record once', async () => {
    const counts: Record<string, unknown> = {}
    for (const address of [
      'crm/companies',
      'crm/contacts',
      'inventory/products',
      'inventory/suppliers',
      'inventory/sales_orders',
      'inventory/sales_order_lines',
    ]) {
      counts[address] = (await rows(tenant, `${address}/aggregate?measure=count`))[0]?.['count']
    }
    // The tenant's administrator is a person too.
    counts['core/members'] = Number((await rows(tenant, 'core/members/aggregate?measure=count'))[0]?.['count']) - 1
    expect(counts).toEqual({
      'crm/companies': 91,
      'crm/contacts': 91,
      'inventory/products': 77,
      'inventory/suppliers': 29,
      'core/members': 9,
      'inventory/sales_orders': 830,
      'inventory/sales_order_lines': 2155,
    })
  })

  it('has the exact revenue', async () => {
    expect(await rows(tenant, 'inventory/sales_order_lines/aggregate?measure=sum(amount)')).toEqual([{ 'sum(amount)': '1265793.0395' }])
  })

  it('names the same top five customers as the files', async () => {
    const top = await rows(
      tenant,
      'inventory/sales_order_lines/aggregate?group=parent.customer&measure=sum(amount)&sort=-sum(amount)&limit=5',
    )
    const [orders, details, customers] = await tables('orders', 'order_details', 'customers')
    const customerOf = new Map(orders.map((order) => [order['order_id'], order['customer_id']]))
    const names = new Map(customers.map((customer) => [customer['customer_id'], customer['company_name']]))
    const expected = totals(details, (line) => names.get(customerOf.get(line['order_id']))!)
      .toSorted(([, a], [, b]) => b.cmp(a))
      .slice(0, 5)
    expect(top.map((each) => [each['parent.customer._title'], each['sum(amount)']])).toEqual(
      expected.map(([name, sum]) => [name, sum.toFixed(4)]),
    )
  })

  it('has the same revenue per month as the files', async () => {
    const months = await rows(tenant, 'inventory/sales_order_lines/aggregate?group=parent.order_date:month&measure=sum(amount)')
    const [orders, details] = await tables('orders', 'order_details')
    const monthOf = new Map(orders.map((order) => [order['order_id'], `${order['order_date']!.slice(0, 7)}-01`]))
    const expected = totals(details, (line) => monthOf.get(line['order_id'])!).toSorted(([a], [b]) => (a < b ? -1 : 1))
    expect(months).toHaveLength(23)
    expect(months.map((each) => [each['parent.order_date:month'], each['sum(amount)']])).toEqual(
      expected.map(([month, sum]) => [month, sum.toFixed(4)]),
    )
  })

  it('knows who reports to whom', async () => {
    const people = await rows<{ name: string; _expand: { manager: { name: string } | null } }>(
      tenant,
      'core/members?external_id.in=1,2,9&sort=name&expand=manager&fields=name,manager.name',
    )
    expect(people.map((each) => [each.name, each._expand.manager?.name ?? null])).toEqual([
      ['Andrew Fuller', null],
      ['Anne Dodsworth', 'Steven Buchanan'],
      ['Nancy Davolio', 'Andrew Fuller'],
    ])
  })
})

const tables = async <const Names extends readonly string[]>(...names: Names) =>
  (await Promise.all(names.map((name) => readTable(dir, name)))) as { [Index in keyof Names]: readonly CsvRow[] }

function totals(details: readonly CsvRow[], by: (line: CsvRow) => string): [string, Big][] {
  const sums = new Map<string, Big>()
  for (const line of details) sums.set(by(line), (sums.get(by(line)) ?? new Big(0)).plus(lineAmount(line)))
  return [...sums]
}
