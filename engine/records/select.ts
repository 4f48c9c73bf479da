import { sql } from 'kysely'
import { systemField, systemFields } from '../catalogue/system-fields.ts'
import type { Action, Catalogue, Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { fieldOf } from '../fields/index.ts'
import type { ColumnRef } from '../fields/type.ts'
import { actionsWithout, columnsFor, gettable, readable, shownIn } from './reach.ts'
import { and, column, comma, tableOf } from './sql.ts'
import type { Fragment } from './sql.ts'
import { isLive, linkColumns } from './tables.ts'
import type { Links } from './tables.ts'
import type { EntityAccess } from './types.ts'

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
  /** What of it the caller may do to some rows only: `_denied` names what not to this one. */
  readonly rights: readonly Action[]
}
export type Expansion =
  | {
      readonly kind: 'reference'
      readonly name: string
      /** Null: from a line to its document. */
      readonly field: Field | null
      readonly targets: readonly { readonly column: string; readonly selection: Selection }[]
    }
  | { readonly kind: 'inverse'; readonly name: string; readonly by: InverseBy; readonly selection: Selection }
/** How the records of an inverse relation point back: by a column of theirs, or by a list of references, kept as rows of a link table. */
export type InverseBy = ({ readonly column: string } | Links) & { readonly field: Field }

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
  const { access, catalogue } = selection
  const { entity } = access
  const members: Member[] = [{ name: 'id', value: column(alias, 'id') }]
  const add = (name: string, value: Fragment, shown: Fragment | null = null) => members.push({ name, value, shown })
  if (entity.kind === 'line') {
    add('position', column(alias, 'position'))
    if (selection.system.includes('parent')) add('parent', column(alias, 'parent_id'))
  } else for (const name of selection.system) if (name !== '_title') add(name, systemJson(name, alias))
  for (const field of selection.fields)
    add(field.name, fieldJson(catalogue, access, field, alias, depth), shownIn(catalogue, access, field, alias))
  for (const { field, selection: lines } of selection.lines)
    add(field.name, linesJson(lines, alias, depth + 1), shownIn(catalogue, access, field, alias))
  if (selection.system.includes('_title') && entity.kind !== 'line') add('_title', titleOf(catalogue, access, alias))
  if (selection.expand.length > 0) add('_expand', expandJson(selection, alias, depth + 1))
  if (selection.rights.length > 0) {
    const denied = actionsWithout(catalogue, access, selection.rights, alias)
    members.push({ name: '_denied', value: sql`to_json(nullif(${denied}, '{}'))`, isOptional: true })
  }
  return objectJson(members, `r${depth}`)
}

interface Member {
  readonly name: string
  readonly value: Fragment
  /** Where it is shown; null: in every row. */
  readonly shown?: Fragment | null
  /** The value is JSON; where it is null, the member is absent. */
  readonly isOptional?: true
}

/** A masked member is absent, and named in `_masked`: null is a value. */
function objectJson(members: readonly Member[], row: string): Fragment {
  const masked = members.filter((each) => each.shown)
  if (masked.length === 0) return wholeJson(members, row)
  const pairs = members.map(({ name, value, shown, isOptional }) => {
    if (isOptional) return sql`${sql.lit(name)} value ${value}`
    const json = sql`coalesce(to_json(${value}), 'null'::json)`
    return sql`${sql.lit(name)} value ${shown ? sql`case when ${shown} then ${json} end` : json}`
  })
  const names = masked.map(({ name, shown }) => sql`case when ${shown} then null else ${sql.lit(name)} end`)
  const listed = sql`to_json(nullif(array_remove(array[${comma(names)}]::text[], null), '{}'))`
  const withMasked = masked.length > 0 ? [...pairs, sql`'_masked' value ${listed}`] : pairs
  return sql`json_object(${comma(withMasked)} absent on null returning json)`
}

/** Where nothing is masked, a row is rendered at once, several times as fast as member by member; what is there in few rows only is put behind it. */
function wholeJson(members: readonly Member[], row: string): Fragment {
  const columns = members.flatMap(({ name, value, isOptional }) => (isOptional ? [] : [sql`${value} as ${sql.id(name)}`]))
  const whole = sql`row_to_json(${sql.id(row)})`
  const from = sql`(select ${comma(columns)}) ${sql.id(row)}`
  const optional = members.filter(({ isOptional }) => isOptional)
  if (optional.length === 0) return sql`(select ${whole} from ${from})`
  const more = optional.map(({ name, value }) => sql`${sql.lit(`,"${name}":`)} || (${value})::text`)
  return sql`(select case when o.more = '' then o.whole else (left(o.whole::text, -1) || o.more || '}')::json end
    from (select ${whole} as whole, concat(${comma(more)}) as more from ${from} offset 0) o)`
}

