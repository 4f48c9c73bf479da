import { parseCookie, stringifySetCookie } from 'cookie'
import type { Request } from 'express'
import { limits } from '../config.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Client } from '../identity/client.ts'
import { Problem } from '../problems.ts'
import type { Answer } from '../records/types.ts'
import type { CompanySignIn, Departure } from '../sso/company-sign-in.ts'
import type { Domains } from '../sso/domains.ts'
import type { GroupRole, ProviderSettings } from '../sso/provider.ts'
import type { Providers, ProviderView, ProviderWish } from '../sso/providers.ts'
import type { Saml } from '../sso/saml.ts'
import { redirectUri, samlPlace } from '../sso/sso.ts'
import { refuseForeignOrigin } from './admission.ts'
import { answered } from './auth-routes.ts'
import type { Hosts } from './hosts.ts'
import {
  emailText,
  exactText,
  flag,
  idOf,
  listOf,
  objectValue,
  optional,
  readMembers,
  readNested,
  seenVersion,
  text,
  uuidText,
  type MemberReader,
} from './input.ts'
import { originOf } from './records-route.ts'
import { empty, json, type Exchange, type MemberRoute, type Route } from './route.ts'

interface Parts {
  readonly companySignIn: CompanySignIn
  readonly saml: Pick<Saml, 'metadata'>
  readonly providers: Providers
  readonly domains: Domains
  readonly accounts: Pick<Accounts, 'assertProved'>
  readonly hosts: Pick<Hosts, 'faceAt'>
  readonly publicUrl: URL
  readonly client: (request: Request) => Client
}

const cookieName = 'bos_sso'
const cookiePath = '/api/auth/sso'

