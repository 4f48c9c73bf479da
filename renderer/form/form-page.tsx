import { useBlocker } from '@tanstack/react-router'
import { useId, useMemo, useRef, useState, type ReactNode } from 'react'
import { Modal } from '@mantine/core'
import { saveFields } from '../api/actions.ts'
import { may, useCatalogue, type Entity } from '../api/catalogue.ts'
import { isProblem } from '../api/problem.ts'
import { createRecord, fetchRecord, useRecord, wrote, type RecordData } from '../api/records.ts'
import { useTitles } from '../api/titles.ts'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { expandOf, listAddress, recordAddress, titleOf } from '../model/entity.ts'
import { A, useGo } from '../model/navigation.tsx'
import { useAddress } from '../model/route.ts'
import { ActionDock, PageBar } from '../shell/page-bar.tsx'
import { Failure, Forbidden, NotFound } from '../shell/states.tsx'
import { toast } from '../shell/toast.tsx'
import { createBody, dataOf, initialData, patchBody, type FormData } from './body.ts'
import { dropDraft, readDraft, useDraft } from './draft.ts'
import { EntityForm } from './entity-form.tsx'
import { formFields } from './schema.ts'

export function CreatePage() {
  const { entity } = useAddress()
  if (!entity) return <NotFound />
  return may(entity, 'create') ? <Create key={entity.id} entity={entity} /> : <Forbidden />
}

function Create({ entity }: { readonly entity: Entity }) {
  const catalogue = useCatalogue()
  const go = useGo()
  const key = useRef(crypto.randomUUID())
  const initial = useMemo(() => initialData(catalogue, entity, {}), [catalogue, entity])
  return (
    <FormFrame
      entity={entity}
      title={`New ${entity.title.toLowerCase()}`}
      back={listAddress(entity)}
      mode="create"
      initial={initial}
      draftKey={`${catalogue.tenant.id}.${entity.id}.new.page`}
      version={null}
      action={`Create ${entity.title.toLowerCase()}`}
      onSave={async (data, leave) => {
        const record = await createRecord(entity, createBody(catalogue, entity, data), key.current)
        wrote(entity, record)
        leave()
        toast(`Created ${titleOf(entity, record)}`)
        go(recordAddress(entity, record.id), { replace: true })
      }}
    />
  )
}

export function EditPage() {
  const { entity, id } = useAddress()
  const expand = entity ? expandOf(entity.fields.map((field) => (field.reference ? field.name : null))) : ''
  if (!entity || id === null) return <NotFound />
  return may(entity, 'update') ? <Load key={id} entity={entity} id={id} expand={expand} /> : <Forbidden />
}

/** The form holds the record as it was when opened: a later refetch must not change what the person is judging against. */
function Load({ entity, id, expand }: { readonly entity: Entity; readonly id: string; readonly expand: string }) {
  const { data, error, refetch, isPlaceholderData } = useRecord(entity, id, expand)
  const [base, setBase] = useState<{ readonly record: RecordData; readonly initial: FormData } | null>(null)
  if (base === null && data && !isPlaceholderData) setBase({ record: data, initial: dataOf(entity, data) })
  if (error && !base)
    return isProblem(error, 'not-found') ? (
      <NotFound what={`This ${entity.title.toLowerCase()} is not here`} />
    ) : (
      <Failure title="The record could not be loaded" error={error} onRetry={() => void refetch()} />
    )
  return base ? (
    <EditForm
      key={base.record.version}
      entity={entity}
      base={base.record}
      initial={base.initial}
      onBase={(record, initial) => setBase({ record, initial })}
    />
  ) : null
}

interface Conflict {
  readonly theirs: RecordData
  readonly data: FormData
  readonly leave: () => void
}

