import { symbolsOfChecked } from './check.ts'
import { dependantsOf } from './dependants.ts'
import { displayOf, viewsOf } from './compile-display.ts'
import { titleProperty } from './compile-field.ts'
import { compileFields, linkEntity } from './compile-fields.ts'
import { compileLogic } from './logic.ts'
import { permissionsOf } from './compile-permissions.ts'
import { schemasOf } from './compile-schemas.ts'
import type { WithoutSchemas } from './compile-schemas.ts'
import { related, relationsOf } from './relations.ts'
import type { Relations } from './relations.ts'
import { scopesOf } from './scopes.ts'
import type { ModuleSource } from './sources.ts'
import { isDocument } from './symbols.ts'
import type { EntityDraft, ModuleDraft, Symbols } from './symbols.ts'
import type { Catalogue, Entity, Field, Inverse, Module, Role, UniqueKey } from './types.ts'

/**
 * Compiles the sources of one set of enabled modules, in which `check` found no fault, to a frozen catalogue. Pure and
 * deterministic: equal sources give equal catalogues, whatever the order they come in. `hash` names the set.
 */
export function compileCatalogue(sources: readonly ModuleSource[], hash: string): Catalogue {
  const symbols = symbolsOfChecked([...sources].sort((a, b) => (a.id < b.id ? -1 : 1)))
  const roles = new Map([...symbols.roles.values()].map((role): [string, Role] => [role.id, Object.freeze({ ...role })]))
  const relations = relationsOf(symbols)
  const shells = new Map<string, WithoutSchemas>()
  for (const draft of symbols.entities.values()) {
    const entity = compileEntity(draft, symbols, relations)
    shells.set(entity.id, entity)
    for (const field of entity.fields) {
      const link = linkEntity(entity, field, symbols)
      if (link !== null) shells.set(link.id, { ...link, ...related(link.id, relations) })
    }
  }
  const parents = parentsOf(shells)
  applyLogic(shells, symbols, parents, roles)
  const entities = new Map(
    [...shells.values()].map((shell): [string, Entity] => {
      const parent = parents.get(shell.id) ?? null
      return [shell.id, deepFreeze({ ...shell, parent, schemas: schemasOf(shell, shells) })]
    }),
  )
  const routes = new Map(
    [...entities.values()]
      .filter((entity) => !entity.link)
      .map((entity): [string, Entity] => [`${entity.module}/${entity.plural}`, entity]),
  )
  const modules = new Map(
    [...symbols.modules.values()].map((module): [string, Module] => [module.id, compileModule(module, symbols, roles, entities)]),
  )
  return Object.freeze({ hash, modules, entities, routes, roles, dependants: dependantsOf(entities) })
}

function compileModule(
  module: ModuleDraft,
  symbols: Symbols,
  roles: ReadonlyMap<string, Role>,
  entities: ReadonlyMap<string, Entity>,
): Module {
  const { node } = module
  return deepFreeze({
    id: module.id,
    version: node.version,
    hash: module.hash,
    title: node.title,
    icon: node.icon ?? 'box',
    depends: Object.keys(node.depends ?? {}),
    roles: [...roles.values()].filter((role) => role.module === module.id),
    defaultRole: node.defaultRole ?? null,
    menu: (node.menu ?? []).map((item) => {
      const entity = symbols.entities.get(item.entity)?.id ?? item.entity
      const view = item.view === undefined ? null : (symbols.views.get(item.view)?.id ?? null)
      return { entity, title: item.title ?? entities.get(entity)?.pluralTitle ?? item.entity, view }
    }),
  })
}

