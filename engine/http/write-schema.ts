import type { JsonSchema } from '../fields/type.ts'
import type { Access, EntityAccess } from '../records/types.ts'

type Mode = 'create' | 'patch'
interface ObjectSchema extends JsonSchema {
  readonly properties: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
}

/** A compiled schema without the properties that this caller may not write; those of lines likewise. */
export function writeSchema(access: Access, here: EntityAccess, mode: Mode): JsonSchema {
  const { properties, required, ...schema } = here.entity.schemas[mode] as ObjectSchema
  const fixed = (name: string): boolean => {
    const field = here.entity.fieldByName.get(name)
    const isFixed = field && (here.readOnly.has(field.id) || (mode === 'create' && here.fixedOnCreate.has(field.id)))
    return field !== undefined && (!here.visible.includes(field) || isFixed === true)
  }
  const open = Object.entries(properties).filter(([name, property]) => property['readOnly'] !== true && !fixed(name))
  return {
    ...schema,
    properties: Object.fromEntries(open.map(([name, property]) => [name, linesWritten(access, here, name, property, mode)])),
    required: (required ?? []).filter((name) => !fixed(name)),
  }
}

function linesWritten(access: Access, here: EntityAccess, name: string, property: JsonSchema, mode: Mode): JsonSchema {
  const lines = here.entity.fieldByName.get(name)?.lines
  const line = lines && lines.linkField === null ? access.entities.get(lines.entity) : undefined
  if (line === undefined) return property
  const create = writeSchema(access, line, 'create')
  if (mode === 'create') return { ...property, items: create }
  const [merge, list] = property['anyOf'] as readonly [JsonSchema, JsonSchema]
  const patch = { anyOf: [writeSchema(access, line, 'patch'), { type: 'null' }] }
  const patterns = Object.keys(merge['patternProperties'] as object).map((pattern) => [
    pattern,
    pattern.startsWith('^new:') ? create : patch,
  ])
  return {
    ...property,
    anyOf: [
      { ...merge, patternProperties: Object.fromEntries(patterns) },
      { ...list, items: create },
    ],
  }
}
