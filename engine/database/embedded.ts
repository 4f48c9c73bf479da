import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Pool, type ClientBase } from 'pg'
import { lockDataDir } from './data-lock.ts'
import { EmbeddedStream, roundsAnswered, roundsAsked, type Backend } from './embedded-stream.ts'
import type { WorkerOrder, WorkerReply, WorkerRequest } from './embedded-worker.ts'
import { listen } from './native.ts'
import { parsers } from './parsers.ts'

export interface EmbeddedOptions {
  /** The database lies in its sub-folder `pg`. Null: in memory, gone with the process. */
  readonly dataDir: string | null
  /** An exchange that takes longer ends the worker: the engine knows neither statement_timeout nor cancel. */
  readonly watchdogMs: number
  /** How often a query with a known answer is asked; 0: never. */
  readonly canaryMs: number
  /** How often every table is vacuumed and analysed, if anything was done since: there is no autovacuum. 0: never. */
  readonly vacuumMs: number
}

export interface Embedded {
  /** One connection, whose session is superuser: every transaction must begin with `set local role`. */
  readonly pool: Pool
  /** Ends the worker; whatever was under way fails, the next connection starts a new one. Committed rows stay. */
  restart(reason: Error): void
  close(): Promise<void>
}

/** What a query gets that was under way when the engine was restarted. 57014 as from a server's statement_timeout, else 57P01. */
class EngineRestarted extends Error {
  readonly code: '57014' | '57P01'
  constructor(message: string, code: '57014' | '57P01' = '57P01') {
    super(message)
    this.name = 'EngineRestarted'
    this.code = code
  }
}

