import type { Catalogue, Field } from '../catalogue/types.ts'
import { fieldOf } from '../fields/index.ts'
import type { Report } from '../problems.ts'
import { referenceOf, storedFields } from './change.ts'
import type { Change, Stored } from './change.ts'
import { after, before, isChanged, isSame, linkFieldOf, pointerOf, rowsOf, same } from './decide-draft.ts'
import type { Draft, DraftList } from './decide-draft.ts'

/** What judging a draft asks of its surroundings. */
export interface Judging {
  readonly catalogue: Catalogue
  /** Whether a live record of that entity exists for this actor. */
  readonly exists: (entity: string, id: string) => boolean
  readonly report: Report
  /** Is told what is required and missing. */
  readonly lack: Report
  /** Ids of references of the document that are emptied because what they lead to goes: nobody wished to change them. */
  readonly emptied?: ReadonlySet<string>
}

const setBySystem = 'This is set by the system.'

/** Everything that must hold of a document by its fields alone; every fault is reported. */
export function judge(judging: Judging, document: Draft): void {
  for (const draft of rowsOf(document)) {
    for (const field of storedFields(draft.entity)) judgeField(judging, draft, field)
    refuseBackwards(judging, draft)
    for (const list of draft.lists) judgeList(judging, draft, list)
  }
}

function judgeField(judging: Judging, draft: Draft, field: Field): void {
  const at = pointerOf(draft, field)
  const value = after(draft, field.id)
  const isNew = draft.stored === null
  const isChange = isChanged(draft, field.id)
  refuseOtherValue(judging, draft, field, at)
  if (isChange || isNew) {
    const isEmptied = draft.parent === null && judging.emptied?.has(field.id) === true
    if (!isNew && field.createOnly && !isEmptied) judging.report(at, `${field.title} is set once, when the record is created.`)
    else if (field.required && isEmpty(field, value)) judging.lack(at, `${field.title} is required.`)
  }
  if (isChange) checkReference(judging, field, value, at)
}

/**
 * What only the engine sets may be sent back: as it was, or as it becomes. What is not in the record is not looked at: it is another for each
 * reader, and at each moment.
 */
function refuseOtherValue({ report }: Judging, draft: Draft, field: Field, at: string): void {
  const echo = draft.change?.echo
  if (!echo?.has(field.id)) return
  const sent = echo.get(field.id)
  if (!isSame(field, sent, after(draft, field.id)) && !isSame(field, sent, before(draft, field.id)))
    report(at, 'This field cannot be changed here.')
}

/** A value that a required field does not take. */
export const isEmpty = (field: Field, value: unknown): boolean => value === null || (fieldOf(field.type).blank?.(value) ?? false)

/** The same answer for a record of another tenant, one out of sight, a deleted one and one that never was. */
function checkReference({ catalogue, exists, report }: Judging, field: Field, value: unknown, at: string): void {
  const target = value === null ? null : referenceOf(field, value)
  if (target && !exists(target.entity, target.id))
    report(at, `There is no such ${catalogue.entities.get(target.entity)?.title ?? 'record'}.`)
}

/** A period that must not overlap others ends no sooner than it begins: no range could be made of it. */
function refuseBackwards({ report }: Judging, draft: Draft): void {
  const { entity, pointer } = draft
  for (const { noOverlap } of entity.unique) {
    if (!noOverlap?.some((id) => isChanged(draft, id))) continue
    const [from, to] = noOverlap.map((id) => after(draft, id))
    const [first, last] = noOverlap.map((id) => entity.fieldById.get(id)!)
    // Canonical days and instants compare as texts.
    if (typeof from === 'string' && typeof to === 'string' && from > to)
      report(`${pointer}/${last!.name}`, `${last!.title} must not be before ${first!.title}.`)
  }
}

function judgeList({ report, lack }: Judging, draft: Draft, list: DraftList): void {
  const { field, rows, asked } = list
  const at = `${draft.pointer}/${field.name}`
  const echo = draft.change?.echo
  if (echo?.has(field.id) && !same(echo.get(field.id), storedTargets(list))) report(at, 'This field cannot be changed here.')
  if (!asked && draft.stored !== null) return
  if (field.required && rows.length === 0) lack(at, `${field.title} is required.`)
  // How many a document may have is the type's to know; what stands in them was read before.
  else if (field.lines!.linkField === null)
    fieldOf(field.type).parse(
      rows.map(() => ({})),
      field.settings,
      (_, detail) => report(at, detail),
    )
}

/** A list of links as answers show it. */
const storedTargets = ({ line, field, rows, removed }: DraftList): unknown[] => {
  const target = linkFieldOf(line, field).id
  const kept = rows.flatMap((each) => (each.stored ? [{ position: each.stored.position, id: each.id, values: each.stored.values }] : []))
  return [...kept, ...removed].sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1)).map((each) => each.values.get(target))
}

/** What changes with every edit is of the version that the caller read, where that is an older one. */
const countedValues: ReadonlySet<string> = new Set(['version', 'revision', 'updated_at', 'updated_by'])

/** What the engine sets may be sent back as it was read. Of a record that is yet to come, nothing was read that could be. */
export function refuseOtherSystemValues(draft: Draft, stored: Stored | null, ifMatch: number | null, report: Report): void {
  const { change, entity, pointer } = draft
  const echo: Change['echo'] = change?.echo ?? new Map()
  if (stored === null) {
    for (const name of echo.keys()) if (!entity.fieldById.has(name)) report(`${pointer}/${name}`, setBySystem)
    return
  }
  const { id, version, revision, system } = stored
  const isMerge = ifMatch !== null && ifMatch !== version
  for (const [name, expected] of Object.entries({ id, version, revision, ...system })) {
    if (isMerge && countedValues.has(name)) continue
    if (echo.has(name) && !same(echo.get(name), expected)) report(`${pointer}/${name}`, setBySystem)
  }
}
