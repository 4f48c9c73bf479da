import type { Sql } from 'kysely'
import type { Fragment } from './functions-operators.ts'
import { Frame, nextAlias } from './sql-tables.ts'
import type { Compiling, Row, Scope } from './sql-tables.ts'
import type { RecordNode } from './types.ts'

/** Records that an expression leads to step by step: joins of the statement that it stands in, or sub-selects where nothing can be joined. */
export function along(compiling: Compiling, node: Exclude<RecordNode, { kind: 'first' }>, scope: Scope): Row {
  const { sql, context } = compiling
  const { tables } = context
  switch (node.kind) {
    case 'root':
      return rootRow(compiling, node)
    case 'element':
      return scope.bound.get(node.variable) as Row
    case 'hop': {
      const base = compiling.reach(node.of, scope)
      const reference = tables.reference(node.of.entity, node.field, node.entity, base.alias)
      return join(
        compiling,
        base,
        `${base.alias}.${node.field}.${node.entity}`,
        node.entity,
        (alias) =>
          sql`${tables.tenant(alias)} = ${tables.tenant(base.alias)} and ${tables.id(alias)} = ${reference} and ${tables.live(node.entity, alias, 'hop')}`,
      )
    }
    case 'document': {
      const base = compiling.reach(node.of, scope)
      return join(
        compiling,
        base,
        `${base.alias}^`,
        node.entity,
        (alias) => sql`${tables.tenant(alias)} = ${tables.tenant(base.alias)} and ${tables.id(alias)} = ${tables.parent(base.alias)}`,
      )
    }
  }
}

function rootRow(compiling: Compiling, { root, entity }: RecordNode & { kind: 'root' }): Row {
  const { sql, context } = compiling
  const found = context.roots[root]
  if (found === undefined) throw new Error(`this context has no ${root}`)
  if (found.kind === 'row') return { alias: found.alias, frame: found.frame, wrap: (value) => value }
  const { tables, tenant } = context
  return detached(compiling, entity, (alias) => sql`${tables.tenant(alias)} = ${tenant} and ${found.where(alias)}`)
}

function join(compiling: Compiling, base: Row, key: string, entity: string, on: (alias: string) => Fragment): Row {
  const { sql, context } = compiling
  const { frame, wrap } = base
  if (frame === null) return detached(compiling, entity, on)
  const table = context.tables.table(entity)
  return frame.row(key, (alias) => ({ row: { alias, frame, wrap }, join: sql`left join ${table} ${sql.id(alias)} on ${on(alias)}` }))
}

/** A record that no FROM can join to: read by a scalar sub-select. */
function detached(compiling: Compiling, entity: string, where: (alias: string) => Fragment): Row {
  const { sql, context, names } = compiling
  const alias = nextAlias(names)
  const frame = new Frame(names)
  const from = sql`${context.tables.table(entity)} ${sql.id(alias)}`
  return { alias, frame, wrap: (value) => sql`(select ${value} from ${rowsFrom(sql, from, frame)} where ${where(alias)})` }
}

/** A table with all that was joined to it. */
export const rowsFrom = (sql: Sql, table: Fragment, frame: Frame): Fragment => sql`${table} ${sql.join([...frame.joins], sql` `)}`
