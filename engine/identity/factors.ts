import { randomBytes } from 'node:crypto'
import { generateSecret, generateURI, verifySync } from 'otplib'
import { v7 as uuid } from 'uuid'
import type { Limits } from '../config.ts'
import type { Database } from '../database/types.ts'
import type { Keyring } from '../keys/keyring.ts'
import { Problem } from '../problems.ts'
import type { Passwords } from './passwords.ts'
import type { Method } from './tokens.ts'

/** How somebody proves that they have their second factor. */
export type Proof = { readonly code: string } | { readonly recoveryCode: string }

/** An authenticator app that is being set up. */
export interface Enrolment {
  readonly factor: string
  /** Base32, for whoever types it. */
  readonly secret: string
  /** `otpauth://…`, what the picture says. */
  readonly uri: string
}
export interface Confirmed {
  /** Of the account from now on. */
  readonly stamp: number
  /** Ten codes, shown this once; null: the account has some already. */
  readonly recoveryCodes: readonly string[] | null
}

/** Second factors of an account: authenticator apps (RFC 6238: SHA-1, 6 digits, 30 s) and recovery codes. Passkeys are in passkeys.ts. */
export interface Factors {
  /** `label`: the address that the app shows. */
  begin(account: string, label: string): Promise<Enrolment>
  /** The app's first code. Every other session than `keep` ends. Throws 'proof-wrong', and 'conflict' for what is no enrolment (any more). */
  confirm(account: string, factor: string, code: string, keep: string | null): Promise<Confirmed>
  /** Answers by which method it was proved. Throws 'proof-wrong' and, after several, 'too-many-requests'. */
  prove(account: string, factors: readonly FactorRef[], proof: Proof): Promise<Method>
  /** New ones in place of all there are. */
  renewRecoveryCodes(account: string): Promise<readonly string[]>
  /** Salt and hashes, for what stores them along with something else. */
  makeRecoveryCodes(): Promise<RecoveryCodes>
  /** Throws 'not-found', and 'conflict' where a tenant demands it. */
  remove(account: string, factor: string, keep: string | null): Promise<void>
  rename(account: string, factor: string, name: string): Promise<void>
}
export interface FactorRef {
  readonly id: string
  readonly kind: 'totp' | 'passkey'
}
export interface RecoveryCodes {
  readonly codes: readonly string[]
  readonly salt: Buffer
  readonly hashes: readonly Buffer[]
}

