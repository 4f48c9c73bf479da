import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { at, openFieldDatabase, suffixed } from '../testing/field-database.ts'
import type { FieldDatabase } from '../testing/field-database.ts'
import { compareText } from './decimals.ts'
import { subject } from '../testing/field-subject.ts'
import type { Subject } from '../testing/field-subject.ts'
import { fieldOf } from './index.ts'
import { cases, tableName, valuesFor } from '../testing/field-samples.ts'
import type { Bucket } from './type.ts'

const used = [
  'money',
  'money, indexed',
  'money, fixed',
  'reference, several',
  'multiSelect',
  'list of text',
  'list of decimal',
  'list of duration',
  'address',
  'integer',
]
let database: FieldDatabase
beforeAll(async () => {
  database = await openFieldDatabase()
  for (const name of used) await database.tableOf(tableName(name), cases[name]!.field, valuesFor(name))
})
afterAll(() => database.close())

const where = (values: readonly unknown[], matches: (value: never) => boolean) =>
  values.flatMap((value, i) => (value !== null && matches(value as never) ? [i] : []))

test.each(['money', 'money, indexed', 'money, fixed'])('%s compares amounts, and currencies where one is named', async (name) => {
  const { field } = cases[name]!
  const table = tableName(name)
  const values = await database.valuesOf(table, field)
  type Money = { amount: string; currency: string }
  for (const amount of ['0', '1.005', '-2.5', '1e20', (values[0] as Money).amount]) {
    expect(await database.found(table, field, 'gte', amount)).toEqual(
      where(values, (value: Money) => compareText(value.amount, amount) >= 0),
    )
    expect(await database.found(table, field, 'lt', `${amount} EUR`)).toEqual(
      where(values, (value: Money) => compareText(value.amount, amount) < 0 && value.currency === 'EUR'),
    )
    expect(await database.found(table, field, 'eq', `${amount} EUR`)).toEqual(
      where(values, (value: Money) => compareText(value.amount, amount) === 0 && value.currency === 'EUR'),
    )
    expect(await database.found(table, field, 'ne', amount)).toEqual(
      where(values, (value: Money) => compareText(value.amount, amount) !== 0),
    )
    expect(await database.found(table, field, 'ne', `${amount} USD`)).toEqual(
      where(values, (value: Money) => compareText(value.amount, amount) !== 0 || value.currency !== 'USD'),
    )
  }
  for (const [member, { type, settings, suffix }] of field.type.members!(field.settings)) {
    const text = member === 'currency' ? 'USD' : '1.005'
    const part: Subject = { type: fieldOf(type), settings, default: undefined }
    expect(await database.found(table, part, 'ne', text, suffixed(suffix))).toEqual(
      where(values, (value: Money) => (member === 'currency' ? value.currency !== text : compareText(value.amount, text) !== 0)),
    )
  }
})

test('a reference to several entities', async () => {
  const { field } = cases['reference, several']!
  const values = await database.valuesOf('t_reference_several', field)
  type Target = { entity: string; id: string }
  const { id } = values[0] as Target
  expect(await database.found('t_reference_several', field, 'eq', id)).toEqual(where(values, (value: Target) => value.id === id))
  expect(await database.found('t_reference_several', field, 'eq', `crm.deal:${id}`)).toEqual(
    where(values, (value: Target) => value.id === id && value.entity === 'crm.deal'),
  )
  expect(await database.found('t_reference_several', field, 'in', `crm.company:${id},crm.deal:${id}`)).toEqual(
    where(values, (value: Target) => value.id === id),
  )
})

test('lists have one or any of several', async () => {
  const check = async (name: string, one: string, same: (item: never) => boolean, any: string, among: (item: never) => boolean) => {
    const table = tableName(name)
    const values = await database.valuesOf(table, cases[name]!.field)
    expect(await database.found(table, cases[name]!.field, 'contains', one)).toEqual(where(values, (value: never[]) => value.some(same)))
    expect(await database.found(table, cases[name]!.field, 'in', any)).toEqual(where(values, (value: never[]) => value.some(among)))
  }
  await check(
    'multiSelect',
    'red',
    (item: string) => item === 'red',
    'red,blue',
    (item: string) => item === 'red' || item === 'blue',
  )
  await check(
    'list of text',
    'a',
    (item: string) => item === 'a',
    '["","é"]',
    (item: string) => item === '' || item === 'é',
  )
  await check(
    'list of decimal',
    '0.1',
    (item: string) => compareText(item, '0.1') === 0,
    '0.0001,0.2',
    (item: string) => compareText(item, '0.2') === 0,
  )
  await check(
    'list of duration',
    'PT1M',
    (item: string) => item === 'PT1M',
    'PT0S',
    (item: string) => item === 'PT0S',
  )
})

