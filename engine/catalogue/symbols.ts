import type { DisplayFile } from '../../metadata/display.d.ts'
import type { EntityFile, Property } from '../../metadata/entity.d.ts'
import type { ModuleFile } from '../../metadata/module.d.ts'
import type { TraitFile } from '../../metadata/trait.d.ts'
import type { ViewFile } from '../../metadata/view.d.ts'
import type { Kind, Role } from './types.ts'

/** One property as an entity has it, own or from a trait; `file` and `pointer` say where it was written. */
export interface PropertyDraft {
  readonly name: string
  readonly id: string
  readonly node: Property
  readonly required: boolean
  readonly file: string
  readonly pointer: string
  /** The trait it comes from, by full name. */
  readonly trait: string | null
}

export interface EntityDraft {
  /** `{module}.{id}`; equal to `fullName` unless the entity was renamed. */
  readonly id: string
  readonly fullName: string
  readonly name: string
  readonly module: string
  readonly kind: Kind
  readonly plural: string
  readonly file: string
  readonly node: EntityFile
  /** Own properties in file order, then those of traits. Broken ones are left out. */
  readonly properties: ReadonlyMap<string, PropertyDraft>
  /** Names that are written, broken or not: so that one fault is not reported again wherever the name is used. */
  readonly known: ReadonlySet<string>
  readonly traits: readonly TraitDraft[]
}
export interface TraitDraft {
  readonly fullName: string
  readonly module: string
  readonly file: string
  readonly node: TraitFile
}
export interface ViewDraft {
  readonly id: string
  readonly fullName: string
  readonly module: string
  readonly file: string
  readonly node: ViewFile
}
export interface ModuleDraft {
  readonly id: string
  readonly hash: string
  readonly file: string
  readonly node: ModuleFile
  /** Itself and every module it depends on, directly or through another. */
  readonly sees: ReadonlySet<string>
  readonly displays: ReadonlyMap<string, { readonly file: string; readonly node: DisplayFile }>
}

/** Everything that files can refer to, by the full name they would use. */
export interface Symbols {
  readonly modules: ReadonlyMap<string, ModuleDraft>
  readonly entities: ReadonlyMap<string, EntityDraft>
  readonly traits: ReadonlyMap<string, TraitDraft>
  readonly views: ReadonlyMap<string, ViewDraft>
  readonly roles: ReadonlyMap<string, Role>
  /** Full names that stand for files nobody could read: not unknown, only unusable. */
  readonly unreadable: ReadonlySet<string>
}

/** A file that its meta-schema has judged: `node` without the parts that failed, null when nothing usable is left. */
export interface JudgedFile {
  readonly module: string
  readonly hash: string
  readonly kind: 'module' | 'entity' | 'trait' | 'view' | 'display'
  readonly name: string
  readonly file: string
  readonly node: unknown
  /** Names under `properties` as written. */
  readonly propertyNames: readonly string[]
}

interface Nodes {
  readonly module: ModuleFile
  readonly entity: EntityFile
  readonly trait: TraitFile
  readonly view: ViewFile
  readonly display: DisplayFile
}
type Judged<K extends keyof Nodes> = JudgedFile & { readonly kind: K; readonly node: Nodes[K] }

