import type { CatalogueView } from '../api/catalogue.ts'
import { ofPerson, readStored, writeStored } from './stored.ts'

const key = (catalogue: CatalogueView, entity: string): string => `recent.${ofPerson(catalogue)}.${entity}`

/** The records of an entity that this person opened or picked last, newest first. Ids only: titles are read afresh. */
export const recentIds = (catalogue: CatalogueView, entity: string): readonly string[] => {
  const stored = readStored(key(catalogue, entity))
  return Array.isArray(stored) ? stored.filter((id): id is string => typeof id === 'string') : []
}

export function rememberRecent(catalogue: CatalogueView, entity: string, id: string): void {
  writeStored(key(catalogue, entity), [id, ...recentIds(catalogue, entity).filter((each) => each !== id)].slice(0, 8))
}
