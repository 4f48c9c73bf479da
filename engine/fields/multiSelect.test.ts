import { expect, test } from 'vitest'
import { cell, faultsOf, operand, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({
  type: 'array',
  items: { enum: ['red', 'green', 'blue'] },
  minItems: 1,
  'x-bos': { options: { blue: { title: 'Deep blue' } } },
})

test('refuses what is not a set of options', () => {
  expect(
    wronglyRefused(field, [
      ['red', 'must be a list'],
      [[], 'has 0 items; at least 1 are needed'],
      [['red', 'red'], ['/1 is in the list twice']],
      [
        ['red', 'gren', 5],
        ['/1 "gren" is not an option. Did you mean "green"?', '/2 must be text: the id of an option'],
      ],
      [['red', 'green', 'blue', 'red'], 'has 4 items; at most 3 are taken'],
      [[null], ['/0 must be text: the id of an option']],
    ]),
  ).toEqual([])
})

test('answers the order of the options', () => {
  expect(
    wronglyRead(field, [
      [
        ['blue', 'red'],
        ['red', 'blue'],
      ],
      [['green'], ['green']],
    ]),
  ).toEqual([])
  expect(cell(field, 'deep blue; red')).toEqual({ value: ['red', 'blue'] })
  expect(cell(field, 'red; rd')).toEqual({ faults: [' "rd" is not an option. Did you mean "red"?'] })
  expect(operand(field, 'in', 'red,blue')).toEqual([['red', 'blue']])
})

test('settings', () => {
  expect(faultsOf({ type: 'array', items: { enum: ['a', 'a'] } })).toEqual(['/items/enum/1 the option "a" is there twice'])
  expect(faultsOf({ 'x-bos': { type: 'multiSelect' } })).toEqual(['/items/enum must be a list of options'])
  expect(faultsOf({ type: 'array', items: { enum: ['a'] }, default: ['b'] })).toEqual([
    '/default/0 "b" is not an option. The options are "a".',
  ])
  expect(subject({ type: 'array', items: { enum: ['a', 'b'] }, default: ['b', 'a'] }).default).toEqual(['a', 'b'])
  expect(subject({ type: 'array', items: { enum: ['a'] } }).type.blank!([])).toBe(true)
})
