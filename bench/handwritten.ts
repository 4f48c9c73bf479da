/**
 * The same routes, written by hand for this one table, as a good engineer would with Express and pg: a tenant policy of row-level
 * security, a transaction per request (begin, set_config, prepared statement, commit) and `res.json`. No validation, no permissions
 * by role or field, no events, no history.
 */
import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type Request, type RequestHandler, type Response } from 'express'
import jwt from 'jsonwebtoken'
import { Pool, types, type PoolClient } from 'pg'
import { v7 as uuid } from 'uuid'

/** What the login needs: the tenant policy, and rights on four tables. */
export const handwrittenSetup = (password: string): string => {
  const tables = [
    'crm.deal',
    'crm.company',
    'crm.deal__tags',
    'crm.deal__stakeholders',
    'crm.deal__followers',
    'crm.company__tags',
    'crm.company__followers',
  ]
  const policy = `tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid)`
  return [
    `create role handwritten login password '${password}'`,
    'grant usage on schema crm, bos to handwritten',
    // Generated columns of the shared tables call some.
    'grant execute on all functions in schema bos to handwritten',
    ...tables.flatMap((table) => [
      `grant select, insert on ${table} to handwritten`,
      `create policy handwritten on ${table} to handwritten using (${policy}) with check (${policy})`,
    ]),
  ].join(';\n')
}

const links = (table: string, alias: string): string =>
  `array(select l.target from crm.${table} l where l.tenant_id = $1 and l.parent_id = ${alias}.id order by l.position)`

const dealColumns = `d.id, d.version, d.revision, d.created_at, d.created_by, d.created_via, d.updated_at, d.updated_by, d.name, d.company, d.contact, d.stage,
  d.value, d.value__currency, d.probability, d.weighted_value, d.weighted_value__currency, d.margin, d.expected_close, d.closed_on, d.kind, d.priority, d.source, d.next_step, d.lost_reason,
  d.competitors, d.notes, d.external_id, d.owner,
  ${links('deal__stakeholders', 'd')} as stakeholders, ${links('deal__tags', 'd')} as tags, ${links('deal__followers', 'd')} as followers`

const companyFields = [
  'id',
  'version',
  'revision',
  'created_at',
  'created_by',
  'created_via',
  'updated_at',
  'updated_by',
  'name',
  'legal_name',
  'relationship',
  'industry',
  'size',
  'website',
  'email',
  'phone',
  'fax',
  'tax_id',
  'annual_revenue',
  'annual_revenue__currency',
  'founded',
  'source',
  'rating',
  'customer_since',
  'payment_days',
  'credit_limit',
  'credit_limit__currency',
  'parent',
  'notes',
  'external_id',
  'owner',
  'street',
  'postal_code',
  'city',
  'region',
  'country',
] as const
const companyColumns = `${companyFields.map((name) => `c.${name} as c_${name}`).join(', ')}, ${links('company__tags', 'c')} as c_tags, ${links('company__followers', 'c')} as c_followers`

const statements = {
  get: `select ${dealColumns} from crm.deal d where d.tenant_id = $1 and d.id = $2 and d.deleted_at is null`,
  list: `select ${dealColumns} from crm.deal d where d.tenant_id = $1 and d.deleted_at is null order by d.id desc limit $2`,
  listWithCompany: `select ${dealColumns}, ${companyColumns} from crm.deal d left join crm.company c on c.tenant_id = d.tenant_id and c.id = d.company and c.deleted_at is null
    where d.tenant_id = $1 and d.deleted_at is null order by d.id desc limit $2`,
  create: `insert into crm.deal as d (tenant_id, id, version, revision, created_at, created_by, created_via, updated_at, updated_by, custom,
      name, company, stage, value, value__currency, weighted_value, weighted_value__currency, probability, margin, expected_close, kind, priority, owner)
    values ($1, $2, 1, 1, now(), $3, 'api', now(), $3, '{}', $4, $5, $6, $7, $8, round($7::numeric * $9::numeric / 100, 2), $8, $9, $10, $11, $12, $13, $3)
    returning ${dealColumns}`,
}

type Row = Record<string, unknown>
const money = (amount: unknown, currency: unknown): unknown => (amount === null ? null : { amount, currency })

