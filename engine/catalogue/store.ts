import { limits } from '../config.ts'
import { Problem } from '../problems.ts'
import { check } from './check.ts'
import { compileCatalogue } from './compile.ts'
import { catalogueHash, fromStored, toStored } from './load.ts'
import type { StoredSource } from './load.ts'
import { settle } from './settle.ts'
import type { Settled } from './settle.ts'
import type { ModuleSource, Validate } from './sources.ts'
import type { Catalogue } from './types.ts'

type Rows = Promise<{ readonly rows: readonly Record<string, unknown>[] }>
/** A connection that acts as bos_owner, at start only. */
export interface OwnerConnection {
  query(text: string, values?: unknown[]): Rows
}
/** Definer functions outside any tenant: `Database.call`. */
interface Caller {
  call(query: { readonly text: string; readonly values?: readonly unknown[] }): Rows
}

/** One module as a tenant enables it. */
export interface EnabledModule {
  readonly module: string
  readonly version: string
}

export interface CataloguesOptions {
  readonly caller: Caller
  readonly validate: Validate
  /** Modules whose folders are there although their files are not to be used. */
  readonly setAside?: Iterable<string>
  /** Compiled sets kept; tenants with equal sets share one. */
  readonly setLimit?: number
  /** Tenants whose set is remembered. */
  readonly tenantLimit?: number
}

/** What is served, per tenant. Swapped whole: a request keeps the snapshot it began with. */
export class Catalogues {
  readonly settled: Settled
  /** Every module that can be enabled, compiled together. */
  readonly full: Catalogue
  readonly #stored: ReadonlyMap<string, ModuleSource>
  readonly #options: CataloguesOptions
  /** By hash, least recently used first. */
  readonly #sets = new Map<string, Catalogue>()
  readonly #tenants = new Map<string, { readonly generation: number; readonly catalogue: Promise<Catalogue> }>()

  /** `stored` holds every stored version by `module@version`, newest content each. Use `openCatalogues`. */
  constructor(settled: Settled, stored: ReadonlyMap<string, ModuleSource>, options: CataloguesOptions) {
    this.settled = settled
    this.#stored = stored
    this.#options = options
    this.full = this.#compiled([...settled.sources.values()])
  }

