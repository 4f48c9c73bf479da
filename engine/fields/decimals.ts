/** Exact arithmetic on decimal text, on BigInt: a value is `units` / 10^`scale`. No floating point anywhere. */
export interface Decimal {
  readonly units: bigint
  readonly scale: number
}

/** The number grammar of JSON: no sign but minus, no leading zeros, no bare point, no spaces, no grouping. */
const grammar = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
/** No field keeps more digits than this: longer text (or an exponent beyond it) is refused before any arithmetic. */
const digitLimit = 1000

/** Reads decimal text; undefined when it is not a number, or one so large that no field could hold it. Trailing zeros are dropped. */
export function readDecimal(text: string): Decimal | undefined {
  if (text.length > digitLimit) return undefined
  const match = grammar.exec(text)
  if (match === null) return undefined
  const [, sign, whole, fraction = '', exponent = '0'] = match
  const shift = Number(exponent)
  let units = BigInt(`${whole}${fraction}`)
  if (units === 0n) return { units, scale: 0 }
  if (Math.abs(shift) > digitLimit) return undefined
  let scale = fraction.length - shift
  if (scale < 0) {
    units *= tens(-scale)
    scale = 0
  }
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n
    scale--
  }
  return { units: sign === '-' ? -units : units, scale }
}

const grouped = /^(-?\d{1,3})((?:[ \u00a0\u202f'’,.]\d{3})+)(?:([.,])(\d+))?$/
const comma = /^(-?\d+),(\d+)$/

/** What to write instead of a number with separators of thousands or a decimal comma; null: it is no such number. */
export function numberFault(text: string): string | null {
  if (text.length > digitLimit || readDecimal(text) !== undefined) return null
  const [, first = '', groups = '', point, fraction] = grouped.exec(text) ?? []
  const signs = new Set(groups.replace(/\d/g, ''))
  const [sign] = signs
  if (signs.size === 1 && point !== sign) {
    const whole = first + groups.replace(/\D/g, '')
    if (sign === ',' && groups.length === 4 && point === undefined)
      return `may be ${whole} or ${text.replace(',', '.')}; write which one, without a comma`
    const decimals = fraction === undefined ? '' : `.${fraction}`
    return `must be written ${point === ',' ? 'with a decimal point and ' : ''}without separators of thousands: ${whole}${decimals}`
  }
  const [, whole, decimals] = comma.exec(text) ?? []
  return whole === undefined ? null : `must be written with a decimal point: ${whole}.${decimals}`
}

export const tens = (exponent: number): bigint => 10n ** BigInt(exponent)

/** Digits before the point; 0 for values below one. */
export function wholeDigits({ units, scale }: Decimal): number {
  const whole = (units < 0n ? -units : units) / tens(scale)
  return whole === 0n ? 0 : whole.toString().length
}

/** Canonical text with exactly `scale` fraction digits, e.g. "12.50". The value must fit: see `round` for one that may not. */
export function write(value: Decimal, scale: number): string {
  if (value.scale > scale) throw new RangeError('the value has more fraction digits than the scale')
  const units = value.units * tens(scale - value.scale)
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const sign = units < 0n ? '-' : ''
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export function compare(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const scale = Math.max(a.scale, b.scale)
  const left = a.units * tens(scale - a.scale)
  const right = b.units * tens(scale - b.scale)
  return left < right ? -1 : left > right ? 1 : 0
}

/** Largest whole number of 10^-scale not above the value. */
export function floorUnits(value: Decimal, scale: number): bigint {
  if (value.scale <= scale) return value.units * tens(scale - value.scale)
  const divisor = tens(value.scale - scale)
  const quotient = value.units / divisor
  return value.units < 0n && value.units % divisor !== 0n ? quotient - 1n : quotient
}

/** Smallest whole number of 10^-scale not below the value. */
export const ceilUnits = ({ units, scale: own }: Decimal, scale: number): bigint => -floorUnits({ units: -units, scale: own }, scale)

/** Rounds half away from zero, as PostgreSQL's numeric does. */
export function round({ units, scale: own }: Decimal, scale: number): Decimal {
  if (own <= scale) return { units, scale: own }
  const divisor = tens(own - scale)
  const away = units < 0n ? -divisor : divisor
  return { units: (units * 2n + away) / (divisor * 2n), scale }
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  return { units: a.units * tens(scale - a.scale) + b.units * tens(scale - b.scale), scale }
}

export const multiply = (a: Decimal, b: Decimal): Decimal => ({ units: a.units * b.units, scale: a.scale + b.scale })

/** Compares two decimal texts by value: "1.50" equals "1.5". */
export function compareText(a: string, b: string): -1 | 0 | 1 {
  const left = readDecimal(a)
  const right = readDecimal(b)
  if (left === undefined || right === undefined) throw new RangeError('not a decimal number')
  return compare(left, right)
}
