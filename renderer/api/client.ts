import { offline, readProblem } from './problem.ts'
import { accessToken, refresh, signedOut } from './session.ts'

export type Query = Readonly<Record<string, string | undefined>>

export interface CallOptions {
  readonly query?: Query
  readonly body?: unknown
  /** Sent as it is, with `contentType`; for uploads. */
  readonly raw?: { readonly content: Blob | string; readonly contentType: string }
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export function addressOf(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.append(name, value)
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}

/**
 * One request to the API. A 401 is tried once more after a silent refresh; if that is refused the session ends.
 * Throws ApiProblem; an abort rejects with the signal's reason.
 */
export async function call(method: Method, path: string, options: CallOptions = {}): Promise<Response> {
  let response = await send(method, path, options)
  if (response.status === 401) {
    const outcome = await refresh()
    if (outcome === 'unknown') throw offline()
    if (outcome === 'in') response = await send(method, path, options)
    if (response.status === 401) signedOut()
  }
  if (!response.ok) throw readProblem(response.status, await response.json().catch(() => null))
  return response
}

async function send(method: Method, path: string, { query, body, raw, headers, signal }: CallOptions): Promise<Response> {
  const token = accessToken()
  try {
    return await fetch(addressOf(path, query), {
      method,
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(raw !== undefined && { 'content-type': raw.contentType }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(raw !== undefined && { body: raw.content }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw offline()
  }
}

export async function callJson<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
  // A success may have nothing more to say: 202 and 204 come without a body.
  const text = await (await call(method, path, options)).text()
  return (text === '' ? null : JSON.parse(text)) as T
}
