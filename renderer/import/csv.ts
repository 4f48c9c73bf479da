import { delimiterOf, inert, isWorkbook, plain, workbookFault, type Delimiter } from '../../engine/fields/csv.ts'

/** A chosen file as far as it is shown, or why it cannot be one. */
export type Opened =
  { readonly fault: string } | { readonly rows: readonly (readonly string[])[]; readonly delimiter: Delimiter; readonly fault: null }

/** What the server would refuse, and what nobody wants to hear a step later, is said when the file is chosen. */
export function openCsv(bytes: Uint8Array): Opened {
  if (isWorkbook(bytes)) return { fault: workbookFault }
  const text = new TextDecoder().decode(bytes)
  if (text.trim() === '') return { fault: 'The file is empty.' }
  if (/[\ufffd\0]/.test(text)) return { fault: 'The file is not in UTF-8, so some letters cannot be read; save it as CSV UTF-8.' }
  const rows = previewCsv(text, 6)
  if (rows.length < 2) return { fault: 'The file has column names but no rows.' }
  return { rows, delimiter: delimiterOf(text), fault: null }
}

/**
 * The first rows of a CSV text, as the server reads the file itself. Quotes may hold separators and line ends. Empty lines
 * are left out, unless rows are to have the numbers that the server gives them.
 */
export function previewCsv(text: string, rows: number, withEmpty = false): readonly (readonly string[])[] {
  const all: string[][] = []
  let row: string[] = []
  let cell = ''
  let quoted = false
  const delimiter = delimiterOf(text)
  const body = text.replace(/^\uFEFF/, '')
  for (let at = 0; at <= body.length && all.length < rows; at++) {
    const sign = body[at]
    if (quoted) {
      if (sign === '"' && body[at + 1] === '"') cell += body[++at]
      else if (sign === '"') quoted = false
      else if (sign === undefined) {
        // A quote that is never closed: what there is, is the cell.
        quoted = false
        at--
      } else cell += sign
      continue
    }
    if (sign === '"' && cell === '') quoted = true
    else if (sign === delimiter || sign === '\n' || sign === undefined) {
      row.push(plain(cell.replace(/\r$/, '')))
      cell = ''
      if (sign !== delimiter) {
        if (withEmpty || row.length > 1 || row[0] !== '') all.push(row)
        row = []
      }
    } else cell += sign
  }
  return all
}

const escape = (text: string, delimiter: Delimiter): string => {
  const safe = inert(text)
  return /["\n\r]/.test(safe) || safe.includes(delimiter) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Rows as CSV text that a spreadsheet opens safely. */
export const writeCsv = (rows: readonly (readonly string[])[], delimiter: Delimiter = ','): string =>
  rows.map((row) => row.map((cell) => escape(cell, delimiter)).join(delimiter)).join('\r\n')
