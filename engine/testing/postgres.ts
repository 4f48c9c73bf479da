/**
 * Databases for tests, on the one PostgreSQL server of the test run (postgres.setup.ts).
 *
 *   const empty = await freshDatabase()
 *   const world = await freshDatabase(await template('world', async (url) => { … fill it … }))
 */
import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { inject, onTestFinished } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser address of the run's server; absent in projects without one. */
    postgres: string
  }
}

export interface TestDatabase {
  /** Superuser address of this database alone. */
  readonly url: string
  readonly name: string
  /** Ends every connection to it and removes it. */
  drop(): Promise<void>
}

/** A database that is only ever cloned, and what its build answered (JSON). */
export interface Template<Facts = void> {
  readonly name: string
  readonly facts: Facts
}

/** Superuser address of the run's server. */
export function postgresUrl(): string {
  const url: string | undefined = inject('postgres')
  if (url === undefined) throw new Error('This test needs PostgreSQL: name its file *.db.test.ts (vitest.config.ts)')
  return url
}

/** The same server and login, another database. */
export function databaseUrl(name: string): string {
  const url = new URL(postgresUrl())
  url.pathname = `/${name}`
  return url.href
}

/** Runs `work` with one superuser connection, closed afterwards. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Serialises one template's build over all workers of the run; the number is ours alone in this throwaway server. */
const templateLock = 'select pg_advisory_lock(77, hashtext($1))'

/**
 * Builds a template database once per test run, whichever test file asks first; later calls with the same name only answer it.
 * `build` gets the superuser address of an empty database and must have closed its connections when it resolves. What it answers
 * (JSON) is kept with the template, for test files in other processes.
 */
export async function template<Facts = void>(name: string, build: (url: string) => Promise<Facts>): Promise<Template<Facts>> {
  const database = `template_${name}`
  return withClient(postgresUrl(), async (admin) => {
    await admin.query(templateLock, [name])
    const kept = await admin.query<{ facts: string | null }>(
      `select shobj_description(oid, 'pg_database') as facts from pg_database where datname = $1`,
      [database],
    )
    if (kept.rows[0] !== undefined) return { name: database, facts: JSON.parse(kept.rows[0].facts ?? 'null') as Facts }
    const draft = `${database}_draft`
    // A build that failed in another file is tried again here, so that each file shows the reason.
    await admin.query(`drop database if exists ${admin.escapeIdentifier(draft)} with (force)`)
    await admin.query(`create database ${admin.escapeIdentifier(draft)} template template0`)
    const facts = await build(databaseUrl(draft))
    await admin.query(`comment on database ${admin.escapeIdentifier(draft)} is ${admin.escapeLiteral(JSON.stringify(facts ?? null))}`)
    await admin.query(`alter database ${admin.escapeIdentifier(draft)} allow_connections false`)
    // Closing a pool only asks: the rename below would refuse while one of its backends is still leaving.
    await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [draft])
    await admin.query(`alter database ${admin.escapeIdentifier(draft)} rename to ${admin.escapeIdentifier(database)}`)
    return { name: database, facts }
  })
}

/** A database of its own: empty, or a clone of a template. Dropped by `drop()`, at the latest with the server at the end of the run. */
export async function freshDatabase(from?: Pick<Template, 'name'>): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await withClient(postgresUrl(), async (admin) => {
    const source = from === undefined ? 'template0' : admin.escapeIdentifier(from.name)
    // Copying files beats copying through the log here, because without fsync its two checkpoints are nearly free.
    await admin.query(`create database ${name} template ${source} strategy file_copy`)
  })
  return { url: databaseUrl(name), name, drop: () => withClient(postgresUrl(), (admin) => dropDatabase(admin, name)) }
}

/**
 * A pool that has ended may still be saying goodbye: PostgreSQL waits five seconds for that, and a connection that it ended instead
 * would raise an error nobody listens for any more. Only then those that were left open are cut.
 */
async function dropDatabase(admin: Client, name: string): Promise<void> {
  try {
    await admin.query(`drop database if exists ${name}`)
  } catch {
    await admin.query(`drop database if exists ${name} with (force)`)
  }
}

/** As freshDatabase, inside a test: dropped when the test finishes. */
export async function databaseForTest(from?: Pick<Template, 'name'>): Promise<TestDatabase> {
  const database = await freshDatabase(from)
  onTestFinished(() => database.drop())
  return database
}
