import type { Field } from '../api/catalogue.ts'
import { PlainContext } from '../fields/parts.ts'
import { kindOf } from '../fields/registry.ts'
import type { RecordData } from '../api/records.ts'
import { isEmpty, isMasked } from '../fields/type.ts'
import { LineValue, type LinePlace } from './line-value.tsx'

/** A line at phone width: what it is, its amount, and its other facts by name, because a bare number means nothing there. */
export function LineFace({
  columns,
  amount,
  row: shown,
  at = null,
}: {
  readonly columns: readonly Field[]
  readonly amount: Field | null
  readonly row: Readonly<Record<string, unknown>>
  /** Where the line stands in what is stored; null: in a draft, whose marks say nothing more. */
  readonly at?: LinePlace | null
}) {
  const [first, ...rest] = columns
  const row = shown as RecordData
  const facts = rest.filter((field) => field !== amount && (!isEmpty(row[field.name]) || isMasked(row, field.name))).slice(0, 4)
  return (
    <PlainContext value>
      <span className="line-face">
        <span className="card-top strong">
          <span className="grow row">{first && <LineValue field={first} row={row} at={at} dash />}</span>
          {amount && <LineValue field={amount} row={row} at={at} />}
        </span>
        <span className="line-facts muted">
          {facts.map((field) => (
            <span key={field.id} className="card-fact">
              {(kindOf(field).align === 'end' || isMasked(row, field.name)) && <span className="fact-label">{field.title}</span>}
              <LineValue field={field} row={row} at={at} />
            </span>
          ))}
        </span>
      </span>
    </PlainContext>
  )
}
