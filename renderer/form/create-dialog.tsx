import { Modal } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useId, useMemo, useRef, useState } from 'react'
import { isLines, useCatalogue, type Entity } from '../api/catalogue.ts'
import { createRecord, wrote } from '../api/records.ts'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { Keys } from '../shell/commands.tsx'
import { toast } from '../shell/toast.tsx'
import { recordAddress, titleOf } from '../model/entity.ts'
import { useGo } from '../model/navigation.tsx'
import type { CreateRequest } from '../model/overlays.tsx'
import { createBody, initialData, type FormData } from './body.ts'
import { draftKey, dropDraft, readDraft, useDraft } from './draft.ts'
import { EntityForm } from './entity-form.tsx'
import { formFields } from './schema.ts'

/** Creates a record in place: what is required and what the entity wants at once; “More fields” shows the whole form. */
export function CreateDialog({
  request,
  depth,
  onClose,
}: {
  readonly request: CreateRequest
  readonly depth: number
  readonly onClose: () => void
}) {
  const catalogue = useCatalogue()
  const entity = catalogue.entities[request.entity]
  return entity ? <Dialog entity={entity} request={request} depth={depth} onClose={onClose} /> : null
}

function Dialog({
  entity,
  request,
  depth,
  onClose,
}: {
  readonly entity: Entity
  readonly request: CreateRequest
  readonly depth: number
  readonly onClose: () => void
}) {
  const catalogue = useCatalogue()
  const go = useGo()
  const phone = usePhone()
  const formId = useId()
  const [round, setRound] = useState(0)
  const given = useMemo(() => initialData(catalogue, entity, request.initial ?? {}), [catalogue, entity, request.initial])
  const key = draftKey(catalogue, entity, `new.${JSON.stringify(request.initial ?? {})}`)
  const [start, setStart] = useState(() => readDraft(key, null))
  const [data, setData] = useState<FormData | null>(null)
  const [whole, setWhole] = useState(entity.display.editMode === 'document')
  const [busy, setBusy] = useState(false)
  const [leaving, setLeaving] = useState(false)
  const another = useRef(false)
  const idempotency = useRef(crypto.randomUUID())
  useDraft(key, null, data)

  const quick = useMemo(() => {
    const fields = formFields(entity, 'create')
    const names = new Set([
      ...fields.filter((field) => field.required).map((field) => field.name),
      ...entity.display.quickCreate,
      ...Object.keys(request.initial ?? {}),
    ])
    if (entity.titleField !== null) names.add(entity.titleField)
    const chosen = fields.filter((field) => names.has(field.name) && !isLines(field))
    return new Set((chosen.length > 0 ? chosen : fields.slice(0, 5)).map((field) => field.name))
  }, [entity, request.initial])
  const hasMore = formFields(entity, 'create').length > quick.size
  const dirty = data !== null

  const close = (): void => {
    if (dirty && !leaving) setLeaving(true)
    else onClose()
  }
  const submit = async (values: FormData): Promise<void> => {
    setBusy(true)
    try {
      const record = await createRecord(entity, createBody(catalogue, entity, values), idempotency.current)
      idempotency.current = crypto.randomUUID()
      dropDraft(key)
      wrote(entity, record)
      if (request.onCreated) request.onCreated(record)
      if (!request.onCreated || request.initial !== undefined)
        toast(`Created ${titleOf(entity, record)}`, { label: 'Open', run: () => go(recordAddress(entity, record.id)) }, record)
      if (another.current) {
        setData(null)
        setStart(null)
        setRound(round + 1)
      } else onClose()
    } finally {
      setBusy(false)
      another.current = false
    }
  }
  return (
    <Modal
      opened
      onClose={close}
      fullScreen={phone}
      size={!whole ? 560 : entity.display.editMode === 'document' ? 'min(1120px, 94vw)' : 760}
      withCloseButton={false}
      padding={0}
      yOffset="8vh"
      zIndex={200 + depth * 5}
      trapFocus
      closeOnClickOutside={!dirty}
      attributes={{ content: { 'aria-label': `New ${entity.title.toLowerCase()}` } }}
      classNames={{ content: 'create-dialog', body: 'create-body' }}
    >
      <header className="create-head">
        <EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={20} />
        <h2 className="strong grow">New {entity.title.toLowerCase()}</h2>
        <button className="icon-btn small" aria-label="Close" onClick={close}>
          <IconX size={16} stroke={1.5} aria-hidden />
        </button>
      </header>
      <div
        className="create-scroll"
        role="presentation"
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey)) return
          event.preventDefault()
          another.current = event.shiftKey
          document.querySelector<HTMLFormElement>(`form[id="${formId}"]`)?.requestSubmit()
        }}
      >
        {start !== null && round === 0 && (
          <p className="draft-note">
            Restored what you typed before.{' '}
            <button
              className="link"
              onClick={() => {
                dropDraft(key)
                setStart(null)
                setData(null)
                setRound(round + 1)
              }}
            >
              Start afresh
            </button>
          </p>
        )}
        <EntityForm
          key={round}
          formId={formId}
          entity={entity}
          mode="create"
          initial={start ?? given}
          only={whole ? null : quick}
          busy={busy}
          focusAt=""
          onChange={setData}
          onSubmit={submit}
        />
      </div>
      <footer className="create-foot">
        {leaving ? (
          <>
            <span className="grow">Close without creating? Your draft is kept until you sign out.</span>
            <button className="btn form" onClick={() => setLeaving(false)}>
              Keep editing
            </button>
            <button className="btn form" onClick={onClose} data-autofocus>
              Close
            </button>
          </>
        ) : (
          <>
            {hasMore && !whole ? (
              <button type="button" className="btn quiet form" onClick={() => setWhole(true)}>
                More fields
              </button>
            ) : (
              <span />
            )}
            <span className="grow" />
            <button
              type="button"
              className="btn form quiet create-another"
              disabled={busy}
              onClick={() => {
                another.current = true
                document.querySelector<HTMLFormElement>(`form[id="${formId}"]`)?.requestSubmit()
              }}
            >
              Create and add another
            </button>
            <button
              className="btn primary form"
              type="submit"
              form={formId}
              disabled={busy}
              onClick={() => {
                // An earlier wish for another one may have been refused.
                another.current = false
              }}
            >
              {busy ? 'Creating' : `Create ${entity.title.toLowerCase()}`}
              <span className="create-keys">
                <Keys keys="mod+enter" />
              </span>
            </button>
          </>
        )}
      </footer>
    </Modal>
  )
}
