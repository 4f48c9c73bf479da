import * as calendar from './calendar.ts'
import { isCalendarDay } from '../fields/date.ts'
import { date, dateTime, duration, fixed, number, of, quotientSql, text, time, whole } from './functions-operators.ts'
import * as numbers from './numbers.ts'
import type { Numeric } from './numbers.ts'
import { patternFault, toCharPattern, writeMoment } from './patterns.ts'
import type { Clock, FunctionDefinition, Overload, Parameter } from './types.ts'
import { businessMs, workdays } from './working-time.ts'
import { dateOfLocal, isInCalendar, isZone, localAt, localOf, momentAt, msOfDay, timeOfLocal } from './zones.ts'

const entry = (
  name: string,
  doc: string,
  examples: readonly (readonly [expression: string, result: string])[],
  ...overloads: readonly Overload[]
): FunctionDefinition => ({
  name,
  group: 'date and time',
  doc,
  examples: examples.map(([expression, result]) => ({ expression, result })),
  overloads,
})

/** Local milliseconds of a moment; null outside the calendar. */
function local(moment: string, { zone }: Clock): number | null {
  const there = localOf(calendar.msOf(moment), zone)
  return isInCalendar(there) ? there : null
}
const localDate = (moment: string, clock: Clock): string | null => dateOfLocal(localOf(calendar.msOf(moment), clock.zone))
const moment = (there: number, zone: string): string | null => calendar.momentOf(momentAt(there, zone))

// ── Parts ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** ISO 8601: the week that holds the year's first Thursday is its first. */
function isoWeek(day: string): number {
  const days = calendar.daysOf(day)
  const thursday = days - (days % 7) + 3
  // The Thursday of the last days of 9999 may lie in 10000; years repeat every 400 years, so does their calendar.
  const inCalendar = thursday > calendar.lastDay ? thursday - 146_097 : thursday
  const year = calendar.yearOf(calendar.dateOfDays(inCalendar)!)
  return Math.floor((inCalendar - calendar.dayNumber(year, 1, 1)) / 7) + 1
}

/** A whole number that a date has, also of a moment: then of its date in the zone. */
function part(
  name: string,
  doc: string,
  example: string,
  result: string,
  field: string,
  read: (day: string) => number,
): FunctionDefinition {
  return entry(
    name,
    doc,
    [[example, result]],
    {
      id: `${name}.date`,
      parameters: [of('date', 'date')],
      result: fixed(whole),
      evaluate: (_clock, day: string) => read(day),
      sql: (sql, [day]) => sql`extract(${sql.raw(field)} from ${day})::bigint`,
    },
    {
      id: `${name}.dateTime`,
      parameters: [of('moment', 'dateTime')],
      result: fixed(whole),
      evaluate(clock, at: string) {
        const day = localDate(at, clock)
        return day === null ? null : read(day)
      },
      sql: (sql, [at], { zone }) => sql`extract(${sql.raw(field)} from bos.local(${at}, ${zone}))::bigint`,
    },
  )
}

function clockPart(name: string, doc: string, example: string, result: string, at: number): FunctionDefinition {
  const read = (value: string): number => Number(value.slice(at, at + 2))
  return entry(
    name,
    doc,
    [[example, result]],
    {
      id: `${name}.time`,
      parameters: [of('time', 'time')],
      result: fixed(whole),
      evaluate: (_clock, value: string) => read(value),
      sql: (sql, [value]) => sql`extract(${sql.raw(name)} from ${value})::bigint`,
    },
    {
      id: `${name}.dateTime`,
      parameters: [of('moment', 'dateTime')],
      result: fixed(whole),
      evaluate(clock, value: string) {
        const there = local(value, clock)
        return there === null ? null : read(timeOfLocal(there))
      },
      sql: (sql, [value], { zone }) => sql`extract(${sql.raw(name)} from bos.local(${value}, ${zone}))::bigint`,
    },
  )
}

// ── Moving ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const inMonths = (years: Numeric): Numeric => numbers.multiply(numbers.truncate(years), 12)

