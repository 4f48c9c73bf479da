import { useEffect } from 'react'
import { IconEyeOff, IconMathFunction } from '@tabler/icons-react'
import type { Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { useLatest } from '../model/latest.ts'
import { isDerived } from '../model/row-logic.ts'
import { kindOf } from './registry.ts'
import { isEmpty, isMasked, type EditProps } from './type.ts'

/** Stands where the person's role does not show a value: that is not the same as an empty one. */
export const Masked = () => (
  <span className="masked" data-masked title="Your role does not show this here">
    <IconEyeOff size={14} stroke={1.5} aria-hidden />
    Hidden
    <span className="sr-only"> from you</span>
  </span>
)

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
  /** The record or line in which the value stands: it may say that the value is not shown. */
  readonly record?: RecordData | undefined
  readonly roomy?: boolean
  readonly dash?: boolean
}) {
  if (isMasked(record, field.name)) return <Masked />
  if (isEmpty(value))
    return dash ? (
      <span className="faint" aria-label="Empty">
        –
      </span>
    ) : null
  const { Show: Kind } = kindOf(field)
  return <Kind field={field} value={value} record={record} roomy={roomy} />
}

/** That a value is worked out and by nobody typed; `from` says what of. */
export const Calculated = ({ from = 'Calculated' }: { readonly from?: string }) => (
  <span className="calculated" title={from}>
    <IconMathFunction size={14} stroke={1.5} aria-hidden />
    <span className="sr-only">{from}</span>
  </span>
)

/** Stands where a value is not there yet, which is not the same as an empty one. */
export const Coming = () => (
  <span className="faint" title="The server works it out as soon as nothing stands against what is typed">
    <span aria-hidden>…</span>
    <span className="sr-only">Being worked out</span>
  </span>
)

/** The one door to an editor: what may not be edited is shown as text, in every screen. `from`: where a calculated value comes from. */
export function Edit({
  readOnly,
  from,
  coming = false,
  ...props
}: EditProps & {
  readonly readOnly: boolean
  readonly from?: string | undefined
  /** The server is working it out, or will once the form can be sent. */
  readonly coming?: boolean
}) {
  if (readOnly)
    return (
      <span className="read-only" id={props.id} aria-readonly data-coming={coming || undefined}>
        {from !== undefined && isDerived(props.field) && <Calculated from={from} />}
        {coming && isEmpty(props.value) ? <Coming /> : <Show field={props.field} value={props.value} record={props.record} roomy dash />}
      </span>
    )
  return <Editor {...props} />
}

/** What is half typed goes with its editor, whatever takes that away: it stops nobody from saving. */
function Editor(props: EditProps) {
  const tell = useLatest(props.onFault)
  useEffect(() => () => tell.current?.(null), [tell])
  const { Edit: Kind } = kindOf(props.field)
  return <Kind {...props} />
}
