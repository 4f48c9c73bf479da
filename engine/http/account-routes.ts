import { limits } from '../config.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Confirmed } from '../identity/factors.ts'
import type { Actor, Answer } from '../records/types.ts'
import { emailText, exactText, idOf, readMembers, text, uuidText } from './input.ts'
import { anyProof, passkeyAnswer, readProof, shownEnrolment } from './proofs.ts'
import { empty, json, type Exchange, type MemberRoute } from './route.ts'

/** What a person does with their own sign-in, in all tenants at once. Nobody who looks as them sees or does any of it. */
export function accountRoutes(accounts: Accounts): readonly MemberRoute[] {
  const route = (
    method: MemberRoute['method'],
    path: string,
    handle: (actor: Actor, exchange: Exchange) => Promise<Answer>,
  ): MemberRoute => ({
    method,
    path: `/api/account${path}`,
    guard: 'member',
    viewing: 'refused',
    handle: (exchange, actor) => handle(actor, exchange),
  })
  return [
    route('GET', '', async (actor) => json(200, await accounts.view(actor))),
    route('POST', '/proof', async (actor, { body }) => {
      await accounts.prove(actor, anyProof(readProof(body, {})))
      return empty(204)
    }),
    route('POST', '/proof/challenge', async (actor) => json(200, await accounts.challenge(actor))),
    route('PUT', '/password', async (actor, { body }) => {
      await accounts.setPassword(actor, readMembers(body, { password: exactText(limits.passwordMaxCharacters) }).password)
      return empty(204)
    }),
    route('PUT', '/email', async (actor, { body }) => {
      await accounts.askEmail(actor, readMembers(body, { email: emailText }).email)
      return empty(202)
    }),
    route('POST', '/email/verification', async (actor) => {
      await accounts.askVerification(actor)
      return empty(202)
    }),
    route('POST', '/factors/app', async (actor) => json(201, await shownEnrolment(await accounts.beginApp(actor)))),
    route('POST', '/factors/app/confirm', async (actor, { body }) => {
      const { factor, code } = readMembers(body, { factor: uuidText, code: text(limits.secretCharacters) })
      return confirmed(await accounts.confirmApp(actor, factor, code))
    }),
    route('POST', '/factors/passkey/challenge', async (actor) => json(200, await accounts.beginPasskey(actor))),
    route('POST', '/factors/passkey', async (actor, { body }) => {
      const { name, ...answer } = readMembers(body, { ...passkeyAnswer, name: text(limits.factorNameCharacters) })
      return confirmed(await accounts.addPasskey(actor, answer, name))
    }),
    route('PATCH', '/factors/:id', async (actor, { request, body }) => {
      await accounts.renameFactor(actor, idOf(request.params['id']), readMembers(body, { name: text(limits.factorNameCharacters) }).name)
      return empty(204)
    }),
    route('DELETE', '/factors/:id', async (actor, { request }) => {
      await accounts.removeFactor(actor, idOf(request.params['id']))
      return empty(204)
    }),
    route('POST', '/recovery-codes', async (actor) => json(201, { recoveryCodes: await accounts.renewRecoveryCodes(actor) })),
    route('GET', '/sessions', async (actor) => json(200, { data: await accounts.sessions(actor) })),
    route('DELETE', '/sessions', async (actor) => json(200, { ended: await accounts.endOthers(actor) })),
    route('DELETE', '/sessions/:id', async (actor, { request }) => {
      await accounts.endSession(actor, idOf(request.params['id']))
      return empty(204)
    }),
  ]
}

/** `recoveryCodes` are there where these are the account's first. */
const confirmed = ({ recoveryCodes }: Confirmed): Answer => json(201, { recoveryCodes })
