import { nearest } from '../fields/nearest.ts'
import type { ValueType } from '../fields/type.ts'
import { coerced, isDay, isPending, listOf, noScalar, readsLiterals, unified } from './coerce.ts'
import { comparisonOf } from './functions-comparison.ts'
import { format } from './format.ts'
import { functionNamed, functions, isCallable, parameterOf } from './functions.ts'
import { specialForms } from './special-forms.ts'
import { constant, described, faulty, kindName, listName, nodeOf, typeOf, unwritten, valued } from './terms.ts'
import type { Checked, Checker, Term } from './terms.ts'
import type { FunctionDefinition, Node, Overload, Parameter, Span, Syntax, Type } from './types.ts'

/** Functions that other languages have, by their names there. */
const elsewhere = new Map([
  ['if', 'write a ? b : c for "if a then b else c"'],
  ['iif', 'write a ? b : c for "if a then b else c"'],
  ['not', 'write !a'],
  ['and', 'write a && b'],
  ['or', 'write a || b'],
  ['isblank', 'write x == null, or isEmpty(x)'],
  ['ifnull', 'write coalesce(a, b)'],
  ['nvl', 'write coalesce(a, b)'],
  ['len', 'write length(text), or size(list)'],
  ['now', 'write now without ( )'],
  ['today', 'write today without ( )'],
  ['some', 'write exists(list, x, condition)'],
  ['any', 'write exists(list, x, condition)'],
  ['every', 'write all(list, x, condition)'],
  ['map', 'write list(source, x, value)'],
  ['find', 'write first(source, x, condition)'],
  ['where', 'write filter(source, x, condition)'],
  ['average', 'write avg(source, x, value)'],
])

function unknownFunction(name: string): string {
  const help = elsewhere.get(name.toLowerCase())
  if (help !== undefined) return `there is no function ${name}: ${help}`
  const known = [...functions.filter(isCallable).map((each) => each.name), ...specialForms.keys()]
  const meant = nearest(name, known)
  return `there is no function ${name}.${meant === null ? '' : ` Did you mean "${meant}"?`}`
}

/** `round(value, digits?)`. */
export const signatureOf = (name: string, { parameters }: Overload): string =>
  `${name}(${parameters.map((each) => `${each.name}${each.repeated ? ', …' : each.optional ? '?' : ''}`).join(', ')})`

/** A call of the table: the arguments decide the overload. `name` may be an operator. */
export function checkCall(checker: Checker, syntax: Syntax, name: string, args: readonly Checked[], at: Span = syntax): Checked | Resolved {
  const definition = functionNamed(name)
  if (definition === undefined) return checker.refuse(syntax, unknownFunction(name), at)
  if (args.some(({ term }) => term.is === 'fault')) return faulty(syntax)
  const fitting = definition.overloads.filter((each) => hasArity(each, args.length))
  if (fitting.length === 0) return checker.refuse(syntax, arityFault(definition), at)
  const overload = chosen(fitting, args)
  return overload ? applied(checker, syntax, overload, args) : mismatch(checker, syntax, definition, fitting, args)
}

/** The first overload that takes these arguments as they are; else the first that takes them once literals are read. */
function chosen(overloads: readonly Overload[], args: readonly Checked[]): Overload | undefined {
  const taking = (isLiteral: boolean): Overload | undefined =>
    overloads.find((each) => hasArity(each, args.length) && args.every((arg, i) => fits(arg, parameterOf(each, i), isLiteral)))
  return taking(false) ?? taking(true)
}

/** What a call means, and its arguments as they came to be read. */
export interface Resolved {
  readonly term: Term
  readonly args: readonly Checked[]
}
export const isResolved = (answer: Checked | Resolved): answer is Resolved => 'args' in answer

function hasArity({ parameters }: Overload, count: number): boolean {
  const required = parameters.filter((each) => !each.optional).length
  return count >= required && (count <= parameters.length || parameters.at(-1)?.repeated === true)
}

function arityFault({ name, overloads }: FunctionDefinition): string {
  return `write ${[...new Set(overloads.map((each) => signatureOf(name, each)))].join(' or ')}`
}

