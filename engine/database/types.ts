/** The serving roles (DESIGN §4). bos_read sees scopes and changes nothing; bos_write writes within the tenant; bos_queue runs the job queue. */
export type ServingRole = 'bos_read' | 'bos_write' | 'bos_queue'

/** One statement. `name` makes it a prepared statement; the text must then depend on catalogue and request shape only. */
export interface Query {
  readonly text: string
  readonly values?: readonly unknown[]
  readonly name?: string
}
export interface Rows {
  readonly rows: readonly Record<string, unknown>[]
  readonly rowCount: number
}
export interface Step {
  readonly role: ServingRole
  readonly queries: readonly Query[]
}

/** For whom a transaction runs: checked by bos.begin against what is true now. */
export interface TransactionContext {
  /** Tenant id (uuid). */
  readonly tenant: string
  /** Acting member (uuid), or null for the engine itself. */
  readonly member: string | null
  /** Session or API key id (uuid) that must still be alive; null for the engine itself. */
  readonly session: string | null
  /** The tenant's generation (catalogue and role assignments) that the caller planned with. */
  readonly generation: number
  /** `entity:scope` pairs the actor may read, e.g. `crm.deal:own`. */
  readonly scopes: readonly string[]
}

export interface Transaction {
  /** One round trip: every query of every step, in order. Answers one Rows per query. The first call also opens the transaction. */
  send(...steps: Step[]): Promise<Rows[]>
  /** As `send`, and commits in the same trip. If any query failed nothing is kept. Exactly one call ends a transaction. */
  commit(...steps: Step[]): Promise<Rows[]>
}

export interface Database {
  readonly engine: 'embedded' | 'native'
  /**
   * Runs `work` in one tenant transaction (at most 15 s). Work that returns without `commit` is rolled back.
   * Throws Stale when bos.begin finds session or generation out of date: the gateway reloads once and retries.
   */
  transaction<T>(context: TransactionContext, work: (tx: Transaction) => Promise<T>): Promise<T>
  /** A read: begin + statements + commit in one trip, as bos_read. */
  read(context: TransactionContext, ...queries: Query[]): Promise<Rows[]>
  /** Calls outside any tenant: only the short fixed list of definer functions (`select * from bos.…($1)`), as the login role. */
  call(query: Query): Promise<Rows>
  /** For the queue library: its own statements as bos_queue, in a transaction of their own. Rows of every statement. */
  queue(text: string, values?: readonly unknown[]): Promise<Rows>
  close(): Promise<void>
}

/** Session or generation changed since the context was made. */
export class Stale extends Error {
  constructor() {
    super('stale')
    this.name = 'Stale'
  }
}

/** A connection outside of the pipeline, for what is done as owner or administrator: a pg Client or a PoolClient will do. */
export interface Session {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
}
