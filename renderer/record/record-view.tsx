import { IconX } from '@tabler/icons-react'
import { useEffect, useMemo, useState, type ReactNode } from 'react'
import { fieldOf, useCatalogue, type Entity } from '../api/catalogue.ts'
import { isProblem } from '../api/problem.ts'
import { useRecord, type RecordData } from '../api/records.ts'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { expandOf, recordAddress, titleOf } from '../model/entity.ts'
import { useGo } from '../model/navigation.tsx'
import { useSearchText } from '../model/route.ts'
import { Failure, NotFound, useLate } from '../shell/states.tsx'
import { ConflictBar } from './conflict-bar.tsx'
import { Details } from './details.tsx'
import { RecordHeader } from './record-header.tsx'
import { TabContent, tabsOf } from './tabs.tsx'
import { restore, useFieldSaver } from './use-record-actions.ts'

export interface RecordViewProps {
  readonly entity: Entity
  readonly id: string
  readonly mode: 'panel' | 'page'
  readonly onClose: () => void
  readonly onStep?: (by: number) => void
  /** It is one of the deleted records: to look at, and to restore. */
  readonly deleted?: boolean
}

/** What may be done with a deleted record is to read it; what points to it is not read any more. */
const readOnlyOf = (entity: Entity): Entity => ({ ...entity, actions: ['get'], inverses: [] })

/** One record, in the panel beside a list or on a page of its own: the same component, laid out for its place. */
export function RecordView({ entity: whole, id, mode, onClose, onStep, deleted: wasDeleted = false }: RecordViewProps) {
  const [restored, setRestored] = useState(false)
  const deleted = wasDeleted && !restored
  const entity = useMemo(() => (deleted ? readOnlyOf(whole) : whole), [whole, deleted])
  const expand = useMemo(() => expandOf(entity.fields.map((field) => (field.reference ? field.name : null))), [entity])
  const { data: record, error, refetch } = useRecord(entity, id, expand, deleted)
  const saver = useFieldSaver(entity, record)
  const go = useGo()
  const bringBack = async (gone: RecordData): Promise<void> => {
    if (!(await restore(whole, gone))) return
    if (mode === 'page') go(recordAddress(whole, id), { replace: true })
    else setRestored(true)
  }
  const late = useLate()
  const phone = usePhone()
  if (error && !record) {
    const state = isProblem(error, 'not-found') ? (
      <NotFound what={`This ${entity.title.toLowerCase()} is not here`} />
    ) : (
      <Failure title={`The ${entity.title.toLowerCase()} could not be loaded`} error={error} onRetry={() => void refetch()} />
    )
    return mode === 'panel' ? (
      <Closable entity={entity} onClose={onClose}>
        {state}
      </Closable>
    ) : (
      state
    )
  }
  if (!record)
    return (
      <div className="record" aria-busy="true">
        {late && (
          <div className="record-skeleton">
            {Array.from({ length: 8 }, (_, i) => (
              <span key={i} className="skeleton" style={{ width: `${40 + ((i * 29) % 50)}%` }} />
            ))}
          </div>
        )}
      </div>
    )
  return (
    <article className="record" data-mode={mode} aria-label={titleOf(entity, record)}>
      <RecordHeader
        entity={entity}
        record={record}
        mode={mode}
        onClose={onClose}
        {...(onStep && { onStep })}
        saver={saver}
        onRestore={deleted ? () => void bringBack(record) : null}
      />
      {saver.conflict && <ConflictBar conflict={saver.conflict} onSettle={saver.settle} />}
      {mode === 'page' && !phone ? (
        <PageBody entity={entity} record={record} saver={saver} />
      ) : (
        <PanelBody entity={entity} record={record} saver={saver} />
      )}
    </article>
  )
}

/** A panel can be closed, whatever became of its record. */
const Closable = ({ entity, onClose, children }: Pick<RecordViewProps, 'entity' | 'onClose'> & { readonly children: ReactNode }) => (
  <div className="record">
    <header className="record-header">
      <div className="record-head-row">
        <span className="row muted record-kind">
          <EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={20} />
          {entity.title}
        </span>
        <div className="record-actions">
          <button className="icon-btn small" aria-label="Close" onClick={onClose}>
            <IconX size={16} stroke={1.5} aria-hidden />
          </button>
        </div>
      </div>
    </header>
    {children}
  </div>
)

type Saver = ReturnType<typeof useFieldSaver>
interface BodyProps {
  readonly entity: Entity
  readonly record: RecordData
  readonly saver: Saver
}

function Tabs({ entity, record, withDetails, saver }: BodyProps & { readonly withDetails: boolean }) {
  const catalogue = useCatalogue()
  const [search, setSearch] = useSearchText()
  const rest = tabsOf(catalogue, entity)
  const details = withDetails ? [{ id: 'details', title: 'Details' }] : []
  // A document is its lines: they come first, as on its page.
  const lines = entity.display.editMode === 'document' ? rest.filter((tab) => fieldOf(entity, tab.id)?.lines) : []
  const tabs = [...lines, ...details, ...rest.filter((tab) => !lines.includes(tab))]
  const current = tabs.find((tab) => tab.id === search['_tab']) ?? tabs[0]
  useEffect(() => {
    document.getElementById(`tab-${current?.id ?? ''}`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [current?.id])
  return (
    <div className="record-tabs">
      <div className="tablist" role="tablist" aria-label="Parts of the record">
        {tabs.map((tab) => (
          <button
            key={tab.id}
            role="tab"
            id={`tab-${tab.id}`}
            aria-selected={tab === current}
            aria-controls="tab-panel"
            tabIndex={tab === current ? 0 : -1}
            className="tab-button"
            onClick={() => setSearch({ _tab: tab === tabs[0] ? undefined : tab.id }, { replace: true })}
            onKeyDown={(event) => {
              const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
              const next = by === 0 ? undefined : tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length]
              if (!next) return
              setSearch({ _tab: next === tabs[0] ? undefined : next.id }, { replace: true })
              document.getElementById(`tab-${next.id}`)?.focus()
            }}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div className="tab-panel" role="tabpanel" id="tab-panel" aria-labelledby={`tab-${current?.id ?? ''}`} tabIndex={-1}>
        {current?.id === 'details' ? (
          <Details entity={entity} record={record} saver={saver} />
        ) : (
          current && <TabContent entity={entity} record={record} tab={current.id} />
        )}
      </div>
    </div>
  )
}

const PanelBody = (props: BodyProps) => (
  <div className="record-body">
    <Tabs {...props} withDetails />
  </div>
)

const PageBody = (props: BodyProps) => (
  <div className="record-page-body">
    <aside className="record-side" aria-label="Fields">
      <Details {...props} />
    </aside>
    <div className="record-centre">
      <Tabs {...props} withDetails={false} />
    </div>
  </div>
)
