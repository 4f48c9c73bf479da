import { notifications } from '@mantine/notifications'
import { problemText, ApiProblem } from '../api/problem.ts'

const seconds = 8

interface Action {
  readonly label: string
  readonly run: () => void
}

function show(message: string, kind: 'plain' | 'failure', action?: Action, small?: string | null): void {
  const id = `toast-${Date.now()}-${Math.random()}`
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

/** What was done, for eight seconds, with the way back where there is one. */
export const toast = (message: string, action?: Action): void => show(message, 'plain', action)

/** What failed and what to do; the server's reference in small print. */
export const failed = (what: string, error: unknown, retry?: () => void): void =>
  show(
    `${what} ${problemText(error)}`,
    'failure',
    retry && { label: 'Retry', run: retry },
    error instanceof ApiProblem && error.status >= 500 ? error.requestId : null,
  )
