import { entityOf, fieldOf, isLines, may, type CatalogueView, type Entity } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { Comments } from './comments.tsx'
import { History } from './history.tsx'
import { LinesTable } from './lines-table.tsx'
import { RelatedList } from './related-list.tsx'

export interface TabInfo {
  readonly id: string
  readonly title: string
}

/** Lines first, then relations that point here, then what happened. `display.tabs` gives the order and the choice. */
export function tabsOf(catalogue: CatalogueView, entity: Entity): readonly TabInfo[] {
  const lines = entity.fields.filter(isLines).map((field) => ({ id: field.name, title: field.title }))
  const related = entity.inverses
    .filter((inverse) => inverse.name !== 'comments' && relatedEntity(catalogue, inverse.entity) !== null)
    .map((inverse) => ({ id: inverse.name, title: inverse.title }))
  const comments = entity.inverses.some((inverse) => inverse.name === 'comments') ? [{ id: 'comments', title: 'Comments' }] : []
  const all = [...lines, ...related]
  const every = [...all, ...comments, ...(may(entity, 'history') ? [{ id: 'history', title: 'History' }] : [])]
  const named = entity.display.tabs.flatMap((name) => every.find((tab) => tab.id === name) ?? [])
  if (named.length === 0) return every
  const always = new Set([...lines.map((tab) => tab.id), 'history'])
  const chosen = [
    ...lines.filter((tab) => !named.includes(tab)),
    ...named,
    ...every.filter((tab) => always.has(tab.id) && !named.includes(tab) && !lines.includes(tab)),
  ]
  return chosen.toSorted((a, b) => rank(a) - rank(b))
}

/** The entity whose records a relation lists; line entities are listed read-only, hidden ones not at all. */
const relatedEntity = (catalogue: CatalogueView, id: string): Entity | null => {
  const found = entityOf(catalogue, id)
  return found?.path == null ? null : found
}

/** What people said and what happened come after what the record is made of. */
const rank = (tab: TabInfo): number => ['comments', 'history'].indexOf(tab.id)

export function TabContent({ entity, record, tab }: { readonly entity: Entity; readonly record: RecordData; readonly tab: string }) {
  const field = fieldOf(entity, tab)
  if (field?.lines) return <LinesTable entity={entity} field={field} record={record} />
  if (tab === 'history') return <History entity={entity} record={record} />
  const inverse = entity.inverses.find((each) => each.name === tab)
  if (!inverse) return null
  return tab === 'comments' ? (
    <Comments entity={entity} record={record} inverse={inverse} />
  ) : (
    <RelatedList entity={entity} record={record} inverse={inverse} />
  )
}
