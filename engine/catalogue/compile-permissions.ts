import type { Permission as PermissionNode } from '../../metadata/entity.d.ts'
import type { EntityDraft, Symbols } from './symbols.ts'
import { actions, administrator } from './types.ts'
import type { Action, Permission, Role } from './types.ts'

/** `read` in a file. */
const reading: ReadonlySet<Action> = new Set(['list', 'get', 'history'])
const written: ReadonlySet<Action> = new Set(['create', 'update', 'delete', 'restore', 'import'])

/** Role → what it may do. Lines have none of their own: they follow their document. */
export function permissionsOf(draft: EntityDraft, symbols: Symbols, roles: ReadonlyMap<string, Role>): ReadonlyMap<string, Permission> {
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
      hide: new Set(),
      readOnly: new Set(),
    })
  }
  for (const [role, node] of Object.entries(draft.node['x-bos']?.permissions ?? {})) {
    // A role of a module that this set does not enable grants nothing here.
    if (!roles.has(role)) continue
    const granted = new Set(
      given.filter((action) => node[action] === true || (node.read === true && reading.has(action) && node[action] !== false)),
    )
    found.set(role, {
      role,
      scopes: typeof node.scope === 'string' ? [node.scope] : node.scope,
      actions: granted,
      transitions: new Set(transitions.filter((each) => mayRun(each, role, node, granted)).map((each) => each.id)),
      hide: new Set((node.hide ?? []).map((path) => idsOf(draft, path, symbols))),
      readOnly: new Set((node.readOnly ?? []).map((path) => idsOf(draft, path, symbols))),
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
function mayRun({ name, roles, isListed }: TransitionDraft, role: string, node: PermissionNode, granted: ReadonlySet<Action>): boolean {
  if (roles?.includes(role) || node.transitions?.[name] === true) return true
  return roles === undefined && !isListed && granted.has('update')
}

/** `lines.cost` as names → as ids. */
function idsOf(draft: EntityDraft, path: string, symbols: Symbols): string {
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
