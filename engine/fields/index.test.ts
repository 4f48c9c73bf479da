import { expect, test } from 'vitest'
import { faultsOf } from '../testing/field-subject.ts'
import { fieldOf, fieldTypes, typeOf } from './index.ts'
import { nearest } from './nearest.ts'
import { notYet } from './notYet.ts'
import type { PropertyNode } from './type.ts'

const id = (node: PropertyNode): string | undefined => typeOf(node, () => {})?.id

test('what is not done yet says so, with its reason', () => {
  for (const [type, reason] of Object.entries(notYet.types)) {
    expect(fieldTypes.has(type)).toBe(false)
    expect(faultsOf({ 'x-bos': { type } })).toEqual([
      `/x-bos/type the field type ${type} is part of the metamodel but not built yet: it needs ${reason}`,
    ])
  }
  const takers: Readonly<Record<string, object>> = {
    where: { type: 'reference', entity: 'core.member' },
    scope: { type: 'sequence', pattern: '{n}' },
    gapless: { type: 'sequence', pattern: '{n}' },
  }
  for (const [setting, reason] of Object.entries(notYet.settings)) {
    const node = { 'x-bos': { type: 'text', ...takers[setting], [setting]: 'self.x' } }
    expect(faultsOf(node)).toEqual([`/x-bos/${setting} "${setting}" is part of the metamodel but not built yet: it needs ${reason}`])
  }
})

test('an unknown type names the nearest', () => {
  expect(faultsOf({ 'x-bos': { type: 'longtext' } })).toEqual(['/x-bos/type there is no field type "longtext". Did you mean "longText"?'])
  expect(faultsOf({ 'x-bos': { type: 'constructor' } })).toEqual(['/x-bos/type there is no field type "constructor".'])
  expect(faultsOf({ type: 'string', format: 'dat' })).toEqual(['/format there is no format "dat". Did you mean "date"?'])
  expect(faultsOf({ type: 'number' })[0]).toMatch(/^\/type a number in JSON is not exact/)
  expect(faultsOf({})).toEqual([' has no type: give "type", "enum" or "x-bos": {"type": …}'])
  expect(() => fieldOf('geo')).toThrow('no field type "geo"')
})

test('types follow from JSON Schema', () => {
  expect(
    [
      { type: 'string' },
      { enum: ['a'] },
      { type: 'string', enum: ['a'] },
      { type: 'string', format: 'date' },
      { type: 'string', format: 'date-time' },
      { type: 'string', format: 'time' },
      { type: 'string', format: 'email' },
      { type: 'string', format: 'uri' },
      { type: 'string', format: 'duration' },
      { type: 'integer' },
      { type: 'boolean' },
      { type: 'array', items: { enum: ['a'] } },
      { type: 'array', items: { type: 'string' } },
      { 'x-bos': { type: 'money' } },
    ].map(id),
  ).toEqual([
    'text',
    'select',
    'select',
    'date',
    'dateTime',
    'time',
    'email',
    'url',
    'duration',
    'integer',
    'boolean',
    'multiSelect',
    'list',
    'money',
  ])
})

test('suggestions are near, never just any name', () => {
  expect(nearest('amuont', ['name', 'amount'])).toBe('amount')
  expect(nearest('c', ['a', 'b'])).toBeNull()
  expect(nearest('colour', ['stage', 'value'])).toBeNull()
  expect(nearest('x'.repeat(101), ['x'])).toBeNull()
  expect(nearest('STAGE', ['state', 'stage'])).toBe('stage')
})
