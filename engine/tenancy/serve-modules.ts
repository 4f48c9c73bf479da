import { loadModules } from '../catalogue/load.ts'
import { cataloguesInUse, keepModules, openCatalogues, type Catalogues } from '../catalogue/store.ts'
import { compiledValidate } from '../catalogue/validate.ts'
import type { Session } from '../database/roles.ts'
import type { Database } from '../database/types.ts'
import { applyCatalogues } from '../schema/apply.ts'
import { migrate } from '../schema/migrate.ts'
import type { Refusal } from '../schema/types.ts'
import { watchPresence } from './presence.ts'

export interface ServedModules {
  readonly catalogues: Catalogues
  /** Changes that the tables refused, all of modules that are not served as their files say. */
  readonly refusals: readonly Refusal[]
}

/**
 * Brings tables and catalogue into agreement: engine's own tables, then those of all modules in use. A module whose change the tables
 * refuse is served as it was before (or not at all, when it is new); the rest is not held back by it.
 */
export async function serveModules(owner: Session, caller: Pick<Database, 'call'>, modulesDir: string): Promise<ServedModules> {
  await migrate(owner)
  let files = await loadModules(modulesDir)
  const refusals: Refusal[] = []
  for (;;) {
    const catalogues = await openCatalogues(owner, files, { caller, validate: compiledValidate() })
    const outcome = await applyCatalogues(owner, await cataloguesInUse(owner, catalogues))
    if (outcome.status !== 'refused') {
      await keepModules(owner, catalogues)
      await moveToServed(owner, catalogues)
      await watchPresence(owner)
      return { catalogues, refusals }
    }
    refusals.push(...outcome.refusals)
    const blamed = new Set(outcome.refusals.map((refusal) => refusal.entity.split('.')[0]))
    const left = files.filter((source) => !blamed.has(source.id))
    if (left.length === files.length) throw new SchemaRefused(refusals)
    files = left
  }
}

/** The tables do not fit and no module can give way. */
export class SchemaRefused extends Error {
  readonly refusals: readonly Refusal[]
  constructor(refusals: readonly Refusal[]) {
    super('the tables cannot be brought to what the modules say')
    this.name = 'SchemaRefused'
    this.refusals = refusals
  }
}

/** Tenants follow the version that is served: there is no publishing yet by which they could choose. */
async function moveToServed(owner: Session, catalogues: Catalogues): Promise<void> {
  for (const { id, version } of catalogues.full.modules.values()) {
    await owner.query('update bos.tenant_module set version = $2 where module = $1 and version <> $2', [id, version])
  }
}
