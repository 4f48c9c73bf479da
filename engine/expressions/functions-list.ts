import { isIn } from './functions-comparison.ts'
import { boolean, fixed, of } from './functions-operators.ts'
import type { FunctionDefinition, Overload, Parameter, Type } from './types.ts'
import { mergedType } from './merged-type.ts'
import * as numbers from './numbers.ts'
import { compareValues } from './values.ts'
import { whitespace } from './text.ts'

const list: Parameter = { name: 'list', takes: 'list of same' }
const same = (name: string): Parameter => ({ name, takes: 'same' })
const itemOf = ([type]: readonly Type[]): Type => (type?.kind === 'list' ? type.of : { kind: 'null' })

/** The least or greatest of the values that are there. */
function extreme(name: 'least' | 'greatest', doc: string, example: string, result: string): FunctionDefinition {
  const sign = name === 'least' ? 1 : -1
  return {
    name,
    group: 'comparison',
    doc,
    examples: [{ expression: example, result }],
    overloads: (['number', 'text', 'date', 'dateTime', 'time', 'duration'] as const).map((kind) => ({
      id: `${name}.${kind}`,
      parameters: [of('a', kind), { ...of('more', kind), repeated: true }],
      result: mergedType,
      nulls: 'handles',
      evaluate: (_clock, ...values: readonly unknown[]) =>
        values.reduce((best, value) => (value !== null && (best === null || compareValues(value, best) * sign < 0) ? value : best), null),
      sql: (sql, args) => sql`${sql.raw(name)}(${sql.join(kind === 'text' ? args.map((each) => sql`${each} collate "C"`) : [...args])})`,
    })),
  }
}

const ofList = (
  name: string,
  doc: string,
  example: string,
  result: string,
  overload: Omit<Overload, 'id' | 'parameters'>,
): FunctionDefinition => ({
  name,
  group: 'list',
  doc,
  examples: [{ expression: example, result }],
  overloads: [{ id: `${name}.list`, parameters: [list], ...overload }],
})

/** Numbers that are no JS numbers have one form for each value. */
function distinct(values: readonly unknown[]): readonly unknown[] {
  const plain = new Set<unknown>()
  const exact = new Set<string>()
  return values.filter((value) => {
    if (typeof value !== 'object' || value === null) return plain.size < plain.add(value).size
    return exact.size < exact.add(numbers.writeNumeric(value as numbers.Numeric)).size
  })
}

export const contained: Overload = {
  id: 'contains.list',
  parameters: [list, same('value')],
  result: fixed(boolean),
  nulls: 'handles',
  evaluate: (_clock, values: readonly unknown[] | null, value: unknown) => isIn(value, values),
  sql: (sql, [values, value]) => sql`(${value} = any(${values}))`,
}

export const listFunctions: readonly FunctionDefinition[] = [
  ofList('firstOf', 'The first value of a list; null when it is empty.', `firstOf([3, 1, 2])`, '3', {
    result: itemOf,
    evaluate: (_clock, values: readonly unknown[]) => values[0] ?? null,
    sql: (sql, [values]) => sql`(${values})[1]`,
  }),
  ofList('lastOf', 'The last value of a list; null when it is empty.', `lastOf([3, 1, 2])`, '2', {
    result: itemOf,
    evaluate: (_clock, values: readonly unknown[]) => values.at(-1) ?? null,
    sql: (sql, [values]) => sql`bos.last_of(${values})`,
  }),
  ofList('distinct', 'Each value of a list once, where it first stands.', `distinct([2, 1, 2])`, '["2","1"]', {
    result: ([type]) => type!,
    evaluate: (_clock, values: readonly unknown[]) => distinct(values),
    sql: (sql, [values]) => sql`bos.distinct_of(${values})`,
  }),
]

export const logicFunctions: readonly FunctionDefinition[] = [
  {
    name: 'coalesce',
    group: 'logic',
    doc: 'The first of the values that is not null.',
    examples: [{ expression: `coalesce(null, 2)`, result: '2' }],
    overloads: [
      {
        id: 'coalesce.same',
        parameters: [same('a'), { ...same('more'), repeated: true }],
        result: mergedType,
        nulls: 'handles',
        evaluate: (_clock, ...values: readonly unknown[]) => values.find((each) => each !== null) ?? null,
        sql: (sql, args) => sql`coalesce(${sql.join([...args])})`,
      },
    ],
  },
  {
    name: 'isEmpty',
    group: 'logic',
    doc: 'Whether there is nothing: no value, an empty list, a text without anything but white space. Never null.',
    examples: [
      { expression: `isEmpty('  ')`, result: 'true' },
      { expression: `isEmpty(0)`, result: 'false' },
    ],
    overloads: [
      {
        id: 'isEmpty.text',
        parameters: [of('text', 'text')],
        result: fixed(boolean),
        nulls: 'handles',
        evaluate: (_clock, value: string | null) => value === null || value.trim() === '',
        sql: (sql, [value]) => sql`(coalesce(btrim(${value}, ${whitespace}::text), '') = '')`,
      },
      {
        id: 'isEmpty.list',
        parameters: [of('list', 'list')],
        result: fixed(boolean),
        nulls: 'handles',
        evaluate: (_clock, values: readonly unknown[] | null) => values === null || values.length === 0,
        sql: (sql, [values]) => sql`(coalesce(cardinality(${values}), 0) = 0)`,
      },
      {
        id: 'isEmpty.any',
        parameters: [{ name: 'value', takes: 'any' }],
        result: fixed(boolean),
        nulls: 'handles',
        evaluate: (_clock, value: unknown) => value === null,
        sql: (sql, [value]) => sql`(${value} is null)`,
      },
    ],
  },
  extreme('least', 'The least of the values that are there; null when none is.', `least(3, null, 2)`, '2'),
  extreme('greatest', 'The greatest of the values that are there; null when none is.', `greatest('a', 'b')`, 'b'),
]
