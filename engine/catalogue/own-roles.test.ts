import { describe, expect, test } from 'vitest'
import type { Permission as PermissionNode } from '../../metadata/entity.d.ts'
import { check, symbolsOfChecked } from './check.ts'
import { compileCatalogue } from './compile.ts'
import { exampleCore, exampleCrm, exampleEntity, exampleModule } from '../testing/example.ts'
import { RoleCompiler } from './own-roles.ts'
import type { StoredPermission } from './role-document.ts'
import type { ModuleSource } from './sources.ts'
import { compiledValidate } from './validate.ts'

/** A tenant's permission goes through renames and removals of what it names: it follows, or it denies and says so. */
const validate = compiledValidate()
const crm = (properties: object, settings: object = {}): ModuleSource =>
  exampleCrm({ 'entities/deal.json': exampleEntity(properties as Record<string, unknown>, { use: ['core.owned'], ...settings }) })
const before = {
  margin: { type: 'integer' },
  cost: { type: 'integer' },
  stage: { enum: ['open', 'won'], 'x-bos': { lifecycle: { transitions: { win: { to: 'won' } } } } },
}
const file = { permissions: { 'crm.rep': { scope: 'own', read: true, update: true } } }
const sets = (source: ModuleSource): readonly ModuleSource[] => [exampleCore, source]

function compilerOf(source: ModuleSource): RoleCompiler {
  const sources = sets(source)
  expect(check(sources, validate)).toEqual([])
  return new RoleCompiler(compileCatalogue(sources, 'base'), symbolsOfChecked(sources), validate)
}
const intern = { id: 'tenant.intern', title: 'Intern' }
/** As it comes back from the database, which has an order of its own for keys. */
const kept = (document: StoredPermission): StoredPermission =>
  JSON.parse(JSON.stringify(document), (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).toReversed()) : value,
  ) as StoredPermission
function store(compiler: RoleCompiler, document: object, role = intern.id): StoredPermission {
  const outcome = compiler.read({ roles: [intern], permissions: [] }, role, 'crm.deal', document)
  if ('faults' in outcome) throw new Error(JSON.stringify(outcome.faults))
  return kept(outcome.stored)
}
function under(source: ModuleSource, document: StoredPermission, role = intern.id) {
  const catalogue = compilerOf(source).under({ roles: [intern], permissions: [{ role, entity: 'crm.deal', document }] }, 'edited')
  const own = catalogue.own?.permissions.get('crm.deal')?.get(role)
  return { catalogue, permission: catalogue.entities.get('crm.deal')?.permissions.get(role), own }
}
const said: PermissionNode = {
  scope: ['own'],
  read: 'self.margin > 0 || self.stage == "won"',
  update: 'self.cost > 1',
  delete: true,
  transitions: { win: 'self.margin > 5' },
  hide: ['cost'],
  readOnly: ['margin'],
}