test('parts of an address filter by themselves; a name sorts by family and reads as one line', async () => {
  const { field } = cases['address']!
  const values = await database.valuesOf('t_address', field)
  const { type, settings, suffix } = field.type.members!(field.settings).get('city')!
  const city: Subject = { type: fieldOf(type), settings, default: undefined }
  expect(await database.found('t_address', city, 'eq', 'Berlin', suffixed(suffix))).toEqual(
    where(values, (value: { city: string }) => value.city === 'Berlin'),
  )
  expect(await database.found('t_address', city, 'contains', 'KOL', suffixed(suffix))).toEqual(
    where(values, (value: { city: string }) => value.city === 'Köln'),
  )

  const person = subject({ 'x-bos': { type: 'personName' } })
  const names = [
    { given: 'Zoë', family: 'Ångström' },
    { given: 'Ada', family: 'Zuse' },
    { given: 'Cher' },
    { prefix: 'Dr.', given: 'Ada', family: 'Ångström' },
  ]
  await database.tableOf('t_names', person, names)
  const keys = person.type.sort!(sql, at, person.settings).map(({ key }) => key)
  const rows = await database.run(
    sql`select ${person.type.text!(sql, at, person.settings)} as text from t_names order by ${sql.join(keys)}`,
  )
  expect(rows.map((row) => row['text'])).toEqual(['Dr. Ada Ångström', 'Zoë Ångström', 'Cher', 'Ada Zuse', null])
  const searched = `select ${person.type.searched!('f', person.settings)} as words from t_names order by id`
  expect((await database.client.query(searched)).rows.at(-2)).toEqual({ words: 'Dr. Ada  Ångström ' })
})

test('order on screen: text by people, options by their list, numbers by value', async () => {
  const text = subject({ type: 'string' })
  await database.tableOf('t_order', text, ['b', 'Z', 'ä', 'a', 'A', 'z', 'a b', ''])
  const ordered = async (table: string, field: Subject) =>
    (
      await database.run(
        sql`select f from ${sql.table(table)} order by ${sql.join(field.type.sort!(sql, at, field.settings).map(({ key }) => sql`${key} nulls last`))}`,
      )
    ).map((row) => row['f'])
  expect(await ordered('t_order', text)).toEqual(['', 'a', 'A', 'ä', 'a b', 'b', 'z', 'Z', null])
  const select = subject({ enum: ['low', 'mid', 'high'] })
  await database.tableOf('t_options', select, ['high', 'gone', 'low', 'mid'])
  expect(await ordered('t_options', select)).toEqual(['low', 'mid', 'high', 'gone', null])
  const numbers = subject({ 'x-bos': { type: 'sequence', pattern: 'N-{n:2}' } })
  await database.tableOf('t_numbers', numbers, ['N-100', 'N-99', 'N-07', 'N-1000'])
  expect(await ordered('t_numbers', numbers)).toEqual(['N-07', 'N-99', 'N-100', 'N-1000', null])
})

test('ne leaves out rows without a value, as the expression language does', async () => {
  expect(await database.found(tableName('integer'), cases['integer']!.field, 'ne', '1000000007')).toEqual(
    Array.from({ length: 40 }, (_, i) => i),
  )
})

test('buckets begin in the zone of the tenant; weeks begin on Monday', async () => {
  const moment = subject({ type: 'string', format: 'date-time' })
  await database.tableOf('t_moments', moment, ['2026-03-31T22:30:00.000Z', '2026-01-01T00:00:00.000Z'])
  const bucket = async (table: string, type: 'date' | 'dateTime', unit: Bucket, zone: string) =>
    (
      await database.run(
        sql`select to_json(${fieldOf(type).bucket!(sql, at, unit, sql`${zone}`)}) as b from ${sql.table(table)} order by id`,
      )
    ).map((row) => row['b'])
  expect(await bucket('t_moments', 'dateTime', 'month', 'Europe/Berlin')).toEqual(['2026-04-01', '2026-01-01', null])
  expect(await bucket('t_moments', 'dateTime', 'month', 'UTC')).toEqual(['2026-03-01', '2026-01-01', null])
  expect(await bucket('t_moments', 'dateTime', 'year', 'America/New_York')).toEqual(['2026-01-01', '2025-01-01', null])
  const date = subject({ type: 'string', format: 'date' })
  await database.tableOf('t_days', date, ['2026-11-22', '2026-11-23', '0001-01-03'])
  expect(await bucket('t_days', 'date', 'week', 'UTC')).toEqual(['2026-11-16', '2026-11-23', '0001-01-01', null])
  expect(await bucket('t_days', 'date', 'quarter', 'UTC')).toEqual(['2026-10-01', '2026-10-01', '0001-01-01', null])
})

test('measures answer canonical values', async () => {
  const answer = async (table: string, { type, settings }: Subject, measure: 'sum' | 'avg' | 'min' | 'max') => {
    const aggregate = sql`${sql.raw(measure)}(${type.measured?.(sql, at, settings) ?? at()})`
    return (
      await database.run(
        sql`select to_json(${type.showMeasure?.(sql, measure, aggregate, settings) ?? aggregate}) as m from ${sql.table(table)}`,
      )
    )[0]!['m']
  }
  const duration = subject({ type: 'string', format: 'duration' })
  await database.tableOf('t_lengths', duration, ['PT1H', 'PT30M', 'PT1S'])
  expect([
    await answer('t_lengths', duration, 'sum'),
    await answer('t_lengths', duration, 'avg'),
    await answer('t_lengths', duration, 'max'),
  ]).toEqual(['PT1H30M1S', 'PT30M', 'PT1H'])
  const integer = subject({ type: 'integer' })
  await database.tableOf('t_counts', integer, [1, 2, 2])
  expect([await answer('t_counts', integer, 'sum'), await answer('t_counts', integer, 'avg')]).toEqual([5, '1.666667'])
  expect(await answer('t_moments', subject({ type: 'string', format: 'date-time' }), 'min')).toBe('2026-01-01T00:00:00.000Z')
  expect(await answer('t_days', subject({ type: 'string', format: 'date' }), 'max')).toBe('2026-11-23')
})
