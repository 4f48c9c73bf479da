import * as decimals from '../fields/decimals.ts'
import type { Decimal } from '../fields/decimals.ts'

/**
 * Exact numbers at run time: a JS number when whole and within ±(2^53 − 1), else a normalised Decimal, so that every value has one form.
 * The common case never touches BigInt. The SQL twins stand beside each use: +, -, * of numeric are exact, `quotient` is `quotientSql`.
 */
export type Numeric = number | Decimal

/** Fraction digits of `/`, averages and powers. */
export const quotientDigits = 20

export function toDecimal(value: Numeric): Decimal {
  return typeof value === 'number' ? { units: BigInt(value), scale: 0 } : value
}

const mostSafe = BigInt(Number.MAX_SAFE_INTEGER)

/** The one form of units / 10^scale. */
export function numeric(units: bigint, scale: number): Numeric {
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n
    scale--
  }
  return scale === 0 && units <= mostSafe && units >= -mostSafe ? Number(units) : { units, scale }
}

/** Canonical decimal text → number; undefined when it is none. Short ones, nearly all there are, are read without BigInt. */
export function readNumeric(text: string): Numeric | undefined {
  if (text.length < 16 && /^-?(?:0|[1-9]\d*)(?:\.0+)?$/.test(text)) return Number(text) + 0
  const value = decimals.readDecimal(text)
  return value && numeric(value.units, value.scale)
}

/** Canonical text: as many fraction digits as it has. */
export const writeNumeric = (value: Numeric): string => (typeof value === 'number' ? String(value) : decimals.write(value, value.scale))

export function compare(a: Numeric, b: Numeric): number {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0
  return decimals.compare(toDecimal(a), toDecimal(b))
}

export function equals(a: Numeric, b: Numeric): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b
  return a.scale === b.scale && a.units === b.units
}

export function add(a: Numeric, b: Numeric): Numeric {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  const { units, scale } = decimals.add(toDecimal(a), toDecimal(b))
  return numeric(units, scale)
}

/** `0 - x` and not `-x`: there is one zero. */
export const negate = (value: Numeric): Numeric => (typeof value === 'number' ? 0 - value : { units: -value.units, scale: value.scale })
export const subtract = (a: Numeric, b: Numeric): Numeric => add(a, negate(b))

export function multiply(a: Numeric, b: Numeric): Numeric {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b
    if (Number.isSafeInteger(product)) return product + 0
  }
  const { units, scale } = decimals.multiply(toDecimal(a), toDecimal(b))
  return numeric(units, scale)
}

/** Rounded to 20 fraction digits, half away from zero; null: by zero. Truncating one digit further decides the half as the full quotient would. */
export function quotient(a: Numeric, b: Numeric): Numeric | null {
  if (b === 0) return null
  if (typeof a === 'number' && typeof b === 'number' && a % b === 0) return a / b + 0
  const left = toDecimal(a)
  const right = toDecimal(b)
  const units = (left.units * decimals.tens(quotientDigits + 1 + right.scale)) / (right.units * decimals.tens(left.scale))
  return roundTo({ units, scale: quotientDigits + 1 }, quotientDigits)
}

/** The sign is that of the dividend; null: by zero. */
export function remainder(a: Numeric, b: Numeric): Numeric | null {
  if (b === 0) return null
  if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0
  const left = toDecimal(a)
  const right = toDecimal(b)
  const scale = Math.max(left.scale, right.scale)
  return numeric((left.units * decimals.tens(scale - left.scale)) % (right.units * decimals.tens(scale - right.scale)), scale)
}

/** Half away from zero; `digits` may be negative: round(1250, -2) is 1300. */
export function roundTo(value: Numeric, digits: number): Numeric {
  if (digits >= 0) {
    if (typeof value === 'number') return value
    const { units, scale } = decimals.round(value, digits)
    return numeric(units, scale)
  }
  const { units, scale } = toDecimal(value)
  const { units: kept } = decimals.round({ units, scale: scale - digits }, 0)
  return numeric(kept * decimals.tens(-digits), 0)
}

export function truncate(value: Numeric): Numeric {
  return typeof value === 'number' ? value : numeric(value.units / decimals.tens(value.scale), 0)
}
export const floor = (value: Numeric): Numeric => (typeof value === 'number' ? value : numeric(decimals.floorUnits(value, 0), 0))
export const ceil = (value: Numeric): Numeric => (typeof value === 'number' ? value : numeric(decimals.ceilUnits(value, 0), 0))
export const signOf = (value: Numeric): number => compare(value, 0)
export const absolute = (value: Numeric): Numeric => (signOf(value) < 0 ? negate(value) : value)

/** Counts, positions and lengths: the whole part, kept within ±2,000,000,000; the twin of SQL bos.clamp. */
const clampedLimit = 2_000_000_000
export function clamp(value: Numeric): number {
  const whole = truncate(value)
  if (typeof whole === 'number' && whole >= -clampedLimit && whole <= clampedLimit) return whole
  return signOf(whole) < 0 ? -clampedLimit : clampedLimit
}
