import { randomBytes, webcrypto } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { SignedXml } from 'xml-crypto'

/** What a test's answer says; by default all of it is as it should be. */
export interface SamlSays {
  readonly nameId?: string
  readonly attributes?: Readonly<Record<string, readonly string[]>>
  readonly issuer?: string
  readonly audience?: string
  readonly recipient?: string
  readonly destination?: string
  /** Seconds from now. */
  readonly expires?: number
  /** Null: in answer to nothing. */
  readonly inResponseTo?: string | null
  /** Whether the subject's confirmation names the request too. */
  readonly isConfirmed?: boolean
  readonly signs?: 'assertion' | 'response' | 'both' | 'nothing'
  readonly algorithm?: 'sha256' | 'sha1'
  readonly context?: string
}
export interface SamlProvider {
  readonly entityId: string
  readonly signInUrl: string
  /** PEM. */
  readonly certificate: string
  /** The form that the browser posts after the visit to `location`. */
  answer(location: string, says?: SamlSays): { readonly SAMLResponse: string; readonly RelayState: string; readonly requestId: string }
}

/** A SAML identity provider as far as its answers go: signs what a test makes it say with a key of its own. */
export async function createSamlProvider(entityId: string): Promise<SamlProvider> {
  // It must be there before the other is.
  await import('reflect-metadata')
  const { X509CertificateGenerator } = await import('@peculiar/x509')
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=tests',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    keys: keys as unknown as CryptoKeyPair,
    signingAlgorithm: algorithm,
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const privateKey = `-----BEGIN PRIVATE KEY-----\n${pkcs8.match(/.{1,64}/g)!.join('\n')}\n-----END PRIVATE KEY-----\n`

  const signed = (xml: string, at: string, hash: 'sha256' | 'sha1'): string => {
    const [signatureAlgorithm, digestAlgorithm] =
      hash === 'sha256'
        ? ['http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2001/04/xmlenc#sha256']
        : ['http://www.w3.org/2000/09/xmldsig#rsa-sha1', 'http://www.w3.org/2000/09/xmldsig#sha1']
    const canonicalizationAlgorithm = 'http://www.w3.org/2001/10/xml-exc-c14n#'
    const signature = new SignedXml({ privateKey, signatureAlgorithm, canonicalizationAlgorithm })
    const transforms = ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', canonicalizationAlgorithm]
    signature.addReference({ xpath: at, digestAlgorithm, transforms })
    signature.computeSignature(xml, { location: { reference: `${at}/*[local-name()='Issuer']`, action: 'after' } })
    return signature.getSignedXml()
  }

  return {
    entityId,
    signInUrl: 'https://idp.test/sso',
    certificate: certificate.toString('pem'),
    answer: (location, says = {}) => {
      const query = new URL(location).searchParams
      const request = inflateRawSync(Buffer.from(query.get('SAMLRequest') ?? '', 'base64')).toString()
      const asked = (name: string): string => new RegExp(`\\b${name}="([^"]+)"`).exec(request)?.[1] ?? ''
      const acs = asked('AssertionConsumerServiceURL')
      const issuer = says.issuer ?? entityId
      const at = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()
      const id = (): string => `_${randomBytes(12).toString('hex')}`
      const answered = says.inResponseTo === undefined ? asked('ID') : says.inResponseTo
      const inResponseTo = answered === null ? '' : ` InResponseTo="${answered}"`
      const expires = at(says.expires ?? 300)
      const attributes = Object.entries(says.attributes ?? {})
        .map(([name, values]) => {
          const all = values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')
          return `<saml:Attribute Name="${name}">${all}</saml:Attribute>`
        })
        .join('')
      const confirmation = `<saml:SubjectConfirmationData NotOnOrAfter="${expires}" Recipient="${says.recipient ?? acs}"${says.isConfirmed === false ? '' : inResponseTo}/>`
      const assertion = `<saml:Assertion ID="${id()}" Version="2.0" IssueInstant="${at(0)}"><saml:Issuer>${issuer}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">${says.nameId ?? 'nobody'}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">${confirmation}</saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${at(-60)}" NotOnOrAfter="${expires}"><saml:AudienceRestriction><saml:Audience>${says.audience ?? /<saml:Issuer[^>]*>([^<]+)</.exec(request)?.[1] ?? ''}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="${at(0)}" SessionIndex="s"><saml:AuthnContext><saml:AuthnContextClassRef>${says.context ?? 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified'}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>${attributes}</saml:AttributeStatement></saml:Assertion>`
      let xml = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id()}" Version="2.0" IssueInstant="${at(0)}" Destination="${says.destination ?? acs}"${inResponseTo}><saml:Issuer>${issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>${assertion}</samlp:Response>`
      const { signs = 'assertion', algorithm: hash = 'sha256' } = says
      if (signs === 'assertion' || signs === 'both') xml = signed(xml, `/*/*[local-name()='Assertion']`, hash)
      if (signs === 'response' || signs === 'both') xml = signed(xml, '/*', hash)
      return { SAMLResponse: Buffer.from(xml).toString('base64'), RelayState: query.get('RelayState') ?? '', requestId: asked('ID') }
    },
  }
}
