import type { Query, Transaction } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { ResolvedOperation, UpsertOperation } from './change.ts'
import { twice } from './decide-operations.ts'
import { keyQuery } from './load.ts'
import { keyText } from './unique-keys.ts'
import type { WriteRequest } from './request.ts'
import type { Actor } from './types.ts'

/** An upsert becomes an update of the record that has the key, or a create. Throws Problem 'version-conflict' where it must not be one. */
export async function resolveUpserts(tx: Transaction, request: WriteRequest, actor: Actor): Promise<readonly ResolvedOperation[]> {
  const upserts = request.operations.filter((each) => each.op === 'upsert')
  if (upserts.length === 0) return request.operations as readonly ResolvedOperation[]
  const found = await tx.send({ role: 'bos_write', queries: upserts.map((each) => upsertQuery(each, actor)) })
  const ids = new Map(upserts.map((each, i) => [each, found[i]!.rows[0]?.['id'] as string | undefined]))
  refuseTwins(request.operations, (each) => ids.get(each) === undefined)
  return request.operations.map((each): ResolvedOperation => {
    if (each.op !== 'upsert') return each
    const { entity, pointer, change, key, ifMatch, transition } = each
    const id = ids.get(each)
    if (id !== undefined) return { op: 'update', entity, pointer, change, key, transition, id, ifMatch }
    if (ifMatch !== null) throw new Problem('version-conflict', 'There is no record yet.')
    if (transition !== null) throw new Problem('not-found')
    return { op: 'create', entity, pointer, change, id: each.id }
  })
}

/**
 * What an earlier operation creates is a record of the request: neither may a later one mean it by its key, nor create it once more where the
 * first did not know that it would be the one. Throws Entangled, before the database finds the key taken.
 */
function refuseTwins(operations: WriteRequest['operations'], isNew: (upsert: UpsertOperation) => boolean): void {
  const keys = new Set(operations.flatMap((each) => (each.op === 'upsert' && isNew(each) ? [each.key] : [])))
  const made = new Map<string, 'create' | 'upsert'>()
  for (const each of operations) {
    if (each.op !== 'create' && each.op !== 'upsert') continue
    for (const key of each.op === 'upsert' ? (isNew(each) ? [each.key] : []) : keys) {
      const values = keyValues({ key, change: each.change })
      if (values.includes(null)) continue
      const text = `${key.id} ${keyText(values, key)}`
      const before = made.get(text)
      // Two that both only create are the database's to refuse, as two requests are.
      if (before === 'upsert' || (before && each.op === 'upsert')) throw twice(each)
      made.set(text, before ?? each.op)
    }
  }
}

function upsertQuery(operation: UpsertOperation, actor: Actor): Query {
  const { entity, key } = operation
  const fields = key.fields.map((id) => entity.fieldById.get(id)!)
  return keyQuery(entity, fields, key.ignoreCase, actor, keyValues(operation))
}

/** They may stand in fields that only the engine sets: an order is found by its number. */
const keyValues = ({ key, change }: Pick<UpsertOperation, 'key' | 'change'>): readonly unknown[] =>
  key.fields.map((id) => change.set.get(id) ?? change.echo.get(id) ?? null)
