import { useCallback, useMemo } from 'react'
import { useCatalogue, type Entity, type View } from '../api/catalogue.ts'
import { useRecordList } from '../api/records.ts'
import { usePhone } from '../fields/layer.tsx'
import { summaryOf } from '../model/columns.ts'
import { expandOf } from '../model/entity.ts'
import { useSearchText } from '../model/route.ts'
import { columnsOf, useLayout } from './columns.ts'
import { readView, requestOf, viewsOf, writeView, type ViewState } from './view-state.ts'

/** What a list shows: its view and conditions stand in the address, its columns are the person's own, its rows come page by page. */
export function useList(entity: Entity) {
  const catalogue = useCatalogue()
  const phone = usePhone()
  const [search, setSearch] = useSearchText()
  const state = useMemo(() => readView(entity, search), [entity, search])
  const [layout, setLayout, resetLayout] = useLayout(catalogue, entity, state.view)
  const columns = useMemo(() => columnsOf(catalogue, entity, layout), [catalogue, entity, layout])
  const expand = expandOf([
    ...columns.map((column) => column.through),
    ...(phone ? summaryOf(entity).map((field) => (field.reference ? field.name : null)) : []),
  ])
  const query = useMemo(() => ({ ...requestOf(state), expand: expand || undefined }), [state, expand])
  const answer = useRecordList(entity, query)
  const rows = useMemo(() => answer.data?.pages.flatMap((page) => page.data) ?? [], [answer.data])
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = answer
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])

  const change = (next: Partial<ViewState>): void => {
    // Back undoes an expression: it is the work of more than a click.
    setSearch(
      { ...writeView(entity, { ...state, ...next }), _panel: search['_panel'] },
      { replace: (next.expression ?? state.expression) === state.expression, whole: true },
    )
  }
  return {
    state,
    change,
    showView: (view: View) => setSearch(view === viewsOf(entity)[0] ? {} : { view: view.id }, { whole: true }),
    showDeleted: (shown: boolean) => (shown ? change({ deleted: true, conditions: [], expression: '' }) : setSearch({}, { whole: true })),
    layout,
    setLayout,
    resetLayout,
    columns,
    query,
    answer,
    rows,
    total: answer.data?.pages[0]?.page.total,
    onEnd,
  }
}
export type ShownList = ReturnType<typeof useList>
