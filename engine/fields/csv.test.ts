import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inert, plain } from './csv.ts'

test.each(['=1+1', '+1', '-1+1', '@x', '\t=1', '\r=1', "'=1", "''@x", '-'])('%j is no formula in a spreadsheet, and comes back', (text) => {
  expect(inert(text)).toBe(`'${text}`)
  expect(plain(inert(text))).toBe(text)
})

test.each(['-5', '-5.25', "'90s", "''", 'a=b', ''])('%j stays as it is, there and back', (text) => {
  expect([inert(text), plain(text)]).toEqual([text, text])
})

test('whatever the text, there and back it is the same', () => {
  const text = fc.string({ unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '1', 'a', '.') })
  fc.assert(fc.property(text, (each) => plain(inert(each)) === each))
})
