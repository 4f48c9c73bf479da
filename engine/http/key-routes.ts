import { limits } from '../config.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { ApiKeys } from '../tenancy/api-keys.ts'
import { exactText, flag, idOf, listOf, optional, readMembers, text, uuidText } from './input.ts'
import { originOf } from './records-route.ts'
import { empty, json, type MemberRoute } from './route.ts'

/** Keys for programs. To make one takes a fresh proof of who one is: it outlives the session. No key makes, rotates or sees another. */
export function keyRoutes(keys: ApiKeys, { assertProved }: Pick<Accounts, 'assertProved'>): readonly MemberRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/keys',
      guard: 'member',
      viewing: 'refused',
      handle: async (_exchange, actor) => json(200, { data: await keys.list(actor) }),
    },
    {
      method: 'POST',
      path: '/api/keys',
      guard: 'member',
      handle: async (exchange, actor) => {
        const { scopes, addresses, ...wish } = readMembers(exchange.body, {
          name: text(limits.keyNameCharacters),
          member: optional(uuidText),
          role: exactText(limits.idCharacters * 2),
          scopes: optional(listOf(limits.keyScopes)),
          addresses: optional(listOf(limits.keyAddresses)),
          expiresAt: optional(text(40)),
        })
        await assertProved(actor, false)
        const { key, view } = await keys.create(actor, { ...wish, scopes: scopes ?? [], addresses: addresses ?? [] }, originOf(exchange))
        return json(201, { ...view, key })
      },
    },
    {
      method: 'POST',
      path: '/api/keys/:id/rotate',
      guard: 'member',
      handle: async (exchange, actor) => {
        const { atOnce } = readMembers(exchange.body ?? {}, { atOnce: optional(flag) })
        await assertProved(actor, false)
        const id = idOf(exchange.request.params['id'])
        const { key, view } = await keys.rotate(actor, id, atOnce === true ? 0 : limits.keyOverlapSeconds, originOf(exchange))
        return json(201, { ...view, key })
      },
    },
    {
      method: 'DELETE',
      path: '/api/keys/:id',
      guard: 'member',
      handle: async (exchange, actor) => {
        await keys.revoke(actor, idOf(exchange.request.params['id']), originOf(exchange))
        return empty(204)
      },
    },
  ]
}
