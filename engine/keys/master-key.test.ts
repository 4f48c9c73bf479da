import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadMasterKey } from './master-key.ts'

const none = { masterKeyHex: null, previousMasterKeyHex: null }
let dataDir = ''
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'businessos-key-'))
})
afterAll(() => rm(dataDir, { recursive: true }))

it('refuses a file that holds no key, and does not overwrite it', async () => {
  const broken = await mkdtemp(join(dataDir, 'broken-'))
  await writeFile(join(broken, 'master.key'), '')
  await expect(loadMasterKey({ ...none, dataDir: broken })).rejects.toThrow('does not hold a key')
  expect(await readFile(join(broken, 'master.key'), 'utf8')).toBe('')
})

it('generates one key, whoever starts at the same moment, that only its owner may read', async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, () => loadMasterKey({ ...none, dataDir: join(dataDir, 'new') })))
  expect(new Set(keys.map((key) => key.derive('a/1').toString('hex'))).size).toBe(1)
  expect((await stat(join(dataDir, 'new/master.key'))).mode & 0o777).toBe(0o600)
})

it('prefers MASTER_KEY, writes nothing then, and gives every purpose its own key', async () => {
  const key = await loadMasterKey({ ...none, masterKeyHex: '7e'.repeat(32), dataDir: join(dataDir, 'absent') })
  expect(key.file).toBeNull()
  await expect(stat(join(dataDir, 'absent'))).rejects.toThrow('ENOENT')
  expect(key.derive('a/1')).toHaveLength(32)
  expect(key.derive('a/1').equals(key.derive('a/1'))).toBe(true)
  expect(key.derive('a/1').equals(key.derive('a/2'))).toBe(false)
})
