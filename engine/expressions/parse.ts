import { limits } from './limits.ts'
import { tokensOf } from './tokens.ts'
import type { Token } from './tokens.ts'
import type { BinaryOperator, ExpressionFault, Span, Syntax } from './types.ts'

export type Parsed =
  | { readonly syntax: Syntax; readonly faults?: undefined }
  /** At least one. Never more than an author can use. */
  | { readonly syntax?: undefined; readonly faults: readonly ExpressionFault[] }

/** How tightly a binary operator binds; all of one strength are read from the left. */
export const strengths: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  in: 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
}
const comparison = 3
export const isOperator = (text: string): text is BinaryOperator => Object.hasOwn(strengths, text)

/** Words of other languages where an operator stands. */
const operatorWords = new Map([
  ['and', 'write && for "and"'],
  ['or', 'write || for "or"'],
  ['not', 'write !(a in b) for "not in"'],
  ['is', 'write == to compare'],
  ['eq', 'write == to compare'],
  ['ne', 'write != for "is not"'],
  ['gt', 'write > for "more than"'],
  ['lt', 'write < for "less than"'],
  ['mod', 'write % for the remainder'],
  ['div', 'write / to divide'],
  ['like', 'write contains(a, b) or startsWith(a, b)'],
  ['contains', 'write contains(a, b)'],
  ['between', 'write a <= x && x <= b'],
  ['in', 'write in with small letters'],
  ['then', 'write a ? b : c for "if a then b else c"'],
  ['else', 'write a ? b : c for "if a then b else c"'],
])
/** Words where a value stands. */
const valueWords = new Map([
  ['not', 'write ! for "not"'],
  ['if', 'write a ? b : c for "if a then b else c"'],
  ['nil', 'write null for "no value"'],
  ['none', 'write null for "no value"'],
  ['undefined', 'write null for "no value"'],
])

/** The first fault of the grammar ends the parse; it never leaves this file. */
class Refusal extends Error {
  readonly fault: ExpressionFault
  constructor({ start, end }: Span, detail: string) {
    super(detail)
    this.fault = { start, end, detail }
  }
}

/** Text → tree. Never throws, and never goes deeper than the limit, whatever the text. */
export function parse(text: string): Parsed {
  if (text.length > limits.characters) {
    const detail = `an expression has at most ${limits.characters} characters; this has ${text.length}`
    return { faults: [{ start: limits.characters, end: text.length, detail }] }
  }
  const { tokens, faults } = tokensOf(text)
  if (faults.length > 0) return { faults }
  try {
    return { syntax: parseTokens(text, tokens) }
  } catch (error) {
    if (error instanceof Refusal) return { faults: [error.fault] }
    throw error
  }
}

