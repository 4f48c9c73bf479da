import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check, compileExpression, named as namesOfToday } from './check.ts'
import type { Context } from './check.ts'
import { complete } from './complete.ts'
import { business, namesOf } from '../testing/expressions/business.ts'
import { format } from './format.ts'
import { functions } from './functions.ts'
import { limits } from './limits.ts'
import { parse } from './parse.ts'

const context: Context = {
  names: namesOf(business),
  self: 'crm.deal',
  roots: new Set(['self', 'old', 'user', 'tenant', 'settings', 'now', 'today', 'params']),
  settings: 'core.settings',
  params: new Map([['from', { kind: 'date' }]]),
}

const forms = 'exists all count sum min max avg list first filter running size isUnder workdays businessTime money desc'.split(' ')
const named = functions.map(({ name }) => name).filter((name) => /^[A-Za-z]/.test(name) && name !== 'in')
const words = [
  ...'self old user tenant settings now today params parent target core crm x l __proto__ constructor'.split(' '),
  ...String.raw`true false null in and if 0 1 2.50 99999999999999999999 'won' '2026-11-30' 'EUR' '\u{1F600}' ''`.split(' '),
  ...'|| && == != < >= + - * / % ! ? : . , ( ) [ ] ( ) . .'.split(' '),
  ...Object.values(business).flatMap(({ fields }) => Object.keys(fields).map((name) => `.${name}`)),
  ...[...named, ...forms].map((name) => `${name}(`),
  'self.lines, l, ',
  'self.company.deals, x, ',
  'self.scores, x, ',
  'core.exchange_rate, x, x.from == ',
  'settings.calendar)',
  'self.value',
  'self.fee',
]

/** Whatever is said points into the text, and what is accepted can be stored, written and read again. */
function inspect(text: string): void {
  const { expression, faults } = compileExpression(text, context)
  if (expression === undefined) {
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.length).toBeLessThanOrEqual(limits.faults)
    for (const { start, end, detail } of faults) {
      expect([text, detail, start >= 0 && end >= start && end <= text.length]).toEqual([text, detail, true])
      expect(detail).not.toBe('')
      expect(detail.isWellFormed()).toBe(true)
      expect(detail.length).toBeLessThan(5_000)
    }
    return
  }
  const again = check(expression.canonical, { ...context, isCanonical: true })
  expect([text, again.faults]).toEqual([text, undefined])
  expect(again.expression!.root).toEqual(expression.root)
  const written = compileExpression(format(namesOfToday(expression.canonical, context)), context)
  expect([text, written.faults]).toEqual([text, undefined])
  expect(written.expression!.root).toEqual(expression.root)
}

test('any text is an expression or has faults', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(60), (text, offset) => {
      inspect(text)
      complete(text, offset, context)
    }),
    { numRuns: 1_000 },
  )
})

test('any sequence of words of the language is an expression or has faults', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { maxLength: 25 }), fc.nat(200), (parts, offset) => {
      const text = parts.join(parts.length % 2 === 0 ? '' : ' ')
      inspect(text)
      complete(text, offset, context)
    }),
    { numRuns: 5_000 },
  )
})

const paths = [
  ...'name stage value fee price quantity margin close starts at effort urgent extra owner subject category lines tags scores colours'
    .split(' ')
    .map((name) => `self.${name}`),
  ...'self.company.address self.company.deals self user user.roles tenant tenant.name settings now today params.from'.split(' '),
  ...`x x.quantity x.amount core.exchange_rate core.member null true 1 2.5 'won' '2026-11-30' []`.split(' '),
]

/** Trees that parse, so that the checker sees every combination. */
const { tree } = fc.letrec<{ tree: string }>((tie) => {
  const path = fc.constantFrom(...paths)
  const name = fc.constantFrom(...named, ...forms)
  const inner = tie('tree')
  return {
    tree: fc.oneof(
      { maxDepth: 4 },
      path,
      fc
        .tuple(inner, fc.constantFrom('||', '&&', '==', '!=', '<', '>=', 'in', '+', '-', '*', '/', '%'), inner)
        .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
      fc.tuple(fc.constantFrom('!', '-'), inner).map(([sign, a]) => `${sign}${a}`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc.array(inner, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
      fc.tuple(name, fc.array(inner, { maxLength: 4 })).map(([callee, args]) => `${callee}(${args.join(', ')})`),
      fc.tuple(name, inner, inner).map(([callee, source, body]) => `${callee}(${source}, x, ${body})`),
      fc
        .tuple(inner, fc.constantFrom('amount', 'currency', 'id', 'name', 'parent', 'city', 'rate', 'constructor'))
        .map(([a, member]) => `(${a}).${member}`),
    ),
  }
})

test('any tree has a type or faults', () => {
  fc.assert(
    fc.property(tree, (text) => {
      fc.pre(parse(text).faults === undefined)
      inspect(text)
    }),
    { numRuns: 10_000 },
  )
})
