import { currencies } from '../fields/currencies.ts'
import { suggestion } from '../fields/nearest.ts'
import { calling, checkCall, isResolved } from './check-calls.ts'
import { isComparisonSign } from './functions-comparison.ts'
import { functionNamed } from './functions.ts'
import { constant, described, faulty, nodeOf, number, text, valued } from './terms.ts'
import type { Checked, Checker, Term } from './terms.ts'
import { keyOf } from './transform.ts'
import type { BinaryOperator, Node, Syntax } from './types.ts'

/**
 * Money is an amount and a currency. Everything is done with amounts, where it is certain before any record is read that the currencies
 * are the same: both a code, or both read from the same place.
 */

type Money = Term & { is: 'money' }

const differing = 'these amounts may have different currencies; compare .amount, or convert first'

const isNumber = (term: Term): boolean => term.is === 'value' && term.type.kind === 'number'
export const sameCurrency = (a: Node | null, b: Node | null): boolean => a !== null && b !== null && keyOf(a) === keyOf(b)
/** The currency that is known before any record is read: no other may be written for amounts that are to go with this one. */
const codeOf = ({ currency }: Money): string | null => (currency?.kind === 'constant' ? String(currency.value) : null)
const isOwn = (node: Node | null): boolean => node?.kind === 'field' && node.member === 'currency'

/** A binary operator with money on at least one side. Null: nothing is said here, as neither is. */
export function checkMoneyOperator(checker: Checker, syntax: Syntax, operator: BinaryOperator, left: Checked, right: Checked): Term | null {
  const [a, b] = [left.term, right.term]
  if (a.is !== 'money' && b.is !== 'money') return null
  if (a.is === 'money' && b.is === 'money') return ofTwo(checker, syntax, operator, a, b)
  const money = (a.is === 'money' ? a : b) as Money
  const other = a.is === 'money' ? right : left
  if (other.term.is === 'null' && operator !== 'in') {
    const amount = calling(operator, [nodeOf(a), nodeOf(b)])
    return isComparisonSign(operator) ? valued({ kind: 'boolean' }, amount) : { ...money, amount }
  }
  if (isNumber(other.term)) {
    if (operator === '*' || (operator === '/' && a.is === 'money')) return { ...money, amount: calling(operator, [nodeOf(a), nodeOf(b)]) }
    const side = a.is === 'money' ? left : right
    const code = codeOf(money)
    const made = code === null ? '' : `, or money(…, '${code}') around the number`
    return checker.refuse(side.syntax, `this is an amount of money, the other a number: write .amount for its number${made}`).term
  }
  const what = described(other.term, checker.context.names)
  return checker.refuse(syntax, `${operator} does not go with an amount of money and ${what}: write .amount for its number`).term
}

function ofTwo(checker: Checker, syntax: Syntax, operator: BinaryOperator, a: Money, b: Money): Term {
  const isEquality = operator === '==' || operator === '!='
  if (isEquality && isOwn(a.currency) && isOwn(b.currency) && !sameCurrency(a.currency, b.currency)) return equality(operator, a, b)
  if (!isComparisonSign(operator) && !['+', '-', '/'].includes(operator))
    return checker.refuse(syntax, `${operator} does not go with two amounts of money: write .amount for their numbers`).term
  if (!sameCurrency(a.currency, b.currency)) return checker.refuse(syntax, differing).term
  const node = calling(operator, [a.amount, b.amount])
  if (isComparisonSign(operator)) return valued({ kind: 'boolean' }, node)
  return operator === '/' ? valued(number, node) : { is: 'money', amount: node, currency: a.currency }
}

/** Two amounts that each have a currency of their own are equal when both parts are. */
function equality(operator: '==' | '!=', a: Money, b: Money): Term {
  const boolean = { kind: 'boolean' } as const
  const left = calling('==', [a.amount, b.amount])
  const both: Node = { kind: 'and', type: boolean, left, right: calling('==', [a.currency!, b.currency!]) }
  return valued(boolean, operator === '==' ? both : { kind: 'not', type: boolean, operand: both })
}

