import { useQuery } from '@tanstack/react-query'
import { callJson } from './client.ts'
import { queryClient } from './records.ts'

/** Who gets in and what they may do, as engine/http/tenancy-routes.ts and role-routes.ts tell administrators. All throw ApiProblem. */

export interface PersonAccess {
  readonly member: string
  /** Null: cannot sign in. */
  readonly email: string | null
  readonly emailVerified: boolean
  readonly roles: readonly string[]
  readonly breakGlass: boolean
  readonly suspended: boolean
  readonly hasSecondFactor: boolean
  readonly lastUsedAt: string | null
  readonly invitation: { readonly email: string; readonly invitedAt: string; readonly expiresAt: string; readonly isOver: boolean } | null
}
export interface RoleSummary {
  readonly id: string
  readonly title: string
  readonly own: boolean
  readonly people: number
  readonly edited: readonly string[]
  readonly faulty: boolean
}
export interface MemberSession {
  readonly id: string
  readonly member: string
  readonly email: string
  readonly lastUsedAt: string
  readonly methods: readonly string[]
  readonly address: string | null
  readonly country: string | null
  readonly agent: string | null
  readonly isThis: boolean
}
export interface EffectiveAction {
  readonly all: boolean
  readonly by: readonly { readonly role: string; readonly rows: readonly string[]; readonly conditional: boolean }[]
}
export interface EffectivePermissions {
  readonly roles: readonly string[]
  readonly entities: readonly {
    readonly entity: string
    readonly actions: Readonly<Record<string, EffectiveAction>>
    readonly hidden: readonly string[]
    readonly masked: readonly string[]
    readonly readOnly: readonly string[]
  }[]
}

const key = ['access'] as const
export const renewAccess = (): Promise<void> => queryClient.invalidateQueries({ queryKey: key })

export const usePeople = () =>
  useQuery({
    queryKey: [...key, 'people'],
    queryFn: ({ signal }) =>
      callJson<{ readonly data: readonly PersonAccess[] }>('GET', '/api/access', { signal }).then(({ data }) => data),
  })
export const useRoles = () =>
  useQuery({
    queryKey: [...key, 'roles'],
    queryFn: ({ signal }) =>
      callJson<{ readonly data: readonly RoleSummary[] }>('GET', '/api/access/roles', { signal }).then(({ data }) => data),
  })
/** `member` null: of everybody. */
export const useSessions = (member: string | null) =>
  useQuery({
    queryKey: [...key, 'sessions', member],
    queryFn: ({ signal }) =>
      callJson<{ readonly data: readonly MemberSession[] }>('GET', '/api/access/sessions', {
        signal,
        ...(member !== null && { query: { member } }),
      }).then(({ data }) => data),
  })
export const useEffective = (member: string) =>
  useQuery({
    queryKey: [...key, 'effective', member],
    queryFn: ({ signal }) => callJson<EffectivePermissions>('GET', `/api/access/${member}/permissions`, { signal }),
  })

async function change(...asked: Parameters<typeof callJson>): Promise<void> {
  await callJson(...asked)
  await renewAccess()
}
export interface AccessWish {
  readonly email: string | null
  readonly roles: readonly string[]
  readonly breakGlass: boolean
}
export const putAccess = (member: string, wish: AccessWish): Promise<void> => change('PUT', `/api/access/${member}`, { body: wish })
/** Again for the same address: another link. */
export const invite = (body: { readonly name: string; readonly email: string; readonly roles: readonly string[] }): Promise<void> =>
  change('POST', '/api/access/invitations', { body })
export const withdrawInvitation = (member: string): Promise<void> => change('DELETE', `/api/access/invitations/${member}`)
export const endSession = (member: string, session: string): Promise<void> => change('DELETE', `/api/access/${member}/sessions/${session}`)
export const endSessions = (member: string): Promise<void> => change('DELETE', `/api/access/${member}/sessions`)
