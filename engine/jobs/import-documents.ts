import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { parse } from 'csv-parse'
import { delimiterOf, plain } from '../fields/csv.ts'
import { fieldOf } from '../fields/index.ts'
import { isObject } from '../fields/define.ts'
import { isUuid } from '../fields/uuid.ts'
import { echo, Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import type { ImportColumn, Lookup } from './import-columns.ts'

/** One record of a file: the rows it stands in, 1-based as an editor counts them (the header is row 1). */
export interface ImportDocument {
  readonly rows: readonly CsvRow[]
}
/** A fault in a file, in the file's own terms. */
export interface CellFault {
  readonly row: number
  readonly column: string | null
  readonly detail: string
}

/** One row of a file; rows are numbered as a spreadsheet does, empty ones too. */
export interface CsvRow {
  readonly number: number
  readonly cells: readonly string[]
}

const sliceCharacters = 64 * 1024

/** The parser reads a slice in one go, and holds its rows until they are taken: in between it is the turn of others. */
async function* slices(text: string): AsyncGenerator<string> {
  for (let start = 0; start < text.length;) {
    const end = start + sliceCharacters
    const isCut = (text.codePointAt(end - 1) ?? 0) > 0xffff
    yield text.slice(start, isCut ? end + 1 : end)
    start = isCut ? end + 1 : end
    await setImmediate()
  }
}

/** Rows of a CSV text that are not empty, without what an export puts before formulas. Throws Problem 'request-malformed' with the line of a quoting mistake. */
export async function* readCsv(text: string): AsyncGenerator<CsvRow> {
  const delimiter = delimiterOf(text.slice(0, sliceCharacters))
  const parser = Readable.from(slices(text)).pipe(parse({ bom: true, delimiter, relaxColumnCount: true, skipEmptyLines: true, info: true }))
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { records: number; empty_lines: number } }>) {
      yield { number: info.records + info.empty_lines, cells: record.map(plain) }
    }
  } catch (error) {
    throw new Problem('request-malformed', `The file is not valid CSV: ${error instanceof Error ? error.message : 'it cannot be read'}.`, {
      cause: error,
    })
  }
}

/** Groups rows that repeat (or leave empty) the record's own columns: they are further lines of the same document. */
export async function* documents(text: string, columns: readonly (ImportColumn | null)[], id = -1): AsyncGenerator<ImportDocument> {
  const own = columns.flatMap((each, i) => ((each && !each.lines) || i === id ? [i] : []))
  const hasLines = columns.some((each) => each?.lines)
  let open: { rows: CsvRow[] } | null = null
  let isHeader = true
  for await (const row of readCsv(text)) {
    const { cells } = row
    if (isHeader) {
      isHeader = false
      continue
    }
    const first: readonly string[] | undefined = open?.rows[0]?.cells
    const same = hasLines && first !== undefined && (own.every((i) => cells[i] === first[i]) || own.every((i) => (cells[i] ?? '') === ''))
    if (open && same) open.rows.push(row)
    else {
      if (open) yield open
      open = { rows: [row] }
    }
  }
  if (open) yield open
}

/** What each lookup of a batch found: `entity field text` → ids. */
export type Found = ReadonlyMap<string, readonly string[]>
export const lookupKey = (entity: string, field: string, text: string): string => JSON.stringify([entity, field, text])

const isId = (text: string): boolean => isUuid(text.toLowerCase())
const listSeparator = ';'

/** The texts of a batch that must be looked up in fields of one entity. */
export interface Texts {
  readonly entity: string
  readonly field: string
  readonly texts: Set<string>
}

/** By the unique fields; then, of what these did not find, by the title. */
export function lookups(batch: readonly ImportDocument[], columns: readonly (ImportColumn | null)[], found?: Found): readonly Texts[] {
  const wanted = new Map<string, Texts>()
  for (const { rows } of batch) {
    for (const { cells } of rows) {
      columns.forEach((column, i) => {
        if (!column?.lookup) return
        const { entity, fields, title } = column.lookup
        for (const text of names(column, cells[i] ?? '')) {
          const isFound = fields.some((each) => found?.has(lookupKey(entity.id, each.name, text)))
          for (const { name: field } of !found ? fields : title && !isFound ? [title] : []) {
            const key = `${entity.id} ${field}`
            const one = wanted.get(key) ?? { entity: entity.id, field, texts: new Set() }
            wanted.set(key, { ...one, texts: one.texts.add(text) })
          }
        }
      })
    }
  }
  return [...wanted.values()]
}

/** The names in a cell that are not ids: one, or several for a list of references. */
const names = (column: ImportColumn, text: string): string[] => parts(column, text).filter((each) => !isId(each))
const parts = (column: ImportColumn, text: string): string[] =>
  (column.field.lines ? listed(text) : [text]).map((each) => each.trim()).filter((each) => each !== '')

/** `a; b`, or the JSON list that an export writes where that would not do. */
function listed(text: string): string[] {
  try {
    const items: unknown = text.trimStart().startsWith('[') ? JSON.parse(text) : null
    if (Array.isArray(items)) return items.map(String)
  } catch {
    // No JSON after all: a name that begins with a bracket.
  }
  return text.split(listSeparator)
}

