import type { Database, Query } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { Records } from '../records/handle.ts'
import type { Actor, Call } from '../records/types.ts'
import type { Job, JobKind, Jobs } from './jobs.ts'

interface UndoInput {
  readonly import: string
}
interface UndoState {
  /** Rows are undone from the last to the first; this one is done. */
  readonly before?: number
  readonly removed?: number
  readonly reverted?: number
  readonly kept?: readonly Kept[]
}
interface Kept {
  readonly row: number
  readonly record: string
  readonly why: string
}
interface ImportedRow {
  readonly row: number
  readonly status: 'created' | 'updated'
  readonly record: string
  readonly version: number
}

const batchSize = 50
const keptListed = 200

/** `POST /api/jobs/{id}/undo`. */
export async function submitUndo(jobs: Pick<Jobs, 'submit' | 'read'>, actor: Actor, id: string): Promise<Job> {
  const job = await jobs.read(actor, id)
  if (job.kind !== 'import' || (job.status !== 'done' && job.status !== 'cancelled' && job.status !== 'failed')) throw new Problem('conflict', 'Only a finished import can be undone.')
  const mark: Query = {
    text: `with marked as (update bos.import set undone_at = now() where tenant_id = $1 and job_id = $2 and undone_at is null returning 1)
      select 1 / (select count(*) from marked)::int`,
    values: [actor.tenant, id],
  }
  try {
    return await jobs.submit(actor, 'import-undo', { import: id } satisfies UndoInput, () => [mark])
  } catch (error) {
    // Division by zero: no row was left to mark.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === '22012') throw new Problem('conflict', 'The import was undone before.', { cause: error })
    throw error
  }
}

/**
 * Takes an import back, newest row first: created records are deleted, updated ones get their old values again. Whatever
 * someone edited or referred to since is kept, and the result says so.
 */
export const undoKind = (records: Pick<Records, 'handle'>, database: Database): JobKind => ({
  kind: 'import-undo',
  async run(run) {
    const input = run.input as UndoInput
    let { before = 2 ** 31 - 1, removed = 0, reverted = 0 } = run.state as UndoState
    const kept: Kept[] = [...((run.state as UndoState).kept ?? [])]
    for (;;) {
      const { address, rows, total } = await run.as((actor) => nextRows(database, actor, input.import, before))
      if (rows.length === 0) return { removed, reverted, kept: kept.slice(0, keptListed), keptCount: kept.length }
      for (const row of rows) {
        const why = await run.as((actor) => undoRow(records, actor, address, row, run.id))
        if (why !== null) kept.push({ row: row.row, record: row.record, why })
        else if (row.status === 'created') removed += 1
        else reverted += 1
        before = row.row
      }
      await run.checkpoint({ before, removed, reverted, kept } satisfies UndoState, removed + reverted + kept.length, total)
    }
  },
})

async function nextRows(database: Database, actor: Actor, job: string, before: number): Promise<{ address: Pick<Call, 'module' | 'plural'>; rows: readonly ImportedRow[]; total: number }> {
  const [found, counted] = await database.read(
    { tenant: actor.tenant, member: actor.member, session: actor.session, generation: actor.generation, scopes: [] },
    {
      text: `select row_number as row, status, record_id as record, version from bos.import_row
        where tenant_id = $1 and job_id = $2 and row_number < $3 and record_id is not null order by row_number desc limit ${batchSize}`,
      values: [actor.tenant, job, before],
    },
    {
      text: `select i.options->>'module' as module, i.options->>'plural' as plural, (select count(*) from bos.import_row r where r.tenant_id = i.tenant_id and r.job_id = i.job_id and r.record_id is not null)::int as total
        from bos.import i where i.tenant_id = $1 and i.job_id = $2`,
      values: [actor.tenant, job],
    },
  )
  const meta = counted!.rows[0]!
  return { address: { module: String(meta['module']), plural: String(meta['plural']) }, rows: found!.rows as unknown as ImportedRow[], total: Number(meta['total']) }
}

/** Null when undone, else why the record was kept. */
async function undoRow(records: Pick<Records, 'handle'>, actor: Actor, address: Pick<Call, 'module' | 'plural'>, row: ImportedRow, requestId: string): Promise<string | null> {
  const call = (method: Call['method'], rest: readonly string[], body: unknown, ifMatch: string | null, query: Call['query'] = new Map()): Call =>
    ({ ...address, method, rest, body, query, ifMatch, ifNoneMatch: null, idempotencyKey: null, via: 'import', requestId })
  const etag = `"${row.version}"`
  try {
    if (row.status === 'created') await records.handle(call('DELETE', [row.record], undefined, etag), actor)
    else {
      const current = await records.handle(call('GET', [row.record], undefined, null), actor)
      const { version } = JSON.parse(current.body as string) as { version: number }
      if (version !== row.version) return 'It was changed since.'
      const history = await records.handle(call('GET', [row.record, 'history'], undefined, null, new Map([['before', [String(row.version + 1)]], ['limit', ['1']]])), actor)
      const [entry] = (JSON.parse(history.body as string) as { data: { changes: Record<string, { from: unknown }>; lines?: unknown[] }[] }).data
      if (!entry || entry.lines) return 'Its lines were imported too; take those back by hand.'
      const old = Object.fromEntries(Object.entries(entry.changes).map(([name, { from }]) => [name, from]))
      await records.handle(call('PATCH', [row.record], old, etag), actor)
    }
    return null
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.code === 'not-found') return row.status === 'created' ? null : 'It is gone.'
    return error.code === 'version-conflict' ? 'It was changed since.' : error.message
  }
}
