import { hash, randomInt } from 'node:crypto'
import type { Config } from '../config.ts'
import type { Database } from '../database/types.ts'
import { fold } from '../fields/fold.ts'
import type { Client } from '../identity/client.ts'
import type { Letters } from '../identity/letters.ts'
import { addressKey, type Limiters } from '../identity/limiter.ts'
import type { Once } from '../identity/once.ts'
import { judgePassword } from '../identity/password-policy.ts'
import type { Passwords } from '../identity/passwords.ts'
import type { SignIn, SignInResult } from '../identity/sign-in.ts'
import type { Mailer } from '../mail/mailer.ts'
import { Problem } from '../problems.ts'
import type { NewTenant, Tenants } from './tenants.ts'

/** What somebody says of the workspace that they found, and of themselves. */
export interface Founding extends Pick<NewTenant, 'name' | 'locale' | 'timeZone' | 'currency'> {
  readonly person: string
  /** Of the account that there is, or of the one that begins. */
  readonly password: string
}
export interface FoundingView {
  readonly email: string
  /** `new`: chooses a password; `existing`: gives the one of the account that there is. */
  readonly account: 'new' | 'existing'
}

/** People found workspaces themselves, where the operator lets them. All but `isOpen` throw 'not-found' where they may not. */
export interface SignUp {
  readonly isOpen: boolean
  /** Says the same whoever it is about; a letter with a link follows. Throws 'too-many-requests'. */
  ask(email: string, client: Client): Promise<void>
  /** Throws 'link-invalid'. */
  look(secret: string): Promise<FoundingView>
  /** Signs the founder in to the workspace that they now administer. Throws 'link-invalid', 'credentials-wrong', 'request-invalid'. */
  found(secret: string, founding: Founding, client: Client): Promise<SignInResult>
}

interface Parts {
  readonly config: Pick<Config, 'signUp' | 'limits'>
  readonly database: Pick<Database, 'call'>
  readonly tenants: Pick<Tenants, 'found'>
  readonly once: Once
  readonly letters: Pick<Letters, 'signUp'>
  readonly mailer: Pick<Mailer, 'send' | 'canSend'>
  readonly passwords: Pick<Passwords, 'hash' | 'verify'>
  readonly signIn: Pick<SignIn, 'enter'>
  readonly limiters: Limiters
  readonly onError: (error: unknown) => void
}

export function createSignUp(parts: Parts): SignUp {
  const { config, database, tenants, once, letters, mailer, passwords, signIn, onError } = parts
  const { limits } = config
  const tooMany = 'Too many requests for mails. Wait and try again.'
  const byAddress = parts.limiters('sign-up-address', limits.mailsPerAddress, limits.loginWindowSeconds, tooMany)
  const byEmail = parts.limiters('sign-up-email', limits.mailsPerAccount, limits.loginWindowSeconds, tooMany)
  const byLink = parts.limiters(
    'sign-up-password',
    limits.loginFailuresPerAccount,
    limits.loginWindowSeconds,
    'Too many wrong passwords. Wait and try again.',
  )
  const isOpen = config.signUp === 'open' && mailer.canSend
  const assertOpen = (): void => {
    if (!isOpen) throw new Problem('not-found')
  }

  const accountOf = async (email: string) => {
    const { rows } = await database.call({ text: 'select bos.account_id($1) as id', values: [email] })
    const id = rows[0]?.['id']
    if (typeof id !== 'string') return null
    const found = await database.call({ text: 'select * from bos.sign_in_account($1::uuid)', values: [id] })
    const row = found.rows[0]
    return row
      ? { id, email: String(row['email']), passwordHash: row['password_hash'] as string | null, stamp: Number(row['stamp']) }
      : null
  }
  const open = async (secret: string, find: Once['look']) => {
    assertOpen()
    const payload = await find('sign-up', secret)
    if (!payload) throw new Problem('link-invalid')
    const email = String(payload['email'])
    return { email, account: await accountOf(email) }
  }

  return {
    isOpen,
    ask: async (email, client) => {
      assertOpen()
      await byAddress.take(addressKey(client.address))
      const key = hash('sha256', fold(email), 'base64')
      const write = async (): Promise<void> => {
        await byEmail.take(key)
        await mailer.send(letters.signUp(email, await once.issue('sign-up', key, { email }, limits.linkSeconds)))
      }
      // Not awaited, and silent: how long it takes, and whether it was refused, says what else is asked for that address.
      void write().catch((error: unknown) => {
        if (!(error instanceof Problem)) onError(error)
      })
    },

    look: async (secret) => {
      const { email, account } = await open(secret, once.look)
      return { email, account: account ? 'existing' : 'new' }
    },

    found: async (secret, { person, password, ...surroundings }, client) => {
      const { email, account } = await open(secret, once.look)
      let passwordHash: string
      if (account) {
        await byLink.take(account.id)
        const right = await passwords.verify(password, account.passwordHash)
        if (!right || account.passwordHash === null) throw new Problem('credentials-wrong', 'The password is wrong.')
        await byLink.giveBack(account.id)
        passwordHash = account.passwordHash
      } else {
        await judgePassword(password, [email, person, surroundings.name])
        passwordHash = await passwords.hash(password)
      }
      const admin = { name: person, email: account?.email ?? email, passwordHash }
      const { slug } = await tenants.found({ ...surroundings, slugs: slugsFor(surroundings.name), admin }, async () => {
        // Used up only when nothing is wrong any more, so that a slip costs nobody their link; and by one of those who come at this moment.
        await open(secret, once.take)
      })
      const now = await accountOf(email)
      if (!now) throw new Problem('link-invalid')
      await database.call({ text: 'select bos.email_verified($1::uuid, $2)', values: [now.id, now.email] })
      return signIn.enter({ account: now.id, stamp: (await accountOf(email))?.stamp ?? now.stamp, methods: ['pwd'] }, slug, client)
    },
  }
}

const triedSlugs = 5
const slugCharacters = 40

/** Short names that a workspace might have: its own in small letters, then that with a number which nobody can guess to be next. */
function* slugsFor(name: string): Generator<string> {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, slugCharacters)
    .replace(/-+$/, '')
  const base = plain.length < 3 ? 'workspace' : plain
  if (base === plain) yield base
  for (let tried = 0; tried < triedSlugs; tried++) yield `${base}-${randomInt(1000, 1_000_000)}`
}
