import { expect, test } from 'vitest'
import { accepts, operand, refuses, subject } from './fixtures.ts'

const field = subject({ 'x-bos': { type: 'color' } })

test('refuses what is not #rrggbb', () => {
  refuses(field, ['', 'red', '#fff', '#12345g', '3552c9', '#3552c9ff', ' #3552c9', 'url(x)', 5].map((each) => [each, 'must be a colour such as #3552c9']))
})

test('answers lower case', () => {
  accepts(field, [['#3552C9', '#3552c9'], ['#000000', '#000000']])
  expect(operand(field, 'eq', '#ABCDEF')).toEqual(['#abcdef'])
})
