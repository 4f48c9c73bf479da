import { fold } from '../fields/fold.ts'
import { formatSeconds } from '../fields/duration.ts'
import { limits } from './limits.ts'
import { contained } from './functions-list.ts'
import { fixed, of, text, whole, boolean } from './functions-operators.ts'
import type { Kind } from './functions-operators.ts'
import * as numbers from './numbers.ts'
import type { Numeric } from './numbers.ts'
import { lengthOf, lower, slice, upper, whitespace } from './text.ts'
import type { Extent, FunctionDefinition, Overload, Type } from './types.ts'

/** Code points. What replace, join and pads would make longer is null: text must not grow without bound. */
const textLimit = 1_000_000
const padLimit = 10_000
const partLimit = 10_000

/** Not negative, and no larger than any text; the twin of SQL bos.count. */
const count = (value: Numeric): number => Math.max(0, numbers.clamp(value))

const define = (
  name: string,
  doc: string,
  examples: readonly (readonly [expression: string, result: string])[],
  ...overloads: readonly (Omit<Overload, 'id'> & { readonly id?: string })[]
): FunctionDefinition => ({
  name,
  group: 'text',
  doc,
  examples: examples.map(([expression, result]) => ({ expression, result })),
  overloads: overloads.map((each) => ({ id: `${name}.text`, ...each })),
})

/** What is called the same of values of another kind. */
const alsoOf = (definition: FunctionDefinition, ...others: readonly Overload[]): FunctionDefinition => ({
  ...definition,
  overloads: [...definition.overloads, ...others],
})

const ofLength = (characters: number): Extent => ({ items: 1, characters })
/** What a number says that is written out; else the most that is answered. */
const atMost = (length: Extent | undefined, most: number): number => Math.min(most, typeof length?.value === 'number' ? length.value : most)

/** From text to text. */
const mapped = (
  name: string,
  doc: string,
  example: readonly [string, string],
  run: (value: string) => string,
  sql: Overload['sql'],
): FunctionDefinition =>
  define(name, doc, [example], {
    parameters: [of('text', 'text')],
    result: fixed(text),
    evaluate: (_clock, value: string) => run(value),
    sql,
  })

/** Whether, or where, one text is in the other. */
const found = (
  name: string,
  doc: string,
  example: readonly [string, string],
  result: Type,
  run: (value: string, part: string) => boolean | number,
  sql: Overload['sql'],
): FunctionDefinition =>
  define(name, doc, [example], {
    parameters: [of('text', 'text'), of('part', 'text')],
    result: fixed(result),
    evaluate: (_clock, value: string, part: string) => run(value, part),
    sql,
  })

/** The first or last code points. */
const end = (name: string, doc: string, example: readonly [string, string], run: (value: string, length: number) => string) =>
  define(name, doc, [example], {
    parameters: [of('text', 'text'), of('length', 'number')],
    result: fixed(text),
    extent: ([value, length]) => ofLength(atMost(length, value!.characters)),
    evaluate: (_clock, value: string, length: Numeric) => run(value, count(length)),
    sql: (sql, [value, length]) => sql`${sql.raw(name)}(${value}, bos.count(${length}::numeric))`,
  })

function pad(name: string, doc: string, example: readonly [string, string], isLeft: boolean): FunctionDefinition {
  return define(name, doc, [example], {
    parameters: [of('text', 'text'), of('length', 'number'), of('fill', 'text')],
    result: fixed(text),
    extent: ([value, length]) => ofLength(Math.max(value!.characters, atMost(length, padLimit))),
    evaluate(_clock, value: string, length: Numeric, fill: string) {
      const wanted = count(length)
      const own = lengthOf(value)
      if (own >= wanted || fill === '') return value
      if (wanted > padLimit) return null
      const missing = slice(fill.repeat(Math.ceil((wanted - own) / lengthOf(fill))), 0, wanted - own)
      return isLeft ? missing + value : value + missing
    },
    sql: (sql, [value, length, fill]) => sql`bos.pad(${value}, bos.count(${length}::numeric), ${fill}, ${sql.raw(String(isLeft))})`,
  })
}

function replace(value: string, part: string, by: string): string | null {
  if (part === '') return value
  const pieces = value.split(part)
  const length = lengthOf(value) + (pieces.length - 1) * (lengthOf(by) - lengthOf(part))
  return pieces.length > 1 && length > textLimit ? null : pieces.join(by)
}

