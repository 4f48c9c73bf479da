import { expect, test } from 'vitest'
import { accepts, cell, faultsOf, refuses, subject } from './fixtures.ts'

const field = subject({ type: 'string', format: 'email' })
const wrong = 'must be an e-mail address such as ada@example.com'

test('refuses what no mail reaches', () => {
  refuses(field, [
    ['', wrong], ['ada', wrong], ['@example.com', wrong], ['ada@', wrong], ['a b@example.com', wrong], [' ada@example.com', wrong], ['ada@example.com ', wrong],
    ['ada@@example.com', wrong], ['ada.@example.com', wrong], ['a..b@example.com', wrong], ['ada@-x.com', wrong], ['ada@exa_mple.com', wrong], ['ada@müller.de', wrong],
    ['ada@localhost', wrong, { schema: false }], ['a'.repeat(65) + '@example.com', wrong, { schema: false }], ['ada@' + 'x'.repeat(64) + '.com', wrong, { schema: false }],
    ['Ada <ada@example.com>', wrong], ['a'.repeat(250) + '@a.de', 'has 255 characters; at most 254 are taken'], [5, 'must be text'],
  ])
})

test('keeps an address as written', () => {
  accepts(field, [['ada@example.com', 'ada@example.com'], ["O'Brien+x@Sub.Example.co", "O'Brien+x@Sub.Example.co"], ['a@xn--mller-kva.de', 'a@xn--mller-kva.de']])
  expect(cell(field, ' ada@example.com ')).toEqual({ value: 'ada@example.com' })
})

test('an address of any length is read in linear time', () => {
  refuses(subject({ 'x-bos': { type: 'email' } }), [[`${'a.'.repeat(100)}@${'a-'.repeat(20)}`, wrong]])
  expect(faultsOf({ type: 'string', format: 'uri', 'x-bos': { type: 'email' } })).toEqual(['/format "uri" does not go with email'])
})
