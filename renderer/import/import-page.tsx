import { IconFileSpreadsheet } from '@tabler/icons-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { may, useCatalogue, type Entity } from '../api/catalogue.ts'
import { endJob, over, startImport, useJob, type ImportResult } from '../api/jobs.ts'
import { queryClient } from '../api/records.ts'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { useLocale } from '../fields/locale.ts'
import { formatDecimal } from '../fields/numbers.ts'
import { listAddress } from '../model/entity.ts'
import { A, useGo } from '../model/navigation.tsx'
import { useAddress, useSearchText } from '../model/route.ts'
import { ActionDock, PageBar } from '../shell/page-bar.tsx'
import { Failure, ForbiddenPage, NotFoundPage } from '../shell/states.tsx'
import { failed } from '../shell/toast.tsx'
import { previewCsv } from './csv.ts'
import './import.css'
import { Mapping } from './mapping.tsx'
import { Report } from './report.tsx'
import { matchHeaders, targetsOf } from './targets.ts'

export function ImportPage() {
  const { entity } = useAddress()
  if (!entity) return <NotFoundPage />
  return may(entity, 'import') ? <Import key={entity.id} entity={entity} /> : <ForbiddenPage />
}

const steps = ['File', 'Columns', 'Check', 'Import'] as const

/** Upload → columns → check → run. The running job stands in the address, so one may leave and come back. */
function Import({ entity }: { readonly entity: Entity }) {
  const catalogue = useCatalogue()
  const go = useGo()
  const phone = usePhone()
  const { locale } = useLocale()
  const [search, setSearch] = useSearchText()
  const [file, setFile] = useState<File | null>(null)
  const [rows, setRows] = useState<readonly (readonly string[])[]>([])
  const [mapping, setMapping] = useState<Readonly<Record<string, string | null>>>({})
  const keys = entity.unique.filter((key) => key.fields.length > 0)
  const [key, setKey] = useState<string | null>(null)
  const [checkId, setCheckId] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const targets = useMemo(() => targetsOf(catalogue, entity), [catalogue, entity])
  const runId = search['job'] ?? null
  const check = useJob(checkId)
  const run = useJob(runId)
  const step = runId !== null ? 3 : checkId !== null ? 2 : rows.length > 0 ? 1 : 0
  const finished = over(run.data)
  useEffect(() => {
    if (finished) void queryClient.invalidateQueries({ queryKey: ['entity'] })
  }, [finished])

  const take = async (chosen: File): Promise<void> => {
    const preview = previewCsv(await chosen.slice(0, 200_000).text(), 6)
    setFile(chosen)
    setRows(preview)
    setMapping(matchHeaders(preview[0] ?? [], targets))
  }
  const start = async (dryRun: boolean): Promise<void> => {
    if (!file) return
    setBusy(true)
    try {
      const job = await startImport(entity, file, { mapping, mode: key === null ? 'create' : 'upsert', key, dryRun })
      if (dryRun) setCheckId(job.id)
      else setSearch({ job: job.id })
    } catch (error) {
      failed(dryRun ? 'The file was not checked.' : 'Nothing was imported.', error)
    }
    setBusy(false)
  }
  const again = (): void => {
    setFile(null)
    setRows([])
    setCheckId(null)
    setSearch({ job: undefined })
  }
  const checked = check.data?.status === 'done' ? (check.data.result as ImportResult) : null
  const good = checked === null ? 0 : checked.created + checked.updated
  const quiet = phone ? 'btn' : 'btn quiet'
  const actions =
    step === 1 ? (
      <>
        <button className={quiet} onClick={again}>
          Back
        </button>
        <button
          className="btn primary"
          disabled={busy || !Object.values(mapping).some((path) => path !== null)}
          onClick={() => void start(true)}
        >
          Check the file
        </button>
      </>
    ) : step === 2 ? (
      <>
        <button className={quiet} onClick={() => setCheckId(null)}>
          Back
        </button>
        <button className="btn primary" disabled={busy || good === 0} onClick={() => void start(false)}>
          Import {good > 0 ? formatDecimal(String(good), locale, 0) : ''} {(good === 1 ? entity.title : entity.pluralTitle).toLowerCase()}
        </button>
      </>
    ) : step === 3 && finished ? (
      <>
        <button className={quiet} onClick={again}>
          Import another file
        </button>
        <button className="btn primary" onClick={() => go(listAddress(entity))}>
          Show {entity.pluralTitle.toLowerCase()}
        </button>
      </>
    ) : null
  return (
    <>
      <PageBar
        title={`Import ${entity.pluralTitle.toLowerCase()}`}
        back={listAddress(entity)}
        crumbs={
          <A className="crumb" href={listAddress(entity)}>
            <EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={20} />
            <span className="ellipsis">{entity.pluralTitle}</span>
          </A>
        }
      >
        {!phone && actions}
      </PageBar>
      <ol className="steps" aria-label="Steps">
        {steps.map((title, index) => (
          <li key={title} aria-current={index === step ? 'step' : undefined} data-done={index < step || undefined}>
            <span className="num">{index + 1}</span>
            {title}
          </li>
        ))}
      </ol>
      <div className="import">
        {step === 0 && (
          <Drop
            entity={entity}
            onFile={(chosen) => void take(chosen)}
            required={targets.filter((target) => target.required && !target.path.includes('.')).map((target) => target.title)}
          />
        )}
        {step === 1 && (
          <Mapping
            rows={rows}
            targets={targets}
            mapping={mapping}
            onMapping={setMapping}
            keys={keys}
            chosen={key}
            onKey={setKey}
            entity={entity}
            file={file?.name ?? ''}
          />
        )}
        {step === 2 &&
          (check.error ? (
            <Failure title="The check could not be read" error={check.error} onRetry={() => void check.refetch()} />
          ) : (
            <Report job={check.data} entity={entity} file={file} check />
          ))}
        {step === 3 &&
          (run.error ? (
            <Failure title="The import could not be read" error={run.error} onRetry={() => void run.refetch()} />
          ) : (
            <Report
              job={run.data}
              entity={entity}
              file={file}
              onCancel={() =>
                void endJob(runId ?? '', 'cancel').then(
                  () => run.refetch(),
                  (error: unknown) => failed('The import goes on.', error),
                )
              }
              onUndo={() =>
                void endJob(runId ?? '', 'undo').then(
                  (job) => setSearch({ job: job.id }),
                  (error: unknown) => failed('The import was not undone.', error),
                )
              }
            />
          ))}
      </div>
      <ActionDock>{actions}</ActionDock>
    </>
  )
}

