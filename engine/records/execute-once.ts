import type { Entity } from '../catalogue/types.ts'
import type { Database, Query, Rows, Step, Transaction } from '../database/types.ts'
import { sqlState } from '../database/errors.ts'
import { Problem } from '../problems.ts'
import { contextOf } from './access.ts'
import { again, isThrownOut } from './again.ts'
import { shownAsStored } from './answer-of-try.ts'
import { onlyOne } from './change.ts'
import { chosen } from './choice.ts'
import type { ResolvedOperation } from './change.ts'
import { changesOf } from './changed.ts'
import type { Changed } from './changed.ts'
import type { WantedNumber } from './decide-numbers.ts'
import { decided, decideNow, decideHeld } from './deciding.ts'
import { decideOperations } from './decide-operations.ts'
import type { Decided } from './decide-operations.ts'
import type { EventDraft } from './decide.ts'
import { brokenKey } from './refusal.ts'
import { FoundDocuments, originQueries } from './found-documents.ts'
import { getQuery } from './get.ts'
import { knownFaults, withoutHidden } from './hidden-faults.ts'
import { bare, claim, doneOf, keptOf, replayed, settleQuery } from './idempotency.ts'
import type { Done, Idempotency } from './idempotency.ts'
import { loadSituation } from './load-situation.ts'
import type { Numbers } from './numbers.ts'
import { hasDependants, propagate } from './propagate.ts'
import { producedFor } from './produced.ts'
import { Answers } from './questions.ts'
import type { WriteRequest } from './request.ts'
import type { Actor } from './types.ts'
import { writeQueries } from './write.ts'
import { resolveUpserts } from './upserts.ts'

/** What became of one operation. */
export type Result = Done | Problem
export interface Executed {
  /** One per operation, in order. */
  readonly results: readonly Result[]
  /** The record read back under the actor's own policies, after the write; no row: the actor cannot see it any more. */
  readonly answer: Rows | null
  /** What history says of it, or would of what was only tried; none where it was done before, or operation by operation. */
  readonly events: readonly EventDraft[]
}

/** An `each` request of which some operations were done by an earlier copy of it. */
export class DoneInPart extends Error {}

/** Two at once may lock each other out, or create what one of them should then have updated. */
export const executeAgain = (database: Database, request: WriteRequest, actor: Actor): Promise<Executed> =>
  again(
    (attempt) => executeOnce(database, request, actor, attempt > 1),
    (error) => isRace(error, request),
  )

const againQuery = ({ tenant }: Actor): Query => ({
  text: `select pg_advisory_xact_lock(hashtextextended('bos.again ' || $1::text, 0))`,
  values: [tenant],
})

/** Besides what is thrown out: 23505 of the key by which an upsert found nothing to update: somebody was faster. */
function isRace(error: unknown, request: WriteRequest): boolean {
  if (error instanceof Problem) return false
  if (isThrownOut(error)) return true
  if (sqlState(error) !== '23505' || request.mode === 'each') return false
  const broken = brokenKey(error, request)
  if (!broken) return false
  if (isUpdatedByEffect(request.here.entity, broken.entity)) return true
  return request.operations.some((each) => each.op === 'upsert' && each.entity === broken.entity && each.key === (broken.key ?? onlyOne))
}

/** What an effect did not find by its key it creates, and so may somebody else at the same time. */
const isUpdatedByEffect = (source: Entity, target: Entity): boolean =>
  source.lifecycles.some(({ transitions }) =>
    transitions.some(({ effects }) => effects.some((each) => each.kind === 'update' && each.entity === target.id)),
  )

/** Claim, load (locks first), decide, write, read back: two trips for most; each thing that has to be found out first is one more. */
function executeOnce(database: Database, asked: WriteRequest, actor: Actor, isAgain: boolean): Promise<Executed> {
  return database.transaction(contextOf(actor, asked.access), async (tx) => {
    // Those who met go on one by one, or they would meet again.
    if (isAgain) await tx.send({ role: 'bos_write', queries: [againQuery(actor)] })
    const before = await doneBefore(tx, asked, actor)
    if (before) return before
    const request = asked.choice ? { ...asked, operations: await chosen(tx, asked.choice, actor) } : asked
    const operations = await resolveUpserts(tx, request, actor)
    const attempt = { tx, request, actor, operations }
    const decision = await decideAttempt(attempt)
    return request.dryRun ? tryDecision(attempt, decision) : commitDecision(attempt, decision)
  })
}

