import { expect, test } from 'vitest'
import { check, symbolsOfChecked } from './check.ts'
import { sightWarnings } from './check-sight.ts'
import { compileCatalogue } from './compile.ts'
import { exampleCore, exampleCrm, exampleEntity } from '../testing/example.ts'
import { compiledValidate } from './validate.ts'

/** What rules and conditions read that somebody who may write does not see. */
type Part = Readonly<Record<string, unknown>>
const rule = { id: 'cheap', when: 'self.size > 1', assert: 'self.cost < 10', message: 'Too dear.' }
function warningsOf(permission: Part, more: { properties?: Part; rules?: readonly Part[]; traits?: readonly string[] } = {}): string[] {
  const sources = [
    exampleCore,
    exampleCrm({
      'entities/deal.json': exampleEntity(
        {
          cost: { type: 'integer' },
          size: { type: 'integer' },
          twice: { 'x-bos': { type: 'integer', compute: 'self.cost * 2' } },
          items: { 'x-bos': { type: 'lines', entity: 'crm.item' } },
          ...more.properties,
        },
        { permissions: { 'crm.rep': { scope: 'all', ...permission } }, rules: more.rules ?? [rule], use: more.traits ?? [] },
      ),
      'traits/dear.json': { title: 'Dear', type: 'object', properties: { mark: { type: 'string' } }, 'x-bos': { rules: [rule] } },
      'entities/item.json': exampleEntity(
        { quantity: { type: 'integer', 'x-bos': { requiredWhen: 'self.parent.size > 1' } } },
        { kind: 'line' },
      ),
      'entities/other.json': exampleEntity({ cost: { type: 'integer' } }, { plural: 'others' }),
    }),
  ]
  expect(check(sources, compiledValidate())).toEqual([])
  return sightWarnings(compileCatalogue(sources, 'h'), symbolsOfChecked(sources)).map(
    ({ file, pointer, detail }) => `${file}:${pointer}: ${detail.split(':')[1]!.split(';')[0]!.trim()}`,
  )
}

test('what every writer sees is worth no word, nor what those cannot see who only read', () => {
  expect(warningsOf({ read: true, update: true })).toEqual([])
  expect(warningsOf({ read: true, hide: ['cost'] })).toEqual([])
})
test('hidden, masked, and made of what is', () => {
  const at = 'crm/entities/deal.json:/x-bos/rules/0'
  expect(warningsOf({ read: true, update: true, hide: ['cost'] })).toEqual([`${at}: cost (crm.rep)`])
  expect(warningsOf({ read: true, create: true, mask: { cost: { unless: 'self.size < 1' } } })).toEqual([`${at}: cost (crm.rep)`])
  const derived = { rules: [{ ...rule, assert: 'self.twice < 10' }] }
  expect(warningsOf({ read: true, update: true, hide: ['cost'] }, derived)).toEqual([`${at}: twice (crm.rep)`])
  expect(warningsOf({ read: true, update: true, hide: ['cost'], show: ['twice'] }, derived)).toEqual([])
})
test('conditions and defaults, of lines too, and entities that a role does not read', () => {
  const properties = {
    link: { 'x-bos': { type: 'reference', entity: 'crm.other', onDelete: 'setNull' } },
    plan: { type: 'integer', 'x-bos': { default: 'self.link.cost', visibleWhen: 'self.size > 0' } },
  }
  expect(warningsOf({ read: true, update: true, hide: ['size'] }, { properties, rules: [] })).toEqual([
    'crm/entities/deal.json:/properties/plan/x-bos/default: crm.other, crm.other.cost (crm.rep)',
    'crm/entities/deal.json:/properties/plan/x-bos/visibleWhen: size (crm.rep)',
    'crm/entities/item.json:/properties/quantity/x-bos/requiredWhen: crm.deal.size (crm.rep)',
  ])
})

test('guards, what transitions give and do, and which records may be chosen; rules of a trait in its file', () => {
  const going = {
    to: 'won',
    guard: 'self.cost < 10',
    set: { size: 'self.cost' },
    effects: [{ create: { entity: 'crm.other', when: 'self.cost > 1', set: { name: 'self.name', cost: 'self.twice' } } }],
  }
  const properties = {
    stage: { enum: ['new', 'won'], 'x-bos': { lifecycle: { transitions: { win: going } } } },
    link: { 'x-bos': { type: 'reference', entity: 'self', where: 'target.cost < 10' } },
    taken: { 'x-bos': { type: 'integer', copy: { from: 'self.link.cost' } } },
  }
  const win = 'crm/entities/deal.json:/properties/stage/x-bos/lifecycle/transitions/win'
  expect(warningsOf({ read: true, update: true, hide: ['cost'] }, { properties, rules: [], traits: ['crm.dear'] })).toEqual([
    'crm/entities/deal.json:/properties/link/x-bos/where: cost (crm.rep)',
    'crm/entities/deal.json:/properties/taken/x-bos/copy: cost (crm.rep)',
    'crm/traits/dear.json:/x-bos/rules/0: cost (crm.rep)',
    `${win}/guard: cost (crm.rep)`,
    `${win}/set/size: cost (crm.rep)`,
    `${win}/effects/0/create/when: cost (crm.rep)`,
    `${win}/effects/0/create/set/cost: twice (crm.rep)`,
  ])
})
