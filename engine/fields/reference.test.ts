import { expect, test } from 'vitest'
import { cell, faultsOf, operand, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const id = '0192f0c1-7a3b-7def-8123-456789abcdef'
const company = subject({ 'x-bos': { type: 'reference', entity: 'crm.company' } })
const either = subject({ 'x-bos': { type: 'reference', entity: ['crm.company', 'crm.deal'] } })

test('refuses what is no id', () => {
  expect(
    wronglyRefused(company, [
      ['', 'must be the id of a record'],
      ['5', 'must be the id of a record'],
      [`${id}0`, 'must be the id of a record'],
      [{ entity: 'crm.company', id }, 'must be the id of a record'],
      [`{${id}}`, 'must be the id of a record'],
    ]),
  ).toEqual([])
  expect(
    wronglyRefused(either, [
      [id, 'must be an object such as {"entity": "crm.company", "id": "…"}'],
      [{ entity: 'crm.deal' }, ['/id must be the id of a record']],
      [{ id }, ['/entity must be the name of an entity']],
      [{ entity: 'crm.dael', id }, ['/entity "crm.dael" is not one of crm.company, crm.deal. Did you mean "crm.deal"?']],
      [{ entity: 'crm.deal', id, x: 1 }, 'must be an object such as {"entity": "crm.company", "id": "…"}'],
    ]),
  ).toEqual([])
})

test('accepts ids in lower case', () => {
  expect(wronglyRead(company, [[id.toUpperCase(), id]])).toEqual([])
  expect(
    wronglyRead(either, [
      [
        { entity: 'crm.deal', id },
        { entity: 'crm.deal', id },
      ],
    ]),
  ).toEqual([])
  expect(cell(either, `crm.deal:${id}`)).toEqual({ value: { entity: 'crm.deal', id } })
  expect(cell(either, id)).toHaveProperty('faults')
})

test('one column per target', () => {
  expect(company.type.columns('of', company.settings)).toEqual([{ name: 'of', type: 'uuid' }])
  expect(either.type.columns('of', either.settings).map((each) => each.name)).toEqual(['of__crm__company', 'of__crm__deal'])
  expect(either.type.store!({ entity: 'crm.deal', id }, either.settings)).toEqual([null, id])
  expect(either.type.store!(null, either.settings)).toEqual([null, null])
  expect(operand(either, 'eq', `crm.deal:${id}`)).toEqual([null, id])
  expect(operand(either, 'in', `crm.deal:${id},${id}`)).toEqual([
    [null, id],
    [id, id],
  ])
  expect(operand(either, 'eq', `crm.x:${id}`)).toEqual([' "crm.x" is not one of crm.company, crm.deal'])
  const none = subject({ 'x-bos': { type: 'reference', entity: [] } })
  expect(none.type.columns('of', none.settings)).toEqual([])
  const one = subject({ 'x-bos': { type: 'reference', entity: ['crm.deal'] } })
  expect(one.type.columns('of', one.settings)).toEqual([{ name: 'of__crm__deal', type: 'uuid' }])
})

test('settings', () => {
  expect(faultsOf({ 'x-bos': { type: 'reference' } })).toEqual([
    '/x-bos/entity must name an entity such as crm.company, or a list of entities',
  ])
  expect(faultsOf({ 'x-bos': { type: 'reference', entity: 'Company' } })).toEqual([
    '/x-bos/entity must name an entity such as crm.company, or a list of entities',
  ])
  expect(faultsOf({ 'x-bos': { type: 'reference', entity: ['crm.a', 'crm.a'] } })).toEqual(['/x-bos/entity names an entity twice'])
  expect(faultsOf({ 'x-bos': { type: 'reference', entity: 'crm.a', where: 'self.x' } })).toEqual([])
  expect(faultsOf({ default: id, 'x-bos': { type: 'reference', entity: 'crm.a' } })).toEqual(['/default does not apply to reference'])
})
