import type { Condition, PermissionNode } from '../api/roles.ts'

/** What a permission says of each action; what it does not say it refuses. `read` stands for list, get and history, unless they differ. */
export type Grants = Readonly<Record<string, Condition>>

/** In the order in which they are shown. */
export const grantable = ['read', 'create', 'update', 'delete', 'restore', 'export', 'import', 'share', 'ai'] as const
const reading = ['list', 'get', 'history'] as const

export function grantsOf(node: PermissionNode | null): Grants {
  const said = (name: string): Condition => {
    const value = node?.[name]
    return typeof value === 'string' || typeof value === 'boolean' ? value : false
  }
  const several = reading.some((name) => node?.[name] !== undefined)
  return {
    ...Object.fromEntries(grantable.map((name) => [name, said(name)])),
    ...(several && Object.fromEntries(reading.map((name) => [name, node?.[name] === undefined ? said('read') : said(name)]))),
  }
}

export const scopesIn = (node: PermissionNode | null): readonly string[] =>
  node === null ? [] : typeof node.scope === 'string' ? [node.scope] : node.scope

/** A permission as it is being changed. */
export interface Draft {
  readonly scopes: readonly string[]
  readonly grants: Grants
  readonly transitions: Grants
  readonly hide: readonly string[]
  readonly readOnly: readonly string[]
  /** Field → where it is shown. */
  readonly mask: Readonly<Record<string, string>>
}

export const draftOf = (node: PermissionNode | null): Draft => ({
  scopes: scopesIn(node),
  grants: grantsOf(node),
  transitions: node?.transitions ?? {},
  hide: node?.hide ?? [],
  readOnly: node?.readOnly ?? [],
  mask: Object.fromEntries(Object.entries(node?.mask ?? {}).map(([field, { unless }]) => [field, unless])),
})

/** Null: it gives nothing. What the draft does not know of (`show`) stays as it was in `before`. */
export function nodeOf(draft: Draft, before: PermissionNode | null): PermissionNode | null {
  const given = (grants: Grants): Record<string, Condition> =>
    Object.fromEntries(Object.entries(grants).filter(([, value]) => value !== false))
  const grants = given(draft.grants)
  const [only, ...others] = draft.scopes
  if (only === undefined || Object.keys(grants).length === 0) return null
  const masked = Object.entries(draft.mask).filter(([, unless]) => unless.trim() !== '')
  const transitions = given(draft.transitions)
  return {
    ...(before?.['show'] !== undefined && { show: before['show'] }),
    scope: others.length === 0 ? only : draft.scopes,
    // One that is refused though `read` gives it is said to be.
    ...('list' in draft.grants ? { ...grants, ...Object.fromEntries(reading.map((name) => [name, draft.grants[name] ?? false])) } : grants),
    ...(Object.keys(transitions).length > 0 && { transitions }),
    ...(draft.hide.length > 0 && { hide: draft.hide }),
    ...(draft.readOnly.length > 0 && { readOnly: draft.readOnly }),
    ...(masked.length > 0 && { mask: Object.fromEntries(masked.map(([field, unless]) => [field, { unless }])) }),
  }
}
