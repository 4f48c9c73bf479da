import type { RawBuilder, Sql } from 'kysely'
import { addDays, addSeconds, daysOf, msOf, secondsOfMs, secondsOfTime } from './calendar.ts'
import * as numbers from './numbers.ts'
import type { Numeric } from './numbers.ts'
import type { FunctionDefinition, Overload, Parameter, Type } from './types.ts'
import { compareText, isEqual } from './values.ts'

export type Fragment = RawBuilder<unknown>
export type Kind = Extract<Parameter['takes'], readonly unknown[]>[number]

export const boolean: Type = { kind: 'boolean' }
export const number: Type = { kind: 'number', whole: false }
export const whole: Type = { kind: 'number', whole: true }
export const text: Type = { kind: 'text' }
export const date: Type = { kind: 'date' }
export const dateTime: Type = { kind: 'dateTime' }
export const time: Type = { kind: 'time' }
export const duration: Type = { kind: 'duration' }

/** A parameter that takes these kinds. */
export const of = (name: string, ...takes: readonly Kind[]): Parameter => ({ name, takes })
/** An overload that always answers the same type. */
export const fixed =
  (type: Type): Overload['result'] =>
  () =>
    type

/** As `quotient`: truncated one digit further than kept, then rounded. Multiplying by 1e-21 is exact where dividing by 1e21 is not. */
export const quotientSql = (sql: Sql, a: Fragment, b: Fragment): Fragment =>
  sql`round(div(${a}::numeric * 1e21, nullif(${b}::numeric, 0)) * 1e-21, 20)`

