import { v5 as uuidv5 } from 'uuid'
import { limits } from '../config.ts'
import type { Database } from '../database/types.ts'
import { fieldOf } from '../fields/index.ts'
import { Problem } from '../problems.ts'
import { contextOf, entityAt } from '../records/access.ts'
import type { RecordsDoor } from '../records/handle.ts'
import type { HistoryEntry } from '../records/history.ts'
import { granted } from '../records/permit.ts'
import type { Actor, Call, EntityAccess } from '../records/types.ts'
import { writeRequest } from '../records/write-request.ts'
import type { Wanted } from '../records/write-request.ts'
import type { Job, JobKind, Jobs } from './jobs.ts'

interface UndoInput {
  readonly import: string
}
interface UndoState {
  /** Rows are undone from the last to the first; this one is done. */
  readonly before?: number
  readonly removed?: number
  readonly reverted?: number
  /** The first of them; how many they are is counted. */
  readonly kept?: readonly Kept[]
  readonly keptCount?: number
}
interface Kept {
  readonly row: number
  readonly record: string
  readonly why: string
}
/** One row of the import's account, and what has become of its record since. Events of imports say which one changed it: they carry the job's id. */
interface ImportedRow {
  readonly row: number
  readonly status: 'created' | 'updated'
  readonly record: string
  readonly version: number
  /** The import changed something: a row that found everything as it says did not. */
  readonly own: boolean
  /** This undo has taken it back already, before it was interrupted. */
  readonly undone: boolean
  /** Somebody else changed it after the import did. */
  readonly foreign: boolean
  readonly deleted: boolean
  /** The version it has now. */
  readonly latest: number
}

interface UndoOptions {
  readonly records: RecordsDoor
  readonly database: Database
}

/** `POST /api/jobs/{id}/undo`, by who may import. Rows that were kept can be tried again. */
export async function submitUndo(
  { records, database, jobs }: UndoOptions & { readonly jobs: Pick<Jobs, 'submit' | 'read'> },
  actor: Actor,
  id: string,
): Promise<Job> {
  const job = await jobs.read(actor, id)
  if (job.kind !== 'import' || (job.status !== 'done' && job.status !== 'cancelled' && job.status !== 'failed'))
    throw new Problem('conflict', 'Only a finished import can be undone.')
  const address = await addressOf(database, actor, id)
  granted(entityAt(await records.access(actor), address), 'import')
  const refusal = 'The import was undone before, or is being undone.'
  const once = { id: undoOf(id), refusal, ...(address.kept > 0 && { again: true as const }) }
  return jobs.submit(actor, 'import-undo', { import: id } satisfies UndoInput, { once })
}

const undoOf = (id: string): string => uuidv5('undo', id)

/**
 * Takes an import back, newest row first: created records are deleted, updated ones get their old values again. Whatever
 * someone edited or referred to since is kept, and the result says so.
 */
export const undoKind = ({ records, database }: UndoOptions): JobKind => ({
  kind: 'import-undo',
  async run(run) {
    const { import: job } = run.input as UndoInput
    const address = await run.as((actor) => addressOf(database, actor, job))
    let { before = 2 ** 31 - 1, removed = 0, reverted = 0, kept = [], keptCount = 0 } = run.state as UndoState
    for (;;) {
      const rows = await run.as((actor) => nextRows(database, actor, job, run.id, before))
      if (rows.length === 0) return summary({ removed, reverted, kept, keptCount })
      for (const row of rows) {
        const why = await run.as((actor) => undoRow(records, actor, address, row, run.id))
        if (why !== null) {
          keptCount += 1
          kept = [...kept, { row: row.row, record: row.record, why }].slice(0, limits.importFaultsListed)
        } else if (row.own && row.status === 'created') removed += 1
        else if (row.own) reverted += 1
        before = row.row
      }
      const state = { before, removed, reverted, kept, keptCount } satisfies UndoState
      await run.checkpoint(state, removed + reverted + keptCount, address.total)
    }
  },
  summary: (state) => summary(state as UndoState),
})

const summary = ({ removed = 0, reverted = 0, kept = [], keptCount = 0 }: UndoState): object => ({ removed, reverted, kept, keptCount })

