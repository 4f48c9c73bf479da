import { isLines, lineOf, type CatalogueView, type Entity, type Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { editable, newLineId } from '../model/editable.ts'
import { startingStates } from '../model/entity.ts'
import { same } from '../model/same.ts'
import { hasDefault } from '../model/row-logic.ts'
import { changeLines, freshLine, linesOf, rowOf } from './lines-change.ts'
import { formFields, type Mode } from './schema.ts'

export type FormData = Readonly<Record<string, unknown>>

/** What a create form begins with: the fields' defaults, then what the place it was opened from knows. */
export function initialData(catalogue: CatalogueView, entity: Entity, given: FormData): FormData {
  const defaults = Object.fromEntries(
    entity.fields
      .filter((field) => !field.readOnly)
      .flatMap((field) => {
        if (field.defaultsToActor && catalogue.me.member !== null) return [[field.name, catalogue.me.member]]
        return field.default === undefined || field.default === null ? [] : [[field.name, field.default]]
      }),
  )
  const lines = Object.fromEntries(
    entity.fields.filter(isLines).flatMap((field) => {
      const value = given[field.name]
      return Array.isArray(value)
        ? [[field.name, value.map((line: unknown) => ({ ...(typeof line === 'object' ? line : {}), id: newLineId() }))]]
        : []
    }),
  )
  return { ...defaults, ...given, ...lines, ...startOf(entity, given) }
}

/** What a new record cannot be in, such as the state of the one that it is a copy of, it does not begin with. */
const startOf = (entity: Entity, given: FormData): FormData =>
  Object.fromEntries(
    entity.fields.flatMap((field) => {
      const [initial, ...others] = startingStates(entity, field) ?? []
      if (initial === undefined) return []
      const asked = given[field.name] ?? field.default
      return [[field.name, others.find((each) => each === asked) ?? initial]]
    }),
  )

/** The values of a record that a form may show, by field name. */
export const dataOf = (entity: Entity, record: RecordData): FormData =>
  Object.fromEntries(formFields(entity, 'edit').map((field) => [field.name, record[field.name] ?? undefined]))

/** Emptied parts of a value are absent, not wrong. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null && each !== undefined && each !== '')
      .map(([name, each]) => [name, withoutEmpty(each)]),
  )
}

export function createBody(catalogue: CatalogueView, entity: Entity, data: FormData): Record<string, unknown> {
  return Object.fromEntries(
    formFields(entity, 'create').flatMap((field) => {
      if (!editable(entity, field, 'create')) return []
      const value = data[field.name]
      const line = lineOf(catalogue, field)
      if (line) return linesOf(value).length === 0 ? [] : [[field.name, linesOf(value).map((each) => freshLine(catalogue, line, each))]]
      if (value === null && hasDefault(field) && !field.required) return [[field.name, null]]
      return value === null || value === undefined || value === '' ? [] : [[field.name, withoutEmpty(value)]]
    }),
  )
}

/** Only what differs from the record: another person's edits of other fields stay. */
export function patchBody(catalogue: CatalogueView, entity: Entity, record: RecordData, data: FormData): Record<string, unknown> {
  return Object.fromEntries(
    formFields(entity, 'edit')
      .filter((field) => editable(entity, field, 'edit', record))
      .flatMap((field) => {
        const line = lineOf(catalogue, field)
        if (line) {
          const change = changeLines(catalogue, line, linesOf(record[field.name]), linesOf(data[field.name]))
          return change === null ? [] : [[field.name, change]]
        }
        return same(record[field.name], data[field.name]) ? [] : [[field.name, data[field.name] ?? null]]
      }),
  )
}

/** A pointer into a body as a path of the form: lines named by id become rows; members of a value show at the value. */
export function placeIn(
  catalogue: CatalogueView,
  entity: Entity,
  mode: Mode,
  data: FormData,
): (parts: readonly string[]) => readonly string[] | null {
  return (parts) => placeAmong(catalogue, formFields(entity, mode), data, parts)
}

function placeAmong(
  catalogue: CatalogueView,
  fields: readonly Field[],
  data: FormData,
  [name = '', row, ...inside]: readonly string[],
): readonly string[] | null {
  const field = fields.find((each) => each.name === name)
  if (!field) return null
  const rows = linesOf(data[name])
  const at = isLines(field) && row !== undefined ? rowOf(rows, row) : null
  if (at === null) return [name]
  const line = lineOf(catalogue, field)
  return [name, String(at), ...((line && placeAmong(catalogue, line.fields, rows[at] ?? {}, inside)) ?? [])]
}
