import {
  AuthorizationResponseError,
  ClientError,
  ClientSecretBasic,
  ClientSecretPost,
  ResponseBodyError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  type ClientAuth,
  type Configuration,
} from 'openid-client'
import type { Limits } from '../config.ts'
import { OutboundRefused, type Outbound } from '../outbound/outbound.ts'
import { ssoRefused, type Asserted, type OidcSettings, type Protocol, type TenantProvider } from './provider.ts'

interface Parts {
  /** Never learned from a request. */
  readonly redirectUri: string
  readonly outbound: Outbound
  readonly secretOf: (provider: TenantProvider) => Promise<string | null>
  readonly limits: Pick<Limits, 'ssoDiscoverySeconds' | 'ssoRequestSeconds' | 'groupsClaimed'>
}

/** Query of the address to which the provider sent the browser back. */
export type OidcAnswer = URLSearchParams

/**
 * OpenID Connect by openid-client: authorization code with PKCE, state and nonce; issuer, audience, expiry and also the signature of the ID token are
 * checked. What it finds out about a provider is kept for a while, and forgotten with the provider's version.
 */
export function createOidc({ redirectUri, outbound, secretOf, limits }: Parts): Protocol<OidcAnswer> {
  const known = new Map<string, { readonly until: number; readonly configuration: Promise<Configuration> }>()

  const discover = async (provider: TenantProvider): Promise<Configuration> => {
    const { issuer, clientId } = oidcOf(provider)
    const secret = await secretOf(provider)
    return discovery(new URL(issuer), clientId, undefined, authentication(secret), {
      timeout: limits.ssoRequestSeconds,
      // Where an address without TLS may lead, `outbound` decides.
      execute: [enableNonRepudiationChecks, ...(issuer.startsWith('http:') ? [allowInsecureRequests] : [])],
      [customFetch]: (address, init) => outbound(address, init),
    })
  }
  const configurationOf = (provider: TenantProvider): Promise<Configuration> => {
    const key = `${provider.id} ${provider.version}`
    const found = known.get(key)
    if (found && found.until > Date.now()) return found.configuration
    const configuration = discover(provider)
    configuration.catch(() => known.delete(key))
    known.set(key, { until: Date.now() + limits.ssoDiscoverySeconds * 1000, configuration })
    if (known.size > configurationsKept) known.delete(known.keys().next().value ?? '')
    return configuration
  }

  return {
    begin: async (provider, state) => {
      const configuration = await configurationOf(provider).catch(tell)
      const [verifier, nonce] = [randomPKCECodeVerifier(), randomNonce()]
      const location = buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: [...new Set(['openid', ...oidcOf(provider).scopes])].join(' '),
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      return { location: location.href, kept: { verifier, nonce } }
    },

    finish: async (provider, state, { verifier = '', nonce = '' }, answer) => {
      try {
        const configuration = await configurationOf(provider)
        const tokens = await authorizationCodeGrant(configuration, new URL(`${redirectUri}?${answer.toString()}`), {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        })
        const claims = tokens.claims()
        if (!claims) throw ssoRefused('The identity provider sent no ID token.')
        const isWhole = claims['email'] !== undefined || configuration.serverMetadata().userinfo_endpoint === undefined
        if (isWhole) return asserted(claims, oidcOf(provider), limits.groupsClaimed)
        // Some tell addresses and groups there only; and who tells the address says whether it was confirmed.
        const more = await fetchUserInfo(configuration, tokens.access_token, claims.sub)
        const { email_verified, xms_edov } = more
        return asserted({ ...claims, ...more, email_verified, xms_edov }, oidcOf(provider), limits.groupsClaimed)
      } catch (error) {
        return tell(error)
      }
    },
  }
}

const configurationsKept = 500

const oidcOf = ({ settings }: TenantProvider): OidcSettings => {
  if (settings.kind === 'oidc') return settings
  throw new TypeError('not an OpenID Connect provider')
}

/** As the provider wants it; where it says nothing, by RFC 6749's own way. */
const authentication =
  (secret: string | null): ClientAuth =>
  (server, ...rest) => {
    const ways = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const by = ways.includes('client_secret_basic') ? ClientSecretBasic : ClientSecretPost
    by(secret ?? '')(server, ...rest)
  }

function asserted(claims: Readonly<Record<string, unknown>>, { groupsClaim }: OidcSettings, most: number): Asserted {
  const text = (name: string): string | null => {
    const value = claims[name]
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
  }
  const groups = groupsClaim === null ? undefined : claims[groupsClaim]
  const ways = claims['amr']
  const joined = [text('given_name'), text('family_name')].filter((part) => part !== null).join(' ')
  return {
    subject: String(claims['sub']),
    email: text('email'),
    // Entra ID says it in a claim of its own. Nothing but a plain yes is one.
    emailVerified: claims['email_verified'] === true || claims['xms_edov'] === true,
    name: text('name') ?? (joined || null),
    groups:
      typeof groups === 'string'
        ? [groups]
        : Array.isArray(groups)
          ? groups.filter((each) => typeof each === 'string').slice(0, most)
          : null,
    mfa: Array.isArray(ways) && ways.includes('mfa'),
  }
}

/** What went wrong, in words that an administrator can use; never what was secret about it. */
function tell(error: unknown): never {
  if (error instanceof AuthorizationResponseError) {
    if (error.error === 'access_denied') throw ssoRefused('The identity provider let you not in, or you turned back there.', error)
    throw ssoRefused(
      `The identity provider answered ${error.error}${error.error_description ? `: ${error.error_description}` : ''}.`,
      error,
    )
  }
  if (error instanceof ResponseBodyError)
    throw ssoRefused(
      `The identity provider refused the exchange: ${error.error}${error.error_description ? ` (${error.error_description})` : ''}.`,
      error,
    )
  const causes = causesOf(error)
  const refused = causes.find((each) => each instanceof OutboundRefused)
  if (refused) throw ssoRefused(`The identity provider was not asked: ${refused.message}.`, error)
  if (causes.some(({ name, message }) => name === 'TimeoutError' || message === 'fetch failed'))
    throw ssoRefused('The identity provider cannot be reached.', error)
  if (error instanceof ClientError) throw ssoRefused(`What the identity provider answered does not hold: ${error.message}.`, error)
  throw error
}

const causesOf = (error: unknown): readonly Error[] => (error instanceof Error ? [error, ...causesOf(error.cause)] : [])
