import { Drawer } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import type { Field } from '../api/catalogue.ts'
import { Edit } from '../fields/field.tsx'
import { Warning, Why } from '../fields/told.tsx'
import { faultAt, isMasked } from '../fields/type.ts'
import { sourceWords } from '../model/row-logic.ts'
import { shownOf } from '../model/use-logic.ts'
import { LineFace } from '../record/line-face.tsx'
import { LineWhy } from '../record/line-value.tsx'
import { askedAt, useLeft, type RowProps } from './line-row.tsx'

/** A line at phone width: a card that opens an edit sheet. */
export function LineCard({
  line,
  row: typedRow,
  logic,
  warnings,
  index,
  columns,
  at,
  faults,
  submits,
  isNew,
  onEdit,
  onAct,
  onTyped,
  amount,
}: RowProps & {
  readonly amount: Field | null
  /** It was just added: its sheet is open, for it is empty. */
  readonly isNew: boolean
}) {
  const [opened, setOpened] = useState(isNew)
  const { shows, onLeave } = useLeft(submits)
  const fields = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!opened) return undefined
    // The sheet's focus trap takes its first button, a moment after mounting.
    const timer = setTimeout(() => fields.current?.querySelector<HTMLElement>('input, textarea, .picker-face')?.focus(), 30)
    return () => clearTimeout(timer)
  }, [opened])
  const row = shownOf(typedRow, logic)
  const offered = columns.filter(({ name }) => !logic?.hidden.includes(name))
  const wrong = faults !== undefined && columns.some((field) => shows(field.name) && faultAt(faults, field.name) !== undefined)
  return (
    <>
      <button type="button" className={wrong ? 'line-card cell-fault' : 'line-card'} onClick={() => setOpened(true)} aria-haspopup="dialog">
        <LineFace columns={offered} amount={amount} row={row} />
        <IconChevronRight size={16} stroke={1.5} className="faint" aria-hidden />
      </button>
      <Drawer
        opened={opened}
        onClose={() => setOpened(false)}
        position="bottom"
        size="auto"
        title={`${line.title} ${index + 1}`}
        zIndex={300}
        classNames={{ content: 'sheet', header: 'sheet-header', body: 'sheet-body', title: 'strong' }}
      >
        <div
          className="form-fields"
          ref={fields}
          role="presentation"
          // As in a cell: the next key takes the place of what is there.
          onFocus={({ target }) => target instanceof HTMLInputElement && target.select()}
        >
          {offered.map((field) => {
            const fault = shows(field.name) ? faultAt(faults, field.name)?.__errors?.[0] : undefined
            const warning = fault === undefined ? faultAt(warnings, field.name)?.__errors?.[0] : undefined
            const causes = logic?.locked[field.name]
            const masked = isMasked(row, field.name)
            const place = askedAt(at, row, causes !== undefined || masked)
            const demanded = field.required || logic?.required.includes(field.name) === true
            return (
              <div key={field.id} className="form-field" onBlur={(event) => onLeave(field.name, event)}>
                <label className="form-label" htmlFor={`card-${row.id}-${field.id}`}>
                  {field.title}
                  {demanded && !field.readOnly && !masked && (
                    <span className="form-required">
                      {' '}
                      *<span className="sr-only"> (required)</span>
                    </span>
                  )}
                  {causes && <Why entity={line} names={causes} record={row} />}
                </label>
                {place && (
                  <span className="form-why">
                    <LineWhy field={field} row={row} at={place} action="update" />
                  </span>
                )}
                <Edit
                  id={`card-${row.id}-${field.id}`}
                  field={field}
                  coming={logic?.pending.includes(field.name) === true}
                  readOnly={field.readOnly || causes !== undefined || masked}
                  from={sourceWords(line, field)}
                  value={row[field.name]}
                  record={row}
                  invalid={fault !== undefined}
                  describedBy={fault === undefined ? undefined : `card-${row.id}-${field.id}-fault`}
                  onChange={(value) => onEdit(row.id, field.name, value)}
                  onFault={(next) => onTyped(row.id, field.name, next)}
                />
                {warning !== undefined && <Warning>{warning}</Warning>}
                {fault !== undefined && (
                  <p className="field-fault" id={`card-${row.id}-${field.id}-fault`}>
                    {fault}
                  </p>
                )}
              </div>
            )
          })}
          <div className="row">
            <button type="button" className="btn form danger-btn" onClick={() => onAct(row.id, 'delete')}>
              Delete line
            </button>
            <span className="grow" />
            <button type="button" className="btn form" onClick={() => setOpened(false)}>
              Done
            </button>
          </div>
        </div>
      </Drawer>
    </>
  )
}
