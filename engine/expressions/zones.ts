import { daysOf, dateOfDays, lastDay, pad } from './calendar.ts'

/**
 * Local time in a zone, by Intl. Asking Intl costs microseconds, so the offsets of a day are kept: at its start, at its end, and the
 * moment between where they change (no zone changes twice in a day). Local times that a change of the clock skips or repeats mean what
 * PostgreSQL's `timestamp at time zone` makes of them: the later moment.
 */
const dayMs = 86_400_000
/** Days from 0001-01-01 to 1970-01-01. */
const epochDay = 719_162

interface Day {
  readonly before: number
  readonly change: number
  readonly after: number
}
interface Zone {
  readonly format: Intl.DateTimeFormat
  readonly days: Map<number, Day>
}
const zones = new Map<string, Zone>()
const kept = { zones: 100, days: 20_000 }

function zoneOf(name: string): Zone {
  const known = zones.get(name)
  if (known) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  if (zones.size >= kept.zones) zones.clear()
  const made = { format, days: new Map<number, Day>() }
  zones.set(name, made)
  return made
}

/** What of UTC's clock Intl shows there, as milliseconds: local time written as if it were UTC. */
function shown({ format }: Zone, ms: number): number {
  let [year, month, day, hour, minute, second] = [0, 0, 0, 0, 0, 0]
  let isBefore = false
  for (const { type, value } of format.formatToParts(ms)) {
    if (type === 'year') year = Number(value)
    else if (type === 'month') month = Number(value)
    else if (type === 'day') day = Number(value)
    else if (type === 'hour') hour = Number(value)
    else if (type === 'minute') minute = Number(value)
    else if (type === 'second') second = Number(value)
    else if (type === 'era') isBefore = value.startsWith('B')
  }
  return new Date(0).setUTCFullYear(isBefore ? 1 - year : year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1000
}

/** Milliseconds by which the zone is ahead of UTC. Only whole seconds have an offset of their own. */
function askedOffset(zone: Zone, ms: number): number {
  const seconds = Math.floor(ms / 1000) * 1000
  return shown(zone, seconds) - seconds
}

function offsetAt(zone: Zone, ms: number): number {
  const number = Math.floor(ms / dayMs)
  const known = zone.days.get(number)
  const day = known ?? dayAt(zone, number * dayMs)
  if (!known) {
    if (zone.days.size >= kept.days) zone.days.clear()
    zone.days.set(number, day)
  }
  return ms < day.change ? day.before : day.after
}

function dayAt(zone: Zone, start: number): Day {
  const before = askedOffset(zone, start)
  const after = askedOffset(zone, start + dayMs - 1000)
  if (before === after) return { before, change: start + dayMs, after }
  let low = start / 1000
  let high = low + dayMs / 1000 - 1
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (askedOffset(zone, middle * 1000) === before) low = middle
    else high = middle
  }
  return { before, change: high * 1000, after }
}

/** A moment → local time, as milliseconds as if it were UTC. */
export function localOf(ms: number, name: string): number {
  return ms + offsetAt(zoneOf(name), ms)
}

/** Local time (as milliseconds as if it were UTC) → the moment. */
export function momentAt(local: number, name: string): number {
  const zone = zoneOf(name)
  const before = offsetAt(zone, local - dayMs)
  const after = offsetAt(zone, local + dayMs)
  const early = local - before
  const late = local - after
  if (before === after) return early
  const isEarly = offsetAt(zone, early) === before
  const isLate = offsetAt(zone, late) === after
  return isEarly === isLate ? Math.max(early, late) : isEarly ? early : late
}

/** The date and the time of the day of local milliseconds; null outside the years 0001–9999. */
export function dateOfLocal(local: number): string | null {
  return dateOfDays(Math.floor(local / dayMs) + epochDay)
}
export function timeOfLocal(local: number): string {
  const seconds = Math.floor(local / 1000) % 86_400
  const positive = seconds < 0 ? seconds + 86_400 : seconds
  return `${pad(Math.floor(positive / 3600), 2)}:${pad(Math.floor(positive / 60) % 60, 2)}:${pad(positive % 60, 2)}`
}
export const localAt = (date: string, msOfDay: number): number => (daysOf(date) - epochDay) * dayMs + msOfDay
/** Milliseconds since local midnight. */
export const msOfDay = (local: number): number => local - Math.floor(local / dayMs) * dayMs
export const isInCalendar = (local: number): boolean => {
  const days = Math.floor(local / dayMs) + epochDay
  return days >= 0 && days <= lastDay
}

/** What a zone's name looks like here: regions and cities, so that no name means one thing to PostgreSQL (EST5) and none to Intl. */
const zoneName =
  /^(?:UTC|(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)(?:\/[A-Za-z_-]+){1,2}|Etc\/(?:UTC|GMT(?:\+(?:\d|1[0-2])|-(?:\d|1[0-4]))?))$/

/** The twin of SQL bos.zone. */
export function isZone(name: string): boolean {
  if (!zoneName.test(name)) return false
  if (zones.has(name)) return true
  try {
    zoneOf(name)
    return true
  } catch {
    return false
  }
}
