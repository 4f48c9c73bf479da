import { createHash } from 'node:crypto'

/** PostgreSQL cuts identifiers after this many bytes without a word. */
const longestName = 63

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export interface TableName {
  readonly schema: string
  readonly name: string
}
export const tableKey = (table: TableName): string => `${table.schema}.${table.name}`
export const quoteTable = (table: TableName): string => `${quoteName(table.schema)}.${quoteName(table.name)}`

/**
 * Name of a constraint or index: `crm__deal__name_per_company__key`. Ids hold no `__` (link tables do, and have none of the names that fields
 * give), so that two different things cannot meet in one name; what does not fit ends with a hash of the whole.
 */
export function objectName(table: TableName, ...parts: readonly string[]): string {
  const full = [table.schema, table.name, ...parts].join('__')
  if (Buffer.byteLength(full) <= longestName) return full
  const hash = sha256(full).slice(0, 10)
  return `${Buffer.from(full)
    .subarray(0, longestName - hash.length - 1)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')}_${hash}`
}
