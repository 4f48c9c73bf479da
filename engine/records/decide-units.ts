/** Amounts are compared and taken in units of 10^-20, the finest that expressions answer. */
const scale = 20
export const unitsOf = (value: unknown): bigint => {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '0'
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  const units = BigInt(whole + fraction.padEnd(scale, '0').slice(0, scale))
  return text.startsWith('-') ? -units : units
}
export const textOf = (units: bigint): string => {
  const digits = units.toString().padStart(scale + 1, '0')
  const fraction = digits.slice(-scale).replace(/0+$/, '')
  return `${digits.slice(0, -scale)}${fraction === '' ? '' : `.${fraction}`}`
}
export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
export const isPositive = (value: unknown): boolean => value !== null && value !== undefined && unitsOf(value) > 0n
