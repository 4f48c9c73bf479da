import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '../problems.ts'
import { addressKey, createLimiters } from './limiter.ts'

const retryAfter = async (work: Promise<unknown>): Promise<string | null> => {
  try {
    await work
    return null
  } catch (error) {
    if (error instanceof Problem && error.code === 'too-many-requests') return error.headers['retry-after'] ?? ''
    throw error
  }
}

describe('a limiter', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const limiterOf = (points: number, seconds: number, entries = 10) => createLimiters(null, entries)('test', points, seconds, 'Too many.')

  it('refuses after the last point, says how long, and begins anew with the next window', async () => {
    const limiter = limiterOf(3, 90)
    expect(await limiter.take('a')).toEqual({ remaining: 2, resetSeconds: 90 })
    await limiter.take('a')
    vi.advanceTimersByTime(60_000)
    expect(await limiter.take('a')).toEqual({ remaining: 0, resetSeconds: 30 })
    expect(await retryAfter(limiter.take('a'))).toBe('30')
    expect(await retryAfter(limiter.take('b'))).toBeNull()
    vi.advanceTimersByTime(30_000)
    expect(await retryAfter(limiter.take('a'))).toBeNull()
  })

  it('does not count what was given back', async () => {
    const limiter = limiterOf(2, 60)
    for (let turn = 0; turn < 100; turn++) {
      await limiter.take('a')
      await limiter.giveBack('a')
    }
    expect(await retryAfter(limiter.take('a'))).toBeNull()
  })

  it('lets twenty at once have no more than there is', async () => {
    const limiter = limiterOf(5, 60)
    const answers = await Promise.all(Array.from({ length: 20 }, () => retryAfter(limiter.take('a'))))
    expect(answers.filter((answer) => answer === null)).toHaveLength(5)
  })

  it('holds a bounded number of keys and forgets the longest untouched', async () => {
    const limiter = limiterOf(1, 60, 2)
    for (const key of ['a', 'b', 'c']) await limiter.take(key)
    expect(await retryAfter(limiter.take('c'))).toBe('60')
    expect(await retryAfter(limiter.take('a'))).toBeNull()
  })
})

describe('addressKey', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s → %s', (address, key) => {
    expect(addressKey(address)).toBe(key)
  })
})
