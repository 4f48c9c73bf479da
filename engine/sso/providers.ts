import { v7 as uuid } from 'uuid'
import type { Catalogue } from '../catalogue/types.ts'
import type { Limits } from '../config.ts'
import type { Database, Query, Transaction } from '../database/types.ts'
import type { Origin } from '../identity/member-events.ts'
import type { Keyring } from '../keys/keyring.ts'
import { Problem } from '../problems.ts'
import { contextOf } from '../records/access.ts'
import type { Actor } from '../records/types.ts'
import { eventQuery } from '../records/write.ts'
import { assertAdministrator } from '../tenancy/access.ts'
import type { Told } from '../tenancy/workspace.ts'
import { regroup } from './admissions.ts'
import { makeToken } from './directory.ts'
import { judgeProvider, pemOf, readProvider, type Provider, type TenantProvider } from './provider.ts'

export type ProviderWish = Omit<Provider, 'id' | 'version'>
export interface ProviderView extends Provider {
  readonly hasSecret: boolean
  /** People who came in by it, and the last time one did. */
  readonly people: number
  readonly lastUsedAt: string | null
  /** People and groups that its directory keeps here. */
  readonly directory: { readonly people: number; readonly groups: readonly string[] }
}
export interface TokenView {
  readonly id: string
  readonly prefix: string
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
  readonly lastAddress: string | null
}

/** What administrators set up. All throw 'not-allowed' for anybody else, and 'not-found'. */
export interface Providers {
  list(actor: Actor): Promise<readonly ProviderView[]>
  get(actor: Actor, id: string): Promise<TenantProvider>
  /** `secret`: null: none (or, in a change, the one there is). Throws 'request-invalid', 'conflict'. */
  create(actor: Actor, wish: ProviderWish, secret: string | null, from: Origin): Promise<ProviderView>
  /** Turned off, its people are out. Throws as `create`, and 'version-conflict'. */
  change(actor: Actor, id: string, wish: ProviderWish, secret: string | null, ifVersion: number | null, from: Origin): Promise<ProviderView>
  remove(actor: Actor, id: string, from: Origin): Promise<void>
  tokens(actor: Actor, provider: string): Promise<readonly TokenView[]>
  /** `expiresAt`: ISO 8601; null: until it is revoked. The token is shown this once. */
  createToken(actor: Actor, provider: string, expiresAt: string | null, from: Origin): Promise<TokenView & { readonly token: string }>
  revokeToken(actor: Actor, provider: string, token: string, from: Origin): Promise<void>
}

interface Parts {
  readonly database: Pick<Database, 'transaction'>
  readonly keyring: Pick<Keyring, 'put' | 'drop'>
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  /** Whether addresses may do without TLS: the operator has opened private networks. */
  readonly plainToo: boolean
  readonly limits: Pick<Limits, 'providersPerTenant' | 'tokensPerProvider'>
  readonly onWritten: () => void
}

/** Name of a provider's client secret in the keyring of its tenant. */
export const secretName = (provider: string): string => `sso/${provider}`

