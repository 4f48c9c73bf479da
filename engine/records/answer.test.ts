import { describe, expect, it } from 'vitest'
import { limits } from '../config.ts'
import { Problem } from '../problems.ts'
import { jsonAnswer, matchesTag, withinCost } from './answer.ts'

describe('jsonAnswer', () => {
  it('counts bytes, not characters', () => {
    expect(() => jsonAnswer('ü'.repeat(limits.pageBytes / 2 + 1))).toThrow(expect.objectContaining({ code: 'answer-too-large' }))
    expect(jsonAnswer('ü'.repeat(limits.pageBytes / 2)).status).toBe(200)
  })
})

describe('matchesTag', () => {
  it.each([
    [null, false],
    ['', false],
    ['"1.2"', true],
    ['W/"1.2"', true],
    ['"1.1", "1.2"', true],
    ['*', true],
    ['1.2', false],
    ['"11.2"', false],
    ['"1.2', false],
  ])('If-None-Match: %s', (given, expected) => {
    expect(matchesTag(given, '"1.2"')).toBe(expected)
  })
})

describe('withinCost', () => {
  it('turns what PostgreSQL stopped into a problem that the caller can mend, and nothing else', async () => {
    const stopped = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' })
    await expect(withinCost(Promise.reject(stopped))).rejects.toMatchObject({ code: 'too-expensive', status: 422, cause: stopped })
    const lost = Object.assign(new Error('terminating connection'), { code: '57P01' })
    await expect(withinCost(Promise.reject(lost))).rejects.toBe(lost)
    await expect(withinCost(Promise.reject(new Problem('not-found')))).rejects.toMatchObject({ code: 'not-found' })
    expect(await withinCost(Promise.resolve(5))).toBe(5)
  })
})
