import { sql } from 'kysely'
import { systemField, systemFields } from '../catalogue/system-fields.ts'
import type { Catalogue, Entity, Field, RowScope } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { fieldOf } from '../fields/index.ts'
import { and, column, columnsOf, comma, tableOf } from './sql.ts'
import type { Fragment } from './sql.ts'
import type { EntityAccess } from './types.ts'

/** Deleted rows are hidden by the Plan, not by policy; a line lives as long as its document. */
export function isLive(catalogue: Catalogue, entity: Entity, alias: string): Fragment {
  if (!entity.parent) return sql`${column(alias, 'deleted_at')} is null`
  const parent = catalogue.entities.get(entity.parent.entity)!
  const outer = `${alias}p`
  return sql`exists (select from ${tableOf(parent)} ${sql.id(outer)} where ${column(outer, 'tenant_id')} = ${column(alias, 'tenant_id')}
    and ${column(outer, 'id')} = ${column(alias, 'parent_id')} and ${isLive(catalogue, parent, outer)})`
}

/** The rows that a scope reaches, as conditions; none: every row. Lines are reached with their document, by its scopes. */
export function inScope(catalogue: Catalogue, entity: Entity, scope: RowScope, alias: string, member: Fragment): Fragment[] {
  const parent = entity.parent && catalogue.entities.get(entity.parent.entity)
  if (parent) {
    const outer = `${alias}o`
    return inScope(catalogue, parent, scope, outer, member).map(
      (
        reached,
      ) => sql`exists (select from ${tableOf(parent)} ${sql.id(outer)} where ${column(outer, 'tenant_id')} = ${column(alias, 'tenant_id')}
        and ${column(outer, 'id')} = ${column(alias, 'parent_id')} and ${reached})`,
    )
  }
  const { predicate } = scope
  return predicate.kind === 'field-is-member' ? [sql`${columnsOf(alias, entity.fieldById.get(predicate.field)!)()} = ${member}`] : []
}

/** What of a record is rendered. Made by `selection`; hidden fields are not in it, so nothing downstream can leak them. */
export interface Selection {
  readonly access: EntityAccess
  readonly catalogue: Catalogue
  /** Stored fields and lists of links, in order. */
  readonly fields: readonly Field[]
  readonly lines: readonly { readonly field: Field; readonly selection: Selection }[]
  readonly expand: readonly Expansion[]
  /** Names of `systemProperties` to render besides `id`; of lines that are asked for by themselves, `parent`: the id of their document. */
  readonly system: readonly string[]
}
export type Expansion =
  | {
      readonly kind: 'reference'
      readonly name: string
      readonly targets: readonly { readonly column: string; readonly selection: Selection }[]
    }
  | { readonly kind: 'inverse'; readonly name: string; readonly by: InverseBy; readonly selection: Selection }
/** How the records of an inverse relation point back: by a column of theirs, or by a list of references, kept as rows of a link table. */
export type InverseBy = { readonly column: string } | Links
export interface Links {
  readonly link: Entity
  readonly parent: string
  readonly target: string
}

/** What every record carries besides `id` and its fields; `deleted_at` joins in lists of deleted records. */
export const systemProperties: readonly string[] = [
  ...systemFields.filter(({ name, shown }) => name !== 'id' && shown === 'always').map(({ name }) => name),
  '_title',
]

/** SQL whose JSON form is the canonical value of a type that keeps it in one column. */
export const renderedAs = (type: string, value: Fragment): Fragment => fieldOf(type).render?.(sql, () => value, {}) ?? value

/** SQL whose JSON form is one of the `systemProperties`, or `deleted_at`. */
export const systemJson = (name: string, alias: string): Fragment => renderedAs(systemField(name)?.type ?? 'text', column(alias, name))

/**
 * One record as a `json` value. PostgreSQL renders everything; related records come from scalar sub-queries on the same
 * snapshot and under the same row policies, so a record that the caller cannot see is null here as everywhere.
 */
export function recordJson(selection: Selection, alias: string, depth = 0): Fragment {
  const { entity } = selection.access
  const members: Fragment[] = [sql`${column(alias, 'id')} as "id"`]
  const add = (name: string, value: Fragment) => members.push(sql`${value} as ${sql.id(name)}`)
  if (entity.kind === 'line') {
    add('position', column(alias, 'position'))
    if (selection.system.includes('parent')) add('parent', column(alias, 'parent_id'))
  } else for (const name of selection.system) if (name !== '_title') add(name, systemJson(name, alias))
  for (const field of selection.fields) add(field.name, fieldJson(selection.catalogue, field, alias, depth))
  for (const { field, selection: lines } of selection.lines) add(field.name, linesJson(lines, alias, depth + 1))
  if (selection.system.includes('_title') && entity.kind !== 'line') add('_title', titleOf(selection.access, alias))
  if (selection.expand.length > 0) add('_expand', expandJson(selection, alias, depth + 1))
  const row = `r${depth}`
  return sql`(select row_to_json(${sql.id(row)}) from (select ${comma(members)}) ${sql.id(row)})`
}

/** SQL whose JSON form is the field's canonical value; a list of ids for `references`. */
export function fieldJson(catalogue: Catalogue, field: Field, alias: string, depth = 0): Fragment {
  if (field.lines?.through) return junctionJson(catalogue, field, alias, depth)
  const type = fieldOf(field.type)
  const at = columnsOf(alias, field)
  return type.render ? type.render(sql, at, field.settings) : at()
}

