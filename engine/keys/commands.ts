import type { Config } from '../config.ts'
import { createDatabase, type OpenDatabase } from '../database/open.ts'
import { createKeyring, type Keyring } from './keyring.ts'
import { loadMasterKey, type MasterKey } from './master-key.ts'

interface Shell {
  readonly out: (line: string) => void
  readonly config: () => Config
}
interface Opened {
  readonly database: OpenDatabase
  readonly keyring: Keyring
  readonly masterKey: MasterKey
}

export const keysCommand = {
  usage: 'status | rewrap | rotate [<tenant>]',
  about:
    'says which master key wraps the data keys; puts those under MASTER_KEY_PREVIOUS under MASTER_KEY; gives a tenant (or everybody) a new data key and seals their secrets anew (while servers run; the embedded database: while its server is stopped)',
  async run([action = '', tenant, ...more]: readonly string[], shell: Shell): Promise<number> {
    const work = Object.hasOwn(works, action) ? works[action] : undefined
    if (!work || more.length > 0 || (tenant !== undefined && action !== 'rotate')) {
      shell.out(`bos keys ${keysCommand.usage}`)
      return 2
    }
    const config = shell.config()
    const { databaseUrl, ownerDatabaseUrl: ownerUrl, dataDir } = config
    const database = await createDatabase({ databaseUrl, ownerUrl, dataDir, connections: 1, canaryMs: 0, vacuumMs: 0 })
    try {
      const masterKey = await loadMasterKey(config)
      return await work({ database, masterKey, keyring: createKeyring(database, masterKey) }, shell.out, tenant)
    } finally {
      await database.close()
    }
  },
}

type Work = (opened: Opened, out: Shell['out'], tenant: string | undefined) => Promise<number>

const status: Work = async ({ database, masterKey }, out) => {
  const { rows } = await database.call({ text: 'select * from bos.data_keys_counted()' })
  const nameOf = (master: string): string | null =>
    master === masterKey.id ? 'MASTER_KEY' : master === masterKey.previous?.id ? 'MASTER_KEY_PREVIOUS' : null
  if (rows.length === 0) out('There are no data keys yet.')
  for (const row of rows) {
    const master = String(row['master'])
    out(`${master}  ${counted(Number(row['keys']))}, ${nameOf(master) ?? 'not known here: what they seal cannot be read'}`)
  }
  return rows.every((row) => nameOf(String(row['master'])) !== null) ? 0 : 1
}

const rewrap: Work = async ({ keyring, masterKey }, out) => {
  if (!masterKey.previous) {
    out('MASTER_KEY_PREVIOUS is not set: there is nothing to move.')
    return 1
  }
  const { rewrapped, unknown } = await keyring.rewrap()
  out(`${counted(rewrapped)} moved under MASTER_KEY.${unknown > 0 ? '' : ' Once every server runs with it, MASTER_KEY_PREVIOUS can go.'}`)
  if (unknown > 0) out(`${counted(unknown)} under a master key that is not known here.`)
  return unknown > 0 ? 1 : 0
}

const rotate: Work = async ({ database, keyring }, out, slug) => {
  const owners = slug === undefined ? await everybody(database) : await tenantOf(database, slug)
  if (owners === null) {
    out(`There is no tenant "${slug}".`)
    return 1
  }
  let sealed = 0
  for (const owner of owners) sealed += await keyring.rotate(owner)
  out(`${counted(owners.length)} replaced, ${sealed} ${sealed === 1 ? 'secret' : 'secrets'} sealed anew.`)
  return 0
}

const everybody = (database: OpenDatabase): Promise<string[]> =>
  database.withOwner(async (owner) => {
    const { rows } = await owner.query('select distinct owner from bos.data_key where wrapped is not null order by owner')
    return rows.map((row) => String(row['owner']))
  })

async function tenantOf(database: OpenDatabase, slug: string): Promise<string[] | null> {
  const { rows } = await database.call({ text: 'select id from bos.tenant_by_slug($1)', values: [slug] })
  return rows[0] ? [String(rows[0]['id'])] : null
}

const counted = (keys: number): string => `${keys} data ${keys === 1 ? 'key' : 'keys'}`

const works: Readonly<Record<string, Work>> = { status, rewrap, rotate }
