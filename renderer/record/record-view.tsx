import { Menu, Tooltip } from '@mantine/core'
import {
  IconArrowsDiagonal,
  IconChevronDown,
  IconChevronUp,
  IconCopy,
  IconDots,
  IconLink,
  IconPencil,
  IconTrash,
  IconX,
} from '@tabler/icons-react'
import { useMemo } from 'react'
import { fieldOf, may, useCatalogue, type Entity } from '../api/catalogue.ts'
import { isProblem } from '../api/problem.ts'
import { useRecord, type RecordData } from '../api/records.ts'
import { Show } from '../fields/field.tsx'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { isEmpty } from '../fields/type.ts'
import { expandOf, recordAddress, titleOf } from '../model/entity.ts'
import { useGo } from '../model/navigation.tsx'
import { useOverlays } from '../model/overlays.tsx'
import { useSearchText } from '../model/route.ts'
import { useCommands } from '../shell/commands.tsx'
import { Failure, NotFound, useLate } from '../shell/states.tsx'
import { toast } from '../shell/toast.tsx'
import { ConflictBar } from './conflict-bar.tsx'
import { copyOf } from './copy.ts'
import { Details } from './details.tsx'
import { TabContent, tabsOf } from './tabs.tsx'
import { TitleEdit } from './title-edit.tsx'
import { deleteWithUndo, useFieldSaver } from './use-record-actions.ts'

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
      <Header entity={entity} record={record} mode={mode} onClose={onClose} {...(onStep && { onStep })} saver={saver} />
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

function Header({ entity, record, mode, onClose, onStep, saver }: BodyProps & Pick<RecordViewProps, 'mode' | 'onClose' | 'onStep'>) {
  const go = useGo()
  const { openCreate } = useOverlays()
  const status = entity.display.statusField === null ? null : fieldOf(entity, entity.display.statusField)
  const subtitle = entity.display.subtitleField === null ? null : fieldOf(entity, entity.display.subtitleField)
  const title = titleOf(entity, record)
  const address = recordAddress(entity, record.id)
  const remove = (): void => void deleteWithUndo(entity, record, onClose)
  const edit = (): void => go(entity.kind === 'single' ? `${address}/single/edit` : `${address}/edit`)
  const copy = (): void => openCreate({ entity: entity.id, initial: copyOf(entity, record) })
  const canEdit = may(entity, 'update')
  useCommands([
    ...(canEdit && entity.kind !== 'single'
      ? [{ id: 'record.edit', title: 'Edit all fields', section: 'On this record', keys: 'e', run: edit }]
      : []),
    ...(may(entity, 'create') && entity.kind === 'record'
      ? [{ id: 'record.copy', title: 'Duplicate', section: 'On this record', run: copy }]
      : []),
    { id: 'record.link', title: 'Copy the link', section: 'On this record', run: () => copyLink(address) },
    ...(may(entity, 'delete') && entity.kind === 'record'
      ? [{ id: 'record.delete', title: 'Delete', section: 'On this record', run: remove }]
      : []),
    ...(onStep && mode === 'page'
      ? [
          { id: 'record.next', title: 'Next record', section: 'On this record', keys: 'j', run: () => onStep(1) },
          { id: 'record.previous', title: 'Previous record', section: 'On this record', keys: 'k', run: () => onStep(-1) },
        ]
      : []),
  ])
  const heading = (
    <>
      {mode === 'page' && <EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={32} />}
      <TitleEdit key={record.id} entity={entity} record={record} onSave={saver.save} />
      {status && !isEmpty(record[status.name]) && (
        <span className="record-status">
          <Show field={status} value={record[status.name]} record={record} />
        </span>
      )}
    </>
  )
  return (
    <header className="record-header">
      <div className="record-head-row">
        {mode === 'page' ? (
          heading
        ) : (
          <span className="row muted record-kind">
            <EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={20} />
            {entity.title}
          </span>
        )}
        <div className="record-actions">
          {onStep && (
            <>
              <Tooltip label="Previous (K)">
                <button className="icon-btn small" aria-label="Previous record" onClick={() => onStep(-1)}>
                  <IconChevronUp size={16} stroke={1.5} aria-hidden />
                </button>
              </Tooltip>
              <Tooltip label="Next (J)">
                <button className="icon-btn small" aria-label="Next record" onClick={() => onStep(1)}>
                  <IconChevronDown size={16} stroke={1.5} aria-hidden />
                </button>
              </Tooltip>
            </>
          )}
          {mode === 'panel' && (
            <Tooltip label="Open as a page">
              <button className="icon-btn small" aria-label="Open as a page" onClick={() => go(address)}>
                <IconArrowsDiagonal size={16} stroke={1.5} aria-hidden />
              </button>
            </Tooltip>
          )}
          {canEdit && (
            <button className={mode === 'page' ? 'btn' : 'icon-btn small'} onClick={edit} aria-label="Edit">
              <IconPencil size={16} stroke={1.5} aria-hidden />
              {mode === 'page' && 'Edit'}
            </button>
          )}
          {entity.kind === 'record' && (
            <Menu width={200} position="bottom-end">
              <Menu.Target>
                <button className="icon-btn small" aria-label="More actions">
                  <IconDots size={16} stroke={1.5} aria-hidden />
                </button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<IconLink size={16} stroke={1.5} />} onClick={() => copyLink(address)}>
                  Copy the link
                </Menu.Item>
                {may(entity, 'create') && (
                  <Menu.Item leftSection={<IconCopy size={16} stroke={1.5} />} onClick={copy}>
                    Duplicate
                  </Menu.Item>
                )}
                {may(entity, 'delete') && (
                  <>
                    <Menu.Divider />
                    <Menu.Item data-danger leftSection={<IconTrash size={16} stroke={1.5} />} onClick={remove}>
                      Delete
                    </Menu.Item>
                  </>
                )}
              </Menu.Dropdown>
            </Menu>
          )}
          {mode === 'panel' && (
            <button className="icon-btn small" aria-label="Close" onClick={onClose}>
              <IconX size={16} stroke={1.5} aria-hidden />
            </button>
          )}
        </div>
      </div>
      {mode === 'panel' && <div className="record-head-row record-head-title">{heading}</div>}
      {subtitle && !isEmpty(record[subtitle.name]) && (
        <div className="record-subtitle muted">
          <Show field={subtitle} value={record[subtitle.name]} record={record} />
        </div>
      )}
      <span className="sr-only" aria-live="polite">
        {title}
      </span>
    </header>
  )
}

function copyLink(address: string): void {
  void navigator.clipboard?.writeText(new URL(address, window.location.href).href)
  toast('Link copied')
}

function Tabs({ entity, record, withDetails, saver }: BodyProps & { readonly withDetails: boolean }) {
  const catalogue = useCatalogue()
  const [search, setSearch] = useSearchText()
  const tabs = [...(withDetails ? [{ id: 'details', title: 'Details' }] : []), ...tabsOf(catalogue, entity)]
  const current = tabs.find((tab) => tab.id === search['tab']) ?? tabs[0]
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
