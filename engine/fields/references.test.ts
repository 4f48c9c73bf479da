import { expect, test } from 'vitest'
import { faultsOf, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const [a, b] = ['0192f0c1-7a3b-7def-8123-456789abcdef', '0192f0c1-7a3b-7def-8123-456789abcdee']
const field = subject({ maxItems: 2, 'x-bos': { type: 'references', entity: 'core.tag' } })

test('refuses what is no list of ids', () => {
  expect(
    wronglyRefused(field, [
      [a, 'must be a list'],
      [[a, 'x'], ['/1 must be the id of a record']],
      [[a, b, a], 'has 3 items; at most 2 are taken'],
      [[a, a], ['/1 is in the list twice']],
      [[a, a.toUpperCase()], ['/1 is in the list twice'], { schema: false }],
    ]),
  ).toEqual([])
  expect(faultsOf({ 'x-bos': { type: 'references', entity: ['a.b', 'a.c'] } })).toEqual([
    '/x-bos/entity a list of references to several entities is part of the metamodel but not built yet',
  ])
  expect(faultsOf({ minItems: 3, maxItems: 2, 'x-bos': { type: 'references', entity: 'a.b' } })).toEqual([
    '/minItems must be a whole number from 0 to 2',
  ])
})

test('keeps the order', () => {
  expect(
    wronglyRead(field, [
      [
        [b, a.toUpperCase()],
        [b, a],
      ],
    ]),
  ).toEqual([])
  expect(field.type.columns('tags', field.settings)).toEqual([{ name: 'tags', type: 'uuid[]' }])
  expect(field.type.columns('tags', { ...(field.settings as object), through: 'crm.tagging' })).toEqual([])
  expect([[], [a]].map((each) => field.type.blank!(each))).toEqual([true, false])
})
