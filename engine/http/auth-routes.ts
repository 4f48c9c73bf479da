import { parseCookie, stringifySetCookie } from 'cookie'
import type { Request } from 'express'
import { limits } from '../config.ts'
import type { Looking, SessionView } from '../identity/actors.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Client } from '../identity/client.ts'
import type { Passkeys } from '../identity/passkeys.ts'
import type { Credentials, SignIn, SignInResult } from '../identity/sign-in.ts'
import type { Viewings } from '../identity/viewing.ts'
import { Problem } from '../problems.ts'
import type { Invitations } from '../tenancy/invitations.ts'
import type { SignUp } from '../tenancy/sign-up.ts'
import type { Actor, Answer } from '../records/types.ts'
import { refuseForeignOrigin } from './admission.ts'
import { emailText, exactText, optional, readMembers, text, uuidText } from './input.ts'
import { passkeyAnswer, readProof, secondFactor, shownEnrolment } from './proofs.ts'
import { originOf } from './records-route.ts'
import { empty, json, type Route } from './route.ts'

const cookieName = 'bos_refresh'
const cookiePath = '/api/auth'

export interface Identity {
  readonly signIn: SignIn
  readonly accounts: Accounts
  readonly invitations: Pick<Invitations, 'look' | 'accept'>
  readonly signUp: SignUp
  readonly passkeys: Pick<Passkeys, 'challenge'>
  readonly client: (request: Request) => Client
  readonly view: (of: Looking) => Promise<SessionView | null>
  readonly viewings: Viewings
  /** The acting member's own name as others see it; null when their record is gone. */
  readonly memberName: (actor: Actor) => Promise<string | null>
}