/** Opens the embedded database (PGlite in a worker thread) behind an ordinary pg.Pool. Throws DataDirInUse. */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const lock = options.dataDir === null ? null : lockDataDir(options.dataDir)
  const backend = new WorkerBackend(options.dataDir === null ? null : join(options.dataDir, 'pg'), options.watchdogMs)
  const pool = new Pool({
    stream: () => backend.attach(new EmbeddedStream(backend)),
    // The pool waits for it, although its types say that it would not.
    onConnect: (client): unknown => greet(client),
    user: 'postgres',
    database: 'postgres',
    password: 'none',
    host: 'embedded',
    ssl: false,
    max: 1,
    types: parsers,
    idleTimeoutMillis: 0,
  })
  listen(pool)
  const stop = async (): Promise<void> => {
    await pool.end()
    await backend.close()
    lock?.release()
  }
  try {
    await pool.query('select 1')
  } catch (error) {
    await stop()
    throw new Error(`the embedded database does not start: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  const restart = (reason: Error): void => backend.restart(reason)
  const stops = [every(options.canaryMs, () => askCanary(pool, restart)), every(options.vacuumMs, () => vacuum(pool, backend))]
  let closing: Promise<void> | undefined
  return {
    pool,
    restart,
    close() {
      for (const stopTimer of stops) stopTimer()
      closing ??= stop()
      return closing
    },
  }
}

/** The backend outlives its clients: what the last one left (transaction, role, prepared statements) must not reach the next. */
async function greet(client: ClientBase): Promise<void> {
  await client.query('rollback')
  await client.query('discard all')
}

/** Runs `work` again and again, a pause after each; answers what stops it. */
function every(pauseMs: number, work: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined
  let isStopped = pauseMs === 0
  const next = (): void => {
    if (!isStopped) timer = setTimeout(run, pauseMs).unref()
  }
  // A failure shows at the next request; nothing here may end the process.
  const run = (): void =>
    void work()
      .catch(() => undefined)
      .then(next)
  next()
  return () => {
    isStopped = true
    clearTimeout(timer)
  }
}

async function askCanary(pool: Pool, restart: (reason: Error) => void): Promise<void> {
  const { rows } = await pool.query(`select 'alive' as canary`)
  if ((rows as { canary: string }[])[0]?.canary !== 'alive')
    restart(new EngineRestarted('the embedded database stopped answering and was restarted'))
}

/** Table by table, so that requests run in between. */
async function vacuum(pool: Pool, backend: WorkerBackend): Promise<void> {
  if (!backend.takeActivity()) return
  const { rows } = await pool.query(
    `select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace <> 'information_schema'::regnamespace`,
  )
  for (const { name } of rows as { name: string }[]) await pool.query(`vacuum (analyze) ${name}`).catch(() => undefined)
  backend.takeActivity()
}

const exited = (worker: Worker): Promise<void> => new Promise((resolve) => worker.once('exit', () => resolve()))

interface Exchange {
  /** How many times the engine must say that it is ready again. */
  readonly rounds: number
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** The worker of the moment: started when first needed, replaced when it hangs or dies. */
class WorkerBackend implements Backend {
  readonly #folder: string | null
  readonly #watchdogMs: number
  #worker: Worker | null = null
  #ready: Promise<void> | null = null
  /** A new worker waits for the end of the one before: two on one folder would destroy it. */
  #gone: Promise<unknown> = Promise.resolve()
  #closed = false
  #active = false
  #nextId = 1
  #stream: EmbeddedStream | null = null
  readonly #underWay = new Map<number, Exchange>()

  constructor(folder: string | null, watchdogMs: number) {
    this.#folder = folder
    this.#watchdogMs = watchdogMs
  }

  /** The one stream that may speak; restart destroys it, so that no client goes on talking to a backend that does not know it. */
  attach(stream: EmbeddedStream): EmbeddedStream {
    this.#stream?.destroy()
    this.#stream = stream
    return stream
  }

  whenReady(): Promise<void> {
    this.#ready ??= this.#start()
    return this.#ready
  }

  exchange(bytes: Uint8Array): Promise<Uint8Array> {
    const worker = this.#worker
    if (!worker) return Promise.reject(new EngineRestarted('the embedded database was restarted'))
    this.#active = true
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const hung = new EngineRestarted(`the embedded database did not answer for ${this.#watchdogMs} ms and was restarted`, '57014')
      this.#underWay.set(id, { resolve, reject, rounds: roundsAsked(bytes), timer: setTimeout(() => this.restart(hung), this.#watchdogMs) })
      worker.postMessage({ id, bytes } satisfies WorkerRequest)
    })
  }

  /** True if there was an exchange since the last call. */
  takeActivity(): boolean {
    const was = this.#active
    this.#active = false
    return was
  }

  restart(reason: Error): void {
    const worker = this.#worker
    this.#worker = null
    // What was only in memory is lost: an empty database must not pass for it.
    this.#ready = this.#folder === null && worker ? Promise.reject(reason) : null
    this.#ready?.catch(() => undefined)
    if (worker) void worker.terminate()
    for (const { reject, timer } of this.#underWay.values()) {
      clearTimeout(timer)
      reject(reason)
    }
    this.#underWay.clear()
    this.#stream?.destroy(reason)
    this.#stream = null
  }

  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    if (!worker) return void (await this.#gone)
    const gone = exited(worker)
    worker.postMessage({ close: true } satisfies WorkerRequest)
    await gone
  }

  async #start(): Promise<void> {
    await this.#gone
    if (this.#closed) throw new Error('the embedded database is closed')
    const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), {
      workerData: { folder: this.#folder } satisfies WorkerOrder,
      // The process's own flags are for its main thread.
      execArgv: [],
    })
    this.#worker = worker
    this.#gone = exited(worker)
    const ready = Promise.withResolvers<void>()
    worker.on('message', (reply: WorkerReply) => ('ready' in reply ? ready.resolve() : this.#settle(reply)))
    const died = (error: Error): void => {
      ready.reject(error)
      if (this.#worker === worker) this.restart(error)
    }
    worker.on('error', died)
    worker.on('exit', () => died(new EngineRestarted('the thread of the embedded database ended')))
    await ready.promise
  }

  #settle(reply: Exclude<WorkerReply, { ready: true }>): void {
    const exchange = this.#underWay.get(reply.id)
    if (!exchange) return
    if ('error' in reply) return this.restart(new EngineRestarted(`the embedded database failed and was restarted: ${reply.error}`))
    // A backend that went wrong (a stack that overflowed, say) answers with less, or with nothing, for ever after.
    if (roundsAnswered(reply.bytes) !== exchange.rounds)
      return this.restart(new EngineRestarted('the embedded database gave half an answer and was restarted'))
    this.#underWay.delete(reply.id)
    clearTimeout(exchange.timer)
    exchange.resolve(reply.bytes)
  }
}
