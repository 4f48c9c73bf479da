import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Entity, Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import type { Query } from '../database/types.ts'
import type { ColumnRef } from '../fields/type.ts'
import { builder } from '../schema/sql-builder.ts'

export type Fragment = RawBuilder<unknown>

/** Named by its text: the text must not depend on tenant, actor or values. */
export function toQuery(fragment: Fragment): Query {
  const { sql: text, parameters } = fragment.compile(builder)
  return { ...(text.length <= limits.namedCharacters && { name: statementName(text) }), text, values: parameters }
}

/** Stands in a fragment for a value that every run brings anew. */
export class Slot<V> {
  readonly read: (values: V) => unknown
  constructor(read: (values: V) => unknown) {
    this.read = read
  }
}

/** A statement compiled once, with slots in place of its values. */
export type Template<V> = (values: V) => Query

/** Building and compiling costs an API process more than everything else it does for a small read: it is done once per shape. */
export function toTemplate<V>(fragment: Fragment): Template<V> {
  const { values: places = [], ...query } = toQuery(fragment)
  return (values) => ({ ...query, values: places.map((each) => (each instanceof Slot ? (each as Slot<V>).read(values) : each)) })
}

let made = new WeakMap<object, Map<string, unknown>>()
let kept = 0

/**
 * What `make` makes of `owner` in this shape (which says its kind, too), made once. It is gone with the owner. All owners together keep
 * `limits.shapesKept`: a caller that goes through ever new shapes makes everybody's start afresh, and costs no memory.
 */
export function remember<T>(owner: object, shape: string, make: () => T): T {
  const known = made.get(owner)?.get(shape)
  if (known !== undefined) return known as T
  const value = make()
  if (++kept > limits.shapesKept) {
    made = new WeakMap()
    kept = 1
  }
  const shapes = made.get(owner) ?? new Map<string, unknown>()
  made.set(owner, shapes.set(shape, value))
  return value
}

const names = new Map<string, string>()

function statementName(text: string): string {
  const known = names.get(text)
  if (known) return known
  if (names.size >= limits.shapesKept) names.clear()
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 32)
  names.set(text, name)
  return name
}

export const tableOf = (entity: Entity): Fragment => sql`${sql.id(entity.table.schema, entity.table.name)}`

export const column = (alias: string, name: string): Fragment => sql`${sql.id(alias, name)}`

/** The columns of one field under a table alias. */
export const columnsOf =
  (alias: string, field: Field): ColumnRef =>
  (suffix = '') =>
    column(alias, field.id + suffix)

export const and = (conditions: readonly Fragment[]): Fragment =>
  conditions.length > 0 ? sql`${sql.join(conditions, sql` and `)}` : sql`true`
export const comma = (parts: readonly Fragment[]): Fragment => sql`${sql.join(parts, sql`, `)}`
