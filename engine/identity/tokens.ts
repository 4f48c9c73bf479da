import { createHmac, createSecretKey, hash, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { Limits } from '../config.ts'
import type { DerivingKey, MasterKey } from '../keys/master-key.ts'
import { isUuid } from '../fields/uuid.ts'

/** What an access token says. No roles: those come from the database, so that a token never outlives a permission. */
export interface AccessClaims {
  readonly account: string
  readonly session: string
  readonly tenant: string
  readonly member: string
  /** Id of what lets the session look as somebody else; null: it acts as its own member. */
  readonly viewing: string | null
  /** Unix seconds. */
  readonly expiresAt: number
}

/** A refresh token that we made ourselves (its seal is right); whether it still holds only the database knows. */
export interface RefreshToken {
  readonly session: string
  /** Unix seconds: the end of the session, which no refresh moves. */
  readonly expiresAt: number
  /** SHA-256 of the secret: what the database stores. */
  readonly hash: Buffer
  /** The token that follows this one. */
  next(): { readonly text: string; readonly hash: Buffer }
}

/** What was proved on the way in: by a password, an authenticator app, a recovery code, a passkey, a company's identity provider; mfa: two of a kind apart. */
export const methods = ['pwd', 'otp', 'recovery', 'passkey', 'sso', 'mfa'] as const
export type Method = (typeof methods)[number]

/** A sign-in that is under way: who it is, by what, and what has been settled. It holds as long as password and factors of the account do. */
export interface Ticket {
  readonly account: string
  /** Of the account when it began. */
  readonly stamp: number
  readonly methods: readonly Method[]
  /** Id of the tenant that it is for; null: not chosen yet. */
  readonly tenant: string | null
}

export interface Tokens {
  access(claims: Omit<AccessClaims, 'expiresAt' | 'viewing'>): string
  /** Of a session that looks as somebody else; nothing refreshes it. */
  viewing(claims: Omit<AccessClaims, 'expiresAt'>): string
  /** Null for anything but a valid, current access token of ours. */
  readAccess(token: string): AccessClaims | null
  ticket(ticket: Ticket): string
  readTicket(token: string): Ticket | null
  firstRefresh(session: string, expiresAt: number): { readonly text: string; readonly hash: Buffer }
  readRefresh(text: string): RefreshToken | null
}

const issuer = 'businessos'
type Audience = 'access' | 'ticket'

/**
 * Keys follow from the master key and the number of a period: each process comes to the same ones, a new one is in use every period, and the one
 * before is still good. `kid` chooses among those; it names nothing else, and no other header of a token is looked at.
 */
export function createTokens(
  masterKey: MasterKey,
  limits: Pick<Limits, 'accessTokenSeconds' | 'ticketSeconds' | 'viewingSeconds' | 'signingKeySeconds'>,
  now: () => number = Date.now,
): Tokens {
  const masters = [masterKey, ...(masterKey.previous ? [masterKey.previous] : [])]
  const keys = new Map<string, KeyObject>()
  const keyOf = (master: DerivingKey, period: number, audience: Audience): KeyObject => {
    const purpose = `${audience}-token/2/${period}`
    const known = keys.get(`${master.id} ${purpose}`)
    if (known) return known
    const key = createSecretKey(master.derive(purpose))
    keys.set(`${master.id} ${purpose}`, key)
    return key
  }
  const period = (): number => Math.floor(now() / 1000 / limits.signingKeySeconds)

  // The algorithm is pinned on both sides: a token that names another (or "none") is refused before its signature is looked at.
  const sign = (claims: object, audience: Audience, expiresIn: number): string =>
    jwt.sign({ ...claims, iat: Math.floor(now() / 1000) }, keyOf(masterKey, period(), audience), {
      algorithm: 'HS256',
      keyid: `${masterKey.id}.${period()}`,
      expiresIn,
      issuer,
      audience,
    })
  /** One period ahead as well: the clock of another process may be. */
  const verify = (token: string, audience: Audience): jwt.JwtPayload | null => {
    const kid = jwt.decode(token, { complete: true })?.header.kid
    const known = masters.flatMap((master) => [0, -1, 1].map((ahead) => [master, period() + ahead] as const))
    const match = known.find(([master, number]) => kid === `${master.id}.${number}`)
    if (!match) return null
    try {
      const claims = jwt.verify(token, keyOf(...match, audience), {
        algorithms: ['HS256'],
        issuer,
        audience,
        clockTimestamp: Math.floor(now() / 1000),
      })
      return typeof claims === 'object' && typeof claims.exp === 'number' ? claims : null
    } catch (error) {
      if (error instanceof jwt.JsonWebTokenError) return null
      throw error
    }
  }

  const chainKey = createSecretKey(masterKey.derive('refresh-chain/1'))
  const sealKeys = masters.map((master) => createSecretKey(master.derive('refresh-seal/1')))
  const seal = (body: string, key: KeyObject): Buffer => createHmac('sha256', key).update(body).digest().subarray(0, 16)
  const refreshText = (session: string, expiresAt: number, secret: Buffer): { text: string; hash: Buffer } => {
    const body = `${session}.${expiresAt}.${secret.toString('base64url')}`
    return { text: `${body}.${seal(body, sealKeys[0]!).toString('base64url')}`, hash: hash('sha256', secret, 'buffer') }
  }

  return {
    access: ({ account, session, tenant, member }) =>
      sign({ sub: account, sid: session, tid: tenant, mid: member }, 'access', limits.accessTokenSeconds),
    viewing: ({ account, session, tenant, member, viewing }) =>
      sign({ sub: account, sid: session, tid: tenant, mid: member, vid: viewing }, 'access', limits.viewingSeconds),
    readAccess: (token) => {
      const claims = verify(token, 'access')
      if (!claims) return null
      const { sub, sid, tid, mid, vid = null, exp } = claims as Record<string, unknown>
      if (!isUuid(sub) || !isUuid(sid) || !isUuid(tid) || !isUuid(mid)) return null
      if (vid !== null && !isUuid(vid)) return null
      return { account: sub, session: sid, tenant: tid, member: mid, viewing: vid, expiresAt: Number(exp) }
    },
    ticket: ({ account, stamp, methods: proved, tenant }) =>
      sign({ sub: account, stp: stamp, amr: proved, ...(tenant !== null && { tid: tenant }) }, 'ticket', limits.ticketSeconds),
    readTicket: (token) => {
      const { sub, stp, amr, tid = null } = (verify(token, 'ticket') ?? {}) as Record<string, unknown>
      if (!isUuid(sub) || typeof stp !== 'number' || !Array.isArray(amr) || (tid !== null && !isUuid(tid))) return null
      return { account: sub, stamp: stp, methods: methods.filter((each) => amr.includes(each)), tenant: tid }
    },
    firstRefresh: (session, expiresAt) => refreshText(session, expiresAt, randomBytes(32)),
    readRefresh: (text) => {
      const [session = '', expiry = '', secretText = '', sealText = '', ...rest] = text.split('.')
      const given = Buffer.from(sealText, 'base64url')
      const isOurs = sealKeys.some((key) => {
        const expected = seal(`${session}.${expiry}.${secretText}`, key)
        return given.length === expected.length && timingSafeEqual(given, expected)
      })
      if (rest.length > 0 || !isOurs) return null
      const secret = Buffer.from(secretText, 'base64url')
      const expiresAt = Number(expiry)
      // The successor follows from the secret: a second tab, or a client that lost our answer, is given the same one again.
      const next = () => refreshText(session, expiresAt, createHmac('sha256', chainKey).update(secret).digest())
      return { session, expiresAt, hash: hash('sha256', secret, 'buffer'), next }
    },
  }
}
