import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cell, faultsOf, operand, parsed, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'
import { ExactNumber } from './type.ts'

const field = subject({ 'x-bos': { type: 'decimal', scale: 2, precision: 6 } })
const wrong = 'must be a number such as 12.5'

test('refuses what is no number', () => {
  expect(
    wronglyRefused(field, [
      ['', wrong],
      [' 1', wrong],
      ['1 ', wrong],
      ['1,5', wrong],
      ['1_000', wrong],
      ['NaN', wrong],
      ['Infinity', wrong],
      [Number.NaN, wrong, { schema: false }],
      [-Infinity, wrong, { schema: false }],
      ['+1', wrong],
      ['.5', wrong],
      ['1.', wrong],
      ['01', wrong],
      ['0x1', wrong],
      ['--1', wrong],
      ['1e', wrong],
      ['٣', wrong],
      [true, wrong],
      [null, wrong],
      [{}, wrong],
      [['1'], wrong],
      ['1e9999', wrong],
      ['9'.repeat(5000), wrong],
    ]),
  ).toEqual([])
})

test('never rounds', () => {
  expect(
    wronglyRefused(field, [
      ['1.23456', 'has 5 decimal places; 2 are kept'],
      [0.1 + 0.2, 'has 17 decimal places; 2 are kept', { schema: false }],
      ['1e-3', 'has 3 decimal places; 2 are kept'],
      [new ExactNumber('0.00000000000000000001'), 'has 20 decimal places; 2 are kept', { schema: false }],
      ['12345.6', 'has 5 digits before the point; at most 4 fit'],
      [-10000, 'has 5 digits before the point; at most 4 fit', { schema: false }],
      [1e21, 'has 22 digits before the point; at most 4 fit', { schema: false }],
    ]),
  ).toEqual([])
  expect(wronglyRefused(subject({ 'x-bos': { type: 'decimal', scale: 0 } }), [['1.5', 'has 1 decimal place; none are kept']])).toEqual([])
  expect(wronglyRefused(subject({ 'x-bos': { type: 'decimal', scale: 1 } }), [['1.55', 'has 2 decimal places; 1 is kept']])).toEqual([])
  expect(
    wronglyRefused(subject({ minimum: 0.5, maximum: 2, 'x-bos': { type: 'decimal', scale: 2 } }), [
      ['0.49', 'must be at least 0.50', { schema: false }],
      [2.01, 'must be at most 2.00'],
    ]),
  ).toEqual([])
})

test('pads to the scale', () => {
  expect(
    wronglyRead(field, [
      [12.5, '12.50'],
      ['12.5', '12.50'],
      [0, '0.00'],
      ['-0', '0.00'],
      [-0, '0.00'],
      ['-0.50', '-0.50'],
      [9999.99, '9999.99'],
      ['1.2300', '1.23', { schema: false }],
      ['1.25e1', '12.50', { schema: false }],
      ['125E-1', '12.50', { schema: false }],
      [1e3, '1000.00'],
      [new ExactNumber('1000.0000000000000000000'), '1000.00', { schema: false }],
    ]),
  ).toEqual([])
  expect(
    wronglyRead(subject({ 'x-bos': { type: 'decimal', scale: 20, precision: 38 } }), [
      ['-123456789012345678.12345678901234567891', '-123456789012345678.12345678901234567891'],
    ]),
  ).toEqual([])
  expect(wronglyRead(subject({ 'x-bos': { type: 'decimal', scale: 2, precision: 2 } }), [['0.99', '0.99']])).toEqual([])
  expect(wronglyRead(subject({ 'x-bos': { type: 'decimal', scale: 0, precision: 1 } }), [[7, '7']])).toEqual([])
  expect(cell(field, ' 7.1 ')).toEqual({ value: '7.10' })
})

test('every number of the field survives, however it is written', () => {
  fc.assert(
    fc.property(fc.bigInt(-999_999n, 999_999n), fc.nat(4), (units, shift) => {
      const text = `${units}e-2`
      const digits = (units < 0n ? -units : units).toString().padStart(3, '0')
      const canonical = `${units < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
      expect(parsed(field, text)).toEqual({ value: canonical })
      expect(parsed(field, `${units}${units === 0n ? '' : '0'.repeat(shift)}E-${2 + shift}`)).toEqual({ value: canonical })
      expect(parsed(field, Number(canonical))).toEqual({ value: canonical })
    }),
  )
})

test('columns and operands of an indexed number use its shadow', () => {
  const indexed = subject({ 'x-bos': { type: 'decimal', scale: 2, precision: 18, index: true } })
  expect(indexed.type.columns('amount', indexed.settings)).toEqual([
    { name: 'amount', type: 'numeric(18,2)' },
    { name: 'amount__n', type: 'bigint', generated: '("amount" * 100)::bigint' },
  ])
  expect(indexed.type.index!('amount', indexed.settings)).toEqual(['"amount__n"'])
  const operands = (text: string) => ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'].map((name) => operand(indexed, name as 'eq', text)[0])
  expect(operands('5.01')).toEqual(['501', '501', '501', '501', '501', '501'])
  expect(operands('5.005')).toEqual([String(-(2n ** 63n)), String(-(2n ** 63n)), '500', '501', '501', '500'])
  expect(operands('-5.005')).toEqual([String(-(2n ** 63n)), String(-(2n ** 63n)), '-501', '-500', '-500', '-501'])
  expect(operands('1e30').slice(2)).toEqual(Array(4).fill(String(2n ** 63n - 1n)))
  expect(operands('-1e30').slice(2)).toEqual(Array(4).fill(String(-(2n ** 63n))))
  expect(operand(indexed, 'gte', 'x')).toEqual([` ${wrong}`])
  const wide = subject({ 'x-bos': { type: 'decimal', scale: 2, precision: 19, index: true } })
  expect(wide.type.columns('amount', wide.settings)).toHaveLength(1)
  expect(operand(wide, 'gte', '5.005')).toEqual(['5.005'])
})

test('settings', () => {
  expect(faultsOf({ 'x-bos': { type: 'decimal', scale: 5, precision: 4 } })).toEqual(['/x-bos/scale is more than the precision, 4'])
  expect(faultsOf({ 'x-bos': { type: 'decimal', scale: 21, precision: 39 } })).toEqual([
    '/x-bos/scale must be a whole number from 0 to 20',
    '/x-bos/precision must be a whole number from 1 to 38',
  ])
  expect(faultsOf({ minimum: 2, maximum: 1, 'x-bos': { type: 'decimal' } })).toEqual(['/minimum is more than maximum, 1.00'])
  expect(faultsOf({ minimum: 0.001, 'x-bos': { type: 'decimal' } })).toEqual(['/minimum has 3 decimal places; 2 are kept'])
  expect(faultsOf({ default: '1.005', 'x-bos': { type: 'decimal' } })).toEqual(['/default has 3 decimal places; 2 are kept'])
  expect(subject({ default: 1, 'x-bos': { type: 'decimal' } }).default).toBe('1.00')
})
