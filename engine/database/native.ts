import { Client, Pool, type ClientConfig, type PoolClient, type PoolConfig } from 'pg'
import { limits } from '../config.ts'
import { connectionFault } from './errors.ts'
import { parsers } from './parsers.ts'

/** Where a server is and who we are there. */
export type Address = Pick<ClientConfig, 'host' | 'port' | 'database' | 'user' | 'password' | 'ssl'>

export interface NativeOptions {
  readonly address: Address
  /** Which setting the address came from, for messages. */
  readonly variable: string
  readonly connections: number
  readonly applicationName: string
  readonly statementTimeoutMs: number
  readonly idleTransactionTimeoutMs: number
  readonly maxLifetimeSeconds: number
}

/** Splits an address as pg itself reads it (PGHOST and the like fill what is missing). */
export function readAddress(url: string): Address & { host: string; port: number } {
  const { host, port, database, user, password, ssl } = new Client({ connectionString: url })
  return { host, port, ...(database && { database }), ...(user && { user }), ...(password && { password }), ssl }
}

/** Opens a pool and one connection, so that a wrong address is found now. */
export async function openNative(options: NativeOptions): Promise<Pool> {
  const config: PoolConfig = {
    ...options.address,
    max: options.connections,
    types: parsers,
    application_name: options.applicationName,
    statement_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: options.idleTransactionTimeoutMs,
    options: '-c TimeZone=UTC',
    maxLifetimeSeconds: options.maxLifetimeSeconds,
    connectionTimeoutMillis: limits.databaseConnectMs,
    idleTimeoutMillis: limits.idleConnectionMs,
    keepAlive: true,
  }
  const pool = new Pool(config)
  listen(pool)
  try {
    const client = await pool.connect()
    client.release()
    return pool
  } catch (error) {
    await pool.end()
    throw connectionFault(error, options.variable, describe(options.address))
  }
}

const describe = ({ host, port, database, user }: Address): { host: string; port: number; database?: string; user?: string } => ({
  host: host ?? 'localhost',
  port: port ?? 5432,
  ...(database && { database }),
  ...(user && { user }),
})

/**
 * A connection that breaks tells so by an 'error' event, on the pool while idle and on the client while in use; without a
 * listener the process ends. The query under way rejects as well, and the pool drops the client when it is released.
 */
export function listen(pool: Pool): void {
  pool.on('error', () => undefined)
  pool.on('connect', (client: PoolClient) => client.on('error', () => undefined))
}

/** One connection, closed after `work`. */
export async function withConnection<T>(address: Address, variable: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    ...address,
    types: parsers,
    options: '-c TimeZone=UTC',
    application_name: 'businessos owner',
    connectionTimeoutMillis: limits.databaseConnectMs,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    throw connectionFault(error, variable, describe(address))
  }
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
