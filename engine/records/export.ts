import { stringify } from 'csv-stringify/sync'
import type { Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { fieldOf } from '../fields/index.ts'
import type { Cursors } from './cursor.ts'
import { listAnswer, parseList } from './list.ts'
import type { ListRequest } from './list.ts'
import { choice } from './parameters.ts'
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

/** Takes what a list takes, but for limit and cursor: everything that matches, page by page. */
export function parseExport(access: Access, here: EntityAccess, actor: Actor, query: ReadonlyMap<string, readonly string[]>, cursors: Cursors): ExportRequest {
  const format = choice(query, 'format', ['csv', 'jsonl']) ?? 'csv'
  const asked = new Map([...query].filter(([name]) => !['format', 'limit', 'cursor', 'count'].includes(name)))
  asked.set('limit', [String(limits.pageRows)])
  if (format === 'csv') {
    asked.delete('expand')
    const list = parseList(access, here, actor, asked, cursors, 'export')
    const columns = [idColumn, ...list.selection.fields.flatMap(columnsFor)]
    const titles = list.selection.fields.filter((field) => field.reference)
    if (titles.length === 0) return { list, format, columns }
    asked.set('expand', [titles.map((field) => field.name).join(',')])
    asked.set('fields', [[...list.selection.fields.map((field) => field.name), ...titles.map((field) => `${field.name}._title`)].join(',')])
    return { list: parseList(access, here, actor, asked, cursors, 'export'), format, columns }
  }
  return { list: parseList(access, here, actor, asked, cursors, 'export'), format, columns: [] }
}

const idColumn: Column = { header: 'id', text: (record) => String(record['id']) }

function columnsFor(field: Field): Column[] {
  const value: Column = { header: field.name, text: (record) => cell(field, record[field.name]) }
  if (!field.reference) return [value]
  return [value, { header: `${field.name}._title`, text: (record) => record._expand?.[field.name]?._title ?? '' }]
}

function cell(field: Field, value: unknown): string {
  if (value === null || value === undefined) return ''
  const type = fieldOf(field.type)
  if (type.toText) return type.toText(value, field.settings)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/**
 * Keyset pages, each a short transaction of its own: an export of any size holds no connection while it is being sent, and no
 * row is skipped or repeated however many are added meanwhile. The first page is read before the answer begins, so that
 * refusals are still problems.
 */
export async function exportPages({ list, format, columns }: ExportRequest, readPage: (page: ListRequest) => Promise<Record<string, unknown>>, cursors: Cursors): Promise<Answer> {
  const first = await readPage(list)
  async function* pages(): AsyncGenerator<string> {
    if (format === 'csv') yield csv([columns.map((each) => each.header)])
    for (let page = first, after = list.after; ; page = await readPage({ ...list, after })) {
      const { data } = JSON.parse(listAnswer(list, page, cursors)) as { data: ExportedRecord[] }
      if (data.length > 0) yield format === 'csv' ? csv(data.map((record) => columns.map((each) => each.text(record)))) : data.map((record) => `${JSON.stringify(record)}\n`).join('')
      if (page['more'] !== true) return
      after = JSON.parse(String(page['keys'])) as (string | null)[]
    }
  }
  const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8'
  return { status: 200, body: pages(), headers: { 'Content-Type': type, 'Content-Disposition': `attachment; filename="${list.access.entity.plural}.${format}"` } }
}

/** A cell that a spreadsheet would run as a formula gets an apostrophe in front (import takes it off again); numbers stay numbers. */
const inert = (text: string): string => (/^[=+\-@\t\r]/.test(text) && !/^-?\d+(?:\.\d+)?$/.test(text) ? `'${text}` : text)

const csv = (rows: readonly (readonly string[])[]): string => stringify(rows.map((row) => row.map(inert)))
