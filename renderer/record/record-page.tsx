import { useEffect } from 'react'
import { may, useCatalogue } from '../api/catalogue.ts'
import { findInLists, queryClient, useRecord, type Page } from '../api/records.ts'
import type { InfiniteData } from '@tanstack/react-query'
import { EntityIcon } from '../fields/icons.tsx'
import { expandOf, listAddress, recordAddress, titleOf } from '../model/entity.ts'
import { A, useGo } from '../model/navigation.tsx'
import { rememberRecent } from '../model/recents.ts'
import { useAddress, useSearchText } from '../model/route.ts'
import { PageBar } from '../shell/page-bar.tsx'
import { ForbiddenPage, NotFoundPage } from '../shell/states.tsx'
import { RecordView } from './record-view.tsx'

/** The next or previous record of the list from which this one was opened; null when no list is at hand. */
function neighbour(entity: string, id: string, by: number): string | null {
  for (const [, list] of queryClient.getQueriesData<InfiniteData<Page>>({ queryKey: ['entity', entity, 'list'] })) {
    const rows = list?.pages?.flatMap((page) => page.data) ?? []
    const at = rows.findIndex((row) => row.id === id)
    if (at >= 0) return rows[at + by]?.id ?? null
  }
  return null
}

export function RecordPage() {
  const catalogue = useCatalogue()
  const { entity, id } = useAddress()
  const [search] = useSearchText()
  const deleted = search['deleted'] === 'only'
  const go = useGo()
  useEffect(() => {
    if (entity && id && !deleted) rememberRecent(catalogue, entity.id, id)
  }, [catalogue, entity, id, deleted])
  if (!entity) return <NotFoundPage />
  if (!may(entity, 'get')) return <ForbiddenPage />
  const recordId = entity.kind === 'single' ? 'single' : (id ?? '')
  const step = (by: number): void => {
    const next = neighbour(entity.id, recordId, by)
    if (next !== null) go(recordAddress(entity, next), { replace: true })
  }
  const back = entity.kind === 'single' ? '/' : listAddress(entity)
  return (
    <>
      <PageBarFor entity={entity} id={recordId} back={back} deleted={deleted} />
      <RecordView
        key={deleted ? `deleted ${recordId}` : recordId}
        entity={entity}
        id={recordId}
        mode="page"
        deleted={deleted}
        onClose={() => go(back)}
        {...(findInLists(entity.id, recordId) && { onStep: step })}
      />
    </>
  )
}

function PageBarFor({
  entity,
  id,
  back,
  deleted,
}: {
  readonly entity: NonNullable<ReturnType<typeof useAddress>['entity']>
  readonly id: string
  readonly back: string
  readonly deleted: boolean
}) {
  const { data: record } = useRecord(entity, id, expandOf(entity.fields.map((field) => (field.reference ? field.name : null))), deleted)
  const single = entity.kind === 'single'
  const title = single ? entity.title : record ? titleOf(entity, record) : entity.title
  return (
    <PageBar
      title={title}
      quiet={!single}
      back={back}
      icon={single ? <EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={20} /> : undefined}
      crumbs={
        single ? undefined : (
          <A className="crumb" href={back}>
            <EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={20} />
            <span className="ellipsis">{entity.pluralTitle}</span>
          </A>
        )
      }
    />
  )
}
