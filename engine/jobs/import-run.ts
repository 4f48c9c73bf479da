import { limits } from '../config.ts'
import type { Database, Query } from '../database/types.ts'
import { isUuid } from '../fields/uuid.ts'
import { Problem } from '../problems.ts'
import type { Result } from '../records/execute-once.ts'
import type { RecordsDoor } from '../records/handle.ts'
import type { WriteRequest } from '../records/request.ts'
import type { Access, Actor } from '../records/types.ts'
import { writeRequest } from '../records/write-request.ts'
import type { Wanted } from '../records/write-request.ts'
import type { ImportColumns } from './import-columns.ts'
import { cellFaults, documents, lookupKey, lookups, toBody } from './import-documents.ts'
import type { CellFault, Found, ImportBody, ImportDocument, Texts } from './import-documents.ts'
import { Duplicates } from './import-duplicates.ts'
import { columnsOf, importPlace, isById, readHeader, readSource } from './import-input.ts'
import type { ImportInput, ImportPlace } from './import-input.ts'
import type { JobKind } from './jobs.ts'

/** How far it got. */
interface ImportState {
  /** So many documents of the file. */
  readonly done: number
  readonly counts: Counts
  readonly faults: readonly CellFault[]
  readonly faultCount: number
}
type Counts = Readonly<Record<RowOutcome['status'], number>>

/** What became of one document; kept with the job. */
interface RowOutcome {
  readonly row: number
  readonly status: 'created' | 'updated' | 'failed'
  readonly record: string | null
  readonly version: number | null
  readonly faults: readonly CellFault[]
}

const begun: ImportState = { done: 0, counts: { created: 0, updated: 0, failed: 0 }, faults: [], faultCount: 0 }

/** What all batches share. */
interface Importing {
  readonly records: RecordsDoor
  readonly job: string
  readonly input: ImportInput
  readonly header: readonly string[]
  /** What a dry run has seen is nowhere but here: one that was interrupted begins anew. */
  readonly duplicates: Duplicates | null
}
interface Batch {
  readonly documents: readonly ImportDocument[]
  /** So many documents of the file stand before it. */
  readonly from: number
}

/**
 * Runs an import in batches, each through the bulk door as the member who asked. Every document has an idempotency key of its
 * own, so a batch that is repeated after a crash does nothing twice; its rows and the progress are then kept together.
 */
export const importKind = ({ database, records }: { readonly database: Database; readonly records: RecordsDoor }): JobKind => ({
  kind: 'import',
  async run(run) {
    const input = run.input as ImportInput
    const text = await run.as((actor) => readSource(database, actor, run.id))
    const header = await readHeader(text)
    const importing: Importing = { records, job: run.id, input, header, duplicates: input.dryRun ? new Duplicates() : null }
    const { columns, id } = await run.as(async (actor) => columnsOf(await importPlace(records, input, actor), input, header))
    let state = input.dryRun ? begun : stateOf(run.state)
    for await (const batch of batches(documents(text, columns, id), state.done)) {
      const { rows, keep } = await run.as(async (actor) => {
        const done = await importBatch(importing, batch, actor)
        return { rows: done, keep: input.dryRun ? [] : [rowsQuery(actor, run.id, done)] }
      })
      state = after(state, rows)
      await run.checkpoint(state, state.done, input.documents, keep)
    }
    // A mistyped header must not lose its column in silence.
    const ignored = header.filter((name, i) => columns[i] === null && i !== id && input.mapping[name] !== null)
    return { dryRun: input.dryRun, ignored, ...summary(state) }
  },
  summary: (state) => summary(stateOf(state)),
})

/** Nothing is kept before the first checkpoint. */
const stateOf = (kept: unknown): ImportState => ({ ...begun, ...(kept as Partial<ImportState>) })

const summary = ({ counts, faults, faultCount }: ImportState): object => ({ ...counts, faults, faultsCut: faultCount > faults.length })

function after({ done, counts, faults, faultCount }: ImportState, rows: readonly RowOutcome[]): ImportState {
  const count = (status: RowOutcome['status']): number => counts[status] + rows.filter((each) => each.status === status).length
  const more = rows.flatMap((each) => each.faults)
  return {
    done: done + rows.length,
    counts: { created: count('created'), updated: count('updated'), failed: count('failed') },
    faults: [...faults, ...more].slice(0, limits.importFaultsListed),
    faultCount: faultCount + more.length,
  }
}

