import { date } from '../fields/date.ts'
import { dateTime } from '../fields/dateTime.ts'
import { duration } from '../fields/duration.ts'
import { didYouMean, nearest } from '../fields/nearest.ts'
import { time } from '../fields/time.ts'
import type { FieldType, ValueType } from '../fields/type.ts'
import { isUuid } from '../fields/uuid.ts'
import { joined } from './merged-type.ts'
import type { Options } from './merged-type.ts'
import { constant, described, recordName, titleOf, valued } from './terms.ts'
import type { Checked, Checker, Term } from './terms.ts'
import type { Node, Syntax, Type } from './types.ts'

/**
 * Text that is written out means what it stands beside: a date, an option, a record's id. Text that is computed is never turned into
 * anything. Every fault is reported where the literal stands.
 */

const parsers = { date, dateTime, time, duration } as unknown as Readonly<Record<string, FieldType | undefined>>

/** Whether a part consists of text literals, as far as its type goes. */
export function isPending({ parts, term }: Checked): boolean {
  if (parts === undefined) return false
  if (parts.of === 'text') return true
  if (parts.of === 'items') return parts.items.length > 0 && parts.items.every((each) => isPending(each) || each.term.is === 'null')
  return term.is === 'value' && [parts.then, parts.otherwise].every((each) => isPending(each) || each.term.is === 'null')
}

/** Whether literals in this place would be read as something else than text. */
export const readsLiterals = (type: Type): boolean =>
  (type.kind === 'text' && type.options !== undefined) || type.kind === 'record' || Object.hasOwn(parsers, type.kind)

/** The part with its literals read as values of `type`; as it is where nothing is to be read. */
export function coerced(checker: Checker, checked: Checked, type: Type): Checked {
  const { parts } = checked
  if (parts === undefined || !readsLiterals(type.kind === 'list' ? type.of : type)) return checked
  if (parts.of === 'text') return literalAs(checker, checked, parts.text, type)
  if (parts.of === 'items') {
    if (type.kind !== 'list') return checked
    return listOf(
      checked,
      parts.items.map((item) => coerced(checker, item, type.of)),
      type.of,
    )
  }
  const then = coerced(checker, parts.then, type)
  const otherwise = coerced(checker, parts.otherwise, type)
  const term = branchesOf(parts.condition, then.term, otherwise.term)
  return {
    ...checked,
    term,
    canonical: { ...checked.canonical, then: then.canonical, otherwise: otherwise.canonical } as Checked['canonical'],
    parts: { ...parts, then, otherwise },
  }
}

export function listOf(checked: Checked, items: readonly Checked[], of: ValueType): Checked {
  if (items.some(({ term }) => term.is === 'fault')) return { ...checked, term: { is: 'fault' } }
  const type: ValueType = { kind: 'list', of }
  const node: Node = { kind: 'list', type, items: items.map(({ term }) => (term.is === 'value' ? term.node : constant(of, null))) }
  const canonical = { ...checked.canonical, items: items.map((item) => item.canonical) } as Checked['canonical']
  return { ...checked, term: valued(type, node), canonical, parts: { of: 'items', items } }
}

/** `condition ? then : otherwise` of two values of one kind, or of records. */
export function branchesOf(condition: Checked, then: Term, otherwise: Term): Term {
  const test = condition.term.is === 'value' ? condition.term.node : constant({ kind: 'boolean' }, null)
  const known = then.is === 'null' ? otherwise : then
  if (then.is === 'fault' || otherwise.is === 'fault') return { is: 'fault' }
  if (known.is === 'record') {
    const entities = [...new Set([then, otherwise].flatMap((each) => (each.is === 'record' ? each.entities : [])))]
    const type: Type = { kind: 'record', entities }
    return { is: 'record', entities, record: null, node: choice(test, then, otherwise, type) }
  }
  if (known.is !== 'value') return { is: 'null' }
  const other = then.is === 'null' || otherwise.is !== 'value' ? known.type : otherwise.type
  const type = joined(known.type, other) ?? known.type
  return valued(type, choice(test, then, otherwise, type))
}

const choice = (condition: Node, then: Term, otherwise: Term, type: Type): Node => ({
  kind: 'if',
  type,
  condition,
  then: operand(then, type),
  otherwise: operand(otherwise, type),
})
const operand = (term: Term, type: Type): Node =>
  term.is === 'value' || term.is === 'record' ? term.node : { kind: 'constant', type, value: null }

function literalAs(checker: Checker, checked: Checked, literal: string, type: Type): Checked {
  const { context, refuse } = checker
  const { syntax } = checked
  if (type.kind === 'text') return optionOf(checker, checked, literal, type.options ?? [])
  if (type.kind === 'record') {
    const id = literal.toLowerCase()
    if (!isUuid(id))
      return refuse(syntax, `this is compared with ${recordName(type.entities, context.names)}: write its id, or compare a field of it`)
    return read(checked, { is: 'record', entities: type.entities, record: null, node: { kind: 'constant', type, value: id } })
  }
  const parser = parsers[type.kind]
  if (parser === undefined) return checked
  let fault = ''
  const value = parser.parse(literal, {}, (_, detail) => (fault = detail))
  if (value === undefined)
    return refuse(syntax, type.kind === 'dateTime' && isDay(literal) ? `this is a day, not a moment: write dateTime('${literal}')` : fault)
  return read(checked, valued(type as ValueType, constant(type as ValueType, value)))
}
export const isDay = (literal: string): boolean => date.parse(literal, {}, () => undefined) !== undefined
/** What a literal turned into: it turns into nothing else. */
const read = ({ syntax, canonical }: Checked, term: Term): Checked => ({ term, syntax, canonical })

