import { entityOf, useCatalogue } from '../api/catalogue.ts'
import type { RolePreview } from '../api/roles.ts'

type Change = RolePreview['changes'][number]
type EntityChange = Change['entities'][number]

/** For whom what would change, in records and values that there are now. */
export function PreviewOfChange({ preview: { people, changes, uncounted } }: { readonly preview: RolePreview }) {
  const catalogue = useCatalogue()
  return (
    <section className="preview" aria-label="What would change" aria-live="polite">
      {people === 0 && <p className="muted">Nobody has this role, so nothing changes for anybody yet.</p>}
      {people > 0 && changes.length === 0 && uncounted === 0 && <p className="muted">Nothing changes for anybody who has it.</p>}
      {changes.map(({ members, entities }) => (
        <div key={members.map(({ id }) => id).join()} className="preview-people">
          <p className="strong">{peopleText(members.map(({ name }) => name))}</p>
          {entities.map((each) => (
            <div key={each.entity} className="preview-entity">
              <span className="muted">{entityOf(catalogue, each.entity)?.pluralTitle ?? each.entity}</span>
              <ul>
                {linesOf(each).map(({ text, isLoss }) => (
                  <li key={text} data-loss={isLoss || undefined}>
                    {text}
                  </li>
                ))}
                {each.more && <li className="muted">and perhaps more: not every record was looked at</li>}
              </ul>
            </div>
          ))}
        </div>
      ))}
      {uncounted > 0 && <p className="muted">For {uncounted} more people it would have taken too long to count.</p>}
    </section>
  )
}

const peopleText = (names: readonly string[]): string =>
  names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`

interface Line {
  readonly text: string
  readonly isLoss: boolean
}
function linesOf({ actions, fields, writable, rows, cells }: EntityChange): readonly Line[] {
  const names = (change: EntityChange['actions'], gained: string, lost: string): readonly Line[] => [
    ...(change.gained.length > 0 ? [{ text: `${gained} ${change.gained.join(', ')}`, isLoss: false }] : []),
    ...(change.lost.length > 0 ? [{ text: `${lost} ${change.lost.join(', ')}`, isLoss: true }] : []),
  ]
  const counts = (change: EntityChange['rows'], what: (name: string, count: number) => string): readonly Line[] =>
    Object.entries(change).flatMap(([name, { gained, lost }]) => [
      ...(gained > 0 ? [{ text: `+ ${what(name, gained)}`, isLoss: false }] : []),
      ...(lost > 0 ? [{ text: `− ${what(name, lost)}`, isLoss: true }] : []),
    ])
  return [
    ...names(actions, 'May now', 'May no longer'),
    ...names(fields, 'Sees', 'No longer sees'),
    ...names(writable, 'May change', 'May no longer change'),
    ...counts(rows, (name, count) => `${count} ${count === 1 ? 'record' : 'records'} to ${name}`),
    ...counts(cells, (name, count) => `${count} ${count === 1 ? 'value' : 'values'} of ${name}`),
  ]
}
