import { expect, test } from 'vitest'
import { faultsOf, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ 'x-bos': { type: 'longText' } })

test('refuses text beyond its length', () => {
  expect(
    wronglyRefused(field, [
      ['a'.repeat(20_001), 'has 20001 characters; at most 20000 are taken'],
      [5, 'must be text'],
      ['a\0b', 'contains a NUL character', { schema: false }],
    ]),
  ).toEqual([])
  expect(faultsOf({ maxLength: 100_001, 'x-bos': { type: 'longText' } })).toEqual(['/maxLength must be a whole number from 1 to 100000'])
  expect(faultsOf({ 'x-bos': { type: 'longText', index: true } })).toEqual(['/x-bos/index does not apply to longText'])
})

test('keeps lines as they are', () => {
  expect(
    wronglyRead(field, [
      ['one\r\n\ttwo\n', 'one\r\n\ttwo\n'],
      ['a'.repeat(20_000), 'a'.repeat(20_000)],
    ]),
  ).toEqual([])
  expect([field.type.sort, field.type.group]).toEqual([undefined, undefined])
})