type Text = Extract<ValueType, { kind: 'text' }>

function optionOf(checker: Checker, checked: Checked, literal: string, options: NonNullable<Options>): Checked {
  const byId = checker.context.isCanonical === true
  const found = options.find((each) => (byId ? each.id : each.name) === literal)
  if (found === undefined) {
    if (byId) return checker.refuse(checked.syntax, 'the option that was meant here no longer exists')
    const known = options.map((each) => each.name)
    const meant =
      didYouMean(nearest(literal, known)) || (known.length > 12 ? '' : ` The options are ${known.map((each) => `"${each}"`).join(', ')}.`)
    return checker.refuse(checked.syntax, `"${short(literal)}" is not an option.${meant}`)
  }
  const type: Text = { kind: 'text', options }
  const { start, end } = checked.canonical
  const literalOf = { kind: 'literal', type: 'text', start, end } as const
  const canonical: Syntax =
    checker.writes === 'ids' ? { ...literalOf, value: found.id, isOption: true } : { ...literalOf, value: found.name }
  return read({ ...checked, canonical }, valued(type, constant(type, found.id)))
}

const short = (literal: string): string => (literal.length > 60 ? `${literal.slice(0, 60).toWellFormed()}…` : literal)

/** Parts that must be of one kind, made so; null when they are not, which is reported. Nulls go with everything. */
export function unified(
  checker: Checker,
  parts: readonly Checked[],
  how: string,
): { readonly type: Type | null; readonly parts: readonly Checked[] } | null {
  const { names } = checker.context
  if (parts.some(({ term }) => term.is === 'fault')) return null
  let type: Type | null = null
  let first: Checked | null = null
  for (const part of [...parts].sort((a, b) => Number(isPending(a)) - Number(isPending(b)))) {
    const { term } = part
    if (term.is === 'null') continue
    if (term.is !== 'value' && term.is !== 'record') {
      checker.refuse(part.syntax, noScalar(term, names))
      return null
    }
    const own: Type = term.is === 'value' ? term.type : { kind: 'record', entities: term.entities }
    if (type === null || first === null) {
      type = own
      first = part
      continue
    }
    if (isPending(part) && readsLiterals(type.kind === 'list' ? type.of : type) && (type.kind === 'list') === (own.kind === 'list'))
      continue
    const both: Type | undefined = meeting(type, own)
    if (both === undefined) {
      checker.refuse(part.syntax, mismatch(how, first.term, term, checker))
      return null
    }
    type = both
  }
  const result = parts.map((part) => (type === null ? part : coerced(checker, part, type)))
  return result.some(({ term }) => term.is === 'fault') ? null : { type, parts: result }
}

function meeting(a: Type, b: Type): Type | undefined {
  if (a.kind === 'record' || b.kind === 'record') {
    if (a.kind !== 'record' || b.kind !== 'record' || !a.entities.some((each) => b.entities.includes(each))) return undefined
    return { kind: 'record', entities: [...new Set([...a.entities, ...b.entities])] }
  }
  if (a.kind === 'null' || b.kind === 'null' || a.kind === 'rows' || b.kind === 'rows') return undefined
  return joined(a, b)
}

function mismatch(how: string, first: Term, second: Term, { context: { names } }: Checker): string {
  if (first.is === 'record' && second.is === 'record')
    return `a record of ${first.entities.map((each) => titleOf(each, names)).join(' or ')} is never ${described(second, names)}`
  const advice = adviceFor(first, second) ?? adviceFor(second, first)
  return `${how}: this is ${described(second, names)}, the other is ${described(first, names)}${advice === null ? '' : `; ${advice}`}`
}

const kindOf = (term: Term): string => (term.is === 'value' ? term.type.kind : term.is)

function adviceFor(a: Term, b: Term): string | null {
  if (kindOf(a) === 'date' && kindOf(b) === 'dateTime') return 'write date(…) for the day of a moment'
  if (kindOf(a) === 'record' && kindOf(b) === 'text') return 'compare .id, or another field of the record'
  if (kindOf(a) === 'number' && kindOf(b) === 'text') return 'write numbers without quotes'
  if (kindOf(a) === 'boolean' && kindOf(b) === 'text') return 'write true and false without quotes'
  return kindOf(a) === 'list' ? 'write x in list to look for a value' : null
}

export function noScalar(term: Term, names: Checker['context']['names']): string {
  if (term.is === 'rows') return `these are ${described(term, names)}: use count, exists, sum or first to make one value of them`
  if (term.is === 'money') return 'this is an amount of money: write .amount for its number'
  if (term.is === 'space') return `write what of ${term.name} is meant, as in ${term.name}.name`
  return `this is ${described(term, names)}`
}
