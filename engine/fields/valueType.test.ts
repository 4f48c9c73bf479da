import { expect, test } from 'vitest'
import { compileField, fieldTypes } from './index.ts'
import type { PropertyNode } from './type.ts'

const typeOf = (node: PropertyNode): unknown => {
  const field = compileField(node, (pointer, detail) => {
    throw new Error(`${pointer} ${detail}`)
  })
  return field?.type.valueType?.(field.settings)
}

test('every type says what its values are in expressions, leads to records, or holds formulas', () => {
  for (const type of fieldTypes.values()) {
    expect([type.id, type.valueType === undefined]).toEqual([type.id, type.relation !== undefined || type.formula !== undefined])
  }
})

test.each<[PropertyNode, unknown]>([
  [{ type: 'string' }, { kind: 'text' }],
  [{ 'x-bos': { type: 'markdown' } }, { kind: 'text' }],
  [{ 'x-bos': { type: 'barcode' } }, { kind: 'text' }],
  [{ 'x-bos': { type: 'rank' } }, { kind: 'text' }],
  [{ type: 'integer' }, { kind: 'number', whole: true }],
  [{ 'x-bos': { type: 'rating' } }, { kind: 'number', whole: true }],
  [{ 'x-bos': { type: 'percent' } }, { kind: 'number', whole: false }],
  [{ type: 'string', format: 'date-time' }, { kind: 'dateTime' }],
  [
    { enum: ['new', 'won'], 'x-bos': { options: { won: { id: 'w1' } } } },
    {
      kind: 'text',
      options: [
        { id: 'new', name: 'new' },
        { id: 'w1', name: 'won' },
      ],
    },
  ],
  [
    { type: 'array', items: { enum: ['a'] } },
    { kind: 'list', of: { kind: 'text', options: [{ id: 'a', name: 'a' }] } },
  ],
  [
    { type: 'array', items: { type: 'integer' } },
    { kind: 'list', of: { kind: 'number', whole: true } },
  ],
  [{ 'x-bos': { type: 'money' } }, { kind: 'money', currency: { kind: 'own' } }],
  [{ 'x-bos': { type: 'money', currency: 'EUR' } }, { kind: 'money', currency: { kind: 'code', code: 'EUR' } }],
  [{ 'x-bos': { type: 'address' } }, { kind: 'composite', members: ['street', 'street2', 'city', 'region', 'postal_code', 'country'] }],
])('%j', (node, type) => {
  expect(typeOf(node)).toEqual(type)
})

test('a currency may be a path', () => {
  const money = fieldTypes.get('money')!
  expect(money.valueType!({ currency: null, path: 'self.company.currency' })).toEqual({
    kind: 'money',
    currency: { kind: 'path', path: 'self.company.currency' },
  })
})
