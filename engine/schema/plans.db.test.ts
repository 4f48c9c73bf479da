import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asRole, embeddedSession, nativeSession } from '../testing/schema.ts'
import type { TestSession } from '../testing/schema.ts'
import { sampleSketch, sketchCatalogue } from '../testing/sketch.ts'
import { applyCatalogues } from './apply.ts'

const tenant = (number: number): string => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
const ada = tenant(1)

interface Plan {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Relation Name'?: string
  readonly 'Actual Loops'?: number
  readonly Plans?: readonly Plan[]
}
const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)]

/** 20 tenants of 400 deals with 2 lines each: small enough to make, large enough that PostgreSQL wants its indexes. */
const data = `
  insert into core.member (tenant_id, id, version, revision, created_at, created_via, updated_at, name, email)
    select md5('t' || t)::uuid, md5('t' || t || 'm' || m)::uuid, 1, 1, now(), 'seed', now(), 'Member ' || m, 'Member' || m || '@x.test' from generate_series(1, 20) t, generate_series(1, 20) m;
  insert into crm.company (tenant_id, id, version, revision, created_at, created_via, updated_at, name)
    select md5('t' || t)::uuid, md5('t' || t || 'c' || c)::uuid, 1, 1, now(), 'seed', now(), 'Company ' || c from generate_series(1, 20) t, generate_series(1, 50) c;
  insert into crm.deal (tenant_id, id, version, revision, created_at, created_via, updated_at, name, value, value__currency, margin, close, company, owner, stage)
    select md5('t' || t)::uuid, md5('t' || t || 'd' || d)::uuid, 1, 1, timestamptz '2026-01-01' + d * interval '1 minute', 'seed', now(),
      'Deal ' || lpad(d::text, 4, '0'), d * 7.5, 'EUR', d * 1.25, date '2026-01-01' + d, md5('t' || t || 'c' || d % 50)::uuid,
      md5('t' || t || 'm' || d % 20)::uuid, case when d % 2 = 0 then 'new' else 'won' end
    from generate_series(1, 20) t, generate_series(1, 400) d;
  insert into crm.deal_line (tenant_id, id, parent_id, position, product)
    select tenant_id, md5(id::text || n)::uuid, id, n, 'Product ' || n from crm.deal, generate_series(1, 2) n;
  analyze core.member; analyze crm.company; analyze crm.deal; analyze crm.deal_line;`

