import { core } from '../expressions/core.ts'
import type { Member } from '../expressions/types.ts'
import { fieldOf } from '../fields/index.ts'
import type { JsonSchema } from '../fields/type.ts'

/** What the engine keeps of every record besides its fields. */
export interface SystemField {
  readonly name: string
  readonly title: string
  readonly help?: string
  /** Field type by which it is shown, filtered and sorted; a reference is the record itself, or a person. */
  readonly type: 'reference' | 'integer' | 'dateTime' | 'text'
  /** Where it leads, other than to the record itself. */
  readonly target?: typeof core.member
  /** SQL of its column. */
  readonly column: string
  readonly required: boolean
  /** Lists can be filtered and, where the type has an order, sorted by it. */
  readonly listed: boolean
  /** In answers: always, or only where deleted records are asked for. */
  readonly shown: 'always' | 'deleted'
  /** It is known when a record comes into being, and never changes. */
  readonly isConstant?: true
}

const record = { type: 'reference', column: 'uuid', required: true, listed: true, shown: 'always' } as const
const count = { type: 'integer', column: 'integer', required: true, shown: 'always' } as const
const person = { type: 'reference', target: core.member, column: 'uuid', required: false, listed: true, shown: 'always' } as const
const moment = { type: 'dateTime', column: 'timestamptz(3)', required: true, listed: true, shown: 'always' } as const

/** The one table of system fields, in the order of answers. Tables, schemas, filters, views and reserved names derive from it. */
export const systemFields: readonly SystemField[] = [
  { ...record, name: 'id', title: 'Id', isConstant: true },
  { ...count, name: 'version', title: 'Version', help: 'Counts edits; the first part of the ETag.', listed: true },
  { ...count, name: 'revision', title: 'Revision', help: 'Counts edits and derived changes.', listed: false },
  { ...moment, name: 'created_at', title: 'Created' },
  { ...person, name: 'created_by', title: 'Created by', isConstant: true },
  { name: 'created_via', title: 'Created via', type: 'text', column: 'text', required: true, listed: true, shown: 'always' },
  { ...moment, name: 'updated_at', title: 'Updated' },
  { ...person, name: 'updated_by', title: 'Updated by' },
  { ...moment, name: 'deleted_at', title: 'Deleted', required: false, listed: false, shown: 'deleted' },
]

/** Lines stand at 1 up to here. */
export const lastPosition = 1_000_000

export const systemField = (name: string): SystemField | undefined => systemFields.find((field) => field.name === name)

const types: Readonly<Record<SystemField['type'], JsonSchema>> = {
  reference: { type: 'string', format: 'uuid' },
  integer: { type: 'integer' },
  dateTime: { type: 'string', format: 'date-time' },
  text: { type: 'string' },
}

/** How a system field stands in answers. */
export function systemSchema({ type, title, help, required }: SystemField): JsonSchema {
  const schema = types[type]
  return { ...schema, ...(!required && { type: [schema['type'], 'null'] }), title, ...(help !== undefined && { description: help }) }
}

const positions: readonly Member[] = [
  { kind: 'value', id: 'position', name: 'position', title: 'Position', type: { kind: 'number', whole: true } },
]

/** What expressions can name of it: of a line its place, else what lists are filtered by. `id` is every record's own, which the checker knows. */
export function systemMembers(kind: string, isKnown: (entity: string) => boolean): readonly Member[] {
  if (kind === 'line') return positions
  return systemFields.flatMap(({ name, title, type, target, listed }): Member[] => {
    if (name === 'id' || !listed) return []
    if (target !== undefined) return isKnown(target) ? [{ kind: 'reference', id: name, name, title, entities: [target] }] : []
    const value = fieldOf(type).valueType?.({})
    return value ? [{ kind: 'value', id: name, name, title, type: value }] : []
  })
}
