/** What server and screen must see alike in a CSV file, before either reads it. */
const delimiters = [',', ';', '\t'] as const
export type Delimiter = (typeof delimiters)[number]

/**
 * What parts the cells of a file: comma, semicolon (spreadsheets of many countries) or tab, whichever stands most often in the header,
 * quoted names apart. A header of one column has none: then it is a comma.
 */
export function delimiterOf(text: string): Delimiter {
  const counts = new Map<string, number>(delimiters.map((each) => [each, 0]))
  let isQuoted = false
  for (const character of text.replace(/^\ufeff?[\r\n]*/, '')) {
    if (character === '"') isQuoted = !isQuoted
    else if (!isQuoted && (character === '\n' || character === '\r')) break
    else if (!isQuoted && counts.has(character)) counts.set(character, counts.get(character)! + 1)
  }
  return delimiters.reduce((best, each) => (counts.get(each)! > counts.get(best)! ? each : best))
}

/** How the files of spreadsheets begin: a ZIP archive (.xlsx, .ods), or the compound file of old (.xls). */
const workbooks = [
  [0x50, 0x4b, 0x03, 0x04],
  [0xd0, 0xcf, 0x11, 0xe0],
]
export const isWorkbook = (bytes: Uint8Array): boolean => workbooks.some((begin) => begin.every((each, i) => bytes[i] === each))
export const workbookFault = 'This is an Excel workbook; save it as CSV UTF-8.'

/** A cell that a spreadsheet would run as a formula is written with an apostrophe in front, and so is what begins like one written so; numbers stay numbers. */
export const inert = (text: string): string => (/^'*[=+\-@\t\r]/.test(text) && !/^-?\d+(?:\.\d+)?$/.test(text) ? `'${text}` : text)
/** What was written so, as it was; any text there and back is the same. */
export const plain = (text: string): string => (/^'+[=+\-@\t\r]/.test(text) ? text.slice(1) : text)
