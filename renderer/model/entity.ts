import { core } from '../../engine/expressions/core.ts'
import { entityOf, fieldOf, type CatalogueView, type Entity, type Field } from '../api/catalogue.ts'
import { addressOf } from '../api/client.ts'
import type { RecordData } from '../api/records.ts'
import { isMasked, settingsOf } from '../fields/type.ts'

export const listAddress = (entity: Entity): string => `/e/${entity.module}/${entity.plural}`
export const recordAddress = (entity: Entity, id: string): string =>
  entity.kind === 'single' ? listAddress(entity) : `${listAddress(entity)}/${id}`

/** The form of a record; with a field, typing begins there. */
export const editAddress = (entity: Entity, id: string, at?: Field): string =>
  addressOf(entity.kind === 'single' ? `${listAddress(entity)}/single/edit` : `${recordAddress(entity, id)}/edit`, { field: at?.name })

/** What stands where a record has no title of its own (the title is hidden, or empty). */
export const titleOf = (entity: Entity | null, record: RecordData): string => {
  if (typeof record._title === 'string' && record._title !== '') return record._title
  if (entity?.kind === 'single') return entity.title
  const named = entity?.titleField ? record[entity.titleField] : undefined
  return typeof named === 'string' && named !== '' ? named : `${entity?.title ?? 'Record'} ${record.id.slice(-6)}`
}

const system = (name: string, title: string, type: string, target?: string): Field => ({
  id: name,
  name,
  title,
  help: '',
  type,
  settings: {},
  required: true,
  readOnly: true,
  createOnly: false,
  noCopy: false,
  default: undefined,
  defaultsToActor: false,
  index: false,
  reference: target === undefined ? null : { targets: [{ entity: target }], several: false },
  lines: null,
  operators: target === undefined ? ['gte', 'lt', 'gt', 'lte'] : ['eq', 'in', 'ne'],
  sortable: target === undefined,
  group: null,
  measures: [],
  logic: null,
})

/** Properties that every record has; offered as columns, filters and in the record's footer. */
export const systemFields: readonly Field[] = [
  system('created_at', 'Created', 'dateTime'),
  system('created_by', 'Created by', 'reference', core.member),
  system('updated_at', 'Updated', 'dateTime'),
  system('updated_by', 'Updated by', 'reference', core.member),
]

/** A column names a field, or one step along a reference: `company.country`. */
export interface Column {
  readonly path: string
  readonly title: string
  readonly field: Field
  /** The reference that has to be expanded to read the value; null: none. */
  readonly through: string | null
  readonly read: (record: RecordData) => unknown
  /** The record in which the value stands: this one, or the one that is referred to. */
  readonly owner: (record: RecordData) => RecordData | undefined
}

export const isRecord = (value: unknown): value is RecordData => typeof value === 'object' && value !== null && 'id' in value

export const expanded = (record: RecordData | undefined, name: string): RecordData | null => {
  const found = record?._expand?.[name]
  return isRecord(found) ? found : null
}

export function columnOf(catalogue: CatalogueView, entity: Entity, path: string): Column | null {
  const [first = '', second] = path.split('.')
  const field = fieldOf(entity, first) ?? systemFields.find((each) => each.name === first) ?? null
  if (field === null) return null
  if (second === undefined) {
    return {
      path,
      title: field.title,
      field,
      through: field.reference ? first : null,
      read: (record) => record[first],
      owner: (record) => record,
    }
  }
  const targets = field.reference?.targets ?? []
  const target = targets.length === 1 && targets[0] ? entityOf(catalogue, targets[0].entity) : null
  const inner = target && fieldOf(target, second)
  if (!inner) return null
  return {
    path,
    title: `${field.title} · ${inner.title}`,
    field: inner,
    through: first,
    read: (record) => expanded(record, first)?.[second],
    // Of a reference that is not shown, nothing behind it is either.
    owner: (record) => (isMasked(record, first) ? { id: record.id, _masked: [second] } : (expanded(record, first) ?? undefined)),
  }
}

/** References that a list or record wants in the same answer; the server takes only so many, the rest are read by title. */
export const expandOf = (names: readonly (string | null)[]): string =>
  [...new Set(names.filter((name): name is string => name !== null))].slice(0, 8).join(',')

export interface Section {
  readonly title: string
  readonly fields: readonly Field[]
}

/** Sections of the record page and the form; fields that no section names follow at the end. */
export function sectionsOf(entity: Entity, use: (field: Field) => boolean): readonly Section[] {
  const named = entity.display.sections.map(({ title, fields }) => ({
    title,
    fields: fields.map((name) => fieldOf(entity, name)).filter((field): field is Field => field !== null && use(field)),
  }))
  const taken = new Set(named.flatMap((section) => section.fields))
  const rest = entity.fields.filter((field) => use(field) && !taken.has(field))
  return [...named, { title: named.length > 0 ? 'More' : '', fields: rest }].filter((section) => section.fields.length > 0)
}

/**
 * The states that a new record can be in: the first one, and those to which one step of this person's leads from there. Null: the field
 * is no state.
 */
export function startingStates(entity: Entity, field: Field): readonly string[] | null {
  const lifecycle = entity.lifecycles.find((each) => each.field === field.name)
  if (!lifecycle) return null
  const { initial, transitions } = lifecycle
  const ways = transitions.filter(({ from, to }) => to !== initial && (!from || from.includes(initial))).map(({ to }) => to)
  // Where two lead to the same state, it has to be said which is meant.
  return [initial, ...ways.filter((to) => ways.indexOf(to) === ways.lastIndexOf(to))]
}

/** A field as a new record may have it: a state is one of those to start with, and never none. */
export function startingField(entity: Entity, field: Field): Field {
  const states = startingStates(entity, field)
  const { options } = settingsOf(field)
  if (!states || !Array.isArray(options)) return field
  const offered = options.filter(
    (each: unknown) => typeof each === 'object' && each !== null && 'id' in each && states.includes(String(each.id)),
  )
  return { ...field, required: true, settings: { ...settingsOf(field), options: offered } }
}
