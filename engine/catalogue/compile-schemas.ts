import { fieldOf } from '../fields/index.ts'
import type { JsonSchema, SchemaMode } from '../fields/type.ts'
import { lastPosition, systemFields, systemSchema } from './system-fields.ts'
import type { SystemField } from './system-fields.ts'
import type { Entity, Field } from './types.ts'

/** An entity before its schemas: they need the fields of its lines. */
export type WithoutSchemas = Omit<Entity, 'schemas'>

const uuid = { type: 'string', format: 'uuid' }
const orNull = (schema: JsonSchema): JsonSchema => {
  const { type } = schema
  if (typeof type !== 'string' && !Array.isArray(type)) return { anyOf: [schema, { type: 'null' }] }
  const options = schema['enum'] as readonly unknown[] | undefined
  return { ...schema, type: [type, 'null'].flat(), ...(options && { enum: [...options, null] }) }
}

const systemOf = (shown: SystemField['shown']): Record<string, JsonSchema> =>
  Object.fromEntries(systemFields.flatMap((field) => (field.shown === shown ? [[field.name, systemSchema(field)]] : [])))
const systemSchemas = systemOf('always')
const answerSchemas: Readonly<Record<string, JsonSchema>> = {
  ...systemOf('deleted'),
  _title: { type: ['string', 'null'], description: 'What the record is recognised by; null when the caller may not see it.' },
  _expand: { type: 'object', description: 'Related records by relation, when asked for with `expand`.' },
}

/**
 * The three plain JSON Schemas (2020-12) of an entity, as clients, forms and validators read them. `read` describes a whole
 * record (`fields=` narrows answers); `create` what POST takes; `patch` what PATCH takes, with values that may only be repeated
 * unchanged marked readOnly.
 */
export function schemasOf(entity: WithoutSchemas, entities: ReadonlyMap<string, WithoutSchemas>): Entity['schemas'] {
  return { read: readSchema(entity, entities), create: createSchema(entity, entities), patch: patchSchema(entity, entities) }
}

function object(entity: WithoutSchemas, properties: Record<string, JsonSchema>, required: readonly string[]): JsonSchema {
  return {
    type: 'object',
    title: entity.title,
    ...(entity.description && { description: entity.description }),
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
}

function readSchema(entity: WithoutSchemas, entities: ReadonlyMap<string, WithoutSchemas>): JsonSchema {
  const own = Object.fromEntries(entity.fields.map((field) => [field.name, property(field, 'read', entities)]))
  if (entity.kind === 'line') {
    const parent = { type: 'string', format: 'uuid', title: 'Document', description: 'Where lines are asked for by themselves.' }
    const place = { id: systemSchemas['id']!, position: { type: 'integer', title: 'Position' }, parent }
    return object(entity, { ...place, ...own }, ['id', 'position', ...Object.keys(own)])
  }
  return object(entity, { ...systemSchemas, ...own, ...answerSchemas }, [...Object.keys(systemSchemas), ...Object.keys(own)])
}

function createSchema(entity: WithoutSchemas, entities: ReadonlyMap<string, WithoutSchemas>): JsonSchema {
  const fields = entity.fields.filter((field) => !field.readOnly && !field.lines?.through)
  const own = Object.fromEntries(fields.map((field) => [field.name, property(field, 'create', entities)]))
  const required = fields.filter((field) => field.required && !isFilled(field)).map((field) => field.name)
  return object(entity, entity.kind === 'line' ? { ...linePlace, ...own } : own, required)
}

/** Something gives it a value where a body gives none. */
export const isFilled = ({ default: given, defaultsToActor, logic }: Field): boolean =>
  given !== undefined || defaultsToActor || (logic !== null && (logic.default !== null || logic.derivation !== null))

function patchSchema(entity: WithoutSchemas, entities: ReadonlyMap<string, WithoutSchemas>): JsonSchema {
  const own = Object.fromEntries(
    entity.fields.map((field) => {
      const schema = property(field, 'patch', entities)
      return [field.name, field.readOnly || field.createOnly || field.lines?.through ? { ...schema, readOnly: true } : schema]
    }),
  )
  return object(entity, entity.kind === 'line' ? { ...linePlace, ...own } : own, [])
}

/** A line that is sent back may carry its id; position orders lines. */
const linePlace = { id: uuid, position: { type: 'integer', title: 'Position', minimum: 1, maximum: lastPosition } }

function property(field: Field, mode: SchemaMode, entities: ReadonlyMap<string, WithoutSchemas>): JsonSchema {
  const value = valueSchema(field, mode, entities)
  // A required field never reads as null; lists are empty instead.
  const filled = field.lines !== null || field.required
  const labels = { title: field.title, ...(field.help && { description: field.help }) }
  const preset = mode === 'create' && field.default !== undefined ? { default: field.default } : {}
  return { ...(filled ? value : orNull(value)), ...labels, ...preset }
}

function valueSchema(field: Field, mode: SchemaMode, entities: ReadonlyMap<string, WithoutSchemas>): JsonSchema {
  const own = fieldOf(field.type).schema(field.settings, mode)
  const line = field.lines && field.lines.linkField === null ? entities.get(field.lines.entity) : undefined
  if (line === undefined) return own
  if (mode === 'read') return { ...own, items: readSchema(line, entities) }
  const list = { ...own, items: createSchema(line, entities) }
  if (mode === 'create') return list
  const merge: JsonSchema = {
    type: 'object',
    description: 'Lines by id: an object changes the line, null removes it; `new:1` adds one.',
    patternProperties: {
      '^new:[A-Za-z0-9_-]{1,40}$': createSchema(line, entities),
      '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$': orNull(patchSchema(line, entities)),
    },
    additionalProperties: false,
  }
  return { anyOf: [merge, { ...list, description: 'All lines anew; with `?replace=` only.' }] }
}
