import { describe, expect, test } from 'vitest'
import { check } from './check.ts'
import { compileCatalogue } from './compile.ts'
import { exampleCore, exampleCrm, exampleEntity } from '../testing/example.ts'
import type { ModuleSource } from './sources.ts'
import type { Catalogue } from './types.ts'
import { compiledValidate } from './validate.ts'

/** What the expressions of a module's files mean together, and what is wrong with them. */
const validate = compiledValidate()
const line = (properties: Readonly<Record<string, unknown>>, settings: Readonly<Record<string, unknown>> = {}) =>
  exampleEntity({ ...properties }, { kind: 'line', ...settings })
type Part = Readonly<Record<string, unknown>>
const sources = (deal: Part, settings: Part = {}, lines: Part = {}, lineSettings: Part = {}): ModuleSource[] => [
  exampleCore,
  exampleCrm({
    'entities/deal.json': exampleEntity(
      {
        amount: { 'x-bos': { type: 'decimal', scale: 2 } },
        stage: { enum: ['new', 'won'] },
        items: { 'x-bos': { type: 'lines', entity: 'crm.item' } },
        before: { 'x-bos': { type: 'reference', entity: 'self', inverse: 'after' } },
        ...deal,
      },
      settings,
    ),
    'entities/item.json': line({ quantity: { type: 'integer' }, ...lines }, lineSettings),
    'entities/stock.json': exampleEntity(
      { amount: { 'x-bos': { type: 'decimal', scale: 2 } } },
      { unique: [{ id: 'name', fields: ['name'] }] },
    ),
  }),
]
const faultsOf = (...parts: Parameters<typeof sources>): string[] =>
  check(sources(...parts), validate).map(({ file, pointer, detail }) => `${file.slice(13)}${pointer}: ${detail}`)
const compiled = (...parts: Parameters<typeof sources>): Catalogue => compileCatalogue(sources(...parts), 'h')
const decimal = (settings: object) => ({ 'x-bos': { type: 'decimal', scale: 2, ...settings } })
const stepsOf = (catalogue: Catalogue) =>
  catalogue.entities.get('crm.deal')!.derivations.map(({ entity, field }) => `${entity.slice(4)}.${field}`)

