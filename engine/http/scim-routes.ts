import { limits } from '../config.ts'
import type { Origin } from '../identity/member-events.ts'
import { Problem } from '../problems.ts'
import type { Answer } from '../records/types.ts'
import type { DirectoryBearer } from '../sso/directory.ts'
import { readOperations } from '../sso/scim-patch.ts'
import { groupChange, readScimGroup, type ScimGroups, type StoredGroup } from '../sso/scim-groups.ts'
import { patchedUser, readScimUser, type Asked, type ScimUsers, type StoredUser } from '../sso/scim-users.ts'
import { readQuery } from './records-route.ts'
import { empty, type DirectoryRoute, type Exchange, type Method } from './route.ts'
import { resourceTypes, schemas, serviceProvider, urn } from './scim-schemas.ts'

interface Parts {
  readonly users: ScimUsers
  readonly groups: ScimGroups
  /** What addresses in answers begin with. */
  readonly publicUrl: URL
}

/** SCIM 2.0 (RFC 7643, 7644): a company's directory keeps its people and groups here in step. Whose directory it is, the token says. */
export function scimRoutes({ users, groups, publicUrl }: Parts): readonly DirectoryRoute[] {
  const base = new URL('/scim/v2', publicUrl).href
  const route = (method: Method, path: string, handle: (exchange: Exchange, at: DirectoryBearer) => Promise<Answer>): DirectoryRoute => ({
    method,
    path: `/scim/v2${path}`,
    guard: 'directory',
    takes: 'scim',
    handle,
  })
  const user = (stored: StoredUser) => shownUser(stored, base)
  const group = (stored: StoredGroup) => shownGroup(stored, base)
  const made = (value: { readonly meta: { readonly location: string } }): Answer => scim(201, value, { location: value.meta.location })
  const sizes = { characters: limits.scimValueCharacters, members: limits.scimMembers }
  const fixed = (path: string, all: readonly { readonly id: string }[]): DirectoryRoute[] => [
    route('GET', path, () => Promise.resolve(scim(200, listed({ total: all.length, rows: all }, 1)))),
    route('GET', `${path}/:id`, ({ request }) => {
      const found = all.find(({ id }) => id === request.params['id'])
      if (!found) throw new Problem('not-found')
      return Promise.resolve(scim(200, found))
    }),
  ]

  return [
    route('GET', '/ServiceProviderConfig', () => Promise.resolve(scim(200, serviceProvider(base, limits.scimRows)))),
    ...fixed('/ResourceTypes', resourceTypes(base)),
    ...fixed('/Schemas', schemas(base)),

    route('GET', '/Users', async (exchange, at) => {
      const asked = readAsked(exchange)
      const { total, rows } = await users.list(at, asked)
      return scim(200, listed({ total, rows: rows.map(user) }, asked.startIndex))
    }),
    route('GET', '/Users/:id', async (exchange, at) => scim(200, user(await users.get(at, idIn(exchange))))),
    route('POST', '/Users', async (exchange, at) =>
      made(user(await users.create(at, readScimUser(exchange.body, limits.scimValueCharacters), originOf(exchange)))),
    ),
    route('PUT', '/Users/:id', async (exchange, at) => {
      const wanted = readScimUser(exchange.body, limits.scimValueCharacters)
      return scim(200, user(await users.replace(at, idIn(exchange), wanted, originOf(exchange))))
    }),
    route('PATCH', '/Users/:id', async (exchange, at) => {
      const operations = readOperations(exchange.body, limits.scimOperations)
      const id = idIn(exchange)
      const wanted = patchedUser(await users.get(at, id), operations, limits.scimValueCharacters)
      return scim(200, user(await users.replace(at, id, wanted, originOf(exchange))))
    }),
    route('DELETE', '/Users/:id', async (exchange, at) => {
      await users.remove(at, idIn(exchange), originOf(exchange))
      return empty(204)
    }),

    route('GET', '/Groups', async (exchange, at) => {
      const asked = { ...readAsked(exchange), withMembers: withMembers(exchange) }
      const { total, rows } = await groups.list(at, asked)
      return scim(200, listed({ total, rows: rows.map(group) }, asked.startIndex))
    }),
    route('GET', '/Groups/:id', async (exchange, at) => scim(200, group(await groups.get(at, idIn(exchange), withMembers(exchange))))),
    route('POST', '/Groups', async (exchange, at) =>
      made(group(await groups.create(at, readScimGroup(exchange.body, sizes), originOf(exchange)))),
    ),
    route('PUT', '/Groups/:id', async (exchange, at) =>
      scim(200, group(await groups.change(at, idIn(exchange), readScimGroup(exchange.body, sizes), originOf(exchange)))),
    ),
    route('PATCH', '/Groups/:id', async (exchange, at) => {
      const change = groupChange(readOperations(exchange.body, limits.scimOperations), sizes)
      return scim(200, group(await groups.change(at, idIn(exchange), change, originOf(exchange))))
    }),
    route('DELETE', '/Groups/:id', async (exchange, at) => {
      await groups.remove(at, idIn(exchange), originOf(exchange))
      return empty(204)
    }),
  ]
}