function mover(
  name: string,
  unit: string,
  example: readonly [string, string],
  move: (day: string, count: Numeric) => string | null,
): FunctionDefinition {
  const days = name === 'addDays'
  return entry(
    name,
    `So many ${unit} later (a fraction does not count)${days ? '' : '; the last day of the month where it has no such day'}. Of a moment: at the same local time.`,
    [example],
    {
      id: `${name}.date`,
      parameters: [of('date', 'date'), of(unit, 'number')],
      result: fixed(date),
      evaluate: (_clock, day: string, count: Numeric) => move(day, count),
      sql: (sql, [day, count]) => sql`bos.${sql.raw(sqlMover[unit]!)}(${day}, ${count}::numeric)`,
    },
    {
      id: `${name}.dateTime`,
      parameters: [of('moment', 'dateTime'), of(unit, 'number')],
      result: fixed(dateTime),
      evaluate(clock, at: string, count: Numeric) {
        const there = local(at, clock)
        const day = there === null ? null : move(dateOfLocal(there)!, count)
        return there === null || day === null ? null : moment(localAt(day, msOfDay(there)), clock.zone)
      },
      sql: (sql, [at, count], { zone }) => sql`bos.moved(${at}, ${count}::numeric, ${unit}::text, ${zone})`,
    },
  )
}
const sqlMover: Readonly<Record<string, string>> = { days: 'add_days', months: 'add_months', years: 'add_years' }

// ── Periods ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const units = ['week', 'month', 'quarter', 'year'] as const
const unit: Parameter = {
  name: 'unit',
  takes: ['text'],
  literal: (value) => (units.some((each) => each === value) ? null : `must be ${units.map((each) => `'${each}'`).join(', ')}`),
}
const monthsOf: Readonly<Record<string, number>> = { month: 1, quarter: 3, year: 12 }

function startOf(day: string, name: string): string {
  const days = calendar.daysOf(day)
  if (name === 'week') return calendar.dateOfDays(days - (days % 7))!
  const length = monthsOf[name] ?? 1
  return calendar.writeDate(calendar.yearOf(day), Math.floor((calendar.monthOf(day) - 1) / length) * length + 1, 1)
}
function endOf(day: string, name: string): string | null {
  const days = calendar.daysOf(day)
  if (name === 'week') return calendar.dateOfDays(days - (days % 7) + 6)
  const start = startOf(day, name)
  const month = calendar.monthOf(start) + (monthsOf[name] ?? 1) - 1
  const year = calendar.yearOf(start)
  return calendar.writeDate(year, month, calendar.daysInMonth(year, month))
}

/** Whole months between two dates, as people count them: from the 31st to the 30th is one month less. */
function monthsBetween(from: string, to: string): number {
  if (to < from) return 0 - monthsBetween(to, from)
  const months = (calendar.yearOf(to) - calendar.yearOf(from)) * 12 + calendar.monthOf(to) - calendar.monthOf(from)
  return calendar.dayOf(to) < calendar.dayOf(from) ? months - 1 : months
}

function between(
  name: string,
  doc: string,
  result: string,
  count: (from: string, to: string) => number,
  sql: Overload['sql'],
): FunctionDefinition {
  return entry(name, doc, [[`${name}(date(2024, 2, 29), date(2026, 2, 28))`, result]], {
    id: `${name}.date`,
    parameters: [of('from', 'date'), of('to', 'date')],
    result: fixed(whole),
    evaluate: (_clock, from: string, to: string) => count(from, to),
    sql,
  })
}

// ── Durations ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const lasting = (name: string, seconds: number): FunctionDefinition =>
  entry(
    name,
    `A length of time of so many ${name}.`,
    [[`text(${name}(2))`, name === 'days' ? 'PT48H' : name === 'hours' ? 'PT2H' : 'PT2M']],
    {
      id: `${name}.number`,
      parameters: [of('n', 'number')],
      result: fixed(duration),
      evaluate: (_clock, count: Numeric) => numbers.multiply(count, seconds),
      sql: (sql, [count]) => sql`(${count}::numeric * ${sql.lit(seconds)})`,
    },
  )
