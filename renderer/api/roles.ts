import { useQueries, useQuery } from '@tanstack/react-query'
import { renewAccess, type RoleSummary } from './access.ts'
import { call, callJson, type Query } from './client.ts'
import type { Fault } from './problem.ts'
import { queryClient } from './records.ts'

/** What roles may do and how that is changed, as engine/http/role-routes.ts tells administrators. All throw ApiProblem. */

/** True, false, or of which records: an expression. */
export type Condition = boolean | string
/** As in an entity's file (metadata/entity.d.ts); keys that a screen does not know stay as they are. */
export interface PermissionNode {
  readonly scope: string | readonly string[]
  readonly transitions?: Readonly<Record<string, Condition>>
  readonly hide?: readonly string[]
  readonly readOnly?: readonly string[]
  readonly mask?: Readonly<Record<string, { readonly unless: string }>>
  readonly [grant: string]: unknown
}
export interface RolePermission {
  readonly module: PermissionNode | null
  readonly tenant: PermissionNode | null
  readonly faults?: readonly Fault[]
}
export interface RoleView extends RoleSummary {
  readonly permissions: Readonly<Record<string, RolePermission>>
  /** Of this state of it. */
  readonly tag: string
}
export interface Scope {
  readonly id: string
  readonly title: string
}
interface GainedAndLost<T> {
  readonly gained: T
  readonly lost: T
}
type Names = GainedAndLost<readonly string[]>
type Counts = Readonly<Record<string, GainedAndLost<number>>>
/** What would come of a change, told of each person whom it concerns. */
export interface RolePreview {
  readonly people: number
  readonly changes: readonly {
    readonly members: readonly { readonly id: string; readonly name: string }[]
    readonly entities: readonly {
      readonly entity: string
      readonly actions: Names
      readonly fields: Names
      readonly writable: Names
      readonly rows: Counts
      readonly cells: Counts
      readonly more?: true
    }[]
  }[]
  readonly uncounted: number
}

const key = ['access', 'matrix'] as const
export const useScopes = () =>
  useQuery({
    queryKey: [...key, 'scopes'],
    queryFn: ({ signal }) =>
      callJson<{ readonly scopes: Readonly<Record<string, readonly Scope[]>> }>('GET', '/api/access/roles', { signal }).then(
        ({ scopes }) => scopes,
      ),
  })
/** In the order of `ids`; undefined: not here yet. */
export const useRoleViews = (ids: readonly string[]): readonly (RoleView | undefined)[] =>
  useQueries({
    queries: ids.map((id) => ({
      queryKey: [...key, 'role', id],
      queryFn: async ({ signal }: { readonly signal: AbortSignal }): Promise<RoleView> => {
        const response = await call('GET', `/api/access/roles/${id}`, { signal })
        return { ...((await response.json()) as Omit<RoleView, 'tag'>), tag: response.headers.get('etag') ?? '*' }
      },
    })),
  }).map(({ data }) => data)

const addressOf = (role: string, entity: string): string => `/api/access/roles/${role}/permissions/${entity}`

async function told<T>(method: 'PUT' | 'DELETE', path: string, { tag, body, query }: Told): Promise<T> {
  return callJson<T>(method, path, { headers: { 'if-match': tag }, ...(body !== undefined && { body }), ...(query && { query }) })
}
interface Told {
  readonly tag: string
  readonly body?: unknown
  readonly query?: Query
}

/** `node` null: what its module says. `path`: module and plural, as in an address. */
export const previewPermission = (role: RoleView, path: string, node: PermissionNode | null): Promise<RolePreview> =>
  told(node ? 'PUT' : 'DELETE', addressOf(role.id, path), { tag: role.tag, query: { dryRun: 'true' }, ...(node && { body: node }) })
export async function putPermission(role: RoleView, path: string, node: PermissionNode | null): Promise<void> {
  await told(node ? 'PUT' : 'DELETE', addressOf(role.id, path), { tag: role.tag, ...(node && { body: node }) })
  await renew()
}
export async function defineRole(id: string, title: string): Promise<void> {
  await callJson('PUT', `/api/access/roles/${id}`, { body: { title } })
  await renew()
}
/** One of the workspace's own goes; one of a module's is again as its module says. */
export async function removeRole({ id, tag }: RoleView): Promise<void> {
  await told('DELETE', `/api/access/roles/${id}`, { tag })
  await renew()
}
async function renew(): Promise<void> {
  await renewAccess()
  await queryClient.invalidateQueries({ queryKey: ['catalogue'] })
}
