import { describe, expect, it } from 'vitest'
import { Problem } from '../problems.ts'
import { addressKey, createLimiter } from './limiter.ts'

const retryAfter = (work: () => void): string | null => {
  try {
    work()
    return null
  } catch (error) {
    if (error instanceof Problem && error.code === 'too-many-requests') return error.headers['retry-after'] ?? ''
    throw error
  }
}

describe('createLimiter', () => {
  it('refuses after the last attempt, says how long, and fills again evenly', () => {
    let now = 1000
    const limiter = createLimiter(3, 90, 10, () => now)
    expect([1, 2, 3, 4].map(() => retryAfter(() => limiter.take('a')))).toEqual([null, null, null, '30'])
    expect(retryAfter(() => limiter.take('b'))).toBeNull()
    now += 29
    expect(retryAfter(() => limiter.take('a'))).toBe('1')
    now += 1
    expect(retryAfter(() => limiter.take('a'))).toBeNull()
    expect(retryAfter(() => limiter.take('a'))).toBe('30')
  })

  it('does not count what was given back', () => {
    const limiter = createLimiter(2, 60, 10, () => 5)
    for (let turn = 0; turn < 100; turn++) {
      limiter.take('a')
      limiter.giveBack('a')
    }
    expect(retryAfter(() => limiter.take('a'))).toBeNull()
  })

  it('holds a bounded number of keys and forgets the longest untouched', () => {
    const limiter = createLimiter(1, 60, 2, () => 5)
    limiter.take('a')
    limiter.take('b')
    limiter.take('c')
    expect(retryAfter(() => limiter.take('c'))).toBe('60')
    expect(retryAfter(() => limiter.take('a'))).toBeNull()
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
