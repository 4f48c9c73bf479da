import type { Config } from '../config.ts'
import type { Database } from '../database/types.ts'
import { createKeyring, type Keyring } from '../keys/keyring.ts'
import type { MasterKey } from '../keys/master-key.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { AccessNote } from './access-log.ts'
import { createAccounts, type Accounts } from './accounts.ts'
import { createActors, type Actors } from './actors.ts'
import { createFactors } from './factors.ts'
import { lettersFrom, type Letters } from './letters.ts'
import type { Limiters } from './limiter.ts'
import { createOnce, type Once } from './once.ts'
import { createPasskeys, type Passkeys } from './passkeys.ts'
import type { Passwords } from './passwords.ts'
import { createSignIn, type SignIn } from './sign-in.ts'
import { createTokens, type Tokens } from './tokens.ts'

/** Everything about who somebody is and how they prove it; what they may do is said in tenancy and records. */
export interface Identity {
  readonly keyring: Keyring
  readonly tokens: Tokens
  readonly actors: Actors
  readonly once: Once
  readonly letters: Letters
  readonly passkeys: Passkeys
  readonly signIn: SignIn
  readonly accounts: Accounts
}

export interface IdentityParts {
  readonly config: Pick<Config, 'limits' | 'publicUrl'>
  readonly database: Pick<Database, 'call'>
  readonly masterKey: MasterKey
  readonly passwords: Passwords
  readonly mailer: Pick<Mailer, 'send' | 'canSend'>
  readonly limiters: Limiters
  /** Told of what administrators may want to know of. */
  readonly note: (note: AccessNote) => void
  /** Told of what went wrong after the answer. */
  readonly onError: (error: unknown) => void
}

export function createIdentity({ config, database, masterKey, passwords, mailer, limiters, note, onError }: IdentityParts): Identity {
  const { limits } = config
  const publicUrl = new URL(config.publicUrl)
  const keyring = createKeyring(database, masterKey)
  const tokens = createTokens(masterKey, limits)
  const actors = createActors(database, tokens, limits, ({ tenant, member, key }, address) => {
    if (!key) return
    database.call({ text: 'select bos.key_used($1::uuid, $2::uuid, $3)', values: [tenant, key.id, address] }).catch(onError)
    note({ type: 'key_used', tenant, member, about: { key: key.id, address }, requestId: null })
  })
  const once = createOnce(database)
  const letters = lettersFrom(publicUrl)
  const factors = createFactors({ database, keyring, passwords, limits })
  const passkeys = createPasskeys({ database, once, factors, limits, publicUrl })
  const signIn = createSignIn({ database, passwords, tokens, actors, factors, passkeys, limiters, limits, note })
  const accounts = createAccounts({
    database,
    actors,
    passwords,
    factors,
    passkeys,
    once,
    mailer,
    letters,
    signIn,
    limiters,
    limits,
    onError,
  })
  return { keyring, tokens, actors, once, letters, passkeys, signIn, accounts }
}
