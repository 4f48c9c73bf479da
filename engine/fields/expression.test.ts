import { expect, test } from 'vitest'
import { faultsOf, outcome, subject } from '../testing/field-subject.ts'
import type { PropertyNode } from './type.ts'

const node = (more: object = {}, around: object = {}): PropertyNode => ({
  ...around,
  'x-bos': { type: 'expression', entity: 'sales.order', result: 'boolean', ...more },
})

test.each<[name: string, node: PropertyNode, faults: readonly string[]]>([
  ['no entity', { 'x-bos': { type: 'expression', result: 'boolean' } }, [' needs "entity": the one whose records the formula is about']],
  [
    'several entities',
    node({ entity: ['sales.order', 'crm.deal'] }),
    ['/x-bos/entity needs "entity": the one whose records the formula is about'],
  ],
  ['money', node({ result: 'money' }), ['/x-bos/result must be one of boolean, text, integer, decimal, date, dateTime']],
  ['a default', node({}, { default: 'true' }), ['/default does not apply to expression']],
  ['a list of values', node({}, { enum: ['true'] }), ['/enum does not apply to expression']],
  ['a length', node({}, { maxLength: 5 }), ['/maxLength does not apply to expression']],
  ['an index', node({ index: true }), ['/x-bos/index does not apply to expression']],
  ['a scale', node({ scale: 2 }), ['/x-bos/scale does not apply to expression']],
])('refuses %s', (_name, given, faults) => {
  expect(faultsOf(given)).toEqual(faults)
})

test('takes text, and leaves what it may name to whoever knows the caller', () => {
  const { type, settings } = subject(node())
  const read = (input: unknown) => outcome((report) => type.parse(input, settings, report))
  expect(read(5)).toEqual({ faults: [' must be text: a formula'] })
  expect(read('a\0')).toEqual({ faults: [' contains a NUL character'] })
  expect(read('self.whatever > 1')).toEqual({ value: 'self.whatever > 1' })
})

test('is about no entity for whoever may not know it', () => {
  const { type, settings } = subject(node({ result: 'decimal' }))
  expect(type.narrow?.(settings, () => true)).toEqual(settings)
  const narrowed = type.narrow?.(settings, () => false)
  expect(narrowed).toEqual({ entity: null, result: 'decimal' })
  expect(type.formula?.(narrowed)).toEqual({ entity: null, result: { kind: 'number', whole: false } })
})

test('two say the same when their trees do, in whatever order and words', () => {
  const { type } = subject(node())
  const stored = (value: string, text: string) => ({ syntax: { kind: 'name', name: value }, reads: [], text })
  expect(type.equal?.(stored('a', 'a'), { text: 'b', reads: ['x'], syntax: { name: 'a', kind: 'name' } })).toBe(true)
  expect(type.equal?.(stored('a', 'a'), stored('b', 'a'))).toBe(false)
})
