/**
 * Imports the Northwind sample business (CSV files in NORTHWIND_DIR, default ../shared/data/northwind) over the HTTP API into
 * a fresh tenant, and prints what it then asks back:
 *
 *   OPERATOR_TOKEN=… npm run northwind -- [http://127.0.0.1:3000] [tenant]
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Big from 'big.js'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'

export type CsvRow = Readonly<Record<string, string>>

/** Where the CSV files are looked for. */
export const northwindDir = (): string =>
  process.env['NORTHWIND_DIR'] ?? join(import.meta.dirname, '..', '..', 'shared', 'data', 'northwind')

/** Rows of one file by column; `\n` written out in the export becomes a line break. */
export async function readTable(dir: string, name: string): Promise<readonly CsvRow[]> {
  const rows = parse(await readFile(join(dir, `${name}.csv`)), { columns: true, bom: true }) as CsvRow[]
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value.replaceAll('\\n', '\n')])))
}

/** unit_price × quantity × (1 − discount), exactly. */
export const lineAmount = (line: CsvRow): Big =>
  new Big(line['unit_price']!).times(line['quantity']!).times(new Big(1).minus(line['discount']!))

export interface NorthwindTarget {
  /** Address of the server, without a slash at the end. */
  readonly url: string
  readonly operatorToken: string
  /** Slug of the tenant to create. */
  readonly tenant: string
  readonly onStep?: (text: string) => void
}
export interface NorthwindTenant {
  readonly email: string
  readonly password: string
  /** GET below /api as the tenant's administrator. */
  get(path: string): Promise<unknown>
}

interface ImportStep {
  readonly address: string
  readonly rows: readonly CsvRow[]
  /** CSV column → field path; columns that are not named here are left out. */
  readonly mapping: Readonly<Record<string, string>>
  readonly upsertBy?: string
}

/** Creates the tenant and imports everything; throws when a single row is refused. */
export async function importNorthwind(target: NorthwindTarget, dir: string = northwindDir()): Promise<NorthwindTenant> {
  const { url, onStep = () => {} } = target
  const email = `admin@${target.tenant}.test`
  const password = randomBytes(12).toString('base64url')
  const steps = await importSteps(dir)
  await send(
    `${url}/api/operator/tenants`,
    target.operatorToken,
    'POST',
    'application/json',
    JSON.stringify({
      slug: target.tenant,
      name: 'Northwind Traders',
      timeZone: 'America/New_York',
      currency: 'USD',
      admin: { name: 'Northwind administrator', email, password },
    }),
  )
  try {
    const accessToken = await signIn(url, email, password)
    onStep(`Tenant ${target.tenant}: sign in as ${email} with ${password}`)
    for (const step of steps) {
      const counts = await importRows(url, accessToken, step)
      onStep(`${step.address}: ${counts.created} created, ${counts.updated} updated`)
    }
    return { email, password, get: (path) => send(`${url}/api/${path}`, accessToken, 'GET') }
  } catch (error) {
    const again = `The tenant ${target.tenant} stays; name another one to try again: npm run northwind -- ${url} ${target.tenant}2`
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${again}`, { cause: error })
  }
}

async function signIn(url: string, email: string, password: string): Promise<string> {
  const body = JSON.stringify({ email, password })
  const { accessToken } = (await send(`${url}/api/auth/login`, null, 'POST', 'application/json', body)) as { accessToken: string }
  return accessToken
}

async function send(url: string, token: string | null, method: string, type?: string, body?: string): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { ...(token !== null && { Authorization: `Bearer ${token}` }), ...(type !== undefined && { 'Content-Type': type }) },
    ...(body !== undefined && { body }),
  }).catch((cause: unknown) => {
    throw new Error(`No server answers at ${new URL(url).origin}.`, { cause })
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname} answered ${response.status}: ${text}`)
  return JSON.parse(text)
}

interface Counts {
  readonly created: number
  readonly updated: number
}

async function importRows(url: string, token: string, { address, rows, mapping, upsertBy }: ImportStep): Promise<Counts> {
  const columns = Object.keys(mapping)
  const csv = stringify(
    rows.map((row) => columns.map((column) => row[column] ?? '')),
    { header: true, columns },
  )
  const query = new URLSearchParams({ mapping: JSON.stringify(mapping), ...(upsertBy !== undefined && { mode: 'upsert', key: upsertBy }) })
  let job = (await send(`${url}/api/${address}/import?${query.toString()}`, token, 'POST', 'text/csv', csv)) as {
    id: string
    status: string
    result: (Counts & { failed: number; faults: unknown[] }) | null
  }
  while (job.status === 'queued' || job.status === 'running') {
    await new Promise((resolve) => setTimeout(resolve, 200))
    job = (await send(`${url}/api/jobs/${job.id}`, token, 'GET')) as typeof job
  }
  if (job.status !== 'done' || !job.result || job.result.failed > 0)
    throw new Error(`Import of ${address} ended as ${job.status}: ${JSON.stringify(job.result)}`)
  return job.result
}

