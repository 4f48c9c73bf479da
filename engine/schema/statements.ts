import { quoteName, quoteTable } from './names.ts'
import type { TableName } from './names.ts'
import { settledRoles } from './policies.ts'
import type { ColumnShape, Item, SchemaShape, TableShape } from './types.ts'

/** SQL of single changes. Everything here comes from ids that `check` accepted or from us, and names are quoted all the same. */

export const createSchema = (schema: SchemaShape): string => `create schema ${quoteName(schema.name)};\n${grantSchema(schema)}`

export const grantSchema = (schema: SchemaShape): string =>
  [
    `revoke all on schema ${quoteName(schema.name)} from ${settledRoles.join(', ')}`,
    ...schema.grants.map((grant) => {
      const [role, right] = grant.split(': ')
      return `grant ${right} on schema ${quoteName(schema.name)} to ${role}`
    }),
  ].join(';\n')

/** Revoking first also takes away what default privileges gave; rights on columns go with those on the table. */
export const grantTable = (table: TableShape): string =>
  [
    `revoke all on ${quoteTable(table)} from ${settledRoles.join(', ')}`,
    ...table.grants.map((grant) => {
      const [role, right] = grant.split(': ')
      return `grant ${right} on ${quoteTable(table)} to ${role}`
    }),
  ].join(';\n')

export const secureTable = (table: TableName): string =>
  `alter table ${quoteTable(table)} enable row level security;\nalter table ${quoteTable(table)} force row level security`

/**
 * A new table with everything but what may name other new tables (foreign keys, policies). Until its policies stand it lets
 * nobody see or write a row.
 */
export function createTable(table: TableShape, items: readonly Item[]): string {
  return [
    `create table ${quoteTable(table)} (\n  ${table.columns.map(columnDefinition).join(',\n  ')}\n)`,
    secureTable(table),
    grantTable(table),
    ...items.map((item) => addItem(table, item)),
  ].join(';\n')
}

const columnDefinition = (column: ColumnShape): string =>
  [
    quoteName(column.name),
    column.type,
    column.collation === null ? '' : `collate ${quoteName(column.collation)}`,
    column.generated === null ? '' : `generated always as (${column.generated}) stored`,
    column.default === null ? '' : `default ${column.default}`,
    column.notNull ? 'not null' : '',
  ]
    .filter((part) => part !== '')
    .join(' ')

export interface ColumnChanges {
  readonly drop: readonly ColumnShape[]
  readonly widen: readonly ColumnShape[]
  readonly add: readonly ColumnShape[]
  /** Columns whose default or NOT NULL differs; as wanted. */
  readonly settle: readonly ColumnShape[]
}

/** All changes of one table's columns in one statement, so that it is rewritten at most once. */
export function alterColumns(table: TableName, { drop, widen, add, settle }: ColumnChanges): string {
  const changes = [
    ...drop.map((column) => `drop column ${quoteName(column.name)}`),
    ...widen.map(
      (column) =>
        `alter column ${quoteName(column.name)} type ${column.type}${column.collation === null ? '' : ` collate ${quoteName(column.collation)}`}`,
    ),
    ...add.map((column) => `add column ${columnDefinition(column)}`),
    ...settle.flatMap((column) => [
      `alter column ${quoteName(column.name)} ${column.default === null ? 'drop default' : `set default ${column.default}`}`,
      `alter column ${quoteName(column.name)} ${column.notNull ? 'set' : 'drop'} not null`,
    ]),
  ]
  return `alter table ${quoteTable(table)}\n  ${changes.join(',\n  ')}`
}

export function addItem(table: TableName, { kind, name, definition }: Item): string {
  if (kind === 'index' || kind === 'unique')
    return `create ${kind === 'unique' ? 'unique ' : ''}index ${quoteName(name)} on ${quoteTable(table)} ${definition}`
  if (kind === 'trigger') return `create trigger ${quoteName(name)} ${definition}`
  if (kind === 'policy') return `create policy ${quoteName(name)} on ${quoteTable(table)} ${definition}`
  return `alter table ${quoteTable(table)} add constraint ${quoteName(name)} ${definition}`
}

export function dropItem(table: TableName, { kind, name, definition }: Item): string {
  if (kind === 'trigger' || kind === 'policy') return `drop ${kind} ${quoteName(name)} on ${quoteTable(table)}`
  // A unique key may also be a constraint that somebody made by hand.
  if (kind === 'index' || (kind === 'unique' && !definition.startsWith('UNIQUE')))
    return `drop index ${quoteName(table.schema)}.${quoteName(name)}`
  return `alter table ${quoteTable(table)} drop constraint ${quoteName(name)}`
}