/** The title as text, or null where the title field is hidden from this caller or the entity has none. */
export function titleOf(access: EntityAccess, alias: string): Fragment {
  const field = access.entity.titleField
  if (!field || !access.visible.includes(field)) return sql`null::text`
  return textOf(field, alias)
}

export function textOf(field: Field, alias: string): Fragment {
  const type = fieldOf(field.type)
  const at = columnsOf(alias, field)
  return type.text ? type.text(sql, at, field.settings) : sql`${at()}::text`
}

/** The far ends of a junction entity's records; links of the engine's own stand in the row. */
function junctionJson(catalogue: Catalogue, field: Field, alias: string, depth: number): Fragment {
  const { link, parent, target } = linkColumns(catalogue, field)
  const child = `l${depth}`
  return sql`coalesce((select json_agg(${column(child, target)} order by ${column(child, 'id')}) from ${tableOf(link)} ${sql.id(child)}
    where ${column(child, 'tenant_id')} = ${column(alias, 'tenant_id')} and ${column(child, parent)} = ${column(alias, 'id')}
      and ${column(child, 'deleted_at')} is null), '[]'::json)`
}

/** Where a list of references is kept: its own link table, or the junction entity it goes `through`. */
export function linkColumns(catalogue: Catalogue, field: Field): Links {
  const lines = field.lines!
  const link = catalogue.entities.get(lines.entity)!
  const target = link.fieldByName.get(lines.linkField ?? '')?.reference?.targets[0]?.column ?? 'target'
  const parent = lines.through ? link.fieldByName.get(lines.through.parentField)!.reference!.targets[0]!.column : 'parent_id'
  return { link, parent, target }
}

function linesJson(selection: Selection, parent: string, depth: number): Fragment {
  const alias = `t${depth}`
  return sql`coalesce((select json_agg(${recordJson(selection, alias, depth)} order by ${column(alias, 'position')}, ${column(alias, 'id')})
    from ${tableOf(selection.access.entity)} ${sql.id(alias)}
    where ${column(alias, 'tenant_id')} = ${column(parent, 'tenant_id')} and ${column(alias, 'parent_id')} = ${column(parent, 'id')}), '[]'::json)`
}

function expandJson(selection: Selection, alias: string, depth: number): Fragment {
  const members = selection.expand.map(
    (each) =>
      sql`${each.kind === 'reference' ? expandedReference(each, alias, depth) : expandedInverse(each, alias, depth)} as ${sql.id(each.name)}`,
  )
  const row = `e${depth}`
  return sql`(select row_to_json(${sql.id(row)}) from (select ${comma(members)}) ${sql.id(row)})`
}

function expandedReference(expansion: Expansion & { kind: 'reference' }, parent: string, depth: number): Fragment {
  const records = expansion.targets.map(({ column: reference, selection }) => {
    const alias = `t${depth}`
    return sql`(select ${recordJson(selection, alias, depth)} from ${tableOf(selection.access.entity)} ${sql.id(alias)}
      where ${column(alias, 'tenant_id')} = ${column(parent, 'tenant_id')} and ${column(alias, 'id')} = ${column(parent, reference)} and ${isLive(selection.catalogue, selection.access.entity, alias)})`
  })
  return records.length === 0 ? sql`null::json` : sql`coalesce(${comma(records)})`
}

function expandedInverse(expansion: Expansion & { kind: 'inverse' }, parent: string, depth: number): Fragment {
  const { selection, by } = expansion
  const alias = `t${depth}`
  const { entity: child, actions } = selection.access
  const conditions = [
    sql`${column(alias, 'tenant_id')} = ${column(parent, 'tenant_id')}`,
    'column' in by
      ? sql`${column(alias, by.column)} = ${column(parent, 'id')}`
      : sql`${column(alias, 'id')} in (${linkingTo(by, parent, depth)})`,
    isLive(selection.catalogue, child, alias),
    // An inverse relation is a list of its entity: policies let through the widest scope of all that reads.
    ...inScope(selection.catalogue, child, actions.get('list')!, alias, sql`(select bos.member())`),
  ]
  return sql`(select json_build_object('data', coalesce(json_agg(i.record order by i.n) filter (where i.n <= ${sql.lit(limits.expandedRows)}), '[]'::json), 'more', count(*) > ${sql.lit(limits.expandedRows)})
    from (select row_number() over (order by ${column(alias, 'id')} desc) as n, ${recordJson(selection, alias, depth)} as record
      from ${tableOf(child)} ${sql.id(alias)}
      where ${and(conditions)}
      order by ${column(alias, 'id')} desc limit ${sql.lit(limits.expandedRows + 1)}) i)`
}

/** Ids of the records whose list of references names this one. */
function linkingTo({ link, parent: near, target }: Links, parent: string, depth: number): Fragment {
  const alias = `k${depth}`
  const live = link.kind === 'line' ? [] : [sql`${column(alias, 'deleted_at')} is null`]
  return sql`select ${column(alias, near)} from ${tableOf(link)} ${sql.id(alias)}
    where ${and([sql`${column(alias, 'tenant_id')} = ${column(parent, 'tenant_id')}`, sql`${column(alias, target)} = ${column(parent, 'id')}`, ...live])}`
}
