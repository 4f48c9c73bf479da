import type { Catalogue } from '../catalogue/types.ts'
import type { Looking, SessionView } from '../identity/actors.ts'
import { Problem } from '../problems.ts'
import { mayViewAs } from '../records/access.ts'
import type { Actor } from '../records/types.ts'
import { catalogueView } from './catalogue-view.ts'
import { empty, type Route } from './route.ts'
import { weakTag } from './send.ts'

export interface CatalogueSource {
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  readonly view: (of: Looking) => Promise<SessionView | null>
  readonly memberName: (actor: Actor) => Promise<string | null>
  readonly demo: boolean
}

/** The metadata as the caller may see it, with an ETag: the screens ask at every load and mostly hear "as before". */
export function catalogueRoute({ catalogueOf, view, memberName, demo }: CatalogueSource): Route {
  return {
    method: 'GET',
    path: '/api/catalogue',
    guard: 'member',
    keys: 'allowed',
    fresh: true,
    handle: async ({ request }, actor) => {
      const session = await view(actor)
      if (!session) throw new Problem('not-authenticated')
      const catalogue = await catalogueOf(actor)
      const me = {
        member: actor.member,
        name: await memberName(actor),
        email: session.email,
        roles: actor.roles,
        viewAs: !actor.viewing && !actor.key && mayViewAs(catalogue, actor.roles),
        viewer: actor.viewing ? { id: actor.viewing.by, name: await memberName({ ...actor, member: actor.viewing.by }) } : null,
      }
      const body = JSON.stringify(catalogueView(catalogue, actor, { tenant: { ...session.tenant, demo }, me }))
      const etag = weakTag(body)
      if (request.headers['if-none-match']?.split(',').some((tag) => tag.trim() === etag)) return empty(304, { etag })
      return { status: 200, body, headers: { etag } }
    },
  }
}
