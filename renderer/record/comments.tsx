import { useState } from 'react'
import { core } from '../../engine/expressions/core.ts'
import { entityOf, may, useCatalogue, type Entity, type Field, type InverseView } from '../api/catalogue.ts'
import { createRecord, useRecordList, wrote, type RecordData } from '../api/records.ts'
import { useTitles } from '../api/titles.ts'
import { formatInstant, formatInstantLong } from '../fields/dates.ts'
import { Show } from '../fields/field.tsx'
import { useLocale } from '../fields/locale.ts'
import { refValue } from '../fields/reference.tsx'
import { initials } from '../shell/initials.ts'
import { Failure } from '../shell/states.tsx'
import { failed } from '../shell/toast.tsx'

/** The comments on a record, oldest first, with the composer below. Which field holds the text is the entity's own affair. */
export function Comments({
  entity,
  record,
  inverse,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly inverse: InverseView
}) {
  const catalogue = useCatalogue()
  const comments = entityOf(catalogue, inverse.entity)
  const by = comments?.fields.find((field) => field.id === inverse.field)
  // What it says is what every comment must have besides what it is about.
  const body = comments?.fields.find((field) => field.required && !field.readOnly && field !== by)
  return comments && by && body ? <Thread entity={entity} record={record} comments={comments} by={by} body={body} /> : null
}

function Thread({
  entity,
  record,
  comments,
  by,
  body,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly comments: Entity
  readonly by: Field
  readonly body: Field
}) {
  const list = useRecordList(comments, { [by.name]: record.id, sort: 'created_at' })
  const rows = list.data?.pages.flatMap((page) => page.data) ?? []
  const authors = useTitles(
    rows.flatMap((row) => (typeof row['created_by'] === 'string' ? [{ entity: core.member, id: row['created_by'] }] : [])),
  )
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const locale = useLocale()
  const withAuthor = rows.filter((row) => typeof row['created_by'] === 'string')
  const send = async (): Promise<void> => {
    if (text.trim() === '') return
    setBusy(true)
    try {
      await createRecord(
        comments,
        { [body.name]: text.trim(), [by.name]: refValue(by, { entity: entity.id, id: record.id }) },
        crypto.randomUUID(),
      )
      setText('')
      wrote(comments)
    } catch (error) {
      failed('The comment was not sent; it is still in the field.', error)
    }
    setBusy(false)
  }
  if (list.error && !list.data)
    return <Failure title="The comments could not be loaded" error={list.error} onRetry={() => void list.refetch()} />
  return (
    <div className="comments">
      <ol className="comment-list">
        {rows.map((row) => {
          const name = authors[withAuthor.indexOf(row)] ?? 'BusinessOS'
          const created = row['created_at']
          const at = typeof created === 'string' ? created : ''
          return (
            <li key={row.id} className="comment">
              <span className="avatar hue" aria-hidden>
                {initials(name)}
              </span>
              <div className="grow">
                <div className="history-head">
                  <span className="strong">{name}</span>
                  <time className="faint num" dateTime={at} title={formatInstantLong(at, locale)}>
                    {formatInstant(at, locale)}
                  </time>
                </div>
                <Show field={body} value={row[body.name]} roomy />
              </div>
            </li>
          )
        })}
      </ol>
      {rows.length === 0 && !list.isPending && <p className="muted related-empty">No comments yet</p>}
      {may(comments, 'create') && (
        <form
          className="composer"
          onSubmit={(event) => {
            event.preventDefault()
            void send()
          }}
        >
          <textarea
            className="input"
            rows={2}
            placeholder="Write a comment"
            aria-label="Comment"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) void send()
            }}
          />
          <button className="btn form" type="submit" disabled={busy || text.trim() === ''}>
            Comment
          </button>
        </form>
      )}
    </div>
  )
}