const totalOf = (name: string, unitName: string, seconds: number, example: readonly [string, string]): FunctionDefinition =>
  entry(name, `A length of time in ${unitName}.`, [example], {
    id: `${name}.duration`,
    parameters: [of('duration', 'duration')],
    result: fixed(number),
    evaluate: (_clock, value: Numeric) => (seconds === 1 ? value : numbers.quotient(value, seconds)),
    sql: (sql, [value]) => (seconds === 1 ? sql`${value}::numeric` : quotientSql(sql, value!, sql`${sql.lit(seconds)}`)),
  })

// ── Working time ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const workingDays: readonly Parameter[] = [
  { name: 'working_days', takes: { kind: 'list', of: { kind: 'text' } } },
  { name: 'holidays', takes: { kind: 'list', of: { kind: 'date' } } },
]
const calendarExample = `['monday', 'tuesday', 'wednesday', 'thursday', 'friday']`

/** The calendar's parts, which the checker takes from a record of core.calendar. */
const workingTime: readonly FunctionDefinition[] = [
  entry(
    'workdays',
    'Working days of a calendar from the first date up to, not including, the second; negative when they stand the other way round.',
    [[`workdays(date(2026, 11, 27), date(2026, 12, 1), ${calendarExample}, [date(2026, 11, 30)])`, '1']],
    {
      id: 'workdays.days',
      parameters: [of('from', 'date'), of('to', 'date'), ...workingDays],
      result: fixed(whole),
      evaluate: (_clock, from: string, to: string, days: readonly string[], holidays: readonly string[]) =>
        workdays(from, to, days, holidays),
      sql: (sql, [from, to, days, holidays]) => sql`bos.workdays(${from}, ${to}, ${days}, ${holidays})`,
    },
  ),
  entry(
    'businessTime',
    "The time within the working hours of a calendar between two moments, in the calendar's time zone; null for more than 11,000 days.",
    [],
    {
      id: 'businessTime.hours',
      // A step a day, of a few years.
      steps: 1_000,
      parameters: [
        of('from', 'dateTime'),
        of('to', 'dateTime'),
        ...workingDays,
        of('starts_at', 'time'),
        of('ends_at', 'time'),
        of('time_zone', 'text'),
      ],
      result: fixed(duration),
      nulls: 'handles',
      evaluate(clock, ...args: readonly unknown[]) {
        const [from, to, days, holidays, start, end, zoneName] = args as [string, string, string[], string[], string, string, string | null]
        if (args.slice(0, 6).includes(null) || (zoneName !== null && !isZone(zoneName))) return null
        const hours = { start: calendar.secondsOfTime(start) * 1000, end: calendar.secondsOfTime(end) * 1000 }
        const ms = businessMs(calendar.msOf(from), calendar.msOf(to), days, holidays, hours, zoneName ?? clock.zone)
        return ms === null ? null : calendar.secondsOfMs(ms)
      },
      sql: (sql, [from, to, days, holidays, start, end, zoneName], { zone }) =>
        sql`bos.business_time(${from}, ${to}, ${days}, ${holidays}, ${start}, ${end}, ${zoneName}, ${zone})`,
    },
  ),
]

