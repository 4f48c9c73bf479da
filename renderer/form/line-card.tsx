import { Drawer } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import type { Field } from '../api/catalogue.ts'
import { faultAt } from '../fields/type.ts'
import { sourceWords } from '../model/row-logic.ts'
import { shownOf } from '../model/use-logic.ts'
import { LineFace } from '../record/line-face.tsx'
import { LineCell, useLeft, type RowProps } from './line-cell.tsx'

/** A line at phone width: a card that opens an edit sheet. */
export function LineCard({
  row: typedRow,
  index,
  columns,
  isAdded,
  amount,
  submits,
  growing,
  onAct,
  children,
  ...cells
}: RowProps & {
  readonly amount: Field | null
  /** It was just added: its sheet is open, for it is empty. */
  readonly isAdded: boolean
  /** The lines below it. */
  readonly children: ReactNode
}) {
  const { line, logic, faults } = cells
  const [opened, setOpened] = useState(isAdded)
  const { shows, onLeave } = useLeft(submits)
  const fields = useRef<HTMLDivElement>(null)
  const half = useRef(new Set<string>())
  useEffect(() => {
    if (!opened) return undefined
    // The sheet's focus trap takes its first button, a moment after mounting.
    const timer = setTimeout(() => fields.current?.querySelector<HTMLElement>('input, textarea, .picker-face')?.focus(), 30)
    return () => clearTimeout(timer)
  }, [opened])
  const row = shownOf(typedRow, logic)
  const offered = columns.filter(({ name }) => !logic?.hidden.includes(name))
  const wrong = faults !== undefined && columns.some((field) => shows(field.name) && faultAt(faults, field.name) !== undefined)
  const onTyped: RowProps['onTyped'] = (key, name, fault) => {
    if (fault === null) half.current.delete(name)
    else half.current.add(name)
    cells.onTyped(key, name, fault)
  }
  /** What is half typed is not done; closing the sheet in any other way drops it. */
  const done = (): void => {
    if (half.current.size === 0) setOpened(false)
    else fields.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }
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
          {offered.map((field) => (
            <LineCell
              key={field.id}
              id={`card-${row.id}-${field.id}`}
              field={field}
              row={row}
              {...cells}
              from={sourceWords(line, field)}
              shows={shows(field.name)}
              onTyped={onTyped}
            >
              {({ open, demanded, control, locked, asked, warned, told }) => (
                <div className="form-field" onBlur={(event) => onLeave(field.name, event)}>
                  <div className="form-head">
                    <label className="form-label" htmlFor={`card-${row.id}-${field.id}`}>
                      {field.title}
                      {open && (field.required || demanded) && (
                        <span className="form-required">
                          {' '}
                          *<span className="sr-only"> (required)</span>
                        </span>
                      )}
                      {locked}
                    </label>
                    {asked}
                  </div>
                  {control}
                  {warned}
                  {told}
                </div>
              )}
            </LineCell>
          ))}
          {children}
          <div className="row">
            {growing && (
              <button type="button" className="btn form danger-btn" onClick={() => onAct(row.id, 'delete')}>
                Delete line
              </button>
            )}
            <span className="grow" />
            <button type="button" className="btn form" onClick={done}>
              Done
            </button>
          </div>
        </div>
      </Drawer>
    </>
  )
}
