import { systemFields } from './system-fields.ts'
import { actions } from './types.ts'

/** The one table of names that modules may not use, and why. */

/** Parameters of lists: a property of this name could not be filtered by (`limit=5`). */
export const listParameters = ['filter', 'sort', 'fields', 'expand', 'search', 'limit', 'cursor', 'count', 'deleted', 'format'] as const
/** Those of aggregates, and of views to come. */
const furtherParameters = ['group', 'measure', 'having', 'view'] as const

/** Segments below a record or a collection: a transition of this name would have no address. */
const subRoutes = ['restore', 'history', 'explain', 'aggregate', 'bulk', 'import', 'export', 'share'] as const

/** What history says of a record besides its transitions. */
const eventTypes = [
  'created',
  'updated',
  'derived',
  'deleted',
  'restored',
  'shared',
  'unshared',
  'viewed_as',
  'access_changed',
  'invited',
] as const

/** What expressions begin with. `parent` is free outside lines, where it is an ordinary property of trees. */
const expressionRoots = ['self', 'old', 'user', 'tenant', 'settings', 'now', 'today', 'params'] as const

/** Further columns of module tables. */
const systemColumns = ['tenant_id', 'deletion_id', 'custom'] as const
/** Columns that every table of PostgreSQL has. */
const rowColumns = ['tableoid', 'ctid', 'xmin', 'xmax', 'cmin', 'cmax'] as const
/** What a line has besides its properties. */
const lineMembers = ['parent_id', 'position'] as const

/** Names that mean something to every JavaScript object. */
const objectNames = ['constructor', 'prototype', 'then', 'hasownproperty', 'tostring', 'valueof', 'tojson'] as const

/** First segments of the API, and PostgreSQL schemas that are not ours. */
const moduleNames = [
  'bos',
  'public',
  'pgboss',
  'information_schema',
  'auth',
  'me',
  'operator',
  'access',
  'account',
  'audit',
  'catalogue',
  'keys',
  'mail',
  'scim',
  'sso',
  'workspace',
  'jobs',
  'openapi',
  'docs',
  'graphql',
  'live',
  'mcp',
  'self',
  // Roles that tenants define themselves begin with it.
  'tenant',
  'x',
] as const

export type NamePlace =
  'module' | 'entity' | 'plural' | 'property' | 'line property' | 'inverse' | 'transition' | 'key' | 'view' | 'trait' | 'role' | 'scope'

const whyNot = new Map<NamePlace, ReadonlyMap<string, string>>()
const reserve = (places: readonly NamePlace[], names: readonly string[], why: string): void => {
  for (const place of places) {
    const table = new Map(whyNot.get(place))
    for (const name of names) if (!table.has(name)) table.set(name, why)
    whyNot.set(place, table)
  }
}
const everywhere: readonly NamePlace[] = [
  'module',
  'entity',
  'plural',
  'property',
  'line property',
  'inverse',
  'transition',
  'key',
  'view',
  'trait',
  'role',
  'scope',
]
const valued: readonly NamePlace[] = ['property', 'line property', 'inverse']
reserve(
  valued,
  systemFields.map((field) => field.name),
  'every record has it already',
)
reserve(valued, systemColumns, 'the engine uses it in its tables')
reserve(valued, rowColumns, 'every table of PostgreSQL has a column of this name')
reserve(valued, [...listParameters, ...furtherParameters], 'it is a parameter of lists')
reserve(valued, expressionRoots, 'expressions begin with it')
reserve(['line property'], lineMembers, 'every line has it already')
reserve(['line property'], ['parent'], 'in lines it means the document')
reserve(['transition'], subRoutes, 'it is an address of the API')
reserve(['transition'], ['read', ...actions], 'permissions call an action so')
reserve(['transition'], eventTypes, 'history tells something else by it')
reserve(['entity', 'module', 'plural'], ['self'], 'it means the entity itself')
reserve(['scope'], ['all', 'parent'], 'every entity has it, or every line')
reserve(['module'], moduleNames, 'the engine uses it')
reserve(everywhere, objectNames, 'it means something to every program that reads JSON')

/** Typed slot columns for tenants' custom fields on shared tables: s_text1, u_text1 … */
const slotName = /^[su]_(?:text|num|time|uuid)\d+$/
const namePattern = /^[a-z][a-z0-9_]*$/
const nameLength = 40

/** Why a name cannot be used in a place, as the end of a sentence; null when it can. */
export function nameFault(name: string, place: NamePlace): string | null {
  if (!namePattern.test(name)) return 'a name has lower-case letters, digits and underscores and begins with a letter'
  if (name.length > nameLength) return `a name has at most ${nameLength} characters`
  if (name.includes('__')) return 'a name has no double underscore'
  if (name.startsWith('x_') && place !== 'key') return 'names beginning with x_ are kept for what tenants add'
  if (slotName.test(name)) return 'it is the name of a column kept for custom fields'
  if (place === 'module' && name.startsWith('pg_')) return 'names beginning with pg_ belong to PostgreSQL'
  const why = whyNot.get(place)?.get(name)
  return why === undefined ? null : `it is reserved: ${why}`
}
