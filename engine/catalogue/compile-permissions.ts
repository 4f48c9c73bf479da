import type { EntityDraft, Symbols } from './symbols.ts'
import { actions, administrator } from './types.ts'
import type { Action, Permission, Role } from './types.ts'

/** `read` in a file. */
const reading: ReadonlySet<Action> = new Set(['list', 'get', 'history'])

/** Role → what it may do. Lines have none of their own: they follow their document. */
export function permissionsOf(draft: EntityDraft, symbols: Symbols, roles: ReadonlyMap<string, Role>): ReadonlyMap<string, Permission> {
  const found = new Map<string, Permission>()
  if (draft.kind === 'line') return found
  if (roles.has(administrator)) {
    found.set(administrator, { role: administrator, scopes: ['all'], actions: new Set(actions), hide: new Set(), readOnly: new Set() })
  }
  for (const [role, node] of Object.entries(draft.node['x-bos']?.permissions ?? {})) {
    // A role of a module that this set does not enable grants nothing here.
    if (!roles.has(role)) continue
    const granted = new Set(
      actions.filter((action) => node[action] === true || (node.read === true && reading.has(action) && node[action] !== false)),
    )
    found.set(role, {
      role,
      scopes: typeof node.scope === 'string' ? [node.scope] : node.scope,
      actions: granted,
      hide: new Set((node.hide ?? []).map((path) => idsOf(draft, path, symbols))),
      readOnly: new Set((node.readOnly ?? []).map((path) => idsOf(draft, path, symbols))),
    })
  }
  return found
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
