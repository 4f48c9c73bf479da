import { daysOf } from './calendar.ts'
import { dateOfLocal, localOf, momentAt, localAt } from './zones.ts'

/** Days on which people work: ids of the working days of core.calendar, in the order of the week. */
const week = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

interface WorkingDays {
  /** By day of the week, Monday first. */
  readonly works: readonly boolean[]
  /** Days since 0001-01-01. */
  readonly free: ReadonlySet<number>
}
const workingDays = (days: readonly (string | null)[], holidays: readonly (string | null)[]): WorkingDays => ({
  works: week.map((day) => days.includes(day)),
  free: new Set(holidays.flatMap((each) => (each === null ? [] : [daysOf(each)]))),
})

/** Working days from the first date up to, not including, the second; negative when they stand the other way round. Twin of SQL bos.workdays. */
export function workdays(from: string, to: string, days: readonly (string | null)[], holidays: readonly (string | null)[]): number {
  const { works, free } = workingDays(days, holidays)
  const start = Math.min(daysOf(from), daysOf(to))
  const end = Math.max(daysOf(from), daysOf(to))
  // Of the days before n, so many are this day of the week.
  const before = (n: number, weekday: number) => Math.floor((n - weekday + 6) / 7)
  let count = 0
  for (const [weekday, isWorking] of works.entries()) if (isWorking) count += before(end, weekday) - before(start, weekday)
  for (const day of free) if (day >= start && day < end && works[day % 7]) count--
  return (from <= to ? count : -count) + 0
}

/** Longer periods are not answered: each of their days is looked at. */
const mostDays = 11_000

/** Milliseconds within working hours of working days. Twin of SQL bos.business_time. */
export function businessMs(
  from: number,
  to: number,
  days: readonly (string | null)[],
  holidays: readonly (string | null)[],
  hours: { readonly start: number; readonly end: number },
  zone: string,
): number | null {
  if (to < from) {
    const back = businessMs(to, from, days, holidays, hours, zone)
    return back === null ? null : 0 - back
  }
  const firstDate = dateOfLocal(localOf(from, zone))
  const lastDate = dateOfLocal(localOf(to, zone))
  if (firstDate === null || lastDate === null) return null
  const last = daysOf(lastDate)
  const first = daysOf(firstDate)
  if (last - first > mostDays) return null
  const { works, free } = workingDays(days, holidays)
  const midnight = localAt('0001-01-01', 0)
  let sum = 0
  for (let day = first; day <= last; day++) {
    if (!works[day % 7] || free.has(day)) continue
    const local = midnight + day * 86_400_000
    const start = Math.max(from, momentAt(local + hours.start, zone))
    const end = Math.min(to, momentAt(local + hours.end, zone))
    if (end > start) sum += end - start
  }
  return sum
}
