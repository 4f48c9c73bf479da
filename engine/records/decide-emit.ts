import type { Field } from '../catalogue/types.ts'
import { fieldOf } from '../fields/index.ts'
import { linesFields, linksFields, storedFields } from './change.ts'
import type { StoredLine } from './change.ts'
import type { EventBody, LineEvent, RowWrite } from './decide.ts'
import { after, before, isChanged, linkFieldOf } from './decide-draft.ts'
import type { Draft, DraftList } from './decide-draft.ts'
import type { Catalogue, Entity } from '../catalogue/types.ts'

/** What a draft comes to: rows to be written, and what history will say of the document. */
export interface Emitted {
  /** The document's own columns; without id, version and revision. */
  readonly row: Readonly<Record<string, unknown>>
  /** Of its lines. */
  readonly writes: readonly RowWrite[]
  /** Field ids, and `lines/{line}/{field}` for lines. */
  readonly changed: readonly string[]
  readonly body: EventBody
}

export function emit(catalogue: Catalogue, draft: Draft): Emitted {
  const { row, set } = emitRow(draft)
  const emission: Emission = { catalogue, writes: [], changed: Object.keys(set), lines: {} }
  emitLists(emission, draft, '')
  const body = { set, ...(Object.keys(emission.lines).length > 0 && { lines: emission.lines }) }
  return { row, writes: emission.writes, changed: emission.changed, body }
}

interface Emission {
  readonly catalogue: Catalogue
  readonly writes: RowWrite[]
  readonly changed: string[]
  readonly lines: Record<string, LineEvent>
}

/** New columns of one record or line, and what changed. What is new is written whole. */
function emitRow(draft: Draft): { row: Record<string, unknown>; set: EventBody['set'] } {
  const row: Record<string, unknown> = {}
  const set: Record<string, { from: unknown; to: unknown }> = {}
  for (const field of storedFields(draft.entity)) {
    const isChange = isChanged(draft, field.id)
    if (isChange || draft.stored === null) Object.assign(row, columnValues(field, after(draft, field.id)))
    if (isChange) set[field.id] = { from: before(draft, field.id), to: after(draft, field.id) }
  }
  addLinkLists(draft, row)
  return { row, set }
}

/** Lists of links stand in the row too: see fields/references.ts. */
function addLinkLists(draft: Draft, row: Record<string, unknown>): void {
  for (const field of linksFields(draft.entity)) {
    const list = draft.lists.find((each) => each.field === field)
    if (list?.asked) Object.assign(row, columnValues(field, targetsOf(list)))
  }
}

const targetsOf = ({ line, field, rows }: DraftList): unknown[] => rows.map((each) => after(each, linkFieldOf(line, field).id))

export function columnValues(field: Field, value: unknown): Record<string, unknown> {
  const columns = field.columns.filter((each) => each.generated === undefined)
  const type = fieldOf(field.type)
  const values = value === null ? columns.map(() => null) : type.store ? type.store(value, field.settings) : [value]
  return Object.fromEntries(columns.map((each, i) => [each.name, values[i] ?? null]))
}

function emitLists(emission: Emission, draft: Draft, prefix: string): void {
  for (const { field, line, rows, removed } of draft.lists) {
    const path = `${prefix}${field.id}`
    for (const row of rows) emitLine(emission, draft, row, path)
    for (const each of removed) removeLine(emission, line, each, path)
  }
}

function emitLine(emission: Emission, parent: Draft, line: Draft, path: string): void {
  const { entity, id, position } = line
  const { row, set } = emitRow(line)
  if (line.stored === null) {
    emission.writes.push({ kind: 'insert', entity, row: { id, parent_id: parent.id, position, ...row } })
    emission.changed.push(`${path}/${id}`)
    emission.lines[id] = { path, op: 'added', set: { ...set, position: { from: null, to: position } } }
  } else {
    const from = line.stored.position
    const moved = position !== from
    if (moved || Object.keys(row).length > 0)
      emission.writes.push({ kind: 'update', entity, row: { id, ...row, ...(moved && { position }) } })
    if (moved || Object.keys(set).length > 0) {
      emission.changed.push(...[...Object.keys(set), ...(moved ? ['position'] : [])].map((each) => `${path}/${id}/${each}`))
      emission.lines[id] = { path, op: 'changed', set: { ...set, ...(moved && { position: { from, to: position } }) } }
    }
  }
  emitLists(emission, line, `${path}/${id}/`)
}

function removeLine(emission: Emission, line: Entity, stored: StoredLine, path: string): void {
  for (const each of linesFields(line)) {
    const below = emission.catalogue.entities.get(each.lines!.entity)!
    for (const child of stored.lines.get(each.id) ?? []) removeLine(emission, below, child, `${path}/${stored.id}/${each.id}`)
  }
  emission.writes.push({ kind: 'remove', entity: line, id: stored.id })
  emission.changed.push(`${path}/${stored.id}`)
  const set = Object.fromEntries([...stored.values].filter(([, value]) => value !== null).map(([id, from]) => [id, { from, to: null }]))
  emission.lines[stored.id] = { path, op: 'removed', set: { ...set, position: { from: stored.position, to: null } } }
}
