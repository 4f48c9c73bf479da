import pgUtils from 'pg/lib/utils.js'
import type { Duplex } from 'node:stream'
import type { PoolClient, QueryResult } from 'pg'
import { WrongAnswer } from './errors.ts'
import type { Query, Rows } from './types.ts'

/** One message of a trip. `simple`: our own text, perhaps of several statements; everything else is one prepared statement. */
export type Message = Query & { readonly simple?: true }

/** pg keeps the socket and the names it has prepared here; its types do not show them. */
interface Wire {
  readonly stream: Duplex
  readonly parsedStatements: Readonly<Record<string, string>>
}
const wireOf = (client: PoolClient): Wire => (client as unknown as { connection: Wire }).connection

/** How many prepared statements this connection holds. */
export const preparedCount = (client: PoolClient): number => Object.keys(wireOf(client).parsedStatements).length

/** True when the connection is usable and in no transaction. */
export const isClean = (client: PoolClient): boolean => client.getTransactionStatus() === 'I'

/**
 * One round trip: writes every message, then reads every answer. Rejects with the error of the first message that failed, when
 * all answers are in: inside a transaction the later ones only say that it is aborted.
 *
 * What pg would refuse on our side (a name with two texts, a value it cannot write) is refused before anything is
 * written: pg itself would leave that one message out and send the commit behind it.
 */
export async function sendTrip(client: PoolClient, messages: readonly Message[]): Promise<Rows[][]> {
  const wire = wireOf(client)
  const texts = new Map<string, string>()
  const configs = messages.map((message) => prepare(message, wire.parsedStatements, texts))
  // One write to the socket instead of one per message.
  wire.stream.cork()
  const answers = configs.map((config) => client.query(config) as Promise<QueryResult | QueryResult[]>)
  wire.stream.uncork()
  const settled = await Promise.allSettled(answers)
  const failed = settled.find((answer) => answer.status === 'rejected')
  if (failed) throw failed.reason
  return settled.map((answer) => readAnswer((answer as PromiseFulfilledResult<QueryResult | QueryResult[]>).value))
}

function prepare({ text, values, name, simple }: Message, parsed: Wire['parsedStatements'], texts: Map<string, string>) {
  if (simple) return { text }
  if (name === undefined) return { text, values: (values ?? []).map((value) => pgUtils.prepareValue(value)), queryMode: 'extended' }
  const known = texts.get(name) ?? parsed[name]
  if (known !== undefined && known !== text) throw new Error(`two statements have the name ${name}`)
  texts.set(name, text)
  return { text, name, values: (values ?? []).map((value) => pgUtils.prepareValue(value)) }
}

const counting = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE'])

function readAnswer(answer: QueryResult | QueryResult[]): Rows[] {
  return (Array.isArray(answer) ? answer : [answer]).map(({ command, rows, rowCount }) => {
    // The embedded engine, once broken, answers statements with nothing at all, and a write of it may have stored nothing.
    if (!command) throw new WrongAnswer('a statement has no completion')
    if (rowCount === null && counting.has(command)) throw new WrongAnswer(`${command} does not say how many rows`)
    if (command === 'ROLLBACK') return rolledBack
    return { rows, rowCount: rowCount ?? 0 }
  })
}

/** Stands for the answer of a COMMIT that PostgreSQL turned into a ROLLBACK, or of a rollback. */
export const rolledBack: Rows = Object.freeze({ rows: [], rowCount: 0 })