/** A document as the body of a create, and which row each of its lines stands in, by the name of the list. */
export interface ImportBody {
  readonly body: Record<string, unknown>
  readonly lineRows: ReadonlyMap<string, readonly number[]>
  readonly faults: readonly CellFault[]
}

/** Faults name row and column. Empty cells say nothing. */
export function toBody({ rows }: ImportDocument, columns: readonly (ImportColumn | null)[], found: Found): ImportBody {
  const faults: CellFault[] = []
  const lineRows = new Map<string, number[]>()
  const body: Record<string, unknown> = {}
  const lines = new Map<string, Record<string, unknown>[]>()
  rows.forEach(({ number, cells }, index) => {
    const line = new Map<string, Record<string, unknown>>()
    if (cells.slice(columns.length).some((each) => each.trim() !== ''))
      faults.push({ row: number, column: null, detail: `The row has ${cells.length} cells, the header ${columns.length}.` })
    columns.forEach((column, i) => {
      const text = cells[i] ?? ''
      if (!column || text.trim() === '' || (!column.lines && index > 0)) return
      const target = column.lines ? (line.get(column.lines.name) ?? {}) : body
      if (column.lines) line.set(column.lines.name, target)
      set(
        target,
        column,
        readCell(column, text, found, (detail) => faults.push({ row: number, column: column.header, detail })),
      )
    })
    for (const [name, values] of line) {
      lines.set(name, [...(lines.get(name) ?? []), values])
      lineRows.set(name, [...(lineRows.get(name) ?? []), number])
    }
  })
  return { body: { ...body, ...Object.fromEntries(lines) }, lineRows, faults }
}

function set(target: Record<string, unknown>, { field, member }: ImportColumn, value: unknown): void {
  if (member === null) target[field.name] = isObject(value) && isObject(target[field.name]) ? { ...value, ...target[field.name]! } : value
  else target[field.name] = { ...(target[field.name] as object | undefined), [member]: value }
}

function readCell(column: ImportColumn, text: string, found: Found, fault: (detail: string) => void): unknown {
  const { field, member, lookup } = column
  if (lookup) {
    const ids = parts(column, text).map((each) => findRecord(lookup, each, found, fault))
    return field.lines ? ids : ids[0]
  }
  const part = member === null ? undefined : fieldOf(field.type).members?.(field.settings).get(member)
  const type = fieldOf(part ? part.type : field.type)
  return (type.fromText ?? type.parse)(text, part ? part.settings : field.settings, (_, detail) => fault(detail))
}

/** What a cell names must be one record, by whichever unique field, or else by its title. */
function findRecord({ entity, fields, title }: Lookup, text: string, found: Found, fault: (detail: string) => void): string | undefined {
  if (isId(text)) return text
  const idsBy = ({ name }: { readonly name: string }) => found.get(lookupKey(entity.id, name, text)) ?? []
  const unique = new Set(fields.flatMap(idsBy))
  const ids = unique.size > 0 ? [...unique] : title ? [...new Set(idsBy(title))] : []
  if (ids.length === 1) return ids[0]
  const all = [...fields, ...(title ? [title] : [])].map((each) => each.title).join(' or ')
  if (ids.length === 0)
    fault(all === '' ? 'The id of a record is expected.' : `No ${entity.title.toLowerCase()} has ${echo(text)} as ${all}.`)
  else if (unique.size > 0)
    fault(
      `${echo(text)} names several records: one by each of ${fields.map((each) => each.title).join(', ')}. Say which field is meant, as in a column "….${fields[0]!.name}".`,
    )
  else fault(`Several ${entity.pluralTitle.toLowerCase()} have ${echo(text)} as ${title!.title}: give the id of the one that is meant.`)
  return undefined
}

/** A problem's pointers (`/operations/0/data/lines/2/quantity`) back in terms of the file. */
export function cellFaults(
  { rows }: ImportDocument,
  { lineRows }: ImportBody,
  columns: readonly (ImportColumn | null)[],
  problem: Problem,
): readonly CellFault[] {
  const first = rows[0]!.number
  if (problem.faults.length === 0) return [{ row: first, column: null, detail: problem.message }]
  return problem.faults.map(({ pointer, detail }: Fault) => {
    const [, , , , name = '', ...below] = pointer.split('/')
    const lines = lineRows.get(name)
    const line = lines?.[Number(below[0])]
    // A key of lines that the database found taken stands for all of them: `/lines/badge`.
    const [field, member] = !lines ? [name, below[0]] : line === undefined ? below : below.slice(1)
    const known = columns.filter((each) => each !== null && (lines ? each.lines?.name === name : !each.lines) && each.field.name === field)
    const column = known.find((each) => each?.member === member) ?? known[0]
    return {
      row: line ?? first,
      column: column?.header ?? null,
      detail: column ? detail : `${pointer.split('/').slice(4).join('.')}: ${detail}`,
    }
  })
}
