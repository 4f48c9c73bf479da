import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ClientOptions } from 'openapi-fetch'
import openapiTS, { astToString } from 'openapi-typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ok, openWorld } from '../testing/world.ts'

/** A client as an integrator makes one: types from the document by openapi-typescript, requests by openapi-fetch, checked by tsc. */
const { call, url } = await openWorld()
const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** Lists of values are parted by commas, as the document says. */
const options: ClientOptions = { querySerializer: { array: { style: 'form', explode: false } } }
const start = `import createClient from 'openapi-fetch'
import type { components, paths } from './api.ts'
const { BASE_URL: baseUrl = '', TOKEN: token = '' } = process.env
const client = createClient<paths>({ baseUrl, headers: { authorization: \`Bearer \${token}\` }, ...${JSON.stringify(options)} as const })
`

const program = `${start}
type Deal = components['schemas']['Deal']
function take<T>({ data, error }: { data?: T; error?: { detail: string } }): T {
  if (data === undefined) throw new Error(error?.detail ?? 'no answer')
  return data
}

const company = take(await client.POST('/api/crm/companies', { body: { name: 'Typed Tools GmbH', country: 'Germany' } }))
const body = { name: 'Three lathes', company: company.id, value: { amount: '12000.50', currency: 'EUR' }, stage: 'qualified' } as const
const header = { 'Idempotency-Key': 'typed-client-1' }
const made = take(await client.POST('/api/crm/deals', { body, params: { header } }))
const again = take(await client.POST('/api/crm/deals', { body, params: { header } }))

const page = take(await client.GET('/api/crm/deals', { params: { query: {
  'stage.in': ['qualified', 'won'], 'value.amount.gte': '12000', 'name.contains': 'lathe', sort: ['-value', 'name'], expand: ['company'], count: 'exact', limit: 10,
} } }))
const found: Deal[] = page.data
const owners: (string | null)[] = found.map(deal => deal.owner)

const path = { id: made.id }
const { data: read, response } = await client.GET('/api/crm/deals/{id}', { params: { path } })
const etag = response.headers.get('etag') ?? ''
const changed = take(await client.PATCH('/api/crm/deals/{id}', { params: { path, header: { 'If-Match': etag } }, body: { stage: 'won', notes: null } }))
const stale = await client.DELETE('/api/crm/deals/{id}', { params: { path, header: { 'If-Match': etag } } })
const sums = take(await client.GET('/api/crm/deals/aggregate', { params: { query: { group: ['stage'], measure: ['count', 'sum(value)'], company: company.id } } }))
const wrong = await client.GET('/api/crm/deals/{id}', { params: { path: { id: '0198c0de-0000-7000-8000-000000000000' } } })

const product = take(await client.GET('/api/inventory/products', { params: { query: { limit: 1 } } })).data[0]
const order = take(await client.POST('/api/inventory/sales_orders', { body: {
  customer: company.id, order_date: '2026-11-02', lines: [{ product: product?.id ?? '', quantity: 2, unit_price: '19.9900' }],
} }))
const [line] = order.lines
const more = take(await client.PATCH('/api/inventory/sales_orders/{id}', {
  params: { path: { id: order.id } }, body: { lines: { [line?.id ?? '']: { quantity: 3 }, 'new:1': { product: product?.id ?? '', quantity: 1, unit_price: 5 } } },
}))

console.log(JSON.stringify({
  repeated: made.id === again.id, amount: read?.value?.amount, total: page.page.total, company: found[0]?._expand?.company?.name, owned: owners.length, stage: changed.stage,
  stale: stale.error?.code, sums: sums.data, wrong: wrong.error?.status, quantities: more.lines.map(each => each.quantity),
}))
`

/** Each line must be refused by the compiler. */
const mistakes = [
  `await client.POST('/api/crm/deals', { body: { name: 'X', compnay: '' } })`,
  `await client.POST('/api/crm/deals', { body: { name: 'X' } })`,
  `await client.POST('/api/crm/deals', { body: { name: 'X', company: '', stage: 'wno' } })`,
  `await client.GET('/api/crm/deal', {})`,
  `await client.GET('/api/crm/deals', { params: { query: { 'colour.in': ['red'] } } })`,
  `await client.GET('/api/crm/deals', { params: { query: { sort: ['colour'] } } })`,
  `const deal: components['schemas']['Deal']['colour'] = 'red'`,
  `const id: number = (await client.GET('/api/crm/deals', {})).data?.data[0]?.id ?? 0`,
]

describe('a client generated from the document of an administrator', () => {
  let folder = ''
  const tsc = (file: string): Promise<string> =>
    run(
      process.execPath,
      [
        join(root, 'node_modules/typescript/bin/tsc'),
        '--noEmit',
        '--strict',
        '--skipLibCheck',
        '--target',
        'es2024',
        '--module',
        'nodenext',
        '--types',
        'node',
        '--allowImportingTsExtensions',
        '--verbatimModuleSyntax',
        join(folder, file),
      ],
      { cwd: folder },
    ).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    )

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'businessos-client-'))
    const document = ok(await call('admin@acme', 'GET', '/api/openapi.json'))
    await writeFile(join(folder, 'api.ts'), astToString(await openapiTS(JSON.stringify(document))))
    await writeFile(join(folder, 'package.json'), '{"type": "module"}')
    await writeFile(join(folder, 'client.ts'), program)
    await writeFile(join(folder, 'mistakes.ts'), start + mistakes.join('\n'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('compiles', { timeout: 120_000 }, async () => {
    expect(await tsc('client.ts')).toBe('')
  })

  it('does not compile with a wrong name, option, address or type', { timeout: 120_000 }, async () => {
    const lines = new Set(
      (await tsc('mistakes.ts')).matchAll(/mistakes\.ts\((\d+),/g).map(([, line]) => Number(line) - start.split('\n').length),
    )
    expect([...lines].sort((a, b) => a - b)).toEqual(mistakes.map((_, i) => i))
  })

  it('works against the server', { timeout: 120_000 }, async () => {
    const { accessToken } = ok(
      await call(null, 'POST', '/api/auth/login', { body: { email: 'admin@acme.test', password: 'a password for tests only' } }),
    )
    const env = { ...process.env, BASE_URL: url, TOKEN: String(accessToken) }
    const { stdout } = await run(process.execPath, [join(folder, 'client.ts')], { cwd: folder, env })
    expect(JSON.parse(stdout)).toEqual({
      repeated: true,
      amount: '12000.50',
      total: 1,
      company: 'Typed Tools GmbH',
      owned: 1,
      stage: 'won',
      stale: 'version-conflict',
      sums: [{ stage: 'won', count: 1, 'sum(value)': { amount: '12000.50', currency: 'EUR' } }],
      wrong: 404,
      quantities: [3, 1],
    })
  })

  it('has nothing of what is hidden when it is a representative’s', async () => {
    const document = ok(await call('rep@acme', 'GET', '/api/openapi.json'))
    const types = astToString(await openapiTS(JSON.stringify(document)))
    expect(types).not.toMatch(/\bmargin\b/)
    expect(await readFile(join(folder, 'api.ts'), 'utf8')).toMatch(/\bmargin\b/)
  })
})
