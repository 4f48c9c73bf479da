import { dateFormat } from './intl.ts'
import type { Locale } from './type.ts'

/** Dates are `YYYY-MM-DD` texts; arithmetic goes through UTC so that no zone can shift a day. */
const utc = (iso: string): Date => new Date(`${iso}T00:00:00Z`)
const isoOf = (date: Date): string => date.toISOString().slice(0, 10)

const addDays = (iso: string, days: number): string => isoOf(new Date(utc(iso).getTime() + days * 86_400_000))

export function addMonths(iso: string, months: number): string {
  const date = utc(iso)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + months)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, last))
  return isoOf(date)
}

function make(year: number, month: number, day: number): string | null {
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year > 0 && year < 10_000 ? isoOf(date) : null
}

const names = (locale: string, part: 'weekday' | 'month', count: number): readonly string[] => {
  const first = part === 'weekday' ? Date.UTC(2024, 0, 7) : 0
  return Array.from({ length: count }, (_, i) => {
    const date = new Date(part === 'weekday' ? first + i * 86_400_000 : Date.UTC(2024, i, 1))
    return dateFormat(locale, { [part]: 'long', timeZone: 'UTC' })
      .format(date)
      .toLowerCase()
  })
}

const indexOfName = (word: string, locale: string, part: 'weekday' | 'month', count: number): number => {
  if (word.length < 2) return -1
  for (const each of [locale, 'en']) {
    const found = names(each, part, count).findIndex((name) => name.startsWith(word.replace(/\.$/, '')))
    if (found >= 0) return found
  }
  return -1
}

/** Day-month-year order of a locale, e.g. `['day','month','year']`. */
const orderOf = (locale: string): readonly string[] =>
  dateFormat(locale, {})
    .formatToParts(0)
    .map((part) => part.type)
    .filter((type) => type !== 'literal')

/** Typed text → ISO date: `today`, `fri`, `+3d`, `-2w`, `+1m`, `22 nov`, `22.11.`, `2026-11-22`. null: not understood. */
export function readDate(text: string, { locale, today }: Pick<Locale, 'locale' | 'today'>): string | null {
  const word = text.trim().toLowerCase()
  const fixed: Record<string, number> = { today: 0, tod: 0, now: 0, tomorrow: 1, tom: 1, yesterday: -1 }
  const offset = fixed[word]
  if (offset !== undefined) return addDays(today, offset)
  const relative = /^([+-])\s*(\d{1,4})\s*([dwmy])?$/.exec(word)
  if (relative) {
    const amount = Number(relative[2]) * (relative[1] === '-' ? -1 : 1)
    const unit = relative[3] ?? 'd'
    return unit === 'd' || unit === 'w'
      ? addDays(today, amount * (unit === 'w' ? 7 : 1))
      : addMonths(today, amount * (unit === 'y' ? 12 : 1))
  }
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(word)
  if (iso) return make(Number(iso[1]), Number(iso[2]), Number(iso[3]))
  const weekday = /^\p{L}+\.?$/u.test(word) ? indexOfName(word, locale, 'weekday', 7) : -1
  if (weekday >= 0) return addDays(today, (weekday - utc(today).getUTCDay() + 7) % 7 || 7)
  return readNamedMonth(word, locale, today) ?? readNumeric(word, locale, today)
}

function readNamedMonth(word: string, locale: string, today: string): string | null {
  const match = /^(?:(\d{1,2})\.?\s*(\p{L}+)\.?|(\p{L}+)\.?\s*(\d{1,2})),?(?:\s+(\d{4}))?$/u.exec(word)
  if (!match) return null
  const month = indexOfName(match[2] ?? match[3] ?? '', locale, 'month', 12)
  return month < 0 ? null : make(match[5] ? Number(match[5]) : Number(today.slice(0, 4)), month + 1, Number(match[1] ?? match[4]))
}

function readNumeric(word: string, locale: string, today: string): string | null {
  const numbers = /^(\d{1,4})[./-](\d{1,4})(?:[./-](\d{1,4})?)?$/
    .exec(word)
    ?.slice(1)
    .filter((part) => part !== undefined)
    .map(Number)
  if (!numbers) return null
  const order = orderOf(locale).filter((part) => numbers.length === 3 || part !== 'year')
  const at = (part: string): number | undefined => numbers[order.indexOf(part)]
  const year = at('year') ?? Number(today.slice(0, 4))
  return make(year < 100 ? 2000 + year : year, at('month') ?? 0, at('day') ?? 0)
}

/** “22 Nov”, with the year when it is not this one. */
export function formatDate(iso: string, { locale, today }: Pick<Locale, 'locale' | 'today'>): string {
  const date = utc(iso)
  if (Number.isNaN(date.getTime())) return iso
  const sameYear = iso.slice(0, 4) === today.slice(0, 4)
  return dateFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC', ...(!sameYear && { year: 'numeric' }) }).format(date)
}

export const formatDateLong = (iso: string, locale: string): string =>
  Number.isNaN(utc(iso).getTime()) ? iso : dateFormat(locale, { dateStyle: 'full', timeZone: 'UTC' }).format(utc(iso))

/** The wall clock of an instant in a zone: `{ date: '2026-11-22', time: '14:30' }`. */
export function wallClock(instant: string, timeZone: string): { readonly date: string; readonly time: string } {
  const text = dateFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone }).format(new Date(instant))
  const [date = '', time = ''] = text.split(' ')
  return { date, time: time.slice(0, 5) }
}

/** The instant of a wall clock in a zone. A clock time that a daylight change skips becomes the one just after it. */
export function instantOf(date: string, time: string, timeZone: string): string {
  const wanted = Date.parse(`${date}T${time}:00Z`)
  let guess = wanted
  for (let i = 0; i < 2; i++) {
    const shown = wallClock(new Date(guess).toISOString(), timeZone)
    guess += wanted - Date.parse(`${shown.date}T${shown.time}:00Z`)
  }
  return new Date(guess).toISOString()
}

export function formatInstant(instant: string, { locale, timeZone, today }: Locale): string {
  if (Number.isNaN(Date.parse(instant))) return instant
  const { date } = wallClock(instant, timeZone)
  const sameYear = date.slice(0, 4) === today.slice(0, 4)
  return dateFormat(locale, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    timeZone,
    ...(!sameYear && { year: 'numeric' }),
  }).format(new Date(instant))
}

export const formatInstantLong = (instant: string, { locale, timeZone }: Locale): string =>
  Number.isNaN(Date.parse(instant))
    ? instant
    : `${dateFormat(locale, { dateStyle: 'full', timeStyle: 'medium', timeZone }).format(new Date(instant))} (${timeZone})`

/** `9`, `9:30`, `930`, `9.30 pm` → `09:30`; null: not a time. */
export function readTime(text: string): string | null {
  const match = /^(\d{1,2})(?:[:.h]?(\d{2}))?\s*(am|pm)?$/.exec(text.trim().toLowerCase())
  if (!match) return null
  let hour = Number(match[1])
  const minute = Number(match[2] ?? 0)
  if (match[3] && (hour < 1 || hour > 12)) return null
  if (match[3]) hour = (hour % 12) + (match[3] === 'pm' ? 12 : 0)
  return hour < 24 && minute < 60 ? `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}` : null
}
