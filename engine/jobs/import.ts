import type { Query } from '../database/types.ts'
import { isWorkbook, workbookFault } from '../fields/csv.ts'
import { isUuid } from '../fields/uuid.ts'
import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import { entityAt } from '../records/access.ts'
import type { Result } from '../records/execute.ts'
import type { RecordsDoor } from '../records/handle.ts'
import { parseIdempotency } from '../records/parse-rest-write.ts'
import type { WriteRequest } from '../records/request.ts'
import type { Access, Actor, Answer, Call, EntityAccess } from '../records/types.ts'
import { upsertKeys, writeRequest } from '../records/write-request.ts'
import type { Wanted } from '../records/write-request.ts'
import { importColumns } from './import-columns.ts'
import type { ImportColumns } from './import-columns.ts'
import { cellFaults, documents, lookupKey, lookups, readCsv, toBody } from './import-documents.ts'
import type { CellFault, Found, ImportBody, ImportDocument, Texts } from './import-documents.ts'
import { Duplicates } from './import-duplicates.ts'
import type { JobKind, JobRun, Jobs } from './jobs.ts'

/** What an import was asked to do; stored with the job. */
interface ImportInput {
  readonly module: string
  readonly plural: string
  readonly mapping: Readonly<Record<string, string | null>>
  readonly mode: 'create' | 'upsert'
  readonly key: string | null
  readonly dryRun: boolean
  readonly documents: number
}
/** How far it got. */
interface ImportState {
  readonly done?: number
  readonly counts?: Counts
  readonly faults?: readonly CellFault[]
  readonly faultCount?: number
}
interface Counts {
  readonly created: number
  readonly updated: number
  readonly failed: number
}

/** The key of an upsert that goes by the ids of records, not by a unique key of theirs. */
const recordId = 'id'
const isById = ({ mode, key }: Pick<ImportInput, 'mode' | 'key'>): boolean => mode === 'upsert' && key === recordId

const none: Counts = { created: 0, updated: 0, failed: 0 }
const summary = ({ counts = none, faults = [], faultCount = 0 }: ImportState): object => ({
  ...counts,
  faults,
  faultsCut: faultCount > faults.length,
})

const batchSize = 100
/** Faults listed in the job's result; every row's own are kept in bos.import_row. */
const faultsListed = 200
const csvRows = 200_000

export interface ImportOptions {
  readonly records: RecordsDoor
}

/** `POST …/import`: reads the file, refuses what is wrong with header or mapping at once, and hands the rest to a job: once for each Idempotency-Key. */
export async function submitImport({ records }: ImportOptions, jobs: Pick<Jobs, 'submit'>, call: Call, actor: Actor): Promise<Answer> {
  const { access, here } = await importPlace(records, call, actor)
  const text = await readText(call.body)
  const header = await readHeader(text)
  if (header.length === 0)
    throw new Problem('request-invalid', 'The file is empty.', { faults: [{ pointer: '', detail: 'The file is empty.' }] })
  const options = readOptions(here, call)
  const { columns, id } = importColumns(access, here, header, options.mapping, isById(options))
  let count = 0
  let rows = 0
  for await (const each of documents(text, columns, id)) {
    count += 1
    rows += each.rows.length
    if (rows > csvRows) throw new Problem('body-too-large', `A file has at most ${csvRows} rows.`)
  }
  const input: ImportInput = { module: call.module, plural: call.plural, ...options, documents: count }
  const job = await jobs.submit(actor, 'import', input, {
    also: (jobId) => [storeQuery(actor, jobId, here.entity.id, input, text)],
    idempotency: parseIdempotency({ ...call, rest: ['import'] }, text),
  })
  return { status: 202, body: JSON.stringify(job), headers: { Location: `/api/jobs/${job.id}` } }
}

async function importPlace(
  records: ImportOptions['records'],
  call: Pick<Call, 'module' | 'plural'>,
  actor: Actor,
): Promise<{ access: Access; here: EntityAccess }> {
  const access = await records.access(actor)
  const here = entityAt(access, call)
  if (here.entity.kind !== 'record' || !here.actions.has('import'))
    throw new Problem('not-allowed', `Your role may not import ${here.entity.pluralTitle.toLowerCase()}.`)
  return { access, here }
}

const storeQuery = (actor: Actor, job: string, entity: string, input: ImportInput, text: string): Query => ({
  text: 'insert into bos.import (tenant_id, job_id, entity, mode, options, source) values ($1, $2, $3, $4, $5, $6)',
  values: [actor.tenant, job, entity, input.mode, JSON.stringify(input), text],
})

async function readText(body: unknown): Promise<string> {
  if (typeof body === 'string') return body
  if (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body))
    throw new Problem('media-type-unsupported', 'Send the file as text/csv.')
  const chunks: Buffer[] = []
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  if (isWorkbook(bytes)) throw new Problem('request-malformed', workbookFault)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (text.includes('\0')) throw new Problem('request-malformed', 'The file has NUL characters; save it as UTF-8 CSV.')
    return text
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('request-malformed', 'The file is not UTF-8; save it as "CSV UTF-8".', { cause: error })
  }
}

