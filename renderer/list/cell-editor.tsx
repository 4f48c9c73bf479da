import { useEffect, useMemo, useRef, useState } from 'react'
import type { Entity } from '../api/catalogue.ts'
import { kindOf } from '../fields/registry.ts'
import { useLocale } from '../fields/locale.ts'
import type { RecordData } from '../api/records.ts'
import { Show } from '../fields/field.tsx'
import { Warning, Why } from '../fields/told.tsx'
import type { Column } from '../model/entity.ts'
import { same } from '../model/same.ts'
import { useFormLogic } from '../model/use-logic.ts'
import { failed } from '../shell/toast.tsx'
import './cell-editor.css'

/**
 * Edits one cell in place. Enter commits and goes down, Tab commits and goes right, Esc restores; leaving commits.
 * The editor stands inside the cell itself, so that it scrolls with it.
 */
export function CellEditor({
  entity,
  record,
  column,
  typed,
  onSave,
  onEnd,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly column: Column
  readonly typed: string | null
  readonly onSave: (value: unknown) => Promise<unknown>
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
  const data = useMemo(() => ({ ...record, [field.name]: value ?? null }), [record, field, value])
  const logic = useFormLogic(entity, record, data)
  // Whatever a rule says now, it says of this edit, even where its message belongs to another field.
  const ruled = logic.faults[0]?.detail ?? null
  const warning = logic.warnings[0]?.detail
  const causes = logic.document.locked[field.name]
  // Choosing ends the editor in the same moment: what rules say of the choice must not wait for a rendering.
  const refused = (): boolean => causes !== undefined || logic.judge({ ...record, [field.name]: latest.current ?? null }).length > 0
  useEffect(() => {
    const place = box.current?.querySelector<HTMLElement>('input, textarea, button')
    place?.focus()
    if (place instanceof HTMLInputElement && typed !== null) place.setSelectionRange(place.value.length, place.value.length)
  }, [typed])

  const isChange = (): boolean => fault !== null || !same(latest.current, before)
  const end = (step: 'stay' | 'down' | 'right', save: boolean): void => {
    if (ended.current) return
    const isRefused = save && isChange() && refused()
    // A value that a rule refuses stays in the editor, with the reason; leaving the cell leaves it as it was.
    if (isRefused && step !== 'stay') return
    ended.current = true
    if (save && isChange() && !isRefused) void onSave(latest.current ?? null)
    onEnd(step)
  }
  const { Edit } = kind
  return (
    <div
      className={kind.tall ? 'cell-editor cell-editor-tall' : 'cell-editor'}
      ref={box}
      title={fault ?? ruled ?? undefined}
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
        if (inside || document.querySelector('[data-layer]') !== null) return
        const lost = fault ?? (refused() ? (ruled ?? 'It cannot be changed now.') : null)
        if (!ended.current && lost !== null && isChange()) failed(`${field.title} was not changed.`, lost)
        end('stay', fault === null)
      }}
    >
      {causes ? (
        <button type="button" className="cell-locked" onClick={() => end('stay', false)}>
          <Show field={field} value={before} record={record} dash />
          <Why entity={entity} names={causes} record={record} />
        </button>
      ) : (
        <Edit
          id="cell-editor"
          field={field}
          value={value}
          label={field.title}
          record={record}
          autoFocus
          onFault={setFault}
          invalid={fault !== null || ruled !== null}
          onChange={(next) => {
            latest.current = next
            setValue(next)
          }}
          onCommit={() => end('down', true)}
          openWith={typed ?? ''}
          onCancel={() => end('stay', true)}
        />
      )}
      {fault === null && ruled !== null && (
        <p className="cell-told field-fault" role="status">
          {ruled}
        </p>
      )}
      {fault === null && ruled === null && warning !== undefined && (
        <div className="cell-told">
          <Warning>{warning}</Warning>
        </div>
      )}
    </div>
  )
}
