import { ExactNumber } from './fields/type.ts'

/** Text that is not JSON as we take it; `message` says what and where (line and column, from 1). */
export class JsonFault extends Error {
  constructor(what: string, text: string, at: number) {
    const before = text.slice(0, at)
    const line = before.split('\n').length
    super(`${what} at line ${line}, column ${at - before.lastIndexOf('\n')}`)
    this.name = 'JsonFault'
  }
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const literals = new Map<string, unknown>([
  ['t', true],
  ['f', false],
  ['n', null],
])
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/**
 * RFC 8259 text → plain values. Not JSON.parse, because a request body needs what that cannot do: a limit on depth that holds
 * before anything is built, repeated keys refused (two readers of one body must not see different values), faults with line and
 * column, and numbers whose digits a double cannot hold kept as ExactNumber. A key `__proto__` becomes an ordinary own key.
 */
export function parseJson(text: string, maxDepth: number, maxKeys = Infinity): unknown {
  let at = 0

  const fail = (what: string, where = at): never => {
    throw new JsonFault(where >= text.length ? 'The text ends too early' : what, text, where)
  }
  const skipSpace = (): void => {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      at++
    }
  }

  const readString = (): string => {
    const start = at++
    let escaped = false
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === 34) break
      if (code !== code) fail('', text.length)
      if (code < 32) fail('A control character inside a text must be escaped,')
      if (code === 92) {
        escaped = true
        escape.lastIndex = at
        if (!escape.test(text)) fail('Unknown escape')
        at = escape.lastIndex
      } else {
        at++
      }
    }
    at++
    return escaped ? (JSON.parse(text.slice(start, at)) as string) : text.slice(start + 1, at - 1)
  }

  const readNumber = (): number | ExactNumber => {
    number.lastIndex = at
    if (!number.test(text)) return fail('Expected a value')
    const source = text.slice(at, number.lastIndex)
    at = number.lastIndex
    return exactNumber(source)
  }

  const readLiteral = (first: string): unknown => {
    const value = literals.get(first)
    const word = String(value)
    if (!text.startsWith(word, at)) fail('Expected a value')
    at += word.length
    return value
  }

  const readArray = (depth: number): unknown[] => {
    const list: unknown[] = []
    at++
    skipSpace()
    if (text[at] === ']') {
      at++
      return list
    }
    for (;;) {
      list.push(readValue(depth))
      skipSpace()
      const next = text[at]
      if (next === ']') {
        at++
        return list
      }
      if (next !== ',') fail('Expected "," or "]"')
      at++
    }
  }

  const readObject = (depth: number): Record<string, unknown> => {
    const object: Record<string, unknown> = {}
    let keys = 0
    at++
    skipSpace()
    if (text[at] === '}') {
      at++
      return object
    }
    for (;;) {
      skipSpace()
      const start = at
      if (text[at] !== '"') fail('Expected a key in double quotes')
      if (++keys > maxKeys) fail(`An object with more than ${maxKeys} keys`)
      const key = readString()
      if (Object.hasOwn(object, key)) fail('The same key stands twice,', start)
      skipSpace()
      if (text[at] !== ':') fail('Expected ":"')
      at++
      const value = readValue(depth)
      if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
      else object[key] = value
      skipSpace()
      const next = text[at]
      if (next === '}') {
        at++
        return object
      }
      if (next !== ',') fail('Expected "," or "}"')
      at++
    }
  }

  const readValue = (depth: number): unknown => {
    skipSpace()
    const first = text[at]
    if (first === '"') return readString()
    if (first === '{' || first === '[') {
      if (depth >= maxDepth) fail(`Nested deeper than ${maxDepth} levels`)
      return first === '{' ? readObject(depth + 1) : readArray(depth + 1)
    }
    if (first !== undefined && literals.has(first)) return readLiteral(first)
    return readNumber()
  }

  const value = readValue(0)
  skipSpace()
  if (at < text.length) fail('Unexpected text after the value')
  return value
}

/** A double where it says exactly what the text says; otherwise the text itself. */
function exactNumber(source: string): number | ExactNumber {
  const value = Number(source)
  // Up to 15 significant digits always survive the way into a double and back; plain short texts need no closer look.
  if (source.length <= 15 && !source.includes('e') && !source.includes('E')) return value === 0 ? 0 : value
  if (!Number.isFinite(value)) return new ExactNumber(source)
  return decimal(source) === decimal(String(value)) ? value || 0 : new ExactNumber(source)
}

/** One spelling per numeric value: significant digits and exponent. */
function decimal(source: string): string {
  const [mantissa = '', exponent = '0'] = source.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  const power = Number(exponent) - fraction.length + (digits.length - significant.length)
  return `${mantissa.startsWith('-') ? '-' : ''}${significant}e${power}`
}
