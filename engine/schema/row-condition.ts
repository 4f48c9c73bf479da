import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { systemField } from '../catalogue/system-fields.ts'
import type { Catalogue, Field } from '../catalogue/types.ts'
import { toSql } from '../expressions/sql.ts'
import type { Tables } from '../expressions/sql-tables.ts'
import type { Expression } from '../expressions/types.ts'
import type { ColumnRef } from '../fields/type.ts'
import { quoteText } from './names.ts'
import { builder } from './sql-builder.ts'
import { valueSql } from './value-sql.ts'

type Fragment = RawBuilder<unknown>

/** Under this name the acting person stands beside the row; no table has it. */
const actor = 'bos.me'

/**
 * SQL text of a condition on a row under an alias: what a scope says, which row policies and Plans have from here, so that they cannot differ, and
 * which rows a unique key is about. It reads the row alone, and who asks by functions that are asked once per statement. Values stand in it as
 * literals: neither a policy nor an index has parameters.
 */
export function rowCondition(catalogue: Catalogue, { root }: Expression, alias: string): string {
  const never = (): never => {
    throw new Error('a condition on a row reads other records: `check` refuses that')
  }
  const fieldAt = (entity: string, id: string): Field => {
    const found = catalogue.entities.get(entity)?.fieldById.get(id)
    if (!found) throw new Error(`a condition on a row speaks of ${entity}.${id}, which its catalogue does not have`)
    return found
  }
  const tables: Tables = {
    table: never,
    tenant: never,
    parent: never,
    position: never,
    live: never,
    reference: never,
    links: never,
    pointsAt: never,
    id: (at) => (at === actor ? sql`(select bos.member())` : sql.id(at, 'id')),
    column(entity, id, member, at) {
      if (systemField(id)) return at === actor ? ofActor(id, systemField(id)!.column) : sql.id(at, id)
      const field = fieldAt(entity, id)
      const columns: ColumnRef = (suffix = '') => {
        const name = field.id + suffix
        return at === actor ? ofActor(name, field.columns.find((each) => each.name === name)?.type ?? 'text') : sql.id(at, name)
      }
      return valueSql(field, member, columns)
    },
  }
  const fragment = toSql(sql, root, {
    tables,
    zone: sql`(select bos.tenant_zone())`,
    tenant: sql`(select bos.tenant())`,
    roots: { self: { kind: 'row', alias, frame: null }, user: { kind: 'row', alias: actor, frame: null } },
    parameter(name) {
      if (name === 'user.id') return sql`(select bos.member())`
      if (name === 'user.roles') return sql`(select bos.roles())::text[]`
      throw new Error(`there is no parameter ${name} in a condition on a row`)
    },
  })
  const { sql: text, parameters } = fragment.compile(builder)
  // Our own text, in which nothing else looks like a parameter: whatever an author wrote is one.
  return `(${text.replace(/\$(\d+)/g, (_, number: string) => literal(parameters[Number(number) - 1]))}) is true`
}

/** A column of the acting person's record, whatever their roles show of it. */
function ofActor(name: string, type: string): Fragment {
  const key = sql.raw(quoteText(name))
  const as = sql.raw(type)
  if (type.endsWith('[]')) return sql`(select array(select jsonb_array_elements_text(nullif(bos.me() -> ${key}, 'null')))::${as})`
  return type.startsWith('text') ? sql`(select (bos.me() ->> ${key}) collate "C")` : sql`(select (bos.me() ->> ${key})::${as})`
}

/** As `pg` would bind it, in the text itself. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? `'{}'` : `array[${value.map(literal).join(', ')}]`
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number' || typeof value === 'bigint') return `'${String(value)}'`
  if (typeof value === 'string') return quoteText(value)
  throw new Error('a value of a condition on a row has no literal')
}