async function importSteps(dir: string): Promise<readonly ImportStep[]> {
  const table = (name: string) => readTable(dir, name)
  const [categories, suppliers, shippers, customers, employees, products, orders, details] = (await Promise.all(
    ['categories', 'suppliers', 'shippers', 'customers', 'employees', 'products', 'orders', 'order_details'].map(table),
  )) as [CsvRow[], CsvRow[], CsvRow[], CsvRow[], CsvRow[], CsvRow[], CsvRow[], CsvRow[]]
  const people = employees.map((row) => {
    const [street = '', ...more] = row['address']!.split('\n')
    return { ...row, name: `${row['first_name']} ${row['last_name']}`, address: street, address2: more.join(', ') }
  })
  const address = {
    address: 'street',
    city: 'city',
    region: 'region',
    postal_code: 'postal_code',
    country: 'country',
    phone: 'phone',
    fax: 'fax',
  }
  return [
    {
      address: 'inventory/categories',
      rows: categories,
      mapping: { category_id: 'external_id', category_name: 'name', description: 'description' },
    },
    {
      address: 'inventory/suppliers',
      rows: suppliers,
      mapping: {
        supplier_id: 'external_id',
        company_name: 'name',
        contact_name: 'contact_name',
        contact_title: 'contact_title',
        ...address,
        homepage: 'notes',
      },
    },
    { address: 'inventory/shippers', rows: shippers, mapping: { shipper_id: 'external_id', company_name: 'name', phone: 'phone' } },
    { address: 'crm/companies', rows: customers, mapping: { customer_id: 'external_id', company_name: 'name', ...address } },
    {
      address: 'crm/contacts',
      rows: customers.map((row) => ({ ...row, company: row['customer_id']! })),
      mapping: {
        customer_id: 'external_id',
        company: 'company.external_id',
        contact_name: 'name',
        contact_title: 'job_title',
        phone: 'phone',
      },
    },
    {
      address: 'core/members',
      rows: people,
      mapping: {
        employee_id: 'external_id',
        name: 'name',
        first_name: 'full_name.given',
        last_name: 'full_name.family',
        title_of_courtesy: 'full_name.prefix',
        title: 'job_title',
        birth_date: 'birth_date',
        hire_date: 'hire_date',
        address: 'home_address.street',
        address2: 'home_address.street2',
        city: 'home_address.city',
        region: 'home_address.region',
        postal_code: 'home_address.postal_code',
        country: 'home_address.country',
        home_phone: 'home_phone',
        extension: 'extension',
        notes: 'notes',
      },
    },
    // Who reports to whom: people name each other, so they must all be there first.
    {
      address: 'core/members',
      rows: people,
      mapping: { employee_id: 'external_id', name: 'name', reports_to: 'manager.external_id' },
      upsertBy: 'external_id',
    },
    {
      address: 'inventory/products',
      rows: products.map((row) => ({ ...row, discontinued: row['discontinued'] === '1' ? 'true' : 'false' })),
      mapping: {
        product_id: 'external_id',
        product_name: 'name',
        supplier_id: 'supplier.external_id',
        category_id: 'category.external_id',
        quantity_per_unit: 'quantity_per_unit',
        unit_price: 'unit_price',
        units_in_stock: 'units_in_stock',
        units_on_order: 'units_on_order',
        reorder_level: 'reorder_level',
        discontinued: 'discontinued',
      },
    },
    { address: 'inventory/sales_orders', rows: joinOrders(orders, details), mapping: orderMapping },
  ]
}

const orderMapping = {
  order_id: 'external_id',
  customer_id: 'customer.external_id',
  employee_id: 'salesperson.external_id',
  order_date: 'order_date',
  required_date: 'required_date',
  shipped_date: 'shipped_date',
  ship_via: 'shipper.external_id',
  freight: 'freight',
  ship_name: 'ship_name',
  ship_address: 'ship_address.street',
  ship_city: 'ship_address.city',
  ship_region: 'ship_address.region',
  ship_postal_code: 'ship_address.postal_code',
  ship_country: 'ship_address.country',
  product_id: 'lines.product.external_id',
  unit_price: 'lines.unit_price',
  quantity: 'lines.quantity',
  discount: 'lines.discount',
}

/** One row per line, repeating its order's columns: the form in which a CSV holds documents. */
function joinOrders(orders: readonly CsvRow[], details: readonly CsvRow[]): CsvRow[] {
  const lines = Map.groupBy(details, (line) => line['order_id'])
  return orders.flatMap((order) => (lines.get(order['order_id']) ?? [{}]).map((line) => ({ ...order, ...line })))
}

async function main(): Promise<void> {
  const operatorToken = process.env['OPERATOR_TOKEN']
  if (!operatorToken) throw new Error('Set OPERATOR_TOKEN to what the server was started with.')
  const [url = 'http://127.0.0.1:3000', tenant = 'northwind'] = process.argv.slice(2)
  if (!/^https?:\/\//.test(url)) throw new Error(`${url} is no address of a server: write http:// before it.`)
  const northwind = await importNorthwind({ url: url.replace(/\/$/, ''), operatorToken, tenant, onStep: (text) => console.log(text) })
  const lines = 'inventory/sales_order_lines/aggregate'
  console.log('\nRevenue:', JSON.stringify(await northwind.get(`${lines}?measure=sum(amount),count`)))
  console.log(
    'Top customers:',
    JSON.stringify(await northwind.get(`${lines}?group=parent.customer&measure=sum(amount)&sort=-sum(amount)&limit=5`)),
  )
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })
}
