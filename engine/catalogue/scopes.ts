import type { Scope as ScopeNode } from '../../metadata/entity.d.ts'
import { nearest } from '../fields/nearest.ts'
import type { Reporter } from './check.ts'
import { relationOf } from './compile-field.ts'
import { nameFault } from './reserved.ts'
import { quote } from './shape-faults.ts'
import type { EntityDraft, PropertyDraft, Symbols, TraitDraft } from './symbols.ts'
import type { RowScope } from './types.ts'

/** The scopes of the metamodel that mean something beyond one record: known by name, so that their absence is not a spelling fault. */
export const scopesNotBuilt = new Set(['team', 'subtree', 'company', 'shared'])

/** One row policy holds them all, and each costs every statement a look at who asks. */
const mostScopes = 8

const everyRow: RowScope = { id: 'all', title: 'All records', predicate: { kind: 'all' } }
/** Lines have no permissions of their own. */
export const scopesOfLines: readonly RowScope[] = [{ id: 'parent', title: 'Lines of visible documents', predicate: { kind: 'parent' } }]

const declaredBy = (trait: TraitDraft): readonly ScopeNode[] => trait.node['x-bos']?.scopes ?? []

/** What roles of an entity can be limited to, widest first: all, then what its traits declare. */
export function scopesOf(entity: EntityDraft): readonly RowScope[] {
  if (entity.kind === 'line') return scopesOfLines
  const declared = entity.traits.flatMap(declaredBy).flatMap(({ id, title, member }): RowScope[] => {
    if (member === undefined) return []
    return [{ id, title, predicate: { kind: 'field-is-member', field: entity.properties.get(member)?.id ?? member } }]
  })
  return [everyRow, ...declared]
}

/** The scopes that a trait declares; `properties` are its own. */
export function checkDeclaredScopes(trait: TraitDraft, properties: ReadonlyMap<string, PropertyDraft>, report: Reporter): void {
  const ids = new Set<string>()
  declaredBy(trait).forEach((scope, index) => {
    const at = `/x-bos/scopes/${index}`
    const fault = nameFault(scope.id, 'scope')
    if (fault !== null) report(trait.file, `${at}/id`, `${quote(scope.id)} cannot be an id: ${fault}`)
    else if (scopesNotBuilt.has(scope.id))
      report(trait.file, `${at}/id`, `${quote(scope.id)} cannot be an id: the metamodel has a scope of this name`)
    if (ids.has(scope.id)) report(trait.file, `${at}/id`, `the id ${quote(scope.id)} stands here twice`)
    ids.add(scope.id)
    if (scope.member === undefined) {
      if (scope.where === undefined) report(trait.file, at, '"member" is missing: the reference that has to be the acting member')
      return
    }
    const property = properties.get(scope.member)
    if (property === undefined)
      report(
        trait.file,
        `${at}/member`,
        `there is no property ${quote(scope.member)} in this trait`,
        nearest(scope.member, properties.keys()),
      )
    else if (relationOf(property) !== 'one' || property.node['x-bos']?.entity !== 'core.member')
      report(trait.file, `${at}/member`, `${quote(scope.member)} is not a reference to core.member`)
  })
}

/** What an entity has by its traits: no id twice, and not too many. */
export function checkScopes(entity: EntityDraft, report: Reporter): void {
  const taken = new Map<string, string>()
  for (const trait of entity.traits) {
    const at = `/x-bos/use/${entity.node['x-bos']?.use?.indexOf(trait.fullName)}`
    for (const { id } of declaredBy(trait)) {
      const other = taken.get(id)
      if (other !== undefined) report(entity.file, at, `${trait.fullName} brings a scope ${quote(id)}, which ${other} brings already`)
      taken.set(id, trait.fullName)
    }
  }
  const count = scopesOf(entity).length + (entity.node['x-bos']?.scopes?.length ?? 0)
  if (count > mostScopes) report(entity.file, '/x-bos/use', `has ${count} scopes; a row policy takes at most ${mostScopes}`)
}

/** The scope that a permission of the entity names. */
export function checkScopeName(entity: EntityDraft, scope: string, symbols: Symbols, pointer: string, report: Reporter): void {
  const own = entity.node['x-bos'] ?? {}
  const known = scopesOf(entity).map(({ id }) => id)
  // What is not built, or would come from a trait that is not there, has had its fault.
  if (known.includes(scope) || scopesNotBuilt.has(scope) || own.scopes?.some(({ id }) => id === scope)) return
  if (own.use?.some((name) => !symbols.traits.has(name))) return
  const donor = [...symbols.traits.values()].find((trait) => declaredBy(trait).some(({ id }) => id === scope))
  if (donor) report(entity.file, pointer, `the scope ${scope} needs the trait ${donor.fullName}`)
  else report(entity.file, pointer, `there is no scope ${quote(scope)}`, nearest(scope, known))
}
