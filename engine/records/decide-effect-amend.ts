import type { Lifecycle } from '../catalogue/types.ts'
import { storedFields } from './change.ts'
import type { Change, LineChange } from './change.ts'
import { after } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import type { Touched } from './decide-touched.ts'

/** A copy of the record in the first state, which names by `link` what it succeeds. */
export function amend(touched: Touched, link: string, { field, initial }: Lifecycle, transition: string): void {
  const { source, effecting } = touched
  const copied = copiedOf(source).filter(({ id }) => id !== link && id !== field)
  const values = new Map([...copied.map((each) => [each.id, after(source, each.id)] as const), [link, source.id], [field, initial]])
  touched.create(source.entity.id, values, { draft: source, given: {} }, transition, linesOf(source, effecting.newId))
}

const copiedOf = ({ entity }: Draft) => storedFields(entity).filter((each) => !each.noCopy && !each.readOnly)

const linesOf = ({ lists }: Draft, newId: () => string): Change['lines'] =>
  new Map(lists.map((list) => [list.field.id, { mode: 'replace', lines: list.rows.map((row) => copyOf(row, newId)) }]))

const copyOf = (row: Draft, newId: () => string): LineChange => ({
  id: newId(),
  isNew: true,
  pointer: row.pointer,
  change: { set: new Map(copiedOf(row).map((each) => [each.id, after(row, each.id)])), lines: linesOf(row, newId), echo: new Map() },
})
