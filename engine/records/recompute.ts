import { sql } from 'kysely'
import type { Pass } from './derivations.ts'
import type { Catalogue, Entity } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { sqlState, toProblem } from '../database/errors.ts'
import { Stale } from '../database/types.ts'
import type { Database, Query, Transaction } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import { contextOf } from './access.ts'
import { again, isThrownOut } from './again.ts'
import type { Stored } from './change.ts'
import type { EventDraft } from './decide.ts'
import { decideEach, decideRecomputed } from './decide-derived.ts'
import type { Recomputed } from './decide-derived.ts'
import { documentQueries, readDocuments } from './documents.ts'
import { decideNow } from './deciding.ts'
import { and, column, remember, Slot, tableOf, toTemplate } from './sql.ts'
import type { Template } from './sql.ts'
import type { Actor } from './types.ts'
import { writeQueries } from './write.ts'

/**
 * Derived values of records that exist: worked out as a write would, a batch of documents in each transaction. Whoever writes to one of them
 * meanwhile waits at its lock, or is waited for; what hangs on it in other documents is the matter of a later pass.
 */

export interface Recomputing {
  readonly database: Pick<Database, 'transaction'>
  readonly catalogue: Catalogue
  readonly actor: Actor
  readonly requestId: string
}

/** What is to be said of a record: its values were worked out although it breaks rules now, or were not, because they cannot be kept. */
export interface Complaint {
  readonly entity: string
  readonly record: string
  readonly isKept: boolean
  readonly faults: readonly Fault[]
}
export interface Batch {
  /** The last of them; null: there were none. */
  readonly last: string | null
  readonly records: number
  readonly changed: number
  readonly complaints: readonly Complaint[]
}

/** A stored value that is not what it should be. */
export interface Difference {
  readonly entity: string
  readonly record: string
  /** `total`, or `lines/{line}/amount`, by ids. */
  readonly path: string
  readonly stored: unknown
  readonly right: unknown
}

/** The next documents of a pass, deleted ones too: what is restored has to be right. */
export async function recomputeBatch(recomputing: Recomputing, pass: Pass, after: string | null): Promise<Batch> {
  const { database, actor } = recomputing
  const ids = await database.transaction(contextOf(actor), async (tx) => {
    const [page] = await tx.commit({ role: 'bos_write', queries: [pageQuery(pass.document, actor, after)] })
    return page!.rows.map((row) => String(row['id']))
  })
  if (ids.length === 0) return { last: null, records: 0, changed: 0, complaints: [] }
  const parts = await recomputeApart(recomputing, pass, ids)
  return {
    last: ids.at(-1)!,
    records: ids.length,
    changed: parts.reduce((sum, { changed }) => sum + changed, 0),
    complaints: parts.flatMap(({ complaints }) => complaints),
  }
}

interface Part {
  readonly changed: number
  readonly complaints: readonly Complaint[]
}

/** Where a key or a check refuses what comes out for one of them, the others are not held back. */
async function recomputeApart(recomputing: Recomputing, pass: Pass, ids: readonly string[]): Promise<readonly Part[]> {
  try {
    // Whoever writes locks in an order of their own.
    return [await again(() => recomputeOnce(recomputing, pass, ids), isThrownOut)]
  } catch (error) {
    if (error instanceof Problem || error instanceof Stale || !refused.test(sqlState(error))) throw error
    const [only] = ids
    if (ids.length > 1) {
      const middle = ids.length >> 1
      return [
        ...(await recomputeApart(recomputing, pass, ids.slice(0, middle))),
        ...(await recomputeApart(recomputing, pass, ids.slice(middle))),
      ]
    }
    const faults = [{ pointer: '', detail: toProblem(error).message }]
    return [{ changed: 0, complaints: [{ entity: pass.document.id, record: only!, isKept: true, faults }] }]
  }
}

/** Integrity violations and values that do not fit. */
const refused = /^2[23]/

