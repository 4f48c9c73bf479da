import { lastPosition } from '../catalogue/system-fields.ts'
import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import { fieldOf } from '../fields/index.ts'
import { Problem } from '../problems.ts'
import type { Fault, Report } from '../problems.ts'
import { linesFields, linksFields, Members, storedFields } from './change.ts'
import type { Change, CreateOperation, LinesChange, Stored, StoredLine, UpdateOperation } from './change.ts'

/**
 * The middle of a write, and a pure function: what was asked and what is stored → what is written, or every reason why not.
 * No clock, no ids, no database: the same code runs in a browser on what it has.
 */

/** What `load` found. */
export interface Situation {
  readonly catalogue: Catalogue
  /** The acting member, the default of owner fields. */
  readonly member: string | null
  /** Whether a live record of that entity exists for this actor. */
  readonly exists: (entity: string, id: string) => boolean
  /** Field ids and line paths changed since a version. */
  readonly changedSince: (id: string, version: number) => readonly string[]
  /** The next number of a sequence field, formatted. */
  readonly number: (field: Field) => string
}

/** What one operation comes to: its result, and everything that follows from it. */
export interface Decision extends Consequences {
  readonly status: 200 | 201
  readonly id: string
  readonly version: number
  readonly revision: number
}
/**
 * What is stored, of whichever entities, and what history will say. An operation's own record comes first, then what goes or changes
 * along with it. The `effects` of a transition have their place behind those: `decide` works them out from the situation,
 * with engine authority, as further rows of other entities and one event for each record they touch; whoever writes, explains or
 * looks for entangled operations then sees them without being told.
 */
export interface Consequences {
  readonly writes: readonly RowWrite[]
  /** One for each record that changes; none: nothing changed, so nothing happened. */
  readonly events: readonly EventDraft[]
}
export type RowWrite =
  | { readonly kind: 'insert'; readonly entity: Entity; readonly row: Row }
  | { readonly kind: 'update'; readonly entity: Entity; readonly row: Row }
  | { readonly kind: 'remove'; readonly entity: Entity; readonly id: string }
/** Column → value; `id` always, on lines `parent_id` and `position`, on records `version` and `revision`. */
export type Row = Readonly<Record<string, unknown>>

export interface EventDraft {
  readonly entity: Entity
  readonly record: string
  readonly type: 'created' | 'updated' | 'deleted' | 'restored'
  readonly version: number
  readonly revision: number
  /** Field ids, and `lines/{line}/{field}` for lines. */
  readonly changed: readonly string[]
  readonly body: EventBody
}
export interface EventBody {
  readonly set: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>
  readonly lines?: Readonly<Record<string, LineEvent>>
}
/** Everything that a document as of a date needs: where the line stands (ids: `lines`, `lines/{line}/parts`), its position and its values. */
export interface LineEvent {
  readonly path: string
  readonly op: 'added' | 'changed' | 'removed'
  /** Columns by field id, and `position`. */
  readonly set: EventBody['set']
}

/** Collects what one operation does to its record and lines. */
interface Draft {
  readonly situation: Situation
  readonly report: Report
  readonly writes: RowWrite[]
  readonly changed: string[]
  readonly lines: Record<string, LineEvent>
}

export function decideCreate(situation: Situation, operation: CreateOperation): Decision {
  const { entity, id, change, pointer } = operation
  return collect(situation, (draft) => {
    // Of a record that is yet to come, nothing was read that could be sent back.
    for (const name of change.echo.keys()) if (!entity.fieldById.has(name)) draft.report(`${pointer}/${name}`, setBySystem)
    const { row, set } = decideRow(draft, entity, null, change, pointer)
    draft.writes.push({ kind: 'insert', entity, row: { id, version: 1, revision: 1, ...row } })
    draft.changed.push(...Object.keys(set))
    decideLines(draft, entity, id, null, change, pointer)
    return {
      status: 201,
      id,
      version: 1,
      revision: 1,
      writes: draft.writes,
      events: [{ entity, record: id, type: 'created', version: 1, revision: 1, changed: draft.changed, body: body(set, draft.lines) }],
    }
  })
}

