import fc from 'fast-check'
import { expect, test } from 'vitest'
import { add, ceilUnits, compareText, floorUnits, multiply, readDecimal, round, wholeDigits, write } from './decimals.ts'

/** Decimal text of up to 40 digits, and the rational number it means as [units, scale]. */
const decimals = fc.tuple(fc.bigInt(-(10n ** 40n), 10n ** 40n), fc.nat(20)).map(([units, scale]) => {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return { text: units < 0n ? `-${text}` : text, units, scale }
})

test.each(['', '-', '+1', '1.', '.1', '00', '1e', '1 ', 'e1', '1.2.3', 'Infinity', '1e1001', '1'.repeat(1001)])(
  '%j is no number',
  (text) => {
    expect(readDecimal(text)).toBeUndefined()
  },
)

test('what is read is written again', () => {
  fc.assert(
    fc.property(decimals, ({ text, scale }) => {
      const value = readDecimal(text)!
      expect(write(value, scale)).toBe(/^-0\.?0*$/.test(text) ? text.slice(1) : text)
      expect(value.scale === 0 || value.units % 10n !== 0n).toBe(true)
    }),
  )
})

test('order is that of the numbers', () => {
  fc.assert(
    fc.property(decimals, decimals, (a, b) => {
      const left = a.units * 10n ** BigInt(b.scale)
      const right = b.units * 10n ** BigInt(a.scale)
      expect(compareText(a.text, b.text)).toBe(left < right ? -1 : left > right ? 1 : 0)
    }),
  )
})

test('floor and ceiling enclose the number, less than one unit apart', () => {
  fc.assert(
    fc.property(decimals, fc.nat(20), ({ text }, scale) => {
      const value = readDecimal(text)!
      const floor = floorUnits(value, scale)
      const ceil = ceilUnits(value, scale)
      expect(compareText(`${floor}e-${scale}`, text)).not.toBe(1)
      expect(compareText(`${ceil}e-${scale}`, text)).not.toBe(-1)
      expect(ceil - floor).toBe(value.scale > scale ? 1n : 0n)
    }),
  )
})

test('rounding is half away from zero', () => {
  expect(['0.5', '-0.5', '1.5', '2.5', '-2.5', '0.4999', '2.45'].map((each) => write(round(readDecimal(each)!, 0), 0))).toEqual([
    '1',
    '-1',
    '2',
    '3',
    '-3',
    '0',
    '2',
  ])
  fc.assert(
    fc.property(decimals, fc.nat(20), ({ text }, scale) => {
      const value = readDecimal(text)!
      const rounded = round(value, scale)
      const error = add(rounded, { units: -value.units, scale: value.scale })
      expect(2n * (error.units < 0n ? -error.units : error.units) <= 10n ** BigInt(Math.max(0, error.scale - scale))).toBe(true)
    }),
  )
})

test('sums and products are exact', () => {
  expect(write(add(readDecimal('0.1')!, readDecimal('0.2')!), 1)).toBe('0.3')
  expect(write(multiply(readDecimal('-1.005')!, readDecimal('1e2')!), 3)).toBe('-100.500')
  expect(() => write(readDecimal('1.25')!, 1)).toThrow(RangeError)
  expect(['0', '0.99', '9.9', '-10', '1e3'].map((each) => wholeDigits(readDecimal(each)!))).toEqual([0, 0, 1, 2, 4])
})
