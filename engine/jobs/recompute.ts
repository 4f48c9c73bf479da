import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { derivationsOf, passesFor, withDependants } from '../records/derivations.ts'
import type { Pass } from '../records/derivations.ts'
import type { Catalogue, Entity } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import type { Database, Query } from '../database/types.ts'
import { contextOf } from '../records/access.ts'
import type { RecordsDoor } from '../records/handle.ts'
import { differencesIn, recomputeBatch } from '../records/recompute.ts'
import type { Complaint, Difference } from '../records/recompute.ts'
import { tableOf, toQuery } from '../records/sql.ts'
import type { Actor } from '../records/types.ts'
import type { JobKind, JobRun } from './jobs.ts'

/**
 * Brings stored derived values of records that exist to what the modules say now. bos.derivation holds what they were worked out with; whatever
 * differs from that, and all that is made of it, is worked out anew by one job of the tenant, and the difference ends with its last
 * checkpoint. Until then records answer with their old values.
 */

export interface RecomputeParts {
  readonly database: Database
  readonly records: Pick<RecordsDoor, 'access'>
}

/** Empty: whatever differs. Besides that, what a person asked for: all of it, or that of one entity's documents. */
export interface RecomputeInput {
  readonly all?: true
  readonly entity?: string
}
interface RecomputeState {
  /** Of the derivations that the rest is about: when a module changes meanwhile, the passes begin afresh. */
  readonly digest?: string
  /** What has to be worked out anew, as `entity/field`. */
  readonly keys?: readonly string[]
  readonly pass?: number
  /** The last record of the pass that is done. */
  readonly after?: string | null
  readonly total?: number
  readonly done?: number
  readonly changed?: number
  /** The first of them; how many they are is counted. */
  readonly complaints?: readonly Complaint[]
  readonly complaintCount?: number
}
/** What came of it. `complaints`: records that break rules now, and those whose values could not be kept. */
export interface Recomputation {
  /** How many were looked at, once for each pass over them. */
  readonly records: number
  readonly changed: number
  readonly complaints: readonly Complaint[]
  readonly complaintsCut: boolean
}

const complaintsListed = 200

const summary = ({ done = 0, changed = 0, complaints = [], complaintCount = 0 }: RecomputeState): Recomputation => ({
  records: done,
  changed,
  complaints,
  complaintsCut: complaintCount > complaints.length,
})

export const recomputeKind = (parts: RecomputeParts): JobKind => ({
  kind: 'recompute',
  run: (run) => recompute(parts, run),
  summary: (state) => summary(state as RecomputeState),
})

type Run = Pick<JobRun, 'id' | 'input' | 'state' | 'as' | 'checkpoint'>
interface Step {
  readonly state: RecomputeState
  /** What is stored with the last of them; null: there are more. */
  readonly last: readonly Query[] | null
}

/** Goes on from where it was, batch by batch, and says at last that nothing differs any more. */
export async function recompute(parts: RecomputeParts, run: Run): Promise<Recomputation> {
  let state = run.state as RecomputeState
  for (;;) {
    // With the modules as they are now: bos.begin refuses whoever has others.
    const step = await run.as((actor) => nextStep(parts, run, state, actor))
    state = step.state
    await run.checkpoint(state, state.done!, Math.max(state.total!, state.done!), step.last ?? [])
    if (step.last) return summary(state)
  }
}

async function nextStep({ database, records }: RecomputeParts, run: Run, state: RecomputeState, actor: Actor): Promise<Step> {
  const { catalogue } = await records.access(actor)
  if (state.digest !== derivationsOf(catalogue).digest) return { state: await begun(database, catalogue, actor, run, state), last: null }
  const pass = passesFor(catalogue, new Set(state.keys))[state.pass!]
  if (!pass) return { state, last: [keepQuery(catalogue, actor, derivationsOf(catalogue).all.keys())] }
  const batch = await recomputeBatch({ database, catalogue, actor, requestId: run.id }, pass, state.after!)
  // What the next pass reads must not be about to change by what somebody read before this one.
  if (batch.last === null) await othersDone(database, actor)
  const { done = 0, changed = 0, complaints = [], complaintCount = 0 } = state
  const next: RecomputeState = {
    ...state,
    ...(batch.last === null ? { pass: state.pass! + 1, after: null } : { after: batch.last }),
    done: done + batch.records,
    changed: changed + batch.changed,
    complaints: [...complaints, ...batch.complaints].slice(0, complaintsListed),
    complaintCount: complaintCount + batch.complaints.length,
  }
  return { state: next, last: null }
}

async function begun(
  database: Database,
  catalogue: Catalogue,
  actor: Actor,
  { input }: Run,
  state: RecomputeState,
): Promise<RecomputeState> {
  const differing = await compare(database, catalogue, actor)
  const keys = [...withDependants(catalogue, [...differing, ...askedFor(catalogue, input as RecomputeInput)])].sort()
  const total = await countRecords(database, actor, passesFor(catalogue, new Set(keys)))
  await othersDone(database, actor)
  return { ...state, digest: derivationsOf(catalogue).digest, keys, pass: 0, after: null, done: 0, total }
}

