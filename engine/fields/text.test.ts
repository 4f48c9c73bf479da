import { expect, test } from 'vitest'
import type { PropertyNode } from './type.ts'
import { cell, faultsOf, operand, parsed, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ type: 'string', minLength: 2, maxLength: 5 })

test('refuses what is no text, or too long, or not storable', () => {
  expect(
    wronglyRefused(field, [
      [1, 'must be text'],
      [null, 'must be text'],
      [['a'], 'must be text'],
      [{ toString: 'ab' }, 'must be text'],
      ['a', 'has 1 characters; at least 2 are needed'],
      ['abcdef', 'has 6 characters; at most 5 are taken'],
      ['😀😀😀😀😀😀', 'has 6 characters; at most 5 are taken'],
      ['a\0b', 'contains a NUL character'],
      ['ab\ud800', 'contains half of a surrogate pair, which is not a character', { schema: false }],
      ['a\nb', 'has a line break, and takes one line'],
      ['a\r\nb', 'has a line break, and takes one line'],
      ['a\u0085b', 'has a line break, and takes one line'],
      ['a\u2028b', 'has a line break, and takes one line'],
      ['a\tb', 'has a tab, and takes words with spaces between them'],
      ['a\u0007b', 'has the control character U+0007'],
      ['a\u009fb', 'has the control character U+009F'],
      ['a\u202eb', 'has the character U+202E, which turns the direction of text around'],
      ['a\u2066b', 'has the character U+2066, which turns the direction of text around'],
      ['\udc00ab', 'contains half of a surrogate pair, which is not a character', { schema: false }],
    ]),
  ).toEqual([])
})

test('keeps text as given, counted in code points', () => {
  expect(
    wronglyRead(field, [
      ['ab', 'ab'],
      ['  ', '  '],
      [' a ', ' a '],
      ['😀😀😀😀😀', '😀😀😀😀😀'],
      ["'; x", "'; x"],
      // Marks that join letters or say which way one letter runs are part of writing.
      ['\u200ea\u200d', '\u200ea\u200d'],
      ['=1+1', '=1+1'],
    ]),
  ).toEqual([])
})

test.each<[type: string, node: PropertyNode, around: (text: string) => unknown, pointer: string]>([
  ['email', { 'x-bos': { type: 'email' } }, (text) => `ada${text}@example.com`, ''],
  ['phone', { 'x-bos': { type: 'phone' } }, (text) => `030 ${text} 123`, ''],
  ['url', { 'x-bos': { type: 'url' } }, (text) => `https://example.com/${text}`, ''],
  ['barcode', { 'x-bos': { type: 'barcode', symbology: 'qr' } }, (text) => `1${text}2`, ''],
  ['sequence', { 'x-bos': { type: 'sequence', pattern: '{n}' } }, (text) => `1${text}2`, ''],
  ['part of an address', { 'x-bos': { type: 'address' } }, (text) => ({ city: `Ber${text}lin` }), '/city'],
  ['part of a name', { 'x-bos': { type: 'personName' } }, (text) => ({ given: `A${text}da` }), '/given'],
  ['item of a list', { type: 'array', items: { type: 'string' } }, (text) => [`a${text}b`], '/0'],
])('%s is one line as well', (_type, node, around, pointer) => {
  const at = pointer === '' ? '' : pointer
  const rows = (['\n', '\u202e', '\0'] as const).map((text): [unknown, string[]] => [
    around(text),
    [
      `${at} ${text === '\n' ? 'has a line break, and takes one line' : text === '\0' ? 'contains a NUL character' : 'has the character U+202E, which turns the direction of text around'}`,
    ],
  ])
  expect(wronglyRefused(subject(node), rows)).toEqual([])
})

test('white space alone is blank', () => {
  expect([' \t\u00a0', '', 'a'].map((each) => field.type.blank!(each))).toEqual([true, true, false])
})

test('settings', () => {
  expect(faultsOf({ type: 'string', minLength: 9, maxLength: 5 })).toEqual(['/minLength is more than maxLength, 5'])
  expect(faultsOf({ type: 'string', maxLength: 0 })).toEqual(['/maxLength must be a whole number from 1 to 4000'])
  expect(faultsOf({ type: 'string', maxLength: 301, 'x-bos': { index: true } })).toEqual([
    '/maxLength must be at most 300 where the field is indexed',
  ])
  expect(faultsOf({ type: 'string', maxLength: 3, default: 'abcd' })).toEqual(['/default has 4 characters; at most 3 are taken'])
  expect(faultsOf({ type: 'string', minimum: 1 })).toEqual(['/minimum does not apply to text'])
  expect(faultsOf({ type: 'integer', 'x-bos': { type: 'text' } })).toEqual([
    '/type "integer" does not go with text: leave it out or write "string"',
  ])
  expect(faultsOf({ type: 'string', 'x-bos': { scale: 2 } })).toEqual(['/x-bos/scale does not apply to text'])
  expect(subject({ type: 'string', default: 'x' }).default).toBe('x')
})

test('operands of contains are folded and their signs plain; nothing to look for is refused', () => {
  expect(operand(field, 'contains', '50%_\\Ä')).toEqual(['%50\\%\\_\\\\a%'])
  expect(operand(field, 'startsWith', 'Σ')).toEqual(['σ%'])
  expect(operand(field, 'contains', '')).toEqual([' must not be empty'])
  expect(operand(field, 'contains', '\u0301')).toEqual([' must not be empty'])
  expect(operand(field, 'eq', 'a\0')).toEqual([' contains a NUL character'])
  expect(operand(field, 'in', '["a,b","c"]')).toEqual([['a,b', 'c']])
  expect(operand(field, 'in', '[1,{}]')).toEqual([' must be values parted by commas, or a JSON array of texts'])
  expect(operand(field, 'in', Array(501).fill('a').join(','))).toEqual([' has 501 values; at most 500 are taken'])
  expect(operand(field, 'null', 'maybe')).toEqual([' must be true or false'])
})

test('columns follow the use', () => {
  expect(field.type.columns('name', field.settings)).toEqual([{ name: 'name', type: 'text', collation: 'C' }])
  const searched = subject({ type: 'string' }, { folded: true })
  expect(searched.type.columns('name', searched.settings)[1]).toEqual({
    name: 'name__f',
    type: 'text',
    collation: 'C',
    generated: 'bos.fold("name")',
  })
  expect(field.type.index!('name', field.settings)).toEqual(['("name" collate "und-x-icu")', '"name"'])
  const path = subject({ type: 'string', 'x-bos': { treeOf: 'parent', index: true } })
  expect(path.type.index!('path', path.settings)).toEqual(['"path"'])
  expect(parsed(path, 'a/'.repeat(900))).toEqual({ value: 'a/'.repeat(900) })
  expect(cell(field, ' a ')).toEqual({ value: ' a ' })
})
