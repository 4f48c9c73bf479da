import { expect, test } from 'vitest'
import { check } from './check.ts'
import { compileCatalogue } from './compile.ts'
import { exampleCore, exampleCrm, exampleEntity } from '../testing/example.ts'
import type { ModuleSource } from './sources.ts'
import type { Permission } from './types.ts'
import { compiledValidate } from './validate.ts'

/** What roles may do, in words of their own. */
const validate = compiledValidate()
type Part = Readonly<Record<string, unknown>>
const sources = (permission: Part, properties: Part = {}): ModuleSource[] => [
  exampleCore,
  exampleCrm({
    'entities/deal.json': exampleEntity(
      {
        amount: { 'x-bos': { type: 'decimal', scale: 2 } },
        stage: {
          enum: ['new', 'won'],
          'x-bos': { lifecycle: { transitions: { win: { to: 'won' }, reopen: { from: ['won'], to: 'new' } } } },
        },
        items: { 'x-bos': { type: 'lines', entity: 'crm.item' } },
        age: { 'x-bos': { type: 'integer', compute: 'today - date(self.created_at)' } },
        ...properties,
      },
      { use: ['core.owned'], permissions: { 'crm.rep': { scope: 'all', ...permission } } },
    ),
    'entities/item.json': exampleEntity({ quantity: { type: 'integer' } }, { kind: 'line' }),
  }),
]
const faultsOf = (permission: Part): string[] =>
  check(sources(permission), validate).map(({ pointer, detail }) => `${pointer.replace('/x-bos/permissions/crm.rep/', '')}: ${detail}`)
const compiled = (permission: Part): Permission => {
  expect(faultsOf(permission)).toEqual([])
  return compileCatalogue(sources(permission), 'test').entities.get('crm.deal')!.permissions.get('crm.rep')!
}

test.each([
  [{ update: "self.stag != 'won'" }, ['update: at "stag" (character 6): Thing has no "stag". Did you mean "stage"?']],
  [{ update: "self.stage != 'wn'" }, [`update: at "'wn'" (character 15): "wn" is not an option. Did you mean "won"?`]],
  [{ delete: 'self.amount' }, ['delete: this is a number, but true or false is needed here: compare it with something']],
  [{ read: 'self.amount <' }, ['read: a value is missing here']],
  [{ update: "old.stage == 'won'" }, ['update: at "old" (character 1): old cannot be used here']],
  [{ transitions: { win: 'self.amont > 1' } }, ['transitions/win: at "amont" (character 6): Thing has no "amont". Did you mean "amount"?']],
  [{ transitions: { wins: 'self.amount > 1' } }, ['transitions/wins: there is no transition "wins". Did you mean "win"?']],
  [{ list: 'self.amount > 1', get: 'self.nothing' }, ['get: at "nothing" (character 6): Thing has no "nothing".']],
])('%j', (permission, faults) => {
  expect(faultsOf(permission)).toEqual(faults)
})

test('each action has its own; read says it of list, get and history, unless they say more', () => {
  const { actions, conditions } = compiled({ read: 'self.amount < 5', get: true, list: false, update: "self.stage != 'won'", export: true })
  expect([...actions].sort()).toEqual(['export', 'get', 'history', 'update'])
  expect([...conditions.keys()]).toEqual(['update', 'history'])
})

test('what is not stored stands in conditions in its own place', () => {
  const { conditions } = compiled({ update: 'self.age < 30' })
  expect([...(conditions.get('update')!.dependencies.roots.get('self')?.values ?? [])]).toEqual(['created_at'])
})

test('a transition is run as records are updated, or as the permission says of it', () => {
  const own = compiled({ update: 'self.amount < 5', transitions: { win: 'self.amount > 1' } })
  expect([
    [...own.transitions].sort(),
    own.guards.get('win') === undefined,
    own.guards.get('reopen') === own.conditions.get('update'),
  ]).toEqual([['reopen', 'win'], false, true])
})

test('what is masked, and what is shown of derived values, is there', () => {
  const mask = { name: { unless: "self.name == 'x'" }, nam: { unless: 'true' }, 'items.quantity': { unless: 'self.nme' } }
  expect(faultsOf({ read: true, hide: ['age'], mask, show: ['amount', 'nome', 'age'] })).toEqual([
    'mask/nam: crm.deal has no property "nam". Did you mean "name"?',
    'show/0: "amount" is not made of anything: only derived values are shown',
    'show/1: crm.deal has no property "nome". Did you mean "name"?',
    'show/2: "age" is hidden from this role',
    'mask/items.quantity/unless: at "nme" (character 6): Thing has no "nme". Did you mean "name"?',
  ])
})
