import type { Permission as PermissionNode } from '../../metadata/entity.d.ts'
import type { Expression } from '../expressions/types.ts'
import type { PermissionWords } from './permission-words.ts'
import type { EntityDraft, Symbols } from './symbols.ts'
import { actions, administrator } from './types.ts'
import type { Action, Permission, Role } from './types.ts'

/** `read` in a file. */
export const reading: ReadonlySet<Action> = new Set(['list', 'get', 'history'])
const written: ReadonlySet<Action> = new Set(['create', 'update', 'delete', 'restore', 'import'])

/** What a permission says of an action: itself, or by `read`. */
const saidOf = (node: PermissionNode, action: Action): boolean | string =>
  node[action] ?? (reading.has(action) ? node.read : undefined) ?? false

/** Role → what it may do. Lines have none of their own: they follow their document. */
export function permissionsOf(
  draft: EntityDraft,
  symbols: Symbols,
  roles: ReadonlyMap<string, Role>,
  words: ReadonlyMap<string, PermissionWords>,
): ReadonlyMap<string, Permission> {
  const found = new Map<string, Permission>()
  if (draft.kind === 'line') return found
  const transitions = transitionsOf(draft)
  // Nobody writes into a ledger but effects.
  const given = actions.filter((action) => draft.kind !== 'ledger' || !written.has(action))
  if (roles.has(administrator)) {
    found.set(administrator, {
      role: administrator,
      scopes: ['all'],
      actions: new Set(given),
      transitions: new Set(transitions.map((each) => each.id)),
      conditions: new Map(),
      guards: new Map(),
      hide: new Set(),
      readOnly: new Set(),
      masks: new Map(),
      show: new Set(),
    })
  }
  for (const [role, node] of Object.entries(draft.node['x-bos']?.permissions ?? {})) {
    // A role of a module that this set does not enable grants nothing here.
    if (!roles.has(role)) continue
    const granted = new Set(given.filter((action) => saidOf(node, action) !== false))
    const own = words.get(role)
    const conditions = new Map([...(own?.actions ?? [])].filter(([action]) => granted.has(action)))
    // What says something and was not understood must not be as if it said nothing.
    for (const action of granted)
      if (typeof saidOf(node, action) === 'string' && !conditions.has(action))
        throw new Error(`${draft.fullName}: ${role} has a condition that was not compiled`)
    const runs = transitions.flatMap((each) => {
      const said = runsBy(each, role, node, granted)
      const guard = said === 'as it updates' ? conditions.get('update') : own?.transitions.get(each.name)
      return said === false ? [] : [[each.id, guard] as const]
    })
    const ids = (paths: readonly string[] | undefined): ReadonlySet<string> =>
      new Set((paths ?? []).map((path) => pathOfIds(draft, path, symbols)))
    found.set(role, {
      role,
      scopes: typeof node.scope === 'string' ? [node.scope] : node.scope,
      actions: granted,
      transitions: new Set(runs.map(([id]) => id)),
      conditions,
      guards: new Map(runs.flatMap(([id, guard]): [string, Expression][] => (guard ? [[id, guard]] : []))),
      hide: ids(node.hide),
      readOnly: ids(node.readOnly),
      masks: own?.masks ?? new Map(),
      show: ids(node.show),
    })
  }
  return found
}

interface TransitionDraft {
  readonly id: string
  readonly name: string
  readonly roles: readonly string[] | undefined
  /** A permission says something of it. */
  readonly isListed: boolean
}

function transitionsOf(draft: EntityDraft): TransitionDraft[] {
  const listed = new Set(
    Object.values(draft.node['x-bos']?.permissions ?? {}).flatMap((permission) => Object.keys(permission.transitions ?? {})),
  )
  return [...draft.properties.values()].flatMap(({ node }) =>
    Object.entries(node['x-bos']?.lifecycle?.transitions ?? {}).map(([name, { id = name, roles }]) => ({
      id,
      name,
      roles,
      isListed: listed.has(name),
    })),
  )
}

/** Whom the transition or the permission names; where neither names anybody, whoever may update. */
function runsBy(
  { name, roles, isListed }: TransitionDraft,
  role: string,
  node: PermissionNode,
  granted: ReadonlySet<Action>,
): boolean | 'as it updates' {
  const said = node.transitions?.[name]
  if (said === false) return false
  if (roles?.includes(role) || said === true || typeof said === 'string') return true
  return roles === undefined && !isListed && granted.has('update') ? 'as it updates' : false
}

/** `lines.cost` as names → as ids. */
export function pathOfIds(draft: EntityDraft, path: string, symbols: Symbols): string {
  let here: EntityDraft | undefined = draft
  return path
    .split('.')
    .map((name) => {
      const property = here?.properties.get(name)
      const line = property?.node['x-bos']?.entity
      here = typeof line === 'string' ? symbols.entities.get(line) : undefined
      return property?.id ?? name
    })
    .join('.')
}
