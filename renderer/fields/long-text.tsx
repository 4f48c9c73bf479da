import { useEffect, useRef } from 'react'
import { isEmpty, type EditProps, type FieldKind, type ShowProps } from './type.ts'

const write = (value: unknown): string => (typeof value === 'string' ? value : isEmpty(value) ? '' : String(value))
const firstLine = (value: unknown): string =>
  write(value)
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.trim() ?? ''

function Show({ value, roomy }: ShowProps) {
  if (roomy) return <span className="value-text preserve">{write(value)}</span>
  return (
    <span className="ellipsis" title={write(value)}>
      {firstLine(value)}
    </span>
  )
}

function Edit({ id, value, field, onChange, onBlur, invalid, describedBy, autoFocus, label }: EditProps) {
  const area = useRef<HTMLTextAreaElement>(null)
  const text = write(value)
  useEffect(() => {
    const node = area.current
    if (!node) return
    node.style.height = 'auto'
    node.style.height = `${Math.min(Math.max(node.scrollHeight + 2, 64), 360)}px`
  })
  return (
    <textarea
      ref={area}
      id={id}
      className="input"
      rows={3}
      value={text}
      autoFocus={autoFocus}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      aria-label={label}
      aria-required={field.required || undefined}
      onChange={(event) => onChange(event.currentTarget.value === '' ? null : event.currentTarget.value)}
      onBlur={onBlur}
    />
  )
}

const longText: FieldKind = {
  Show,
  Edit,
  format: write,
  parse: (text) => ({ value: text === '' ? null : text }),
  filterOps: [
    ['contains', 'contains'],
    ['null', 'is empty'],
  ],
  align: 'start',
  width: 240,
  tall: true,
  wordy: true,
}

/** Markdown is shown as it is written until the rich editor joins; nothing of it is ever put into the page as HTML. */
export const longTextKinds = { longText, markdown: longText } as const