function Drop({
  entity,
  onFile,
  required,
}: {
  readonly entity: Entity
  readonly onFile: (file: File) => void
  readonly required: readonly string[]
}) {
  const input = useRef<HTMLInputElement>(null)
  const [dragged, setDragged] = useState(false)
  return (
    <div
      className="drop"
      data-over={dragged || undefined}
      onDragOver={(event) => {
        event.preventDefault()
        setDragged(true)
      }}
      onDragLeave={() => setDragged(false)}
      onDrop={(event) => {
        event.preventDefault()
        setDragged(false)
        const file = event.dataTransfer.files[0]
        if (file) onFile(file)
      }}
    >
      <IconFileSpreadsheet size={28} stroke={1.25} className="faint" aria-hidden />
      <h2 className="section-title">Drop a CSV file here</h2>
      <p className="muted">
        One row per {entity.title.toLowerCase()}, with column names in the first row, saved as UTF-8.
        {required.length > 0 && ` Needed: ${required.join(', ')}.`}
      </p>
      <button className="btn form" onClick={() => input.current?.click()}>
        Choose a file
      </button>
      <input
        ref={input}
        type="file"
        accept=".csv,text/csv"
        hidden
        aria-label="CSV file"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0]
          if (file) onFile(file)
        }}
      />
    </div>
  )
}
