/** What stands in a text field: where the selection begins and ends. */
export interface Writing {
  readonly text: string
  readonly start: number
  readonly end: number
}
/** Text that takes the place of what stands between two offsets, and the selection afterwards. */
export interface Edit {
  readonly from: number
  readonly to: number
  readonly insert: string
  readonly start: number
  readonly end: number
}

const closings: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ["'", "'"],
  ['"', '"'],
])
const isQuote = (char: string): boolean => char === "'" || char === '"'

/** Brackets and quotes come in pairs: what a typed character does; null: what it does anywhere. */
export function paired({ text, start, end }: Writing, typed: string): Edit | null {
  const closing = closings.get(typed)
  const next = text.charAt(end)
  // What a backslash makes part of a text neither ends nor begins one.
  if (openQuote(text, start) !== null && isEscaped(text, start)) return null
  if (start === end && next === typed && (typed === ')' || typed === ']' || (isQuote(typed) && openQuote(text, start) === typed)))
    return { from: start, to: start, insert: '', start: start + 1, end: start + 1 }
  if (closing === undefined) return null
  if (start !== end) return { from: start, to: end, insert: typed + text.slice(start, end) + closing, start: start + 1, end: end + 1 }
  const stands = openQuote(text, start) !== null || /[\w'"([]/.test(next)
  // Behind a letter a quote is an apostrophe, or ends something.
  if (stands || (isQuote(typed) && /[\w'"]/.test(text.charAt(start - 1)))) return null
  return { from: start, to: start, insert: typed + closing, start: start + 1, end: start + 1 }
}

/** Backspace between the two of an empty pair takes both. */
export function unpaired({ text, start, end }: Writing): Edit | null {
  const before = text.charAt(start - 1)
  if (start !== end || start === 0 || closings.get(before) !== text.charAt(start)) return null
  if (isQuote(before) && openQuote(text, start) !== before) return null
  return { from: start - 1, to: start + 1, insert: '', start: start - 1, end: start - 1 }
}

const isEscaped = (text: string, offset: number): boolean => (/\\*$/.exec(text.slice(0, offset))?.[0].length ?? 0) % 2 === 1

/** The quote within which an offset stands; null: within none. */
function openQuote(text: string, offset: number): string | null {
  let open: string | null = null
  for (let at = 0; at < offset; at++) {
    const char = text.charAt(at)
    if (open !== null && char === '\\') at++
    else if (char === open) open = null
    else if (open === null && isQuote(char)) open = char
  }
  return open
}
