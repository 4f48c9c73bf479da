import { IconPlus } from '@tabler/icons-react'
import { useMemo, useRef, useState } from 'react'
import { useCatalogue, type Entity, type Field } from '../api/catalogue.ts'
import { Calculated } from '../fields/field.tsx'
import { usePhone } from '../fields/layer.tsx'
import { useLocale } from '../fields/locale.ts'
import { kindOf } from '../fields/registry.ts'
import { faultAt, isMasked, type EditProps } from '../fields/type.ts'
import { amountOf, totalOf, totalsOf } from '../model/lines.ts'
import { isDerived, sourceWords } from '../model/row-logic.ts'
import { shownOf } from '../model/use-logic.ts'
import { Totals } from '../record/totals.tsx'
import { LineCard } from './line-card.tsx'
import { Row } from './line-row.tsx'
import { linesOf, type Line } from './lines-change.ts'
import { useLogicView, type FormLogicView } from './logic-context.ts'
import { isLines } from './schema.ts'
import { useLineKeys } from './use-line-keys.ts'
import { useLineRows } from './use-line-rows.ts'

/** The lines of a document, edited in place: Enter goes down and adds a row at the end, pasted rows become lines. */
export function LineGrid({ id, field, value, onChange, onBlur, onFault, faults, submits = 0, invalid, describedBy, label }: EditProps) {
  const catalogue = useCatalogue()
  const phone = usePhone()
  const line = field.lines ? catalogue.entities[field.lines.entity] : undefined
  const logic = useLogicView()
  const rows = linesOf(value)
  const { edit, onTyped, act, add, put } = useLineRows({ field, rows, line, record: logic.record, onChange, onFault })
  const table = useRef<HTMLDivElement>(null)
  const [added, setAdded] = useState<string | null>(null)
  const columns = line?.fields.filter((each) => !isLines(each)) ?? []
  const addRow = (column = 0): void => {
    setAdded(add())
    focus(rows.length, column)
  }
  const { focus, onKeyDown, onPaste } = useLineKeys({ table, columns, count: rows.length, put, onAdd: addRow })
  const { record } = logic
  const document = documentOf(logic, field)
  const at = useMemo(() => (document && record ? { entity: document, record, path: field.name } : null), [document, record, field])
  if (!line) return null
  const nested = line.fields.filter(isLines)
  const amount = amountOf(document, field, columns)
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys and pasted rows bubble up from the cells
    <div
      className={invalid ? 'line-grid invalid' : 'line-grid'}
      ref={table}
      id={id}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
      onBlur={onBlur}
      role="group"
      aria-label={label ?? field.title}
      aria-describedby={describedBy}
    >
      {phone
        ? rows.map((row, index) => (
            <LineCard
              key={row.id}
              line={line}
              row={row}
              logic={logic.lines[row.id]}
              warnings={warningsOf(logic, field, index)}
              index={index}
              columns={columns}
              at={at}
              faults={faultAt(faults, index)}
              submits={submits}
              isNew={row.id === added}
              onEdit={edit}
              onAct={act}
              onTyped={onTyped}
              amount={amount}
            />
          ))
        : rows.length > 0 && (
            <div className="table-scroll">
              <table className="line-table">
                <Head line={line} columns={columns} />
                {rows.map((row, index) => (
                  <tbody key={row.id}>
                    <Row
                      id={id}
                      line={line}
                      row={row}
                      logic={logic.lines[row.id]}
                      warnings={warningsOf(logic, field, index)}
                      index={index}
                      last={rows.length - 1}
                      columns={columns}
                      at={at}
                      faults={faultAt(faults, index)}
                      submits={submits}
                      onEdit={edit}
                      onAct={act}
                      onTyped={onTyped}
                    />
                    {nested.map((each) => (
                      <tr key={each.id} className="nested">
                        <td aria-hidden />
                        <td colSpan={columns.length + 1}>
                          <span className="label">{each.title}</span>
                          <LineGrid
                            id={`${id}-${index}-${each.id}`}
                            field={each}
                            value={row[each.name]}
                            onChange={(next) => edit(row.id, each.name, next)}
                            onFault={(next) => onTyped(row.id, each.name, next)}
                            faults={faultAt(faultAt(faults, index), each.name)}
                            submits={submits}
                            label={`${each.title} of line ${index + 1}`}
                          />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                ))}
              </table>
            </div>
          )}
      <Foot field={field} rows={rows} amount={amount} onAdd={() => addRow()} />
    </div>
  )
}

/** The titles of the columns. */
const Head = ({ line, columns }: { readonly line: Entity; readonly columns: readonly Field[] }) => (
  <thead>
    <tr>
      <th className="line-number">
        <span className="sr-only">Number</span>
      </th>
      {columns.map((each) => (
        <th key={each.id} scope="col" data-align={kindOf(each).align} style={{ minWidth: kindOf(each).width }}>
          {isDerived(each) && <Calculated from={sourceWords(line, each)} />}
          {each.title}
          {each.required && (
            <span className="form-required" aria-hidden>
              {' '}
              *
            </span>
          )}
        </th>
      ))}
      <th className="line-menu">
        <span className="sr-only">Actions</span>
      </th>
    </tr>
  </thead>
)

/** Where lines are added, and what they come to. */
function Foot({
  field,
  rows,
  amount,
  onAdd,
}: {
  readonly field: Field
  readonly rows: readonly Line[]
  readonly amount: Field | null
  readonly onAdd: () => void
}) {
  const locale = useLocale()
  const logic = useLogicView()
  const document = documentOf(logic, field)
  const declared = document ? totalsOf(document, field) : []
  const total =
    amount &&
    !rows.some((row) => isMasked(row, amount.name)) &&
    totalOf(
      amount,
      rows.map((row) => shownOf(row, logic.lines[row.id])),
    )
  return (
    <div className="line-foot">
      <button type="button" className="btn quiet" onClick={onAdd}>
        <IconPlus size={14} stroke={1.5} aria-hidden />
        Add line
      </button>
      <span className="grow" />
      {declared.length > 0 ? (
        <Totals
          fields={declared}
          record={logic.record}
          valueOf={(name) => (Object.hasOwn(logic.document.values, name) ? logic.document.values[name] : logic.record?.[name])}
          pending={logic.document.pending}
          faults={logic.faults}
          warnings={logic.warnings}
        />
      ) : (
        amount &&
        total !== false &&
        total !== null && (
          <span className="line-total">
            <span className="muted">{amount.title}</span>
            <span className="num strong">{kindOf(amount).format(total, amount, locale)}</span>
          </span>
        )
      )}
    </div>
  )
}

/** The document, where the lines are its own: what is said of the lines of lines, it does not say. */
const documentOf = ({ entity }: FormLogicView, field: Field): Entity | null => (entity?.fields.includes(field) ? entity : null)

const warningsOf = ({ warnings }: FormLogicView, field: Field, index: number) => faultAt(faultAt(warnings, field.name), index)
