import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCursors } from './cursor.ts'

const cursors = createCursors(Buffer.alloc(32, 7))
const refused = (scope: string, cursor: string): void =>
  expect(() => cursors.open(scope, cursor)).toThrow(expect.objectContaining({ code: 'cursor-invalid' }))

describe('a cursor', () => {
  it('is refused for another list, under another key, and when anything of it was changed', () => {
    const cursor = cursors.seal('list', ['a', null, 'id'])
    refused('other', cursor)
    refused('list\0["a"]', cursor)
    expect(() => createCursors(Buffer.alloc(32, 8)).open('list', cursor)).toThrow(expect.objectContaining({ code: 'cursor-invalid' }))
    for (let at = 0; at < cursor.length; at++)
      refused('list', cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1))
    for (const forged of [
      '',
      'A',
      ` ${cursor}`,
      `${cursor}=`,
      `${cursor}\n`,
      cursor.slice(0, -1),
      `${cursor}A`,
      cursor.repeat(2),
      Buffer.from('["a",null,"id"]').toString('base64url'),
    ])
      refused('list', forged)
  })

  it('gives back the values it was made of', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.option(fc.string({ unit: 'grapheme' })), { minLength: 1 }),
        (scope, keys) => {
          expect(cursors.open(scope, cursors.seal(scope, keys))).toEqual(keys)
        },
      ),
    )
  })
})
