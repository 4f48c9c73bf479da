import { hash, randomBytes } from 'node:crypto'
import type { Limits } from '../config.ts'
import type { Database } from '../database/types.ts'
import type { AccessNote } from '../identity/access-log.ts'
import type { Client } from '../identity/client.ts'
import { addressKey, type Limiters } from '../identity/limiter.ts'
import type { Origin } from '../identity/member-events.ts'
import type { Once } from '../identity/once.ts'
import type { SignIn, SignInResult } from '../identity/sign-in.ts'
import { Problem } from '../problems.ts'
import type { Admissions, Rehearsal } from './admissions.ts'
import type { OidcAnswer } from './oidc.ts'
import type { Saml, SamlAnswer } from './saml.ts'
import { readProvider, ssoRefused, type Asserted, type Kept, type Protocol, type TenantProvider } from './provider.ts'

export interface ProviderName {
  readonly id: string
  readonly name: string
  readonly tenant: string
}
/** What a browser needs to go to the provider, and to be known when it comes back. */
export interface Departure {
  readonly location: string
  /** For a cookie: 43 characters. */
  readonly browser: string
}
/** What a provider said of whoever tried it out, and what would have come of it. Nothing has. */
export interface Trial extends Rehearsal {
  readonly provider: string
  readonly asserted: Asserted
}

/** Signing in by a company's identity provider. */
export interface CompanySignIn {
  /** Throws 'not-found'. */
  provider(id: string): Promise<TenantProvider>
  /** Where somebody with this address (or at this tenant) can sign in. It says which domains are whose, not who has an account. */
  discover(by: { readonly email: string } | { readonly tenant: string }): Promise<readonly ProviderName[]>
  /** `origin`: where the browser is, and comes back to. Throws 'not-found', 'sso-refused', 'too-many-requests'. */
  begin(provider: string, origin: string, client: Client): Promise<Departure>
  /** Leads to the same, of which nothing stays; also for a provider that is not turned on yet. */
  beginTrial(provider: TenantProvider, origin: string): Promise<Departure>
  /** The provider sends the browser back. Answers to which page it goes; what came of it waits there to be asked for. Never rejects for what was sent. */
  answer(kind: 'oidc', state: string, given: OidcAnswer): Promise<string>
  answer(kind: 'saml', state: string, given: SamlAnswer): Promise<string>
  /** The page asks, from the browser that began. Throws 'link-invalid', 'sso-refused'. */
  finish(secret: string, browser: string | undefined, client: Client, from: Origin): Promise<SignInResult | { readonly trial: Trial }>
}

interface Parts {
  readonly database: Pick<Database, 'call'>
  readonly once: Once
  readonly oidc: Protocol<OidcAnswer>
  readonly saml: Saml
  readonly admissions: Admissions
  readonly signIn: Pick<SignIn, 'enter'>
  readonly publicUrl: URL
  readonly limiters: Limiters
  readonly limits: Pick<Limits, 'ssoPerAddress' | 'loginWindowSeconds' | 'ssoSeconds' | 'ssoAnswerSeconds'>
  readonly note: (note: AccessNote) => void
  readonly onError: (error: unknown) => void
}

interface Begun {
  readonly provider: string
  readonly origin: string
  /** SHA-256 of what the browser keeps. */
  readonly browser: string
  readonly isTrial: boolean
  readonly kept: Kept
}
interface Ended extends Pick<Begun, 'provider' | 'browser' | 'isTrial'> {
  /** A text: why not. */
  readonly outcome: Asserted | string
}

/**
 * State is a secret that works once, and so is the answer that waits for the page: whoever makes somebody else's browser come back with an answer of
 * their own gets nothing, for the one cookie in which it began is not there.
 */