describe.each(['native', 'embedded'] as const)('%s: indexes that begin with the tenant answer under row-level security', (engine) => {
  let session: TestSession
  let acting: { tenant: string; member: string; scopes: string[] }
  beforeAll(async () => {
    session = engine === 'native' ? await nativeSession() : await embeddedSession()
    await applyCatalogues(session, [sketchCatalogue(sampleSketch)])
    // Companies are numbered 0 to 49 by the deals.
    await session.query(
      data.replace('generate_series(1, 50) c', 'generate_series(0, 49) c').replace('generate_series(1, 20) m', 'generate_series(0, 19) m'),
    )
    const { rows } = await session.query(`select md5('t7')::uuid as tenant, md5('t7m3')::uuid as member`)
    acting = { tenant: String(rows[0]!['tenant']), member: String(rows[0]!['member']), scopes: ['crm.deal:all'] }
  })
  afterAll(() => session.close())

  const explain = (sql: string, scopes = acting.scopes, options = 'costs off'): Promise<Plan[]> =>
    asRole(session, 'bos_read', { ...acting, scopes }, async () => {
      const { rows } = await session.query(`explain (format json, ${options}) ${sql}`)
      return nodes((rows[0]!['QUERY PLAN'] as { Plan: Plan }[])[0]!.Plan)
    })
  const indexed = (plan: Plan[], index: string): Plan | undefined => plan.find((node) => node['Index Name'] === index)

  const conditions: [string, string, string, RegExp][] = [
    ['text, equal', `name collate "und-x-icu" = 'Deal 0007'`, 'crm__deal__name__idx', /name/],
    ['text, range', `name collate "und-x-icu" >= 'Deal 0007' and name collate "und-x-icu" < 'Deal 0009'`, 'crm__deal__name__idx', /name/],
    ['date, equal', `close = '2026-02-01'`, 'crm__deal__close__idx', /close/],
    ['date, range', `close between '2026-02-01' and '2026-02-05'`, 'crm__deal__close__idx', /close/],
    ['decimal through its shadow, equal', 'margin__n = 1250', 'crm__deal__margin__idx', /margin__n/],
    ['decimal through its shadow, range', 'margin__n > 49900', 'crm__deal__margin__idx', /margin__n/],
    ['money through its shadow', 'value__n >= 299000', 'crm__deal__value__idx', /value__n/],
    ['reference', `company = md5('t7c3')::uuid`, 'crm__deal__company__ref', /company/],
    ['created', `created_at < '2026-01-01 00:05Z'`, 'crm__deal__created', /created_at/],
  ]
  test.each(conditions)('%s', async (_, where, index, column) => {
    const node = indexed(
      await explain(`select id from crm.deal where deleted_at is null and tenant_id = '${acting.tenant}' and ${where}`),
      index,
    )
    expect(node?.['Index Cond']).toMatch(/tenant_id = /)
    expect(node?.['Index Cond']).toMatch(column)
  })

  test('folded text, as a unique key that ignores case has it', async () => {
    const sql = `select id from core.member where tenant_id = '${acting.tenant}' and deleted_at is null and email__f = 'member7@x.test'`
    expect(indexed(await explain(sql, ['core.member:all']), 'core__member__email__key')?.['Index Cond']).toMatch(/tenant_id = .*email__f/)
  })

  test('an exact number without its shadow would be a filter only: why the shadow exists', async () => {
    const plan = await explain(`select id from crm.deal where tenant_id = '${acting.tenant}' and margin > 499`)
    expect(plan.some((node) => node['Index Cond']?.includes('margin'))).toBe(false)
  })

  const orders: [string, string, string][] = [
    ['text', `name collate "und-x-icu", name, id`, 'crm__deal__name__idx'],
    ['date', 'close, id', 'crm__deal__close__idx'],
    ['date, backwards', 'close desc, id desc', 'crm__deal__close__idx'],
    ['decimal', 'margin__n, id', 'crm__deal__margin__idx'],
    ['created, newest first', 'created_at desc, id desc', 'crm__deal__created'],
    ['id', 'id', 'crm__deal__pkey'],
  ]
  test.each(orders)('order by %s needs no sort', async (_, order, index) => {
    const plan = await explain(
      `select id from crm.deal where deleted_at is null and tenant_id = '${acting.tenant}' order by ${order} limit 20`,
    )
    expect(indexed(plan, index)).toBeDefined()
    expect(plan.map((node) => node['Node Type']).filter((type) => type.includes('Sort'))).toEqual([])
  })

  test('what a person owns, newest first, is the beginning of one scan: it needs no sort, however much of the tenant it is', async () => {
    const plan = await explain(
      `select id from crm.deal where deleted_at is null and tenant_id = '${acting.tenant}' and owner = (select bos.member()) order by id desc limit 20`,
      ['crm.deal:own'],
    )
    expect(indexed(plan, 'crm__deal__owner__ref')?.['Index Cond']).toMatch(/tenant_id = .*owner/)
    expect(plan.map((node) => node['Node Type']).filter((type) => type.includes('Sort'))).toEqual([])
  })

  test('order and range hold under scope own too', async () => {
    const plan = await explain(
      `select id from crm.deal where tenant_id = '${acting.tenant}' and close > '2026-06-01' order by close, id limit 20`,
      ['crm.deal:own'],
    )
    expect(indexed(plan, 'crm__deal__close__idx')?.['Index Cond']).toMatch(/close/)
  })

  test('lines of a document come in their order, without a look at the document where all documents are visible', async () => {
    const sql = `select id from crm.deal_line where tenant_id = '${acting.tenant}' and parent_id = md5('t7d3')::uuid order by position`
    const plan = await explain(sql)
    expect(indexed(plan, 'crm__deal_line__lines')?.['Index Cond']).toMatch(/parent_id/)
    expect(plan.map((node) => node['Node Type']).filter((type) => type.includes('Sort'))).toEqual([])
    const looksAt = async (scopes: string[]) =>
      (await explain(sql, scopes, 'analyze, timing off, summary off'))
        .filter((node) => node['Relation Name'] === 'deal')
        .map((node) => node['Actual Loops'] ?? -1)
    const [all, own] = [await looksAt(['crm.deal:all']), await looksAt(['crm.deal:own'])]
    expect(all.length).toBeGreaterThan(0)
    expect(Math.max(...all)).toBe(0)
    expect(Math.max(...own)).toBeGreaterThan(0)
  })

  test('a page of deleted records, and what one deletion took along, come from the small index', async () => {
    expect(
      indexed(
        await explain(`select id from crm.deal where tenant_id = '${acting.tenant}' and deleted_at is not null and deletion_id = '${ada}'`),
        'crm__deal__deleted',
      ),
    ).toBeDefined()
  })
})
