import type { Catalogue } from '../catalogue/types.ts'
import type { Limits } from '../config.ts'
import type { Database } from '../database/types.ts'
import { lockMember, tellOfMember, type Origin } from '../identity/member-events.ts'
import type { Method } from '../identity/tokens.ts'
import { Problem } from '../problems.ts'
import { contextOf } from '../records/access.ts'
import type { Actor } from '../records/types.ts'
import { assertAdministrator } from './access.ts'

/** A session of somebody in the workspace, as an administrator sees it. */
export interface MemberSession {
  readonly id: string
  readonly member: string
  readonly email: string
  readonly createdAt: string
  /** To within the ten minutes that an access token lasts. */
  readonly lastUsedAt: string
  readonly expiresAt: string
  readonly methods: readonly Method[]
  readonly address: string | null
  /** ISO 3166-1, of the address. */
  readonly country: string | null
  readonly agent: string | null
  readonly isThis: boolean
}

/** All throw 'not-allowed' for anyone but an administrator. */
export interface MemberSessions {
  /** The last used first; `member` null: everybody's. */
  list(actor: Actor, member: string | null): Promise<readonly MemberSession[]>
  /** `session` null: all of the person but the one that asks. They are refused from the next request on. Answers how many. Throws 'not-found'. */
  end(actor: Actor, member: string, session: string | null, from: Origin): Promise<number>
}

interface Parts {
  readonly database: Pick<Database, 'call' | 'transaction'>
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  readonly limits: Pick<Limits, 'sessionsListed'>
  readonly onWritten: () => void
}

export function createMemberSessions({ database, catalogueOf, limits, onWritten }: Parts): MemberSessions {
  return {
    list: async (actor, member) => {
      assertAdministrator(actor)
      const { rows } = await database.call({
        text: 'select * from bos.tenant_sessions($1::uuid, $2::uuid, $3)',
        values: [actor.tenant, member, limits.sessionsListed],
      })
      return rows.map((row) => ({
        id: String(row['id']),
        member: String(row['member_id']),
        email: String(row['email']),
        createdAt: isoOf(row['created_at']),
        lastUsedAt: isoOf(row['last_used_at']),
        expiresAt: isoOf(row['expires_at']),
        methods: row['methods'] as Method[],
        address: row['address'] as string | null,
        country: row['country'] as string | null,
        agent: row['agent'] as string | null,
        isThis: row['id'] === actor.session,
      }))
    },
    end: async (actor, member, session, from) => {
      assertAdministrator(actor)
      const catalogue = await catalogueOf(actor)
      const ended = await database.transaction(contextOf(actor), async (tx) => {
        const [person, ends] = await tx.send({
          role: 'bos_write',
          queries: [
            lockMember(actor, member),
            {
              text: 'select bos.member_sessions_end($1::uuid, $2::uuid, $3::uuid) as ended',
              values: [member, session, session === null ? actor.session : null],
            },
          ],
        })
        const row = person!.rows[0]
        const count = Number(ends!.rows[0]?.['ended'])
        if (!row || (session !== null && count === 0)) throw new Problem('not-found')
        const told = { access: { sessions: { from: count, to: 0 as const } } }
        await tx.commit({
          role: 'bos_write',
          queries: count === 0 ? [] : tellOfMember(catalogue, actor, row, 'access_changed', told, from),
        })
        return count
      })
      onWritten()
      return ended
    },
  }
}

const isoOf = (moment: unknown): string => new Date(moment as Date).toISOString()
