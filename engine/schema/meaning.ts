import type { Catalogue, Entity } from '../catalogue/types.ts'
import { nameOf } from './items.ts'

/**
 * What a constraint stands for, so that SQLSTATE 23505, 23503, 23P01 and 23514 become a Problem with pointers.
 * id: the id is taken · unique, overlap: `unique` names the key · reference: `field` points at nothing (or something still points
 * here) · targets: more than one target of `field` is set · parent: the line's document is not there · single: there is one
 * already · link: `field` holds the same target twice.
 */
export interface ConstraintMeaning {
  readonly kind: 'id' | 'unique' | 'overlap' | 'reference' | 'targets' | 'parent' | 'single' | 'link'
  readonly entity: string
  readonly unique: string | null
  readonly field: string | null
}

const known = new WeakMap<Catalogue, ReadonlyMap<string, ConstraintMeaning>>()

/** Names are unique over all schemas, so the name alone is enough; null: none of this catalogue's. */
export function constraintMeaning(catalogue: Catalogue, constraint: string): ConstraintMeaning | null {
  let meanings = known.get(catalogue)
  if (!meanings) {
    meanings = new Map([...catalogue.entities.values()].flatMap((entity) => meaningsOf(entity).map((each) => [each[0], each[1]] as const)))
    known.set(catalogue, meanings)
  }
  return meanings.get(constraint) ?? null
}

function meaningsOf(entity: Entity): [string, ConstraintMeaning][] {
  const { table, id } = entity
  const about = (kind: ConstraintMeaning['kind'], more: Partial<ConstraintMeaning> = {}): ConstraintMeaning => ({
    kind,
    entity: id,
    unique: null,
    field: null,
    ...more,
  })
  const found: [string, ConstraintMeaning][] = [[nameOf.primaryKey(table), about('id')]]
  if (entity.kind === 'single') found.push([nameOf.single(table), about('single')])
  if (entity.parent) found.push([nameOf.parent(table), about('parent')])
  if (entity.link) found.push([nameOf.link(table), about('link', { field: entity.fields[0]?.id ?? null })])
  for (const key of entity.unique) found.push([nameOf.unique(table, key), about(key.noOverlap ? 'overlap' : 'unique', { unique: key.id })])
  for (const field of entity.fields) {
    if (field.reference) found.push([nameOf.targets(table, field), about('targets', { field: field.id })])
    for (const { column } of field.reference?.targets ?? [])
      found.push([nameOf.reference(table, column), about('reference', { field: field.id })])
  }
  return found
}
