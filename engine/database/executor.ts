import { AsyncLocalStorage } from 'node:async_hooks'
import { DatabaseError, type Pool, type PoolClient } from 'pg'
import { limits } from '../config.ts'
import { TransactionTimeout, WrongAnswer } from './errors.ts'
import { callRole } from './roles.ts'
import { isClean, preparedOn, rolledBack, sendText, sendTrip } from './trip.ts'
import {
  Stale,
  type Database,
  type Query,
  type Rows,
  type ServingRole,
  type Step,
  type Transaction,
  type TransactionContext,
} from './types.ts'

export interface ExecutorOptions {
  readonly engine: Database['engine']
  readonly pool: Pool
  /** A tenant transaction lasts at most this long. */
  readonly transactionLimitMs: number
  /** A connection with more prepared statements is closed: their cached plans are the server's memory. */
  readonly maxPreparedStatements: number
  /** Told about an answer that cannot be true: the embedded engine restarts. */
  readonly onWrongAnswer?: (error: WrongAnswer) => void
  readonly close: () => Promise<void>
}

const begin: Query = { name: 'bos_begin', text: 'begin' }
const beginRead: Query = { name: 'bos_begin_read', text: 'begin read only' }
const commit: Query = { name: 'bos_commit', text: 'commit' }
const rollback: Query = { name: 'bos_rollback', text: 'rollback' }
const setRole = (role: ServingRole | typeof callRole): Query => ({ name: `bos_role_${role}`, text: `set local role ${role}` })

const enter = ({ tenant, member, session, generation, scopes }: TransactionContext): Query => ({
  name: 'bos_enter',
  text: 'select bos.begin($1, $2, $3, $4, $5) as tenant',
  values: [tenant, member, session, generation, scopes.join(',')],
})

/** The Database contract over a pool, the same for both engines. */
export function createExecutor(options: ExecutorOptions): Database {
  const { engine, pool, transactionLimitMs, onWrongAnswer } = options
  // Not on the embedded engine: its backend would end itself and answer nothing any more. There our timer and its watchdog hold the limit.
  const limit: Query = { name: 'bos_limit', text: `set local transaction_timeout = ${transactionLimitMs}` }
  const openWrite = [begin, ...(engine === 'native' ? [limit] : []), setRole('bos_read')]
  // The embedded engine has one connection, so whoever waits for a second one inside a transaction waits for ever; on a server,
  // as many such transactions as there are connections do the same. Refused in both, so that tests find it in either.
  const inside = new AsyncLocalStorage<{ isOpen: boolean }>()
  // Tables changed under prepared statements: connections opened before this moment hold plans whose results have another shape.
  let plansSince = 0
  let opened = 0
  const numberOf = new WeakMap<PoolClient, number>()

  async function checkOut(): Promise<PoolClient> {
    if (inside.getStore()?.isOpen) throw new Error('a query outside the transaction was made inside it; use its `send`')
    for (;;) {
      const client = await pool.connect()
      const number = numberOf.get(client) ?? ++opened
      numberOf.set(client, number)
      if (number > plansSince) return client
      client.release(true)
    }
  }

  /** Gives a connection back clean, or closes it: broken, left in a transaction, or holding too many plans. */
  function giveBack(client: PoolClient, error?: unknown): void {
    if (error instanceof WrongAnswer) onWrongAnswer?.(error)
    if (isOutdatedPlan(error)) plansSince = opened
    const { count, characters } = preparedOn(client)
    const isFull = count > options.maxPreparedStatements || characters > limits.preparedCharacters
    client.release(!isClean(client) || error instanceof WrongAnswer || isOutdatedPlan(error) || isFull)
  }

  /** Leaves the connection outside any transaction, if it still can be used, and gives it back. */
  async function end(client: PoolClient, failure: unknown): Promise<void> {
    if (!isClean(client)) await sendTrip(client, [rollback]).catch(() => undefined)
    giveBack(client, failure)
  }

  async function withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await checkOut()
    let failure: unknown
    try {
      return await work(client)
    } catch (error) {
      failure = error
      throw translate(error)
    } finally {
      await end(client, failure)
    }
  }

  /** A transaction of one trip: `opening`, the queries, commit. Answers the queries. */
  const inOneTrip = (opening: readonly Query[], queries: readonly Query[]): Promise<Rows[]> =>
    withClient(async (client) => {
      const answers = await sendTrip(client, [...opening, ...queries, commit])
      assertCommitted(answers.at(-1))
      return answers.slice(opening.length, -1)
    })

  return {
    engine,

    async read(context, ...queries) {
      const [tenant, ...answers] = await inOneTrip([beginRead, setRole('bos_read')], [enter(context), ...queries])
      assertTenant(tenant, context)
      return answers
    },

    async call(query) {
      const [answer] = await inOneTrip([begin, setRole(callRole)], [query])
      return answer!
    },

    async queue(text, values) {
      if (values !== undefined && values.length > 0) return (await inOneTrip([begin, setRole('bos_queue')], [{ text, values }]))[0]!
      return withClient(async (client) => {
        await sendTrip(client, [begin, setRole('bos_queue')])
        const answers = await sendText(client, text)
        assertCommitted((await sendTrip(client, [commit]))[0])
        return { rows: answers.flatMap((answer) => answer.rows), rowCount: answers.reduce((sum, answer) => sum + answer.rowCount, 0) }
      })
    },

    transaction: (context, work) =>
      withClient(async (client) => {
        const state = { isOpen: true }
        const run = new OpenTransaction(client, [...openWrite, enter(context)], context)
        const timeout = Promise.withResolvers<never>()
        const timer = setTimeout(() => void run.expire(transactionLimitMs).then(timeout.reject), transactionLimitMs)
        try {
          return await Promise.race([inside.run(state, () => work(run)), timeout.promise])
        } finally {
          clearTimeout(timer)
          state.isOpen = false
          await run.end()
        }
      }),

    close: options.close,
  }
}