/** What an earlier copy of the request did, its record read again; null: there is none, so the request is this one's. */
async function doneBefore(tx: Transaction, request: WriteRequest, actor: Actor): Promise<Executed | null> {
  const idempotency = idempotencyOf(request, actor)
  if (!idempotency) return null
  const outcomes = (await claim(tx, idempotency, actor)).map((each) => replayed(each, request.access))
  if (request.mode === 'each' && outcomes.some((each) => each !== null)) throw new DoneInPart()
  const [done] = outcomes
  if (!done) return null
  const read = readStep(request, actor, done[0]?.id)
  const rows = await tx.commit(...read)
  const answer = rows.at(-1) ?? null
  const isAsThen = ({ version, revision }: Done): boolean => answer?.rows[0]?.['etag'] === `${version}.${revision}`
  return { results: done.map((each) => (read.length > 0 && !isAsThen(each) ? bare(each) : each)), answer, events: [] }
}

interface Attempt {
  readonly tx: Transaction
  readonly request: WriteRequest
  readonly actor: Actor
  readonly operations: readonly ResolvedOperation[]
}
interface AttemptDecided {
  /** As far as the actor may be told. */
  readonly results: Decided['results']
  readonly events: readonly EventDraft[]
  /** Stores it. */
  readonly queries: readonly Query[]
  readonly numbers: Numbers
}

/** What the operations come to, with everything locked that it was decided on. */
async function decideAttempt({ tx, request, actor, operations }: Attempt): Promise<AttemptDecided> {
  const { catalogue } = request.access
  const answers = new Answers(catalogue, actor, new Date())
  const documents = new FoundDocuments(catalogue, actor)
  const loaded = await loadSituation(tx, request, actor, operations, answers.surroundings, documents)
  const sources = { answers, documents, count: (wanted: readonly WantedNumber[]) => loaded.numbers.count(tx, actor, wanted) }
  const { writes, events, origins, ...done } = await decideHeld({ tx, actor, catalogue, answers }, loaded.references, () =>
    decided(tx, sources, () => decideOperations(request, operations, loaded)),
  )
  const results = done.results.map((each, i) => {
    if (each instanceof Problem) return withoutHidden(each, request)
    const warnings = knownFaults(each.warnings, request)
    const errors = knownFaults(each.errors, request)
    return { ...each, warnings, errors, produced: producedFor(request, each, loaded.records.get(operations[i]!.id)) }
  })
  const stamp = { actor, via: request.via, requestId: request.requestId }
  const queries = [...writeQueries(writes, events, stamp, request.mode === 'one'), ...originQueries(origins, actor)]
  return { results, events, queries, numbers: loaded.numbers }
}

/** Writes, keeps what was done for a copy of the request, reads back: one trip, unless something elsewhere hangs on what changed. */
async function commitDecision(attempt: Attempt, decision: AttemptDecided): Promise<Executed> {
  const { tx, request, actor } = attempt
  const { results, queries } = await store(attempt, decision)
  const idempotency = idempotencyOf(request, actor)
  const settle = idempotency ? [settleQuery(idempotency, actor, settled(request, idempotency.keys, results))] : []
  const read = readStep(request, actor, idOf(results[0]))
  const rows = await tx.commit(...writeStep([...queries, ...settle]), ...read)
  return { results: results.map(toDone), answer: read.length > 0 ? rows.at(-1)! : null, events: decision.events }
}

