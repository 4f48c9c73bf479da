import { useCallback, useMemo, useState } from 'react'
import { saveFields } from '../api/actions.ts'
import { may, useCatalogue, type Entity, type View } from '../api/catalogue.ts'
import { useRecordList, type RecordData } from '../api/records.ts'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { useLocale } from '../fields/locale.ts'
import { formatDecimal } from '../fields/numbers.ts'
import { summaryOf } from '../model/columns.ts'
import { expandOf, recordAddress, type Column } from '../model/entity.ts'
import { useGo } from '../model/navigation.tsx'
import { useOverlays } from '../model/overlays.tsx'
import { rememberRecent } from '../model/recents.ts'
import { useAddress, useSearchText } from '../model/route.ts'
import { RecordPanel } from '../record/record-panel.tsx'
import { RecordPage } from '../record/record-page.tsx'
import { toldChange } from '../record/use-record-actions.ts'
import { PageBar } from '../shell/page-bar.tsx'
import { Failure, ForbiddenPage, NotFoundPage } from '../shell/states.tsx'
import { failed } from '../shell/toast.tsx'
import { Cards } from './cards.tsx'
import { columnsOf, rowHeights, useLayout } from './columns.ts'
import { toldFaults } from '../expression/told.ts'
import { EmptyList } from './empty-list.tsx'
import { ExpressionChip, ExpressionRefused, LazyExpressionBar } from './expression-chip.tsx'
import { FilterChips } from './filters.tsx'
import { Grid } from './grid.tsx'
import { useListCommands } from './list-commands.ts'
import { ListMenu } from './list-menu.tsx'
import { SelectionBar } from './selection-bar.tsx'
import { ListSkeleton } from './skeleton.tsx'
import { ViewBar } from './view-bar.tsx'
import { nextSort, operatorsFor, prefill, readView, requestOf, viewsOf, writeView, type ViewState } from './view-state.ts'

export function ListPage() {
  const { entity } = useAddress()
  if (!entity) return <NotFoundPage what="There is no such list" />
  if (entity.kind === 'single') return <RecordPage />
  return may(entity, 'list') ? <List key={entity.id} entity={entity} /> : <ForbiddenPage />
}

const none: ReadonlySet<string> = new Set()

