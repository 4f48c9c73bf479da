import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { at, openFieldDatabase } from '../testing/field-database.ts'
import type { FieldDatabase } from '../testing/field-database.ts'
import { cases, tableName, valuesFor } from '../testing/field-samples.ts'
import type { Case } from '../testing/field-samples.ts'
import { fold } from './fold.ts'
import { fieldTypes } from './index.ts'
import type { OperatorName } from './type.ts'

let database: FieldDatabase
beforeAll(async () => {
  database = await openFieldDatabase()
  for (const [name, { field }] of Object.entries(cases)) await database.tableOf(tableName(name), field, valuesFor(name))
})
afterAll(() => database.close())

const named = (fits: (field: Case, name: string) => boolean): string[] => Object.keys(cases).filter((name) => fits(cases[name]!, name))
const textsOf = ({ operands }: Case): readonly string[] => (operands ? fc.sample(operands, { numRuns: 12, seed: 11 }) : [])

/** Which rows a filter finds, beside those that JavaScript finds: tables to be compared whole, so that a fault shows the operand. */
async function bothWays(
  name: string,
  operators: readonly OperatorName[],
  texts: readonly string[],
  matches: (value: unknown, operator: OperatorName, text: string) => boolean,
): Promise<{ sql: unknown[]; js: unknown[] }> {
  const values = valuesFor(name)
  const rows = { sql: [] as unknown[], js: [] as unknown[] }
  for (const operator of operators) {
    for (const text of texts) {
      rows.sql.push([operator, text, ...(await database.found(tableName(name), cases[name]!.field, operator, text))])
      rows.js.push([operator, text, ...values.flatMap((value, i) => (matches(value, operator, text) ? [i] : []))])
    }
  }
  return rows
}

test('every field type has a case', () => {
  const stored = [...fieldTypes.keys()].filter((id) => id !== 'lines' && id !== 'references')
  expect([...new Set(Object.values(cases).map(({ field }) => field.type.id))].toSorted()).toEqual(stored.toSorted())
})

test.each(Object.keys(cases))('%s: what is stored is read back', async (name) => {
  expect(await database.valuesOf(tableName(name), cases[name]!.field)).toEqual([...valuesFor(name), null])
})

test.each(Object.keys(cases))('%s: null finds the row without a value', async (name) => {
  const { field } = cases[name]!
  const values = [...valuesFor(name), null]
  const empty = (value: unknown): boolean => value === null || (field.type.id !== 'json' && Array.isArray(value) && value.length === 0)
  expect(await database.found(tableName(name), field, 'null', 'true')).toEqual(values.flatMap((value, i) => (empty(value) ? [i] : [])))
  expect(await database.found(tableName(name), field, 'null', 'false')).toEqual(values.flatMap((value, i) => (empty(value) ? [] : [i])))
})

const holds: Readonly<Record<string, (order: number) => boolean>> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
}

test.each(named(({ order }) => order !== undefined))('%s: comparisons find what JavaScript finds', async (name) => {
  const { field, order, means = (text) => text } = cases[name]!
  const operators = (Object.keys(holds) as OperatorName[]).filter((each) => field.type.operators[each])
  const texts = [...textsOf(cases[name]!), ...valuesFor(name).slice(0, 6).map(String)]
  const found = await bothWays(name, operators, texts, (value, operator, text) =>
    holds[operator]!(order!(value as never, means(text) as never)),
  )
  expect(found.sql).toEqual(found.js)
})

test.each(named(({ field, order }) => order !== undefined && field.type.operators.in !== undefined))(
  '%s: in finds any of several',
  async (name) => {
    const { order, means = (text) => text } = cases[name]!
    const several = [...textsOf(cases[name]!).slice(0, 3), ...valuesFor(name).slice(0, 3).map(String)]
    const found = await bothWays(name, ['in'], [JSON.stringify(several)], (value) =>
      several.some((text) => order!(value as never, means(text) as never) === 0),
    )
    expect(found.sql).toEqual(found.js)
  },
)

const isText = (field: Case, name: string): boolean =>
  typeof valuesFor(name)[0] === 'string' && field.field.type.operators.contains !== undefined

test.each(named(isText))('%s: contains and startsWith ignore case and accents', async (name) => {
  const texts = ['a', 'Ä', 'SS', 'ς', '%', '_', '\\', "'", 'é1', 'https', ...textsOf(cases[name]!)].filter((each) => fold(each) !== '')
  const found = await bothWays(name, ['contains', 'startsWith'], texts, (value, operator, text) =>
    operator === 'contains' ? fold(String(value)).includes(fold(text)) : fold(String(value)).startsWith(fold(text)),
  )
  expect(found.sql).toEqual(found.js)
})

test.each(named(({ field }) => field.type.sort !== undefined))('%s: sort keys survive a cursor, and no value comes last', async (name) => {
  const { type, settings } = cases[name]!.field
  const keys = type.sort!(sql, at, settings)
  const same = keys.map(({ key, keyType }) => sql`${key}::text::${sql.raw(keyType)} is not distinct from ${key}`)
  const rows = await database.run(sql`select id, ${sql.join(same, sql` and `)} as same from ${sql.table(tableName(name))}
    order by ${sql.join(keys.map(({ key }) => sql`${key} nulls last`))}, id`)
  expect(rows.every((row) => row['same'] === true)).toBe(true)
  expect(rows.at(-1)!['id']).toBe(valuesFor(name).length)
})

const exact = new Set(['decimal', 'percent', 'integer', 'rating', 'date', 'dateTime', 'time', 'duration', 'rank', 'boolean'])

test.each(named(({ field }) => exact.has(field.type.id)))('%s: the order is that of JavaScript', async (name) => {
  const {
    field: { type, settings },
    order,
  } = cases[name]!
  const keys = type.sort!(sql, at, settings).map(({ key }) => sql`${key} nulls last`)
  const rows = await database.run(sql`select id from ${sql.table(tableName(name))} order by ${sql.join(keys)}, id`)
  const values = valuesFor(name)
  const expected = values.map((_, i) => i).sort((a, b) => order!(values[a] as never, values[b] as never) || a - b)
  expect(rows.map((row) => row['id'])).toEqual([...expected, values.length])
})
