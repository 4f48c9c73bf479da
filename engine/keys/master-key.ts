import { hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'

/** Derives independent keys from one secret, so that no two purposes ever share key material. */
export interface DerivingKey {
  /** Tells master keys apart and nothing about them: eight hex digits. */
  readonly id: string
  /** 32 bytes for one purpose, e.g. `access-token/1`. */
  derive(purpose: string): Buffer
}
export interface MasterKey extends DerivingKey {
  /** Where a generated key lies; null when MASTER_KEY was given. */
  readonly file: string | null
  /** MASTER_KEY_PREVIOUS: what it made is still read, nothing new is made with it. */
  readonly previous: DerivingKey | null
}

/** MASTER_KEY, or a key generated once into DATA_DIR (mode 0600). Two processes that start at once agree on one key. */
export async function loadMasterKey(config: Pick<Config, 'masterKeyHex' | 'previousMasterKeyHex' | 'dataDir'>): Promise<MasterKey> {
  const previous = config.previousMasterKeyHex === null ? null : derivingKey(config.previousMasterKeyHex)
  if (config.masterKeyHex !== null) return { ...derivingKey(config.masterKeyHex), file: null, previous }
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const file = join(config.dataDir, 'master.key')
  await createOnce(file, `${randomBytes(32).toString('hex')}\n`)
  const hex = (await readFile(file, 'utf8')).trim()
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error(`${file} does not hold a key (64 hex digits)`)
  return { ...derivingKey(hex), file, previous }
}

export function derivingKey(hex: string): DerivingKey {
  const secret = Buffer.from(hex, 'hex')
  const derive = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', secret, 'businessos', purpose, 32))
  return { id: derive('id/1').toString('hex', 0, 4), derive }
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
