import { fieldOf, isLines, type Entity, type Field } from '../api/catalogue.ts'
import { kindOf } from '../fields/registry.ts'
import { systemFields } from './entity.ts'

/** Lines and long texts are no columns of a list unless a view names them. */
const offered = (field: Field): boolean => !isLines(field)

export const listableFields = (entity: Entity): readonly Field[] => [...entity.fields.filter(offered), ...systemFields]

/** The columns of a list when no view says otherwise: title, status, summary, then the first other fields. */
export function defaultColumns(entity: Entity): readonly string[] {
  const { statusField, summaryFields } = entity.display
  const plain = entity.fields.filter((field) => offered(field) && !kindOf(field).wordy).map((field) => field.name)
  const names = [entity.titleField, statusField, ...summaryFields, ...plain].filter(
    (name): name is string => name !== null && fieldOf(entity, name) !== null,
  )
  return [...new Set(names)].slice(0, 8)
}

/** Up to two or so short facts for cards, chips on hover and search results. */
export function summaryOf(entity: Entity): readonly Field[] {
  const named = entity.display.summaryFields.map((name) => fieldOf(entity, name)).filter((field): field is Field => field !== null)
  const rest = entity.fields.filter((field) => offered(field) && !kindOf(field).wordy && field.name !== entity.titleField)
  return [...new Set([...named, ...(named.length > 0 ? [] : rest.slice(0, 5))])].filter(
    (field) => field.name !== entity.display.statusField,
  )
}