/** Signing in by a company's identity provider, and setting one up. */
export function ssoRoutes(parts: Parts): readonly Route[] {
  const { companySignIn, saml, providers, domains, accounts, hosts, publicUrl, client } = parts
  /** Where the browser is, if that is a name of ours or of the tenant; else where everybody may sign in. */
  const originFor = async ({ hostname }: Request, tenant: string | null): Promise<string> => {
    const isOurs =
      hostname === publicUrl.hostname ||
      (isLoopback(hostname) && isLoopback(publicUrl.hostname)) ||
      (await hosts.faceAt(hostname))?.id === tenant
    const url = new URL(publicUrl)
    if (isOurs) url.hostname = hostname
    return url.origin
  }
  /** With what the provider must be told of us. */
  const shown = (provider: ProviderView) => ({
    ...provider,
    addresses: {
      ...(provider.settings.kind === 'oidc' ? { redirectUri: redirectUri(publicUrl) } : samlPlace(publicUrl, provider.id)),
      start: new URL(`/sso?provider=${provider.id}`, publicUrl).href,
      scim: new URL('/scim/v2', publicUrl).href,
    },
  })
  const departed = (request: Request, { location, browser }: Departure): Answer =>
    json(200, { location }, { 'set-cookie': browserCookie(request, browser, limits.ssoSeconds) })
  const onwards = (location: string): Answer => empty(303, { location })
  const admin = (
    method: MemberRoute['method'],
    path: string,
    handle: (...args: Parameters<MemberRoute['handle']>) => Promise<Answer>,
  ): MemberRoute => ({
    method,
    path: `/api/sso${path}`,
    guard: 'member',
    ...(method === 'GET' && { viewing: 'refused' }),
    handle: async (exchange, actor) => {
      // What lets others in asks again who it is that changes it.
      if (method !== 'GET') await accounts.assertProved(actor, false)
      return handle(exchange, actor)
    },
  })

  return [
    {
      method: 'POST',
      path: '/api/auth/sso',
      guard: 'public',
      handle: async ({ request, body }) => {
        refuseForeignOrigin(request)
        const { email } = readMembers(body ?? {}, { email: optional(emailText) })
        const face = email === null ? await hosts.faceAt(request.hostname) : null
        if (email === null && !face) return json(200, { providers: [] })
        return json(200, { providers: await companySignIn.discover(email === null ? { tenant: face!.id } : { email }) })
      },
    },
    {
      method: 'POST',
      path: '/api/auth/sso/begin',
      guard: 'public',
      handle: async ({ request, body }) => {
        refuseForeignOrigin(request)
        const { provider } = readMembers(body, { provider: uuidText })
        const { tenant } = await companySignIn.provider(provider)
        return departed(request, await companySignIn.begin(provider, await originFor(request, tenant), client(request)))
      },
    },
    {
      method: 'GET',
      path: '/api/auth/sso/callback',
      guard: 'public',
      handle: async ({ request: { url } }) => {
        const query = new URLSearchParams(url.slice(url.indexOf('?') + 1))
        return onwards(await companySignIn.answer('oidc', query.get('state') ?? '', query))
      },
    },
    {
      method: 'POST',
      path: '/api/auth/sso/finish',
      guard: 'public',
      handle: async (exchange) => {
        const { request, body } = exchange
        refuseForeignOrigin(request)
        const { secret } = readMembers(body, { secret: exactText(limits.secretCharacters) })
        const browser = parseCookie(request.headers.cookie ?? '')[cookieName]
        const result = await companySignIn.finish(secret, browser, client(request), originOf(exchange))
        return 'trial' in result ? json(200, result) : answered(request, result)
      },
    },
    {
      // From the provider's own page, which is another site: what is posted proves itself, and no cookie is looked at.
      method: 'POST',
      path: '/api/auth/saml/:provider/acs',
      guard: 'public',
      takes: 'form',
      handle: async ({ body }) => {
        const form = body instanceof URLSearchParams ? body : new URLSearchParams()
        return onwards(await companySignIn.answer('saml', form.get('RelayState') ?? '', { response: form.get('SAMLResponse') ?? '' }))
      },
    },
    {
      method: 'GET',
      path: '/api/auth/saml/:provider/metadata',
      guard: 'public',
      handle: async ({ request }) => {
        const provider = await companySignIn.provider(idOf(request.params['provider']))
        if (provider.settings.kind !== 'saml') throw new Problem('not-found')
        return { status: 200, body: saml.metadata(provider), headers: { 'content-type': 'application/samlmetadata+xml' } }
      },
    },

    admin('GET', '/providers', async (_exchange, actor) =>
      // Whoever registers us with a provider is asked for the address before there is anything to save.
      json(200, { data: (await providers.list(actor)).map(shown), redirectUri: redirectUri(publicUrl) }),
    ),
    admin('POST', '/providers', async (exchange, actor) => {
      const { wish, secret } = readProviderWish(exchange.body)
      return json(201, shown(await providers.create(actor, wish, secret, originOf(exchange))))
    }),
    admin('PUT', '/providers/:id', async (exchange, actor) => {
      const { wish, secret } = readProviderWish(exchange.body)
      const changed = await providers.change(actor, providerId(exchange), wish, secret, seenVersion(exchange.request), originOf(exchange))
      return json(200, shown(changed), { etag: `"${changed.version}"` })
    }),
    admin('DELETE', '/providers/:id', async (exchange, actor) => {
      await providers.remove(actor, providerId(exchange), originOf(exchange))
      return empty(204)
    }),
    admin('POST', '/providers/:id/test', async (exchange, actor) => {
      const { request } = exchange
      refuseForeignOrigin(request)
      const provider = await providers.get(actor, providerId(exchange))
      return departed(request, await companySignIn.beginTrial(provider, await originFor(request, actor.tenant)))
    }),
    admin('GET', '/providers/:id/tokens', async (exchange, actor) =>
      json(200, { data: await providers.tokens(actor, providerId(exchange)) }),
    ),
    admin('POST', '/providers/:id/tokens', async (exchange, actor) => {
      const { expiresAt } = readMembers(exchange.body ?? {}, { expiresAt: optional(text(40)) })
      return json(201, await providers.createToken(actor, providerId(exchange), expiresAt, originOf(exchange)))
    }),
    admin('DELETE', '/providers/:id/tokens/:token', async (exchange, actor) => {
      await providers.revokeToken(actor, providerId(exchange), idOf(exchange.request.params['token']), originOf(exchange))
      return empty(204)
    }),

    admin('GET', '/domains', async (_exchange, actor) => json(200, { data: await domains.list(actor) })),
    admin('POST', '/domains', async (exchange, actor) => {
      const { domain } = readMembers(exchange.body, { domain: text(254) })
      return json(201, await domains.add(actor, domain, originOf(exchange)))
    }),
    admin('POST', '/domains/:domain/verify', async (exchange, actor) => {
      await domains.verify(actor, String(exchange.request.params['domain']), originOf(exchange))
      return empty(204)
    }),
    admin('DELETE', '/domains/:domain', async (exchange, actor) => {
      await domains.remove(actor, String(exchange.request.params['domain']), originOf(exchange))
      return empty(204)
    }),
  ]
}