class OpenTransaction implements Transaction {
  readonly #client: PoolClient
  readonly #opening: readonly Query[]
  readonly #context: TransactionContext
  #role: ServingRole = 'bos_read'
  #isOpened = false
  /** Why no further trip may be made; null while it may. */
  #ended: Error | null = null
  #underWay: Promise<unknown> = Promise.resolve()
  #failure: unknown

  /** `opening` ends with the call of bos.begin. */
  constructor(client: PoolClient, opening: readonly Query[], context: TransactionContext) {
    this.#client = client
    this.#opening = opening
    this.#context = context
  }

  send(...steps: Step[]): Promise<Rows[]> {
    return this.#trip(steps, false)
  }

  commit(...steps: Step[]): Promise<Rows[]> {
    return this.#trip(steps, true)
  }

  /** No trip from now on; answers the reason once the one under way is over. A commit that got through stays: it was in time. */
  async expire(limitMs: number): Promise<Error> {
    const reason = new TransactionTimeout(limitMs)
    this.#ended ??= reason
    await this.#underWay.catch(() => undefined)
    return reason
  }

  /** No trip from now on; resolves when none is under way. */
  async end(): Promise<void> {
    this.#ended ??= new Error('the transaction has ended')
    await this.#underWay.catch(() => undefined)
  }

  async #trip(steps: readonly Step[], isLast: boolean): Promise<Rows[]> {
    if (this.#ended) throw this.#ended
    if (this.#failure !== undefined) throw this.#failure
    const messages: Query[] = []
    const isFirst = !this.#isOpened
    if (isFirst) messages.push(...this.#opening)
    const skipped = new Set(messages.keys())
    for (const { role, queries } of steps) {
      if (role !== this.#role) skipped.add(messages.push(setRole(role)) - 1)
      this.#role = role
      messages.push(...queries)
    }
    if (isLast) {
      skipped.add(messages.push(commit) - 1)
      this.#ended = new Error('the transaction has ended')
    }
    // Trips follow each other even when the work does not wait for one before it starts the next.
    const before = this.#underWay
    const answered = before.then(() => {
      this.#isOpened = true
      return sendTrip(this.#client, messages)
    })
    this.#underWay = answered.catch((error) => void (this.#failure ??= error))
    const answers = await answered
    if (isFirst) assertTenant(answers[this.#opening.length - 1], this.#context)
    if (isLast) assertCommitted(answers.at(-1))
    return answers.filter((_, index) => !skipped.has(index))
  }
}

function assertCommitted(answer: Rows | undefined): void {
  if (answer === rolledBack || answer === undefined) throw new WrongAnswer('a commit was answered with a rollback')
}

/** bos.begin answers the tenant: the canary in every trip. An engine that answers nothing must not pass for an empty list. */
function assertTenant(answer: Rows | undefined, { tenant }: TransactionContext): void {
  if (answer?.rows[0]?.['tenant'] !== tenant.toLowerCase()) throw new WrongAnswer('bos.begin did not answer the tenant')
}

/** "cached plan must not change result type", whatever the language of the server's messages. */
const isOutdatedPlan = (error: unknown): boolean =>
  error instanceof DatabaseError && error.code === '0A000' && error.routine === 'RevalidateCachedQuery'

/** An outdated plan is a kind of stale: asked again, on a new connection, the same request is right. */
const translate = (error: unknown): unknown =>
  (error instanceof DatabaseError && error.code === 'BOS01') || isOutdatedPlan(error) ? new Stale() : error
