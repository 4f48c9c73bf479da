import type { Entity } from '../catalogue/types.ts'
import type { Access } from '../records/types.ts'

/** A piece of the document. */
export type Part = { readonly [name: string]: unknown }

const suffixes = ['', 'Create', 'Patch', 'List', 'Expand', 'Document', 'Operation'] as const
type Suffix = (typeof suffixes)[number]

/** What an entity is called in the document: `Deal`, `Deals`, and the components `DealCreate`, `DealPatch` … */
export interface EntityNames {
  readonly one: string
  readonly many: string
  readonly components: Readonly<Record<Suffix, string>>
}
export type Names = (entity: string) => EntityNames

export const ref = (kind: 'schemas' | 'parameters' | 'responses' | 'headers', name: string): Part => ({
  $ref: `#/components/${kind}/${name}`,
})

const pascal = (name: string): string =>
  name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

/**
 * Names that generated clients depend on, so they change as seldom as can be: the entities of core always carry their module
 * (`CoreCompany` beside `Company`), those of other modules only where two that the caller sees have the same name, or where
 * the name is `taken` by the document itself. Entities that the caller does not see have no influence: it would give them away.
 */
export function namesOf(access: Access, taken: Iterable<string>): Names {
  const entities = [...access.entities.values()].map(({ entity }) => entity).filter((entity) => !entity.link)
  const used = new Set(taken)
  const plain = entities.filter((entity) => entity.module !== 'core')
  const isClear = (entity: Entity): boolean =>
    plain.includes(entity) &&
    !used.has(pascal(entity.name)) &&
    !used.has(pascal(entity.plural)) &&
    plain.every((other) => other === entity || (other.name !== entity.name && other.plural !== entity.plural))
  const prefixes = new Map(entities.map((entity) => [entity.id, isClear(entity) ? '' : pascal(entity.module)] as const))
  const unique = uniqueNames(used)
  // Every entity's own name first, so that none depends on what is derived from another's.
  const ones = new Map(entities.map(({ id, name }) => [id, unique(prefixes.get(id) + pascal(name))] as const))
  const names = new Map(
    entities.map(({ id, plural }) => {
      const one = ones.get(id) ?? ''
      const components = Object.fromEntries(suffixes.map((suffix) => [suffix, suffix === '' ? one : unique(one + suffix)]))
      return [id, { one, many: prefixes.get(id) + pascal(plural), components: components as EntityNames['components'] }] as const
    }),
  )
  return (entity) => {
    const found = names.get(entity)
    if (!found) throw new Error(`${entity} has no place in this document`)
    return found
  }
}

/** Answers each name once; one that is taken gets an underscore at its end. */
export function uniqueNames(used: Set<string> = new Set()): (name: string) => string {
  return (name) => {
    let free = name
    while (used.has(free)) free += '_'
    used.add(free)
    return free
  }
}
