import { comparisonOf, orderOf, testOf } from './functions-comparison.ts'
import { overloadOf } from './functions.ts'
import * as numbers from './numbers.ts'
import type { Numeric } from './numbers.ts'
import { ordering } from './order.ts'
import type { Aggregate, Clock, Node, RecordNode, Source, Value } from './types.ts'
import { compareValues, fromCanonical, isEqual, reader } from './values.ts'

/** What an expression is evaluated on. */
export interface Environment extends Clock {
  readonly self: RecordView | null
  readonly old: RecordView | null
  readonly user: RecordView | null
  readonly settings: RecordView | null
  readonly target?: RecordView | null
  /** The canonical value of `now`, `user.roles` … `bound` is for `toStep`. */
  parameter(this: void, name: string, bound: Bound): unknown
  /** All live records of an entity, in the order of their ids, or those that the filter above may keep. */
  search(this: void, entity: string): readonly RecordView[]
}

/** One record, as far as it is at hand. Records that are deleted or not seen are not there. */
export interface RecordView {
  /** The canonical value of a field, or `id`; null or undefined: none. */
  get(this: void, field: string): unknown
  /** Along a reference. */
  related(this: void, field: string): RecordView | null
  /** Of a line. */
  document(this: void): RecordView | null
  /** In their order. */
  rows(this: void, via: 'lines' | 'links' | 'inverse', field: string, entity: string): readonly RecordView[]
}

/** What the variables of loops hold now. */
export type Bound = unknown[]
type Step = (environment: Environment, bound: Bound) => Value
type RecordStep = (environment: Environment, bound: Bound) => RecordView | null
type SourceStep = (environment: Environment, bound: Bound) => readonly unknown[]

const unbound: Bound = []

/**
 * A tree becomes closures, chosen once by static types: what runs per record looks at values only. Nothing is allocated for expressions
 * without loops.
 */
export function toFunction(root: Node): (environment: Environment) => Value {
  const compiler = new Compiler()
  const step = compiler.step(root)
  const count = compiler.variables
  return count === 0 ? (environment) => step(environment, unbound) : (environment) => step(environment, Array.from({ length: count }))
}

/** Values of parts of a tree, where the variables of loops stay as they are. */
export type KnownValues = ReadonlyMap<Node, Value>

/** A tree that stands within loops of another, whose variables it reads. What is known of its parts is not worked out again. */
export const toStep = (root: Node, known?: KnownValues): ((environment: Environment, bound: Bound) => Value) =>
  new Compiler(known).step(root)

/** What a loop goes over, within the loops around it. */
export const toElements = (source: Source): ((environment: Environment, bound: Bound) => readonly unknown[]) =>
  new Compiler().source(source)

class Compiler {
  variables = 0
  readonly #known: KnownValues | undefined

  constructor(known?: KnownValues) {
    this.#known = known
  }

