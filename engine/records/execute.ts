import type { Database, Query, Rows, Step, Transaction } from '../database/types.ts'
import { Stale } from '../database/types.ts'
import { toProblem } from '../database/errors.ts'
import { Problem } from '../problems.ts'
import { contextOf } from './access.ts'
import { decideOperations, Entangled } from './operations.ts'
import type { Decided } from './operations.ts'
import type { Operation, UpsertOperation } from './change.ts'
import { columnValues } from './decide.ts'
import { claim, settleQuery } from './idempotency.ts'
import type { Done } from './idempotency.ts'
import { keyQuery } from './load.ts'
import { brokenKey, takenAt, toRefusal } from './refusal.ts'
import { takenBy } from './taken.ts'
import type { Actor } from './types.ts'
import { writeQuery } from './write.ts'
import type { WriteRequest } from './write-request.ts'

/** What became of one operation. */
export type Result = Done | Problem
export interface Executed {
  readonly results: readonly Result[]
  /** Rows of the `answer` query: the records read back under the actor's own policies, after the write. */
  readonly answer: Rows | null
}
/** Makes the query that reads the written records back. */
export type ReadBack = (ids: readonly string[]) => Query

/** An `each` request of which some operations were done by an earlier copy of it. */
class DoneInPart extends Error {}

/** One transaction for the whole request; in mode `each`, where that does not work out, one for every operation. Throws Problems. */
export async function execute(database: Database, request: WriteRequest, actor: Actor, readBack: ReadBack | null): Promise<Executed> {
  try {
    return await executeAgain(database, request, actor, request.mode === 'one' ? readBack : null)
  } catch (error) {
    if (request.mode === 'each' && mayGoAlone(error)) return oneByOne(database, request, actor)
    throw (request.mode === 'all' && (await refusalOfBatch(database, request, actor, error))) || toRefusal(error, request)
  }
}

/** Something in the batch did not fit: who it was shows when each goes alone. What no operation can help does not. */
const mayGoAlone = (error: unknown): boolean =>
  error instanceof DoneInPart ||
  error instanceof Entangled ||
  (!(error instanceof Problem) && !(error instanceof Stale) && toProblem(error).status < 500)

async function oneByOne(database: Database, request: WriteRequest, actor: Actor): Promise<Executed> {
  const results: Result[] = []
  for (const [i, operation] of request.operations.entries()) {
    const key = request.idempotency?.keys[i]
    const alone: WriteRequest = {
      ...request,
      mode: 'one',
      operations: [operation],
      idempotency: key === undefined ? null : { ...request.idempotency!, keys: [key] },
    }
    results.push(
      await executeAgain(database, alone, actor, null).then(
        (done) => done.results[0]!,
        (error: unknown) => asResult(toRefusal(error, alone), i),
      ),
    )
  }
  return { results, answer: null }
}

/** Stale after the first operation must not reach the gateway, which would send everything again. */
function asResult(error: unknown, index: number): Problem {
  if (error instanceof Problem) return error
  if (error instanceof Stale && index > 0) return toProblem(error)
  throw error
}

/** Who of a batch broke a unique key: PostgreSQL does not say. */
async function refusalOfBatch(database: Database, request: WriteRequest, actor: Actor, error: unknown): Promise<Problem | null> {
  const broken = error instanceof Problem ? null : brokenKey(error, request)
  if (!broken?.key || broken.key.noOverlap || broken.entity !== request.here.entity) return null
  const blamed = await takenBy(database, request, actor, broken.entity, broken.key)
  return takenAt(
    error,
    request,
    blamed.map((each) => each.pointer),
  )
}

const attempts = 5

/** Two at once may lock each other out, or create what one of them should then have updated: then everything is done afresh. */
async function executeAgain(database: Database, request: WriteRequest, actor: Actor, readBack: ReadBack | null): Promise<Executed> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await executeOnce(database, request, actor, readBack)
    } catch (error) {
      if (attempt === attempts || !isRace(error, request)) throw error
    }
  }
}

