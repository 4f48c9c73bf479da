import { compileExpression } from '../expressions/check.ts'
import type { Context, Root } from '../expressions/check.ts'
import type { Expression, ExpressionFault, Member, Names, Shape, Type } from '../expressions/types.ts'
import type { ValueType } from '../fields/type.ts'
import type { Reporter } from './check.ts'
import { quote } from './shape-faults.ts'
import type { EntityDraft } from './symbols.ts'

/** What all expressions of module files have in common: where they stand, what they may name, and how their faults are told. */

/** What a value may be made of. */
export const valueRoots: readonly Root[] = ['self', 'parent', 'user', 'tenant', 'settings', 'now', 'today']
/** What may decide over a change of the record. */
export const changeRoots: readonly Root[] = [...valueRoots, 'old']
export const boolean: Type = { kind: 'boolean' }

export interface Place {
  readonly draft: EntityDraft
  readonly shape: Shape
  readonly names: Names
  /** Id of the entity that `settings` means; null: there is none. */
  readonly settings: string | null
  readonly report: Reporter
}

export const contextOf = ({ draft, names, settings }: Place, roots: readonly Root[], self = draft.id): Context => ({
  names,
  self,
  roots: new Set(roots),
  settings,
})

export type Report = (detail: string, meant?: string | null) => void

export function expressionOf(place: Place, text: string, roots: readonly Root[], report: Report, expected?: Type): Expression | null {
  const { expression, faults } = compileExpression(text, contextOf(place, roots), expected)
  if (expression) return expression
  tell(text, faults, report)
  return null
}

/** Faults of an expression say where in it they are. */
export function tell(text: string, faults: readonly ExpressionFault[], report: Report): void {
  for (const { start, end, detail } of faults) {
    const part = text.slice(start, end)
    report(part === '' || part === text ? detail : `at ${quote(part)} (character ${start + 1}): ${detail}`)
  }
}

/** Of a property that has a value; references have none. */
export const fieldType = (member: Member | undefined): ValueType | undefined => (member?.kind === 'value' ? member.type : undefined)

export const typeOf = (member: Member | undefined): Type | undefined => {
  if (member?.kind === 'value') return member.type
  return member?.kind === 'reference' ? { kind: 'record', entities: member.entities } : undefined
}