export function decideUpdate(situation: Situation, operation: UpdateOperation, stored: Stored): Decision {
  const { entity, id, change, pointer, ifMatch } = operation
  return collect(situation, (draft) => {
    refuseOtherSystemValues(stored, ifMatch, change, pointer, draft.report)
    const { row, set } = decideRow(draft, entity, stored, change, pointer)
    draft.changed.push(...Object.keys(set))
    decideLines(draft, entity, id, stored, change, pointer)
    if (ifMatch !== null && ifMatch !== stored.version) refuseOverlap(situation, operation, stored, ifMatch)
    if (draft.changed.length === 0) return { status: 200, id, version: stored.version, revision: stored.revision, writes: [], events: [] }
    const version = stored.version + 1
    const revision = stored.revision + 1
    const writes: RowWrite[] = [{ kind: 'update', entity, row: { id, version, revision, ...row } }, ...draft.writes]
    return {
      status: 200,
      id,
      version,
      revision,
      writes,
      events: [{ entity, record: id, type: 'updated', version, revision, changed: draft.changed, body: body(set, draft.lines) }],
    }
  })
}

const body = (set: EventBody['set'], lines: Record<string, LineEvent>): EventBody => ({
  set,
  ...(Object.keys(lines).length > 0 && { lines }),
})

/** Runs one decision to its end, then throws every fault at once. */
function collect(situation: Situation, decide: (draft: Draft) => Decision): Decision {
  const faults: Fault[] = []
  const decision = decide({ situation, report: (pointer, detail) => faults.push({ pointer, detail }), writes: [], changed: [], lines: {} })
  if (faults.length > 0) throw invalid(faults)
  return decision
}

/**
 * Operations that meet in one record: what one finds depends on what another does. One after the other they could be done, each
 * in a transaction of its own; set-wise they cannot.
 */
export class Entangled extends Problem {
  constructor(detail: string, faults: readonly Fault[] = []) {
    super(faults.length > 0 ? 'request-invalid' : 'conflict', detail, { faults })
  }
}

export const invalid = (faults: readonly Fault[]): Problem =>
  new Problem('request-invalid', faults.length === 1 ? faults[0]!.detail : `${faults.length} values cannot be accepted.`, { faults })

/** Edits of different fields merge; an edit of a field (or line) that someone changed meanwhile is refused. */
function refuseOverlap(situation: Situation, { entity, change, pointer }: UpdateOperation, stored: Stored, since: number): void {
  const headers = { ETag: `"${stored.version}.${stored.revision}"` }
  if (since > stored.version) throw new Problem('version-conflict', 'The record never had that version.', { headers })
  const theirs = situation.changedSince(stored.id, since)
  const within = (a: string, b: string) => a === b || a.startsWith(`${b}/`)
  const both = [...new Set(touched(change).filter((a) => theirs.some((b) => within(a, b) || within(b, a))))]
  if (both.length === 0) return
  const faults = both.map((path) => ({
    pointer: `${pointer}/${namesOf(situation.catalogue, entity, path.split('/'))}`,
    detail: 'Changed by someone else since you read it.',
  }))
  throw new Problem('version-conflict', '', { faults, headers })
}

/** A path of ids, as events have it, in the names of the body: `lines/{line}/quantity`. */
function namesOf(catalogue: Catalogue, entity: Entity, [id = '', line, ...below]: readonly string[]): string {
  const field = entity.fieldById.get(id)
  const name = field?.name ?? id
  if (line === undefined) return name
  const child = field?.lines && catalogue.entities.get(field.lines.entity)
  return [name, line, ...(below.length > 0 ? [child ? namesOf(catalogue, child, below) : below.join('/')] : [])].join('/')
}