/** The names of a set of files. Assumes nothing but the meta-schemas: dangling references are for check to find. */
export function symbolsOf(files: readonly JudgedFile[]): Symbols {
  const ofKind = <K extends keyof Nodes>(kind: K): Judged<K>[] =>
    files.filter((file): file is Judged<K> => file.kind === kind && file.node !== null)
  const modules = new Map<string, ModuleDraft>()
  const roles = new Map<string, Role>()
  const displays = Map.groupBy(ofKind('display'), (file) => file.module)
  for (const { module: id, hash, file, node } of ofKind('module')) {
    const shown = new Map((displays.get(id) ?? []).map((display) => [display.name, { file: display.file, node: display.node }]))
    modules.set(id, { id, hash, file, node, sees: new Set(), displays: shown })
    for (const role of node.roles ?? [])
      roles.set(role.id, { id: role.id, module: id, title: role.title, ...(role.viewAs && { viewAs: true }) })
  }
  for (const [id, module] of modules) modules.set(id, { ...module, sees: closure(id, modules) })

  const traits = new Map<string, TraitDraft>()
  for (const { module, name, file, node } of ofKind('trait')) {
    traits.set(`${module}.${name}`, { fullName: `${module}.${name}`, module, file, node })
  }
  const views = new Map<string, ViewDraft>()
  for (const { module, name, file, node } of ofKind('view')) {
    views.set(`${module}.${name}`, { id: `${module}.${node.id ?? name}`, fullName: `${module}.${name}`, module, file, node })
  }
  const entities = new Map<string, EntityDraft>()
  for (const file of ofKind('entity')) entities.set(`${file.module}.${file.name}`, entityDraft(file, traits))
  const unreadable = new Set(files.filter((file) => file.node === null).map((file) => `${file.module}.${file.name}`))
  return { modules, entities, traits, views, roles, unreadable }
}

function entityDraft(file: Judged<'entity'>, traits: ReadonlyMap<string, TraitDraft>): EntityDraft {
  const { module, name, node } = file
  const own = node['x-bos'] ?? {}
  const used = (own.use ?? []).map((trait) => traits.get(trait)).filter((trait) => trait !== undefined)
  const properties = new Map<string, PropertyDraft>()
  const mix = (source: { file: string; node: EntityFile | TraitFile }, trait: string | null): void => {
    const required = new Set([...(source.node.required ?? []), ...(node.required ?? [])])
    for (const [property, propertyNode] of Object.entries(source.node.properties ?? {})) {
      if (properties.has(property)) continue
      properties.set(property, {
        name: property,
        id: propertyNode['x-bos']?.id ?? property,
        node: propertyNode,
        required: required.has(property),
        file: source.file,
        pointer: `/properties/${property}`,
        trait,
      })
    }
  }
  mix({ file: file.file, node }, null)
  for (const trait of used) mix(trait, trait.fullName)
  return {
    id: `${module}.${own.id ?? name}`,
    fullName: `${module}.${name}`,
    name,
    module,
    file: file.file,
    node,
    properties,
    traits: used,
    kind: own.kind === 'line' || own.kind === 'single' || own.kind === 'ledger' ? own.kind : 'record',
    plural: own.plural ?? `${name}s`,
    known: new Set([...file.propertyNames, ...properties.keys()]),
  }
}

/** Among the fields of a line's unique key `parent` is the document, within which the others are unique. No property of a line has the name. */
export const isDocument = ({ kind }: EntityDraft, name: string): boolean => kind === 'line' && name === 'parent'

function closure(id: string, modules: ReadonlyMap<string, ModuleDraft>): ReadonlySet<string> {
  const seen = new Set([id])
  for (const each of seen) for (const next of Object.keys(modules.get(each)?.node.depends ?? {})) seen.add(next)
  return seen
}

/** The entities a reference may point to, by full name: `self` resolved, and those that traits append. Null: not a list (one column). */
export function targetsOf(
  entity: EntityDraft,
  property: PropertyDraft,
  symbols: Symbols,
): { readonly names: readonly string[]; readonly list: boolean } {
  const written = property.node['x-bos']?.entity
  const resolve = (name: string): string => (name === 'self' ? entity.fullName : name)
  if (!Array.isArray(written)) return { names: written === undefined ? [] : [resolve(written)], list: false }
  const names = new Set(written.map(resolve))
  for (const user of symbols.entities.values()) {
    for (const trait of user.traits) {
      for (const append of trait.node['x-bos']?.appendTo ?? []) {
        if (append.entity === entity.fullName && append.field === property.name) names.add(user.fullName)
      }
    }
  }
  return { names: [...names], list: true }
}
