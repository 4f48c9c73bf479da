import type { Limits } from '../config.ts'
import type { Database } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { Actor } from '../records/types.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { Actors } from './actors.ts'
import type { Client } from './client.ts'
import type { Confirmed, Enrolment, Factors, Proof } from './factors.ts'
import type { Letters } from './letters.ts'
import { addressKey, type Limiters } from './limiter.ts'
import type { Once } from './once.ts'
import { judgePassword } from './password-policy.ts'
import type { Answered, Passkeys } from './passkeys.ts'
import type { Passwords } from './passwords.ts'
import type { SignIn, SignInResult } from './sign-in.ts'
import type { Method } from './tokens.ts'

export interface AccountView {
  readonly email: string
  readonly emailVerified: boolean
  readonly hasPassword: boolean
  readonly passwordChangedAt: string | null
  readonly factors: readonly FactorView[]
  /** How many are left. */
  readonly recoveryCodes: number
  readonly tenants: readonly { readonly id: string; readonly slug: string; readonly name: string }[]
  /** Until when what is dangerous may be done without another proof; null: it takes one. */
  readonly provedUntil: string | null
  /** Whether this session may change the account at all: one that an identity provider opened may not. */
  readonly isOwn: boolean
}
export interface FactorView {
  readonly id: string
  readonly kind: 'totp' | 'passkey'
  readonly name: string
  readonly createdAt: string
  readonly lastUsedAt: string | null
}
export interface SessionInfo {
  readonly id: string
  readonly tenant: string
  readonly isThis: boolean
  readonly createdAt: string
  /** To within the ten minutes that an access token lasts. */
  readonly lastUsedAt: string
  readonly expiresAt: string
  readonly methods: readonly Method[]
  readonly address: string | null
  readonly country: string | null
  readonly agent: string | null
}

/**
 * What people do with their own sign-in. The account is the person's, in all tenants: a session that a tenant's identity provider vouched for may
 * not change it, or whoever runs that provider could take the account over.
 */
export interface Accounts {
  view(actor: Actor): Promise<AccountView>
  /** Proves anew who acts: by a second factor where there is one, else by the password. Throws 'proof-wrong', 'too-many-requests'. */
  prove(actor: Actor, proof: { readonly password: string } | Proof | Answered): Promise<void>
  challenge(actor: Actor): ReturnType<Passkeys['challenge']>
  /** Throws 'proof-required' unless the session was proved within the last ten minutes; `own`: by what is the person's own. */
  assertProved(actor: Actor, own: boolean): Promise<string>

  setPassword(actor: Actor, password: string): Promise<void>
  /** Says the same whoever it is about, and at once; a letter follows where somebody signs in with that address. */
  forgot(email: string, client: Client): Promise<void>
  /** Throws 'link-invalid' and 'request-invalid'. Every session of the account ends. */
  reset(secret: string, password: string): Promise<void>
  /** Throws 'unique-taken' only once the new address was confirmed: until then nobody learns whether it is in use. */
  askEmail(actor: Actor, email: string): Promise<void>
  askVerification(actor: Actor): Promise<void>
  /** Either of the two links before. */
  confirmEmail(purpose: 'verify' | 'email', secret: string): Promise<void>

  beginApp(actor: Actor): Promise<Enrolment>
  confirmApp(actor: Actor, factor: string, code: string): Promise<Confirmed>
  beginPasskey(actor: Actor): ReturnType<Passkeys['registration']>
  addPasskey(actor: Actor, answer: Answered, name: string): Promise<Confirmed>
  renameFactor(actor: Actor, factor: string, name: string): Promise<void>
  removeFactor(actor: Actor, factor: string): Promise<void>
  renewRecoveryCodes(actor: Actor): Promise<readonly string[]>

  sessions(actor: Actor): Promise<readonly SessionInfo[]>
  /** Throws 'not-found'. */
  endSession(actor: Actor, session: string): Promise<void>
  /** Every session but this one. Answers how many. */
  endOthers(actor: Actor): Promise<number>
  /** Another tenant of the person, `tenant` is a slug, by what this session was opened with. */
  switchTo(actor: Actor, tenant: string, client: Client): Promise<SignInResult>
}

