import { sql } from 'kysely'
import { systemField } from '../catalogue/system-fields.ts'
import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import { toSql } from '../expressions/sql.ts'
import type { Tables } from '../expressions/sql-tables.ts'
import type { Node } from '../expressions/types.ts'
import type { ColumnRef } from '../fields/type.ts'
import { valueSql } from '../schema/value-sql.ts'
import { isLive, linkColumns } from './tables.ts'
import { column, columnsOf, tableOf } from './sql.ts'
import type { Fragment } from './sql.ts'

/** What a reader has of a field in a row: the engine its columns, a caller perhaps less. */
export type CallersColumns = (entity: Entity, field: Field, alias: string) => ColumnRef

/** How expressions reach the records of a catalogue. */
export function tablesOf(catalogue: Catalogue, columnsAt: CallersColumns = ownColumns(catalogue)): Tables {
  const entityOf = (id: string): Entity => {
    const found = catalogue.entities.get(id)
    if (!found) throw new Error(`an expression speaks of ${id}, which its catalogue does not have`)
    return found
  }
  const fieldAt = (entity: string, field: string): Field => {
    const found = entityOf(entity).fieldById.get(field)
    if (!found) throw new Error(`an expression speaks of ${entity}.${field}, which its catalogue does not have`)
    return found
  }
  return {
    table: (entity) => tableOf(entityOf(entity)),
    tenant: (alias) => column(alias, 'tenant_id'),
    id: (alias) => column(alias, 'id'),
    parent: (alias) => column(alias, 'parent_id'),
    position: (alias) => column(alias, 'position'),
    live: (entity, alias) => isLive(catalogue, entityOf(entity), alias),
    column(entity, id, member, alias) {
      if (systemField(id) || id === 'position') return column(alias, id)
      const field = fieldAt(entity, id)
      return valueSql(field, member, columnsAt(entityOf(entity), field, alias))
    },
    reference(entity, id, target, alias) {
      if (systemField(id)) return column(alias, id)
      const field = fieldAt(entity, id)
      const at = columnsAt(entityOf(entity), field, alias)
      const found = field.reference?.targets.find((each) => each.entity === target)
      if (!found) throw new Error(`${entity}.${id} does not lead to ${target}`)
      return at(found.column.slice(id.length))
    },
    links: (entity, id, alias) => columnsAt(entityOf(entity), fieldAt(entity, id), alias)(),
    pointsAt(entity, id, alias, target) {
      if (systemField(id)) return sql`${column(alias, id)} = ${target}`
      const field = fieldAt(entity, id)
      const at = columnsAt(entityOf(entity), field, alias)
      if (!field.reference) return sql`${target} = any(${at()})`
      const columns = field.reference.targets.map((each) => sql`${at(each.column.slice(id.length))} = ${target}`)
      return columns.length === 1 ? columns[0]! : sql`(${sql.join(columns, sql` or `)})`
    },
  }
}

/** What expressions know besides records, in statements and policies: functions of the session, evaluated once per statement. */
export const surroundings = {
  zone: sql`(select bos.tenant_zone())`,
  tenant: sql`(select bos.tenant())`,
  parameter(this: void, name: string): Fragment {
    const simple: Readonly<Record<string, Fragment>> = {
      now: sql`(select bos.now())`,
      today: sql`(select bos.today())`,
      'user.id': sql`(select bos.member())`,
      // The cast: a bare sub-select behind `any` would be a set of rows.
      'user.roles': sql`(select bos.roles())::text[]`,
      'tenant.id': sql`(select bos.tenant())::text`,
    }
    const fact = /^tenant\.(slug|name|locale|time_zone|currency)$/.exec(name)?.[1]
    const found = simple[name] ?? (fact === undefined ? undefined : sql`(select bos.tenant_fact(${sql.lit(fact)}))`)
    if (!found) throw new Error(`there is no parameter ${name}`)
    return found
  },
} as const

/** An expression over a row of a statement, as the engine has it: of other records it reads those that row policies let through, and that are `live`. */
export const overRow = (catalogue: Catalogue, root: Node, alias: string, live?: Tables['live']): Fragment =>
  toSql(sql, root, {
    ...surroundings,
    tables: { ...tablesOf(catalogue), ...(live && { live }) },
    roots: {
      self: { kind: 'row', alias, frame: null },
      user: { kind: 'lookup', where: (user) => sql`${column(user, 'id')} = (select bos.member())` },
      settings: { kind: 'lookup', where: () => sql`true` },
    },
  })

/** A list that goes through a junction stands in no column: its ids are read from the records there. */
export function junctionColumn(catalogue: Catalogue, field: Field, alias: string): ColumnRef {
  const { link, parent, target } = linkColumns(catalogue, field)
  return () => sql`array(select ${column('links', target)} from ${tableOf(link)} links where ${column('links', 'tenant_id')} = ${column(alias, 'tenant_id')}
    and ${column('links', parent)} = ${column(alias, 'id')} and ${column('links', 'deleted_at')} is null order by ${column('links', 'id')})`
}

const ownColumns =
  (catalogue: Catalogue): CallersColumns =>
  (_entity, field, alias) =>
    field.lines?.through ? junctionColumn(catalogue, field, alias) : columnsOf(alias, field)
