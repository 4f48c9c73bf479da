import type { Request } from 'express'
import { limits } from '../config.ts'
import type { Accounts } from '../identity/accounts.ts'
import { Problem } from '../problems.ts'
import type { Actor, Answer } from '../records/types.ts'
import type { SignUp } from '../tenancy/sign-up.ts'
import type { Logo, WorkspaceChange, Workspaces } from '../tenancy/workspace.ts'
import type { Hosts } from './hosts.ts'
import { exactText, flag, optional, readMembers, seenVersion, text, type MemberReader } from './input.ts'
import { originOf } from './records-route.ts'
import { empty, json, type Exchange, type MemberRoute, type Route } from './route.ts'
import { weakTag } from './send.ts'

interface Parts {
  readonly workspaces: Workspaces
  readonly hosts: Hosts
  readonly accounts: Pick<Accounts, 'assertProved'>
  /** Everything the tenant has, as lines of JSON (docs/archive.md). */
  readonly archiveOf: (actor: Actor) => Promise<AsyncIterable<string>>
  readonly demo: boolean
  readonly signUp: Pick<SignUp, 'isOpen'>
}

/** What a tenant says of itself, under which names it is found, and how one takes everything along or ends it. */
export function workspaceRoutes({ workspaces, hosts, accounts, archiveOf, demo, signUp }: Parts): readonly Route[] {
  const route = (
    method: MemberRoute['method'],
    path: string,
    handle: (actor: Actor, exchange: Exchange) => Promise<Answer>,
  ): MemberRoute => ({ method, path: `/api/workspace${path}`, guard: 'member', handle: (exchange, actor) => handle(actor, exchange) })
  const faceOf = async (request: Request) => hosts.faceAt(request.hostname)
  return [
    {
      method: 'GET',
      path: '/api/auth/workspace',
      guard: 'public',
      handle: async ({ request }) => {
        const face = await faceOf(request)
        return json(200, {
          workspace: face && { slug: face.slug, name: face.name, accent: face.accent, hasLogo: face.logo !== null, ssoOnly: face.ssoOnly },
          demo,
          signUp: signUp.isOpen,
        })
      },
    },
    {
      method: 'GET',
      path: '/api/auth/workspace/logo',
      guard: 'public',
      handle: async ({ request }) => {
        const logo = (await faceOf(request))?.logo
        if (!logo) throw new Problem('not-found')
        return picture(logo)
      },
    },
    route('GET', '', async (actor) => {
      const workspace = await workspaces.get(actor)
      return json(200, workspace, { etag: `"${workspace.version}"` })
    }),
    route('PATCH', '', async (actor, exchange) => {
      const given = readMembers(exchange.body, {
        name: optional(text(limits.tenantNameCharacters)),
        locale: optional(text(limits.localeCharacters)),
        timeZone: optional(text(limits.timeZoneCharacters)),
        currency: optional(text(3)),
        accent: accentOrNull,
        mfaRequired: optional(flag),
        ssoOnly: optional(flag),
      })
      const { accent, ...rest } = given
      const change = {
        ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)),
        ...(accent !== undefined && { accent }),
      } as WorkspaceChange
      if (change.mfaRequired !== undefined || change.ssoOnly !== undefined) await accounts.assertProved(actor, false)
      const workspace = await workspaces.change(actor, change, seenVersion(exchange.request), originOf(exchange))
      return json(200, workspace, { etag: `"${workspace.version}"` })
    }),
    route('GET', '/logo', async (actor) => {
      const logo = await workspaces.logo(actor)
      if (!logo) throw new Problem('not-found')
      return picture(logo)
    }),
    route('PUT', '/logo', async (actor, exchange) => {
      const { logo } = readMembers(exchange.body, { logo: logoText })
      await workspaces.setLogo(actor, logo, originOf(exchange))
      return empty(204)
    }),
    route('GET', '/hosts', async (actor) => json(200, { data: await workspaces.hosts(actor) })),
    route('POST', '/hosts', async (actor, exchange) => {
      const { host } = readMembers(exchange.body, { host: text(253) })
      await accounts.assertProved(actor, false)
      return json(201, await workspaces.addHost(actor, host, originOf(exchange)))
    }),
    route('POST', '/hosts/:host/verify', async (actor, exchange) => {
      await workspaces.verifyHost(actor, String(exchange.request.params['host']), originOf(exchange))
      return empty(204)
    }),
    route('DELETE', '/hosts/:host', async (actor, exchange) => {
      await workspaces.removeHost(actor, String(exchange.request.params['host']), originOf(exchange))
      return empty(204)
    }),
    {
      ...route('GET', '/export', async (actor) => {
        await accounts.assertProved(actor, false)
        return {
          status: 200,
          body: await archiveOf(actor),
          headers: {
            'content-type': 'application/x-ndjson; charset=utf-8',
            'content-disposition': `attachment; filename="${actor.tenantSlug}.ndjson"`,
          },
        }
      }),
      viewing: 'refused',
    },
    route('DELETE', '', async (actor, exchange) => {
      const { confirm } = readMembers(exchange.body, { confirm: exactText(limits.idCharacters) })
      await accounts.assertProved(actor, false)
      return json(202, { deletedAt: await workspaces.askDeletion(actor, confirm, originOf(exchange)) })
    }),
  ]
}

/** As a data: address: answers are text, and a picture this small may be one. */
function picture({ bytes, type }: { readonly bytes: Buffer; readonly type: string }): Answer {
  const body = JSON.stringify({ logo: `data:${type};base64,${bytes.toString('base64')}` })
  return { status: 200, body, headers: { etag: weakTag(body) } }
}

/** Undefined: not given; null: none. */
const accentOrNull: MemberReader<string | null | undefined> = (value, report) => {
  if (value === undefined || value === null) return value
  return text(7)(value, report).toLowerCase()
}

/** A small picture as a data address; null: none any more. What it is, its first bytes say. */
const logoText: MemberReader<Logo | null> = (value, report) => {
  if (value === null) return null
  const [, data = ''] = /^data:image\/(?:png|jpeg|webp);base64,([A-Za-z0-9+/]+={0,2})$/.exec(typeof value === 'string' ? value : '') ?? []
  const bytes = Buffer.from(data, 'base64')
  const type = kinds.find(([, starts]) => starts(bytes))?.[0]
  if (type !== undefined && bytes.length <= limits.logoBytes) return { bytes, type }
  report(`must be a PNG, JPEG or WebP picture of at most ${limits.logoBytes / 1024} KiB, as a data: address`)
  return null
}
const kinds: readonly (readonly [Logo['type'], (bytes: Buffer) => boolean])[] = [
  ['image/png', (bytes) => bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))],
  ['image/jpeg', (bytes) => bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))],
  ['image/webp', (bytes) => bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP'],
]
