import { useMemo } from 'react'
import { entityOf, may, useCatalogue, type Entity, type InverseView } from '../api/catalogue.ts'
import { useRecordList, type RecordData } from '../api/records.ts'
import { Show } from '../fields/field.tsx'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { PlainContext } from '../fields/parts.ts'
import { refValue } from '../fields/reference.tsx'
import { kindOf } from '../fields/registry.ts'
import { isEmpty, isMasked } from '../fields/type.ts'
import { defaultColumns } from '../model/columns.ts'
import { columnOf, expandOf, listAddress, recordAddress, titleOf, type Column } from '../model/entity.ts'
import { A, useGo } from '../model/navigation.tsx'
import { useOverlays } from '../model/overlays.tsx'
import { Failure, Forbidden } from '../shell/states.tsx'

/** The records that refer to this one, as a small table; a new one starts with the reference filled in. */
export function RelatedList({
  entity,
  record,
  inverse,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly inverse: InverseView
}) {
  const catalogue = useCatalogue()
  const related = entityOf(catalogue, inverse.entity)
  return related === null ? <Forbidden /> : <Related entity={entity} related={related} record={record} inverse={inverse} />
}

function Related({
  entity,
  related,
  record,
  inverse,
}: {
  readonly entity: Entity
  readonly related: Entity
  readonly record: RecordData
  readonly inverse: InverseView
}) {
  const catalogue = useCatalogue()
  const go = useGo()
  const phone = usePhone()
  const { openCreate } = useOverlays()
  const by = related.fields.find((field) => field.id === inverse.field)
  const columns = useMemo(
    () =>
      defaultColumns(related)
        .filter((path) => path !== related.titleField && path !== by?.name)
        .slice(0, 4)
        .map((path) => columnOf(catalogue, related, path))
        .filter((column): column is Column => column !== null),
    [catalogue, related, by],
  )
  const filter = by ? by.name : inverse.field
  const list = useRecordList(related, { [filter]: record.id, expand: expandOf(columns.map((column) => column.through)) || undefined })
  const rows = list.data?.pages.flatMap((page) => page.data) ?? []
  const total = list.data?.pages[0]?.page.total
  const addable = by !== undefined && may(related, 'create') && related.kind === 'record' && by.reference !== null
  const add = (): void =>
    openCreate({
      entity: related.id,
      initial: by ? { [by.name]: refValue(by, { entity: entity.id, id: record.id }) } : {},
      onCreated: () => undefined,
    })
  if (list.error && !list.data)
    return <Failure title={`${inverse.title} could not be loaded`} error={list.error} onRetry={() => void list.refetch()} />
  return (
    <div className="related">
      <div className="related-bar">
        <span className="muted num">
          {total === undefined ? '' : `${total} ${(total === 1 ? related.title : related.pluralTitle).toLowerCase()}`}
        </span>
        <span className="grow" />
        {related.kind === 'record' && rows.length > 0 && (
          <A className="btn quiet" href={`${listAddress(related)}?_draft=1&${encodeURIComponent(filter)}=${record.id}`}>
            Open as a list
          </A>
        )}
        {addable && (
          <button className="btn" onClick={add}>
            New {related.title.toLowerCase()}
          </button>
        )}
      </div>
      {rows.length > 0 && phone ? (
        <ul className="line-list">
          {rows.map((row) => (
            <RelatedCard key={row.id} related={related} row={row} columns={columns} />
          ))}
        </ul>
      ) : rows.length > 0 ? (
        <div className="table-scroll">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{related.title}</th>
                {columns.map((column) => (
                  <th key={column.path} scope="col" data-align={kindOf(column.field).align}>
                    {column.title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} onClick={() => related.kind === 'record' && go(recordAddress(related, row.id))}>
                  <td>
                    <RowTitle related={related} row={row} />
                  </td>
                  {columns.map((column) => (
                    <td key={column.path} data-align={kindOf(column.field).align}>
                      <Show field={column.field} value={column.read(row)} record={column.owner(row)} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        !list.isPending && <p className="muted related-empty">No {related.pluralTitle.toLowerCase()} here yet</p>
      )}
      {list.hasNextPage && (
        <button className="btn quiet" onClick={() => void list.fetchNextPage()} disabled={list.isFetchingNextPage}>
          Show more
        </button>
      )}
    </div>
  )
}

/** A related record at phone width: its title and up to three facts, the whole of it a link. */
function RelatedCard({
  related,
  row,
  columns,
}: {
  readonly related: Entity
  readonly row: RecordData
  readonly columns: readonly Column[]
}) {
  const face = (
    <PlainContext value>
      <span className="line-face">
        <span className="strong ellipsis">{titleOf(related, row)}</span>
        <span className="line-facts muted">
          {columns
            .filter((column) => !isEmpty(column.read(row)) || isMasked(column.owner(row), column.field.name))
            .slice(0, 3)
            .map((column) => (
              <span key={column.path} className="card-fact">
                {isMasked(column.owner(row), column.field.name) && <span className="fact-label">{column.title}</span>}
                <Show field={column.field} value={column.read(row)} record={column.owner(row)} />
              </span>
            ))}
        </span>
      </span>
    </PlainContext>
  )
  return (
    <li>
      {related.kind === 'record' ? (
        <A className="related-card" href={recordAddress(related, row.id)}>
          {face}
        </A>
      ) : (
        face
      )}
    </li>
  )
}

const RowTitle = ({ related, row }: { readonly related: Entity; readonly row: RecordData }) => {
  const face = (
    <>
      <EntityIcon icon={related.display.icon} hue={related.display.hue} />
      <span className="ellipsis">{titleOf(related, row)}</span>
    </>
  )
  return related.kind === 'record' ? (
    <A className="record-chip linkable strong" href={recordAddress(related, row.id)} onClick={(event) => event.stopPropagation()}>
      {face}
    </A>
  ) : (
    <span className="record-chip">{face}</span>
  )
}
