import type { Permission as PermissionNode } from '../../metadata/entity.d.ts'
import { settingsIn } from '../expressions/core.ts'
import type { Node } from '../expressions/types.ts'
import { didYouMean } from '../fields/nearest.ts'
import { pointerSegment } from '../problems.ts'
import type { Fault } from '../problems.ts'
import { checkPermissions } from './check-settings.ts'
import type { Place } from './compile-expression.ts'
import { permissionsOf } from './compile-permissions.ts'
import { namesOf } from './names.ts'
import { notYetIn } from './not-yet.ts'
import { permissionWords } from './permission-words.ts'
import { fromStored, toStored } from './role-document.ts'
import type { Lost, StoredPermission } from './role-document.ts'
import { settleWords } from './settle-logic.ts'
import type { Validate } from './sources.ts'
import type { EntityDraft, Symbols } from './symbols.ts'
import { administrator } from './types.ts'
import type { Catalogue, Entity, OwnPermission, Permission, Role } from './types.ts'

/** Roles that a tenant defines begin with this; no module can have the name. */
const ownModule = 'tenant'
export const ownPrefix = `${ownModule}.`

/** What a tenant says of roles, over what its modules say. Equal edits make one catalogue with equal modules. */
export interface RoleEdits {
  readonly roles: readonly { readonly id: string; readonly title: string }[]
  /** At most one for a role and an entity (id). */
  readonly permissions: readonly RoleEdit[]
}
export interface RoleEdit {
  readonly role: string
  readonly entity: string
  readonly document: StoredPermission
}

/**
 * Compiles what tenants say of roles against one catalogue, by the same steps as the files of modules. `symbols` are those that the
 * catalogue was made of.
 */
export class RoleCompiler {
  readonly #base: Catalogue
  readonly #symbols: Symbols
  readonly #validate: Validate
  readonly #names
  /** By `entity/field`: values that are not stored, and what stands in their place. */
  readonly #inlined: ReadonlyMap<string, Node>

  constructor(base: Catalogue, symbols: Symbols, validate: Validate) {
    this.#base = base
    // A tenant stands above all its modules: it may name whatever one of them has.
    const all = new Set([...symbols.modules.keys(), ownModule])
    this.#symbols = { ...symbols, modules: new Map([...symbols.modules].map(([id, module]) => [id, { ...module, sees: all }])) }
    this.#validate = validate
    this.#names = namesOf(symbols, () => true)
    this.#inlined = inlinedOf(base)
  }

  /** What the module's file says of the role; null: nothing. */
  moduleDocument(entity: Entity, role: string): PermissionNode | null {
    return this.#draft(entity.id)?.node['x-bos']?.permissions?.[role] ?? null
  }

