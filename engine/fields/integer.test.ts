import { expect, test } from 'vitest'
import { cell, faultsOf, operand, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'
import { ExactNumber } from './type.ts'

const field = subject({ type: 'integer' })
const range = 'must be from -9007199254740991 to 9007199254740991'

test('refuses what is no whole number, or more than every client keeps', () => {
  expect(
    wronglyRefused(field, [
      ['5', 'must be a whole number'],
      [1.5, 'must be a whole number'],
      [Number.NaN, 'must be a whole number', { schema: false }],
      [Infinity, 'must be a whole number', { schema: false }],
      [true, 'must be a whole number'],
      [2 ** 53, range],
      [-(2 ** 53), range],
      [1e300, range],
      ['', 'must be a whole number'],
      [[1], 'must be a whole number'],
      [new ExactNumber('9007199254740993'), range, { schema: false }],
      [new ExactNumber('1.00000000000000000001'), 'must be a whole number', { schema: false }],
      [new ExactNumber('1e400'), range, { schema: false }],
    ]),
  ).toEqual([])
  expect(wronglyRefused(subject({ type: 'integer', minimum: 1 }), [[0, 'must be at least 1']])).toEqual([])
  expect(wronglyRefused(subject({ type: 'integer', maximum: 9 }), [[10, 'must be at most 9']])).toEqual([])
  expect(
    wronglyRefused(subject({ type: 'integer', minimum: 1, maximum: 9 }), [
      [10, 'must be from 1 to 9'],
      [0, 'must be from 1 to 9'],
    ]),
  ).toEqual([])
})

test('accepts whole numbers', () => {
  expect(
    wronglyRead(field, [
      [0, 0],
      [1.0, 1],
      [-5, -5],
      [1e3, 1000],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      [Number.MIN_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
    ]),
  ).toEqual([])
  expect(
    Object.is(
      field.type.parse(-0, field.settings, () => {}),
      0,
    ),
  ).toBe(true)
})

test('cells, operands and settings', () => {
  expect(cell(field, ' 12 ')).toEqual({ value: 12 })
  expect(cell(field, '12,500')).toEqual({ faults: [' must be written without separators of thousands: 12500'] })
  expect(cell(field, '1,5')).toEqual({ faults: [' must be a whole number'] })
  expect(cell(field, '0x10')).toEqual({ faults: [' must be a whole number'] })
  expect(operand(field, 'gte', '-3')).toEqual([-3])
  expect(operand(field, 'gte', '1e3')).toEqual([' must be a whole number'])
  expect(operand(field, 'eq', '99999999999999999')).toEqual([' must be a whole number'])
  expect(faultsOf({ type: 'integer', minimum: 3, maximum: 1 })).toEqual(['/minimum is more than maximum, 1'])
  expect(faultsOf({ type: 'integer', minimum: 0.5 })).toEqual([
    `/minimum must be a whole number from -9007199254740991 to 9007199254740991`,
  ])
  expect(faultsOf({ type: 'integer', maximum: 1, default: 2 })).toEqual(['/default must be at most 1'])
})
