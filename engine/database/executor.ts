import { AsyncLocalStorage } from 'node:async_hooks'
import { DatabaseError, type Pool, type PoolClient } from 'pg'
import { TransactionTimeout, WrongAnswer } from './errors.ts'
import { callRole } from './roles.ts'
import { isClean, preparedCount, rolledBack, sendTrip, type Message } from './trip.ts'
import { Stale, type Database, type Rows, type ServingRole, type Step, type Transaction, type TransactionContext } from './types.ts'

export interface ExecutorOptions {
  readonly engine: Database['engine']
  readonly pool: Pool
  /** A tenant transaction lasts at most this long. */
  readonly transactionLimitMs: number
  /** A connection with more prepared statements is closed: each cached plan costs about 27 KB of the server's memory. */
  readonly maxPreparedStatements: number
  /** Told about an answer that cannot be true: the embedded engine restarts. */
  readonly onWrongAnswer?: (error: WrongAnswer) => void
  readonly close: () => Promise<void>
}

const setRole = (role: ServingRole | typeof callRole): Message => ({ text: `set local role ${role}`, simple: true })
const open = (role: ServingRole | typeof callRole, settings = ''): Message => ({
  text: `begin; set local role ${role}${settings}`,
  simple: true,
})
const openRead: Message = { text: 'begin read only; set local role bos_read', simple: true }
const commit: Message = { text: 'commit', simple: true }

const begin = ({ tenant, member, session, generation, scopes }: TransactionContext): Message => ({
  name: 'bos_begin',
  text: 'select bos.begin($1, $2, $3, $4, $5) as tenant',
  values: [tenant, member, session, generation, scopes],
})

/** The Database contract over a pool, the same for both engines. */
export function createExecutor(options: ExecutorOptions): Database {
  const { engine, pool, transactionLimitMs, onWrongAnswer } = options
  // Not on the embedded engine: its backend would end itself and answer nothing any more. There our timer and its watchdog hold the limit.
  const openWrite = open('bos_read', engine === 'native' ? `; set local transaction_timeout = ${transactionLimitMs}` : '')
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
    client.release(
      !isClean(client) || error instanceof WrongAnswer || isOutdatedPlan(error) || preparedCount(client) > options.maxPreparedStatements,
    )
  }

  /** A transaction of one trip: `opening`, the messages, commit. Answers everything between. */
  async function inOneTrip(opening: Message, messages: readonly Message[]): Promise<Rows[][]> {
    const client = await checkOut()
    let failure: unknown
    try {
      const answers = await sendTrip(client, [opening, ...messages, commit])
      assertCommitted(answers.at(-1))
      return answers.slice(1, -1)
    } catch (error) {
      failure = error
      throw translate(error)
    } finally {
      giveBack(client, failure)
    }
  }

  return {
    engine,

    async read(context, ...queries) {
      const [tenant, ...answers] = await inOneTrip(openRead, [begin(context), ...queries])
      assertTenant(tenant, context)
      return answers.flat()
    },

    async call(query) {
      const [answer] = await inOneTrip(open(callRole), [query])
      return answer![0]!
    },

    async queue(text, values) {
      const message: Message = values === undefined || values.length === 0 ? { text, simple: true } : { text, values }
      const [answers] = await inOneTrip(open('bos_queue'), [message])
      const rows = answers!.flatMap((answer) => answer.rows)
      return { rows, rowCount: answers!.reduce((sum, answer) => sum + answer.rowCount, 0) }
    },

    async transaction(context, work) {
      const client = await checkOut()
      const state = { isOpen: true }
      let failure: unknown
      const run = new OpenTransaction(client, context, openWrite)
      const limit = Promise.withResolvers<never>()
      const timer = setTimeout(() => void run.expire(transactionLimitMs).then(limit.reject), transactionLimitMs)
      try {
        return await Promise.race([inside.run(state, () => work(run)), limit.promise])
      } catch (error) {
        failure = error
        throw translate(error)
      } finally {
        clearTimeout(timer)
        state.isOpen = false
        await run.end()
        giveBack(client, failure)
      }
    },

    close: options.close,
  }
}

class OpenTransaction implements Transaction {
  readonly #client: PoolClient
  readonly #context: TransactionContext
  readonly #opening: Message
  #role: ServingRole = 'bos_read'
  #isOpened = false
  /** Why no further trip may be made; null while it may. */
  #ended: Error | null = null
  #underWay: Promise<unknown> = Promise.resolve()
  #failure: unknown

  constructor(client: PoolClient, context: TransactionContext, opening: Message) {
    this.#client = client
    this.#context = context
    this.#opening = opening
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

  /** Leaves the connection outside any transaction, if it still can be used. */
  async end(): Promise<void> {
    this.#ended ??= new Error('the transaction has ended')
    await this.#underWay.catch(() => undefined)
    if (!this.#isOpened || isClean(this.#client)) return
    await sendTrip(this.#client, [{ text: 'rollback', simple: true }]).catch(() => undefined)
  }

  async #trip(steps: readonly Step[], isLast: boolean): Promise<Rows[]> {
    if (this.#ended) throw this.#ended
    if (this.#failure !== undefined) throw this.#failure
    const messages: Message[] = []
    const isFirst = !this.#isOpened
    if (isFirst) messages.push(this.#opening, begin(this.#context))
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
    if (isFirst) assertTenant(answers[1], this.#context)
    if (isLast) assertCommitted(answers.at(-1))
    return answers.filter((_, index) => !skipped.has(index)).flat()
  }
}

function assertCommitted(answer: readonly Rows[] | undefined): void {
  if (answer?.[0] === rolledBack || answer === undefined) throw new WrongAnswer('a commit was answered with a rollback')
}

/** bos.begin answers the tenant: the canary in every trip. An engine that answers nothing must not pass for an empty list. */
function assertTenant(answer: readonly Rows[] | undefined, { tenant }: TransactionContext): void {
  if (answer?.[0]?.rows[0]?.['tenant'] !== tenant.toLowerCase()) throw new WrongAnswer('bos.begin did not answer the tenant')
}

/** "cached plan must not change result type", whatever the language of the server's messages. */
const isOutdatedPlan = (error: unknown): boolean =>
  error instanceof DatabaseError && error.code === '0A000' && error.routine === 'RevalidateCachedQuery'

/** An outdated plan is a kind of stale: asked again, on a new connection, the same request is right. */
const translate = (error: unknown): unknown =>
  (error instanceof DatabaseError && error.code === 'BOS01') || isOutdatedPlan(error) ? new Stale() : error
