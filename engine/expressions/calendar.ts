import { numeric, roundTo, toDecimal, truncate } from './numbers.ts'
import type { Numeric } from './numbers.ts'
import { tens } from '../fields/decimals.ts'

/** Days and moments as numbers: what arithmetic on canonical texts needs. Everything outside the years 0001–9999 is null. */

/** Days since 0001-01-01 (which was a Monday) in the proleptic Gregorian calendar. */
export function dayNumber(year: number, month: number, day: number): number {
  // Years begin in March here, so that the leap day is the last.
  const y = month > 2 ? year : year - 1
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 306
}

/** Days from 0001-01-01 to 9999-12-31. */
export const lastDay = 3_652_058

const two = (text: string, at: number): number => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48
export const yearOf = (date: string): number => two(date, 0) * 100 + two(date, 2)
export const monthOf = (date: string): number => two(date, 5)
export const dayOf = (date: string): number => two(date, 8)
/** Of a text HH:MM:SS. */
export const secondsOfTime = (time: string): number => two(time, 0) * 3600 + two(time, 3) * 60 + two(time, 6)

/** Canonical date → days since 0001-01-01. */
export const daysOf = (date: string): number => dayNumber(yearOf(date), monthOf(date), dayOf(date))

export const pad = (value: number, digits: number): string => String(value).padStart(digits, '0')
export const writeDate = (year: number, month: number, day: number): string => `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`

/** Days since 0001-01-01 → canonical date, or null. */
export function dateOfDays(days: number): string | null {
  if (!(days >= 0 && days <= lastDay)) return null
  const shifted = days + 306
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const m = Math.floor((5 * dayOfYear + 2) / 153)
  const month = m < 10 ? m + 3 : m - 9
  return writeDate(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - Math.floor((153 * m + 2) / 5) + 1)
}

/** `days` later; a fraction of a day does not count. */
export function addDays(date: string, days: Numeric): string | null {
  const whole = truncate(days)
  return typeof whole === 'number' ? dateOfDays(daysOf(date) + whole) : null
}

export function daysInMonth(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

/** The same day `months` later, or the last day of that month. */
export function addMonths(date: string, months: Numeric): string | null {
  const whole = truncate(months)
  if (typeof whole !== 'number') return null
  const index = yearOf(date) * 12 + monthOf(date) - 1 + whole
  if (!(index >= 12 && index < 120_000)) return null
  const year = Math.floor(index / 12)
  const month = (index % 12) + 1
  return writeDate(year, month, Math.min(dayOf(date), daysInMonth(year, month)))
}

// ── Moments ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const firstMs = Date.parse('0001-01-01T00:00:00.000Z')
const lastMs = Date.parse('9999-12-31T23:59:59.999Z')

/** Milliseconds since 1970 → canonical dateTime, or null. */
export const momentOf = (ms: number): string | null => (ms >= firstMs && ms <= lastMs ? new Date(ms).toISOString() : null)
export const msOf = (dateTime: string): number => Date.parse(dateTime)

export function secondsOfMs(ms: number): Numeric {
  return ms % 1000 === 0 ? ms / 1000 + 0 : numeric(BigInt(ms), 3)
}
/** Rounded to the millisecond, half away from zero; null: longer than all of the calendar. */
function msOfSeconds(seconds: Numeric): number | null {
  if (typeof seconds === 'number') return Math.abs(seconds) > 1e12 ? null : seconds * 1000
  const { units, scale } = toDecimal(roundTo(seconds, 3))
  const ms = units * tens(3 - scale)
  return ms > 1_000_000_000_000_000n || ms < -1_000_000_000_000_000n ? null : Number(ms)
}

export function addSeconds(dateTime: string, seconds: Numeric): string | null {
  const ms = msOfSeconds(seconds)
  return ms === null ? null : momentOf(msOf(dateTime) + ms)
}
