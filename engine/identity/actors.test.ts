import { expect, test } from 'vitest'
import { Stale } from '../database/types.ts'
import { createActors } from './actors.ts'
import type { AccessClaims } from './tokens.ts'

/** Roles are edited while somebody works: what they are remembered with is outdated again and again. */
const claims: AccessClaims = { account: 'a', session: 's', member: 'm', tenant: 't', viewing: null, expiresAt: Number.MAX_SAFE_INTEGER }
const actors = () => {
  let generation = 0
  const row = () => ({ account_id: 'a', tenant_id: 't', member_id: 'm', roles: [], generation: ++generation })
  const database = { call: () => Promise.resolve({ rows: [row()], rowCount: 1 }) }
  return createActors(database, { readAccess: () => claims }, { knownTokenEntries: 10 })
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
  await expect(actors().asMember('Bearer x', false, work)).rejects.toBeInstanceOf(Stale)
  expect(seen).toEqual([1, 2, 3, 4, 5, 6])
})
test('one who is outdated several times in a row works in the end, each time as of then', async () => {
  const { seen, work } = failing(4)
  expect(await actors().asMember('Bearer x', false, work)).toBe('done')
  expect(seen).toEqual([1, 2, 3, 4, 5])
})