/** Whether an argument may stand there. `isLiteral`: a text that is written out may be read as a date, an id … */
function fits(arg: Checked, { takes, literal }: Parameter, isLiteral: boolean): boolean {
  const { term } = arg
  if (literal) return term.is === 'value' && term.node.kind === 'constant' && takesKind(takes, term.type.kind)
  if (term.is === 'null') return true
  if (takes === 'any') return term.is !== 'rows' && term.is !== 'space'
  if (takes === 'same') return term.is === 'record' || (term.is === 'value' && isScalar(term.type))
  if (takes === 'list of same') return isList(term)
  if ('of' in takes) {
    const { of } = takes
    return isList(term) && (term.type.of.kind === of.kind || isEmptyList(arg) || (isLiteral && isPending(arg) && readsLiterals(of)))
  }
  if (term.is === 'record') return takes.includes('record')
  if (term.is !== 'value') return false
  if (takes.includes(term.type.kind)) return true
  return isLiteral && isPending(arg) && takes.some(isRead)
}
/** Kinds whose literals are written as text. */
const isRead = (kind: ValueType['kind'] | 'record'): boolean => kind !== 'record' && readsLiterals({ kind } as Type)
const takesKind = (takes: Parameter['takes'], kind: ValueType['kind']): boolean =>
  typeof takes === 'string' || ('of' in takes ? kind === 'list' : takes.includes(kind))
const isScalar = ({ kind }: ValueType): boolean => kind !== 'list' && kind !== 'composite' && kind !== 'json' && kind !== 'money'
export const isList = (term: Term): term is Term & { is: 'value'; type: ValueType & { kind: 'list' } } =>
  term.is === 'value' && term.type.kind === 'list'
const isEmptyList = ({ parts }: Checked): boolean => parts?.of === 'items' && parts.items.length === 0

function applied(checker: Checker, syntax: Syntax, overload: Overload, given: readonly Checked[]): Checked | Resolved {
  const args = [...given]
  for (const [i, arg] of given.entries()) {
    const { takes, literal } = parameterOf(overload, i)
    if (literal) {
      const { node } = arg.term as Term & { is: 'value' }
      const fault = literal(String((node as Node & { kind: 'constant' }).value))
      if (fault !== null) return checker.refuse(arg.syntax, fault)
    } else {
      const type = readAs(takes)
      if (overload.id === 'date.dateTime' && arg.parts?.of === 'text' && isDay(arg.parts.text))
        return checker.refuse(arg.syntax, dayAdvice(arg.parts.text))
      if (type && (isPending(arg) || isEmptyList(arg))) args[i] = coerced(checker, arg, type)
    }
  }
  const result = sameMade(checker, overload, args)
  if (result === null || result.some(({ term }) => term.is === 'fault')) return faulty(syntax)
  const type = overload.result(result.map(({ term }) => typeOf(term)))
  const node: Node = { kind: 'call', type, overload: overload.id, args: result.map(({ term }) => nodeOf(term)) }
  // Nothing but nulls among its alternatives: it is null, whatever it is used with.
  if (type.kind === 'null') return { term: { is: 'null' }, args: result }
  const term: Term =
    type.kind === 'record' ? { is: 'record', entities: type.entities, record: null, node } : valued(type as ValueType, node)
  return { term, args: result }
}

/** Of `date('2026-12-01')`. */
function dayAdvice(day: string): string {
  const [year, month, ofMonth] = day.split('-').map(Number)
  return `this is a day already: write '${day}' alone where a date is expected, or date(${year}, ${month}, ${ofMonth})`
}

/** What literals in an argument are read as; null: they are what they are. */
function readAs(takes: Parameter['takes']): Type | null {
  if (typeof takes === 'string') return null
  if ('of' in takes) return takes
  const kind = takes.includes('text') ? undefined : takes.find(isRead)
  return kind === undefined ? null : ({ kind } as Type)
}

/** Arguments that must be of one type, made so. */
function sameMade(checker: Checker, overload: Overload, args: readonly Checked[]): readonly Checked[] | null {
  const isLiteralOf = (arg: Checked): boolean => isPending(arg) && overload.parameters.length > 1
  const places = args.flatMap((arg, i) => {
    const { takes } = parameterOf(overload, i)
    if (takes === 'same' || takes === 'list of same') return [{ i, isList: takes === 'list of same' && arg.term.is !== 'null' }]
    // Comparisons by kind: a literal beside an option is the name of one.
    return comparisonOf(overload.id) && (isLiteralOf(arg) || typeOf(arg.term).kind === 'text') ? [{ i, isList: false }] : []
  })
  if (places.length < 2) return args
  const elements = places.flatMap(({ i, isList: list }) => (list ? elementsOf(args[i]!) : [args[i]!]))
  const made = unified(checker, elements, 'these must be of one kind')
  if (made === null) return null
  let next = 0
  const result = [...args]
  for (const { i, isList: list } of places) {
    const arg = args[i]!
    if (!list) result[i] = made.parts[next++]!
    else if (arg.parts?.of === 'items') {
      const { length } = arg.parts.items
      result[i] = listOf(arg, made.parts.slice(next, next + length), valueTypeOf(made.type))
      next += length
    } else next++
  }
  return result
}
const valueTypeOf = (type: Type | null): ValueType =>
  type === null || type.kind === 'null' || type.kind === 'record' || type.kind === 'rows' ? { kind: 'text' } : type

