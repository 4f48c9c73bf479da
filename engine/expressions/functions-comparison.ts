import { boolean, fixed, of } from './functions-operators.ts'
import * as numbers from './numbers.ts'
import type { FunctionDefinition, Overload } from './types.ts'
import { compareText, isEqual } from './values.ts'

type Test = (a: number, b: number) => boolean

/** By their signs: what they are called in typed trees (`le.number` is `<=` of two numbers), and what holds then. */
const signs = {
  '==': { id: 'eq', holds: (a, b) => a === b },
  '!=': { id: 'ne', holds: (a, b) => a !== b },
  '<': { id: 'lt', holds: (a, b) => a < b },
  '<=': { id: 'le', holds: (a, b) => a <= b },
  '>': { id: 'gt', holds: (a, b) => a > b },
  '>=': { id: 'ge', holds: (a, b) => a >= b },
} as const satisfies Readonly<Record<string, { readonly id: string; readonly holds: Test }>>
export type ComparisonSign = keyof typeof signs
export const isComparisonSign = (operator: string): operator is ComparisonSign => Object.hasOwn(signs, operator)

const scalars = ['number', 'text', 'date', 'dateTime', 'time', 'duration', 'boolean', 'record'] as const
type Scalar = (typeof scalars)[number]

export interface Comparison {
  readonly sign: ComparisonSign
  /** Of the values on both sides. */
  readonly kind: Scalar
}
const byOverload = new Map<string, Comparison>(
  (Object.keys(signs) as ComparisonSign[]).flatMap((sign) =>
    scalars.map((kind): [string, Comparison] => [`${signs[sign].id}.${kind}`, { sign, kind }]),
  ),
)
/** Which comparison an overload is; undefined: it is none. */
export const comparisonOf = (overload: string): Comparison | undefined => byOverload.get(overload)

/** Two values that JavaScript compares by itself, or their order and 0. */
export const testOf = (sign: ComparisonSign): Test => signs[sign].holds

/** The order of two values of a kind. Numbers and durations are not always JS numbers; canonical dates, moments and times are ASCII of one length. */
export const orderOf = (kind: Scalar): ((a: never, b: never) => number) => {
  if (kind === 'number' || kind === 'duration') return numbers.compare
  return kind === 'text' ? compareText : (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
}

function comparison(name: ComparisonSign, doc: string, examples: FunctionDefinition['examples']): FunctionDefinition {
  const { id, holds } = signs[name]
  const isOrder = name !== '==' && name !== '!='
  const overload = (kind: Scalar): Overload => {
    const order = orderOf(kind)
    return {
      id: `${id}.${kind}`,
      parameters: [of('a', kind), of('b', kind)],
      result: fixed(boolean),
      evaluate: isOrder
        ? (_clock, a: never, b: never) => holds(order(a, b), 0)
        : (_clock, a: never, b: never) => isEqual(a, b) === (name === '=='),
      sql: (sql, [a, b]) => {
        const sign = sql.raw(name === '==' ? '=' : name === '!=' ? '<>' : name)
        return isOrder && kind === 'text' ? sql`(${a} ${sign} ${b} collate "C")` : sql`(${a} ${sign} ${b})`
      },
    }
  }
  const kinds = isOrder ? scalars.filter((kind) => kind !== 'boolean' && kind !== 'record') : scalars
  return { name, group: 'comparison', doc, examples, overloads: kinds.map(overload) }
}
export const comparisons: readonly FunctionDefinition[] = [
  comparison('==', 'Whether two values are the same; null when either is null. `x == null` asks whether there is a value.', [
    { expression: `1 == 1.0`, result: 'true' },
    { expression: `'a' == 'A'`, result: 'false' },
  ]),
  comparison('!=', 'Whether two values differ; null when either is null.', [{ expression: `1 != 2`, result: 'true' }]),
  comparison('<', 'Whether a comes before b. Text is compared by code point.', [{ expression: `'B' < 'a'`, result: 'true' }]),
  comparison('<=', 'Whether a comes before b or is the same.', [{ expression: `2 <= 2`, result: 'true' }]),
  comparison('>', 'Whether a comes after b.', [{ expression: `0.1 + 0.2 > 0.3`, result: 'false' }]),
  comparison('>=', 'Whether a comes after b or is the same.', [{ expression: `3 >= 2.5`, result: 'true' }]),
  {
    name: 'in',
    group: 'comparison',
    doc: 'Whether the list holds the value; nothing is in an empty list. Null when the value is null, or is not found and the list holds a null.',
    examples: [
      { expression: `2 in [1, 2, 3]`, result: 'true' },
      { expression: `'x' in []`, result: 'false' },
    ],
    overloads: [
      {
        id: 'in.list',
        parameters: [
          { name: 'value', takes: 'same' },
          { name: 'list', takes: 'list of same' },
        ],
        result: fixed(boolean),
        nulls: 'handles',
        evaluate: (_clock, value: unknown, list: readonly unknown[] | null) => isIn(value, list),
        sql: (sql, [value, list]) => sql`(${value} = any(${list}))`,
      },
    ],
  },
  nullTest('isNull', 'Whether there is no value: what `x == null` means.', true),
  nullTest('isNotNull', 'Whether there is a value: what `x != null` means.', false),
]

/** SQL's `= any`: nothing is in an empty list, not even null. */
export function isIn(value: unknown, list: readonly unknown[] | null): boolean | null {
  if (list === null) return null
  let hasNull = value === null && list.length > 0
  for (const item of list) {
    if (item === null) hasNull = true
    else if (value !== null && isEqual(item, value)) return true
  }
  return hasNull ? null : false
}

function nullTest(name: string, doc: string, isNull: boolean): FunctionDefinition {
  const test = isNull ? 'is null' : 'is not null'
  return {
    name,
    group: 'comparison',
    doc,
    examples: [{ expression: `${name}('')`, result: String(!isNull) }],
    overloads: [
      {
        id: `${name}.any`,
        parameters: [{ name: 'value', takes: 'any' }],
        result: fixed(boolean),
        nulls: 'handles',
        evaluate: (_clock, value: unknown) => (value === null) === isNull,
        sql: (sql, [value]) => sql`(${value} ${sql.raw(test)})`,
      },
    ],
  }
}
