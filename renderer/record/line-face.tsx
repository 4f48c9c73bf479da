import type { Field } from '../api/catalogue.ts'
import { Show } from '../fields/field.tsx'
import { PlainContext } from '../fields/parts.ts'
import { kindOf } from '../fields/registry.ts'
import type { RecordData } from '../api/records.ts'
import { isEmpty, isMasked } from '../fields/type.ts'

/** A line at phone width: what it is, its amount, and its other facts by name, because a bare number means nothing there. */
export function LineFace({
  columns,
  amount,
  row: shown,
}: {
  readonly columns: readonly Field[]
  readonly amount: Field | null
  readonly row: Readonly<Record<string, unknown>>
}) {
  const [first, ...rest] = columns
  const row = shown as RecordData
  const facts = rest.filter((field) => field !== amount && (!isEmpty(row[field.name]) || isMasked(row, field.name))).slice(0, 4)
  return (
    <PlainContext value>
      <span className="line-face">
        <span className="card-top strong">
          <span className="grow row">{first && <Show field={first} value={row[first.name]} record={row} dash />}</span>
          {amount && <Show field={amount} value={row[amount.name]} record={row} />}
        </span>
        <span className="line-facts muted">
          {facts.map((field) => (
            <span key={field.id} className="card-fact">
              {(kindOf(field).align === 'end' || isMasked(row, field.name)) && <span className="fact-label">{field.title}</span>}
              <Show field={field} value={row[field.name]} record={row} />
            </span>
          ))}
        </span>
      </span>
    </PlainContext>
  )
}
