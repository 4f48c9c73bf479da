import { hash } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import type { Limits } from '../config.ts'
import type { Database } from '../database/types.ts'
import { fold } from '../fields/fold.ts'
import { Problem } from '../problems.ts'
import type { AccessNote } from './access-log.ts'
import { bearer, type Actors } from './actors.ts'
import type { Client } from './client.ts'
import type { Enrolment, FactorRef, Factors, Proof } from './factors.ts'
import { addressKey, type Limiters } from './limiter.ts'
import { judgePassword } from './password-policy.ts'
import type { Answered, Passkeys } from './passkeys.ts'
import type { Passwords } from './passwords.ts'
import type { Method, Ticket, Tokens } from './tokens.ts'

/** What a person or program presents. `tenant` is a slug. */
export type Credentials =
  | { readonly email: string; readonly password: string; readonly tenant: string | null }
  | { readonly selectToken: string; readonly tenant: string }

export interface SignedIn {
  readonly accessToken: string
  readonly expiresIn: number
  readonly tenant: TenantName
  /** For the cookie only; never in a body. */
  readonly refresh: { readonly text: string; readonly expiresAt: number }
  /** Ten codes, where signing in began with setting up a second factor. */
  readonly recoveryCodes?: readonly string[]
}
export interface TenantName {
  readonly id: string
  readonly slug: string
  readonly name: string
}
/** A session, or the next thing that is asked for, with the ticket to bring along. */
export type SignInResult =
  | SignedIn
  | { readonly tenants: readonly TenantName[]; readonly selectToken: string }
  | { readonly mfaRequired: true; readonly mfaToken: string; readonly methods: readonly ('code' | 'passkey' | 'recoveryCode')[] }
  /** The tenant demands a second factor and there is none yet: it is set up now. */
  | { readonly enrolmentRequired: true; readonly mfaToken: string; readonly tenant: TenantName }
  /** Somebody else chose the password: the person chooses their own now. */
  | { readonly passwordRequired: true; readonly mfaToken: string; readonly tenant: TenantName }

export interface SignIn {
  /** Throws 'credentials-wrong', 'sso-required', 'too-many-requests'. */
  login(credentials: Credentials, client: Client): Promise<SignInResult>
  /** The second factor. Throws 'proof-wrong', 'too-many-requests', 'credentials-wrong' for a ticket that is none any more. */
  prove(mfaToken: string, proof: Proof | Answered, client: Client): Promise<SignInResult>
  /** A challenge for whoever holds the ticket and has a passkey. */
  challenge(mfaToken: string): ReturnType<Passkeys['challenge']>
  enrol(mfaToken: string): Promise<Enrolment>
  enrolled(mfaToken: string, factor: string, code: string, client: Client): Promise<SignInResult>
  /** One's own password in place of the one that was given. Throws 'request-invalid', and 'credentials-wrong' for a ticket that is none any more. */
  choosePassword(mfaToken: string, password: string, client: Client): Promise<SignInResult>
  /** A passkey instead of a password. Throws 'proof-wrong'. */
  byPasskey(answer: Answered, tenant: string | null, client: Client): Promise<SignInResult>
  /** Goes on with what was proved elsewhere: by an identity provider, a link in a mail, another session. `tenant` is a slug. */
  enter(ticket: Omit<Ticket, 'tenant'>, tenant: string | null, client: Client): Promise<SignInResult>
  /** `cookie` is the refresh token's text. Throws 'not-authenticated'. */
  refresh(cookie: string, client: Client): Promise<SignedIn>
  /** Ends the session of the cookie and that of the access token; never fails for what is no session any more. */
  logout(cookie: string | undefined, authorization: string | undefined): Promise<void>
}

interface Membership {
  readonly tenant: string
  readonly slug: string
  readonly name: string
  readonly member: string
  readonly mfaRequired: boolean
  readonly ssoOnly: boolean
  readonly breakGlass: boolean
}
interface Account {
  readonly id: string
  readonly email: string
  readonly passwordHash: string | null
  /** Somebody else chose it. */
  readonly passwordGiven: boolean
  readonly stamp: number
  readonly memberships: readonly Membership[]
  readonly factors: readonly FactorRef[]
}