/** What a change touches, in the terms of events' `changed`. */
function touched(change: Change): string[] {
  const below = [...change.lines].flatMap(([field, { mode, lines }]) =>
    mode === 'replace'
      ? [field]
      : lines.flatMap((line) => {
          if (line.change === null || line.isNew) return [`${field}/${line.id}`]
          return [...touched(line.change), ...(line.position === undefined ? [] : ['position'])].map(
            (path) => `${field}/${line.id}/${path}`,
          )
        }),
  )
  return [...change.set.keys(), ...below]
}

/** What changes with every edit is of the version that the caller read, where that is an older one. */
const countedValues: ReadonlySet<string> = new Set(['version', 'revision', 'updated_at', 'updated_by'])

/** What the engine sets may be sent back as it was read. */
function refuseOtherSystemValues(stored: Stored, ifMatch: number | null, change: Change, pointer: string, report: Report): void {
  const { id, version, revision, system } = stored
  const isMerge = ifMatch !== null && ifMatch !== version
  for (const [name, expected] of Object.entries({ id, version, revision, ...system })) {
    if (isMerge && countedValues.has(name)) continue
    if (change.echo.has(name) && !same(change.echo.get(name), expected)) report(`${pointer}/${name}`, setBySystem)
  }
}
const setBySystem = 'This is set by the system.'

/** One row of a record or line: its new column values and what changed. `stored` null creates. */
function decideRow(
  draft: Draft,
  entity: Entity,
  stored: Pick<StoredLine, 'values'> | null,
  change: Change,
  pointer: string,
): { row: Row; set: EventBody['set'] } {
  const row: Record<string, unknown> = {}
  const set: Record<string, { from: unknown; to: unknown }> = {}
  for (const field of storedFields(entity)) {
    // A link is its target: an id in a list.
    const at = entity.link ? pointer : `${pointer}/${field.name}`
    const before = stored ? (stored.values.get(field.id) ?? null) : null
    const after = valueAfter(draft, field, before, stored === null, change, at)
    if (change.echo.has(field.id) && !same(change.echo.get(field.id), after)) draft.report(at, 'This field cannot be changed here.')
    if (after === undefined) continue
    const isChange = !same(before, after)
    if (isChange || stored === null) {
      if (stored && field.createOnly) draft.report(at, `${field.title} is set once, when the record is created.`)
      else if (field.required && isEmpty(field, after)) draft.report(at, `${field.title} is required.`)
      Object.assign(row, columnValues(field, after))
    }
    if (!isChange) continue
    set[field.id] = { from: before, to: after }
    checkReference(draft, field, after, at)
  }
  addLinkLists(draft, entity, change, row)
  refuseBackwards(draft, entity, stored, set, pointer)
  return { row, set }
}

/** Lists of links stand in the row too: see fields/references.ts. */
function addLinkLists(draft: Draft, entity: Entity, change: Change, row: Record<string, unknown>): void {
  for (const field of linksFields(entity)) {
    const links = change.lines.get(field.id)?.lines
    const line = draft.situation.catalogue.entities.get(field.lines!.entity)!
    const targets = links?.map((each) => each.change!.set.get(linkFieldOf(line, field).id))
    if (targets) Object.assign(row, columnValues(field, targets))
  }
}

/** A period that must not overlap others ends no sooner than it begins: no range could be made of it. */
function refuseBackwards(
  draft: Draft,
  entity: Entity,
  stored: Pick<StoredLine, 'values'> | null,
  set: EventBody['set'],
  pointer: string,
): void {
  for (const { noOverlap } of entity.unique) {
    if (!noOverlap?.some((id) => set[id])) continue
    const [from, to] = noOverlap.map((id) => (set[id] ? set[id].to : stored?.values.get(id)) ?? null)
    const [first, last] = noOverlap.map((id) => entity.fieldById.get(id)!)
    // Canonical days and instants compare as texts.
    if (typeof from === 'string' && typeof to === 'string' && from > to)
      draft.report(`${pointer}/${last!.name}`, `${last!.title} must not be before ${first!.title}.`)
  }
}

