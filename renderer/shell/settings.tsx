import type { ReactNode } from 'react'
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
