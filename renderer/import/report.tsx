import { IconArrowBackUp, IconDownload } from '@tabler/icons-react'
import type { Entity } from '../api/catalogue.ts'
import { delimiterOf } from '../../engine/fields/csv.ts'
import { over, type ImportResult, type Job, type UndoResult } from '../api/jobs.ts'
import { useLocale } from '../fields/locale.ts'
import { formatDecimal } from '../fields/numbers.ts'
import { sentence } from '../form/words.ts'
import { previewCsv, writeCsv } from './csv.ts'

/** A check, an import or its undoing: progress while it runs, then counts and the rows that could not be taken. */
export function Report({
  job,
  entity,
  file,
  check = false,
  onCancel,
  onUndo,
}: {
  readonly job: Job | undefined
  readonly entity: Entity
  readonly file: File | null
  /** It only looks: nothing is written. */
  readonly check?: boolean
  readonly onCancel?: () => void
  readonly onUndo?: () => void
}) {
  const count = useCount()
  if (!job) return null
  const { done, total } = job.progress
  if (!over(job)) {
    const undoing = job.kind === 'import-undo'
    const doing = check ? 'Checking the file' : undoing ? 'Undoing the import' : `Importing ${entity.pluralTitle.toLowerCase()}`
    return (
      <div className="report">
        <h2 className="section-title">{job.status === 'queued' ? 'Waiting for its turn' : doing}</h2>
        <progress className="progress" max={total ?? 1} value={total === null ? undefined : done} aria-label="Progress" />
        <p className="muted num" aria-live="polite">
          {total === null ? 'Counting the rows' : `${count(done)} of ${count(total)} rows`}
        </p>
        <p className="muted">{check ? 'A check changes nothing.' : 'You can leave this page; the work goes on.'}</p>
        {onCancel && !undoing && (
          <button className="btn form" onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
    )
  }
  if (job.status === 'failed')
    return (
      <div className="report">
        <h2 className="section-title">Stopped by an error</h2>
        <p className="danger">{detailOf(job.result)}</p>
      </div>
    )
  if (job.kind === 'import-undo') return <Undone result={job.result as UndoResult} entity={entity} />
  return <Counts job={job} result={job.result as ImportResult | null} entity={entity} file={file} {...(onUndo && { onUndo })} />
}

/** Whole numbers as the tenant writes them. */
function useCount(): (number: number) => string {
  const { locale } = useLocale()
  return (number) => formatDecimal(String(number), locale, 0)
}

const detailOf = (result: unknown): string =>
  typeof result === 'object' && result !== null && 'detail' in result ? String(result.detail) : 'The server gave no reason.'

function Counts({
  job,
  result,
  entity,
  file,
  onUndo,
}: {
  readonly job: Job
  readonly result: ImportResult | null
  readonly entity: Entity
  readonly file: File | null
  readonly onUndo?: () => void
}) {
  const count = useCount()
  const named = (number: number): string => `${count(number)} ${(number === 1 ? entity.title : entity.pluralTitle).toLowerCase()}`
  if (!result)
    return (
      <div className="report">
        <h2 className="section-title">Cancelled</h2>
        <p className="muted">{count(job.progress.done)} rows had been taken before that.</p>
        {onUndo && (
          <button className="btn form" onClick={onUndo}>
            <IconArrowBackUp size={16} stroke={1.5} aria-hidden />
            Undo what was imported
          </button>
        )}
      </div>
    )
  const { dryRun, created, updated, failed, faults, faultsCut } = result
  return (
    <div className="report" aria-live="polite">
      <h2 className="section-title">
        {dryRun
          ? failed === 0
            ? 'Every row can be imported'
            : `${count(failed)} ${failed === 1 ? 'row needs' : 'rows need'} attention`
          : `Imported ${named(created + updated)}`}
      </h2>
      <div className="report-counts">
        <span>
          <b className="num">{count(created)}</b> {dryRun ? 'would be new' : 'new'}
        </span>
        {updated > 0 && (
          <span>
            <b className="num">{count(updated)}</b> {dryRun ? 'would be updated' : 'updated'}
          </span>
        )}
        {failed > 0 && (
          <span className="danger">
            <b className="num">{count(failed)}</b> {dryRun ? 'with errors would be left out' : 'with errors left out'}
          </span>
        )}
      </div>
      {dryRun && <p className="muted">Nothing has been changed yet.</p>}
      {faults.length > 0 && (
        <>
          <div className="row report-bar">
            <span className="strong grow">Rows with errors{faultsCut && ' (the first 200)'}</span>
            <button className="btn" onClick={() => void download(file, result, entity)}>
              <IconDownload size={16} stroke={1.5} aria-hidden />
              Download with reasons
            </button>
          </div>
          <div className="table-scroll report-faults">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">Row</th>
                  <th scope="col">Column</th>
                  <th scope="col">What is wrong</th>
                </tr>
              </thead>
              <tbody>
                {faults.map((fault) => (
                  <tr key={`${fault.row}${fault.column}${fault.detail}`}>
                    <td className="num">{fault.row}</td>
                    <td>{fault.column ?? '–'}</td>
                    <td className="report-detail">{sentence(fault.column ?? 'The row', fault.detail)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      {!dryRun && created + updated > 0 && onUndo && (
        <button className="btn form" onClick={onUndo}>
          <IconArrowBackUp size={16} stroke={1.5} aria-hidden />
          Undo this import
        </button>
      )}
    </div>
  )
}

const Undone = ({ result, entity }: { readonly result: UndoResult; readonly entity: Entity }) => (
  <div className="report" aria-live="polite">
    <h2 className="section-title">The import was undone</h2>
    <div className="report-counts">
      <span>
        <b className="num">{result.removed}</b> {(result.removed === 1 ? entity.title : entity.pluralTitle).toLowerCase()} deleted
      </span>
      <span>
        <b className="num">{result.reverted}</b> put back as they were
      </span>
      <span>
        <b className="num">{result.keptCount}</b> kept
      </span>
    </div>
    {result.kept.length > 0 && (
      <div className="table-scroll report-faults">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Row</th>
              <th scope="col">Why it was kept</th>
            </tr>
          </thead>
          <tbody>
            {result.kept.map((kept) => (
              <tr key={kept.record}>
                <td className="num">{kept.row}</td>
                <td>{kept.why}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )}
  </div>
)

/** The bad rows as a file with a reason column, to be put right and imported again. Without the file at hand: the reasons alone. */
async function download(file: File | null, { faults }: ImportResult, entity: Entity): Promise<void> {
  const reasons = new Map<number, string[]>()
  for (const { row, column, detail } of faults)
    reasons.set(row, [...(reasons.get(row) ?? []), column === null ? detail : `${column}: ${detail}`])
  const source = file ? await file.text() : ''
  const all = previewCsv(source, Number.POSITIVE_INFINITY, true)
  const header = all.find((row) => row.length > 1 || row[0] !== '') ?? []
  const rows = [...reasons].toSorted(([a], [b]) => a - b)
  const text = file
    ? writeCsv([[...header, 'Reason'], ...rows.map(([row, why]) => [...(all[row - 1] ?? []), why.join('; ')])], delimiterOf(source))
    : writeCsv([['Row', 'Reason'], ...rows.map(([row, why]) => [String(row), why.join('; ')])])
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  link.download = `${entity.plural}-errors.csv`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
