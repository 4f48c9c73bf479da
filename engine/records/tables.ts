import { sql } from 'kysely'
import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import { column, tableOf } from './sql.ts'
import type { Fragment } from './sql.ts'

/** Where records stand, whoever asks. */

/** What a line is part of; a document is its own. */
export const documentOf = (catalogue: Catalogue, entity: Entity): Entity =>
  entity.parent ? documentOf(catalogue, catalogue.entities.get(entity.parent.entity)!) : entity

/** Deleted rows are hidden by the Plan, not by policy; a line lives as long as its document. */
export function isLive(catalogue: Catalogue, entity: Entity, alias: string): Fragment {
  if (!entity.parent) return sql`${column(alias, 'deleted_at')} is null`
  const parent = catalogue.entities.get(entity.parent.entity)!
  const outer = `${alias}p`
  return sql`exists (select from ${tableOf(parent)} ${sql.id(outer)} where ${column(outer, 'tenant_id')} = ${column(alias, 'tenant_id')}
    and ${column(outer, 'id')} = ${column(alias, 'parent_id')} and ${isLive(catalogue, parent, outer)})`
}

/** How a list of references is kept as rows: of which entity, and by which columns they lead to both ends. */
export interface Links {
  readonly link: Entity
  readonly parent: string
  readonly target: string
}

/** Where a list of references is kept: its own link table, or the junction entity it goes `through`. */
export function linkColumns(catalogue: Catalogue, field: Field): Links {
  const lines = field.lines!
  const link = catalogue.entities.get(lines.entity)!
  const target = link.fieldByName.get(lines.linkField ?? '')?.reference?.targets[0]?.column ?? 'target'
  const parent = lines.through ? link.fieldByName.get(lines.through.parentField)!.reference!.targets[0]!.column : 'parent_id'
  return { link, parent, target }
}
