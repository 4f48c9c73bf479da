import { expect, test } from 'vitest'
import { compileExpression } from './check.ts'
import type { Root } from './check.ts'
import { toFunction } from './evaluate.ts'
import type { Environment, RecordView } from './evaluate.ts'
import { namesOf } from '../testing/expressions/business.ts'
import { toCanonical } from './values.ts'

/** What a browser relies on; that PostgreSQL agrees is what the differential test says. */
const names = namesOf({
  'crm.deal': {
    fields: { name: 'text', quantity: 'integer', margin: 'decimal', effort: 'duration', value: 'money', lines: 'lines crm.line' },
  },
  'crm.line': { document: 'crm.deal', fields: { quantity: 'decimal' } },
})

function valueOf(text: string, self: Readonly<Record<string, unknown>> | null, entity = 'crm.deal'): unknown {
  const roots: ReadonlySet<Root> = new Set<Root>(['self', 'parent', 'now'])
  const { expression, faults } = compileExpression(text, { names, self: entity, roots, settings: null })
  if (!expression) throw new Error(JSON.stringify(faults))
  const environment: Environment = {
    zone: 'Europe/Berlin',
    self: self && view(self),
    old: null,
    user: null,
    settings: null,
    parameter: () => '2026-11-22T23:30:00.000Z',
    search: () => [],
  }
  return toCanonical(expression.type, toFunction(expression.root)(environment))
}

function view(values: Readonly<Record<string, unknown>>): RecordView {
  return {
    get: (field) => values[field],
    related: () => null,
    document: () => (values['document'] === undefined ? null : view(values['document'] as Record<string, unknown>)),
    rows: (_via, field) => ((values[field] ?? []) as Record<string, unknown>[]).map(view),
  }
}

test.each([
  ['self.name == "a"', null],
  ['self.name == null', true],
  ['self.quantity > 1 && 1 == 2', false],
  ['self.quantity > 1 || 1 == 1', true],
  ['!(self.quantity > 1)', null],
  ['self.quantity > 1 ? "yes" : "no"', 'no'],
  ['sum(self.lines, l, l.quantity)', '0'],
  ['max(self.lines, l, l.quantity)', null],
  ['all(self.lines, l, l.quantity > 0)', true],
])('of a record that is not there: %s', (text, value) => {
  expect(valueOf(text, null)).toBe(value)
})

test('numbers are exact beyond what a JS number holds', () => {
  expect(valueOf('self.quantity + 1', { quantity: 2 ** 53 - 1 })).toBe('9007199254740992')
  expect(valueOf('self.margin * self.margin', { margin: '99999999999999999999.99' })).toBe('9999999999999999999998000000000000000000.0001')
  expect(valueOf('self.quantity / 3 * 3 == self.quantity', { quantity: 1 })).toBe(false)
  expect(valueOf('self.margin / 0', { margin: '1.00' })).toBeNull()
})

test('values go in and come out as fields have them', () => {
  expect(valueOf('self.effort * 2', { effort: 'PT1H30M' })).toBe('PT3H')
  expect(valueOf('self.value.amount', { value: { amount: '12.50', currency: 'EUR' } })).toBe('12.5')
  expect(valueOf('self.value', { value: { amount: '12.50', currency: 'EUR' } })).toEqual({ amount: '12.5', currency: 'EUR' })
  expect(valueOf('date(now)', {})).toBe('2026-11-23')
})

test('a running sum ends with the line itself', () => {
  const lines = [
    { id: 'a', quantity: '1' },
    { id: 'b', quantity: '2.5' },
    { id: 'c', quantity: '4' },
  ]
  const sums = lines.map((line) => valueOf('running(parent.lines, l, l.quantity)', { ...line, document: { lines } }, 'crm.line'))
  expect(sums).toEqual(['1', '3.5', '7.5'])
  expect(valueOf('running(parent.lines, l, l.quantity)', { id: 'x', document: { lines } }, 'crm.line')).toBe('0')
})
