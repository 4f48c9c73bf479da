import { expect, test } from 'vitest'
import { cell, faultsOf, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ 'x-bos': { type: 'percent', scale: 1 } })

test('refuses what is no share', () => {
  expect(
    wronglyRefused(field, [
      ['50%', 'must be a number such as 12.5'],
      [-1, 'must be at least 0.0'],
      [100.1, 'must be at most 100.0'],
      ['12.55', 'has 2 decimal places; 1 is kept'],
      ['', 'must be a number such as 12.5'],
    ]),
  ).toEqual([])
  expect(faultsOf({ minimum: 200, 'x-bos': { type: 'percent' } })).toEqual(['/minimum is more than maximum, 100.00'])
})

test('means per cent', () => {
  expect(
    wronglyRead(field, [
      [12.5, '12.5'],
      ['100', '100.0'],
      [0, '0.0'],
    ]),
  ).toEqual([])
  expect(
    wronglyRead(subject({ minimum: -50, maximum: 400, 'x-bos': { type: 'percent' } }), [
      [-12.5, '-12.50'],
      ['400', '400.00'],
    ]),
  ).toEqual([])
  expect(cell(field, '12.5 %')).toEqual({ value: '12.5' })
})
