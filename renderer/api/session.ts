import { useSyncExternalStore } from 'react'

/**
 * Who is signed in. The access token lives in memory only; the refresh token is an httpOnly cookie that script never sees.
 * `starting` until the first silent refresh has answered.
 */
export type SessionState = 'starting' | 'in' | 'out' | 'offline'

let state: SessionState = 'starting'
let token: string | null = null
let refreshing: Promise<Refreshed> | null = null
const listeners = new Set<() => void>()

function change(next: SessionState, nextToken: string | null): void {
  state = next
  token = nextToken
  for (const listener of listeners) listener()
}

/** Whoever acts: the one who signed in, or another person as whom they look. What was read as one is nothing for the other. */
let acting = 'self'
const leaving = new Set<(person: string) => void>()
/** Told before anything is read as somebody else: the id of a member, or `self`. */
export const onOtherPerson = (listener: (person: string) => void): void => void leaving.add(listener)
function actAs(person: string): void {
  if (person === acting) return
  acting = person
  for (const listener of leaving) listener(person)
}
export const usePerson = (): string =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => acting,
  )
/** The token acts for another person until it ends; the next refresh is the one who signed in again. */
export function looking(accessTokenText: string, member: string): void {
  actAs(member)
  change('in', accessTokenText)
}

export const accessToken = (): string | null => token
export const sessionState = (): SessionState => state
export const signedIn = (accessTokenText: string): void => {
  actAs('self')
  change('in', accessTokenText)
}
export const signedOut = (): void => change('out', null)

export function useSession(): SessionState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => state,
  )
}

/** `unknown`: the server could not be asked, or did not say; whoever is signed in stays so. */
export type Refreshed = 'in' | 'out' | 'unknown'

/**
 * Gets a new access token by the cookie. Several callers share one request. `resume`: what is gone on with before anything is shown; where it
 * throws, one begins as oneself.
 */
export function refresh(resume?: () => Promise<void>): Promise<Refreshed> {
  refreshing ??= refreshOnce(resume).finally(() => {
    refreshing = null
  })
  return refreshing
}

async function refreshOnce(resume?: () => Promise<void>): Promise<Refreshed> {
  const response = await fetch('/api/auth/refresh', { method: 'POST', credentials: 'same-origin' }).catch(() => null)
  if (response?.status === 204 || response?.status === 401 || response?.status === 403) {
    signedOut()
    return 'out'
  }
  const body = response?.ok ? ((await response.json().catch(() => null)) as { readonly accessToken?: string } | null) : null
  if (!body?.accessToken) {
    if (state === 'starting') change('offline', null)
    return 'unknown'
  }
  const granted = body.accessToken
  if (!resume) signedIn(granted)
  else {
    token = granted
    await resume().catch(() => signedIn(granted))
  }
  return 'in'
}

const signingOut = new Set<() => void>()
/** Told when somebody means to sign out, not when a session just ends. */
export const onSignOut = (listener: () => void): void => void signingOut.add(listener)

export async function logout(): Promise<void> {
  const held = token
  await fetch('/api/auth/logout', {
    method: 'POST',
    credentials: 'same-origin',
    ...(held !== null && { headers: { authorization: `Bearer ${held}` } }),
  }).catch(() => undefined)
  for (const listener of signingOut) listener()
  signedOut()
}
