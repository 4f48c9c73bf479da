import { administrator } from '../catalogue/types.ts'
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
