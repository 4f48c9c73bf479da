import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/browser'
import { callJson } from './client.ts'
import { askPasskey, type PasskeyAnswer } from './passkeys.ts'
import { offline, readProblem } from './problem.ts'
import { signedIn } from './session.ts'

/** Everything that is done before somebody is signed in, as engine/http/auth-routes.ts and sso-routes.ts offer it. All throw ApiProblem. */

export interface TenantName {
  readonly id: string
  readonly slug: string
  readonly name: string
}
export type FactorWay = 'passkey' | 'code' | 'recoveryCode'

/** Signed in, or the next thing that is asked for, with the ticket to bring along. */
export type SignInOutcome =
  | { readonly kind: 'in' }
  | { readonly kind: 'tenants'; readonly tenants: readonly TenantName[]; readonly selectToken: string }
  | { readonly kind: 'factor'; readonly mfaToken: string; readonly methods: readonly FactorWay[] }
  | { readonly kind: 'enrol'; readonly mfaToken: string; readonly tenant: TenantName }
  | { readonly kind: 'password'; readonly mfaToken: string; readonly tenant: TenantName }
  /** Signed in as soon as the codes are kept. */
  | { readonly kind: 'codes'; readonly recoveryCodes: readonly string[]; readonly accessToken: string }

interface Answer {
  readonly accessToken?: string
  readonly recoveryCodes?: readonly string[]
  readonly tenants?: readonly TenantName[]
  readonly selectToken?: string
  readonly mfaRequired?: true
  readonly enrolmentRequired?: true
  readonly passwordRequired?: true
  readonly mfaToken?: string
  readonly methods?: readonly FactorWay[]
  readonly tenant?: TenantName
}

export const login = (email: string, password: string): Promise<SignInOutcome> => step('/api/auth/login', { email, password })
export const chooseTenant = (selectToken: string, tenant: string): Promise<SignInOutcome> =>
  step('/api/auth/login', { selectToken, tenant })

export type FactorProof = { readonly code: string } | { readonly recoveryCode: string } | PasskeyAnswer
export const proveFactor = (mfaToken: string, proof: FactorProof): Promise<SignInOutcome> => step('/api/auth/mfa', { mfaToken, ...proof })
export const provePasskey = async (mfaToken: string): Promise<SignInOutcome> =>
  proveFactor(mfaToken, await askPasskey(await ask('/api/auth/mfa/challenge', { mfaToken })))

/** A passkey instead of a password. */
export const loginByPasskey = async (): Promise<SignInOutcome> =>
  step('/api/auth/passkey', await askPasskey(await ask<PasskeyChallenge>('/api/auth/passkey/challenge')))
interface PasskeyChallenge {
  readonly challenge: string
  readonly options: PublicKeyCredentialRequestOptionsJSON
}

/** `qr` is the text of an SVG picture. */
export interface AppEnrolment {
  readonly factor: string
  readonly secret: string
  readonly qr: string
}
export const beginEnrolment = (mfaToken: string): Promise<AppEnrolment> => ask('/api/auth/mfa/enrol', { mfaToken })
export const finishEnrolment = (mfaToken: string, factor: string, code: string): Promise<SignInOutcome> =>
  step('/api/auth/mfa/enrolled', { mfaToken, factor, code })

/** One’s own password in place of the one that somebody has given. */
export const choosePassword = (mfaToken: string, password: string): Promise<SignInOutcome> =>
  step('/api/auth/password', { mfaToken, password })

/** Another workspace of whoever is signed in. */
export const switchTenant = async (slug: string): Promise<SignInOutcome> =>
  outcomeOf(await callJson<Answer>('POST', '/api/auth/switch', { body: { tenant: slug } }))

export const askReset = (email: string): Promise<void> => ask('/api/auth/forgot', { email })
export const resetPassword = (secret: string, password: string): Promise<void> => ask('/api/auth/reset', { secret, password })
export const confirmEmail = (purpose: 'verify' | 'email', secret: string): Promise<void> => ask(`/api/auth/${purpose}`, { secret })

export interface Invitation {
  readonly email: string
  readonly tenant: string
  readonly account: 'new' | 'existing'
}
export const lookAtInvitation = (secret: string): Promise<Invitation> => ask('/api/auth/invitation', { secret })
export const acceptInvitation = (secret: string, password: string): Promise<SignInOutcome> =>
  step('/api/auth/invitation/accept', { secret, password })

export const askSignUp = (email: string): Promise<void> => ask('/api/auth/sign-up', { email })
export const lookAtSignUp = (secret: string): Promise<{ readonly email: string; readonly account: 'new' | 'existing' }> =>
  ask('/api/auth/sign-up/look', { secret })
