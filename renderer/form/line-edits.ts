import type { Entity, Field } from '../api/catalogue.ts'
import { kindOf } from '../fields/registry.ts'
import type { Locale } from '../fields/type.ts'
import { newLineId } from '../model/editable.ts'
import { copiesOf } from '../model/row-logic.ts'
import { linesOf, type Line } from './lines-change.ts'

type Values = Readonly<Record<string, unknown>>

/** What lines are, and what of them may be typed into. */
export interface Lines {
  readonly line: Entity
  /** As they are stored. */
  readonly stored: unknown
  readonly opens: (field: Field, row: Line) => boolean
  /** Whether there may be more of them. */
  readonly growing: boolean
}

/** A line that nobody has typed into. */
export const newLine = ({ fields }: Entity, values: Values = {}): Line => ({
  ...Object.fromEntries(
    fields.flatMap((field) => (field.default === undefined || field.default === null ? [] : [[field.name, field.default]])),
  ),
  ...values,
  id: newLineId(),
})

/** A line with other values. What was copied from a reference before is copied anew, even where it was typed over. */
export function withValues({ line, stored }: Pick<Lines, 'line' | 'stored'>, row: Line, values: Values): Line {
  const before = linesOf(stored).find(({ id }) => id === row.id)
  const copies = Object.keys(values).flatMap((name) => copiesOf(line, name))
  return { ...row, ...Object.fromEntries(copies.map(({ name }) => [name, before?.[name]])), ...values }
}

/** Values put into the lines from one on, where they may be typed; where those end, lines are added. */
export function filled(lines: Lines, rows: readonly Line[], from: number, pasted: readonly Values[]): readonly Line[] {
  const all = [...rows]
  pasted.forEach((values, index) => {
    const known = all[from + index]
    if (!known && !lines.growing) return
    const row = known ?? newLine(lines.line)
    const open = lines.line.fields.filter((field) => Object.hasOwn(values, field.name) && lines.opens(field, row))
    const taken = Object.fromEntries(open.map(({ name }) => [name, values[name]]))
    const next = known ? withValues(lines, known, taken) : { ...row, ...taken }
    if (known) all[from + index] = next
    else all.push(next)
  })
  return all
}

/** Rows of a spreadsheet, from one column on; text that has no value in its column is left out. */
export const pastedLines = (text: string, columns: readonly Field[], from: number, locale: Locale): readonly Values[] =>
  text
    .replace(/\r/g, '')
    .replace(/\n$/, '')
    .split('\n')
    .map((row) =>
      Object.fromEntries(
        row.split('\t').flatMap((cell, at) => {
          const field = columns[from + at]
          const parsed = field && kindOf(field).parse?.(cell.trim(), field, locale)
          return field && parsed && 'value' in parsed && parsed.value !== null ? [[field.name, parsed.value]] : []
        }),
      ),
    )
