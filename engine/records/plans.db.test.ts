import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Query } from '../database/types.ts'
import { applyCatalogues } from '../schema/apply.ts'
import { asRole, nativeSession, type TestSession } from '../testing/schema.ts'
import { sampleSketch, sketchCatalogue } from '../testing/sketch.ts'
import { accessFor } from './access.ts'
import { aggregateQuery, parseAggregate } from './aggregate.ts'
import { createCursors } from './cursor.ts'
import { getQuery, parseGet } from './get.ts'
import { listQuery, parseList } from './list.ts'
import type { Actor } from './types.ts'

/** What PostgreSQL does with the statements of the pipeline, under row policies, in a tenant of 200,000 deals among others. */
const catalogue = sketchCatalogue(sampleSketch)
const access = accessFor(catalogue, ['core.admin'])
const cursors = createCursors(Buffer.alloc(32))
const deals = access.entities.get('crm.deal')!
const large = '00000000-0000-7000-8000-000000000001'
const small = '00000000-0000-7000-8000-000000000002'
const member = (tenant: string): string => tenant.replace('8000', '9000')
const actor = (tenant: string): Actor => ({
  tenant,
  tenantSlug: 'x',
  member: member(tenant),
  session: null,
  roles: ['core.admin'],
  generation: 1,
  timeZone: 'Europe/Berlin',
  tenantName: 'x',
  locale: 'en',
  currency: 'EUR',
})
const parameters = (query: Readonly<Record<string, string>>) => new Map(Object.entries(query).map(([name, value]) => [name, [value]]))
const list = (query: Readonly<Record<string, string>>, tenant = large): Query =>
  listQuery(parseList(access, deals, actor(tenant), parameters(query), cursors), actor(tenant))

interface Plan {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Shared Hit Blocks'?: number
  readonly 'Shared Read Blocks'?: number
  readonly Plans?: readonly Plan[]
}
const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)]

const rows = (tenant: string, count: number): string => `
  insert into core.member (tenant_id, id, version, revision, created_at, created_via, updated_at, name)
    values ('${tenant}', '${member(tenant)}', 1, 1, now(), 'seed', now(), 'Ada');
  insert into crm.company (tenant_id, id, version, revision, created_at, created_via, updated_at, name)
    select '${tenant}', overlay('${tenant}' placing lpad(to_hex(c), 8, '0') from 1)::uuid, 1, 1, now(), 'seed', now(), 'Company ' || c from generate_series(1, ${count / 100}) c;
  insert into crm.deal (tenant_id, id, version, revision, created_at, created_via, updated_at, name, value, value__currency, margin, close, company, owner, stage)
    select '${tenant}', overlay('${tenant}' placing lpad(to_hex(d), 8, '0') from 1)::uuid, 1, 1, timestamptz '2026-01-01' + d * interval '1 second', 'seed', now(),
      'Deal ' || d || ' word' || d / 10, d * 1.25, 'EUR', d * 0.5, date '2026-01-01' + d % 1000, overlay('${tenant}' placing lpad(to_hex(1 + d % ${count / 100}), 8, '0') from 1)::uuid,
      '${member(tenant)}', case when d % 20000 = 7 then 'won' else 'new' end
    from generate_series(1, ${count}) d;`

let session: TestSession
beforeAll(async () => {
  session = await nativeSession()
  await applyCatalogues(session, [catalogue])
  // Filled first and indexed afterwards, in a fraction of the time; applying the catalogue brings the indexes back.
  const { rows: indexes } = await session.query(`select format('drop index %I.%I', schemaname, indexname) as statement from pg_indexes
    where schemaname = 'crm' and tablename = 'deal' and indexname not in (select conname from pg_constraint) and indexdef not like '%UNIQUE%'`)
  for (const { statement } of indexes) await session.query(String(statement))
  await session.query('reset role')
  await session.query('set session_replication_role = replica')
  await session.query(rows(large, 200_000))
  await session.query(rows(small, 2_000))
  await session.query(
    `update crm.deal set deleted_at = now(), deletion_id = id where tenant_id = '${large}' and name in ('Deal 3 word0', 'Deal 100003 word10000')`,
  )
  await session.query('set session_replication_role = origin')
  await session.query('set role bos_owner')
  await applyCatalogues(session, [catalogue])
  await session.query('analyze crm.deal, crm.company, core.member')
}, 120_000)
afterAll(() => session.close())

