import type { Database } from '../database/types.ts'
import { Stale } from '../database/types.ts'
import { toProblem } from '../database/errors.ts'
import { Problem } from '../problems.ts'
import { blame } from './blame.ts'
import { toldOfChoice } from './choice.ts'
import { brokenKey, refusalOf, refusalOfTaken } from './refusal.ts'
import type { WriteRequest } from './request.ts'
import type { Actor } from './types.ts'
import { DoneInPart, executeAgain } from './execute-once.ts'
import type { Executed, Result } from './execute-once.ts'

/** One transaction for the whole request; in mode `each`, where that does not work out, one for every operation. Throws Problems. */
export async function execute(database: Database, request: WriteRequest, actor: Actor): Promise<Executed> {
  const { operations, refused } = request
  if (request.choice)
    return executeRead(database, request, actor).catch((error: unknown) => {
      throw toldOfChoice(error)
    })
  const executed: Executed = operations.length > 0 ? await executeRead(database, request, actor) : { results: [], answer: null, events: [] }
  let done = 0
  return {
    ...executed,
    results: Array.from({ length: operations.length + refused.size }, (_, i) => refused.get(i) ?? executed.results[done++]!),
  }
}

/** The operations that could be read. */
async function executeRead(database: Database, request: WriteRequest, actor: Actor): Promise<Executed> {
  try {
    return await executeAgain(database, request, actor)
  } catch (error) {
    if (request.mode === 'each' && mayGoAlone(error)) return oneByOne(database, request, actor)
    throw (request.mode === 'all' && (await refusalOfBatch(database, request, actor, error))) || refusalOf(error, request)
  }
}

/**
 * Something in the batch did not fit, perhaps only what several operations make of another record together: who it was shows when each goes
 * alone. What no operation can help does not, nor that the request is another than the one before it.
 */
function mayGoAlone(error: unknown): boolean {
  if (error instanceof DoneInPart) return true
  const { status, code } = toProblem(error)
  return !(error instanceof Stale) && status < 500 && code !== 'idempotency-mismatch'
}

async function oneByOne(database: Database, request: WriteRequest, actor: Actor): Promise<Executed> {
  const results: Result[] = []
  for (const [i, operation] of request.operations.entries()) {
    const key = actor.member === null ? undefined : request.idempotency?.keys[i]
    const alone: WriteRequest = {
      ...request,
      mode: 'one',
      operations: [operation],
      idempotency: key === undefined ? null : { ...request.idempotency!, keys: [key] },
    }
    results.push(
      await executeAgain(database, alone, actor).then(
        (done) => done.results[0]!,
        (error: unknown) => asResult(refusalOf(error, alone), i > 0 && alone.idempotency === null),
      ),
    )
  }
  return { results, answer: null, events: [] }
}

/**
 * What no operation can help (Stale, an outage) is no result of one: it ends the request, which is then sent again. But not where that
 * would do twice what is done already: without keys, whoever asked is told row by row what was.
 */
function asResult(error: unknown, wouldRepeat: boolean): Problem {
  if (error instanceof Problem && (error.status < 500 || wouldRepeat)) return error
  if (error instanceof Stale && wouldRepeat) return toProblem(error)
  throw error
}

/** Who of a batch broke a unique key: PostgreSQL does not say. */
async function refusalOfBatch(database: Database, request: WriteRequest, actor: Actor, error: unknown): Promise<Problem | null> {
  const broken = error instanceof Problem ? null : brokenKey(error, request)
  if (!broken?.key || broken.key.noOverlap || broken.entity !== request.here.entity) return null
  const blamed = await blame(database, request, actor, broken.entity, broken.key)
  return refusalOfTaken(
    error,
    request,
    blamed.map((each) => each.pointer),
  )
}
