import type { BinaryOperator, Syntax } from './types.ts'

/** Syntax that the engine makes stands in no text. */
export const nowhere = { start: 0, end: 0 }
/** A root, a variable, or the first word of an entity's name. */
export const word = (text: string): Syntax => ({ ...nowhere, kind: 'name', name: text })
export const memberOf = (of: Syntax, text: string): Syntax => ({ ...nowhere, kind: 'member', of, name: text, nameSpan: nowhere })
export const call = (text: string, args: readonly Syntax[]): Syntax => ({
  ...nowhere,
  kind: 'call',
  name: text,
  nameSpan: nowhere,
  args,
  isMethod: false,
})
export const binary = (operator: BinaryOperator, left: Syntax, right: Syntax): Syntax => ({
  ...nowhere,
  kind: 'binary',
  operator,
  left,
  right,
})

/** The same with something else in the place of these names: roots and variables, not members. */
export function withNames(syntax: Syntax, others: Readonly<Record<string, Syntax>>): Syntax {
  const turn = (each: Syntax): Syntax => withNames(each, others)
  switch (syntax.kind) {
    case 'literal':
      return syntax
    case 'name':
      return Object.hasOwn(others, syntax.name) ? others[syntax.name]! : syntax
    case 'member':
      return { ...syntax, of: turn(syntax.of) }
    case 'list':
      return { ...syntax, items: syntax.items.map(turn) }
    case 'unary':
      return { ...syntax, operand: turn(syntax.operand) }
    case 'binary':
      return { ...syntax, left: turn(syntax.left), right: turn(syntax.right) }
    case 'conditional':
      return { ...syntax, condition: turn(syntax.condition), then: turn(syntax.then), otherwise: turn(syntax.otherwise) }
    case 'call':
      return { ...syntax, args: syntax.args.map(turn) }
  }
}
