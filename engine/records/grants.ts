import { actions as everyAction } from '../catalogue/types.ts'
import type { Action, ActorSet, Entity, Permission, RowScope } from '../catalogue/types.ts'
import { dependenciesOf } from '../expressions/dependencies.ts'
import type { Expression } from '../expressions/types.ts'
import type { EntityAccess, Grant, RowCondition } from './types.ts'

/** What several roles are together: pure, compiled once per set of roles. */

/** Every scope of the grants, once; one that has every row stands for all of them. */
export function scopesOf(grants: RowCondition): readonly RowScope[] {
  const scopes = [...new Map(grants.flatMap((each) => each.scopes).map((each) => [rowsOf(each), each])).values()]
  const every = scopes.find(({ predicate }) => predicate.kind === 'all')
  return every ? [every] : scopes
}

/** Equal texts are the same rows: what is shared is less to be changed than to be read. */
const rowsOf = ({ id, predicate }: RowScope): string => JSON.stringify([id, predicate])

/** By which a row is read in any way. */
export const reading = ({ actions }: EntityAccess): RowCondition => [...(actions.get('list') ?? []), ...(actions.get('get') ?? [])]

/** Every row, whatever it holds. */
export const reachesAll = (grants: RowCondition): boolean =>
  grants.some(({ scopes, condition }) => condition === null && scopes.some(({ predicate }) => predicate.kind === 'all'))

/** Does a condition hold in every row of another, as far as can be told without looking at rows? */
export function covers(shown: RowCondition, rows: RowCondition): boolean {
  const scopes = new Set(scopesOf(shown.filter((each) => each.condition === null)).map(rowsOf))
  return reachesAll(shown) || rows.every((each) => shown.includes(each) || each.scopes.every((scope) => scopes.has(rowsOf(scope))))
}

/** Of every new record that the roles take, one of these grants takes it too. */
export const asksNothing = (some: RowCondition, all: RowCondition): boolean =>
  some.some(({ condition }) => condition === null) || all.every((each) => some.includes(each))

/** A path, or the list that it is a column of, is among them. */
export const isNamed = (paths: ReadonlySet<string>, path: string): boolean =>
  paths.has(path) || (path.includes('.') && isNamed(paths, path.slice(0, path.lastIndexOf('.'))))

/** Whether the caller has the field at all; everybody who has the entity has what the engine keeps of its records. */
export const hasField = ({ entity, visible }: Pick<EntityAccess, 'entity' | 'visible'>, field: string): boolean =>
  !entity.fieldById.has(field) || visible.some((each) => each.id === field)

/** What sharing a record gives: to read it, or to read and change it; never more. */
const sharing: { readonly [action in Action]?: ActorSet } = {
  list: 'shared',
  get: 'shared',
  history: 'shared',
  export: 'shared',
  ai: 'shared',
  update: 'sharedToUpdate',
}

/** The rows that a permission reaches for an action; null: none. A new record is in no scope yet: whoever may create may give it away. */
function grantOf(entity: Entity, { role, scopes, actions, conditions }: Permission, action: Action): Grant | null {
  return actions.has(action) ? reachOf(entity, role, scopes, action, conditions.get(action) ?? null) : null
}

function reachOf(entity: Entity, role: string, scopes: readonly string[], action: Action, condition: Expression | null): Grant | null {
  const reached = entity.scopes
    .filter(({ id }) => scopes.includes(id))
    .flatMap((scope): RowScope[] => {
      const { predicate } = scope
      if (predicate.kind !== 'among' || predicate.set !== 'shared') return [scope]
      const set = sharing[action]
      return set ? [{ ...scope, predicate: { ...predicate, set } }] : []
    })
  return reached.length > 0 || action === 'create' ? { role, scopes: reached, condition } : null
}

/** What roles are together, with the paths of all that they may not know of. */
export type Combined = EntityAccess & {
  readonly hidden: ReadonlySet<string>
  /** Paths of derived values that roles show whatever they are made of: in which rows, and of which new records. */
  readonly show: ReadonlyMap<string, { readonly rows: RowCondition; readonly created: RowCondition }>
}

