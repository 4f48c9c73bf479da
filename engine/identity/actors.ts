import { hash } from 'node:crypto'
import { BlockList, isIP, isIPv6 } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Limits } from '../config.ts'
import { Stale, type Database } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { ActingKey, Actor } from '../records/types.ts'
import type { AccessClaims, Tokens } from './tokens.ts'

/** What `bos.actor` knows of a live session, or `bos.key_actor` of an API key. */
export interface SessionView {
  readonly actor: Actor
  /** Null: a program acts, by a key. */
  readonly account: string | null
  /** Empty where nobody signs in. */
  readonly email: string
  readonly tenant: {
    readonly id: string
    readonly slug: string
    readonly name: string
    readonly locale: string
    readonly timeZone: string
    readonly currency: string
  }
}

export interface Actors {
  /**
   * Runs `work` as the bearer (of a session's token or an API key, from this address); with a reloaded actor again, a few times, while it is Stale.
   * Throws Problem 'not-authenticated'.
   */
  asMember<T>(bearer: Bearer, fresh: boolean, work: (actor: Actor) => Promise<T>): Promise<T>
  /** Null: the session has ended, or what lets it look as somebody else; the key may be used no more. */
  view(of: Looking): Promise<SessionView | null>
}

/** What a request brings to be known by. */
export interface Bearer {
  readonly authorization: string | undefined
  /** IP address. */
  readonly address: string
}

/** A session or key, and as whom it looks. */
export type Looking = Pick<Actor, 'session' | 'viewing' | 'key'>

interface Known {
  /** Unix milliseconds. */
  readonly until: number
  /** Throws Problem 'not-authenticated'. */
  readonly load: () => Promise<Actor>
  actor: Actor
}

/**
 * Actors of verified tokens, remembered until the token ends. What is remembered is never trusted for long: bos.begin compares
 * session and generation in the same trip as the work itself, and Stale makes us ask again. So a revoked session or a changed
 * role holds on the very next request, in every process, though most requests need no trip of their own for it.
 */
export function createActors(
  database: Pick<Database, 'call'>,
  tokens: Pick<Tokens, 'readAccess'>,
  limits: Pick<Limits, 'knownTokenEntries' | 'keyUseSeconds'>,
  /** Told once in each while that a key is remembered. */
  onKeyUse: (actor: Actor, address: string) => void = () => undefined,
): Actors {
  // Keyed by hash: a token in a memory dump is a token stolen.
  const known = new Map<string, Known>()

  const ofSession = async (claims: AccessClaims): Promise<Actor> => {
    const { session, member, viewing } = claims
    const view = await loadView(database, { session, ...(viewing !== null && { viewing: { id: viewing, by: member } }) })
    // The claims must name the very session they came from: a row of another member or tenant is none.
    if (
      !view ||
      view.actor.tenant !== claims.tenant ||
      (view.actor.viewing?.by ?? view.actor.member) !== member ||
      view.account !== claims.account
    )
      throw signInAgain()
    return view.actor
  }
  const ofKey = async (keyHash: Buffer): Promise<Actor> => {
    const view = await loadKey(database, keyHash, null)
    if (!view) throw new Problem('not-authenticated', 'This key is not known, has expired, or was revoked.')
    return view.actor
  }

  const admit = async (authorization: string | undefined): Promise<{ entry: Known; loaded: boolean }> => {
    const token = bearer(authorization)
    if (token === null) throw new Problem('not-authenticated')
    const key = hash('sha256', token, 'base64')
    const found = known.get(key)
    if (found && found.until > Date.now()) return { entry: found, loaded: false }
    known.delete(key)
    const entry = await enter(token)
    known.set(key, entry)
    if (known.size > limits.knownTokenEntries) known.delete(known.keys().next().value ?? '')
    return { entry, loaded: true }
  }
  const enter = async (token: string): Promise<Known> => {
    if (token.startsWith(keyPrefix)) {
      const load = () => ofKey(hash('sha256', token, 'buffer'))
      return { until: Date.now() + limits.keyUseSeconds * 1000, load, actor: await load() }
    }
    const claims = tokens.readAccess(token)
    if (!claims) throw signInAgain()
    const load = () => ofSession(claims)
    return { until: claims.expiresAt * 1000, load, actor: await load() }
  }

  return {
    asMember: async ({ authorization, address }, fresh, work) => {
      const { entry, loaded } = await admit(authorization)
      if (fresh && !loaded) entry.actor = await entry.load()
      if (entry.actor.key) assertAddress(entry.actor.key, address)
      if (loaded && entry.actor.key) onKeyUse(entry.actor, address)
      for (let attempt = 1; ; attempt++) {
        const { actor } = entry
        try {
          return await work(actor)
        } catch (error) {
          const isStale = error instanceof Stale
          // A refusal may come before anything was asked of the database: what it refused may have been granted since.
          const mayBeOutdated = error instanceof Problem && error.status < 500 && !fresh && !loaded && attempt === 1
          if (isStale ? attempt === attempts : !mayBeOutdated) throw error
          // Whoever edits roles one after the other would be met again and again: wait for a gap between two edits.
          if (isStale && attempt > 1) await setTimeout(Math.random() * attempt * jitterMs)
          entry.actor = await entry.load()
          if (entry.actor.key) assertAddress(entry.actor.key, address)
          if (!isStale && entry.actor.generation === actor.generation) throw error
        }
      }
    },
    view: ({ key, ...of }) => (key ? loadKey(database, null, key.id) : loadView(database, of)),
  }
}

