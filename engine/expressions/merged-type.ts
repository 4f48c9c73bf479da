import type { ValueType } from '../fields/type.ts'
import type { Type } from './types.ts'

/** The one type that two values have together; undefined: none. */
export function joined(a: ValueType, b: ValueType): ValueType | undefined {
  if (a.kind === 'number' && b.kind === 'number') return { kind: 'number', whole: a.whole && b.whole }
  if (a.kind === 'text' && b.kind === 'text') return a.options !== undefined && sameOptions(a.options, b.options) ? a : { kind: 'text' }
  if (a.kind === 'list' && b.kind === 'list') {
    const of = joined(a.of, b.of)
    return of && { kind: 'list', of }
  }
  return a.kind === b.kind ? a : undefined
}
export type Options = Extract<ValueType, { kind: 'text' }>['options']
const sameOptions = (a: Options, b: Options): boolean =>
  a === b || (a?.length === b?.length && a!.every((each, i) => each.id === b![i]!.id))

/** What alternatives that may stand beside each other have in common: numbers are whole when all are, texts have options when all have the same. */
export function mergedType(types: readonly Type[]): Type {
  const typed = types.filter((each) => each.kind !== 'null')
  return typed.length === 0 ? { kind: 'null' } : typed.reduce<Type>(merged, typed[0]!)
}

function merged(a: Type, b: Type): Type {
  if (a.kind === 'record' && b.kind === 'record') return { kind: 'record', entities: [...new Set([...a.entities, ...b.entities])] }
  if (a.kind === 'null' || b.kind === 'null' || a.kind === 'rows' || b.kind === 'rows' || a.kind === 'record' || b.kind === 'record')
    return a
  return joined(a, b) ?? a
}
