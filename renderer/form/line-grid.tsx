import { IconPlus } from '@tabler/icons-react'
import { useCallback, useRef, useState, type ClipboardEvent, type KeyboardEvent } from 'react'
import { useCatalogue, type Entity, type Field } from '../api/catalogue.ts'
import { usePhone } from '../fields/layer.tsx'
import { useLocale } from '../fields/locale.ts'
import { kindOf } from '../fields/registry.ts'
import { faultAt, isMasked, type EditProps, type Locale } from '../fields/type.ts'
import { useLatest } from '../model/latest.ts'
import { amountOf, totalOf, totalsOf } from '../model/lines.ts'
import { Totals } from '../record/totals.tsx'
import { copiesOf, hasDefault, isDerived, sourceWords } from '../model/row-logic.ts'
import { shownOf } from '../model/use-logic.ts'
import { Calculated } from '../fields/field.tsx'
import { LineCard } from './line-card.tsx'
import { Row, type RowAction } from './line-row.tsx'
import { useLogicView, type FormLogicView } from './logic-context.ts'
import { linesOf, newLineId, type Line } from './lines-change.ts'
import { isLines } from './schema.ts'

const defaultsOf = (entity: Entity): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    entity.fields.flatMap((field) => (field.default === undefined || field.default === null ? [] : [[field.name, field.default]])),
  )

/** Pasted rows of a spreadsheet, from one column on; text that has no value in its column is left out. */
export function pastedLines(
  text: string,
  columns: readonly Field[],
  from: number,
  locale: Locale,
): readonly Readonly<Record<string, unknown>>[] {
  return text
    .replace(/\r/g, '')
    .replace(/\n$/, '')
    .split('\n')
    .map((row) =>
      Object.fromEntries(
        row.split('\t').flatMap((cell, at) => {
          const field = columns[from + at]
          const parsed = field && !field.readOnly ? kindOf(field).parse?.(cell.trim(), field, locale) : undefined
          return field && parsed && 'value' in parsed && parsed.value !== null ? [[field.name, parsed.value]] : []
        }),
      ),
    )
}

