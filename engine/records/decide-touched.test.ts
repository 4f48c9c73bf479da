import { expect, test } from 'vitest'
import { sketchCatalogue } from '../testing/sketch.ts'
import { Formulas } from './decide-formulas.ts'
import { draftDocument } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import type { NumberGiver } from './decide-numbers.ts'
import { Numbered } from './decide-numbers.ts'
import { Touched } from './decide-touched.ts'

const catalogue = sketchCatalogue({
  'shop.account': { fields: { owner: { type: 'text' }, name: { type: 'text' }, amount: { type: 'integer' } } },
  'shop.other': { fields: { name: { type: 'text' } } },
})

function touching(): { touched: Touched; made: (values: object, entity?: string) => Draft; reads: () => number } {
  let ids = 0
  let reads = 0
  const formulas = new Formulas({ zone: 'UTC', parameter: () => null, answer: () => undefined })
  const report = (pointer: string, detail: string): never => expect.fail(`${pointer} ${detail}`)
  const giver: NumberGiver = { counted: () => undefined }
  const source = draftDocument(
    { catalogue, member: null, report },
    { entity: catalogue.entities.get('shop.other')!, id: 'source', pointer: '' },
    null,
    null,
  )
  const touched = new Touched(
    {
      catalogue,
      formulas,
      documents: { byId: () => null, byKey: () => null, createdBy: () => [], wakeOf: () => undefined },
      member: null,
      newId: () => String(++ids),
      report,
      numbered: new Numbered(giver, formulas, 'source'),
      seek: () => undefined,
    },
    source,
  )
  return {
    touched,
    reads: () => reads,
    made(values, entity = 'shop.account') {
      const draft = touched.create(entity, new Map(Object.entries(values)), { draft: source, given: {} }, 'go')
      const own = draft.values.get.bind(draft.values)
      draft.values.get = (field) => {
        reads++
        return own(field)
      }
      return draft
    },
  }
}
const key = (name: string): ReadonlyMap<string, unknown> => new Map([['name', name]])

test('what is touched is found by its key as it is by now', () => {
  const { touched, made } = touching()
  expect(touched.withKey('shop.account', key('a'))).toBe(undefined)
  const a = made({ owner: 'x', name: 'a' })
  made({ name: 'a' }, 'shop.other')
  expect(touched.withKey('shop.account', key('a'))).toBe(a)
  expect(
    touched.withKey(
      'shop.account',
      new Map([
        ['owner', 'y'],
        ['name', 'a'],
      ]),
    ),
  ).toBe(undefined)
  touched.assign(a, new Map([['name', 'b']]))
  expect([touched.withKey('shop.account', key('a')), touched.withKey('shop.account', key('b'))]).toEqual([undefined, a])
  touched.assign(a, new Map([['owner', 'y']]))
  expect(
    touched.withKey(
      'shop.account',
      new Map([
        ['owner', 'y'],
        ['name', 'b'],
      ]),
    ),
  ).toBe(a)
})

test('without a look at each of the others', () => {
  const { touched, made, reads } = touching()
  const count = 500
  for (let i = 0; i < count; i++) {
    expect(touched.withKey('shop.account', key(`n${i}`))).toBe(undefined)
    touched.assign(made({ name: `n${i}` }), new Map([['amount', i]]))
    expect(touched.withKey('shop.account', key(`n${i}`))?.values.has('amount')).toBe(true)
  }
  expect(reads()).toBeLessThan(count * 3)
})
