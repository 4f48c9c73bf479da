import { expect, test } from 'vitest'
import { faultsOf, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

test('refuses stars that are not there', () => {
  expect(
    wronglyRefused(subject({ 'x-bos': { type: 'rating' } }), [
      [0, 'must be from 1 to 5'],
      [6, 'must be from 1 to 5'],
      [2.5, 'must be a whole number'],
      ['3', 'must be a whole number'],
    ]),
  ).toEqual([])
  expect(faultsOf({ maximum: 0, 'x-bos': { type: 'rating' } })).toEqual(['/maximum must be a whole number from 1 to 100'])
})

test('accepts 1 to its maximum', () => {
  expect(
    wronglyRead(subject({ type: 'integer', maximum: 10, 'x-bos': { type: 'rating' } }), [
      [1, 1],
      [10, 10],
    ]),
  ).toEqual([])
  expect(subject({ default: 3, 'x-bos': { type: 'rating' } }).default).toBe(3)
})
