import type { ClipboardEvent, KeyboardEvent, RefObject } from 'react'
import type { Field } from '../api/catalogue.ts'
import { useLocale } from '../fields/locale.ts'
import { kindOf } from '../fields/registry.ts'
import type { Locale } from '../fields/type.ts'
import type { LineRows } from './use-line-rows.ts'

/** Pasted rows of a spreadsheet, from one column on; text that has no value in its column is left out. */
function pastedLines(text: string, columns: readonly Field[], from: number, locale: Locale): readonly Readonly<Record<string, unknown>>[] {
  return text
    .replace(/\r/g, '')
    .replace(/\n$/, '')
    .split('\n')
    .map((row) =>
      Object.fromEntries(
        row.split('\t').flatMap((cell, at) => {
          const field = columns[from + at]
          const parsed = field && !field.readOnly ? kindOf(field).parse?.(cell.trim(), field, locale) : undefined
          return field && parsed && 'value' in parsed && parsed.value !== null ? [[field.name, parsed.value]] : []
        }),
      ),
    )
}

interface Place {
  /** What holds the cells: `data-line` says which line, `data-column` in it which field. */
  readonly table: RefObject<HTMLElement | null>
  readonly columns: readonly Field[]
  readonly count: number
  readonly put: LineRows['put']
  readonly onAdd: (column: number) => void
}

const cellOf = (target: EventTarget): { readonly row: number | null; readonly column: number | null } => {
  const cell = target instanceof Element ? target.closest('[data-column]') : null
  const [row, column] = [cell?.closest('[data-line]')?.getAttribute('data-line'), cell?.getAttribute('data-column')]
  return { row: row == null ? null : Number(row), column: column == null ? null : Number(column) }
}

/** How lines are worked from the keyboard and filled from a spreadsheet. */
export function useLineKeys({ table, columns, count, put, onAdd }: Place) {
  const locale = useLocale()
  /** A row that was just added is there after the next rendering. */
  const focus = (row: number, column: number): void => {
    requestAnimationFrame(() => {
      const target = table.current
        ?.querySelector(`[data-line="${row}"] [data-column="${column}"]`)
        ?.querySelector('input, button, textarea')
      if (target instanceof HTMLElement) target.focus()
    })
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const { row, column } = cellOf(event.target)
    const text = event.target instanceof HTMLInputElement
    if (row === null || column === null || event.metaKey || event.ctrlKey || event.altKey || !text) return
    if (event.key === 'Enter' || event.key === 'ArrowDown') {
      if (event.key === 'Enter' && row === count - 1) onAdd(event.shiftKey ? column : 0)
      else if (row < count - 1) focus(row + 1, column)
    } else if (event.key === 'ArrowUp' && row > 0) focus(row - 1, column)
    else return
    event.preventDefault()
  }
  const onPaste = (event: ClipboardEvent): void => {
    const text = event.clipboardData.getData('text/plain')
    if (!/[\t\n]/.test(text.trim())) return
    const { row, column } = cellOf(event.target)
    event.preventDefault()
    put(row ?? count, pastedLines(text, columns, column ?? 0, locale))
  }
  return { focus, onKeyDown, onPaste }
}
