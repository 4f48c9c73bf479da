import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely'
import { expect, test } from 'vitest'
import { compileExpression } from './check.ts'
import type { Root } from './check.ts'
import { namesOf } from '../testing/expressions/business.ts'
import { Frame } from './sql-tables.ts'
import type { SqlContext, Tables } from './sql-tables.ts'
import { toSql } from './sql.ts'

/** The text of statements; that they are right is what the differential test says. */
const compiler = new Kysely<Record<string, never>>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

const names = namesOf({
  'core.member': { fields: { name: 'text', team: 'text' } },
  'core.rate': { fields: { code: 'text', day: 'date', rate: 'decimal' }, keys: [['code']] },
  'crm.company': { fields: { name: 'text', owner: '-> core.member' } },
  'crm.deal': {
    fields: {
      stage: 'select new|won',
      quantity: 'integer',
      margin: 'decimal',
      close: 'date',
      company: '-> crm.company',
      lines: 'lines crm.line',
    },
  },
  'crm.line': { document: 'crm.deal', fields: { quantity: 'decimal' } },
})
const roots: ReadonlySet<Root> = new Set<Root>(['self', 'user', 'today'])

const tables: Tables = {
  table: (entity) => sql`${sql.id(...entity.split('.'))}`,
  tenant: (alias) => sql`${sql.id(alias, 'tenant_id')}`,
  id: (alias) => sql`${sql.id(alias, 'id')}`,
  parent: (alias) => sql`${sql.id(alias, 'parent_id')}`,
  position: (alias) => sql`${sql.id(alias, 'position')}`,
  live: (_entity, alias) => sql`${sql.id(alias, 'deleted_at')} is null`,
  column: (_entity, field, _member, alias) => sql`${sql.id(alias, field)}`,
  reference: (_entity, field, _target, alias) => sql`${sql.id(alias, field)}`,
  links: (_entity, field, alias) => sql`${sql.id(alias, field)}`,
  pointsAt: (_entity, field, alias, id) => sql`${sql.id(alias, field)} = ${id}`,
}

/** SQL of the condition, of what it joined, and the parameters. */
function compiled(text: string, isFramed = true): { sql: string; joins: string[]; parameters: readonly unknown[] } {
  const { expression, faults } = compileExpression(text, { names, self: 'crm.deal', roots, settings: null })
  if (!expression) throw new Error(JSON.stringify(faults))
  const frame = new Frame()
  const context: SqlContext = {
    tables,
    zone: sql`zone`,
    tenant: sql`tenant`,
    roots: {
      self: { kind: 'row', alias: 't', frame: isFramed ? frame : null },
      user: { kind: 'lookup', where: (alias) => sql`${sql.id(alias, 'id')} = member` },
    },
    parameter: (name) => sql`${sql.raw(name)}`,
  }
  const { sql: made, parameters } = toSql(sql, expression.root, context).compile(compiler)
  const tidy = (each: string) => each.replace(/\s+/g, ' ').replaceAll('"', '').trim()
  return { sql: tidy(made), joins: frame.joins.map((join) => tidy(join.compile(compiler).sql)), parameters }
}

test('constants are parameters; comparisons are of the types that indexes have', () => {
  expect(compiled(`self.stage == 'won' && self.quantity > 10 && self.close < today`)).toEqual({
    sql: '(((t.stage = ($1::text collate C)) and (t.quantity > $2::bigint)) and (t.close < today))',
    joins: [],
    parameters: ['won', '10'],
  })
  expect(compiled(`self.stage in ['new', 'won']`)).toMatchObject({ sql: '(t.stage = any($1::text[]))', parameters: [['new', 'won']] })
  expect(compiled(`self.margin > 0.5`).sql).toBe('(t.margin > $1::numeric)')
})

test('arithmetic is numeric, and nothing divides by zero', () => {
  expect(compiled(`self.quantity * 2 > 5`).sql).toBe('((t.quantity::numeric * $1::bigint::numeric) > $2::bigint)')
  expect(compiled(`self.quantity / self.margin == 1`).sql).toContain('nullif(t.margin::numeric, 0)')
})

test('a reference is joined once, live, and of the same tenant', () => {
  const company = 'left join crm.company x0 on x0.tenant_id = t.tenant_id and x0.id = t.company and x0.deleted_at is null'
  expect(compiled(`self.company.name == 'a' || self.company.name == self.company.owner.name`)).toMatchObject({
    sql: '((x0.name = ($1::text collate C)) or (x0.name = x1.name))',
    joins: [company, 'left join core.member x1 on x1.tenant_id = x0.tenant_id and x1.id = x0.owner and x1.deleted_at is null'],
  })
})

test('where nothing can be joined, as in a row policy, it is looked up', () => {
  expect(compiled(`self.company.owner.name == user.name`, false)).toMatchObject({
    sql:
      '((select tx1.name from crm.company tx0 left join core.member tx1 on tx1.tenant_id = tx0.tenant_id and tx1.id = tx0.owner and tx1.deleted_at is null' +
      ' where tx0.tenant_id = t.tenant_id and tx0.id = t.company and tx0.deleted_at is null)' +
      ' = (select tx2.name from core.member tx2 where tx2.tenant_id = tenant and tx2.id = member))',
    joins: [],
  })
})

test('loops are sub-selects; what stands outside of them is joined outside', () => {
  expect(compiled(`exists(self.lines, l, l.quantity > 1 && self.company.name == 'a')`)).toMatchObject({
    sql: 'exists (select from crm.line x0 where x0.tenant_id = t.tenant_id and x0.parent_id = t.id and ((x0.quantity > $1::bigint) and (x1.name = ($2::text collate C))))',
    joins: [expect.stringContaining('left join crm.company x1')],
  })
  // An aggregate over nothing but columns of the record around it would belong to the outer statement.
  expect(compiled(`sum(self.lines, l, self.quantity) > 1`).sql).toBe(
    '((select coalesce(sum(x1.value), 0)::numeric from (select t.quantity as value from crm.line x0 where x0.tenant_id = t.tenant_id and x0.parent_id = t.id) x1) > $1::bigint)',
  )
})

test('a search in a loop that is also about a row around it is never hashed', () => {
  const hashed = (text: string) => !compiled(text).sql.includes('offset 0')
  expect(compiled(`exists(self.lines, l, exists(self.lines, m, m.quantity > l.quantity))`).sql).toBe(
    'exists (select from crm.line x0 where x0.tenant_id = t.tenant_id and x0.parent_id = t.id and exists (select from crm.line x1' +
      ' where x1.tenant_id = t.tenant_id and x1.parent_id = t.id and (x1.quantity > x0.quantity) offset 0))',
  )
  expect(hashed(`count(self.lines, l, all(filter(self.lines, m, self.quantity > 1), m, m.quantity > 2)) > 1`)).toBe(false)
  expect(hashed(`exists(self.lines, l, self.quantity > l.quantity)`)).toBe(true)
  expect(hashed(`exists(self.lines, l, exists(self.lines, m, m.quantity > 1))`)).toBe(true)
})

test('a first record is found once for all its fields', () => {
  const { joins } = compiled(
    `first(core.rate, r, r.code == self.stage, desc(r.day)).rate > 1 && first(core.rate, r, r.code == self.stage, desc(r.day)).day < today`,
  )
  expect(joins[0]).toBe(
    'left join lateral (select x1.* from core.rate x1 where x1.tenant_id = tenant and x1.deleted_at is null and (x1.code = t.stage) order by x1.day desc nulls last, x1.id limit 1) x0 on true',
  )
  expect(joins).toHaveLength(1)
})
