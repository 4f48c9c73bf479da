import { randomBytes } from 'node:crypto'
import type { Limits } from '../config.ts'
import type { Database, Query } from '../database/types.ts'
import type { Origin } from '../identity/member-events.ts'
import type { Keyring } from '../keys/keyring.ts'
import { Problem, type Fault } from '../problems.ts'
import { contextOf } from '../records/access.ts'
import type { Actor } from '../records/types.ts'
import { eventQuery } from '../records/write.ts'
import { assertAdministrator } from './access.ts'
import { assertOwned, nameForm, type ResolveTxt } from './dns-proof.ts'
import { judgeSurroundings } from './tenants.ts'

/** What a tenant says of itself. The fiscal year and what else business goes by are records: core.settings. */
export interface Workspace {
  readonly slug: string
  readonly name: string
  readonly locale: string
  readonly timeZone: string
  readonly currency: string
  /** `#rrggbb`; null: the product's own. */
  readonly accent: string | null
  readonly hasLogo: boolean
  /** Everybody needs a second factor; sessions without one end with this being said. */
  readonly mfaRequired: boolean
  /** Everybody comes by the company's identity provider, but for members marked as break-glass. */
  readonly ssoOnly: boolean
  readonly version: number
  readonly createdAt: string
}
export type WorkspaceChange = Partial<Pick<Workspace, 'name' | 'locale' | 'timeZone' | 'currency' | 'accent' | 'mfaRequired' | 'ssoOnly'>>
export interface Logo {
  readonly bytes: Buffer
  readonly type: 'image/png' | 'image/jpeg' | 'image/webp'
}
export interface WorkspaceHost {
  readonly host: string
  /** What a TXT record of the name must say: `businessos-verification={token}`. */
  readonly token: string
  readonly verifiedAt: string | null
}
/** How a tenant presents itself to whoever has not signed in. */
export interface Face {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly accent: string | null
  readonly logo: { readonly bytes: Buffer; readonly type: string } | null
  readonly ssoOnly: boolean
}

export interface Workspaces {
  get(actor: Actor): Promise<Workspace>
  /** Throws 'not-allowed', 'request-invalid', 'version-conflict', and 'conflict' for a demand that would lock the asking person out. */
  change(actor: Actor, change: WorkspaceChange, ifVersion: number | null, from: Origin): Promise<Workspace>
  logo(actor: Actor): Promise<{ readonly bytes: Buffer; readonly type: string } | null>
  /** Null: none any more. */
  setLogo(actor: Actor, logo: Logo | null, from: Origin): Promise<void>
  hosts(actor: Actor): Promise<readonly WorkspaceHost[]>
  addHost(actor: Actor, host: string, from: Origin): Promise<WorkspaceHost>
  /** Throws 'conflict' while the name does not say so. */
  verifyHost(actor: Actor, host: string, from: Origin): Promise<void>
  removeHost(actor: Actor, host: string, from: Origin): Promise<void>
  /** Whose name it is; null: nobody's. `host` as a browser says it, without port. */
  at(host: string): Promise<Face | null>
  /** Suspends it and deletes it after the grace period; `confirm` is its slug. Answers when. Throws 'request-invalid'. */
  askDeletion(actor: Actor, confirm: string, from: Origin): Promise<string>
  /** Deletes what is due, with its keys. Answers their slugs. */
  purge(): Promise<readonly string[]>
}

interface Parts {
  readonly database: Pick<Database, 'call' | 'read' | 'transaction'>
  readonly keyring: Pick<Keyring, 'destroy'>
  readonly publicUrl: URL
  readonly resolveTxt: ResolveTxt
  readonly limits: Pick<Limits, 'deletionGraceSeconds'>
  readonly onWritten: () => void
}

