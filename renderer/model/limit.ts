import type { CatalogueView, Field as FieldView } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import type { Field } from '../../engine/catalogue/types.ts'
import { dependenciesOf } from '../../engine/expressions/dependencies.ts'
import { format } from '../../engine/expressions/format.ts'
import { comparisonOf } from '../../engine/expressions/functions-comparison.ts'
import { chain, exchange } from '../../engine/expressions/transform.ts'
import type { Needs, Node, RecordNode } from '../../engine/expressions/types.ts'
import { written } from '../../engine/expressions/written.ts'
import { after, rowsOf } from '../../engine/records/decide-draft.ts'
import type { Draft } from '../../engine/records/decide-draft.ts'
import type { Formulas } from '../../engine/records/decide-formulas.ts'
import { derived, type FormSituation } from './logic.ts'
import { namesOf } from './names.ts'

type Row = Readonly<Record<string, unknown>>

/** Which records a limited reference (`where`) takes, as far as that is known here. The server judges what is chosen. */
export interface Limit {
  /** The same condition as a list takes it, the values of the document put in; null: it cannot be said to a list. */
  readonly filter: string | null
  /** What a record that is made for this place has to begin with: fields that must equal something of the document. */
  readonly given: Readonly<Record<string, unknown>>
  /** Titles of the fields that it hangs on and that are empty. */
  readonly missing: readonly string[]
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
  const valueOf = (node: Node): unknown =>
    formulas.value({ ...where, type: node.type, root: node, dependencies: dependenciesOf(node) }, row)
  const given = chain(where.root, 'and').flatMap((part): (readonly [string, unknown])[] => {
    const sides = equality(part)
    const chosen = sides && [sides, sides.toReversed()].find(([left, right]) => isOfChosen(left!, own) && isOfDocument(right!, own))
    const [left, right] = chosen ?? []
    if (left?.kind !== 'field' || left.member !== null || !right) return []
    const name = target?.fields.find((each) => each.id === left.field)?.name
    const value = valueOf(right)
    return name === undefined || value === undefined || value === null ? [] : [[name, value]]
  })
  return {
    filter: target ? filterOf(situation.catalogue, where.root, own, target.id, valueOf) : null,
    given: Object.fromEntries(given),
    missing: [...new Set(emptyIn(formulas, dependenciesOf(where.root).roots.get('self'), row, own))],
    fits(candidate) {
      const read: FormSituation['read'] = (entity, id) => (id === candidate.id ? candidate : situation.read(entity, id))
      const tried = derived({ ...situation, read }, placed(data, rowId, field, candidate.id))
      const there = rowIn(tried.draft, rowId)
      return !there || tried.formulas.holds(where, there) !== false
    },
  }
}

/** What somebody could fill in, of what is read of the line and its document besides the reference itself. */
function emptyIn(formulas: Formulas, needs: Needs | undefined, row: Draft, reference: Field): readonly string[] {
  if (!needs) return []
  const own = [...needs.values, ...needs.hops.keys()].flatMap((id) => {
    const field = row.entity.fieldById.get(id)
    const isOpen = field && field !== reference && !field.readOnly && after(row, id) === null && !formulas.isPending(row, id)
    return isOpen ? [field.title] : []
  })
  return [...own, ...(row.parent ? emptyIn(formulas, needs.document ?? undefined, row.parent, reference) : [])]
}

/** The condition as one of the candidate, `self` being that; null where it reads of the document what has no value that could be written. */
function filterOf(view: CatalogueView, where: Node, reference: Field, target: string, valueOf: (node: Node) => unknown): string | null {
  let isSayable = true
  const asked = exchange(where, {
    node(node) {
      if (node.kind === 'constant' || node.kind === 'parameter' || !isOfDocument(node, reference) || isInLoop(node)) return null
      const value = valueOf(node)
      // `== null` asks whether there is a value, which is another question than whether it equals one that is missing.
      if (value === undefined || value === null) isSayable = false
      return { kind: 'constant', type: node.type, value: value ?? null }
    },
    record(record) {
      if (isChosen(record, reference)) return { kind: 'root', root: 'self', entity: target }
      // What is left of the document: a loop over its lines, say.
      if (record.kind === 'root' && record.root !== 'user') isSayable = false
      return null
    },
  })
  return isSayable ? format(written(asked, namesOf(view))) : null
}

/** It has another value for each element that a loop goes over. */
function isInLoop(node: Node): boolean {
  let isSo = false
  exchange(node, {
    node: (each) => {
      if (each.kind === 'variable') isSo = true
      return null
    },
    record: (record) => {
      if (record.kind === 'element') isSo = true
      return null
    },
  })
  return isSo
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

const equality = (node: Node): readonly Node[] | null =>
  node.kind === 'call' && comparisonOf(node.overload)?.sign === '==' ? node.args : null

/** A field of the candidate itself. */
const isOfChosen = (node: Node, reference: Field): boolean => node.kind === 'field' && isChosen(node.of, reference)

const isChosen = (record: RecordNode, reference: Field): boolean =>
  record.kind === 'hop' && record.field === reference.id && record.of.kind === 'root' && record.of.root === 'self'

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
