import type { Scope as ScopeNode } from '../../metadata/entity.d.ts'
import { core } from '../expressions/core.ts'
import type { Expression } from '../expressions/types.ts'
import { nearest } from '../fields/nearest.ts'
import type { Reporter } from './check.ts'
import { relationOf } from './compile-field.ts'
import { nameFault } from './reserved.ts'
import { quote } from './shape-faults.ts'
import type { EntityDraft, PropertyDraft, Symbols, TraitDraft } from './symbols.ts'
import type { ActorSet, RowScope } from './types.ts'

/** One row policy holds them all, and each costs every statement a look at who asks. */
const mostScopes = 8

const everyRow: RowScope = { id: 'all', title: 'All records', predicate: { kind: 'all' } }
/** Lines have no permissions of their own. */
export const scopesOfLines: readonly RowScope[] = [{ id: 'parent', title: 'Lines of visible documents', predicate: { kind: 'parent' } }]

type Declaring = Pick<TraitDraft | EntityDraft, 'file' | 'node'>
const declaredBy = ({ node }: Declaring): readonly ScopeNode[] => node['x-bos']?.scopes ?? []

/** A scope, and where it is written. */
interface DeclaredScope {
  readonly node: ScopeNode
  readonly file: string
  readonly pointer: string
}
/** The scopes of an entity besides `all`: those of its traits, then its own. */
export function declaredScopes(entity: EntityDraft): readonly DeclaredScope[] {
  if (entity.kind === 'line') return []
  return [...entity.traits, entity].flatMap((each: Declaring) =>
    declaredBy(each).map((node, index) => ({ node, file: each.file, pointer: `/x-bos/scopes/${index}` })),
  )
}

/** What roles of an entity can be limited to: all, then what is declared. `words`: by id, what scopes say in words of their own. */
export function scopesOf(entity: EntityDraft, words: ReadonlyMap<string, Expression> = new Map()): readonly RowScope[] {
  if (entity.kind === 'line') return scopesOfLines
  const declared = declaredScopes(entity).flatMap(({ node }): RowScope[] => {
    const expression = words.get(node.id)
    if (expression) return [{ id: node.id, title: node.title, predicate: { kind: 'where', expression } }]
    const among = amongOf(node)
    const field = among && (among.name === null ? null : (entity.properties.get(among.name)?.id ?? among.name))
    return among ? [{ id: node.id, title: node.title, predicate: { kind: 'among', field: field ?? null, set: among.set } }] : []
  })
  return [everyRow, ...declared]
}

interface Among {
  /** The property; null: the record itself. */
  readonly name: string | null
  readonly set: ActorSet
  /** What the property has to refer to. */
  readonly target: string
}

/** Which of the actor's ids a declared scope is about; null: none, it has an expression or nothing. */
function amongOf({ member, of = 'self', company, shared }: ScopeNode): Among | null {
  if (member !== undefined) return { name: member, set: of, target: core.member }
  if (company !== undefined) return { name: company, set: 'company', target: core.company }
  return shared === true ? { name: null, set: 'shared', target: '' } : null
}

/** The scopes that a trait or an entity declares; `properties` are those it has. */
export function checkDeclaredScopes(
  declaring: Declaring,
  properties: ReadonlyMap<string, PropertyDraft>,
  report: Reporter,
  place = 'trait',
): void {
  const ids = new Set<string>()
  declaredBy(declaring).forEach((scope, index) => {
    const at = `/x-bos/scopes/${index}`
    const fault = nameFault(scope.id, 'scope')
    if (fault !== null) report(declaring.file, `${at}/id`, `${quote(scope.id)} cannot be an id: ${fault}`)
    if (ids.has(scope.id)) report(declaring.file, `${at}/id`, `the id ${quote(scope.id)} stands here twice`)
    ids.add(scope.id)
    checkDeclared(declaring.file, scope, at, properties, report, place)
  })
}

const kinds = ['member', 'company', 'shared', 'where'] as const

function checkDeclared(
  file: string,
  scope: ScopeNode,
  at: string,
  properties: ReadonlyMap<string, PropertyDraft>,
  report: Reporter,
  place: string,
): void {
  const given = kinds.filter((kind) => scope[kind] !== undefined)
  if (given.length !== 1) return report(file, at, `says with exactly one of ${kinds.join(', ')} which rows it has`)
  if (scope.of !== undefined && scope.member === undefined) report(file, `${at}/of`, 'says whose "member" has to be, and there is none')
  const among = amongOf(scope)
  if (!among || among.name === null) return
  const property = properties.get(among.name)
  const pointer = `${at}/${given[0]}`
  if (property === undefined)
    report(file, pointer, `there is no property ${quote(among.name)} in this ${place}`, nearest(among.name, properties.keys()))
  else if (relationOf(property) !== 'one' || property.node['x-bos']?.entity !== among.target)
    report(file, pointer, `${quote(among.name)} is not a reference to ${among.target}`)
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
  const own = entity.node['x-bos']?.scopes
  if (own && entity.kind === 'line') return report(entity.file, '/x-bos/scopes', 'a line has the scopes of its document')
  if (own) checkDeclaredScopes(entity, entity.properties, report, 'entity')
  own?.forEach(({ id }, index) => {
    const other = taken.get(id)
    if (other !== undefined) report(entity.file, `/x-bos/scopes/${index}/id`, `${other} brings a scope ${quote(id)} already`)
  })
  const count = 1 + declaredScopes(entity).length
  if (count > mostScopes)
    report(entity.file, own ? '/x-bos/scopes' : '/x-bos/use', `has ${count} scopes; a row policy takes at most ${mostScopes}`)
}

/** A scope that a permission of the entity names. */
export function checkScopeName(entity: EntityDraft, scope: string, symbols: Symbols, pointer: string, report: Reporter): void {
  const own = entity.node['x-bos'] ?? {}
  const known = [everyRow.id, ...declaredScopes(entity).map(({ node }) => node.id)]
  if (known.includes(scope)) return
  // What would come from a trait that is not there has had its fault.
  if (own.use?.some((name) => !symbols.traits.has(name))) return
  const donor = [...symbols.traits.values()].find((trait) => declaredBy(trait).some(({ id }) => id === scope))
  if (donor) report(entity.file, pointer, `the scope ${scope} needs the trait ${donor.fullName}`)
  else report(entity.file, pointer, `there is no scope ${quote(scope)}`, nearest(scope, known))
}
