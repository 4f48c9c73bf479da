import type { Catalogue, Entity, Field, Inverse } from '../catalogue/types.ts'
import type { Transaction } from '../database/types.ts'
import type { Actor } from './types.ts'

/** What refers to records that go or come back: which entities, by which columns, and what becomes of the references. */

/** Who looks around records. */
export interface Look {
  readonly tx: Transaction
  readonly catalogue: Catalogue
  readonly actor: Actor
  readonly isTogether: boolean
}
/** Which records of each entity. */
export type Ids = Map<Entity, Set<string>>

/** False: it was there already. */
export function add(ids: Ids, entity: Entity, id: string): boolean {
  const known = ids.get(entity) ?? new Set()
  if (known.has(id)) return false
  ids.set(entity, known.add(id))
  return true
}

export function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key)
  if (list) list.push(item)
  else lists.set(key, [item])
}

/** A reference to some of the records. */
export interface Relation {
  readonly target: Entity
  readonly child: Entity
  readonly field: Field
  readonly column: string
  readonly effect: 'restrict' | 'cascade' | 'setNull'
  readonly ids: readonly string[]
}

export const relationsTo = (catalogue: Catalogue, level: Ids, isRetract: boolean): Relation[] =>
  [...level].flatMap(([target, ids]) =>
    target.referencedBy.flatMap((inverse) => relationTo(catalogue, target, inverse, [...ids], isRetract)),
  )

/**
 * A document is not changed behind its back: a line that refers to the record always holds it. Links of a list stay as they are (they
 * name a deleted record until it is restored), so they hold nothing. A retraction is held by whatever refers to the record.
 */
function relationTo(catalogue: Catalogue, target: Entity, inverse: Inverse, ids: readonly string[], isRetract: boolean): Relation[] {
  const child = catalogue.entities.get(inverse.entity)!
  if (child.link && !isRetract) return []
  const field = child.fieldById.get(inverse.field)!
  const { column: reference } = field.reference!.targets.find((each) => each.entity === target.id)!
  const effect = isRetract ? 'restrict' : field.reference!.onDelete
  return [{ target, child, field, column: reference, effect, ids }]
}
