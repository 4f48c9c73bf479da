import { hash } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import type { Limits } from '../config.ts'
import type { Database } from '../database/types.ts'
import { fold } from '../fields/fold.ts'
import { Problem } from '../problems.ts'
import { bearer, type Actors } from './actors.ts'
import { addressKey, createLimiter } from './limiter.ts'
import type { Passwords } from './passwords.ts'
import type { Tokens } from './tokens.ts'

/** What a person or program presents. `tenant` is a slug. */
export type Credentials =
  | { readonly email: string; readonly password: string; readonly tenant: string | null }
  | { readonly selectToken: string; readonly tenant: string }

export interface SignedIn {
  readonly accessToken: string
  readonly expiresIn: number
  readonly tenant: { readonly id: string; readonly slug: string; readonly name: string }
  /** For the cookie only; never in a body. */
  readonly refresh: { readonly text: string; readonly expiresAt: number }
}
export type SignInResult =
  | SignedIn
  | { readonly tenants: readonly { readonly id: string; readonly slug: string; readonly name: string }[]; readonly selectToken: string }

export interface SignIn {
  /** `address` is the client's IP. Throws 'credentials-wrong', 'too-many-requests'. */
  login(credentials: Credentials, address: string): Promise<SignInResult>
  /** `cookie` is the refresh token's text. Throws 'not-authenticated'. */
  refresh(cookie: string): Promise<SignedIn>
  /** Ends the session of the cookie and that of the access token; never fails for what is no session any more. */
  logout(cookie: string | undefined, authorization: string | undefined): Promise<void>
}

interface Membership {
  readonly tenant: string
  readonly slug: string
  readonly name: string
  readonly member: string
}
interface Account {
  readonly id: string
  readonly passwordHash: string | null
  readonly memberships: readonly Membership[]
}

