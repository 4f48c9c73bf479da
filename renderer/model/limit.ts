import type { Field as FieldView } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import type { Field } from '../../engine/catalogue/types.ts'
import { dependenciesOf } from '../../engine/expressions/dependencies.ts'
import { exchange } from '../../engine/expressions/transform.ts'
import type { Node } from '../../engine/expressions/types.ts'
import { rowsOf } from '../../engine/records/decide-draft.ts'
import type { Draft } from '../../engine/records/decide-draft.ts'
import { derived, type FormSituation } from './logic.ts'

type Row = Readonly<Record<string, unknown>>

/** Which records a limited reference (`where`) takes, as far as that is known here. The server judges what is chosen. */
export interface Limit {
  /** What a list can be asked for: fields of the candidate that must equal something of the document. */
  readonly query: Readonly<Record<string, string>>
  readonly fits: (candidate: RecordData) => boolean
}

/** `rowId`: the line that has the reference; null: the document itself. */
export function limitOf(situation: FormSituation, data: Row, rowId: string | null, field: FieldView): Limit | null {
  const { formulas, draft } = derived(situation, data)
  const row = rowIn(draft, rowId)
  const own = row?.entity.fieldById.get(field.id)
  const where = own?.logic?.where
  if (!row || !own || !where) return null
  const target = situation.catalogue.entities[field.reference?.targets[0]?.entity ?? '']
  const query = conjuncts(where.root).flatMap((part): (readonly [string, string])[] => {
    const sides = equality(part)
    const chosen = sides && [sides, sides.toReversed()].find(([left, right]) => isOfChosen(left!, own) && isOfDocument(right!, own))
    const [left, right] = chosen ?? []
    if (left?.kind !== 'field' || !right) return []
    const name = target?.fields.find((each) => each.id === left.field)?.name
    const value = formulas.value({ ...where, type: right.type, root: right, dependencies: dependenciesOf(right) }, row)
    return name === undefined || (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      ? []
      : [[name, String(value)]]
  })
  return {
    query: Object.fromEntries(query),
    fits(candidate) {
      const read: FormSituation['read'] = (entity, id) => (id === candidate.id ? candidate : situation.read(entity, id))
      const tried = derived({ ...situation, read }, placed(data, rowId, field, candidate.id))
      const there = rowIn(tried.draft, rowId)
      return !there || tried.formulas.holds(where, there) !== false
    },
  }
}

const rowIn = (draft: Draft, id: string | null): Draft | undefined =>
  id === null ? draft : [...rowsOf(draft)].find((each) => each.id === id)

/** The data with the reference set, in the document or in the line that has it. */
function placed(data: Row, rowId: string | null, field: FieldView, id: string): Row {
  if (rowId === null || data['id'] === rowId) return { ...data, [field.name]: id }
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? value.map((row: unknown) => (typeof row === 'object' && row !== null && 'id' in row ? placed(row as Row, rowId, field, id) : row))
        : value,
    ]),
  )
}

const conjuncts = (node: Node): readonly Node[] => (node.kind === 'and' ? [...conjuncts(node.left), ...conjuncts(node.right)] : [node])

const equality = (node: Node): readonly Node[] | null => (node.kind === 'call' && node.overload.startsWith('eq.') ? node.args : null)

/** A field of the candidate itself. */
const isOfChosen = (node: Node, reference: Field): boolean =>
  node.kind === 'field' &&
  node.member === null &&
  node.of.kind === 'hop' &&
  node.of.field === reference.id &&
  node.of.of.kind === 'root' &&
  node.of.of.root === 'self'

/** Nothing in it hangs on what is chosen. */
function isOfDocument(node: Node, reference: Field): boolean {
  let isSo = true
  exchange(node, {
    record: (record) => {
      if (record.kind === 'hop' && record.field === reference.id) isSo = false
      return null
    },
    node: (each) => {
      if (each.kind === 'field' && each.field === reference.id) isSo = false
      return null
    },
  })
  return isSo
}