/** One permission with its grants by action. */
interface Part {
  readonly permission: Permission
  readonly grants: ReadonlyMap<Action, Grant>
}

/**
 * Several roles add up, row by row: an action is granted in a row if one role grants it there; a field is shown in a row if a role by
 * which the actor reads the row shows it, and may be changed there if one by which the actor may update the row shows it and does
 * not fix it. So a second role never takes anything away, and never shows in a row what only another row's role shows.
 */
export function combine(
  entity: Entity,
  permissions: readonly Permission[],
  entities: ReadonlyMap<string, EntityAccess> = new Map(),
): Combined | null {
  const parts = permissions.map((permission): Part => {
    const grants = everyAction.flatMap((action) => {
      const grant = grantOf(entity, permission, action)
      return grant ? [[action, grant] as const] : []
    })
    return { permission, grants: new Map(grants) }
  })
  const grantsOf: GrantsOf = (action, among = parts, path = '') =>
    among.flatMap((each) => {
      const grant = each.grants.get(action)
      return grant ? limited(grant, masksOf(each.permission, path)) : []
    })
  const actions = new Map(everyAction.map((action) => [action, grantsOf(action)] as const).filter(([, grants]) => grants.length > 0))
  if (actions.size === 0) return null
  const paths = [...new Set(permissions.flatMap((each) => [...each.hide, ...each.readOnly, ...each.masks.keys()]))]
  const shown = [...new Set(permissions.flatMap((each) => [...each.show]))]
  const created: Action = entity.kind === 'single' ? 'update' : 'create'
  const read: Read = (among, path) => [...grantsOf('list', among, path), ...grantsOf('get', among, path)]
  const sight = fieldsRead(entity, paths, parts, read)
  return {
    entity,
    entities,
    actions,
    transitions: transitionsOf(entity, permissions),
    within: [],
    ...sight,
    ...fieldsWritten(entity, paths, parts, grantsOf, created, sight.masks),
    show: new Map(
      shown.flatMap((path) => {
        const showing = judgesOf(parts).filter((each) => each.permission.show.has(path) && shows(each, path))
        return showing.length > 0 ? [[path, { rows: read(showing, path), created: grantsOf(created, showing, path) }] as const] : []
      }),
    ),
  }
}

/** The grants of an action among some roles; of a path, where it is not masked besides. */
type GrantsOf = (action: Action, among?: readonly Part[], path?: string) => RowCondition
type Read = (among: readonly Part[], path?: string) => RowCondition

/** What must hold of a record so that the role shows the path: of a column, the masks of its list too. */
export const masksOf = ({ masks }: Permission, path: string): readonly Expression[] =>
  masks.size === 0 ? [] : [...masks].flatMap(([at, unless]) => (at === path || path.startsWith(`${at}.`) ? [unless] : []))

/** The grant as far as this holds besides. */
function limited(grant: Grant, besides: readonly Expression[]): Grant {
  if (besides.length === 0) return grant
  const condition = besides.reduce((all, each) => (all ? bothOf(all, each) : each), grant.condition)
  return { ...grant, condition }
}

function bothOf(left: Expression, right: Expression): Expression {
  const root = { kind: 'and', type: left.type, left: left.root, right: right.root } as const
  return { ...left, root, dependencies: dependenciesOf(root) }
}

/** A transition reaches the rows that the same role could update by its scopes, where its own condition holds. */
function transitionsOf(entity: Entity, permissions: readonly Permission[]): EntityAccess['transitions'] {
  const ids = entity.lifecycles.flatMap(({ transitions }) => transitions.map((each) => each.id))
  const granted = ids.map((id) => {
    const among = permissions.filter(({ transitions }) => transitions.has(id))
    return [id, among.flatMap(({ role, scopes, guards }) => reachOf(entity, role, scopes, 'update', guards.get(id) ?? null) ?? [])] as const
  })
  return new Map(granted.filter(([, grants]) => grants.length > 0))
}

