import { expect, test } from 'vitest'
import { cell, faultsOf, parsed, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const address = subject({ 'x-bos': { type: 'address' } })
const person = subject({ 'x-bos': { type: 'personName' } })

test('refuses unknown and wrong parts', () => {
  expect(
    wronglyRefused(address, [
      ['Berlin', 'must be an object such as {"street": "…", "street2": "…"}'],
      [[], 'must be an object such as {"street": "…", "street2": "…"}'],
      [{ citty: 'Berlin' }, ['/citty is not a part of address. Did you mean "city"?']],
      [{ city: 5, country: 'x'.repeat(81) }, ['/city must be text', '/country has 81 characters; at most 80 are taken']],
      [JSON.parse('{"__proto__":"x"}'), ['/__proto__ is not a part of address.']],
    ]),
  ).toEqual([])
  expect(faultsOf({ 'x-bos': { type: 'address' }, default: { zip: '1' } })).toEqual(['/default/zip is not a part of address.'])
  expect(faultsOf({ 'x-bos': { type: 'address', index: true } })).toEqual(['/x-bos/index does not apply to address'])
})

test('keeps the parts that are set; without any there is no value', () => {
  expect(
    wronglyRead(address, [
      [{ city: 'Berlin', region: null, street: '  ' }, { city: 'Berlin' }],
      [
        { country: 'Deutschland', postal_code: '10115' },
        { postal_code: '10115', country: 'Deutschland' },
      ],
    ]),
  ).toEqual([])
  expect(
    wronglyRead(person, [
      [
        { family: 'King', given: 'Ada' },
        { given: 'Ada', family: 'King' },
      ],
    ]),
  ).toEqual([])
  expect([{}, { city: null }, { city: '' }].map((each) => parsed(address, each))).toEqual([
    { value: null },
    { value: null },
    { value: null },
  ])
})

test('cells', () => {
  expect(cell(address, 'Obere Str. 57')).toEqual({ value: { street: 'Obere Str. 57' } })
  expect(cell(address, '{"city":5}')).toEqual({ faults: ['/city must be text'] })
  expect(cell(address, '{')).toEqual({ faults: [' must be text, or a JSON object'] })
  expect(['Ana Trujillo', 'King, Ada Augusta', 'Cher', 'José Pedro Freyre'].map((each) => cell(person, each))).toEqual([
    { value: { given: 'Ana', family: 'Trujillo' } },
    { value: { given: 'Ada Augusta', family: 'King' } },
    { value: { family: 'Cher' } },
    { value: { given: 'José Pedro', family: 'Freyre' } },
  ])
})

test('one column per part, each a member', () => {
  expect(address.type.columns('home', address.settings).map((each) => each.name)).toEqual([
    'home__street',
    'home__street2',
    'home__city',
    'home__region',
    'home__postal_code',
    'home__country',
  ])
  expect(address.type.members!(address.settings).get('city')).toMatchObject({
    type: 'text',
    suffix: '__city',
    settings: { maxLength: 100 },
  })
  expect(address.type.store!({ city: 'Berlin' }, address.settings)).toEqual([null, null, 'Berlin', null, null, null])
  expect(person.type.store!(null, person.settings)).toEqual([null, null, null, null, null])
  expect(person.type.searched!('n', person.settings)).toContain(`coalesce("n__given", '') || ' ' || `)
})
