import { useQuery } from '@tanstack/react-query'
import { call, callJson } from './client.ts'
import { queryClient } from './records.ts'

/** What the workspace says of itself, as engine/http/workspace-routes.ts tells of it. All throw ApiProblem. */
export interface Workspace {
  readonly slug: string
  readonly name: string
  readonly locale: string
  readonly timeZone: string
  readonly currency: string
  /** `#rrggbb`; null: the product's own. */
  readonly accent: string | null
  readonly hasLogo: boolean
  readonly mfaRequired: boolean
  readonly ssoOnly: boolean
  readonly version: number
}
export interface WorkspaceHost {
  readonly host: string
  readonly token: string
  readonly verifiedAt: string | null
}
export type WorkspaceChange = Partial<Pick<Workspace, 'name' | 'locale' | 'timeZone' | 'currency' | 'accent' | 'mfaRequired' | 'ssoOnly'>>

const key = ['workspace'] as const
async function change(...asked: Parameters<typeof callJson>): Promise<void> {
  await callJson(...asked)
  await queryClient.invalidateQueries({ queryKey: key })
}

export const useWorkspace = () =>
  useQuery({ queryKey: [...key, 'view'], queryFn: ({ signal }) => callJson<Workspace>('GET', '/api/workspace', { signal }) })
export async function changeWorkspace({ version }: Workspace, body: WorkspaceChange): Promise<void> {
  await change('PATCH', '/api/workspace', { body, headers: { 'if-match': `"${version}"` } })
  // Name, language and currency stand in the catalogue, too.
  await queryClient.invalidateQueries({ queryKey: ['catalogue'] })
}
/** As a data: address; null: none. */
export const useLogo = (hasLogo: boolean) =>
  useQuery({
    queryKey: [...key, 'logo'],
    queryFn: ({ signal }) => callJson<{ readonly logo: string }>('GET', '/api/workspace/logo', { signal }).then(({ logo }) => logo),
    enabled: hasLogo,
  })
export const setLogo = (logo: string | null): Promise<void> => change('PUT', '/api/workspace/logo', { body: { logo } })

export const useHosts = () =>
  useQuery({
    queryKey: [...key, 'hosts'],
    queryFn: ({ signal }) =>
      callJson<{ readonly data: readonly WorkspaceHost[] }>('GET', '/api/workspace/hosts', { signal }).then(({ data }) => data),
  })
export const addHost = (host: string): Promise<void> => change('POST', '/api/workspace/hosts', { body: { host } })
export const verifyHost = (host: string): Promise<void> => change('POST', `/api/workspace/hosts/${encodeURIComponent(host)}/verify`)
export const removeHost = (host: string): Promise<void> => change('DELETE', `/api/workspace/hosts/${encodeURIComponent(host)}`)

/** Everything the workspace has, as lines of JSON. */
export const archive = async (): Promise<Blob> => (await call('GET', '/api/workspace/export')).blob()
/** Answers when it is gone for good. */
export const deleteWorkspace = async (confirm: string): Promise<string> =>
  (await callJson<{ readonly deletedAt: string }>('DELETE', '/api/workspace', { body: { confirm } })).deletedAt
