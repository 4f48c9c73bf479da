import type { KeyboardEvent, RefObject } from 'react'
import { may } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { isMasked } from '../fields/type.ts'
import { editable } from '../model/editable.ts'
import { isTyping } from '../shell/commands.tsx'
import type { GridProps } from './grid.tsx'

/**
 * Where the focus is: a row (`cell` null) or one cell of it, counted from 0 with the title column first. The record counts, not the
 * number of its row: rows that arrive meanwhile may put another record there.
 */
export interface Active {
  readonly id: string | null
  readonly row: number
  readonly cell: number | null
}
export interface Editing {
  readonly row: number
  readonly cell: number
  /** What was typed to begin with; replaces the value. */
  readonly typed: string | null
  /** The rows in which it began. They stay until it ends, so that nothing moves under the hands of who types. */
  readonly rows: readonly RecordData[]
}

/** The cell of which somebody asks why it is as it is. */
export interface Asked {
  readonly id: string
  readonly cell: number
}

/** The place nearest to this row and cell. */
export function placeAt(rows: readonly RecordData[], columns: number, row: number, cell: number | null): Active {
  const nearest = Math.max(0, Math.min(row, rows.length - 1))
  return { id: rows[nearest]?.id ?? null, row: nearest, cell: cell === null ? null : Math.max(0, Math.min(cell, columns)) }
}

/** The same place in other rows: where its record stands now, else the row that took its number. */
export function placeIn(rows: readonly RecordData[], active: Active): Active {
  if (rows[active.row]?.id === active.id) return active
  const row = rows.findIndex(({ id }) => id === active.id)
  return row < 0 ? active : { ...active, row }
}

/** Moves the focus to a row or cell once it is rendered; virtual rows may need a frame. */
export function focusActive(scroller: HTMLElement | null, active: Active, tries = 4): void {
  const row = scroller?.querySelector<HTMLElement>(`[data-record="${active.id}"]`)
  const target = active.cell === null ? row : row?.querySelector<HTMLElement>(`[data-cell="${active.cell}"]`)
  if (target) {
    target.focus({ preventScroll: true })
    if (active.cell !== null) target.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  } else if (tries > 0) requestAnimationFrame(() => focusActive(scroller, active, tries - 1))
}

export function useGridKeys({
  entity,
  rows,
  columns,
  selection,
  onSelection,
  onOpen,
  onEdit,
  active,
  setActive,
  editing,
  setEditing,
  setAsked,
  scroller,
  height,
}: GridProps & {
  readonly active: Active
  readonly setActive: (active: Active) => void
  readonly editing: Editing | null
  readonly setEditing: (editing: Editing | null) => void
  readonly setAsked: (asked: Asked | null) => void
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly height: number
}) {
  const move = (row: number, cell: number | null): void => {
    const next = placeAt(rows, columns.length, row, cell)
    setActive(next)
    const node = scroller.current
    if (node) {
      const top = next.row * height
      if (top < node.scrollTop) node.scrollTo({ top })
      else if (top + height * 2 > node.scrollTop + node.clientHeight) node.scrollTo({ top: top + height * 2 - node.clientHeight })
    }
    requestAnimationFrame(() => focusActive(node, next))
  }
  const toggle = (row: number): void => {
    const id = rows[row]?.id
    if (id === undefined) return
    const next = new Set(selection)
    if (!next.delete(id)) next.add(id)
    onSelection(next)
  }
  const begin = (row: number, cell: number, typed: string | null): boolean => {
    const column = columns[cell - 1]
    const record = rows[row]
    if (!column || !record || column.path.includes('.')) return false
    if (!editable(entity, column.field, 'edit', record)) return typed === null && ask(record, cell)
    if (!onEdit) return false
    setEditing({ row, cell, typed, rows })
    return true
  }

  /** Why a cell does not open: where nothing is edited in place, only what is not shown has a reason of its own. */
  function ask(record: RecordData, cell: number): boolean {
    const field = columns[cell - 1]?.field
    if (!field || !entity.fields.includes(field) || (!onEdit && may(entity, 'update') && !isMasked(record, field.name))) return false
    setAsked({ id: record.id, cell })
    return true
  }

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (isTyping(event.target) || editing !== null || event.altKey) return
    const inHeader = event.target instanceof HTMLElement && event.target.closest('[data-header]') !== null
    if (inHeader) return
    const { row, cell } = active
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / height) - 2)
    const mod = event.metaKey || event.ctrlKey
    const record = rows[row]
    const done = handle()
    if (done) {
      event.preventDefault()
      event.stopPropagation()
    }

    function handle(): boolean {
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        const next = row + (event.key === 'ArrowDown' ? 1 : -1)
        if (event.shiftKey && cell === null && rows[next]) {
          const extended = new Set(selection)
          for (const index of [row, next]) if (rows[index]) extended.add(rows[index].id)
          onSelection(extended)
        }
        move(next, cell)
        return true
      }
      if (event.key === 'PageDown' || event.key === 'PageUp') return (move(row + (event.key === 'PageDown' ? page : -page), cell), true)
      if (event.key === 'ArrowRight') return (move(row, cell === null ? 0 : cell + 1), true)
      if (event.key === 'ArrowLeft' && cell !== null) return (move(row, cell - 1), true)
      if (event.key === 'Home' || event.key === 'End') {
        const end = event.key === 'End'
        if (cell === null || mod) move(end ? rows.length - 1 : 0, cell === null ? null : end ? columns.length : 0)
        else move(row, end ? columns.length : 0)
        return true
      }
      if (event.key === 'Escape' && cell !== null) return (move(row, null), true)
      if (!record || (mod && event.key !== 'c')) return false
      if (event.key === ' ') return (onOpen(record, 'panel'), true)
      if (cell === null) return rowKey(event.key.toLowerCase())
      return cellKey()
    }
    function rowKey(key: string): boolean {
      if (!record || mod) return false
      if (key === 'j' || key === 'k') move(row + (key === 'j' ? 1 : -1), null)
      else if (key === 'x') toggle(row)
      else if (key === 'enter') onOpen(record, 'default')
      else if (key === 'escape' && selection.size > 0) onSelection(new Set())
      else return false
      return true
    }
    function cellKey(): boolean {
      if (!record || cell === null) return false
      if (mod) {
        const node = scroller.current?.querySelector<HTMLElement>(`[data-row="${row}"] [data-cell="${cell}"]`)
        // What is not shown is copied as nothing: the mark is no value.
        void navigator.clipboard?.writeText(node?.querySelector('[data-masked]') ? '' : (node?.innerText.trim() ?? ''))
        return true
      }
      if (cell === 0 && event.key === 'Enter') return (onOpen(record, 'default'), true)
      if (event.key === 'Enter' || event.key === 'F2') return begin(row, cell, null)
      if (event.key === 'Delete' || event.key === 'Backspace') {
        const column = columns[cell - 1]
        if (column && onEdit && !column.field.required && !column.path.includes('.') && editable(entity, column.field, 'edit', record))
          void onEdit(record, column, null)
        return true
      }
      return event.key.length === 1 && begin(row, cell, event.key)
    }
  }
  return { onKeyDown, begin }
}