export interface Founding {
  readonly name: string
  readonly person: string
  readonly password: string
  readonly locale: string
  readonly timeZone: string
  readonly currency: string
}
export const foundWorkspace = (secret: string, founding: Founding): Promise<SignInOutcome> =>
  step('/api/auth/sign-up/found', { secret, ...founding })

export interface ProviderName {
  readonly id: string
  readonly name: string
  readonly tenant: string
}
/** `email` null: those of the workspace whose address the page has. */
export const providersFor = async (email: string | null): Promise<readonly ProviderName[]> =>
  (await ask<{ readonly providers: readonly ProviderName[] }>('/api/auth/sso', email === null ? {} : { email })).providers
/** Answers where the browser goes. */
export const beginSso = async (provider: string): Promise<string> =>
  (await ask<{ readonly location: string }>('/api/auth/sso/begin', { provider })).location

/** What a provider said of whoever tried it out. Nothing has come of it. */
export interface SsoTrial {
  readonly provider: string
  readonly asserted: {
    readonly subject: string
    readonly email: string | null
    readonly emailVerified: boolean
    readonly name: string | null
    readonly groups: readonly string[] | null
    readonly mfa: boolean
  }
  readonly member: string | null
  readonly roles: readonly string[]
  readonly refused: string | null
}
export async function finishSso(secret: string): Promise<SignInOutcome | { readonly kind: 'trial'; readonly trial: SsoTrial }> {
  const answer = await ask<Answer & { readonly trial?: SsoTrial }>('/api/auth/sso/finish', { secret })
  return answer.trial ? { kind: 'trial', trial: answer.trial } : outcomeOf(answer)
}

/** How the workspace presents itself whose address the page has; null: none in particular. */
export interface Face {
  readonly name: string
  readonly accent: string | null
  readonly ssoOnly: boolean
  /** As a data: address. */
  readonly logo: string | null
}
interface Here {
  readonly workspace: Face | null
  /** Letters are kept in a folder instead of being sent. */
  readonly demo: boolean
  /** People may found workspaces themselves. */
  readonly signUp: boolean
}
export async function whereAmI(): Promise<Here> {
  const { workspace, ...rest } = await ask<{
    readonly workspace: (Omit<Face, 'logo'> & { readonly hasLogo: boolean }) | null
    readonly demo: boolean
    readonly signUp: boolean
  }>('/api/auth/workspace', undefined, 'GET')
  if (!workspace) return { workspace, ...rest }
  const { hasLogo, ...face } = workspace
  const { logo } = hasLogo ? await ask<{ readonly logo: string }>('/api/auth/workspace/logo', undefined, 'GET') : { logo: null }
  return { workspace: { ...face, logo }, ...rest }
}

/** A letter that a demo kept instead of sending it; the newest first. Throws 'not-found' where letters are really sent. */
export interface StoredLetter {
  readonly id: string
  readonly at: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly link: string | null
}
export const storedLetters = async (): Promise<readonly StoredLetter[]> =>
  (await ask<{ readonly data: readonly StoredLetter[] }>('/api/mail', undefined, 'GET')).data

const step = async (path: string, body: object): Promise<SignInOutcome> => outcomeOf(await ask(path, body))

function outcomeOf({ accessToken, recoveryCodes, tenants, selectToken, mfaToken, methods, tenant, ...flags }: Answer): SignInOutcome {
  if (tenants && selectToken) return { kind: 'tenants', tenants, selectToken }
  if (flags.mfaRequired && mfaToken) return { kind: 'factor', mfaToken, methods: methods ?? [] }
  if (flags.enrolmentRequired && mfaToken && tenant) return { kind: 'enrol', mfaToken, tenant }
  if (flags.passwordRequired && mfaToken && tenant) return { kind: 'password', mfaToken, tenant }
  if (!accessToken) throw readProblem(502, null)
  if (recoveryCodes) return { kind: 'codes', recoveryCodes, accessToken }
  signedIn(accessToken)
  return { kind: 'in' }
}

/** Without the session of whoever may be signed in: a refusal here ends nobody's. */
async function ask<T>(path: string, body: object = {}, method: 'GET' | 'POST' = 'POST'): Promise<T> {
  const response = await fetch(path, {
    method,
    credentials: 'same-origin',
    ...(method === 'POST' && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  }).catch(() => {
    throw offline()
  })
  const answer: unknown = await response.json().catch(() => null)
  if (!response.ok) throw readProblem(response.status, answer)
  return answer as T
}