export function createWorkspaces({ database, keyring, publicUrl, resolveTxt, limits, onWritten }: Parts): Workspaces {
  const view: Query = { text: 'select * from bos.workspace_view()' }
  const read = async (actor: Actor): Promise<Workspace> => {
    const [found] = await database.read(contextOf(actor), view)
    return readWorkspace(found!.rows[0]!)
  }
  /** One change with what the log tells of it. */
  const write = async (actor: Actor, type: string, told: Told, from: Origin, query: Query) => {
    assertAdministrator(actor)
    const [written] = await database.transaction(contextOf(actor), async (tx) => {
      const answers = await tx.send({ role: 'bos_write', queries: [query] })
      await tx.commit({ role: 'bos_write', queries: [workspaceEvent(actor, type, told, from)] })
      return answers
    })
    onWritten()
    return written!.rows[0]
  }

  return {
    get: read,

    change: async (actor, change, ifVersion, from) => {
      assertAdministrator(actor)
      const before = await read(actor)
      if (ifVersion !== null && ifVersion !== before.version) throw new Problem('version-conflict')
      const after = { ...before, ...change }
      judge(after)
      const told = changesOf(before, change)
      if (Object.keys(told).length === 0) return before
      const set: Query = {
        text: 'select bos.workspace_set($1, $2, $3, $4, $5, $6, $7, $8) as version',
        values: [before.version, after.name, after.locale, after.timeZone, after.currency, after.accent, after.mfaRequired, after.ssoOnly],
      }
      const state: Query = { text: 'select bos.session_alive($1::uuid) as alive', values: [actor.session] }
      const version = await database.transaction(contextOf(actor), async (tx) => {
        const [written, mine, entrance] = await tx.send({
          role: 'bos_write',
          queries: [set, state, { text: 'select is_open from bos.sso_entrance(null)' }],
        })
        const next = written!.rows[0]?.['version']
        if (after.ssoOnly && !before.ssoOnly && entrance!.rows[0]?.['is_open'] !== true)
          throw new Problem('conflict', 'No identity provider is turned on: nobody could come in.')
        if (typeof next !== 'number') throw new Problem('version-conflict')
        // Nobody asks of everybody what they have not done themselves: they would be outside with the next request.
        if (mine!.rows[0]?.['alive'] !== true)
          throw new Problem(
            'conflict',
            'Do yourself first what you ask of everybody: sign in with a second factor, or by the identity provider.',
          )
        await tx.commit({ role: 'bos_write', queries: [workspaceEvent(actor, 'updated', told, from)] })
        return next
      })
      onWritten()
      return { ...after, version }
    },

    logo: async (actor) => {
      const [found] = await database.read(contextOf(actor), { text: 'select logo, type from bos.workspace_logo()' })
      const row = found!.rows[0]
      return row ? { bytes: row['logo'] as Buffer, type: row['type'] as string } : null
    },
    setLogo: async (actor, logo, from) => {
      const query = { text: 'select bos.logo_set($1, $2)', values: [logo?.bytes ?? null, logo?.type ?? null] }
      await write(actor, 'updated', { logo: { from: null, to: logo?.type ?? null } }, from, query)
    },

    hosts: async (actor) => {
      assertAdministrator(actor)
      const [found] = await database.read(contextOf(actor), { text: 'select * from bos.hosts()' })
      return found!.rows.map((row) => ({
        host: row['host'] as string,
        token: row['token'] as string,
        verifiedAt: row['verified_at'] === null ? null : new Date(row['verified_at'] as Date).toISOString(),
      }))
    },
    addHost: async (actor, host, from) => {
      const name = host.toLowerCase()
      const isOurs = name === publicUrl.hostname || name.endsWith(`.${publicUrl.hostname}`)
      if (!nameForm.test(name) || isOurs) throw invalid('/host', 'must be a name of your own, such as erp.example.com')
      const token = randomBytes(16).toString('hex')
      const row = await write(actor, 'host_added', { host: { from: null, to: name } }, from, {
        text: 'select bos.host_add($1, $2) as is_ours',
        values: [name, token],
      })
      if (row?.['is_ours'] !== true)
        throw new Problem('unique-taken', 'This name is in use.', { faults: [{ pointer: '/host', detail: 'is in use' }] })
      return { host: name, token, verifiedAt: null }
    },
    verifyHost: async (actor, host, from) => {
      assertAdministrator(actor)
      const [found] = await database.read(contextOf(actor), { text: 'select token from bos.hosts() where host = $1', values: [host] })
      const token = found!.rows[0]?.['token']
      if (typeof token !== 'string') throw new Problem('not-found')
      await assertOwned(resolveTxt, host, token)
      await write(actor, 'host_verified', { host: { from: host, to: host } }, from, {
        text: 'select bos.host_verified($1)',
        values: [host],
      })
    },
    removeHost: async (actor, host, from) => {
      const row = await write(actor, 'host_removed', { host: { from: host, to: null } }, from, {
        text: 'select bos.host_remove($1) as gone',
        values: [host],
      })
      if (row?.['gone'] !== true) throw new Problem('not-found')
    },

    at: async (host) => {
      const suffix = `.${publicUrl.hostname}`
      const slug = host.endsWith(suffix) ? host.slice(0, -suffix.length) : null
      if (host === publicUrl.hostname) return null
      const { rows } = await database.call({ text: 'select * from bos.tenant_at($1, $2)', values: [slug, host] })
      const row = rows[0]
      if (!row) return null
      const logo = row['logo'] as Buffer | null
      return {
        id: row['id'] as string,
        slug: row['slug'] as string,
        name: row['name'] as string,
        accent: row['accent'] as string | null,
        logo: logo && { bytes: logo, type: row['logo_type'] as string },
        ssoOnly: row['sso_only'] === true,
      }
    },

    askDeletion: async (actor, confirm, from) => {
      assertAdministrator(actor)
      if (confirm !== actor.tenantSlug) throw invalid('/confirm', `must be ${actor.tenantSlug}, so that nobody deletes the wrong one`)
      const row = await write(actor, 'deletion_asked', {}, from, {
        text: 'select bos.tenant_delete_ask($1::uuid, $2) as due',
        values: [actor.member, limits.deletionGraceSeconds],
      })
      return new Date(row!['due'] as Date).toISOString()
    },
    purge: async () => {
      const { rows } = await database.call({ text: 'select * from bos.tenants_due()' })
      const gone: string[] = []
      for (const row of rows) {
        const id = row['id'] as string
        // First: from now on no backup opens their secrets either, whatever becomes of the rest.
        await keyring.destroy(id)
        for (let some = Infinity; some > 0;) {
          const purged = await database.call({ text: 'select bos.tenant_purge($1::uuid) as gone', values: [id] })
          some = Number(purged.rows[0]?.['gone'] ?? 0)
        }
        gone.push(row['slug'] as string)
      }
      return gone
    },
  }
}

