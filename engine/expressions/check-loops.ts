import { isList } from './check-calls.ts'
import { keyFault } from './check-keys.ts'
import { idOf, recordTerm } from './check-members.ts'
import { noScalar } from './coerce.ts'
import { isLoop, usageOf } from './special-forms.ts'
import type { Loop as LoopName } from './special-forms.ts'
import { boolean, described, faulty, mentions, nodeOf, number, refused, rootNames, text, valued, whole } from './terms.ts'
import type { Checked, Checker, Meaning, Scope, Term } from './terms.ts'
import type { Aggregate, Node, RecordNode, Source, Syntax, Type } from './types.ts'

type Call = Syntax & { kind: 'call' }

/** Of values that are written out one by one. */
const ofValues: ReadonlyMap<string, string> = new Map([
  ['min', 'least(a, b)'],
  ['max', 'greatest(a, b)'],
])

interface Loop {
  readonly name: LoopName
  readonly source: Source
  /** Of the elements; null: they are values. */
  readonly entity: string | null
  readonly variable: number
  readonly element: Term
  readonly body: Scope
}

/** Exists, all, count … Null: it is no loop. */
export function checkLoop(checker: Checker, syntax: Call, scope: Scope): Checked | null {
  const { name, args } = syntax
  if (!isLoop(name)) return null
  const usage = usageOf(name)
  if (args.length === 0) return checker.refuse(syntax, `write ${usage}`)
  const source = checker.check(args[0]!, scope)
  if (source.term.is === 'fault') return faulty(syntax)
  if (source.term.is !== 'rows' && !isList(source.term)) {
    const what = described(source.term, checker.context.names)
    const instead = args.length === 3 ? undefined : ofValues.get(name)
    const advice = instead === undefined ? usage : `${instead} of single values, or ${usage}`
    return checker.refuse(args[0]!, `${name} goes over lines, related records or a list; this is ${what}: write ${advice}`)
  }
  if (!checker.enterLoop(syntax, scope)) return faulty(syntax)
  const variable = args[1]
  if (name === 'size' && variable !== undefined) return checker.refuse(syntax, `write ${usage}`)
  const loop = enter(checker, { ...syntax, name }, source.term, variable, scope)
  if (loop === null) return faulty(syntax)
  const rest = args.slice(2)
  if (variable !== undefined && rest.length === 0) return checker.refuse(variable, `say what is meant of each: ${usage}`)
  const checked = rest.map((each, i) =>
    (name === 'first' || name === 'filter') && i > 0 ? orderKey(checker, each, loop) : checker.check(each, loop.body),
  )
  if (checked.some(({ term }) => term.is === 'fault')) return faulty(syntax)
  const { term, parts } = meaning(checker, syntax, loop, checked)
  const canonicalArgs = [source.canonical, ...(variable === undefined ? [] : [variable]), ...parts.map((each) => each.canonical)]
  return { term, syntax, canonical: { ...syntax, args: canonicalArgs } }
}

function enter(checker: Checker, syntax: Call & { name: LoopName }, term: Term, variable: Syntax | undefined, scope: Scope): Loop | null {
  const index = checker.nextVariable()
  const fault = variable === undefined ? null : variableFault(variable, scope)
  if (fault !== null) {
    checker.refuse(variable!, fault)
    return null
  }
  const isRows = term.is === 'rows'
  const source: Source = isRows ? term.source : { kind: 'values', list: nodeOf(term) }
  const given = syntax.name === 'running' ? running(checker, syntax, source, scope) : source
  if (given === null) return null
  checker.sources.set(index, given)
  const record: RecordNode | null = isRows ? { kind: 'element', variable: index, entity: term.entity } : null
  const element = record === null ? variableTerm(term, index) : recordTerm(record)
  const variables = new Map(scope.variables)
  if (variable?.kind === 'name') variables.set(variable.name, element)
  return {
    name: syntax.name,
    source: given,
    entity: isRows ? term.entity : null,
    variable: index,
    element,
    body: { ...scope, variables, loops: scope.loops + 1 },
  }
}

