import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import type { JsonSchema } from '../fields/type.ts'

/** Id of some record of an entity, or null where there is none yet. */
export type SomeId = (entity: string) => string | null

/**
 * A body that creates a record of any entity, made from its create schema alone: every required field, every reference that `some`
 * can fill, and one line per list of lines. `serial` keeps unique texts apart.
 */
export function specimen(catalogue: Catalogue, entity: Entity, some: SomeId, serial: number): Record<string, unknown> {
  const schema = entity.schemas.create as { properties: Record<string, JsonSchema>; required?: readonly string[] }
  const unique = new Set(entity.unique.flatMap((key) => key.fields))
  const body: Record<string, unknown> = {}
  for (const field of entity.fields) {
    const property = schema.properties[field.name]
    if (property === undefined) continue
    const required = schema.required?.includes(field.name) === true
    const given = required || (unique.has(field.id) && field.type === 'text') ? sample(property, serial) : undefined
    const value = related(catalogue, field, some, serial) ?? (isRelation(field) ? undefined : given)
    if (value !== undefined) body[field.name] = value
    else if (required) throw new Error(`${entity.id}.${field.name} is required, and there is nothing to fill it with`)
  }
  return body
}

const isRelation = (field: Field): boolean => field.reference !== null || field.lines !== null

/** What a reference, a list of references or a list of lines may hold. */
function related(catalogue: Catalogue, field: Field, some: SomeId, serial: number): unknown {
  if (field.reference !== null) {
    const target = field.reference.targets.find((each) => some(each.entity) !== null)
    if (target === undefined) return undefined
    const id = some(target.entity)
    return field.reference.targets.length === 1 ? id : { entity: target.entity, id }
  }
  if (field.lines === null || field.lines.through !== null) return undefined
  const line = catalogue.entities.get(field.lines.entity)
  if (line === undefined) return undefined
  if (field.lines.linkField === null) {
    const needed = line.fields.filter((each) => each.required && each.reference !== null)
    const fillable = needed.every((each) => each.reference?.targets.some((target) => some(target.entity) !== null))
    return fillable ? [specimen(catalogue, line, some, serial)] : undefined
  }
  const target = line.fields.find((each) => each.id === field.lines?.linkField)?.reference?.targets[0]
  const id = target === undefined ? null : some(target.entity)
  return id === null ? undefined : [id]
}

/** A value that the schema accepts. */
function sample(schema: JsonSchema, serial: number): unknown {
  if ('const' in schema) return schema['const']
  const {
    examples,
    enum: options,
    anyOf,
    format,
    pattern,
    minLength,
    maxLength,
    minimum,
  } = schema as {
    examples?: readonly unknown[]
    enum?: readonly unknown[]
    anyOf?: readonly JsonSchema[]
    format?: string
    pattern?: string
    minLength?: number
    maxLength?: number
    minimum?: number
  }
  const type = [schema['type']].flat()[0]
  if (options !== undefined) return options[0]
  if (examples !== undefined) return examples[0]
  if (anyOf !== undefined) return sample(anyOf[0] ?? {}, serial)
  if (type === 'object') {
    const { properties, required } = schema as { properties?: Record<string, JsonSchema>; required?: readonly string[] }
    return Object.fromEntries(
      (required ?? Object.keys(properties ?? {}).slice(0, 1)).map((name) => [name, sample(properties?.[name] ?? {}, serial)]),
    )
  }
  if (type === 'array') return []
  if (type === 'boolean') return true
  if (type === 'integer' || type === 'number') return Math.max(minimum ?? 1, 1)
  if (format === 'date') return new Date(Date.UTC(2024, 0, 1 + serial)).toISOString().slice(0, 10)
  if (format === 'date-time') return '2026-05-17T09:30:00.000Z'
  if (format === 'time') return '09:30:00'
  if (format === 'duration') return 'PT1H'
  if (format === 'email') return `someone${serial}@example.test`
  if (format === 'uri') return `https://example.test/${serial}`
  const word = letters(serial)
    .padStart(Math.max(minLength ?? 1, 3), 'X')
    .slice(-(maxLength ?? 40))
  if (pattern === '^[A-Z]{3}$') return 'EUR'
  // The only patterns are those of field types: one line of text, exact numbers, times, colours, phone numbers.
  return pattern === undefined ? word : [word, '1', '09:30', '#336699'].find((candidate) => new RegExp(pattern, 'u').test(candidate))
}

/** 0 → A, 25 → Z, 26 → BA: unique in few characters, and a plausible currency code once padded. */
const letters = (serial: number): string =>
  (serial >= 26 ? letters(Math.floor(serial / 26)) : '') + String.fromCodePoint(65 + (serial % 26))

/** Entities that can be created, each after those that its required references need. */
export function creationOrder(catalogue: Catalogue): Entity[] {
  const ordered = new Set<Entity>()
  const add = (entity: Entity, trail: readonly Entity[]): void => {
    if (ordered.has(entity) || trail.includes(entity)) return
    const lines = entity.fields.flatMap((field) => catalogue.entities.get(field.lines?.entity ?? '') ?? [])
    for (const field of [entity, ...lines].flatMap((each) => each.fields)) {
      for (const target of field.reference?.targets ?? []) {
        const other = catalogue.entities.get(target.entity)
        if (other !== undefined) add(other, [...trail, entity])
      }
    }
    if (entity.kind === 'record') ordered.add(entity)
  }
  for (const entity of catalogue.entities.values()) add(entity, [])
  return [...ordered]
}
