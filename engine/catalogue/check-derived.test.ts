import { describe, expect, test } from 'vitest'
import { check } from './check.ts'
import { exampleCore, exampleCrm, exampleEntity } from '../testing/example.ts'
import { compiledValidate } from './validate.ts'

/** What the engine gives by expressions: currencies of amounts, numbers of records. Every fault stands where it was written. */
const validate = compiledValidate()

type Properties = Readonly<Record<string, object>>
/** Faults of the properties of a deal with a company, of which the pointers begin at the property. */
function faultsOf(properties: Properties, settings: object = {}, more: Readonly<Record<string, unknown>> = {}): string[] {
  const crm = exampleCrm({
    'entities/company.json': exampleEntity({ currency: { type: 'string' }, employees: { type: 'integer' } }),
    'entities/deal.json': exampleEntity(
      { company: { 'x-bos': { type: 'reference', entity: 'crm.company' } }, day: { type: 'string', format: 'date' }, ...properties },
      settings as Readonly<Record<string, unknown>>,
    ),
    ...more,
  })
  return check([exampleCore, crm], validate).map(
    ({ file, pointer, detail }) => `${file.replace('crm/entities/deal.json', '')}${pointer.replace('/properties', '')} ${detail}`,
  )
}

describe('a currency that is given', () => {
  const money = (currency: string, more: object = {}): object => ({ 'x-bos': { type: 'money', currency, ...more } })

  test.each<[string, Properties, string[]]>([
    ['by no text', { a: money('self.company.employees') }, ['/a/x-bos/currency this is a number, but text is needed here: write text(…)']],
    [
      'by what there is not',
      { a: money('self.company.curency') },
      ['/a/x-bos/currency at "curency" (character 14): Thing has no "curency". Did you mean "currency"?'],
    ],
    [
      'by a formula',
      { a: money('self.b'), b: { 'x-bos': { type: 'expression', entity: 'self', result: 'text' } } },
      ['/a/x-bos/currency at "b" (character 6): "b" holds a formula, which no other expression reads'],
    ],
    ['by who asks', { a: money('user.name') }, ['/a/x-bos/currency at "user" (character 1): user cannot be used here']],
    [
      'by itself',
      { a: money('self.b.currency'), b: money("self.a.amount > 1 ? 'EUR' : 'USD'") },
      ['/a/x-bos/currency needs itself: deal.a → deal.a'],
    ],
    [
      'by what depends on the time',
      { late: { 'x-bos': { type: 'boolean', compute: 'self.day < today' } }, a: money("self.late ? 'EUR' : 'USD'") },
      ['/a/x-bos/currency it depends on the time or on who asks: the currency of what is stored does not'],
    ],
    [
      'and that of another amount',
      { a: money('self.company.currency'), b: money('EUR', { compute: 'self.a' }) },
      ['/b/x-bos/compute this amount may not be in EUR, the currency of the field: convert it first, or write .amount'],
    ],
  ])('%s', (_name, properties, faults) => {
    expect(faultsOf(properties)).toEqual(faults)
  })

  test('is the same where the same text gives it', () => {
    const currency = "self.company == null ? 'EUR' : self.company.currency"
    expect(
      faultsOf({
        a: money(currency),
        b: money(currency),
        c: money(currency, { compute: 'self.a + self.b' }),
        d: money('self.company.currency', { compute: 'self.company.employees * 2' }),
      }),
    ).toEqual([])
  })
})

describe('a number', () => {
  const stage = { enum: ['open', 'won'], 'x-bos': { lifecycle: { transitions: { win: { id: 'won_it', from: ['open'], to: 'won' } } } } }
  const number = (pattern: string, more: object = {}): object => ({ 'x-bos': { type: 'sequence', pattern, ...more } })

  test.each<[string, Properties, string[]]>([
    [
      'of what there is not',
      { a: number('{self.dya}-{n}') },
      ['/a/x-bos/pattern at "dya" (character 6): Thing has no "dya". Did you mean "day"?'],
    ],
    [
      'of what is no text',
      { a: number('{self.day == null}-{n}') },
      ['/a/x-bos/pattern at "self.day == null": a number is made of texts, numbers and dates'],
    ],
    [
      'counted by what there is not',
      { a: number('{n}', { scope: ['self.day', 'self.compny'] }) },
      ['/a/x-bos/scope/1 at "compny" (character 6): Thing has no "compny". Did you mean "company"?'],
    ],
    [
      'made of itself',
      { a: number('{self.b}-{n}'), b: { 'x-bos': { type: 'text', compute: "self.a + '!'" } } },
      ['/a/x-bos/pattern needs itself: deal.a → deal.b → deal.a', '/b/x-bos/compute needs itself: deal.a → deal.b → deal.a'],
    ],
    [
      'taken at a transition that there is not',
      { a: number('{n}', { assign: 'wni' }), stage },
      ['/a/x-bos/assign crm.deal has no transition "wni"; without "assign" the number is taken on create. Did you mean "win"?'],
    ],
  ])('%s', (_name, properties, faults) => {
    expect(faultsOf(properties)).toEqual(faults)
  })

  test('that is given later cannot be required', () => {
    const later = { a: number('{n}', { assign: 'win' }), stage }
    expect(faultsOf(later)).toEqual([])
    const deal = exampleEntity({ name: { type: 'string' }, ...later })
    expect(faultsOf({}, {}, { 'entities/deal.json': { ...deal, required: ['a'] } })).toEqual([
      '/a/x-bos/assign a number that is given later cannot be required: the state can require it',
    ])
  })
})

describe('the filter of a view', () => {
  const view = (filter: string): Record<string, unknown> => ({
    'views/own.json': { entity: 'crm.deal', kind: 'list', title: 'Own', filter },
  })

  test.each([
    ['self.dya == today', 'at "dya" (character 6): Thing has no "dya". Did you mean "day"?'],
    ['self.day', 'this is a date, but true or false is needed here: compare it with something'],
    ['old.day == today', 'at "old" (character 1): old cannot be used here'],
    ['self.day ==', 'a value is missing here'],
  ])('%s', (filter, detail) => {
    expect(faultsOf({}, {}, view(filter))).toEqual([`crm/views/own.json/filter ${detail}`])
  })

  test('may be any condition on the records', () => {
    expect(faultsOf({}, {}, view('self.day >= today && self.created_by == user'))).toEqual([])
  })
})
