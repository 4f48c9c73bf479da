import type { PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/browser'
import { useQuery } from '@tanstack/react-query'
import { callJson } from './client.ts'
import { askPasskey, makePasskey } from './passkeys.ts'
import { queryClient } from './records.ts'
import type { AppEnrolment, TenantName } from './sign-in.ts'

/** One's own sign-in, as engine/http/account-routes.ts tells it. */
export interface Account {
  readonly email: string
  readonly emailVerified: boolean
  readonly hasPassword: boolean
  readonly passwordChangedAt: string | null
  readonly factors: readonly Factor[]
  /** How many are left of ten. */
  readonly recoveryCodes: number
  readonly tenants: readonly TenantName[]
  /** False for a session that a company's identity provider opened: it may not change the account. */
  readonly isOwn: boolean
}
export interface Factor {
  readonly id: string
  readonly kind: 'totp' | 'passkey'
  readonly name: string
  readonly createdAt: string
  readonly lastUsedAt: string | null
}
export interface Device {
  readonly id: string
  readonly tenant: string
  readonly isThis: boolean
  readonly lastUsedAt: string
  readonly address: string | null
  readonly country: string | null
  readonly agent: string | null
}

const key = ['account'] as const
const renew = (): Promise<void> => queryClient.invalidateQueries({ queryKey: key })

export const useAccount = (enabled = true) =>
  useQuery({ queryKey: [...key, 'view'], queryFn: ({ signal }) => callJson<Account>('GET', '/api/account', { signal }), enabled })
export const useDevices = () =>
  useQuery({
    queryKey: [...key, 'devices'],
    queryFn: async ({ signal }) => (await callJson<{ readonly data: readonly Device[] }>('GET', '/api/account/sessions', { signal })).data,
  })

/** Each throws ApiProblem; `proof-required` where it takes a fresh proof. */
export async function setPassword(password: string): Promise<void> {
  await callJson('PUT', '/api/account/password', { body: { password } })
  await renew()
}
/** A letter goes to the new address; nothing changes before its link is opened. */
export const askEmailChange = (email: string): Promise<void> => callJson('PUT', '/api/account/email', { body: { email } })
export const askEmailVerification = (): Promise<void> => callJson('POST', '/api/account/email/verification')

export const beginApp = (): Promise<AppEnrolment> => callJson('POST', '/api/account/factors/app', { body: {} })
/** The account's first recovery codes; null where it had some. */
export async function confirmApp(factor: string, code: string): Promise<readonly string[] | null> {
  const { recoveryCodes } = await callJson<Added>('POST', '/api/account/factors/app/confirm', { body: { factor, code } })
  await renew()
  return recoveryCodes
}
export async function addPasskey(name: string): Promise<readonly string[] | null> {
  const asked = await callJson<Asked<PublicKeyCredentialCreationOptionsJSON>>('POST', '/api/account/factors/passkey/challenge')
  const { recoveryCodes } = await callJson<Added>('POST', '/api/account/factors/passkey', { body: { ...(await makePasskey(asked)), name } })
  await renew()
  return recoveryCodes
}
interface Added {
  readonly recoveryCodes: readonly string[] | null
}
interface Asked<Options> {
  readonly challenge: string
  readonly options: Options
}
export async function renameFactor(id: string, name: string): Promise<void> {
  await callJson('PATCH', `/api/account/factors/${id}`, { body: { name } })
  await renew()
}
export async function removeFactor(id: string): Promise<void> {
  await callJson('DELETE', `/api/account/factors/${id}`)
  await renew()
}
export async function renewRecoveryCodes(): Promise<readonly string[]> {
  const { recoveryCodes } = await callJson<{ readonly recoveryCodes: readonly string[] }>('POST', '/api/account/recovery-codes')
  await renew()
  return recoveryCodes
}

/** Proves anew who acts. Throws ApiProblem `proof-wrong`. */
export const prove = (proof: { readonly password: string } | { readonly code: string }): Promise<void> =>
  callJson('POST', '/api/account/proof', { body: proof })
export async function proveByPasskey(): Promise<void> {
  const asked = await callJson<Asked<PublicKeyCredentialRequestOptionsJSON>>('POST', '/api/account/proof/challenge')
  await callJson('POST', '/api/account/proof', { body: await askPasskey(asked) })
}

export async function endDevice(id: string): Promise<void> {
  await callJson('DELETE', `/api/account/sessions/${id}`)
  await renew()
}
export async function endOtherDevices(): Promise<void> {
  await callJson('DELETE', '/api/account/sessions')
  await renew()
}