function parseTokens(source: string, tokens: readonly Token[]): Syntax {
  let at = 0
  let depth = 0
  let nodes = 0
  let items = 0

  const next = (): Token => tokens[at]!
  const behind = (): number => tokens[at - 1]?.end ?? 0
  const isNext = (sign: string): boolean => next().kind === 'sign' && next().text === sign
  const take = (sign: string): boolean => {
    if (!isNext(sign)) return false
    at++
    return true
  }
  const expect = (sign: string, detail: string): void => {
    if (!take(sign)) refuse(detail)
  }

  /** `detail` for what stands here, unless a word or a number of another language explains it better. */
  function refuse(detail: string): never {
    const token = next()
    const decimal = isNext(',') ? decimalComma(source, tokens[at - 1], tokens[at + 1]) : null
    if (decimal !== null) throw new Refusal(decimal, decimal.detail)
    throw new Refusal(token, (token.kind === 'name' && operatorWords.get(token.text.toLowerCase())) || detail)
  }

  function made<Made extends Syntax>(node: Made): Made {
    nodes++
    if (nodes > limits.nodes) throw new Refusal(node, `an expression has at most ${limits.nodes} parts: divide it`)
    return node
  }

  function within<Result>(read: () => Result): Result {
    depth++
    if (depth > limits.depth) throw new Refusal(next(), `an expression is at most ${limits.depth} levels deep: divide it`)
    const result = read()
    depth--
    return result
  }

  /** `c ? a : b` binds loosest, and its branches may be such again. */
  function readExpression(): Syntax {
    return within(() => {
      const { start } = next()
      const condition = readBinary(1)
      if (!take('?')) return condition
      const then = readExpression()
      expect(':', 'here stands : and the value for the other case: a ? b : c')
      const otherwise = readExpression()
      return made({ kind: 'conditional', condition, then, otherwise, start, end: behind() })
    })
  }

  function readBinary(weakest: number): Syntax {
    const { start } = next()
    let left = readUnary()
    let compared = false
    for (;;) {
      const { text: operator, kind } = next()
      if ((kind !== 'sign' && kind !== 'name') || !isOperator(operator)) return left
      const strength = strengths[operator]
      if (strength < weakest) return left
      if (strength === comparison && compared) throw new Refusal(next(), 'comparisons do not chain: write a < b && b < c')
      compared = strength === comparison
      at++
      const right = within(() => readBinary(strength + 1))
      left = made({ kind: 'binary', operator, left, right, start, end: behind() })
    }
  }

  function readUnary(): Syntax {
    const { start, text: operator, kind } = next()
    if (kind !== 'sign' || (operator !== '!' && operator !== '-')) return readMembers()
    at++
    const operand = within(readUnary)
    return made({ kind: 'unary', operator, operand, start, end: behind() })
  }

  /** What follows a value: `.name`, `.f(a)`. */
  function readMembers(): Syntax {
    const { start } = next()
    let value = readValue()
    for (;;) {
      if (isNext('[')) refuse('there is no counting in lists: write first(list, x, condition), or x in list')
      if (isNext('(')) refuse('only a function can be called: write f(a), or x.f(a)')
      if (!take('.')) return value
      const name = next()
      if (name.kind !== 'name') refuse('behind the point stands a name')
      at++
      const nameSpan = { start: name.start, end: name.end }
      value = take('(')
        ? made({
            kind: 'call',
            name: name.text,
            nameSpan,
            args: [value, ...readItems(')', 'argument')],
            isMethod: true,
            start,
            end: behind(),
          })
        : made({ kind: 'member', of: value, name: name.text, nameSpan, start, end: behind() })
    }
  }

  function readValue(): Syntax {
    const token = next()
    const { start, end, text } = token
    if (token.kind === 'end')
      throw new Refusal(token, at === 0 ? 'write an expression, such as self.amount > 0' : 'a value is missing here')
    at++
    if (token.kind === 'number') return made({ kind: 'literal', type: 'number', value: text, start, end })
    if (token.kind === 'text') return made({ kind: 'literal', type: 'text', value: text, start, end })
    if (token.kind === 'name') return readName(token)
    if (text === '(') {
      const inner = readExpression()
      expect(')', 'here stands ) for the ( before')
      return inner
    }
    if (text === '[') {
      const list = readItems(']', 'item')
      items += list.length
      if (items > limits.listItems) throw new Refusal({ start, end: behind() }, `lists have at most ${limits.listItems} items together`)
      return made({ kind: 'list', items: list, start, end: behind() })
    }
    at--
    if (text === '+') refuse('leave out the +')
    return refuse(`a value is missing before ${text}`)
  }

  function readName({ start, end, text }: Token): Syntax {
    if (isNext('(') && text !== 'in') {
      at++
      const args = readItems(')', 'argument')
      return made({ kind: 'call', name: text, nameSpan: { start, end }, args, isMethod: false, start, end: behind() })
    }
    if (text === 'null') return made({ kind: 'literal', type: 'null', start, end })
    if (text === 'true' || text === 'false') return made({ kind: 'literal', type: 'boolean', value: text === 'true', start, end })
    if (text === 'in') throw new Refusal({ start, end }, 'a value is missing before in')
    const lower = text.toLowerCase()
    const meant = lower === 'true' || lower === 'false' || lower === 'null' ? `write ${lower} with small letters` : valueWords.get(lower)
    if (meant !== undefined) throw new Refusal({ start, end }, meant)
    return made({ kind: 'name', name: text, start, end })
  }

  /** Up to the closing bracket, which it takes. */
  function readItems(closing: ')' | ']', what: string): readonly Syntax[] {
    const read: Syntax[] = []
    if (take(closing)) return read
    do {
      if (read.length > 0 && isNext(closing)) refuse(`an ${what} is missing behind the comma`)
      const item = readExpression()
      // A list of literals is one part, however long: only items are counted.
      if (closing === ']' && item.kind === 'literal') nodes--
      read.push(item)
      if (read.length > limits.listItems) refuse(`lists have at most ${limits.listItems} items`)
    } while (take(','))
    expect(closing, `here stands a comma and another ${what}, or ${closing}`)
    return read
  }

  const syntax = readExpression()
  if (next().kind !== 'end') {
    const surplus = isNext(')') || isNext(']')
    if (isNext(',')) refuse('a comma stands between the arguments of a function, not in a number: write 10000, or 10.5')
    refuse(surplus ? `this ${next().text} closes nothing` : 'an operator is missing before this, such as && or +')
  }
  return syntax
}

/** `10,5` and `10.000,50`, where no list and no function takes two numbers. Three digits behind a comma might be thousands as well. */
function decimalComma(source: string, before: Token | undefined, behind: Token | undefined): ExpressionFault | null {
  if (before?.kind !== 'number' || behind?.kind !== 'number' || behind.start !== before.end + 1) return null
  const [, whole, fraction] = /^(\d+|\d{1,3}\.\d{3}),(\d{1,2}|\d{4,})$/.exec(source.slice(before.start, behind.end)) ?? []
  if (whole === undefined) return null
  const detail = `a number has a point before its decimals: write ${whole.replace('.', '')}.${fraction}`
  return { start: before.start, end: behind.end, detail }
}