interface Address extends Pick<Call, 'module' | 'plural'> {
  readonly total: number
  /** Rows that the last undo of it could not take back. */
  readonly kept: number
}

async function addressOf(database: Database, actor: Actor, job: string): Promise<Address> {
  const [found] = await database.read(contextOf(actor), {
    text: `select i.options->>'module' as module, i.options->>'plural' as plural, (select count(*) from bos.import_row r where r.tenant_id = i.tenant_id and r.job_id = i.job_id and r.record_id is not null)::int as total,
        coalesce((select (j.result->>'keptCount')::int from bos.job j where j.tenant_id = i.tenant_id and j.id = $3), 0) as kept
      from bos.import i where i.tenant_id = $1 and i.job_id = $2`,
    values: [actor.tenant, job, undoOf(job)],
  })
  return found!.rows[0] as unknown as Address
}

/** The next rows to take back, up to one whose record is among them already: that one is judged anew when they are done. */
async function nextRows(database: Database, actor: Actor, job: string, undo: string, before: number): Promise<readonly ImportedRow[]> {
  const [found] = await database.read(contextOf(actor), {
    text: `select r.row_number as row, r.status, r.record_id as record, r.version, e.* from bos.import_row r
      cross join lateral (
        select coalesce(bool_or(version = r.version and job = $4), false) as own,
          count(*) filter (where job = $5) > count(*) filter (where job = $4 and version > r.version) as undone,
          coalesce(bool_or(version > r.version and (job is null or job not in ($4, $5))), false) as "foreign",
          coalesce((array_agg(type order by version desc) filter (where type <> 'derived'))[1] = 'deleted', false) as deleted, max(version) as latest
        from (
          -- Whoever calls the API chooses its request id, and so could pass for the import; it cannot choose how it came.
          select version, type, case when via = 'import' then request_id end as job
          from bos.event where tenant_id = r.tenant_id and record_id = r.record_id and version >= r.version
        ) e
      ) e
      where r.tenant_id = $1 and r.job_id = $2 and r.row_number < $3 and r.record_id is not null order by r.row_number desc limit ${limits.importUndoneAtOnce}`,
    values: [actor.tenant, job, before, job, undo],
  })
  const rows = found!.rows as unknown as ImportedRow[]
  const again = rows.findIndex((row, i) => rows.findIndex((each) => each.record === row.record) < i)
  return again < 0 ? rows : rows.slice(0, again)
}

/** Null when it is as before the import, else why the record was kept. */
async function undoRow(records: RecordsDoor, actor: Actor, address: Address, row: ImportedRow, requestId: string): Promise<string | null> {
  if (!row.own || row.undone) return null
  if (row.deleted) return row.status === 'created' ? null : 'It is gone.'
  if (row.foreign) return 'It was changed since.'
  const access = await records.access(actor)
  const here = entityAt(access, address)
  const write = (wanted: Wanted) => records.run(writeRequest({ access, here, mode: 'one', via: 'import', requestId }, [wanted]), actor)
  const at = { id: row.record, ifMatch: row.latest }
  try {
    if (row.status === 'created') {
      await write({ op: 'retract', ...at })
      return null
    }
    const asked = { access, here, id: row.record, limit: 1, before: row.version + 1 }
    const [entry] = (await records.run({ kind: 'history', access, history: asked }, actor)).data
    if (!entry || entry.lines) return 'Its lines were imported too; take those back by hand.'
    await write({ op: 'update', ...at, data: valuesBefore(here, entry.changes) })
    return null
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error
    if (error.code === 'not-found') return 'It is out of your sight.'
    return error.code === 'version-conflict' ? 'It was changed since.' : error.message
  }
}

/** The values before a change. Members that it added are named: a patch keeps what it does not name. */
function valuesBefore(here: EntityAccess, changes: HistoryEntry['changes']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(changes).map(([name, { from, to }]) => {
      const field = here.entity.fieldByName.get(name)
      const isComposite = field !== undefined && fieldOf(field.type).members !== undefined && from !== null && to !== null
      return [
        name,
        isComposite ? { ...Object.fromEntries(Object.keys(to as object).map((member) => [member, null])), ...(from as object) } : from,
      ]
    }),
  )
}