/** The same, of which nothing is kept; what is read back shows no more of a stored record than it shows as it is stored. */
async function tryDecision(attempt: Attempt, decision: AttemptDecided): Promise<Executed> {
  const { tx, request, actor, operations } = attempt
  const [first] = operations
  const asIs = first?.op === 'update' ? readStep(request, actor, first.id) : []
  const asStored = asIs.length > 0 ? (await tx.send(...asIs)).at(-1)! : null
  const { results, queries } = await store(attempt, decision)
  const read = readStep(request, actor, idOf(results[0]))
  const rows = await tx.send(...writeStep(queries), ...read)
  const tried: Executed = { results: results.map(toDone), answer: read.length > 0 ? rows.at(-1)! : null, events: decision.events }
  if (!asStored || !tried.answer) return tried
  const shown = shownAsStored(request.readBack!.selection, asStored.rows[0], tried.answer.rows[0])
  return { ...tried, answer: { rows: shown, rowCount: shown.length } }
}

/** `queries` are what is left to be sent: all of it, unless something elsewhere hangs on what changed; then that is worked out first. */
async function store(
  { tx, request, actor, operations }: Attempt,
  { results, events, queries, numbers }: AttemptDecided,
): Promise<{ readonly results: Decided['results']; readonly queries: readonly Query[] }> {
  const { catalogue } = request.access
  const unused = numbers.giveBack(actor)
  const changed = changesOf(catalogue, events, pointersOf(operations, results))
  if (!hasDependants(catalogue, changed)) return { results, queries: [...unused, ...queries] }
  // What is derived of others may come back to the records that the request changed.
  const revisions = await propagateFrom(tx, request, actor, queries, changed)
  const ends = results.map((each) => (each instanceof Problem ? each : { ...each, revision: revisions.get(each.id) ?? each.revision }))
  return { results: ends, queries: unused }
}

/** What the engine does by itself is not repeated by anybody. */
const idempotencyOf = ({ idempotency }: WriteRequest, { member }: Actor): Idempotency | null => (member === null ? null : idempotency)

/** The one record that a request is about, under the actor's own policies; none: it does not ask for it. */
const readStep = ({ mode, readBack }: WriteRequest, actor: Actor, id: string | undefined): Step[] =>
  mode === 'one' && readBack && id !== undefined ? [{ role: 'bos_read', queries: [getQuery({ ...readBack, id }, actor)] }] : []

const writeStep = (queries: readonly Query[]): Step[] => (queries.length > 0 ? [{ role: 'bos_write', queries }] : [])

const idOf = (result: Decided['results'][number] | undefined): string | undefined => (result instanceof Problem ? undefined : result?.id)

/** Where in the request each record and line stands that an operation changes. */
function pointersOf(operations: readonly ResolvedOperation[], results: Decided['results']): (record: string, line?: string) => string {
  const places = new Map<string, string>()
  operations.forEach(({ id, pointer }, i) => {
    places.set(id, pointer)
    const result = results[i]
    if (result && !(result instanceof Problem)) for (const [each, place] of result.places) places.set(each, place)
  })
  return (record, line) => places.get(line ?? record) ?? places.get(record) ?? ''
}

/** Stores what was decided, and works out what hangs on it elsewhere. */
async function propagateFrom(
  tx: Transaction,
  { access, via, requestId }: WriteRequest,
  actor: Actor,
  stored: readonly Query[],
  changed: readonly Changed[],
): Promise<ReadonlyMap<string, number>> {
  const { catalogue } = access
  if (stored.length > 0) await tx.send({ role: 'bos_write', queries: stored })
  return propagate(
    {
      tx,
      catalogue,
      tenant: actor.tenant,
      decide: (decide) => decideNow(tx, catalogue, actor, decide),
      write: ({ writes, events }) => writeQueries(writes, events, { actor, via, requestId }, false),
    },
    changed,
  )
}

function settled(request: WriteRequest, keys: readonly string[], results: Decided['results']): Map<string, readonly Done[]> {
  const kept = results.map((each) => (each instanceof Problem ? null : keptOf(doneOf(each), request.access)))
  if (request.mode !== 'each') return new Map([[keys[0]!, kept.filter((each) => each !== null)]])
  return new Map(keys.flatMap((key, i) => (kept[i] ? [[key, [kept[i]]] as const] : [])))
}

const toDone = (each: Decided['results'][number]): Result => (each instanceof Problem ? each : doneOf(each))