/** Sign-in, and who I am. The refresh token travels only in a cookie that scripts cannot read and other sites cannot send. */
export function authRoutes(identity: Identity, demo: boolean): readonly Route[] {
  const { signIn, accounts, invitations, signUp, passkeys, viewings, client } = identity
  /** A step of signing in: from our own pages or from a program, by whoever brings the right thing. */
  const step = (path: string, handle: (body: unknown, from: Client, request: Request) => Promise<Answer>): Route => ({
    method: 'POST',
    path,
    guard: 'public',
    handle: async ({ request, body }) => {
      refuseForeignOrigin(request)
      return handle(body, client(request), request)
    },
  })
  return [
    step('/api/auth/login', async (body, from, request) => answered(request, await signIn.login(readCredentials(body), from))),
    step('/api/auth/mfa', async (body, from, request) => {
      const { mfaToken, ...proof } = readProof(body, { mfaToken: exactText(limits.ticketCharacters) })
      return answered(request, await signIn.prove(mfaToken, secondFactor(proof), from))
    }),
    step('/api/auth/mfa/challenge', async (body) => json(200, await signIn.challenge(readMembers(body, ticket).mfaToken))),
    step('/api/auth/mfa/enrol', async (body) => json(200, await shownEnrolment(await signIn.enrol(readMembers(body, ticket).mfaToken)))),
    step('/api/auth/mfa/enrolled', async (body, from, request) => {
      const { mfaToken, factor, code } = readMembers(body, { ...ticket, factor: uuidText, code: text(limits.secretCharacters) })
      return answered(request, await signIn.enrolled(mfaToken, factor, code, from))
    }),
    step('/api/auth/password', async (body, from, request) => {
      const { mfaToken, password } = readMembers(body, { ...ticket, password: exactText(limits.passwordMaxCharacters) })
      return answered(request, await signIn.choosePassword(mfaToken, password, from))
    }),
    step('/api/auth/passkey/challenge', async () => json(200, await passkeys.challenge(null))),
    step('/api/auth/passkey', async (body, from, request) => {
      const { tenant, ...answer } = readMembers(body, { ...passkeyAnswer, tenant: optional(exactText(limits.idCharacters)) })
      return answered(request, await signIn.byPasskey(answer, tenant, from))
    }),
    step('/api/auth/forgot', async (body, from) => {
      await accounts.forgot(readMembers(body, { email: text(limits.emailCharacters) }).email, from)
      return empty(202)
    }),
    step('/api/auth/reset', async (body) => {
      const { secret, password } = readMembers(body, { ...linkSecret, password: exactText(limits.passwordMaxCharacters) })
      await accounts.reset(secret, password)
      return empty(204)
    }),
    step('/api/auth/verify', async (body) => {
      await accounts.confirmEmail('verify', readMembers(body, linkSecret).secret)
      return empty(204)
    }),
    step('/api/auth/email', async (body) => {
      await accounts.confirmEmail('email', readMembers(body, linkSecret).secret)
      return empty(204)
    }),
    step('/api/auth/invitation', async (body) => json(200, await invitations.look(readMembers(body, linkSecret).secret))),
    step('/api/auth/invitation/accept', async (body, from, request) => {
      const { secret, password } = readMembers(body, { ...linkSecret, password: exactText(limits.passwordMaxCharacters) })
      return answered(request, await invitations.accept(secret, password, from))
    }),
    step('/api/auth/sign-up', async (body, from) => {
      await signUp.ask(readMembers(body, { email: emailText }).email, from)
      return empty(202)
    }),
    step('/api/auth/sign-up/look', async (body) => json(200, await signUp.look(readMembers(body, linkSecret).secret))),
    step('/api/auth/sign-up/found', async (body, from, request) => {
      const { secret, ...founding } = readMembers(body, {
        ...linkSecret,
        name: text(limits.tenantNameCharacters),
        person: text(limits.personNameCharacters),
        password: exactText(limits.passwordMaxCharacters),
        locale: text(limits.localeCharacters),
        timeZone: text(limits.timeZoneCharacters),
        currency: text(3),
      })
      return answered(request, await signUp.found(secret, founding, from))
    }),
    step('/api/auth/refresh', async (_body, from, request) => {
      const cookie = readCookie(request)
      // Every page asks when it is opened: that nobody is signed in is no fault.
      return cookie ? answered(request, await signIn.refresh(cookie, from)) : empty(204)
    }),
    step('/api/auth/logout', async (_body, _from, request) => {
      await signIn.logout(readCookie(request), request.headers.authorization)
      return empty(204, { 'set-cookie': refreshCookie(request, '', 0) })
    }),
    {
      method: 'POST',
      path: '/api/auth/switch',
      guard: 'member',
      handle: async ({ request, body }, actor) => {
        refuseForeignOrigin(request)
        const { tenant } = readMembers(body, { tenant: exactText(limits.idCharacters) })
        return answered(request, await accounts.switchTo(actor, tenant, client(request)))
      },
    },
    {
      method: 'POST',
      path: '/api/auth/view-as',
      guard: 'member',
      handle: async (exchange, actor) => {
        const { request, body } = exchange
        refuseForeignOrigin(request)
        const { member } = readMembers(body, { member: exactText(limits.idCharacters) })
        return json(200, await viewings.begin(actor, member, originOf(exchange)))
      },
    },
    {
      method: 'DELETE',
      path: '/api/auth/view-as',
      guard: 'member',
      viewing: 'allowed',
      handle: async (exchange, actor) => {
        refuseForeignOrigin(exchange.request)
        await viewings.end(actor, originOf(exchange))
        return empty(204)
      },
    },
    {
      method: 'GET',
      path: '/api/me',
      guard: 'member',
      keys: 'allowed',
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

/** The next step, or a session, whose refresh token goes into its cookie and nowhere else. */
export function answered(request: Request, result: SignInResult): Answer {
  if (!('refresh' in result)) return json(200, result)
  const { refresh, ...shown } = result
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
    ? readMembers(body, { selectToken: exactText(limits.ticketCharacters), tenant: exactText(limits.idCharacters) })
    : readMembers(body, {
        email: exactText(limits.emailCharacters),
        password: exactText(limits.passwordMaxCharacters),
        tenant: optional(exactText(limits.idCharacters)),
      })
}

const ticket = { mfaToken: exactText(limits.ticketCharacters) }
const linkSecret = { secret: exactText(limits.secretCharacters) }
