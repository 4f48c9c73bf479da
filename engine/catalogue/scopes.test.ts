import { expect, test } from 'vitest'
import { check } from './check.ts'
import { compileCatalogue } from './compile.ts'
import { exampleCore, exampleEntity, exampleModule } from '../testing/example.ts'
import type { ModuleSource } from './sources.ts'
import type { RowScope } from './types.ts'
import { compiledValidate } from './validate.ts'

const validate = compiledValidate()
const toMember = { 'x-bos': { type: 'reference', entity: 'core.member' } }
/** A trait with a property `by` and these scopes. */
const trait = (...scopes: object[]): object => ({
  title: 'Reviewed',
  properties: { by: toMember, note: { type: 'string' } },
  'x-bos': { scopes },
})
const onlyOne = 'says with exactly one of member, company, shared, where which rows it has'
const reviewer = { id: 'reviewer', title: 'Reviewed by me', member: 'by' }

function crm(files: Readonly<Record<string, unknown>>): ModuleSource[] {
  const file = { id: 'crm', version: '1.0.0', metamodel: 1, title: 'CRM', depends: { core: '^1.0.0' } }
  return [exampleCore, exampleModule('crm', { 'module.json': { ...file, roles: [{ id: 'crm.rep', title: 'Rep' }] }, ...files })]
}
const faultsOf = (files: Readonly<Record<string, unknown>>): string[] =>
  check(crm(files), validate).map((fault) => `${fault.file}:${fault.pointer}: ${fault.detail}`)
/** A deal with traits, on which `crm.rep` has `scope`. */
const deal = (scope: string | readonly string[], use: readonly string[] = [], more: object = {}): Record<string, unknown> => ({
  'entities/deal.json': exampleEntity({}, { use, permissions: { 'crm.rep': { scope, read: true } }, ...more }),
})
const at = 'crm/entities/deal.json:/x-bos'
const others = 'a row policy reads the record itself and the record of who asks, and no others'
const traitAt = 'crm/traits/reviewed.json:/x-bos/scopes'

test.each<[name: string, files: Readonly<Record<string, unknown>>, faults: readonly string[]]>([
  [
    'a scope that is misspelt',
    deal('onw', ['core.owned']),
    [`${at}/permissions/crm.rep/scope: there is no scope "onw". Did you mean "own"?`],
  ],
  ['a scope of a trait that is not used', deal('own'), [`${at}/permissions/crm.rep/scope: the scope own needs the trait core.owned`]],
  ['the scope of lines', deal('parent'), [`${at}/permissions/crm.rep/scope: there is no scope "parent"`]],
  [
    'one of several scopes that is misspelt',
    deal(['own', 'al'], ['core.owned']),
    [`${at}/permissions/crm.rep/scope/1: there is no scope "al". Did you mean "all"?`],
  ],
  [
    'a scope of its own that cannot be understood, which has one fault and not two',
    deal('mine', [], { scopes: [{ id: 'mine', title: 'Mine', where: "self.nme == 'x'" }] }),
    [`${at}/scopes/0/where: at "nme" (character 6): Thing has no "nme". Did you mean "name"?`],
  ],
  [
    'a scope beside a trait that nobody knows',
    deal('own', ['core.ownd']),
    [`${at}/use/0: there is no trait "core.ownd". Did you mean "core.owned"?`],
  ],
  [
    'a scope of its own that reads more than the row and who asks',
    {
      'entities/deal.json': exampleEntity(
        {
          by: toMember,
          tags: { 'x-bos': { type: 'references', entity: 'core.tag' } },
          lines: { 'x-bos': { type: 'lines', entity: 'crm.deal_line' } },
          boss: { type: 'string', 'x-bos': { lookup: 'self.by.name' } },
          due: { type: 'string', format: 'date' },
          late: { type: 'boolean', 'x-bos': { compute: 'self.due < today' } },
        },
        {
          scopes: [
            { id: 'a', title: 'A', where: "self.by.name == 'x'" },
            { id: 'b', title: 'B', where: 'exists(self.lines, l, l.name != null)' },
            { id: 'c', title: 'C', where: 'size(self.tags) > 0' },
            { id: 'd', title: 'D', where: "self.boss == 'x'" },
            { id: 'e', title: 'E', where: 'self.late' },
          ],
        },
      ),
      'entities/deal_line.json': exampleEntity({}, { kind: 'line', scopes: [{ id: 'h', title: 'H', where: 'true' }] }),
    },
    [
      `${at}/scopes/0/where: it follows "by": ${others}`,
      `${at}/scopes/1/where: it follows "lines": ${others}`,
      `${at}/scopes/2/where: it follows "tags": ${others}`,
      `${at}/scopes/3/where: it follows "by": ${others}`,
      `${at}/scopes/4/where: it depends on today: a scope hangs on the record and on who asks alone`,
      'crm/entities/deal_line.json:/x-bos/scopes: a line has the scopes of its document',
    ],
  ],
  [
    'a scope of its own of what is no condition, or of the past',
    deal('all', [], {
      scopes: [
        { id: 'a', title: 'A', where: 'self.name' },
        { id: 'b', title: 'B', where: 'today == today' },
        { id: 'c', title: 'C', member: 'by' },
        { id: 'all', title: 'D', where: 'true' },
      ],
    }),
    [
      `${at}/scopes/2/member: there is no property "by" in this entity`,
      `${at}/scopes/3/id: "all" cannot be an id: it is reserved: every entity has it, or every line`,
      `${at}/scopes/0/where: this is text, but true or false is needed here: compare it with something`,
      `${at}/scopes/1/where: at "today" (character 1): today cannot be used here`,
    ],
  ],
  [
    'a scope of its own that a trait brings, twice, or with too many others',
    deal('own', ['core.owned'], { scopes: ['own', 'x', 'x', 'a', 'b', 'c', 'd'].map((id) => ({ id, title: 'T', where: 'true' })) }),
    [
      `${at}/scopes/2/id: the id "x" stands here twice`,
      `${at}/scopes/0/id: core.owned brings a scope "own" already`,
      `${at}/scopes: has 9 scopes; a row policy takes at most 8`,
    ],
  ],
  [
    'a trait with a scope that the entity which uses it does not understand',
    { ...deal('open', ['crm.reviewed']), 'traits/reviewed.json': trait({ id: 'open', title: 'Open', where: 'self.nte == null' }) },
    [`${traitAt}/0/where: at "nte" (character 6): Thing has no "nte". Did you mean "note"?`],
  ],
  ['a trait with a scope of nothing', { 'traits/reviewed.json': trait({ id: 'open', title: 'Open' }) }, [`${traitAt}/0: ${onlyOne}`]],
  [
    'a trait with a scope of several sorts',
    { 'traits/reviewed.json': trait({ ...reviewer, shared: true }, { id: 'ours', title: 'Ours', shared: true, of: 'team' }) },
    [`${traitAt}/0: ${onlyOne}`, `${traitAt}/1/of: says whose "member" has to be, and there is none`],
  ],
  [
    'a trait with a scope of a company that is none',
    { 'traits/reviewed.json': trait({ id: 'ours', title: 'Ours', company: 'by' }) },
    [`${traitAt}/0/company: "by" is not a reference to core.company`],
  ],
  [
    'a trait whose scope names what is not there, or no member',
    { 'traits/reviewed.json': trait({ ...reviewer, member: 'note' }, { ...reviewer, id: 'other', member: 'bye' }) },
    [
      `${traitAt}/0/member: "note" is not a reference to core.member`,
      `${traitAt}/1/member: there is no property "bye" in this trait. Did you mean "by"?`,
    ],
  ],
  [
    'a trait that takes the names of others',
    { 'traits/reviewed.json': trait({ ...reviewer, id: 'all' }, reviewer, reviewer) },
    [
      `${traitAt}/0/id: "all" cannot be an id: it is reserved: every entity has it, or every line`,
      `${traitAt}/2/id: the id "reviewer" stands here twice`,
    ],
  ],
  [
    'two traits that bring one scope',
    { ...deal('own', ['core.owned', 'crm.reviewed']), 'traits/reviewed.json': trait({ ...reviewer, id: 'own' }) },
    [`${at}/use/1: crm.reviewed brings a scope "own", which core.owned brings already`],
  ],
  [
    'more scopes than a row policy takes',
    {
      ...deal('all', ['core.owned', 'crm.reviewed']),
      'traits/reviewed.json': trait(...Array.from({ length: 7 }, (_, i) => ({ ...reviewer, id: `r${i}` }))),
    },
    [`${at}/use: has 9 scopes; a row policy takes at most 8`],
  ],
])('%s', (_name, files, faults) => {
  expect(faultsOf(files)).toEqual(faults)
})

