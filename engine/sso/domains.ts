import { randomBytes } from 'node:crypto'
import type { Limits } from '../config.ts'
import type { Database, Query } from '../database/types.ts'
import type { Origin } from '../identity/member-events.ts'
import { Problem } from '../problems.ts'
import { contextOf } from '../records/access.ts'
import type { Actor } from '../records/types.ts'
import { assertAdministrator } from '../tenancy/access.ts'
import { assertOwned, nameForm, type ResolveTxt } from '../tenancy/dns-proof.ts'
import { workspaceEvent, type Told } from '../tenancy/workspace.ts'

/** What stands behind the @ of people's addresses. A provider is believed about none but those that are verified. */
export interface EmailDomain {
  readonly domain: string
  /** What a TXT record of the domain must say: `businessos-verification={token}`. */
  readonly token: string
  readonly verifiedAt: string | null
}

/** All throw 'not-allowed' for anyone but an administrator. */
export interface Domains {
  list(actor: Actor): Promise<readonly EmailDomain[]>
  /** The one there is, where there is one. Throws 'request-invalid'. */
  add(actor: Actor, domain: string, from: Origin): Promise<EmailDomain>
  /** Throws 'conflict' while the domain does not say so, and 'not-found'. */
  verify(actor: Actor, domain: string, from: Origin): Promise<void>
  /** Whoever was tied to an account by an address of it stays so. */
  remove(actor: Actor, domain: string, from: Origin): Promise<void>
}

interface Parts {
  readonly database: Pick<Database, 'transaction'>
  readonly resolveTxt: ResolveTxt
  readonly limits: Pick<Limits, 'domainsPerTenant'>
  readonly onWritten: () => void
}

export function createDomains({ database, resolveTxt, limits, onWritten }: Parts): Domains {
  const list = async (actor: Actor): Promise<readonly EmailDomain[]> => {
    assertAdministrator(actor)
    const [found] = await database.transaction(contextOf(actor), (tx) =>
      tx.commit({
        role: 'bos_write',
        queries: [
          {
            text: 'select domain, token, verified_at from bos.email_domain where tenant_id = $1::uuid order by domain',
            values: [actor.tenant],
          },
        ],
      }),
    )
    return found!.rows.map((row) => ({
      domain: row['domain'] as string,
      token: row['token'] as string,
      verifiedAt: row['verified_at'] === null ? null : new Date(row['verified_at'] as Date).toISOString(),
    }))
  }
  /** Throws 'not-found' where nothing was changed. */
  const write = async (actor: Actor, type: string, told: Told, from: Origin, query: Query): Promise<void> => {
    await database.transaction(contextOf(actor), async (tx) => {
      const [written] = await tx.send({ role: 'bos_write', queries: [query] })
      if (written!.rows.length === 0) throw new Problem('not-found', 'There is no such domain here.')
      await tx.commit({ role: 'bos_write', queries: [workspaceEvent(actor, type, told, from)] })
    })
    onWritten()
  }

  return {
    list,
    add: async (actor, domain, from) => {
      const name = domain.toLowerCase().replace(/^@/, '')
      const known = await list(actor)
      if (!nameForm.test(name))
        throw new Problem('request-invalid', '', { faults: [{ pointer: '/domain', detail: 'must be a domain such as example.com' }] })
      const found = known.find((each) => each.domain === name)
      if (found) return found
      if (known.length >= limits.domainsPerTenant)
        throw new Problem('conflict', `A workspace has at most ${limits.domainsPerTenant} domains.`)
      const token = randomBytes(16).toString('hex')
      await write(actor, 'domain_added', { domain: { from: null, to: name } }, from, {
        text: 'insert into bos.email_domain (tenant_id, domain, token) values ($1::uuid, $2, $3) on conflict do nothing returning 1',
        values: [actor.tenant, name, token],
      })
      return { domain: name, token, verifiedAt: null }
    },
    verify: async (actor, domain, from) => {
      const found = (await list(actor)).find((each) => each.domain === domain)
      if (!found) throw new Problem('not-found', 'There is no such domain here.')
      await assertOwned(resolveTxt, domain, found.token)
      await write(actor, 'domain_verified', { domain: { from: domain, to: domain } }, from, {
        text: 'update bos.email_domain set verified_at = coalesce(verified_at, now()) where tenant_id = $1::uuid and domain = $2 returning 1',
        values: [actor.tenant, domain],
      })
    },
    remove: async (actor, domain, from) => {
      assertAdministrator(actor)
      await write(actor, 'domain_removed', { domain: { from: domain, to: null } }, from, {
        text: 'delete from bos.email_domain where tenant_id = $1::uuid and domain = $2 returning 1',
        values: [actor.tenant, domain],
      })
    },
  }
}