  #bind(variable: number): number {
    this.variables = Math.max(this.variables, variable + 1)
    return variable
  }

  step(node: Node): Step {
    const known = this.#known?.get(node)
    if (known !== undefined) return () => known
    switch (node.kind) {
      case 'constant': {
        const value = fromCanonical(node.type, node.value)
        return () => value
      }
      case 'parameter': {
        const { name, type } = node
        return (environment, bound) => fromCanonical(type, environment.parameter(name, bound))
      }
      case 'field':
        return this.#field(node)
      case 'identity': {
        const of = this.#record(node.of)
        return (environment, bound) => of(environment, bound)?.get('id') ?? null
      }
      case 'variable': {
        const { variable } = node
        return (_environment, bound) => bound[variable]
      }
      case 'call':
        return this.#call(node)
      case 'and':
        return conjunction(this.step(node.left), this.step(node.right), false)
      case 'or':
        return conjunction(this.step(node.left), this.step(node.right), true)
      case 'not': {
        const operand = this.step(node.operand)
        return (environment, bound) => {
          const value = operand(environment, bound)
          return value === null ? null : !value
        }
      }
      case 'if': {
        const condition = this.step(node.condition)
        const then = this.step(node.then)
        const otherwise = this.step(node.otherwise)
        return (environment, bound) => (condition(environment, bound) === true ? then(environment, bound) : otherwise(environment, bound))
      }
      case 'list': {
        const items = node.items.map((each) => this.step(each))
        return (environment, bound) => items.map((item) => item(environment, bound))
      }
      case 'money': {
        const amount = this.step(node.amount)
        const currency = this.step(node.currency)
        return (environment, bound) => {
          const value = amount(environment, bound)
          return value === null ? null : { amount: numbers.writeNumeric(value as Numeric), currency: currency(environment, bound) }
        }
      }
      case 'aggregate':
        return this.#aggregate(node)
    }
  }

  #field({ of: record, field, member, type }: Node & { kind: 'field' }): Step {
    const read = reader(type)
    if (record.kind === 'root' && member === null) {
      const { root } = record
      if (read === null) return (environment) => environment[root]?.get(field) ?? null
      return (environment) => {
        const value = environment[root]?.get(field) ?? null
        return value === null ? null : read(value)
      }
    }
    const of = this.#record(record)
    return (environment, bound) => {
      let value = of(environment, bound)?.get(field) ?? null
      if (member !== null && value !== null) value = (value as Readonly<Record<string, unknown>>)[member] ?? null
      return value === null || read === null ? value : read(value)
    }
  }

  #record(node: RecordNode): RecordStep {
    switch (node.kind) {
      case 'root': {
        const { root } = node
        return (environment) => environment[root] ?? null
      }
      case 'element': {
        const { variable } = node
        return (_environment, bound) => bound[variable] as RecordView
      }
      case 'hop': {
        const of = this.#record(node.of)
        const { field } = node
        return (environment, bound) => of(environment, bound)?.related(field) ?? null
      }
      case 'document': {
        const of = this.#record(node.of)
        return (environment, bound) => of(environment, bound)?.document() ?? null
      }
      case 'first': {
        const source = this.source(node.source)
        return (environment, bound) => (source(environment, bound)[0] as RecordView | undefined) ?? null
      }
    }
  }

  source(source: Source): SourceStep {
    switch (source.kind) {
      case 'lines':
      case 'links':
      case 'inverse': {
        const of = this.#record(source.of)
        const { kind, field, entity } = source
        if (kind === 'lines' && source.running) {
          return (environment, bound) => {
            const rows = of(environment, bound)?.rows(kind, field, entity) ?? []
            const self = environment.self?.get('id')
            return rows.slice(0, rows.findIndex((each) => each.get('id') === self) + 1)
          }
        }
        return (environment, bound) => of(environment, bound)?.rows(kind, field, entity) ?? []
      }
      case 'entity': {
        const { entity } = source
        return (environment) => environment.search(entity)
      }
      case 'named': {
        const ids = this.step(source.ids)
        const { entity } = source
        return (environment, bound) => {
          const byId = new Map(environment.search(entity).map((each) => [each.get('id'), each]))
          return ((ids(environment, bound) as readonly Value[] | null) ?? []).flatMap((id) => byId.get(id) ?? [])
        }
      }
      case 'naming': {
        const named = this.step(source.id)
        const { entity, field } = source
        return (environment, bound) => {
          const id = named(environment, bound)
          const names = (value: unknown): boolean => (Array.isArray(value) ? value.includes(id) : value === id)
          return id === null ? [] : environment.search(entity).filter((each) => names(each.get(field)))
        }
      }
      case 'values': {
        const list = this.step(source.list)
        return (environment, bound) => (list(environment, bound) as readonly Value[] | null) ?? []
      }
      case 'filter':
        return this.#filter(source)
    }
  }

  #filter({ source, variable, where, order }: Source & { kind: 'filter' }): SourceStep {
    const all = this.source(source)
    const at = this.#bind(variable)
    const holds = this.step(where)
    const kept: SourceStep = (environment, bound) =>
      all(environment, bound).filter((element) => {
        bound[at] = element
        return holds(environment, bound) === true
      })
    if (order.length === 0) return kept
    const keys = order.map(({ key }) => this.step(key))
    const inOrder = ordering(order.map(({ descending }) => descending))
    return (environment, bound) =>
      kept(environment, bound)
        .map((element) => {
          bound[at] = element
          return { element, keys: keys.map((key) => key(environment, bound)) }
        })
        .sort((a, b) => inOrder(a.keys, b.keys))
        .map(({ element }) => element)
  }

  #aggregate({ operation, source, variable, body }: Node & { kind: 'aggregate' }): Step {
    const elements = this.source(source)
    const at = this.#bind(variable)
    const value = this.step(body)
    const answer = aggregates[operation]
    return (environment, bound) =>
      answer(elements(environment, bound), (element) => {
        bound[at] = element
        return value(environment, bound)
      })
  }

  #call({ overload, args }: Node & { kind: 'call' }): Step {
    const steps = args.map((each) => this.step(each))
    const compared = comparisonStep(overload, steps)
    if (compared) return compared
    const { evaluate, nulls } = overloadOf(overload)
    const run = evaluate as (clock: Clock, ...values: readonly Value[]) => Value
    const [first, second] = steps
    if (nulls === 'handles') return (environment, bound) => run(environment, ...steps.map((step) => step(environment, bound)))
    if (first && steps.length === 1) {
      return (environment, bound) => {
        const a = first(environment, bound)
        return a === null ? null : run(environment, a)
      }
    }
    if (first && second && steps.length === 2) {
      return (environment, bound) => {
        const a = first(environment, bound)
        if (a === null) return null
        const b = second(environment, bound)
        return b === null ? null : run(environment, a, b)
      }
    }
    return (environment, bound) => {
      const values: Value[] = []
      for (const step of steps) {
        const value = step(environment, bound)
        if (value === null) return null
        values.push(value)
      }
      return run(environment, ...values)
    }
  }
}

