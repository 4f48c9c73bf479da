import { expect, test } from 'vitest'
import type { Context } from './check.ts'
import { complete } from './complete.ts'
import { business, namesOf } from '../testing/expressions/business.ts'

const context: Context = {
  names: namesOf(business),
  self: 'crm.deal',
  roots: new Set(['self', 'user', 'tenant', 'today', 'params']),
  settings: null,
  params: new Map([['from', { kind: 'date' }]]),
}
/** The caret stands at |. */
const at = (
  text: string,
  where = context,
): { readonly from: number; readonly labels: readonly string[]; readonly inserts: readonly string[] } => {
  const { from, items } = complete(text.replace('|', ''), text.indexOf('|'), where)
  return { from, labels: items.map(({ label }) => label), inserts: items.map(({ insert }) => insert) }
}

test.each([
  ['1|'],
  ["'self.|"],
  ['self.name |'],
  ['self.nothing.|'],
  ['self.lines.|'],
  ['nobody.|'],
  [')))].|'],
  ["self.name == '|"],
  ['sum(self.lines, l, x.|'],
  ['sum(self.lines, l.|'],
])('nothing at %s that is not there', (text) => {
  expect(at(text).labels).toEqual([])
})

test('what begins: variables, roots that are there, functions, words', () => {
  const { labels, inserts, from } = at('self.quantity > |')
  expect(from).toBe(16)
  expect(labels.slice(0, 5)).toEqual(['self', 'user', 'tenant', 'today', 'params'])
  expect(labels).toEqual(expect.arrayContaining(['sum', 'round', 'null', 'core.exchange_rate']))
  expect(labels).not.toEqual(expect.arrayContaining(['settings']))
  expect(inserts).toContain('round(')
  expect(at('self.quantity > 1 && s|').labels).toEqual(expect.arrayContaining(['self', 'sum']))
  expect(at('todX|').labels).toEqual([])
  expect(at('t|').from).toBe(0)
})

test('members behind a point, of records, lines, money and parts', () => {
  expect(at('self.com|')).toMatchObject({ from: 5, labels: ['company'] })
  expect(at('self.company.owner.|').labels).toEqual(expect.arrayContaining(['name', 'email', 'id']))
  expect(at('self.value.|').labels).toEqual(['amount', 'currency'])
  expect(at('self.company.address.|').labels).toEqual(['street', 'city'])
  expect(at('user.ro|').labels).toEqual(['roles'])
  expect(at('tenant.|').labels).toContain('time_zone')
  expect(at('params.|').labels).toEqual(['from'])
  expect(at('core.|').labels).toContain('exchange_rate')
  expect(at('first(self.lines, l, l.quantity > 1).|').labels).toContain('product')
})

test('the variables of the loops around', () => {
  expect(at('sum(self.lines, l, l.pr|').labels).toEqual(['product'])
  expect(at('self.lines.sum(l, l.pr|').labels).toEqual(['product'])
  expect(at('exists(self.company.deals, d, exists(d.lines, l, l.parent.|').labels).toContain('stage')
  expect(at('first(core.exchange_rate, r, r.|').labels).toContain('rate')
  expect(at('sum(self.lines, line, |').labels[0]).toBe('line')
  expect(at('sum(self.lines, line, line.quantity) + |').labels).not.toContain('line')
})

test('options where something is compared with one', () => {
  expect(at('self.stage == |').inserts.slice(0, 4)).toEqual(["'new'", "'qualified'", "'won'", "'lost'"])
  expect(at("self.stage == '|")).toMatchObject({ from: 14, inserts: ["'new'", "'qualified'", "'won'", "'lost'"] })
  expect(at("self.stage != 'w|").inserts).toEqual(["'won'"])
  expect(at("self.stage in ['new', '|").labels).toContain('lost')
  expect(at('self.company.region == |').labels.slice(0, 3)).toEqual(['north', 'south', 'west'])
})

test('what a caller may not see is not offered', () => {
  const { 'crm.company': _, ...seen } = business
  const blind = { ...context, names: namesOf(seen) }
  expect(at('self.company.|', blind).labels).toEqual(['id'])
  expect(at('crm.|', blind).labels).not.toContain('company')
})
