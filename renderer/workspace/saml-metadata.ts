import type { SamlSettings } from '../api/sso.ts'

const metadata = 'urn:oasis:names:tc:SAML:2.0:metadata'
const signature = 'http://www.w3.org/2000/09/xmldsig#'
const redirect = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect'

/** What an identity provider's metadata says of it; null: the text is none, or says nothing of the HTTP-Redirect binding. */
export function readSamlMetadata(xml: string): Pick<SamlSettings, 'entityId' | 'signInUrl' | 'certificates'> | null {
  const document = new DOMParser().parseFromString(xml, 'application/xml')
  const entity = document.getElementsByTagNameNS(metadata, 'EntityDescriptor')[0]
  const provider = entity?.getElementsByTagNameNS(metadata, 'IDPSSODescriptor')[0]
  if (!entity || !provider) return null
  const signInUrl = [...provider.getElementsByTagNameNS(metadata, 'SingleSignOnService')]
    .find((each) => each.getAttribute('Binding') === redirect)
    ?.getAttribute('Location')
  const entityId = entity.getAttribute('entityID')
  if (signInUrl == null || entityId === null) return null
  const certificates = [...provider.getElementsByTagNameNS(metadata, 'KeyDescriptor')]
    .filter((each) => each.getAttribute('use') !== 'encryption')
    .flatMap((each) => [...each.getElementsByTagNameNS(signature, 'X509Certificate')])
    .map(({ textContent }) => pemOf(textContent ?? ''))
  return { entityId, signInUrl, certificates: [...new Set(certificates)] }
}

const pemOf = (base64: string): string => {
  const lines = base64.replaceAll(/\s/g, '').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----'].join('\n')
}
