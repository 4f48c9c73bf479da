import { numberingExpressions } from './types.ts'
import type { Catalogue, Entity, Field } from './types.ts'
import type { Expression, Needs } from '../expressions/types.ts'

/** Something that an expression reads. */
export interface Input {
  readonly entity: string
  /** Null: that there are records at all. */
  readonly field: string | null
  /** It stands in the document of which the expression is. */
  readonly isOwn: boolean
}

/** Everything that an expression reads, wherever it reads it. */
export function inputsOf({ dependencies: { roots, searched } }: Pick<Expression, 'dependencies'>): Input[] {
  const found = new Map<string, Input>()
  const add = (entity: string, field: string | null, isOwn: boolean): void =>
    void found.set(`${entity}/${field ?? ''} ${isOwn}`, { entity, field, isOwn })
  const visit = (needs: Needs, isOwn: boolean): void => {
    for (const field of [...needs.values, ...needs.hops.keys(), ...needs.lines.keys(), ...needs.links.keys()])
      add(needs.entity, field, isOwn)
    for (const [key, below] of needs.inverse) add(below.entity, key.slice(below.entity.length + 1), false)
    for (const below of [...needs.hops.values(), ...needs.links.values(), ...needs.inverse.values()]) {
      add(below.entity, null, false)
      visit(below, false)
    }
    for (const below of needs.lines.values()) visit(below, isOwn)
    if (needs.document) visit(needs.document, isOwn)
  }
  for (const [root, needs] of roots) visit(needs, root === 'self' || root === 'old')
  for (const needs of searched.values()) {
    add(needs.entity, null, false)
    visit(needs, false)
  }
  return [...found.values()]
}

/** The fields among them, as `entity/field`. */
export const readsOf = (expression: Pick<Expression, 'dependencies'>): string[] => [
  ...new Set(inputsOf(expression).flatMap(({ entity, field }) => (field === null ? [] : [`${entity}/${field}`]))),
]

/** What the value of a field is made of; nothing, of what people give. That an amount is in euros does not tell who says so. */
export function madeOf(entity: Entity, { id, logic }: Field): readonly Input[] {
  if (entity.tree?.path.id === id) {
    const parent = { entity: entity.id, field: entity.tree.parent.id }
    // Above it are those that other records name.
    return [
      { ...parent, isOwn: true },
      { ...parent, isOwn: false },
    ]
  }
  if (!logic) return []
  const { derivation, numbering } = logic
  const numbered = numbering ? numberingExpressions({ ...numbering, scope: [] }) : []
  return [...(derivation ? [derivation.expression] : []), ...numbered].flatMap(inputsOf)
}

/** The document that a line is part of, and what stands before the ids of its fields there. */
export function withinDocument(catalogue: Catalogue, { id, parent }: Entity): { readonly document: string; readonly prefix: string } {
  const above = parent && catalogue.entities.get(parent.entity)
  if (!above) return { document: id, prefix: '' }
  const { document, prefix } = withinDocument(catalogue, above)
  return { document, prefix: `${prefix}${parent.field}.` }
}