/** What was looked up when a record was written stays as it was found. */
const askedFor = (catalogue: Catalogue, { all, entity }: RecomputeInput): readonly string[] =>
  [...derivationsOf(catalogue).all].flatMap(([key, each]) =>
    !each.isSearched && (all === true || each.document.id === entity) ? [key] : [],
  )

/**
 * What the records have yet to be brought to. Where there are none there is nothing to be done, so that is kept at once. The rest is
 * forgotten: from now on some records are written with what the modules say now, and going back to what they said is no way back for those.
 */
export async function compare(database: Pick<Database, 'transaction'>, catalogue: Catalogue, actor: Actor): Promise<readonly string[]> {
  const { all } = derivationsOf(catalogue)
  return database.transaction(contextOf(actor), async (tx) => {
    const [kept] = await tx.send({
      role: 'bos_write',
      queries: [toQuery(sql`select entity, field, fingerprint from bos.derivation where tenant_id = ${actor.tenant}::uuid`)],
    })
    const known = new Map(kept!.rows.map((row) => [`${String(row['entity'])}/${String(row['field'])}`, row['fingerprint']]))
    const gone = [...known].flatMap(([key, fingerprint]) => (all.get(key)?.fingerprint === fingerprint ? [] : [key]))
    const differing = [...all].filter(([key, { fingerprint }]) => known.get(key) !== fingerprint)
    const documents = [...new Set(differing.map(([, { document }]) => document))]
    const found =
      documents.length === 0 ? [] : await tx.send({ role: 'bos_write', queries: documents.map((each) => anyQuery(each, actor)) })
    const empty = new Set(documents.filter((_, i) => found[i]!.rows[0]!['found'] !== true))
    const fresh = differing.flatMap(([key, { document }]) => (empty.has(document) ? [key] : []))
    const queries = [
      ...(gone.length > 0 ? [forgetQuery(actor, gone)] : []),
      ...(fresh.length > 0 ? [keepQuery(catalogue, actor, fresh)] : []),
    ]
    await (queries.length > 0 ? tx.commit({ role: 'bos_write', queries }) : tx.commit())
    return differing.flatMap(([key, { document }]) => (empty.has(document) ? [] : [key]))
  })
}

const anyQuery = (entity: Entity, { tenant }: Actor): Query =>
  toQuery(sql`select exists(select from ${tableOf(entity)} where tenant_id = ${tenant}::uuid) as found`)

const forgetQuery = ({ tenant }: Actor, keys: readonly string[]): Query =>
  toQuery(sql`delete from bos.derivation where tenant_id = ${tenant}::uuid and entity || '/' || field = any(${keys}::text[])`)

function keepQuery(catalogue: Catalogue, { tenant }: Actor, keys: Iterable<string>): Query {
  const { all } = derivationsOf(catalogue)
  const rows = [...keys].map((key) => {
    const { entity, field, fingerprint } = all.get(key)!
    return { entity: entity.id, field: field.id, fingerprint }
  })
  return toQuery(sql`insert into bos.derivation (tenant_id, entity, field, fingerprint)
    select ${tenant}::uuid, r.entity, r.field, r.fingerprint from json_to_recordset(${JSON.stringify(rows)}::json) as r(entity text, field text, fingerprint text)
    on conflict (tenant_id, entity, field) do update set fingerprint = excluded.fingerprint`)
}

async function countRecords(database: Pick<Database, 'transaction'>, actor: Actor, passes: readonly Pass[]): Promise<number> {
  if (passes.length === 0) return 0
  const queries = passes.map(({ document }) =>
    toQuery(sql`select count(*) as n from ${tableOf(document)} where tenant_id = ${actor.tenant}::uuid`),
  )
  const counted = await database.transaction(contextOf(actor), (tx) => tx.commit({ role: 'bos_write', queries }))
  return counted.reduce((sum, { rows }) => sum + Number(rows[0]!['n']), 0)
}

const lookAgainMs = 50

/**
 * Waits for every transaction that is under way: one that read what has been worked out anew since, and has not written yet, would
 * write what is not true any more, where nobody looks again. A write lasts as long as it may; who takes longer is no writer of ours.
 */
async function othersDone(database: Pick<Database, 'read'>, actor: Actor): Promise<void> {
  const ask = async (query: Query): Promise<unknown> => (await database.read(contextOf(actor), query))[0]!.rows[0]!['answer']
  const next = await ask({ text: 'select pg_snapshot_xmax(pg_current_snapshot())::text as answer' })
  const passed: Query = { text: 'select pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 as answer', values: [next] }
  for (let waited = 0; waited <= limits.writeTransactionMs && (await ask(passed)) !== true; waited += lookAgainMs)
    await setTimeout(lookAgainMs)
}

/** Every stored derived value of live records that is not what it should be; right while nobody writes. `entity`: of its documents alone. */
export async function differences(parts: RecomputeParts, actor: Actor, entity?: string): Promise<readonly Difference[]> {
  const { catalogue } = await parts.records.access(actor)
  const found: Difference[] = []
  for (const pass of passesFor(catalogue, new Set(askedFor(catalogue, entity === undefined ? { all: true } : { entity }))))
    for (let after: string | null = null; ;) {
      const page: Awaited<ReturnType<typeof differencesIn>> = await differencesIn({ ...parts, catalogue, actor }, pass, after)
      found.push(...page.found)
      after = page.last
      if (after === null) break
    }
  return found
}