/** What changed, by its name. */
export type Told = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>

/** The tenant stands in its own log; each entry by itself, for several may change several things at once. */
export const workspaceEvent = (actor: Actor, type: string, told: Told, { via, requestId }: Origin): Query =>
  eventQuery(
    {
      entity: { id: 'bos.workspace' },
      record: crypto.randomUUID(),
      type,
      version: 1,
      revision: 1,
      changed: Object.keys(told),
      body: { set: told },
    },
    { actor, via, requestId },
  )

function judge(workspace: Workspace): void {
  const faults: Fault[] = [...judgeSurroundings(workspace)]
  if (workspace.accent !== null && !/^#[0-9a-f]{6}$/.test(workspace.accent))
    faults.push({ pointer: '/accent', detail: 'must be a colour such as #2563eb' })
  if (faults.length > 0) throw new Problem('request-invalid', '', { faults })
}

const changesOf = (before: Workspace, change: WorkspaceChange): Told =>
  Object.fromEntries(
    Object.entries(change).flatMap(([name, to]) => {
      const from = before[name as keyof WorkspaceChange]
      return from === to ? [] : [[name, { from, to }]]
    }),
  )

const readWorkspace = (row: Readonly<Record<string, unknown>>): Workspace => ({
  slug: row['slug'] as string,
  name: row['name'] as string,
  locale: row['locale'] as string,
  timeZone: row['time_zone'] as string,
  currency: row['currency'] as string,
  accent: row['accent'] as string | null,
  hasLogo: row['has_logo'] === true,
  mfaRequired: row['mfa_required'] === true,
  ssoOnly: row['sso_only'] === true,
  version: Number(row['version']),
  createdAt: new Date(row['created_at'] as Date).toISOString(),
})

const invalid = (pointer: string, detail: string): Problem => new Problem('request-invalid', '', { faults: [{ pointer, detail }] })
