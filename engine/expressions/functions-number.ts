import { fixed, number, of, text, whole } from './functions-operators.ts'
import { numberPattern, patternFault, writePattern } from './patterns.ts'
import * as numbers from './numbers.ts'
import type { Numeric } from './numbers.ts'
import type { FunctionDefinition, Overload } from './types.ts'

/** Digits outside of this count as its ends. */
const roundingDigits = 100

/** A function of one number. `sql` is the name of PostgreSQL's own. */
const one = (
  name: string,
  doc: string,
  example: readonly [expression: string, result: string],
  run: (value: Numeric) => Numeric,
): FunctionDefinition => ({
  name,
  group: 'number',
  doc,
  examples: [{ expression: example[0], result: example[1] }],
  overloads: [
    {
      id: `${name}.number`,
      parameters: [of('x', 'number')],
      result: fixed(number),
      evaluate: (_clock, value: Numeric) => run(value),
      sql: (sql, [value]) => sql`${sql.raw(name)}(${value}::numeric)`,
    },
  ],
})

/** The exponents and results that `power` answers; beyond them the work would grow without bound. */
const powerLimit = { exponent: 100, digits: 100 }

/** Exact, then rounded as `/` is; the twin of SQL bos.power. */
function power(base: Numeric, exponent: Numeric): Numeric | null {
  if (typeof exponent !== 'number' || Math.abs(exponent) > powerLimit.exponent || (base === 0 && exponent < 0)) return null
  const limit: Numeric = numbers.numeric(10n ** BigInt(powerLimit.digits), 0)
  if (numbers.compare(numbers.absolute(base), limit) >= 0) return null
  const { units, scale } = numbers.toDecimal(numbers.roundTo(base, numbers.quotientDigits))
  const times = BigInt(Math.abs(exponent))
  const raised = numbers.numeric(units ** times, scale * Math.abs(exponent))
  const result = exponent < 0 ? numbers.quotient(1, raised) : numbers.roundTo(raised, numbers.quotientDigits)
  return result === null || numbers.compare(numbers.absolute(result), limit) >= 0 ? null : result
}

/** What `number(text)` reads; the twin of the pattern in SQL bos.number. */
const numberText = /^-?(?:0|[1-9][0-9]{0,59})(?:\.[0-9]{1,40})?$/

const roundOverload: Overload = {
  id: 'round.digits',
  parameters: [of('x', 'number'), of('digits', 'number')],
  result: fixed(number),
  evaluate: (_clock, value: Numeric, digits: Numeric) =>
    numbers.roundTo(value, Math.max(-roundingDigits, Math.min(roundingDigits, numbers.clamp(digits)))),
  sql: (sql, [value, digits]) => sql`round(${value}::numeric, bos.digits(${digits}::numeric))`,
}

export const numberFunctions: readonly FunctionDefinition[] = [
  {
    name: 'abs',
    group: 'number',
    doc: 'The size of a number or a length of time, without its sign.',
    examples: [{ expression: `abs(-2.5)`, result: '2.5' }],
    overloads: (['number', 'duration'] as const).map((kind) => ({
      id: `abs.${kind}`,
      parameters: [of('x', kind)],
      result: ([type]) => type!,
      evaluate: (_clock, value: Numeric) => numbers.absolute(value),
      sql: (sql, [value]) => sql`abs(${value})`,
    })),
  },
  {
    name: 'round',
    group: 'number',
    doc: 'Rounded half away from zero, to whole numbers or to so many digits after the point (before it, when negative).',
    examples: [
      { expression: `round(2.5)`, result: '3' },
      { expression: `round(-1.005, 2)`, result: '-1.01' },
      { expression: `round(1250, -2)`, result: '1300' },
    ],
    overloads: [
      {
        id: 'round.number',
        parameters: [of('x', 'number')],
        result: fixed(number),
        evaluate: (_clock, value: Numeric) => numbers.roundTo(value, 0),
        sql: (sql, [value]) => sql`round(${value}::numeric)`,
      },
      roundOverload,
    ],
  },
  one('floor', 'The largest whole number not above x.', ['floor(-1.5)', '-2'], numbers.floor),
  one('ceil', 'The smallest whole number not below x.', ['ceil(-1.5)', '-1'], numbers.ceil),
  one('trunc', 'x without the digits after its point.', ['trunc(-1.5)', '-1'], numbers.truncate),
  {
    name: 'sign',
    group: 'number',
    doc: '-1, 0 or 1.',
    examples: [{ expression: `sign(-3)`, result: '-1' }],
    overloads: [
      {
        id: 'sign.number',
        parameters: [of('x', 'number')],
        result: fixed(whole),
        evaluate: (_clock, value: Numeric) => numbers.signOf(value),
        sql: (sql, [value]) => sql`sign(${value}::numeric)::bigint`,
      },
    ],
  },
  {
    name: 'power',
    group: 'number',
    doc: 'x multiplied n times, rounded to 20 fraction digits. Null where n is not a whole number from -100 to 100, or the result has more than 100 digits before the point.',
    examples: [
      { expression: `power(1.1, 2)`, result: '1.21' },
      { expression: `power(2, -1)`, result: '0.5' },
      { expression: `power(2, 0.5)`, result: 'null' },
    ],
    overloads: [
      {
        id: 'power.number',
        parameters: [of('x', 'number'), of('n', 'number')],
        result: fixed(number),
        evaluate: (_clock, base: Numeric, exponent: Numeric) => power(base, exponent),
        sql: (sql, [base, exponent]) => sql`bos.power(${base}::numeric, ${exponent}::numeric)`,
      },
    ],
  },
  {
    name: 'number',
    group: 'number',
    doc: 'The number that a text writes with digits and a point; null when it is none, or has more than 60 digits before or 40 after the point.',
    examples: [
      { expression: `number(' 12.50 ')`, result: '12.5' },
      { expression: `number('12,5')`, result: 'null' },
    ],
    overloads: [
      {
        id: 'number.text',
        parameters: [of('text', 'text')],
        result: fixed(number),
        evaluate: (_clock, value: string) => {
          const trimmed = value.trim()
          return numberText.test(trimmed) ? numbers.readNumeric(trimmed)! : null
        },
        sql: (sql, [value]) => sql`bos.number(${value})`,
      },
    ],
  },
]

export const formatNumber: Overload = {
  id: 'format.number',
  parameters: [of('x', 'number'), { name: 'pattern', takes: ['text'], literal: patternFault('number') }],
  result: fixed(text),
  evaluate: (_clock, value: Numeric, pattern: string) => writePattern(value, numberPattern(pattern)),
  sql(sql, [value], { literals: [, pattern = ''] }) {
    const { before, after, minWhole, minFraction, maxFraction, isGrouped } = numberPattern(pattern)
    const digits = sql`bos.digits_of(${value}::numeric, ${minWhole}::integer, ${minFraction}::integer, ${maxFraction}::integer, ${isGrouped}::boolean, ${before}::text)`
    return sql`(${digits} || ${after}::text collate "C")`
  },
}
