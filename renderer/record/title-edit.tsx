import { useEffect, useState } from 'react'
import { fieldOf, may, type Entity, type Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { editable, titleOf } from '../model/entity.ts'

/** The record's title; where it is a text of a live entity, it is edited where it stands. */
export function TitleEdit({ entity, record, onSave }: { readonly entity: Entity; readonly record: RecordData; readonly onSave: (field: Field, value: unknown) => Promise<boolean> }) {
  const field = entity.titleField === null ? null : fieldOf(entity, entity.titleField)
  const stored = field ? record[field.name] : undefined
  const [text, setText] = useState<string | null>(null)
  useEffect(() => setText(null), [record.id])
  const can = field?.type === 'text' && entity.display.editMode === 'live' && may(entity, 'update') && editable(entity, field, 'edit') && typeof stored === 'string'
  if (!can || !field) return <h2 className="title record-title ellipsis" title={titleOf(entity, record)}>{titleOf(entity, record)}</h2>
  const commit = async (): Promise<void> => {
    const next = (text ?? '').trim()
    if (text !== null && next !== '' && next !== stored) await onSave(field, next)
    setText(null)
  }
  return (
    <h2 className="title record-title">
      <input
        className="title-input" aria-label={field.title} value={text ?? titleOf(entity, record)} onChange={(event) => setText(event.currentTarget.value)} onBlur={() => void commit()} spellCheck={false}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.currentTarget.blur()
          else if (event.key === 'Escape') {
            event.stopPropagation()
            setText(null)
            requestAnimationFrame(() => event.currentTarget?.blur())
          }
        }}
      />
    </h2>
  )
}