describe('derived values', () => {
  test('come in an order in which none needs a later one, over document and lines', () => {
    const catalogue = compiled(
      { c: decimal({ compute: 'self.b * 2' }), b: decimal({ rollup: { over: 'items', measure: 'sum', value: 'self.a' } }) },
      {},
      { share: decimal({ compute: 'self.a / parent.c' }), a: decimal({ compute: 'self.quantity * 3' }) },
    )
    expect(stepsOf(catalogue)).toEqual(['item.a', 'deal.b', 'deal.c', 'item.share'])
  })

  test('that need themselves are told at every one of them', () => {
    expect(
      faultsOf({ a: decimal({ compute: 'self.b' }), b: decimal({ compute: 'self.c + 1' }), c: decimal({ lookup: 'self.a' }) }),
    ).toEqual([
      'deal.json/properties/a/x-bos/compute: needs itself: deal.a → deal.b → deal.c → deal.a',
      'deal.json/properties/b/x-bos/compute: needs itself: deal.a → deal.b → deal.c → deal.a',
      'deal.json/properties/c/x-bos/lookup: needs itself: deal.a → deal.b → deal.c → deal.a',
    ])
  })

  test('are stored unless they hang on the moment or on who asks; what is not stored stands in the place of its name', () => {
    const catalogue = compiled({
      stored: decimal({ compute: 'self.amount * 2' }),
      age: { 'x-bos': { type: 'integer', compute: 'today - self.day' } },
      day: { type: 'string', format: 'date' },
      late: { 'x-bos': { type: 'boolean', compute: 'self.age > 3' } },
      mine: { 'x-bos': { type: 'boolean', compute: 'self.name == user.name' } },
      seen: { 'x-bos': { type: 'text', lookup: 'self.before.name' } },
    })
    const deal = catalogue.entities.get('crm.deal')!
    const isStored = (name: string) => deal.fieldByName.get(name)!.logic!.derivation!.stored
    expect(['stored', 'age', 'late', 'mine', 'seen'].map(isStored)).toEqual([true, false, false, false, false])
    expect(deal.fieldByName.get('late')!.columns).toEqual([])
    expect(JSON.stringify(deal.fieldByName.get('late')!.logic!.derivation!.expression.root)).not.toContain('"age"')
    expect(stepsOf(catalogue)).toEqual(['deal.stored'])
  })

  test('of other documents are found from what they read', () => {
    const { dependants } = compiled({
      after_names: { 'x-bos': { type: 'integer', compute: 'count(self.after, d, d.stage == "won")' } },
      chain: { 'x-bos': { type: 'text', compute: 'self.before.name' } },
    })
    const told = (key: string) => (dependants.get(key) ?? []).map(({ field, path }) => [field, ...path.map((step) => step.kind)])
    expect(told('crm.deal/name')).toEqual([['chain', 'hop']])
    expect(told('crm.deal/stage')).toEqual([['after_names', 'inverse']])
    expect(told('crm.deal/before')).toEqual([['after_names', 'inverse']])
    expect(told('crm.deal/')).toEqual([['after_names', 'inverse']])
  })

  test('have one origin, no default, and a place to stand in', () => {
    expect(
      faultsOf(
        {
          x: decimal({ compute: '1', lookup: '2' }),
          y: { default: 1, ...decimal({ compute: '1' }) },
          z: { 'x-bos': { type: 'text', lookup: 'self.name', index: true } },
        },
        { search: ['z'], titleField: 'z' },
      ),
    ).toEqual([
      'deal.json/properties/x/x-bos/lookup: a value has one origin: compute or lookup',
      'deal.json/properties/y/x-bos/default: what has compute takes no default',
      'deal.json/properties/z/x-bos/index: z is not stored: it is looked up, or hangs on the time, on who asks, on settings or on what a tree or the engine keeps, so it has no index',
      'deal.json/x-bos/search/0: z is not stored: it is looked up, or hangs on the time, on who asks, on settings or on what a tree or the engine keeps, so it cannot be searched',
      'deal.json/x-bos/titleField: z is not stored: it is looked up, or hangs on the time, on who asks, on settings or on what a tree or the engine keeps, so it cannot be the title',
    ])
  })

  test('are of the type that the field keeps', () => {
    expect(
      faultsOf({ x: decimal({ compute: 'self.name' }), y: decimal({ rollup: { over: 'item', measure: 'sum', value: 'self.quantity' } }) }),
    ).toEqual([
      expect.stringMatching(/^deal.json\/properties\/x\/x-bos\/compute: .*number/),
      'deal.json/properties/y/x-bos/rollup/over: there are no lines and no relation "item". Did you mean "items"?',
    ])
  })

  test('that grow beyond all measure by reading one another are refused', () => {
    const names = Array.from({ length: 14 }, (_, i) => `v${i}`)
    const grown = Object.fromEntries(
      names.map((name, i) => [
        name,
        { 'x-bos': { type: 'text', lookup: i === 0 ? 'self.before.name' : `self.${names[i - 1]} + self.${names[i - 1]}` } },
      ]),
    )
    expect(faultsOf(grown).some((fault) => fault.includes('too large'))).toBe(true)
  })
})

