import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check, compileExpression, named } from './check.ts'
import type { Context } from './check.ts'
import { business, namesOf } from '../testing/expressions/business.ts'
import type { Description } from '../testing/expressions/business.ts'
import { format } from './format.ts'
import { parse } from './parse.ts'
import type { BinaryOperator, Syntax } from './types.ts'

const nowhere = { start: 0, end: 0 }
const unplaced = (syntax: unknown): unknown =>
  JSON.parse(JSON.stringify(syntax, (key, value: unknown) => (key === 'start' || key === 'end' || key === 'nameSpan' ? undefined : value)))

const names = fc.constantFrom('self', 'a', 'x1', '_b', '__proto__', 'constructor', 'notes')
/** Behind a point any word may stand. */
const memberNames = fc.constantFrom('name', 'in', 'true', 'null', 'and', 'x_y', 'toString')
const operators = fc.constantFrom<BinaryOperator>('||', '&&', '==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%')
const literals: fc.Arbitrary<Syntax> = fc.oneof(
  fc.constant<Syntax>({ ...nowhere, kind: 'literal', type: 'null' }),
  fc.boolean().map<Syntax>((value) => ({ ...nowhere, kind: 'literal', type: 'boolean', value })),
  fc
    .constantFrom('0', '7', '12.5', '0.001', '99999999999999999999')
    .map<Syntax>((value) => ({ ...nowhere, kind: 'literal', type: 'number', value })),
  fc
    .string({ unit: fc.constantFrom('a', "'", '"', '\\', '\n', '\r', '\t', '\u0001', '\u2028', '😀', ' ', 'u{41}'), maxLength: 6 })
    .map<Syntax>((value) => ({ ...nowhere, kind: 'literal', type: 'text', value })),
)
const { tree } = fc.letrec<{ tree: Syntax }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    literals,
    names.map<Syntax>((name) => ({ ...nowhere, kind: 'name', name })),
    fc.tuple(tie('tree'), memberNames).map<Syntax>(([of, name]) => ({ ...nowhere, kind: 'member', of, name, nameSpan: nowhere })),
    fc.array(tie('tree'), { maxLength: 3 }).map<Syntax>((items) => ({ ...nowhere, kind: 'list', items })),
    fc
      .tuple(fc.constantFrom('!' as const, '-' as const), tie('tree'))
      .map<Syntax>(([operator, operand]) => ({ ...nowhere, kind: 'unary', operator, operand })),
    fc
      .tuple(operators, tie('tree'), tie('tree'))
      .map<Syntax>(([operator, left, right]) => ({ ...nowhere, kind: 'binary', operator, left, right })),
    fc
      .tuple(tie('tree'), tie('tree'), tie('tree'))
      .map<Syntax>(([condition, then, otherwise]) => ({ ...nowhere, kind: 'conditional', condition, then, otherwise })),
    fc
      .tuple(names, fc.array(tie('tree'), { maxLength: 3 }), fc.boolean())
      .map<Syntax>(([name, args, isMethod]) => ({
        ...nowhere,
        kind: 'call',
        name,
        nameSpan: nowhere,
        args,
        isMethod: isMethod && args.length > 0,
      })),
  ),
}))

test('what is written parses to the same tree', () => {
  fc.assert(
    fc.property(tree, (syntax) => {
      const text = format(syntax)
      fc.pre(text.length <= 4_000)
      const parsed = parse(text)
      expect([text, parsed.faults]).toEqual([text, undefined])
      expect(unplaced(parsed.syntax)).toEqual(unplaced(syntax))
    }),
    { numRuns: 1_000 },
  )
})