interface Parts {
  readonly database: Pick<Database, 'call'>
  readonly keyring: Pick<Keyring, 'get' | 'put'>
  readonly passwords: Pick<Passwords, 'derive'>
  readonly limits: Pick<Limits, 'factorsPerAccount' | 'recoveryCodes'>
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const issuer = 'BusinessOS'
/** A clock may be half a minute off, and people type slowly: the step before and the one after are good too. */
const toleranceSeconds = 30

export function createFactors({ database, keyring, passwords, limits, now = Date.now }: Parts): Factors {
  const query = async (text: string, ...values: unknown[]) => (await database.call({ text, values })).rows

  const stepOf = (secret: string, code: string): number | null => {
    if (!/^\d{6}$/.test(code)) return null
    const result = verifySync({ strategy: 'totp', secret, token: code, epoch: Math.floor(now() / 1000), epochTolerance: toleranceSeconds })
    return result.valid && 'timeStep' in result ? result.timeStep : null
  }
  const byCode = async (account: string, factors: readonly FactorRef[], text: string): Promise<Method | null> => {
    const code = text.replaceAll(/\s/g, '')
    for (const { id, kind } of factors) {
      const secret = kind === 'totp' ? await keyring.get(account, secretName(id)) : null
      const step = secret === null ? null : stepOf(secret, code)
      // The database takes a step once, also where the same code comes twenty times at this moment.
      if (step !== null && (await query('select bos.totp_use($1::uuid, $2::uuid, $3) as used', account, id, step))[0]?.['used'] === true)
        return 'otp'
    }
    return null
  }
  const byRecovery = async (account: string, text: string): Promise<Method | null> => {
    const code = text.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
    const salt = (await query('select bos.recovery_salt($1::uuid) as salt', account))[0]?.['salt'] as Buffer | null | undefined
    const hash = await passwords.derive(code, salt ?? Buffer.alloc(saltBytes))
    const used = salt ? await query('select bos.recovery_use($1::uuid, $2) as used', account, hash) : []
    return used[0]?.['used'] === true ? 'recovery' : null
  }
  const makeRecoveryCodes = async (): Promise<RecoveryCodes> => {
    const salt = randomBytes(saltBytes)
    const codes = Array.from({ length: limits.recoveryCodes }, recoveryCode)
    const hashes: Buffer[] = []
    for (const code of codes) hashes.push(await passwords.derive(code.replaceAll('-', ''), salt))
    return { codes, salt, hashes }
  }

  return {
    begin: async (account, label) => {
      const factor = uuid()
      const secret = generateSecret()
      await keyring.put(account, secretName(factor), secret)
      await query('select bos.factor_begin($1::uuid, $2::uuid, $3)', account, factor, 'Authenticator app')
      return { factor, secret, uri: generateURI({ issuer, label, secret }) }
    },
    confirm: async (account, factor, code, keep) => {
      const [pending] = await query('select bos.factor_pending($1::uuid, $2::uuid) as pending', account, factor)
      const secret = pending?.['pending'] === true ? await keyring.get(account, secretName(factor)) : null
      if (secret === null) throw new Problem('conflict', 'This authenticator app is not being set up any more. Begin anew.')
      await attempt(database, account)
      const step = stepOf(secret, code.replaceAll(/\s/g, ''))
      if (step === null) throw wrong('/code')
      const recovery = await makeRecoveryCodes()
      const [row] = await query(
        'select * from bos.factor_confirm($1::uuid, $2::uuid, $3, $4::uuid, $5, $6::bytea[], $7)',
        account,
        factor,
        step,
        keep,
        recovery.salt,
        recovery.hashes,
        limits.factorsPerAccount,
      )
      if (!row) throw new Problem('conflict', `An account has at most ${limits.factorsPerAccount} second factors, and each is set up once.`)
      return { stamp: Number(row['stamp']), recoveryCodes: row['recovery_taken'] === true ? recovery.codes : null }
    },
    prove: async (account, factors, proof) => {
      await attempt(database, account)
      const method = 'code' in proof ? await byCode(account, factors, proof.code) : await byRecovery(account, proof.recoveryCode)
      if (method === null) throw wrong('code' in proof ? '/code' : '/recoveryCode')
      return method
    },
    renewRecoveryCodes: async (account) => {
      const { codes, salt, hashes } = await makeRecoveryCodes()
      await query('select bos.recovery_begin($1::uuid, $2, $3::bytea[], true)', account, salt, hashes)
      return codes
    },
    makeRecoveryCodes,
    remove: async (account, factor, keep) => {
      try {
        const [row] = await query('select bos.factor_remove($1::uuid, $2::uuid, $3::uuid) as removed', account, factor, keep)
        if (row?.['removed'] !== true) throw new Problem('not-found', 'There is no such second factor.')
      } catch (cause) {
        if ((cause as { code?: unknown }).code !== 'BOS05') throw cause
        throw new Problem('conflict', 'A workspace of yours demands a second factor. Add another one before you remove this.', { cause })
      }
    },
    rename: async (account, factor, name) => {
      const [row] = await query('select bos.factor_rename($1::uuid, $2::uuid, $3) as renamed', account, factor, name)
      if (row?.['renamed'] !== true) throw new Problem('not-found', 'There is no such second factor.')
    },
  }
}

/** Takes an attempt at a second factor of the account, in whichever process. Throws 'too-many-requests' while it is locked. */
async function attempt(database: Pick<Database, 'call'>, account: string): Promise<void> {
  const { rows } = await database.call({ text: 'select bos.factor_attempt($1::uuid) as wait', values: [account] })
  const wait = rows[0]?.['wait']
  if (wait === null || wait === undefined) return
  throw new Problem('too-many-requests', 'Too many wrong codes. Wait and try again.', {
    headers: { 'retry-after': String(Math.ceil(Number(wait))) },
  })
}

const secretName = (factor: string): string => `totp/${factor}`
const wrong = (pointer: string): Problem =>
  new Problem('proof-wrong', 'The code is wrong, or was used before.', {
    faults: [{ pointer, detail: 'The code is wrong, or was used before.' }],
  })

const saltBytes = 16
/** Sixteen letters and digits that nobody confuses, 80 bits: `7KMX-Q2FA-…`. Hashed like a password, for they are one. */
function recoveryCode(): string {
  const alphabet = 'ABCDEFGHJKMNPQRSTVWXYZ0123456789'
  const letters = [...randomBytes(16)].map((byte) => alphabet[byte & 31]).join('')
  return letters.replace(/.{4}(?=.)/g, '$&-')
}
