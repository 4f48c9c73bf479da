import type { CatalogueView } from '../api/catalogue.ts'
import type { CreateRequest } from './overlays.tsx'
import { ofPerson } from './stored.ts'

type Person = Pick<CatalogueView, 'tenant' | 'me'>
type Values = Readonly<Record<string, unknown>>

/**
 * A document is written on a page of its own: what its form begins with goes along in the history of the browser, for an address cannot
 * hold lines. There it lasts as long as the way back to it, also when somebody else has signed in: it is for one person.
 */
export const handing = (person: Person, { entity, initial = {} }: CreateRequest): { readonly handed: unknown } => ({
  handed: { to: ofPerson(person), entity, initial },
})

/** What the page of a new record was handed, by its place in the history. */
export function handedOver(person: Person, entity: string, state: unknown): Values {
  const given: unknown = typeof state === 'object' && state !== null && 'handed' in state ? state.handed : null
  if (typeof given !== 'object' || given === null) return {}
  const { to, entity: of, initial } = given as Readonly<Record<string, unknown>>
  return to === ofPerson(person) && of === entity && typeof initial === 'object' && initial !== null ? { ...initial } : {}
}