const scopesIn = (id: string, files: Readonly<Record<string, unknown>>): readonly RowScope[] | undefined => {
  expect(faultsOf(files)).toEqual([])
  return compileCatalogue(crm(files), 'hash').entities.get(id)?.scopes
}
const all = { id: 'all', title: 'All records', predicate: { kind: 'all' } }

test('an entity has the scope of every row, and those of its traits by field id', () => {
  expect(scopesIn('crm.deal', deal('all'))).toEqual([all])
  const reviewed = { ...trait(reviewer), properties: { by: { 'x-bos': { ...toMember['x-bos'], id: 'judge' } } } }
  expect(scopesIn('crm.deal', { ...deal('reviewer', ['core.owned', 'crm.reviewed']), 'traits/reviewed.json': reviewed })).toEqual([
    all,
    { id: 'own', title: 'Own', predicate: { kind: 'among', field: 'owner', set: 'self' } },
    { id: 'reviewer', title: 'Reviewed by me', predicate: { kind: 'among', field: 'judge', set: 'self' } },
  ])
})

test('a scope says whose records it has: of a team, of a company, what was shared', () => {
  const wide = trait({ ...reviewer, of: 'team' }, { id: 'ours', title: 'Ours', shared: true })
  expect(scopesIn('crm.deal', { ...deal(['reviewer', 'ours'], ['crm.reviewed']), 'traits/reviewed.json': wide })).toEqual([
    all,
    { id: 'reviewer', title: 'Reviewed by me', predicate: { kind: 'among', field: 'by', set: 'team' } },
    { id: 'ours', title: 'Ours', predicate: { kind: 'among', field: null, set: 'shared' } },
  ])
})

test('lines and links have the scope of their document', () => {
  const files = {
    'entities/deal.json': exampleEntity({ lines: { 'x-bos': { type: 'lines', entity: 'crm.deal_line' } } }, { use: ['core.taggable'] }),
    'entities/deal_line.json': exampleEntity({}, { kind: 'line' }),
  }
  for (const id of ['crm.deal_line', 'crm.deal.tags']) expect(scopesIn(id, files)).toMatchObject([{ predicate: { kind: 'parent' } }])
})