const recomputeOnce = ({ database, catalogue, actor, requestId }: Recomputing, pass: Pass, ids: readonly string[]): Promise<Part> =>
  database.transaction(contextOf(actor), async (tx) => {
    const decided = await decideDocuments(tx, { catalogue, actor }, pass, documentQueries(catalogue, pass.document, actor.tenant, ids))
    const writes = decided.flatMap(([, each]) => each.writes)
    const events = decided.flatMap(([, each]) => each.events)
    const queries = writeQueries(writes, events, { actor, via: 'job', requestId }, false)
    await (queries.length > 0 ? tx.commit({ role: 'bos_write', queries }) : tx.commit())
    return {
      changed: events.length,
      complaints: decided.flatMap(([record, { unfit, broken }]) =>
        unfit.length + broken.length > 0
          ? [{ entity: pass.document.id, record, isKept: unfit.length > 0, faults: [...unfit, ...broken] }]
          : [],
      ),
    }
  })

async function decideDocuments(
  tx: Transaction,
  { catalogue, actor }: Pick<Recomputing, 'catalogue' | 'actor'>,
  { document: entity, anew }: Pass,
  queries: readonly Query[],
  isWanted: (stored: Stored) => boolean = () => true,
): Promise<readonly (readonly [id: string, Recomputed])[]> {
  const rows = await tx.send({ role: 'bos_write', queries })
  const stored = [...readDocuments(catalogue, entity, rows.at(-1)!.rows).values()].filter(isWanted)
  return decideNow(tx, catalogue, actor, (surroundings) =>
    decideEach(stored, (each) => [each.id, decideRecomputed({ catalogue, surroundings }, { entity, stored: each, anew })] as const),
  )
}

/** What a recomputation would change of the next documents; nothing is locked or written. Deleted ones are made right when they are restored. */
export async function differencesIn(
  { database, catalogue, actor }: Omit<Recomputing, 'requestId'>,
  pass: Pass,
  after: string | null,
): Promise<{ readonly last: string | null; readonly records: number; readonly found: readonly Difference[] }> {
  return database.transaction(contextOf(actor), async (tx) => {
    const [page] = await tx.send({ role: 'bos_write', queries: [pageQuery(pass.document, actor, after)] })
    const ids = page!.rows.map((row) => String(row['id']))
    if (ids.length === 0) return { last: null, records: 0, found: [] }
    const [, read] = documentQueries(catalogue, pass.document, actor.tenant, ids)
    const decided = await decideDocuments(tx, { catalogue, actor }, pass, [read!], ({ deleted }) => !deleted)
    const found = decided.flatMap(([record, { events, unfit }]) => [
      ...events.flatMap(differences),
      ...unfit.map(({ pointer, detail }) => ({ entity: pass.document.id, record, path: pointer.slice(1), stored: null, right: detail })),
    ])
    return { last: ids.at(-1)!, records: ids.length, found }
  })
}

function differences({ entity, record, body }: EventDraft): Difference[] {
  const of = (prefix: string, set: EventDraft['body']['set']): Difference[] =>
    Object.entries(set).map(([field, { from, to }]) => ({ entity: entity.id, record, path: `${prefix}${field}`, stored: from, right: to }))
  return [...of('', body.set), ...Object.entries(body.lines ?? {}).flatMap(([line, { path, set }]) => of(`${path}/${line}/`, set))]
}

interface PageValues {
  readonly tenant: string
  readonly after: string | null
}

function pageQuery(entity: Entity, { tenant }: Actor, after: string | null): Query {
  const template = remember(entity, 'recompute page', (): Template<PageValues> => {
    const first = new Slot<PageValues>((values) => values.after ?? '00000000-0000-0000-0000-000000000000')
    const where = and([sql`t.tenant_id = ${new Slot<PageValues>((values) => values.tenant)}::uuid`, sql`t.id > ${first}::uuid`])
    return toTemplate(
      sql`select ${column('t', 'id')} from ${tableOf(entity)} t where ${where} order by ${column('t', 'id')} limit ${sql.lit(limits.derivedDocumentsAtOnce)}`,
    )
  })
  return template({ tenant, after })
}
