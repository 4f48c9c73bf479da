import { notifications } from '@mantine/notifications'
import { IconAlertTriangle } from '@tabler/icons-react'
import { problemText, ApiProblem } from '../api/problem.ts'
import { warningsOf, type RecordData } from '../api/records.ts'
import { forgetUndo, rememberUndo } from './undo.ts'

const seconds = 8

interface Action {
  readonly label: string
  readonly run: () => void
}

type Kind = 'plain' | 'failure'
/** At most one of a kind is on screen: the newest replaces the one before. */
const shown = new Map<Kind, { readonly id: string; readonly at: number }>()

function hide(kind: Kind): void {
  const former = shown.get(kind)
  if (former) notifications.hide(former.id)
  shown.delete(kind)
}

function show(message: string, kind: Kind, action?: Action, small?: string | null, warnings: readonly string[] = []): void {
  hide(kind)
  const at = Date.now()
  const id = `toast-${at}-${Math.random()}`
  shown.set(kind, { id, at })
  notifications.show({
    id,
    autoClose: seconds * 1000,
    withBorder: false,
    withCloseButton: true,
    classNames: { root: kind === 'failure' ? 'toast toast-failure' : 'toast' },
    message: (
      <span className="toast-line">
        <span className="grow">
          {message}
          {warnings.map((warning) => (
            <span key={warning} className="toast-warning">
              <IconAlertTriangle size={14} stroke={1.5} aria-hidden />
              {warning}
            </span>
          ))}
          {small != null && <span className="caption faint block">Reference {small}</span>}
        </span>
        {action && (
          <button
            className="toast-action"
            onClick={() => {
              notifications.hide(id)
              action.run()
            }}
          >
            {action.label}
          </button>
        )}
      </span>
    ),
  })
}

/** What rules warned of when the record was stored. */
const warned = (stored: RecordData | undefined): readonly string[] => [
  ...new Set((stored ? warningsOf(stored) : []).map(({ detail }) => detail)),
]

/** What was done, for eight seconds or until the screen is left; with what rules warned of in the record that was stored. */
export const toast = (message: string, action?: Action, stored?: RecordData): void => show(message, 'plain', action, null, warned(stored))

/** The same with a way back, which Ctrl+Z takes too. */
export const toastWithUndo = (message: string, undo: () => void, stored?: RecordData): void => {
  const run = rememberUndo(() => {
    hide('plain')
    undo()
  })
  show(message, 'plain', { label: 'Undo', run }, null, warned(stored))
}

/** What a server has refused it refuses again. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ApiProblem && error.status >= 400 && error.status < 500 && error.status !== 429

/** What failed and what to do; the server's reference in small print. */
export const failed = (what: string, error: unknown, retry?: () => void): void =>
  show(
    `${what} ${problemText(error)}`,
    'failure',
    retry && !isRefusal(error) ? { label: 'Retry', run: retry } : undefined,
    error instanceof ApiProblem && error.status >= 500 ? error.requestId : null,
  )

/** Another screen: what was said of the former goes, unless it was said on the way. */
export function leaveScreen(): void {
  for (const [kind, { at }] of shown) if (Date.now() - at > 1000) hide(kind)
  forgetUndo()
}
