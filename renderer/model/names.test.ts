import { beforeAll, describe, expect, it } from 'vitest'
import { compileCatalogue } from '../../engine/catalogue/compile.ts'
import { catalogueHash, fromStored, loadModules } from '../../engine/catalogue/load.ts'
import type { Catalogue } from '../../engine/catalogue/types.ts'
import { compileExpression } from '../../engine/expressions/check.ts'
import { complete } from '../../engine/expressions/complete.ts'
import type { Context } from '../../engine/expressions/terms.ts'
import { catalogueView } from '../../engine/http/catalogue-view.ts'
import { accessFor } from '../../engine/records/access.ts'
import { callersContext } from '../../engine/records/caller-names.ts'
import type { Actor } from '../../engine/records/types.ts'
import { worksFiles } from '../../engine/testing/works.ts'
import type { CatalogueView } from '../api/catalogue.ts'
import { catalogue as sketched } from '../testing/metadata.ts'
import { contextOf } from './names.ts'

/** The names in the browser are those by which the server reads a text: of everybody, in every entity. */
let compiled: Catalogue
beforeAll(async () => {
  const sources = [...(await loadModules('modules-json')), fromStored('works', { files: worksFiles })]
  compiled = compileCatalogue(sources, catalogueHash(sources))
})

/** As it arrives: what is no JSON is not there. */
function viewOf(roles: readonly string[]): CatalogueView {
  const { tenant, me } = sketched()
  const actor: Pick<Actor, 'roles'> = { roles }
  const plain: unknown = JSON.parse(JSON.stringify(catalogueView(compiled, actor as Actor, { tenant, me })))
  return plain as CatalogueView
}

const shapesIn = ({ names, settings, roots }: Context) => ({
  settings,
  roots: [...roots],
  shapes: [...names.entityNames].map((fullName) => {
    const { byName: _byName, byId: _byId, ...shape } = names.shape(names.entityNamed(fullName)!)!
    return [fullName, shape]
  }),
})

describe.each([
  ['an administrator', ['core.admin']],
  ['a manager', ['core.user', 'crm.manager', 'inventory.manager', 'core.manager']],
  ['a rep', ['core.user', 'crm.rep', 'inventory.clerk']],
  ['a works user', ['core.user', 'works.user']],
  ['nobody', []],
])('%s', (_, roles) => {
  it('has the names in the browser that the server reads', () => {
    const here = shapesIn(contextOf(viewOf(roles), 'crm.deal'))
    expect(here).toEqual(shapesIn(callersContext(accessFor(compiled, roles), 'crm.deal')))
    expect(here.shapes.length > 0).toBe(roles.length > 0)
  })
})

it('the entities a caller can name are there every time one asks', () => {
  const { names } = callersContext(accessFor(compiled, ['core.admin']), 'crm.deal')
  expect([...names.entityNames]).toEqual([...names.entityNames])
})

it('every entity that is offered can be written', () => {
  const context = callersContext(accessFor(compiled, ['core.admin']), 'crm.deal')
  const offered = complete('crm', 3, context).items.filter(({ kind }) => kind === 'entity')
  expect(offered.map(({ label }) => label)).toContain('crm.company')
  for (const { insert } of offered)
    expect(compileExpression(`exists(filter(${insert}, x, x.id == 'a'), y, true)`, context, { kind: 'boolean' }).faults, insert).toBe(
      undefined,
    )
})

it('a field that a role hides has no name', () => {
  const margin = (roles: readonly string[]): unknown => contextOf(viewOf(roles), 'crm.deal').names.shape('crm.deal')?.byName('margin')
  expect(margin(['core.user', 'crm.rep'])).toBe(undefined)
  expect(margin(['core.admin'])).toMatchObject({ kind: 'value' })
})