const scim = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  body: JSON.stringify(value),
  headers: { ...headers, 'content-type': 'application/scim+json' },
})
const idIn = ({ request }: Exchange): string => String(request.params['id'])
const originOf = ({ requestId }: Exchange): Origin => ({ via: 'directory', requestId })

const listed = ({ total, rows }: { readonly total: number; readonly rows: readonly unknown[] }, startIndex: number) => ({
  schemas: [urn.list],
  totalResults: total,
  startIndex,
  itemsPerPage: rows.length,
  Resources: rows,
})

/** RFC 7644 §3.4.2.4: numbers that make no sense are the nearest that do. Throws 'parameter-invalid' for what is no number. */
function readAsked({ request }: Exchange): Asked {
  const query = readQuery(request.url)
  const whole = (name: string, otherwise: number): number => {
    const [given] = query.get(name) ?? []
    if (given === undefined) return otherwise
    if (/^-?\d{1,9}$/.test(given)) return Number(given)
    throw new Problem('parameter-invalid', `${name} must be a whole number.`, {
      faults: [{ pointer: name, detail: 'must be a whole number' }],
    })
  }
  const [filter = ''] = query.get('filter') ?? []
  return {
    filter: filter.trim() === '' ? null : filter,
    startIndex: Math.max(1, whole('startIndex', 1)),
    count: Math.max(0, whole('count', limits.scimRows)),
  }
}

/** Members of large groups are left out by directories that only want to know whether there is one. */
function withMembers({ request }: Exchange): boolean {
  const query = readQuery(request.url)
  const names = (parameter: string): readonly string[] | null =>
    query
      .get(parameter)?.[0]
      ?.split(',')
      .map((name) =>
        name
          .trim()
          .toLowerCase()
          .replace(/^urn:.*:/, ''),
      ) ?? null
  if (names('excludedAttributes')?.includes('members') === true) return false
  return names('attributes')?.some((name) => name.startsWith('members')) ?? true
}

const metaOf = (base: string, resourceType: 'User' | 'Group', { id, createdAt, changedAt }: StoredUser | StoredGroup) => ({
  resourceType,
  created: createdAt,
  lastModified: changedAt,
  location: `${base}/${resourceType}s/${id}`,
})
const known = <T>(value: T | null): T | undefined => value ?? undefined

const shownUser = (stored: StoredUser, base: string) => ({
  schemas: [urn.user],
  id: stored.id,
  externalId: known(stored.externalId),
  userName: stored.userName,
  displayName: stored.displayName,
  name: { formatted: stored.displayName, givenName: known(stored.givenName), familyName: known(stored.familyName) },
  title: known(stored.title),
  emails: stored.email === null ? [] : [{ value: stored.email, type: 'work', primary: true }],
  active: stored.active,
  groups: stored.groups.map(({ value, display }) => ({ value, display, $ref: `${base}/Groups/${value}`, type: 'direct' })),
  meta: metaOf(base, 'User', stored),
})
const shownGroup = (stored: StoredGroup, base: string) => ({
  schemas: [urn.group],
  id: stored.id,
  externalId: known(stored.externalId),
  displayName: stored.displayName,
  members: stored.members?.map(({ value, display }) => ({ value, display, $ref: `${base}/Users/${value}`, type: 'User' })),
  meta: metaOf(base, 'Group', stored),
})
