import { expect, it } from 'vitest'
import { compileExpression } from '../../engine/expressions/check.ts'
import type { Entity, Field } from '../api/catalogue.ts'
import { contextOf } from '../model/names.ts'
import { catalogue, entity, field, typed } from '../testing/metadata.ts'
import { filled, pastedLines, withValues, type Lines } from './line-edits.ts'

const item = typed('text', { maxLength: 80 }, { name: 'item' })
const quantity = typed('integer', {}, { name: 'quantity', default: 1 })
const total = field({ name: 'total', type: 'integer', readOnly: true })
const price = typed('integer', {}, { name: 'price' })
const plain = entity({ id: 'x.line', kind: 'line', path: null, fields: [item, quantity, total, price] })
/** The price is copied of the item until somebody types it. */
function copying(): Entity {
  const { expression } = compileExpression('self.item', contextOf(catalogue(plain), 'x.line'))
  const root = expression!.root
  const derivation = { kind: 'copy', overridable: true, expression: { type: expression!.type, root } } as const
  const logic: Field['logic'] = {
    derivation,
    default: null,
    visibleWhen: null,
    requiredWhen: null,
    readOnlyWhen: null,
    where: null,
    currency: null,
  }
  return { ...plain, fields: plain.fields.map((each) => (each.name === 'price' ? { ...each, logic } : each)) }
}
const line = copying()
const locale = { locale: 'en', timeZone: 'UTC', currency: 'EUR', today: '2026-11-22' }
const rows = [
  { id: '1', item: 'a', quantity: 1, price: 5 },
  { id: '2', item: 'b', quantity: 2, price: 6 },
]
const lines: Lines = {
  line,
  stored: [{ id: '1', item: 'a', quantity: 1, price: 4 }],
  opens: ({ name, readOnly }, { id }) => !readOnly && !(id === '2' && name === 'quantity'),
  growing: true,
}

it('what was copied from a value is copied anew when that changes', () => {
  expect(withValues(lines, rows[0]!, { item: 'c' })).toEqual({ id: '1', item: 'c', quantity: 1, price: 4 })
  expect(withValues(lines, rows[1]!, { item: 'c' })).toEqual({ id: '2', item: 'c', quantity: 2, price: undefined })
  expect(withValues(lines, rows[0]!, { item: 'c', price: 9 })).toMatchObject({ item: 'c', price: 9 })
  expect(withValues(lines, rows[0]!, { quantity: 7 })).toMatchObject({ price: 5, quantity: 7 })
})

it('pasted rows fill the lines from one on, where they may be typed into, as typing would, and then add more', () => {
  const pasted = pastedLines('x\t7\t99\r\ny\t8\t99\n', line.fields, 0, locale)
  const [first, second, third, ...more] = filled(lines, rows, 1, pasted)
  expect(first).toBe(rows[0])
  // The second line keeps its quantity, and its copied price gives way.
  expect(second).toEqual({ id: '2', item: 'x', quantity: 2, price: undefined })
  expect(third).toEqual({ id: expect.stringMatching(/^new:/), item: 'y', quantity: 8 })
  expect(more).toEqual([])
  expect(filled({ ...lines, growing: false }, rows, 1, pasted)).toHaveLength(2)
})

it('text without a value in its column is left out, and so is what stands beyond the last', () => {
  expect(pastedLines('3\tx\t9\t1\t7', [quantity, quantity, price], 0, locale)).toEqual([{ quantity: 3, price: 9 }])
})
