import { IconChevronDown, IconX } from '@tabler/icons-react'
import { useId, useState, type FormEvent } from 'react'
import { core } from '../../engine/expressions/core.ts'
import { entityOf, may, useCatalogue, type Entity, type Field } from '../api/catalogue.ts'
import { isProblem, problemText, type Fault } from '../api/problem.ts'
import type { RecordData } from '../api/records.ts'
import { granteeOf, grantees, share, useShares, type Share, type ShareAccess } from '../api/shares.ts'
import type { Ref } from '../api/titles.ts'
import { Edit, Show } from '../fields/field.tsx'
import { refOf } from '../fields/reference.tsx'
import { systemFields, titleOf } from '../model/entity.ts'
import { Dialog } from '../shell/dialog.tsx'
import './share.css'

const words: Readonly<Record<ShareAccess, string>> = { read: 'Can read', update: 'Can read and edit' }

/** A reference to a person or a team, as forms have them. */
function granteeField(targets: readonly { readonly entity: string }[]): Field {
  const like = systemFields.find((field) => field.name === 'created_by')!
  const title = targets.length > 1 ? 'Person or team' : targets[0]?.entity === core.team ? 'Team' : 'Person'
  return { ...like, id: 'grantee', name: 'grantee', title, readOnly: false, reference: { targets, several: true } }
}

/** With whom a record is shared, and with whom it shall be. What the server says of it stands where it was chosen. */
export function ShareDialog({
  entity,
  record,
  onClose,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly onClose: () => void
}) {
  const catalogue = useCatalogue()
  const id = useId()
  const { data: shares, error } = useShares(entity, record)
  const [grantee, setGrantee] = useState<unknown>(null)
  const [access, setAccess] = useState<ShareAccess>('read')
  const [busy, setBusy] = useState(false)
  const [faults, setFaults] = useState<readonly Fault[]>([])
  const targets = Object.keys(grantees).flatMap((each) => (entityOf(catalogue, each)?.path == null ? [] : [{ entity: each }]))
  const field = granteeField(targets)
  const told = (...places: readonly string[]): string | undefined => faults.find(({ pointer }) => places.includes(pointer))?.detail
  const [who, what] = [told('/member', '/team'), told('/access')]
  const rest = faults.find(({ pointer }) => !['/member', '/team', '/access'].includes(pointer))?.detail

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const ref = refOf(field, grantee)
    if (!ref) return setFaults([{ pointer: '/member', detail: `Choose a ${field.title.toLowerCase()}.` }])
    if (busy) return
    setBusy(true)
    try {
      await share(entity, record, ref, access)
      setFaults([])
      setGrantee(null)
    } catch (problem) {
      setFaults(faultsIn(problem))
    }
    setBusy(false)
  }
  const title = `Share ${titleOf(entity, record)}`
  return (
    <Dialog title={title} size={520} onClose={onClose}>
      {error && !shares ? (
        <p role="alert">{problemText(error)}</p>
      ) : (
        <>
          <form className="share-form" onSubmit={(event) => void submit(event)} noValidate>
            <div className="share-who">
              <label className="label" htmlFor={`${id}-who`}>
                {field.title}
              </label>
              <Edit
                readOnly={false}
                id={`${id}-who`}
                field={field}
                value={grantee}
                autoFocus
                onChange={(value) => {
                  setGrantee(value)
                  setFaults([])
                }}
                invalid={who !== undefined}
                describedBy={who === undefined ? undefined : `${id}-who-fault`}
              />
            </div>
            <div className="share-access">
              <label className="label" htmlFor={`${id}-access`}>
                Access
              </label>
              <AccessSelect
                id={`${id}-access`}
                entity={entity}
                value={access}
                fault={what === undefined ? undefined : `${id}-access-fault`}
                onChange={(next) => {
                  setAccess(next)
                  setFaults([])
                }}
              />
            </div>
            <button type="submit" className="btn primary form" disabled={busy}>
              Share
            </button>
            <div className="share-told" aria-live="polite">
              {who !== undefined && (
                <p className="field-fault" id={`${id}-who-fault`}>
                  {who}
                </p>
              )}
              {what !== undefined && (
                <p className="field-fault" id={`${id}-access-fault`}>
                  {what}
                </p>
              )}
              {rest !== undefined && <p className="field-fault">{rest}</p>}
            </div>
          </form>
          <h3 className="label">Shared with</h3>
          {shares?.length === 0 && <p className="muted share-none">Nobody yet. Who sees it by their role does not stand here.</p>}
          <ul className="share-list" aria-busy={!shares}>
            {shares?.map((each) => (
              <ShareRow key={granteeOf(each).id} entity={entity} record={record} field={field} shared={each} />
            ))}
          </ul>
        </>
      )}
    </Dialog>
  )
}

const faultsIn = (problem: unknown): readonly Fault[] =>
  isProblem(problem) && problem.faults.length > 0 ? problem.faults : [{ pointer: '', detail: problemText(problem) }]

/** One of those who have it: for what, and how to take it back. */
function ShareRow({
  entity,
  record,
  field,
  shared,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly field: Field
  readonly shared: Share
}) {
  const ref: Ref = granteeOf(shared)
  const [fault, setFault] = useState<string | null>(null)
  const id = useId()
  const change = async (to: ShareAccess | null): Promise<void> => {
    try {
      await share(entity, record, ref, to)
      setFault(null)
    } catch (problem) {
      setFault(faultsIn(problem)[0]?.detail ?? null)
    }
  }
  return (
    <li>
      <span className="grow">
        <Show field={field} value={ref} />
      </span>
      <AccessSelect
        id={`${id}-access`}
        label="Access"
        entity={entity}
        value={shared.access}
        fault={fault === null ? undefined : `${id}-fault`}
        onChange={(next) => void change(next)}
      />
      <button type="button" className="icon-btn" aria-label="Share no more" title="Share no more" onClick={() => void change(null)}>
        <IconX size={16} stroke={1.5} aria-hidden />
      </button>
      {fault !== null && (
        <p className="field-fault" id={`${id}-fault`} role="alert">
          {fault}
        </p>
      )}
    </li>
  )
}

/** What one may not do oneself is not offered, unless somebody has it already. */
const AccessSelect = ({
  id,
  label,
  entity,
  value,
  fault,
  onChange,
}: {
  readonly id: string
  readonly label?: string
  readonly entity: Entity
  readonly value: ShareAccess
  readonly fault: string | undefined
  readonly onChange: (value: ShareAccess) => void
}) => (
  <span className="share-select">
    <select
      id={id}
      className="input"
      aria-label={label}
      aria-invalid={fault !== undefined}
      aria-describedby={fault}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value === 'update' ? 'update' : 'read')}
    >
      {(['read', 'update'] as const)
        .filter((each) => each === 'read' || each === value || may(entity, 'update'))
        .map((each) => (
          <option key={each} value={each}>
            {words[each]}
          </option>
        ))}
    </select>
    <IconChevronDown size={14} stroke={1.5} className="faint" aria-hidden />
  </span>
)
