import { IconHelpCircle } from '@tabler/icons-react'
import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual'
import { memo, useEffect, useMemo, useRef, type ReactNode, type RefObject } from 'react'
import type { RecordData } from '../api/records.ts'
import { Show } from '../fields/field.tsx'
import { EntityIcon } from '../fields/icons.tsx'
import { kindOf } from '../fields/registry.ts'
import { isMasked } from '../fields/type.ts'
import { recordAddress, titleOf } from '../model/entity.ts'
import { useLatest } from '../model/latest.ts'
import { fieldQuestion, WhyLayer } from '../record/why.tsx'
import { CellEditor } from './cell-editor.tsx'
import { focusActive, placeAt, type Active, type Asked, type Editing } from './grid-keys.ts'
import type { GridProps } from './grid.tsx'

interface Props extends GridProps {
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly height: number
  readonly active: Active
  readonly setActive: (active: Active) => void
  readonly editing: Editing | null
  readonly setEditing: (editing: Editing | null) => void
  readonly asked: Asked | null
  readonly setAsked: (asked: Asked | null) => void
  /** Opens the editor of a cell, or what says why it may not be edited. */
  readonly begin: (row: number, cell: number, typed: string | null) => boolean
}

/** The virtual rows. The focused row is always rendered, so that scrolling never loses the focus. */
export function GridBody(props: Props) {
  'use no memo'
  const {
    rows,
    scroller,
    height,
    active,
    setActive,
    onEnd,
    selection,
    onSelection,
    open,
    onOpen,
    columns,
    entity,
    editing,
    setEditing,
    begin,
    onEdit,
    asked,
    setAsked,
  } = props
  // oxlint-disable-next-line react/incompatible-library -- a compiler would have to skip this component; it is kept small for that
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    getItemKey: (index) => rows[index]?.id ?? index,
    rangeExtractor: (range: Range) => {
      const indexes = defaultRangeExtractor(range)
      return active.row < rows.length && !indexes.includes(active.row) ? [...indexes, active.row].sort((a, b) => a - b) : indexes
    },
  })
  useEffect(() => virtualizer.measure(), [height, virtualizer])
  const items = virtualizer.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (last >= rows.length - 25) onEnd()
  }, [last, rows.length, onEnd])

  const anchor = useRef<number | null>(null)
  const latest = useLatest({ rows, selection, onSelection, onOpen, begin })
  const handlers = useMemo<Handlers>(
    () => ({
      focus: (id, row, cell) => setActive({ id, row, cell }),
      select: (index, range) => {
        const { rows: all, selection: held, onSelection: choose } = latest.current
        const next = new Set(held)
        const from = range && anchor.current !== null ? anchor.current : index
        const on = !held.has(all[index]?.id ?? '')
        for (const { id } of all.slice(Math.min(from, index), Math.max(from, index) + 1)) {
          if (on) next.add(id)
          else next.delete(id)
        }
        anchor.current = index
        choose(next)
      },
      open: (index) => {
        const record = latest.current.rows[index]
        if (record) latest.current.onOpen(record, 'default')
      },
      edit: (row, cell) => void latest.current.begin(row, cell, null),
      asked: (id, row, cell) => {
        setAsked(null)
        requestAnimationFrame(() => focusActive(scroller.current, { id, row, cell }))
      },
    }),
    [latest, setActive, setAsked, scroller],
  )

  const editingColumn = editing ? columns[editing.cell - 1] : undefined
  const editingRecord = editing ? rows[editing.row] : undefined
  const endEdit = (step: 'stay' | 'down' | 'right'): void => {
    if (!editing) return
    setEditing(null)
    const next = placeAt(rows, columns.length, editing.row + (step === 'down' ? 1 : 0), editing.cell + (step === 'right' ? 1 : 0))
    setActive(next)
    requestAnimationFrame(() => focusActive(scroller.current, next))
  }
  const editor =
    editing && editingColumn && editingRecord && onEdit ? (
      <CellEditor
        key={`${editing.row}/${editing.cell}`}
        entity={entity}
        record={editingRecord}
        column={editingColumn}
        typed={editing.typed}
        onSave={(value) => onEdit(editingRecord, editingColumn, value)}
        onEnd={endEdit}
      />
    ) : null
  return (
    <div className="grid-body" role="rowgroup" style={{ height: virtualizer.getTotalSize() }}>
      {items.map((item) => {
        const record = rows[item.index]
        return (
          record && (
            <Row
              key={item.key}
              record={record}
              index={item.index}
              start={item.start}
              columns={columns}
              entity={entity}
              selected={selection.has(record.id)}
              open={open === record.id}
              tab={active.row === item.index ? (active.cell ?? -1) : null}
              handlers={handlers}
              askedCell={asked?.id === record.id ? asked.cell : null}
              editingCell={editing?.row === item.index ? editing.cell : null}
              editor={editing?.row === item.index ? editor : null}
            />
          )
        )
      })}
    </div>
  )
}

