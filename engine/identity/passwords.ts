import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Limits } from '../config.ts'
import { Problem } from '../problems.ts'

const derive = promisify(argon2)

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane. About 50 ms. */
const current = { memory: 19_456, passes: 2, parallelism: 1 } as const
const saltBytes = 16
const hashBytes = 32
const stored = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{22,128})$/

export interface Passwords {
  /** PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
  hash(password: string): Promise<string>
  /** `storedHash` null (unknown account, or one without a password): takes as long, and answers false. */
  verify(password: string, storedHash: string | null): Promise<boolean>
  /** Whether a hash was made with less than what is asked for now: hash the password anew when it comes. */
  isOutdated(storedHash: string): boolean
  /** The bare hash under a salt of the caller's: for secrets that are looked up by it. */
  derive(secret: string, salt: Buffer): Promise<Buffer>
}

/**
 * argon2id with a limit on how many run at once: each takes 19 MiB and one of the few threads that files and DNS need too.
 * Whoever would wait behind too many others is sent away with 'too-many-requests'.
 */
export function createPasswords(limits: Pick<Limits, 'passwordHashesAtOnce' | 'passwordHashesWaiting'>): Passwords {
  const waiting: (() => void)[] = []
  let running = 0

  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= limits.passwordHashesAtOnce) {
      if (waiting.length >= limits.passwordHashesWaiting) {
        throw new Problem('too-many-requests', 'Too many people are signing in at this moment.', { headers: { 'retry-after': '5' } })
      }
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
      })
    } else {
      running++
    }
    try {
      return await work()
    } finally {
      // The place goes straight to the next in line; only when there is none does it become free.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }

  const run = (
    password: string,
    salt: Buffer,
    cost: { memory: number; passes: number; parallelism: number },
    tagLength: number,
  ): Promise<Buffer> => inTurn(() => derive('argon2id', { message: password.normalize('NFC'), nonce: salt, tagLength, ...cost }))

  return {
    hash: async (password) => {
      const salt = randomBytes(saltBytes)
      const hash = await run(password, salt, current, hashBytes)
      return `$argon2id$v=19$m=${current.memory},t=${current.passes},p=${current.parallelism}$${unpadded(salt)}$${unpadded(hash)}`
    },
    verify: async (password, storedHash) => {
      const parts = storedHash === null ? null : stored.exec(storedHash)
      if (!parts) {
        await run(password, Buffer.alloc(saltBytes), current, hashBytes)
        return false
      }
      const [, memory, passes, parallelism, salt = '', hash = ''] = parts
      const expected = Buffer.from(hash, 'base64')
      const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
      return timingSafeEqual(await run(password, Buffer.from(salt, 'base64'), cost, expected.length), expected)
    },
    isOutdated: (storedHash) => {
      const [, memory, passes] = stored.exec(storedHash) ?? []
      return Number(memory) < current.memory || Number(passes) < current.passes
    },
    derive: (secret, salt) => run(secret, salt, current, hashBytes),
  }
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