describe('rules and conditions', () => {
  test('are conditions, with known names, at a known place', () => {
    expect(
      faultsOf(
        { x: { type: 'string', 'x-bos': { visibleWhen: 'self.amount', requiredWhen: 'self.nmae == 1' } } },
        {
          rules: [
            { id: 'a', assert: 'self.stage == "wonn"', message: 'No.', at: 'stag' },
            { id: 'a', assert: 'old.amount < self.amount', message: 'No.' },
          ],
        },
      ),
    ).toEqual([
      expect.stringMatching(/^deal.json\/properties\/x\/x-bos\/visibleWhen: /),
      'deal.json/properties/x/x-bos/requiredWhen: at "nmae" (character 6): Thing has no "nmae". Did you mean "name"?',
      expect.stringMatching(/^deal.json\/x-bos\/rules\/0\/assert: at .*\(character 15\): "wonn" is not an option. Did you mean "won"/),
      'deal.json/x-bos/rules/0/at: there is no property "stag". Did you mean "stage"?',
      'deal.json/x-bos/rules: there are two rules with the id "a"',
    ])
  })

  test('cannot ask for each record of the database something about each line of the document', () => {
    const assert = 'count(self.before.after, d, exists(self.items, i, i.name == d.name)) == 0'
    expect(faultsOf({}, { rules: [{ id: 'a', assert, message: 'No.' }] })).toEqual([
      'deal.json/x-bos/rules/0/assert: a loop over lines of this document cannot stand inside a loop over other records: turn them round',
    ])
  })

  test('what may be chosen is called target, and only where something is chosen', () => {
    const before = (where: string) => ({ before: { 'x-bos': { type: 'reference', entity: 'self', where } } })
    expect(faultsOf(before('target.stage == self.stage'))).toEqual([])
    expect(faultsOf({}, { rules: [{ id: 'a', assert: 'target.stage == null', message: 'No.' }] })[0]).toMatch(/target/)
  })
})

test('what nothing deletes has no rule on its deletion; what a ledger holds stays', () => {
  const rule = { id: 'stays', assert: 'self.name != null && old.name != null', message: 'No.', at: 'name', on: ['delete'] }
  for (const kind of ['single', 'ledger'])
    expect(faultsOf({}, { rules: [rule], kind, titleField: undefined })).toContain(
      `deal.json/x-bos/rules/0/on: nothing deletes a record of the kind ${kind}`,
    )
  expect(faultsOf({}, { rules: [rule, { ...rule, id: 'both', on: ['update', 'delete'] }] })).toEqual([])
  const link = (onDelete: string) => ({ other: { 'x-bos': { type: 'reference', entity: 'self', onDelete } } })
  const ledger = { kind: 'ledger', titleField: undefined }
  for (const onDelete of ['cascade', 'setNull'])
    expect(faultsOf(link(onDelete), ledger)).toContain(
      'deal.json/properties/other/x-bos/onDelete: what stands in a ledger stays as it is: use restrict',
    )
  for (const onDelete of ['cascade', 'setNull'])
    expect(faultsOf(link(onDelete), { kind: 'line', titleField: undefined })).toContain(
      'deal.json/properties/other/x-bos/onDelete: a line is a part of its document, which is not changed behind its back: use restrict',
    )
})

