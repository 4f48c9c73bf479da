import { lineOf, type CatalogueView, type Entity } from '../api/catalogue.ts'
import { isOpen, newLineId } from './editable.ts'

type Values = Readonly<Record<string, unknown>>

/** What a copy of a record, or of one of its lines, begins with: all that may be typed and is meant to be copied, and nothing that has to be unique. */
export function copyOf(catalogue: CatalogueView, entity: Entity, record: Values): Values {
  const alone = new Set(entity.unique.flatMap(({ fields: [only, ...others] }) => (only !== undefined && others.length === 0 ? [only] : [])))
  return Object.fromEntries(
    entity.fields.flatMap((field) => {
      const value = record[field.name]
      if (field.noCopy || alone.has(field.id) || !isOpen(field, record, false) || value === null || value === undefined) return []
      const line = lineOf(catalogue, field)
      return [[field.name, line && Array.isArray(value) ? value.map((row: Values) => lineCopy(catalogue, line, row)) : value]]
    }),
  )
}

/** A copy of a line is a new line. */
export const lineCopy = (catalogue: CatalogueView, line: Entity, row: Values): Values & { readonly id: string } => ({
  ...copyOf(catalogue, line, row),
  id: newLineId(),
})
