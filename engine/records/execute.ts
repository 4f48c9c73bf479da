import type { Database, Query, Rows, Step, Transaction, TransactionContext } from '../database/types.ts'
import { Problem } from '../problems.ts'
import { decideOperations } from './operations.ts'
import type { Decided } from './operations.ts'
import type { Operation } from './change.ts'
import { columnValues } from './decide.ts'
import { claim, settleQuery } from './idempotency.ts'
import type { Done } from './idempotency.ts'
import { keyQuery } from './load.ts'
import { toRefusal } from './refusal.ts'
import type { Access, Actor } from './types.ts'
import { writeQuery } from './write.ts'
import { invalid } from './write-request.ts'
import type { WriteRequest } from './write-request.ts'

export const contextOf = (actor: Actor, access: Access): TransactionContext => ({
  tenant: actor.tenant, member: actor.member, session: actor.session, generation: actor.generation, scopes: access.scopes,
})

/** What became of one operation. */
export type Result = Done | Problem
export interface Executed {
  readonly results: readonly Result[]
  /** Rows of the `answer` query: the records read back under the actor's own policies, after the write. */
  readonly answer: Rows | null
}
/** Makes the query that reads the written records back. */
export type ReadBack = (ids: readonly string[]) => Query

/** An `each` request cannot go as one batch: some of it was done before, or the database refused a row of it. */
class NotAsBatch extends Error {}

/** One transaction for the whole request; in mode `each`, where that does not work out, one for every operation. */
export async function execute(database: Database, request: WriteRequest, actor: Actor, readBack: ReadBack | null): Promise<Executed> {
  if (request.mode !== 'each') return executeOnce(database, request, actor, readBack)
  try {
    return await executeOnce(database, request, actor, null)
  } catch (error) {
    if (!(error instanceof NotAsBatch) && !isRefusal(error)) throw error
  }
  const results: Result[] = []
  for (const [i, operation] of request.operations.entries()) {
    const idempotency = request.idempotency && { ...request.idempotency, key: operationKey(request, i) }
    const alone: WriteRequest = { ...request, mode: 'one', operations: [operation], idempotency }
    results.push(await executeOnce(database, alone, actor, null).then((done) => done.results[0]!, (error: unknown) => asResult(toRefusal(error, alone))))
  }
  return { results, answer: null }
}

const operationKey = (request: WriteRequest, index: number): string => `${request.idempotency!.key}#${index}`
/** SQLSTATE class 23: a constraint. */
const isRefusal = (error: unknown): boolean => typeof error === 'object' && error !== null && 'code' in error && String(error.code).startsWith('23')

function asResult(error: unknown): Problem {
  if (error instanceof Problem) return error
  throw error
}

/** Claim, load (locks first), decide, write, read back: at most four trips, two for most. */
async function executeOnce(database: Database, request: WriteRequest, actor: Actor, readBack: ReadBack | null): Promise<Executed> {
  return database.transaction(contextOf(actor, request.access), async (tx) => {
    const read = (ids: readonly string[]): Step[] => (readBack ? [{ role: 'bos_read', queries: [readBack(ids)] }] : [])
    const keys = claimKeys(request, actor)
    const done = keys.length > 0 ? await claim(tx, request.idempotency!, actor, keys) : []
    if (request.mode === 'each' && done.some((each) => each !== null)) throw new NotAsBatch()
    if (done[0]) {
      const rows = await tx.commit(...read(done[0].map((each) => each.id)))
      return { results: done[0], answer: rows.at(-1) ?? null }
    }
    const operations = await resolveUpserts(tx, request, actor)
    const { results, writes, events, unused } = await decideOperations(tx, request, actor, operations)
    const settle = keys.length > 0 ? [settleQuery(request.idempotency!, actor, settled(request, keys, results))] : []
    const write = writeQuery(writes, events, { actor, via: request.via, requestId: request.requestId }, request.mode === 'one')
    const queries = [...unused, ...(write ? [write] : []), ...settle]
    const written: Step[] = queries.length > 0 ? [{ role: 'bos_write', queries }] : []
    const rows = await tx[request.dryRun ? 'send' : 'commit'](...written, ...read(results.flatMap((each) => (each instanceof Problem ? [] : [each.id]))))
    return { results: results.map(toDone), answer: readBack ? rows.at(-1)! : null }
  })
}

function claimKeys(request: WriteRequest, actor: Actor): readonly string[] {
  if (!request.idempotency || actor.member === null) return []
  return request.mode === 'each' ? request.operations.map((_, i) => operationKey(request, i)) : [request.idempotency.key]
}

function settled(request: WriteRequest, keys: readonly string[], results: Decided['results']): Map<string, readonly Done[]> {
  const done = results.map((each) => toDone(each))
  const isDone = (each: Result | undefined): each is Done => each !== undefined && !(each instanceof Problem)
  if (request.mode !== 'each') return new Map([[keys[0]!, done.filter(isDone)]])
  return new Map(keys.flatMap((key, i) => (isDone(done[i]) ? [[key, [done[i]]] as const] : [])))
}

const toDone = (each: Decided['results'][number]): Result => (each instanceof Problem ? each : { status: each.status, id: each.id, version: each.version, revision: each.revision })

/** An upsert becomes an update of the record that has the key, or a create. Two at once: the constraint decides, and the caller tries again. */
async function resolveUpserts(tx: Transaction, request: WriteRequest, actor: Actor): Promise<readonly Operation[]> {
  const upserts = request.operations.filter((each) => each.op === 'upsert')
  if (upserts.length === 0) return request.operations
  const queries = upserts.map((each) => {
    const fields = each.key.fields.map((id) => each.entity.fieldById.get(id)!)
    const values = fields.map((field) => each.change.set.get(field.id) ?? null)
    const missing = fields.flatMap((field, i) => (values[i] === null ? [{ pointer: `${each.pointer}/${field.name}`, detail: `${field.title} is part of the key and is required.` }] : []))
    if (missing.length > 0) throw invalid(missing)
    return keyQuery(each.entity, fields, each.key.ignoreCase, actor, fields.map((field, i) => columnValues(field, values[i])))
  })
  const found = await tx.send({ role: 'bos_write', queries })
  return request.operations.map((each): Operation => {
    if (each.op !== 'upsert') return each
    const { entity, pointer, change } = each
    const id = found[upserts.indexOf(each)]!.rows[0]?.['id'] as string | undefined
    return id === undefined ? { op: 'create', entity, pointer, change, id: each.id } : { op: 'update', entity, pointer, change, id, ifMatch: null }
  })
}
