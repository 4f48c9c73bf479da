import { X509Certificate } from 'node:crypto'
import { administrator, type Catalogue } from '../catalogue/types.ts'
import { suggestion } from '../fields/nearest.ts'
import { echo, Problem, type Fault } from '../problems.ts'

/** OpenID Connect. Everything else is found at `{issuer}/.well-known/openid-configuration`. */
export interface OidcSettings {
  readonly kind: 'oidc'
  readonly issuer: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Name of the claim that lists groups; null: they are not looked at. */
  readonly groupsClaim: string | null
}
/** SAML 2.0, as the provider's metadata says it. */
export interface SamlSettings {
  readonly kind: 'saml'
  readonly entityId: string
  /** Where the browser is sent (HTTP-Redirect binding). */
  readonly signInUrl: string
  /** PEM. Several while a provider moves to a new one. */
  readonly certificates: readonly string[]
  /** Names of attributes. Null: the address is the subject (NameID); names and groups are not looked at. */
  readonly emailAttribute: string | null
  readonly nameAttribute: string | null
  readonly groupsAttribute: string | null
}
export type ProviderSettings = OidcSettings | SamlSettings
export interface GroupRole {
  /** As the provider writes it, to the letter. */
  readonly group: string
  readonly role: string
}

/** A company's identity provider, as one tenant has set it up. */
export interface Provider {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  readonly settings: ProviderSettings
  /** Whether it brings in people that the tenant has not. */
  readonly admits: boolean
  /** Whether a second factor that it says it asked for counts as one here. */
  readonly trustsMfa: boolean
  /** Of everybody whom it brings in. */
  readonly startingRoles: readonly string[]
  /** These roles are given and taken as groups say; no other role of a person is touched. */
  readonly groupRoles: readonly GroupRole[]
  readonly version: number
}
/** A provider and whose it is. */
export interface TenantProvider extends Provider {
  readonly tenant: string
  readonly tenantSlug: string
}

/** What a provider says of the one who signed in there. */
export interface Asserted {
  /** Who it is to the provider: never another person's, whatever becomes of addresses. */
  readonly subject: string
  readonly email: string | null
  /** Whether the provider says that the address was confirmed. */
  readonly emailVerified: boolean
  readonly name: string | null
  /** Null: it said nothing of groups. */
  readonly groups: readonly string[] | null
  readonly mfa: boolean
}

/** How a browser is sent to a provider and what it brings back. `state` comes back with it. Rejects with Problem 'sso-refused'. */
export interface Protocol<Answer> {
  begin(provider: TenantProvider, state: string): Promise<{ readonly location: string; readonly kept: Kept }>
  finish(provider: TenantProvider, state: string, kept: Kept, answer: Answer): Promise<Asserted>
}
/** What is remembered of a beginning until its end. */
export type Kept = Readonly<Record<string, string>>

export const ssoRefused = (detail: string, cause?: unknown): Problem =>
  new Problem('sso-refused', detail, cause === undefined ? {} : { cause })

export const readProvider = (row: Readonly<Record<string, unknown>>): Provider => ({
  id: row['id'] as string,
  name: row['name'] as string,
  enabled: row['enabled'] === true,
  settings: row['settings'] as ProviderSettings,
  admits: row['admits'] === true,
  trustsMfa: row['trusts_mfa'] === true,
  startingRoles: row['starting_roles'] as string[],
  groupRoles: row['group_roles'] as GroupRole[],
  version: Number(row['version']),
})

/** Faults of what form alone does not show. `plainToo`: addresses may do without TLS, for the operator has opened private networks. */
export function judgeProvider({ settings, startingRoles, groupRoles }: Provider, catalogue: Catalogue, plainToo: boolean): void {
  const faults: Fault[] = []
  const role = (pointer: string, id: string): void => {
    if (id === administrator) faults.push({ pointer, detail: 'is given by administrators only, never by a provider' })
    else if (!catalogue.roles.has(id))
      faults.push({ pointer, detail: `there is no role ${echo(id)}.${suggestion(id, catalogue.roles.keys())}` })
  }
  const address = (pointer: string, text: string): void => {
    const url = URL.canParse(text) ? new URL(text) : null
    const isFit =
      url !== null && url.username === '' && url.hash === '' && (url.protocol === 'https:' || (plainToo && url.protocol === 'http:'))
    if (!isFit) faults.push({ pointer, detail: 'must be an address that begins with https://' })
  }
  if (settings.kind === 'oidc') {
    address('/settings/issuer', settings.issuer)
    // There anybody's directory may say who somebody is.
    if (/^https:\/\/login\.microsoftonline\.com\/(?:common|organizations|consumers)\b/i.test(settings.issuer))
      faults.push({ pointer: '/settings/issuer', detail: 'must name your own directory: put its id in the place of “common”' })
  } else {
    address('/settings/signInUrl', settings.signInUrl)
    if (settings.certificates.length === 0) faults.push({ pointer: '/settings/certificates', detail: 'must hold at least one certificate' })
    for (const [i, pem] of settings.certificates.entries()) {
      const fault = certificateFault(pem)
      if (fault !== null) faults.push({ pointer: `/settings/certificates/${i}`, detail: fault })
    }
  }
  for (const [i, id] of startingRoles.entries()) role(`/startingRoles/${i}`, id)
  for (const [i, each] of groupRoles.entries()) role(`/groupRoles/${i}/role`, each.role)
  if (faults.length > 0) throw new Problem('request-invalid', '', { faults })
}

function certificateFault(pem: string): string | null {
  try {
    const { publicKey } = new X509Certificate(pem)
    const bits = publicKey.asymmetricKeyDetails?.modulusLength
    if (bits !== undefined && bits < 2048) return 'has a key of fewer than 2048 bits'
    return null
  } catch {
    return 'must be a certificate (PEM)'
  }
}

/** A certificate as metadata, a portal or a file says it, as PEM. */
export function pemOf(text: string): string {
  const body = text.replaceAll(/-----[^-]+-----|\s/g, '')
  return `-----BEGIN CERTIFICATE-----\n${body.match(/.{1,64}/g)?.join('\n') ?? ''}\n-----END CERTIFICATE-----\n`
}
