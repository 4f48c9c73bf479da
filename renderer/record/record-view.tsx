import { useEffect, useMemo } from 'react'
import { useCatalogue, type Entity } from '../api/catalogue.ts'
import { isProblem } from '../api/problem.ts'
import { useRecord, type RecordData } from '../api/records.ts'
import { usePhone } from '../fields/layer.tsx'
import { expandOf, titleOf } from '../model/entity.ts'
import { useSearchText } from '../model/route.ts'
import { Failure, NotFound, useLate } from '../shell/states.tsx'
import { ConflictBar } from './conflict-bar.tsx'
import { Details } from './details.tsx'
import { RecordHeader } from './record-header.tsx'
import { TabContent, tabsOf } from './tabs.tsx'
import { useFieldSaver } from './use-record-actions.ts'

export interface RecordViewProps {
  readonly entity: Entity
  readonly id: string
  readonly mode: 'panel' | 'page'
  readonly onClose: () => void
  readonly onStep?: (by: number) => void
}

/** One record, in the panel beside a list or on a page of its own: the same component, laid out for its place. */
export function RecordView({ entity, id, mode, onClose, onStep }: RecordViewProps) {
  const expand = useMemo(() => expandOf(entity.fields.map((field) => (field.reference ? field.name : null))), [entity])
  const { data: record, error, refetch } = useRecord(entity, id, expand)
  const saver = useFieldSaver(entity, record)
  const late = useLate()
  const phone = usePhone()
  if (error && !record) {
    return isProblem(error, 'not-found') ? (
      <NotFound what={`This ${entity.title.toLowerCase()} is not here`} />
    ) : (
      <Failure title={`The ${entity.title.toLowerCase()} could not be loaded`} error={error} onRetry={() => void refetch()} />
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
      <RecordHeader entity={entity} record={record} mode={mode} onClose={onClose} {...(onStep && { onStep })} saver={saver} />
      {saver.conflict && <ConflictBar entity={entity} conflict={saver.conflict} onSettle={saver.settle} />}
      {mode === 'page' && !phone ? (
        <PageBody entity={entity} record={record} saver={saver} />
      ) : (
        <PanelBody entity={entity} record={record} saver={saver} />
      )}
    </article>
  )
}

type Saver = ReturnType<typeof useFieldSaver>
interface BodyProps {
  readonly entity: Entity
  readonly record: RecordData
  readonly saver: Saver
}

function Tabs({ entity, record, withDetails, saver }: BodyProps & { readonly withDetails: boolean }) {
  const catalogue = useCatalogue()
  const [search, setSearch] = useSearchText()
  const tabs = [...(withDetails ? [{ id: 'details', title: 'Details' }] : []), ...tabsOf(catalogue, entity)]
  const current = tabs.find((tab) => tab.id === search['tab']) ?? tabs[0]
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
            onClick={() => setSearch({ tab: tab === tabs[0] ? undefined : tab.id }, { replace: true })}
            onKeyDown={(event) => {
              const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
              const next = by === 0 ? undefined : tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length]
              if (!next) return
              setSearch({ tab: next === tabs[0] ? undefined : next.id }, { replace: true })
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
