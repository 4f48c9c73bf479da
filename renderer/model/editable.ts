import { may, type Entity, type Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { isExcept } from '../../engine/records/decide-frozen.ts'
import { isDenied, isMasked } from '../fields/type.ts'
import type { RowLogic } from './row-logic.ts'

type Row = Readonly<Record<string, unknown>>

/** Whether this person may, as far as roles say: of all such records, or of this one. */
export const mayWith = (entity: Entity, record: Row | null | undefined, action: string): boolean =>
  may(entity, action) && !isDenied(record, action)

/** A state changes by the steps that lead from it. */
export const isState = (entity: Entity, field: Field): boolean => entity.lifecycles.some((each) => each.field === field.name)

/** What is said of a field wherever it stands: in a record, or in a line of one. */
export const isOpen = (field: Field, row: Row | null | undefined, isStored: boolean, logic?: RowLogic): boolean =>
  !field.readOnly &&
  !(isStored && field.createOnly) &&
  !isMasked(row, field.name) &&
  logic?.locked[field.name] === undefined &&
  (field.lines?.through === undefined || field.lines.through === null)

/** One place decides what may be typed into: everything else is shown as text. Of lines, `editableLine` says which of their values. */
export const editable = (entity: Entity, field: Field, mode: 'create' | 'edit', record?: Row | null, logic?: RowLogic): boolean =>
  isOpen(field, record, mode === 'edit', logic) &&
  !(mode === 'edit' && (isState(entity, field) || (record && !leavesOpen(entity, record, field.id)))) &&
  (mode === 'create' ? entity.actions.includes('create') : mayWith(entity, record, 'update'))

/** Where lines are stored: in which document, and through which lists of it. */
export interface LinesAt {
  readonly entity: Entity
  readonly record: RecordData
  readonly lists: readonly Field[]
}
const pathOf = ({ lists }: LinesAt): string => lists.map(({ id }) => id).join('.*.')

/** A key of a line that the server has not seen begins so. */
export const isNew = (line: { readonly id: string }): boolean => line.id.startsWith('new:')

/** A draft keeps it over a reload, where others are added. */
export const newLineId = (): string => `new:${crypto.randomUUID()}`

/** The same of a value in a line; `at` null: its document is not stored yet. */
export const editableLine = (at: LinesAt | null, field: Field, row: Row & { readonly id: string }, logic?: RowLogic): boolean =>
  isOpen(field, row, !isNew(row), logic) && (at === null || leavesOpen(at.entity, at.record, `${pathOf(at)}.*.${field.id}`))

/** Whether lines may come and go, and change places. */
export const growing = (at: LinesAt | null): boolean => at === null || !isFrozen(at.entity, at.record, pathOf(at))

/** The states of a record that freeze it: by the names of their fields, with the paths that stay open. */
export const locksOf = (entity: Entity, record: Row): readonly { readonly field: string; readonly except: readonly string[] }[] =>
  entity.lifecycles.flatMap(({ field, states }) => {
    const value = record[field]
    const state = typeof value === 'string' ? states[value] : undefined
    return state?.frozen ? [{ field, except: state.except }] : []
  })

const frozenStates = (entity: Entity, record: Row, path: string) =>
  locksOf(entity, record).filter(({ field: name }) => entity.fields.find((each) => each.name === name)?.id !== path)

const isFrozen = (entity: Entity, record: Row, path: string): boolean =>
  frozenStates(entity, record, path).some((state) => !isExcept(state, path))

/** A list of lines is open also where only something in its lines is. */
const leavesOpen = (entity: Entity, record: Row, path: string): boolean =>
  frozenStates(entity, record, path).every((state) => isExcept(state, path) || state.except.some((each) => each.startsWith(`${path}.`)))
