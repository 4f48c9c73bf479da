import { IconChevronDown, IconX } from '@tabler/icons-react'
import type { KeyboardEvent, ReactNode } from 'react'

/** The closed face of a picker: looks like an input, opens on click, Enter, arrow or a typed letter; Backspace empties it. */
export function PickerFace({
  id,
  open,
  onOpen,
  onClear,
  invalid,
  describedBy,
  label,
  autoFocus,
  required,
  placeholder,
  children,
  onBlur,
}: {
  readonly id: string
  readonly open: boolean
  readonly onOpen: (typed: string) => void
  readonly onClear: (() => void) | null
  readonly invalid?: boolean | undefined
  readonly describedBy?: string | undefined
  readonly label: string
  readonly autoFocus?: boolean | undefined
  readonly required: boolean
  readonly placeholder: string
  readonly children: ReactNode
  readonly onBlur?: (() => void) | undefined
}) {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.metaKey || event.ctrlKey || event.altKey) return
    if (event.key === 'ArrowDown') onOpen('')
    else if ((event.key === 'Backspace' || event.key === 'Delete') && onClear) onClear()
    else if (event.key.length === 1 && event.key !== ' ') onOpen(event.key)
    else return
    event.preventDefault()
  }
  return (
    <span className={invalid ? 'input picker invalid' : 'input picker'}>
      <button
        type="button"
        id={id}
        className="picker-face"
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-label={label}
        aria-describedby={describedBy}
        data-required={required || undefined}
        data-invalid={invalid || undefined}
        autoFocus={autoFocus}
        // A dialog's focus trap would take its own first button.
        data-autofocus={autoFocus || undefined}
        onClick={() => onOpen('')}
        onKeyDown={onKeyDown}
        onBlur={() => {
          if (!open) onBlur?.()
        }}
      >
        {children ?? <span className="faint">{placeholder}</span>}
      </button>
      {onClear && (
        <button type="button" className="picker-clear" aria-label={`Clear ${label}`} tabIndex={-1} onClick={onClear}>
          <IconX size={14} stroke={1.5} aria-hidden />
        </button>
      )}
      <IconChevronDown size={14} stroke={1.5} className="faint picker-arrow" aria-hidden />
    </span>
  )
}
