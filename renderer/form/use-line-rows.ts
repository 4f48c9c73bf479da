import { useCallback, useRef } from 'react'
import type { RecordData } from '../api/records.ts'
import type { Entity } from '../api/catalogue.ts'
import { isMasked, type EditProps } from '../fields/type.ts'
import { useLatest } from '../model/latest.ts'
import { copiesOf, hasDefault } from '../model/row-logic.ts'
import type { RowAction } from './line-row.tsx'
import { linesOf, newLineId, type Line } from './lines-change.ts'

type Values = Readonly<Record<string, unknown>>

const defaultsOf = (entity: Entity): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    entity.fields.flatMap((field) => (field.default === undefined || field.default === null ? [] : [[field.name, field.default]])),
  )

interface Editing extends Pick<EditProps, 'field' | 'onChange'> {
  readonly onFault: EditProps['onFault'] | undefined
  readonly rows: readonly Line[]
  readonly line: Entity | undefined
  /** The document as it is stored; none: it is new. */
  readonly record: RecordData | undefined
}

/** Everything that can be done to the lines of a document. What it hands out stays the same while they change, so that rows need not be drawn again. */
export function useLineRows({ field, rows, line, record, onChange, onFault }: Editing) {
  const latest = useLatest({ rows, onChange, line, stored: record })
  const edit = useCallback(
    (key: string, name: string, cell: unknown) => {
      const { rows: all, line: of, stored } = latest.current
      const kept = of?.fields.find((each) => each.name === name)
      const empty = kept && hasDefault(kept) ? null : undefined
      // What was copied from the reference before is copied anew, even where it was typed over.
      const before = linesOf(stored?.[field.name]).find((row) => row.id === key)
      const copies = Object.fromEntries((of ? copiesOf(of, name) : []).map((copy) => [copy.name, before?.[copy.name]]))
      latest.current.onChange(all.map((row) => (row.id === key ? { ...row, ...copies, [name]: cell ?? empty } : row)))
    },
    [latest, field.name],
  )
  // Text without a value must not be lost by saving the line as it was: the form is told, cell by cell.
  const typed = useRef(new Map<string, string>())
  const tell = useLatest(onFault)
  const onTyped = useCallback(
    (key: string, name: string, fault: string | null) => {
      if (fault === null) typed.current.delete(`${key}/${name}`)
      else typed.current.set(`${key}/${name}`, fault)
      tell.current?.(typed.current.size === 0 ? null : 'Correct the marked cells')
    },
    [tell],
  )
  const act = useCallback(
    (key: string, action: RowAction) => {
      const all = [...latest.current.rows]
      const at = all.findIndex((row) => row.id === key)
      const row = all[at]
      if (!row) return
      if (action === 'delete') {
        all.splice(at, 1)
        for (const each of typed.current.keys()) if (each.startsWith(`${key}/`)) onTyped(key, each.slice(key.length + 1), null)
      } else if (action === 'copy') all.splice(at + 1, 0, { ...shownPart(row), id: newLineId() })
      else {
        all.splice(at, 1)
        all.splice(Math.max(0, at + (action === 'up' ? -1 : 1)), 0, row)
      }
      latest.current.onChange(all)
    },
    [latest, onTyped],
  )
  const fresh = (values: Values): Line => ({ ...(line ? defaultsOf(line) : {}), ...values, id: newLineId() })
  return {
    edit,
    onTyped,
    act,
    /** Adds an empty line at the end, and answers its id. */
    add(): string {
      const row = fresh({})
      onChange([...rows, row])
      return row.id
    },
    /** Puts values into the lines from one on; where those end, lines are added. */
    put: (from: number, all: readonly Values[]): void =>
      onChange(
        all.reduce<readonly Line[]>((before, values, index) => {
          const known = before[from + index]
          return known
            ? before.map((each) => (each === known ? { ...each, ...shownOnly(each, values) } : each))
            : [...before, fresh(values)]
        }, rows),
      ),
  }
}
export type LineRows = ReturnType<typeof useLineRows>

/** A copy is a new line: what is not shown of the old one is not in it. */
const shownPart = (row: Line): Line => ({ ...row, _masked: undefined })

/** What is pasted over a value that is not shown is left out. */
const shownOnly = (line: Line, values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !isMasked(line, name)))
