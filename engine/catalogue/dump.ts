import type { Column } from '../fields/type.ts'
import type { Catalogue } from './types.ts'

/**
 * Part of a catalogue as stable, reviewable JSON text: maps as objects, sets as sorted lists, short values on one line.
 * `name` is a module or an entity (by id, or by name as in `crm.deal`). Null: there is none.
 */
export function dump(catalogue: Catalogue, name: string): string | null {
  const found = find(catalogue, name)
  return found === null ? null : `${text(plain(found), '')}\n`
}

/** As `dump`, without schemas and without whatever is false, empty or said twice: short enough to read every change of it. */
export function outline(catalogue: Catalogue, name: string): string | null {
  const found = find(catalogue, name)
  return found === null ? null : `${text(essence(plain(found)), '')}\n`
}

function find(catalogue: Catalogue, name: string): object | null {
  const entity = catalogue.entities.get(name) ?? [...catalogue.entities.values()].find((each) => `${each.module}.${each.name}` === name)
  const module = catalogue.modules.get(name)
  if (entity !== undefined || module === undefined) return entity ?? null
  const { hash: _, ...stable } = module
  return {
    ...stable,
    entities: Object.fromEntries([...catalogue.entities.values()].filter((each) => each.module === name).map((each) => [each.id, each])),
  }
}

function essence(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(essence)
  if (typeof value !== 'object' || value === null) return value
  const members = value as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(members)
      .filter(([key]) => key !== 'schemas')
      .map(([key, inner]) => [key, key === 'fields' && isFields(inner) ? fieldLines(inner) : essence(inner)])
      .filter(
        ([key, inner]) => !isNothing(inner) && !(inner === 'module' && key === 'layer') && !(key === 'id' && inner === members['name']),
      ),
  )
}

type Plain = Readonly<Record<string, unknown>>
const isNothing = (value: unknown): boolean =>
  value === false || value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
const isFields = (value: unknown): value is Plain[] => Array.isArray(value) && value.every((each) => typeof each === 'object')

/** Fields by name, their columns as in a table definition. */
function fieldLines(fields: readonly Plain[]): Plain {
  return Object.fromEntries(
    fields.map(({ name, columns, ...rest }) => {
      const shown = (columns as readonly Column[]).map(
        (column) =>
          `${column.name} ${column.type}${column.collation ? ` collate ${column.collation}` : ''}${column.generated ? ` = ${column.generated}` : ''}`,
      )
      return [name, essence({ ...rest, ...(rest['id'] === name && { id: '' }), columns: shown })]
    }),
  )
}

function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [String(key), plain(inner)]))
  if (value instanceof Set) return [...value].map(String).sort()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  // Both hold `fields` once more, under other keys.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => inner !== undefined && key !== 'fieldByName' && key !== 'fieldById')
      .map(([key, inner]) => [key, reference(key, inner) ?? plain(inner)]),
  )
}

/** Fields that an entity names are shown by name: they stand in `fields` in full. */
function reference(key: string, value: unknown): unknown {
  if (key === 'titleField' && value !== null) return (value as { name: string }).name
  if (key === 'search' && Array.isArray(value)) return value.map((field) => (field as { name: string }).name)
  return undefined
}

const lineLength = 200

function text(value: unknown, indent: string): string {
  const short = JSON.stringify(value)
  if (typeof value !== 'object' || value === null || short.length + indent.length <= lineLength) return short
  const inner = `${indent}  `
  const parts = Array.isArray(value)
    ? value.map((each) => inner + text(each, inner))
    : Object.entries(value).map(([key, each]) => `${inner}${JSON.stringify(key)}: ${text(each, inner)}`)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`
}
