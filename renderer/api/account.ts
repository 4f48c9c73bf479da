import { useQuery } from '@tanstack/react-query'
import { callJson } from './client.ts'
import { queryClient } from './records.ts'

/** One's own sign-in, as engine/http/account-routes.ts tells it. */
export interface Account {
  readonly email: string
  readonly emailVerified: boolean
  readonly hasPassword: boolean
  readonly passwordChangedAt: string | null
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

export const useAccount = () =>
  useQuery({ queryKey: [...key, 'view'], queryFn: ({ signal }) => callJson<Account>('GET', '/api/account', { signal }) })
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
export async function endDevice(id: string): Promise<void> {
  await callJson('DELETE', `/api/account/sessions/${id}`)
  await renew()
}
export async function endOtherDevices(): Promise<void> {
  await callJson('DELETE', '/api/account/sessions')
  await renew()
}
