import type { Catalogue, Entity } from '../catalogue/types.ts'
import type { Reader } from '../expressions/explain.ts'
import type { Expression, Needs } from '../expressions/types.ts'
import { callersNames } from './caller-names.ts'
import { isOpen } from './derived-access.ts'
import { hasField, isNamed, reachesAll } from './grants.ts'
import type { Access, EntityAccess } from './types.ts'

/** Somebody to whom an explanation is told, or of whom it is. */
export interface Party {
  readonly access: Access
  /** Paths of what is masked for them in the record that is explained. */
  readonly masked: ReadonlySet<string>
}
/** Who may be told the parts of an expression about a record. The first party is the one who asks: parts have the names they know. */
export type ReaderOf = (expression: Expression) => Reader

/**
 * What all parties may read. Of the record itself it is known what is masked; of other records only what every one of them shows to
 * everybody concerned, for an expression does not say which one it came by.
 */
export function mayReadFor(entity: Entity, parties: readonly Party[]): ReaderOf {
  const [asker] = parties
  const { catalogue } = asker!.access
  const paths = pathsOf(catalogue, entity)
  const names = callersNames(asker!.access)
  return (expression) => {
    const others = reachedElsewhere(expression)
    const reads = ({ access, masked }: Party, of: string, field: string): boolean => {
      const path = others.has(of) ? undefined : paths.get(of)
      const here = access.entities.get(of)
      if (!here || !hasField(here, field)) return false
      return path === undefined ? isInEvery(here, field) : !isNamed(masked, `${path}${field}`)
    }
    return {
      names,
      mayRead: (of, field) => parties.every((each) => reads(each, of, field)),
      mayQuote: (of, field) => {
        const path = others.has(of) ? undefined : paths.get(of)
        // Whichever records of others they reach: shown in all of them, it is told beside their values too.
        return path === undefined ? isOpen(asker!.access.entities.get(of), field) : reads(asker!, of, field)
      },
    }
  }
}

/** Whether all parties may read everything that an expression reads. */
export const isReadable = (reader: Reader, expression: Expression): boolean =>
  [...needsOf(expression)].every(
    (needs) =>
      [...needs.values, ...needs.hops.keys(), ...needs.lines.keys(), ...needs.links.keys()].every((field) =>
        reader.mayRead(needs.entity, field),
      ) && [...needs.inverse].every(([key, { entity }]) => reader.mayRead(entity, key.slice(key.lastIndexOf('/') + 1))),
  )

/** Every record of the entity is there for them and shows the field. */
export const isInEvery = ({ actions, masks, within }: EntityAccess, field: string): boolean =>
  within.length === 0 && !masks.has(field) && reachesAll([...(actions.get('list') ?? []), ...(actions.get('get') ?? [])])

/** The entities of a document, with what stands before the ids of their fields. */
function pathsOf(catalogue: Catalogue, entity: Entity, prefix = ''): Map<string, string> {
  const paths = new Map([[entity.id, prefix]])
  for (const field of entity.fields) {
    const line = field.lines && !field.lines.through ? catalogue.entities.get(field.lines.entity) : undefined
    if (line) for (const [id, path] of pathsOf(catalogue, line, `${prefix}${field.id}.`)) paths.set(id, path)
  }
  return paths
}

/** Entities of which an expression reads records besides the document it is about. */
function reachedElsewhere({ dependencies: { roots, searched } }: Expression): ReadonlySet<string> {
  const found = new Set<string>()
  const own = (needs: Needs): void => {
    for (const next of [needs.hops, needs.links, needs.inverse])
      for (const each of next.values()) for (const all of below(each)) found.add(all.entity)
    for (const line of needs.lines.values()) own(line)
    if (needs.document) own(needs.document)
  }
  for (const [root, needs] of roots) {
    if (root === 'self' || root === 'old') own(needs)
    else for (const each of below(needs)) found.add(each.entity)
  }
  for (const needs of searched.values()) for (const each of below(needs)) found.add(each.entity)
  return found
}

function* needsOf({ dependencies: { roots, searched } }: Expression): Generator<Needs> {
  for (const needs of [...roots.values(), ...searched.values()]) yield* below(needs)
}

function* below(needs: Needs): Generator<Needs> {
  yield needs
  if (needs.document) yield* below(needs.document)
  for (const next of [needs.hops, needs.lines, needs.links, needs.inverse]) for (const each of next.values()) yield* below(each)
}
