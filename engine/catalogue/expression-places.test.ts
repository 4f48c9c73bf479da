import { describe, expect, test } from 'vitest'
import { check } from './check.ts'
import { compileCatalogue } from './compile.ts'
import { exampleCore, exampleCrm, exampleEntity } from '../testing/example.ts'
import { eachExpression } from './expression-places.ts'
import type { ModuleSource } from './sources.ts'
import { compiledValidate } from './validate.ts'

/** Every place of an expression is checked, and settled, like every other. */
type Part = Readonly<Record<string, unknown>>
interface Said {
  readonly properties?: Part
  readonly lifecycle?: Part
  readonly settings?: Part
  readonly trait?: Part
}
const sourcesOf = ({ properties = {}, lifecycle, settings = {}, trait = {} }: Said): ModuleSource[] => [
  exampleCore,
  exampleCrm({
    'traits/marked.json': { title: 'Marked', type: 'object', properties: { mark: { type: 'string' } }, ...trait },
    'entities/deal.json': exampleEntity(
      {
        amount: { type: 'integer' },
        stage: { enum: ['new', 'won'], ...(lifecycle && { 'x-bos': { lifecycle } }) },
        items: { 'x-bos': { type: 'lines', entity: 'crm.item' } },
        before: { 'x-bos': { type: 'reference', entity: 'self', inverse: 'after' } },
        seen: { 'x-bos': { type: 'integer', lookup: 'self.before.amount' } },
        ...properties,
      },
      { use: ['crm.marked'], ...settings },
    ),
    'entities/item.json': exampleEntity(
      { quantity: { type: 'integer' }, deal: { 'x-bos': { type: 'reference', entity: 'crm.deal' } } },
      { kind: 'line' },
    ),
    'entities/stock.json': exampleEntity({ amount: { type: 'integer' } }, { unique: [{ id: 'name', fields: ['name'] }] }),
  }),
]
const faultsOf = (said: Said): string[] =>
  check(sourcesOf(said), compiledValidate()).map(({ file, pointer, detail }) => `${file.slice(4)}${pointer}: ${detail}`)

/** Asks, of each record of the database, something about each line of the document. */
const impossible = 'count(self.before.after, d, exists(self.items, i, i.name == d.name))'
const turned = 'a loop over lines of this document cannot stand inside a loop over other records: turn them round'
const at = 'entities/deal.json/properties'

describe('what a write works out', () => {
  test('is refused wherever no question to the database says it', () => {
    const going = { to: 'won', guard: `${impossible} == 0`, set: { amount: impossible } }
    const effects = [
      {
        create: {
          entity: 'crm.stock',
          each: 'self.items',
          when: `${impossible.replaceAll('self.', 'self.parent.')} == 0`,
          set: { name: 'self.name' },
        },
      },
      { update: { entity: 'crm.stock', key: { name: 'self.name' }, set: { amount: `target.amount + ${impossible}` } } },
    ]
    expect(
      faultsOf({
        properties: {
          live: { 'x-bos': { type: 'integer', lookup: impossible } },
          given: { type: 'integer', 'x-bos': { default: impossible } },
          taken: { 'x-bos': { type: 'integer', copy: { from: impossible } } },
          before: { 'x-bos': { type: 'reference', entity: 'self', inverse: 'after', where: `target.amount == ${impossible}` } },
        },
        lifecycle: { transitions: { win: { ...going, effects } } },
      }),
    ).toEqual([
      `${at}/before/x-bos/where: ${turned}`,
      `${at}/live/x-bos/lookup: ${turned}`,
      `${at}/given/x-bos/default: ${turned}`,
      `${at}/taken/x-bos/copy: ${turned}`,
      `${at}/stage/x-bos/lifecycle/transitions/win/guard: ${turned}`,
      `${at}/stage/x-bos/lifecycle/transitions/win/set/amount: ${turned}`,
      `${at}/stage/x-bos/lifecycle/transitions/win/effects/0/create/when: ${turned}`,
      `${at}/stage/x-bos/lifecycle/transitions/win/effects/1/update/set/amount: ${turned}`,
    ])
  })

  test('may speak of the first of its lines, and go on from there', () => {
    const guard = "first(self.items, i, i.deal.amount > 1, i.name).deal.name != 'x' && first(self.items, i, i.quantity > 1).quantity > 0"
    expect(faultsOf({ lifecycle: { transitions: { win: { to: 'won', guard } } } })).toEqual([])
  })

  test('in a rule of a trait is told in the file of the trait', () => {
    const rule = { id: 'odd', assert: `${impossible} == 0`, message: 'No.' }
    expect(faultsOf({ trait: { 'x-bos': { rules: [rule] } } })).toEqual([`traits/marked.json/x-bos/rules/0/assert: ${turned}`])
  })
})

