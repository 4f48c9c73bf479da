import { parseCookie, stringifySetCookie } from 'cookie'
import type { Request } from 'express'
import { limits } from '../config.ts'
import type { Looking, SessionView } from '../identity/actors.ts'
import type { Credentials, SignedIn, SignIn } from '../identity/sign-in.ts'
import type { Viewings } from '../identity/viewing.ts'
import { Problem } from '../problems.ts'
import type { Actor } from '../records/types.ts'
import { refuseForeignOrigin } from './admission.ts'
import { exactText, optional, readMembers } from './input.ts'
import { viaOf } from './records-route.ts'
import { empty, json, type Route } from './route.ts'

const cookieName = 'bos_refresh'
const cookiePath = '/api/auth'

export interface Identity {
  readonly signIn: SignIn
  readonly view: (of: Looking) => Promise<SessionView | null>
  readonly viewings: Viewings
  /** The acting member's own name as others see it; null when their record is gone. */
  readonly memberName: (actor: Actor) => Promise<string | null>
}

/** Sign-in, and who I am. The refresh token travels only in a cookie that scripts cannot read and other sites cannot send. */
export function authRoutes(identity: Identity, demo: boolean): readonly Route[] {
  const { signIn, viewings } = identity
  return [
    {
      method: 'POST',
      path: '/api/auth/login',
      guard: 'public',
      handle: async ({ request, body }) => {
        refuseForeignOrigin(request)
        const result = await signIn.login(readCredentials(body), request.ip ?? '')
        return 'tenants' in result ? json(200, result) : signedIn(request, result)
      },
    },
    {
      method: 'POST',
      path: '/api/auth/refresh',
      guard: 'public',
      handle: async ({ request }) => {
        refuseForeignOrigin(request)
        const cookie = readCookie(request)
        // Every page asks when it is opened: that nobody is signed in is no fault.
        return cookie ? signedIn(request, await signIn.refresh(cookie)) : empty(204)
      },
    },
    {
      method: 'POST',
      path: '/api/auth/logout',
      guard: 'public',
      handle: async ({ request }) => {
        refuseForeignOrigin(request)
        await signIn.logout(readCookie(request), request.headers.authorization)
        return empty(204, { 'set-cookie': refreshCookie(request, '', 0) })
      },
    },
    {
      method: 'POST',
      path: '/api/auth/view-as',
      guard: 'member',
      handle: async ({ request, body, requestId }, actor) => {
        refuseForeignOrigin(request)
        const { member } = readMembers(body, { member: exactText(limits.idCharacters) })
        return json(200, await viewings.begin(actor, member, { via: viaOf(request.headers['sec-fetch-site']), requestId }))
      },
    },
    {
      method: 'DELETE',
      path: '/api/auth/view-as',
      guard: 'member',
      viewing: 'allowed',
      handle: async ({ request, requestId }, actor) => {
        refuseForeignOrigin(request)
        await viewings.end(actor, { via: viaOf(request.headers['sec-fetch-site']), requestId })
        return empty(204)
      },
    },
    {
      method: 'GET',
      path: '/api/me',
      guard: 'member',
      fresh: true,
      handle: async (_exchange, actor) => {
        const view = await identity.view(actor)
        if (!view) throw new Problem('not-authenticated')
        const member = { id: actor.member, name: await identity.memberName(actor), email: view.email }
        const { viewing } = actor
        const viewer = viewing && { id: viewing.by, name: await identity.memberName({ ...actor, member: viewing.by }) }
        return json(200, { member, tenant: view.tenant, roles: actor.roles, demo, ...(viewer && { viewer }) })
      },
    },
  ]
}

function signedIn(request: Request, { refresh, ...shown }: SignedIn): ReturnType<typeof json> {
  return json(200, shown, { 'set-cookie': refreshCookie(request, refresh.text, refresh.expiresAt - Math.floor(Date.now() / 1000)) })
}

/** Secure whenever the page came over https; a forged X-Forwarded-Proto can only make its own sender's cookie stricter. */
function refreshCookie(request: Request, value: string, maxAge: number): string {
  const forwarded = request.headers['x-forwarded-proto']?.toString().split(',')[0]?.trim()
  return stringifySetCookie({
    name: cookieName,
    value,
    maxAge,
    path: cookiePath,
    httpOnly: true,
    sameSite: 'strict',
    secure: request.secure || forwarded === 'https',
  })
}

const readCookie = (request: Request): string | undefined => parseCookie(request.headers.cookie ?? '')[cookieName]

function readCredentials(body: unknown): Credentials {
  const bySelection = typeof body === 'object' && body !== null && 'selectToken' in body
  return bySelection
    ? readMembers(body, { selectToken: exactText(limits.selectTokenCharacters), tenant: exactText(limits.idCharacters) })
    : readMembers(body, {
        email: exactText(limits.emailCharacters),
        password: exactText(limits.passwordMaxCharacters),
        tenant: optional(exactText(limits.idCharacters)),
      })
}
