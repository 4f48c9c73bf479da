import { useQuery } from '@tanstack/react-query'
import { callJson } from './client.ts'
import { queryClient } from './records.ts'

/** Keys for programs, as engine/http/key-routes.ts tells of them: one's own, or an administrator everybody's. */
export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly member: string
  readonly role: string
  readonly scopes: readonly string[]
  readonly addresses: readonly string[]
  readonly expiresAt: string | null
  readonly prefix: string
  readonly createdAt: string
  readonly lastUsedAt: string | null
  readonly lastAddress: string | null
  /** Nobody who may have it stands behind it now: it is refused. */
  readonly resting: boolean
}
export interface KeyWish {
  readonly name: string
  /** Null: oneself. */
  readonly member: string | null
  readonly role: string
  readonly scopes: readonly string[]
  readonly addresses: readonly string[]
  /** ISO 8601; null: as long as the server allows. */
  readonly expiresAt: string | null
}

const key = ['keys'] as const
export const useKeys = () =>
  useQuery({
    queryKey: key,
    queryFn: ({ signal }) => callJson<{ readonly data: readonly ApiKey[] }>('GET', '/api/keys', { signal }).then(({ data }) => data),
  })
/** Each throws ApiProblem; the two that answer a key show it this once. */
export async function createKey(wish: KeyWish): Promise<string> {
  const made = await callJson<{ readonly key: string }>('POST', '/api/keys', { body: wish })
  await queryClient.invalidateQueries({ queryKey: key })
  return made.key
}
export async function rotateKey(id: string): Promise<string> {
  const made = await callJson<{ readonly key: string }>('POST', `/api/keys/${id}/rotate`, { body: {} })
  await queryClient.invalidateQueries({ queryKey: key })
  return made.key
}
export async function revokeKey(id: string): Promise<void> {
  await callJson('DELETE', `/api/keys/${id}`)
  await queryClient.invalidateQueries({ queryKey: key })
}