export const dateFunctions: readonly FunctionDefinition[] = [
  entry(
    'date',
    'The date of these numbers, null when the calendar has no such day; or the date of a moment in the time zone.',
    [
      ['date(2026, 2, 28)', '2026-02-28'],
      ['date(2026, 2, 29)', 'null'],
    ],
    {
      id: 'date.numbers',
      parameters: [of('year', 'number'), of('month', 'number'), of('day', 'number')],
      result: fixed(date),
      evaluate(_clock, ...numbersGiven: readonly Numeric[]) {
        const [year = 0, month = 0, day = 0] = numbersGiven.map(numbers.clamp)
        return year <= 9999 && isCalendarDay(year, month, day) ? calendar.writeDate(year, month, day) : null
      },
      sql: (sql, [year, month, day]) => sql`bos.make_day(${year}::numeric, ${month}::numeric, ${day}::numeric)`,
    },
    {
      id: 'date.dateTime',
      parameters: [of('moment', 'dateTime')],
      result: fixed(date),
      evaluate: (clock, at: string) => localDate(at, clock),
      sql: (sql, [at], { zone }) => sql`bos.local(${at}, ${zone})::date`,
    },
  ),
  entry(
    'dateTime',
    'The moment of a date and a time of the day (midnight, if none) in the time zone. Times that a change of the clock skips or repeats mean the later moment.',
    [['dateTime(date(2026, 1, 1))', '2026-01-01T00:00:00.000Z']],
    {
      id: 'dateTime.date',
      parameters: [of('date', 'date')],
      result: fixed(dateTime),
      evaluate: (clock, day: string) => moment(localAt(day, 0), clock.zone),
      sql: (sql, [day], { zone }) => sql`bos.at_zone(${day}::timestamp, ${zone})`,
    },
    {
      id: 'dateTime.time',
      parameters: [of('date', 'date'), of('time', 'time')],
      result: fixed(dateTime),
      evaluate: (clock, day: string, at: string) => moment(localAt(day, calendar.secondsOfTime(at) * 1000), clock.zone),
      sql: (sql, [day, at], { zone }) => sql`bos.at_zone(${day} + ${at}, ${zone})`,
    },
  ),
  entry('time', 'The time of the day of a moment in the time zone.', [['time(dateTime(date(2026, 1, 1)) + hours(1.5))', '01:30:00']], {
    id: 'time.dateTime',
    parameters: [of('moment', 'dateTime')],
    result: fixed(time),
    evaluate(clock, at: string) {
      const there = local(at, clock)
      return there === null ? null : timeOfLocal(there)
    },
    sql: (sql, [at], { zone }) => sql`date_trunc('second', bos.local(${at}, ${zone}))::time`,
  }),
  part('year', 'The year of a date or moment.', 'year(date(2026, 11, 30))', '2026', 'year', calendar.yearOf),
  part('quarter', 'The quarter, 1 to 4.', 'quarter(date(2026, 11, 30))', '4', 'quarter', (day) => Math.ceil(calendar.monthOf(day) / 3)),
  part('month', 'The month, 1 to 12.', 'month(date(2026, 11, 30))', '11', 'month', calendar.monthOf),
  part('week', 'The week of the year as ISO 8601 counts, 1 to 53.', 'week(date(2027, 1, 3))', '53', 'week', isoWeek),
  part('day', 'The day of the month.', 'day(date(2026, 11, 30))', '30', 'day', calendar.dayOf),
  part(
    'weekday',
    'The day of the week: Monday is 1, Sunday 7.',
    'weekday(date(2026, 11, 29))',
    '7',
    'isodow',
    (day) => (calendar.daysOf(day) % 7) + 1,
  ),
  part(
    'dayOfYear',
    'The day of the year, 1 to 366.',
    'dayOfYear(date(2026, 2, 1))',
    '32',
    'doy',
    (day) => calendar.daysOf(day) - calendar.dayNumber(calendar.yearOf(day), 1, 1) + 1,
  ),
  clockPart('hour', 'The hour of a time or moment, 0 to 23.', 'hour(dateTime(date(2026, 1, 1)) + hours(5))', '5', 0),
  clockPart('minute', 'The minute of the hour.', 'minute(dateTime(date(2026, 1, 1)) + minutes(5))', '5', 3),
  mover('addDays', 'days', ['addDays(date(2026, 2, 27), 2)', '2026-03-01'], calendar.addDays),
  mover('addMonths', 'months', ['addMonths(date(2026, 1, 31), 1)', '2026-02-28'], calendar.addMonths),
  mover('addYears', 'years', ['addYears(date(2024, 2, 29), 1)', '2025-02-28'], (day, years) => calendar.addMonths(day, inMonths(years))),
  entry(
    'startOf',
    'The first day of the week (Monday), month, quarter or year that a date is in.',
    [[`startOf(date(2026, 11, 29), 'week')`, '2026-11-23']],
    {
      id: 'startOf.date',
      parameters: [of('date', 'date'), unit],
      result: fixed(date),
      evaluate: (_clock, day: string, name: string) => startOf(day, name),
      sql: (sql, [day], { literals: [, name = 'week'] }) => sql`date_trunc(${sql.lit(name)}, ${day}::timestamp)::date`,
    },
  ),
  entry(
    'endOf',
    'The last day of the week (Sunday), month, quarter or year that a date is in.',
    [[`endOf(date(2026, 11, 29), 'quarter')`, '2026-12-31']],
    {
      id: 'endOf.date',
      parameters: [of('date', 'date'), unit],
      result: fixed(date),
      evaluate: (_clock, day: string, name: string) => endOf(day, name),
      sql: (sql, [day], { literals: [, name = 'week'] }) => {
        const length = name === 'quarter' ? '3 months' : `1 ${name}`
        return sql`bos.day((date_trunc(${sql.lit(name)}, ${day}::timestamp) + interval ${sql.lit(length)})::date - date '0001-01-01' - 1)`
      },
    },
  ),
  between(
    'daysBetween',
    'Days from one date to the other.',
    '730',
    (from, to) => calendar.daysOf(to) - calendar.daysOf(from),
    (sql, [from, to]) => sql`(${to} - ${from})::bigint`,
  ),
  between(
    'monthsBetween',
    'Whole months from one date to the other.',
    '23',
    monthsBetween,
    (sql, [from, to]) => sql`bos.months_between(${from}, ${to})`,
  ),
  between(
    'yearsBetween',
    'Whole years from one date to the other: an age.',
    '1',
    (from, to) => Math.trunc(monthsBetween(from, to) / 12) + 0,
    (sql, [from, to]) => sql`(bos.months_between(${from}, ${to}) / 12)`,
  ),
  lasting('days', 86_400),
  lasting('hours', 3600),
  lasting('minutes', 60),
  totalOf('seconds', 'seconds', 1, ['seconds(minutes(1.5))', '90']),
  totalOf('totalHours', 'hours', 3600, ['totalHours(minutes(90))', '1.5']),
  totalOf('totalDays', 'days of 24 hours', 86_400, ['totalDays(hours(36))', '1.5']),
  ...workingTime,
]

