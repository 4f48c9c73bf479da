import { expect, test } from 'vitest'
import { subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ 'x-bos': { type: 'rank', within: ['stage'] } })

test('refuses what has no place in the order', () => {
  expect(
    wronglyRefused(
      field,
      ['', 'a-b', 'ä', ' a', 5, 'a'.repeat(201)].map((each) => [each, 'must be a place in the order: up to 200 letters and digits']),
    ),
  ).toEqual([])
})

test('accepts letters and digits', () => {
  expect(
    wronglyRead(field, [
      ['a0', 'a0'],
      ['Zz9', 'Zz9'],
    ]),
  ).toEqual([])
})
