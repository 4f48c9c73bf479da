import { cloneElement, useId, useState, type FormEvent, type ReactElement, type ReactNode } from 'react'
import { ApiProblem, problemText } from '../api/problem.ts'
import { Dialog } from './dialog.tsx'

/** What the server says of the member of that name; null: nothing. */
export type Told = (name: string) => string | null

/** A dialog in which a few things are filled in and sent. What is wrong with one of them stands below it, everything else at the foot. */
export function FormDialog({
  title,
  about,
  submit,
  danger = false,
  ready = true,
  size = 480,
  onSubmit,
  onClose,
  children,
}: {
  readonly title: string
  readonly about?: ReactNode
  /** The button's title. */
  readonly submit: string
  readonly danger?: boolean
  readonly ready?: boolean
  readonly size?: number
  readonly onSubmit: () => Promise<void>
  readonly onClose: () => void
  readonly children?: (told: Told) => ReactNode
}) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const faults = error instanceof ApiProblem ? error.faults : []
  const claimed = new Set<string>()
  const told: Told = (name) => {
    claimed.add(name)
    return faults.find(({ pointer }) => pointer === `/${name}` || pointer.startsWith(`/${name}/`))?.detail ?? null
  }
  const content = children?.(told)
  const isAllClaimed = faults.length > 0 && faults.every(({ pointer }) => [...claimed].some((name) => pointer.startsWith(`/${name}`)))
  const send = (event: FormEvent): void => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    setError(null)
    onSubmit()
      .catch(setError)
      .finally(() => setBusy(false))
  }
  return (
    <Dialog title={title} size={size} onClose={onClose}>
      <form className="form-dialog" onSubmit={send} noValidate>
        {about !== undefined && <p className="muted">{about}</p>}
        {content}
        {error !== null && !isAllClaimed && (
          <p className="fault" role="alert">
            {problemText(error)}
          </p>
        )}
        <div className="form-dialog-foot">
          <button className="btn form quiet" type="button" onClick={onClose}>
            Cancel
          </button>
          <button className={`btn form ${danger ? 'danger-btn' : 'primary'}`} type="submit" disabled={busy || !ready}>
            {submit}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** A control of a form with its name, a word of help, and what is wrong with it. */
export function LabelledControl({
  label,
  help,
  fault = null,
  children,
}: {
  readonly label: string
  readonly help?: ReactNode
  readonly fault?: string | null
  readonly children: ReactElement<{ id?: string; 'aria-invalid'?: boolean; 'aria-describedby'?: string }>
}) {
  const id = useId()
  return (
    <div className="labelled">
      <label className="label" htmlFor={id}>
        {label}
      </label>
      {cloneElement(children, { id, 'aria-invalid': fault !== null, 'aria-describedby': `${id}-told` })}
      <div id={`${id}-told`}>
        {fault !== null && <p className="field-fault">{`It ${fault}`.replace(/^It ([A-Z])/, '$1')}</p>}
        {help !== undefined && <p className="caption faint">{help}</p>}
      </div>
    </div>
  )
}

/** A box to tick with what it means beside it. */
export const Tick = ({
  label,
  help,
  checked,
  disabled = false,
  onChange,
}: {
  readonly label: string
  readonly help?: ReactNode
  readonly checked: boolean
  readonly disabled?: boolean
  readonly onChange: (checked: boolean) => void
}) => (
  <label className="tick">
    <input type="checkbox" checked={checked} disabled={disabled} onChange={(event) => onChange(event.currentTarget.checked)} />
    <span>
      {label}
      {help !== undefined && <span className="caption faint"> {help}</span>}
    </span>
  </label>
)

/** A secret that is shown this once. */
export function SecretDialog({
  title,
  about,
  secret,
  onClose,
}: {
  readonly title: string
  readonly about: string
  readonly secret: string
  readonly onClose: () => void
}) {
  return (
    <Dialog title={title} onClose={onClose} stays>
      <p className="muted">{about}</p>
      <p className="secret" aria-label="Secret">
        {secret}
      </p>
      <div className="form-dialog-foot">
        <button className="btn form" type="button" onClick={() => void navigator.clipboard.writeText(secret)}>
          Copy
        </button>
        <button className="btn primary form" type="button" onClick={onClose}>
          I have kept it
        </button>
      </div>
    </Dialog>
  )
}
