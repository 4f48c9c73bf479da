import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { add, formatDecimal, parseNumber, readDecimal } from './numbers.ts'

describe('readDecimal', () => {
  it.each(['', 'abc', '1,2,3', '1.2.3,4,5', '--1', '1e5', '12a', '.', ',', '1,23,456', 'NaN', 'Infinity', '٣'])(
    'does not take %j for a number',
    (text) => {
      expect(readDecimal(text, 'en')).toBeNull()
    },
  )
  it.each([
    ['1,5', 'en', '1.5'],
    ['1.5', 'de', '1.5'],
    ['1,500', 'en', '1500'],
    ['1.500', 'de', '1500'],
    ['1,500', 'de', '1.500'],
    ['1.500', 'en', '1.500'],
    ['1.234.567,89', 'de', '1234567.89'],
    ['1,234,567.89', 'en', '1234567.89'],
    ['1.234.567,89', 'en', '1234567.89'],
    ['1’234.50', 'de-CH', '1234.50'],
    ['1 234,5', 'fr', '1234.5'],
    ['-0', 'en', '0'],
    ['−12,5', 'de', '-12.5'],
    ['(12)', 'en', '-12'],
    ['007', 'en', '7'],
    ['12.', 'en', '12'],
    [',5', 'de', '0.5'],
    ['123456789012345678901234567890.12', 'en', '123456789012345678901234567890.12'],
  ])('reads %j in %s as %s', (text, locale, value) => {
    expect(readDecimal(text, locale)).toBe(value)
  })
})

describe('parseNumber', () => {
  it.each([
    ['12.345', { scale: 2 }, 'Use at most 2 decimals'],
    ['1.5', { scale: 0 }, 'Enter a whole number'],
    ['101', { scale: 0, max: 100 }, 'Enter at most 100'],
    ['-1', { scale: 0, min: 0 }, 'Enter at least 0'],
    ['ten', { scale: 2 }, 'Enter a number, such as 1,234.5'],
  ])('refuses %j', (text, limits, fault) => {
    expect(parseNumber(text, 'en', limits)).toEqual({ fault })
  })
  it('takes nothing as no value, and keeps no zeros beyond the point', () => {
    expect(parseNumber('  ', 'en', { scale: 2 })).toEqual({ value: null })
    expect(parseNumber('12.50000', 'en', { scale: 2 })).toEqual({ value: '12.5' })
  })
})

const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), fc.integer({ min: 0, max: 9 })).map(([whole, scale]) => {
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0')
  const fraction = scale === 0 ? '' : digits.slice(-scale).replace(/0+$/, '')
  const value = `${scale === 0 ? digits : digits.slice(0, -scale)}${fraction === '' ? '' : `.${fraction}`}`
  return whole < 0n && /[1-9]/.test(value) ? `-${value}` : value
})

it.each(['en', 'de', 'fr', 'de-CH', 'pt-BR'])('what is shown in %s reads back as the same number, digit for digit', (locale) => {
  fc.assert(
    fc.property(decimal, (value) => {
      expect(readDecimal(formatDecimal(value, locale, 0, false), locale)).toBe(value)
    }),
  )
})

it('adds exactly', () => {
  expect(add('0.1', '0.2')).toBe('0.3')
  expect(add('-5', '5.00')).toBe('0')
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      expect(add(add(a, b), a.startsWith('-') ? a.slice(1) : a === '0' ? '0' : `-${a}`)).toBe(add(b, '0'))
    }),
  )
})
