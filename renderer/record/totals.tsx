import { Fragment } from 'react'
import type { Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { Coming, Masked } from '../fields/field.tsx'
import { useLocale } from '../fields/locale.ts'
import { kindOf } from '../fields/registry.ts'
import { Warning } from '../fields/told.tsx'
import { faultAt, isEmpty, isMasked, type FaultTree } from '../fields/type.ts'
import './totals.css'

/** What the lines of a document come to, as its module says it, with what rules say of that. */
export function Totals({
  fields,
  record,
  valueOf,
  pending,
  faults,
  warnings,
}: {
  readonly fields: readonly Field[]
  /** As it is stored; undefined: it is new. */
  readonly record: RecordData | undefined
  readonly valueOf: (name: string) => unknown
  /** Names of those that the server is working out. */
  readonly pending?: readonly string[]
  readonly faults?: FaultTree
  readonly warnings?: FaultTree
}) {
  const locale = useLocale()
  return (
    <dl className="line-totals" aria-live="polite">
      {fields.map((field) => {
        const value = valueOf(field.name)
        const fault = faultAt(faults, field.name)?.__errors?.[0]
        const warning = faultAt(warnings, field.name)?.__errors?.[0]
        return (
          <Fragment key={field.id}>
            <dt>{field.title}</dt>
            <dd className="num" data-total={field.name}>
              {isMasked(record, field.name) ? (
                <Masked />
              ) : isEmpty(value) ? (
                pending?.includes(field.name) ? (
                  <Coming />
                ) : (
                  '–'
                )
              ) : (
                kindOf(field).format(value, field, locale)
              )}
              {fault !== undefined && <p className="field-fault">{fault}</p>}
              {fault === undefined && warning !== undefined && <Warning>{warning}</Warning>}
            </dd>
          </Fragment>
        )
      })}
    </dl>
  )
}
