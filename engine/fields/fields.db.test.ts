import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { at, openFieldDatabase } from './database-fixtures.ts'
import type { FieldDatabase } from './database-fixtures.ts'
import { fold } from './fold.ts'
import { fieldTypes } from './index.ts'
import { cases, tableName, valuesFor } from './samples.ts'
import type { OperatorName } from './type.ts'

let database: FieldDatabase
beforeAll(async () => {
  database = await openFieldDatabase()
})
afterAll(() => database.close())

test('every field type has a case', () => {
  const stored = [...fieldTypes.values()].filter((type) => type.id !== 'lines' && type.id !== 'references').map((type) => type.id)
  expect([...new Set(Object.values(cases).map(({ field }) => field.type.id))].toSorted()).toEqual(stored.toSorted())
})

describe.each(Object.entries(cases))('%s', (name, { field, operands, order, means = (text) => text }) => {
  const { type, settings } = field
  const table = tableName(name)
  const values = valuesFor(name)
  const texts = operands ? fc.sample(operands, { numRuns: 12, seed: 11 }) : []
  beforeAll(() => database.tableOf(table, field, values))

  test('what is stored is read back', async () => {
    expect(await database.valuesOf(table, field)).toEqual([...values, null])
  })

  test('null finds the row without a value', async () => {
    const without = values.flatMap((value, i) => (Array.isArray(value) && value.length === 0 && type.id !== 'json' ? [i] : []))
    expect(await database.found(table, field, 'null', 'true')).toEqual([...without, values.length])
    expect(await database.found(table, field, 'null', 'false')).toEqual(values.flatMap((_, i) => (without.includes(i) ? [] : [i])))
  })

  const tests: Readonly<Record<string, (result: number) => boolean>> = { eq: (r) => r === 0, ne: (r) => r !== 0, gt: (r) => r > 0, gte: (r) => r >= 0, lt: (r) => r < 0, lte: (r) => r <= 0 }
  const comparable = order ? Object.keys(tests).filter((each) => type.operators[each as OperatorName]) : []
  if (comparable.length > 0) test('comparisons find what JavaScript finds', async () => {
    for (const operator of comparable) {
      for (const text of [...texts, ...values.slice(0, 6).map(String)]) {
        const expected = values.flatMap((value, i) => (tests[operator]!(order!(value as never, means(text) as never)) ? [i] : []))
        expect(await database.found(table, field, operator as OperatorName, text), `${operator} ${text}`).toEqual(expected)
      }
    }
  })

  if (order && type.operators.in) test('in finds any of several', async () => {
    const several = [...texts.slice(0, 3), ...values.slice(0, 3).map(String)]
    const expected = values.flatMap((value, i) => (several.some((text) => order!(value as never, means(text) as never) === 0) ? [i] : []))
    expect(await database.found(table, field, 'in', JSON.stringify(several))).toEqual(expected)
  })

  const isText = typeof values[0] === 'string' && type.operators.contains !== undefined
  if (isText) test('contains and startsWith ignore case and accents', async () => {
    for (const text of ['a', 'Ä', 'SS', 'ς', '%', '_', '\\', "'", 'é1', 'https', ...texts].filter((each) => fold(each) !== '')) {
      const matches = (test: (value: string) => boolean) => values.flatMap((value, i) => (test(fold(value as string)) ? [i] : []))
      expect(await database.found(table, field, 'contains', text), text).toEqual(matches((value) => value.includes(fold(text))))
      expect(await database.found(table, field, 'startsWith', text), text).toEqual(matches((value) => value.startsWith(fold(text))))
    }
  })

  if (type.sort) test('sorting is total, and the keys survive a cursor', async () => {
    const keys = type.sort!(sql, at, settings)
    const rows = await database.run(sql`select id, ${sql.join(keys.map(({ key, keyType }, i) => sql`${key}::text::${sql.raw(keyType)} is not distinct from ${key} as ${sql.ref(`same${i}`)}`))}
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