interface Handlers {
  readonly focus: (id: string, row: number, cell: number | null) => void
  readonly select: (index: number, range: boolean) => void
  readonly open: (index: number) => void
  readonly edit: (index: number, cell: number) => void
  /** The reason was read. */
  readonly asked: (id: string, index: number, cell: number) => void
}

/** `tab`: null when the focus is elsewhere, -1 when the row itself has it, else the cell that has it. */
const Row = memo(function Row({
  record,
  index,
  start,
  columns,
  entity,
  selected,
  open,
  tab,
  handlers,
  askedCell,
  editingCell,
  editor,
}: {
  readonly record: RecordData
  readonly index: number
  readonly start: number
  readonly columns: GridProps['columns']
  readonly entity: GridProps['entity']
  readonly selected: boolean
  readonly open: boolean
  readonly tab: number | null
  readonly handlers: Handlers
  readonly askedCell: number | null
  readonly editingCell: number | null
  readonly editor: ReactNode
}) {
  const title = titleOf(entity, record)
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className="grid-row"
      data-row={index}
      data-record={record.id}
      data-selected={selected || undefined}
      data-open={open || undefined}
      tabIndex={tab === -1 ? 0 : -1}
      style={{ transform: `translateY(${start}px)` }}
      onFocus={(event) => event.target === event.currentTarget && handlers.focus(record.id, index, null)}
    >
      {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the grid handles every key */}
      <div
        role="gridcell"
        aria-colindex={1}
        className="grid-cell"
        data-pinned
        data-cell={0}
        tabIndex={tab === 0 ? 0 : -1}
        onFocus={(event) => event.target === event.currentTarget && handlers.focus(record.id, index, 0)}
        onClick={(event) => {
          if (!(event.target instanceof HTMLInputElement)) handlers.open(index)
        }}
      >
        <input
          type="checkbox"
          className="check row-check"
          aria-label={`Select ${title}`}
          checked={selected}
          tabIndex={-1}
          readOnly
          onClick={(event) => {
            event.stopPropagation()
            handlers.select(index, event.shiftKey)
          }}
        />
        <a
          className="row-title"
          href={recordAddress(entity, record.id)}
          tabIndex={-1}
          title={title}
          onClick={(event) => !event.metaKey && !event.ctrlKey && event.preventDefault()}
        >
          <EntityIcon icon={entity.display.icon} hue={entity.display.hue} />
          <span className="ellipsis strong">{title}</span>
        </a>
      </div>
      {columns.map((column, at) => (
        <div
          key={column.path}
          role="gridcell"
          aria-colindex={at + 2}
          className="grid-cell"
          data-cell={at + 1}
          data-align={kindOf(column.field).align}
          tabIndex={tab === at + 1 ? 0 : -1}
          data-editing={editingCell === at + 1 || undefined}
          onFocus={(event) => event.target === event.currentTarget && handlers.focus(record.id, index, at + 1)}
          onDoubleClick={() => handlers.edit(index, at + 1)}
        >
          {editingCell === at + 1 ? (
            editor
          ) : askedCell === at + 1 ? (
            <WhyLayer
              entity={entity}
              record={record}
              question={{ action: 'update', field: column.field.name }}
              label={fieldQuestion(record, column.field)}
              onClose={() => handlers.asked(record.id, index, at + 1)}
            >
              <span className="cell-asked" role="note" aria-label={fieldQuestion(record, column.field)}>
                <Show field={column.field} value={column.read(record)} record={record} />
              </span>
            </WhyLayer>
          ) : (
            <Show field={column.field} value={column.read(record)} record={column.owner(record)} />
          )}
          {askedCell !== at + 1 && column.owner(record) === record && isMasked(record, column.field.name) && (
            <button
              type="button"
              className="why-button why-quiet"
              tabIndex={-1}
              aria-label={fieldQuestion(record, column.field)}
              onClick={() => handlers.edit(index, at + 1)}
            >
              <IconHelpCircle size={14} stroke={1.5} aria-hidden />
            </button>
          )}
        </div>
      ))}
    </div>
  )
})