function compileEntity(draft: EntityDraft, symbols: Symbols, relations: Relations): WithoutSchemas {
  const own = draft.node['x-bos'] ?? {}
  const fields = compileFields(draft, symbols)
  const fieldByName = new Map(fields.map((field) => [field.name, field]))
  const named = (name: string): Field => {
    const field = fieldByName.get(name)
    if (field === undefined) throw new Error(`${draft.fullName} has no field ${name}: its sources were not checked`)
    return field
  }
  const title = draft.node.title
  const pluralTitle = own.pluralTitle ?? englishPlural(title)
  const titled = draft.node['x-bos']?.titleField ?? titleProperty(draft)?.name
  const titleField = titled === undefined ? null : named(titled)
  const treeField = [...draft.properties.values()].find((property) => property.node['x-bos']?.treeOf !== undefined)
  const unique = (own.unique ?? []).map((key): UniqueKey => ({
    id: key.id,
    fields: key.fields.map((name) => (isDocument(draft, name) ? name : named(name).id)),
    ignoreCase: key.ignoreCase ?? false,
    noOverlap: key.noOverlap === undefined ? null : [named(key.noOverlap[0]).id, named(key.noOverlap[1]).id],
    when: null,
  }))
  const scopes = scopesOf(draft)
  const shown = { id: draft.id, name: draft.name, kind: draft.kind, plural: draft.plural, title, pluralTitle, fields, titleField }
  const { inverses, referencedBy } = related(draft.id, relations)
  const module = symbols.modules.get(draft.module)
  const foreign = [...inverses].filter(([, inverse]) => !module?.sees.has(inverse.entity.split('.')[0] ?? '')).map(([name]) => name)
  const display = displayOf(shown, module?.displays.get(draft.name)?.node, [...inverses.keys()], foreign)
  return {
    ...shown,
    module: draft.module,
    description: draft.node.description ?? '',
    layer: draft.module === 'core' ? 'core' : 'module',
    table: { schema: draft.module, name: draft.id.slice(draft.module.length + 1) },
    fieldByName,
    fieldById: new Map(fields.map((field) => [field.id, field])),
    search: (own.search ?? []).map(named),
    unique,
    permissions: new Map(),
    rules: [],
    lifecycles: [],
    derivations: [],
    tree: treeField ? { parent: named(treeField.node['x-bos']?.treeOf ?? ''), path: named(treeField.name) } : null,
    scopes,
    parent: null,
    link: false,
    inverses,
    referencedBy,
    traits: draft.traits.map((trait) => trait.fullName),
    display,
    views: viewsOf(
      shown,
      [...symbols.views.values()].filter((view) => view.node.entity === draft.fullName),
      display,
    ),
  }
}

/** Fields are made before what expressions say of them is known, because that is said in terms of the fields. */
function applyLogic(
  shells: Map<string, WithoutSchemas>,
  symbols: Symbols,
  parents: ReadonlyMap<string, { readonly entity: string; readonly field: string }>,
  roles: ReadonlyMap<string, Role>,
): void {
  const { logics, steps } = compileLogic(symbols, (file, pointer, detail) => {
    throw new Error(`${file}:${pointer}: ${detail}`)
  })
  const documentOf = (entity: string): string => {
    const parent = parents.get(entity)
    return parent ? documentOf(parent.entity) : entity
  }
  const byDocument = Map.groupBy(steps, ({ entity }) => documentOf(entity))
  for (const [id, shell] of shells) {
    const said = logics.get(id)
    for (const [field, logic] of said?.fields ?? []) {
      const derived = logic.derivation
      Object.assign(shell.fieldById.get(field)!, {
        logic,
        ...(derived && { readOnly: !derived.overridable }),
        ...(derived?.stored === false && { columns: [] }),
      })
    }
    const { rules = [], lifecycles = [] } = said ?? {}
    shells.set(id, { ...shell, rules, lifecycles, derivations: byDocument.get(id) ?? [] })
  }
  // What is worked out when it is read refers to nothing that could not be deleted.
  const isStored = ({ entity, field }: Inverse): boolean => shells.get(entity)?.fieldById.get(field)?.logic?.derivation?.stored !== false
  for (const [id, shell] of shells) shells.set(id, { ...shell, referencedBy: shell.referencedBy.filter(isStored) })
  for (const draft of symbols.entities.values()) {
    const { permissions, scopes, keys } = logics.get(draft.id)!
    const shell = shells.get(draft.id)!
    const granted = permissionsOf(draft, symbols, roles, permissions)
    const unique = shell.unique.map((key) => ({ ...key, when: keys.get(key.id) ?? null }))
    shells.set(draft.id, { ...shell, permissions: granted, scopes: scopesOf(draft, scopes), unique })
  }
}

function parentsOf(entities: ReadonlyMap<string, WithoutSchemas>): Map<string, { entity: string; field: string }> {
  const parents = new Map<string, { entity: string; field: string }>()
  for (const entity of entities.values()) {
    for (const field of entity.fields)
      if (field.lines && !field.lines.through) parents.set(field.lines.entity, { entity: entity.id, field: field.id })
  }
  return parents
}

/** `Company` → `Companies`, `Address` → `Addresses`: by the rules of spelling, which know no exceptions. */
const englishPlural = (title: string): string =>
  /[^aeiou]y$/i.test(title) ? `${title.slice(0, -1)}ies` : /(?:s|x|z|ch|sh)$/i.test(title) ? `${title}es` : `${title}s`

/** Freezes plain objects and lists all the way down; the maps in between are read-only by type. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (value instanceof Map) for (const inner of value.values()) deepFreeze(inner)
  else for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
