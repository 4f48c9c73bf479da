import { useState } from 'react'
import { may, useCatalogue, type Entity, type View } from '../api/catalogue.ts'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { useLocale } from '../fields/locale.ts'
import { formatDecimal } from '../fields/numbers.ts'
import { useOverlays } from '../model/overlays.tsx'
import { useAddress } from '../model/route.ts'
import { RecordPanel } from '../record/record-panel.tsx'
import { RecordPage } from '../record/record-page.tsx'
import { PageBar } from '../shell/page-bar.tsx'
import { ForbiddenPage, NotFoundPage } from '../shell/states.tsx'
import { Conditions } from './conditions.tsx'
import { ListBody } from './list-body.tsx'
import { useListCommands } from './list-commands.ts'
import { ListMenu } from './list-menu.tsx'
import { SelectionBar } from './selection-bar.tsx'
import { useList, type ShownList } from './use-list.ts'
import { usePanel } from './use-panel.ts'
import { useWriting } from './use-writing.ts'
import { ViewBar } from './view-bar.tsx'
import { filteredBy, prefill } from './view-state.ts'

export function ListPage() {
  const { entity } = useAddress()
  if (!entity) return <NotFoundPage what="There is no such list" />
  if (entity.kind === 'single') return <RecordPage />
  return may(entity, 'list') ? <List key={entity.id} entity={entity} /> : <ForbiddenPage />
}

const none: ReadonlySet<string> = new Set()

function List({ entity }: { readonly entity: Entity }) {
  const catalogue = useCatalogue()
  const phone = usePhone()
  const { openCreate } = useOverlays()
  const list = useList(entity)
  const writing = useWriting(list)
  const panel = usePanel(entity, list)
  const [selection, setSelection] = useState(none)
  const [editing, setEditing] = useState<number | null>(null)
  const { state, change, query, rows, total } = list

  const showView = (view: View): void => {
    setSelection(none)
    writing.drop()
    list.showView(view)
  }
  const create = (): void => openCreate({ entity: entity.id, initial: prefill(catalogue, entity, state.conditions) })
  const addFilter = (path: string): void => {
    const { conditions, at } = filteredBy(entity, state.conditions, path)
    setEditing(at)
    if (conditions !== state.conditions) change({ conditions })
  }
  useListCommands(entity, {
    search: () => document.querySelector<HTMLElement>('.search-box input')?.focus(),
    panel: panel.open !== null,
    step: panel.step,
    write: writing.begin,
  })
  const selecting = { selection, onSelection: setSelection }
  return (
    <div className="list-page">
      <div className="list-main">
        <PageBar
          title={state.deleted ? `Deleted ${entity.pluralTitle.toLowerCase()}` : entity.pluralTitle}
          icon={<EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={20} />}
          back={phone ? '/' : undefined}
        >
          <ListMenu entity={entity} query={query} deleted={state.deleted} onDeleted={() => list.showDeleted(!state.deleted)} />
          {may(entity, 'create') && !state.deleted && !phone && (
            <button className="btn primary" onClick={create}>
              New {entity.title.toLowerCase()}
            </button>
          )}
        </PageBar>
        {selection.size > 0 ? (
          <SelectionBar entity={entity} rows={rows} total={total} query={query} deleted={state.deleted} {...selecting} />
        ) : (
          <ViewBar
            entity={entity}
            state={state}
            onView={showView}
            onConditions={(conditions) => change({ conditions })}
            onEditing={setEditing}
            onExpression={writing.begin}
            onSort={(sort) => change({ sort })}
            onSearch={(text) => change({ search: text })}
            onReset={() => showView(state.view)}
            layout={list.layout}
            onLayout={list.setLayout}
            onLayoutReset={list.resetLayout}
          />
        )}
        <Conditions entity={entity} list={list} writing={writing} editing={editing} onEditing={setEditing} />
        <ListBody entity={entity} list={list} writing={writing} panel={panel} onFilter={addFilter} onCreate={create} {...selecting} />
        {rows.length > 0 && <Footer entity={entity} list={list} />}
      </div>
      {panel.open !== null && !phone && (
        <RecordPanel entity={entity} id={panel.open} onClose={panel.close} onStep={panel.step} deleted={state.deleted} />
      )}
    </div>
  )
}

/** How many there are, whether more is on its way, and whether what is shown is of now. */
function Footer({ entity, list: { rows, total, answer } }: { readonly entity: Entity; readonly list: ShownList }) {
  const { locale } = useLocale()
  return (
    <footer className="list-footer" aria-live="polite">
      <span className="num">
        {total === undefined ? `${rows.length}+` : formatDecimal(String(total), locale, 0)}{' '}
        {(total === 1 ? entity.title : entity.pluralTitle).toLowerCase()}
      </span>
      {answer.isFetching && <span className="spinner" aria-label="Loading" />}
      {answer.error && (
        <span className="danger">
          What is shown may be old.{' '}
          <button className="link" onClick={() => void answer.refetch()}>
            Retry
          </button>
        </span>
      )}
    </footer>
  )
}