function variableTerm(list: Term, variable: number): Term {
  const type = isList(list) ? list.type.of : ({ kind: 'text' } as const)
  return valued(type, { kind: 'variable', type, variable })
}

function variableFault(variable: Syntax, { variables }: Scope): string | null {
  if (variable.kind !== 'name') return 'here stands a name for each element, such as x'
  if ((rootNames as readonly string[]).includes(variable.name)) return `${variable.name} means something already: take another name`
  return variables.has(variable.name) ? `${variable.name} is the element of the loop around this: take another name` : null
}

/** The lines of one's own document, up to this one. */
function running(checker: Checker, syntax: Call, source: Source, { self }: Scope): Source | null {
  const isOwn =
    source.kind === 'lines' && source.of.kind === 'document' && self !== null && source.of.of === self && source.entity === self.entity
  if (isOwn) return { ...source, running: true }
  checker.refuse(syntax.args[0]!, 'running goes over the lines of which this one is one: write running(parent.lines, x, value)')
  return null
}

function meaning(checker: Checker, syntax: Call, loop: Loop, given: readonly Checked[]): Meaning {
  const { name } = loop
  if (name === 'first' || name === 'filter') return selection(checker, syntax, loop, given)
  if (given.length > 1) return refused(checker, syntax, `write ${usageOf(name)}`)
  const [body] = given
  if (name === 'exists' || name === 'all' || name === 'count' || name === 'size') return quantified(checker, syntax, loop, name, body)
  const key = keyFault(checker, loop.source, null)
  if (key !== null) return refused(checker, syntax.args[0]!, key)
  if (body === undefined && loop.entity !== null) return refused(checker, syntax, `say what is meant of each record: ${usageOf(name)}`)
  const value = body ?? { term: loop.element, syntax: syntax.args[0]!, canonical: syntax.args[0]! }
  return measured(checker, loop, name === 'running' ? 'sum' : name, value, given)
}

/** Of which elements a condition is true; without one, of all. */
function quantified(
  checker: Checker,
  syntax: Call,
  loop: Loop,
  name: 'exists' | 'all' | 'count' | 'size',
  condition: Checked | undefined,
): Meaning {
  if (condition !== undefined && !isCondition(condition.term))
    return refused(checker, condition.syntax, `${name} takes a condition; this is ${described(condition.term, checker.context.names)}`)
  if (name === 'all' && condition === undefined) return refused(checker, syntax, `write ${usageOf(name)}`)
  const where = condition === undefined ? null : conditionOf(condition.term)
  const key = keyFault(checker, loop.source, name === 'all' || where === null ? null : { where, variable: loop.variable })
  if (key !== null) return refused(checker, syntax.args[0]!, key)
  const operation = name === 'size' ? 'count' : name
  const type = operation === 'count' ? whole : boolean
  const body = where ?? { kind: 'constant', type: boolean, value: true }
  return { term: valued(type, aggregate(loop, operation, type, body)), parts: condition === undefined ? [] : [condition] }
}

function aggregate({ source, variable }: Loop, operation: Aggregate, type: Type, body: Node): Node {
  return { kind: 'aggregate', type, operation, source, variable, body }
}

const filtered = ({ source, variable }: Loop, where: Node, order: (Source & { kind: 'filter' })['order']): Source => ({
  kind: 'filter',
  source,
  variable,
  where,
  order,
})
const conditionOf = (term: Term): Node => (term.is === 'value' ? term.node : { kind: 'constant', type: boolean, value: null })
const isCondition = (term: Term): boolean => term.is === 'null' || (term.is === 'value' && term.type.kind === 'boolean')

type Measure = Exclude<Aggregate, 'exists' | 'all' | 'count'>
/** What each measure takes; text and moments have an order, but no sum. */
const taken: Readonly<Record<Measure, readonly string[]>> = {
  sum: ['number', 'duration'],
  avg: ['number', 'duration'],
  min: ['number', 'duration', 'text', 'date', 'dateTime', 'time'],
  max: ['number', 'duration', 'text', 'date', 'dateTime', 'time'],
  list: ['number', 'duration', 'text', 'date', 'dateTime', 'time', 'boolean'],
}

