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
import { readFormula } from './formulas.ts'
import type { FormulaReading } from './formulas.ts'
import type { Access, EntityAccess } from './types.ts'

/** Properties that answers carry beside the record's own; ignored when they are sent back. */
const answerProperties: ReadonlySet<string> = new Set(['_title', '_expand', '_masked', '_denied', '_warnings', '_errors', '_produced'])

/** `upsert`: a new record, or what shall change in one that is found; it need not have everything. */
export type Mode = 'create' | 'patch' | 'upsert'

/** How a body is read, for the record and for its lines. */
export interface Reading {
  readonly access: Access
  readonly mode: Mode
  /** Names of the lines that a patch may replace as a whole. */
  readonly replaceLines: ReadonlySet<string>
  /** What the whole request has of them so far. */
  readonly formulas: FormulaReading['formulas']
  readonly report: Report
}

/** A change in the making. */
interface Found extends Change {
  readonly set: Map<string, unknown>
  readonly lines: Map<string, LinesChange>
  readonly echo: Map<string, unknown>
}

/**
 * Reads a record body into canonical values. Every fault is reported with a pointer into the body; the result is only
 * meaningful when none was. Answers that are sent back (`_title`, `_expand`, system properties) are understood.
 */
export function readChange({ report: tell, ...rest }: Reading, here: EntityAccess, body: unknown, pointer: string): Change {
  let isFaulty = false
  const report: Report = (at, detail) => {
    isFaulty = true
    tell(at, detail)
  }
  const reading: Reading = { ...rest, report }
  const found: Found = { set: new Map(), lines: new Map(), echo: new Map() }
  if (!isObject(body)) {
    report(pointer, 'A JSON object is expected.')
    return found
  }
  for (const [name, value] of Object.entries(body)) readProperty(reading, here, found, name, value, `${pointer}/${pointerSegment(name)}`)
  if (isFaulty) reportEmpty({ ...rest, report: tell }, here, body, found.set, pointer)
  return found
}

function readProperty(reading: Reading, here: EntityAccess, found: Found, name: string, value: unknown, at: string): void {
  const { mode, report } = reading
  const field = here.visible.find((each) => each.name === name)
  if (field?.lines && here.readOnly.has(field.id)) readFixedLines(field, value, at, found, report)
  else if (field?.lines && !field.lines.through) {
    const change = readLines(reading, field, value, at)
    if (change) found.lines.set(field.id, change)
  } else if (field) readField(reading, here, found, field, value, at)
  else if (systemField(name) && here.entity.kind !== 'line') {
    // A patch may repeat them, as they came with the record; a new record has none yet.
    if (mode === 'patch') found.echo.set(name, value)
    else report(at, 'This is set by the system.')
  } else if (!answerProperties.has(name)) report(at, unknownDetail(here, name))
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

/** Lines that the role may not change: links may be repeated as they are, documents' lines are left out. */
function readFixedLines(field: Field, value: unknown, at: string, { echo }: Found, report: Report): void {
  if (field.lines!.linkField === null) report(at, 'Your role may not change this.')
  else echo.set(field.id, value)
}

function readField(reading: Reading, here: EntityAccess, { set, echo }: Found, field: Field, value: unknown, at: string): void {
  if (field.lines?.through) return void echo.set(field.id, value)
  const fixed = field.readOnly || here.readOnly.has(field.id)
  if (fieldOf(field.type).formula && value !== null) {
    const formula = readFormula(reading, field, value, (detail) => reading.report(at, detail))
    if (formula !== undefined) (fixed ? echo : set).set(field.id, formula)
    return
  }
  // What is set once is compared as a whole.
  const canonical = readValue(fixed || field.createOnly ? { ...reading, mode: 'create' } : reading, field, value, at)
  if (canonical === undefined) return
  if (fixed) echo.set(field.id, canonical)
  else set.set(field.id, canonical)
}

/** Canonical value, null, or undefined when it was faulty. A patch of a composite keeps the members it does not name: `decide` merges them. */
function readValue({ access, mode, report }: Reading, field: Field, value: unknown, at: string): unknown {
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
  { mode, report }: Reading,
  here: EntityAccess,
  body: Readonly<Record<string, unknown>>,
  set: ReadonlyMap<string, unknown>,
  pointer: string,
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

function readLines(reading: Reading, field: Field, value: unknown, at: string): LinesChange | null {
  const { access, mode, replaceLines, report } = reading
  const line = access.entities.get(field.lines!.entity)
  const { linkField } = field.lines!
  const entity = line?.entity ?? access.catalogue.entities.get(field.lines!.entity)!
  if (value === null && (linkField !== null || mode !== 'patch')) return { mode: 'replace', lines: [] }
  if (linkField !== null) return readLinks(field, entity, linkField, value, at, report)
  if (!line) return null
  if (Array.isArray(value) || value === null) {
    if (mode === 'patch' && !replaceLines.has(field.name))
      return refuse(report, at, `A list replaces every line: add ?replace=${field.name}, or send an object keyed by line id.`)
    return readList(reading, line, value ?? [], at)
  }
  if (mode !== 'patch') return refuse(report, at, 'A list of lines is expected.')
  if (!isObject(value)) return refuse(report, at, 'An object keyed by line id (or "new:1") is expected.')
  return readKeyed(reading, line, value, at)
}

const tooMany = `At most ${limits.linesPerDocument} lines are allowed.`

/** Every line that there shall be. */
function readList(reading: Reading, line: EntityAccess, given: readonly unknown[], at: string): LinesChange | null {
  if (given.length > limits.linesPerDocument) return refuse(reading.report, at, tooMany)
  const seen = new Set<string>()
  const lines = given.map((each, i) => {
    const pointer = `${at}/${i}`
    return readLine(reading, line, lineId(each, seen, pointer, reading.report), each, pointer)
  })
  return { mode: 'replace', lines }
}

/** Lines by their ids: those that change, those that are new, and null for those that go. */
function readKeyed(reading: Reading, line: EntityAccess, given: Readonly<Record<string, unknown>>, at: string): LinesChange | null {
  const { report } = reading
  const entries = Object.entries(given)
  if (entries.length > limits.linesPerDocument) return refuse(report, at, tooMany)
  const lines = entries.flatMap(([key, each]): LineChange[] => {
    const pointer = `${at}/${pointerSegment(key)}`
    const isNew = /^new:[A-Za-z0-9_-]{1,40}$/.test(key)
    if (!isNew && !isUuid(key)) return refuse(report, pointer, 'A line is named by its id, or "new:1" for a new one.') ?? []
    if (isObject(each) && each['id'] !== undefined && each['id'] !== key) report(`${pointer}/id`, 'The line has another id here.')
    if (each === null) return isNew ? [] : [{ id: key, isNew: false, change: null, pointer }]
    return [readLine(reading, line, isNew ? null : key, each, pointer)]
  })
  return { mode: 'merge', lines }
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

function readLine(reading: Reading, line: EntityAccess, id: string | null, value: unknown, pointer: string): LineChange {
  const { mode, report } = reading
  const isNew = mode !== 'patch' || id === null
  const body = isObject(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'id' && name !== 'position')) : value
  const position = isObject(value) ? value['position'] : undefined
  if (position !== undefined && !(Number.isInteger(position) && Number(position) >= 1 && Number(position) <= lastPosition))
    report(`${pointer}/position`, `A whole number from 1 to ${lastPosition} is expected.`)
  const change = readChange({ ...reading, mode: isNew ? 'create' : mode }, line, body, pointer)
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
