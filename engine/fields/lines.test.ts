import { expect, test } from 'vitest'
import { cell, faultsOf, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ minItems: 1, maxItems: 2, 'x-bos': { type: 'lines', entity: 'crm.deal_line' } })

test('refuses what is no list of lines', () => {
  expect(
    wronglyRefused(field, [
      [{}, 'must be a list of lines'],
      [[], 'has 0 lines; at least 1 are needed'],
      [[{}, {}, {}], 'has 3 lines; at most 2 are taken'],
      [[{}, 'x'], ['/1 must be an object']],
      [[null], ['/0 must be an object']],
    ]),
  ).toEqual([])
  expect(faultsOf({ 'x-bos': { type: 'lines' } })).toEqual(['/x-bos/entity must name one line entity such as crm.deal_line'])
  expect(cell(field, 'x')).toEqual({ faults: [' must be a JSON list of lines'] })
})

test('leaves what stands in a line to the line entity', () => {
  expect(wronglyRead(field, [[[{ quantity: 1 }], [{ quantity: 1 }]]])).toEqual([])
  expect(field.type.columns('lines', field.settings)).toEqual([])
})
