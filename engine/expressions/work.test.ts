import { expect, test } from 'vitest'
import { compileExpression } from './check.ts'
import type { Context } from './check.ts'
import { business, namesOf } from '../testing/expressions/business.ts'

const context: Context = {
  names: namesOf(business),
  self: 'crm.deal',
  roots: new Set(['self', 'user', 'tenant', 'settings', 'now', 'today']),
  settings: 'core.settings',
}
const faultsOf = (text: string): readonly string[] => (compileExpression(text, context).faults ?? []).map(({ detail }) => detail)

const padded = `split(padLeft(self.name, 9999, 'a'), 'a')`
const long = `replace(padLeft('', 9999, 'a'), 'a', padLeft('', 100, 'b'))`
const numbers = (count: number): string => `[${Array.from({ length: count }, (_, i) => i).join(',')}]`

test.each([
  [`parts of a text inside parts of it`, `count(${padded}, p, count(${padded}, q, q == p + 'x') > 0) > 0`],
  [`parts of a stored text inside parts of another`, `count(split(self.name, ','), p, p in split(self.company.name, ',')) > 0`],
  [`parts that a loop filters`, `count(filter(${padded}, p, size(filter(${padded}, q, q == p)) > 0)) > 0`],
  [`parts inside lists of lists`, `count(${padded}, p, count(list(${padded}, q, q), r, r == p) > 0) > 0`],
  [`parts in a condition of a record that is looked for`, `exists(${padded}, p, first(self.lines, l, p in ${padded}) != null)`],
  [`parts of parts of parts`, `count(split(self.name, ','), a, count(split(a, ';'), b, size(split(a, b)) > 0) > 0) > 0`],
  [`a long text made for each part`, `size(list(${padded}, p, ${long})) > 0`],
  [`a long text made of each part`, `count(${padded}, p, contains(padRight(p, 9999, 'x'), p)) > 0`],
  [`long lists that are written out`, `count(${numbers(166)}, a, count(${numbers(166)}, b, count(${numbers(166)}, c, c > a + b) > 0) > 0)`],
])('%s: too much for one record', (_, text) => {
  expect(faultsOf(text)).toEqual([expect.stringContaining('too long for each record')])
})

test.each([
  `count(${padded}, p, length(p) > 0 && contains(self.name, p)) > 0`,
  `count(split(self.name, ','), pair, size(split(pair, '=')) == 2) > 0`,
  `count(split(left(self.name, 100), ''), p, p in split(left(self.company.name, 100), ',')) > 0`,
  `count(split('a,b,c', ','), p, count(split('a,b,c', ','), q, q == p) > 0) > 0`,
  `exists(self.lines, l, exists(self.company.deals, d, exists(d.lines, m, contains(lower(m.parent.name), lower(self.name)))))`,
  `count(self.company.deals, d, size(split(d.name, ',')) > 1)`,
  `count(${numbers(100)}, a, count(${numbers(100)}, b, a > b) > 0)`,
  `contains(${long} + ${long} + ${long}, 'a')`,
  `join(list(split(self.name, ' '), word, upper(left(word, 1)) + substring(word, 1)), ' ') == ''`,
])('%s', (text) => {
  expect(faultsOf(text)).toEqual([])
})
