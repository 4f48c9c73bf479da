import { expect, test } from 'vitest'
import { cell, faultsOf, operand, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ type: 'boolean' })

test('refuses what only looks like yes or no', () => {
  expect(
    wronglyRefused(
      field,
      ['true', 1, 0, '', 'yes', {}].map((each) => [each, 'must be true or false']),
    ),
  ).toEqual([])
  expect(faultsOf({ type: 'boolean', default: 'false' })).toEqual(['/default must be true or false'])
})

test('accepts the two', () => {
  expect(
    wronglyRead(field, [
      [true, true],
      [false, false],
    ]),
  ).toEqual([])
  expect(subject({ type: 'boolean', default: false }).default).toBe(false)
})

test('cells and operands are written in several ways', () => {
  expect(['TRUE', 'yes', '1', 'No', ' 0 ', 'false'].map((each) => cell(field, each))).toEqual(
    [true, true, true, false, false, false].map((value) => ({ value })),
  )
  expect(cell(field, 'on')).toEqual({ faults: [' must be true or false (or yes, no, 1, 0)'] })
  expect(operand(field, 'eq', 'yes')).toEqual([true])
})