  /** A document as somebody sends it: the form that is kept, or all that is wrong with it. */
  read(edits: RoleEdits, role: string, entity: string, document: unknown): { stored: StoredPermission } | { faults: Fault[] } {
    const symbols = this.#with(edits)
    const draft = this.#draft(entity)
    if (!draft) throw new Error(`${entity} is not in the catalogue`)
    const shape = this.#shapeFaults(role, document)
    if (shape.length > 0) return { faults: shape }
    const { faults } = this.#compile(draft, symbols, role, document as PermissionNode)
    return faults.length > 0 ? { faults } : { stored: toStored(this.#place(draft), symbols, document as PermissionNode) }
  }

  /** The catalogue under these edits, named by `hash`. What cannot be as it was said denies; nothing here throws for it. */
  under(edits: RoleEdits, hash: string): Catalogue {
    const symbols = this.#with(edits)
    const permissions = new Map<string, Map<string, OwnPermission>>()
    const changed = new Map<string, Map<string, Permission>>()
    for (const { role, entity: id, document } of edits.permissions) {
      const entity = this.#base.entities.get(id)
      const draft = this.#draft(id)
      if (!entity || !draft || role === administrator || !symbols.roles.has(role)) continue
      const { node, permission, faults } = this.#understood(draft, symbols, role, document)
      const granted = changed.get(id) ?? new Map(entity.permissions)
      granted.delete(role)
      if (permission) granted.set(role, permission)
      changed.set(id, granted)
      permissions.set(id, (permissions.get(id) ?? new Map<string, OwnPermission>()).set(role, { document: node, faults }))
    }
    const entityUnder = (entity: Entity): Entity => {
      const granted = changed.get(entity.id)
      return granted ? Object.freeze({ ...entity, permissions: granted }) : entity
    }
    const entities = new Map([...this.#base.entities].map(([id, entity]) => [id, entityUnder(entity)]))
    const routes = new Map([...this.#base.routes].map(([address, { id }]) => [address, entities.get(id)!]))
    return Object.freeze({ ...this.#base, hash, roles: new Map(symbols.roles), entities, routes, own: { permissions } })
  }

  readonly #draft = (entity: string): EntityDraft | undefined => [...this.#symbols.entities.values()].find(({ id }) => id === entity)

  #with({ roles }: RoleEdits): Symbols {
    const own = roles.map(({ id, title }): [string, Role] => [id, Object.freeze({ id, title, module: ownModule })])
    return { ...this.#symbols, roles: new Map([...this.#base.roles, ...own.filter(([id]) => !this.#base.roles.has(id))]) }
  }

  #place(draft: EntityDraft): Place {
    return { draft, shape: this.#names.shape(draft.id)!, names: this.#names, settings: settingsIn(this.#names), report: () => undefined }
  }

  #shapeFaults(role: string, document: unknown): Fault[] {
    const file = { title: 'x', type: 'object', properties: { x: { type: 'string' } }, 'x-bos': { permissions: { [role]: document } } }
    const at = `/x-bos/permissions/${pointerSegment(role)}`
    const found = [...this.#validate('entity', file)]
    if (found.length === 0) found.push(...notYetIn('entity', file))
    return found.map(({ pointer, detail, suggestion }) => ({
      pointer: pointer.startsWith(at) ? pointer.slice(at.length) : '',
      detail: suggestion ? `${detail}.${didYouMean(suggestion)}` : detail,
    }))
  }

  /** What `check` and `compile` make of it, as if it stood in the entity's file. */
  #compile(draft: EntityDraft, symbols: Symbols, role: string, node: PermissionNode) {
    const at = `/x-bos/permissions/${pointerSegment(role)}`
    const faults: Fault[] = []
    const report: Place['report'] = (_file, pointer, detail, meant) => {
      const inside = pointer.startsWith(at) ? pointer.slice(at.length) : ''
      if (!faults.some((each) => each.pointer === inside && each.detail === detail))
        faults.push({ pointer: inside, detail: meant ? `${detail}.${didYouMean(meant)}` : detail })
    }
    const settings = draft.node['x-bos'] ?? {}
    const asked = { ...draft, node: { ...draft.node, 'x-bos': { ...settings, permissions: { [role]: node } } } }
    checkPermissions(asked, symbols, report)
    const spoken = permissionWords({ ...this.#place(asked), report }, symbols).get(role)
    if (faults.length > 0 || !spoken) return { permission: null, faults }
    const words = settleWords(spoken, this.#inlined, (detail) => report('', at, detail))
    if (faults.length > 0) return { permission: null, faults }
    // Among all others: whether any of them speaks of a transition decides what is said of it by saying nothing.
    const among = { ...draft, node: { ...draft.node, 'x-bos': { ...settings, permissions: { ...settings.permissions, [role]: node } } } }
    const only = new Map([...symbols.roles].filter(([id]) => id === role))
    return { permission: permissionsOf(among, symbols, only, new Map([[role, words]])).get(role) ?? null, faults }
  }

  /** Whatever a tenant keeps, its people can go on working: what nobody can make sense of denies. */
  #understood(draft: EntityDraft, symbols: Symbols, role: string, document: StoredPermission) {
    try {
      const { node, lost } = fromStored(this.#place(draft), symbols, document)
      return { node, ...this.#inForce(draft, symbols, role, node, lost) }
    } catch {
      const node: PermissionNode = { scope: 'all' }
      return { node, permission: null, faults: [{ pointer: '', detail: 'what is kept cannot be read any more: say it again' }] }
    }
  }

  /** A document that may be older than the modules: what of it is wrong denies, and the rest is as it says. */
  #inForce(
    draft: EntityDraft,
    symbols: Symbols,
    role: string,
    node: PermissionNode,
    lost: readonly Lost[],
  ): { permission: Permission | null; faults: readonly Fault[] } {
    const told = new Map<string, Fault>()
    const tell = (faults: readonly Fault[]): readonly Fault[] => {
      for (const each of faults) if (!told.has(each.pointer)) told.set(each.pointer, each)
      return faults
    }
    tell(lost)
    let narrowed: PermissionNode | null = lost.length > 0 ? narrow(node, lost) : node
    // Twice: what was found wrong by its form may have hidden what is wrong with its meaning.
    for (let round = 0; narrowed && round < 3; round++) {
      const shape = tell(this.#shapeFaults(role, narrowed))
      const { permission, faults } = shape.length > 0 ? { permission: null, faults: shape } : this.#compile(draft, symbols, role, narrowed)
      tell(faults)
      if (faults.length === 0) return { permission, faults: [...told.values()] }
      narrowed = narrow(narrowed, faults)
    }
    return { permission: null, faults: [...told.values()] }
  }
}

/**
 * Without what is wrong, so that less is granted, never more: a scope that is gone has no rows, an action whose condition cannot be
 * understood is not granted, a field whose mask cannot be is hidden. Null: nothing can be kept.
 */
function narrow(node: PermissionNode, faults: readonly Fault[]): PermissionNode | null {
  const next = structuredClone(node) as unknown as Record<string, unknown>
  const dropped = new Map<string, Set<number>>()
  for (const { pointer } of faults) {
    const [, keyword = '', key = '', ...rest] = pointer.split('/')
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~')
    if (keyword === 'scope' && Array.isArray(next['scope']) && key !== '') drop(dropped, 'scope', key)
    else if (['hide', 'show', 'readOnly'].includes(keyword) && key !== '') drop(dropped, keyword, key)
    else if (keyword === 'mask' && key !== '') {
      const masks = next['mask'] as Record<string, unknown>
      // Of a field that is gone nothing is to be seen.
      if (rest.length > 0 && Object.hasOwn(masks, name)) next['hide'] = [...((next['hide'] as string[] | undefined) ?? []), name]
      delete masks[name]
    } else if (keyword === 'transitions' && key !== '') {
      const runs = next['transitions'] as Record<string, unknown>
      if (typeof runs[name] === 'string') runs[name] = false
      else delete runs[name]
    } else if (key === '' && keyword !== 'scope' && typeof next[keyword] === 'string') next[keyword] = false
    else return null
  }
  for (const [keyword, indexes] of dropped) next[keyword] = (next[keyword] as unknown[]).filter((_, index) => !indexes.has(index))
  if (Array.isArray(next['scope']) && next['scope'].length === 0) return null
  for (const keyword of ['hide', 'show', 'readOnly']) if (Array.isArray(next[keyword]) && next[keyword].length === 0) delete next[keyword]
  return next as unknown as PermissionNode
}

function drop(dropped: Map<string, Set<number>>, keyword: string, index: string): void {
  dropped.set(keyword, (dropped.get(keyword) ?? new Set()).add(Number(index)))
}

/** Values that are worked out when they are read stand in expressions as what they are worked out from. */
function inlinedOf(base: Catalogue): ReadonlyMap<string, Node> {
  const found = new Map<string, Node>()
  for (const { id, fields } of base.entities.values())
    for (const { id: field, logic } of fields)
      if (logic?.derivation?.stored === false) found.set(`${id}/${field}`, logic.derivation.expression.root)
  return found
}
