import fc from 'fast-check'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase } from '../testing/postgres.ts'
import type { TestDatabase } from '../testing/postgres.ts'
import { compareText } from './decimals.ts'
import { foldSql, operand, parsed, subject } from './fixtures.ts'
import type { Subject } from './fixtures.ts'
import { fold } from './fold.ts'
import { fieldOf, fieldTypes } from './index.ts'
import type { Column, ColumnRef, OperatorName } from './type.ts'

let database: TestDatabase
let client: Client
const compiler = new Kysely<Record<string, never>>({
  dialect: {
    createAdapter: () => new PostgresAdapter(), createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db), createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

beforeAll(async () => {
  database = await freshDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(await foldSql())
  // Nothing may depend on what a session happens to be set to.
  await client.query(`set timezone = 'Asia/Kolkata'; set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'; set extra_float_digits = 0`)
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

async function run(statement: RawBuilder<unknown>): Promise<Record<string, unknown>[]> {
  const { sql: text, parameters } = statement.compile(compiler)
  return (await client.query(text, [...parameters])).rows as Record<string, unknown>[]
}

/** Row i holds values[i]; a last row holds none. */
async function tableOf(table: string, { type, settings }: Subject, values: readonly unknown[]): Promise<void> {
  const columns = type.columns('f', settings)
  await client.query(`create table ${table} (id int primary key, ${columns.map(columnSql).join(', ')})`)
  const stored = columns.filter((each) => each.generated === undefined)
  const rows = [...values, null].map((value, id) => [id, ...(type.store?.(value, settings) ?? [value])])
  for (const row of rows) {
    expect(row).toHaveLength(stored.length + 1)
    const names = ['id', ...stored.map((each) => `"${each.name}"`)]
    const marks = row.map((_, i) => `$${i + 1}${i === 0 ? '' : `::${stored[i - 1]!.type}`}`)
    await client.query(`insert into ${table} (${names.join(', ')}) values (${marks.join(', ')})`, row)
  }
}

const columnSql = ({ name, type, collation, generated }: Column): string =>
  `"${name}" ${type}${collation ? ` collate "${collation}"` : ''}${generated ? ` generated always as (${generated}) stored` : ''}`

const at: ColumnRef = (suffix = '') => sql.ref(`f${suffix}`)
const suffixed = (own: string): ColumnRef => (more = '') => at(own + more)

/** Ids of the rows that an operator finds. */
async function found(table: string, { type, settings }: Subject, name: OperatorName, text: string, columns: ColumnRef = at): Promise<number[]> {
  const faults: string[] = []
  const params = type.operators[name]!.parse(text, settings as never, (_, detail) => faults.push(detail))
  expect(faults, `${name} ${text}`).toEqual([])
  const where = type.operators[name]!.where(sql, columns, params.map((each) => sql`${each}`), settings as never)
  return (await run(sql`select id from ${sql.table(table)} where ${where} order by id`)).map((row) => Number(row['id']))
}

const codePoints = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const plain = <T extends string | number | boolean>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
const seconds = (text: string): number => fieldOf('duration').store!(text, {})[0] as number
const pick = (array: readonly string[]) => fc.constantFrom(...array)
const letters = fc.string({ unit: fc.constantFrom(...'aAbBäÄéßİΣσς%_\\\'"; 1é😀한\n'), maxLength: 12 })
const hex = (length: number) => fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
const ids = pick(['0192f0c1-7a3b-7def-8123-456789abcde0', '0192f0c1-7a3b-7def-8123-456789abcde1', '0192f0c1-7a3b-7def-8123-456789abcde2'])
const day = fc.date({ min: new Date('0001-01-01T00:00:00.000Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
const exact = (digits: number, scale: number) => fc.bigInt(-(10n ** BigInt(digits)) + 1n, 10n ** BigInt(digits) - 1n).map((units) => `${units}e-${scale}`)
const near = (scale: number) => fc.integer({ min: -500, max: 500 }).map((units) => `${units}e-${scale}`)

/** `order` compares a canonical value with the canonical form of an operand; `operands` are texts for query parameters. */
interface Case {
  readonly field: Subject
  readonly inputs: fc.Arbitrary<unknown>
  readonly operands?: fc.Arbitrary<string>
  readonly order?: (value: never, operand: never) => number
  /** What an operand's text means; default: the text itself. */
  readonly means?: (text: string) => unknown
}
const decimalCase = (settings: object, use: object, inputs: fc.Arbitrary<unknown>): Case => ({
  field: subject({ 'x-bos': { type: 'decimal', ...settings } }, use), inputs, operands: fc.oneof(near(1), near(2), near(3), near(6), exact(30, 10)), order: compareText,
})
const textCase = (use: object): Case => ({ field: subject({ type: 'string', maxLength: 40 }, use), inputs: letters, operands: letters, order: codePoints })

const cases: Readonly<Record<string, Case>> = {
  text: textCase({}),
  'text, indexed': textCase({ indexed: true }),
  'text, searched': textCase({ folded: true }),
  longText: { field: subject({ 'x-bos': { type: 'longText' } }), inputs: letters },
  markdown: { field: subject({ 'x-bos': { type: 'markdown' } }, { folded: true }), inputs: letters },
  email: { field: subject({ 'x-bos': { type: 'email' } }), inputs: pick(['a@b.de', 'A@b.de', 'c.d@e.org']), operands: pick(['a@b.de', 'c', 'b@']), order: codePoints },
  phone: { field: subject({ 'x-bos': { type: 'phone' } }), inputs: pick(['030 12345', '+49 30 1', '(5) 555-4729']), operands: pick(['030 12345', '5', '+']), order: codePoints },
  url: { field: subject({ 'x-bos': { type: 'url' } }), inputs: pick(['https://a.de', 'https://b.de/x_y', 'mailto:a@b.de']), operands: pick(['https://a.de', 'x_y', 'HTTPS']), order: codePoints },
  barcode: { field: subject({ 'x-bos': { type: 'barcode' } }), inputs: pick(['4006381333931', 'AB-1', 'ab-1']), operands: pick(['AB-1', '40', 'b']), order: codePoints },
  integer: { field: subject({ type: 'integer' }), inputs: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger()), operands: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger()).map(String), means: Number, order: plain },
  rating: { field: subject({ 'x-bos': { type: 'rating' } }), inputs: fc.integer({ min: 1, max: 5 }), operands: fc.integer({ min: 0, max: 6 }).map(String), means: Number, order: plain },
  decimal: decimalCase({ scale: 2, precision: 10 }, {}, fc.oneof(near(2), exact(10, 2))),
  'decimal, indexed': decimalCase({ scale: 2, precision: 18 }, { indexed: true }, fc.oneof(near(2), exact(18, 2))),
  'decimal, indexed, whole': decimalCase({ scale: 0, precision: 18 }, { indexed: true }, fc.oneof(near(0), exact(18, 0))),
  'decimal, indexed, all fraction': decimalCase({ scale: 18, precision: 18 }, { indexed: true }, exact(18, 18)),
  'decimal, wide': decimalCase({ scale: 20, precision: 38 }, { indexed: true }, fc.oneof(near(2), exact(38, 20))),
  percent: { field: subject({ 'x-bos': { type: 'percent' } }, { indexed: true }), inputs: fc.nat(10_000).map((units) => `${units}e-2`), operands: fc.nat(1000).map((units) => `${units}e-1`), order: compareText },
  money: { field: subject({ 'x-bos': { type: 'money' } }), inputs: fc.record({ amount: near(2), currency: pick(['EUR', 'USD']) }) },
  'money, indexed': { field: subject({ 'x-bos': { type: 'money', scale: 4 } }, { indexed: true }), inputs: fc.record({ amount: near(2), currency: pick(['EUR', 'USD']) }) },
  'money, fixed': { field: subject({ 'x-bos': { type: 'money', currency: 'EUR' } }), inputs: fc.record({ amount: near(2) }) },
  boolean: { field: subject({ type: 'boolean' }), inputs: fc.boolean(), operands: pick(['true', 'false']), means: (text) => text === 'true', order: plain },
  date: { field: subject({ type: 'string', format: 'date' }), inputs: day.map((each) => each.toISOString().slice(0, 10)), operands: day.map((each) => each.toISOString().slice(0, 10)), order: plain },
  dateTime: { field: subject({ type: 'string', format: 'date-time' }), inputs: day.map((each) => each.toISOString()), operands: day.map((each) => each.toISOString()), order: plain },
  time: { field: subject({ type: 'string', format: 'time' }), inputs: day.map((each) => each.toISOString().slice(11, 19)), operands: day.map((each) => each.toISOString().slice(11, 19)), order: plain },
  duration: { field: subject({ type: 'string', format: 'duration' }), inputs: fc.oneof(fc.nat(200), fc.nat(9_999_999)).map((each) => `PT${each}S`), operands: fc.nat(200).map((each) => `PT${each}M`), order: (a: string, b: string) => seconds(a) - seconds(b) },
  select: { field: subject({ enum: ['new', "o'k", 'won'] }), inputs: pick(['new', "o'k", 'won']), operands: pick(['new', "o'k"]), order: plain },
  color: { field: subject({ 'x-bos': { type: 'color' } }), inputs: hex(6).map((each) => `#${each}`), operands: pick(['#000000']), order: plain },
  rank: { field: subject({ 'x-bos': { type: 'rank' } }), inputs: fc.string({ unit: fc.constantFrom(...'09AZaz'), minLength: 1, maxLength: 4 }), operands: pick(['A', 'a0', 'Z9']), order: codePoints },
  sequence: { field: subject({ 'x-bos': { type: 'sequence', pattern: 'PO-{n:2}' } }), inputs: fc.nat(300).map((n) => `PO-${String(n).padStart(2, '0')}`), operands: pick(['PO-07', 'PO-100']), order: codePoints },
  reference: { field: subject({ 'x-bos': { type: 'reference', entity: 'crm.company' } }), inputs: ids, operands: ids, order: plain },
  'reference, several': { field: subject({ 'x-bos': { type: 'reference', entity: ['crm.company', "crm.deal"] } }), inputs: fc.record({ entity: pick(['crm.company', 'crm.deal']), id: ids }) },
  multiSelect: { field: subject({ type: 'array', items: { enum: ['red', 'green', 'blue'] } }), inputs: fc.subarray(['red', 'green', 'blue']) },
  'list of text': { field: subject({ type: 'array', items: { type: 'string' } }), inputs: fc.array(letters, { maxLength: 4 }) },
  'list of decimal': { field: subject({ type: 'array', items: { 'x-bos': { type: 'decimal', scale: 3 } } }), inputs: fc.array(near(3), { maxLength: 4 }) },
  'list of dateTime': { field: subject({ type: 'array', items: { type: 'string', format: 'date-time' } }), inputs: fc.array(day.map((each) => each.toISOString()), { maxLength: 3 }) },
  'list of duration': { field: subject({ type: 'array', items: { type: 'string', format: 'duration' } }), inputs: fc.array(fc.nat(9999).map((each) => `PT${each}S`), { maxLength: 3 }) },
  'list of integer': { field: subject({ type: 'array', items: { type: 'integer' } }), inputs: fc.array(fc.maxSafeInteger(), { maxLength: 3 }) },
  json: { field: subject({ 'x-bos': { type: 'json' } }), inputs: fc.jsonValue({ maxDepth: 3 }).filter((each) => each !== null && !JSON.stringify(each).includes('\\u0000') && !JSON.stringify(each).includes('__proto__')) },
  address: { field: subject({ 'x-bos': { type: 'address' } }), inputs: fc.record({ city: pick(['Berlin', 'Köln']), country: letters, street: letters }, { requiredKeys: ['city'] }) },
  personName: { field: subject({ 'x-bos': { type: 'personName' } }), inputs: fc.record({ family: pick(['King', "O'Neil"]), given: letters }, { requiredKeys: ['family'] }) },
}

test('every field type has a case', () => {
  const stored = [...fieldTypes.values()].filter((type) => type.id !== 'lines' && type.id !== 'references').map((type) => type.id)
  expect([...new Set(Object.values(cases).map(({ field }) => field.type.id))].toSorted()).toEqual(stored.toSorted())
})

describe.each(Object.entries(cases))('%s', (name, { field, inputs, operands, order, means = (text) => text }) => {
  const { type, settings } = field
  const table = `t_${name.replaceAll(/\W+/g, '_').toLowerCase()}`
  const values = fc.sample(inputs, { numRuns: 40, seed: 7 }).map((input) => {
    const outcome = parsed(field, input)
    expect(outcome, JSON.stringify(input)).toHaveProperty('value')
    return (outcome as { value: unknown }).value
  })
  const texts = operands ? fc.sample(operands, { numRuns: 12, seed: 11 }) : []
  beforeAll(() => tableOf(table, field, values))

  test('what is stored is read back', async () => {
    const rendered = type.render?.(sql, at, settings) ?? at()
    const rows = await run(sql`select (select row_to_json(r) from (select ${rendered} as value) r)::text as json from ${sql.table(table)} order by id`)
    expect(rows.map((row) => (JSON.parse(row['json'] as string) as { value: unknown }).value)).toEqual([...values, null])
  })

  test('null finds the row without a value', async () => {
    const without = values.flatMap((value, i) => (Array.isArray(value) && value.length === 0 && type.id !== 'json' ? [i] : []))
    expect(await found(table, field, 'null', 'true')).toEqual([...without, values.length])
    expect(await found(table, field, 'null', 'false')).toEqual(values.flatMap((_, i) => (without.includes(i) ? [] : [i])))
  })

  const tests: Readonly<Record<string, (result: number) => boolean>> = { eq: (r) => r === 0, ne: (r) => r !== 0, gt: (r) => r > 0, gte: (r) => r >= 0, lt: (r) => r < 0, lte: (r) => r <= 0 }
  const comparable = order ? Object.keys(tests).filter((each) => type.operators[each as OperatorName]) : []
  if (comparable.length > 0) test('comparisons find what JavaScript finds', async () => {
    for (const operator of comparable) {
      for (const text of [...texts, ...values.slice(0, 6).map(String)]) {
        const expected = values.flatMap((value, i) => (tests[operator]!(order!(value as never, means(text) as never)) ? [i] : []))
        expect(await found(table, field, operator as OperatorName, text), `${operator} ${text}`).toEqual(expected)
      }
    }
  })

  if (order && type.operators.in) test('in finds any of several', async () => {
    const several = [...texts.slice(0, 3), ...values.slice(0, 3).map(String)]
    const expected = values.flatMap((value, i) => (several.some((text) => order!(value as never, means(text) as never) === 0) ? [i] : []))
    expect(await found(table, field, 'in', JSON.stringify(several))).toEqual(expected)
  })

  const isText = typeof values[0] === 'string' && type.operators.contains !== undefined
  if (isText) test('contains and startsWith ignore case and accents', async () => {
    for (const text of ['a', 'Ä', 'SS', 'ς', '%', '_', '\\', "'", 'é1', 'https', ...texts].filter((each) => fold(each) !== '')) {
      const matches = (test: (value: string) => boolean) => values.flatMap((value, i) => (test(fold(value as string)) ? [i] : []))
      expect(await found(table, field, 'contains', text), text).toEqual(matches((value) => value.includes(fold(text))))
      expect(await found(table, field, 'startsWith', text), text).toEqual(matches((value) => value.startsWith(fold(text))))
    }
  })

  if (type.sort) test('sorting is total, and the keys survive a cursor', async () => {
    const keys = type.sort!(sql, at, settings)
    const rows = await run(sql`select id, ${sql.join(keys.map(({ key, keyType }, i) => sql`${key}::text::${sql.raw(keyType)} is not distinct from ${key} as ${sql.ref(`same${i}`)}`))}
      from ${sql.table(table)} order by ${sql.join(keys.map(({ key }) => sql`${key} nulls last`))}, id`)
    expect(rows.every((row) => keys.every((_, i) => row[`same${i}`] === true))).toBe(true)
    expect(rows.at(-1)!['id']).toBe(values.length)
    const exactOrder = ['decimal', 'percent', 'integer', 'rating', 'date', 'dateTime', 'time', 'duration', 'rank', 'boolean'].includes(type.id)
    if (exactOrder) {
      const sorted = rows.slice(0, -1).map((row) => values[row['id'] as number] as never)
      for (let i = 1; i < sorted.length; i++) expect(order!(sorted[i - 1]!, sorted[i]!)).toBeLessThanOrEqual(0)
    }
  })
})

test('ne leaves out rows without a value, as the expression language does', async () => {
  expect(await found('t_integer', cases['integer']!.field, 'ne', '1000000007')).toEqual(Array.from({ length: 40 }, (_, i) => i))
})

describe('operators of their own', () => {
  const valuesOf = async (table: string, field: Subject): Promise<unknown[]> =>
    (await run(sql`select to_json(${field.type.render?.(sql, at, field.settings) ?? at()}) as value from ${sql.table(table)} order by id`)).map((row) => row['value'])
  const where = (values: readonly unknown[], test: (value: never) => boolean) => values.flatMap((value, i) => (value !== null && test(value as never) ? [i] : []))

  test.each(['money', 'money, indexed', 'money, fixed'])('%s compares amounts, and currencies where one is named', async (name) => {
    const { field } = cases[name]!
    const table = `t_${name.replaceAll(/\W+/g, '_')}`
    const values = await valuesOf(table, field)
    type Money = { amount: string; currency: string }
    for (const amount of ['0', '1.005', '-2.5', '1e20', (values[0] as Money).amount]) {
      expect(await found(table, field, 'gte', amount)).toEqual(where(values, (value: Money) => compareText(value.amount, amount) >= 0))
      expect(await found(table, field, 'lt', `${amount} EUR`)).toEqual(where(values, (value: Money) => compareText(value.amount, amount) < 0 && value.currency === 'EUR'))
      expect(await found(table, field, 'eq', `${amount} EUR`)).toEqual(where(values, (value: Money) => compareText(value.amount, amount) === 0 && value.currency === 'EUR'))
      expect(await found(table, field, 'ne', amount)).toEqual(where(values, (value: Money) => compareText(value.amount, amount) !== 0))
      expect(await found(table, field, 'ne', `${amount} USD`)).toEqual(where(values, (value: Money) => compareText(value.amount, amount) !== 0 || value.currency !== 'USD'))
    }
    for (const [member, { type, settings, suffix }] of field.type.members!(field.settings)) {
      const text = member === 'currency' ? 'USD' : '1.005'
      const part: Subject = { type: fieldOf(type), settings, default: undefined }
      expect(await found(table, part, 'ne', text, suffixed(suffix))).toEqual(where(values, (value: Money) => (member === 'currency' ? value.currency !== text : compareText(value.amount, text) !== 0)))
    }
  })

  test('a reference to several entities', async () => {
    const { field } = cases['reference, several']!
    const values = await valuesOf('t_reference_several', field)
    type Target = { entity: string; id: string }
    const { id } = values[0] as Target
    expect(await found('t_reference_several', field, 'eq', id)).toEqual(where(values, (value: Target) => value.id === id))
    expect(await found('t_reference_several', field, 'eq', `crm.deal:${id}`)).toEqual(where(values, (value: Target) => value.id === id && value.entity === 'crm.deal'))
    expect(await found('t_reference_several', field, 'in', `crm.company:${id},crm.deal:${id}`)).toEqual(where(values, (value: Target) => value.id === id))
  })

  test('lists have one or any of several', async () => {
    const check = async (name: string, one: string, same: (item: never) => boolean, any: string, among: (item: never) => boolean) => {
      const table = `t_${name.replaceAll(/\W+/g, '_').toLowerCase()}`
      const values = await valuesOf(table, cases[name]!.field)
      expect(await found(table, cases[name]!.field, 'contains', one)).toEqual(where(values, (value: never[]) => value.some(same)))
      expect(await found(table, cases[name]!.field, 'in', any)).toEqual(where(values, (value: never[]) => value.some(among)))
    }
    await check('multiSelect', 'red', (item: string) => item === 'red', 'red,blue', (item: string) => item === 'red' || item === 'blue')
    await check('list of text', 'a', (item: string) => item === 'a', '["","é"]', (item: string) => item === '' || item === 'é')
    await check('list of decimal', '0.1', (item: string) => compareText(item, '0.1') === 0, '0.0001,0.2', (item: string) => compareText(item, '0.2') === 0)
    await check('list of duration', 'PT1M', (item: string) => item === 'PT1M', 'PT0S', (item: string) => item === 'PT0S')
  })

  test('parts of an address filter by themselves; a name sorts by family and reads as one line', async () => {
    const { field } = cases['address']!
    const values = await valuesOf('t_address', field)
    const { type, settings, suffix } = field.type.members!(field.settings).get('city')!
    const city: Subject = { type: fieldOf(type), settings, default: undefined }
    expect(await found('t_address', city, 'eq', 'Berlin', suffixed(suffix))).toEqual(where(values, (value: { city: string }) => value.city === 'Berlin'))
    expect(await found('t_address', city, 'contains', 'KOL', suffixed(suffix))).toEqual(where(values, (value: { city: string }) => value.city === 'Köln'))

    const person = subject({ 'x-bos': { type: 'personName' } })
    const names = [{ given: 'Zoë', family: 'Ångström' }, { given: 'Ada', family: 'Zuse' }, { given: 'Cher' }, { prefix: 'Dr.', given: 'Ada', family: 'Ångström' }]
    await tableOf('t_names', person, names)
    const keys = person.type.sort!(sql, at, person.settings).map(({ key }) => key)
    const rows = await run(sql`select ${person.type.text!(sql, at, person.settings)} as text from t_names order by ${sql.join(keys)}`)
    expect(rows.map((row) => row['text'])).toEqual(['Dr. Ada Ångström', 'Zoë Ångström', 'Cher', 'Ada Zuse', null])
    const searched = `select ${person.type.searched!('f', person.settings)} as words from t_names order by id`
    expect((await client.query(searched)).rows.at(-2)).toEqual({ words: 'Dr. Ada  Ångström ' })
  })

  test('order on screen: text by people, options by their list, numbers by value', async () => {
    const text = subject({ type: 'string' })
    await tableOf('t_order', text, ['b', 'Z', 'ä', 'a', 'A', 'z', 'a b', ''])
    const ordered = async (table: string, field: Subject) =>
      (await run(sql`select f from ${sql.table(table)} order by ${sql.join(field.type.sort!(sql, at, field.settings).map(({ key }) => sql`${key} nulls last`))}`)).map((row) => row['f'])
    expect(await ordered('t_order', text)).toEqual(['', 'a', 'A', 'ä', 'a b', 'b', 'z', 'Z', null])
    const select = subject({ enum: ['low', 'mid', 'high'] })
    await tableOf('t_options', select, ['high', 'gone', 'low', 'mid'])
    expect(await ordered('t_options', select)).toEqual(['low', 'mid', 'high', 'gone', null])
    const numbers = subject({ 'x-bos': { type: 'sequence', pattern: 'N-{n:2}' } })
    await tableOf('t_numbers', numbers, ['N-100', 'N-99', 'N-07', 'N-1000'])
    expect(await ordered('t_numbers', numbers)).toEqual(['N-07', 'N-99', 'N-100', 'N-1000', null])
  })
})

test('buckets begin in the zone of the tenant; weeks begin on Monday', async () => {
  const moment = subject({ type: 'string', format: 'date-time' })
  await tableOf('t_moments', moment, ['2026-03-31T22:30:00.000Z', '2026-01-01T00:00:00.000Z'])
  const bucket = async (table: string, type: 'date' | 'dateTime', unit: 'day', zone: string) =>
    (await run(sql`select to_json(${fieldOf(type).bucket!(sql, at, unit, sql`${zone}`)}) as b from ${sql.table(table)} order by id`)).map((row) => row['b'])
  expect(await bucket('t_moments', 'dateTime', 'month' as 'day', 'Europe/Berlin')).toEqual(['2026-04-01', '2026-01-01', null])
  expect(await bucket('t_moments', 'dateTime', 'month' as 'day', 'UTC')).toEqual(['2026-03-01', '2026-01-01', null])
  expect(await bucket('t_moments', 'dateTime', 'year' as 'day', 'America/New_York')).toEqual(['2026-01-01', '2025-01-01', null])
  const date = subject({ type: 'string', format: 'date' })
  await tableOf('t_days', date, ['2026-11-22', '2026-11-23', '0001-01-03'])
  expect(await bucket('t_days', 'date', 'week' as 'day', 'UTC')).toEqual(['2026-11-16', '2026-11-23', '0001-01-01', null])
  expect(await bucket('t_days', 'date', 'quarter' as 'day', 'UTC')).toEqual(['2026-10-01', '2026-10-01', '0001-01-01', null])
})

test('measures answer canonical values', async () => {
  const answer = async (table: string, { type, settings }: Subject, measure: 'sum' | 'avg' | 'min' | 'max') => {
    const aggregate = sql`${sql.raw(measure)}(${type.measured?.(sql, at, settings) ?? at()})`
    return (await run(sql`select to_json(${type.showMeasure?.(sql, measure, aggregate, settings) ?? aggregate}) as m from ${sql.table(table)}`))[0]!['m']
  }
  const duration = subject({ type: 'string', format: 'duration' })
  await tableOf('t_lengths', duration, ['PT1H', 'PT30M', 'PT1S'])
  expect([await answer('t_lengths', duration, 'sum'), await answer('t_lengths', duration, 'avg'), await answer('t_lengths', duration, 'max')]).toEqual(['PT1H30M1S', 'PT30M', 'PT1H'])
  const integer = subject({ type: 'integer' })
  await tableOf('t_counts', integer, [1, 2, 2])
  expect([await answer('t_counts', integer, 'sum'), await answer('t_counts', integer, 'avg')]).toEqual([5, '1.666667'])
  expect(await answer('t_moments', subject({ type: 'string', format: 'date-time' }), 'min')).toBe('2026-01-01T00:00:00.000Z')
  expect(await answer('t_days', subject({ type: 'string', format: 'date' }), 'max')).toBe('2026-11-23')
})

describe('under row policies the index answers', () => {
  const fields: Readonly<Record<string, Subject>> = {
    name: subject({ type: 'string', maxLength: 100, 'x-bos': { index: true } }),
    amount: subject({ 'x-bos': { type: 'decimal', scale: 2, index: true } }),
    value: subject({ 'x-bos': { type: 'money', index: true } }),
    day: subject({ type: 'string', format: 'date', 'x-bos': { index: true } }),
    moment: subject({ type: 'string', format: 'date-time', 'x-bos': { index: true } }),
    company: subject({ 'x-bos': { type: 'reference', entity: 'crm.company' } }),
  }
  beforeAll(async () => {
    const columns = Object.entries(fields).flatMap(([name, { type, settings }]) => type.columns(name, settings).map(columnSql))
    await client.query(`
      create role fields_reader; create schema policed;
      create table policed.t (tenant_id uuid not null, id int not null, ${columns.join(', ')}, primary key (tenant_id, id));
      alter table policed.t enable row level security; alter table policed.t force row level security;
      create policy read on policed.t for select using (tenant_id = (select nullif(current_setting('bos.tenant', true), '')::uuid));
      grant usage on schema policed, bos to fields_reader; grant select on policed.t to fields_reader;
      insert into policed.t (tenant_id, id, name, amount, value, value__currency, day, moment, company)
        select ('00000000-0000-0000-0000-00000000000' || n % 4)::uuid, n, 'name ' || n, n * 0.01, n, 'EUR', date '2000-01-01' + n, timestamptz '2000-01-01Z' + n * interval '1 hour',
          ('00000000-0000-0000-0000-0000' || lpad((n % 1000)::text, 8, '0'))::uuid from generate_series(1, 20000) n`)
    for (const [name, { type, settings }] of Object.entries(fields)) {
      await client.query(`create index policed_${name} on policed.t (tenant_id, ${type.index!(name, settings).join(', ')})`)
    }
    await client.query('analyze policed.t')
  })

  test.each([
    ['name', 'eq', 'name 400', /\(name\)::text = .*\(name = /],
    ['name', 'in', 'name 400,name 404', /\(name\)::text = ANY .*\(name = ANY/],
    ['name', 'gte', 'name 999', /name >= /],
    ['amount', 'gte', '199.985', /amount__n >= /],
    ['amount', 'eq', '4', /amount__n = /],
    ['amount', 'in', '4,8', /amount__n = ANY/],
    ['value', 'gt', '19990 EUR', /value__n > /],
    ['day', 'eq', '2000-01-05', /day = /],
    ['day', 'lt', '2000-01-20', /day < /],
    ['moment', 'gte', '2002-04-10T00:00:00Z', /moment >= /],
    ['company', 'eq', '00000000-0000-0000-0000-000000000004', /company = /],
  ] as const)('%s.%s', async (name, operator, text, condition) => {
    const { type, settings } = fields[name]!
    const params = operand(fields[name]!, operator, text)
    const where = type.operators[operator]!.where(sql, (suffix = '') => sql.ref(`${name}${suffix}`), params.map((each) => sql`${each}`), settings as never)
    const { sql: statement, parameters } = sql`select id from policed.t where tenant_id = ${'00000000-0000-0000-0000-000000000000'}::uuid and ${where}`.compile(compiler)
    const reader = new Client({ connectionString: database.url })
    await reader.connect()
    try {
      await reader.query(`set role fields_reader; set bos.tenant = '00000000-0000-0000-0000-000000000000'; set plan_cache_mode = force_generic_plan; set enable_seqscan = off`)
      const { rows } = await reader.query<{ 'QUERY PLAN': unknown }>(`explain (format json) ${statement}`, [...parameters])
      const conditions = [...JSON.stringify(rows[0]!['QUERY PLAN']).matchAll(/"Index Cond":"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]!.replaceAll('\\"', '"'))
      expect(conditions.some((each) => condition.test(each)), conditions.join('\n')).toBe(true)
      const answer = await reader.query(statement, [...parameters])
      expect(answer.rowCount).toBeGreaterThan(0)
    } finally {
      await reader.end()
    }
  })
})