export function createProviders({ database, keyring, catalogueOf, plainToo, limits, onWritten }: Parts): Providers {
  const inTenant = async <T>(actor: Actor, work: (tx: Transaction) => Promise<T>): Promise<T> => {
    assertAdministrator(actor)
    return database.transaction(contextOf(actor), work)
  }
  const rowsOf = (actor: Actor, query: Query) =>
    inTenant(actor, async (tx) => (await tx.commit({ role: 'bos_write', queries: [query] }))[0]!.rows)
  const views = async (actor: Actor, id: string | null): Promise<readonly ProviderView[]> =>
    (await rowsOf(actor, { text: selected, values: [actor.tenant, id] })).map((row) => ({
      ...readProvider(row),
      hasSecret: row['has_secret'] === true,
      people: Number(row['people']),
      lastUsedAt: momentOf(row['used']),
      directory: { people: Number(row['directory_people']), groups: row['directory_groups'] as string[] },
    }))
  const view = async (actor: Actor, id: string): Promise<ProviderView> => {
    const [found] = await views(actor, id)
    if (!found) throw new Problem('not-found', 'There is no such identity provider.')
    return found
  }
  /** Whoever closes the last way in must open another first. */
  const assertEntrance = async (tx: Transaction, without: string): Promise<void> => {
    const [found] = await tx.send({ role: 'bos_write', queries: [{ text: 'select * from bos.sso_entrance($1::uuid)', values: [without] }] })
    const { sso_only: ssoOnly, is_open: isOpen } = found!.rows[0]!
    if (ssoOnly === true && isOpen !== true)
      throw new Problem('conflict', 'This workspace is entered by its identity providers only, and this is the last of them.')
  }
  const keepSecret = async ({ tenant }: Actor, id: string, { settings }: ProviderWish, secret: string | null): Promise<void> => {
    if (settings.kind === 'saml') await keyring.drop(tenant, secretName(id))
    else if (secret !== null) await keyring.put(tenant, secretName(id), secret)
  }

  return {
    list: (actor) => views(actor, null),
    get: async (actor, id) => {
      const { hasSecret: _secret, people: _people, lastUsedAt: _used, directory: _directory, ...provider } = await view(actor, id)
      return { ...provider, tenant: actor.tenant, tenantSlug: actor.tenantSlug }
    },

    create: async (actor, wish, secret, from) => {
      assertAdministrator(actor)
      const provider: Provider = { ...tidy(wish), id: uuid(), version: 1 }
      judgeProvider(provider, await catalogueOf(actor), plainToo)
      await inTenant(actor, async (tx) => {
        const [counted] = await tx.send({
          role: 'bos_write',
          queries: [{ text: 'select count(*) as providers from bos.identity_provider where tenant_id = $1::uuid', values: [actor.tenant] }],
        })
        if (Number(counted!.rows[0]!['providers']) >= limits.providersPerTenant)
          throw new Problem('conflict', `A workspace has at most ${limits.providersPerTenant} identity providers.`)
        const insert: Query = {
          text: `insert into bos.identity_provider (tenant_id, id, name, enabled, settings, admits, trusts_mfa, starting_roles, group_roles)
            values ($1::uuid, $2::uuid, $3, $4, $5::jsonb, $6, $7, $8::text[], $9::jsonb)`,
          values: [actor.tenant, provider.id, ...columns(provider)],
        }
        await tx.commit({ role: 'bos_write', queries: [insert, told(actor, provider, 'created', changesOf(null, provider), from)] })
      })
      await keepSecret(actor, provider.id, provider, secret)
      onWritten()
      return view(actor, provider.id)
    },

    change: async (actor, id, wish, secret, ifVersion, from) => {
      const before = await view(actor, id)
      if (ifVersion !== null && ifVersion !== before.version) throw new Problem('version-conflict')
      const after: Provider = { ...tidy(wish), id, version: before.version + 1 }
      const catalogue = await catalogueOf(actor)
      judgeProvider(after, catalogue, plainToo)
      // What was said of subjects by one issuer is nothing that another one said.
      if (issuerOf(before) !== issuerOf(after))
        throw new Problem('conflict', 'Who a provider is cannot be changed: remove this one, and set up another.')
      const changes = changesOf(before, after)
      if (Object.keys(changes).length > 0 || secret !== null) {
        await inTenant(actor, async (tx) => {
          const update: Query = {
            text: `update bos.identity_provider set name = $4, enabled = $5, settings = $6::jsonb, admits = $7, trusts_mfa = $8, starting_roles = $9::text[],
                group_roles = $10::jsonb, version = version + 1
              where tenant_id = $1::uuid and id = $2::uuid and version = $3 returning version`,
            values: [actor.tenant, id, before.version, ...columns(after)],
          }
          const [written] = await tx.send({ role: 'bos_write', queries: [update] })
          if (written!.rows.length === 0) throw new Problem('version-conflict')
          const queries = [
            told(actor, after, 'updated', { ...changes, ...(secret !== null && { secret: { from: null, to: 'set' } }) }, from),
          ]
          if (!after.enabled && before.enabled) {
            await assertEntrance(tx, id)
            queries.push(sessionsEnd(id))
          }
          if ('groupRoles' in changes) queries.push(...(await regroup(tx, actor, after, await keptBy(tx, actor, id), catalogue, from)))
          await tx.commit({ role: 'bos_write', queries })
        })
        await keepSecret(actor, id, after, secret)
        onWritten()
      }
      return { ...before, ...after, hasSecret: after.settings.kind === 'oidc' && (before.hasSecret || secret !== null) }
    },

    remove: async (actor, id, from) => {
      const before = await view(actor, id)
      await inTenant(actor, async (tx) => {
        await assertEntrance(tx, id)
        const gone: Query = {
          text: 'delete from bos.identity_provider where tenant_id = $1::uuid and id = $2::uuid',
          values: [actor.tenant, id],
        }
        const event = told(actor, { ...before, version: before.version + 1 }, 'deleted', {}, from)
        await tx.commit({ role: 'bos_write', queries: [sessionsEnd(id), gone, event] })
      })
      await keyring.drop(actor.tenant, secretName(id))
      onWritten()
    },

    tokens: async (actor, provider) => {
      await view(actor, provider)
      return (await rowsOf(actor, { text: tokensSelected, values: [actor.tenant, provider] })).map(readToken)
    },
    createToken: async (actor, provider, expiresAt, from) => {
      const of = await view(actor, provider)
      if (expiresAt !== null && !(Date.parse(expiresAt) > Date.now()))
        throw new Problem('request-invalid', '', { faults: [{ pointer: '/expiresAt', detail: 'must be a moment to come' }] })
      const { token, prefix, hash } = makeToken()
      const id = uuid()
      const made = await inTenant(actor, async (tx) => {
        const insert: Query = {
          text: `insert into bos.scim_token (tenant_id, id, provider_id, prefix, hash, created_by, expires_at)
            select $1::uuid, $2::uuid, $3::uuid, $4, $5, $6::uuid, $7::timestamptz
            where (select count(*) from bos.scim_token k where k.tenant_id = $1::uuid and k.provider_id = $3::uuid and (k.expires_at is null or k.expires_at > now())) < $8
            returning *`,
          values: [actor.tenant, id, provider, prefix, hash, actor.member, expiresAt, limits.tokensPerProvider],
        }
        const [inserted] = await tx.send({ role: 'bos_write', queries: [insert] })
        const [row] = inserted!.rows
        if (!row) throw new Problem('conflict', `A directory has at most ${limits.tokensPerProvider} tokens: revoke one first.`)
        await tx.commit({ role: 'bos_write', queries: [told(actor, of, 'token_created', { token: { from: null, to: prefix } }, from)] })
        return readToken(row)
      })
      onWritten()
      return { ...made, token }
    },
    revokeToken: async (actor, provider, token, from) => {
      const of = await view(actor, provider)
      await inTenant(actor, async (tx) => {
        const gone: Query = {
          text: 'delete from bos.scim_token where tenant_id = $1::uuid and provider_id = $2::uuid and id = $3::uuid returning prefix',
          values: [actor.tenant, provider, token],
        }
        const [deleted] = await tx.send({ role: 'bos_write', queries: [gone] })
        const prefix = deleted!.rows[0]?.['prefix']
        if (prefix === undefined) throw new Problem('not-found', 'There is no such token.')
        await tx.commit({ role: 'bos_write', queries: [told(actor, of, 'token_revoked', { token: { from: prefix, to: null } }, from)] })
      })
      onWritten()
    },
  }
}

