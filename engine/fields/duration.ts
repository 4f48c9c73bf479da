import type { RawBuilder, Sql } from 'kysely'
import type { Report } from '../problems.ts'
import { comparisons, plainIndex, plainSort } from './compare.ts'
import { define } from './define.ts'

const shape = /^P(?=[0-9T])(?:(\d{1,10})W)?(?:(\d{1,10})D)?(?:T(?=\d)(?:(\d{1,10})H)?(?:(\d{1,10})M)?(?:(\d{1,10})S)?)?$/
const hourLimit = 9_999_999

/** ISO 8601 weeks, days (of 24 hours), hours, minutes and seconds → seconds. */
function secondsOf(input: unknown, report: Report): number | undefined {
  const match = typeof input === 'string' ? shape.exec(input) : null
  if (match === null) {
    report(
      '',
      typeof input === 'string' && /^P\d+[YM]/.test(input)
        ? 'has years or months, which have no fixed length: use weeks, days or hours'
        : 'must be a length of time such as PT1H30M or P2D',
    )
    return undefined
  }
  const [w = 0, d = 0, h = 0, m = 0, s = 0] = match.slice(1).map((each) => Number(each ?? 0))
  const seconds = ((w * 7 + d) * 24 + h) * 3600 + m * 60 + s
  if (seconds <= hourLimit * 3600) return seconds
  report('', `must be at most ${hourLimit} hours`)
  return undefined
}

/** Seconds → the canonical text. Hours are the largest unit, so that 40 hours of work do not read as days. */
export function formatSeconds(seconds: number): string {
  const h = Math.floor(seconds / 3600)
  const m = Math.floor((seconds % 3600) / 60)
  const s = seconds % 60
  return `PT${h > 0 ? `${h}H` : ''}${m > 0 ? `${m}M` : ''}${s > 0 || seconds === 0 ? `${s}S` : ''}`
}

function parseDuration(input: unknown, _settings: unknown, report: Report): string | undefined {
  const seconds = secondsOf(input, report)
  return seconds === undefined ? undefined : formatSeconds(seconds)
}

/** formatSeconds in SQL, of a whole number of seconds. */
function render(sql: Sql, seconds: RawBuilder<unknown>): RawBuilder<unknown> {
  const part = (value: RawBuilder<unknown>, unit: string) => sql`coalesce(nullif(${value}, 0) || ${sql.lit(unit)}, '')`
  return sql`case when ${seconds} = 0 then 'PT0S' when ${seconds} is not null then 'PT' || ${part(sql`${seconds} / 3600`, 'H')} || ${part(
    sql`${seconds} % 3600 / 60`,
    'M',
  )} || ${part(sql`${seconds} % 60`, 'S')} end`
}

/** A length of time. Stored as seconds: an interval compares months with days, and its sums depend on how they were written. */
export const duration = define<object>({
  id: 'duration',
  valueType: () => ({ kind: 'duration' }),
  json: ['string'],
  format: 'duration',
  keywords: ['default'],
  compile: () => ({}),
  columns: (name) => [{ name, type: 'bigint' }],
  schema: () => ({ type: 'string', format: 'duration', pattern: '^P[^YM]*(?:T.*)?$' }),
  parse: parseDuration,
  store: (value) => [value === null ? null : secondsOf(value, () => {})],
  render: (sql, at) => render(sql, at()),
  operators: comparisons(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in'], 'bigint', (text, _settings, report) => secondsOf(text, report)),
  sort: plainSort('bigint'),
  index: plainIndex,
  group: 'value',
  measures: ['sum', 'avg', 'min', 'max'],
  /** Averages to the whole second. */
  showMeasure: (sql, _measure, aggregate) => render(sql, sql`round(${aggregate})::bigint`),
  fromText: (text, settings, report) => parseDuration(text.trim(), settings, report),
})
