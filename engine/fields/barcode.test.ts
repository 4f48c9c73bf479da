import { expect, test } from 'vitest'
import { cell, faultsOf, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const of = (symbology?: string) => subject({ 'x-bos': { type: 'barcode', ...(symbology && { symbology }) } })

test('refuses what the scanner would not read', () => {
  const no = { schema: false } as const
  expect(
    wronglyRefused(of(), [
      ['ä', 'must be a code of plain letters, digits and signs', no],
      [' 1', 'must be a code of plain letters, digits and signs', no],
      ['', 'must be a code of plain letters, digits and signs'],
      [4006381333931, 'must be text'],
    ]),
  ).toEqual([])
  expect(
    wronglyRefused(of('ean13'), [
      ['4006381333932', 'must be 13 digits of which the last one checks the others', no],
      ['400638133393', 'must be 13 digits of which the last one checks the others', no],
    ]),
  ).toEqual([])
  expect(wronglyRefused(of('ean8'), [['73513538', 'must be 8 digits of which the last one checks the others', no]])).toEqual([])
  expect(wronglyRefused(of('upca'), [['036000291453', 'must be 12 digits of which the last one checks the others', no]])).toEqual([])
  expect(wronglyRefused(of('code39'), [['abc', 'must be capital letters, digits or - . $ / + %', no]])).toEqual([])
  expect(wronglyRefused(of('qr'), [[' ', 'must not be empty or begin or end with a space', no]])).toEqual([])
  expect(faultsOf({ 'x-bos': { type: 'barcode', symbology: 'aztec' } })).toEqual([
    '/x-bos/symbology must be one of any, code128, code39, ean13, ean8, upca, qr',
  ])
})

test('accepts codes', () => {
  expect(wronglyRead(of(), [['AB-12 #3', 'AB-12 #3']])).toEqual([])
  expect(wronglyRead(of('ean13'), [['4006381333931', '4006381333931']])).toEqual([])
  expect(wronglyRead(of('ean8'), [['73513537', '73513537']])).toEqual([])
  expect(wronglyRead(of('upca'), [['036000291452', '036000291452']])).toEqual([])
  expect(wronglyRead(of('code39'), [['AB 12', 'AB 12']])).toEqual([])
  expect(wronglyRead(of('qr'), [['https://example.com/ä', 'https://example.com/ä']])).toEqual([])
  expect(cell(of('ean8'), ' 73513537 ')).toEqual({ value: '73513537' })
})
