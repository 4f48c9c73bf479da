import { expect, test } from 'vitest'
import { currencies } from './currencies.ts'

test('codes in order, each once, none that nobody is paid in', () => {
  const codes = [...currencies]
  expect(codes).toEqual([...new Set(codes)].sort())
  expect(codes.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([])
  expect(['XAU', 'XDR', 'XTS', 'XXX', 'BGN', 'HRK', 'DEM', 'ANG'].filter((code) => currencies.has(code))).toEqual([])
  expect(['EUR', 'USD', 'JPY', 'CLF', 'XCG', 'XAF', 'ZWG'].filter((code) => !currencies.has(code))).toEqual([])
})

test('people can be shown every one: the platform formats it', () => {
  for (const currency of currencies)
    expect(new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' }).format(1)).toContain(currency)
})