/** The lines of a document, edited in place: Enter goes down and adds a row at the end, pasted rows become lines. */
export function LineGrid({ id, field, value, onChange, onBlur, onFault, faults, submits = 0, invalid, describedBy, label }: EditProps) {
  const catalogue = useCatalogue()
  const locale = useLocale()
  const phone = usePhone()
  const line = field.lines ? catalogue.entities[field.lines.entity] : undefined
  const logic = useLogicView()
  const rows = linesOf(value)
  const latest = useLatest({ rows, onChange, line, stored: logic.record })
  const table = useRef<HTMLDivElement>(null)
  const [added, setAdded] = useState<string | null>(null)
  /** A row that was just added is there after the next rendering. */
  const focus = (row: number, column: number): void => {
    requestAnimationFrame(() => {
      const target = table.current
        ?.querySelector(`[data-line="${row}"] [data-column="${column}"]`)
        ?.querySelector('input, button, textarea')
      if (target instanceof HTMLElement) target.focus()
    })
  }
  const edit = useCallback(
    (key: string, name: string, cell: unknown) => {
      const { rows: all, line: of, stored } = latest.current
      const kept = of?.fields.find((each) => each.name === name)
      const empty = kept && hasDefault(kept) ? null : undefined
      // What was copied from the reference before is copied anew, even where it was typed over.
      const before = linesOf(stored?.[field.name]).find((row) => row.id === key)
      const copies = Object.fromEntries((of ? copiesOf(of, name) : []).map((copy) => [copy.name, before?.[copy.name]]))
      latest.current.onChange(all.map((row) => (row.id === key ? { ...row, ...copies, [name]: cell ?? empty } : row)))
    },
    [latest, field.name],
  )
  // Text without a value must not be lost by saving the line as it was: the form is told, cell by cell.
  const typed = useRef(new Map<string, string>())
  const tell = useLatest(onFault)
  const onTyped = useCallback(
    (key: string, name: string, fault: string | null) => {
      if (fault === null) typed.current.delete(`${key}/${name}`)
      else typed.current.set(`${key}/${name}`, fault)
      tell.current?.(typed.current.size === 0 ? null : 'Correct the marked cells')
    },
    [tell],
  )
  const act = useCallback(
    (key: string, action: RowAction) => {
      const all = [...latest.current.rows]
      const at = all.findIndex((row) => row.id === key)
      const row = all[at]
      if (!row) return
      if (action === 'delete') {
        all.splice(at, 1)
        for (const each of typed.current.keys()) if (each.startsWith(`${key}/`)) onTyped(key, each.slice(key.length + 1), null)
      } else if (action === 'copy') all.splice(at + 1, 0, { ...shownPart(row), id: newLineId() })
      else {
        all.splice(at, 1)
        all.splice(Math.max(0, at + (action === 'up' ? -1 : 1)), 0, row)
      }
      latest.current.onChange(all)
    },
    [latest, onTyped],
  )
  if (!line) return null
  const columns = line.fields.filter((each) => !isLines(each))
  const nested = line.fields.filter(isLines)
  const addRow = (column = 0): void => {
    const key = newLineId()
    setAdded(key)
    onChange([...rows, { ...defaultsOf(line), id: key }])
    focus(rows.length, column)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const cell = event.target instanceof Element ? event.target.closest('[data-column]') : null
    const row = Number(cell?.closest('[data-line]')?.getAttribute('data-line') ?? -1)
    const column = Number(cell?.getAttribute('data-column') ?? -1)
    const text = event.target instanceof HTMLInputElement
    if (row < 0 || event.metaKey || event.ctrlKey || event.altKey || !text) return
    if (event.key === 'Enter' || event.key === 'ArrowDown') {
      if (event.key === 'Enter' && row === rows.length - 1) addRow(event.shiftKey ? column : 0)
      else if (row < rows.length - 1) focus(row + 1, column)
    } else if (event.key === 'ArrowUp' && row > 0) focus(row - 1, column)
    else return
    event.preventDefault()
  }
  const onPaste = (event: ClipboardEvent): void => {
    const text = event.clipboardData.getData('text/plain')
    if (!/[\t\n]/.test(text.trim())) return
    const cell = event.target instanceof Element ? event.target.closest('[data-column]') : null
    const row = Number(cell?.closest('[data-line]')?.getAttribute('data-line') ?? rows.length)
    const pasted = pastedLines(text, columns, Number(cell?.getAttribute('data-column') ?? 0), locale)
    event.preventDefault()
    onChange(
      pasted.reduce<readonly Line[]>((all, values, index) => {
        const known = all[row + index]
        return known
          ? all.map((each) => (each === known ? { ...each, ...shownOnly(each, values) } : each))
          : [...all, { ...defaultsOf(line), ...values, id: newLineId() }]
      }, rows),
    )
  }
  const document = logic.entity?.fields.includes(field) ? logic.entity : null
  const amount = amountOf(document, field, columns)
  const declared = document ? totalsOf(document, field) : []
  const total =
    amount &&
    !rows.some((row) => isMasked(row, amount.name)) &&
    totalOf(
      amount,
      rows.map((row) => shownOf(row, logic.lines[row.id])),
    )
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
      <div className="line-foot">
        <button type="button" className="btn quiet" onClick={() => addRow()}>
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
    </div>
  )
}

/** A copy is a new line: what is not shown of the old one is not in it. */
const shownPart = (row: Line): Line => ({ ...row, _masked: undefined })

/** What is pasted over a value that is not shown is left out. */
const shownOnly = (line: Line, values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !isMasked(line, name)))

const warningsOf = ({ warnings }: FormLogicView, field: Field, index: number) => faultAt(faultAt(warnings, field.name), index)
