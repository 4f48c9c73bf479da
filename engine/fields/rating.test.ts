import { expect, test } from 'vitest'
import { accepts, faultsOf, refuses, subject } from './fixtures.ts'

test('refuses stars that are not there', () => {
  refuses(subject({ 'x-bos': { type: 'rating' } }), [[0, 'must be from 1 to 5'], [6, 'must be from 1 to 5'], [2.5, 'must be a whole number'], ['3', 'must be a whole number']])
  expect(faultsOf({ maximum: 0, 'x-bos': { type: 'rating' } })).toEqual(['/maximum must be a whole number from 1 to 100'])
})

test('accepts 1 to its maximum', () => {
  accepts(subject({ type: 'integer', maximum: 10, 'x-bos': { type: 'rating' } }), [[1, 1], [10, 10]])
  expect(subject({ default: 3, 'x-bos': { type: 'rating' } }).default).toBe(3)
})
