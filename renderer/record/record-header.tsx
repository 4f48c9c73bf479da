import { Menu, Tooltip } from '@mantine/core'
import {
  IconArrowsDiagonal,
  IconChevronDown,
  IconChevronUp,
  IconCopy,
  IconDots,
  IconEye,
  IconHelpCircle,
  IconLink,
  IconPencil,
  IconRestore,
  IconTrash,
  IconUserPlus,
  IconX,
} from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import { core } from '../../engine/expressions/core.ts'
import { fieldOf, may, useCatalogue, type Entity } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { Show } from '../fields/field.tsx'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { isEmpty, isMasked } from '../fields/type.ts'
import { copyOf } from '../model/copy.ts'
import { mayWith } from '../model/editable.ts'
import { editAddress, recordAddress, titleOf } from '../model/entity.ts'
import { useGo } from '../model/navigation.tsx'
import { WhyButton, WhyLayer } from './why.tsx'
import { viewAs as beginViewAs } from '../api/viewing.ts'
import { useOverlays } from '../model/overlays.tsx'
import { useCommands } from '../shell/commands.tsx'
import { failed, toast } from '../shell/toast.tsx'
import { Locked } from './locked.tsx'
import { StateBadge, Transitions, useSteps } from './transitions.tsx'
import { TitleEdit } from './title-edit.tsx'
import { deleteWithUndo, type useFieldSaver } from './use-record-actions.ts'

const ShareDialog = lazy(() => import('./share-dialog.tsx').then((module) => ({ default: module.ShareDialog })))

/** What a record is called, where it stands, and what can be done with it. */
export function RecordHeader({
  entity,
  record,
  mode,
  onClose,
  onStep,
  saver,
  onRestore,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly mode: 'panel' | 'page'
  readonly onClose: () => void
  readonly onStep?: (by: number) => void
  readonly saver: ReturnType<typeof useFieldSaver>
  /** The record is deleted, and this brings it back; null: it is not. */
  readonly onRestore: (() => void) | null
}) {
  const catalogue = useCatalogue()
  const go = useGo()
  const { openCreate } = useOverlays()
  const statusName = entity.display.statusField ?? entity.lifecycles[0]?.field ?? null
  const status = statusName === null ? null : fieldOf(entity, statusName)
  const steps = useSteps(entity, record)
  const subtitle = entity.display.subtitleField === null ? null : fieldOf(entity, entity.display.subtitleField)
  const title = titleOf(entity, record)
  const address = `${recordAddress(entity, record.id)}${onRestore ? '?deleted=only' : ''}`
  const remove = (): void => void deleteWithUndo(entity, record, onClose)
  const edit = (): void => go(editAddress(entity, record.id))
  const copy = (): void => openCreate({ entity: entity.id, initial: copyOf(catalogue, entity, record) })
  const canEdit = mayWith(entity, record, 'update')
  const [sharing, setSharing] = useState(false)
  const [asking, setAsking] = useState(false)
  const undeletable = `Why can I not delete this ${entity.title.toLowerCase()}?`
  const phone = usePhone()
  const openShare = mayWith(entity, record, 'share') && !onRestore ? () => setSharing(true) : null
  const { me } = catalogue
  const viewAs =
    me.viewAs && entity.id === core.member && record.id !== me.member && !onRestore ? () => void lookAs(record.id, title) : null
  useCommands([
    ...(canEdit && entity.kind !== 'single'
      ? [{ id: 'record.edit', title: 'Edit all fields', section: 'On this record', keys: 'e', run: edit }]
      : []),
    ...(may(entity, 'create') && entity.kind === 'record'
      ? [{ id: 'record.copy', title: 'Duplicate', section: 'On this record', run: copy }]
      : []),
    ...(viewAs ? [{ id: 'record.view-as', title: `View as ${title}`, section: 'On this record', run: viewAs }] : []),
    ...(openShare ? [{ id: 'record.share', title: 'Share', section: 'On this record', run: openShare }] : []),
    { id: 'record.link', title: 'Copy the link', section: 'On this record', run: () => copyLink(address) },
    ...(mayWith(entity, record, 'delete') && entity.kind === 'record'
      ? [{ id: 'record.delete', title: 'Delete', section: 'On this record', run: remove }]
      : []),
    ...(onRestore ? [{ id: 'record.restore', title: 'Restore', section: 'On this record', run: onRestore }] : []),
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
      {status && (!isEmpty(record[status.name]) || isMasked(record, status.name)) && (
        <StateBadge entity={entity} record={record} field={status} steps={steps} />
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
          {onRestore && (
            <button className="btn" onClick={onRestore}>
              <IconRestore size={16} stroke={1.5} aria-hidden />
              Restore
            </button>
          )}
          {!onRestore && <Transitions entity={entity} record={record} steps={steps} compact={mode === 'panel'} />}
          {!canEdit && !onRestore && !me.viewer && mode === 'page' && (
            <WhyButton
              entity={entity}
              record={record}
              question={{ action: 'update' }}
              label={`Why can I not change this ${entity.title.toLowerCase()}?`}
            />
          )}
          {openShare && mode === 'page' && !phone && (
            <button className="btn" onClick={openShare}>
              <IconUserPlus size={16} stroke={1.5} aria-hidden />
              Share
            </button>
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
                {openShare && (mode === 'panel' || phone) && (
                  <Menu.Item leftSection={<IconUserPlus size={16} stroke={1.5} />} onClick={openShare}>
                    Share
                  </Menu.Item>
                )}
                {viewAs && (
                  <Menu.Item leftSection={<IconEye size={16} stroke={1.5} />} onClick={viewAs}>
                    View as {title}
                  </Menu.Item>
                )}
                {may(entity, 'create') && (
                  <Menu.Item leftSection={<IconCopy size={16} stroke={1.5} />} onClick={copy}>
                    Duplicate
                  </Menu.Item>
                )}
                {entity.kind === 'record' && !mayWith(entity, record, 'delete') && !me.viewer && (
                  <>
                    <Menu.Divider />
                    <Menu.Item leftSection={<IconHelpCircle size={16} stroke={1.5} />} onClick={() => setAsking(true)}>
                      {undeletable}
                    </Menu.Item>
                  </>
                )}
                {mayWith(entity, record, 'delete') && (
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
          {asking && (
            <WhyLayer entity={entity} record={record} question={{ action: 'delete' }} label={undeletable} onClose={() => setAsking(false)}>
              <span />
            </WhyLayer>
          )}
          {mode === 'panel' && (
            <button className="icon-btn small" aria-label="Close" onClick={onClose}>
              <IconX size={16} stroke={1.5} aria-hidden />
            </button>
          )}
        </div>
      </div>
      {mode === 'panel' && <div className="record-head-row record-head-title">{heading}</div>}
      {subtitle && (!isEmpty(record[subtitle.name]) || isMasked(record, subtitle.name)) && (
        <div className="record-subtitle muted">
          <Show field={subtitle} value={record[subtitle.name]} record={record} />
        </div>
      )}
      <Locked entity={entity} record={record} />
      {sharing && (
        <Suspense fallback={null}>
          <ShareDialog entity={entity} record={record} onClose={() => setSharing(false)} />
        </Suspense>
      )}
      <span className="sr-only" aria-live="polite">
        {title}
      </span>
    </header>
  )
}

async function lookAs(member: string, name: string): Promise<void> {
  try {
    await beginViewAs(member)
  } catch (error) {
    failed(`You do not look as ${name}.`, error)
  }
}

function copyLink(address: string): void {
  void navigator.clipboard?.writeText(new URL(address, window.location.href).href)
  toast('Link copied')
}
