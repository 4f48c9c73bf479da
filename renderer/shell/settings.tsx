import { useId, useState, type FormEvent, type ReactNode } from 'react'
import { problemText } from '../api/problem.ts'
import { usePhone } from '../fields/layer.tsx'
import { A } from '../model/navigation.tsx'
import { PageBar } from './page-bar.tsx'
import './settings.css'

export interface SettingsPart {
  readonly id: string
  readonly title: string
  readonly href: string
}

/** A screen of settings: its parts on the left, one of them beside them; on a phone the parts stand above, in one row that scrolls. */
export function SettingsPage({
  title,
  parts,
  current,
  actions,
  wide = false,
  children,
}: {
  readonly title: string
  readonly parts: readonly SettingsPart[]
  /** Id of the part that is shown. */
  readonly current: string
  readonly actions?: ReactNode
  /** A table or a matrix, which takes all the width there is. */
  readonly wide?: boolean
  readonly children: ReactNode
}) {
  const phone = usePhone()
  return (
    <>
      <PageBar title={parts.find(({ id }) => id === current)?.title ?? title} back={phone ? '/' : undefined}>
        {actions}
      </PageBar>
      <div className="settings">
        <nav className="settings-nav" aria-label={title}>
          {!phone && <span className="label">{title}</span>}
          {parts.map((part) => (
            <A key={part.id} className="settings-link" href={part.href} aria-current={part.id === current ? 'page' : undefined}>
              {part.title}
            </A>
          ))}
        </nav>
        <div className="settings-body" data-wide={wide || undefined}>
          {children}
        </div>
      </div>
    </>
  )
}

/** One subject of a screen of settings. */
export function SettingsSection({
  title,
  about,
  actions,
  children,
}: {
  readonly title: string
  /** A sentence on what it is for. */
  readonly about?: ReactNode
  readonly actions?: ReactNode
  readonly children?: ReactNode
}) {
  return (
    <section className="settings-section" aria-label={title}>
      <div className="settings-head">
        <h2 className="section-title">{title}</h2>
        {actions}
      </div>
      {about !== undefined && <p className="muted settings-about">{about}</p>}
      {children}
    </section>
  )
}

/** A fact or control of a section with its name, and what can be done about it at the end of the line. */
export const SettingsRow = ({
  name,
  children,
  actions,
}: {
  readonly name: ReactNode
  readonly children?: ReactNode
  readonly actions?: ReactNode
}) => (
  <div className="settings-row">
    <div className="settings-name">{name}</div>
    <div className="settings-value">{children}</div>
    {actions !== undefined && <div className="settings-actions">{actions}</div>}
  </div>
)

/** What is typed in a row or dialog and sent by its button; a fault stands below until it is sent again. */
export function SettingsForm({
  submit,
  ready,
  onSubmit,
  onCancel,
  sayOf = problemText,
  children,
}: {
  /** The button's title. */
  readonly submit: string
  readonly ready: boolean
  readonly onSubmit: () => Promise<void>
  readonly onCancel?: (() => void) | undefined
  readonly sayOf?: (error: unknown) => string
  readonly children: ReactNode
}) {
  const id = useId()
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<string | null>(null)
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    try {
      await onSubmit()
      setFault(null)
    } catch (error) {
      setFault(sayOf(error))
    }
    setBusy(false)
  }
  return (
    <form className="settings-form" onSubmit={(event) => void send(event)} aria-describedby={fault === null ? undefined : id} noValidate>
      {children}
      <button className="btn form" type="submit" disabled={busy || !ready}>
        {submit}
      </button>
      {onCancel && (
        <button className="btn form quiet" type="button" onClick={onCancel}>
          Cancel
        </button>
      )}
      {fault !== null && (
        <p className="fault settings-fault" id={id} role="alert">
          {fault}
        </p>
      )}
    </form>
  )
}
