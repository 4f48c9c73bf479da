import { expect, test } from 'vitest'
import { operand, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ type: 'string', format: 'duration' })
const wrong = 'must be a length of time such as PT1H30M or P2D'
const months = 'has years or months, which have no fixed length: use weeks, days or hours'

test('refuses what has no fixed length', () => {
  expect(
    wronglyRefused(field, [
      ['', wrong],
      ['P', wrong],
      ['PT', wrong],
      ['P1DT', wrong],
      ['1:30', wrong],
      ['PT1.5H', wrong],
      ['-PT1H', wrong],
      ['PT1M1H', wrong],
      ['pt1h', wrong],
      [3600, wrong],
      ['P1Y', months],
      ['P2M', months],
      ['PT10000000H', 'must be at most 9999999 hours', { schema: false }],
      ['P9999999999W', 'must be at most 9999999 hours', { schema: false }],
    ]),
  ).toEqual([])
})

test('answers hours, minutes and seconds', () => {
  expect(
    wronglyRead(field, [
      ['PT1H30M', 'PT1H30M'],
      ['PT90M', 'PT1H30M'],
      ['P2D', 'PT48H'],
      ['P1W', 'PT168H'],
      ['P1DT1S', 'PT24H1S'],
      ['PT0S', 'PT0S'],
      ['PT0H0M', 'PT0S'],
      ['PT3661S', 'PT1H1M1S'],
      ['PT9999999H', 'PT9999999H'],
    ]),
  ).toEqual([])
  expect(operand(field, 'gt', 'PT1H')).toEqual([3600])
  expect(field.type.store!('PT1H1S', field.settings)).toEqual([3601])
})
