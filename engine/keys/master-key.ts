import { hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'

/** Derives independent keys from one secret, so that no two purposes ever share key material. */
export interface MasterKey {
  /** 32 bytes for one purpose, e.g. `access-token/1`. */
  derive(purpose: string): Buffer
  /** Where a generated key lies; null when MASTER_KEY was given. */
  readonly file: string | null
}

/** MASTER_KEY, or a key generated once into DATA_DIR (mode 0600). Two processes that start at once agree on one key. */
export async function loadMasterKey(config: Pick<Config, 'masterKeyHex' | 'dataDir'>): Promise<MasterKey> {
  if (config.masterKeyHex !== null) return masterKey(config.masterKeyHex, null)
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const file = join(config.dataDir, 'master.key')
  await createOnce(file, `${randomBytes(32).toString('hex')}\n`)
  const hex = (await readFile(file, 'utf8')).trim()
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error(`${file} does not hold a key (64 hex digits)`)
  return masterKey(hex, file)
}

function masterKey(hex: string, file: string | null): MasterKey {
  const secret = Buffer.from(hex, 'hex')
  return { file, derive: (purpose) => Buffer.from(hkdfSync('sha256', secret, 'businessos', purpose, 32)) }
}

/** Writes a file that must appear whole or not at all, and only if it does not exist yet (link is atomic and exclusive). */
async function createOnce(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`
  const handle = await open(draft, 'w', 0o600)
  await handle.writeFile(text)
  await handle.sync()
  await handle.close()
  try {
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
}
