import {
  browserSupportsWebAuthn,
  startAuthentication,
  startRegistration,
  WebAuthnError,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser'
import { ApiProblem } from './problem.ts'

/** What the server asks a passkey, with the secret by which it knows its question again; and the browser's answer to it. */
interface Asked<Options> {
  readonly challenge: string
  readonly options: Options
}
export interface PasskeyAnswer {
  readonly challenge: string
  readonly response: object
}

/** False on pages that came over plain http from elsewhere, where browsers have no passkeys. */
export const hasPasskeys = (): boolean => browserSupportsWebAuthn()

/** Asks whoever sits here for one of their passkeys. Throws ApiProblem. */
export const askPasskey = ({ challenge, options }: Asked<PublicKeyCredentialRequestOptionsJSON>): Promise<PasskeyAnswer> =>
  told(challenge, startAuthentication({ optionsJSON: options }))

/** Makes one. Throws ApiProblem. */
export const makePasskey = ({ challenge, options }: Asked<PublicKeyCredentialCreationOptionsJSON>): Promise<PasskeyAnswer> =>
  told(challenge, startRegistration({ optionsJSON: options }))

async function told(challenge: string, asked: Promise<object>): Promise<PasskeyAnswer> {
  try {
    return { challenge, response: await asked }
  } catch (error) {
    throw new ApiProblem(0, 'passkey-failed', 'The passkey could not be used', sayOf(error))
  }
}

function sayOf(error: unknown): string {
  const code = error instanceof WebAuthnError ? error.code : null
  if (code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED') return 'This device has a passkey of yours already.'
  if (code === 'ERROR_INVALID_DOMAIN' || code === 'ERROR_INVALID_RP_ID')
    return 'Passkeys belong to the main address of this server, and this page was opened at another.'
  if (code === 'ERROR_AUTHENTICATOR_MISSING_USER_VERIFICATION_SUPPORT')
    return 'This device cannot check who uses it. Set up its screen lock, or use another one.'
  return 'No passkey was used: the browser was stopped, or took too long.'
}
