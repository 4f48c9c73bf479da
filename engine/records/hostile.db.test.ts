import { expect, test } from 'vitest'
import { ok, type Person, type Reply } from '../testing/world.ts'
import { openWorks } from '../testing/works.ts'

/**
 * Hostile expressions at the doors that take them: a filter of a list, an aggregate, an export and a bulk, and what a tenant writes of a
 * role. Each is a fault with its place, or exactly the rows that it says; never a failure, never another row.
 */
const world = await openWorks()
type Data = Record<string, unknown>
const call = (as: Person, method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call(as, method, `/api/${path}`, body === undefined ? {} : { body })
const orders = 'works/orders'
for (const name of ['a', 'b']) ok(await call('admin@acme', 'POST', orders, { name, discount: '5', due: '2026-05-05' }))
const foreign = String(ok(await call('admin@globex', 'POST', orders, { name: 'foreign' }))['id'])
const company = String((ok(await call('admin@globex', 'GET', 'crm/companies?limit=1'))['data'] as Data[])[0]!['id'])

const many = (n: number, text: string, between = ''): string => Array.from({ length: n }, () => text).join(between)
const both = ['a', 'b']
/** The names of the rows that it keeps; null: a fault. */
const hostile: readonly (readonly [filter: string, names: readonly string[] | null])[] = [
  // What would be SQL if any of it got there.
  [`set_config('bos.tenant', '${world.globex.id}', false) == ''`, null],
  [`current_setting('bos.tenant') != ''`, null],
  ['pg_sleep(10) == null', null],
  [`self.name == 'x' or 1=1`, null],
  [`self.name == 'a' -- and more`, null],
  [`self.name == 'a' /* and more */`, null],
  [`self.name == 'a'; drop table works.order`, null],
  [`(select 1) == 1`, null],
  [`self.name == $1`, null],
  ['self.name == `a`', null],
  [`self.name == '\\'; drop table works.order; --'`, []],
  [`self.name == "' or '1'='1"`, []],
  [`self.name in ["a') or ('1'='1"]`, []],
  [`self.name == '$1' || self.name == 'a'`, ['a']],
  [`contains(self.name, '%')`, []],
  [`startsWith(self.name, '_')`, []],
  [`startOf(self.due, 'day; drop table works.order') == null`, null],
  // Names that everything has, in other languages.
  ...['__proto__', 'constructor', 'prototype', 'toString', 'tenant_id', 'deleted_at', 'bos__search', 'ctid', 'xmin', 'custom'].map(
    (name) => [`self.${name} == null`, null] as const,
  ),
  [`self['name'] == 'a'`, null],
  [`self.name.constructor('return 1')() == 1`, null],
  [`hasOwnProperty(self, 'name')`, null],
  [`exists(pg_catalog.pg_class, c, true)`, null],
  [`exists(bos.session, s, true)`, null],
  [`exists(works.order, o, true)`, null],
  [`ѕelf.name == 'a'`, null],
  [`self.name == ‘a’`, null],
  // Other tenants' records are no records.
  [`self.id == '${foreign}'`, []],
  [`self.customer == '${company}'`, []],
  [`true`, both],
  // Large.
  [`${many(3000, '(')}1`, null],
  [`${many(1000, '!')}true`, null],
  [`${many(200, '[')}1`, null],
  [many(900, 'true', '&&'), null],
  [`self.name in [${many(600, `'a'`, ',')}]`, null],
  [`self.name in [${many(400, `'a'`, ',')}]`, ['a']],
  [`self.name == '${many(5000, 'a')}'`, null],
  [many(13, 'count(self.lines) > 0', ' || '), null],
  [`exists(self.lines, a, exists(self.lines, b, exists(self.lines, c, exists(self.lines, d, true))))`, null],
  [`length(replace(padLeft('', 10000, 'a'), 'a', padLeft('', 100, 'b'))) == 1000000`, both],
  [`replace(padLeft('', 10000, 'a'), 'a', padLeft('', 10000, 'b')) == null`, both],
  // Numbers.
  ['1 / 0 == null', both],
  ['self.discount / 0 > 1', []],
  ['self.discount % 0 == null', both],
  [`power(10, 99) * power(10, 99) * power(10, 99) > self.discount`, both],
  [`power(self.discount, 100000) == null`, both],
  [`self.discount < 1${many(300, '0')}`, null],
  [`self.discount < 1${many(90, '0')}`, both],
  ['self.discount < 1e999', null],
  [`self.discount * 99999999999999999999.999999999999 < 0`, []],
  [`number(self.name) > 0`, []],
  // Dates.
  [`self.due < '2026-02-30'`, null],
  [`self.due == '0000-00-00'`, null],
  [`self.due > 'infinity'`, null],
  [`date(2026, 13, 45) == null`, both],
  [`addDays(self.due, 99999999999) == null`, both],
  [`addMonths(self.due, -99999999999999999999) == null`, both],
  [`self.due + 0.5 == '2026-05-05'`, both],
  // Text that is none.
  [`self.name == '\\u{0}'`, null],
  [`self.name == '\\u{110000}'`, null],
  [`self.name == '\\uD800'`, null],
  [`self.name == '\u0000'`, null],
]

const fault = (reply: Reply, status: number): readonly string[] => {
  const { errors = [] } = reply.body as { errors?: { detail: string }[] }
  expect(reply.status, reply.text).toBe(status)
  expect(errors.length, reply.text).toBeGreaterThan(0)
  return errors.map(({ detail }) => detail)
}
const named = (data: unknown): string[] => (data as Data[]).map((each) => String(each['name'])).sort()

test.each(hostile.map(([filter, names]) => [filter.slice(0, 70), filter, names] as const))('%s', async (_, filter, names) => {
  const query = new URLSearchParams({ filter })
  const list = await call('admin@acme', 'GET', `${orders}?${query}`)
  const aggregate = await call('admin@acme', 'GET', `${orders}/aggregate?${query}`)
  const exported = await call('admin@acme', 'GET', `${orders}/export?format=jsonl&${query}`)
  const bulk = await call('admin@acme', 'POST', `${orders}/bulk`, { filter, operation: { op: 'update', data: {} } })
  if (names === null) {
    for (const each of [list, aggregate, exported])
      for (const detail of fault(each, 400)) expect(detail).toMatch(/^Characters? \d|characters/)
    expect([400, 422]).toContain(bulk.status)
    return
  }
  expect(named(ok(list)['data'])).toEqual(names)
  expect(ok(aggregate)['data']).toEqual([{ count: names.length }])
  expect(
    exported.text
      .trim()
      .split('\n')
      .filter((line) => line !== ''),
  ).toHaveLength(names.length)
  expect((ok(bulk)['results'] as unknown[]).length).toBe(names.length)
})

test('bytes that are no text, two filters, and one that is empty', async () => {
  const status = async (query: string): Promise<unknown> => [query, (await call('admin@acme', 'GET', `${orders}?${query}`)).status]
  for (const query of ['filter=%ff%fe', 'filter=%00', 'filter=true&filter=false', 'filter[]=true', 'filter=%'])
    expect(await status(query)).toEqual([query, 400])
  expect(await status('filter=')).toEqual(['filter=', 200])
})

test('what a tenant writes of a role is judged alike', async () => {
  const place = 'access/roles/works.user/permissions/works/orders'
  const { rep = '' } = world.acme.members
  ok(await call('admin@acme', 'PUT', `access/${rep}`, { email: 'rep@acme.test', roles: ['core.user', 'works.user'] }))
  for (const [filter, names] of hostile.filter(([each]) => each !== 'true')) {
    const put = await call('admin@acme', 'PUT', place, { scope: 'all', read: filter })
    if (put.status === 422) expect([filter, fault(put, 422).length > 0]).toEqual([filter, true])
    else {
      expect([filter, put.status < 300], put.text).toEqual([filter, true])
      expect([filter, named(ok(await call('rep@acme', 'GET', orders))['data'])]).toEqual([filter, names])
    }
  }
  ok(await call('admin@acme', 'DELETE', place))
})
