import type { Currency, ValueType } from '../fields/type.ts'
import { currencyAlong } from './check-members.ts'
import { sameCurrency } from './check-money.ts'
import { coerced, isPending, noScalar } from './coerce.ts'
import { joined } from './merged-type.ts'
import { constant, currencyOf, described, kindName, recordName, text, typeOf } from './terms.ts'
import type { Checked, Checker, Scope, Term } from './terms.ts'
import type { Node, Syntax, Type } from './types.ts'

export interface Fitted {
  readonly type: Type
  readonly root: Node
  readonly canonical: Syntax
}

/** The whole expression as a value that the place takes. Null: it is none, and that was reported. */
export function fitted(checker: Checker, given: Checked, scope: Scope, expected: Type | undefined): Fitted | null {
  const read = expected !== undefined && isPending(given) ? coerced(checker, given, expected) : given
  const { term, canonical } = read
  const { names } = checker.context
  if (term.is === 'fault') return null
  if (term.is === 'rows' || term.is === 'space') {
    checker.refuse(read.syntax, noScalar(term, names))
    return null
  }
  if (expected === undefined) return made(checker, read, expected)
  if (term.is === 'null') return { type: expected, root: { kind: 'constant', type: expected, value: null }, canonical }
  if (expected.kind === 'money') return fittedMoney(checker, read, scope, expected.currency)
  if (!fits(term, expected)) {
    checker.refuse(
      read.syntax,
      `this is ${described(term, names)}, but ${wanted(expected, checker)} is needed here${advice(term, expected)}`,
    )
    return null
  }
  return made(checker, read, expected)
}

function made(checker: Checker, { term, syntax, canonical }: Checked, expected: Type | undefined): Fitted | null {
  if (term.is === 'money') {
    if (term.currency !== null) return { type: typeOf(term), root: moneyNode(term.amount, term.currency), canonical }
    checker.refuse(syntax, 'its currency cannot be read here: write .amount')
    return null
  }
  const type = typeOf(term)
  const root = term.is === 'value' || term.is === 'record' ? term.node : ({ kind: 'constant', type, value: null } as const)
  // An empty list is one of whatever is needed.
  if (expected?.kind === 'list' && root.kind === 'list' && root.items.length === 0)
    return { type: expected, root: { ...root, type: expected }, canonical }
  return { type, root, canonical }
}

const moneyNode = (amount: Node, currency: Node): Node => ({
  kind: 'money',
  type: { kind: 'money', currency: currencyOf(currency) },
  amount,
  currency,
})

function fits(term: Term, expected: Type): boolean {
  if (term.is === 'record') return expected.kind === 'record' && term.entities.every((each) => expected.entities.includes(each))
  if (term.is !== 'value' || expected.kind === 'record' || expected.kind === 'rows' || expected.kind === 'null') return false
  if (term.node.kind === 'list' && term.node.items.length === 0) return expected.kind === 'list'
  if (term.type.kind === 'composite' && expected.kind === 'composite') return term.type.members.join(' ') === expected.members.join(' ')
  return joined(term.type, expected) !== undefined
}

/** An amount of the field's currency; a number where the field alone says which that is. */
function fittedMoney(checker: Checker, read: Checked, { self }: Scope, wantedCurrency: Currency): Fitted | null {
  const { term, syntax, canonical } = read
  const currency =
    wantedCurrency.kind === 'code'
      ? constant(text, wantedCurrency.code)
      : wantedCurrency.kind === 'path' && self !== null
        ? currencyAlong(checker, self, wantedCurrency.path)
        : null
  if (term.is === 'value' && term.type.kind === 'number' && wantedCurrency.kind !== 'own') {
    if (currency !== null) return { type: { kind: 'money', currency: wantedCurrency }, root: moneyNode(term.node, currency), canonical }
    checker.refuse(syntax, 'the currency of this field cannot be read here')
    return null
  }
  if (term.is !== 'money') {
    const how = term.is === 'value' && term.type.kind === 'number' ? ': write money(…, currency)' : ''
    checker.refuse(syntax, `this is ${described(term, checker.context.names)}, but an amount of money is needed here${how}`)
    return null
  }
  if (wantedCurrency.kind !== 'own' && !sameCurrency(term.currency, currency)) {
    const which = wantedCurrency.kind === 'code' ? wantedCurrency.code : wantedCurrency.path
    checker.refuse(syntax, `this amount may not be in ${which}, the currency of the field: convert it first, or write .amount`)
    return null
  }
  const result = made(checker, read, undefined)
  return result && { ...result, type: { kind: 'money', currency: wantedCurrency } }
}

function wanted(type: Type, { context: { names } }: Checker): string {
  if (type.kind === 'record') return recordName(type.entities, names)
  return type.kind === 'rows' || type.kind === 'null' ? 'a value' : kindName(type.kind)
}

function advice(term: Term, expected: Type): string {
  const kind = term.is === 'value' ? term.type.kind : term.is
  if (kind === 'dateTime' && expected.kind === 'date') return ': write date(…) for its day'
  if (kind === 'money' && expected.kind === 'number') return ': write .amount for its number'
  if (expected.kind === 'text' && isPlain(kind)) return ': write text(…)'
  if (expected.kind === 'boolean' && kind !== 'boolean') return ': compare it with something'
  return ''
}
const isPlain = (kind: ValueType['kind'] | Term['is']): boolean => ['number', 'date', 'dateTime', 'time', 'duration'].includes(kind)
