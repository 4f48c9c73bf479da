import type { TableName } from './names.ts'

/** What stands, or should stand, in the database for the modules in use. Wanted and actual shapes have the same form. */
export interface Shape {
  readonly schemas: readonly SchemaShape[]
  /** In order of name. */
  readonly tables: readonly TableShape[]
}
export interface SchemaShape {
  readonly name: string
  readonly owner: string
  /** `role: privilege`, sorted. */
  readonly grants: readonly string[]
}
export interface TableShape extends TableName {
  /** Id of the entity, e.g. `crm.deal`. */
  readonly entity: string
  readonly owner: string
  readonly rowSecurity: 'forced' | 'enabled' | 'off'
  readonly columns: readonly ColumnShape[]
  readonly items: readonly Item[]
  /** `role: privilege` or `role: privilege (column)`, sorted; only of PUBLIC and our serving roles. */
  readonly grants: readonly string[]
}
export interface ColumnShape {
  readonly name: string
  /** As `format_type` writes it. */
  readonly type: string
  readonly collation: string | null
  readonly notNull: boolean
  readonly default: string | null
  /** Expression of a stored generated column. */
  readonly generated: string | null
  /** Id of the field it belongs to; null: the engine's own. */
  readonly field: string | null
}

export const itemKinds = ['primary key', 'check', 'unique', 'exclusion', 'index', 'trigger', 'foreign key', 'policy'] as const
export type ItemKind = (typeof itemKinds)[number]

/** Anything on a table that has a name and a definition. */
export interface Item {
  readonly kind: ItemKind
  readonly name: string
  /** SQL after the name (for triggers and indexes after `on table`; see statements.ts). */
  readonly definition: string
  /** Id of the field it serves, when it is one. */
  readonly field: string | null
}

/** What cannot be done while the engine starts, in words for the operator. */
export interface Refusal {
  readonly entity: string
  readonly field: string | null
  readonly there: string
  readonly wanted: string
  /** Physical name of the column, index or constraint that stands in the way, when it is one. */
  readonly name: string | null
  readonly message: string
}

export function refusal(
  entity: string,
  field: string | null,
  there: string,
  wanted: string,
  why: string,
  name: string | null = null,
): Refusal {
  const subject = field === null ? entity : `${entity}, field "${field}"`
  return { entity, field, there, wanted, name, message: `${subject}: ${why} There is: ${there}. Wanted: ${wanted}.` }
}

/** One change of the database. `sql` may hold several statements. */
export interface Step {
  readonly kind:
    | 'create schema'
    | 'grant schema'
    | 'create table'
    | 'alter columns'
    | 'link table'
    | 'secure table'
    | 'grant table'
    | `add ${ItemKind}`
    | `drop ${ItemKind}`
  readonly entity: string
  readonly field: string | null
  /** Name of what is changed. */
  readonly name: string
  readonly sql: string
}
