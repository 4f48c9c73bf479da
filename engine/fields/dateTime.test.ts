import { expect, test } from 'vitest'
import { operand, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ type: 'string', format: 'date-time' })
const wrong = 'must be a time with its zone, such as 2026-11-30T14:05:00Z'

test('refuses what is no moment', () => {
  expect(
    wronglyRefused(field, [
      ['', wrong],
      ['2026-11-30', wrong],
      ['now', wrong],
      [1_700_000_000, wrong],
      ['2026-11-30T14:05:00+2', wrong],
      [' 2026-11-30T14:05:00Z', wrong],
      ['2026-11-30T14:05:00', 'needs a zone: Z or an offset such as +02:00'],
      ['2026-11-30 14:05', 'needs a zone: Z or an offset such as +02:00'],
      ['2026-02-30T00:00:00Z', '2026-02-30 is not a day of the calendar'],
      ['2026-11-30T24:00:00Z', '24:00:00 is not a time of the day'],
      ['2026-11-30T23:60:00Z', '23:60:00 is not a time of the day'],
      ['2016-12-31T23:59:60Z', '23:59:60 is not a time of the day', { schema: false }],
      ['2026-11-30T14:05:00+16:00', 'has an offset that no place has', { schema: false }],
      ['2026-11-30T14:05:00.1234Z', 'has 4 fraction digits of a second; 3 are kept', { schema: false }],
      ['0001-01-01T00:00:00+01:00', 'must be between the years 0001 and 9999 in UTC', { schema: false }],
      ['9999-12-31T23:59:59-01:00', 'must be between the years 0001 and 9999 in UTC', { schema: false }],
    ]),
  ).toEqual([])
  expect(operand(field, 'lt', '2026-01-01')).toEqual([` ${wrong}`])
})

test('answers UTC to the millisecond', () => {
  expect(
    wronglyRead(field, [
      ['2026-11-30T14:05:00Z', '2026-11-30T14:05:00.000Z'],
      ['2026-11-30T14:05:00.5+02:00', '2026-11-30T12:05:00.500Z'],
      ['2026-01-01T00:30:00+05:45', '2025-12-31T18:45:00.000Z'],
      ['2026-11-30T14:05:00.123000Z', '2026-11-30T14:05:00.123Z'],
      ['2026-11-30t14:05:00z', '2026-11-30T14:05:00.000Z'],
      ['2026-11-30T14:05Z', '2026-11-30T14:05:00.000Z', { schema: false }],
      ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
      ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
      ['0099-06-01T00:00:00-10:00', '0099-06-01T10:00:00.000Z'],
    ]),
  ).toEqual([])
})