export const formatDates: readonly Overload[] = [
  {
    id: 'format.date',
    parameters: [of('date', 'date'), { name: 'pattern', takes: ['text'], literal: patternFault('date') }],
    result: fixed(text),
    evaluate: (_clock, day: string, pattern: string) => writeMoment(day, '00:00:00', pattern),
    sql: (sql, [day], { literals: [, pattern = ''] }) => sql`to_char(${day}, ${toCharPattern(pattern)}::text)`,
  },
  {
    id: 'format.dateTime',
    parameters: [of('moment', 'dateTime'), { name: 'pattern', takes: ['text'], literal: patternFault('dateTime') }],
    result: fixed(text),
    evaluate(clock, at: string, pattern: string) {
      const there = local(at, clock)
      return there === null ? null : writeMoment(dateOfLocal(there)!, timeOfLocal(there), pattern)
    },
    sql: (sql, [at], { zone, literals: [, pattern = ''] }) => sql`to_char(bos.local(${at}, ${zone}), ${toCharPattern(pattern)}::text)`,
  },
  {
    id: 'format.time',
    parameters: [of('time', 'time'), { name: 'pattern', takes: ['text'], literal: patternFault('time') }],
    result: fixed(text),
    evaluate: (_clock, at: string, pattern: string) => writeMoment('0001-01-01', at, pattern),
    sql: (sql, [at], { literals: [, pattern = ''] }) => sql`to_char(${at}, ${toCharPattern(pattern)}::text)`,
  },
]
