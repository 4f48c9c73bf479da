import { sql } from 'kysely'
import { limits } from '../config.ts'
import type { Transaction } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { Operation } from './change.ts'
import { callerSlots, Source } from './conditions.ts'
import type { Caller } from './conditions.ts'
import { boundConstant, parseFilter } from './filter.ts'
import { listConditions } from './list.ts'
import type { ListRequest } from './list.ts'
import { and, column, Slot, toTemplate } from './sql.ts'
import type { Access, Actor, EntityAccess } from './types.ts'

/** One operation for every record that its caller lists with a filter. */
export interface Choice {
  readonly rows: Pick<ListRequest, 'catalogue' | 'access' | 'action' | 'conditions' | 'filter' | 'search' | 'deleted'>
  /** What is to be done with those that are found. */
  readonly operations: (ids: readonly string[]) => readonly Operation[]
}

/** Throws Problem 'request-invalid' with the place of every fault of the filter. */
export function parseChosen(access: Access, here: EntityAccess, text: string): Choice['rows'] {
  try {
    return { catalogue: access.catalogue, access: here, action: 'list', ...parseFilter(access, here, text), search: null, deleted: false }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw new Problem('request-invalid', error.message, { faults: error.faults.map((each) => ({ ...each, pointer: '/filter' })) })
  }
}

/** The operations, as the list of this moment has the records. Throws Problem 'request-invalid' when there are more than a bulk takes. */
export async function chosen(tx: Transaction, { rows, operations }: Choice, actor: Actor): Promise<readonly Operation[]> {
  const conditions = rows.conditions.map((each, c) => ({
    ...each,
    values: each.values.map((_, v) => new Slot<Caller>(() => rows.conditions[c]!.values[v])),
  }))
  const literal = (index: number): Slot<Caller> => new Slot(() => boundConstant(rows.filter!, index))
  const source = new Source(rows.catalogue, rows.access)
  const where = listConditions(source, { ...rows, conditions }, callerSlots, literal)
  const id = column(source.alias, 'id')
  const template = toTemplate<Caller>(sql`with chosen as (select ${id} as id from ${source.from()} where ${and(where)})
    select (select count(*) from chosen)::int as total, array(select id::text from chosen order by id limit ${sql.lit(limits.bulkOperations)}) as ids`)
  const { text, values = [] } = template({ tenant: actor.tenant, member: actor.member })
  const [answer] = await tx.send({ role: 'bos_read', queries: [{ text, values }] })
  const { total, ids } = answer!.rows[0] as { total: number; ids: readonly string[] }
  if (total <= limits.bulkOperations) return operations(ids)
  const detail = `The filter selects ${total} records; at most ${limits.bulkOperations} are changed at a time.`
  throw new Problem('request-invalid', detail, { faults: [{ pointer: '/filter', detail }] })
}

/** Every record has the same wrong value: that is told once. */
export function toldOfChoice(error: unknown): unknown {
  if (!(error instanceof Problem) || error.faults.length < 2) return error
  const faults = [...new Map(error.faults.map((each) => [JSON.stringify(each), each])).values()]
  return new Problem(error.code, faults.length === 1 ? faults[0]!.detail : error.message, { faults, cause: error })
}
