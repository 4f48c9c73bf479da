import { expect, test } from 'vitest'
import { cell, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ type: 'string', format: 'time' })
const wrong = 'must be a time of the day such as 14:05 or 14:05:30'

test('refuses what no clock shows', () => {
  expect(
    wronglyRefused(
      field,
      ['', '24:00', '9:05', '14:60', '14:05:60', '14:05:30.5', '14:05Z', '2pm', 1405, ' 14:05'].map((each) => [each, wrong]),
    ),
  ).toEqual([])
})

test('answers hours, minutes and seconds', () => {
  expect(
    wronglyRead(field, [
      ['14:05', '14:05:00'],
      ['00:00:00', '00:00:00'],
      ['23:59:59', '23:59:59'],
    ]),
  ).toEqual([])
  expect(cell(field, ' 14:05 ')).toEqual({ value: '14:05:00' })
})
