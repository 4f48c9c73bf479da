import { stringify } from 'csv-stringify/sync'
import { systemFields } from '../catalogue/system-fields.ts'
import type { Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { inert } from '../fields/csv.ts'
import { fieldOf } from '../fields/index.ts'
import { Problem } from '../problems.ts'
import type { Cursors } from './cursor.ts'
import { isTooLarge, listAnswer, parseList } from './list.ts'
import type { ListRequest } from './list.ts'
import { choice, parameterFault } from './parameters.ts'
import type { Selection } from './select.ts'
import { withTitles } from './selection.ts'
import type { Access, Actor, Answer, EntityAccess } from './types.ts'

export interface ExportRequest {
  readonly list: ListRequest
  readonly format: 'csv' | 'jsonl'
  readonly columns: readonly Column[]
}
interface Column {
  readonly header: string
  text(record: ExportedRecord): string
}
type ExportedRecord = Record<string, unknown> & { _expand?: Record<string, { _title?: string | null } | null> }

/** Takes what a list takes, but for limit, cursor and count: everything that matches, page by page. Throws Problem 'parameter-invalid'. */
export function parseExport(
  access: Access,
  here: EntityAccess,
  actor: Actor,
  query: ReadonlyMap<string, readonly string[]>,
  cursors: Cursors,
): ExportRequest {
  const format = choice(query, 'format', ['csv', 'jsonl']) ?? 'csv'
  for (const name of ['limit', 'cursor', 'count'])
    if (query.has(name)) throw parameterFault(name, `An export has everything that matches; it takes no ${name}.`)
  const asked = new Map([...query].filter(([name]) => name !== 'format'))
  asked.set('limit', [String(limits.pageRows)])
  const asList = parseList(access, here, actor, asked, cursors, 'export')
  // What may be done is asked of what stands on a screen.
  const list = { ...asList, selection: { ...asList.selection, rights: [] } }
  if (format === 'jsonl') return { list, format, columns: [] }
  if (list.selection.expand.length > 0 || list.selection.lines.length > 0)
    throw parameterFault('expand', 'A row of CSV is one record; use format=jsonl for related records and lines.')
  const system =
    query.has('fields') || list.deleted ? list.selection.system.filter((name) => query.has('fields') || name === 'deleted_at') : []
  const columns = ['id', ...system].map(plainColumn)
  return {
    list: { ...list, selection: withTitles(access, list.selection) },
    format,
    columns: [...columns, ...list.selection.fields.flatMap((field) => columnsFor(here, field))],
  }
}

/** Whether the same is told of each record, so that one file may go on with the other's pages. */
export function hasColumnsOf(before: ExportRequest, now: ExportRequest): boolean {
  const told = ({ list: { selection, sort }, columns }: ExportRequest): string =>
    JSON.stringify([columns.map((each) => each.header), namesIn(selection), sort.map((key) => [key.path.text, key.descending])])
  return told(before) === told(now)
}

const namesIn = ({ fields, lines, expand, system }: Selection): unknown => [
  fields.map((each) => each.name),
  lines.map(({ field, selection }) => [field.name, namesIn(selection)]),
  expand.map((each) => [
    each.name,
    each.kind === 'inverse' ? namesIn(each.selection) : each.targets.map(({ column, selection }) => [column, namesIn(selection)]),
  ]),
  system,
]

const plainColumn = (name: string): Column => ({ header: name, text: (record) => scalar(record[name]) })

/** A reference is written as people know it, and as its id, which is what an import goes by. */
function columnsFor(here: EntityAccess, field: Field): Column[] {
  const value = (record: ExportedRecord): string => cell(field, record[field.name])
  if (!field.reference) return [{ header: headerOf(here, field), text: value }]
  const title = (record: ExportedRecord): string => record._expand?.[field.name]?._title ?? ''
  const isClear = headerOf(here, field) === field.title && !isTaken(here, field, idHeader(field))
  return [
    { header: headerOf(here, field), text: title },
    { header: isClear ? idHeader(field) : `${field.name}.id`, text: value },
  ]
}

export const idHeader = (field: Field): string => `${field.title} id`

/** The title, unless another field or a system property might be meant by it: an import finds the field again by its header. */
const headerOf = (here: EntityAccess, field: Field): string => (isTaken(here, field, field.title) ? field.name : field.title)

function isTaken(here: EntityAccess, field: Field, header: string): boolean {
  const names = here.visible.flatMap((each) => (each === field ? [] : [each.name, each.title, ...(each.reference ? [idHeader(each)] : [])]))
  return [...names, ...systemFields.map((each) => each.name)].some((each) => each.toLowerCase() === header.trim().toLowerCase())
}

function cell(field: Field, value: unknown): string {
  const type = fieldOf(field.type)
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return ''
  return type.toText ? type.toText(value, field.settings) : scalar(value)
}

const scalar = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)

/**
 * Keyset pages, each a short transaction of its own: an export of any size holds no connection while it is being sent, and no
 * row is skipped or repeated however many are added meanwhile. The first page is read before the answer begins, so that
 * refusals are still problems.
 */
export async function exportPages(
  { list, format, columns }: ExportRequest,
  readPage: (page: ListRequest) => Promise<Record<string, unknown>>,
  cursors: Cursors,
): Promise<Answer> {
  const first = await readWhole(list, readPage)
  async function* pages(): AsyncGenerator<string> {
    if (format === 'csv') yield csv([columns.map((each) => each.header)])
    for (let page = first; ; page = await readWhole(page.next, readPage)) {
      const { data } = JSON.parse(listAnswer(list, page.row, cursors)) as { data: ExportedRecord[] }
      if (data.length > 0)
        yield format === 'csv'
          ? csv(data.map((record) => columns.map((each) => each.text(record))))
          : data.map((record) => `${JSON.stringify(record)}\n`).join('')
      if (page.row['more'] !== true) return
    }
  }
  const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8'
  return {
    status: 200,
    body: pages(),
    headers: { 'Content-Type': type, 'Content-Disposition': `attachment; filename="${list.access.entity.plural}.${format}"` },
  }
}

interface Page {
  readonly row: Record<string, unknown>
  readonly next: ListRequest
}

/** A page within the limit of an answer's size: where records are large, of fewer of them from here on. */
async function readWhole(list: ListRequest, readPage: (page: ListRequest) => Promise<Record<string, unknown>>): Promise<Page> {
  const row = await readPage(list)
  if (!isTooLarge(row)) return { row, next: { ...list, after: JSON.parse(String(row['keys'])) as (string | null)[] | null } }
  if (list.limit === 1) throw new Problem('answer-too-large')
  return readWhole({ ...list, limit: Math.ceil(list.limit / 8) }, readPage)
}

const csv = (rows: readonly (readonly string[])[]): string => stringify(rows.map((row) => row.map(inert)))
