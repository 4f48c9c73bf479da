import { expect, test } from 'vitest'
import { cell, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ 'x-bos': { type: 'phone' } })
const wrong = 'must be a telephone number such as +49 30 901820, with an extension as x123'

test('refuses what cannot be dialled', () => {
  expect(
    wronglyRefused(field, [
      ['', wrong],
      ['none', wrong],
      [' 030 1', wrong],
      ['12', wrong, { schema: false }],
      ['030-12 ', wrong, { schema: false }],
      ['1'.repeat(25), wrong, { schema: false }],
      ['+', wrong, { schema: false }],
      ['030 12; drop', wrong, { schema: false }],
      ['1'.repeat(41), 'has 41 characters; at most 40 are taken'],
      [30, 'must be text'],
    ]),
  ).toEqual([])
})

test('keeps a number as written', () => {
  expect(
    wronglyRead(
      field,
      [
        '+49 30 901820',
        '(5) 555-4729',
        '030-0074321',
        '0921-12 34 65',
        '(071) 23 67 22 20',
        '91.24 45 40',
        '555-1212 x123',
        '555-1212 ext. 9',
      ].map((each) => [each, each]),
    ),
  ).toEqual([])
  expect(cell(field, '030 12345\n')).toEqual({ value: '030 12345' })
})
