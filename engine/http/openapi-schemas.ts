import type { Entity, Field } from '../catalogue/types.ts'
import { exactMeasured } from '../fields/exact.ts'
import { fieldOf } from '../fields/index.ts'
import type { JsonSchema, SchemaMode } from '../fields/type.ts'
import { isFormula } from '../records/formulas.ts'
import { fieldNamed } from '../records/parameters.ts'
import { scopedActions } from '../records/reach.ts'
import type { Access, EntityAccess } from '../records/types.ts'
import { upsertKeys } from '../records/write-request.ts'
import { ref, type Names } from './openapi-names.ts'

type Schemas = Readonly<Record<string, JsonSchema>>
interface ObjectSchema extends JsonSchema {
  readonly properties: Schemas
  readonly required?: readonly string[]
}
/** What the schemas of one caller's document are made from. */
export interface SchemaSource {
  readonly access: Access
  readonly names: Names
}

const isReadable = (here: EntityAccess | undefined): here is EntityAccess =>
  here !== undefined && (here.actions.has('list') || here.actions.has('get'))
/** True for rows of a document that stand in it as objects; lists of references are lists of ids. */
export const isLines = (field: Field): boolean => field.lines !== null && field.lines.linkField === null
const isWritable = (here: EntityAccess): boolean => here.actions.has('create') || here.actions.has('update')

/** The components of one entity: how it reads, lists, expands, and what may be written. */
export function entitySchemas(source: SchemaSource, here: EntityAccess): Schemas {
  const { entity } = here
  const { components } = source.names(entity.id)
  const isLine = entity.kind === 'line'
  const schemas: Record<string, JsonSchema> = {}
  if (isReadable(here)) {
    schemas[components['']] = readSchema(source, here)
    if (linesOf(here).length > 0) schemas[components.Document] = documentSchema(source, here)
    if (expansionsOf(source.access, here).length > 0) schemas[components.Expand] = expandSchema(source, here)
  }
  if (here.actions.has('list') && entity.kind !== 'single') schemas[components.List] = listSchema(source, entity)
  if (entity.kind !== 'single' && (here.actions.has('create') || (isLine && isWritable(here))))
    schemas[components.Create] = createSchema(source, here)
  if (here.actions.has('update')) schemas[components.Patch] = patchSchema(source, here)
  if (bulkOperations(here).length > 0) schemas[components.Operation] = operationSchema(source, here)
  return schemas
}

const linesOf = (here: EntityAccess): readonly Field[] => here.visible.filter(isLines)

function readSchema(source: SchemaSource, here: EntityAccess): JsonSchema {
  const { entity } = here
  const { _expand: _, ...properties } = propertiesOf(source, here, 'read')
  const expanded =
    expansionsOf(source.access, here).length > 0 ? { _expand: ref('schemas', source.names(entity.id).components.Expand) } : {}
  const masked = here.visible.filter((field) => here.masks.has(field.id) || isFormula(field)).map((field) => field.name)
  const without = { type: 'array', items: { type: 'string', enum: masked }, description: 'What your roles do not show you in this record.' }
  const denied = entity.kind === 'line' ? [] : scopedActions(here)
  const refused = {
    type: 'array',
    items: { type: 'string', enum: denied },
    description: 'Of one record: what your roles do not let you do with it.',
  }
  const lines = linesOf(here).map((field) => field.name)
  const absent = new Set(['deleted_at', ...(entity.kind === 'line' ? ['parent'] : []), ...lines, ...masked])
  return labelled(entity, {
    properties: {
      ...properties,
      ...expanded,
      ...(masked.length > 0 && { _masked: without }),
      ...(denied.length > 0 && { _denied: refused }),
    },
    required: Object.keys(properties).filter((name) => !absent.has(name)),
  })
}

/** One record by itself brings its lines; in lists they come only with `expand`. */
function documentSchema({ names }: SchemaSource, here: EntityAccess): JsonSchema {
  const { components } = names(here.entity.id)
  const required = linesOf(here).flatMap((field) => (here.masks.has(field.id) ? [] : [field.name]))
  return { allOf: [ref('schemas', components[''])], ...(required.length > 0 && { required }) }
}

function createSchema(source: SchemaSource, here: EntityAccess): JsonSchema {
  const isFixed = ({ id }: Field): boolean => here.readOnly.has(id) || here.fixedOnCreate.has(id)
  const fixed = new Set(here.visible.filter(isFixed).map((field) => field.name))
  const properties = Object.fromEntries(Object.entries(propertiesOf(source, here, 'create')).filter(([name]) => !fixed.has(name)))
  const required = (here.entity.schemas.create as ObjectSchema).required?.filter((name) => name in properties) ?? []
  return labelled(here.entity, { properties, ...(required.length > 0 && { required }) })
}

