import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { columnSql, compiled, openFieldDatabase } from '../testing/field-database.ts'
import type { FieldDatabase } from '../testing/field-database.ts'
import { operand, subject } from '../testing/field-subject.ts'
import type { Subject } from '../testing/field-subject.ts'

let database: FieldDatabase
const fields: Readonly<Record<string, Subject>> = {
  name: subject({ type: 'string', maxLength: 100, 'x-bos': { index: true } }),
  amount: subject({ 'x-bos': { type: 'decimal', scale: 2, index: true } }),
  value: subject({ 'x-bos': { type: 'money', index: true } }),
  day: subject({ type: 'string', format: 'date', 'x-bos': { index: true } }),
  moment: subject({ type: 'string', format: 'date-time', 'x-bos': { index: true } }),
  company: subject({ 'x-bos': { type: 'reference', entity: 'crm.company' } }),
}
beforeAll(async () => {
  database = await openFieldDatabase()
  const columns = Object.entries(fields).flatMap(([name, { type, settings }]) => type.columns(name, settings).map(columnSql))
  await database.client.query(`
    do $$ begin create role fields_reader; exception when duplicate_object then null; end $$;
    create schema policed;
    create table policed.t (tenant_id uuid not null, id int not null, ${columns.join(', ')}, primary key (tenant_id, id));
    alter table policed.t enable row level security; alter table policed.t force row level security;
    create policy read on policed.t for select using (tenant_id = (select nullif(current_setting('bos.tenant', true), '')::uuid));
    grant usage on schema policed, bos to fields_reader; grant select on policed.t to fields_reader;
    insert into policed.t (tenant_id, id, name, amount, value, value__currency, day, moment, company)
      select ('00000000-0000-0000-0000-00000000000' || n % 4)::uuid, n, 'name ' || n, n * 0.01, n, 'EUR', date '2000-01-01' + n, timestamptz '2000-01-01Z' + n * interval '1 hour', ('00000000-0000-0000-0000-0000' || lpad((n % 1000)::text, 8, '0'))::uuid from generate_series(1, 20000) n`)
  for (const [name, { type, settings }] of Object.entries(fields)) {
    await database.client.query(`create index policed_${name} on policed.t (tenant_id, ${type.index!(name, settings).join(', ')})`)
  }
  await database.client.query('analyze policed.t')
})

test.each([
  ['name', 'eq', 'name 400', /\(name\)::text = .*\(name = /],
  ['name', 'in', 'name 400,name 404', /\(name\)::text = ANY .*\(name = ANY/],
  ['name', 'gte', 'name 999', /name >= /],
  ['amount', 'gte', '199.985', /amount__n >= /],
  ['amount', 'eq', '4', /amount__n = /],
  ['amount', 'in', '4,8', /amount__n = ANY/],
  ['value', 'gt', '19990 EUR', /value__n > /],
  ['day', 'eq', '2000-01-05', /day = /],
  ['day', 'lt', '2000-01-20', /day < /],
  ['moment', 'gte', '2002-04-10T00:00:00Z', /moment >= /],
  ['company', 'eq', '00000000-0000-0000-0000-000000000004', /company = /],
] as const)('%s.%s', async (name, operator, text, condition) => {
  const { type, settings } = fields[name]!
  const params = operand(fields[name]!, operator, text)
  const where = type.operators[operator]!.where(
    sql,
    (suffix = '') => sql.ref(`${name}${suffix}`),
    params.map((each) => sql`${each}`),
    settings as never,
  )
  const { text: statement, values } = compiled(
    sql`select id from policed.t where tenant_id = ${'00000000-0000-0000-0000-000000000000'}::uuid and ${where}`,
  )
  const reader = new Client({ connectionString: database.url })
  await reader.connect()
  try {
    await reader.query(`set role fields_reader; set bos.tenant = '00000000-0000-0000-0000-000000000000'; set enable_seqscan = off`)
    const { rows } = await reader.query<{ 'QUERY PLAN': unknown }>(`explain (format json) ${statement}`, values)
    const conditions = [...JSON.stringify(rows[0]!['QUERY PLAN']).matchAll(/"Index Cond":"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1])
    expect(conditions.join('\n')).toMatch(condition)
    const answer = await reader.query(statement, values)
    expect(answer.rowCount).toBeGreaterThan(0)
  } finally {
    await reader.end()
  }
})

afterAll(() => database.close())
