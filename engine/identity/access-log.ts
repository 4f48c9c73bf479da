import { v7 as uuid } from 'uuid'
import type { Limits } from '../config.ts'
import type { Database } from '../database/types.ts'
import { Problem } from '../problems.ts'
import { contextOf } from '../records/access.ts'
import { eventQuery } from '../records/write.ts'
import { asEngine } from '../tenancy/engine-actor.ts'

/** Something about access that a tenant's administrators may want to know of later. */
export interface AccessNote {
  readonly type: 'signed_in' | 'sign_in_failed' | 'refused' | 'exported' | 'key_used'
  /** Id. */
  readonly tenant: string
  /** Who it was, or whose account was tried; null: nobody known. */
  readonly member: string | null
  /** What tells it from others of its kind, in short texts: reason, address, country, agent, route, key. */
  readonly about: Readonly<Record<string, string | null>>
  readonly requestId: string | null
}

/**
 * The access stream. The first of its kind is written at once, in a transaction of its own (what was refused has left none); those like it are
 * counted, and told together when their minute is over. Entries are events like any other: sequenced, chained, and found by `bos audit verify`.
 */
export interface AccessLog {
  note(note: AccessNote): void
  /** Writes everything that waits. */
  flush(): Promise<void>
  stop(): Promise<void>
}

interface Parts {
  readonly database: Pick<Database, 'call' | 'transaction'>
  readonly limits: Pick<Limits, 'accessNoteSeconds' | 'accessNotesPerTenant' | 'accessNoteTenants'>
  readonly onWritten: () => void
  readonly onError: (error: unknown) => void
}

interface Entry {
  readonly note: AccessNote
  readonly since: Date
  /** How many came after the first, which is written. */
  more: number
  last: Date
  readonly until: number
}
interface Written {
  readonly note: AccessNote
  readonly count: number
  readonly since: Date
  readonly last: Date
}

export function createAccessLog({ database, limits, onWritten, onError }: Parts): AccessLog {
  const byTenant = new Map<string, Map<string, Entry>>()
  const waiting = new Map<string, Written[]>()
  let underWay: Promise<void> = Promise.resolve()

  const queue = (written: Written): void => {
    const { tenant } = written.note
    const known = waiting.get(tenant)
    if (known) known.push(written)
    else waiting.set(tenant, [written])
  }
  const write = (): Promise<void> => {
    underWay = underWay.then(async () => {
      const batches = [...waiting]
      waiting.clear()
      for (const [tenant, notes] of batches) await append(tenant, notes).catch(onError)
    })
    return underWay
  }
  const append = async (tenant: string, notes: readonly Written[]): Promise<void> => {
    await asEngine(database, tenant, async (engine) => {
      const queries = notes.map(({ note, count, since, last }) =>
        eventQuery(
          {
            entity: { id: 'bos.access' },
            record: uuid(),
            type: note.type,
            version: 1,
            revision: 1,
            changed: [],
            body: { set: {}, noted: { ...note.about, count, since: since.toISOString(), last: last.toISOString() } },
          },
          { actor: { ...engine, member: note.member }, via: 'system', requestId: note.requestId ?? '' },
        ),
      )
      await database.transaction(contextOf(engine), (tx) => tx.commit({ role: 'bos_write', queries }))
    }).catch((error: unknown) => {
      // Suspended: nobody gets in, and nothing is written there.
      if (!(error instanceof Problem && error.code === 'not-found')) throw error
    })
    onWritten()
  }
  const settle = (now: number): void => {
    for (const [tenant, entries] of byTenant) {
      for (const [key, entry] of entries) {
        if (entry.until > now) continue
        entries.delete(key)
        if (entry.more > 0) queue({ note: entry.note, count: entry.more, since: entry.since, last: entry.last })
      }
      if (entries.size === 0) byTenant.delete(tenant)
    }
  }
  const timer = setInterval(() => {
    settle(Date.now())
    if (waiting.size > 0) void write()
  }, limits.accessNoteSeconds * 100).unref()

  return {
    note: (note) => {
      const entries = byTenant.get(note.tenant) ?? new Map<string, Entry>()
      if (!byTenant.has(note.tenant)) {
        if (byTenant.size >= limits.accessNoteTenants) return
        byTenant.set(note.tenant, entries)
      }
      // A flood of different ones is told as one number, and costs no more than that.
      const isFlood = entries.size >= limits.accessNotesPerTenant
      const kept: AccessNote = isFlood
        ? { type: note.type, tenant: note.tenant, member: null, about: { flood: 'true' }, requestId: null }
        : note
      const { agent: _agent, ...telling } = kept.about
      const key = JSON.stringify([kept.type, kept.member, telling])
      const [now, known] = [new Date(), entries.get(key)]
      if (known) {
        known.more++
        known.last = now
        return
      }
      entries.set(key, { note: kept, since: now, more: 0, last: now, until: now.getTime() + limits.accessNoteSeconds * 1000 })
      queue({ note: kept, count: 1, since: now, last: now })
      void write()
    },
    flush: async () => {
      settle(Infinity)
      await write()
    },
    stop: async () => {
      clearInterval(timer)
      settle(Infinity)
      await write()
    },
  }
}
