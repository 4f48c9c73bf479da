import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { addTenants, openEngine, tenants, type OpenTestDatabase } from '../testing/engines.ts'
import { keysCommand } from './commands.ts'
import { createKeyring, type Keyring } from './keyring.ts'
import { derivingKey } from './master-key.ts'

const hex = (): string => randomBytes(32).toString('hex')
const [first, second, third] = [hex(), hex(), hex()]
const person = randomUUID()

let dataDir: string
let database: OpenTestDatabase
const keyringOf = (master: string): Keyring => createKeyring(database, { ...derivingKey(master), file: null, previous: null })
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bos-keys-'))
  database = await openEngine('native')
  await addTenants(database)
  const keys = keyringOf(first)
  for (const owner of [tenants.acme, tenants.globex, person]) await keys.put(owner, 'sso/1', `of ${owner}`)
})
afterAll(async () => {
  await database.close()
  await rm(dataDir, { recursive: true })
})

async function run(environment: Readonly<Record<string, string>>, ...args: string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = []
  const config = () => readConfig({ DATABASE_URL: database.url ?? '', DATA_DIR: dataDir, ...environment }, dataDir)
  return { code: await keysCommand.run(args, { out: (line) => lines.push(line), config }), lines }
}
const idOf = (master: string): string => derivingKey(master).id

test('says what it does where nobody can make sense of what it was told', async () => {
  for (const args of [[], ['toString'], ['status', 'acme'], ['rotate', 'acme', 'globex']])
    expect((await run({ MASTER_KEY: first }, ...args)).code).toBe(2)
})

test('a new master key takes over the data keys of the one before, and says when that one can go', async () => {
  expect(await run({ MASTER_KEY: first }, 'status')).toEqual({ code: 0, lines: [`${idOf(first)}  3 data keys, MASTER_KEY`] })
  expect((await run({ MASTER_KEY: first }, 'rewrap')).code).toBe(1)
  expect((await run({ MASTER_KEY: second, MASTER_KEY_PREVIOUS: first }, 'status')).lines).toEqual([
    `${idOf(first)}  3 data keys, MASTER_KEY_PREVIOUS`,
  ])
  expect(await run({ MASTER_KEY: third, MASTER_KEY_PREVIOUS: second }, 'rewrap')).toEqual({
    code: 1,
    lines: ['0 data keys moved under MASTER_KEY.', '3 data keys under a master key that is not known here.'],
  })
  expect((await run({ MASTER_KEY: third }, 'status')).code).toBe(1)
  expect(await run({ MASTER_KEY: second, MASTER_KEY_PREVIOUS: first }, 'rewrap')).toEqual({
    code: 0,
    lines: ['3 data keys moved under MASTER_KEY. Once every server runs with it, MASTER_KEY_PREVIOUS can go.'],
  })
  expect(await keyringOf(second).get(person, 'sso/1')).toBe(`of ${person}`)
})

test('data keys are replaced for one tenant or for everybody, and what they sealed is still read', async () => {
  const versions = async () => {
    const { rows } = await database.withOwner((owner) => owner.query('select owner, version from bos.data_key'))
    return Object.fromEntries(rows.map((row) => [String(row['owner']), Number(row['version'])]))
  }
  const { acme, globex } = tenants
  expect((await run({ MASTER_KEY: second }, 'rotate', 'nowhere')).code).toBe(1)
  expect(await run({ MASTER_KEY: second }, 'rotate', 'acme')).toEqual({ code: 0, lines: ['1 data key replaced, 1 secret sealed anew.'] })
  expect(await versions()).toEqual({ [acme]: 2, [globex]: 1, [person]: 1 })
  expect((await run({ MASTER_KEY: second }, 'rotate')).lines).toEqual(['3 data keys replaced, 3 secrets sealed anew.'])
  expect(await versions()).toEqual({ [acme]: 3, [globex]: 2, [person]: 2 })
  for (const owner of [acme, globex, person]) expect(await keyringOf(second).get(owner, 'sso/1')).toBe(`of ${owner}`)
})