/** SQLSTATE class 40: a deadlock. 23505, where an upsert found nothing to update: somebody was faster. */
function isRace(error: unknown, { mode, operations }: WriteRequest): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (error instanceof Problem) return false
  return code.startsWith('40') || (code === '23505' && mode !== 'each' && operations.some((each) => each.op === 'upsert'))
}

/** Claim, load (locks first), decide, write, read back: at most four trips, two for most. */
async function executeOnce(database: Database, request: WriteRequest, actor: Actor, readBack: ReadBack | null): Promise<Executed> {
  // What the engine does by itself is not repeated by anybody.
  const idempotency = actor.member === null ? null : request.idempotency
  return database.transaction(contextOf(actor, request.access), async (tx) => {
    const read = (ids: readonly string[]): Step[] => (readBack ? [{ role: 'bos_read', queries: [readBack(ids)] }] : [])
    const done = idempotency ? await claim(tx, idempotency, actor) : []
    if (request.mode === 'each' && done.some((each) => each !== null)) throw new DoneInPart()
    if (done[0]) {
      const rows = await tx.commit(...read(done[0].map((each) => each.id)))
      return { results: done[0], answer: rows.at(-1) ?? null }
    }
    const operations = await resolveUpserts(tx, request, actor)
    const { results, writes, events, unused } = await decideOperations(tx, request, actor, operations)
    const settle = idempotency ? [settleQuery(idempotency, actor, settled(request, idempotency.keys, results))] : []
    const write = writeQuery(writes, events, { actor, via: request.via, requestId: request.requestId }, request.mode === 'one')
    const queries = [...unused, ...(write ? [write] : []), ...settle]
    const written: Step[] = queries.length > 0 ? [{ role: 'bos_write', queries }] : []
    const rows = await tx[request.dryRun ? 'send' : 'commit'](
      ...written,
      ...read(results.flatMap((each) => (each instanceof Problem ? [] : [each.id]))),
    )
    return { results: results.map(toDone), answer: readBack ? rows.at(-1)! : null }
  })
}

function settled(request: WriteRequest, keys: readonly string[], results: Decided['results']): Map<string, readonly Done[]> {
  const done = results.map((each) => toDone(each))
  const isDone = (each: Result | undefined): each is Done => each !== undefined && !(each instanceof Problem)
  if (request.mode !== 'each') return new Map([[keys[0]!, done.filter(isDone)]])
  return new Map(keys.flatMap((key, i) => (isDone(done[i]) ? [[key, [done[i]]] as const] : [])))
}

const toDone = (each: Decided['results'][number]): Result =>
  each instanceof Problem ? each : { status: each.status, id: each.id, version: each.version, revision: each.revision }

/** An upsert becomes an update of the record that has the key, or a create. */
async function resolveUpserts(tx: Transaction, request: WriteRequest, actor: Actor): Promise<readonly Operation[]> {
  const upserts = request.operations.filter((each) => each.op === 'upsert')
  if (upserts.length === 0) return request.operations
  const found = await tx.send({ role: 'bos_write', queries: upserts.map((each) => upsertQuery(each, actor)) })
  return request.operations.map((each): Operation => {
    if (each.op !== 'upsert') return each
    const { entity, pointer, change, key } = each
    const id = found[upserts.indexOf(each)]!.rows[0]?.['id'] as string | undefined
    return id === undefined
      ? { op: 'create', entity, pointer, change, id: each.id }
      : { op: 'update', entity, pointer, change, key, id, ifMatch: null }
  })
}

/** The key's values may stand in fields that only the engine sets: an order is found by its number. */
function upsertQuery({ entity, key, change }: UpsertOperation, actor: Actor): Query {
  const fields = key.fields.map((id) => entity.fieldById.get(id)!)
  const values = fields.map(({ id }) => change.set.get(id) ?? change.echo.get(id) ?? null)
  return keyQuery(
    entity,
    fields,
    key.ignoreCase,
    actor,
    fields.map((field, i) => columnValues(field, values[i])),
  )
}
