import { expect, test } from 'vitest'
import { compileExpression } from './check.ts'
import type { Context } from './check.ts'
import { business, namesOf } from '../testing/expressions/business.ts'
import type { Needs } from './types.ts'

const context: Context = {
  names: namesOf(business),
  self: 'crm.deal',
  roots: new Set(['self', 'old', 'user', 'tenant', 'settings', 'now', 'today']),
  settings: 'core.settings',
}

/** Only what is there. */
function sketch({ values, hops, document, lines, links, inverse }: Needs): unknown {
  const inner = (map: ReadonlyMap<string, Needs>): unknown => Object.fromEntries([...map].map(([key, needs]) => [key, sketch(needs)]))
  return {
    ...(values.size > 0 && { values: [...values] }),
    ...(hops.size > 0 && { hops: inner(hops) }),
    ...(document && { document: sketch(document) }),
    ...(lines.size > 0 && { lines: inner(lines) }),
    ...(links.size > 0 && { links: inner(links) }),
    ...(inverse.size > 0 && { inverse: inner(inverse) }),
  }
}
function read(text: string, self = 'crm.deal'): unknown {
  const { expression, faults } = compileExpression(text, { ...context, self, roots: new Set([...context.roots, 'parent']) })
  if (expression === undefined) throw new Error(JSON.stringify(faults))
  const { roots, searched, parameters } = expression.dependencies
  const named = (map: ReadonlyMap<string, Needs>): object => Object.fromEntries([...map].map(([key, needs]) => [key, sketch(needs)]))
  return { ...named(roots), ...named(searched), ...(parameters.size > 0 && { parameters: [...parameters] }) }
}

test.each<[text: string, reads: object]>([
  ['1 + 2 > 2', {}],
  ['self.name == old.name', { self: { values: ['name'] }, old: { values: ['name'] } }],
  [
    'self.company.owner.name == tenant.name',
    { self: { hops: { company: { hops: { owner: { values: ['name'] } } } } }, parameters: ['tenant.name'] },
  ],
  ['self.owner == user', { self: { values: ['owner'] }, user: {} }],
  [
    'sum(self.lines, l, l.quantity * l.parent.margin) > settings.approval_limit',
    { self: { values: ['margin'], lines: { lines: { values: ['quantity'] } } }, settings: { values: ['approval_limit'] } },
  ],
  ['self.price', { self: { values: ['price'], hops: { company: { values: ['currency'] } } } }],
  [
    'exists(self.company.deals, d, d.stage == self.stage)',
    { self: { values: ['stage'], hops: { company: { inverse: { 'crm.deal/company': { values: ['stage'] } } } } } },
  ],
  [
    "first(self.lines, l, l.delivered, l.quantity).product == 'x'",
    { self: { lines: { lines: { values: ['delivered', 'quantity', 'product'] } } } },
  ],
  ["first(core.exchange_rate, r, r.from == 'EUR', desc(r.day)).rate", { 'core.exchange_rate': { values: ['from', 'day', 'rate'] } }],
  [
    'count(self.tags, t, t.hue > 1) > size(filter(self.scores, s, s > self.quantity))',
    { self: { values: ['scores', 'quantity'], links: { tags: { values: ['hue'] } } } },
  ],
])('%s', (text, reads) => {
  expect(read(text)).toEqual(reads)
})

test('a line reads of its document', () => {
  expect(read('running(parent.lines, l, l.quantity) < parent.quantity', 'crm.line')).toEqual({
    self: { document: { values: ['quantity'], lines: { lines: { values: ['quantity'] } } } },
  })
})
