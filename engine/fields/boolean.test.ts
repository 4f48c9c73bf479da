import { expect, test } from 'vitest'
import { accepts, cell, faultsOf, operand, refuses, subject } from './fixtures.ts'

const field = subject({ type: 'boolean' })

test('refuses what only looks like yes or no', () => {
  refuses(field, ['true', 1, 0, '', 'yes', {}].map((each) => [each, 'must be true or false']))
  expect(faultsOf({ type: 'boolean', default: 'false' })).toEqual(['/default must be true or false'])
})

test('accepts the two', () => {
  accepts(field, [[true, true], [false, false]])
  expect(subject({ type: 'boolean', default: false }).default).toBe(false)
})

test('cells and operands are written in several ways', () => {
  expect(['TRUE', 'yes', '1', 'No', ' 0 ', 'false'].map((each) => cell(field, each))).toEqual([true, true, true, false, false, false].map((value) => ({ value })))
  expect(cell(field, 'on')).toEqual({ faults: [' must be true or false (or yes, no, 1, 0)'] })
  expect(operand(field, 'eq', 'yes')).toEqual([true])
})