/** Functions of which one argument is money and the answer too, and those that take several of one currency. */
const ofOne: ReadonlySet<string> = new Set(['abs', 'round', 'floor', 'ceil', 'trunc', 'neg'])
const ofSeveral: ReadonlySet<string> = new Set(['coalesce', 'least', 'greatest'])
const tests: ReadonlySet<string> = new Set(['isNull', 'isNotNull', 'isEmpty'])

/** A call with money among its arguments. Null: there is none. */
export function checkMoneyCall(checker: Checker, syntax: Syntax, name: string, args: readonly Checked[]): Term | null {
  const amounts = args.flatMap(({ term }) => (term.is === 'money' ? [term] : []))
  const [first] = amounts
  if (first === undefined) return null
  if (args.some(({ term }) => term.is === 'fault')) return { is: 'fault' }
  const others = args.filter(({ term }) => term.is !== 'money' && term.is !== 'null')
  const isOne = ofOne.has(name) && amounts.length === 1 && args[0]!.term.is === 'money' && others.every(({ term }) => isNumber(term))
  const isSeveral = ofSeveral.has(name) && others.length === 0
  const isTest = tests.has(name) && others.length === 0
  if (functionNamed(name) === undefined || !(isOne || isSeveral || isTest)) {
    const at = args.find(({ term }) => term.is === 'money')!
    return checker.refuse(at.syntax, 'this is an amount of money: write .amount for its number').term
  }
  if (!isTest && amounts.length > 1 && !amounts.every(({ currency }) => sameCurrency(currency, first.currency)))
    return checker.refuse(syntax, differing).term
  const answer = checkCall(checker, syntax, name, args.map(amountOf))
  if (!isResolved(answer) || isTest) return answer.term
  return { is: 'money', amount: nodeOf(answer.term), currency: first.currency }
}

const amountOf = (arg: Checked): Checked => (arg.term.is === 'money' ? { ...arg, term: valued(number, arg.term.amount) } : arg)

/** Branches of which one is money. Null: neither is. */
export function checkMoneyBranches(checker: Checker, syntax: Syntax, condition: Node, then: Checked, otherwise: Checked): Term | null {
  const terms = [then.term, otherwise.term]
  const money = terms.find((each): each is Money => each.is === 'money')
  if (money === undefined) return null
  const odd = [then, otherwise].find(({ term }) => term.is !== 'money' && term.is !== 'null')
  if (odd !== undefined) {
    const what = described(odd.term, checker.context.names)
    const code = codeOf(money)
    const advice = code === null ? 'take .amount of that one, or write null here' : `write money(…, '${code}')`
    return checker.refuse(odd.syntax, `this is ${what}, the other branch an amount of money: ${advice}`).term
  }
  if (!terms.every((each) => each.is !== 'money' || each === money || sameCurrency(each.currency, money.currency)))
    return checker.refuse(syntax, differing).term
  const branch = (term: Term): Node => (term.is === 'money' ? term.amount : constant(number, null))
  const amount: Node = { kind: 'if', type: number, condition, then: branch(then.term), otherwise: branch(otherwise.term) }
  return { is: 'money', amount, currency: money.currency }
}

/** `money(amount, currency)`. */
export function checkMoneyMade(checker: Checker, syntax: Syntax, args: readonly Checked[]): Term {
  const [amount, currency] = args
  if (amount === undefined || currency === undefined || args.length > 2) return checker.refuse(syntax, 'write money(amount, currency)').term
  if (args.some(({ term }) => term.is === 'fault')) return faulty(syntax).term
  if (!isNumber(amount.term) && amount.term.is !== 'null') {
    const what = described(amount.term, checker.context.names)
    return checker.refuse(amount.syntax, `the amount must be a number; this is ${what}`).term
  }
  if (currency.term.is !== 'value' || currency.term.type.kind !== 'text')
    return checker.refuse(currency.syntax, "the currency must be text, such as 'EUR' or self.company.currency").term
  const { node } = currency.term
  if (node.kind === 'constant' && !currencies.has(String(node.value))) {
    const code = String(node.value)
    return checker.refuse(currency.syntax, `"${code.slice(0, 10).toWellFormed()}" is no currency in use.${suggestion(code, currencies)}`)
      .term
  }
  return {
    is: 'money',
    amount: amount.term.is === 'null' ? constant(number, null) : nodeOf(amount.term),
    currency: { ...node, type: text },
  }
}
