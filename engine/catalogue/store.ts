import { createHash } from 'node:crypto'
import { limits } from '../config.ts'
import { Problem } from '../problems.ts'
import { check, symbolsOfChecked } from './check.ts'
import { compileCatalogue } from './compile.ts'
import { catalogueHash, fromStored, toStored } from './load.ts'
import type { StoredSource } from './load.ts'
import { RoleCompiler } from './own-roles.ts'
import type { RoleEdits } from './own-roles.ts'
import { chooseSources } from './choose.ts'
import type { ChosenSources } from './choose.ts'
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

/** What a tenant has: its modules, what it says of roles, and both together. */
export interface TenantCatalogue {
  readonly base: Catalogue
  readonly edits: RoleEdits
  readonly catalogue: Catalogue
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
  readonly chosen: ChosenSources
  /** Every module that can be enabled, compiled together. */
  readonly full: Catalogue
  readonly #stored: ReadonlyMap<string, ModuleSource>
  readonly #options: CataloguesOptions
  /** By hash, least recently used first. */
  readonly #sets = new Map<string, Catalogue>()
  /** By hash, as above: those of tenants that say something of roles. */
  readonly #edited = new Map<string, Catalogue>()
  readonly #tenants = new Map<string, { readonly generation: number; readonly said: Promise<Said> }>()
  readonly #compilers = new WeakMap<Catalogue, RoleCompiler>()
  readonly #sources = new WeakMap<Catalogue, readonly ModuleSource[]>()

  /** `stored` holds every stored version by `module@version`, newest content each. Use `openCatalogues`. */
  constructor(chosen: ChosenSources, stored: ReadonlyMap<string, ModuleSource>, options: CataloguesOptions) {
    this.chosen = chosen
    this.#stored = stored
    this.#options = options
    this.full = this.#compiled([...chosen.sources.values()])
  }

  /** The catalogue of a tenant at a generation: read anew when the generation has moved on since it was last asked for. */
  async current(at: { readonly tenant: string; readonly generation: number }): Promise<Catalogue> {
    return (await this.tenant(at)).catalogue
  }

  /** As `current`, with what it is made of. */
  async tenant({ tenant, generation }: { readonly tenant: string; readonly generation: number }): Promise<TenantCatalogue> {
    const known = this.#tenants.get(tenant)
    this.#tenants.delete(tenant)
    const entry = known !== undefined && known.generation >= generation ? known : { generation, said: this.#read(tenant) }
    this.#tenants.set(tenant, entry)
    forgetOldest(this.#tenants, this.#options.tenantLimit ?? limits.tenantsKept)
    try {
      const { base, edits, hash } = await entry.said
      return { base, edits, catalogue: this.#under(base, edits, hash) }
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
    const served = (id: string): ModuleSource | undefined => this.chosen.sources.get(id)
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

  /** A catalogue with what a tenant says of roles, shared by equal sets with equal edits. */
  under(base: Catalogue, edits: RoleEdits): Catalogue {
    return this.#under(base, edits, hashUnder(base, edits))
  }

  /** A tenant remembers what it says, not what it was compiled to: few of them are busy at a time. */
  #under(base: Catalogue, edits: RoleEdits, hash: string): Catalogue {
    if (hash === base.hash) return base
    return kept(this.#edited, hash, limits.editedCataloguesKept, () => this.compilerOf(base).under(edits, hash))
  }

  /** Compiles what tenants with these modules say of roles. */
  compilerOf(base: Catalogue): RoleCompiler {
    const known = this.#compilers.get(base)
    if (known) return known
    const sources = [...(this.#sources.get(base) ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1))
    const made = new RoleCompiler(base, symbolsOfChecked(sources), this.#options.validate)
    this.#compilers.set(base, made)
    return made
  }

  async #read(tenant: string): Promise<Said> {
    const base = await this.#readModules(tenant)
    const edits = await this.#readEdits(tenant)
    return { base, edits, hash: hashUnder(base, edits) }
  }

  async #readEdits(tenant: string): Promise<RoleEdits> {
    const { rows } = await this.#options.caller.call({
      text: 'select roles, permissions from bos.tenant_roles($1::uuid)',
      values: [tenant],
    })
    const [row] = rows
    return { roles: (row?.['roles'] ?? []) as RoleEdits['roles'], permissions: (row?.['permissions'] ?? []) as RoleEdits['permissions'] }
  }

  async #readModules(tenant: string): Promise<Catalogue> {
    const { rows } = await this.#options.caller.call({ text: 'select * from bos.tenant_modules($1::uuid)', values: [tenant] })
    const enabled = rows.map((row) => ({ module: String(row['module']), version: String(row['version']) }))
    const moved = enabled.filter(({ module, version }) => {
      const served = this.chosen.sources.get(module)
      return served !== undefined && versionOf(served) !== version
    })
    return moved.length === 0 ? this.of(enabled) : this.#ofOthers(enabled)
  }

  /** Another process has moved the tenant to versions that are not served here. The old ones may permit what the new ones forbid. */
  async #ofOthers(enabled: readonly EnabledModule[]): Promise<Catalogue> {
    const sources = await Promise.all(
      enabled.map(async ({ module, version }) => {
        const served = this.chosen.sources.get(module)
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
    const catalogue = kept(this.#sets, hash, this.#options.setLimit ?? limits.cataloguesKept, () => compileCatalogue(sources, hash))
    this.#sources.set(catalogue, sources)
    return catalogue
  }
}

/** What a tenant has, before it is compiled together. */
interface Said {
  readonly base: Catalogue
  readonly edits: RoleEdits
  readonly hash: string
}

const hashUnder = (base: Catalogue, edits: RoleEdits): string =>
  edits.roles.length === 0 && edits.permissions.length === 0
    ? base.hash
    : createHash('sha256')
        .update(`${base.hash}\n${JSON.stringify(edits)}`)
        .digest('hex')

/** The one of this hash, now the most recently used. */
function kept(among: Map<string, Catalogue>, hash: string, limit: number, compile: () => Catalogue): Catalogue {
  const catalogue = among.get(hash) ?? compile()
  among.delete(hash)
  among.set(hash, catalogue)
  forgetOldest(among, limit)
  return catalogue
}

/**
 * Opens the store at start: files first, what is stored where files are broken. Writes nothing; after the tables fit,
 * `keepModules` makes what is served the new last good version. `chosen.faults` are for the log.
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
  return new Catalogues(chooseSources(files, last, options.validate), stored, options)
}

/** Remembers what is served as the last good version of each module. */
export async function keepModules(owner: OwnerConnection, catalogues: Catalogues): Promise<void> {
  for (const source of catalogues.chosen.sources.values()) {
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
