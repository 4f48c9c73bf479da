import { isLines, useCatalogue, type Entity, type Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { Masked } from '../fields/field.tsx'
import { usePhone } from '../fields/layer.tsx'
import { useLocale } from '../fields/locale.ts'
import { kindOf } from '../fields/registry.ts'
import { isMasked } from '../fields/type.ts'
import { isRecord } from '../model/entity.ts'
import { amountField, amountOf, totalOf, totalsOf } from '../model/lines.ts'
import { Totals } from './totals.tsx'
import { LineFace } from './line-face.tsx'
import { LineValue, type LinePlace } from './line-value.tsx'

/** The lines of a document, to read. They are edited with the document, in its form. */
export function LinesTable({ entity, field, record }: { readonly entity: Entity; readonly field: Field; readonly record: RecordData }) {
  const catalogue = useCatalogue()
  const line = field.lines && catalogue.entities[field.lines.entity]
  const phone = usePhone()
  const value = record[field.name]
  const rows = Array.isArray(value) ? value.filter(isRecord) : []
  if (!line) return null
  if (isMasked(record, field.name))
    return (
      <p className="related-empty">
        <Masked />
      </p>
    )
  if (rows.length === 0) return <p className="muted related-empty">No {field.title.toLowerCase()} yet</p>
  const declared = totalsOf(entity, field)
  const amount = amountOf(entity, field, line.fields)
  const at: LinePlace = { entity, record, path: field.name }
  return (
    <>
      {phone ? (
        <LineList line={line} rows={rows} at={at} isSummed={declared.length === 0} amount={amount} />
      ) : (
        <Table line={line} rows={rows} at={at} isSummed={declared.length === 0} amount={amount} />
      )}
      {declared.length > 0 && <Totals fields={declared} record={record} valueOf={(name) => record[name]} />}
    </>
  )
}

const within = (at: LinePlace, { name }: Field): LinePlace => ({ ...at, path: `${at.path}.${name}` })

/** A sum of what is shown would pass for the sum of all. */
const isPartly = (amount: Field, rows: readonly RecordData[]): boolean => rows.some((row) => isMasked(row, amount.name))

/** What both forms show of lines: their own fields, the lists below them, and the sum of what they amount to. */
function arranged(line: Entity, rows: readonly RecordData[], isSummed: boolean, known: Field | null) {
  const nested = line.fields.filter(isLines)
  const columns = line.fields.filter((field) => !nested.includes(field))
  const amount = known ?? amountField(columns)
  return { columns, nested, amount, total: amount && isSummed && !isPartly(amount, rows) ? totalOf(amount, rows) : null }
}

interface Listing {
  readonly line: Entity
  readonly rows: readonly RecordData[]
  readonly at: LinePlace
  /** False: the module itself says what the lines come to. */
  readonly isSummed?: boolean
  /** What a line amounts to, where its document knows. */
  readonly amount?: Field | null
}

/** At phone width a line is a card: a table would hide its amount behind sideways scrolling. */
function LineList({ line, rows, at, isSummed = true, amount: known = null }: Listing) {
  const catalogue = useCatalogue()
  const locale = useLocale()
  const { columns, nested, amount, total } = arranged(line, rows, isSummed, known)
  return (
    <ol className="line-list">
      {rows.map((row) => (
        <li key={row.id}>
          <LineFace columns={columns} amount={amount} row={row} at={at} />
          {nested.map((field) => {
            const inner = field.lines && catalogue.entities[field.lines.entity]
            const value = row[field.name]
            const below = Array.isArray(value) ? value.filter(isRecord) : []
            return inner && below.length > 0 && <LineList key={field.id} line={inner} rows={below} at={within(at, field)} />
          })}
        </li>
      ))}
      <li className="row">
        <span className="grow muted">
          {rows.length} {rows.length === 1 ? 'line' : 'lines'}
        </span>
        {amount && total !== null && <span className="num strong">{kindOf(amount).format(total, amount, locale)}</span>}
      </li>
    </ol>
  )
}

function Table({ line, rows, at, isSummed = true, amount: known = null }: Listing) {
  const catalogue = useCatalogue()
  const locale = useLocale()
  const { columns, nested, amount, total } = arranged(line, rows, isSummed, known)
  return (
    <div className="table-scroll">
      <table className="table lines">
        <thead>
          <tr>
            <th className="line-number" scope="col">
              <span className="sr-only">Number</span>
            </th>
            {columns.map((field) => (
              <th key={field.id} scope="col" data-align={kindOf(field).align}>
                {field.title}
              </th>
            ))}
          </tr>
        </thead>
        {rows.map((row, index) => (
          <tbody key={row.id}>
            <tr>
              <td className="line-number num faint">{index + 1}</td>
              {columns.map((field) => (
                <td key={field.id} data-align={kindOf(field).align}>
                  <LineValue field={field} row={row} at={at} />
                </td>
              ))}
            </tr>
            {nested.map((field) => {
              const inner = field.lines && catalogue.entities[field.lines.entity]
              const value = row[field.name]
              const below = Array.isArray(value) ? value.filter(isRecord) : []
              return (
                inner &&
                below.length > 0 && (
                  <tr key={field.id} className="nested">
                    <td aria-hidden />
                    <td colSpan={columns.length}>
                      <span className="label">{field.title}</span>
                      <Table line={inner} rows={below} at={within(at, field)} />
                    </td>
                  </tr>
                )
              )
            })}
          </tbody>
        ))}
        {amount && total !== null && (
          <tfoot>
            <tr>
              <td aria-hidden />
              {columns.map((field, index) => (
                <td key={field.id} data-align={kindOf(field).align}>
                  {field === amount ? (
                    <span className="num strong">{kindOf(field).format(total, field, locale)}</span>
                  ) : index === 0 ? (
                    <span className="muted">
                      {rows.length} {rows.length === 1 ? 'line' : 'lines'}
                    </span>
                  ) : null}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  )
}
