import type { Catalogue } from '../catalogue/types.ts'
import type { Database } from '../database/types.ts'
import type { EventBody } from '../records/decide.ts'
import { contextOf } from '../records/access.ts'
import type { Actor } from '../records/types.ts'
import { assertAdministrator } from './access.ts'

/** What an administrator looks for. Null: whatever there is. */
export interface AuditFilter {
  /** Id of an entity, `bos.access`, `bos.role`, …; `security`: everything that is about who may do what. */
  readonly about: string | null
  readonly type: string | null
  /** Member id of whoever did it. */
  readonly actor: string | null
  /** Id of a record (of a person, a key, a role, …). */
  readonly record: string | null
  /** ISO 8601, inclusive and exclusive. */
  readonly from: string | null
  readonly to: string | null
  /** Id of an event: those before it. */
  readonly before: string | null
  readonly limit: number
}
export interface AuditEntry {
  readonly id: string
  /** Its place in the chain; null: it has none yet. */
  readonly position: number | null
  readonly at: string
  readonly entity: string
  readonly record: string
  readonly type: string
  readonly version: number
  readonly actor: string | null
  readonly via: string
  readonly requestId: string | null
  /** Of a record: names of the fields that changed; what they were is in its history. */
  readonly changed: readonly string[]
  /** Of everything else: what happened. */
  readonly told: Readonly<Record<string, unknown>> | null
}
export interface AuditPage {
  readonly data: readonly AuditEntry[]
  /** For `before`; null: this was the last. */
  readonly next: string | null
}

export interface Audit {
  /** One report across all entities, newest first. Throws 'not-allowed' for anyone but an administrator. */
  list(actor: Actor, filter: AuditFilter): Promise<AuditPage>
}

interface Parts {
  readonly database: Pick<Database, 'read'>
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
}

/** Ids of events are UUIDs of version 7: in the order of their time, which the primary key serves. */
const security = `(e.entity like 'bos.%' or e.type in ('access_changed', 'invited', 'viewed_as'))`

export function createAudit({ database, catalogueOf }: Parts): Audit {
  return {
    list: async (actor, { about, type, actor: by, record, from, to, before, limit }) => {
      assertAdministrator(actor)
      const catalogue = await catalogueOf(actor)
      const [found] = await database.read(contextOf(actor), {
        text: `with page as (
            select e.* from bos.event e
            where e.tenant_id = $1::uuid and ($2::text is null or e.entity = $2) ${about === 'security' ? `and ${security}` : ''}
              and ($3::text is null or e.type = $3) and ($4::uuid is null or e.actor = $4) and ($5::uuid is null or e.record_id = $5)
              and ($6::timestamptz is null or e.at >= $6) and ($7::timestamptz is null or e.at < $7)
              and ($8::uuid is null or e.id < $8)
            order by e.id desc limit $9::int)
          select p.id, l.position, p.at, p.entity, p.record_id, p.type, p.version, p.actor, p.via, p.request_id, p.changed, b.body
          from page p
            left join bos.log l on l.tenant_id = p.tenant_id and l.event_id = p.id
            left join bos.event_bodies(array(select distinct record_id from page where ${security.replaceAll('e.', '')})) b on b.event_id = p.id
          order by p.id desc`,
        values: [actor.tenant, about === 'security' ? null : about, type, by, record, from, to, before, limit + 1],
      })
      const rows = found!.rows.slice(0, limit)
      const data = rows.map((row): AuditEntry => {
        const entity = catalogue.entities.get(row['entity'] as string)
        const body = row['body'] as EventBody | null
        return {
          id: row['id'] as string,
          position: row['position'] === null ? null : Number(row['position']),
          at: new Date(row['at'] as Date).toISOString(),
          entity: row['entity'] as string,
          record: row['record_id'] as string,
          type: row['type'] as string,
          version: Number(row['version']),
          actor: row['actor'] as string | null,
          via: row['via'] as string,
          requestId: (row['request_id'] as string | null) || null,
          changed: (row['changed'] as string[]).map((id) => entity?.fields.find((field) => field.id === id.split('/')[0])?.name ?? id),
          told: body && toldOf(body),
        }
      })
      return { data, next: found!.rows.length > limit ? (data.at(-1)?.id ?? null) : null }
    },
  }
}

/** What is said of an event that is about access; values of records are not: their history masks them. */
function toldOf({ set, noted, viewed, access }: EventBody): Readonly<Record<string, unknown>> | null {
  const told = { ...(Object.keys(set).length > 0 && { set }), ...noted, ...viewed, ...access }
  return Object.keys(told).length > 0 ? told : null
}