describe('a permission that a tenant gives', () => {
  test('means what it would mean in the entity’s file', () => {
    const stored = store(compilerOf(crm(before, file)), said)
    const { permission, own } = under(crm(before, file), stored)
    expect(own).toEqual({ document: { ...said, read: "self.margin > 0 || self.stage == 'won'" }, faults: [] })
    const inFile = compileCatalogue(sets(crm(before, { permissions: { ...file.permissions, 'crm.rep': said } })), 'file')
    const expected = inFile.entities.get('crm.deal')!.permissions.get('crm.rep')!
    // Where expressions stand in their text is all that may differ: formatting has one style.
    const plain = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value, (key, each: unknown) =>
          key === 'start' || key === 'end' || key === 'nameSpan'
            ? undefined
            : each instanceof Map || each instanceof Set
              ? [...each]
              : each,
        ),
      )
    expect(plain({ ...permission, role: '' })).toEqual(plain({ ...expected, role: '' }))
  })

  test('follows renames of fields and transitions', () => {
    const stored = store(compilerOf(crm(before, file)), said)
    const renamed = {
      profit: { type: 'integer', 'x-bos': { id: 'margin' } },
      // Another one takes the old name.
      cost: { type: 'integer', 'x-bos': { id: 'cost2' } },
      expense: { type: 'integer', 'x-bos': { id: 'cost' } },
      state: { enum: ['open', 'won'], 'x-bos': { id: 'stage', lifecycle: { transitions: { close: { id: 'win', to: 'won' } } } } },
    }
    const { permission, own } = under(crm(renamed, file), stored)
    expect(own).toEqual({
      document: {
        scope: ['own'],
        read: "self.profit > 0 || self.state == 'won'",
        update: 'self.expense > 1',
        delete: true,
        transitions: { close: 'self.profit > 5' },
        hide: ['expense'],
        readOnly: ['profit'],
      },
      faults: [],
    })
    expect([...permission!.hide]).toEqual(['cost'])
    expect([...permission!.transitions]).toEqual(['win'])
  })

  test('denies what hangs on what is gone, says so, and opens nothing', () => {
    const stored = store(compilerOf(crm(before, file)), said)
    // A new field has the name, and is not the one that was meant.
    const { permission, own } = under(crm({ stage: before.stage, cost: { type: 'integer', 'x-bos': { id: 'cost2' } } }, file), stored)
    expect(own!.faults.map(({ pointer }) => pointer).sort()).toEqual(['/hide/0', '/read', '/readOnly/0', '/transitions/win', '/update'])
    expect([...permission!.actions]).toEqual(['delete'])
    expect([...permission!.transitions]).toEqual([])
  })

  test('has no rows in a scope that is gone, and is nothing without one', () => {
    const compiler = compilerOf(crm(before, file))
    const one = store(compiler, { scope: 'own', read: true })
    const two = store(compiler, { scope: ['own', 'all'], read: true })
    const without = crm(before, { use: [], permissions: {} })
    expect(under(without, one)).toMatchObject({ permission: undefined, own: { faults: [{ pointer: '/scope' }] } })
    expect([...under(without, two).permission!.scopes]).toEqual(['all'])
    // A role of the module's, of which the tenant said something, does not fall back to what the module says.
    expect(
      under(crm(before, { use: [], permissions: { 'crm.rep': { scope: 'all', read: true } } }), one, 'crm.rep').permission,
    ).toBeUndefined()
  })

  test('of an entity, or role, that is gone grants nothing and breaks nothing', () => {
    const stored = store(compilerOf(crm(before, file)), said)
    const gone = exampleModule('crm', {
      'module.json': { id: 'crm', version: '2.0.0', metamodel: 1, title: 'CRM', depends: { core: '^1.0.0' } },
    })
    const { catalogue, own } = under(gone, stored)
    expect([catalogue.entities.has('crm.deal'), own]).toEqual([false, undefined])
    expect(under(crm(before, {}), stored, 'crm.boss').permission).toBeUndefined()
  })

  test('that nobody can make sense of any more denies, whatever it was', () => {
    const stored = store(compilerOf(crm(before, file)), said)
    for (const broken of [
      {},
      { ...stored, hide: 'all' },
      { ...stored, grants: { read: { kind: 'yes' } } },
      { ...stored, mask: null },
      null,
    ]) {
      const { permission, own } = under(crm(before, file), broken as StoredPermission)
      expect([permission, own!.faults.length]).toEqual([undefined, 1])
    }
  })

  test('takes a transition away that a role has by the lifecycle', () => {
    const named = {
      ...before,
      stage: { enum: ['open', 'won'], 'x-bos': { lifecycle: { transitions: { win: { to: 'won', roles: ['crm.rep'] } } } } },
    }
    const compiler = compilerOf(crm(named, file))
    const silent = store(compiler, { scope: 'own', read: true }, 'crm.rep')
    const taken = store(compiler, { scope: 'own', read: true, transitions: { win: false } }, 'crm.rep')
    expect([...under(crm(named, file), silent, 'crm.rep').permission!.transitions]).toEqual(['win'])
    expect([...under(crm(named, file), taken, 'crm.rep').permission!.transitions]).toEqual([])
  })
})

test('no module has the name that roles of tenants begin with', () => {
  const module = exampleModule('tenant', {
    'module.json': { id: 'tenant', version: '1.0.0', metamodel: 1, title: 'T', roles: [{ id: 'tenant.intern', title: 'I' }] },
  })
  expect(check([exampleCore, module], validate).map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/^"tenant" cannot be a name: it is reserved/),
  ])
})
