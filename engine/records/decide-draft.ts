import { lastPosition } from '../catalogue/system-fields.ts'
import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import { isStored } from '../fields/expression.ts'
import { fieldOf } from '../fields/index.ts'
import type { FaultSubject, Report } from '../problems.ts'
import { linesFields, Members, storedFields, Uncompiled } from './change.ts'
import type { Change, LineChange, LinesChange, Stored, StoredLine } from './change.ts'

/**
 * A document as it will be: the stored one with the change put in, lines included. `decide` works on this tree step by step (apply, derive,
 * judge, emit); nothing of what is stored is lost on the way, so every step can compare.
 */
export interface Draft {
  readonly entity: Entity
  readonly id: string
  /** Where it stands in the body, e.g. `/lines/2`; of a line the body does not speak of, where it would. */
  readonly pointer: string
  /** Null: it is new. */
  readonly stored: Pick<StoredLine, 'values' | 'position'> | null
  readonly system: Stored['system'] | null
  /** What the request says of it; null: nothing. */
  readonly change: Change | null
  /** Of a line: what it is part of. */
  readonly parent: Draft | null
  readonly position: number
  /** What it will hold, by field id; lists apart. */
  readonly values: Map<string, unknown>
  readonly lists: readonly DraftList[]
}

/** The lines or links of one field. */
export interface DraftList {
  readonly field: Field
  readonly line: Entity
  /** Those the request speaks of, in its order, then the others in theirs. */
  readonly rows: readonly Draft[]
  readonly removed: readonly StoredLine[]
  /** The same of lines, as they are stored, with all in them; links go without a word. */
  readonly gone: readonly Draft[]
  readonly asked: LinesChange | null
}

/** What making a draft asks of its surroundings. */
export interface Applying {
  readonly catalogue: Catalogue
  /** The acting member, the default of owner fields. */
  readonly member: string | null
  readonly report: Report
}

interface Place {
  readonly entity: Entity
  readonly id: string
  readonly pointer: string
  readonly parent: Draft | null
  readonly position: number
}

const nothing: Change = { set: new Map(), lines: new Map(), echo: new Map() }

/** The document that an operation leads to, before anything is derived. */
export const draftDocument = (
  applying: Applying,
  { entity, id, pointer }: Pick<Place, 'entity' | 'id' | 'pointer'>,
  stored: Stored | null,
  change: Change | null,
): Draft => draftRow(applying, { entity, id, pointer, parent: null, position: 0 }, stored, change)

function draftRow(applying: Applying, place: Place, stored: Stored | StoredLine | null, change: Change | null): Draft {
  const values = new Map<string, unknown>()
  const lists: DraftList[] = []
  const draft: Draft = {
    ...place,
    stored: stored && { values: stored.values, position: 'position' in stored ? stored.position : 0 },
    system: stored && 'system' in stored ? stored.system : null,
    change,
    values,
    lists,
  }
  for (const field of storedFields(place.entity)) {
    const before = stored?.values.get(field.id) ?? null
    values.set(field.id, valueAfter(applying, field, before, stored === null, change ?? nothing, pointerOf(draft, field)))
  }
  for (const field of linesFields(place.entity)) {
    const line = applying.catalogue.entities.get(field.lines!.entity)!
    lists.push(draftList(applying, draft, field, line, stored?.lines.get(field.id) ?? [], change?.lines.get(field.id) ?? null))
  }
  return draft
}

/** Where a field of it stands in the body. A link is its target: an id in a list. */
export const pointerOf = ({ entity, pointer }: Draft, field: Field): string => (entity.link ? pointer : `${pointer}/${field.name}`)

function valueAfter(applying: Applying, field: Field, before: unknown, isNew: boolean, change: Change, at: string): unknown {
  const asked = change.set.get(field.id)
  if (asked instanceof Members) return mergeMembers(field, before, asked, at, applying.report)
  if (asked !== undefined && !isNew && isSame(field, asked, before)) return before
  if (asked instanceof Uncompiled) {
    for (const detail of asked.details) applying.report(at, detail)
    return before
  }
  const isGiven = field.default !== undefined || field.defaultsToActor
  if (asked !== undefined && !(asked === null && isNew && isGiven && field.required)) return asked
  if (!isNew) return before
  if (field.defaultsToActor) return applying.member
  return field.default === undefined ? null : field.default
}