const attempts = 6
const jitterMs = 20

const signInAgain = (): Problem => new Problem('not-authenticated', 'The sign-in has ended or is not valid. Sign in again.')

/** RFC 6750: the scheme in any case, one token. Node takes no headers beyond 16 KiB. */
export function bearer(authorization: string | undefined): string | null {
  return /^bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1] ?? null
}

/** What every API key begins with, so that it is told from a token, and found where somebody has left one. */
export const keyPrefix = 'bos_'

/** Throws 'not-authenticated': whoever uses a key from elsewhere learns no more than that it does not work. */
function assertAddress({ addresses }: ActingKey, address: string): void {
  if (addresses.length === 0 || isWithin(addresses, address)) return
  throw new Problem('not-authenticated', 'This key may not be used from this address.')
}

/** Whether one of the networks (`198.51.100.0/24`, `2001:db8::/32`) or addresses covers the address. */
export function isWithin(networks: readonly string[], address: string): boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [base = '', bits] = network.split('/')
    const family = isIPv6(base) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(base, family)
    else list.addSubnet(base, Number(bits), family)
  }
  const plain = address.replace(/^::ffff:/i, '')
  return isIP(plain) !== 0 && list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
}

async function loadKey(database: Pick<Database, 'call'>, keyHash: Buffer | null, key: string | null): Promise<SessionView | null> {
  const { rows } = await database.call({ name: 'bos.key_actor', text: 'select * from bos.key_actor($1, $2::uuid)', values: [keyHash, key] })
  const row = rows[0]
  if (!row) return null
  const id = String(row['key_id'])
  const actor: Actor = {
    tenant: String(row['tenant_id']),
    tenantSlug: String(row['slug']),
    member: String(row['member_id']),
    session: id,
    key: { id, scopes: row['scopes'] as string[], addresses: row['addresses'] as string[] },
    roles: [String(row['role'])],
    generation: Number(row['generation']),
    timeZone: String(row['time_zone']),
    tenantName: String(row['name']),
    locale: String(row['locale']),
    currency: String(row['currency']),
  }
  const { tenant: tenantId, tenantSlug: slug, tenantName: name, locale, timeZone, currency } = actor
  return { actor: Object.freeze(actor), account: null, email: '', tenant: { id: tenantId, slug, name, locale, timeZone, currency } }
}

async function loadView(database: Pick<Database, 'call'>, { session, viewing }: Looking): Promise<SessionView | null> {
  if (session === null) return null
  const { rows } = await database.call(
    viewing
      ? { name: 'bos.viewing_actor', text: 'select * from bos.viewing_actor($1::uuid, $2::uuid)', values: [session, viewing.id] }
      : { name: 'bos.actor', text: 'select * from bos.actor($1::uuid)', values: [session] },
  )
  const row = rows[0]
  if (!row) return null
  const text = (column: string): string => String(row[column])
  return {
    actor: Object.freeze({
      tenant: text('tenant_id'),
      tenantSlug: text('slug'),
      member: text('member_id'),
      session,
      ...(viewing && { viewing: { id: viewing.id, by: text('viewer') } }),
      roles: Object.freeze(row['roles'] as string[]),
      generation: Number(row['generation']),
      timeZone: text('time_zone'),
      tenantName: text('tenant_name'),
      locale: text('locale'),
      currency: text('currency'),
    }),
    account: text('account_id'),
    email: text('email'),
    tenant: {
      id: text('tenant_id'),
      slug: text('slug'),
      name: text('tenant_name'),
      locale: text('locale'),
      timeZone: text('time_zone'),
      currency: text('currency'),
    },
  }
}