const shows = ({ permission }: Part, path: string): boolean => !isNamed(permission.hide, path)
const opens = (part: Part, path: string): boolean => shows(part, path) && !isNamed(part.permission.readOnly, path)

const readersOf = (parts: readonly Part[]): readonly Part[] => parts.filter((each) => each.grants.has('list') || each.grants.has('get'))
/** Who reads nothing may know of what they write. */
function judgesOf(parts: readonly Part[]): readonly Part[] {
  const readers = readersOf(parts)
  return readers.length > 0 ? readers : parts
}

function fieldsRead(entity: Entity, paths: readonly string[], parts: readonly Part[], read: Read) {
  const readers = readersOf(parts)
  const judges = judgesOf(parts)
  const hidden = new Set(paths.filter((path) => !judges.some((each) => shows(each, path))))
  const rows = read(readers)
  const masks = new Map<string, readonly RowCondition[]>()
  for (const path of paths) {
    if (hidden.has(path)) continue
    const shown = read(
      readers.filter((each) => shows(each, path)),
      path,
    )
    if (!covers(shown, rows)) masks.set(path, [shown])
  }
  return { hidden, visible: entity.fields.filter((field) => !hidden.has(field.id)), masks }
}

/** Fields that say whose a record is: scopes go by them. */
export const belonging = ({ scopes }: Entity): ReadonlySet<string> =>
  new Set(scopes.flatMap(({ predicate }) => (predicate.kind === 'among' && predicate.field !== null ? [predicate.field] : [])))

/** Whoever could take over what is only shared with them would come to more than was shared. */
function beyondSharing(grants: RowCondition): RowCondition {
  const others = ({ predicate }: RowScope): boolean => predicate.kind !== 'among' || predicate.set !== 'sharedToUpdate'
  return grants.flatMap((each) => (each.scopes.some(others) ? [{ ...each, scopes: each.scopes.filter(others) }] : []))
}

/** Where everything is shown that roles show by this field: taking the record over opens no mask. */
const opened = (field: string, parts: readonly Part[], masks: EntityAccess['masks']): readonly RowCondition[] =>
  [...masks].flatMap(([path, shown]) => {
    const asked = parts.flatMap(({ permission }) => masksOf(permission, path))
    const needs = asked.flatMap(({ dependencies }) => dependencies.roots.get('self') ?? [])
    return needs.some(({ values, hops }) => values.has(field) || hops.has(field)) ? shown : []
  })

function fieldsWritten(
  entity: Entity,
  named: readonly string[],
  parts: readonly Part[],
  grantsOf: GrantsOf,
  created: Action,
  masks: EntityAccess['masks'],
) {
  const whose = belonging(entity)
  const paths = [...new Set([...named, ...whose])]
  const readOnly = new Set<string>()
  const fixed = new Map<string, readonly RowCondition[]>()
  const fixedOnCreate = new Set<string>()
  const given = new Map<string, readonly RowCondition[]>()
  const [updates, creates] = [grantsOf('update'), grantsOf(created)]
  for (const path of paths) {
    const open = parts.filter((each) => opens(each, path))
    const [reached, creatable] = [grantsOf('update', open, path), grantsOf(created, open, path)]
    const updatable = whose.has(path) ? beyondSharing(reached) : reached
    if (updates.length + creates.length === 0) continue
    if (updatable.length + creatable.length === 0) readOnly.add(path)
    else {
      const where = [...(covers(updatable, updates) ? [] : [updatable]), ...(whose.has(path) ? opened(path, parts, masks) : [])]
      if (where.length > 0) fixed.set(path, where)
      if (creates.length > 0 && creatable.length === 0) fixedOnCreate.add(path)
      else if (!asksNothing(creatable, creates)) given.set(path, [creatable])
    }
  }
  return { readOnly, fixed, fixedOnCreate, given }
}
