import type { Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { kindOf } from './registry.ts'
import { isEmpty, type EditProps } from './type.ts'

/** A value as text, chip or link; nothing for an empty one, unless `dash` asks for a sign that it is empty. */
export function Show({
  field,
  value,
  record,
  roomy = false,
  dash = false,
}: {
  readonly field: Field
  readonly value: unknown
  readonly record?: RecordData | undefined
  readonly roomy?: boolean
  readonly dash?: boolean
}) {
  if (isEmpty(value))
    return dash ? (
      <span className="faint" aria-label="Empty">
        –
      </span>
    ) : null
  const { Show: Kind } = kindOf(field)
  return <Kind field={field} value={value} record={record} roomy={roomy} />
}

/** The one door to an editor: what may not be edited is shown as text, in every screen. */
export function Edit({ readOnly, ...props }: EditProps & { readonly readOnly: boolean }) {
  if (readOnly)
    return (
      <span className="read-only" id={props.id} aria-readonly>
        <Show field={props.field} value={props.value} record={props.record} roomy dash />
      </span>
    )
  const { Edit: Kind } = kindOf(props.field)
  return <Kind {...props} />
}
