import type { ClipboardEvent, KeyboardEvent, RefObject } from 'react'
import type { Field } from '../api/catalogue.ts'
import { useLocale } from '../fields/locale.ts'
import { pastedLines } from './line-edits.ts'
import type { LineRows } from './use-line-rows.ts'

interface Place {
  /** What holds the cells, marked `data-lines`: `data-line` says which line, `data-column` in it which field. */
  readonly table: RefObject<HTMLElement | null>
  readonly columns: readonly Field[]
  readonly count: number
  readonly put: LineRows['put']
  /** Null: there may be no more of them. */
  readonly onAdd: ((column: number) => void) | null
}

/** Lines of lines are a table in the table; what floats above it, such as a picker, is none. */
const isOwn = (table: HTMLElement | null, node: EventTarget): boolean => node instanceof Element && node.closest('[data-lines]') === table

/** How lines are worked from the keyboard and filled from a spreadsheet. */
export function useLineKeys({ table, columns, count, put, onAdd }: Place) {
  const locale = useLocale()
  const cellOf = (target: EventTarget): { readonly row: number | null; readonly column: number | null } => {
    const cell = target instanceof Element ? target.closest('[data-column]') : null
    const own = cell && isOwn(table.current, cell) ? cell : null
    const [row, column] = [own?.closest('[data-line]')?.getAttribute('data-line'), own?.getAttribute('data-column')]
    return { row: row == null ? null : Number(row), column: column == null ? null : Number(column) }
  }
  /** A row that was just added is there after the next rendering. */
  const focus = (row: number, column: number): void => {
    requestAnimationFrame(() => {
      const cells = [...(table.current?.querySelectorAll(`[data-line="${row}"] > [data-column="${column}"]`) ?? [])]
      const target = cells.find((each) => isOwn(table.current, each))?.querySelector('input, button, textarea')
      if (target instanceof HTMLElement) target.focus()
    })
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const { row, column } = cellOf(event.target)
    const text = event.target instanceof HTMLInputElement
    if (row === null || column === null || event.metaKey || event.ctrlKey || event.altKey || !text) return
    if (event.key === 'Enter' || event.key === 'ArrowDown') {
      if (event.key === 'Enter' && row === count - 1) onAdd?.(event.shiftKey ? column : 0)
      else if (row < count - 1) focus(row + 1, column)
    } else if (event.key === 'ArrowUp' && row > 0) focus(row - 1, column)
    else return
    event.preventDefault()
  }
  const onPaste = (event: ClipboardEvent): void => {
    // A long text takes several lines as they are.
    if (!isOwn(table.current, event.target) || event.target instanceof HTMLTextAreaElement) return
    const text = event.clipboardData.getData('text/plain')
    if (!/[\t\n]/.test(text.trim())) return
    const { row, column } = cellOf(event.target)
    event.preventDefault()
    put(row ?? count, pastedLines(text, columns, column ?? 0, locale))
  }
  return { focus, onKeyDown, onPaste }
}
