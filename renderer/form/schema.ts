import { fieldOf as engineType } from '../../engine/fields/index.ts'
import type { CatalogueView, Entity, Field } from '../api/catalogue.ts'
import { editable } from '../model/entity.ts'

export type Json = { readonly [keyword: string]: unknown }
export type Mode = 'create' | 'edit'

/** Document lines, not the links of a `references` field. */
export const isLines = (field: Field): boolean => field.lines !== null && field.lines.linkField === null

/** Fields a form shows: all that the person may know of, except what the engine alone sets on a record that is not there yet. */
export const formFields = (entity: Entity, mode: Mode): readonly Field[] =>
  entity.fields.filter((field) => mode === 'edit' || editable(entity, field, 'create'))

function schemaOf(catalogue: CatalogueView, field: Field): Json {
  const line = field.lines && isLines(field) ? catalogue.entities[field.lines.entity] : null
  if (line)
    return {
      type: 'array',
      items: objectSchema(
        catalogue,
        line,
        line.fields.filter((each) => !each.readOnly),
      ),
    }
  return engineType(field.type).schema(field.settings, 'create')
}

function objectSchema(catalogue: CatalogueView, entity: Entity, fields: readonly Field[]): Json {
  return {
    type: 'object',
    title: entity.title,
    properties: Object.fromEntries(fields.map((field) => [field.name, { title: field.title, ...schemaOf(catalogue, field) }])),
    required: fields.filter((field) => field.required && !field.readOnly).map((field) => field.name),
  }
}

/** What values are checked against: the very schemas the server's types give, so that both sides say the same. */
export const validationSchema = (catalogue: CatalogueView, entity: Entity, mode: Mode): Json =>
  objectSchema(
    catalogue,
    entity,
    formFields(entity, mode).filter((field) => editable(entity, field, mode)),
  )

/**
 * What rjsf walks on every change: one flat level. Each property is drawn by our registry, so rjsf must neither fill composites
 * and lines with empty defaults nor recurse into them.
 */
export function formSchema(entity: Entity, mode: Mode): { readonly schema: Json; readonly uiSchema: Json } {
  const fields = formFields(entity, mode)
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(
        fields.map((field) => [field.name, { title: field.title, ...(field.help !== '' && { description: field.help }) }]),
      ),
      required: fields.filter((field) => field.required && editable(entity, field, mode)).map((field) => field.name),
    },
    uiSchema: Object.fromEntries(fields.map((field) => [field.name, { 'ui:field': 'registry' }])),
  }
}