/** A value that a required field does not take. */
export const isEmpty = (field: Field, value: unknown): boolean => value === null || (fieldOf(field.type).blank?.(value) ?? false)

function valueAfter(draft: Draft, field: Field, before: unknown, isNew: boolean, change: Change, at: string): unknown {
  const asked = change.set.get(field.id)
  if (asked instanceof Members) return mergeMembers(draft, field, before, asked, at)
  if (asked !== undefined && !(asked === null && isNew && field.default !== undefined && field.required)) return asked
  if (!isNew) return before
  if (field.sequence) return draft.situation.number(field)
  if (field.defaultsToActor) return draft.situation.member
  return field.default === undefined ? null : field.default
}

function mergeMembers(draft: Draft, field: Field, before: unknown, partial: Members, at: string): unknown {
  const merged = Object.fromEntries(
    Object.entries({ ...(before as object | null), ...partial.members }).filter(([, value]) => value !== null && value !== undefined),
  )
  if (Object.keys(merged).length === 0) return null
  const value = fieldOf(field.type).parse(merged, field.settings, (pointer, detail) => draft.report(at + pointer, detail))
  return value === undefined ? before : value
}

/** The same answer for a record of another tenant, one out of sight, a deleted one and one that never was. */
function checkReference(draft: Draft, field: Field, value: unknown, at: string): void {
  const target = value === null ? null : referenceOf(field, value)
  if (target && !draft.situation.exists(target.entity, target.id))
    draft.report(at, `There is no such ${draft.situation.catalogue.entities.get(target.entity)?.title ?? 'record'}.`)
}

/** The record that a reference value points to. */
export function referenceOf(field: Field, value: unknown): { entity: string; id: string } | null {
  if (!field.reference || value === null || value === undefined) return null
  if (typeof value === 'string') return { entity: field.reference.targets[0]!.entity, id: value }
  return value as { entity: string; id: string }
}

export function columnValues(field: Field, value: unknown): Record<string, unknown> {
  const columns = field.columns.filter((each) => each.generated === undefined)
  const type = fieldOf(field.type)
  const values = value === null ? columns.map(() => null) : type.store ? type.store(value, field.settings) : [value]
  return Object.fromEntries(columns.map((each, i) => [each.name, values[i] ?? null]))
}

function decideLines(
  draft: Draft,
  entity: Entity,
  parent: string,
  stored: Pick<StoredLine, 'lines'> | null,
  change: Change,
  pointer: string,
  prefix = '',
): void {
  for (const field of linesFields(entity)) {
    const before = stored?.lines.get(field.id) ?? []
    const asked = change.lines.get(field.id)
    const line = draft.situation.catalogue.entities.get(field.lines!.entity)!
    const at = `${pointer}/${field.name}`
    if (change.echo.has(field.id) && !same(change.echo.get(field.id), targetsOf(line, field, before)))
      draft.report(at, 'This field cannot be changed here.')
    if (!asked && stored !== null) continue
    const lines = asked ? linesAfter(before, asked) : before
    if (field.required && lines.length === 0) draft.report(at, `${field.title} is required.`)
    // How many a document may have is the type's to know; what stands in them was read before.
    else if (field.lines!.linkField === null)
      fieldOf(field.type).parse(
        lines.map(() => ({})),
        field.settings,
        (_, detail) => draft.report(at, detail),
      )
    if (asked) decideList(draft, field, line, parent, before, asked, `${prefix}${field.id}`)
  }
}

/** The lines that a document will have, whatever becomes of each. */
function linesAfter(before: readonly StoredLine[], { mode, lines }: LinesChange): readonly unknown[] {
  if (mode === 'replace') return lines
  const removed = new Set(lines.flatMap((each) => (each.change === null ? [each.id] : [])))
  return [...before.filter((each) => !removed.has(each.id)), ...lines.filter((each) => each.isNew)]
}

/** A list of links as answers show it. */
const targetsOf = (line: Entity, field: Field, links: readonly StoredLine[]): unknown[] =>
  links.map((each) => each.values.get(linkFieldOf(line, field).id))