interface Parts {
  readonly database: Pick<Database, 'call'>
  readonly passwords: Passwords
  readonly tokens: Tokens
  readonly actors: Pick<Actors, 'view'>
  readonly factors: Factors
  readonly passkeys: Passkeys
  readonly limiters: Limiters
  readonly limits: Limits
  readonly note: (note: AccessNote) => void
}

/**
 * One way in, whatever it begins with: what was proved is a ticket, and `advance` says what is missing until a session is opened. Whether it may be
 * is judged once more where it is written (bos.session_begin), so that no way around leads past a second factor or a company's identity provider.
 */
export function createSignIn(parts: Parts): SignIn {
  const { database, passwords, tokens, actors, factors, passkeys, limiters, limits, note } = parts
  const refusal = 'Too many attempts to sign in. Wait and try again.'
  const byAccount = limiters('account', limits.loginFailuresPerAccount, limits.loginWindowSeconds, refusal)
  const byAddress = limiters('address', limits.loginFailuresPerAddress, limits.loginWindowSeconds, refusal)

  /** The address is asked first: whoever is out of attempts must not use up those of other people's accounts. Only what is wrong counts. */
  const limited = async <T>(accountKey: string | null, { address }: Client, work: () => Promise<T>): Promise<T> => {
    const taken = [[byAddress, addressKey(address)] as const, ...(accountKey === null ? [] : [[byAccount, accountKey] as const])]
    for (const [limiter, key] of taken) await limiter.take(key)
    try {
      const result = await work()
      for (const [limiter, key] of taken) await limiter.giveBack(key)
      return result
    } catch (error) {
      // An outage of ours must not lock people out.
      if (!(error instanceof Problem && offences.has(error.code))) for (const [limiter, key] of taken) await limiter.giveBack(key)
      throw error
    }
  }

  const byPassword = async (email: string, password: string, client: Client): Promise<Account> => {
    // No account has such a name, and PostgreSQL cannot even be asked about some: the answer is that of any unknown one.
    const account = /\p{Cc}/u.test(email) ? null : await accountByEmail(database, email)
    // The hash is computed for unknown accounts too, so that time tells nothing.
    const right = await passwords.verify(password, account?.passwordHash ?? null)
    if (!account?.passwordHash || !right || account.memberships.length === 0) {
      if (account) fail(account, ['pwd'], 'credentials-wrong', client)
      throw new Problem('credentials-wrong')
    }
    if (passwords.isOutdated(account.passwordHash)) {
      const better = await passwords.hash(password)
      await database.call({ text: 'select bos.password_rehash($1::uuid, $2, $3)', values: [account.id, account.passwordHash, better] })
    }
    return account
  }

  const fail = ({ memberships }: Account, methods: readonly Method[], reason: string, client: Client): void => {
    const about = { reason, methods: methods.join(), ...told(client) }
    for (const { tenant, member } of memberships) note({ type: 'sign_in_failed', tenant, member, about, requestId: null })
  }

  /** The account of a ticket, if nothing about it has changed since. */
  const accountOf = async (text: string): Promise<{ account: Account; ticket: Ticket }> => {
    const ticket = tokens.readTicket(text)
    const account = ticket && (await accountById(database, ticket.account))
    if (!ticket || !account || account.stamp !== ticket.stamp || account.memberships.length === 0)
      throw new Problem('credentials-wrong', 'This sign-in has taken too long, or was overtaken. Begin anew.')
    return { account, ticket }
  }

  const advance = async (account: Account, proved: readonly Method[], wanted: string | null, client: Client): Promise<SignInResult> => {
    const methods = withMfa(proved)
    const isStrong = methods.includes('mfa')
    const offered =
      wanted === null ? account.memberships : account.memberships.filter(({ slug, tenant }) => slug === wanted || tenant === wanted)
    const [only, ...others] = offered
    // A tenant where the account is no member answers like a wrong password: which tenants exist is nobody's business.
    if (!only) throw new Problem('credentials-wrong')
    const ticket = (tenant: string | null): string => tokens.ticket({ account: account.id, stamp: account.stamp, methods, tenant })
    const chosen = others.length === 0 ? only.tenant : null
    if (account.factors.length > 0 && !isStrong) {
      const kinds = new Set(account.factors.map(({ kind }) => kind))
      const ways = [
        ...(kinds.has('passkey') ? ['passkey' as const] : []),
        ...(kinds.has('totp') ? ['code' as const] : []),
        'recoveryCode' as const,
      ]
      return { mfaRequired: true, mfaToken: ticket(wanted === null ? null : chosen), methods: ways }
    }
    if (chosen === null) return { tenants: offered.map(nameOf), selectToken: ticket(null) }
    if (only.ssoOnly && !only.breakGlass && !methods.includes('sso')) throw ssoRequired(only)
    if (account.passwordGiven && methods.includes('pwd'))
      return { passwordRequired: true, mfaToken: ticket(only.tenant), tenant: nameOf(only) }
    if (only.mfaRequired && !isStrong) return { enrolmentRequired: true, mfaToken: ticket(only.tenant), tenant: nameOf(only) }
    return open(account, only, methods, client)
  }

  const open = async (account: Account, membership: Membership, methods: readonly Method[], client: Client): Promise<SignedIn> => {
    const { tenant, member } = membership
    const session = uuid()
    const expiresAt = Math.floor(Date.now() / 1000) + limits.sessionSeconds
    const refresh = tokens.firstRefresh(session, expiresAt)
    const { rows } = await database.call({
      text: 'select bos.session_begin($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5, $6, $7::timestamptz, $8::text[], $9, $10, $11) as state',
      values: [
        session,
        tenant,
        member,
        account.id,
        account.stamp,
        refresh.hash,
        new Date(expiresAt * 1000).toISOString(),
        methods,
        client.address,
        client.country,
        client.agent,
      ],
    })
    // The account, the membership or what the tenant demands changed between the two statements.
    if (rows[0]?.['state'] !== 'opened')
      throw new Problem('credentials-wrong', 'Something about your account has just changed. Sign in again.')
    note({ type: 'signed_in', tenant, member, about: { methods: methods.join(), ...told(client) }, requestId: null })
    return {
      accessToken: tokens.access({ account: account.id, session, tenant, member }),
      expiresIn: limits.accessTokenSeconds,
      tenant: nameOf(membership),
      refresh: { text: refresh.text, expiresAt },
    }
  }

  return {
    login: async (credentials, client) => {
      if ('selectToken' in credentials) {
        const { account, ticket } = await accountOf(credentials.selectToken)
        return advance(account, ticket.methods, credentials.tenant, client)
      }
      const email = credentials.email.trim()
      return limited(hash('sha256', fold(email), 'base64'), client, async () =>
        advance(await byPassword(email, credentials.password, client), ['pwd'], credentials.tenant, client),
      )
    },

    prove: async (mfaToken, proof, client) => {
      const { account, ticket } = await accountOf(mfaToken)
      return limited(null, client, async () => {
        try {
          const method =
            'response' in proof
              ? await passkeys.prove(proof, account.id).then(() => 'passkey' as const)
              : await factors.prove(account.id, account.factors, proof)
          return await advance(account, [...ticket.methods, method], ticket.tenant, client)
        } catch (error) {
          if (error instanceof Problem && offences.has(error.code)) fail(account, ticket.methods, error.code, client)
          throw error
        }
      })
    },

    challenge: async (mfaToken) => passkeys.challenge((await accountOf(mfaToken)).account.id),

    enrol: async (mfaToken) => {
      const { account } = await accountOf(mfaToken)
      refuseEnrolled(account)
      return factors.begin(account.id, account.email)
    },

    enrolled: async (mfaToken, factor, code, client) => {
      const { account, ticket } = await accountOf(mfaToken)
      refuseEnrolled(account)
      const { recoveryCodes } = await limited(null, client, () => factors.confirm(account.id, factor, code, null))
      const now = await accountById(database, account.id)
      if (!now) throw new Problem('credentials-wrong')
      const result = await advance(now, [...ticket.methods, 'otp'], ticket.tenant, client)
      return 'accessToken' in result && recoveryCodes ? { ...result, recoveryCodes } : result
    },

    choosePassword: async (mfaToken, password, client) => {
      const { account, ticket } = await accountOf(mfaToken)
      const isLate = !account.passwordGiven || !ticket.methods.includes('pwd')
      if (isLate || (account.factors.length > 0 && !ticket.methods.includes('mfa'))) throw new Problem('credentials-wrong')
      await judgePassword(password, [account.email])
      if (await passwords.verify(password, account.passwordHash))
        throw new Problem('request-invalid', '', {
          faults: [{ pointer: '/password', detail: 'must be another than the one that was given to you' }],
        })
      const passwordHash = await passwords.hash(password)
      await database.call({ text: 'select bos.password_set($1::uuid, $2, null)', values: [account.id, passwordHash] })
      const now = await accountById(database, account.id)
      if (!now) throw new Problem('credentials-wrong')
      return advance(now, ticket.methods, ticket.tenant, client)
    },

    byPasskey: (answer, tenant, client) =>
      limited(null, client, async () => {
        const account = await accountById(database, await passkeys.prove(answer, null))
        if (!account || account.memberships.length === 0) throw new Problem('credentials-wrong')
        return advance(account, ['passkey'], tenant, client)
      }),

    enter: async ({ account: id, stamp, methods }, tenant, client) => {
      const account = await accountById(database, id)
      if (!account || account.stamp !== stamp || account.memberships.length === 0) throw new Problem('credentials-wrong')
      return advance(account, methods, tenant, client)
    },

    refresh: async (cookie, client) => {
      const token = tokens.readRefresh(cookie)
      if (!token) throw new Problem('not-authenticated')
      const next = token.next()
      const { rows } = await database.call({
        text: 'select bos.session_refresh($1::uuid, $2, $3, $4::timestamptz, $5, $6, $7, $8) as state',
        values: [
          token.session,
          token.hash,
          next.hash,
          new Date(token.expiresAt * 1000).toISOString(),
          limits.sessionIdleSeconds,
          client.address,
          client.country,
          client.agent,
        ],
      })
      const state = rows[0]?.['state']
      // Ours, but neither the current nor the last one: somebody kept an old copy. Whoever holds the newer one must not go on either.
      if (state === 'gone') await revoke(database, token.session)
      const view = state === 'rotated' || state === 'recent' ? await actors.view({ session: token.session }) : null
      if (!view?.account || view.actor.member === null) throw new Problem('not-authenticated', 'The sign-in has ended. Sign in again.')
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

const told = ({ address, country, agent }: Client) => ({ address, country, agent })

/** What counts against whoever tries. */
const offences: ReadonlySet<string> = new Set(['credentials-wrong', 'proof-wrong'])

const nameOf = ({ tenant, slug, name }: Membership): TenantName => ({ id: tenant, slug, name })

/** A passkey is two factors by itself, for its owner had to unlock it; else it takes something known or asserted, and something owned. */
function withMfa(proved: readonly Method[]): readonly Method[] {
  const has = (...any: readonly Method[]): boolean => any.some((method) => proved.includes(method))
  const isStrong = has('passkey', 'mfa') || (has('pwd', 'sso') && has('otp', 'recovery'))
  return [...new Set([...proved, ...(isStrong ? (['mfa'] as const) : [])])]
}

function refuseEnrolled({ factors }: Account): void {
  if (factors.length > 0) throw new Problem('conflict', 'There is a second factor already: sign in with it.')
}

const ssoRequired = ({ name }: Membership): Problem =>
  new Problem('sso-required', `${name} is entered by its identity provider only. Choose “Sign in with your company”.`)

const revoke = (database: Pick<Database, 'call'>, session: string): Promise<unknown> =>
  database.call({ text: 'select bos.session_revoke($1::uuid)', values: [session] })

async function accountByEmail(database: Pick<Database, 'call'>, email: string): Promise<Account | null> {
  const { rows } = await database.call({ text: 'select * from bos.sign_in_account(bos.account_id($1))', values: [email] })
  return readAccount(rows[0])
}

async function accountById(database: Pick<Database, 'call'>, id: string): Promise<Account | null> {
  const { rows } = await database.call({ text: 'select * from bos.sign_in_account($1::uuid)', values: [id] })
  return readAccount(rows[0])
}

function readAccount(row: Readonly<Record<string, unknown>> | undefined): Account | null {
  if (!row) return null
  return {
    id: String(row['id']),
    email: String(row['email']),
    passwordHash: row['password_hash'] as string | null,
    passwordGiven: row['password_given'] === true,
    stamp: Number(row['stamp']),
    memberships: row['memberships'] as Membership[],
    factors: row['factors'] as FactorRef[],
  }
}
