import { dependenciesOf } from '../../engine/expressions/dependencies.ts'
import type { Node } from '../../engine/expressions/types.ts'
import { lineOf, type CatalogueView, type Entity, type Field } from '../api/catalogue.ts'

type Row = Readonly<Record<string, unknown>>

/** What expressions say of the document, or of one of its lines. Keys are field names. */
export interface RowLogic {
  /** Values that nobody typed: derived ones, and defaults. */
  readonly values: Row
  /** Derived, but not known here yet. */
  readonly pending: readonly string[]
  readonly hidden: readonly string[]
  readonly required: readonly string[]
  /** What may not be changed now, and the names of the fields on which that depends. */
  readonly locked: Readonly<Record<string, readonly string[]>>
}
export interface Message {
  /** Names and indexes, e.g. ['lines', '2', 'quantity']; empty: the record as a whole. */
  readonly path: readonly string[]
  readonly detail: string
}
export interface FormLogic {
  readonly document: RowLogic
  /** By the id of the line. */
  readonly lines: Readonly<Record<string, RowLogic>>
  readonly faults: readonly Message[]
  readonly warnings: readonly Message[]
  /** Records that expressions read; those that are not read yet are to be. */
  readonly reads: readonly { readonly entity: string; readonly id: string }[]
  /** True: some of those are not there yet. */
  readonly waits: boolean
  /** What only the server can work out hangs on this; null: there is nothing of that kind. */
  readonly question: string | null
}

export const emptyRow: RowLogic = { values: {}, pending: [], hidden: [], required: [], locked: {} }
export const noLogic: FormLogic = { document: emptyRow, lines: {}, faults: [], warnings: [], reads: [], waits: false, question: null }

/** Whether expressions say anything of an entity or its lines at all. */
export function hasLogic(catalogue: CatalogueView, entity: Entity): boolean {
  const lines = entity.fields.map((field) => lineOf(catalogue, field))
  return (
    entity.rules.length > 0 || entity.fields.some(({ logic }) => logic !== null) || lines.some((line) => line && hasLogic(catalogue, line))
  )
}

/** Worked out, never typed. A copy that people may change is an ordinary field with a value to begin with. */
export const isDerived = (field: Field): boolean => field.logic?.derivation != null && field.readOnly

/** Something gives it a value where nobody does: emptying it is then a wish of its own. */
export const hasDefault = (field: Field): boolean =>
  (field.default !== null && field.default !== undefined) ||
  field.defaultsToActor ||
  (field.logic != null && (field.logic.default !== null || field.logic.derivation?.overridable === true))

const selfOf = (root: Node) => dependenciesOf(root).roots.get('self')

/** The fields of the same record that an expression reads. */
export function fieldsRead(entity: Entity, root: Node): readonly Field[] {
  const self = selfOf(root)
  const ids = new Set([...(self?.values ?? []), ...(self?.hops.keys() ?? []), ...(self?.lines.keys() ?? []), ...(self?.links.keys() ?? [])])
  return entity.fields.filter((field) => ids.has(field.id))
}

/** Whether it follows from what the form itself holds; otherwise it says nothing before the record is there. */
export function livesInForm(entity: Entity, field: Field): boolean {
  const expression = field.logic?.derivation?.expression
  return expression != null && (fieldsRead(entity, expression.root).length > 0 || (selfOf(expression.root)?.document ?? null) !== null)
}

/** Where a derived value comes from, in a few words. */
export function sourceWords(entity: Entity, field: Field): string {
  const expression = field.logic?.derivation?.expression
  const titles = expression ? fieldsRead(entity, expression.root).map(({ title }) => title) : []
  return titles.length === 0 ? 'Calculated' : `Calculated from ${titles.slice(0, 4).join(', ')}`
}

/**
 * Overridden copies that give way when `changed` is chosen anew: names of the fields whose copy hangs on it.
 */
export const copiesOf = (entity: Entity, changed: string): readonly Field[] =>
  entity.fields.filter(({ name, logic }) => {
    const copy = logic?.derivation
    return name !== changed && copy?.overridable === true && copy.expression !== null && readsField(entity, copy.expression.root, changed)
  })

const readsField = (entity: Entity, root: Node, name: string): boolean => fieldsRead(entity, root).some((field) => field.name === name)
