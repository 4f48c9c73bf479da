import type { Entity, Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { Show } from '../fields/field.tsx'
import { isMasked } from '../fields/type.ts'
import { fieldQuestion, WhyButton } from './why.tsx'

/** Where lines stand: the document, and the way to them by names. */
export interface LinePlace {
  readonly entity: Entity
  readonly record: RecordData
  readonly path: string
}

/** Asks why a value of a line is as it is: of one that is stored. */
export const LineWhy = ({
  field,
  row,
  at,
  action,
}: {
  readonly field: Field
  readonly row: Readonly<Record<string, unknown>>
  readonly at: LinePlace
  readonly action: 'get' | 'update'
}) => (
  <WhyButton
    entity={at.entity}
    record={at.record}
    question={{ action, field: `${at.path}.${field.name}` }}
    label={fieldQuestion(row, field)}
    quiet
  />
)

/** A value of a line, to read; what is not shown can be asked about. */
export const LineValue = ({
  field,
  row,
  at,
  dash = false,
}: {
  readonly field: Field
  readonly row: RecordData
  readonly at: LinePlace | null
  readonly dash?: boolean
}) => (
  <>
    <Show field={field} value={row[field.name]} record={row} dash={dash} />
    {at && isMasked(row, field.name) && <LineWhy field={field} row={row} at={at} action="get" />}
  </>
)
