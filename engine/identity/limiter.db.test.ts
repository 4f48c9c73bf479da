import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Problem } from '../problems.ts'
import { openRedisServer, type RedisServer } from '../testing/redis.ts'
import { createLimiters, openRedis, type Limiter, type OpenRedis } from './limiter.ts'

/** Two processes, as far as a limiter can tell: each with a connection of its own. */
let server: RedisServer | null = null
let connections: OpenRedis[] = []
const errors: unknown[] = []
beforeAll(async () => {
  server = await openRedisServer()
  if (!server) console.warn('SKIPPED: limits over Redis are not tested, because this machine has no redis-server.')
  connections = server ? [openRedis(server.url, (error) => errors.push(error)), openRedis(server.url, () => undefined)] : []
})
afterAll(async () => {
  for (const { close } of connections) close()
  await server?.close()
})
beforeEach(({ skip }) => skip(!server, 'redis-server is not installed'))

const limiters = (name: string, points: number): Limiter[] =>
  connections.map(({ client }) => createLimiters(client, 100)(name, points, 60, 'Too many.'))
const ready = async (): Promise<void> => {
  await expect.poll(() => connections.every(({ client }) => client.status === 'ready')).toBe(true)
}
const taken = async (from: readonly Limiter[], key: string, times: number): Promise<number> => {
  const tries = await Promise.all(
    Array.from({ length: times }, (_, i) =>
      from[i % from.length]!.take(key).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Problem && error.code === 'too-many-requests') return false
          throw error
        },
      ),
    ),
  )
  return tries.filter(Boolean).length
}

test('what one process counts, the other knows', async () => {
  await ready()
  expect(await taken(limiters('shared', 10), 'a', 40)).toBe(10)
  const [one, other] = limiters('back', 1) as [Limiter, Limiter]
  await one.take('a')
  await one.giveBack('a')
  expect(await taken([other], 'a', 3)).toBe(1)
})

test('while Redis is away each counts by itself, nobody waits, and it is told once; then they count together again', async () => {
  await ready()
  errors.length = 0
  await server!.stop()
  await expect.poll(() => connections.every(({ client }) => client.status !== 'ready')).toBe(true)
  expect(await taken(limiters('away', 5), 'a', 30)).toBe(10)
  await server!.start()
  await ready()
  expect(await taken(limiters('again', 5), 'a', 30)).toBe(5)
  expect(errors.length).toBe(1)
})
