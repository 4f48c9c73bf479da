import { v7 as uuid } from 'uuid'
import type { Catalogue } from '../catalogue/types.ts'
import type { Limits } from '../config.ts'
import type { Database, Query } from '../database/types.ts'
import { core } from '../expressions/core.ts'
import { isUuid } from '../fields/uuid.ts'
import { Problem } from '../problems.ts'
import { accessOf, contextOf, mayViewAs } from '../records/access.ts'
import { referencesQuery } from '../records/load.ts'
import type { Actor } from '../records/types.ts'
import { lockMember, tellOfMember, type Origin } from './member-events.ts'
import type { Tokens } from './tokens.ts'

/** Looking at everything as another person of the tenant does: their roles and scopes, nothing changed, and both names in the log. */
export interface Viewings {
  /** Throws 'not-allowed' without the right to, and 'request-invalid' for whoever the caller cannot see. */
  begin(actor: Actor, member: string, from: Origin): Promise<Begun>
  /** Throws 'conflict' where there is nothing to end. */
  end(actor: Actor, from: Origin): Promise<void>
}
export interface Begun {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
}

interface Parts {
  readonly database: Pick<Database, 'transaction'>
  readonly tokens: Pick<Tokens, 'viewing'>
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  /** Id of the account behind a session. */
  readonly accountOf: (actor: Actor) => Promise<string>
  readonly limits: Pick<Limits, 'viewingSeconds'>
}

const nobody = (detail: string): Problem => new Problem('request-invalid', detail, { faults: [{ pointer: '/member', detail }] })

export function createViewings({ database, tokens, catalogueOf, accountOf, limits }: Parts): Viewings {
  return {
    begin: async (actor, member, from) => {
      const catalogue = await catalogueOf(actor)
      const { session } = actor
      if (session === null || actor.member === null || !mayViewAs(catalogue, actor.roles))
        throw new Problem('not-allowed', 'Your role may not look as somebody else.')
      if (!isUuid(member)) throw nobody('There is no such person.')
      if (member === actor.member) throw nobody('That is you.')
      const account = await accountOf(actor)
      const viewing = uuid()
      const until = new Date(Date.now() + limits.viewingSeconds * 1000).toISOString()
      const access = accessOf(catalogue, actor)
      const people = access.entities.get(core.member)
      if (!people) throw nobody('There is no such person.')
      await database.transaction(contextOf(actor, access), async (tx) => {
        const [seen, person] = await tx.send({
          role: 'bos_read',
          queries: [referencesQuery(catalogue, people, actor, [member]), lockMember(actor, member)],
        })
        const row = person!.rows[0]
        if (!row || seen!.rows.length === 0) throw nobody('There is no such person.')
        const begun: Query = {
          text: 'insert into bos.viewing (id, tenant_id, session_id, member_id, expires_at) values ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::timestamptz)',
          values: [viewing, actor.tenant, session, member, until],
        }
        await tx.commit({
          role: 'bos_write',
          queries: [begun, ...tellOfMember(catalogue, actor, row, 'viewed_as', { viewed: { op: 'begun', until } }, from)],
        })
      })
      const claims = { account, session, tenant: actor.tenant, member: actor.member, viewing }
      return { accessToken: tokens.viewing(claims), expiresIn: limits.viewingSeconds }
    },

    end: async (actor, from) => {
      const { viewing, member } = actor
      if (!viewing || member === null) throw new Problem('conflict', 'You look as yourself.')
      const catalogue = await catalogueOf(actor)
      // Whoever really looks, with the session that is theirs.
      const self: Actor = { ...actor, member: viewing.by }
      await database.transaction(contextOf(self), async (tx) => {
        const over: Query = {
          text: 'update bos.viewing set ended_at = now() where tenant_id = $1::uuid and id = $2::uuid and ended_at is null returning expires_at::text as until',
          values: [actor.tenant, viewing.id],
        }
        const [ended, person] = await tx.send({ role: 'bos_write', queries: [over, lockMember(self, member)] })
        const row = person!.rows[0]
        const until = ended!.rows[0]?.['until']
        if (!row || typeof until !== 'string') return void (await tx.commit())
        const viewed = { op: 'ended', until: new Date(until).toISOString() } as const
        await tx.commit({ role: 'bos_write', queries: tellOfMember(catalogue, self, row, 'viewed_as', { viewed }, from) })
      })
    },
  }
}
