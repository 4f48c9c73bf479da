import type { Report } from '../problems.ts'
import type { RawBuilder, Sql } from 'kysely'
import { comparisons, plainIndex, plainSort } from './compare.ts'
import { isCalendarDay } from './date.ts'
import { define } from './define.ts'

const shape = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:([Zz])|([+-])(\d{2})(?::?(\d{2}))?)?$/
const first = new Date('0001-01-01T00:00:00.000Z').getTime()
const last = new Date('9999-12-31T23:59:59.999Z').getTime()

/** Text with a zone → UTC to the millisecond. A time without a zone means something else in every place, so it is refused. */
function parseDateTime(input: unknown, _settings: unknown, report: Report): string | undefined {
  const match = typeof input === 'string' ? shape.exec(input) : null
  if (match === null) return fail(report, 'must be a time with its zone, such as 2026-11-30T14:05:00Z')
  const [text, year, month, day, hour, minute, second = '00', fraction = '', z, sign, zoneHour = '00', zoneMinute = '00'] = match
  if (z === undefined && sign === undefined) return fail(report, 'needs a zone: Z or an offset such as +02:00')
  if (!isCalendarDay(Number(year), Number(month), Number(day))) return fail(report, `${text.slice(0, 10)} is not a day of the calendar`)
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return fail(report, `${text.slice(11, 19)} is not a time of the day`)
  if (Number(zoneHour) > 15 || Number(zoneMinute) > 59) return fail(report, 'has an offset that no place has')
  const digits = fraction.replace(/0+$/, '')
  if (digits.length > 3) return fail(report, `has ${digits.length} fraction digits of a second; 3 are kept`)
  const offsetMs = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000 * (sign === '-' ? -1 : 1)
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${digits.padEnd(3, '0')}Z`) - offsetMs
  if (at < first || at > last) return fail(report, 'must be between the years 0001 and 9999 in UTC')
  return new Date(at).toISOString()
}

function fail(report: Report, detail: string): undefined {
  report('', detail)
  return undefined
}

const render = (sql: Sql, value: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** A moment; canonical in UTC with milliseconds. */
export const dateTime = define<object>({
  id: 'dateTime',
  valueType: () => ({ kind: 'dateTime' }),
  json: ['string'],
  format: 'date-time',
  keywords: ['default'],
  compile: () => ({}),
  columns: (name) => [{ name, type: 'timestamptz(3)' }],
  schema: () => ({ type: 'string', format: 'date-time' }),
  parse: parseDateTime,
  render: (sql, at) => render(sql, at()),
  operators: comparisons(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in'], 'timestamptz', parseDateTime),
  sort: plainSort('timestamptz'),
  index: plainIndex,
  group: 'buckets',
  keyBytes: () => 8,
  period: true,
  bucket: (sql, at, bucket, zone) => sql`date_trunc(${sql.lit(bucket)}, ${at()} at time zone ${zone}::text)::date`,
  measures: ['min', 'max'],
  showMeasure: (sql, _measure, aggregate) => render(sql, aggregate),
  fromText: (text, settings, report) => parseDateTime(text.trim(), settings, report),
})
