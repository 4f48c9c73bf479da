import { expect, test } from 'vitest'
import { cell, faultsOf, operand, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ type: 'string', format: 'date' })
const wrong = 'must be a date such as 2026-11-30'

test('refuses what is no day', () => {
  expect(
    wronglyRefused(field, [
      ['', wrong],
      ['30.11.2026', wrong],
      ['2026-1-1', wrong],
      ['2026-11-30T00:00:00Z', wrong],
      [' 2026-11-30', wrong],
      ['12026-01-01', wrong],
      ['-2026-01-01', wrong],
      [20261130, wrong],
      ['infinity', wrong],
      ['2026-02-29', '2026-02-29 is not a day of the calendar'],
      ['2026-02-30', '2026-02-30 is not a day of the calendar'],
      ['1900-02-29', '1900-02-29 is not a day of the calendar'],
      ['2026-00-10', '2026-00-10 is not a day of the calendar'],
      ['2026-13-01', '2026-13-01 is not a day of the calendar'],
      ['2026-04-31', '2026-04-31 is not a day of the calendar'],
      ['0000-01-01', '0000-01-01 is not a day of the calendar', { schema: false }],
    ]),
  ).toEqual([])
  expect(faultsOf({ type: 'string', format: 'date', default: 'today' })).toEqual([`/default ${wrong}`])
  expect(operand(field, 'gte', '2026-02-30')).toEqual([' 2026-02-30 is not a day of the calendar'])
})

test('accepts days', () => {
  expect(
    wronglyRead(
      field,
      ['2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31'].map((each) => [each, each]),
    ),
  ).toEqual([])
  expect(cell(field, ' 2026-11-30 ')).toEqual({ value: '2026-11-30' })
})