const inTenant = <T>(tenant: string, work: () => Promise<T>, scopes: readonly string[] = access.scopes): Promise<T> =>
  asRole(session, 'bos_read', { tenant, member: member(tenant), scopes }, work)
const run = (query: Query) => session.query(query.text, query.values as unknown[])

async function planOf(query: Query, tenant = large): Promise<{ all: Plan[]; removed: number }> {
  return inTenant(tenant, async () => {
    const {
      rows: [row],
    } = await session.query(`explain (analyze, timing off, costs off, format json) ${query.text}`, query.values as unknown[])
    const all = nodes((row!['QUERY PLAN'] as { Plan: Plan }[])[0]!.Plan)
    return { all, removed: all.reduce((sum, node) => sum + (node['Rows Removed by Filter'] ?? 0) * (node['Actual Loops'] ?? 1), 0) }
  })
}

async function pageOf(query: Query): Promise<{ data: { id: string; name: string }[]; keys: (string | null)[] | null }> {
  const {
    rows: [row],
  } = await inTenant(large, () => run(query))
  return { data: JSON.parse(String(row!['data'])), keys: JSON.parse(String(row!['keys'])) }
}

/** Touches little: every deal that is read comes from an index, and few are read in vain. */
async function readsLittle(query: Query, index: RegExp, atMost = 60): Promise<void> {
  const { all, removed } = await planOf(query)
  const text = JSON.stringify(all)
  expect(all.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name'])).toEqual([])
  expect(
    all.some((node) => index.test(node['Index Name'] ?? '') && (node['Actual Loops'] ?? 0) > 0),
    text,
  ).toBe(true)
  expect(removed, text).toBeLessThanOrEqual(atMost)
  const read = all
    .filter((node) => node['Relation Name'] === 'deal')
    .map((node) => (node['Actual Rows'] ?? 0) * (node['Actual Loops'] ?? 1))
  expect(Math.max(...read), text).toBeLessThanOrEqual(atMost)
}

describe('a list in a large tenant', () => {
  it('newest first needs no sort', () => readsLittle(list({}), /pkey/))

  it.each([
    ['', /pkey/],
    ['close', /close/],
    ['-close', /close/],
    ['margin', /margin/],
    ['-value', /value/],
    ['name', /name/],
    ['-created_at', /created/],
  ] as const)('page 1,000 by "%s" costs what page 1 costs', async (sort, index) => {
    const query = { limit: '50', ...(sort && { sort }) }
    const { data, keys } = await pageOf(list(query))
    expect(data).toHaveLength(50)
    // What the cursor of page 999 holds: the sort values of row 49,950.
    const order = {
      '': 'id desc',
      close: 'close, id',
      '-close': 'close desc, id desc',
      margin: 'margin__n, id',
      '-value': 'value__n desc, id desc',
      name: `name collate "und-x-icu", name, id`,
      '-created_at': 'created_at desc, id desc',
    }[sort]
    const {
      rows: [row],
    } = await session.query(`select * from crm.deal where tenant_id = $1 order by ${order} offset 49949 limit 1`, [large])
    const values = {
      '': [],
      close: [row!['close']],
      '-close': [row!['close']],
      margin: [row!['margin__n']],
      '-value': [row!['value__n']],
      name: [row!['name'], row!['name']],
      '-created_at': [row!['created_at']],
    }[sort]
    const after = [...values.map((each) => (each instanceof Date ? each.toISOString() : String(each))), String(row!['id'])]
    expect(keys).toHaveLength(after.length)
    const request = parseList(access, deals, actor(large), parameters(query), cursors)
    await readsLittle(listQuery({ ...request, after }, actor(large)), index, 110)
  })

  it.each([
    ['a range of an exact number', { 'margin.gte': '99995.5' }, /margin/, 10],
    ['a range of money', { 'value.gt': '249987.5' }, /value/, 10],
    ['part of a text', { 'name.contains': 'word19999' }, /name__f__trgm|pkey/, 10],
    ['the beginning of a text', { 'name.startsWith': 'deal 19999' }, /trgm|pkey/, 11],
    ['search', { search: 'word19998 deal' }, /pkey/, 10],
    ['a reference', { company: '000000ff-0000-7000-8000-000000000001', limit: '500' }, /company/, 100],
    ['a rare option', { stage: 'won' }, /stage/, 10],
    ['one day', { close: '2026-02-01', limit: '500' }, /close/, 200],
  ] as const)('%s finds its few rows by an index', async (_, query, index, count) => {
    const { data } = await pageOf(list(query))
    expect(data).toHaveLength(count)
    await readsLittle(list(query), index, count + 5)
  })

  it('keeps its plan where values do not decide it, and makes one for the values where they do', async () => {
    const kinds = await inTenant(large, async () => {
      const made: Record<string, unknown> = {}
      for (const [name, query] of [
        ['plain', list({})],
        ['search', list({ search: 'word19998' })],
        ['range', list({ 'margin.gte': '99995.5' })],
        ['option', list({ stage: 'won' })],
      ] as const) {
        await session.query(`prepare ${name} as ${query.text}`)
        const values = (query.values ?? []).map((each) => (each === null ? 'null' : `'${String(each as string | number)}'`)).join(', ')
        for (let i = 0; i < 7; i++) await session.query(`execute ${name}${values ? `(${values})` : ''}`)
        const {
          rows: [row],
        } = await session.query('select generic_plans > 0 as kept from pg_prepared_statements where name = $1', [name])
        made[name] = row!['kept']
        await session.query(`deallocate ${name}`)
      }
      return made
    })
    expect(kinds).toEqual({ plain: true, search: true, range: false, option: false })
  })

  it('is searched through the words of its own tenant alone', async () => {
    // As bos.search does it, with a word that every deal of every tenant has.
    const blocks = async (tenant: string): Promise<number> => {
      await session.query('begin; set local enable_seqscan = off; set local enable_indexscan = off')
      const {
        rows: [row],
      } = await session.query(
        `explain (analyze, buffers, format json) select id from crm.deal where tenant_id = '${tenant}' and bos__search @@ bos.words('deal', bos.mark('${tenant}'))`,
      )
      await session.query('commit')
      const index = nodes((row!['QUERY PLAN'] as { Plan: Plan }[])[0]!.Plan).find((node) => node['Index Name'] === 'crm__deal__search')
      return (index?.['Shared Hit Blocks'] ?? Number.NaN) + (index?.['Shared Read Blocks'] ?? 0)
    }
    const [few, many] = [await blocks(small), await blocks(large)]
    expect(few).toBeLessThan(many / 5)
  })

  it('finds the few deleted ones among all', async () => {
    expect((await pageOf(list({ deleted: 'only' }))).data.map(({ name }) => name)).toEqual(['Deal 100003 word10000', 'Deal 3 word0'])
    await readsLittle(list({ deleted: 'only' }), /deleted/, 2)
  })

  it('expands on the same terms', () => readsLittle(list({ expand: 'company', limit: '50' }), /company__pkey/))
})

describe('one record', () => {
  const id = '00000fff-0000-7000-8000-000000000001'
  it('is one index look-up', async () => readsLittle(getQuery(parseGet(access, deals, id, new Map()), actor(large)), /pkey/, 1))
})

describe('the text of a statement', () => {
  it.each([
    {},
    { sort: '-close,name' },
    { 'margin.gte': '5', company: large, 'name.contains': 'x' },
    { 'stage.in': 'new,won' },
    { search: 'word' },
    { count: 'exact' },
    { limit: '7' },
    { expand: 'company' },
  ])('does not depend on tenant, actor or values: %j', (query) => {
    const other = Object.fromEntries(
      Object.entries(query).map(([name, value]) => [
        name,
        { 'margin.gte': '7.25', company: small, 'name.contains': 'yy%', 'stage.in': 'won', search: 'another one', limit: '9' }[name] ??
          value,
      ]),
    )
    const [here, there] = [list(query, large), list(other, small)]
    expect(there.text).toBe(here.text)
    expect(there.name).toBe(here.name)
    expect(there.values).not.toEqual(here.values)
    expect(here.text).not.toMatch(/00000000-0000-7000|Europe/)
  })

  it('nor does that of an aggregate or a cursor', () => {
    const aggregate = (tenant: string, zone: string) => {
      const who = { ...actor(tenant), timeZone: zone }
      return aggregateQuery(
        parseAggregate(access, deals, parameters({ group: 'created_at:month', 'having.count.gte': '1', 'close.gte': '2026-01-01' })),
        who,
      )
    }
    expect(aggregate(small, 'Asia/Tokyo').name).toBe(aggregate(large, 'Europe/Berlin').name)
    const after = (tenant: string, id: string) =>
      listQuery(
        { ...parseList(access, deals, actor(tenant), parameters({ sort: 'close' }), cursors), after: ['2026-01-01', id] },
        actor(tenant),
      )
    expect(after(small, small).name).toBe(after(large, large).name)
  })
})
