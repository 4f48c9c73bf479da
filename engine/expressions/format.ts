import { strengths } from './parse.ts'
import type { Syntax } from './types.ts'

/** Of everything but binary operators: how tightly it holds together. */
const loosest = 0
const comparison = strengths['==']
const unary = 6
const tightest = 7

/** A tree as text in the one normal style, with parentheses only where they are needed: it parses to the same tree. */
export const format = (syntax: Syntax): string => print(syntax, loosest)

function strengthOf(syntax: Syntax): number {
  if (syntax.kind === 'conditional') return loosest
  if (syntax.kind === 'binary') return strengths[syntax.operator]
  return syntax.kind === 'unary' ? unary : tightest
}

function print(syntax: Syntax, weakest: number): string {
  const text = bare(syntax)
  return strengthOf(syntax) < weakest ? `(${text})` : text
}

function bare(syntax: Syntax): string {
  switch (syntax.kind) {
    case 'literal':
      if (syntax.type === 'null') return 'null'
      return syntax.type === 'text' ? quoted(syntax.value) : String(syntax.value)
    case 'name':
      return syntax.name
    case 'member':
      return `${receiver(syntax.of)}.${syntax.name}`
    case 'list':
      return `[${syntax.items.map((item) => print(item, loosest)).join(', ')}]`
    case 'unary':
      return `${syntax.operator}${print(syntax.operand, unary)}`
    case 'binary': {
      const strength = strengths[syntax.operator]
      // Comparisons do not chain: neither side is one without parentheses.
      const left = print(syntax.left, strength === comparison ? strength + 1 : strength)
      return `${left} ${syntax.operator} ${print(syntax.right, strength + 1)}`
    }
    case 'conditional':
      return `${print(syntax.condition, 1)} ? ${print(syntax.then, loosest)} : ${print(syntax.otherwise, loosest)}`
    case 'call': {
      const [first, ...rest] = syntax.args
      const args = syntax.isMethod ? rest : syntax.args
      const before = syntax.isMethod && first !== undefined ? `${receiver(first)}.` : ''
      return `${before}${syntax.name}(${args.map((each) => print(each, loosest)).join(', ')})`
    }
  }
}

/** `5.abs()` would be read as a number that goes on. */
const receiver = (syntax: Syntax): string =>
  syntax.kind === 'literal' && syntax.type === 'number' ? `(${syntax.value})` : print(syntax, tightest)

const escapes = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\t', '\\t'],
  ['\r', '\\r'],
])

/** In single quotes, or in double ones where that saves escapes. */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const inside = text.replace(/[\\\p{Cc}\u2028\u2029'"]/gu, (char) => {
    if (char === "'" || char === '"') return char === quote ? `\\${char}` : char
    return escapes.get(char) ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return quote + inside + quote
}
