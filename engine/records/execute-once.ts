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
import type { Done } from './idempotency.ts'
import { loadSituation } from './load-situation.ts'
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
async function executeOnce(database: Database, asked: WriteRequest, actor: Actor, isAgain: boolean): Promise<Executed> {
  // What the engine does by itself is not repeated by anybody.
  const idempotency = actor.member === null ? null : asked.idempotency
  const readBack = asked.mode === 'one' ? asked.readBack : null
  return database.transaction(contextOf(actor, asked.access), async (tx) => {
    // Those who met go on one by one, or they would meet again.
    if (isAgain) await tx.send({ role: 'bos_write', queries: [againQuery(actor)] })
    const read = (id: string | undefined): Step[] =>
      readBack && id !== undefined ? [{ role: 'bos_read', queries: [getQuery({ ...readBack, id }, actor)] }] : []
    const before = idempotency ? (await claim(tx, idempotency, actor)).map((each) => replayed(each, asked.access)) : []
    if (asked.mode === 'each' && before.some((each) => each !== null)) throw new DoneInPart()
    if (before[0]) {
      const rows = await tx.commit(...read(before[0][0]?.id))
      const answer = rows.at(-1) ?? null
      const isAsThen = ({ version, revision }: Done): boolean => answer?.rows[0]?.['etag'] === `${version}.${revision}`
      return { results: before[0].map((each) => (readBack && !isAsThen(each) ? bare(each) : each)), answer, events: [] }
    }
    const request = asked.choice ? { ...asked, operations: await chosen(tx, asked.choice, actor) } : asked
    const operations = await resolveUpserts(tx, request, actor)
    const answers = new Answers(request.access.catalogue, actor, new Date())
    const documents = new FoundDocuments(request.access.catalogue, actor)
    const loaded = await loadSituation(tx, request, actor, operations, answers.surroundings, documents)
    const sources = { answers, documents, count: (wanted: readonly WantedNumber[]) => loaded.numbers.count(tx, actor, wanted) }
    const { writes, events, origins, ...done } = await decideHeld(
      { tx, actor, catalogue: request.access.catalogue, answers },
      loaded.references,
      () => decided(tx, sources, () => decideOperations(request, operations, loaded)),
    )
    const results = done.results.map((each, i) => {
      if (each instanceof Problem) return withoutHidden(each, request)
      const warnings = knownFaults(each.warnings, request)
      const errors = knownFaults(each.errors ?? [], request)
      return { ...each, warnings, errors, produced: producedFor(request, each, loaded.records.get(operations[i]!.id)) }
    })
    const asStored = request.dryRun && operations[0]?.op === 'update' && readBack ? await tx.send(...read(operations[0].id)) : null
    const stamp = { actor, via: request.via, requestId: request.requestId }
    const stored = [...writeQueries(writes, events, stamp, request.mode === 'one'), ...originQueries(origins, actor)]
    const changed = changesOf(request.access.catalogue, events, pointersOf(operations, results))
    const others = hasDependants(request.access.catalogue, changed)
    // What is derived of others may come back to the records that the request changed.
    const revisions = others ? await propagateFrom(tx, request, actor, stored, changed) : new Map<string, number>()
    const ends = results.map((each) => (each instanceof Problem ? each : { ...each, revision: revisions.get(each.id) ?? each.revision }))
    const settle = idempotency ? [settleQuery(idempotency, actor, settled(request, idempotency.keys, ends))] : []
    const queries = [...loaded.numbers.giveBack(actor), ...(others ? [] : stored), ...settle]
    const written: Step[] = queries.length > 0 ? [{ role: 'bos_write', queries }] : []
    const [first] = ends
    const rows = await tx[request.dryRun ? 'send' : 'commit'](...written, ...read(first instanceof Problem ? undefined : first?.id))
    const answer = readBack ? rows.at(-1)! : null
    if (!answer || !readBack || !asStored) return { results: ends.map(toDone), answer, events }
    const shown = shownAsStored(readBack.selection, asStored.at(-1)?.rows[0], answer.rows[0])
    return { results: ends.map(toDone), answer: { rows: shown, rowCount: shown.length }, events }
  })
}

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