test.each([
  ['((a+b))*c', '(a + b) * c'],
  ['a-(b-c)', 'a - (b - c)'],
  ['(a-b)-c', 'a - b - c'],
  ['(a == b) == c', '(a == b) == c'],
  ['!(a&&b)||c', '!(a && b) || c'],
  ['a?(b?c:d):e', 'a ? b ? c : d : e'],
  ['(a?b:c)?d:e', '(a ? b : c) ? d : e'],
  ['(5).abs()', '(5).abs()'],
  ['-(-a)', '--a'],
  [`"it's"`, `"it's"`],
  [`'say "it\\'s"'`, `'say "it\\'s"'`],
])('%s → %s', (text, normal) => {
  expect(format(parse(text).syntax!)).toBe(normal)
})

const contextOf = (descriptions: Readonly<Record<string, Description>>): Context => ({
  names: namesOf(descriptions),
  self: 'crm.deal',
  roots: new Set(['self', 'old', 'user', 'tenant', 'settings', 'now', 'today']),
  settings: 'core.settings',
})
const before = contextOf(business)
const { 'core.exchange_rate': rates, ...others } = business
/** Everything has another name, and `stage` is now the name of another field. */
const after = contextOf({
  ...others,
  'core.fx#core.exchange_rate': {
    ...rates!,
    fields: { 'source#from': 'text', 'target#to': 'text', 'at#day': 'date', 'factor#rate': 'decimal' },
  },
  'crm.company': {
    ...business['crm.company']!,
    fields: { ...business['crm.company']!.fields, 'opportunities#x': 'inverse crm.deal/company', deals: 'text' },
  },
  'crm.deal': {
    ...business['crm.deal']!,
    fields: {
      ...Object.fromEntries(
        Object.entries(business['crm.deal']!.fields).filter(([name]) => name !== 'stage' && name !== 'name' && name !== 'lines'),
      ),
      'phase#stage': 'select won#new|open#qualified|closed#w1|lost',
      'stage#name': 'text',
      'parts#lines': 'lines crm.line',
    },
  },
})

test.each([
  [`self.stage == 'won'`, `self.phase == 'closed'`],
  [`self.stage in ['new', 'won', null]`, `self.phase in ['won', 'closed', null]`],
  [`self.stage == (self.urgent ? 'won' : 'lost')`, `self.phase == (self.urgent ? 'closed' : 'lost')`],
  [`coalesce(self.stage, 'new') != 'won'`, `coalesce(self.phase, 'won') != 'closed'`],
  [`self.name == 'won'`, `self.stage == 'won'`],
  [`count(self.lines, stage, stage.quantity > 1) > 2`, `count(self.parts, stage, stage.quantity > 1) > 2`],
  [`exists(self.company.deals, d, d.stage == 'lost')`, `exists(self.company.opportunities, d, d.phase == 'lost')`],
  [
    `first(core.exchange_rate, r, r.from == 'EUR' && r.to == 'USD' && r.day == today, desc(r.day)).rate`,
    `first(core.fx, r, r.source == 'EUR' && r.target == 'USD' && r.at == today, desc(r.at)).factor`,
  ],
  [`self.owner in [user, self.company.owner]`, `self.owner in [user, self.company.owner]`],
  [`self.value.amount + self.lines.sum(l, l.cost).amount > 5`, `self.value.amount + self.parts.sum(l, l.cost).amount > 5`],
])('%s is called %s after everything was renamed', (text, today) => {
  const { expression, faults } = compileExpression(text, before)
  expect(faults).toBeUndefined()
  const { canonical, root } = expression!
  expect(format(named(canonical, before))).toBe(text)
  expect(format(named(canonical, after))).toBe(today)
  const again = compileExpression(today, after)
  expect(again.faults).toBeUndefined()
  expect(unplaced(again.expression!.canonical)).toEqual(unplaced(canonical))
  const stored = check(canonical, { ...after, isCanonical: true })
  expect(stored.faults).toBeUndefined()
  expect(unplaced(stored.expression!.canonical)).toEqual(unplaced(canonical))
  expect(JSON.stringify(stored.expression!.root).replaceAll(/"name":"[^"]*"/g, '')).toBe(
    JSON.stringify(root).replaceAll(/"name":"[^"]*"/g, ''),
  )
})