export function createSignIn(parts: {
  database: Pick<Database, 'call'>
  passwords: Passwords
  tokens: Tokens
  actors: Pick<Actors, 'view'>
  limits: Limits
}): SignIn {
  const { database, passwords, tokens, actors, limits } = parts
  const byAccount = createLimiter(limits.loginFailuresPerAccount, limits.loginWindowSeconds, limits.loginLimiterEntries)
  const byAddress = createLimiter(limits.loginFailuresPerAddress, limits.loginWindowSeconds, limits.loginLimiterEntries)

  /** The address is asked first: whoever is out of attempts must not use up those of other people's accounts. */
  const limited = async <T>(accountKey: string, address: string, work: () => Promise<T>): Promise<T> => {
    byAddress.take(address)
    byAccount.take(accountKey)
    const giveBack = (): void => {
      byAddress.giveBack(address)
      byAccount.giveBack(accountKey)
    }
    try {
      const result = await work()
      giveBack()
      return result
    } catch (error) {
      // Only wrong credentials count: an outage of ours must not lock people out.
      if (!(error instanceof Problem && error.code === 'credentials-wrong')) giveBack()
      throw error
    }
  }

  const byPassword = async (email: string, password: string): Promise<Account & { readonly passwordHash: string }> => {
    // No account has such a name, and PostgreSQL cannot even be asked about some: the answer is that of any unknown one.
    const account = /\p{Cc}/u.test(email) ? null : await findAccount(database, 'bos.account_by_email($1::text)', email)
    // The hash is computed for unknown accounts too, so that time tells nothing.
    const right = await passwords.verify(password, account?.passwordHash ?? null)
    if (!account?.passwordHash || !right || account.memberships.length === 0) throw new Problem('credentials-wrong')
    return { ...account, passwordHash: account.passwordHash }
  }

  const open = async (account: Account, { tenant, slug, name, member }: Membership): Promise<SignedIn> => {
    const session = uuid()
    const expiresAt = Math.floor(Date.now() / 1000) + limits.sessionSeconds
    const refresh = tokens.firstRefresh(session, expiresAt)
    const opened = await database.call({
      text: 'select bos.session_open($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::bytea, $6::timestamptz) as opened',
      values: [session, tenant, member, account.id, refresh.hash, new Date(expiresAt * 1000).toISOString()],
    })
    // The membership ended between the two statements.
    if (opened.rows[0]?.['opened'] !== true) throw new Problem('credentials-wrong')
    return {
      accessToken: tokens.access({ account: account.id, session, tenant, member }),
      expiresIn: limits.accessTokenSeconds,
      tenant: { id: tenant, slug, name },
      refresh: { text: refresh.text, expiresAt },
    }
  }

  return {
    login: async (credentials, address) => {
      if ('selectToken' in credentials) {
        const token = tokens.readSelect(credentials.selectToken)
        const account = token && (await findAccount(database, 'bos.account_by_id($1::uuid)', token.account))
        const holds = account !== null && account.passwordHash !== null && token?.isFor(account.passwordHash) === true
        const chosen = holds ? account.memberships.find((membership) => membership.slug === credentials.tenant) : undefined
        if (!account || !chosen) throw new Problem('credentials-wrong', 'Sign in again and choose one of the offered tenants.')
        return open(account, chosen)
      }
      const { password, tenant } = credentials
      const email = credentials.email.trim()
      return limited(hash('sha256', fold(email), 'base64'), addressKey(address), async () => {
        const account = await byPassword(email, password)
        const offered = tenant === null ? account.memberships : account.memberships.filter((membership) => membership.slug === tenant)
        const [only, ...others] = offered
        // A tenant where the account is no member answers like a wrong password: which tenants exist is nobody's business.
        if (!only) throw new Problem('credentials-wrong')
        if (others.length === 0) return open(account, only)
        return {
          tenants: offered.map(({ tenant: id, slug, name }) => ({ id, slug, name })),
          selectToken: tokens.select(account.id, account.passwordHash),
        }
      })
    },

    refresh: async (cookie) => {
      const token = tokens.readRefresh(cookie)
      if (!token) throw new Problem('not-authenticated')
      const next = token.next()
      const { rows } = await database.call({
        text: 'select bos.session_rotate($1::uuid, $2::bytea, $3::bytea, $4::timestamptz) as state',
        values: [token.session, token.hash, next.hash, new Date(token.expiresAt * 1000).toISOString()],
      })
      const state = rows[0]?.['state']
      // Ours, but neither the current nor the last one: somebody kept an old copy. Whoever holds the newer one must not go on either.
      if (state === 'gone') await revoke(database, token.session)
      const view = state === 'rotated' || state === 'recent' ? await actors.view({ session: token.session }) : null
      if (!view || view.actor.member === null) throw new Problem('not-authenticated', 'The sign-in has ended. Sign in again.')
      const {
        tenant,
        actor: { member },
        account,
      } = view
      return {
        accessToken: tokens.access({ account, session: token.session, tenant: tenant.id, member }),
        expiresIn: limits.accessTokenSeconds,
        tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name },
        refresh: { text: next.text, expiresAt: token.expiresAt },
      }
    },

    logout: async (cookie, authorization) => {
      const access = bearer(authorization)
      const sessions = new Set([
        cookie === undefined ? undefined : tokens.readRefresh(cookie)?.session,
        access === null ? undefined : tokens.readAccess(access)?.session,
      ])
      for (const session of sessions) if (session !== undefined) await revoke(database, session)
    },
  }
}

const revoke = (database: Pick<Database, 'call'>, session: string): Promise<unknown> =>
  database.call({ text: 'select bos.session_revoke($1::uuid)', values: [session] })

async function findAccount(database: Pick<Database, 'call'>, source: string, value: string): Promise<Account | null> {
  const { rows } = await database.call({ text: `select id, password_hash, memberships from ${source}`, values: [value] })
  const row = rows[0]
  if (!row) return null
  return { id: String(row['id']), passwordHash: row['password_hash'] as string | null, memberships: row['memberships'] as Membership[] }
}