  /** The catalogue of a tenant at a generation: read anew when the generation has moved on since it was last asked for. */
  async current({ tenant, generation }: { readonly tenant: string; readonly generation: number }): Promise<Catalogue> {
    const known = this.#tenants.get(tenant)
    this.#tenants.delete(tenant)
    const entry = known !== undefined && known.generation >= generation ? known : { generation, catalogue: this.#read(tenant) }
    this.#tenants.set(tenant, entry)
    forgetOldest(this.#tenants, this.#options.tenantLimit ?? limits.tenantsKept)
    try {
      return await entry.catalogue
    } catch (error) {
      // A failed look is not remembered.
      if (this.#tenants.get(tenant) === entry) this.#tenants.delete(tenant)
      throw error
    }
  }

  /**
   * The catalogue of a set of modules, shared by equal sets. A version that is not the one served is taken from what is stored,
   * if it still fits the others; modules that are not served are left out with all that depends on them.
   */
  of(enabled: readonly EnabledModule[]): Catalogue {
    const served = (id: string): ModuleSource | undefined => this.settled.sources.get(id)
    const pinned = enabled
      .map(({ module, version }) => {
        const current = served(module)
        return current !== undefined && versionOf(current) === version ? current : (this.#stored.get(`${module}@${version}`) ?? current)
      })
      .filter((source) => source !== undefined)
    const isServed = pinned.every((source) => served(source.id) === source)
    if (isServed && isClosed(pinned)) return this.#compiled(pinned)
    if (!isServed && check(pinned, this.#options.validate).length === 0) return this.#compiled(pinned)
    return this.#compiled(closedPart(pinned.map((source) => served(source.id)).filter((source) => source !== undefined)))
  }

  async #read(tenant: string): Promise<Catalogue> {
    const { rows } = await this.#options.caller.call({ text: 'select * from bos.tenant_modules($1::uuid)', values: [tenant] })
    const enabled = rows.map((row) => ({ module: String(row['module']), version: String(row['version']) }))
    const moved = enabled.filter(({ module, version }) => {
      const served = this.settled.sources.get(module)
      return served !== undefined && versionOf(served) !== version
    })
    return moved.length === 0 ? this.of(enabled) : this.#ofOthers(enabled)
  }

  /** Another process has moved the tenant to versions that are not served here. The old ones may permit what the new ones forbid. */
  async #ofOthers(enabled: readonly EnabledModule[]): Promise<Catalogue> {
    const sources = await Promise.all(
      enabled.map(async ({ module, version }) => {
        const served = this.settled.sources.get(module)
        if (served !== undefined && versionOf(served) === version) return served
        const { rows } = await this.#options.caller.call({ text: 'select bos.module_source($1, $2) as source', values: [module, version] })
        const source = rows[0]?.['source'] as StoredSource | null | undefined
        return source ? fromStored(module, source) : null
      }),
    )
    const found = sources.filter((source) => source !== null)
    if (found.length === sources.length && check(found, this.#options.validate).length === 0) return this.#compiled(found)
    throw new Problem('unavailable', 'The modules are being brought to another version at this moment. Try again.')
  }

  #compiled(sources: readonly ModuleSource[]): Catalogue {
    const hash = catalogueHash(sources)
    const catalogue = this.#sets.get(hash) ?? compileCatalogue(sources, hash)
    this.#sets.delete(hash)
    this.#sets.set(hash, catalogue)
    forgetOldest(this.#sets, this.#options.setLimit ?? limits.cataloguesKept)
    return catalogue
  }
}

/**
 * Opens the store at start: files first, what is stored where files are broken. Writes nothing; after the tables fit,
 * `keepModules` makes what is served the new last good version. `settled.faults` are for the log.
 */
export async function openCatalogues(
  owner: OwnerConnection,
  files: readonly ModuleSource[],
  options: CataloguesOptions,
): Promise<Catalogues> {
  const { rows } = await owner.query('select module, version, source from bos.module_version order by stored_at')
  const last = new Map<string, ModuleSource>()
  const stored = new Map<string, ModuleSource>()
  for (const row of rows) {
    const source = fromStored(String(row['module']), row['source'] as StoredSource)
    last.set(source.id, source)
    stored.set(`${source.id}@${String(row['version'])}`, source)
  }
  const enabled = new Set((await owner.query('select distinct module from bos.tenant_module')).rows.map((row) => String(row['module'])))
  const written = new Set([...files.map((source) => source.id), ...(options.setAside ?? [])])
  // A folder that was taken away is over, unless a tenant still uses the module.
  for (const id of last.keys()) if (!written.has(id) && !enabled.has(id)) last.delete(id)
  return new Catalogues(settle(files, last, options.validate), stored, options)
}

/** Remembers what is served as the last good version of each module. */
export async function keepModules(owner: OwnerConnection, catalogues: Catalogues): Promise<void> {
  for (const source of catalogues.settled.sources.values()) {
    await owner.query(
      `insert into bos.module_version (module, version, hash, source) values ($1, $2, $3, $4::jsonb)
       on conflict (module, hash) do update set version = excluded.version, stored_at = clock_timestamp()`,
      [source.id, versionOf(source), source.hash, JSON.stringify(toStored(source))],
    )
  }
}

/** Every catalogue that some tenant uses, each once: what the tables have to serve. Without tenants, that of all modules. */
export async function cataloguesInUse(owner: OwnerConnection, catalogues: Catalogues): Promise<Catalogue[]> {
  const { rows } = await owner.query(
    `select distinct modules from (select jsonb_agg(jsonb_build_object('module', module, 'version', version) order by module) as modules
       from bos.tenant_module group by tenant_id) t order by modules`,
  )
  const sets = rows.map((row) => catalogues.of(row['modules'] as EnabledModule[]))
  return [...new Set([catalogues.full, ...sets])]
}

const moduleFile = (source: ModuleSource) => source.files.get('module.json') as { version: string; depends?: Record<string, string> }
const versionOf = (source: ModuleSource): string => moduleFile(source).version
const dependsOf = (source: ModuleSource): string[] => Object.keys(moduleFile(source).depends ?? {})

const isClosed = (sources: readonly ModuleSource[]): boolean => closedPart(sources).length === sources.length

/** Without the modules that lack something they depend on. */
function closedPart(sources: readonly ModuleSource[]): readonly ModuleSource[] {
  const ids = new Set(sources.map((source) => source.id))
  const whole = sources.filter((source) => dependsOf(source).every((id) => ids.has(id)))
  return whole.length === sources.length ? sources : closedPart(whole)
}

function forgetOldest(map: Map<string, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return
    map.delete(key)
  }
}
