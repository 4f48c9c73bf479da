import { actions, type Action, type Entity, type Permission } from '../catalogue/types.ts'

/**
 * What an API key is limited to, in words such as `crm.deal:read`, `crm.*:write`, `*:read`, `crm.deal:win`: an entity, a module's entities or all
 * of them, and there what only reads, what only writes, one action, or one transition.
 */
export type KeyScope = string

const words: Readonly<Record<string, readonly Action[]>> = {
  read: ['list', 'get', 'history', 'export'],
  write: ['create', 'update', 'delete', 'restore', 'import', 'share'],
  ...Object.fromEntries(actions.map((action) => [action, [action]])),
}
const form = /^(?:\*|([a-z][a-z0-9_]*)\.(\*|[a-z][a-z0-9_]*)):([a-z][a-z0-9_]*)$/

/** Why a text is no scope of these entities; null: it is one. */
export function scopeFault(scope: KeyScope, entities: ReadonlyMap<string, Entity>): string | null {
  const [, module, name, word = ''] = form.exec(scope) ?? []
  if (word === '') return 'must read like crm.deal:read, crm.*:write or *:read'
  const meant = [...entities.values()].filter((each) => covers(scope, each))
  if (meant.length === 0) return `means no entity: there is no ${module === undefined ? '*' : `${module}.${name ?? ''}`}`
  const isKnown = word in words || meant.some((each) => transitionIds(each).includes(word))
  return isKnown ? null : `"${word}" is neither read, write, an action nor a transition of it`
}

/** The part of a permission that scopes leave. Transitions go with `write`, too. */
export function narrowed(permission: Permission, entity: Entity, scopes: readonly KeyScope[]): Permission {
  const here = scopes.filter((scope) => covers(scope, entity)).map((scope) => scope.slice(scope.indexOf(':') + 1))
  const allowed = new Set(here.flatMap((word) => words[word] ?? []))
  const all = here.includes('write')
  return {
    ...permission,
    actions: new Set([...permission.actions].filter((action) => allowed.has(action))),
    transitions: new Set([...permission.transitions].filter((id) => all || here.includes(id))),
  }
}

const covers = (scope: KeyScope, { id, module }: Entity): boolean => {
  const at = scope.slice(0, scope.indexOf(':'))
  return at === '*' || at === id || at === `${module}.*`
}
const transitionIds = ({ lifecycles }: Entity): string[] => lifecycles.flatMap(({ transitions }) => transitions.map(({ id }) => id))
