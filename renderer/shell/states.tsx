import { IconAlertTriangle, IconHome, IconLock, IconMapQuestion } from '@tabler/icons-react'
import { useEffect, useState, type ReactNode } from 'react'
import { ApiProblem, problemText } from '../api/problem.ts'
import { A } from '../model/navigation.tsx'
import { PageBar } from './page-bar.tsx'

/** Nothing for the first 150 ms: what comes quickly should not flicker. */
export function useLate(ms = 150): boolean {
  const [late, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), ms)
    return () => clearTimeout(timer)
  }, [ms])
  return late
}

export function Starting() {
  const late = useLate(300)
  return (
    <div className="full-state" aria-busy="true">
      {late && (
        <>
          <span className="spinner" />
          <span className="muted">Opening your workspace</span>
        </>
      )}
    </div>
  )
}

/** The frame of every state in which there is no data to show. Titles state a fact; at most one solid button. */
export function StateBox({
  icon,
  title,
  children,
  actions,
  full = false,
  live = 'polite',
}: {
  readonly icon?: ReactNode
  readonly title: string
  readonly children?: ReactNode
  readonly actions?: ReactNode
  readonly full?: boolean
  readonly live?: 'polite' | 'assertive'
}) {
  return (
    <div className={full ? 'full-state' : 'state'} aria-live={live}>
      {icon !== undefined && <span className="state-icon">{icon}</span>}
      <h2 className="section-title">{title}</h2>
      {children !== undefined && <p className="muted state-text">{children}</p>}
      {actions !== undefined && <div className="row state-actions">{actions}</div>}
    </div>
  )
}

export function Failure({
  title,
  detail,
  error,
  onRetry,
  full = false,
}: {
  readonly title: string
  readonly detail?: string
  readonly error?: unknown
  readonly onRetry?: () => void
  readonly full?: boolean
}) {
  if (error instanceof ApiProblem && error.status === 403) return <Forbidden full={full} />
  const reference = error instanceof ApiProblem && error.status >= 500 ? error.requestId : null
  return (
    <StateBox
      full={full}
      live="assertive"
      icon={<IconAlertTriangle size={24} stroke={1.5} aria-hidden />}
      title={title}
      actions={
        onRetry && (
          <button className="btn form" onClick={onRetry}>
            Retry
          </button>
        )
      }
    >
      {detail ?? problemText(error)}
      {reference !== null && <span className="caption faint block">Reference {reference}</span>}
    </StateBox>
  )
}

export const Forbidden = ({ full = false }: { readonly full?: boolean }) => (
  <StateBox full={full} icon={<IconLock size={24} stroke={1.5} aria-hidden />} title="Your role does not include this">
    Someone who manages roles in this workspace can grant it.
  </StateBox>
)

export const NotFound = ({ what = 'This address leads nowhere' }: { readonly what?: string }) => (
  <StateBox
    icon={<IconMapQuestion size={24} stroke={1.5} aria-hidden />}
    title={what}
    actions={
      <A className="btn form" href="/">
        Go home
      </A>
    }
  >
    It may have been deleted, or your role does not include it.
  </StateBox>
)

/** The same as a screen of its own: with a bar that leads back, and a heading for the tab. */
export const NotFoundPage = ({ what = 'This address leads nowhere' }: { readonly what?: string }) => (
  <>
    <PageBar title="Not found" quiet back="/" crumbs={homeward} />
    <NotFound what={what} />
  </>
)
export const ForbiddenPage = () => (
  <>
    <PageBar title="Not for your role" quiet back="/" crumbs={homeward} />
    <Forbidden />
  </>
)
const homeward = (
  <A className="crumb" href="/">
    <IconHome size={16} stroke={1.5} aria-hidden />
    Home
  </A>
)
