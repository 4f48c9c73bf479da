import { sql } from 'kysely'
import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import type { Produced } from './decide-touched.ts'
import { toQuery } from './sql.ts'
import type { Query, Transaction } from '../database/types.ts'
import type { Access, Actor } from './types.ts'

/** What an earlier copy of the request did; a replay reads the records again, under today's permissions. */
export interface Done {
  readonly status: 200 | 201
  readonly id: string
  readonly version: number
  readonly revision: number
  /** What rules warn of; absent: of nothing. */
  readonly warnings?: readonly Fault[]
  /** What rules refuse of an unfinished trial; absent: nothing. */
  readonly errors?: readonly Fault[]
  /** Drafts of further documents; absent: none. */
  readonly produced?: readonly Produced[]
}
export interface Idempotency {
  readonly keys: readonly string[]
  /** What the keys are unique within, beside the actor. */
  readonly route: string
  readonly bodyHash: Buffer
}

/**
 * The first thing of the transaction: copies of a request wait here for the first one to commit. Answers per key the outcome that
 * was settled, or null: do it now. A row without outcome is a claim whose operation was refused; it is locked and done afresh.
 * Throws Problem 'idempotency-mismatch' when a key was used with another request.
 */
export async function claim(tx: Transaction, { keys, route, bodyHash }: Idempotency, actor: Actor): Promise<readonly unknown[]> {
  const insert = toQuery(sql`insert into bos.idempotency (tenant_id, actor, route, key, body_hash)
    select ${actor.tenant}::uuid, ${actor.member}::uuid, ${route}::text, key, ${bodyHash}::bytea from unnest(${keys}::text[]) as k(key) order by key on conflict do nothing`)
  const read = toQuery(sql`select key, body_hash = ${bodyHash}::bytea as same, outcome::text as outcome from bos.idempotency
    where tenant_id = ${actor.tenant}::uuid and actor = ${actor.member}::uuid and route = ${route}::text and key = any(${keys}::text[]) order by key for update`)
  const [, claims] = await tx.send({ role: 'bos_write', queries: [insert, read] })
  const byKey = new Map(claims!.rows.map((row) => [row['key'] as string, row]))
  return keys.map((key) => {
    const row = byKey.get(key)
    if (row?.['same'] !== true) throw new Problem('idempotency-mismatch')
    const outcome = row['outcome'] as string | null
    return outcome === null ? null : (JSON.parse(outcome) as unknown)
  })
}

/** What is kept of a write: with the key of the access under which warnings and drafts were told. */
export const keptOf = (done: Done, { key }: Access): Done & { readonly access: string } => ({ ...done, access: key })

/**
 * The outcome of a write, its members in the order of a first answer: a replay is the same to the letter. Warnings and drafts are told once
 * more only to whoever has the same rights as then: what roles do not show today is not told by what they showed.
 */
export const replayed = (outcome: unknown, { key }: Access): readonly Done[] | null =>
  outcome === null ? null : (outcome as ReturnType<typeof keptOf>[]).map((each) => (each.access === key ? doneOf(each) : bare(each)))

/** The record is another by now: what was said of it as it was, today's masks do not judge. */
export const bare = ({ status, id, version, revision }: Done): Done => ({ status, id, version, revision })

export const doneOf = ({ status, id, version, revision, warnings = [], errors = [], produced = [] }: Done): Done => ({
  status,
  id,
  version,
  revision,
  ...(warnings.length > 0 && { warnings }),
  ...(errors.length > 0 && { errors }),
  ...(produced.length > 0 && { produced }),
})

/** Written with the rest: a claim and what it did are kept or lost together. */
export function settleQuery({ route }: Idempotency, actor: Actor, outcomes: ReadonlyMap<string, unknown>): Query {
  const rows = [...outcomes].map(([key, outcome]) => ({ key, outcome }))
  return toQuery(sql`update bos.idempotency i set outcome = r.outcome from json_to_recordset(${JSON.stringify(rows)}::json) as r(key text, outcome jsonb)
    where i.tenant_id = ${actor.tenant}::uuid and i.actor = ${actor.member}::uuid and i.route = ${route}::text and i.key = r.key`)
}
