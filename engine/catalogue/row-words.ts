import type { Expression, Needs } from '../expressions/types.ts'
import type { EntityDraft } from './symbols.ts'

/** What an expression reads besides one row, in words; null: nothing. Row policies and indexes see no more than the row. */
export function beyondRow({ properties }: EntityDraft, { dependencies: { roots, searched } }: Expression): string | null {
  if (searched.size > 0) return `it searches ${[...searched.keys()].join(', ')}`
  for (const needs of roots.values()) {
    const way = wayOut(needs)
    if (way !== null) return `it follows ${JSON.stringify(way)}`
  }
  const read = roots.get('self')?.values
  const list = [...properties.values()].find(({ id, node }) => node['x-bos']?.type === 'references' && read?.has(id))
  return list ? `it reads ${JSON.stringify(list.name)}, a list of references` : null
}

/** Id of the first relation that is followed; null: none is. */
function wayOut({ hops, lines, links, inverse, document }: Needs): string | null {
  if (document) return 'parent'
  for (const each of [hops, lines, links, inverse]) for (const id of each.keys()) return id
  return null
}
