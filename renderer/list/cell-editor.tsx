import { useEffect, useRef, useState } from 'react'
import { kindOf } from '../fields/registry.ts'
import { useLocale } from '../fields/locale.ts'
import type { RecordData } from '../api/records.ts'
import type { Column } from '../model/entity.ts'

/**
 * Edits one cell in place. Enter commits and goes down, Tab commits and goes right, Esc restores; leaving commits.
 * The editor stands inside the cell itself, so that it scrolls with it.
 */
export function CellEditor({
  record,
  column,
  typed,
  onSave,
  onEnd,
}: {
  readonly record: RecordData
  readonly column: Column
  readonly typed: string | null
  readonly onSave: (value: unknown) => Promise<void>
  readonly onEnd: (step: 'stay' | 'down' | 'right') => void
}) {
  const { field } = column
  const kind = kindOf(field)
  const locale = useLocale()
  const before = column.read(record)
  const parsed = typed === null || !kind.parse ? null : kind.parse(typed, field, locale)
  const [value, setValue] = useState<unknown>(parsed && 'value' in parsed ? parsed.value : before)
  const [fault, setFault] = useState<string | null>(null)
  const box = useRef<HTMLDivElement>(null)
  const ended = useRef(false)
  const latest = useRef(value)
  useEffect(() => {
    const place = box.current?.querySelector<HTMLElement>('input, textarea, button')
    place?.focus()
    if (place instanceof HTMLInputElement && typed !== null) place.setSelectionRange(place.value.length, place.value.length)
  }, [typed])

  const end = (step: 'stay' | 'down' | 'right', save: boolean): void => {
    if (ended.current) return
    ended.current = true
    if (save && JSON.stringify(latest.current ?? null) !== JSON.stringify(before ?? null)) void onSave(latest.current ?? null)
    onEnd(step)
  }
  const { Edit } = kind
  return (
    <div
      className={kind.tall ? 'cell-editor cell-editor-tall' : 'cell-editor'}
      ref={box}
      title={fault ?? undefined}
      role="presentation"
      onKeyDown={(event) => {
        if (event.key === 'Escape') end('stay', false)
        else if (event.key === 'Tab' && fault === null) end('right', true)
        else if (event.key === 'Enter' && kind.tall && (event.metaKey || event.ctrlKey)) end('down', true)
        else {
          event.stopPropagation()
          return
        }
        event.preventDefault()
        event.stopPropagation()
      }}
      onBlur={(event) => {
        const next = event.relatedTarget
        const inside =
          next instanceof Node && (box.current?.contains(next) || (next instanceof Element && next.closest('[data-layer]') !== null))
        if (!inside && document.querySelector('[data-layer]') === null) end('stay', fault === null)
      }}
    >
      <Edit
        id="cell-editor"
        field={field}
        value={value}
        label={field.title}
        record={record}
        autoFocus
        onFault={setFault}
        invalid={fault !== null}
        onChange={(next) => {
          latest.current = next
          setValue(next)
        }}
        onCommit={() => end('down', true)}
        openWith={typed ?? ''}
        onCancel={() => end('stay', true)}
      />
    </div>
  )
}
