import { expect, test } from 'vitest'
import { cell, faultsOf, operand, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({
  enum: ['new', 'in_progress', 'won'],
  default: 'won',
  'x-bos': { options: { won: { id: 'closed', title: 'Closed: won', hue: 150 } } },
})

test('refuses an unknown option and names the nearest', () => {
  expect(
    wronglyRefused(field, [
      ['nwe', '"nwe" is not an option. Did you mean "new"?'],
      ['New', '"New" is not an option. Did you mean "new"?'],
      ['won', '"won" is not an option. The options are "new", "in_progress", "closed".'],
      ['', '"" is not an option. The options are "new", "in_progress", "closed".'],
      [1, 'must be text: the id of an option'],
      [['new'], 'must be text: the id of an option'],
      ['constructor', '"constructor" is not an option. The options are "new", "in_progress", "closed".'],
    ]),
  ).toEqual([])
  expect(operand(field, 'in', 'new,clsed')).toEqual([' "clsed" is not an option. Did you mean "closed"?'])
})

test('values are ids; files have names', () => {
  expect(
    wronglyRead(field, [
      ['new', 'new'],
      ['closed', 'closed'],
    ]),
  ).toEqual([])
  expect(field.default).toBe('closed')
  expect((field.settings as { options: unknown[] }).options.slice(1)).toEqual([
    { id: 'in_progress', name: 'in_progress', title: 'In progress', hue: null },
    { id: 'closed', name: 'won', title: 'Closed: won', hue: 150 },
  ])
})

test('a cell holds an id or a title', () => {
  expect(cell(field, ' closed ')).toEqual({ value: 'closed' })
  expect(cell(field, 'In Progress')).toEqual({ value: 'in_progress' })
  expect(cell(field, 'closd')).toEqual({ faults: [' "closd" is not an option. Did you mean "closed"?'] })
})

test('settings', () => {
  expect(faultsOf({ enum: ['a', 'b', 'a'] })).toEqual(['/enum/2 the option "a" is there twice'])
  expect(faultsOf({ enum: ['a', 'b'], 'x-bos': { options: { b: { id: 'a' } } } })).toEqual(['/enum/1 the option "a" is there twice'])
  expect(faultsOf({ enum: ['a', 2, 'x,y', ' b'] })).toEqual(
    ['/enum/1', '/enum/2', '/enum/3'].map((each) => `${each} must be a text of 1 to 100 characters without commas`),
  )
  expect(faultsOf({ enum: [] })).toEqual(['/enum must be a list of options'])
  expect(faultsOf({ 'x-bos': { type: 'select' } })).toEqual(['/enum must be a list of options'])
  expect(faultsOf({ enum: ['open'], 'x-bos': { options: { opne: {} } } })).toEqual([
    '/x-bos/options/opne is not an option of enum. Did you mean "open"?',
  ])
  expect(faultsOf({ enum: ['open'], default: 'opn' })).toEqual(['/default "opn" is not an option. Did you mean "open"?'])
})
