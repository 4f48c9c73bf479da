import { hash, randomBytes } from 'node:crypto'
import type { Database } from '../database/types.ts'

/** For what a secret is good: found under another purpose it is not found. */
export type Purpose = 'reset' | 'verify' | 'email' | 'invitation' | 'sign-up' | 'passkey' | 'sso' | 'sso-answer'

/** Secrets that work once and for a while: links in mails, challenges, states. Only their hashes are stored. */
export interface Once {
  /** Answers the secret: 43 characters of base64url, 256 bits. `subject`: there is only one of whom at a time; null: any number. */
  issue(purpose: Purpose, subject: string | null, payload: object, seconds: number): Promise<string>
  /** As `issue`, of a secret that somebody made before they knew what goes with it. */
  keep(purpose: Purpose, secret: string, payload: object, seconds: number): Promise<void>
  /** Whoever presents it first gets the payload; null: it is none, was used, or its time is over. */
  take(purpose: Purpose, secret: string): Promise<Readonly<Record<string, unknown>> | null>
  /** As `take`, and it is still good afterwards. */
  look(purpose: Purpose, secret: string): Promise<Readonly<Record<string, unknown>> | null>
}

export function createOnce(database: Pick<Database, 'call'>): Once {
  const find = async (name: 'once_take' | 'once_look', purpose: Purpose, secret: string) => {
    const { rows } = await database.call({ text: `select bos.${name}($1, $2) as payload`, values: [purpose, hashOf(secret)] })
    return (rows[0]?.['payload'] as Readonly<Record<string, unknown>> | null | undefined) ?? null
  }
  const put = (purpose: Purpose, secret: string, subject: string | null, payload: object, seconds: number) =>
    database.call({
      text: 'select bos.once_put($1, $2, $3, $4::jsonb, $5)',
      values: [purpose, hashOf(secret), subject, JSON.stringify(payload), seconds],
    })
  return {
    issue: async (purpose, subject, payload, seconds) => {
      const secret = randomBytes(32).toString('base64url')
      await put(purpose, secret, subject, payload, seconds)
      return secret
    },
    keep: async (purpose, secret, payload, seconds) => void (await put(purpose, secret, null, payload, seconds)),
    take: (purpose, secret) => find('once_take', purpose, secret),
    look: (purpose, secret) => find('once_look', purpose, secret),
  }
}

const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer')
