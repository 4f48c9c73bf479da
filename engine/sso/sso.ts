import type { Catalogue } from '../catalogue/types.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/types.ts'
import type { AccessNote } from '../identity/access-log.ts'
import type { Identity } from '../identity/identity.ts'
import type { Limiters } from '../identity/limiter.ts'
import type { Outbound } from '../outbound/outbound.ts'
import type { RecordsDoor } from '../records/handle.ts'
import type { Actor } from '../records/types.ts'
import type { ResolveTxt } from '../tenancy/dns-proof.ts'
import { createAdmissions } from './admissions.ts'
import { createCompanySignIn, type CompanySignIn } from './company-sign-in.ts'
import { directoryOf, type DirectoryBearer } from './directory.ts'
import { createDomains, type Domains } from './domains.ts'
import { createOidc } from './oidc.ts'
import { createProviders, secretName, type Providers } from './providers.ts'
import { createSaml, type Saml } from './saml.ts'
import { createScimGroups, type ScimGroups } from './scim-groups.ts'
import { createScimUsers, type ScimUsers } from './scim-users.ts'

/** Everything about companies' identity providers and directories. */
export interface Sso {
  readonly companySignIn: CompanySignIn
  readonly saml: Saml
  readonly providers: Providers
  readonly domains: Domains
  readonly users: ScimUsers
  readonly groups: ScimGroups
  /** Throws 'not-authenticated'. */
  readonly asDirectory: (authorization: string | undefined, address: string) => Promise<DirectoryBearer>
}

interface SsoParts {
  readonly config: Pick<Config, 'limits' | 'publicUrl' | 'outboundNetworks'>
  readonly database: Pick<Database, 'call' | 'transaction'>
  readonly identity: Pick<Identity, 'keyring' | 'once' | 'signIn'>
  readonly records: RecordsDoor
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  readonly outbound: Outbound
  readonly resolveTxt: ResolveTxt
  readonly limiters: Limiters
  readonly note: (note: AccessNote) => void
  readonly onWritten: () => void
  readonly onError: (error: unknown) => void
}

/** To which every OpenID Connect provider sends the browser back. */
export const redirectUri = (publicUrl: URL): string => new URL('/api/auth/sso/callback', publicUrl).href
/** What a SAML provider is told of us: an address of its own for each provider, for some know no other way to tell tenants apart. */
export const samlPlace = (publicUrl: URL, provider: string) => {
  const entityId = new URL(`/api/auth/saml/${provider}`, publicUrl).href
  return { entityId, acs: `${entityId}/acs` }
}

export function createSso(parts: SsoParts): Sso {
  const { config, database, identity, records, catalogueOf, outbound, resolveTxt, limiters, note, onWritten, onError } = parts
  const { limits } = config
  const publicUrl = new URL(config.publicUrl)
  const saml = createSaml((provider) => samlPlace(publicUrl, provider), limits)
  const oidc = createOidc({
    redirectUri: redirectUri(publicUrl),
    outbound,
    secretOf: ({ tenant, id }) => identity.keyring.get(tenant, secretName(id)),
    limits,
  })
  const admissions = createAdmissions({ database, records, catalogueOf, onWritten })
  const { once, signIn, keyring } = identity
  const companySignIn = createCompanySignIn({ database, once, oidc, saml, admissions, signIn, publicUrl, limiters, limits, note, onError })
  const kept = { database, records, catalogueOf, limits, onWritten }
  return {
    companySignIn,
    saml,
    providers: createProviders({ database, keyring, catalogueOf, plainToo: config.outboundNetworks.length > 0, limits, onWritten }),
    domains: createDomains({ database, resolveTxt, limits, onWritten }),
    users: createScimUsers(kept),
    groups: createScimGroups(kept),
    asDirectory: (authorization, address) => directoryOf(database, authorization, address),
  }
}
