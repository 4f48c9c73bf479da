/** Text by code points, and the case of letters as PostgreSQL's pg_c_utf8 has it: one code point for each. */

/** What JavaScript's trim takes away. */
export const whitespace =
  '\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff'

const beyond = /[\ud800-\udbff][\udc00-\udfff]/g

export function lengthOf(text: string): number {
  const pairs = text.match(beyond)
  return pairs === null ? text.length : text.length - pairs.length
}

/** The UTF-16 offset behind so many code points. */
function offsetOf(text: string, count: number): number {
  if (count >= text.length) return text.length
  let offset = 0
  for (let n = 0; n < count && offset < text.length; n++) offset += text.codePointAt(offset)! > 0xffff ? 2 : 1
  return offset
}

/** Code points from `from` up to `to`. */
export function slice(text: string, from: number, to?: number): string {
  if (to !== undefined && to <= from) return ''
  return text.slice(offsetOf(text, from), to === undefined ? undefined : offsetOf(text, to))
}

const ascii = /^[\0-\x7f]*$/

export function lower(text: string): string {
  return ascii.test(text) ? text.toLowerCase() : Array.from(text, lowerOf).join('')
}
export function upper(text: string): string {
  return ascii.test(text) ? text.toUpperCase() : Array.from(text, upperOf).join('')
}

const isOne = (text: string): boolean => text.length === (text.codePointAt(0)! > 0xffff ? 2 : 1)

function lowerOf(letter: string): string {
  const full = letter.toLowerCase()
  // Only İ has a small form of several code points; its simple one is i.
  return isOne(full) ? full : letter === '\u0130' ? 'i' : letter
}

function upperOf(letter: string): string {
  const full = letter.toUpperCase()
  if (isOne(full)) return full
  const code = letter.codePointAt(0)!
  // Greek letters with a iota below: their full capital is two letters, their simple one has the iota beside it.
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCodePoint(code | 8)
  return code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3 ? String.fromCodePoint(code + 9) : letter
}
