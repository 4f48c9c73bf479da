import { may, type Entity } from '../api/catalogue.ts'
import { usePhone } from '../fields/layer.tsx'
import { titleOf } from '../model/entity.ts'
import { ConflictBar } from '../record/conflict-bar.tsx'
import { useFieldSaver } from '../record/use-record-actions.ts'
import { Failure } from '../shell/states.tsx'
import { Cards } from './cards.tsx'
import { rowHeights } from './columns.ts'
import { EmptyList } from './empty-list.tsx'
import { ExpressionRefused } from './expression-chip.tsx'
import { Grid } from './grid.tsx'
import { ListSkeleton } from './skeleton.tsx'
import type { ShownList } from './use-list.ts'
import type { Panel } from './use-panel.ts'
import type { Writing } from './use-writing.ts'
import { nextSort } from './view-state.ts'

/** The rows of a list, or why there are none. */
export function ListBody({
  entity,
  list,
  writing,
  panel,
  selection,
  onSelection,
  onFilter,
  onCreate,
}: {
  readonly entity: Entity
  readonly list: ShownList
  readonly writing: Writing
  readonly panel: Panel
  readonly selection: ReadonlySet<string>
  readonly onSelection: (selection: ReadonlySet<string>) => void
  readonly onFilter: (path: string) => void
  readonly onCreate: () => void
}) {
  const phone = usePhone()
  const saver = useFieldSaver(entity, null)
  const { state, change, answer, rows, columns, layout } = list
  if (answer.error && !answer.data)
    return writing.told.length > 0 ? (
      <ExpressionRefused
        error={answer.error}
        plural={entity.pluralTitle.toLowerCase()}
        onEdit={writing.isOpen ? null : writing.begin}
        onRemove={() => writing.apply('')}
      />
    ) : (
      <Failure title={`${entity.pluralTitle} could not be loaded`} error={answer.error} onRetry={() => void answer.refetch()} />
    )
  if (answer.isPending) return <ListSkeleton columns={columns.length} height={rowHeights[layout.density]} />
  if (rows.length === 0) {
    const isNarrowed = state.conditions.length > 0 || state.expression !== ''
    return (
      <EmptyList
        entity={entity}
        state={state}
        filtered={isNarrowed || state.search !== ''}
        onCreate={onCreate}
        onClear={() => change({ search: '', ...(isNarrowed && { conditions: [], expression: '' }) })}
      />
    )
  }
  const selecting = { selection, onSelection }
  if (phone)
    return <Cards entity={entity} rows={rows} onOpen={(record) => panel.show(record, 'default')} onEnd={list.onEnd} {...selecting} />
  const canEdit = may(entity, 'update') && entity.display.editMode === 'live' && !state.deleted
  return (
    <>
      {saver.conflict && <ConflictBar conflict={saver.conflict} record={titleOf(entity, saver.conflict.theirs)} onSettle={saver.settle} />}
      <Grid
        entity={entity}
        rows={rows}
        columns={columns}
        layout={layout}
        onLayout={list.setLayout}
        state={state}
        onSort={(path, also) => change({ sort: nextSort(state.sort, path, also) })}
        onFilter={onFilter}
        total={list.total}
        open={panel.open}
        onOpen={panel.show}
        onEnd={list.onEnd}
        onEdit={canEdit ? (record, column, value) => saver.save(column.field, value, { on: record }) : null}
        {...selecting}
      />
    </>
  )
}
