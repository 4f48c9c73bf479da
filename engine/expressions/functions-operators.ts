import type { RawBuilder, Sql } from 'kysely'
import { addDays, addSeconds, daysOf, msOf, secondsOfMs, secondsOfTime } from './calendar.ts'
import * as numbers from './numbers.ts'
import type { Numeric } from './numbers.ts'
import type { FunctionDefinition, Overload, Parameter, Type } from './types.ts'

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

export const arithmetic: readonly FunctionDefinition[] = [
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
