import { administrator } from '../catalogue/types.ts'
import { Stale, type Database } from '../database/types.ts'
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

/**
 * Runs `work` as the engine in a tenant, and again where what was known of the tenant is outdated when it writes. Throws 'not-found' for a tenant that
 * is none or is suspended.
 */
export async function asEngine<T>(database: Pick<Database, 'call'>, tenant: string, work: (engine: Actor) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const { rows } = await database.call({ text: 'select * from bos.tenant_facts($1::uuid)', values: [tenant] })
    if (!rows[0]) throw new Problem('not-found')
    try {
      return await work(actorFrom(tenant, rows[0]))
    } catch (error) {
      if (!(error instanceof Stale) || attempt === attempts) throw error
    }
  }
}

const attempts = 5