export function createCompanySignIn(parts: Parts): CompanySignIn {
  const { database, once, oidc, saml, admissions, signIn, publicUrl, limits, note, onError } = parts
  const byAddress = parts.limiters(
    'sso',
    limits.ssoPerAddress,
    limits.loginWindowSeconds,
    'Too many sign-ins begun from here. Wait and try again.',
  )

  const providerOf = async (id: string): Promise<TenantProvider> => {
    const { rows } = await database.call({ text: 'select * from bos.sso_provider($1::uuid)', values: [id] })
    const row = rows[0]
    if (!row) throw new Problem('not-found', 'There is no such identity provider.')
    return { ...readProvider(row), tenant: row['tenant_id'] as string, tenantSlug: row['tenant_slug'] as string }
  }
  const depart = async (provider: TenantProvider, origin: string, isTrial: boolean): Promise<Departure> => {
    const browser = randomBytes(32).toString('base64url')
    const state = randomBytes(32).toString('base64url')
    const protocol = provider.settings.kind === 'oidc' ? oidc : saml
    const { location, kept } = await protocol.begin(provider, state)
    const begun: Begun = { provider: provider.id, origin, browser: hash('sha256', browser), isTrial, kept }
    await once.keep('sso', state, begun, limits.ssoSeconds)
    return { location, browser }
  }
  const assertedOf = async (
    kind: 'oidc' | 'saml',
    state: string,
    { provider: id, isTrial, kept }: Begun,
    given: OidcAnswer | SamlAnswer,
  ) => {
    const provider = await providerOf(id)
    if (provider.settings.kind !== kind) throw ssoRefused('This is not how this identity provider answers.')
    if (!provider.enabled && !isTrial) throw ssoRefused('This identity provider was turned off.')
    try {
      return await (kind === 'oidc'
        ? oidc.finish(provider, state, kept, given as OidcAnswer)
        : saml.finish(provider, state, kept, given as SamlAnswer))
    } catch (error) {
      if (error instanceof Problem && error.code === 'sso-refused' && !isTrial) tell(provider, error.message)
      throw error
    }
  }
  const tell = ({ tenant, id }: TenantProvider, reason: string, client?: Client): void => {
    const about = { reason: reason.slice(0, 200), methods: 'sso', provider: id, address: client?.address ?? null }
    note({ type: 'sign_in_failed', tenant, member: null, about, requestId: null })
  }

  return {
    provider: providerOf,
    discover: async (by) => {
      const domain = 'email' in by ? (/@([^@]+)$/.exec(by.email)?.[1]?.toLowerCase() ?? '') : null
      const { rows } = await database.call({
        text: 'select * from bos.sso_providers($1::uuid, $2)',
        values: ['tenant' in by ? by.tenant : null, domain],
      })
      return rows.map((row) => ({ id: row['id'] as string, name: row['name'] as string, tenant: row['tenant_name'] as string }))
    },

    begin: async (id, origin, { address }) => {
      await byAddress.take(addressKey(address))
      const provider = await providerOf(id)
      if (!provider.enabled) throw new Problem('not-found', 'There is no such identity provider.')
      return depart(provider, origin, false)
    },
    beginTrial: (provider, origin) => depart(provider, origin, true),

    answer: async (kind: 'oidc' | 'saml', state: string, given: OidcAnswer | SamlAnswer) => {
      const begun = (await once.take('sso', state)) as Begun | null
      if (!begun) return new URL('/sso', publicUrl).href
      const outcome = await assertedOf(kind, state, begun, given).catch((error: unknown) => {
        if (error instanceof Problem) return error.message
        onError(error)
        return 'Something went wrong on our side. Try again.'
      })
      const { provider, browser, isTrial, origin } = begun
      const ended: Ended = { provider, browser, isTrial, outcome }
      const secret = await once.issue('sso-answer', null, ended, limits.ssoAnswerSeconds)
      return new URL(`/sso#${secret}`, origin).href
    },

    finish: async (secret, browser, client, from) => {
      const ended = (await once.take('sso-answer', secret)) as Ended | null
      if (!ended) throw new Problem('link-invalid', 'This sign-in has taken too long, or was used. Begin anew.')
      if (browser === undefined || hash('sha256', browser) !== ended.browser)
        throw ssoRefused('This sign-in was begun in another browser, or under another address. Begin anew here.')
      const { outcome, isTrial } = ended
      if (typeof outcome === 'string') throw ssoRefused(outcome)
      const provider = await providerOf(ended.provider)
      if (isTrial) return { trial: { ...(await admissions.rehearse(provider, outcome)), provider: provider.name, asserted: outcome } }
      if (!provider.enabled) throw ssoRefused('This identity provider was turned off.')
      try {
        const { account, stamp } = await admissions.admit(provider, outcome, from)
        const methods = provider.trustsMfa && outcome.mfa ? (['sso', 'mfa'] as const) : (['sso'] as const)
        return await signIn.enter({ account, stamp, methods }, provider.tenantSlug, client)
      } catch (error) {
        if (error instanceof Problem && error.status < 500) tell(provider, error.message, client)
        throw error
      }
    },
  }
}
