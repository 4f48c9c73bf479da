import { randomUUID } from 'node:crypto'
import { SAML, SamlStatusError, ValidateInResponseTo, type Profile } from '@node-saml/node-saml'
import type { Limits } from '../config.ts'
import { ssoRefused, type Asserted, type Protocol, type SamlSettings, type TenantProvider } from './provider.ts'

/** What the browser posts to the address of `acs`: base64, as it came. */
export interface SamlAnswer {
  readonly response: string
}
export interface Saml extends Protocol<SamlAnswer> {
  /** What a provider is told of us: XML. */
  metadata(provider: TenantProvider): string
}
/** Where a provider finds us: who we are to it, and where it sends its answer. */
export interface SamlPlace {
  readonly entityId: string
  readonly acs: string
}

/**
 * SAML 2.0 by node-saml, and what it leaves open: a request is answered once (whoever calls takes the state it came with first), the signed part names
 * that very request, us as recipient and the provider as issuer, and nothing is signed with SHA-1. Sign-ins that nobody here began are refused.
 */
export function createSaml(placeOf: (provider: string) => SamlPlace, limits: Pick<Limits, 'ssoSeconds' | 'groupsClaimed'>): Saml {
  const client = (provider: TenantProvider, request: { readonly id: string; readonly at: string }): SAML => {
    const { entityId, acs } = placeOf(provider.id)
    const { signInUrl, certificates } = samlOf(provider)
    return new SAML({
      issuer: entityId,
      audience: entityId,
      callbackUrl: acs,
      entryPoint: signInUrl,
      idpCert: [...certificates],
      signatureAlgorithm: 'sha256',
      // Of a response the assertion is what counts; Entra ID signs nothing else.
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: false,
      acceptedClockSkewMs: clockSkewMs,
      disableRequestedAuthnContext: true,
      identifierFormat: null,
      generateUniqueId: () => request.id,
      validateInResponseTo: ValidateInResponseTo.always,
      requestIdExpirationPeriodMs: limits.ssoSeconds * 1000,
      // The one request that this sign-in made.
      cacheProvider: {
        saveAsync: (_id, value) => Promise.resolve({ value, createdAt: Date.now() }),
        getAsync: (id) => Promise.resolve(id === request.id ? request.at : null),
        removeAsync: (id) => Promise.resolve(id),
      },
    })
  }

  return {
    metadata: (provider) => client(provider, { id: '', at: '' }).generateServiceProviderMetadata(null, null),

    begin: async (provider, state) => {
      const request = { id: `_${randomUUID()}`, at: new Date().toISOString() }
      return { location: await client(provider, request).getAuthorizeUrlAsync(state, undefined, {}), kept: request }
    },

    finish: async (provider, _state, { id = '', at = '' }, { response }) => {
      const settings = samlOf(provider)
      const fault = signatureFault(Buffer.from(response, 'base64').toString('utf8'))
      if (fault !== null) throw ssoRefused(fault)
      const { profile } = await client(provider, { id, at })
        .validatePostResponseAsync({ SAMLResponse: response })
        .catch((cause: unknown): never => {
          const { message } = cause as Error
          if (cause instanceof SamlStatusError) throw ssoRefused(`The identity provider let you not in: ${message}.`, cause)
          throw ssoRefused(`What the identity provider answered does not hold: ${message}.`, cause)
        })
      if (!profile) throw ssoRefused('The identity provider’s answer is no sign-in.')
      const { acs } = placeOf(provider.id)
      // Only what the signature covers is read.
      const assertion = (profile.getAssertion?.() as SignedAssertion | undefined)?.Assertion
      const isForUs = (assertion?.Subject?.[0]?.SubjectConfirmation ?? []).some(({ SubjectConfirmationData }) => {
        const data = SubjectConfirmationData?.[0]?.$
        return data?.Recipient === acs && data.InResponseTo === id
      })
      if (!isForUs) throw ssoRefused('What the identity provider answered does not hold: it was meant for another recipient or request.')
      if (profile.issuer !== settings.entityId)
        throw ssoRefused(`What the identity provider answered does not hold: its issuer is ${profile.issuer}.`)
      return asserted(profile, assertion ?? {}, settings, limits.groupsClaimed)
    },
  }
}

const clockSkewMs = 60_000

const samlOf = ({ settings }: TenantProvider): SamlSettings => {
  if (settings.kind === 'saml') return settings
  throw new TypeError('not a SAML provider')
}

/** As xml2js reads it. */
interface SignedAssertion {
  readonly Assertion?: AssertionXml
}
interface AssertionXml {
  readonly Subject?: readonly {
    readonly SubjectConfirmation?: readonly {
      readonly SubjectConfirmationData?: readonly { readonly $?: { readonly Recipient?: string; readonly InResponseTo?: string } }[]
    }[]
  }[]
  readonly AuthnStatement?: readonly {
    readonly AuthnContext?: readonly { readonly AuthnContextClassRef?: readonly (string | { readonly _?: string })[] }[]
  }[]
}

const strong: ReadonlySet<string> = new Set([
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512',
])

/** Why no signature in the text is looked at; null: they are. Whatever names an algorithm must name one of these, in so many letters. */
function signatureFault(xml: string): string | null {
  const named = [...xml.matchAll(/<[^<>\s/!?]*(?:SignatureMethod|DigestMethod)\b([^>]*)>/g)]
  const isStrong = named.every(([, attributes = '']) => strong.has(/\bAlgorithm\s*=\s*(["'])(.*?)\1/.exec(attributes)?.[2] ?? ''))
  if (!isStrong) return 'The identity provider signs with an algorithm that is too weak. Set it to RSA with SHA-256.'
  return null
}

/** By which providers say that they asked for a second factor. */
const mfaContexts: ReadonlySet<string> = new Set([
  'https://refeds.org/profile/mfa',
  'http://schemas.microsoft.com/claims/multipleauthn',
  'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract',
  'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered',
  'urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken',
])

function asserted(profile: Profile, { AuthnStatement }: AssertionXml, settings: SamlSettings, most: number): Asserted {
  const attributes = (profile as { attributes?: Readonly<Record<string, unknown>> }).attributes ?? {}
  const all = (name: string | null): readonly string[] => {
    const value = name === null ? undefined : Object.hasOwn(attributes, name) ? attributes[name] : undefined
    return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string')
  }
  const text = (name: string | null): string | null => all(name)[0]?.trim() || null
  const email = settings.emailAttribute === null ? profile.nameID : text(settings.emailAttribute)
  const contexts = (AuthnStatement ?? []).flatMap(({ AuthnContext }) =>
    (AuthnContext ?? []).flatMap(({ AuthnContextClassRef }) =>
      (AuthnContextClassRef ?? []).map((ref) => (typeof ref === 'string' ? ref : (ref._ ?? ''))),
    ),
  )
  return {
    subject: profile.nameID,
    email: email?.includes('@') === true ? email : null,
    // SAML knows no such word: a company's provider speaks for the company's own domain, and for no other is it believed.
    emailVerified: true,
    name: text(settings.nameAttribute),
    groups:
      settings.groupsAttribute === null || !Object.hasOwn(attributes, settings.groupsAttribute)
        ? null
        : all(settings.groupsAttribute).slice(0, most),
    mfa: [...contexts, ...all('http://schemas.microsoft.com/claims/authnmethodsreferences')].some((each) => mfaContexts.has(each.trim())),
  }
}
