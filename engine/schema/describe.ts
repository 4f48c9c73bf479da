import { describeColumn } from './columns.ts'
import { tableKey } from './names.ts'
import type { Shape, TableShape } from './types.ts'

/** A shape as text that people review: in snapshots and pull requests. Order never depends on when something was added. */
export function describeShape(shape: Shape): string {
  const schemas = [...shape.schemas].sort((a, b) => (a.name < b.name ? -1 : 1))
  return (
    [
      ...schemas.map((schema) => `schema ${schema.name}\n  owner ${schema.owner}; ${schema.grants.join('; ')}`),
      ...shape.tables.map(describeTable),
    ].join('\n\n') + '\n'
  )
}

function describeTable(table: TableShape): string {
  const columns = [...table.columns].sort((a, b) => (a.name < b.name ? -1 : 1))
  return [
    `table ${tableKey(table)}`,
    `  owner ${table.owner}; row security ${table.rowSecurity}; ${table.grants.join('; ')}`,
    ...columns.map((column) => `  ${column.name} ${describeColumn(column)}`),
    ...table.items.map((item) => `  ${item.kind} ${item.name}: ${item.definition}`),
  ].join('\n')
}
