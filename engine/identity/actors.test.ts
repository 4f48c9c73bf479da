import { expect, test } from 'vitest'
import { Stale } from '../database/types.ts'
import { createActors, isWithin } from './actors.ts'
import type { AccessClaims } from './tokens.ts'

/** Roles are edited while somebody works: what they are remembered with is outdated again and again. */
const claims: AccessClaims = { account: 'a', session: 's', member: 'm', tenant: 't', viewing: null, expiresAt: Number.MAX_SAFE_INTEGER }
const actors = () => {
  let generation = 0
  const row = () => ({ account_id: 'a', tenant_id: 't', member_id: 'm', roles: [], generation: ++generation })
  const database = { call: () => Promise.resolve({ rows: [row()], rowCount: 1 }) }
  return createActors(database, { readAccess: () => claims }, { knownTokenEntries: 10, keyUseSeconds: 60 })
}
const failing = (times: number) => {
  const seen: number[] = []
  const work = ({ generation }: { generation: number }): Promise<string> => {
    seen.push(generation)
    return seen.length > times ? Promise.resolve('done') : Promise.reject(new Stale())
  }
  return { seen, work }
}

test('whoever is outdated for good is told so in the end', async () => {
  const { seen, work } = failing(Infinity)
  await expect(actors().asMember({ authorization: 'Bearer x', address: '' }, false, work)).rejects.toBeInstanceOf(Stale)
  expect(seen).toEqual([1, 2, 3, 4, 5, 6])
})
test('one who is outdated several times in a row works in the end, each time as of then', async () => {
  const { seen, work } = failing(4)
  expect(await actors().asMember({ authorization: 'Bearer x', address: '' }, false, work)).toBe('done')
  expect(seen).toEqual([1, 2, 3, 4, 5])
})

test.each([
  ['198.51.100.7', ['198.51.100.7'], true],
  ['198.51.100.8', ['198.51.100.7'], false],
  ['198.51.100.200', ['10.0.0.0/8', '198.51.100.0/24'], true],
  ['::ffff:198.51.100.200', ['198.51.100.0/24'], true],
  ['198.51.101.1', ['198.51.100.0/24'], false],
  ['2001:db8::7', ['2001:db8::/32'], true],
  ['2001:db9::7', ['2001:db8::/32'], false],
  ['', ['0.0.0.0/0'], false],
  ['unknown', ['0.0.0.0/0'], false],
])('%s within %j: %s', (address, networks, expected) => {
  expect(isWithin(networks, address)).toBe(expected)
})
