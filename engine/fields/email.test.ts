import { expect, test } from 'vitest'
import { cell, faultsOf, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ type: 'string', format: 'email' })
const wrong = 'must be an e-mail address such as ada@example.com'

test('refuses what no mail reaches', () => {
  expect(
    wronglyRefused(field, [
      ['', wrong],
      ['ada', wrong],
      ['@example.com', wrong],
      ['ada@', wrong],
      ['a b@example.com', wrong],
      [' ada@example.com', wrong],
      ['ada@example.com ', wrong],
      ['ada@@example.com', wrong],
      ['ada.@example.com', wrong],
      ['a..b@example.com', wrong],
      ['ada@-x.com', wrong],
      ['ada@exa_mple.com', wrong],
      ['ada@müller.de', wrong],
      ['ada@localhost', wrong, { schema: false }],
      ['a'.repeat(65) + '@example.com', wrong, { schema: false }],
      ['ada@' + 'x'.repeat(64) + '.com', wrong, { schema: false }],
      ['Ada <ada@example.com>', wrong],
      ['a'.repeat(250) + '@a.de', 'has 255 characters; at most 254 are taken'],
      [5, 'must be text'],
    ]),
  ).toEqual([])
})

test('keeps an address as written', () => {
  expect(
    wronglyRead(field, [
      ['ada@example.com', 'ada@example.com'],
      ["O'Brien+x@Sub.Example.co", "O'Brien+x@Sub.Example.co"],
      ['a@xn--mller-kva.de', 'a@xn--mller-kva.de'],
    ]),
  ).toEqual([])
  expect(cell(field, ' ada@example.com ')).toEqual({ value: 'ada@example.com' })
})

test('an address of any length is read in linear time', () => {
  expect(wronglyRefused(subject({ 'x-bos': { type: 'email' } }), [[`${'a.'.repeat(100)}@${'a-'.repeat(20)}`, wrong]])).toEqual([])
  expect(faultsOf({ type: 'string', format: 'uri', 'x-bos': { type: 'email' } })).toEqual(['/format "uri" does not go with email'])
})
