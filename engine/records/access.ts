import { actions as everyAction } from '../catalogue/types.ts'
import type { Action, Catalogue, Entity, Field, Permission, RowScope } from '../catalogue/types.ts'
import type { TransactionContext } from '../database/types.ts'
import { fieldOf } from '../fields/index.ts'
import { suggestion } from '../fields/nearest.ts'
import { echo, Problem } from '../problems.ts'
import type { Access, Actor, Call, EntityAccess } from './types.ts'

/** What a transaction is opened with; without an access it reads no records. */
export const contextOf = (actor: Actor, access: Access | null = null): TransactionContext => ({
  tenant: actor.tenant,
  member: actor.member,
  session: actor.session,
  generation: actor.generation,
  scopes: access?.scopes ?? [],
})

/** A field's settings as this caller may know them. Rows are stored and rendered with the field's own. */
export const settingsFor = (access: Access, { type, settings }: Field): unknown =>
  fieldOf(type).narrow?.(settings, (entity) => access.entities.has(entity)) ?? settings

const cache = new WeakMap<Catalogue, Map<string, Access>>()

/**
 * What a set of roles may do, compiled once per catalogue and set. Deny by default: an entity that no role grants is
 * absent, and an absent entity, field or action answers exactly as one that does not exist.
 */
export function accessFor(catalogue: Catalogue, roles: readonly string[]): Access {
  const key = roles.toSorted().join(' ')
  let byRoles = cache.get(catalogue)
  if (!byRoles) cache.set(catalogue, (byRoles = new Map()))
  const known = byRoles.get(key)
  if (known) return known
  const access = compileAccess(catalogue, new Set(roles), key)
  byRoles.set(key, access)
  return access
}

/**
 * The entity at an address. One that no role of the caller names answers as one that does not exist, and what was meant
 * instead is only ever what the caller may know.
 */
export function entityAt({ catalogue, entities }: Access, { module, plural }: Pick<Call, 'module' | 'plural'>): EntityAccess {
  const entity = catalogue.routes.get(`${module}/${plural}`)
  const here = entity && entities.get(entity.id)
  if (here && !here.entity.link) return here
  const known = [...entities.values()].flatMap((each) => (each.entity.link ? [] : [`${each.entity.module}/${each.entity.plural}`]))
  throw new Problem('not-found', `There is no ${echo(`${module}/${plural}`)} here.${suggestion(`${module}/${plural}`, known)}`)
}

function compileAccess(catalogue: Catalogue, roles: ReadonlySet<string>, key: string): Access {
  const entities = new Map<string, EntityAccess>()
  for (const entity of catalogue.entities.values()) {
    if (entity.kind === 'line') continue
    const permissions = [...entity.permissions.values()].filter((each) => roles.has(each.role))
    const granted = combine(entity, permissions)
    if (!granted) continue
    entities.set(entity.id, granted)
    addLines(catalogue, entities, granted)
  }
  const readable = [...entities.values()].flatMap(({ entity, actions }) => {
    const scope = entity.kind === 'line' ? undefined : widestOf(entity, [actions.get('list'), actions.get('get')])
    return scope ? [`${entity.id}:${scope.id}`] : []
  })
  return Object.freeze({ catalogue, key: `${catalogue.hash} ${key}`, entities, scopes: Object.freeze(readable) })
}

/** An entity's scopes are listed widest first. */
const widestOf = (entity: Entity, granted: readonly (RowScope | undefined)[]): RowScope | undefined =>
  entity.scopes.find((scope) => granted.includes(scope))

/**
 * Several roles add up: an action is granted if one grants it, over the widest scope that does. A field is shown only if a
 * role that reaches every row the actor can read shows it: a narrower role must not reveal it on the other rows. It may be
 * written only if a role that lets the actor write shows it and does not fix it: leave to read it, from another role, is no more.
 */
function combine(entity: Entity, permissions: readonly Permission[]): EntityAccess | null {
  const granted = new Map<Action, RowScope>()
  for (const action of everyAction) {
    const scope = entity.scopes.find(({ id }) => permissions.some((each) => each.scope === id && each.actions.has(action)))
    if (scope) granted.set(action, scope)
  }
  if (granted.size === 0) return null
  const widest = widestOf(entity, [granted.get('list'), granted.get('get')])
  const readers = permissions.filter((each) => each.scope === widest?.id && (each.actions.has('list') || each.actions.has('get')))
  const judges = readers.length > 0 ? readers : permissions
  const hidden = (id: string) => judges.every((each) => each.hide.has(id))
  const writable = widestOf(entity, [granted.get('update'), granted.get('create')])
  const writers = permissions.filter((each) => each.scope === writable?.id && (each.actions.has('update') || each.actions.has('create')))
  const fixed = (id: string) => writers.every((each) => each.readOnly.has(id) || each.hide.has(id))
  return {
    entity,
    actions: granted,
    visible: entity.fields.filter((field) => !hidden(field.id)),
    readOnly: new Set(writers.flatMap((each) => [...each.readOnly, ...each.hide]).filter(fixed)),
    ...(judges.some((each) => hasLinePaths(each)) && {
      hiddenLines: new Set(judges.flatMap((each) => [...each.hide]).filter((path) => path.includes('.') && hidden(path))),
    }),
  }
}

const hasLinePaths = (permission: Permission): boolean => [...permission.hide].some((path) => path.includes('.'))

/** Lines inherit their document's permissions; `hide: ["lines.cost"]` hides one column of them, `readOnly` fixes one. */
function addLines(catalogue: Catalogue, entities: Map<string, EntityAccess>, document: EntityAccess, parent = document, prefix = ''): void {
  for (const field of parent.visible) {
    const entity = field.lines && !field.lines.through ? catalogue.entities.get(field.lines.entity) : undefined
    if (!entity) continue
    const path = `${prefix}${field.id}`
    const fixed = document.readOnly.has(path)
    const lines: EntityAccess = {
      entity,
      actions: document.actions,
      visible: entity.fields.filter((each) => !document.hiddenLines?.has(`${path}.${each.id}`)),
      readOnly: new Set(entity.fields.filter((each) => fixed || document.readOnly.has(`${path}.${each.id}`)).map((each) => each.id)),
    }
    entities.set(entity.id, lines)
    addLines(catalogue, entities, document, lines, `${path}.`)
  }
}
