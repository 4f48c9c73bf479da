import { useLocation, useParams, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { entityByAddress, useCatalogue, type Entity } from '../api/catalogue.ts'
import { addressOf } from '../api/client.ts'
import { useGo } from './navigation.tsx'

/** The entity and record id that the address names; null when there is none that this person may see. */
export function useAddress(): { readonly entity: Entity | null; readonly id: string | null } {
  const catalogue = useCatalogue()
  const params: { module?: string; plural?: string; id?: string } = useParams({ strict: false })
  const entity = useMemo(
    () => entityByAddress(catalogue, params.module ?? '', params.plural ?? ''),
    [catalogue, params.module, params.plural],
  )
  return { entity, id: params.id ?? null }
}

export type SearchChange = Readonly<Record<string, string | undefined>>

/** The address's search parameters, and a way to change them; `undefined` removes one, `whole` replaces all. */
export function useSearchText(): readonly [
  Readonly<Record<string, string>>,
  (change: SearchChange, options?: { readonly replace?: boolean; readonly whole?: boolean }) => void,
] {
  const search: Readonly<Record<string, string>> = useSearch({ strict: false })
  const path = useLocation({ select: (location) => location.pathname })
  const go = useGo()
  return [
    search,
    (change, { replace = false, whole = false } = {}) => go(addressOf(path, whole ? change : { ...search, ...change }), { replace }),
  ]
}
