import type { Report } from '../problems.ts'
import { comparisons, plainIndex, plainSort } from './compare.ts'
import { define } from './define.ts'

const shape = /^(\d{4})-(\d{2})-(\d{2})$/

/** Whether the calendar has the day; years 0001 to 9999, proleptic Gregorian as in PostgreSQL. */
export function isCalendarDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = month === 2 ? (leap ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return day <= days
}

function parseDate(input: unknown, _settings: unknown, report: Report): string | undefined {
  const match = typeof input === 'string' ? shape.exec(input) : null
  if (match === null) report('', 'must be a date such as 2026-11-30')
  else if (!isCalendarDay(Number(match[1]), Number(match[2]), Number(match[3]))) report('', `${match[0]} is not a day of the calendar`)
  else return match[0]
  return undefined
}

/** A day, without a time zone. */
export const date = define<object>({
  id: 'date',
  valueType: () => ({ kind: 'date' }),
  json: ['string'],
  format: 'date',
  keywords: ['default'],
  compile: () => ({}),
  columns: (name) => [{ name, type: 'date' }],
  schema: () => ({ type: 'string', format: 'date' }),
  parse: parseDate,
  operators: comparisons(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in'], 'date', parseDate),
  sort: plainSort('date'),
  index: plainIndex,
  group: 'buckets',
  keyBytes: () => 4,
  period: true,
  bucket: (sql, at, bucket) => sql`date_trunc(${sql.lit(bucket)}, ${at()}::timestamp)::date`,
  measures: ['min', 'max'],
  fromText: (text, settings, report) => parseDate(text.trim(), settings, report),
})
