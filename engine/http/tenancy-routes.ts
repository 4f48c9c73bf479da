import { limits } from '../config.ts'
import type { AccessChange, Accesses } from '../tenancy/access.ts'
import type { MemberSessions } from '../tenancy/member-sessions.ts'
import type { Invitations } from '../tenancy/invitations.ts'
import type { NewTenant, Tenants } from '../tenancy/tenants.ts'
import { emailText, exactText, flag, idOf, listOf, objectValue, optional, readMembers, readNested, text } from './input.ts'
import { onlyParameters } from '../records/parameters.ts'
import { originOf, readQuery } from './records-route.ts'
import { empty, json, type Exchange, type Route } from './route.ts'

/** What the operator does with tenants, and what an administrator does with the people of theirs. */
export function tenancyRoutes(
  tenants: Tenants,
  accesses: Accesses,
  invitations: Pick<Invitations, 'invite' | 'withdraw'>,
  sessions: MemberSessions,
): readonly Route[] {
  return [
    { method: 'GET', path: '/api/operator/tenants', guard: 'operator', handle: async () => json(200, { data: await tenants.list() }) },
    {
      method: 'POST',
      path: '/api/operator/tenants',
      guard: 'operator',
      handle: async ({ body }) => json(201, await tenants.create(readTenant(body))),
    },
    {
      method: 'POST',
      path: '/api/operator/tenants/:slug/modules',
      guard: 'operator',
      handle: async ({ request, body }) =>
        json(200, {
          modules: await tenants.enable(String(request.params['slug']), readMembers(body, { module: text(limits.idCharacters) }).module),
        }),
    },
    ...(['suspend', 'resume'] as const).map((what): Route => ({
      method: 'POST',
      path: `/api/operator/tenants/:slug/${what}`,
      guard: 'operator',
      handle: async ({ request }) => {
        await tenants.suspend(String(request.params['slug']), what === 'suspend')
        return empty(204)
      },
    })),
    {
      method: 'GET',
      path: '/api/access',
      guard: 'member',
      viewing: 'refused',
      handle: async (_exchange, actor) => json(200, { data: await accesses.list(actor) }),
    },
    {
      method: 'POST',
      path: '/api/access/invitations',
      guard: 'member',
      handle: async (exchange, actor) => {
        const wanted = readMembers(exchange.body, {
          name: text(limits.personNameCharacters),
          email: emailText,
          roles: listOf(limits.rolesPerMember),
        })
        return json(201, { member: await invitations.invite(actor, wanted, originOf(exchange)) })
      },
    },
    {
      method: 'DELETE',
      path: '/api/access/invitations/:member',
      guard: 'member',
      handle: async (exchange, actor) => {
        await invitations.withdraw(actor, idOf(exchange.request.params['member']), originOf(exchange))
        return empty(204)
      },
    },
    {
      method: 'GET',
      path: '/api/access/sessions',
      guard: 'member',
      viewing: 'refused',
      handle: async ({ request }, actor) => {
        const query = readQuery(request.url)
        onlyParameters(query, ['member'])
        const member = query.get('member')?.[0]
        return json(200, { data: await sessions.list(actor, member === undefined ? null : idOf(member)) })
      },
    },
    {
      method: 'DELETE',
      path: '/api/access/:member/sessions',
      guard: 'member',
      handle: async (exchange, actor) =>
        json(200, { ended: await sessions.end(actor, idOf(memberOf(exchange)), null, originOf(exchange)) }),
    },
    {
      method: 'DELETE',
      path: '/api/access/:member/sessions/:session',
      guard: 'member',
      handle: async (exchange, actor) => {
        await sessions.end(actor, idOf(memberOf(exchange)), idOf(exchange.request.params['session']), originOf(exchange))
        return empty(204)
      },
    },
    {
      method: 'GET',
      path: '/api/access/:member/permissions',
      guard: 'member',
      viewing: 'refused',
      handle: async (exchange, actor) => json(200, await accesses.effective(actor, memberOf(exchange))),
    },
    {
      method: 'GET',
      path: '/api/access/:member',
      guard: 'member',
      viewing: 'refused',
      handle: async (exchange, actor) => json(200, await accesses.get(actor, memberOf(exchange))),
    },
    {
      method: 'PUT',
      path: '/api/access/:member',
      guard: 'member',
      handle: async (exchange, actor) =>
        json(200, await accesses.put(actor, memberOf(exchange), readAccess(exchange.body), originOf(exchange))),
    },
  ]
}

const memberOf = ({ request }: Exchange): string => String(request.params['member'])

function readTenant(body: unknown): NewTenant {
  const { locale, timeZone, currency, ...given } = readMembers(body, {
    slug: text(limits.idCharacters),
    name: text(limits.tenantNameCharacters),
    locale: optional(text(limits.localeCharacters)),
    timeZone: optional(text(limits.timeZoneCharacters)),
    currency: optional(text(3)),
    modules: optional(listOf(limits.modulesPerTenant)),
    admin: objectValue,
  })
  const admin = readNested('/admin', () =>
    readMembers(given.admin, {
      name: text(limits.personNameCharacters),
      email: text(limits.emailCharacters),
      password: optional(exactText(limits.passwordMaxCharacters)),
    }),
  )
  return { ...given, locale: locale ?? 'en', timeZone: timeZone ?? 'UTC', currency: currency ?? 'EUR', admin }
}

function readAccess(body: unknown): AccessChange {
  return readMembers(body, {
    email: optional(text(limits.emailCharacters)),
    password: optional(exactText(limits.passwordMaxCharacters)),
    roles: listOf(limits.rolesPerMember),
    breakGlass: optional(flag),
  })
}
