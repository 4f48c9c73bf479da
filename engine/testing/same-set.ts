/** A world of random roles, and a model of what they let somebody see that shares nothing with the engine. */

export const paths = ['name', 'code', 'amount', 'site', 'rank', 'link', 'tags', 'lines', 'lines.cost'] as const
export type HidePath = (typeof paths)[number]
export const scopes = ['all', 'own', 'team', 'subtree', 'company', 'shared'] as const
export type ScopeName = (typeof scopes)[number]
export type Granted = 'list' | 'get' | 'history' | 'export' | 'update'

export interface RandomRole {
  readonly id: string
  readonly scope: readonly ScopeName[]
  readonly actions: readonly Granted[]
  readonly hide: readonly HidePath[]
}

/** Mulberry32: the same worlds for the same seed. */
export function random(seed: number) {
  const next = (): number => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (n: number): number => Math.floor(next() * n)
  return {
    below,
    chance: (p: number): boolean => next() < p,
    pick: <T>(from: readonly T[]): T => from[below(from.length)]!,
    some: <T>(from: readonly T[], p: number): T[] => from.filter(() => next() < p),
  }
}
export type Random = ReturnType<typeof random>

export function randomRole(id: string, by: Random): RandomRole {
  const scope = by.chance(0.2) ? (['all'] as const) : by.some(scopes.slice(1), 0.35)
  const reading = by.pick([['list', 'get'], ['list', 'get'], ['list', 'get'], ['list'], ['get']] as const)
  return {
    id,
    scope: scope.length > 0 ? scope : ['own'],
    actions: [...reading, ...by.some(['history', 'export', 'update'] as const, 0.7)],
    hide: by.chance(0.25) ? [] : by.some(paths, 0.35),
  }
}

const text = (title: string, more: object = {}) => ({ type: 'string', title, maxLength: 80, ...more })

/** Module `perm`: one entity with everything that can be masked, and these roles. */
export const permModule = (roles: readonly RandomRole[]): Readonly<Record<string, string>> => {
  const files: Record<string, object> = {
    'module.json': {
      id: 'perm',
      version: '1.0.0',
      metamodel: 1,
      title: 'Perm',
      depends: { core: '^1.0.0' },
      roles: roles.map(({ id }) => ({ id, title: id })),
    },
    'entities/item.json': {
      title: 'Item',
      type: 'object',
      required: ['name'],
      properties: {
        name: text('Name', { 'x-bos': { index: true } }),
        code: text('Code', { 'x-bos': { index: true } }),
        amount: { title: 'Amount', 'x-bos': { type: 'money', index: true } },
        site: { title: 'Site', 'x-bos': { type: 'address' } },
        rank: { type: 'integer', title: 'Rank', 'x-bos': { index: true } },
        link: { title: 'Link', 'x-bos': { type: 'reference', entity: 'perm.item', onDelete: 'setNull', inverse: 'linked' } },
        lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: 'perm.item_line' } },
      },
      'x-bos': {
        use: ['core.owned', 'core.of_company', 'core.shareable', 'core.taggable'],
        plural: 'items',
        titleField: 'name',
        search: ['name', 'code'],
        permissions: Object.fromEntries(
          roles.map(({ id, scope, actions, hide }) => [
            id,
            { scope, ...Object.fromEntries(actions.map((action) => [action, true])), ...(hide.length > 0 && { hide }) },
          ]),
        ),
      },
    },
    'entities/item_line.json': {
      title: 'Item line',
      type: 'object',
      properties: { label: text('Label'), cost: { type: 'integer', title: 'Cost' } },
      'x-bos': { kind: 'line', plural: 'item_lines' },
    },
  }
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => {
      const kind = name === 'module.json' ? 'module' : 'entity'
      return [name, JSON.stringify({ $schema: `${kind === 'module' ? '../..' : '../../..'}/metadata/${kind}.schema.json`, ...content })]
    }),
  )
}

/** What is known of one record: in which scopes of the acting member it is. */
export interface Facts {
  readonly id: string
  readonly scopes: ReadonlySet<ScopeName>
  readonly sharedToUpdate: boolean
  readonly record: Readonly<Record<string, unknown>>
}

/** Does one of the roles let the member do this to the record? */
export const reaches = (roles: readonly RandomRole[], action: Granted, { scopes: its, sharedToUpdate }: Facts): boolean =>
  roles.some(
    (role) =>
      role.actions.includes(action) &&
      role.scope.some((scope) => its.has(scope) && !(scope === 'shared' && action === 'update' && !sharedToUpdate)),
  )

/** The roles by which a record is read; a field is shown if one of them shows it. */
const readers = (roles: readonly RandomRole[], item: Facts): readonly RandomRole[] =>
  roles.filter(
    (role) => (role.actions.includes('list') || role.actions.includes('get')) && role.scope.some((scope) => item.scopes.has(scope)),
  )
const shownBy = (role: RandomRole, path: HidePath): boolean =>
  !role.hide.includes(path) && !(path === 'lines.cost' && role.hide.includes('lines'))
export const shows = (roles: readonly RandomRole[], item: Facts, path: HidePath): boolean =>
  readers(roles, item).some((role) => shownBy(role, path))
/** May the field be changed in this record? */
export const writes = (roles: readonly RandomRole[], item: Facts, path: HidePath): boolean =>
  shows(roles, item, path) && roles.some((role) => shownBy(role, path) && reaches([role], 'update', item))
/** A field that no role shows on any row does not exist. */
export const exists = (roles: readonly RandomRole[], path: HidePath): boolean =>
  roles.some((role) => (role.actions.includes('list') || role.actions.includes('get')) && shownBy(role, path))
