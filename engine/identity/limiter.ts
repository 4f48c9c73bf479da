import { Problem } from '../problems.ts'

/** Counts failures per key; in memory of one process, at most `entries` keys (the longest untouched are forgotten first). */
export interface Limiter {
  /** Throws Problem 'too-many-requests' with Retry-After when the key has no attempt left; takes one otherwise. */
  take(key: string): void
  /** The attempt was no failure: gives it back. */
  giveBack(key: string): void
}

/**
 * A bucket of `failures` attempts that fills again evenly over `windowSeconds`. A key is known only by being asked about, so a
 * key that means nothing (an unknown account) is limited exactly as one that does.
 */
export function createLimiter(
  failures: number,
  windowSeconds: number,
  entries: number,
  now: () => number = () => performance.now() / 1000,
): Limiter {
  const secondsPerAttempt = windowSeconds / failures
  /** Key → moment at which its bucket is full again. */
  const fullAt = new Map<string, number>()

  const put = (key: string, moment: number): void => {
    fullAt.delete(key)
    if (moment <= now()) return
    fullAt.set(key, moment)
    if (fullAt.size > entries) fullAt.delete(fullAt.keys().next().value ?? '')
  }

  return {
    take: (key) => {
      const next = Math.max(fullAt.get(key) ?? 0, now()) + secondsPerAttempt
      const waitSeconds = next - now() - windowSeconds
      if (waitSeconds > 1e-6) {
        throw new Problem('too-many-requests', 'Too many attempts to sign in. Wait and try again.', {
          headers: { 'retry-after': String(Math.ceil(waitSeconds)) },
        })
      }
      put(key, next)
    },
    giveBack: (key) => {
      const moment = fullAt.get(key)
      if (moment !== undefined) put(key, moment - secondsPerAttempt)
    },
  }
}

/** One key per subscriber: an IPv6 user commands a whole /64. */
export function addressKey(address: string): string {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups =
    tail === undefined ? before : [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after]
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')
}