describe('lifecycles', () => {
  const lifecycle = (node: Part, settings: Part = {}, lines: Part = {}) =>
    faultsOf({ stage: { enum: ['new', 'won'], 'x-bos': { lifecycle: node } } }, settings, lines)
  const at = 'deal.json/properties/stage/x-bos/lifecycle'

  test('know their states, roles, fields and paths', () => {
    expect(
      lifecycle({
        states: {
          wonn: {},
          won: { frozen: true, except: ['nam', 'items.quantity', 'items.*.quantity'], required: ['amout'] },
          new: { except: ['name'] },
        },
        transitions: {
          win: { from: ['neww'], to: 'won', roles: ['crm.repp'], guard: 'self.amount', set: { amunt: '1', stage: '"won"', name: '1' } },
          restore: { to: 'new', message: 'Why?' },
        },
      }),
    ).toEqual([
      `${at}/states/wonn: stage has no option "wonn". Did you mean "won"?`,
      `${at}/states/won/except/0: there is no property "nam". Did you mean "name"?`,
      `${at}/states/won/except/1: write "items.*.quantity": a star stands for any line`,
      `${at}/states/won/required/0: there is no property "amout". Did you mean "amount"?`,
      `${at}/states/new/except: only a frozen state has exceptions`,
      `${at}/transitions/win/from/0: stage has no option "neww". Did you mean "new"?`,
      `${at}/transitions/win/roles/0: there is no role "crm.repp". Did you mean "crm.rep"?`,
      expect.stringMatching(/transitions\/win\/guard: /),
      `${at}/transitions/win/set/amunt: there is no property "amunt". Did you mean "amount"?`,
      `${at}/transitions/win/set/stage: the transition sets the state already`,
      expect.stringMatching(/transitions\/win\/set\/name: /),
      `${at}/transitions/restore: "restore" cannot be a name: it is reserved: it is an address of the API`,
      `${at}/transitions/restore/message: there is no guard that it could be said for`,
    ])
  })

  test('transitions that would be told as something else', () => {
    const transitions = (node: object) => lifecycle({ transitions: node })
    const here = `${at}/transitions`
    expect(transitions({ close: { id: 'deleted', to: 'won' } })).toEqual([
      `${here}/close/id: "deleted" cannot be an id: it is reserved: history tells something else by it`,
    ])
    expect(transitions({ close: { id: 'Close', to: 'won' } })).toEqual([expect.stringMatching(/close\/id: "Close" is not a name/)])
    expect(transitions({ close: { to: 'won' }, end: { id: 'close', to: 'won' } })).toEqual([
      `${here}/end/id: another transition of crm.deal has the id "close"`,
    ])
    expect(transitions({ delete: { to: 'won' } })).toEqual([
      `${here}/delete: "delete" cannot be a name: it is reserved: permissions call an action so`,
    ])
    expect(transitions({ shut: { id: 'close', to: 'won' } })).toEqual([])
  })

  test('belong to a select of a record', () => {
    const node = { transitions: { go: { to: 'a' } } }
    expect(faultsOf({ x: { type: 'string', 'x-bos': { lifecycle: node } } })).toEqual([
      'deal.json/properties/x/x-bos/lifecycle: only a select has states',
    ])
    expect(faultsOf({}, {}, { x: { enum: ['a', 'b'], 'x-bos': { lifecycle: node } } })).toEqual([
      'item.json/properties/x/x-bos/lifecycle: a line has no states of its own: they are its document’s',
    ])
  })

  test('effects name entities, keys, lines and what they take from', () => {
    const effects = (...list: object[]) => lifecycle({ transitions: { win: { to: 'won', effects: list } } })
    const here = `${at}/transitions/win/effects`
    expect(
      effects(
        { create: { entity: 'crm.stok', set: { name: 'self.name' } } },
        { create: { entity: 'crm.item', set: {} } },
        { create: { each: 'self.items', entity: 'crm.stock', set: { name: 'self.name', amunt: 'self.quantity', amount: 'self.amount' } } },
        { update: { entity: 'crm.stock', key: { amount: '1' }, set: {} } },
        { update: { entity: 'crm.stock', key: { name: 'self.name' }, set: { amount: 'target.amount + 1' } } },
        { create: { each: 'self.before.items', entity: 'crm.stock', set: {} } },
        { reverse: 'wim' },
        {
          allocate: {
            amount: 'self.amount',
            from: 'self.after',
            order: ['self.name'],
            entity: 'crm.stock',
            set: { amount: 'params.amount', name: 'target.name' },
          },
        },
      ),
    ).toEqual([
      `${here}/0/create/entity: there is no entity "crm.stok". Did you mean "crm.stock"?`,
      `${here}/1/create/entity: crm.item is a line: its document would have to be named`,
      `${here}/2/create/set/amunt: Thing has no property "amunt". Did you mean "amount"?`,
      expect.stringMatching(/effects\/2\/create\/set\/amount: .*"amount"/),
      `${here}/3/update/key: the properties of a unique key of crm.stock are expected`,
      `${here}/5/create/each: the lines of the record itself are expected, or a list of values`,
      `${here}/6/reverse: there is no transition "wim". Did you mean "win"?`,
      `${here}/7/allocate/available: "available" is missing: how much of a candidate (\`self\`) is there to take`,
    ])
  })

  test('a copy names the reference by which it says what it amends', () => {
    const amend = (more: object) => lifecycle({ transitions: { redo: { to: 'new', copy: 'amend', ...more } } })
    expect(amend({})).toEqual([`${at}/transitions/redo/link: "link" is missing: the reference by which the copy names this record`])
    expect(amend({ link: 'name' })).toEqual([`${at}/transitions/redo/link: "name" is not a reference to crm.deal`])
    expect(amend({ link: 'before' })).toEqual([])
  })
})
