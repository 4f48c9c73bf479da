import { findsOne } from '../catalogue/types.ts'
import type { Entity, Field, UniqueKey } from '../catalogue/types.ts'
import { toFunction } from '../expressions/evaluate.ts'
import type { RecordView } from '../expressions/evaluate.ts'
import { fold } from '../fields/fold.ts'

/** What has a place in a unique key: canonical values by field; null: none, or not known yet. */
type ValueOf = (field: Field) => unknown

/** The values by which a row stands in a key; null: it stands in none, since one is missing, or since it is none of the rows that the key is about. */
export function keyOfRow(entity: Entity, { fields, when }: UniqueKey, valueOf: ValueOf): readonly unknown[] | null {
  const values = fields.map((id) => {
    const field = entity.fieldById.get(id)
    return field ? valueOf(field) : null
  })
  if (values.includes(null)) return null
  return when === null || holds(when.root, entity, valueOf) ? values : null
}

/** The same for what the database takes to be the same key. */
export function keyText(values: readonly unknown[], { ignoreCase }: Pick<UniqueKey, 'ignoreCase'>): string {
  const text = JSON.stringify(values)
  return ignoreCase ? fold(text) : text
}

/** The key by which these fields find a record. */
export const keyOver = ({ unique }: Entity, fields: readonly string[]): UniqueKey | undefined =>
  unique.find((key) => findsOne(key) && key.fields.length === fields.length && key.fields.every((each) => fields.includes(each)))

/** The same for a record that is looked for by the fields of a key. */
export function soughtText(entity: Entity, values: ReadonlyMap<string, unknown>): string {
  const sorted = [...values].sort(([a], [b]) => (a < b ? -1 : 1))
  return keyText([entity.id, ...sorted], keyOver(entity, [...values.keys()]) ?? { ignoreCase: false })
}

/** It reads the row alone (`check` sees to that), and its time zone has no say in it. */
function holds(root: NonNullable<UniqueKey['when']>['root'], entity: Entity, valueOf: ValueOf): boolean {
  const self: RecordView = {
    get: (id) => {
      const field = entity.fieldById.get(id)
      return field ? valueOf(field) : null
    },
    related: () => null,
    document: () => null,
    rows: () => [],
  }
  return toFunction(root)({ zone: 'UTC', self, old: null, user: null, settings: null, parameter: () => null, search: () => [] }) === true
}
