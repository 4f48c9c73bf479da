import pgUtils from 'pg/lib/utils.js'
import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { DatabaseError, type PoolClient, type QueryResult } from 'pg'
import { WrongAnswer } from './errors.ts'
import { parsers } from './parsers.ts'
import type { Query, Rows } from './types.ts'

/** What pg's own queries speak to; its types do not show it. */
interface Wire extends EventEmitter {
  readonly stream: Duplex
  /** Text of each statement that this connection has prepared, by name. */
  readonly parsedStatements: Record<string, string>
  parse(statement: { name: string; text: string }): void
  bind(portal: { statement: string; values: readonly (string | Buffer | null)[] }): void
  describe(what: { type: 'P'; name: '' }): void
  execute(portal: { portal: ''; rows: 0 }): void
  sync(): void
}
const wireOf = (client: PoolClient): Wire => (client as unknown as { connection: Wire }).connection

interface Prepared {
  count: number
  /** Of their texts together: the server's memory for a cached plan goes with the size of the statement. */
  characters: number
}
const prepared = new WeakMap<Wire, Prepared>()

function preparedBy(wire: Wire): Prepared {
  let known = prepared.get(wire)
  if (!known) prepared.set(wire, (known = { count: 0, characters: 0 }))
  return known
}

/** The prepared statements that this connection holds. */
export const preparedOn = (client: PoolClient): Readonly<Prepared> => preparedBy(wireOf(client))

/** True when the connection is usable and in no transaction. */
export const isClean = (client: PoolClient): boolean => client.getTransactionStatus() === 'I'

/** Stands for the answer of a COMMIT that PostgreSQL turned into a ROLLBACK, or of a rollback. */
export const rolledBack: Rows = Object.freeze({ rows: [], rowCount: 0 })

/**
 * One round trip: every statement, then one Sync; answers one Rows each. After an error the server skips to the Sync, so nothing
 * behind the statement that failed is done, not even a commit: a transaction begun before it stays open, to be rolled back.
 *
 * pg's pipeline mode sends a Sync behind every statement, and the server answers each with a packet of its own; this halves what a
 * transaction costs on both sides. What cannot be sent (a name with two texts, a value without a text form) is refused before
 * anything is written.
 */
export function sendTrip(client: PoolClient, queries: readonly Query[]): Promise<Rows[]> {
  const wire = wireOf(client)
  return new Promise((resolve, reject) => {
    client.query(new Trip(prepare(queries, wire), wire, resolve, reject))
  })
}

/** Text of perhaps several statements, without values. */
export async function sendText(client: PoolClient, text: string): Promise<Rows[]> {
  const answer = (await client.query(text)) as QueryResult | QueryResult[]
  return (Array.isArray(answer) ? answer : [answer]).map(readAnswer)
}

interface Column {
  readonly name: string
  readonly parse: (text: string) => unknown
}

interface Statement {
  /** Empty: not kept. */
  readonly name: string
  readonly text: string
  readonly values: readonly (string | Buffer | null)[]
  readonly isParsed: boolean
  /** Known from the first time it ran on this connection; a table that changed since makes the server refuse the old plan. */
  readonly columns: readonly Column[] | undefined
}

/** Columns of the named statements of each connection: they are asked for once. */
const described = new WeakMap<Wire, Map<string, readonly Column[]>>()

function columnsOf(wire: Wire): Map<string, readonly Column[]> {
  let known = described.get(wire)
  if (!known) described.set(wire, (known = new Map()))
  return known
}

function prepare(queries: readonly Query[], wire: Wire): Statement[] {
  const texts = new Map<string, string>()
  const columns = columnsOf(wire)
  return queries.map(({ name = '', text, values = [] }) => {
    const known = name === '' ? undefined : (texts.get(name) ?? wire.parsedStatements[name])
    if (known !== undefined && known !== text) throw new Error(`two statements have the name ${name}`)
    if (name !== '') texts.set(name, text)
    return {
      name,
      text,
      values: values.map((value) => pgUtils.prepareValue(value)),
      isParsed: known !== undefined,
      columns: columns.get(name),
    }
  })
}

