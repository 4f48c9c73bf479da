import { systemFields } from '../catalogue/system-fields.ts'
import type { Entity, Field } from '../catalogue/types.ts'
import { fieldOf } from '../fields/index.ts'
import { canonicalType, widerType } from './columnType.ts'
import type { Version } from './policies.ts'
import { refusal } from './types.ts'
import type { ColumnShape, Refusal } from './types.ts'

const own = (name: string, type: string, notNull: boolean, more: Partial<ColumnShape> = {}): ColumnShape => ({
  name,
  type: canonicalType(type),
  collation: null,
  notNull,
  default: null,
  generated: null,
  field: null,
  ...more,
})

const custom = own('custom', 'jsonb', true, { default: "'{}'::jsonb" })
const recordColumns: readonly ColumnShape[] = [
  own('tenant_id', 'uuid', true),
  ...systemFields.map(({ name, column, required }) => own(name, column, required, column === 'text' ? { collation: 'C' } : {})),
  own('deletion_id', 'uuid', false),
  custom,
]
const lineColumns: readonly ColumnShape[] = [
  own('tenant_id', 'uuid', true),
  own('id', 'uuid', true),
  own('parent_id', 'uuid', true),
  own('position', 'integer', true),
  custom,
]
/** The engine's own columns, first in every table. */
const systemColumns = (entity: Entity): readonly ColumnShape[] => (entity.kind === 'line' ? lineColumns : recordColumns)

export const searchColumn = 'bos__search'
/** A tsvector holds at most 1 MiB; the words of this many code points, each with its mark, cannot exceed it. The rest of a longer text is not searched. */
const searchedCharacters = 100_000

/**
 * The stored column with the folded text (`bos.fold`) of a field, or null where the field has none. It exists for fields that are
 * searched, and for those of a unique key that ignores case: an expression index would not do, because a condition that calls
 * bos.fold is not leakproof and under row-level security never becomes an index condition.
 */
export function foldedColumn(field: Field): string | null {
  const name = `${field.columns[0]?.name}__f`
  return field.columns.some((column) => column.name === name && column.generated !== undefined) ? name : null
}

/** SQL text of the words by which `search=` finds a record through this field; null: it is not searchable. */
export const searchedText = (field: Field): string | null => fieldOf(field.type).searched?.(field.id, field.settings) ?? null

/** Unique keys and permissions name fields by id; after a rename the name differs. */
export const fieldNamed = (entity: Entity, name: string): Field | undefined => entity.fieldById.get(name) ?? entity.fieldByName.get(name)

/** Columns of the table that serves all versions of an entity: the engine's own, then by name. Reports what the versions disagree on. */
export function tableColumns(versions: readonly Version[], refusals: Refusal[]): ColumnShape[] {
  const merged = new Map<string, ColumnShape>()
  for (const { entity } of versions) {
    for (const column of versionColumns(entity)) {
      const other = merged.get(column.name)
      const both = other === undefined ? column : mergeColumns(other, column)
      if (both) merged.set(column.name, both)
      else if (other) {
        const why = 'two versions in use store it differently.'
        refusals.push(refusal(entity.id, column.field, describeColumn(other), describeColumn(column), why))
      }
    }
  }
  const search = searchShadow(versions)
  const fields = [...merged.values(), ...(search ? [search] : [])].sort((a, b) => (a.name < b.name ? -1 : 1))
  return [...systemColumns(versions[0]!.entity), ...fields]
}

const versionColumns = (entity: Entity): ColumnShape[] =>
  entity.fields.flatMap((field) =>
    field.columns.map((column) =>
      own(column.name, column.type, false, { collation: column.collation ?? null, generated: column.generated ?? null, field: field.id }),
    ),
  )

function mergeColumns(one: ColumnShape, other: ColumnShape): ColumnShape | null {
  const type = widerType(one.type, other.type)
  if (type === null || one.collation !== other.collation || one.generated !== other.generated || one.field !== other.field) return null
  return { ...one, type }
}

/** Searched fields of all versions in one vector, in order of their names: a further version must not reorder the expression. */
function searchShadow(versions: readonly Version[]): ColumnShape | null {
  const searched = [...new Set(versions.flatMap(({ entity }) => entity.search.flatMap((field) => searchedText(field) ?? [])))].sort()
  if (searched.length === 0) return null
  const text = searched.map((each) => `coalesce(${each}, '')`).join(" || ' ' || ")
  return own(searchColumn, 'tsvector', false, { generated: `bos.search_vector(tenant_id, left(bos.fold(${text}), ${searchedCharacters}))` })
}

export function describeColumn(column: ColumnShape): string {
  return [
    column.type,
    column.collation === null ? '' : `collate "${column.collation}"`,
    column.notNull ? 'not null' : '',
    column.default === null ? '' : `default ${column.default}`,
    column.generated === null ? '' : `generated as ${column.generated}`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}