function dealOf(row: Row): Row {
  const {
    value,
    value__currency: currency,
    weighted_value: weighted,
    weighted_value__currency: weightedCurrency,
    stakeholders,
    notes,
    external_id,
    owner,
    tags,
    followers,
    competitors,
    ...rest
  } = row
  return {
    ...rest,
    value: money(value, currency),
    weighted_value: money(weighted, weightedCurrency),
    competitors,
    stakeholders,
    notes,
    external_id,
    owner,
    tags,
    followers,
    _title: row['name'],
  }
}

function dealWithCompany(row: Row): Row {
  const deal: Row = {}
  const company: Row = {}
  for (const [name, value] of Object.entries(row)) {
    if (name.startsWith('c_')) company[name.slice(2)] = value
    else deal[name] = value
  }
  const {
    annual_revenue: revenue,
    annual_revenue__currency: revenueCurrency,
    credit_limit: credit,
    credit_limit__currency: creditCurrency,
    ...rest
  } = company
  const shown = {
    ...rest,
    annual_revenue: money(revenue, revenueCurrency),
    credit_limit: money(credit, creditCurrency),
    _title: company['name'],
  }
  return { ...dealOf(deal), _expand: { company: company['id'] === null ? null : shown } }
}

interface Caller {
  readonly tenant: string
  readonly member: string
}

function handwrittenApp(pool: Pool, secret: string): express.Express {
  // Dates without a time stay what they are; these bigints are small.
  types.setTypeParser(types.builtins.DATE, (text) => text)
  types.setTypeParser(types.builtins.INT8, Number)
  // Once: given a text, jsonwebtoken would make a key of it for every request.
  const key = createSecretKey(Buffer.from(secret))
  const app = express().disable('x-powered-by').disable('etag')

  const inTransaction = async <T>(tenant: string, work: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect()
    try {
      await client.query('begin')
      await client.query({ name: 'tenant', text: `select set_config('app.tenant', $1, true)`, values: [tenant] })
      const result = await work(client)
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback')
      throw error
    } finally {
      client.release()
    }
  }
  const authenticate: RequestHandler = (request, response, next) => {
    response.locals['caller'] = jwt.verify(request.headers.authorization?.slice('Bearer '.length) ?? '', key)
    next()
  }
  const callerOf = (response: Response): Caller => response.locals['caller'] as Caller

  app.use(authenticate)
  app.get('/api/crm/deals', async (request, response) => {
    const { tenant } = callerOf(response)
    const limit = Math.min(Number(request.query['limit'] ?? 50), 500)
    const withCompany = request.query['expand'] === 'company'
    const rows = await inTransaction(tenant, async (client) => {
      const statement = withCompany ? { name: 'list-company', text: statements.listWithCompany } : { name: 'list', text: statements.list }
      return (await client.query<Row>({ ...statement, values: [tenant, limit + 1] })).rows
    })
    const page = rows.slice(0, limit)
    const nextCursor = rows.length > limit ? Buffer.from(String(page.at(-1)?.['id'])).toString('base64url') : null
    response.json({ data: page.map(withCompany ? dealWithCompany : dealOf), page: { limit, nextCursor } })
  })
  app.get('/api/crm/deals/:id', async (request: Request<{ id: string }>, response) => {
    const { tenant } = callerOf(response)
    const { rows } = await inTransaction(tenant, (client) =>
      client.query<Row>({ name: 'get', text: statements.get, values: [tenant, request.params.id] }),
    )
    if (rows[0] === undefined) response.status(404).json({ error: 'not found' })
    else response.set('etag', `"${String(rows[0]['version'])}"`).json(dealOf(rows[0]))
  })
  app.post('/api/crm/deals', express.json(), async (request, response) => {
    const { tenant, member } = callerOf(response)
    const { name, company, stage, value, probability, margin, expected_close, kind, priority } = request.body as Row & {
      value: { amount: string; currency: string }
    }
    const values = [
      tenant,
      uuid(),
      member,
      name,
      company,
      stage,
      value.amount,
      value.currency,
      probability,
      margin,
      expected_close,
      kind,
      priority,
    ]
    const { rows } = await inTransaction(tenant, (client) => client.query<Row>({ name: 'create', text: statements.create, values }))
    response.status(201).json(dealOf(rows[0] ?? {}))
  })
  return app
}

/** Serves on a free loopback port; answers the address. */
export async function serveHandwritten(databaseUrl: string, secret: string): Promise<string> {
  const pool = new Pool({ connectionString: databaseUrl, max: 16 })
  const server = handwrittenApp(pool, secret).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
