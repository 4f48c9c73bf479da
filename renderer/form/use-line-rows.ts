import { useCallback, useRef } from 'react'
import { useCatalogue } from '../api/catalogue.ts'
import type { EditProps } from '../fields/type.ts'
import { lineCopy } from '../model/copy.ts'
import { useLatest } from '../model/latest.ts'
import { hasDefault } from '../model/row-logic.ts'
import { filled, newLine, withValues, type Lines } from './line-edits.ts'
import type { RowProps } from './line-cell.tsx'
import type { Line } from './lines-change.ts'

interface Editing extends Omit<Lines, 'line'> {
  readonly rows: readonly Line[]
  readonly line: Lines['line'] | undefined
  readonly onChange: EditProps['onChange']
  readonly onFault: EditProps['onFault'] | undefined
}

/** Everything that can be done to the lines of a document. What it hands out stays the same while they change, so that rows need not be drawn again. */
export function useLineRows(editing: Editing) {
  const catalogue = useCatalogue()
  const latest = useLatest(editing)
  const edit = useCallback(
    (key: string, name: string, cell: unknown) => {
      const { rows, line, stored, onChange } = latest.current
      if (!line) return
      const kept = line.fields.find((each) => each.name === name)
      const empty = kept && hasDefault(kept) ? null : undefined
      onChange(rows.map((row) => (row.id === key ? withValues({ line, stored }, row, { [name]: cell ?? empty }) : row)))
    },
    [latest],
  )
  // Text without a value must not be lost by saving the line as it was: the form is told, cell by cell.
  const typed = useRef(new Map<string, string>())
  const onTyped = useCallback(
    (key: string, name: string, fault: string | null) => {
      if (fault === null) typed.current.delete(`${key}/${name}`)
      else typed.current.set(`${key}/${name}`, fault)
      latest.current.onFault?.(typed.current.size === 0 ? null : 'Correct the marked cells')
    },
    [latest],
  )
  const act = useCallback(
    (key: string, action: Parameters<RowProps['onAct']>[1]) => {
      const all = [...latest.current.rows]
      const at = all.findIndex((row) => row.id === key)
      const row = all[at]
      if (!row) return
      if (action === 'copy' && latest.current.line) all.splice(at + 1, 0, lineCopy(catalogue, latest.current.line, row))
      else {
        all.splice(at, 1)
        if (action !== 'delete') all.splice(Math.max(0, at + (action === 'up' ? -1 : 1)), 0, row)
      }
      latest.current.onChange(all)
    },
    [latest, catalogue],
  )
  return {
    edit,
    onTyped,
    act,
    /** Adds an empty line at the end, and answers its id. */
    add(): string | null {
      if (!editing.line) return null
      const row = newLine(editing.line)
      editing.onChange([...editing.rows, row])
      return row.id
    },
    put(from: number, pasted: Parameters<typeof filled>[3]): void {
      const { line } = editing
      if (line) editing.onChange(filled({ ...editing, line }, editing.rows, from, pasted))
    },
  }
}
export type LineRows = ReturnType<typeof useLineRows>
