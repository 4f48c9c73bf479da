import { Tooltip } from '@mantine/core'
import { IconCode, IconLock, IconX } from '@tabler/icons-react'
import { lazy, Suspense, useState, type ComponentProps } from 'react'
import { isProblem } from '../api/problem.ts'
import { StateBox } from '../shell/states.tsx'

const Bar = lazy(() => import('./expression-bar.tsx').then(({ ExpressionBar }) => ({ default: ExpressionBar })))

/** The checker, the table of functions and the field come when the field is first opened; what is typed until then is handed to them. */
export function LazyExpressionBar({ applied, draft, ...props }: Omit<ComponentProps<typeof Bar>, 'begun'> & { readonly draft: string }) {
  const [text, setText] = useState(applied || draft)
  const plain = <PlainExpression text={text} onText={setText} onClose={() => props.onClose(text)} />
  return (
    <Suspense fallback={plain}>
      <Bar {...props} applied={applied} begun={text} />
    </Suspense>
  )
}

function PlainExpression({
  text,
  onText,
  onClose,
}: {
  readonly text: string
  readonly onText: (text: string) => void
  readonly onClose: () => void
}) {
  return (
    <div className="expression-bar" aria-busy>
      <IconCode size={16} stroke={1.5} aria-hidden className="expression-sign" />
      <textarea
        className="expression-plain"
        rows={1}
        aria-label="Expression"
        autoFocus
        spellCheck={false}
        value={text}
        onChange={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.preventDefault()
          if (event.key === 'Escape') onClose()
        }}
      />
    </div>
  )
}

/** An expression that the list obeys: a person's own is changed by a click; that of the view stays as long as the view does. */
export function ExpressionChip({
  text,
  faulty = false,
  own,
}: {
  readonly text: string
  readonly faulty?: boolean
  /** Null: the view's. */
  readonly own: { readonly onEdit: () => void; readonly onRemove: () => void } | null
}) {
  const Icon = own ? IconCode : IconLock
  const code = (
    <>
      <Icon size={14} stroke={1.5} aria-hidden />
      <code className="ellipsis" dir="ltr">
        {text}
      </code>
    </>
  )
  return (
    <span className="filter filter-expression" data-faulty={faulty || undefined}>
      <Tooltip label={<code className="expression-whole">{text}</code>} multiline maw={480} openDelay={400} withinPortal>
        {own ? (
          <button className="filter-part" onClick={own.onEdit} data-expression-chip aria-label={`Expression ${text}. Change it`}>
            {code}
          </button>
        ) : (
          <span className="filter-part" role="note" aria-label={`Expression of the view: ${text}`}>
            {code}
          </span>
        )}
      </Tooltip>
      {own && (
        <button className="filter-x" aria-label="Remove the expression" onClick={own.onRemove}>
          <IconX size={13} stroke={1.5} aria-hidden />
        </button>
      )}
    </span>
  )
}

/** The server could not read the expression: nothing is shown rather than too much. `onEdit` is null where the field is open and says why. */
export function ExpressionRefused({
  error,
  plural,
  onEdit,
  onRemove,
}: {
  readonly error: unknown
  readonly plural: string
  readonly onEdit: (() => void) | null
  readonly onRemove: () => void
}) {
  return (
    <StateBox
      live="assertive"
      icon={<IconCode size={24} stroke={1.5} aria-hidden />}
      title={`No ${plural} are shown: the expression has a fault`}
      actions={
        <>
          {onEdit && (
            <button className="btn form" onClick={onEdit}>
              Change the expression
            </button>
          )}
          <button className={onEdit ? 'btn form quiet' : 'btn form'} onClick={onRemove}>
            Remove the expression
          </button>
        </>
      }
    >
      {onEdit && isProblem(error) ? (error.faults[0]?.detail ?? error.message) : undefined}
    </StateBox>
  )
}
