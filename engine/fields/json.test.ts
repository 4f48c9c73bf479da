import { expect, test } from 'vitest'
import { cell, parsed, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'
import { ExactNumber } from './type.ts'

const field = subject({ 'x-bos': { type: 'json' } })
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])

test('refuses what JSON or PostgreSQL cannot keep', () => {
  const cases: [unknown, string | string[]][] = [
    [{ a: [1, new ExactNumber('1e400')] }, ['/a/1 is a number with more digits than JSON readers keep: write it as text']],
    [{ 'a/b': 'x\0' }, ['/a~1b contains a NUL character']],
    [{ 'k\0': 1 }, ['/k\0 contains a NUL character']],
    ['\ud800', 'contains half of a surrogate pair, which is not a character'],
    [deep(65), [`${'/0'.repeat(64)} is nested deeper than 64 levels`]],
    [Number.NaN, 'is not JSON'],
    [undefined, 'is not JSON'],
    [() => 1, 'is not JSON'],
    [new Date(0), 'is not JSON'],
    [JSON.parse('{"__proto__":1}'), ['/__proto__ is a reserved name']],
    ['x'.repeat(262_143), 'is 262145 bytes long; at most 262144 are taken'],
  ]
  expect(
    wronglyRefused(
      field,
      cases.map(([input, faults]) => [input, faults, { schema: false }]),
    ),
  ).toEqual([])
  expect((parsed(field, Array(1000).fill('\0')) as { faults: string[] }).faults).toHaveLength(20)
})

test('keeps any JSON', () => {
  expect(
    wronglyRead(field, [
      [{ a: [1, 'x', null, true, { b: {} }] }, { a: [1, 'x', null, true, { b: {} }] }],
      ['text', 'text'],
      [0, 0],
      [[], []],
      [deep(64), deep(64)],
      [
        { constructor: 1, toString: 2 },
        { constructor: 1, toString: 2 },
      ],
    ]),
  ).toEqual([])
  expect(cell(field, '{')).toEqual({ faults: [' must be JSON'] })
  expect(field.type.store!('a', field.settings)).toEqual(['"a"'])
})