interface Parts {
  readonly database: Pick<Database, 'call'>
  readonly actors: Pick<Actors, 'view'>
  readonly passwords: Passwords
  readonly factors: Factors
  readonly passkeys: Passkeys
  readonly once: Once
  readonly mailer: Pick<Mailer, 'send' | 'canSend'>
  readonly letters: Letters
  readonly signIn: Pick<SignIn, 'enter'>
  readonly limiters: Limiters
  readonly limits: Limits
  readonly onError: (error: unknown) => void
}

interface Known {
  readonly id: string
  readonly email: string
  readonly passwordHash: string | null
  readonly stamp: number
  readonly factors: readonly { readonly id: string; readonly kind: 'totp' | 'passkey' }[]
}

export function createAccounts(parts: Parts): Accounts {
  const { database, actors, passwords, factors, passkeys, once, mailer, letters, signIn, limiters, limits, onError } = parts
  const query = async (text: string, ...values: unknown[]) => (await database.call({ text, values })).rows
  const mailsPerAddress = limiters(
    'mail-address',
    limits.mailsPerAddress,
    limits.loginWindowSeconds,
    'Too many requests for mails. Wait and try again.',
  )
  const mailsPerAccount = limiters(
    'mail-account',
    limits.mailsPerAccount,
    limits.loginWindowSeconds,
    'Too many requests for mails. Wait and try again.',
  )
  const proofsPerAccount = limiters(
    'proof',
    limits.loginFailuresPerAccount,
    limits.loginWindowSeconds,
    'Too many wrong proofs. Wait and try again.',
  )

  const account = async (actor: Actor): Promise<Known> => {
    const view = actor.viewing ? null : await actors.view(actor)
    if (!view?.account) throw new Problem('not-authenticated')
    return known(view.account)
  }
  const known = async (id: string): Promise<Known> => {
    const [row] = await query('select * from bos.sign_in_account($1::uuid)', id)
    if (!row) throw new Problem('not-authenticated')
    return {
      id,
      email: String(row['email']),
      passwordHash: row['password_hash'] as string | null,
      stamp: Number(row['stamp']),
      factors: row['factors'] as Known['factors'],
    }
  }
  const proofOf = async ({ session }: Actor): Promise<{ account: string; methods: readonly Method[]; ageSeconds: number }> => {
    const [row] = await query('select * from bos.session_proof($1::uuid)', session)
    if (!row) throw new Problem('not-authenticated')
    return { account: String(row['account_id']), methods: row['methods'] as Method[], ageSeconds: Number(row['age_seconds']) }
  }
  const assertProved: Accounts['assertProved'] = async (actor, own) => {
    const proof = await proofOf(actor)
    if (own && !isOwn(proof.methods))
      throw new Problem(
        'proof-required',
        'You came in by your company’s identity provider. To change your own sign-in, sign in with your password.',
      )
    if (proof.ageSeconds > limits.proofSeconds) throw new Problem('proof-required')
    return proof.account
  }
  /** Not awaited: how long a mail server takes says whether there was anybody to write to. */
  const write = (letter: Parameters<Mailer['send']>[0]): void => void mailer.send(letter).catch(onError)
  const proved = async (actor: Actor): Promise<Known> => known(await assertProved(actor, true))

  return {
    view: async (actor) => {
      const { id } = await account(actor)
      const [[row], proof] = await Promise.all([query('select * from bos.account_view($1::uuid)', id), proofOf(actor)])
      if (!row) throw new Problem('not-authenticated')
      const left = limits.proofSeconds - proof.ageSeconds
      return {
        email: String(row['email']),
        emailVerified: row['email_verified'] === true,
        hasPassword: row['has_password'] === true,
        passwordChangedAt: isoOf(row['password_changed_at']),
        factors: (row['factors'] as FactorView[]).map((each) => ({
          ...each,
          createdAt: isoOf(each.createdAt) ?? '',
          lastUsedAt: isoOf(each.lastUsedAt),
        })),
        recoveryCodes: Number(row['recovery_codes']),
        tenants: row['tenants'] as AccountView['tenants'],
        provedUntil: left > 0 ? new Date(Date.now() + left * 1000).toISOString() : null,
        isOwn: isOwn(proof.methods),
      }
    },

    prove: async (actor, proof) => {
      const who = await account(actor)
      await proofsPerAccount.take(who.id)
      let method: Method
      if ('password' in proof) {
        if (who.factors.length > 0)
          throw new Problem('proof-wrong', 'Prove it by your second factor.', {
            faults: [{ pointer: '', detail: 'needs a code or a passkey' }],
          })
        if (!(await passwords.verify(proof.password, who.passwordHash)))
          throw new Problem('proof-wrong', 'The password is wrong.', {
            faults: [{ pointer: '/password', detail: 'The password is wrong.' }],
          })
        method = 'pwd'
      } else if ('response' in proof) method = await passkeys.prove(proof, who.id).then(() => 'passkey' as const)
      else method = await factors.prove(who.id, who.factors, proof)
      await proofsPerAccount.giveBack(who.id)
      await query('select bos.session_prove($1::uuid, $2::text[])', actor.session, [method])
    },
    challenge: async (actor) => passkeys.challenge((await account(actor)).id),
    assertProved,

    setPassword: async (actor, password) => {
      const who = await proved(actor)
      await judgePassword(password, [who.email, actor.tenantName])
      await query('select bos.password_set($1::uuid, $2, $3::uuid)', who.id, await passwords.hash(password), actor.session)
      write(letters.changed(who.email, 'Your password was changed, and every other session has ended.'))
    },
    forgot: async (email, client) => {
      await mailsPerAddress.take(addressKey(client.address))
      const task = async (): Promise<void> => {
        const id = /\p{Cc}/u.test(email) ? null : (await query('select bos.account_id($1) as id', email.trim()))[0]?.['id']
        if (typeof id !== 'string') return
        // Silently: nobody learns from a refusal whether there is such an account.
        if (
          await mailsPerAccount.take(id).then(
            () => false,
            () => true,
          )
        )
          return
        const who = await known(id)
        const secret = await once.issue('reset', id, { account: id, stamp: who.stamp }, limits.linkSeconds)
        // To the address that is stored, not to the one that was typed: they may differ in what is folded.
        await mailer.send(letters.reset(who.email, secret))
      }
      void task().catch(onError)
    },
    reset: async (secret, password) => {
      const seen = await once.look('reset', secret)
      if (!seen) throw new Problem('link-invalid')
      const who = await known(String(seen['account']))
      // Judged before the link is used up, so that a weak password costs nobody their link.
      await judgePassword(password, [who.email])
      const passwordHash = await passwords.hash(password)
      const taken = await once.take('reset', secret)
      if (!taken || taken['account'] !== who.id || taken['stamp'] !== who.stamp) throw new Problem('link-invalid')
      await query('select bos.password_set($1::uuid, $2, null)', who.id, passwordHash)
      await query('select bos.email_verified($1::uuid, $2)', who.id, who.email)
      write(letters.changed(who.email, 'Your password was set anew, and every session has ended.'))
    },
    askEmail: async (actor, email) => {
      const who = await proved(actor)
      await mailsPerAccount.take(who.id)
      const secret = await once.issue('email', who.id, { account: who.id, email, stamp: who.stamp }, limits.linkSeconds)
      await mailer.send(letters.emailChange(email, secret))
    },
    askVerification: async (actor) => {
      const who = await account(actor)
      await mailsPerAccount.take(who.id)
      const secret = await once.issue('verify', who.id, { account: who.id, email: who.email, stamp: who.stamp }, limits.linkSeconds)
      await mailer.send(letters.verify(who.email, secret))
    },
    confirmEmail: async (purpose, secret) => {
      const taken = await once.take(purpose, secret)
      if (!taken) throw new Problem('link-invalid')
      const [id, email] = [String(taken['account']), String(taken['email'])]
      const before = await known(id)
      if (purpose === 'verify') {
        const [row] = await query('select bos.email_verified($1::uuid, $2) as done', id, email)
        if (row?.['done'] !== true) throw new Problem('link-invalid')
        return
      }
      if (before.stamp !== taken['stamp']) throw new Problem('link-invalid')
      const [row] = await query('select bos.email_change($1::uuid, $2) as done', id, email)
      if (row?.['done'] !== true) throw new Problem('unique-taken', 'Somebody signs in with this address already.')
      write(letters.changed(before.email, `You sign in as ${email} from now on.`))
    },

    beginApp: async (actor) => {
      const who = await proved(actor)
      return factors.begin(who.id, who.email)
    },
    confirmApp: async (actor, factor, code) => {
      const who = await proved(actor)
      const confirmed = await factors.confirm(who.id, factor, code, actor.session)
      await query('select bos.session_prove($1::uuid, $2::text[])', actor.session, ['otp', 'mfa'])
      write(letters.changed(who.email, 'An authenticator app was added to your account.'))
      return confirmed
    },
    beginPasskey: async (actor) => passkeys.registration(await proved(actor)),
    addPasskey: async (actor, answer, name) => {
      const who = await proved(actor)
      const confirmed = await passkeys.register(who.id, answer, name, actor.session)
      await query('select bos.session_prove($1::uuid, $2::text[])', actor.session, ['passkey', 'mfa'])
      write(letters.changed(who.email, 'A passkey was added to your account.'))
      return confirmed
    },
    renameFactor: async (actor, factor, name) => factors.rename((await account(actor)).id, factor, name),
    removeFactor: async (actor, factor) => {
      const who = await proved(actor)
      await factors.remove(who.id, factor, actor.session)
      write(letters.changed(who.email, 'A second factor was removed from your account.'))
    },
    renewRecoveryCodes: async (actor) => {
      const who = await proved(actor)
      if (who.factors.length === 0) throw new Problem('conflict', 'Recovery codes stand in for a second factor. Set one up first.')
      const codes = await factors.renewRecoveryCodes(who.id)
      write(letters.changed(who.email, 'New recovery codes were made for your account; the old ones work no more.'))
      return codes
    },

    sessions: async (actor) => {
      const { id } = await account(actor)
      const rows = await query('select * from bos.account_sessions($1::uuid)', id)
      return rows.map((row) => ({ ...sessionOf(row), tenant: String(row['tenant']), isThis: row['id'] === actor.session }))
    },
    endSession: async (actor, session) => {
      const { id } = await account(actor)
      const [row] = await query('select bos.sessions_end($1::uuid, null, null, $2::uuid, null) as ended', id, session)
      if (Number(row?.['ended']) === 0) throw new Problem('not-found', 'There is no such session.')
    },
    endOthers: async (actor) => {
      const { id } = await account(actor)
      const [row] = await query('select bos.sessions_end($1::uuid, null, null, null, $2::uuid) as ended', id, actor.session)
      return Number(row?.['ended'] ?? 0)
    },
    switchTo: async (actor, tenant, client) => {
      const [{ account: id, methods }, who] = await Promise.all([proofOf(actor), account(actor)])
      const own = methods.filter((method) => method !== 'sso' && method !== 'mfa')
      if (own.length === 0)
        throw new Problem('proof-required', 'Your company’s identity provider vouches for you here only. Sign in there by itself.')
      return signIn.enter({ account: id, stamp: who.stamp, methods: own }, tenant, client)
    },
  }
}

/** What a row of bos.account_sessions or bos.tenant_sessions says of the session itself. */
const sessionOf = (row: Readonly<Record<string, unknown>>): Omit<SessionInfo, 'tenant' | 'isThis'> => ({
  id: String(row['id']),
  createdAt: isoOf(row['created_at']) ?? '',
  lastUsedAt: isoOf(row['last_used_at']) ?? '',
  expiresAt: isoOf(row['expires_at']) ?? '',
  methods: row['methods'] as Method[],
  address: row['address'] as string | null,
  country: row['country'] as string | null,
  agent: row['agent'] as string | null,
})

const isOwn = (methods: readonly Method[]): boolean => methods.some((method) => method === 'pwd' || method === 'passkey')
const isoOf = (moment: unknown): string | null =>
  moment === null || moment === undefined ? null : new Date(moment as string | Date).toISOString()