/** Kleene's and (decided by false), or (decided by true). */
function conjunction(left: Step, right: Step, deciding: boolean): Step {
  return (environment, bound) => {
    const a = left(environment, bound)
    if (a === deciding) return deciding
    const b = right(environment, bound)
    if (b === deciding) return deciding
    return a === null || b === null ? null : !deciding
  }
}

/** Comparisons are most of what rules do: each is one closure over its two sides. Null: it is none. */
function comparisonStep(overload: string, [left, right]: readonly Step[]): Step | null {
  const comparison = comparisonOf(overload)
  if (!comparison || !left || !right) return null
  const { sign, kind } = comparison
  if (sign === '==' || sign === '!=') {
    const wanted = sign === '=='
    return (environment, bound) => {
      const a = left(environment, bound)
      if (a === null) return null
      const b = right(environment, bound)
      return b === null ? null : (a === b || (typeof a === 'object' && isEqual(a, b))) === wanted
    }
  }
  const holds = testOf(sign) as (a: Value, b: Value) => boolean
  const order = orderOf(kind) as (a: Value, b: Value) => number
  const isPlain = kind === 'date' || kind === 'dateTime' || kind === 'time'
  return (environment, bound) => {
    const a = left(environment, bound)
    if (a === null) return null
    const b = right(environment, bound)
    if (b === null) return null
    return isPlain || (typeof a === 'number' && typeof b === 'number') ? holds(a, b) : holds(order(a, b), 0)
  }
}

type Body = (element: unknown) => Value
const extreme =
  (sign: 1 | -1) =>
  (elements: readonly unknown[], body: Body): Value => {
    let best: Value = null
    for (const element of elements) {
      const value = body(element)
      if (value !== null && (best === null || compareValues(value, best) * sign < 0)) best = value
    }
    return best
  }
function total(elements: readonly unknown[], body: Body): { sum: Numeric; count: number } {
  let sum: Numeric = 0
  let count = 0
  for (const element of elements) {
    const value = body(element)
    if (value === null) continue
    sum = numbers.add(sum, value as Numeric)
    count++
  }
  return { sum, count }
}
const aggregates: Readonly<Record<Aggregate, (elements: readonly unknown[], body: Body) => Value>> = {
  exists: (elements, body) => elements.some((element) => body(element) === true),
  all: (elements, body) => elements.every((element) => body(element) === true),
  count: (elements, body) => elements.reduce<number>((count, element) => (body(element) === true ? count + 1 : count), 0),
  sum: (elements, body) => total(elements, body).sum,
  avg(elements, body) {
    const { sum, count } = total(elements, body)
    return numbers.quotient(sum, count)
  },
  min: extreme(1),
  max: extreme(-1),
  list: (elements, body) => elements.map(body).filter((value) => value !== null),
}