function patchSchema(source: SchemaSource, here: EntityAccess): JsonSchema {
  const properties = Object.entries(propertiesOf(source, here, 'patch')).map(([name, schema]) => {
    const field = here.entity.fieldByName.get(name)
    return [name, field && here.readOnly.has(field.id) ? { ...schema, readOnly: true } : schema] as const
  })
  return labelled(here.entity, { properties: Object.fromEntries(properties) })
}

const labelled = (
  { title, description }: Entity,
  schema: { readonly properties: Schemas; readonly required?: readonly string[] },
): JsonSchema => ({ type: 'object', title, ...(description && { description }), ...schema, additionalProperties: false })

/** Properties of the compiled schema that the caller may know of; what they refer to is narrowed too. */
function propertiesOf(source: SchemaSource, here: EntityAccess, mode: SchemaMode): Schemas {
  const { entity } = here
  const all = (entity.schemas[mode] as ObjectSchema).properties
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, schema]) => {
      const field = entity.fieldByName.get(name)
      if (!field) return [[name, schema]]
      return here.visible.includes(field) ? [[name, propertySchema(source, field, withDefaultTold(schema), mode)]] : []
    }),
  )
}

function propertySchema(source: SchemaSource, field: Field, schema: JsonSchema, mode: SchemaMode): JsonSchema {
  if (isLines(field)) return linesSchema(source, field, schema, mode)
  const targets = targetsOf(source.access, field)
  if (targets.length > 0 || field.reference !== null) return referenceSchema(source, field, targets, schema, mode)
  return exactSchema(withoutAnything(schema), field.type, field.settings)
}

/** In words, not as `default`: generators of clients (openapi-typescript for one) then take the property for one that is always sent. */
function withDefaultTold({ default: preset, ...schema }: JsonSchema): JsonSchema {
  if (preset === undefined) return schema
  const told = `Default: \`${typeof preset === 'string' ? preset : JSON.stringify(preset)}\`.`
  return { ...schema, description: [schema['description'], told].filter(Boolean).join(' ') }
}

/** "Anything, or null" is anything. */
function withoutAnything(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema
  return Array.isArray(anyOf) && anyOf.some((each) => Object.keys(each as object).length === 0) ? rest : schema
}

/** Exact numbers travel as text: says so, in whole fields and in the parts of composite ones. */
function exactSchema(schema: JsonSchema, typeId: string, settings: unknown): JsonSchema {
  const type = fieldOf(typeId)
  if (type.measured === exactMeasured && [schema['type']].flat().includes('string')) {
    return { ...schema, format: 'decimal', description: [schema['description'], 'An exact number, as text.'].filter(Boolean).join(' ') }
  }
  const members = type.members?.(settings)
  if (!members || typeof schema['properties'] !== 'object') return schema
  const properties = Object.entries(schema['properties'] as Schemas).map(([name, part]) => {
    const member = members.get(name)
    return [name, member ? exactSchema(part, member.type, member.settings) : part] as const
  })
  return { ...schema, properties: Object.fromEntries(properties) }
}

/** Entities that a reference, or list of references, leads to, as far as the caller may know them. */
function targetsOf(access: Access, field: Field): readonly Entity[] {
  const link = field.lines?.linkField ? access.catalogue.entities.get(field.lines.entity)?.fieldByName.get(field.lines.linkField) : field
  return (link?.reference?.targets ?? []).flatMap((target) => access.entities.get(target.entity)?.entity ?? [])
}

function referenceSchema(
  { access }: SchemaSource,
  field: Field,
  targets: readonly Entity[],
  schema: JsonSchema,
  mode: SchemaMode,
): JsonSchema {
  const known = targets.map(({ title, id }) => `${title} (${id})`).join(', ')
  const description = [schema['description'], known && `Refers to: ${known}.`].filter(Boolean).join(' ')
  const described = { ...schema, ...(description && { description }) }
  const properties = schema['properties'] as Schemas | undefined
  if (!field.reference?.several || !properties) return described
  // A stored value may name an entity that this caller does not know: answers do not promise a closed list then.
  const isWhole = field.reference.targets.every((target) => access.entities.has(target.entity))
  const isOpen = targets.length === 0 || (mode === 'read' && !isWhole)
  const entity = isOpen ? { type: 'string' } : { type: 'string', enum: targets.map(({ id }) => id) }
  return { ...described, properties: { ...properties, entity } }
}

