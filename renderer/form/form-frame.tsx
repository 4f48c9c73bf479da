import { Modal } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { useId, useRef, useState, type ReactNode } from 'react'
import { useCatalogue, type Entity } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { listAddress } from '../model/entity.ts'
import { A, useGo } from '../model/navigation.tsx'
import { Locked } from '../record/locked.tsx'
import { ActionDock, PageBar } from '../shell/page-bar.tsx'
import type { FormData } from './body.ts'
import { draftKey, dropDraft, readDraft, stampOf, useDraft } from './draft.ts'
import { EntityForm } from './entity-form.tsx'

/** The page around a full form: bar with the one action, draft, and the guard against leaving with unsaved changes. */
export function FormFrame({
  entity,
  title,
  back,
  mode,
  initial,
  record,
  draft,
  focusAt,
  action,
  onSave,
  conflict = null,
}: {
  readonly entity: Entity
  readonly title: string
  readonly back: string
  readonly mode: 'create' | 'edit'
  readonly initial: FormData
  readonly record?: RecordData
  /** The record, or where a new one began: a draft of it is kept under that. */
  readonly draft: string
  /** Name of the field in which typing begins. */
  readonly focusAt?: string | undefined
  readonly action: string
  readonly onSave: (data: FormData, leave: () => void) => Promise<void>
  /** Somebody else saved meanwhile: saving waits until the person has chosen, of the form as it is then. */
  readonly conflict?: { readonly said: ReactNode; readonly keepMine: () => void; readonly keepTheirs: (data: FormData) => void } | null
}) {
  const go = useGo()
  const phone = usePhone()
  const formId = useId()
  const key = draftKey(useCatalogue(), entity, draft)
  const stamp = stampOf(record)
  const [start, setStart] = useState(() => readDraft(key, stamp))
  const [data, setData] = useState<FormData | null>(null)
  const [busy, setBusy] = useState(false)
  const [round, setRound] = useState(0)
  const clean = useRef(false)
  useDraft(key, stamp, data)
  const blocker = useBlocker({
    shouldBlockFn: () => data !== null && !clean.current,
    enableBeforeUnload: () => data !== null && !clean.current,
    withResolver: true,
  })
  const submit = (): void => document.querySelector<HTMLFormElement>(`form[id="${formId}"]`)?.requestSubmit()
  const leave = (): void => {
    clean.current = true
    dropDraft(key)
  }
  const discard = (): void => {
    dropDraft(key)
    setStart(null)
    setData(null)
    setRound(round + 1)
  }
  const actions = (
    <>
      <button className={phone ? 'btn' : 'btn quiet'} type="button" onClick={() => go(back)}>
        Cancel
      </button>
      <button className="btn primary" type="submit" form={formId} disabled={busy}>
        {busy ? 'Saving' : action}
      </button>
    </>
  )
  return (
    <>
      <PageBar
        title={title}
        back={back}
        crumbs={
          <A className="crumb" href={listAddress(entity)}>
            <EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={20} />
            <span className="ellipsis">{entity.kind === 'single' ? entity.title : entity.pluralTitle}</span>
          </A>
        }
      >
        {!phone && actions}
      </PageBar>
      {conflict && (
        <div className="conflict" role="alert">
          <span className="grow">{conflict.said}</span>
          <button
            className="btn"
            onClick={() => {
              conflict.keepMine()
              submit()
            }}
          >
            Keep yours
          </button>
          <button
            className="btn"
            onClick={() => {
              leave()
              conflict.keepTheirs(data ?? start ?? initial)
            }}
          >
            Keep theirs
          </button>
        </div>
      )}
      <div
        className="form-page"
        role="presentation"
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey)) return
          event.preventDefault()
          submit()
        }}
      >
        {record && <Locked entity={entity} record={record} />}
        {start !== null && (
          <p className="draft-note">
            Restored what you typed before.{' '}
            <button className="link" onClick={discard}>
              Discard it
            </button>
          </p>
        )}
        <EntityForm
          key={round}
          formId={formId}
          entity={entity}
          mode={mode}
          initial={start ?? initial}
          record={record}
          busy={busy}
          focusAt={focusAt}
          onChange={setData}
          onSubmit={async (values) => {
            setBusy(true)
            try {
              await onSave(values, leave)
            } finally {
              // What is saved is left.
              if (!clean.current) setBusy(false)
            }
          }}
        />
      </div>
      <ActionDock>{actions}</ActionDock>
      <Modal
        opened={blocker.status === 'blocked'}
        onClose={() => blocker.reset?.()}
        title="Leave without saving?"
        size={420}
        classNames={{ title: 'section-title', header: 'dialog-header', body: 'dialog-body' }}
      >
        <p className="muted">Your draft is kept in this browser until you sign out, and restored when you come back.</p>
        <div className="dialog-actions">
          <button className="btn form" onClick={() => blocker.reset?.()} data-autofocus>
            Keep editing
          </button>
          <button className="btn form" onClick={() => blocker.proceed?.()}>
            Leave
          </button>
        </div>
      </Modal>
    </>
  )
}