function List({ entity }: { readonly entity: Entity }) {
  const catalogue = useCatalogue()
  const { locale } = useLocale()
  const go = useGo()
  const phone = usePhone()
  const { openCreate } = useOverlays()
  const [search, setSearch] = useSearchText()
  const state = useMemo(() => readView(entity, search), [entity, search])
  const [layout, setLayout, resetLayout] = useLayout(catalogue, entity, state.view)
  const [selection, setSelection] = useState<ReadonlySet<string>>(none)
  const [editing, setEditing] = useState<number | null>(null)
  const [writing, setWriting] = useState(false)
  const [draft, setDraft] = useState('')
  const columns = useMemo(() => columnsOf(catalogue, entity, layout), [catalogue, entity, layout])
  const expand = expandOf([
    ...columns.map((column) => column.through),
    ...(phone ? summaryOf(entity).map((field) => (field.reference ? field.name : null)) : []),
  ])
  const query = useMemo(() => ({ ...requestOf(state), expand: expand || undefined }), [state, expand])
  const list = useRecordList(entity, query)
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.data) ?? [], [list.data])
  const total = list.data?.pages[0]?.page.total
  const open = search['panel'] ?? null

  const change = (next: Partial<ViewState>): void => {
    const changed = state.changed || 'conditions' in next || 'expression' in next || 'sort' in next
    // Back undoes an expression: it is the work of more than a click.
    setSearch(
      { ...writeView(entity, { ...state, changed, ...next }), panel: search['panel'] },
      { replace: (next.expression ?? state.expression) === state.expression, whole: true },
    )
  }
  const told = useMemo(() => toldFaults(list.error, state.expression, state.given), [list.error, state.expression, state.given])
  const onExpression = (text: string): void => {
    setWriting(false)
    setDraft('')
    if (text !== state.expression) change({ expression: text })
    focusFilter()
  }
  const onView = (view: View): void => {
    setSelection(none)
    setWriting(false)
    setSearch(view === viewsOf(entity)[0] ? {} : { view: view.id }, { whole: true })
  }
  const create = (): void => openCreate({ entity: entity.id, initial: prefill(catalogue, entity, state.conditions) })
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  const onOpen = (record: RecordData, how: 'default' | 'panel'): void => {
    if (!state.deleted) rememberRecent(catalogue, entity.id, record.id)
    if (phone || (how === 'default' && entity.display.openIn === 'page'))
      go(`${recordAddress(entity, record.id)}${state.deleted ? '?deleted=only' : ''}`)
    else setSearch({ panel: how === 'panel' && open === record.id ? undefined : record.id }, { replace: open !== null })
  }
  const step = (by: number): void => {
    const next = rows[rows.findIndex((row) => row.id === open) + by]
    if (next) setSearch({ panel: next.id }, { replace: true })
  }
  const onEdit = async (record: RecordData, column: Column, value: unknown): Promise<void> => {
    try {
      const saved = await saveFields(entity, record, { [column.path]: value })
      toldChange(entity, column.title, column.path, record, saved)
    } catch (error) {
      failed(`${column.title} was not changed.`, error, () => void onEdit(record, column, value))
    }
  }
  useListCommands(entity, {
    search: () => document.querySelector<HTMLElement>('.search-box input')?.focus(),
    panel: open !== null,
    step,
    write: () => setWriting(true),
  })
  const addFilter = (path: string): void => {
    const at = state.conditions.findIndex((condition) => condition.path === path)
    setEditing(at < 0 ? state.conditions.length : at)
    if (at < 0) change({ conditions: [...state.conditions, { path, operator: operatorOf(entity, path), value: '' }] })
  }
  const isFiltered = state.conditions.length > 0 || state.expression !== ''
  const filtered = isFiltered || state.search !== ''
  const canEdit = may(entity, 'update') && entity.display.editMode === 'live' && !state.deleted
  return (
    <div className="list-page">
      <div className="list-main">
        <PageBar
          title={state.deleted ? `Deleted ${entity.pluralTitle.toLowerCase()}` : entity.pluralTitle}
          icon={<EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={20} />}
          back={phone ? '/' : undefined}
        >
          <ListMenu
            entity={entity}
            query={query}
            deleted={state.deleted}
            onDeleted={() => (state.deleted ? setSearch({}, { whole: true }) : change({ deleted: true, conditions: [], expression: '' }))}
          />
          {may(entity, 'create') && !state.deleted && !phone && (
            <button className="btn primary" onClick={create}>
              New {entity.title.toLowerCase()}
            </button>
          )}
        </PageBar>
        {selection.size > 0 ? (
          <SelectionBar
            entity={entity}
            rows={rows}
            selection={selection}
            onSelection={setSelection}
            total={total}
            query={query}
            deleted={state.deleted}
          />
        ) : (
          <ViewBar
            entity={entity}
            state={state}
            onView={onView}
            onConditions={(conditions) => change({ conditions })}
            onEditing={setEditing}
            onExpression={() => setWriting(true)}
            onSort={(sort) => change({ sort })}
            onSearch={(text) => change({ search: text })}
            onReset={() => onView(state.view)}
            layout={layout}
            onLayout={setLayout}
            onLayoutReset={resetLayout}
          />
        )}
        {writing && (
          <LazyExpressionBar
            key={state.expression}
            entity={entity}
            applied={state.expression}
            draft={draft}
            told={told}
            onApply={onExpression}
            onClose={(text) => {
              setDraft(text)
              setWriting(false)
              focusFilter()
            }}
          />
        )}
        {(state.conditions.length > 0 || (state.expression !== '' && !writing) || state.given !== '') && (
          <FilterChips
            entity={entity}
            conditions={state.conditions}
            onChange={(conditions) => change({ conditions })}
            editing={editing}
            onEditing={setEditing}
            onExpression={() => setWriting(true)}
            onClear={
              state.conditions.length + (state.expression === '' ? 0 : 1) > 1 ? () => change({ conditions: [], expression: '' }) : null
            }
          >
            {state.given !== '' && <ExpressionChip text={state.given} own={null} />}
            {state.expression !== '' && !writing && (
              <ExpressionChip
                text={state.expression}
                faulty={told.length > 0}
                own={{ onEdit: () => setWriting(true), onRemove: () => change({ expression: '' }) }}
              />
            )}
          </FilterChips>
        )}
        {told.length > 0 && !list.data ? (
          <ExpressionRefused
            error={list.error}
            plural={entity.pluralTitle.toLowerCase()}
            onEdit={writing ? null : () => setWriting(true)}
            onRemove={() => onExpression('')}
          />
        ) : list.error && !list.data ? (
          <Failure title={`${entity.pluralTitle} could not be loaded`} error={list.error} onRetry={() => void list.refetch()} />
        ) : list.isPending ? (
          <ListSkeleton columns={columns.length} height={rowHeights[layout.density]} />
        ) : rows.length === 0 ? (
          <EmptyList
            entity={entity}
            state={state}
            filtered={filtered}
            onCreate={create}
            onClear={() => change({ search: '', ...(isFiltered && { conditions: [], expression: '' }) })}
          />
        ) : phone ? (
          <Cards
            entity={entity}
            rows={rows}
            onOpen={(record) => onOpen(record, 'default')}
            onEnd={onEnd}
            selection={selection}
            onSelection={setSelection}
          />
        ) : (
          <Grid
            entity={entity}
            rows={rows}
            columns={columns}
            layout={layout}
            onLayout={setLayout}
            state={state}
            onSort={(path, also) => change({ sort: nextSort(state.sort, path, also) })}
            onFilter={addFilter}
            total={total}
            selection={selection}
            onSelection={setSelection}
            open={open}
            onOpen={onOpen}
            onEnd={onEnd}
            onEdit={canEdit ? onEdit : null}
          />
        )}
        {rows.length > 0 && (
          <footer className="list-footer" aria-live="polite">
            <span className="num">
              {total === undefined ? `${rows.length}+` : formatDecimal(String(total), locale, 0)}{' '}
              {(total === 1 ? entity.title : entity.pluralTitle).toLowerCase()}
            </span>
            {list.isFetching && <span className="spinner" aria-label="Loading" />}
            {list.error && (
              <span className="danger">
                What is shown may be old.{' '}
                <button className="link" onClick={() => void list.refetch()}>
                  Retry
                </button>
              </span>
            )}
          </footer>
        )}
      </div>
      {open !== null && !phone && (
        <RecordPanel
          entity={entity}
          id={open}
          onClose={() => setSearch({ panel: undefined, tab: undefined }, { replace: true })}
          onStep={step}
          deleted={state.deleted}
        />
      )}
    </div>
  )
}

/** After the field of the expression has closed: to what it has become, or where it was opened. */
function focusFilter(): void {
  const find = (mark: string): HTMLElement | null => document.querySelector(`[${mark}]`)
  setTimeout(() => (find('data-expression-chip') ?? find('data-filter-button'))?.focus(), 30)
}

const operatorOf = (entity: Entity, path: string) => {
  const field = entity.fields.find((each) => each.name === path)
  return (field && operatorsFor(field)[0]?.[0]) ?? 'eq'
}