function measured(checker: Checker, loop: Loop, operation: Measure, value: Checked, parts: readonly Checked[]): Meaning {
  const { term } = value
  const { names } = checker.context
  if (term.is === 'money' && operation !== 'list') {
    if (term.currency === null || mentions(term.currency, loop.variable))
      return refused(checker, value.syntax, 'these amounts may have different currencies; take .amount, or convert first')
    return { term: { is: 'money', amount: aggregate(loop, operation, number, term.amount), currency: term.currency }, parts }
  }
  if (term.is === 'record' && term.record !== null && operation === 'list') {
    const ids = { kind: 'list', of: text } as const
    return { term: valued(ids, aggregate(loop, 'list', ids, idOf(term.record))), parts }
  }
  if (term.is !== 'value' || !taken[operation].includes(term.type.kind)) {
    const more = term.is === 'rows' || term.is === 'money' ? `: ${noScalar(term, names)}` : ''
    return refused(checker, value.syntax, `${operation} cannot be taken of ${described(term, names)}${more}`)
  }
  const { type } = term
  const result =
    operation === 'list' ? ({ kind: 'list', of: type } as const) : operation === 'avg' && type.kind === 'number' ? number : type
  return { term: valued(result, aggregate(loop, operation, result, term.node)), parts }
}

/** first and filter: a condition, then keys. */
function selection(checker: Checker, syntax: Call, loop: Loop, given: readonly Checked[]): Meaning {
  const [condition, ...keys] = given
  if (condition !== undefined && !isCondition(condition.term))
    return refused(
      checker,
      condition.syntax,
      `${syntax.name} takes a condition; this is ${described(condition.term, checker.context.names)}`,
    )
  const where = condition === undefined ? null : conditionOf(condition.term)
  const fault = keyFault(checker, loop.source, where === null ? null : { where, variable: loop.variable })
  if (fault !== null) return refused(checker, syntax.args[0]!, fault)
  const order = keys.map((key) => ({ key: nodeOf(key.term), descending: isDescending(key) }))
  const source = where === null ? loop.source : filtered(loop, where, order)
  if (loop.entity === null) return valuesOf(checker, syntax, loop, source, given)
  const { entity } = loop
  if (syntax.name === 'filter') return { term: { is: 'rows', entity, source }, parts: given }
  return { term: recordTerm({ kind: 'first', source, entity }), parts: given }
}

/** Of a list of values `filter` makes a list. */
function valuesOf(checker: Checker, syntax: Call, loop: Loop, source: Source, parts: readonly Checked[]): Meaning {
  if (syntax.name === 'first' || loop.element.is !== 'value')
    return refused(checker, syntax.args[0]!, 'first goes over records; of values write min(list) or max(list)')
  const type = { kind: 'list', of: loop.element.type } as const
  const variable = checker.nextVariable()
  const body: Node = { kind: 'variable', type: type.of, variable }
  return { term: valued(type, { kind: 'aggregate', type, operation: 'list', source, variable, body }), parts }
}

/** A key of an order: a value, or desc(value). */
function orderKey(checker: Checker, syntax: Syntax, { body }: Loop): Checked {
  const isDesc = syntax.kind === 'call' && syntax.name === 'desc'
  if (isDesc && syntax.args.length !== 1) return checker.refuse(syntax, 'write desc(value)')
  const key = checker.check(isDesc ? syntax.args[0]! : syntax, body)
  const { term } = key
  if (term.is === 'fault') return key
  if (term.is === 'money' || term.is !== 'value' || !(taken.max.includes(term.type.kind) || term.type.kind === 'boolean'))
    return checker.refuse(
      key.syntax,
      `nothing is ordered by ${described(term, checker.context.names)}${term.is === 'money' ? ': write .amount' : ''}`,
    )
  return isDesc ? { ...key, syntax, canonical: { ...syntax, args: [key.canonical] } } : key
}
const isDescending = ({ syntax }: Checked): boolean => syntax.kind === 'call' && syntax.name === 'desc'
