import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider, type KoaContextWithOIDC } from 'oidc-provider'

/** What a test's provider says of whoever signs in there. */
export interface Claims {
  readonly sub: string
  readonly email?: string
  readonly email_verified?: unknown
  readonly name?: string
  readonly groups?: readonly string[]
  readonly amr?: readonly string[]
}
export interface OidcProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Who signs in from now on, with whatever claims. */
  person: Claims
  close(): Promise<void>
}

/** A real OpenID Connect provider (oidc-provider) on a port of its own, at which somebody has always signed in already. */
export async function startOidcProvider(redirectUri: string): Promise<OidcProvider> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [clientId, clientSecret] = ['businessos', 'a secret of the tests only']
  const started: OidcProvider = {
    issuer,
    clientId,
    clientSecret,
    person: { sub: 'nobody' },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const scope = 'openid email profile groups'
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    cookies: { keys: ['of the tests'] },
    conformIdTokenClaims: false,
    scopes: scope.split(' '),
    claims: { openid: ['sub', 'amr'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Grant: 600, Session: 600 },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => Promise.resolve({ ...started.person }) }),
    loadExistingGrant: async ({ oidc }: KoaContextWithOIDC) => {
      const grant = new provider.Grant({ clientId: oidc.client?.clientId, accountId: oidc.session?.accountId })
      grant.addOIDCScope(scope)
      await grant.save()
      return grant
    },
  })
  const answer = provider.callback()
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return void answer(request, response)
    const { sub, amr } = started.person
    void provider.interactionFinished(
      request,
      response,
      { login: { accountId: sub, ...(amr && { amr: [...amr] }) } },
      { mergeWithLastSubmission: false },
    )
  })
  return started
}
