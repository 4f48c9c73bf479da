import { useState } from 'react'
import { fieldOf, type Entity, type Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { kindOf } from '../fields/registry.ts'
import { editable } from '../model/editable.ts'
import { titleOf } from '../model/entity.ts'

/** The record's title; where it is a text of a live entity, a click edits it where it stands. */
export function TitleEdit({
  entity,
  record,
  onSave,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly onSave: (field: Field, value: unknown) => Promise<boolean>
}) {
  const field = entity.titleField === null ? null : fieldOf(entity, entity.titleField)
  const stored = field ? record[field.name] : undefined
  const [text, setText] = useState<string | null>(null)
  const title = titleOf(entity, record)
  const can =
    field !== null &&
    kindOf(field).verbatim === true &&
    entity.display.editMode === 'live' &&
    editable(entity, field, 'edit', record) &&
    typeof stored === 'string'
  if (!can || !field)
    return (
      <h2 className="title record-title ellipsis" title={title}>
        {title}
      </h2>
    )
  if (text === null)
    return (
      <h2 className="title record-title">
        <button
          className="title-button ellipsis"
          title={title}
          aria-label={`${title}: edit ${field.title.toLowerCase()}`}
          onClick={() => setText(title)}
        >
          {title}
        </button>
      </h2>
    )
  const commit = (): void => {
    const next = text.trim()
    if (next !== '' && next !== stored) void onSave(field, next)
    setText(null)
  }
  return (
    <h2 className="title record-title record-title-editing">
      <input
        className="title-input"
        aria-label={field.title}
        value={text}
        autoFocus
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === 'Enter') commit()
          else if (event.key === 'Escape') {
            event.stopPropagation()
            setText(null)
          }
        }}
      />
    </h2>
  )
}
