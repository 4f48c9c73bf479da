import { test } from 'vitest'
import { accepts, refuses, subject } from './fixtures.ts'

const field = subject({ 'x-bos': { type: 'rank', within: ['stage'] } })

test('refuses what has no place in the order', () => {
  refuses(field, ['', 'a-b', 'ä', ' a', 5, 'a'.repeat(201)].map((each) => [each, 'must be a place in the order: up to 200 letters and digits']))
})

test('accepts letters and digits', () => {
  accepts(field, [['a0', 'a0'], ['Zz9', 'Zz9']])
})
