/** Both database engines, migrated and empty, for tests that must hold on either. */
import { createDatabase, type DatabaseOptions, type OpenDatabase } from '../database/open.ts'
import type { TransactionContext } from '../database/types.ts'
import { migrate } from '../schema/migrate.ts'
import { freshDatabase, template } from './postgres.ts'

export const engines = ['native', 'embedded'] as const
export type Engine = (typeof engines)[number]

export interface OpenTestDatabase extends OpenDatabase {
  /** Superuser address; null on the embedded engine. */
  readonly url: string | null
}

type Tuning = Partial<Omit<DatabaseOptions, 'databaseUrl' | 'ownerUrl' | 'dataDir'>>

/** Opens a database of its own. The embedded one lies in memory and takes seconds to start: one per file. */
export async function openEngine(engine: Engine, tuning: Tuning = {}): Promise<OpenTestDatabase> {
  const url = engine === 'native' ? (await freshDatabase(await migratedTemplate())).url : null
  const database = await createDatabase({
    databaseUrl: url,
    ownerUrl: null,
    dataDir: null,
    connections: 20,
    canaryMs: 0,
    vacuumMs: 0,
    ...tuning,
  })
  if (engine === 'embedded') await database.withOwner(migrate)
  return { ...database, url }
}

const migratedTemplate = () =>
  template('engine', async (url) => {
    const database = await createDatabase({ databaseUrl: url, ownerUrl: null, dataDir: null, connections: 1 })
    await database.withOwner(migrate)
    await database.close()
  })

/** Two tenants that exist in every test database made by `addTenants`. */
export const tenants = { acme: '00000000-0000-7000-8000-00000000000a', globex: '00000000-0000-7000-8000-00000000000b' } as const

export async function addTenants(database: OpenDatabase): Promise<void> {
  await database.withOwner((owner) =>
    owner.query(`insert into bos.tenant (id, slug, name) values ($1, 'acme', 'Acme'), ($2, 'globex', 'Globex')`, [
      tenants.acme,
      tenants.globex,
    ]),
  )
}

/** The engine itself acts, in a tenant at its first generation. */
export const as = (tenant: string, more: Partial<TransactionContext> = {}): TransactionContext => ({
  tenant,
  member: null,
  session: null,
  generation: 1,
  scopes: [],
  ...more,
})