function mergeMembers(field: Field, before: unknown, partial: Members, at: string, report: Report): unknown {
  const merged = Object.fromEntries(
    Object.entries({ ...(before as object | null), ...partial.members }).filter(([, value]) => value !== null && value !== undefined),
  )
  if (Object.keys(merged).length === 0) return null
  const value = fieldOf(field.type).parse(merged, field.settings, (pointer, detail) => report(at + pointer, detail))
  return value === undefined ? before : value
}

function draftList(
  applying: Applying,
  parent: Draft,
  field: Field,
  line: Entity,
  before: readonly StoredLine[],
  asked: LinesChange | null,
): DraftList {
  const keyOf = (values: ReadonlyMap<string, unknown>): string => JSON.stringify(values.get(linkFieldOf(line, field).id))
  const isLink = field.lines!.linkField !== null
  const known = new Map(before.map((each) => [isLink ? keyOf(each.values) : each.id, each]))
  const at = `${parent.pointer}/${field.name}`
  const spoken = new Set<string>()
  const removed: StoredLine[] = []
  const rows: Draft[] = []
  let last = before.reduce((highest, each) => Math.max(highest, each.position), 0)
  // Lines at the same position stand in the order of their ids, and those are in the order of time: at the end there is always room.
  const next = (): number => (last = Math.min(last + 1, lastPosition))
  const place = (each: LineChange, existing: StoredLine | undefined, index: number): Place => ({
    entity: line,
    id: existing?.id ?? each.id,
    pointer: each.pointer,
    parent,
    position: asked!.mode === 'replace' ? index + 1 : (each.position ?? existing?.position ?? next()),
  })
  asked?.lines.forEach((each, index) => {
    const existing = known.get(isLink ? keyOf(each.change!.set) : each.id)
    if (existing) spoken.add(existing.id)
    if (!existing && !each.isNew) applying.report(each.pointer, 'The document has no such line.')
    else if (each.change === null) removed.push(existing!)
    else rows.push(draftRow(applying, place(each, existing, index), existing ?? null, each.change))
  })
  for (const each of before) {
    if (spoken.has(each.id)) continue
    if (asked?.mode === 'replace') removed.push(each)
    else
      rows.push(draftRow(applying, { entity: line, id: each.id, pointer: `${at}/${each.id}`, parent, position: each.position }, each, null))
  }
  const places = new Map(asked?.mode === 'merge' ? asked.lines.map((each) => [each.id, each.pointer]) : [])
  const goneFrom = ({ id, position }: StoredLine): Place => ({ entity: line, id, pointer: places.get(id) ?? at, parent, position })
  const gone = isLink ? [] : removed.map((each) => draftRow(applying, goneFrom(each), each, null))
  return { field, line, rows, removed, gone, asked }
}

export const linkFieldOf = (line: Entity, field: Field): Field => line.fieldByName.get(field.lines!.linkField!)!

/** The drafts of a document: itself, then everything in it. */
export function* rowsOf(draft: Draft): Generator<Draft> {
  yield draft
  for (const { rows } of draft.lists) for (const row of rows) yield* rowsOf(row)
}

/** What a fault at a pointer into the document speaks of: the field of it, or of the line that stands there. */
export function subjectAt(document: Draft, at: string, detail: string): FaultSubject {
  const rows = [...rowsOf(document)].filter((each) => !each.entity.link && `${at}/`.startsWith(`${each.pointer}/`))
  const { entity, pointer } = rows.reduce((nearest, each) => (each.pointer.length > nearest.pointer.length ? each : nearest), document)
  const field = entity.fieldByName.get(at.slice(pointer.length).split('/')[1] ?? '')
  const isRule = entity.rules.some(({ message }) => message === detail)
  return { entity: entity.id, field: field?.id ?? null, ...(isRule && { message: detail }) }
}

export const before = (draft: Draft, id: string): unknown => draft.stored?.values.get(id) ?? null
export const after = (draft: Draft, id: string): unknown => draft.values.get(id) ?? null
export const isChanged = (draft: Draft, id: string): boolean => !same(before(draft, id), after(draft, id))

/** Whether what was sent says the same as a value of the field. A formula that no longer compiles is answered as its text. */
export function isSame(field: Field, sent: unknown, value: unknown): boolean {
  if (sent instanceof Uncompiled) return isStored(value) && value.text === sent.text
  return same(sent, value) || (sent !== null && value !== null && fieldOf(field.type).equal?.(sent, value) === true)
}

/** Canonical values are plain JSON; objects compare member by member. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  )
}