function readOptions(here: EntityAccess, { query }: Call): Pick<ImportInput, 'mapping' | 'mode' | 'key' | 'dryRun'> {
  const faults: Fault[] = []
  const fault = (name: string, detail: string) => faults.push({ pointer: name, detail })
  const one = (name: string): string | null => {
    const values = query.get(name)
    if (values && values.length > 1) fault(name, `"${name}" may be given once.`)
    return values?.[0] ?? null
  }
  for (const name of query.keys())
    if (!['mode', 'key', 'dryRun', 'mapping'].includes(name)) fault(name, 'An import takes mode, key, dryRun and mapping.')
  const mode = one('mode') ?? 'create'
  const key = one('key')
  const dryRun = one('dryRun') ?? 'false'
  if (mode !== 'create' && mode !== 'upsert') fault('mode', 'Mode is create or upsert.')
  const keys = upsertKeys(here).map((each) => each.id)
  if (mode === 'upsert' && (key === null || ![recordId, ...keys].includes(key)))
    fault('key', `An upsert names what it goes by: ${[recordId, ...keys].join(', ')}.`)
  if (dryRun !== 'true' && dryRun !== 'false') fault('dryRun', 'dryRun is true or false.')
  const mapping = readMapping(one('mapping'), fault)
  if (faults.length > 0) throw new Problem('parameter-invalid', faults[0]!.detail, { faults })
  return { mapping, mode: mode as ImportInput['mode'], key, dryRun: dryRun === 'true' }
}

function readMapping(text: string | null, fault: (name: string, detail: string) => void): Record<string, string | null> {
  if (text === null) return {}
  const detail = 'A mapping is JSON: {"CSV header": "field" or null}.'
  try {
    const mapping: unknown = JSON.parse(text)
    const entries = typeof mapping === 'object' && mapping !== null && !Array.isArray(mapping) ? Object.entries(mapping) : null
    if (entries?.every(([, path]) => path === null || (typeof path === 'string' && path.length <= 200)))
      return Object.assign(Object.create(null), mapping) as Record<string, string | null>
  } catch {
    // Not JSON: the same fault.
  }
  fault('mapping', detail)
  return {}
}

/**
 * Runs an import in batches, each through the bulk door as the member who asked. Every document has an idempotency key of its
 * own, so a batch that is repeated after a crash does nothing twice; its rows and the progress are then kept together.
 */
export const importKind = ({ records }: ImportOptions, source: (actor: Actor, job: string) => Promise<string>): JobKind => ({
  kind: 'import',
  async run(run: JobRun) {
    const input = run.input as ImportInput
    const text = await run.as((actor) => source(actor, run.id))
    const header = await readHeader(text)
    // What a dry run has seen is nowhere but here: one that was interrupted begins anew.
    const duplicates = input.dryRun ? new Duplicates() : null
    let { done = 0, counts = none, faults = [], faultCount = 0 } = input.dryRun ? {} : (run.state as ImportState)
    let batch: ImportDocument[] = []
    let seen = 0
    const work = async (): Promise<void> => {
      const outcome = await run.as((actor) => importBatch(records, run.id, input, header, batch, done, duplicates, actor))
      done += batch.length
      batch = []
      counts = {
        created: counts.created + outcome.created,
        updated: counts.updated + outcome.updated,
        failed: counts.failed + outcome.failed,
      }
      faults = [...faults, ...outcome.faults].slice(0, faultsListed)
      faultCount += outcome.faults.length
      const rows = await run.as(async (actor) => rowsQuery(actor, run.id, outcome.rows))
      await run.checkpoint({ done, counts, faults, faultCount } satisfies ImportState, done, input.documents, input.dryRun ? [] : [rows])
    }
    const { columns, id } = await run.as(async (actor) => columnsOf(records, input, header, actor))
    for await (const each of documents(text, columns, id)) {
      if (seen++ < done) continue
      batch.push(each)
      if (batch.length === batchSize) await work()
    }
    if (batch.length > 0) await work()
    // A mistyped header must not lose its column in silence.
    const ignored = header.filter((name, i) => columns[i] === null && i !== id && input.mapping[name] !== null)
    return { dryRun: input.dryRun, ignored, ...summary({ counts, faults, faultCount }) }
  },
  summary: (state) => summary(state as ImportState),
})

/** The names in the first row that is not empty; none: the file is empty. */
async function readHeader(text: string): Promise<readonly string[]> {
  for await (const { cells } of readCsv(text)) return cells
  return []
}

async function columnsOf(
  records: ImportOptions['records'],
  input: ImportInput,
  header: readonly string[],
  actor: Actor,
): Promise<ImportColumns> {
  const { access, here } = await importPlace(records, input, actor)
  return importColumns(access, here, header, input.mapping, isById(input))
}

interface RowOutcome {
  readonly row: number
  readonly status: 'created' | 'updated' | 'failed'
  readonly record: string | null
  readonly version: number | null
  readonly faults: readonly CellFault[]
}

