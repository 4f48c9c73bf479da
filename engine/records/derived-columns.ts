import { sql } from 'kysely'
import type { Catalogue, Derivation, Field } from '../catalogue/types.ts'
import type { Tables } from '../expressions/sql-tables.ts'
import type { Node } from '../expressions/types.ts'
import { fieldOf } from '../fields/index.ts'
import type { ColumnRef } from '../fields/type.ts'
import { overRow } from './expression-tables.ts'
import type { Fragment } from './sql.ts'

/** The columns of a value that is not stored: its expression over the row, reading what the reader sees of other records. */
export function derivedColumns(
  catalogue: Catalogue,
  field: Field,
  { expression }: Derivation,
  alias: string,
  live: Tables['live'],
): ColumnRef {
  const { root } = expression
  const compile = (node: Node): Fragment => overRow(catalogue, node, alias, live)
  const type = fieldOf(field.type)
  return (suffix = '') => {
    if (root.kind === 'money') return suffix === '' ? kept(field, compile(root.amount)) : compile(root.currency)
    const member = suffix === '' ? null : [...(type.members?.(field.settings) ?? [])].find(([, each]) => each.suffix === suffix)?.[0]
    return kept(field, compile(root.kind === 'field' && member ? { ...root, member } : root))
  }
}

/** A number as the field would keep it. */
function kept(field: Field, value: Fragment): Fragment {
  const type = fieldOf(field.type).columns(field.id, field.settings)[0]?.type ?? ''
  const scale = /^numeric\(\d+,(\d+)\)$/.exec(type)?.[1]
  if (scale !== undefined) return sql`round((${value})::numeric, ${sql.lit(Number(scale))})`
  if (type !== 'bigint') return value
  // No integer is beyond what JSON says exactly.
  return sql`(select case when abs(v.value) <= ${sql.lit(Number.MAX_SAFE_INTEGER)} then v.value::bigint end from (select round((${value})::numeric) as value offset 0) v)`
}