/** What comes behind the first `done` documents, so many at a time as go through the door together. */
async function* batches(all: AsyncIterable<ImportDocument>, done: number): AsyncGenerator<Batch> {
  let from = done
  let seen = 0
  let batch: ImportDocument[] = []
  for await (const each of all) {
    if (seen++ < done) continue
    batch.push(each)
    if (batch.length < limits.importDocumentsAtOnce) continue
    yield { documents: batch, from }
    from += batch.length
    batch = []
  }
  if (batch.length > 0) yield { documents: batch, from }
}

/** A document of the file, and what is wanted of a record. */
interface Row {
  readonly document: ImportDocument
  readonly body: ImportBody
  readonly wanted: Wanted
}

/** Answers one outcome for each document. */
async function importBatch(importing: Importing, batch: Batch, actor: Actor): Promise<readonly RowOutcome[]> {
  const { records, job, input, header, duplicates } = importing
  const place = await importPlace(records, input, actor)
  const columns = columnsOf(place, input, header)
  const rows = await readRows(importing, place, columns, batch, actor)
  // A document is known by its place in the file: what its cells mean may change between two attempts, when a record that it names was made meanwhile.
  const good = rows.flatMap((row, i) => (row.body.faults.length === 0 ? [{ row, key: String(batch.from + i) }] : []))
  const idempotency = input.dryRun ? null : { route: `import ${job}`, keys: good.map(({ key }) => key), bodyHash: Buffer.from(job) }
  // The rows of a document are all of its lines, however the document is found.
  const replace = new Set(columns.columns.flatMap((each) => (each?.lines ? [each.lines.name] : [])))
  const writing = { ...place, mode: 'each', via: 'import', requestId: job, dryRun: input.dryRun, replace } as const
  const wanted = good.map(({ row }) => row.wanted)
  const request = writeRequest({ ...writing, idempotency }, wanted)
  const { results } = await records.run(request, actor)
  const judged = duplicates ? judgedBy(duplicates, place.access, request, results) : results
  const resultOf = new Map(good.map(({ row }, i) => [row, judged[i]!]))
  return rows.map((row): RowOutcome => {
    const { document, body } = row
    const at = document.rows[0]!.number
    const result = resultOf.get(row)
    const failed = (faults: readonly CellFault[]): RowOutcome => ({ row: at, status: 'failed', record: null, version: null, faults })
    if (result === undefined) {
      // The cells that could be read may lack something as well.
      const more = writeRequest(writing, [row.wanted]).refused.get(0)
      const isNew = (one: CellFault): boolean => !body.faults.some((each) => each.row === one.row && each.column === one.column)
      return failed([...body.faults, ...(more ? cellFaults(document, body, columns.columns, more).filter(isNew) : [])])
    }
    if (result instanceof Problem && row.wanted.op === 'update' && result.code === 'not-found')
      return failed([{ row: at, column: header[columns.id]!, detail: `No ${place.here.entity.title.toLowerCase()} has this id.` }])
    if (result instanceof Problem) return failed(cellFaults(document, body, columns.columns, result))
    return { row: at, status: result.status === 201 ? 'created' : 'updated', record: result.id, version: result.version, faults: [] }
  })
}

/** Reads the cells of a batch; what they name is looked up for all of them together. */
async function readRows(
  { records, input, header }: Importing,
  { access }: ImportPlace,
  { columns, id }: ImportColumns,
  { documents: all }: Batch,
  actor: Actor,
): Promise<readonly Row[]> {
  const find = (texts: readonly Texts[]) => findAll(records, access, actor, texts)
  const unique = await find(lookups(all, columns))
  const found = new Map([...unique, ...(await find(lookups(all, columns, unique)))])
  return all.map((document) => {
    const { id: record, ...body } = withId(toBody(document, columns, found), document, header, id)
    const data = body.body
    const made: Wanted = input.mode === 'upsert' && !isById(input) ? { op: 'upsert', key: input.key!, data } : { op: 'create', data }
    return { document, body, wanted: record === null ? made : { op: 'update', id: record, data } }
  })
}

function judgedBy(duplicates: Duplicates, access: Access, request: WriteRequest, results: readonly Result[]): readonly Result[] {
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

async function findAll(records: RecordsDoor, access: Access, actor: Actor, wanted: readonly Texts[]): Promise<Found> {
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
