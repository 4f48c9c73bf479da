import { administrator } from '../catalogue/types.ts'
import type { Database } from '../database/types.ts'
import { actorFrom } from '../jobs/jobs.ts'
import { echo, Problem } from '../problems.ts'
import type { Actor } from '../records/types.ts'

/** What the engine needs to know of a tenant to act in it. */
export interface TenantFacts {
  readonly id: string
  readonly slug: string
  readonly generation: number
  readonly timeZone: string
  readonly name: string
  readonly locale: string
  readonly currency: string
}

/** The engine itself, acting in a tenant with the rights of an administrator. */
export const engineActor = ({ id, slug, generation, timeZone, name, locale, currency }: TenantFacts): Actor => ({
  tenant: id,
  tenantSlug: slug,
  member: null,
  session: null,
  roles: [administrator],
  generation,
  timeZone,
  tenantName: name,
  locale,
  currency,
})

/** The same for a tenant by its slug, for commands. Throws 'not-found'. */
export async function engineActorOf(database: Pick<Database, 'call'>, slug: string): Promise<Actor> {
  const { rows } = await database.call({ text: 'select * from bos.tenant_by_slug($1)', values: [slug] })
  const row = rows[0]
  if (!row) throw new Problem('not-found', `There is no tenant ${echo(slug)}.`)
  return actorFrom(String(row['id']), { ...row, slug })
}