function EditForm({
  entity,
  base,
  initial,
  onBase,
}: {
  readonly entity: Entity
  readonly base: RecordData
  readonly initial: FormData
  readonly onBase: (record: RecordData, initial: FormData) => void
}) {
  const catalogue = useCatalogue()
  const go = useGo()
  const address = recordAddress(entity, base.id)
  const [conflict, setConflict] = useState<Conflict | null>(null)
  const save = async (data: FormData, leave: () => void, seen: RecordData = base): Promise<void> => {
    const body = patchBody(catalogue, entity, base, data)
    if (Object.keys(body).length === 0) {
      leave()
      return go(address, { replace: true })
    }
    try {
      const saved = await saveFields(entity, seen, body)
      leave()
      toast(`Saved ${titleOf(entity, saved)}`)
      go(address, { replace: true })
    } catch (error) {
      if (!isProblem(error, 'version-conflict')) throw error
      setConflict({ theirs: await fetchRecord(entity, base.id), data, leave })
    }
  }
  const changed = conflict
    ? formFields(entity, 'edit').filter(
        (field) => JSON.stringify(conflict.theirs[field.name] ?? null) !== JSON.stringify(base[field.name] ?? null),
      )
    : []
  return (
    <FormFrame
      entity={entity}
      title={`Edit ${titleOf(entity, base)}`}
      back={address}
      mode="edit"
      initial={initial}
      record={base}
      draftKey={`${catalogue.tenant.id}.${entity.id}.${base.id}`}
      version={base.version ?? null}
      action="Save"
      onSave={save}
      notice={
        conflict && (
          <div className="conflict" role="alert">
            <span className="grow">
              <Who record={conflict.theirs} /> changed {changed.map((field) => field.title).join(', ') || 'this record'} since you opened
              it.
            </span>
            <button
              className="btn"
              onClick={() => {
                setConflict(null)
                void save(conflict.data, conflict.leave, conflict.theirs)
              }}
            >
              Keep yours
            </button>
            <button
              className="btn"
              onClick={() => {
                conflict.leave()
                onBase(conflict.theirs, {
                  ...conflict.data,
                  ...Object.fromEntries(changed.map((field) => [field.name, conflict.theirs[field.name] ?? undefined])),
                })
              }}
            >
              Keep theirs
            </button>
          </div>
        )
      }
    />
  )
}

function Who({ record }: { readonly record: RecordData }) {
  const by = record['updated_by']
  const [name] = useTitles(typeof by === 'string' ? [{ entity: 'core.member', id: by }] : [])
  return <>{name ?? 'Someone'}</>
}

/** The page around a full form: bar with the one action, draft, and the guard against leaving with unsaved changes. */
function FormFrame({
  entity,
  title,
  back,
  mode,
  initial,
  record,
  draftKey,
  version,
  action,
  onSave,
  notice,
}: {
  readonly entity: Entity
  readonly title: string
  readonly back: string
  readonly mode: 'create' | 'edit'
  readonly initial: FormData
  readonly record?: RecordData
  readonly draftKey: string
  readonly version: number | null
  readonly action: string
  readonly onSave: (data: FormData, leave: () => void) => Promise<void>
  readonly notice?: ReactNode
}) {
  const go = useGo()
  const phone = usePhone()
  const formId = useId()
  const [start, setStart] = useState(() => readDraft(draftKey, version))
  const [data, setData] = useState<FormData | null>(null)
  const [busy, setBusy] = useState(false)
  const [round, setRound] = useState(0)
  const clean = useRef(false)
  useDraft(draftKey, version, data)
  const blocker = useBlocker({
    shouldBlockFn: () => data !== null && !clean.current,
    enableBeforeUnload: () => data !== null && !clean.current,
    withResolver: true,
  })
  const leave = (): void => {
    clean.current = true
    dropDraft(draftKey)
  }
  const discard = (): void => {
    dropDraft(draftKey)
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
      {notice}
      <div
        className="form-page"
        role="presentation"
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey)) return
          event.preventDefault()
          document.querySelector<HTMLFormElement>(`form[id="${formId}"]`)?.requestSubmit()
        }}
      >
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
          onChange={setData}
          onSubmit={async (values) => {
            setBusy(true)
            try {
              await onSave(values, leave)
            } finally {
              setBusy(false)
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
        <p className="muted">Your draft is kept in this browser and restored when you come back.</p>
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
