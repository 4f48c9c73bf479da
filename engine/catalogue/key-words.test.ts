import { describe, expect, test } from 'vitest'
import { check } from './check.ts'
import { compileCatalogue } from './compile.ts'
import { exampleCore, exampleEntity, exampleModule } from '../testing/example.ts'
import type { ModuleSource } from './sources.ts'
import { findsOne } from './types.ts'
import { compiledValidate } from './validate.ts'

/** Of which records a unique key is. */
type Part = Readonly<Record<string, unknown>>
function sources(when: string, more: Part = {}): ModuleSource[] {
  const properties = {
    amount: { type: 'integer' },
    day: { type: 'string', format: 'date' },
    at: { type: 'string', format: 'date-time' },
    stage: { enum: ['new', 'won'] },
    other: { 'x-bos': { type: 'reference', entity: 'self', inverse: 'others' } },
    several: { 'x-bos': { type: 'references', entity: 'crm.deal' } },
    twice: { 'x-bos': { type: 'integer', compute: 'self.amount * 2' } },
    late: { type: 'boolean', 'x-bos': { compute: 'self.day < today' } },
    theirs: { 'x-bos': { type: 'integer', lookup: 'self.other.amount' } },
    ...more,
  }
  const key = { id: 'name', fields: ['name'], when }
  const file = { id: 'crm', version: '1.0.0', metamodel: 1, title: 'CRM', depends: { core: '^1.0.0' } }
  return [exampleCore, exampleModule('crm', { 'module.json': file, 'entities/deal.json': exampleEntity(properties, { unique: [key] }) })]
}
const faultsOf = (...parts: Parameters<typeof sources>): string[] =>
  check(sources(...parts), compiledValidate()).map(({ pointer, detail }) => `${pointer}: ${detail}`)

const instead =
  'the condition of a key compares stored values of the record with each other or with fixed ones; let a "compute" work out the rest, and compare that'
const at = '/x-bos/unique/0/when'

describe('the condition of a key is refused', () => {
  test.each<[when: string, why: string]>([
    ['self.stagee == 1', `at "stagee" (character 6): Thing has no "stagee". Did you mean "stage"?`],
    ['self.amount', `this is a number, but true or false is needed here: compare it with something`],
    ['self.other.amount > 1', `it follows "other": ${instead}`],
    ['self.theirs > 1', `it follows "other": ${instead}`],
    ['exists(self.others, o, o.amount > 1)', `it follows "crm.deal/other": ${instead}`],
    ['size(self.several) > 1', `it follows "several": ${instead}`],
    ['self.amount * 2 > 1', `it uses *: ${instead}`],
    ["lower(self.name) == 'x'", `it uses lower: ${instead}`],
    ["date(self.at) == '2026-01-01'", `it uses date: ${instead}`],
  ])('%s', (when, why) => {
    expect(faultsOf(when)).toEqual([`${at}: ${why}`])
  })

  test.each(['user.active', 'self.day < today', 'self.at < now', "tenant.name == 'x'", 'self.late'])('%s', (when) => {
    const faults = faultsOf(when)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(/^\/x-bos\/unique\/0\/when: /)
  })
})

test('a key of some records finds none: nothing is searched by it, and effects do not go by it', () => {
  const when = "self.stage == 'new' && self.twice > 3"
  expect(faultsOf(when)).toEqual([])
  const [key] = compileCatalogue(sources(when), 'h').entities.get('crm.deal')!.unique
  expect([key!.when === null, findsOne(key!)]).toEqual([false, false])
  const found = faultsOf(when, { first: { 'x-bos': { type: 'integer', lookup: "first(crm.deal, d, d.name == 'x').amount" } } })
  expect(found).toEqual([expect.stringMatching(/^\/properties\/first\/x-bos\/lookup: .*key/)])
  const effects = [{ update: { entity: 'crm.deal', key: { name: 'self.name' }, set: { amount: '1' } } }]
  const state = { enum: ['a', 'b'], 'x-bos': { lifecycle: { transitions: { go: { from: ['a'], to: 'b', effects } } } } }
  expect(faultsOf(when, { state })).toEqual([expect.stringMatching(/effects\/0\/update\/key: the properties of a unique key/)])
})
