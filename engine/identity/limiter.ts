import { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible'
import { Problem } from '../problems.ts'

/** So many points a window for every key; a key is known only by being asked about, so that one which means nothing is limited as one that does. */
export interface Limiter {
  readonly points: number
  readonly windowSeconds: number
  /** Takes a point. Throws Problem 'too-many-requests' with Retry-After where there is none left. */
  take(key: string): Promise<Standing>
  /** What was taken was no offence: gives it back. */
  giveBack(key: string): Promise<void>
}
/** What is left of a key's window. */
export interface Standing {
  readonly remaining: number
  readonly resetSeconds: number
}
export type Limiters = (name: string, points: number, windowSeconds: number, refusal: string) => Limiter

/**
 * Counts in this process, or in Redis for all of them together; while Redis is away, in this process. At most `entries` keys of a limiter are held
 * here: the longest untouched are forgotten first, so that an attacker with many addresses costs no more memory than that.
 */
export function createLimiters(redis: Redis | null, entries: number): Limiters {
  return (name, points, windowSeconds, refusal) => {
    const memory = new RateLimiterMemory({ keyPrefix: name, points, duration: windowSeconds })
    const counter: RateLimiterAbstract = redis
      ? new RateLimiterRedis({
          storeClient: redis,
          keyPrefix: `bos:limit:${name}`,
          points,
          duration: windowSeconds,
          insuranceLimiter: memory,
          rejectIfRedisNotReady: true,
        })
      : memory
    const touched = new Set<string>()
    const touch = (key: string): void => {
      touched.delete(key)
      touched.add(key)
      if (touched.size <= entries) return
      const [oldest = ''] = touched
      touched.delete(oldest)
      void memory.delete(oldest)
    }
    return {
      points,
      windowSeconds,
      take: async (key) => {
        touch(key)
        try {
          const { remainingPoints, msBeforeNext } = await counter.consume(key)
          return { remaining: remainingPoints, resetSeconds: Math.ceil(msBeforeNext / 1000) }
        } catch (refused) {
          if (!(refused instanceof RateLimiterRes)) throw refused
          const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
          throw new Problem('too-many-requests', refusal, { headers: { 'retry-after': String(seconds) } })
        }
      },
      giveBack: async (key) => void (await counter.reward(key)),
    }
  }
}

export interface OpenRedis {
  readonly client: Redis
  close(): void
}

/**
 * A connection that is made when it can be, and made again: whoever asks while there is none is told at once, and goes on by themselves. Losing Redis
 * loses counts, nothing else.
 */
export function openRedis(url: string, onError: (error: unknown) => void): OpenRedis {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 5_000,
    retryStrategy: (turn) => Math.min(turn * 200, 5_000),
  })
  // Told once for each time that it goes away, not for every attempt to have it back.
  let isAway = false
  const away = (error: unknown): void => {
    if (!isAway) onError(error)
    isAway = true
  }
  client.on('error', (cause) => {
    away(new Error('REDIS_URL cannot be reached: limits are counted in each process by itself', { cause }))
  })
  client.on('close', () => {
    away(new Error('Redis went away: limits are counted in each process by itself'))
  })
  client.on('ready', () => {
    isAway = false
  })
  const close = (): void => {
    isAway = true
    client.disconnect()
  }
  return { client, close }
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
