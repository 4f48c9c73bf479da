import type { Rows } from '../database/types.ts'
import type { Problem } from '../problems.ts'
import type { AggregateRequest } from './aggregate.ts'
import type { Operation } from './change.ts'
import type { Executed } from './execute-once.ts'
import type { Explanation } from './explain.ts'
import type { ExplainRequest } from './explain-request.ts'
import type { ExportRequest } from './export.ts'
import type { GetRequest } from './get.ts'
import type { HistoryPage, HistoryRequest } from './history.ts'
import type { Choice } from './choice.ts'
import type { Idempotency } from './idempotency.ts'
import type { ListRequest } from './list.ts'
import type { Share, ShareRequest } from './share.ts'
import type { Access, Actor, EntityAccess, Via } from './types.ts'

/**
 * What can be asked of records: the closed union between the doors and the pipeline. A door reads whatever reaches it (an address
 * and a body, a document of a query language, the call of a tool, rows of a file) into one of these, against one snapshot of
 * catalogue and access: names are resolved, values typed, faults told in the door's own terms. `run` asks for the permission,
 * plans and executes, and answers the values of `Outcomes`; only REST makes an Answer of them.
 */
export type Request<K extends Kind = Kind> = { [P in K]: { readonly kind: P; readonly access: Access } & Asked[P] }[K]
export type Kind = keyof Asked

interface Asked {
  readonly list: { readonly list: ListRequest }
  readonly get: { readonly get: GetRequest }
  readonly history: { readonly history: HistoryRequest }
  readonly aggregate: { readonly aggregate: AggregateRequest }
  /** `again`: the same under other rights; throws Problems. */
  readonly export: { readonly export: ExportRequest; readonly again: (access: Access, actor: Actor) => ExportRequest }
  readonly lookUp: { readonly lookUp: LookUp }
  readonly share: { readonly share: ShareRequest }
  readonly explain: { readonly explain: ExplainRequest }
  readonly write: Write
}

/** Which live records, among those the actor sees, have one of these texts in a field. */
export interface LookUp {
  readonly here: EntityAccess
  /** Name of a field that the actor may know of. */
  readonly field: string
  readonly values: readonly string[]
}

export type WriteRequest = Request<'write'>
/**
 * `one`: a single record, answered with it. `all`: every operation or none. `each`: every operation by itself, answered one by one.
 */
interface Write {
  readonly here: EntityAccess
  readonly mode: 'one' | 'all' | 'each'
  readonly operations: readonly Operation[]
  /** Null: the operations are named. Otherwise they are found when the request is executed (mode `all`), and there are none before. */
  readonly choice: Choice | null
  /** Operations that could not even be read, by index (mode `each`). */
  readonly refused: ReadonlyMap<number, Problem>
  /** Null: not asked for. One key for the whole request; in mode `each` one per operation. */
  readonly idempotency: Idempotency | null
  readonly via: Via
  readonly requestId: string
  /** Everything is done but the commit: what would happen, from the database itself. */
  readonly dryRun: boolean
  /** Of a dry run: what is required may be missing yet, as in a form that is being filled in. */
  readonly isUnfinished: boolean
  /** How the record is read back in the same transaction, under the actor's own policies (mode `one`); its id is filled in. Null: not at all. */
  readonly readBack: GetRequest | null
}

/** One row as the planned statement answers it; `data` is JSON text made by PostgreSQL. */
export type Row = Rows['rows'][number]

/** What comes of each kind of request. */
export interface Outcomes {
  readonly list: Row
  readonly get: Row
  readonly history: HistoryPage
  readonly aggregate: Row
  /** Reads one page, in a transaction of its own. */
  readonly export: (page: Pick<ListRequest, 'limit' | 'after'>) => Promise<Row>
  /** [value, id] pairs. */
  readonly lookUp: readonly (readonly [value: string, id: string])[]
  /** With whom the record is shared now. */
  readonly share: readonly Share[]
  readonly explain: Explanation
  /** One result per operation, in order. */
  readonly write: Executed
}
