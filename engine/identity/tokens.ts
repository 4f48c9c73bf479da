import { createHmac, createSecretKey, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { Limits } from '../config.ts'
import type { MasterKey } from '../keys/master-key.ts'
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

/** The token of somebody who has yet to choose a tenant. It holds as long as the password does. */
export interface SelectToken {
  readonly account: string
  isFor(passwordHash: string): boolean
}

export interface Tokens {
  access(claims: Omit<AccessClaims, 'expiresAt' | 'viewing'>): string
  /** Of a session that looks as somebody else; nothing refreshes it. */
  viewing(claims: Omit<AccessClaims, 'expiresAt'>): string
  /** Null for anything but a valid, current access token of ours. */
  readAccess(token: string): AccessClaims | null
  /** The password (of which this is the hash) was right, the tenant is still to be chosen. */
  select(account: string, passwordHash: string): string
  readSelect(token: string): SelectToken | null
  firstRefresh(session: string, expiresAt: number): { readonly text: string; readonly hash: Buffer }
  readRefresh(text: string): RefreshToken | null
}

const issuer = 'businessos'

export function createTokens(
  masterKey: MasterKey,
  limits: Pick<Limits, 'accessTokenSeconds' | 'selectTokenSeconds' | 'viewingSeconds'>,
): Tokens {
  const accessKey = createSecretKey(masterKey.derive('access-token/1'))
  const selectKey = createSecretKey(masterKey.derive('select-token/1'))
  const chainKey = createSecretKey(masterKey.derive('refresh-chain/1'))
  const sealKey = createSecretKey(masterKey.derive('refresh-seal/1'))

  // The algorithm is pinned on both sides: a token that names another (or "none") is refused before its signature is looked at.
  const sign = (claims: object, key: typeof accessKey, expiresIn: number, audience: string): string =>
    jwt.sign(claims, key, { algorithm: 'HS256', expiresIn, issuer, audience })
  const verify = (token: string, key: typeof accessKey, audience: string): jwt.JwtPayload | null => {
    try {
      const claims = jwt.verify(token, key, { algorithms: ['HS256'], issuer, audience })
      return typeof claims === 'object' && typeof claims.exp === 'number' ? claims : null
    } catch (error) {
      if (error instanceof jwt.JsonWebTokenError) return null
      throw error
    }
  }

  const seal = (body: string): Buffer => createHmac('sha256', sealKey).update(body).digest().subarray(0, 16)
  const refreshText = (session: string, expiresAt: number, secret: Buffer): { text: string; hash: Buffer } => {
    const body = `${session}.${expiresAt}.${secret.toString('base64url')}`
    return { text: `${body}.${seal(body).toString('base64url')}`, hash: hash('sha256', secret, 'buffer') }
  }

  return {
    access: ({ account, session, tenant, member }) =>
      sign({ sub: account, sid: session, tid: tenant, mid: member }, accessKey, limits.accessTokenSeconds, 'access'),
    viewing: ({ account, session, tenant, member, viewing }) =>
      sign({ sub: account, sid: session, tid: tenant, mid: member, vid: viewing }, accessKey, limits.viewingSeconds, 'access'),
    readAccess: (token) => {
      const claims = verify(token, accessKey, 'access')
      if (!claims) return null
      const { sub, sid, tid, mid, vid = null, exp } = claims as Record<string, unknown>
      if (!isUuid(sub) || !isUuid(sid) || !isUuid(tid) || !isUuid(mid)) return null
      if (vid !== null && !isUuid(vid)) return null
      return { account: sub, session: sid, tenant: tid, member: mid, viewing: vid, expiresAt: Number(exp) }
    },
    select: (account, passwordHash) =>
      sign({ sub: account, pwd: hash('sha256', passwordHash) }, selectKey, limits.selectTokenSeconds, 'select'),
    readSelect: (token) => {
      const { sub: account, pwd } = (verify(token, selectKey, 'select') ?? {}) as Record<string, unknown>
      return isUuid(account) ? { account, isFor: (passwordHash) => pwd === hash('sha256', passwordHash) } : null
    },
    firstRefresh: (session, expiresAt) => refreshText(session, expiresAt, randomBytes(32)),
    readRefresh: (text) => {
      const [session = '', expiry = '', secretText = '', sealText = '', ...rest] = text.split('.')
      const given = Buffer.from(sealText, 'base64url')
      const expected = seal(`${session}.${expiry}.${secretText}`)
      if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return null
      const secret = Buffer.from(secretText, 'base64url')
      const expiresAt = Number(expiry)
      // The successor follows from the secret: a second tab, or a client that lost our answer, is given the same one again.
      const next = () => refreshText(session, expiresAt, createHmac('sha256', chainKey).update(secret).digest())
      return { session, expiresAt, hash: hash('sha256', secret, 'buffer'), next }
    },
  }
}
