import { absolute, compare, numeric, roundTo, signOf, writeNumeric } from './numbers.ts'
import type { Numeric } from './numbers.ts'

/** The patterns of `format`: `#,##0.00` for numbers, `yyyy-MM-dd HH:mm` for dates and times. They mean the same in every language. */
export interface NumberPattern {
  /** Text around the digits. */
  readonly before: string
  readonly after: string
  readonly minWhole: number
  readonly minFraction: number
  readonly maxFraction: number
  /** A comma between thousands. */
  readonly isGrouped: boolean
}

const numberShape = /^([^#0.,]*)([#,]*[0,]*0|[#,]*#)(?:\.(0*)(#*))?([^#0]*)$/
const numberCache = new Map<string, NumberPattern>()
const most = 20

export function numberPattern(pattern: string): NumberPattern {
  const known = numberCache.get(pattern)
  if (known) return known
  const [, before = '', digits = '0', zeros = '', optional = '', after = ''] = numberShape.exec(pattern) ?? []
  const made = {
    before,
    after,
    minWhole: Math.min(most, digits.replace(/[^0]/g, '').length),
    minFraction: Math.min(most, zeros.length),
    maxFraction: Math.min(most, zeros.length + optional.length),
    isGrouped: digits.includes(','),
  }
  if (numberCache.size >= 1000) numberCache.clear()
  numberCache.set(pattern, made)
  return made
}

const tooLarge: Numeric = numeric(10n ** 100n, 0)

/** The twin of SQL bos.digits_of. Null from 10^100 on. */
export function writePattern(
  value: Numeric,
  { before, after, minWhole, minFraction, maxFraction, isGrouped }: NumberPattern,
): string | null {
  const rounded = roundTo(value, maxFraction)
  const size = absolute(rounded)
  if (compare(size, tooLarge) >= 0) return null
  const [whole = '', fraction = ''] = writeNumeric(size).split('.')
  const digits = (minWhole === 0 && whole === '0' ? '' : whole).padStart(minWhole, '0')
  const grouped = isGrouped ? digits.replace(/\d(?=(?:\d{3})+$)/g, '$&,') : digits
  const decimals = fraction.padEnd(minFraction, '0')
  return `${signOf(rounded) < 0 ? '-' : ''}${before}${grouped}${decimals === '' ? '' : `.${decimals}`}${after}`
}

// ── Dates and times ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a run of letters stands for, and how PostgreSQL's to_char writes it. */
const parts = { yyyy: 'YYYY', yy: 'YY', MM: 'MM', M: 'FMMM', dd: 'DD', d: 'FMDD', HH: 'HH24', H: 'FMHH24', mm: 'MI', ss: 'SS' } as const
type Part = keyof typeof parts
const dateParts: ReadonlySet<string> = new Set(['yyyy', 'yy', 'MM', 'M', 'dd', 'd'])

export type Piece = { readonly part: Part } | { readonly text: string }

const dateShape = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/gu
const dateCache = new Map<string, readonly Piece[] | string>()

/** The pieces of a pattern, or what is wrong with it. */
function datePattern(pattern: string): readonly Piece[] | string {
  const known = dateCache.get(pattern)
  if (known) return known
  const made = readDatePattern(pattern)
  if (dateCache.size >= 1000) dateCache.clear()
  dateCache.set(pattern, made)
  return made
}

function readDatePattern(pattern: string): readonly Piece[] | string {
  const pieces: Piece[] = []
  for (const [all, quoted, letter] of pattern.matchAll(dateShape)) {
    if (quoted !== undefined) pieces.push({ text: quoted === '' ? "'" : quoted.replaceAll("''", "'") })
    else if (all in parts) pieces.push({ part: all as Part })
    else if (letter !== undefined)
      return `${all} stands for nothing; use ${Object.keys(parts).join(', ')}, and put words between quotes: 'at'`
    else if (all === "'") return 'a quote is not closed'
    else pieces.push({ text: all })
  }
  return pieces
}

export type Formatted = 'number' | 'date' | 'dateTime' | 'time'

/** Why a pattern is none for such values, or null. */
export const patternFault =
  (kind: Formatted) =>
  (pattern: string): string | null => {
    if (kind === 'number') return numberShape.test(pattern) ? null : 'must be a pattern such as #,##0.00'
    const pieces = datePattern(pattern)
    if (typeof pieces === 'string') return pieces
    const wrong = pieces.find((each) => 'part' in each && kind !== 'dateTime' && dateParts.has(each.part) !== (kind === 'date'))
    if (wrong === undefined || !('part' in wrong)) return null
    return kind === 'date' ? `a date has no ${wrong.part}` : `a time of the day has no ${wrong.part}`
  }

/** The pattern for to_char: text in quotes, where a quote and a backslash need a backslash. */
export function toCharPattern(pattern: string): string {
  const pieces = datePattern(pattern)
  if (typeof pieces === 'string') return ''
  return pieces.map((each) => ('part' in each ? parts[each.part] : `"${each.text.replace(/["\\]/g, '\\$&')}"`)).join('')
}

/** `date`: canonical; `time`: HH:MM:SS. */
export function writeMoment(date: string, time: string, pattern: string): string {
  const pieces = datePattern(pattern)
  if (typeof pieces === 'string') return ''
  return pieces.map((each) => ('part' in each ? writePart(each.part, date, time) : each.text)).join('')
}

function writePart(part: Part, date: string, time: string): string {
  const bare = (text: string) => String(Number(text))
  switch (part) {
    case 'yyyy':
      return date.slice(0, 4)
    case 'yy':
      return date.slice(2, 4)
    case 'MM':
      return date.slice(5, 7)
    case 'M':
      return bare(date.slice(5, 7))
    case 'dd':
      return date.slice(8)
    case 'd':
      return bare(date.slice(8))
    case 'HH':
      return time.slice(0, 2)
    case 'H':
      return bare(time.slice(0, 2))
    case 'mm':
      return time.slice(3, 5)
    case 'ss':
      return time.slice(6, 8)
  }
}
