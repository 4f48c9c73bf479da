import { IconPlus } from '@tabler/icons-react'
import { useMemo, useRef, useState } from 'react'
import { isLines, useCatalogue, type Entity, type Field } from '../api/catalogue.ts'
import { Calculated } from '../fields/field.tsx'
import { usePhone } from '../fields/layer.tsx'
import { useLocale } from '../fields/locale.ts'
import { kindOf } from '../fields/registry.ts'
import { faultAt, isMasked, type EditProps, type FaultTree } from '../fields/type.ts'
import { editableLine, growing, type LinesAt } from '../model/editable.ts'
import { amountOf, totalOf, totalsOf } from '../model/lines.ts'
import { isDerived, sourceWords } from '../model/row-logic.ts'
import { shownOf } from '../model/use-logic.ts'
import { Totals } from '../record/totals.tsx'
import type { RowProps } from './line-cell.tsx'
import { LineCard } from './line-card.tsx'
import { Row } from './line-row.tsx'
import { linesOf, type Line } from './lines-change.ts'
import { useLogicView } from './logic-context.ts'
import { useLineKeys } from './use-line-keys.ts'
import { useLineRows } from './use-line-rows.ts'

/** The lines of a document, edited in place: Enter goes down and adds a row at the end, pasted rows become lines. */
export function LineGrid(props: EditProps) {
  const { entity, record, warnings } = useLogicView()
  const { field } = props
  const at = useMemo<LinesAt | null>(() => (entity && record ? { entity, record, lists: [field] } : null), [entity, record, field])
  return <Lines {...props} at={at} document={entity} stored={record?.[field.name]} warnings={faultAt(warnings, field.name)} />
}

interface LinesProps extends EditProps {
  /** Where they are stored; null: nowhere yet. */
  readonly at: LinesAt | null
  /** What they are lines of; null: lines themselves. What is said of the lines of lines, the document does not say. */
  readonly document: Entity | null
  /** As they are stored. */
  readonly stored: unknown
  readonly warnings: FaultTree | undefined
}

function Lines(props: LinesProps) {
  const { id, field, value, at, document, stored, warnings, onChange, onBlur, onFault, faults, submits = 0 } = props
  const catalogue = useCatalogue()
  const phone = usePhone()
  const line = field.lines ? catalogue.entities[field.lines.entity] : undefined
  const logic = useLogicView()
  const rows = linesOf(value)
  const grows = growing(at)
  const opens = (each: Field, row: Line): boolean => {
    const own = logic.lines[row.id]
    return editableLine(at, each, row, own) && own?.hidden.includes(each.name) !== true
  }
  const { edit, onTyped, act, add, put } = useLineRows({ rows, line, stored, opens, growing: grows, onChange, onFault })
  const table = useRef<HTMLDivElement>(null)
  const [added, setAdded] = useState<string | null>(null)
  const columns = useMemo(() => line?.fields.filter((each) => !isLines(each)) ?? [], [line])
  const addRow = (column = 0): void => {
    setAdded(add())
    focus(rows.length, column)
  }
  const { focus, onKeyDown, onPaste } = useLineKeys({ table, columns, count: rows.length, put, onAdd: grows ? addRow : null })
  if (!line) return null
  const amount = amountOf(document, field, columns)
  const about = (row: Line, index: number): RowProps => ({
    line,
    row,
    logic: logic.lines[row.id],
    warnings: faultAt(warnings, index),
    index,
    columns,
    at,
    growing: grows,
    faults: faultAt(faults, index),
    submits,
    onEdit: edit,
    onAct: act,
    onTyped,
  })
  const below = (row: Line, index: number) =>
    line.fields
      .filter(isLines)
      .map((each) => (
        <Below
          key={each.id}
          {...about(row, index)}
          id={`${id}-${index}-${each.id}`}
          list={each}
          stored={linesOf(stored).find((other) => other.id === row.id)?.[each.name]}
        />
      ))
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys and pasted rows bubble up from the cells
    <div
      className={props.invalid ? 'line-grid invalid' : 'line-grid'}
      ref={table}
      id={id}
      data-lines
      onKeyDown={onKeyDown}
      onPaste={onPaste}
      onBlur={onBlur}
      role="group"
      aria-label={props.label ?? field.title}
      aria-describedby={props.describedBy}
    >
      {phone
        ? rows.map((row, index) => (
            <LineCard key={row.id} {...about(row, index)} isAdded={row.id === added} amount={amount}>
              {below(row, index)}
            </LineCard>
          ))
        : rows.length > 0 && (
            <div className="table-scroll">
              <table className="line-table">
                <Head line={line} columns={columns} marks={(each) => each.required && (grows || rows.some((row) => opens(each, row)))} />
                {rows.map((row, index) => (
                  <tbody key={row.id}>
                    <Row id={id} last={rows.length - 1} {...about(row, index)} />
                    {below(row, index).map((lists) => (
                      <tr key={lists.key} className="nested">
                        <td aria-hidden />
                        <td colSpan={columns.length + 1}>{lists}</td>
                      </tr>
                    ))}
                  </tbody>
                ))}
              </table>
            </div>
          )}
      <Foot document={document} field={field} rows={rows} amount={amount} onAdd={grows ? () => addRow() : null} />
    </div>
  )
}

/** The lines of a line. */
function Below({
  list,
  row,
  index,
  at,
  warnings,
  faults,
  submits,
  onEdit,
  onTyped,
  id,
  stored,
}: RowProps & { readonly id: string; readonly list: Field; readonly stored: unknown }) {
  const inside = useMemo<LinesAt | null>(() => at && { ...at, lists: [...at.lists, list] }, [at, list])
  return (
    <div className="form-field">
      <span className="label">{list.title}</span>
      <Lines
        id={id}
        field={list}
        value={row[list.name]}
        at={inside}
        document={null}
        stored={stored}
        warnings={faultAt(warnings, list.name)}
        onChange={(next) => onEdit(row.id, list.name, next)}
        onFault={(next) => onTyped(row.id, list.name, next)}
        faults={faultAt(faults, list.name)}
        submits={submits}
        label={`${list.title} of line ${index + 1}`}
      />
    </div>
  )
}

/** The titles of the columns. */
const Head = ({
  line,
  columns,
  marks,
}: {
  readonly line: Entity
  readonly columns: readonly Field[]
  /** Whether a column is marked as required: where somebody can fill it. */
  readonly marks: (field: Field) => boolean
}) => (
  <thead>
    <tr>
      <th className="line-number">
        <span className="sr-only">Number</span>
      </th>
      {columns.map((each) => (
        <th key={each.id} scope="col" data-align={kindOf(each).align} style={{ minWidth: kindOf(each).width }}>
          {isDerived(each) && <Calculated from={sourceWords(line, each)} />}
          {each.title}
          {marks(each) && (
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
  document,
  field,
  rows,
  amount,
  onAdd,
}: Pick<LinesProps, 'document' | 'field'> & {
  readonly rows: readonly Line[]
  readonly amount: Field | null
  readonly onAdd: (() => void) | null
}) {
  const locale = useLocale()
  const logic = useLogicView()
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
      {onAdd && (
        <button type="button" className="btn quiet" onClick={onAdd}>
          <IconPlus size={14} stroke={1.5} aria-hidden />
          Add line
        </button>
      )}
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
