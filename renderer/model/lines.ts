import type { Entity, Field } from '../api/catalogue.ts'
import { dependenciesOf } from '../../engine/expressions/dependencies.ts'
import { kindOf } from '../fields/registry.ts'
import { isEmpty } from '../fields/type.ts'
import { fieldsRead, isDerived } from './row-logic.ts'

/** The amount of a line: its last exact number that may be summed. Prices and rates before it are not; their sum means nothing. */
export const amountField = (fields: readonly Field[]): Field | null =>
  fields.findLast((field) => kindOf(field).sum !== undefined && field.measures.includes('sum')) ?? null

/** What the document adds up of its lines is their amount; where it adds up nothing, the last that could be added. */
export function amountOf(entity: Entity | null, lines: Field, columns: readonly Field[]): Field | null {
  const totals = entity ? totalsOf(entity, lines) : []
  const added = totals.flatMap(({ logic }) => {
    const root = logic?.derivation?.expression?.root
    return root ? [...(dependenciesOf(root).roots.get('self')?.lines.get(lines.id)?.values ?? [])] : []
  })
  return amountField(columns.filter(({ id }) => id === added[0])) ?? amountField(columns)
}

/** Exact sum of one field over lines; null when there is nothing to add, or when currencies differ. */
export const totalOf = (field: Field, rows: readonly Readonly<Record<string, unknown>>[]): unknown =>
  kindOf(field).sum?.(rows.map((row) => row[field.name]).filter((value) => !isEmpty(value))) ?? null

/** What the module says a list of lines comes to: numbers derived from the lines, and from such numbers in turn. */
export function totalsOf(entity: Entity, lines: Field): readonly Field[] {
  const found = new Set<string>([lines.name])
  const totals: Field[] = []
  for (const field of entity.fields) {
    const expression = field.logic?.derivation?.expression
    if (!isDerived(field) || !expression || kindOf(field).align !== 'end') continue
    if (!fieldsRead(entity, expression.root).some(({ name }) => found.has(name))) continue
    found.add(field.name)
    totals.push(field)
  }
  return totals
}