function join(list: readonly (string | null)[], separator: string): string | null {
  const pieces = list.filter((each) => each !== null)
  const length = pieces.reduce((sum, each) => sum + lengthOf(each), 0) + Math.max(0, pieces.length - 1) * lengthOf(separator)
  return length > textLimit ? null : pieces.join(separator)
}

function split(value: string, separator: string): readonly string[] | null {
  if (value === '') return []
  if (separator === '') return [value]
  const parts = value.split(separator)
  return parts.length > partLimit ? null : parts
}

/** Of ten characters each, in a text of which only its record knows how long it is. */
const partsOf = (characters: number): Extent =>
  characters < limits.storedCharacters
    ? { items: characters + 1, characters }
    : { items: partLimit, characters: Math.max(characters, partLimit * 10) }

/** Half away from zero to whole seconds, which is what a duration is stored as. */
function durationText(seconds: Numeric): string {
  const rounded = numbers.roundTo(seconds, 0)
  const size = numbers.absolute(rounded)
  const sign = numbers.signOf(rounded) < 0 ? '-' : ''
  if (typeof size === 'number') return sign + formatSeconds(size)
  const { units } = numbers.toDecimal(size)
  const minutes = (units % 3600n) / 60n
  return `${sign}PT${units / 3600n}H${minutes > 0n ? `${minutes}M` : ''}${units % 60n > 0n ? `${units % 60n}S` : ''}`
}

const asText = (kind: Kind, write: (value: never) => string, sql: Overload['sql']): Overload => ({
  id: `text.${kind}`,
  parameters: [of('value', kind)],
  result: fixed(text),
  evaluate: (_clock, value: never) => write(value),
  sql,
})
const same = (value: string): string => value