const linkFieldOf = (line: Entity, field: Field): Field => line.fieldByName.get(field.lines!.linkField!)!

function decideList(
  draft: Draft,
  field: Field,
  line: Entity,
  parent: string,
  before: readonly StoredLine[],
  asked: LinesChange,
  path: string,
): void {
  const known = new Map(before.map((each) => [each.id, each]))
  const linked = field.lines!.linkField === null ? null : new Map(before.map((each) => [linkKey(line, field, each.values), each]))
  const kept = new Set<string>()
  let last = before.reduce((highest, each) => Math.max(highest, each.position), 0)
  // Lines at the same position stand in the order of their ids, and those are in the order of time: at the end there is always room.
  const next = (): number => (last = Math.min(last + 1, lastPosition))
  asked.lines.forEach((each, index) => {
    const existing = linked ? linked.get(linkKey(line, field, each.change!.set)) : known.get(each.id)
    if (existing) kept.add(existing.id)
    if (!existing && !each.isNew) return draft.report(each.pointer, 'The document has no such line.')
    if (each.change === null) return removeLine(draft, line, existing!, path)
    const position = asked.mode === 'replace' ? index + 1 : (each.position ?? existing?.position ?? next())
    if (existing) changeLine(draft, line, existing, each.change, position, each.pointer, path)
    else addLine(draft, line, parent, each.id, each.change, position, each.pointer, path)
  })
  if (asked.mode === 'replace') for (const each of before) if (!kept.has(each.id)) removeLine(draft, line, each, path)
}

const linkKey = (line: Entity, field: Field, values: ReadonlyMap<string, unknown>): string =>
  JSON.stringify(values.get(linkFieldOf(line, field).id))

function addLine(
  draft: Draft,
  line: Entity,
  parent: string,
  id: string,
  change: Change,
  position: number,
  pointer: string,
  path: string,
): void {
  const { row, set } = decideRow(draft, line, null, change, pointer)
  draft.writes.push({ kind: 'insert', entity: line, row: { id, parent_id: parent, position, ...row } })
  draft.changed.push(`${path}/${id}`)
  draft.lines[id] = { path, op: 'added', set: { ...set, position: { from: null, to: position } } }
  decideLines(draft, line, id, null, change, pointer, `${path}/${id}/`)
}

function changeLine(draft: Draft, line: Entity, stored: StoredLine, change: Change, position: number, pointer: string, path: string): void {
  const { row, set } = decideRow(draft, line, stored, change, pointer)
  const moved = position !== stored.position
  if (moved || Object.keys(row).length > 0)
    draft.writes.push({ kind: 'update', entity: line, row: { id: stored.id, ...row, ...(moved && { position }) } })
  if (moved || Object.keys(set).length > 0) {
    draft.changed.push(
      ...Object.keys(set).map((each) => `${path}/${stored.id}/${each}`),
      ...(moved ? [`${path}/${stored.id}/position`] : []),
    )
    draft.lines[stored.id] = { path, op: 'changed', set: { ...set, ...(moved && { position: { from: stored.position, to: position } }) } }
  }
  decideLines(draft, line, stored.id, stored, change, pointer, `${path}/${stored.id}/`)
}

function removeLine(draft: Draft, line: Entity, stored: StoredLine, path: string): void {
  for (const each of linesFields(line)) {
    const below = draft.situation.catalogue.entities.get(each.lines!.entity)!
    for (const child of stored.lines.get(each.id) ?? []) removeLine(draft, below, child, `${path}/${stored.id}/${each.id}`)
  }
  draft.writes.push({ kind: 'remove', entity: line, id: stored.id })
  draft.changed.push(`${path}/${stored.id}`)
  const set = Object.fromEntries([...stored.values].filter(([, value]) => value !== null).map(([id, from]) => [id, { from, to: null }]))
  draft.lines[stored.id] = { path, op: 'removed', set: { ...set, position: { from: stored.position, to: null } } }
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
