import { hash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Limits } from '../config.ts'
import { Stale, type Database } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { Actor } from '../records/types.ts'
import type { AccessClaims, Tokens } from './tokens.ts'

/** What `bos.actor` knows of a live session. */
export interface SessionView {
  readonly actor: Actor
  readonly account: string
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
  /** Runs `work` as the bearer; with a reloaded actor again, a few times, while it is Stale. Throws Problem 'not-authenticated'. */
  asMember<T>(authorization: string | undefined, fresh: boolean, work: (actor: Actor) => Promise<T>): Promise<T>
  /** Null: the session has ended, or what lets it look as somebody else. */
  view(of: Looking): Promise<SessionView | null>
}

/** A session, and as whom it looks. */
export type Looking = Pick<Actor, 'session' | 'viewing'>

interface Known {
  readonly claims: AccessClaims
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
  limits: Pick<Limits, 'knownTokenEntries'>,
): Actors {
  // Keyed by hash: a token in a memory dump is a token stolen.
  const known = new Map<string, Known>()

  const load = async (claims: AccessClaims): Promise<Actor> => {
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

  const admit = async (authorization: string | undefined): Promise<{ entry: Known; loaded: boolean }> => {
    const token = bearer(authorization)
    if (token === null) throw new Problem('not-authenticated')
    const key = hash('sha256', token, 'base64')
    const found = known.get(key)
    if (found && found.claims.expiresAt * 1000 > Date.now()) return { entry: found, loaded: false }
    known.delete(key)
    const claims = tokens.readAccess(token)
    if (!claims) throw signInAgain()
    const entry = { claims, actor: await load(claims) }
    known.set(key, entry)
    if (known.size > limits.knownTokenEntries) known.delete(known.keys().next().value ?? '')
    return { entry, loaded: true }
  }

  return {
    asMember: async (authorization, fresh, work) => {
      const { entry, loaded } = await admit(authorization)
      if (fresh && !loaded) entry.actor = await load(entry.claims)
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
          entry.actor = await load(entry.claims)
          if (!isStale && entry.actor.generation === actor.generation) throw error
        }
      }
    },
    view: (of) => loadView(database, of),
  }
}

const attempts = 6
const jitterMs = 20

const signInAgain = (): Problem => new Problem('not-authenticated', 'The sign-in has ended or is not valid. Sign in again.')

/** RFC 6750: the scheme in any case, one token. Node takes no headers beyond 16 KiB. */
export function bearer(authorization: string | undefined): string | null {
  return /^bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1] ?? null
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
