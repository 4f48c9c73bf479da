import type { Catalogue } from '../catalogue/types.ts'
import { Stale } from '../database/types.ts'
import type { Database, Query } from '../database/types.ts'
import { Problem } from '../problems.ts'
import { accessOf, contextOf } from './access.ts'
import { aggregateQuery } from './aggregate.ts'
import { withinCost } from './answer.ts'
import type { Cursors } from './cursor.ts'
import { execute } from './execute.ts'
import { runExplain } from './explain.ts'
import { hasColumnsOf } from './export.ts'
import { getQuery } from './get.ts'
import { historyPage, historyQuery } from './history.ts'
import { listQuery } from './list.ts'
import { lookUpQuery } from './load.ts'
import { parseRest } from './parse-rest.ts'
import { permit } from './permit.ts'
import type { Kind, Outcomes, Request, Row } from './request.ts'
import { respondRest } from './respond-rest.ts'
import { runShare } from './share.ts'
import type { Selection } from './select.ts'
import { formulasIn } from './show-formulas.ts'
import type { Access, Actor, Answer, Call } from './types.ts'

export interface RecordsOptions {
  readonly database: Database
  readonly catalogues: { current(actor: Actor): Promise<Catalogue> }
  readonly cursors: Cursors
  /** The actor as they are now: their rights have changed. Throws Problem 'not-authenticated'. */
  readonly refresh: (actor: Actor) => Promise<Actor>
  /** Told after every write that events wait for the sequencer. */
  readonly onWritten: () => void
  /** Told of every export that is permitted, before its first page is read. */
  readonly onExport: (actor: Actor, entity: string) => void
}
export type Records = ReturnType<typeof createRecords>
/** What a door other than REST needs: the snapshot that its request is read against, and the pipeline. */
export type RecordsDoor = Pick<Records, 'access' | 'run'>

/** Every door to a record ends here: one snapshot of the catalogue, one typed request, one permission, one pipeline. */
export function createRecords({ database, catalogues, cursors, refresh, onWritten, onExport }: RecordsOptions) {
  /** What this actor may do, with the catalogue as it is now: one snapshot for the whole request. */
  const access = async (actor: Actor): Promise<Access> => accessOf(await catalogues.current(actor), actor)

  /** REST's door. */
  async function handle(call: Call, actor: Actor): Promise<Answer> {
    const request = parseRest(await access(actor), actor, call, cursors)
    return respondRest(request, await run(request, actor), call, cursors)
  }

  /** The pipeline behind every door. */
  function run<K extends Kind>(request: Request<K>, actor: Actor): Promise<Outcomes[K]> {
    permit(request as Request)
    if (actor.viewing && isWrite(request as Request)) throw new Problem('viewing-only')
    return steps[request.kind](request, actor)
  }

  const read = async (at: { readonly access: Access }, actor: Actor, query: Query) =>
    (await database.read(contextOf(actor, at.access), query))[0]!

  /** What PostgreSQL rendered, with formulas in the caller's names. */
  const withFormulas = async (at: Access, selection: Selection, row: Row): Promise<Row> => {
    const show = formulasIn(at, selection)
    return show ? { ...row, data: await show(String(row['data'])) } : row
  }

  /** What is exported under the rights of now; throws a Problem where there is no such right any more, or a file with other columns. */
  const renewed = async ({ request, actor }: Exporting): Promise<Exporting> => {
    const now = await refresh(actor)
    const allowed = await access(now)
    const again = { ...request, access: allowed, export: request.again(allowed, now) }
    permit(again)
    if (!hasColumnsOf(request.export, again.export)) throw new Problem('conflict', 'What you may see was changed during the export.')
    return { request: again, actor: now }
  }

  const steps: { readonly [K in Kind]: (request: Request<K>, actor: Actor) => Promise<Outcomes[K]> } = {
    list: async (request, actor) =>
      withFormulas(
        request.access,
        request.list.selection,
        (await withinCost(read(request, actor, listQuery(request.list, actor)))).rows[0]!,
      ),
    get: async (request, actor) =>
      withFormulas(request.access, request.get.selection, found((await read(request, actor, getQuery(request.get, actor))).rows[0])),
    history: async (request, actor) => {
      const rows = await read(request, actor, historyQuery(request.history, actor))
      found(rows.rows[0])
      return historyPage(request.history, rows, actor)
    },
    aggregate: async (request, actor) => (await withinCost(read(request, actor, aggregateQuery(request.aggregate, actor)))).rows[0]!,
    export: async (request, actor) => {
      onExport(actor, request.export.list.access.entity.id)
      let as = { request, actor }
      return async ({ limit, after }) => {
        for (let attempt = 1; ; attempt++)
          try {
            const { list } = as.request.export
            const row = (await withinCost(read(as.request, as.actor, listQuery({ ...list, limit, after }, as.actor)))).rows[0]!
            return await withFormulas(as.request.access, list.selection, row)
          } catch (error) {
            // Before anything is told, whoever brought the request asks it anew.
            if (!(error instanceof Stale) || after === null || attempt === attempts) throw error
            as = await renewed(as)
          }
      }
    },
    lookUp: async (request, actor) =>
      (await read(request, actor, lookUpQuery(request.access, actor, request.lookUp))).rows.map((row) => [
        String(row['value']),
        String(row['id']),
      ]),
    share: async ({ share }, actor) => {
      const shares = await runShare(database, share, actor)
      if (share.change) onWritten()
      return shares
    },
    explain: ({ explain }, actor) => runExplain(database, explain, actor),
    write: async (request, actor) => {
      const outcome = await execute(database, request, actor)
      onWritten()
      const { answer, ...rest } = outcome
      if (!answer || !request.readBack) return outcome
      const { selection } = request.readBack
      return {
        ...rest,
        answer: { ...answer, rows: await Promise.all(answer.rows.map((row) => withFormulas(request.access, selection, row))) },
      }
    },
  }

  return { handle, run, access }
}

/** Rights may change again and again while a file is being made. */
const attempts = 5

interface Exporting {
  readonly request: Request<'export'>
  readonly actor: Actor
}

/** Whether a request changes something. Doors refuse that before to who only looks; nobody gets past this one. */
const isWrite = (request: Request): boolean => (request.kind === 'share' ? request.share.change !== null : writes[request.kind])

const writes: { readonly [K in Exclude<Kind, 'share'>]: boolean } = {
  list: false,
  get: false,
  history: false,
  aggregate: false,
  export: false,
  lookUp: false,
  explain: false,
  write: true,
}

function found<T>(row: T | undefined): T {
  if (row === undefined) throw new Problem('not-found')
  return row
}