const selected = `select p.*,
    bos.sso_has_secret(p.id) as has_secret,
    x.people, x.used, d.people as directory_people,
    array(select g.display_name from bos.directory_group g where g.tenant_id = p.tenant_id and g.provider_id = p.id order by g.display_name) as directory_groups
  from bos.identity_provider p,
    lateral (select count(*) as people, max(last_used_at) as used from bos.external_identity where tenant_id = p.tenant_id and provider_id = p.id) x,
    lateral (select count(*) as people from bos.directory_user where tenant_id = p.tenant_id and provider_id = p.id) d
  where p.tenant_id = $1::uuid and ($2::uuid is null or p.id = $2::uuid) order by p.name, p.id`
const tokensSelected = `select * from bos.scim_token
  where tenant_id = $1::uuid and provider_id = $2::uuid and (expires_at is null or expires_at > now()) order by created_at desc, id`

/** People of its directory. */
async function keptBy(tx: Transaction, { tenant }: Actor, provider: string): Promise<readonly string[]> {
  const text = 'select member_id from bos.directory_user where tenant_id = $1::uuid and provider_id = $2::uuid'
  const [found] = await tx.send({ role: 'bos_write', queries: [{ text, values: [tenant, provider] }] })
  return found!.rows.map((row) => row['member_id'] as string)
}

const columns = ({ name, enabled, settings, admits, trustsMfa, startingRoles, groupRoles }: ProviderWish): unknown[] => [
  name,
  enabled,
  JSON.stringify(settings),
  admits,
  trustsMfa,
  startingRoles,
  JSON.stringify(groupRoles),
]
const tidy = (wish: ProviderWish): ProviderWish =>
  wish.settings.kind === 'saml' ? { ...wish, settings: { ...wish.settings, certificates: wish.settings.certificates.map(pemOf) } } : wish

const issuerOf = ({ settings }: Provider): string => `${settings.kind} ${settings.kind === 'oidc' ? settings.issuer : settings.entityId}`

const sessionsEnd = (provider: string): Query => ({ text: 'select bos.sso_sessions_end($1::uuid)', values: [provider] })

/** What stands in the log: settings by name, lists as a whole. */
function changesOf(before: Provider | null, after: Provider): Told {
  const flat = (provider: Provider | null): Readonly<Record<string, unknown>> => {
    if (!provider) return {}
    const { id: _id, version: _version, settings, ...rest } = provider
    return { ...rest, ...settings }
  }
  const [was, is] = [flat(before), flat(after)]
  return Object.fromEntries(
    Object.entries(is).flatMap(([name, to]) => {
      const from = was[name] ?? null
      return JSON.stringify(from) === JSON.stringify(to) ? [] : [[name, { from, to }]]
    }),
  )
}

const told = (
  actor: Actor,
  { id, name, version }: Pick<Provider, 'id' | 'name' | 'version'>,
  type: 'created' | 'updated' | 'deleted' | 'token_created' | 'token_revoked',
  changes: Told,
  { via, requestId }: Origin,
): Query =>
  eventQuery(
    {
      entity: { id: 'bos.identity_provider' },
      record: id,
      type,
      version,
      revision: version,
      changed: Object.keys(changes),
      body: { set: { name: { from: name, to: name }, ...changes } },
    },
    { actor, via, requestId },
  )

const momentOf = (value: unknown): string | null => (value === null ? null : new Date(value as Date).toISOString())

const readToken = (row: Readonly<Record<string, unknown>>): TokenView => ({
  id: row['id'] as string,
  prefix: row['prefix'] as string,
  createdAt: momentOf(row['created_at']) ?? '',
  expiresAt: momentOf(row['expires_at']),
  lastUsedAt: momentOf(row['last_used_at']),
  lastAddress: row['last_address'] as string | null,
})
