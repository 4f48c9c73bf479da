import { expect, test } from 'vitest'
import { operand, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ 'x-bos': { type: 'color' } })

test('refuses what is not #rrggbb', () => {
  expect(
    wronglyRefused(
      field,
      ['', 'red', '#fff', '#12345g', '3552c9', '#3552c9ff', ' #3552c9', 'url(x)', 5].map((each) => [
        each,
        'must be a colour such as #3552c9',
      ]),
    ),
  ).toEqual([])
})

test('answers lower case', () => {
  expect(
    wronglyRead(field, [
      ['#3552C9', '#3552c9'],
      ['#000000', '#000000'],
    ]),
  ).toEqual([])
  expect(operand(field, 'eq', '#ABCDEF')).toEqual(['#abcdef'])
})
