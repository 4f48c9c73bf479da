import { useQuery } from '@tanstack/react-query'
import { callJson } from './client.ts'
import { queryClient } from './records.ts'

/** A workspace's identity providers, e-mail domains and directory tokens, as engine/http/sso-routes.ts tells of them. All throw ApiProblem. */

export interface OidcSettings {
  readonly kind: 'oidc'
  readonly issuer: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly groupsClaim: string | null
}
export interface SamlSettings {
  readonly kind: 'saml'
  readonly entityId: string
  readonly signInUrl: string
  readonly certificates: readonly string[]
  readonly emailAttribute: string | null
  readonly nameAttribute: string | null
  readonly groupsAttribute: string | null
}
export interface GroupRole {
  readonly group: string
  readonly role: string
}
export interface ProviderWish {
  readonly name: string
  readonly enabled: boolean
  readonly settings: OidcSettings | SamlSettings
  readonly admits: boolean
  readonly trustsMfa: boolean
  readonly startingRoles: readonly string[]
  readonly groupRoles: readonly GroupRole[]
  /** The client's; null: none, or the one there is. */
  readonly secret: string | null
}
export interface Provider extends Omit<ProviderWish, 'secret'> {
  readonly id: string
  readonly version: number
  readonly hasSecret: boolean
  readonly people: number
  readonly lastUsedAt: string | null
  readonly directory: { readonly people: number; readonly groups: readonly string[] }
  /** What the provider must be told of us. */
  readonly addresses: {
    readonly redirectUri?: string
    readonly entityId?: string
    readonly acs?: string
    readonly start: string
    readonly scim: string
  }
}
export interface EmailDomain {
  readonly domain: string
  readonly token: string
  readonly verifiedAt: string | null
}
export interface DirectoryToken {
  readonly id: string
  readonly prefix: string
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
  readonly lastAddress: string | null
}

const key = ['sso'] as const
const renew = (): Promise<void> => queryClient.invalidateQueries({ queryKey: key })
async function change<T = void>(...asked: Parameters<typeof callJson>): Promise<T> {
  const answer = await callJson<T>(...asked)
  await renew()
  return answer
}

export const useProviders = () =>
  useQuery({
    queryKey: [...key, 'providers'],
    queryFn: ({ signal }) =>
      callJson<{ readonly data: readonly Provider[]; readonly redirectUri: string }>('GET', '/api/sso/providers', { signal }),
  })
export const createProvider = (body: ProviderWish): Promise<void> => change('POST', '/api/sso/providers', { body })
export const changeProvider = ({ id, version }: Provider, body: ProviderWish): Promise<void> =>
  change('PUT', `/api/sso/providers/${id}`, { body, headers: { 'if-match': `"${version}"` } })
export const removeProvider = (id: string): Promise<void> => change('DELETE', `/api/sso/providers/${id}`)
/** Answers where the browser goes to try it: nobody is signed in by it. */
export const testProvider = async (id: string): Promise<string> =>
  (await callJson<{ readonly location: string }>('POST', `/api/sso/providers/${id}/test`)).location

export const useTokens = (provider: string) =>
  useQuery({
    queryKey: [...key, 'tokens', provider],
    queryFn: ({ signal }) =>
      callJson<{ readonly data: readonly DirectoryToken[] }>('GET', `/api/sso/providers/${provider}/tokens`, { signal }).then(
        ({ data }) => data,
      ),
  })
/** The token, shown this once. */
export const createToken = async (provider: string): Promise<string> =>
  (await change<{ readonly token: string }>('POST', `/api/sso/providers/${provider}/tokens`, { body: {} })).token
export const revokeToken = (provider: string, token: string): Promise<void> =>
  change('DELETE', `/api/sso/providers/${provider}/tokens/${token}`)

export const useDomains = () =>
  useQuery({
    queryKey: [...key, 'domains'],
    queryFn: ({ signal }) =>
      callJson<{ readonly data: readonly EmailDomain[] }>('GET', '/api/sso/domains', { signal }).then(({ data }) => data),
  })
export const addDomain = (domain: string): Promise<void> => change('POST', '/api/sso/domains', { body: { domain } })
export const verifyDomain = (domain: string): Promise<void> => change('POST', `/api/sso/domains/${encodeURIComponent(domain)}/verify`)
export const removeDomain = (domain: string): Promise<void> => change('DELETE', `/api/sso/domains/${encodeURIComponent(domain)}`)