const isLoopback = (name: string): boolean => name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name)

const providerId = ({ request }: Exchange): string => idOf(request.params['id'])

/** Lax: the way back from the provider is a way from another site. It opens nothing by itself. */
const browserCookie = (request: Request, value: string, maxAge: number): string =>
  stringifySetCookie({
    name: cookieName,
    value,
    maxAge,
    path: cookiePath,
    httpOnly: true,
    sameSite: 'lax',
    secure: request.secure || request.headers['x-forwarded-proto'] === 'https',
  })

function readProviderWish(body: unknown): { readonly wish: ProviderWish; readonly secret: string | null } {
  const {
    settings: given,
    groupRoles,
    startingRoles,
    secret,
    ...rest
  } = readMembers(body, {
    name: text(limits.providerNameCharacters),
    enabled: flag,
    settings: objectValue,
    admits: flag,
    trustsMfa: flag,
    startingRoles: listOf(limits.rolesPerMember),
    groupRoles: groupRolesList,
    secret: optional(exactText(limits.providerTextCharacters)),
  })
  const settings = readNested('/settings', () => readSettings(given))
  return { wish: { ...rest, settings, startingRoles, groupRoles }, secret }
}

const short = text(limits.providerTextCharacters)

function readSettings(given: Readonly<Record<string, unknown>>): ProviderSettings {
  const { kind, ...rest } = given
  if (kind === 'oidc') {
    const { scopes, ...settings } = readMembers(rest, { issuer: short, clientId: short, scopes: listOf(20), groupsClaim: optional(short) })
    return { kind, scopes: scopes.filter((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)), ...settings }
  }
  if (kind === 'saml')
    return {
      kind,
      ...readMembers(rest, {
        entityId: short,
        signInUrl: short,
        certificates: certificateList,
        emailAttribute: optional(short),
        nameAttribute: optional(short),
        groupsAttribute: optional(short),
      }),
    }
  throw new Problem('request-invalid', '', { faults: [{ pointer: '/kind', detail: 'must be oidc or saml' }] })
}

const certificateList: MemberReader<string[]> = (value, report) => {
  const all = listOf(limits.certificatesPerProvider)(value, report)
  if (all.every((each) => each.length <= limits.certificateCharacters)) return all
  report(`must be certificates of at most ${limits.certificateCharacters} characters`)
  return []
}
const groupRolesList: MemberReader<GroupRole[]> = (value, report) => {
  const isFit = (each: unknown): each is GroupRole => {
    const { group, role, ...more } = (each ?? {}) as Readonly<Record<string, unknown>>
    const isText = (one: unknown): boolean => typeof one === 'string' && one.trim() !== '' && one.length <= limits.scimValueCharacters
    return isText(group) && isText(role) && Object.keys(more).length === 0
  }
  if (Array.isArray(value) && value.length <= limits.groupRolesPerProvider && value.every(isFit)) return value
  report(`must be a list of at most ${limits.groupRolesPerProvider} of {"group", "role"}`)
  return []
}
