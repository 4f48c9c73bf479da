import { expect, test } from 'vitest'
import { faultsOf, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'
import { formatSequence } from './sequence.ts'

const of = (settings: object) => faultsOf({ 'x-bos': { type: 'sequence', ...settings } })

test('refuses patterns that are wrong or not yet done', () => {
  const shape = '/x-bos/pattern must have one {n} or {n:digits}, such as PO-{n:5}'
  expect(of({})).toEqual(['/x-bos/pattern must be a text such as PO-{n:5}'])
  for (const pattern of ['PO-', '{n}{n}', '{n:}', '{n:x}', '{n', '{}']) expect(of({ pattern })).toEqual([shape])
  expect(of({ pattern: '{n:0}' })).toEqual(['/x-bos/pattern must ask for 1 to 15 digits'])
  expect(of({ pattern: `${'x'.repeat(60)}{n}` })).toEqual(['/x-bos/pattern must have at most 60 characters'])
  expect(of({ pattern: 'INV-{year(self.date)}-{n:5}' })).toEqual([
    '/x-bos/pattern the placeholder {year(self.date)} is part of the metamodel but not built yet: it needs the expression language',
  ])
  expect(of({ pattern: '{n}', assign: 'transition', scope: ['company'], gapless: true })).toEqual([
    '/x-bos/scope "scope" is part of the metamodel but not built yet: it needs the expression language',
    '/x-bos/gapless "gapless" is part of the metamodel but not built yet: it needs the ledger',
    '/x-bos/assign a number taken at a transition is part of the metamodel but not built yet: it needs the lifecycle',
  ])
})

test('numbers are padded and may outgrow their digits', () => {
  const field = subject({ 'x-bos': { type: 'sequence', pattern: 'PO-{n:5}/A', assign: 'create' } })
  expect(field.settings).toEqual({ prefix: 'PO-', digits: 5, suffix: '/A' })
  expect([1, 99_999, 100_000n].map((n) => formatSequence(field.settings as never, n))).toEqual(['PO-00001/A', 'PO-99999/A', 'PO-100000/A'])
  expect(wronglyRead(field, [['PO-00001/A', 'PO-00001/A']])).toEqual([])
  expect(
    wronglyRefused(field, [
      [1, 'must be text'],
      ['', 'has 0 characters; at least 1 are needed'],
    ]),
  ).toEqual([])
})
