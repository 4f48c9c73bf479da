import { sql } from 'kysely'
import type { Entity, Field, UniqueKey } from '../catalogue/types.ts'
import type { Database, Rows } from '../database/types.ts'
import { rowCondition } from '../schema/row-condition.ts'
import { contextOf } from './access.ts'
import { Members } from './change.ts'
import type { Change, Operation, Stored } from './change.ts'
import { keyQuery, readStored, storedQuery } from './load.ts'
import type { WriteRequest } from './request.ts'
import type { Actor } from './types.ts'
import { keyOfRow, keyText } from './unique-keys.ts'

/**
 * Which operations of a refused batch are to blame for a broken unique key: those whose values another record has, or an earlier
 * operation. PostgreSQL names only the key, and under row security not the values. Nothing is written.
 */
export async function blame(
  database: Database,
  request: WriteRequest,
  actor: Actor,
  entity: Entity,
  key: UniqueKey,
): Promise<readonly Operation[]> {
  const fields = key.fields.map((id) => entity.fieldById.get(id)!)
  const read = [...key.fields, ...(key.when?.dependencies.roots.get('self')?.values ?? [])]
  const asking = request.operations.filter(
    (each) => 'change' in each && (each.op !== 'update' || read.some((id) => each.change.set.has(id))),
  )
  return database.transaction(contextOf(actor, request.access), async (tx) => {
    const { catalogue } = request.access
    const updated = asking.flatMap((each) => (each.op === 'update' ? [each.id] : []))
    const [rows] = await tx.send({ role: 'bos_read', queries: [storedQuery(catalogue, request.here, actor, updated)] })
    const stored = readStored(entity, (field) => catalogue.entities.get(field.lines!.entity)!, rows!)
    const keyed = asking.flatMap((operation) => {
      const values = keyOfRow(entity, key, (field) => valueIn(operation, field, stored.get(operation.id)?.stored))
      return values === null ? [] : [{ operation, values }]
    })
    if (keyed.length === 0) return []
    const among = key.when && sql.raw(rowCondition(catalogue, key.when, 't'))
    const queries = keyed.map(({ values }) => keyQuery(entity, fields, key.ignoreCase, actor, values, among))
    const found = await tx.send({ role: 'bos_write', queries })
    return blamed(keyed, found, key)
  })
}

function blamed(
  keyed: readonly { readonly operation: Operation; readonly values: readonly unknown[] }[],
  found: readonly Rows[],
  key: UniqueKey,
): Operation[] {
  const before = new Set<string>()
  return keyed.flatMap(({ operation, values }, i) => {
    const same = keyText(values, key)
    const holder = found[i]!.rows[0]?.['id']
    const isTaken = before.has(same) || (operation.op !== 'upsert' && holder !== undefined && holder !== operation.id)
    before.add(same)
    return isTaken ? [operation] : []
  })
}

/** The value a field would have; null: none, or not known without deciding. */
function valueIn(operation: Operation, field: Field, stored: Stored | undefined): unknown {
  if (!('change' in operation)) return null
  return wantedValue(operation.change, field, operation.op === 'update' ? stored?.values.get(field.id) : field.default)
}

/** The value that a change gives a field, or the one it has otherwise; null: none, or not known without deciding. */
export function wantedValue({ set }: Pick<Change, 'set'>, field: Field, otherwise: unknown): unknown {
  const asked = set.get(field.id)
  if (asked !== undefined) return asked instanceof Members ? null : asked
  return otherwise ?? null
}
