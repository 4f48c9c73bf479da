import type { Entity, Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { editable } from '../model/editable.ts'

const alone = (entity: Entity): ReadonlySet<string> =>
  new Set(entity.unique.filter((key) => key.fields.length === 1).flatMap((key) => key.fields))

/** The values a duplicate starts with: all that may be typed, but nothing that has to be unique. */
export function copyOf(entity: Entity, record: RecordData): Readonly<Record<string, unknown>> {
  const taken = alone(entity)
  const copied = (field: Field): boolean => editable(entity, field, 'create') && !taken.has(field.name) && !taken.has(field.id)
  return Object.fromEntries(
    entity.fields.filter(copied).flatMap((field) => {
      const value = record[field.name]
      if (value === null || value === undefined) return []
      return [
        [field.name, field.lines !== null && field.lines.linkField === null && Array.isArray(value) ? value.map(withoutIdentity) : value],
      ]
    }),
  )
}

const withoutIdentity = (line: unknown): unknown => {
  if (typeof line !== 'object' || line === null) return line
  return Object.fromEntries(Object.entries(line).filter(([name]) => !['id', 'position', '_title', '_expand', '_masked'].includes(name)))
}
