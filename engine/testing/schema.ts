import { PGlite } from '@electric-sql/pglite'
import { btree_gin } from '@electric-sql/pglite/contrib/btree_gin'
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { Client } from 'pg'
import { initRoles } from '../database/roles.ts'
import { freshDatabase, template, withClient } from './postgres.ts'
import { migrate } from '../schema/migrate.ts'
import type { OwnerSession } from '../schema/migrate.ts'

/** One superuser connection that acts as bos_owner, over schema bos as migrated. */
export interface TestSession extends OwnerSession {
  readonly engine: 'native' | 'embedded'
  close(): Promise<void>
}

async function prepare(session: OwnerSession): Promise<void> {
  await initRoles(session)
  await session.query('set role bos_owner')
  await migrate(session)
}

/** A database of its own on the run's server. `url` opens further connections. */
export async function nativeSession(): Promise<TestSession & { readonly url: string }> {
  const migrated = await template('schema', (url) => withClient(url, prepare))
  const database = await freshDatabase(migrated)
  const client = new Client({ connectionString: database.url })
  await client.connect()
  // A clone has the tables of its template, not the rights on the database.
  await initRoles(client)
  await client.query('set role bos_owner')
  return {
    engine: 'native',
    url: database.url,
    query: (text, values) => client.query(text, values),
    async close() {
      await client.end()
      await database.drop()
    },
  }
}

/** A database in memory. */
export async function embeddedSession(): Promise<TestSession> {
  const engine = await PGlite.create({ extensions: { pg_trgm, btree_gin, btree_gist } })
  const session: TestSession = {
    engine: 'embedded',
    async query(text, values) {
      if (values !== undefined) return engine.query<Record<string, unknown>>(text, values)
      return { rows: (await engine.exec(text)).at(-1)?.rows ?? [] }
    },
    close: () => engine.close(),
  }
  await prepare(session)
  return session
}

/** Who acts in `asRole`; unset: nobody, as a connection without bos.begin. */
export interface Acting {
  readonly tenant?: string
  readonly member?: string
  readonly scopes?: readonly string[]
}

/** Runs `work` in a transaction under a serving role, rolled back afterwards. */
export async function asRole<T>(session: OwnerSession, role: 'bos_read' | 'bos_write', acting: Acting, work: () => Promise<T>): Promise<T> {
  await session.query('begin')
  try {
    await session.query(`select set_config('bos.tenant', $1, true), set_config('bos.member', $2, true), set_config('bos.scopes', $3, true)`,
      [acting.tenant ?? '', acting.member ?? '', (acting.scopes ?? []).join(',')])
    await session.query(`set local role ${role}`)
    return await work()
  } finally {
    await session.query('rollback')
  }
}
