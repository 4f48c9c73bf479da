import { limits } from '../config.ts'
import type { Actor } from '../records/types.ts'
import { choice, onlyParameters } from '../records/parameters.ts'
import type { Answer } from '../records/types.ts'
import type { Asked, Changed, Roles, VersionedRole } from '../tenancy/roles.ts'
import { Problem } from '../problems.ts'
import { readMembers, text } from './input.ts'
import { originOf, readQuery } from './records-route.ts'
import { empty, json, type Exchange, type MemberRoute } from './route.ts'

const role = '/api/access/roles/:role'
const permission = `${role}/permissions/:module/:plural`

/** What an administrator says of the roles of their tenant: its own ones, and what each may do with an entity. */
export function roleRoutes(roles: Roles): readonly MemberRoute[] {
  const route = (
    method: MemberRoute['method'],
    path: string,
    handle: (exchange: Exchange, actor: Actor) => Promise<Answer>,
  ): MemberRoute => ({ method, path, guard: 'member', handle })
  return [
    route('GET', '/api/access/roles', async (_, actor) => json(200, { data: await roles.list(actor), scopes: await roles.scopes(actor) })),
    route('GET', role, async (exchange, actor) => shown(200, await roles.get(actor, idOf(exchange)))),
    route('GET', `${role}/history`, async (exchange, actor) => json(200, { data: await roles.history(actor, idOf(exchange)) })),
    route('PUT', role, async (exchange, actor) => {
      const { title } = readMembers(exchange.body, { title: text(limits.roleTitleCharacters) })
      return answered(await roles.define(actor, idOf(exchange), title, askedOf(exchange)))
    }),
    route('DELETE', role, async (exchange, actor) => answered(await roles.remove(actor, idOf(exchange), askedOf(exchange)))),
    route('PUT', permission, async (exchange, actor) => {
      const { body } = exchange
      if (body === undefined || body === null)
        throw new Problem('request-invalid', '', {
          faults: [{ pointer: '', detail: 'must be an object: what the role may do, as in an entity’s file' }],
        })
      return answered(await roles.permit(actor, idOf(exchange), addressOf(exchange), body, askedOf(exchange)))
    }),
    route('DELETE', permission, async (exchange, actor) =>
      answered(await roles.permit(actor, idOf(exchange), addressOf(exchange), null, askedOf(exchange))),
    ),
  ]
}

const idOf = ({ request }: Exchange): string => String(request.params['role'])
const addressOf = ({ request: { params } }: Exchange) => ({ module: String(params['module']), plural: String(params['plural']) })

function askedOf(exchange: Exchange): Asked {
  const { request } = exchange
  const query = readQuery(request.url)
  onlyParameters(query, ['dryRun'])
  return {
    ifMatch: tagIn(request.headers['if-match']),
    dryRun: choice(query, 'dryRun', ['false', 'true']) === 'true',
    ...originOf(exchange),
  }
}

/** Null: whichever state it is in. */
function tagIn(ifMatch = '*'): string | null {
  if (ifMatch.trim() === '*') return null
  const tag = /^(?:W\/)?"?([0-9a-f-]{1,40})"?$/.exec(ifMatch.trim())?.[1]
  if (tag === undefined) throw new Problem('request-malformed', 'If-Match takes the ETag of the role as you read it.')
  return tag
}

const shown = (status: number, { role: view, tag }: VersionedRole): Answer => json(status, view, { ETag: `"${tag}"` })

function answered(outcome: Changed): Answer {
  if ('preview' in outcome) return json(200, outcome.preview)
  return outcome.changed ? shown(outcome.isNew ? 201 : 200, outcome.changed) : empty(204)
}
