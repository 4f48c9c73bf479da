import { readDecimal, write } from '../fields/decimals.ts'
import { limits } from './limits.ts'
import type { ExpressionFault, Span } from './types.ts'

export interface Token extends Span {
  /** sign: an operator or a bracket. end: behind the last. */
  readonly kind: 'name' | 'number' | 'text' | 'sign' | 'end'
  /** The name, the sign, canonical decimal text, or the text that a literal stands for. */
  readonly text: string
}

const signs = ['&&', '||', '==', '!=', '<=', '>=', '<', '>', '!', '+', '-', '*', '/', '%', '?', ':', '.', ',', '(', ')', '[', ']']

/** What people write who know another language, longest first: what it means here, and how the reading goes on. */
const slips: readonly (readonly [sign: string, meant: string, advice: string])[] = [
  ['===', '==', 'write == to compare'],
  ['!==', '!=', 'write != for "is not"'],
  ['<>', '!=', 'write != for "is not"'],
  ['=>', '>=', 'write >= for "at least"'],
  ['=<', '<=', 'write <= for "at most"'],
  ['=', '==', 'write == to compare; an expression changes nothing'],
  ['&', '&&', 'write && for "and"'],
  ['|', '||', 'write || for "or"'],
  ['??', '||', 'write coalesce(a, b) for the first value that is there'],
  ['?.', '.', 'write a point alone: what is read of nothing is null'],
  ['//', '/', 'there are no comments in expressions'],
  ['/*', '/', 'there are no comments in expressions'],
  ['**', '*', 'write power(a, b)'],
  ['^', '*', 'write power(a, b)'],
  ['≠', '!=', 'write != for "is not"'],
  ['≤', '<=', 'write <= for "at most"'],
  ['≥', '>=', 'write >= for "at least"'],
  ['×', '*', 'write * to multiply'],
  ['·', '*', 'write * to multiply'],
  ['÷', '/', 'write / to divide'],
  ['−', '-', 'write - for minus'],
  ['–', '-', 'write - for minus'],
  ['—', '-', 'write - for minus'],
]
/** What people write where a number begins, as elsewhere: what it means here, and what is said of it. */
const habits: readonly (readonly [written: RegExp, kind: 'number' | 'text', meant: (found: RegExpExecArray) => string, advice: string])[] =
  [
    [/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}[\d:.]*(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w.])/, 'text', ([found]) => found, 'a date stands in quotes'],
    [
      /^(\d{1,2})\.(\d{1,2})\.(\d{4})(?![\w.])/,
      'text',
      ([, day, month, year]) => `${year}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}`,
      'a date is year, month and day, in quotes',
    ],
    [
      /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?![\w.])/,
      'text',
      ([, month, day, year]) => `${year}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}`,
      'a date is year, month and day, in quotes',
    ],
    // With a comma two arguments of a function look the same, but for a part that begins with 0.
    [
      /^\d{1,3}(?:(?:,\d{3})*,0\d{2}(?:,\d{3})*|(?:'\d{3})+)(?:\.\d+)?(?![\w.,'])/,
      'number',
      ([found]) => found.replaceAll(/[,']/g, ''),
      'there is no sign between the thousands of a number',
    ],
    [
      /^\d{1,3}(?:\.\d{3}){2,}(?![\w.])/,
      'number',
      ([found]) => found.replaceAll('.', ''),
      'there is no sign between the thousands of a number',
    ],
    [/^(\d+(?:\.\d+)?)%(?=\s*(?:$|&&|\|\||[),?:\]]))/, 'number', ([, number]) => number!, 'percentages are plain numbers'],
  ]
