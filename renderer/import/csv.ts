/** The first rows of a CSV text, for showing; the server reads the file itself. Quotes may hold commas and line ends. */
export function previewCsv(text: string, rows: number): readonly (readonly string[])[] {
  const all: string[][] = []
  let row: string[] = []
  let cell = ''
  let quoted = false
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
    else if (sign === ',' || sign === '\n' || sign === undefined) {
      row.push(cell.replace(/\r$/, ''))
      cell = ''
      if (sign !== ',') {
        if (row.some((each) => each !== '')) all.push(row)
        row = []
      }
    } else cell += sign
  }
  return all
}

const escape = (text: string): string => {
  // A cell that a spreadsheet would run as a formula is written as text.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Rows as CSV text that a spreadsheet opens safely. */
export const writeCsv = (rows: readonly (readonly string[])[]): string => rows.map((row) => row.map(escape).join(',')).join('\r\n')
