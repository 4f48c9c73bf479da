import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Database } from '../database/types.ts'
import type { MasterKey } from './master-key.ts'

/**
 * Secrets of tenants and accounts (`owner`: the id of either), each sealed with the owner's own data key, which the master key wraps: envelope
 * encryption, AES-256-GCM throughout. Owner, name and key version are authenticated with every value, so that none can be put in another's place.
 */
export interface Keyring {
  /** Stores under a name, e.g. `totp/{factor}`. Throws KeysDestroyed. */
  put(owner: string, name: string, secret: string): Promise<void>
  /** Null: there is none, or its key was destroyed. */
  get(owner: string, name: string): Promise<string | null>
  drop(owner: string, name: string): Promise<void>
  /** A new data key, and everything sealed with it instead; what reads meanwhile finds either. Answers how many were sealed anew. */
  rotate(owner: string): Promise<number>
  /** Data keys under MASTER_KEY_PREVIOUS go under MASTER_KEY. Answers how many, and how many a master key wraps that is not known here. */
  rewrap(): Promise<{ readonly rewrapped: number; readonly unknown: number }>
  /** Destroys the owner's keys for ever, in every backup whose key rows are gone too. */
  destroy(owner: string): Promise<void>
}

export class KeysDestroyed extends Error {
  constructor() {
    super('the keys of this owner were destroyed')
    this.name = 'KeysDestroyed'
  }
}

const purpose = 'data-key/1'
const rewrappedAtOnce = 200

export function createKeyring(database: Pick<Database, 'call'>, masterKey: MasterKey): Keyring {
  const masters = new Map([masterKey, masterKey.previous].flatMap((each) => (each ? [[each.id, each] as const] : [])))
  const query = async (text: string, ...values: unknown[]) => (await database.call({ text, values })).rows

  const wrap = (owner: string, key: Buffer): Buffer => seal(masterKey.derive(purpose), owner, key)
  const unwrap = (owner: string, row: Readonly<Record<string, unknown>>): Buffer => {
    const master = masters.get(String(row['master']))
    if (!master)
      throw new Error(`a data key is wrapped by master key ${String(row['master'])}, which is neither MASTER_KEY nor MASTER_KEY_PREVIOUS`)
    return unseal(master.derive(purpose), owner, row['wrapped'] as Buffer)
  }

  /** `replaced`: the version that a new one follows; null: the first is made where there is none. */
  const newest = async (owner: string, replaced: number | null): Promise<{ version: number; key: Buffer }> => {
    const fresh = wrap(owner, randomBytes(32))
    const [row] = await query('select * from bos.data_key_newest($1::uuid, $2, $3, $4)', owner, replaced, masterKey.id, fresh)
    if (!row) throw new KeysDestroyed()
    return { version: Number(row['version']), key: unwrap(owner, row) }
  }
  const read = async (owner: string, name: string): Promise<{ version: number; secret: Buffer } | null> => {
    const [row] = await query('select * from bos.secret_get($1::uuid, $2)', owner, name)
    if (!row) return null
    const version = Number(row['version'])
    return { version, secret: unseal(unwrap(owner, row), contextOf(owner, name, version), row['sealed'] as Buffer) }
  }
  /** `was`: the version it must still be sealed with; null: whatever there is. */
  const write = async (
    owner: string,
    name: string,
    secret: Buffer,
    { version, key }: { version: number; key: Buffer },
    was: number | null,
  ) =>
    query('select bos.secret_put($1::uuid, $2, $3, $4, $5)', owner, name, version, seal(key, contextOf(owner, name, version), secret), was)

  const rewrapSome = async (): Promise<number> => {
    const { previous } = masterKey
    if (!previous) return 0
    const rows = await query('select * from bos.data_keys_wrapped_by($1, $2)', previous.id, rewrappedAtOnce)
    for (const row of rows) {
      const owner = String(row['owner'])
      const wrapped = wrap(owner, unwrap(owner, { ...row, master: previous.id }))
      await query('select bos.data_key_rewrap($1::uuid, $2, $3, $4, $5)', owner, row['version'], previous.id, masterKey.id, wrapped)
    }
    return rows.length
  }

  return {
    put: async (owner, name, secret) => void (await write(owner, name, Buffer.from(secret), await newest(owner, null), null)),
    get: async (owner, name) => (await read(owner, name))?.secret.toString() ?? null,
    drop: async (owner, name) => void (await query('select bos.secret_drop($1::uuid, $2)', owner, name)),
    rotate: async (owner) => {
      const before = await newest(owner, null)
      const next = await newest(owner, before.version)
      let count = 0
      for (const row of await query('select name from bos.secrets_outdated($1::uuid)', owner)) {
        const name = String(row['name'])
        const found = await read(owner, name)
        // Whoever has stored another meanwhile has sealed it with the newest.
        if (found && found.version < next.version) count += (await write(owner, name, found.secret, next, found.version)).length
      }
      await query('select bos.data_keys_retire($1::uuid)', owner)
      return count
    },
    rewrap: async () => {
      let rewrapped = 0
      for (let next = await rewrapSome(); next > 0; next = await rewrapSome()) rewrapped += next
      const others = (await query('select * from bos.data_keys_counted()')).filter((row) => !masters.has(String(row['master'])))
      return { rewrapped, unknown: others.reduce((sum, row) => sum + Number(row['keys']), 0) }
    },
    destroy: async (owner) => void (await query('select bos.data_keys_destroy($1::uuid)', owner)),
  }
}

const contextOf = (owner: string, name: string, version: number): string => `${owner} ${version} ${name}`

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/** Nonce, tag, ciphertext. Nonces are random: a key seals far fewer than the 2³² values for which that is safe (NIST SP 800-38D, 8.3). */
function seal(key: Buffer, context: string, plain: Buffer): Buffer {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(algorithm, key, iv).setAAD(Buffer.from(context))
  const text = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), text])
}

function unseal(key: Buffer, context: string, sealed: Buffer): Buffer {
  const [iv, tag, text] = [sealed.subarray(0, ivBytes), sealed.subarray(ivBytes, ivBytes + tagBytes), sealed.subarray(ivBytes + tagBytes)]
  const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes }).setAAD(Buffer.from(context)).setAuthTag(tag)
  return Buffer.concat([decipher.update(text), decipher.final()])
}