/** What pg runs in place of a query of its own; the names of the methods are pg's. */
class Trip {
  readonly #statements: readonly Statement[]
  readonly #wire: Wire
  readonly #resolve: (answers: Rows[]) => void
  readonly #reject: (error: unknown) => void
  readonly #completions: Completion[] = []
  #columns: readonly Column[] | undefined
  #rows: Record<string, unknown>[] = []
  #parsed = 0
  readonly #onParsed = (): void => {
    while (this.#statements[this.#parsed]?.isParsed) this.#parsed++
    const { name, text } = this.#statements[this.#parsed++]!
    if (name === '') return
    this.#wire.parsedStatements[name] = text
    const known = preparedBy(this.#wire)
    known.count++
    known.characters += text.length
  }

  constructor(statements: readonly Statement[], wire: Wire, resolve: (answers: Rows[]) => void, reject: (error: unknown) => void) {
    this.#statements = statements
    this.#wire = wire
    this.#resolve = resolve
    this.#reject = reject
    this.#columns = statements[0]?.columns
  }

  submit(): void {
    const wire = this.#wire
    if (this.#statements.some((each) => !each.isParsed)) wire.on('parseComplete', this.#onParsed)
    // One write to the socket instead of one per message.
    wire.stream.cork()
    for (const { name, text, values, isParsed, columns } of this.#statements) {
      if (!isParsed) wire.parse({ name, text })
      wire.bind({ statement: name, values })
      if (!columns) wire.describe({ type: 'P', name: '' })
      wire.execute({ portal: '', rows: 0 })
    }
    wire.sync()
    wire.stream.uncork()
  }

  handleRowDescription({ fields }: { fields: readonly { name: string; dataTypeID: number }[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({ name, parse: parsers.getTypeParser(dataTypeID, 'text') as Column['parse'] }))
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    const row: Record<string, unknown> = {}
    this.#columns!.forEach(({ name, parse }, i) => {
      const text = fields[i] ?? null
      row[name] = text === null ? null : parse(text)
    })
    this.#rows.push(row)
  }

  handleCommandComplete({ text }: { text: string }): void {
    const [command = '', ...counts] = text.split(' ')
    const { name, columns } = this.#statements[this.#completions.length]!
    if (name !== '' && !columns) columnsOf(this.#wire).set(name, this.#columns ?? [])
    this.#completions.push({ command, rows: this.#rows, rowCount: counts.length === 0 ? null : Number(counts.at(-1)) })
    this.#rows = []
    this.#columns = this.#statements[this.#completions.length]?.columns
  }

  handleReadyForQuery(): void {
    this.#wire.off('parseComplete', this.#onParsed)
    try {
      if (this.#completions.length !== this.#statements.length) throw new WrongAnswer('a statement has no completion')
      this.#resolve(this.#completions.map(readAnswer))
    } catch (error) {
      this.#reject(error)
    }
  }

  /** The server is done with this trip only when it is ready again, or gone. A broken connection says so at once. */
  handleError(error: unknown): void {
    const wire = this.#wire
    const settle = (): void => {
      wire.off('parseComplete', this.#onParsed).off('readyForQuery', settle).off('end', settle)
      this.#reject(error)
    }
    if (error instanceof DatabaseError) wire.once('readyForQuery', settle).once('end', settle)
    else settle()
  }
}

type Completion = Pick<QueryResult<Record<string, unknown>>, 'command' | 'rows' | 'rowCount'>

const counting = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE'])

/** The embedded engine, once broken, answers statements with nothing at all, and a write of it may have stored nothing. */
function readAnswer({ command, rows, rowCount }: Completion): Rows {
  if (!command) throw new WrongAnswer('a statement has no completion')
  if (rowCount === null && counting.has(command)) throw new WrongAnswer(`${command} does not say how many rows`)
  return command === 'ROLLBACK' ? rolledBack : { rows, rowCount: rowCount ?? 0 }
}
