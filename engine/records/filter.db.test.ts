import { describe, expect, test } from 'vitest'
import { ok, type Person, type Reply } from '../testing/world.ts'
import { openWorks } from '../testing/works.ts'

/** `filter=<expression>` on lists, aggregates and exports. */
const world = await openWorks()
type Data = Record<string, unknown> & { id: string }
const get = (as: Person, path: string, query: Readonly<Record<string, string>>): Promise<Reply> =>
  world.call(as, 'GET', `${path}?${new URLSearchParams(query)}`)
const make = async (path: string, body: object): Promise<Data> => ok(await world.call('admin@acme', 'POST', path, { body })) as Data
const deals = '/api/crm/deals'
const orders = '/api/works/orders'
const list = async (path: string, query: Readonly<Record<string, string>>, as: Person = 'admin@acme'): Promise<Data[]> =>
  ok(await get(as, path, { limit: '500', sort: 'name', ...query }))['data'] as Data[]
const names = async (path: string, filter: string): Promise<unknown[]> => (await list(path, { filter })).map((each) => each['name'])
const problem = (reply: Reply) => {
  const { code, errors } = reply.body as { code?: string; errors?: { pointer: string; detail: string }[] }
  return [reply.status, code, ...(errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`)]
}

const bolt = await make('/api/works/articles', { name: 'Bolt', price: '2.5' })
const vienna = await make('/api/crm/companies', { name: 'Vienna works', country: 'Austria' })
const berlin = await make('/api/crm/companies', { name: 'Berlin works', country: 'Germany' })
const order = (name: string, more: object) => make(orders, { name, ...more })
await order('a', { customer: vienna.id, due: '2020-01-01', lines: [{ article: bolt.id, quantity: 4 }, { article: bolt.id }] })
await order('b', { customer: berlin.id, due: '2099-01-01', discount: '5', lines: [{ article: bolt.id, quantity: 100 }] })
await order('c', { due: null, status: 'closed' })

describe('the same rows as', () => {
  test('the conditions that say the same', async () => {
    for (const [filter, query] of [
      [`self.stage == 'won'`, { stage: 'won' }],
      [`'won' == self.stage && self.value.amount >= 1000`, { stage: 'won', 'value.amount.gte': '1000' }],
      [`self.stage in ['won', 'lost']`, { 'stage.in': 'won,lost' }],
      [`self.company.country == 'Germany'`, { 'company.country': 'Germany' }],
      [`self.expected_close != null && self.expected_close < '2026-12-01'`, { 'expected_close.lt': '2026-12-01' }],
    ] as const) {
      const expected = await list(deals, query).catch(() => null)
      if (expected === null) throw new Error(`the shipped module has changed: ${JSON.stringify(query)}`)
      expect(
        (await list(deals, { filter })).map((each) => each.id),
        filter,
      ).toEqual(expected.map((each) => each.id))
    }
  })

  test('an aggregate and an export have', async () => {
    const filter = `self.value.amount * 2 > 50000 || startsWith(lower(self.name), 'f')`
    const found = await list(deals, { filter })
    expect(found.length).toBeGreaterThan(0)
    expect(ok(await get('admin@acme', `${deals}/aggregate`, { filter }))['data']).toEqual([{ count: found.length }])
    const exported = await get('admin@acme', `${deals}/export`, { filter, format: 'jsonl', sort: 'name' })
    expect(exported.text.trim().split('\n')).toHaveLength(found.length)
    expect(ok(await get('admin@acme', deals, { filter, count: 'exact', limit: '1' }))['page']).toMatchObject({ total: found.length })
  })

  test('page after page', async () => {
    const filter = `length(self.name) > 3`
    const all = (await list(deals, { filter, sort: '-created_at' })).map((each) => each.id)
    const seen: string[] = []
    for (let cursor: string | undefined; ;) {
      const page = ok(await get('admin@acme', deals, { filter, sort: '-created_at', limit: '7', ...(cursor && { cursor }) }))
      seen.push(...(page['data'] as Data[]).map((each) => each.id))
      cursor = (page['page'] as { nextCursor: string | null }).nextCursor ?? undefined
      if (!cursor) break
      const other = await get('admin@acme', deals, { filter: `length(self.name) > 4`, sort: '-created_at', limit: '7', cursor })
      expect(problem(other).slice(0, 2)).toEqual([400, 'cursor-invalid'])
    }
    expect(seen).toEqual(all)
  })
})

describe('expressions over', () => {
  test('lines, references, inverse relations and derived values', async () => {
    expect(await names(orders, `exists(self.lines, l, l.quantity > 3 && l.article.name == 'Bolt')`)).toEqual(['a', 'b'])
    expect(await names(orders, `sum(self.lines, l, l.quantity) == 5`)).toEqual(['a'])
    expect(await names(orders, `count(self.lines) == 0`)).toEqual(['c'])
    expect(await names(orders, `self.country == 'Austria'`)).toEqual(['a'])
    expect(await names(orders, `self.overdue`)).toEqual(['a'])
    expect(await names(orders, `self.net > 10 && self.net < 1000 && self.customer != null`)).toEqual(['a', 'b'])
    expect(await names(orders, `self.due == null || self.due > today + 1000`)).toEqual(['b', 'c'])
    expect(await names('/api/crm/companies', `exists(self.works_orders, o, o.overdue)`)).toEqual(['Vienna works'])
    expect(await names(orders, `self.created_by == user && tenant.slug == 'acme' && 'core.admin' in user.roles`)).toEqual(['a', 'b', 'c'])
    expect(await names(orders, `self.customer == '${berlin.id}'`)).toEqual(['b'])
  })

  test('lists that say nothing of what they hold are those of whatever takes them', async () => {
    const all = (await list(deals, { limit: '500' })).length
    for (const holidays of ['[]', '[null]'])
      for (const filter of [
        `workdays(date(2026, 11, 23), date(2026, 11, 25), ['monday'], ${holidays}) == 1`,
        `workdays(date(2026, 11, 23), date(2026, 11, 25), ${holidays}, ${holidays}) == 0`,
        `!(self.stage in ${holidays}) || true`,
      ])
        expect(await list(deals, { filter, limit: '500' }), filter).toHaveLength(all)
    expect(await list(deals, { filter: `self.name in []` })).toEqual([])
  })

  test('derived values that are not stored sort, group and filter like any', async () => {
    expect((await list(orders, { sort: '-country' })).map((each) => each['name'])).toEqual(['b', 'a', 'c'])
    expect((await list(orders, { country: 'Germany' })).map((each) => each['name'])).toEqual(['b'])
    expect(ok(await get('admin@acme', `${orders}/aggregate`, { group: 'country', measure: 'count', sort: 'country' }))['data']).toEqual([
      { country: 'Austria', count: 1 },
      { country: 'Germany', count: 1 },
      { country: null, count: 1 },
    ])
  })
})

describe('refusals', () => {
  test('say where and what', async () => {
    for (const [filter, ...faults] of [
      [`self.stag == 'won'`, `filter Characters 6–9: Deal has no "stag". Did you mean "stage"?`],
      [`self.stage = 'won'`, /^filter Character 12: .*==/],
      [`self.stage == 'wonn'`, /Did you mean "won"/],
      [`self.name`, /boolean|true or false/],
      [`self.value > 3`, /amount/],
    ] as const) {
      const told = problem(await get('admin@acme', deals, { filter }))
      expect(told.slice(0, 2), filter).toEqual([400, 'parameter-invalid'])
      for (const fault of faults)
        expect(
          told.some((each) => (typeof fault === 'string' ? each === fault : fault.test(String(each)))),
          filter,
        ).toBe(true)
    }
  })

  test('a hidden field is one that does not exist', async () => {
    const said = async (name: string) =>
      problem(await get('rep@acme', deals, { filter: `self.${name} > 1` })).map((each) => String(each).replaceAll(name, '…'))
    expect(await said('margin')).toEqual(await said('xargin'))
  })

  test('nothing of an expression reaches SQL as text', async () => {
    for (const filter of [
      `self.name == '\\'; drop table crm.deal; --'`,
      `self.name == "x' or 1=1 --"`,
      `set_config('bos.tenant', 'x', false) == ''`,
      `self.name == '$1'`,
      `pg_sleep(9) == 1`,
      `self.__proto__ == 1`,
      `self.constructor == 1`,
      `${'('.repeat(3000)}1`,
      `self.value.amount / 0 > 1`,
      `addDays(self.created_at, 99999999999) == null`,
    ]) {
      const reply = await get('rep@acme', deals, { filter })
      expect([200, 400], filter).toContain(reply.status)
    }
    expect((await list(deals, {})).length).toBeGreaterThan(0)
  })
})
