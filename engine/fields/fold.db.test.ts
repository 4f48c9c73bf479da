import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase } from '../testing/postgres.ts'
import type { TestDatabase } from '../testing/postgres.ts'
import { foldSql } from '../testing/field-subject.ts'
import { fold } from './fold.ts'

let database: TestDatabase
let client: Client

beforeAll(async () => {
  database = await freshDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(await foldSql())
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

async function differences(texts: readonly string[]): Promise<{ text: string; sql: string; js: string }[]> {
  const { rows } = await client.query<{ text: string; folded: string }>(
    'select text, bos.fold(text) as folded from unnest($1::text[]) text',
    [texts],
  )
  expect(rows).toHaveLength(texts.length)
  return rows.map(({ text, folded }) => ({ text, sql: folded, js: fold(text) })).filter(({ sql, js }) => sql !== js)
}

test('PostgreSQL folds words of many scripts as JavaScript does', async () => {
  expect(
    await differences([
      'Straße',
      'STRASSE',
      'ẞ',
      'İstanbul',
      'ISTANBUL',
      'ıI',
      'ΟΔΟΣ',
      'ΟΔΟΣ ΑΣ',
      'ΑΣ.',
      'Σ',
      'ΑΣΑ',
      'Α\u0301Σ',
      '한국어',
      '\u1112\u1161\u11ab',
      'é',
      'e\u0301',
      'Ａｂｃ',
      'ﬀ',
      'ǅ',
      '𐐀𐐁',
      '𝐀𝔸',
      '👩‍👩‍👧',
      'Ĳ',
      'ſ',
      'K',
      'Ω',
      'a\u0323\u0307',
      'Ệ',
      'जा',
      'ไทย',
      'עִבְרִית',
      'العَرَبِيَّة',
      '',
      ' ',
      'a\u20dd',
      'Α\u0345Σ',
      'Გამარჯობა',
    ]),
  ).toEqual([])
})

/** Each side follows the Unicode version it was built with; these are letters of 16 and 17 (2024, 2025) that have a case or a compatibility form. */
const young = (code: number): boolean =>
  [0x1c89, 0xa7cb, 0xa7cc, 0xa7ce, 0xa7d2, 0xa7d4, 0xa7da, 0xa7dc, 0xa7f1].includes(code) ||
  (code >= 0x10d50 && code <= 0x10d65) ||
  (code >= 0x16ea0 && code <= 0x16eb8)

test('and every letter and mark alone', async () => {
  const found: unknown[] = []
  // Two planes, and the compatibility ideographs: no other character folds.
  for (const [from, to] of [
    [1, 0xd800],
    [0xe000, 0x20000],
    [0x2f800, 0x2fa20],
    [0xe0000, 0xe01f0],
  ] as const) {
    const codes = Array.from({ length: to - from }, (_, i) => from + i).filter((code) => !young(code))
    found.push(...(await differences(codes.map((code) => String.fromCodePoint(code)))))
  }
  expect(found).toEqual([])
})

test('and random strings of characters that combine', async () => {
  const alphabet = Array.from('aAßİıΣσςÅé한\u0301\u0308\u0323\u0345\u1112\u1161\u11ab\u200d𐐀𝐀ﬁǅ. ')
  let seed = 42
  const next = (limit: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * limit)
  }
  const texts = Array.from({ length: 20_000 }, () => Array.from({ length: next(12) }, () => alphabet[next(alphabet.length)]).join(''))
  expect(await differences(texts)).toEqual([])
})