/** What stands for the elements of a list when kinds are compared: its items, or one of its type. */
function elementsOf(arg: Checked): readonly Checked[] {
  if (arg.parts?.of === 'items') return arg.parts.items
  const { term } = arg
  return isList(term) ? [{ term: valued(term.type.of, constant(term.type.of, null)), syntax: arg.syntax, canonical: arg.canonical }] : []
}

function mismatch(
  checker: Checker,
  syntax: Syntax,
  definition: FunctionDefinition,
  overloads: readonly Overload[],
  args: readonly Checked[],
): Checked {
  const { name } = definition
  const { names } = checker.context
  const odd = args.find(({ term }) => term.is === 'rows' || term.is === 'space' || term.is === 'money')
  if (odd) return checker.refuse(odd.syntax, noScalar(odd.term, names))
  if (!isCallable(definition)) {
    const what = args.map(({ term }) => described(term, names)).join(' and ')
    const sign = name === 'neg' ? '-' : name
    return checker.refuse(syntax, `${sign} does not go with ${what}${operatorAdvice(sign, args)}`)
  }
  // The argument up to which most overloads would have taken them is where the fault is.
  const reach = (each: Overload): number => {
    const index = args.findIndex((arg, i) => !fits(arg, parameterOf(each, i), true))
    return index < 0 ? args.length : index
  }
  const furthest = Math.max(...overloads.map(reach))
  const at = overloads.filter((each) => reach(each) === furthest)
  const arg = args[furthest]!
  if (parameterOf(at[0]!, furthest).literal)
    return checker.refuse(arg.syntax, `${parameterOf(at[0]!, furthest).name} must be written out here, as a text in quotes`)
  const wanted = [...new Set(at.flatMap((each) => wantedOf(parameterOf(each, furthest))))].join(' or ')
  const parameter = parameterOf(at[0]!, furthest).name
  return checker.refuse(arg.syntax, `${parameter} of ${signatureOf(name, at[0]!)} must be ${wanted}; this is ${described(arg.term, names)}`)
}

function wantedOf({ takes }: Parameter): readonly string[] {
  if (takes === 'list of same') return ['a list']
  if (typeof takes === 'string') return ['a single value']
  return 'of' in takes ? [listName(takes)] : takes.map(kindName)
}

function operatorAdvice(sign: string, args: readonly Checked[]): string {
  const kinds = args.map(({ term }) => (term.is === 'value' ? term.type.kind : term.is))
  const [a, b] = kinds
  const search = searchMeant(sign, args)
  if (search !== null) return `: write ${format(search)}`
  if (sign === '+' && kinds.includes('text')) return ': write text(…) around what is no text'
  if ((a === 'date' && b === 'dateTime') || (a === 'dateTime' && b === 'date')) return ': write date(…) for the day of a moment'
  if (a === 'text' && b !== undefined && b !== 'text') return ': write texts in quotes only where text is meant'
  if (b === 'text' && a !== 'text') return `: it takes ${a === 'number' ? 'numbers, without quotes' : 'two values of one kind'}`
  if (sign === 'in') return ': on its right stands a list'
  if (kinds.includes('boolean')) return ': conditions are joined by && and ||'
  if (kinds.includes('list')) return ': write x in list, or a loop such as exists(list, x, condition)'
  if (a === 'composite' || b === 'composite') return ': compare its parts'
  return ''
}

/** A list compared with one value of its kind, or on the wrong side of `in`: the search that is meant. */
function searchMeant(sign: string, [a, b]: readonly Checked[]): Syntax | null {
  if ((sign !== '==' && sign !== '!=' && sign !== 'in') || a === undefined || b === undefined) return null
  const [list, value] = isList(a.term) ? [a, b] : [b, a]
  if (!isList(list.term) || value.term.is !== 'value') return null
  const { of } = list.term.type
  if (value.term.type.kind !== of.kind && !(isPending(value) && readsLiterals(of))) return null
  const { start, end } = value.syntax
  const search: Syntax = { kind: 'binary', operator: 'in', left: value.syntax, right: list.syntax, start, end }
  return sign === '!=' ? { kind: 'unary', operator: '!', operand: search, start, end } : search
}

/** A call that the checker writes by itself, of arguments whose kinds are right. */
export function calling(name: string, args: readonly Node[]): Node {
  const overload = chosen(functionNamed(name)?.overloads ?? [], args.map(unwritten))
  if (overload === undefined) throw new RangeError(`no function ${name} of ${args.map((each) => each.type.kind).join(', ')}`)
  return { kind: 'call', type: overload.result(args.map((each) => each.type)), overload: overload.id, args }
}