async function importBatch(
  records: ImportOptions['records'],
  job: string,
  input: ImportInput,
  header: readonly string[],
  batch: readonly ImportDocument[],
  from: number,
  duplicates: Duplicates | null,
  actor: Actor,
): Promise<Counts & { rows: readonly RowOutcome[]; faults: readonly CellFault[] }> {
  const place = await importPlace(records, input, actor)
  const { columns, id } = importColumns(place.access, place.here, header, input.mapping, isById(input))
  const find = (texts: readonly Texts[]) => findAll(records, place.access, actor, texts)
  const unique = await find(lookups(batch, columns))
  const found = new Map([...unique, ...(await find(lookups(batch, columns, unique)))])
  const bodies = batch.map((each) => withId(toBody(each, columns, found), each, header, id))
  const good = batch.flatMap((_, i) => (bodies[i]!.faults.length === 0 ? [i] : []))
  const wanted = (i: number): Wanted => {
    const data = bodies[i]!.body
    if (bodies[i]!.id !== null) return { op: 'update', id: bodies[i]!.id, data }
    return input.mode === 'upsert' && !isById(input) ? { op: 'upsert', key: input.key!, data } : { op: 'create', data }
  }
  // A document is known by its place in the file: what its cells mean may change between two attempts, when a record that it names was made meanwhile.
  const idempotency = input.dryRun ? null : { route: `import ${job}`, keys: good.map((i) => String(from + i)), bodyHash: Buffer.from(job) }
  // The rows of a document are all of its lines, however the document is found.
  const replace = new Set(columns.flatMap((each) => (each?.lines ? [each.lines.name] : [])))
  const writing = { ...place, mode: 'each', via: 'import', requestId: job, dryRun: input.dryRun, replace } as const
  const request = writeRequest({ ...writing, idempotency }, good.map(wanted))
  const outcome = await records.run(request, actor)
  const results = duplicates ? judged(place.access, request, outcome.results, duplicates) : outcome.results
  const rows = batch.map((document, i): RowOutcome => {
    const row = document.rows[0]!.number
    const failed = (faults: readonly CellFault[]): RowOutcome => ({ row, status: 'failed', record: null, version: null, faults })
    const { faults } = bodies[i]!
    if (faults.length > 0) {
      // The cells that could be read may lack something as well.
      const more = writeRequest(writing, [wanted(i)]).refused.get(0)
      const isNew = (one: CellFault): boolean => !faults.some((each) => each.row === one.row && each.column === one.column)
      return failed([...faults, ...(more ? cellFaults(document, bodies[i]!, columns, more).filter(isNew) : [])])
    }
    const result = results[good.indexOf(i)]!
    if (result instanceof Problem && bodies[i]!.id !== null && result.code === 'not-found')
      return failed([{ row, column: header[id]!, detail: `No ${place.here.entity.title.toLowerCase()} has this id.` }])
    if (result instanceof Problem) return failed(cellFaults(document, bodies[i]!, columns, result))
    return { row, status: result.status === 201 ? 'created' : 'updated', record: result.id, version: result.version, faults: [] }
  })
  const count = (status: RowOutcome['status']) => rows.filter((each) => each.status === status).length
  return {
    rows,
    created: count('created'),
    updated: count('updated'),
    failed: count('failed'),
    faults: rows.flatMap((each) => each.faults),
  }
}

function judged(access: Access, request: WriteRequest, results: readonly Result[], duplicates: Duplicates): readonly Result[] {
  let read = 0
  return results.map((result, i) => (request.refused.has(i) ? result : duplicates.judge(access, request.operations[read++]!, result)))
}

/** A body and the record that it is for; null: a new one. */
function withId(
  body: ImportBody,
  { rows: [first] }: ImportDocument,
  header: readonly string[],
  at: number,
): ImportBody & { id: string | null } {
  const text = first!.cells[at]?.trim().toLowerCase() ?? ''
  if (text === '' || isUuid(text)) return { ...body, id: text || null }
  const fault = { row: first!.number, column: header[at]!, detail: 'must be the id of a record, or empty for a new one' }
  return { ...body, id: null, faults: [fault, ...body.faults] }
}

async function findAll(records: ImportOptions['records'], access: Access, actor: Actor, wanted: readonly Texts[]): Promise<Found> {
  const found = new Map<string, string[]>()
  for (const { entity, field, texts } of wanted) {
    const lookUp = { here: access.entities.get(entity)!, field, values: [...texts] }
    for (const [text, id] of await records.run({ kind: 'lookUp', access, lookUp }, actor)) {
      const key = lookupKey(entity, field, text)
      found.set(key, [...(found.get(key) ?? []), id])
    }
  }
  return found
}

const rowsQuery = (actor: Actor, job: string, rows: readonly RowOutcome[]): Query => ({
  text: `insert into bos.import_row (tenant_id, job_id, row_number, status, record_id, version, problem)
    select $1, $2, r."row", r.status, r.record, r.version, r.faults from json_to_recordset($3::json) as r("row" int, status text, record uuid, version int, faults jsonb)
    on conflict do nothing`,
  values: [actor.tenant, job, JSON.stringify(rows.map((each) => ({ ...each, faults: each.faults.length > 0 ? each.faults : null })))],
})
