import type { RecordView } from '../expressions/evaluate.ts'
import type { Needs } from '../expressions/types.ts'
import { after, isChanged, linkFieldOf } from './decide-draft.ts'
import type { Draft, DraftList } from './decide-draft.ts'
import type { StoredLine } from './change.ts'

/** A document as expressions read it: as it will be, and as it is stored. What lies outside of it is asked of the database (expressions/split). */

const byPosition = (a: { position: number; id: string }, b: { position: number; id: string }): number =>
  a.position - b.position || (a.id < b.id ? -1 : 1)

const targetsOf = ({ line, field, rows }: DraftList): unknown[] => rows.map((each) => after(each, linkFieldOf(line, field).id))

/**
 * `isPending` says of a derived value that it is not worked out yet; reading it then throws what it throws. `atBirth`: what the engine will keep
 * of a new record, as far as that is known.
 */
export function viewOf(
  draft: Draft,
  isPending: (draft: Draft, field: string) => void,
  atBirth: (field: string) => unknown = () => null,
): RecordView {
  const listOf = (field: string): DraftList | undefined => draft.lists.find((each) => each.field.id === field)
  return {
    get(field) {
      if (field === 'id') return draft.id
      if (field === 'position' && draft.parent) return draft.position
      isPending(draft, field)
      const list = draft.values.has(field) ? undefined : listOf(field)
      if (list) return targetsOf(list)
      const isOwn = draft.values.has(field)
      return (isOwn ? draft.values.get(field) : draft.stored || draft.parent ? draft.system?.[field] : atBirth(field)) ?? null
    },
    related: () => null,
    document: () => draft.parent && viewOf(draft.parent, isPending, atBirth),
    rows(_via, field) {
      isPending(draft, field)
      return [...(listOf(field)?.rows ?? [])].sort(byPosition).map((each) => viewOf(each, isPending, atBirth))
    },
  }
}

/** Null: it is new. */
export function storedViewOf(draft: Draft): RecordView | null {
  const { stored } = draft
  if (!stored) return null
  return {
    get(field) {
      if (field === 'id') return draft.id
      if (field === 'position' && draft.parent) return stored.position
      if (stored.values.has(field)) return stored.values.get(field) ?? null
      const list = draft.lists.find((each) => each.field.id === field)
      return list ? storedRows(list).map((each) => each.get(linkFieldOf(list.line, list.field).id)) : (draft.system?.[field] ?? null)
    },
    related: () => null,
    document: () => draft.parent && storedViewOf(draft.parent),
    rows: (_via, field) => {
      const list = draft.lists.find((each) => each.field.id === field)
      return list ? storedRows(list) : []
    },
  }
}

function storedRows({ rows, removed }: DraftList): readonly RecordView[] {
  const kept = rows.flatMap((each) => (each.stored ? [{ position: each.stored.position, id: each.id, view: storedViewOf(each)! }] : []))
  const gone = removed.map((each) => ({ position: each.position, id: each.id, view: removedView(each) }))
  return [...kept, ...gone].sort(byPosition).map((each) => each.view)
}

const removedView = (line: StoredLine): RecordView => ({
  get: (field) => (field === 'id' ? line.id : field === 'position' ? line.position : (line.values.get(field) ?? null)),
  related: () => null,
  document: () => null,
  rows: (_via, field) => (line.lines.get(field) ?? []).toSorted(byPosition).map(removedView),
})

/** Whether anything in the document that these needs speak of is about to change. What they read elsewhere is not looked at. */
export function inputsChanged(needs: Needs | undefined, draft: Draft): boolean {
  if (!needs) return false
  const fields = [...needs.values, ...needs.hops.keys()]
  if (fields.some((field) => isChanged(draft, field) || (field === 'position' && draft.stored?.position !== draft.position))) return true
  if (needs.document && draft.parent && inputsChanged(needs.document, draft.parent)) return true
  return draft.lists.some((list) => {
    const below = needs.lines.get(list.field.id)
    if (!below) return (needs.links.has(list.field.id) || fields.includes(list.field.id)) && listChanged(list)
    return listChanged(list) || list.rows.some((row) => inputsChanged(below, row))
  })
}

/** Another order is a change too. */
const listChanged = ({ rows, removed }: DraftList): boolean =>
  removed.length > 0 || rows.some(({ stored, position }) => stored === null || stored.position !== position)
