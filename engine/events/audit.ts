import { createHash } from 'node:crypto'
import { limits } from '../config.ts'
import type { Session } from '../database/types.ts'

export interface AuditReport {
  readonly tenant: string
  /** Positions that were found right, from the first on. */
  readonly verified: number
  /** Hash of the last right position, hex. Kept elsewhere, it shows later that nothing was cut off the end. Null: an empty log. */
  readonly head: string | null
  /** Events whose body was erased; their digest still stands in the chain. */
  readonly erased: number
  /** The first thing that is wrong; null: the log is whole. `position` is null for an event that has none. */
  readonly broken: { readonly position: number | null; readonly event: string | null; readonly why: string } | null
}

/**
 * Recomputes every chain and every body digest in JavaScript, so that not even changed functions in the database can hide a change.
 * One report per tenant that has a log.
 */
export async function verifyAudit(session: Session, tenant?: string): Promise<readonly AuditReport[]> {
  const { rows } = await session.query(
    `select id from bos.tenant union select distinct tenant_id from bos.log union select distinct tenant_id from bos.event order by 1`,
  )
  const reports: AuditReport[] = []
  for (const { id } of rows as { id: string }[]) {
    if (tenant === undefined || tenant === id) reports.push(await verifyTenant(session, id))
  }
  return reports
}

async function verifyTenant(session: Session, tenant: string): Promise<AuditReport> {
  let previous: Buffer = Buffer.alloc(0)
  let verified = 0
  let erased = 0
  const report = (broken: AuditReport['broken']): AuditReport => ({
    tenant,
    verified,
    head: verified === 0 ? null : previous.toString('hex'),
    erased,
    broken,
  })
  for (;;) {
    const { rows } = await session.query(page, [tenant, verified, limits.auditRows])
    for (const row of rows as unknown as LogRow[]) {
      const { hash, why } = checkRow(row, previous, verified + 1)
      if (why !== null) return report({ position: row.position, event: row.event_id, why })
      previous = hash
      verified++
      if (row.body === null) erased++
    }
    if (rows.length < limits.auditRows) break
  }
  const { rows } = await session.query(unlogged, [tenant])
  const lost = (rows as { id: string }[])[0]
  return report(
    lost === undefined ? null : { position: null, event: lost.id, why: 'the event was taken out of the log, or never was in it' },
  )
}

interface LogRow {
  readonly position: number
  readonly event_id: string
  readonly hash: Buffer
  /** Null: there is no such event. */
  readonly id: string | null
  readonly tenant_id: string
  readonly at: string
  readonly entity: string
  readonly record_id: string
  readonly type: string
  readonly version: number
  readonly revision: number
  readonly changed: readonly string[]
  readonly actor: string | null
  readonly via: string
  readonly request_id: string | null
  readonly digest: Buffer
  readonly salt: Buffer | null
  readonly body: string | null
}

// By `limit 1` each is looked up by its key, also where the planner believes the tenant to have one event and would go through all.
const page = `
select l.position, l.event_id, l.hash, e.id, e.tenant_id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.entity,
  e.record_id, e.type, e.version, e.revision, e.changed, e.actor, e.via, e.request_id, e.digest, b.salt, b.body::text as body
from bos.log l
  left join lateral (select * from bos.event x where x.tenant_id = l.tenant_id and x.id = l.event_id and x.at = l.at limit 1) e on true
  left join lateral (select * from bos.event_body x where x.tenant_id = e.tenant_id and x.event_id = e.id and x.at = e.at limit 1) b on true
where l.tenant_id = $1 and l.position > $2 order by l.position limit $3`

/** Sets are taken off each other in one pass; by anti-joins a planner that believes the tenant to be small would go through its log for each event. */
const unlogged = `
select id from (
  select id, at from bos.event where tenant_id = $1
  except select event_id, at from bos.log where tenant_id = $1
  except select event_id, at from bos.event_pending where tenant_id = $1) lost
order by at, id limit 1`

function checkRow(row: LogRow, previous: Buffer, expected: number): { hash: Buffer; why: string | null } {
  const hash = row.hash
  if (row.position !== expected) return { hash, why: `position ${expected} is missing` }
  if (row.id === null) return { hash, why: 'the event is missing' }
  const computed = sha256(previous, eventHeader(row), row.digest)
  if (!computed.equals(hash)) return { hash, why: 'the event or the chain before it was changed' }
  if (row.body !== null && row.salt !== null && !sha256(row.salt, row.body).equals(row.digest)) return { hash, why: 'the body was changed' }
  return { hash, why: null }
}

/** The text that bos.event_header makes: a JSON array as PostgreSQL writes jsonb. */
function eventHeader(row: LogRow): string {
  const changed = `[${row.changed.map((field) => JSON.stringify(field)).join(', ')}]`
  const before = [row.tenant_id, row.id, row.at, row.entity, row.record_id, row.type, row.version, row.revision].map((value) =>
    JSON.stringify(value),
  )
  const after = [row.actor, row.via, row.request_id].map((value) => JSON.stringify(value))
  return `[${[...before, changed, ...after].join(', ')}]`
}

const sha256 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
