import { expect, test } from 'vitest'
import { faultsOf, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'
import { formatSequence, partsOfPattern, readPattern } from './sequence.ts'

const of = (settings: object) => faultsOf({ 'x-bos': { type: 'sequence', ...settings } })

test('refuses patterns that are wrong', () => {
  const shape = '/x-bos/pattern must have one {n} or {n:digits}, such as PO-{n:5}'
  expect(of({})).toEqual(['/x-bos/pattern must be a text such as PO-{n:5}'])
  for (const pattern of ['PO-', '{n}{n}', '{n:}', '{n:x}', '{n', '{}']) expect(of({ pattern })).toEqual([shape])
  expect(of({ pattern: '{n:0}' })).toEqual(['/x-bos/pattern must ask for 1 to 15 digits'])
  expect(of({ pattern: `${'x'.repeat(60)}{n}` })).toEqual(['/x-bos/pattern must have at most 60 characters beside its expressions'])
  expect(of({ pattern: `${'x'.repeat(50)}{self.a}{n}` })).toEqual([])
})

test('texts and expressions of a pattern are told apart', () => {
  expect(readPattern('INV-{year(self.date)}-{n:5}/{self.code}')).toEqual({
    prefix: 'INV-{year(self.date)}-',
    digits: 5,
    suffix: '/{self.code}',
  })
  expect(partsOfPattern('INV-{year(self.date)}-')).toEqual(['INV-', 'year(self.date)', '-'])
  const field = subject({ 'x-bos': { type: 'sequence', pattern: 'A{self.x}{n}', assign: 'issue', scope: ['self.company'], gapless: true } })
  expect(field.settings).toEqual({ prefix: 'A{self.x}', digits: 1, suffix: '', scope: ['self.company'], assign: 'issue' })
  expect(field.type.conceal!(field.settings)).toEqual({ prefix: '', digits: 1, suffix: '', scope: [], assign: 'issue' })
})

test('numbers are padded and may outgrow their digits', () => {
  const field = subject({ 'x-bos': { type: 'sequence', pattern: 'PO-{n:5}/A', assign: 'create' } })
  expect(field.settings).toEqual({ prefix: 'PO-', digits: 5, suffix: '/A', scope: [], assign: null })
  expect([1, 99_999, 100_000n].map((n) => formatSequence(field.settings as never, n))).toEqual(['PO-00001/A', 'PO-99999/A', 'PO-100000/A'])
  expect(wronglyRead(field, [['PO-00001/A', 'PO-00001/A']])).toEqual([])
  expect(
    wronglyRefused(field, [
      [1, 'must be text'],
      ['', 'has 0 characters; at least 1 are needed'],
    ]),
  ).toEqual([])
})
