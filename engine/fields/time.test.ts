import { expect, test } from 'vitest'
import { accepts, cell, refuses, subject } from './fixtures.ts'

const field = subject({ type: 'string', format: 'time' })
const wrong = 'must be a time of the day such as 14:05 or 14:05:30'

test('refuses what no clock shows', () => {
  refuses(field, ['', '24:00', '9:05', '14:60', '14:05:60', '14:05:30.5', '14:05Z', '2pm', 1405, ' 14:05'].map((each) => [each, wrong]))
})

test('answers hours, minutes and seconds', () => {
  accepts(field, [['14:05', '14:05:00'], ['00:00:00', '00:00:00'], ['23:59:59', '23:59:59']])
  expect(cell(field, ' 14:05 ')).toEqual({ value: '14:05:00' })
})