/** The compiled schema with the line entity's own components in place of its copies. */
function linesSchema({ access, names }: SchemaSource, field: Field, schema: JsonSchema, mode: SchemaMode): JsonSchema {
  const line = field.lines?.entity ?? ''
  if (!access.entities.has(line)) return schema
  const { components } = names(line)
  const create = ref('schemas', components.Create)
  if (mode !== 'patch') return { ...schema, items: mode === 'read' ? ref('schemas', components['']) : create }
  const [merge, list] = schema['anyOf'] as readonly [JsonSchema, JsonSchema]
  const patterns = Object.keys(merge['patternProperties'] as object).map(
    (pattern) => [pattern, pattern.startsWith('^new:') ? create : { anyOf: [ref('schemas', components.Patch), { type: 'null' }] }] as const,
  )
  return {
    ...schema,
    anyOf: [
      { ...merge, patternProperties: Object.fromEntries(patterns) },
      { ...list, items: create },
    ],
  }
}

function listSchema({ names }: SchemaSource, entity: Entity): JsonSchema {
  const { components } = names(entity.id)
  return {
    type: 'object',
    properties: { data: { type: 'array', items: ref('schemas', components['']) }, page: ref('schemas', 'Page') },
    required: ['data', 'page'],
    additionalProperties: false,
  }
}

/** A relation that `expand` follows. */
export interface Expansion {
  readonly name: string
  readonly kind: 'reference' | 'inverse'
  readonly targets: readonly string[]
}

/** The document of a line, references to records that the caller can read, and inverse relations that the caller can list. */
export function expansionsOf(access: Access, here: EntityAccess): readonly Expansion[] {
  const system = ['created_by', 'updated_by'].flatMap((name) => fieldNamed(here, name) ?? [])
  const references = [...here.visible, ...system].flatMap(({ name, reference }): Expansion[] => {
    const targets = (reference?.targets ?? []).map((target) => target.entity).filter((id) => isReadable(access.entities.get(id)))
    return targets.length > 0 ? [{ name, kind: 'reference', targets }] : []
  })
  const inverses = [...here.entity.inverses].flatMap(([name, inverse]): Expansion[] => {
    const child = access.entities.get(inverse.entity)
    const field = child?.visible.find((each) => each.id === inverse.field)
    const points = field?.reference?.targets.some((target) => target.entity === here.entity.id) === true
    return points && child?.actions.has('list') === true ? [{ name, kind: 'inverse', targets: [inverse.entity] }] : []
  })
  const document = here.entity.parent?.entity
  const parent: Expansion[] = isReadable(access.entities.get(document ?? ''))
    ? [{ name: 'parent', kind: 'reference', targets: [document ?? ''] }]
    : []
  return [...parent, ...references, ...inverses]
}

function expandSchema({ access, names }: SchemaSource, here: EntityAccess): JsonSchema {
  const record = (entity: string): JsonSchema => ref('schemas', names(entity).components[''])
  const properties = expansionsOf(access, here).map(
    ({ name, kind, targets }) =>
      [
        name,
        kind === 'reference'
          ? { anyOf: [...targets.map(record), { type: 'null' }] }
          : {
              type: 'object',
              description: 'The newest ones; `more` says whether there are further ones, to be listed by themselves.',
              properties: { data: { type: 'array', items: record(targets[0] ?? '') }, more: { type: 'boolean' } },
              required: ['data', 'more'],
              additionalProperties: false,
            },
      ] as const,
  )
  return {
    type: 'object',
    description: 'Related records, as far as `expand` asked for them.',
    properties: Object.fromEntries(properties),
    additionalProperties: false,
  }
}

/** What `bulk` takes of this caller. */
export function bulkOperations({ entity, actions }: EntityAccess): readonly ('create' | 'update' | 'delete' | 'restore')[] {
  return entity.kind === 'record' ? (['create', 'update', 'delete', 'restore'] as const).filter((action) => actions.has(action)) : []
}

function operationSchema({ names }: SchemaSource, here: EntityAccess): JsonSchema {
  const { components } = names(here.entity.id)
  const id = { type: 'string', format: 'uuid' }
  const ifMatch = { type: 'string', description: 'The ETag of the record as it was read.' }
  const operation = (op: string, properties: Schemas, required: readonly string[]): JsonSchema => ({
    type: 'object',
    title: op,
    properties: { op: { const: op }, ...properties },
    required: ['op', ...required],
    additionalProperties: false,
  })
  const keys = upsertKeys(here).map((key) => key.id)
  const forms = bulkOperations(here).flatMap((op) => {
    if (op === 'delete' || op === 'restore') return [operation(op, { id, ifMatch }, ['id'])]
    if (op === 'update') return [operation(op, { id, ifMatch, data: ref('schemas', components.Patch) }, ['id', 'data'])]
    const data = ref('schemas', components.Create)
    const upsert = operation(
      'upsert',
      { key: { type: 'string', enum: keys, description: 'The unique key that finds the record.' }, data },
      ['key', 'data'],
    )
    return [operation(op, { data }, ['data']), ...(keys.length > 0 ? [upsert] : [])]
  })
  return { oneOf: forms }
}
