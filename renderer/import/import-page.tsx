import { IconFileSpreadsheet } from '@tabler/icons-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { may, useCatalogue, type Entity } from '../api/catalogue.ts'
import { endJob, over, startImport, useJob, type ImportResult } from '../api/jobs.ts'
import { readAnew } from '../api/records.ts'
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
import { openCsv, type Opened } from './csv.ts'
import './import.css'
import { Mapping } from './mapping.tsx'
import { Report } from './report.tsx'
import { idPath, matchHeaders, targetsOf } from './targets.ts'

export function ImportPage() {
  const { entity } = useAddress()
  if (!entity) return <NotFoundPage />
  return may(entity, 'import') ? <Import key={entity.id} entity={entity} /> : <ForbiddenPage />
}

const hasIds = (mapping: Readonly<Record<string, string | null>>): boolean => Object.values(mapping).includes(idPath)

const steps = ['File', 'Columns', 'Check', 'Import'] as const

/** Upload → columns → check → run. The running job stands in the address, so one may leave and come back. */
function Import({ entity }: { readonly entity: Entity }) {
  const catalogue = useCatalogue()
  const go = useGo()
  const phone = usePhone()
  const { locale } = useLocale()
  const [search, setSearch] = useSearchText()
  const [file, setFile] = useState<File | null>(null)
  const [opened, setOpened] = useState<Opened | null>(null)
  const rows = opened?.fault === null ? opened.rows : []
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
    if (finished) void readAnew()
  }, [finished])

  const take = async (chosen: File): Promise<void> => {
    const content = openCsv(new Uint8Array(await chosen.arrayBuffer()))
    setFile(chosen)
    setOpened(content)
    if (content.fault !== null) return
    const matched = matchHeaders(content.rows[0] ?? [], targets)
    setMapping(matched)
    setKey(hasIds(matched) ? idPath : null)
  }
  const remap = (changed: Readonly<Record<string, string | null>>): void => {
    setMapping(changed)
    // What is chosen, and what can be, follows the column of ids.
    if (hasIds(changed) !== hasIds(mapping)) setKey(hasIds(changed) ? idPath : null)
  }
  const start = async (dryRun: boolean): Promise<void> => {
    if (!file) return
    setBusy(true)
    // Ids are for updating by them alone.
    const meant = Object.fromEntries(
      Object.entries(mapping).map(([header, path]) => [header, path === idPath && key !== idPath ? null : path]),
    )
    try {
      const job = await startImport(entity, file, { mapping: meant, mode: key === null ? 'create' : 'upsert', key, dryRun })
      if (dryRun) setCheckId(job.id)
      else setSearch({ job: job.id })
    } catch (error) {
      failed(dryRun ? 'The file was not checked.' : 'Nothing was imported.', error)
    }
    setBusy(false)
  }
  const again = (): void => {
    setFile(null)
    setOpened(null)
    setKey(null)
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
            fault={opened?.fault ?? null}
            name={file?.name ?? ''}
            required={targets.filter((target) => target.required && !target.path.includes('.')).map((target) => target.title)}
          />
        )}
        {step === 1 && (
          <Mapping
            rows={rows}
            targets={targets}
            mapping={mapping}
            onMapping={remap}
            keys={keys}
            chosen={key}
            onKey={setKey}
            entity={entity}
            file={file?.name ?? ''}
            delimiter={opened?.fault === null ? opened.delimiter : ','}
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
  fault,
  name,
  required,
}: {
  readonly entity: Entity
  /** Why the file that was chosen before cannot be taken. */
  readonly fault: string | null
  readonly name: string
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
      {fault !== null && (
        <p className="danger" role="alert">
          {name}: {fault}
        </p>
      )}
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
          // The same file, saved again, is chosen again.
          event.currentTarget.value = ''
          if (file) onFile(file)
        }}
      />
    </div>
  )
}
