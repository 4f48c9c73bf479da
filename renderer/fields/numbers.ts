import { numberFormat } from './intl.ts'

/** Decimal and group signs of a locale, e.g. `,` and `.` for de. */
function signsOf(locale: string): { readonly decimal: string; readonly group: string } {
  const parts = numberFormat(locale, { useGrouping: true }).formatToParts(12345678.9)
  const find = (type: string): string => parts.find((part) => part.type === type)?.value ?? ''
  return { decimal: find('decimal') || '.', group: find('group') }
}

/**
 * Typed text → canonical decimal text (`-1234.5`), or null when it is not a number. Both `1,5` and `1.5` are understood:
 * of two kinds of sign the last is the decimal one; a single sign followed by exactly three digits is a group sign only
 * if the locale groups with it.
 */
export function readDecimal(text: string, locale: string): string | null {
  let rest = text.replace(/[\s\u00a0\u202f'’_]/g, '').replace(/^[−–]/, '-')
  const negative = rest.startsWith('-') || /^\(.*\)$/.test(rest)
  rest = rest.replace(/^[-+(]|\)$/g, '')
  if (!/^\d*([.,]\d+)*[.,]?$/.test(rest) || !/\d/.test(rest)) return null
  const marks = [...rest.matchAll(/[.,]/g)].map((match) => match[0])
  const last = marks.at(-1)
  if (last !== undefined) {
    const after = rest.length - rest.lastIndexOf(last) - 1
    const kinds = new Set(marks).size
    const repeats = marks.filter((mark) => mark === last).length
    const { group } = signsOf(locale)
    const isGroup = kinds === 1 && (repeats > 1 || (last === group && after === 3))
    if (kinds === 2 && repeats > 1) return null
    if (isGroup && !/^\d{1,3}([.,]\d{3})+$/.test(rest)) return null
    const whole = isGroup ? rest : rest.slice(0, rest.lastIndexOf(last))
    rest = whole.replace(/[.,]/g, '') + (isGroup ? '' : `.${rest.slice(rest.length - after)}`)
  }
  const [whole = '', fraction = ''] = rest.split('.')
  const digits = whole.replace(/^0+(?=\d)/, '') || '0'
  const value = fraction === '' ? digits : `${digits}.${fraction}`
  return negative && /[1-9]/.test(value) ? `-${value}` : value
}

export interface NumberLimits {
  readonly scale: number
  readonly min?: number | undefined
  readonly max?: number | undefined
}

/**
 * Reads a number within limits, or says what is wrong with it. Trailing zeros beyond the scale are no fault. `bare` is the text
 * without its unit: of blank text nothing was meant, of a unit alone a number is missing.
 */
export function parseNumber(
  text: string,
  locale: string,
  { scale, min, max }: NumberLimits,
  bare = text,
): { readonly value: string | null } | { readonly fault: string } {
  if (text.trim() === '') return { value: null }
  const value = readDecimal(bare, locale)
  if (value === null) return { fault: `Enter a number, such as ${formatDecimal('1234.5', locale, 0)}` }
  const fraction = (value.split('.')[1] ?? '').replace(/0+$/, '')
  if (fraction.length > scale) {
    return { fault: scale === 0 ? 'Enter a whole number' : `Use at most ${scale} ${scale === 1 ? 'decimal' : 'decimals'}` }
  }
  if (min !== undefined && Number(value) < min) return { fault: `Enter at least ${formatDecimal(String(min), locale, 0)}` }
  if (max !== undefined && Number(value) > max) return { fault: `Enter at most ${formatDecimal(String(max), locale, 0)}` }
  const whole = value.split('.')[0] ?? '0'
  return { value: fraction === '' ? (whole === '-0' ? '0' : whole) : `${whole}.${fraction}` }
}

/** Exact: the text goes to Intl as text, never through a double. `fixed` digits are always shown. */
export function formatDecimal(value: string, locale: string, fixed: number, grouping = true): string {
  if (!/^-?\d+(\.\d+)?$/.test(value)) return value
  const fraction = (value.split('.')[1] ?? '').replace(/0+$/, '').length
  const digits = Math.min(Math.max(fixed, fraction), 20)
  return numberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: grouping }).format(
    value as Intl.StringNumericLiteral,
  )
}

/** Exact sum of decimal texts, for totals shown while typing; the server's total is what counts. */
export function add(a: string, b: string): string {
  const [x, scaleX] = scaled(a)
  const [y, scaleY] = scaled(b)
  const scale = Math.max(scaleX, scaleY)
  return unscaled(x * 10n ** BigInt(scale - scaleX) + y * 10n ** BigInt(scale - scaleY), scale)
}

function scaled(text: string): [bigint, number] {
  const [whole = '0', fraction = ''] = text.split('.')
  return [BigInt(`${whole}${fraction}`), fraction.length]
}

function unscaled(value: bigint, scale: number): string {
  if (scale === 0) return String(value)
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  const fraction = digits.slice(-scale).replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}${fraction === '' ? '' : `.${fraction}`}`
}
