import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PoolClient } from 'pg'
import { limits } from '../config.ts'
import { openEmbedded } from './embedded.ts'
import { createExecutor } from './executor.ts'
import { openNative, readAddress, withConnection, type Address } from './native.ts'
import { assertServingLogin, initRoles, mayCreateRoles, ownerRole } from './roles.ts'
import type { Database, Session } from './types.ts'

export interface DatabaseOptions {
  /** Null: the embedded engine in `dataDir`. */
  readonly databaseUrl: string | null
  /** The login that may act as bos_owner. Null: `databaseUrl` must be able to set everything up itself. */
  readonly ownerUrl: string | null
  /** Folder of the embedded database, and of the file that keeps a login made by us. Null with the embedded engine: in memory. */
  readonly dataDir: string | null
  readonly connections: number
  readonly transactionLimitMs?: number
  readonly statementTimeoutMs?: number
  readonly maxPreparedStatements?: number
  /** Embedded engine: how often it is asked for a sign of life, and how often it is vacuumed; 0: never. */
  readonly canaryMs?: number
  readonly vacuumMs?: number
}

/** A Database and the door to its owner. */
export interface OpenDatabase extends Database {
  /**
   * Runs `work` in a short session of its own that acts as bos_owner: migrations, schema apply, provisioning. On the embedded
   * engine it holds the only connection, so it must not call the Database.
   */
  withOwner<T>(work: (session: Session) => Promise<T>): Promise<T>
}

const defaults = {
  transactionLimitMs: limits.writeTransactionMs,
  statementTimeoutMs: limits.statementMs,
  maxPreparedStatements: limits.preparedStatements,
  canaryMs: limits.embeddedCanaryMs,
  vacuumMs: limits.embeddedVacuumMs,
} as const

/** Opens the database that the configuration names; refuses a login that row security would not bind. Migrates nothing. */
export async function createDatabase(options: DatabaseOptions): Promise<OpenDatabase> {
  return options.databaseUrl === null ? createEmbedded(options) : createNative(options, options.databaseUrl)
}

async function createEmbedded(options: DatabaseOptions): Promise<OpenDatabase> {
  const { transactionLimitMs, statementTimeoutMs, maxPreparedStatements, canaryMs, vacuumMs } = { ...defaults, ...options }
  const { pool, restart, close } = await openEmbedded({ dataDir: options.dataDir, watchdogMs: statementTimeoutMs, canaryMs, vacuumMs })
  const useClient = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect()
    try {
      return await work(client)
    } finally {
      // Closed, not reused: the next connection discards the role and whatever else the owner's work left in the session.
      client.release(true)
    }
  }
  try {
    await useClient((client) => initRoles(client))
  } catch (error) {
    await close()
    throw error
  }
  const database = createExecutor({ engine: 'embedded', pool, transactionLimitMs, maxPreparedStatements, onWrongAnswer: restart, close })
  return {
    ...database,
    withOwner: (work) =>
      useClient(async (client) => {
        await client.query(`set role ${ownerRole}`)
        return work(client)
      }),
  }
}

async function createNative(options: DatabaseOptions, databaseUrl: string): Promise<OpenDatabase> {
  const { transactionLimitMs, statementTimeoutMs, maxPreparedStatements } = { ...defaults, ...options }
  const serving = await servingLogin(options, databaseUrl)
  const pool = await openNative({
    address: serving.address,
    variable: 'DATABASE_URL',
    connections: options.connections,
    applicationName: 'businessos',
    statementTimeoutMs,
    idleTransactionTimeoutMs: transactionLimitMs + 5_000,
    maxLifetimeSeconds: limits.connectionSeconds,
  })
  const client: PoolClient = await pool.connect()
  try {
    await assertServingLogin(client)
  } catch (error) {
    client.release(true)
    await pool.end()
    throw error
  }
  client.release()
  const database = createExecutor({ engine: 'native', pool, transactionLimitMs, maxPreparedStatements, close: () => pool.end() })
  return {
    ...database,
    async withOwner(work) {
      if (!serving.owner) throw new Error('this needs a login that may act as bos_owner: set OWNER_DATABASE_URL')
      const { address, variable } = serving.owner
      return withConnection(address, variable, async (owner) => {
        await owner.query(`set role ${ownerRole}`)
        return work(owner)
      })
    },
  }
}

interface Logins {
  readonly address: Address
  readonly owner: { readonly address: Address; readonly variable: string } | null
}

/** Whom to serve as, and whom to ask for owner's work; sets the roles up where a login may do that. */
async function servingLogin({ ownerUrl, dataDir }: DatabaseOptions, databaseUrl: string): Promise<Logins> {
  const address = readAddress(databaseUrl)
  if (ownerUrl !== null) {
    const owner = { address: readAddress(ownerUrl), variable: 'OWNER_DATABASE_URL' }
    await withConnection(owner.address, owner.variable, async (admin) => {
      if (await mayCreateRoles(admin)) await initRoles(admin, address.user === undefined ? {} : { login: address.user })
    })
    return { address, owner }
  }
  const lesser = await withConnection(address, 'DATABASE_URL', async (admin) => {
    if (!(await mayCreateRoles(admin))) return null
    const login = await lesserLogin(dataDir, address)
    await initRoles(admin, { login: login.user, password: login.password })
    return login
  })
  if (lesser === null) return { address, owner: null }
  return { address: { ...address, ...lesser }, owner: { address, variable: 'DATABASE_URL' } }
}

/**
 * Name and password of the login that we make when DATABASE_URL is too strong to serve as. One per data folder: two installations
 * on one server must not change each other's password.
 */
async function lesserLogin(dataDir: string | null, { host, port, database }: Address): Promise<{ user: string; password: string }> {
  const place = `${host}:${port}/${database}`
  const file = dataDir === null ? null : join(dataDir, 'serving-login.json')
  // Missing, or cut short by a crash: a new login is made.
  const stored =
    file === null
      ? null
      : await readFile(file, 'utf8')
          .then((text) => JSON.parse(text) as { place: string; user: string; password: string })
          .catch(() => null)
  if (stored?.place === place) return { user: stored.user, password: stored.password }
  const login = { user: `bos_login_${randomBytes(4).toString('hex')}`, password: randomBytes(24).toString('base64url') }
  if (dataDir !== null && file !== null) {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    await writeFile(file, `${JSON.stringify({ place, ...login })}\n`, { mode: 0o600 })
  }
  return login
}