// ── Comparisons ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const scalars = ['number', 'text', 'date', 'dateTime', 'time', 'duration', 'boolean', 'record'] as const
type Scalar = (typeof scalars)[number]
/** Numbers and durations are not always JS numbers; everything else compares as what it is. */
const comparer = (kind: Scalar): ((a: never, b: never) => number) => {
  if (kind === 'number' || kind === 'duration') return numbers.compare
  return kind === 'text' ? compareText : (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
}

function comparison(
  name: '==' | '!=' | '<' | '<=' | '>' | '>=',
  id: string,
  doc: string,
  examples: FunctionDefinition['examples'],
): FunctionDefinition {
  const isOrder = name !== '==' && name !== '!='
  const holds = { '==': isZero, '!=': isNotZero, '<': isLess, '<=': isAtMost, '>': isMore, '>=': isAtLeast }[name]
  const overload = (kind: Scalar): Overload => {
    const compare = comparer(kind)
    return {
      id: `${id}.${kind}`,
      parameters: [of('a', kind), of('b', kind)],
      result: fixed(boolean),
      evaluate: isOrder
        ? (_clock, a: never, b: never) => holds(compare(a, b))
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
const isZero = (order: number) => order === 0
const isNotZero = (order: number) => order !== 0
const isLess = (order: number) => order < 0
const isAtMost = (order: number) => order <= 0
const isMore = (order: number) => order > 0
const isAtLeast = (order: number) => order >= 0

const comparisons: readonly FunctionDefinition[] = [
  comparison('==', 'eq', 'Whether two values are the same; null when either is null. `x == null` asks whether there is a value.', [
    { expression: `1 == 1.0`, result: 'true' },
    { expression: `'a' == 'A'`, result: 'false' },
  ]),
  comparison('!=', 'ne', 'Whether two values differ; null when either is null.', [{ expression: `1 != 2`, result: 'true' }]),
  comparison('<', 'lt', 'Whether a comes before b. Text is compared by code point.', [{ expression: `'B' < 'a'`, result: 'true' }]),
  comparison('<=', 'le', 'Whether a comes before b or is the same.', [{ expression: `2 <= 2`, result: 'true' }]),
  comparison('>', 'gt', 'Whether a comes after b.', [{ expression: `0.1 + 0.2 > 0.3`, result: 'false' }]),
  comparison('>=', 'ge', 'Whether a comes after b or is the same.', [{ expression: `3 >= 2.5`, result: 'true' }]),
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

// ── Arithmetic ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

type Sign = '+' | '-' | '*'
const numericSql =
  (sign: Sign): Overload['sql'] =>
  (sql, [a, b]) =>
    sql`(${a}::numeric ${sql.raw(sign)} ${b}::numeric)`
const quotientOf: Overload['sql'] = (sql, [a, b]) => quotientSql(sql, a!, b!)

const add: FunctionDefinition = {
  name: '+',
  group: 'number',
  doc: 'Sum; texts are joined; a date is so many days later, a moment so much time later.',
  examples: [
    { expression: `0.1 + 0.2`, result: '0.3' },
    { expression: `'a' + 'b'`, result: 'ab' },
    { expression: `date(2026, 2, 27) + 2`, result: '2026-03-01' },
    { expression: `dateTime(date(2026, 1, 1)) + hours(36)`, result: '2026-01-02T12:00:00.000Z' },
  ],
  overloads: [
    {
      id: 'add.number',
      parameters: [of('a', 'number'), of('b', 'number')],
      result: fixed(number),
      evaluate: (_clock, a: Numeric, b: Numeric) => numbers.add(a, b),
      sql: numericSql('+'),
    },
    {
      id: 'add.text',
      parameters: [of('a', 'text'), of('b', 'text')],
      result: fixed(text),
      evaluate: (_clock, a: string, b: string) => a + b,
      sql: (sql, [a, b]) => sql`(${a} || ${b})`,
    },
    {
      id: 'add.date',
      parameters: [of('date', 'date'), of('days', 'number')],
      result: fixed(date),
      evaluate: (_clock, day: string, days: Numeric) => addDays(day, days),
      sql: (sql, [day, days]) => sql`bos.day(${day} - date '0001-01-01' + trunc(${days}::numeric))`,
    },
    {
      id: 'add.dateTime',
      parameters: [of('moment', 'dateTime'), of('time', 'duration')],
      result: fixed(dateTime),
      evaluate: (_clock, moment: string, seconds: Numeric) => addSeconds(moment, seconds),
      sql: (sql, [moment, seconds]) => sql`bos.later(${moment}, ${seconds}::numeric)`,
    },
    {
      id: 'add.duration',
      parameters: [of('a', 'duration'), of('b', 'duration')],
      result: fixed(duration),
      evaluate: (_clock, a: Numeric, b: Numeric) => numbers.add(a, b),
      sql: numericSql('+'),
    },
  ],
}

const subtract: FunctionDefinition = {
  name: '-',
  group: 'number',
  doc: 'Difference; between two dates the number of days, between two moments or times the time that passes.',
  examples: [
    { expression: `1 - 0.9`, result: '0.1' },
    { expression: `date(2026, 3, 1) - date(2026, 2, 1)`, result: '28' },
  ],
  overloads: [
    {
      id: 'subtract.number',
      parameters: [of('a', 'number'), of('b', 'number')],
      result: fixed(number),
      evaluate: (_clock, a: Numeric, b: Numeric) => numbers.subtract(a, b),
      sql: numericSql('-'),
    },
    {
      id: 'subtract.days',
      parameters: [of('date', 'date'), of('days', 'number')],
      result: fixed(date),
      evaluate: (_clock, day: string, days: Numeric) => addDays(day, numbers.negate(days)),
      sql: (sql, [day, days]) => sql`bos.day(${day} - date '0001-01-01' - trunc(${days}::numeric))`,
    },
    {
      id: 'subtract.date',
      parameters: [of('a', 'date'), of('b', 'date')],
      result: fixed(whole),
      evaluate: (_clock, a: string, b: string) => daysOf(a) - daysOf(b),
      sql: (sql, [a, b]) => sql`(${a} - ${b})::bigint`,
    },
    {
      id: 'subtract.duration',
      parameters: [of('a', 'duration'), of('b', 'duration')],
      result: fixed(duration),
      evaluate: (_clock, a: Numeric, b: Numeric) => numbers.subtract(a, b),
      sql: numericSql('-'),
    },
    {
      id: 'subtract.time',
      parameters: [of('moment', 'dateTime'), of('time', 'duration')],
      result: fixed(dateTime),
      evaluate: (_clock, moment: string, seconds: Numeric) => addSeconds(moment, numbers.negate(seconds)),
      sql: (sql, [moment, seconds]) => sql`bos.later(${moment}, - ${seconds}::numeric)`,
    },
    {
      id: 'subtract.dateTime',
      parameters: [of('a', 'dateTime'), of('b', 'dateTime')],
      result: fixed(duration),
      evaluate: (_clock, a: string, b: string) => secondsOfMs(msOf(a) - msOf(b)),
      sql: (sql, [a, b]) => sql`extract(epoch from ${a} - ${b})`,
    },
    {
      id: 'subtract.timeOfDay',
      parameters: [of('a', 'time'), of('b', 'time')],
      result: fixed(duration),
      evaluate: (_clock, a: string, b: string) => secondsOfTime(a) - secondsOfTime(b),
      sql: (sql, [a, b]) => sql`extract(epoch from ${a} - ${b})`,
    },
  ],
}

const times = (id: string, a: Kind, b: Kind, result: Type): Overload => ({
  id: `multiply.${id}`,
  parameters: [of('a', a), of('b', b)],
  result: fixed(result),
  evaluate: (_clock, left: Numeric, right: Numeric) => numbers.multiply(left, right),
  sql: numericSql('*'),
})
const by = (id: string, a: Kind, b: Kind, result: Type): Overload => ({
  id: `divide.${id}`,
  parameters: [of('a', a), of('b', b)],
  result: fixed(result),
  evaluate: (_clock, left: Numeric, right: Numeric) => numbers.quotient(left, right),
  sql: quotientOf,
})
const negate = (kind: Kind, result: Type): Overload => ({
  id: `negate.${kind}`,
  parameters: [of('value', kind)],
  result: fixed(result),
  evaluate: (_clock, value: Numeric) => numbers.negate(value),
  sql: (sql, [value]) => sql`(- ${value}::numeric)`,
})

const arithmetic: readonly FunctionDefinition[] = [
  add,
  subtract,
  {
    name: '*',
    group: 'number',
    doc: 'Product, exact.',
    examples: [{ expression: `1.1 * 1.1`, result: '1.21' }],
    overloads: [
      times('number', 'number', 'number', number),
      times('duration', 'duration', 'number', duration),
      times('durationBy', 'number', 'duration', duration),
    ],
  },
  {
    name: '/',
    group: 'number',
    doc: 'Quotient, rounded to 20 fraction digits half away from zero; null when divided by zero.',
    examples: [
      { expression: `1 / 3`, result: '0.33333333333333333333' },
      { expression: `1 / 0`, result: 'null' },
      { expression: `hours(3) / hours(2)`, result: '1.5' },
    ],
    overloads: [
      by('number', 'number', 'number', number),
      by('duration', 'duration', 'number', duration),
      by('durations', 'duration', 'duration', number),
    ],
  },
  {
    name: '%',
    group: 'number',
    doc: 'What division leaves over, with the sign of the dividend; null when divided by zero.',
    examples: [
      { expression: `-7 % 3`, result: '-1' },
      { expression: `7.5 % 2`, result: '1.5' },
    ],
    overloads: [
      {
        id: 'remainder.number',
        parameters: [of('a', 'number'), of('b', 'number')],
        result: fixed(number),
        evaluate: (_clock, a: Numeric, b: Numeric) => numbers.remainder(a, b),
        sql: (sql, [a, b]) => sql`mod(${a}::numeric, nullif(${b}::numeric, 0))`,
      },
    ],
  },
  {
    name: 'neg',
    group: 'number',
    doc: 'The opposite; written as a minus before the value.',
    examples: [{ expression: `-(2 - 5)`, result: '3' }],
    overloads: [negate('number', number), negate('duration', duration)],
  },
]

export const operators: readonly FunctionDefinition[] = [...comparisons, ...arithmetic]
