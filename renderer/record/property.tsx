import { useEffect, useRef, useState } from 'react'
import type { Entity, Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { Calculated, Edit, Show } from '../fields/field.tsx'
import { kindOf } from '../fields/registry.ts'
import { isMasked } from '../fields/type.ts'
import { Warning, Why } from '../fields/told.tsx'
import { editable, mayWith } from '../model/editable.ts'
import { useLatest } from '../model/latest.ts'
import { isDerived, sourceWords } from '../model/row-logic.ts'
import { same } from '../model/same.ts'
import { fieldQuestion, WhyButton } from './why.tsx'

/** One field of a record: its label beside its value. In a live entity the value is edited where it stands and saves by itself. */
export function Property({
  entity,
  field,
  record,
  value: shown,
  required,
  causes,
  ruled,
  warning,
  onTyping,
  live,
  fault,
  onSave,
  onClearFault,
}: {
  readonly entity: Entity
  readonly field: Field
  readonly record: RecordData
  /** What it holds, or would with what is being typed elsewhere. */
  readonly value: unknown
  readonly required: boolean
  /** Names of the fields because of which it may not be changed now. */
  readonly causes: readonly string[] | undefined
  /** What rules say of it as it is typed: this stops it, that does not. */
  readonly ruled: string | undefined
  readonly warning: string | undefined
  /** What stands in the editor; undefined: nothing, it is closed. */
  readonly onTyping: (value: unknown) => void
  readonly live: boolean
  readonly fault: string | undefined
  readonly onSave: (field: Field, value: unknown) => Promise<boolean>
  readonly onClearFault: (name: string) => void
}) {
  const [editing, setEditing] = useState(false)
  const [value, setValue] = useState<unknown>(null)
  const [typed, setTyped] = useState<string | null>(null)
  const box = useRef<HTMLDivElement>(null)
  const ended = useRef(false)
  const hidden = isMasked(record, field.name)
  const can = editable(entity, field, 'edit', record) && causes === undefined
  const inline = can && live
  const id = `property-${field.id}`
  const problem = typed ?? fault ?? (editing ? ruled : undefined) ?? null
  const before = record[field.name]

  const begin = (): void => {
    ended.current = false
    setValue(before)
    setEditing(true)
  }
  const end = async (save: boolean, next: unknown = value): Promise<void> => {
    if (ended.current || (save && (typed !== null || ruled !== undefined))) return
    ended.current = true
    const changed = !same(next, before)
    if (save && changed && !(await onSave(field, next))) {
      ended.current = false
      return
    }
    if (!save) {
      setTyped(null)
      onClearFault(field.name)
    }
    setEditing(false)
    onTyping(undefined)
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>('.property-value')?.focus())
  }
  const finish = useLatest(end)
  const leave = useLatest(() => onTyping(undefined))
  // What is no longer on the screen is not saved with anything.
  useEffect(() => () => leave.current(), [leave])
  const { instant = false, tall = false } = kindOf(field)
  return (
    <div className={tall ? 'property property-tall' : 'property'} ref={box}>
      <label className="label property-label" htmlFor={editing ? id : undefined} title={field.help || undefined}>
        {field.title}
        {required && !field.required && (
          <span className="form-required" aria-hidden>
            {' '}
            *
          </span>
        )}
        {causes && <Why entity={entity} names={causes} record={record} />}
      </label>
      {editing || (inline && instant) ? (
        <div
          className="property-edit"
          role="presentation"
          onKeyDown={(event) => {
            if (event.key === 'Escape' && editing) {
              event.preventDefault()
              event.stopPropagation()
              void end(false)
            } else if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) void end(true)
          }}
          onBlur={(event) => {
            const next = event.relatedTarget
            const inside =
              next instanceof Node && (box.current?.contains(next) || (next instanceof Element && next.closest('[data-layer]') !== null))
            if (editing && !inside && document.querySelector('[data-layer]') === null) void end(true)
          }}
        >
          <Edit
            readOnly={false}
            id={id}
            field={field}
            value={editing ? value : before}
            record={record}
            autoFocus={editing}
            label={field.title}
            invalid={problem !== null}
            describedBy={problem === null ? undefined : `${id}-fault`}
            onFault={(said) => {
              setTyped(said)
              // What cannot be read is not a value that others could be saved with.
              if (said !== null) onTyping(undefined)
            }}
            onChange={(next) => {
              if (instant) void onSave(field, next)
              else {
                setValue(next)
                onTyping(next ?? null)
              }
            }}
            // What rules say of a choice is known after the next rendering.
            onCommit={() => void setTimeout(() => void finish.current(true))}
            // What is chosen from a list is chosen from it at once.
            {...(editing && { openWith: '', onCancel: () => void setTimeout(() => void finish.current(true)) })}
          />
          {problem !== null && (
            <p className="field-fault" id={`${id}-fault`}>
              {problem}
            </p>
          )}
          {problem === null && editing && warning !== undefined && <Warning>{warning}</Warning>}
        </div>
      ) : inline ? (
        <div
          className="property-value property-editable"
          role="button"
          tabIndex={0}
          aria-label={`${field.title}: edit`}
          onClick={(event) => !(event.target instanceof Element && event.target.closest('a')) && begin()}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' && event.key !== ' ') return
            event.preventDefault()
            begin()
          }}
        >
          <Show field={field} value={shown} record={record} roomy dash />
        </div>
      ) : (
        <div className="property-value">
          {isDerived(field) && <Calculated from={sourceWords(entity, field)} />}
          <Show field={field} value={shown} record={record} roomy dash />
          {!can && (mayWith(entity, record, 'update') || hidden) && (
            <WhyButton
              entity={entity}
              record={record}
              question={{ action: 'update', field: field.name }}
              label={fieldQuestion(record, field)}
              quiet
            />
          )}
        </div>
      )}
    </div>
  )
}