describe('what grows by what it reads', () => {
  const grown = Object.fromEntries(
    Array.from({ length: 14 }, (_, i) => [
      `v${i}`,
      { 'x-bos': { type: 'text', lookup: i === 0 ? 'self.before.name' : `self.v${i - 1} + self.v${i - 1}` } },
    ]),
  )
  const tooLarge = 'with all that it is made of it is too large: 2000 parts at most'

  test('is refused wherever it stands', () => {
    const faults = faultsOf({
      properties: { ...grown, number: { 'x-bos': { type: 'sequence', pattern: '{self.v13}-{n}' } } },
      settings: { rules: [{ id: 'a', assert: "self.v13 != ''", message: 'No.' }] },
      lifecycle: {
        transitions: {
          win: {
            to: 'won',
            guard: "self.v13 == ''",
            set: { name: 'self.v13' },
            effects: [{ create: { entity: 'crm.stock', set: { name: 'self.v13' } } }],
          },
        },
      },
    })
    const win = `${at}/stage/x-bos/lifecycle/transitions/win`
    for (const place of [
      `entities/deal.json/x-bos/rules/0/assert`,
      `${at}/number/x-bos/pattern`,
      `${win}/guard`,
      `${win}/set/name`,
      `${win}/effects/0/create/set/name`,
    ])
      expect(faults).toContain(`${place}: ${tooLarge}`)
  })

  test('costs what all of it costs', () => {
    const heavy = "sum(self.items, a, sum(self.items, b, length(join(list(self.items, c, c.name + a.name + b.name), ', '))))"
    const properties = { heavy: { 'x-bos': { type: 'integer', lookup: heavy } } }
    expect(faultsOf({ properties })).toEqual([])
    const rules = [{ id: 'a', assert: 'sum(self.after, d, d.heavy) < 1', message: 'No.' }]
    expect(faultsOf({ properties, settings: { rules } })).toEqual([
      expect.stringMatching(/^entities\/deal.json\/x-bos\/rules\/0\/assert: with all that it is made of it may take too long/),
    ])
  })
})

test('no expression of an entity is anywhere else, and none reads what is not stored', () => {
  const number = { type: 'integer' }
  const sources = sourcesOf({
    properties: {
      a: { 'x-bos': { type: 'integer', compute: 'self.seen + 1' } },
      b: { 'x-bos': { type: 'integer', rollup: { over: 'items', measure: 'sum', value: 'self.quantity' } } },
      c: { 'x-bos': { type: 'integer', copy: { from: 'self.before.seen' } } },
      d: {
        ...number,
        'x-bos': { default: 'self.seen', visibleWhen: 'self.seen > 1', requiredWhen: 'self.seen > 2', readOnlyWhen: 'self.seen > 3' },
      },
      before: { 'x-bos': { type: 'reference', entity: 'self', inverse: 'after', where: 'target.seen > 1' } },
      cash: { 'x-bos': { type: 'money', currency: "self.seen > 1 ? 'EUR' : 'USD'" } },
      number: { 'x-bos': { type: 'sequence', pattern: '{self.seen}-{n}-{self.seen}', scope: ['self.seen'] } },
    },
    settings: {
      rules: [{ id: 'a', when: 'self.seen > 1', assert: 'self.seen > 2', message: 'No.' }],
      permissions: {
        'crm.rep': {
          scope: 'own',
          read: 'self.seen > 1',
          update: true,
          mask: { amount: { unless: 'self.seen > 1' } },
          transitions: { win: 'self.seen > 1' },
        },
      },
      scopes: [{ id: 'own', title: 'Own', where: 'self.amount > 1' }],
      unique: [{ id: 'one', fields: ['amount'], when: 'self.amount > 1' }],
    },
    lifecycle: {
      transitions: {
        win: {
          to: 'won',
          guard: 'self.seen > 1',
          set: { amount: 'self.seen' },
          effects: [
            {
              create: {
                entity: 'crm.stock',
                each: 'filter(self.items, i, i.deal.seen > 1)',
                when: 'self.deal.seen > 1',
                set: { amount: 'self.deal.seen' },
              },
            },
            {
              update: {
                entity: 'crm.stock',
                each: '[1, self.seen]',
                key: { name: 'text(self.seen)' },
                set: { amount: 'self.seen + params.each' },
              },
            },
            {
              produce: {
                entity: 'crm.deal',
                set: { amount: 'self.seen' },
                lines: {
                  each: 'self.items',
                  into: 'items',
                  remaining: 'self.deal.seen',
                  set: { quantity: 'params.remaining + self.deal.seen' },
                },
              },
            },
            {
              allocate: {
                amount: 'self.seen',
                from: 'filter(self.after, d, d.seen > 1)',
                order: ['self.seen'],
                available: 'self.seen',
                entity: 'crm.stock',
                set: { amount: 'params.amount + target.amount' },
              },
            },
          ],
        },
      },
    },
  })
  expect(check(sources, compiledValidate())).toEqual([])
  const entity = compileCatalogue(sources, 'h').entities.get('crm.deal')!
  const found = new Set<unknown>()
  const { rules, lifecycles } = entity
  const scopes = entity.scopes.flatMap(({ id, predicate }) => (predicate.kind === 'where' ? [[id, predicate.expression] as const] : []))
  const keys = entity.unique.flatMap(({ id, when }) => (when ? [[id, when] as const] : []))
  const permissions = [...entity.permissions].map(
    ([role, { conditions, guards, masks }]) => [role, { actions: conditions, transitions: guards, masks }] as const,
  )
  const fields = entity.fields.flatMap(({ id, logic }) => (logic ? [[id, logic] as const] : []))
  eachExpression(
    entity.id,
    { fields: new Map(fields), rules, lifecycles, permissions: new Map(permissions), scopes: new Map(scopes), keys: new Map(keys) },
    (_entity, ...path) => path.at(-1)!,
    (expression) => (found.add(expression), expression),
  )
  const seen = new Set<object>()
  const lost: unknown[] = []
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    if ('canonical' in value && 'dependencies' in value) {
      if (!found.has(value)) lost.push(value)
      expect(JSON.stringify((value as { root?: unknown }).root)).not.toContain('"seen"')
      return
    }
    for (const each of value instanceof Map ? value.values() : Object.values(value)) look(each)
  }
  look(entity)
  expect(lost).toEqual([])
  expect(found.size).toBeGreaterThan(30)
})
