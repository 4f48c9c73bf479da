import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Field } from '../catalogue/types.ts'
import { fieldOf } from '../fields/index.ts'
import type { ColumnRef } from '../fields/type.ts'

/** A field's value, or a member of it, in the SQL type of its static type: the same in row policies and in Plans. */
export function valueSql(field: Field, member: string | null, at: ColumnRef): RawBuilder<unknown> {
  const type = fieldOf(field.type)
  if (field.reference) {
    const columns = field.reference.targets.map((each) => at(each.column.slice(field.id.length)))
    return columns.length === 1 ? columns[0]! : sql`coalesce(${sql.join(columns, sql`, `)})`
  }
  if (field.lines) return at()
  if (member === null) return type.members || type.currency ? sql`to_jsonb(${type.render!(sql, at, field.settings)})` : at()
  if (type.currency) return member === 'currency' ? type.currency(sql, at, field.settings) : at()
  return at(type.members?.(field.settings).get(member)?.suffix ?? '')
}