/** SQL whose JSON form is the field's canonical value; a list of ids for `references`. */
export const fieldJson = (catalogue: Catalogue, access: EntityAccess, field: Field, alias: string, depth = 0): Fragment =>
  field.lines?.through ? junctionJson(catalogue, field, alias, depth) : valueJson(field, columnsFor(catalogue, access, field, alias))

/** SQL whose JSON form is the canonical value in these columns. */
export function valueJson(field: Field, at: ColumnRef): Fragment {
  const type = fieldOf(field.type)
  return type.render ? type.render(sql, at, field.settings) : at()
}

/** The title as text, or null where the title field is hidden from this caller or the entity has none. */
function titleOf(catalogue: Catalogue, access: EntityAccess, alias: string): Fragment {
  const field = access.entity.titleField
  if (!field || !access.visible.includes(field)) return sql`null::text`
  return textOf(field, columnsFor(catalogue, access, field, alias))
}

export function textOf(field: Field, at: ColumnRef): Fragment {
  const type = fieldOf(field.type)
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

function linesJson(selection: Selection, parent: string, depth: number): Fragment {
  const alias = `t${depth}`
  return sql`coalesce((select json_agg(${recordJson(selection, alias, depth)} order by ${column(alias, 'position')}, ${column(alias, 'id')})
    from ${tableOf(selection.access.entity)} ${sql.id(alias)}
    where ${column(alias, 'tenant_id')} = ${column(parent, 'tenant_id')} and ${column(alias, 'parent_id')} = ${column(parent, 'id')}), '[]'::json)`
}

function expandJson(selection: Selection, alias: string, depth: number): Fragment {
  const members = selection.expand.map(
    (each) =>
      sql`${each.kind === 'reference' ? expandedReference(selection, each, alias, depth) : expandedInverse(each, alias, depth)} as ${sql.id(each.name)}`,
  )
  const row = `e${depth}`
  return sql`(select row_to_json(${sql.id(row)}) from (select ${comma(members)}) ${sql.id(row)})`
}

function expandedReference(
  { catalogue, access: from }: Selection,
  { field, targets }: Expansion & { kind: 'reference' },
  parent: string,
  depth: number,
): Fragment {
  const records = targets.map(({ column: reference, selection }) => {
    const alias = `t${depth}`
    const { access } = selection
    const conditions = [
      sql`${column(alias, 'tenant_id')} = ${column(parent, 'tenant_id')}`,
      sql`${column(alias, 'id')} = ${referenceColumn(catalogue, from, field, reference, parent)}`,
      isLive(catalogue, access.entity, alias),
      ...gettable(catalogue, access, alias),
    ]
    return sql`(select ${recordJson(selection, alias, depth)} from ${tableOf(access.entity)} ${sql.id(alias)} where ${and(conditions)})`
  })
  return records.length === 0 ? sql`null::json` : sql`coalesce(${comma(records)})`
}

/** One column of a reference as the caller may read it; `field` null: the document of a line, which is always known. */
export const referenceColumn = (catalogue: Catalogue, access: EntityAccess, field: Field | null, name: string, alias: string): Fragment =>
  field ? columnsFor(catalogue, access, field, alias)(name.slice(field.id.length)) : column(alias, name)

function expandedInverse(expansion: Expansion & { kind: 'inverse' }, parent: string, depth: number): Fragment {
  const { selection, by } = expansion
  const alias = `t${depth}`
  const { catalogue, access } = selection
  const { entity: child } = access
  const pointsHere = shownIn(catalogue, access, by.field, alias)
  const conditions = [
    sql`${column(alias, 'tenant_id')} = ${column(parent, 'tenant_id')}`,
    'column' in by
      ? sql`${column(alias, by.column)} = ${column(parent, 'id')}`
      : sql`${column(alias, 'id')} in (${linkingTo(by, parent, depth)})`,
    isLive(catalogue, child, alias),
    // An inverse relation is a list of its entity: policies let through everything that can be read in any way.
    ...readable(catalogue, access, 'list', alias),
    ...(pointsHere ? [pointsHere] : []),
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
