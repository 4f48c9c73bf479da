import { IconCheck, IconMinus } from '@tabler/icons-react'
import type { EditProps, FieldKind, ShowProps } from './type.ts'

function Show({ value, roomy }: ShowProps) {
  if (value === true)
    return (
      <span className="check-on" title="Yes">
        <IconCheck size={16} stroke={2} aria-hidden />
        <span className={roomy ? '' : 'sr-only'}>Yes</span>
      </span>
    )
  return (
    <span className="check-off faint" title="No">
      <IconMinus size={14} stroke={1.5} aria-hidden />
      <span className={roomy ? '' : 'sr-only'}>No</span>
    </span>
  )
}

const Edit = ({ id, value, field, onChange, onBlur, invalid, describedBy, label, autoFocus }: EditProps) => (
  <span className="check-line">
    <input
      type="checkbox"
      className="check"
      id={id}
      checked={value === true}
      autoFocus={autoFocus}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      aria-label={label}
      aria-required={field.required || undefined}
      onChange={(event) => onChange(event.currentTarget.checked)}
      onBlur={onBlur}
    />
  </span>
)

const words: Record<string, boolean> = {
  true: true,
  yes: true,
  y: true,
  '1': true,
  on: true,
  false: false,
  no: false,
  n: false,
  '0': false,
  off: false,
}

const boolean: FieldKind = {
  Show,
  Edit,
  format: (value) => (value === true ? 'Yes' : value === false ? 'No' : ''),
  parse: (text) => {
    const word = text.trim().toLowerCase()
    if (word === '') return { value: null }
    const value = words[word]
    return value === undefined ? { fault: 'Enter yes or no' } : { value }
  },
  filterOps: [
    ['eq', 'is'],
    ['null', 'is empty'],
  ],
  Operand: ({ value, onChange, onDone, field }) => (
    <div role="radiogroup" aria-label={field.title} className="options-list">
      {[
        ['true', 'Yes'],
        ['false', 'No'],
      ].map(([id = '', title]) => (
        <button
          key={id}
          role="radio"
          aria-checked={value === id}
          className="option"
          data-active={value === id || undefined}
          data-autofocus={id === 'true' || undefined}
          onClick={() => {
            onChange(id)
            onDone()
          }}
        >
          {title}
        </button>
      ))}
    </div>
  ),
  fromOperand: (operand) => operand === 'true',
  align: 'center',
  width: 90,
  instant: true,
}

export const booleanKinds = { boolean } as const
