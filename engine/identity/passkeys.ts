import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type AuthenticatorTransport,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server'
import { v7 as uuid } from 'uuid'
import type { Limits } from '../config.ts'
import type { Database } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { Confirmed, Factors } from './factors.ts'
import type { Once } from './once.ts'

/**
 * Passkeys (WebAuthn), as a second factor and instead of a password. The authenticator must have asked its owner (user verification), so that
 * one passkey is two factors: something they have, and what unlocks it. The relying party is the host of PUBLIC_URL, whatever a request says.
 */
export interface Passkeys {
  /** What a browser needs to make one, and the secret by which we know our challenge again. */
  registration(account: Person): Promise<Asked<PublicKeyCredentialCreationOptionsJSON>>
  /** Throws 'proof-wrong', 'conflict' where the account has as many as it may or this one. Every other session than `keep` ends. */
  register(account: string, answer: Answered, name: string, keep: string | null): Promise<Confirmed>
  /** Of an account: which of its passkeys will do; null: whichever the browser has for us. */
  challenge(account: string | null): Promise<Asked<PublicKeyCredentialRequestOptionsJSON>>
  /** Answers whose passkey it is. `account`: it must be theirs. Throws 'proof-wrong'. */
  prove(answer: Answered, account: string | null): Promise<string>
}
export interface Person {
  readonly id: string
  readonly email: string
}
export interface Asked<Options> {
  readonly challenge: string
  readonly options: Options
}
/** `response` is what the browser answered, unread. */
export interface Answered {
  readonly challenge: string
  readonly response: Readonly<Record<string, unknown>>
}

interface Parts {
  readonly database: Pick<Database, 'call'>
  readonly once: Pick<Once, 'issue' | 'take'>
  readonly factors: Pick<Factors, 'makeRecoveryCodes'>
  readonly limits: Pick<Limits, 'passkeyChallengeSeconds' | 'factorsPerAccount'>
  readonly publicUrl: URL
}

export function createPasskeys({ database, once, factors, limits, publicUrl }: Parts): Passkeys {
  const rpID = publicUrl.hostname
  const query = async (text: string, ...values: unknown[]) => (await database.call({ text, values })).rows
  const own = async (account: string) =>
    (await query('select * from bos.account_passkeys($1::uuid)', account)).map((row) => ({
      id: (row['credential_id'] as Buffer).toString('base64url'),
      transports: row['transports'] as AuthenticatorTransport[],
    }))
  const issue = async (subject: string | null, challenge: string): Promise<string> =>
    once.issue('passkey', null, { account: subject, challenge }, limits.passkeyChallengeSeconds)
  /** Of an account, or of nobody in particular. */
  const taken = async (secret: string, account: string | null): Promise<string> => {
    const payload = await once.take('passkey', secret)
    if (!payload || payload['account'] !== account) throw wrong()
    return String(payload['challenge'])
  }

  return {
    registration: async ({ id, email }) => {
      const options = await generateRegistrationOptions({
        rpName: 'BusinessOS',
        rpID,
        userName: email,
        userID: new Uint8Array(Buffer.from(id.replaceAll('-', ''), 'hex')),
        excludeCredentials: await own(id),
        supportedAlgorithmIDs: algorithms,
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      })
      return { challenge: await issue(id, options.challenge), options }
    },
    register: async (account, { challenge, response }, name, keep) => {
      const expectedChallenge = await taken(challenge, account)
      const verified = await verifyRegistrationResponse({
        response: response as unknown as RegistrationResponseJSON,
        expectedChallenge,
        expectedOrigin: publicUrl.origin,
        expectedRPID: rpID,
        requireUserVerification: true,
        supportedAlgorithmIDs: algorithms,
      }).catch((cause: unknown) => {
        throw wrong(cause)
      })
      if (!verified.verified) throw wrong()
      const { credential } = verified.registrationInfo
      const recovery = await factors.makeRecoveryCodes()
      const [row] = await query(
        'select * from bos.passkey_add($1::uuid, $2::uuid, $3, $4, $5, $6, $7::text[], $8::uuid, $9, $10::bytea[], $11)',
        account,
        uuid(),
        name,
        Buffer.from(credential.id, 'base64url'),
        Buffer.from(credential.publicKey),
        credential.counter,
        credential.transports ?? [],
        keep,
        recovery.salt,
        recovery.hashes,
        limits.factorsPerAccount,
      )
      if (!row)
        throw new Problem('conflict', `This passkey is registered already, or there are ${limits.factorsPerAccount} second factors.`)
      return { stamp: Number(row['stamp']), recoveryCodes: row['recovery_taken'] === true ? recovery.codes : null }
    },
    challenge: async (account) => {
      const options = await generateAuthenticationOptions({
        rpID,
        userVerification: 'required',
        ...(account !== null && { allowCredentials: await own(account) }),
      })
      return { challenge: await issue(account, options.challenge), options }
    },
    prove: async ({ challenge, response }, account) => {
      const expectedChallenge = await taken(challenge, account)
      const id = response['id']
      const [row] = typeof id === 'string' ? await query('select * from bos.passkey($1)', Buffer.from(id, 'base64url')) : []
      if (!row || (account !== null && row['account'] !== account)) throw wrong()
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: response as unknown as AuthenticationResponseJSON,
        expectedChallenge,
        expectedOrigin: publicUrl.origin,
        expectedRPID: rpID,
        requireUserVerification: true,
        credential: {
          id: String(id),
          publicKey: new Uint8Array(row['public_key'] as Buffer),
          counter: Number(row['sign_count']),
          transports: row['transports'] as AuthenticatorTransport[],
        },
      }).catch((cause: unknown) => {
        throw wrong(cause)
      })
      if (!verified) throw wrong()
      // A counter that does not rise is that of a copy.
      const [used] = await query('select bos.passkey_use($1::uuid, $2) as used', row['factor'], authenticationInfo.newCounter)
      if (used?.['used'] !== true) throw wrong()
      return String(row['account'])
    },
  }
}

/** EdDSA, ES256, RS256 (RFC 9053): what every authenticator has one of. */
const algorithms = [-8, -7, -257]

const wrong = (cause?: unknown): Problem =>
  new Problem('proof-wrong', 'The passkey was not accepted. Try again.', cause === undefined ? {} : { cause })
