import { loadModules } from '../catalogue/load.ts'
import { placeInFiles } from '../catalogue/place.ts'
import { inOrder } from '../catalogue/choose.ts'
import type { ModuleSource, SourceFault } from '../catalogue/sources.ts'
import { cataloguesInUse, keepModules, openCatalogues, type Catalogues } from '../catalogue/store.ts'
import { compiledValidate } from '../catalogue/validate.ts'
import type { Session } from '../database/types.ts'
import type { Database } from '../database/types.ts'
import { applyCatalogues } from '../schema/apply.ts'
import { constraintMeaning } from '../schema/meaning.ts'
import { migrate } from '../schema/migrate.ts'
import type { Refusal } from '../schema/types.ts'
import { watchPresence } from './presence.ts'

export interface ServedModules {
  readonly catalogues: Catalogues
  /** What is wrong with the files, and what the tables refuse of them. A module named here is served as it was before, or not at all. */
  readonly faults: readonly SourceFault[]
}

/**
 * Brings tables and catalogue into agreement: engine's own tables, then those of all modules in use. A module whose change the tables
 * refuse is served as it was before (or not at all, when it is new); the rest is not held back by it.
 */
export async function serveModules(owner: Session, caller: Pick<Database, 'call'>, modulesDir: string): Promise<ServedModules> {
  await migrate(owner)
  const files = await loadModules(modulesDir)
  const options = { caller, validate: compiledValidate(), setAside: files.map((source) => source.id) }
  const fit: Fit = async (sources) => {
    const catalogues = await openCatalogues(owner, sources, options)
    const { status, refusals } = await applyCatalogues(owner, await cataloguesInUse(owner, catalogues))
    if (status === 'busy') throw new SchemaRefused(refusals)
    return { catalogues, refusals }
  }
  const all = await fit(files).catch(unlessRefused)
  const { catalogues, faults } =
    all !== null && all.refusals.length === 0 ? { catalogues: all.catalogues, faults: [] } : await fitOneByOne(files, fit)
  await keepModules(owner, catalogues)
  await moveToServed(owner, catalogues)
  await watchPresence(owner)
  return { catalogues, faults: [...faults, ...catalogues.chosen.faults] }
}

/** Makes the tables fit these sources and what is stored of the other modules, all of it or nothing. */
type Fit = (sources: readonly ModuleSource[]) => Promise<{ readonly catalogues: Catalogues; readonly refusals: readonly Refusal[] }>

/**
 * Takes up one module after the other on top of what was served before. That way it is known which one does not fit, also where it
 * changes the table of another: an entity that uses a trait lengthens references in the trait's module.
 */
async function fitOneByOne(files: readonly ModuleSource[], fit: Fit): Promise<{ catalogues: Catalogues; faults: SourceFault[] }> {
  const before = await fit([])
  // Not even that fits any more: no module can give way.
  if (before.refusals.length > 0) throw new SchemaRefused(before.refusals)
  let { catalogues } = before
  const fitting: ModuleSource[] = []
  const refused: (readonly [module: string, SourceFault])[] = []
  for (const source of inOrder(files)) {
    const next = await fit([...fitting, source]).catch(unlessRefused)
    if (next?.refusals.length === 0) {
      fitting.push(source)
      catalogues = next.catalogues
    } else if (next === null) {
      const detail = 'the engine cannot make tables of it, which is a fault of the engine: please report it with the module.'
      refused.push([source.id, { file: `${source.id}/module.json`, pointer: '', detail }])
    } else refused.push(...next.refusals.map((refusal) => [source.id, faultOf(refusal, source.id, next.catalogues)] as const))
  }
  const outcome = (module: string): string =>
    catalogues.full.modules.has(module) ? 'The module is served as it was before.' : 'The module is not served.'
  return { catalogues, faults: refused.map(([module, fault]) => ({ ...fault, detail: `${fault.detail} ${outcome(module)}` })) }
}

function faultOf({ entity, field, name, message }: Refusal, module: string, { chosen, full }: Catalogues): SourceFault {
  const unique = name === null ? null : (constraintMeaning(full, name)?.unique ?? null)
  return { ...placeInFiles([...chosen.sources.values()], module, { entity, field, unique }), detail: message }
}

/** An error nobody foresaw is judged by what fails with it: without the module at fault the start goes on, and without the database it does not. */
const unlessRefused = (error: unknown): null => {
  if (error instanceof SchemaRefused) throw error
  return null
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
