import { expect, test } from 'vitest'
import { escapeLike, fold } from './fold.ts'

test.each([
  ['Ä', 'a'],
  ['A\u0308', 'a'],
  ['İstanbul', 'istanbul'],
  ['STRASSE', 'strasse'],
  ['Straße', 'straße'],
  ['ΟΔΟΣ', 'οδοσ'],
  ['οδος', 'οδοσ'],
  ['ﬁne', 'fine'],
  ['Ｆｕｌｌ', 'full'],
  ['한글', '한글'.normalize('NFKD')],
  ['𐐀', '𐐨'],
  ['², ½', '2, 1⁄2'],
  ['', ''],
])('%j folds to %j', (text, folded) => {
  expect(fold(text)).toBe(folded)
})

test('a part of a word is found, however its sigma is written', () => {
  expect(fold('ΟΔΟΣΣΕΥΣ')).toContain(fold('οδος'))
})

test('folding twice changes nothing', () => {
  for (const text of ['Ǆ', 'ﬀ', 'İ', 'ẞ', 'Å', '\u1e9b\u0323']) expect(fold(fold(text))).toBe(fold(text))
})

test('a pattern means its own characters', () => {
  expect(escapeLike('50%_\\')).toBe('50\\%\\_\\\\')
})