export const textFunctions: readonly FunctionDefinition[] = [
  define('length', 'How many characters a text has (code points).', [[`length('Grüße 👋')`, '7']], {
    parameters: [of('text', 'text')],
    result: fixed(whole),
    evaluate: (_clock, value: string) => lengthOf(value),
    sql: (sql, [value]) => sql`length(${value})::bigint`,
  }),
  mapped(
    'lower',
    'In small letters, letter by letter.',
    [`lower('ÄB')`, 'äb'],
    lower,
    (sql, [value]) => sql`(lower(${value} collate pg_c_utf8) collate "C")`,
  ),
  mapped(
    'upper',
    'In capital letters, letter by letter: ß stays.',
    [`upper('äß')`, 'Äß'],
    upper,
    (sql, [value]) => sql`(upper(${value} collate pg_c_utf8) collate "C")`,
  ),
  mapped(
    'trim',
    'Without white space at both ends.',
    [`trim('  a b ')`, 'a b'],
    (value) => value.trim(),
    (sql, [value]) => sql`btrim(${value}, ${whitespace}::text)`,
  ),
  mapped(
    'fold',
    'As search compares: without accents and case.',
    [`fold('Ångström')`, 'angstrom'],
    fold,
    (sql, [value]) => sql`bos.fold(${value})`,
  ),
  alsoOf(
    found(
      'contains',
      'Whether part stands in the text; or whether a list holds a value.',
      [`contains('invoice', 'voice')`, 'true'],
      boolean,
      (value, part) => value.includes(part),
      (sql, [value, part]) => sql`(strpos(${value}, ${part}) > 0)`,
    ),
    contained,
  ),
  found(
    'startsWith',
    'Whether the text begins with part.',
    [`startsWith('invoice', 'in')`, 'true'],
    boolean,
    (value, part) => value.startsWith(part),
    (sql, [value, part]) => sql`starts_with(${value}, ${part})`,
  ),
  found(
    'endsWith',
    'Whether the text ends with part.',
    [`endsWith('invoice', 'in')`, 'false'],
    boolean,
    (value, part) => value.endsWith(part),
    (sql, [value, part]) => sql`bos.ends_with(${value}, ${part})`,
  ),
  found(
    'indexOf',
    'Where part first stands in the text, counted from 0; -1 when nowhere.',
    [`indexOf('invoice', 'v')`, '2'],
    whole,
    (value, part) => {
      const at = value.indexOf(part)
      return at <= 0 ? at : lengthOf(value.slice(0, at))
    },
    (sql, [value, part]) => sql`(strpos(${value}, ${part}) - 1)::bigint`,
  ),
  define(
    'substring',
    'The characters from start (counted from 0) up to, not including, end.',
    [
      [`substring('invoice', 2, 7)`, 'voice'],
      [`substring('invoice', 5)`, 'ce'],
    ],
    {
      id: 'substring.range',
      parameters: [of('text', 'text'), of('start', 'number'), of('end', 'number')],
      result: fixed(text),
      evaluate: (_clock, value: string, from: Numeric, to: Numeric) => slice(value, count(from), count(to)),
      sql: (sql, [value, from, to]) => sql`substr(left(${value}, bos.count(${to}::numeric)), bos.count(${from}::numeric) + 1)`,
    },
    {
      id: 'substring.from',
      parameters: [of('text', 'text'), of('start', 'number')],
      result: fixed(text),
      evaluate: (_clock, value: string, from: Numeric) => slice(value, count(from)),
      sql: (sql, [value, from]) => sql`substr(${value}, bos.count(${from}::numeric) + 1)`,
    },
  ),
  end('left', 'The first characters.', [`left('invoice', 2)`, 'in'], (value, length) => slice(value, 0, length)),
  end('right', 'The last characters.', [`right('invoice', 3)`, 'ice'], (value, length) =>
    slice(value, Math.max(0, lengthOf(value) - length)),
  ),
  define(
    'replace',
    'Every part of the text replaced. Null when the result would be longer than 1,000,000 characters.',
    [[`replace('a-b-c', '-', '+')`, 'a+b+c']],
    {
      parameters: [of('text', 'text'), of('part', 'text'), of('by', 'text')],
      result: fixed(text),
      extent: ([value, , by]) => ofLength(Math.min(textLimit, value!.characters * Math.max(1, by!.characters))),
      evaluate: (_clock, value: string, part: string, by: string) => replace(value, part, by),
      sql: (sql, [value, part, by]) => sql`bos.replace(${value}, ${part}, ${by})`,
    },
  ),
  pad('padLeft', 'Filled up on the left to a length of at most 10,000; never cut.', [`padLeft('7', 3, '0')`, '007'], true),
  pad('padRight', 'Filled up on the right to a length of at most 10,000; never cut.', [`padRight('7', 3, '.')`, '7..'], false),
  define(
    'join',
    'The texts of a list with a separator between them; nulls are left out. Null when longer than 1,000,000 characters.',
    [[`join(['a', 'b'], ', ')`, 'a, b']],
    {
      parameters: [{ name: 'list', takes: { kind: 'list', of: { kind: 'text' } } }, of('separator', 'text')],
      result: fixed(text),
      extent: ([list, separator]) => ofLength(Math.min(textLimit, list!.characters + list!.items * separator!.characters)),
      evaluate: (_clock, list: readonly (string | null)[], separator: string) => join(list, separator),
      sql: (sql, [list, separator]) => sql`bos.join(${list}, ${separator})`,
    },
  ),
  define('split', 'The parts of a text between separators; null when there are more than 10,000.', [[`split('a,b', ',')`, '["a","b"]']], {
    parameters: [of('text', 'text'), of('separator', 'text')],
    result: fixed({ kind: 'list', of: { kind: 'text' } }),
    extent: ([value]) => partsOf(value!.characters),
    evaluate: (_clock, value: string, separator: string) => split(value, separator),
    sql: (sql, [value, separator]) => sql`bos.split(${value}, ${separator})`,
  }),
  {
    name: 'text',
    group: 'text',
    doc: 'A value as text: numbers with a point and no needless digits, dates as 2026-11-30, moments in UTC. Use format for people.',
    examples: [
      { expression: `text(1.50)`, result: '1.5' },
      { expression: `text(hours(1.5))`, result: 'PT1H30M' },
      { expression: `text(true)`, result: 'true' },
    ],
    overloads: [
      asText('text', same, (sql, [value]) => sql`${value}`),
      asText('number', numbers.writeNumeric, (sql, [value]) => sql`trim_scale(${value}::numeric)::text`),
      asText('boolean', String, (sql, [value]) => sql`${value}::text`),
      asText('date', same, (sql, [value]) => sql`to_char(${value}, 'YYYY-MM-DD')`),
      asText('dateTime', same, (sql, [value]) => sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`),
      asText('time', same, (sql, [value]) => sql`to_char(${value}, 'HH24:MI:SS')`),
      asText('duration', durationText, (sql, [value]) => sql`bos.duration_text(${value}::numeric)`),
      asText('record', same, (sql, [value]) => sql`${value}::text`),
    ],
  },
]

/** Method form without an end. */
