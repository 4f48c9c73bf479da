import { limits } from '../config.ts'
import { isWorkbook, workbookFault } from '../fields/csv.ts'
import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import type { RecordsDoor } from '../records/handle.ts'
import { parseIdempotency } from '../records/parse-rest-write.ts'
import type { Actor, Answer, Call, EntityAccess } from '../records/types.ts'
import { upsertKeys } from '../records/write-request.ts'
import { documents } from './import-documents.ts'
import { columnsOf, importPlace, readHeader, recordId, sourceQuery } from './import-input.ts'
import type { ImportInput } from './import-input.ts'
import type { Jobs } from './jobs.ts'

/** `POST …/import`: reads the file, refuses what is wrong with header or mapping at once, and hands the rest to a job: once for each Idempotency-Key. */
export async function submitImport(records: RecordsDoor, jobs: Pick<Jobs, 'submit'>, call: Call, actor: Actor): Promise<Answer> {
  const place = await importPlace(records, call, actor)
  const text = await readText(call.body)
  const header = await readHeader(text)
  if (header.length === 0)
    throw new Problem('request-invalid', 'The file is empty.', { faults: [{ pointer: '', detail: 'The file is empty.' }] })
  const options = readOptions(place.here, call)
  const { columns, id } = columnsOf(place, options, header)
  let count = 0
  let rows = 0
  for await (const each of documents(text, columns, id)) {
    count += 1
    rows += each.rows.length
    if (rows > limits.importRows) throw new Problem('body-too-large', `A file has at most ${limits.importRows} rows.`)
  }
  const input: ImportInput = { module: call.module, plural: call.plural, ...options, documents: count }
  const job = await jobs.submit(actor, 'import', input, {
    also: (jobId) => [sourceQuery(actor, jobId, place.here.entity.id, input, text)],
    idempotency: parseIdempotency({ ...call, rest: ['import'] }, text),
  })
  return { status: 202, body: JSON.stringify(job), headers: { Location: `/api/jobs/${job.id}` } }
}

async function readText(body: unknown): Promise<string> {
  if (typeof body !== 'function') throw new Problem('media-type-unsupported', 'Send the file as text/csv.')
  const bytes = await (body as () => Promise<Buffer>)()
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