const otherQuotes = /[“”„‟‘’‚‛«»‹›`´]/u

/** Cuts a text into tokens. Goes on behind a fault where it can guess what was meant, so that an author learns more than the first. */
export function tokensOf(text: string): { readonly tokens: readonly Token[]; readonly faults: readonly ExpressionFault[] } {
  const tokens: Token[] = []
  const faults: ExpressionFault[] = []
  let at = 0

  const fault = (start: number, end: number, detail: string): void => {
    faults.push({ start, end, detail })
  }
  const add = (kind: Token['kind'], start: number, value: string): void => {
    tokens.push({ kind, text: value, start, end: at })
  }

  function readName(start: number): void {
    const [name] = /^[A-Za-z_][A-Za-z0-9_]*/.exec(text.slice(start))!
    at += name.length
    add('name', start, name)
  }

  function readNumber(start: number): void {
    for (const [written, kind, meaning, advice] of habits) {
      const found = written.exec(text.slice(start, start + 60))
      if (!found) continue
      const meant = meaning(found)
      at += found[0].length
      fault(start, at, `${advice}: write ${kind === 'text' ? `'${meant}'` : meant}`)
      return add(kind, start, meant)
    }
    const [number, whole = '', fraction] = /^(\d*)(?:\.(\d+))?/.exec(text.slice(start))!
    at += number.length
    const [behind] = /^(?:\.(?!\d)|[\w.])*/.exec(text.slice(at))!
    if (behind !== '') {
      at += behind.length
      fault(start, at, numberAdvice(number, behind))
    } else if (whole === '') fault(start, at, `a number begins with a digit: write 0${cut(number)}`)
    else if (number.length > limits.digits) fault(start, at, `a number has at most ${limits.digits} digits`)
    else if (/^0\d/.test(whole)) fault(start, at, `a number does not begin with 0: write ${number.replace(/^0+(?=\d)/, '')}`)
    else return add('number', start, canonicalNumber(whole, fraction))
    add('number', start, '0')
  }

  function readText(start: number): void {
    const quote = text[start]!
    let value = ''
    at++
    while (at < text.length && text[at] !== quote) {
      const char = text[at]!
      if (char === '\\') value += readEscape()
      else if (char === '\n' || char === '\r') break
      else {
        value += char
        at++
      }
    }
    if (text[at] === quote) at++
    else fault(start, at, `this text does not end: write ${quote} behind it${at < text.length ? ', and \\n for a new line inside' : ''}`)
    if (value.includes('\0')) fault(start, at, 'a text cannot hold the character U+0000')
    else if (!value.isWellFormed()) fault(start, at, 'a text cannot hold half of a surrogate pair')
    add('text', start, value)
  }

  function readEscape(): string {
    const start = at
    const rest = text.slice(at + 1, at + 12)
    const plain = /^[\\'"ntr]/.exec(rest)?.[0]
    const code = /^u(?:([0-9A-Fa-f]{4})|\{([0-9A-Fa-f]{1,6})\})/.exec(rest)
    at += 1 + (plain ?? code?.[0] ?? rest.slice(0, 1)).length
    if (plain !== undefined) return escapes.get(plain) ?? plain
    const point = code === null ? Number.NaN : Number.parseInt(code[1] ?? code[2]!, 16)
    if (point <= 0x10ffff) return String.fromCodePoint(point)
    fault(start, at, 'after \\ stands one of \\ \' " n t r, or u and four hexadecimal digits; write \\\\ for \\ itself')
    return ''
  }

  function readSign(start: number): void {
    const slip = slips.find(([sign]) => text.startsWith(sign, start))
    const sign = signs.find((each) => text.startsWith(each, start))
    if (slip !== undefined && (sign === undefined || slip[0].length > sign.length)) {
      at += slip[0].length
      fault(start, at, slip[2])
      return add('sign', start, slip[1])
    }
    at += sign?.length ?? String.fromCodePoint(text.codePointAt(start)!).length
    if (sign !== undefined) return add('sign', start, sign)
    const char = text.slice(start, at)
    if (otherQuotes.test(char)) {
      const end = text.slice(at).search(otherQuotes)
      at = end < 0 ? text.length : at + end + 1
      fault(start, at, `put texts in straight quotes: ' or "`)
      return add('text', start, '')
    }
    fault(start, at, strange.get(char) ?? `${char.isWellFormed() ? `"${char}"` : 'this character'} means nothing in an expression`)
  }

  while (at < text.length && faults.length < limits.faults) {
    const char = text[at]!
    if (/[\s\u00a0\ufeff]/u.test(char)) at++
    else if (/[A-Za-z_]/.test(char)) readName(at)
    else if (/\d/.test(char) || (char === '.' && /^\.\d/.test(text.slice(at, at + 2)) && !endsValue(tokens.at(-1)))) readNumber(at)
    else if (char === "'" || char === '"') readText(at)
    else readSign(at)
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length })
  return { tokens, faults }
}

const escapes = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
])

const strange = new Map([
  [';', 'an expression is one value: leave out the ;'],
  ['{', 'there are no { } in expressions: put lists in [ ]'],
  ['}', 'there are no { } in expressions: put lists in [ ]'],
  ['$', 'leave out the $: names stand alone, as in self.amount'],
  ['@', 'leave out the @: names stand alone, as in self.amount'],
])

const endsValue = (token: Token | undefined): boolean =>
  token !== undefined && (token.kind === 'name' || token.text === ')' || token.text === ']') && token.text !== 'in'

const cut = (text: string): string => (text.length > 20 ? `${text.slice(0, 20)}…` : text)

function numberAdvice(number: string, behind: string): string {
  const exponent = /^[eE]([+-]?\d+)?$/.test(behind)
  if (exponent) return 'write the number out: 1000000, not 1e6'
  if (behind === '.') return `a digit stands behind the point: write ${cut(number)}.0 or ${cut(number)}`
  if (/^\.[A-Za-z_]/.test(behind)) return `put the number in parentheses: (${cut(number)})${cut(behind)}`
  if (/^_\d/.test(behind)) return 'write the digits of a number without a sign between them'
  return `"${cut(number + behind)}" is neither a number nor a name`
}

function canonicalNumber(whole: string, fraction: string | undefined): string {
  const value = readDecimal(fraction === undefined ? whole : `${whole}.${fraction}`)!
  return write(value, value.scale)
}
