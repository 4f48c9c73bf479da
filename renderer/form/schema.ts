import type { Entity, Field } from '../api/catalogue.ts'
import { editable } from '../model/editable.ts'
import { isDerived } from '../model/row-logic.ts'

export type Json = { readonly [keyword: string]: unknown }
export type Mode = 'create' | 'edit'

/** Fields a form shows: all that the person may know of, except what the engine sets by itself on a record that is not there yet. */
export const formFields = (entity: Entity, mode: Mode): readonly Field[] =>
  entity.fields.filter((field) => mode === 'edit' || editable(entity, field, 'create') || isDerived(field))

/** What POST or PATCH takes from this person, as the server compiled it. */
export const bodySchema = (entity: Entity, mode: Mode): Json => entity.schemas[mode === 'create' ? 'create' : 'patch']

/**
 * What rjsf walks on every change: one flat level of names. Each property is drawn by our registry, so rjsf must neither fill
 * composites and lines with empty defaults nor recurse into them; what a value may be is judged by the body's schema alone.
 */
export function formSchema(entity: Entity, mode: Mode): { readonly schema: Json; readonly uiSchema: Json } {
  const fields = formFields(entity, mode)
  return {
    // A property without any keyword would not be drawn at all.
    schema: { type: 'object', properties: Object.fromEntries(fields.map(({ name, title }) => [name, { title }])) },
    uiSchema: Object.fromEntries(fields.map(({ name }) => [name, { 'ui:field': 'registry' }])),
  }
}
