import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, type OpenDatabase } from '../database/open.ts'
import { migrate } from '../schema/migrate.ts'
import { freshDatabase, type TestDatabase } from '../testing/postgres.ts'
import { createKeyring, KeysDestroyed } from './keyring.ts'
import { derivingKey, type MasterKey } from './master-key.ts'

const master = (byte: string, previous: string | null = null): MasterKey => ({
  ...derivingKey(byte.repeat(32)),
  file: null,
  previous: previous === null ? null : derivingKey(previous.repeat(32)),
})

describe('the keyring', () => {
  let place: TestDatabase
  let database: OpenDatabase
  const rows = (text: string, values: unknown[] = []) => database.withOwner(async (owner) => (await owner.query(text, values)).rows)
  beforeAll(async () => {
    place = await freshDatabase()
    database = await createDatabase({ databaseUrl: place.url, ownerUrl: null, dataDir: null, connections: 4 })
    await database.withOwner((owner) => migrate(owner))
  })
  afterAll(async () => {
    await database.close()
    await place.drop()
  })

  test('answers what was stored, and keeps nothing of it in plain', async () => {
    const keys = createKeyring(database, master('a1'))
    const owner = randomUUID()
    await keys.put(owner, 'totp/1', 'JBSWY3DPEHPK3PXP')
    expect(await keys.get(owner, 'totp/1')).toBe('JBSWY3DPEHPK3PXP')
    expect(await keys.get(owner, 'totp/2')).toBeNull()
    expect(await keys.get(randomUUID(), 'totp/1')).toBeNull()
    await keys.put(owner, 'totp/1', 'another')
    expect(await keys.get(owner, 'totp/1')).toBe('another')
    const stored = JSON.stringify(await rows('select encode(sealed, $1) from bos.secret', ['escape']))
    expect(stored).not.toContain('another')
    await keys.drop(owner, 'totp/1')
    expect(await keys.get(owner, 'totp/1')).toBeNull()
  })

  test('first writers at the same moment agree on one key', async () => {
    const keys = createKeyring(database, master('a1'))
    const owner = randomUUID()
    const names = Array.from({ length: 12 }, (_, i) => `s/${i}`)
    await Promise.all(names.map((name) => keys.put(owner, name, name)))
    expect(await Promise.all(names.map((name) => keys.get(owner, name)))).toEqual(names)
    expect(await rows('select version from bos.data_key where owner = $1', [owner])).toEqual([{ version: 1 }])
  })

  test.each([
    ['under another name', `update bos.secret set name = 'smtp' where owner = $1`, 'smtp'],
    ['with another owner', `update bos.secret s set owner = $2 where owner = $1`, 'oidc', true],
    ['with a bit turned', `update bos.secret set sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1) where owner = $1`, 'oidc'],
    ['with its tag cut', `update bos.secret set sealed = substr(sealed, 1, 20) where owner = $1`, 'oidc'],
  ])('a value %s is no value', async (_what, tamper, name, moves = false) => {
    const keys = createKeyring(database, master('a1'))
    const [owner, other] = [randomUUID(), randomUUID()]
    await keys.put(owner, 'oidc', 'secret')
    if (moves) {
      await keys.put(other, 'smtp', 'x')
      await rows(tamper, [owner, other])
    } else await rows(tamper, [owner])
    await expect(keys.get(moves ? other : owner, name)).rejects.toThrow(/authenticate data|tag length/)
  })

  test('a data key of one owner does not open what is another’s, though the master key wraps both', async () => {
    const keys = createKeyring(database, master('a1'))
    const [owner, other] = [randomUUID(), randomUUID()]
    await keys.put(owner, 'oidc', 'secret')
    await keys.put(other, 'oidc', 'secret')
    await rows('update bos.data_key k set wrapped = o.wrapped from bos.data_key o where k.owner = $1 and o.owner = $2', [owner, other])
    await expect(keys.get(owner, 'oidc')).rejects.toThrow(/authenticate data|tag length/)
  })

  test('rotation seals everything anew while it is read and written, and the old key goes', async () => {
    const keys = createKeyring(database, master('a1'))
    const owner = randomUUID()
    const names = Array.from({ length: 20 }, (_, i) => `s/${i}`)
    for (const name of names) await keys.put(owner, name, name)
    let reads = 0
    const stop = new AbortController()
    const reader = (async () => {
      for (; !stop.signal.aborted; reads++) expect(await keys.get(owner, names[reads % 20]!)).toMatch(/^s\/|^new$/)
    })()
    const [count] = await Promise.all([keys.rotate(owner), keys.put(owner, 's/19', 'new')])
    stop.abort()
    await reader
    expect(count).toBeGreaterThanOrEqual(19)
    expect(reads).toBeGreaterThan(0)
    expect(await keys.get(owner, 's/19')).toBe('new')
    await keys.rotate(owner)
    expect(await rows('select distinct version from bos.secret where owner = $1', [owner])).toEqual([{ version: 3 }])
    expect(await rows('select version from bos.data_key where owner = $1', [owner])).toEqual([{ version: 3 }])
  })

  test('a new master key reads what the previous one wrapped, and takes it over; without it nothing opens', async () => {
    const owner = randomUUID()
    await createKeyring(database, master('b2')).put(owner, 'oidc', 'secret')
    await expect(createKeyring(database, master('c3')).get(owner, 'oidc')).rejects.toThrow('neither MASTER_KEY nor MASTER_KEY_PREVIOUS')
    const both = createKeyring(database, master('c3', 'b2'))
    expect(await both.get(owner, 'oidc')).toBe('secret')
    const { rewrapped, unknown } = await both.rewrap()
    expect(rewrapped).toBe(1)
    // Those of the tests above are under a key that this one does not know.
    expect(unknown).toBeGreaterThan(0)
    expect(await createKeyring(database, master('c3')).get(owner, 'oidc')).toBe('secret')
  })

  test('destroyed keys open nothing and are never made again', async () => {
    const keys = createKeyring(database, master('a1'))
    const owner = randomUUID()
    await keys.put(owner, 'oidc', 'secret')
    await keys.rotate(owner)
    await keys.destroy(owner)
    expect(await keys.get(owner, 'oidc')).toBeNull()
    await expect(keys.put(owner, 'oidc', 'again')).rejects.toThrow(KeysDestroyed)
    expect(await rows('select wrapped from bos.data_key where owner = $1', [owner])).toEqual([{ wrapped: null }])
    const never = randomUUID()
    await keys.destroy(never)
    await expect(keys.put(never, 'oidc', 'x')).rejects.toThrow(KeysDestroyed)
  })
})
