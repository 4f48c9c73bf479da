import { expect, test } from 'vitest'
import { accepts, cell, faultsOf, refuses, subject } from './fixtures.ts'

const of = (symbology?: string) => subject({ 'x-bos': { type: 'barcode', ...(symbology && { symbology }) } })

test('refuses what the scanner would not read', () => {
  const no = { schema: false } as const
  refuses(of(), [['ä', 'must be a code of plain letters, digits and signs', no], [' 1', 'must be a code of plain letters, digits and signs', no], ['', 'must be a code of plain letters, digits and signs'], [4006381333931, 'must be text']])
  refuses(of('ean13'), [['4006381333932', 'must be 13 digits of which the last one checks the others', no], ['400638133393', 'must be 13 digits of which the last one checks the others', no]])
  refuses(of('ean8'), [['73513538', 'must be 8 digits of which the last one checks the others', no]])
  refuses(of('upca'), [['036000291453', 'must be 12 digits of which the last one checks the others', no]])
  refuses(of('code39'), [['abc', 'must be capital letters, digits or - . $ / + %', no]])
  refuses(of('qr'), [[' ', 'must not be empty or begin or end with a space', no]])
  expect(faultsOf({ 'x-bos': { type: 'barcode', symbology: 'aztec' } })).toEqual(['/x-bos/symbology must be one of any, code128, code39, ean13, ean8, upca, qr'])
})

test('accepts codes', () => {
  accepts(of(), [['AB-12 #3', 'AB-12 #3']])
  accepts(of('ean13'), [['4006381333931', '4006381333931']])
  accepts(of('ean8'), [['73513537', '73513537']])
  accepts(of('upca'), [['036000291452', '036000291452']])
  accepts(of('code39'), [['AB 12', 'AB 12']])
  accepts(of('qr'), [['https://example.com/ä', 'https://example.com/ä']])
  expect(cell(of('ean8'), ' 73513537 ')).toEqual({ value: '73513537' })
})
