import { v7 as uuidv7 } from 'uuid'
import { isFilled } from '../catalogue/compile-schemas.ts'
import { lastPosition, systemField } from '../catalogue/system-fields.ts'
import type { Entity, Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { isObject } from '../fields/define.ts'
import { fieldOf } from '../fields/index.ts'
import { suggestion } from '../fields/nearest.ts'
import { isUuid } from '../fields/uuid.ts'
import { echo as quoted, pointerSegment } from '../problems.ts'
import type { Report } from '../problems.ts'
import { settingsFor } from './access.ts'
import { Members } from './change.ts'
import { isEmpty } from './decide-judge.ts'
import type { Change, LineChange, LinesChange } from './change.ts'
import type { Access, EntityAccess } from './types.ts'

/** Properties that answers carry beside the record's own; ignored when they are sent back. */
const answerProperties: ReadonlySet<string> = new Set(['_title', '_expand', '_masked', '_warnings', '_produced'])

/** `upsert`: a new record, or what shall change in one that is found; it need not have everything. */
export type Mode = 'create' | 'patch' | 'upsert'

/**
 * Reads a record body into canonical values. Every fault is reported with a pointer into the body; the result is only
 * meaningful when none was. Answers that are sent back (`_title`, `_expand`, system properties) are understood.
 */
export function readChange(
  access: Access,
  here: EntityAccess,
  body: unknown,
  mode: Mode,
  replaceLines: ReadonlySet<string>,
  pointer: string,
  tell: Report,
): Change {
  let isFaulty = false
  const report: Report = (at, detail) => {
    isFaulty = true
    tell(at, detail)
  }
  const set = new Map<string, unknown>()
  const lines = new Map<string, LinesChange>()
  const echo = new Map<string, unknown>()
  if (!isObject(body)) {
    report(pointer, 'A JSON object is expected.')
    return { set, lines, echo }
  }
  for (const [name, value] of Object.entries(body)) {
    const at = `${pointer}/${pointerSegment(name)}`
    const field = here.visible.find((each) => each.name === name)
    if (field?.lines && here.readOnly.has(field.id)) readFixedLines(field, value, at, echo, report)
    else if (field?.lines && !field.lines.through) {
      const change = readLines(access, field, value, mode, replaceLines, at, report)
      if (change) lines.set(field.id, change)
    } else if (field) readField(access, here, field, value, mode, at, set, echo, report)
    else if (systemField(name) && here.entity.kind !== 'line') readSystemValue(name, value, mode, at, echo, report)
    else if (!answerProperties.has(name)) report(at, unknownDetail(here, name))
  }
  if (isFaulty) reportEmpty(here, body, mode, set, pointer, tell)
  return { set, lines, echo }
}

const refuse = (report: Report, pointer: string, detail: string): null => {
  report(pointer, detail)
  return null
}

const unknownDetail = (here: EntityAccess, name: string): string =>
  `There is no field ${quoted(name)}.${suggestion(
    name,
    here.visible.map((field) => field.name),
  )}`

/** A patch may repeat them, as they came with the record; a new record has none yet. */
function readSystemValue(name: string, value: unknown, mode: Mode, at: string, echo: Map<string, unknown>, report: Report): void {
  if (mode === 'patch') echo.set(name, value)
  else report(at, 'This is set by the system.')
}

/** Lines that the role may not change: links may be repeated as they are, documents' lines are left out. */
function readFixedLines(field: Field, value: unknown, at: string, echo: Map<string, unknown>, report: Report): void {
  if (field.lines!.linkField === null) report(at, 'Your role may not change this.')
  else echo.set(field.id, value)
}

function readField(
  access: Access,
  here: EntityAccess,
  field: Field,
  value: unknown,
  mode: Mode,
  at: string,
  set: Map<string, unknown>,
  echo: Map<string, unknown>,
  report: Report,
): void {
  if (field.lines?.through) return void echo.set(field.id, value)
  const fixed = field.readOnly || here.readOnly.has(field.id)
  // What is set once is compared as a whole.
  const canonical = readValue(access, field, value, fixed || field.createOnly ? 'create' : mode, at, report)
  if (canonical === undefined) return
  if (fixed) echo.set(field.id, canonical)
  else set.set(field.id, canonical)
}

/** Canonical value, null, or undefined when it was faulty. A patch of a composite keeps the members it does not name: `decide` merges them. */
function readValue(access: Access, field: Field, value: unknown, mode: Mode, at: string, report: Report): unknown {
  if (value === null) return null
  const type = fieldOf(field.type)
  if (mode === 'patch' && type.members && isObject(value)) return new Members(value)
  let faulty = false
  const canonical = type.parse(value, settingsFor(access, field), (pointer, detail) => {
    faulty = true
    report(at + pointer, detail)
  })
  return faulty ? undefined : canonical
}

/** Beside other faults, what is required too: `decide` finds it, with references that lead nowhere, but only once the rest is right. */
function reportEmpty(
  here: EntityAccess,
  body: Readonly<Record<string, unknown>>,
  mode: Mode,
  set: ReadonlyMap<string, unknown>,
  pointer: string,
  report: Report,
): void {
  for (const field of here.visible) {
    if (!field.required || field.readOnly) continue
    const hasDefault = mode !== 'patch' && (field.default !== undefined || field.defaultsToActor)
    const value = set.get(field.id)
    const isLeftOut = mode === 'create' && !isFilled(field) && !Object.hasOwn(body, field.name)
    const isCleared = value === null ? !hasDefault : value !== undefined && !(value instanceof Members) && isEmpty(field, value)
    if (isLeftOut || isCleared) report(`${pointer}/${field.name}`, `${field.title} is required.`)
  }
}

function readLines(
  access: Access,
  field: Field,
  value: unknown,
  mode: Mode,
  replace: ReadonlySet<string>,
  at: string,
  report: Report,
): LinesChange | null {
  const line = access.entities.get(field.lines!.entity)
  const { linkField } = field.lines!
  const entity = line?.entity ?? access.catalogue.entities.get(field.lines!.entity)!
  if (value === null && (linkField !== null || mode !== 'patch')) return { mode: 'replace', lines: [] }
  if (linkField !== null) return readLinks(field, entity, linkField, value, at, report)
  if (!line) return null
  if (Array.isArray(value) || value === null) {
    if (mode === 'patch' && !replace.has(field.name))
      return refuse(report, at, `A list replaces every line: add ?replace=${field.name}, or send an object keyed by line id.`)
    const given: readonly unknown[] = value ?? []
    if (given.length > limits.linesPerDocument) return refuse(report, at, `At most ${limits.linesPerDocument} lines are allowed.`)
    const seen = new Set<string>()
    const lines = given.map((each, i) =>
      readLine(access, line, lineId(each, seen, `${at}/${i}`, report), each, mode, replace, `${at}/${i}`, report),
    )
    return { mode: 'replace', lines }
  }
  if (mode !== 'patch') return refuse(report, at, 'A list of lines is expected.')
  if (!isObject(value)) return refuse(report, at, 'An object keyed by line id (or "new:1") is expected.')
  const entries = Object.entries(value)
  if (entries.length > limits.linesPerDocument) return refuse(report, at, `At most ${limits.linesPerDocument} lines are allowed.`)
  return {
    mode: 'merge',
    lines: entries.flatMap(([key, each]) => {
      const pointer = `${at}/${pointerSegment(key)}`
      const isNew = /^new:[A-Za-z0-9_-]{1,40}$/.test(key)
      if (!isNew && !isUuid(key)) return refuse(report, pointer, 'A line is named by its id, or "new:1" for a new one.') ?? []
      if (isObject(each) && each['id'] !== undefined && each['id'] !== key) report(`${pointer}/id`, 'The line has another id here.')
      if (each === null) return isNew ? [] : [{ id: key, isNew: false, change: null, pointer }]
      return [readLine(access, line, isNew ? null : key, each, mode, replace, pointer, report)]
    }),
  }
}

/** The line that an entry of a list stands for; null: a new one. */
function lineId(line: unknown, seen: Set<string>, at: string, report: Report): string | null {
  const id = isObject(line) ? line['id'] : undefined
  if (id === undefined || id === null) return null
  if (!isUuid(id)) return refuse(report, `${at}/id`, 'The id of a line is expected; new lines have none.')
  if (seen.has(id)) report(`${at}/id`, 'The line is in the list twice.')
  seen.add(id)
  return id
}

function readLine(
  access: Access,
  line: EntityAccess,
  id: string | null,
  value: unknown,
  mode: Mode,
  replace: ReadonlySet<string>,
  pointer: string,
  report: Report,
): LineChange {
  const isNew = mode !== 'patch' || id === null
  const body = isObject(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'id' && name !== 'position')) : value
  const position = isObject(value) ? value['position'] : undefined
  if (position !== undefined && !(Number.isInteger(position) && Number(position) >= 1 && Number(position) <= lastPosition))
    report(`${pointer}/position`, `A whole number from 1 to ${lastPosition} is expected.`)
  const change = readChange(access, line, body, isNew ? 'create' : mode, replace, pointer, report)
  return { id: isNew ? uuidv7() : id, isNew, change, pointer, ...(position !== undefined && { position: Number(position) }) }
}

/** A list of ids is a list of link rows, always whole; links that stay keep their rows. */
function readLinks(field: Field, entity: Entity, linkField: string, value: unknown, at: string, report: Report): LinesChange | null {
  const target = entity.fieldByName.get(linkField)!
  const ids = fieldOf(field.type).parse(value, field.settings, (pointer, detail) => report(at + pointer, detail))
  if (!Array.isArray(ids)) return null
  const lines = ids.map((id, i): LineChange => ({
    id: uuidv7(),
    isNew: true,
    change: { set: new Map([[target.id, id]]), lines: new Map(), echo: new Map() },
    pointer: `${at}/${i}`,
  }))
  return { mode: 'replace', lines }
}
