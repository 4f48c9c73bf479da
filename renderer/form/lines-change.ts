import { lineOf, type CatalogueView, type Entity } from '../api/catalogue.ts'
import { isNew, isOpen } from '../model/editable.ts'
import { same } from '../model/same.ts'
import { hasDefault } from '../model/row-logic.ts'

export type Line = { readonly id: string; readonly position?: number; readonly [field: string]: unknown }
type Change = Record<string, unknown>

export const linesOf = (value: unknown): readonly Line[] =>
  Array.isArray(value) ? value.filter((line): line is Line => typeof line === 'object' && line !== null && typeof line.id === 'string') : []

/** A new line as the API takes it: no id, no empty values, its own lines as a list. */
export function freshLine(catalogue: CatalogueView, entity: Entity, line: Readonly<Record<string, unknown>>): Change {
  return Object.fromEntries(
    entity.fields.flatMap((field) => {
      const value = line[field.name]
      if (!isOpen(field, null, false) || value === undefined || (value === null && (!hasDefault(field) || field.required))) return []
      const inner = lineOf(catalogue, field)
      return [[field.name, inner ? linesOf(value).map((each) => freshLine(catalogue, inner, each)) : value]]
    }),
  )
}

/**
 * What changed between two states of a document's lines, as PATCH takes it: `{"id": {…}|null, "new:1": {…}}`; null: nothing.
 * Only what changed is sent, so that another person's edit of another line stays.
 */
export function changeLines(catalogue: CatalogueView, entity: Entity, before: readonly Line[], after: readonly Line[]): Change | null {
  const change: Change = {}
  const old = new Map(before.map((line) => [line.id, line]))
  const kept = new Set(after.map((line) => line.id))
  for (const line of before) if (!kept.has(line.id)) change[line.id] = null
  const positions = positionsOf(
    before.filter((line) => kept.has(line.id)),
    after,
  )
  after.forEach((line, index) => {
    const known = old.get(line.id)
    const edits = known && !isNew(line) ? editsOf(catalogue, entity, known, line) : freshLine(catalogue, entity, line)
    const position = positions[index]
    if (position !== undefined && position !== known?.position) edits['position'] = position
    if (!known || isNew(line) || Object.keys(edits).length > 0) change[line.id] = edits
  })
  return Object.keys(change).length === 0 ? null : change
}

/** Places are given only where the order is not what it was with new lines at the end. */
function positionsOf(before: readonly Line[], after: readonly Line[]): readonly (number | undefined)[] {
  const inOrder = before.every((line, index) => after[index]?.id === line.id)
  const last = Math.max(0, ...before.map((line) => line.position ?? 0))
  return after.map((line, index) => (inOrder ? (index < before.length ? undefined : last + index - before.length + 1) : index + 1))
}

function editsOf(catalogue: CatalogueView, entity: Entity, before: Line, after: Line): Change {
  return Object.fromEntries(
    entity.fields.flatMap((field) => {
      if (!isOpen(field, before, true)) return []
      const inner = lineOf(catalogue, field)
      if (inner) {
        const change = changeLines(catalogue, inner, linesOf(before[field.name]), linesOf(after[field.name]))
        return change === null ? [] : [[field.name, change]]
      }
      return same(before[field.name], after[field.name]) ? [] : [[field.name, after[field.name] ?? null]]
    }),
  )
}

/** The row that a pointer's line names: an index as it stands, or a line's id. */
export function rowOf(lines: readonly Line[], name: string): number | null {
  if (/^\d+$/.test(name)) return Number(name) < lines.length ? Number(name) : null
  const at = lines.findIndex((line) => line.id === name)
  return at < 0 ? null : at
}
