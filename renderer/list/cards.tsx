import { useEffect, useRef } from 'react'
import { fieldOf, type Entity } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { Show } from '../fields/field.tsx'
import { PlainContext } from '../fields/parts.ts'
import { isEmpty, isMasked } from '../fields/type.ts'
import { summaryOf } from '../model/columns.ts'
import { titleOf } from '../model/entity.ts'

/** The list at phone width: a card per record; a long press selects. */
export function Cards({
  entity,
  rows,
  onOpen,
  onEnd,
  selection,
  onSelection,
}: {
  readonly entity: Entity
  readonly rows: readonly RecordData[]
  readonly onOpen: (record: RecordData) => void
  readonly onEnd: () => void
  readonly selection: ReadonlySet<string>
  readonly onSelection: (selection: ReadonlySet<string>) => void
}) {
  const end = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const node = end.current
    if (!node) return undefined
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) onEnd()
      },
      { rootMargin: '600px' },
    )
    observer.observe(node)
    return () => observer.disconnect()
  }, [onEnd])
  const status = entity.display.statusField === null ? null : fieldOf(entity, entity.display.statusField)
  const summary = summaryOf(entity)
  const press = useRef<ReturnType<typeof setTimeout> | null>(null)
  const pressed = useRef(false)
  const toggle = (id: string): void => {
    const next = new Set(selection)
    if (!next.delete(id)) next.add(id)
    onSelection(next)
  }
  const stop = (): void => {
    if (press.current !== null) clearTimeout(press.current)
  }
  return (
    <PlainContext value>
      <div className="cards" role="list" aria-label={entity.pluralTitle}>
        {rows.map((record) => (
          <div role="listitem" key={record.id}>
            <button
              className="card"
              data-selected={selection.has(record.id) || undefined}
              aria-pressed={selection.size > 0 ? selection.has(record.id) : undefined}
              onPointerDown={() => {
                pressed.current = false
                press.current = setTimeout(() => {
                  pressed.current = true
                  toggle(record.id)
                }, 500)
              }}
              onPointerUp={stop}
              onPointerLeave={stop}
              onContextMenu={(event) => event.preventDefault()}
              onClick={() => {
                if (pressed.current) return
                if (selection.size > 0) toggle(record.id)
                else onOpen(record)
              }}
            >
              <span className="card-top">
                <span className="ellipsis strong grow">{titleOf(entity, record)}</span>
                {status && <Show field={status} value={record[status.name]} record={record} />}
              </span>
              <span className="card-facts muted">
                {summary
                  .filter((field) => !isEmpty(record[field.name]) || isMasked(record, field.name))
                  .slice(0, 2)
                  .map((field) => (
                    <span key={field.name} className="card-fact">
                      {isMasked(record, field.name) && <span className="fact-label">{field.title}</span>}
                      <Show field={field} value={record[field.name]} record={record} />
                    </span>
                  ))}
              </span>
            </button>
          </div>
        ))}
        <div ref={end} />
      </div>
    </PlainContext>
  )
}
