import { DatabaseError } from 'pg'
import { Problem, type ProblemCode } from '../problems.ts'
import { Stale } from './types.ts'

/** A transaction that was still open after its limit; nothing of it was kept. Carries PostgreSQL's own code for this. */
export class TransactionTimeout extends Error {
  readonly code = '25P04'
  constructor(limitMs: number) {
    super(`the transaction was open for more than ${limitMs} ms`)
    this.name = 'TransactionTimeout'
  }
}

/** The engine gave an answer that cannot be true: the backend must be restarted and nothing of the answer believed. */
export class WrongAnswer extends Error {
  constructor(what: string) {
    super(`the database gave a wrong answer: ${what}`)
    this.name = 'WrongAnswer'
  }
}

/** SQLSTATE or system error code → problem. Longest prefix wins. */
const problems: Readonly<Record<string, readonly [code: ProblemCode, detail: string]>> = {
  '22': ['request-invalid', 'A value cannot be stored or compared as given'],
  '22P05': ['request-invalid', 'A text has a character that cannot be stored'],
  '23502': ['request-invalid', 'A required value is missing'],
  '23503': ['still-referenced', ''],
  '23505': ['unique-taken', ''],
  '23514': ['request-invalid', 'A value breaks a rule of its field'],
  '23P01': ['unique-taken', 'Another record already covers this range'],
  '25P03': ['timeout', ''],
  '25P04': ['timeout', ''],
  '40': ['conflict', 'Another change was made at the same moment; try again'],
  '42501': ['not-allowed', ''],
  '53': ['unavailable', ''],
  '54': ['too-expensive', ''],
  '55P03': ['conflict', 'Another change holds this record; try again'],
  '57014': ['timeout', ''],
  '57P': ['unavailable', ''],
  '08': ['unavailable', ''],
  BOS01: ['conflict', 'Your session or permissions changed meanwhile; try again'],
  BOS02: ['conflict', 'A record cannot be under itself'],
  BOS04: ['conflict', 'Nobody else signs in as an administrator. Make somebody else one first.'],
  ECONNREFUSED: ['unavailable', ''],
  ECONNRESET: ['unavailable', ''],
  ENOTFOUND: ['unavailable', ''],
  EPIPE: ['unavailable', ''],
  ETIMEDOUT: ['unavailable', ''],
}

/** What pg and its pool throw without a code. */
const lostConnection =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Cannot use a pool after)/

/**
 * Any error of the database as a Problem; never SQL text, values or names of tables. `cause` keeps the original, with
 * `constraint` for the pipeline to find the fields. 23503 is 'still-referenced' here; whoever writes a reference knows better.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof Stale) return make('BOS01', error)
  if (!(error instanceof Error)) return new Problem('internal', '', { cause: error })
  const code = sqlState(error)
  for (const key of [code, code.slice(0, 3), code.slice(0, 2)]) {
    if (key !== '' && Object.hasOwn(problems, key)) return make(key, error)
  }
  if (lostConnection.test(error.message)) return new Problem('unavailable', '', { cause: error })
  return new Problem('internal', '', { cause: error })
}

function make(key: string, cause: Error): Problem {
  const [code, detail] = problems[key]!
  return new Problem(code, detail, { cause })
}

/** SQLSTATE, or the code of a system error; '' for what has none. */
export const sqlState = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** Name of the violated constraint, or null. */
export const constraintOf = (error: unknown): string | null => (error instanceof DatabaseError && error.constraint) || null

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be resolved',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'it cannot be reached',
  '28P01': 'it refuses the password',
  '28000': 'it refuses the login',
  '3D000': 'it has no such database',
  '53300': 'it has no connection left',
  '57P03': 'it is starting up or shutting down',
}

/** A start-up error a person can act on. `variable` is where the address came from. Never shows the password. */
export function connectionFault(
  error: unknown,
  variable: string,
  at: { host: string; port: number; database?: string | undefined; user?: string | undefined },
): Error {
  // A host with several addresses fails with one error per address.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error
  const code = first instanceof Error && 'code' in first && typeof first.code === 'string' ? first.code : ''
  const message = first instanceof Error ? first.message : String(first)
  const place = `${at.user ?? ''}@${at.host}:${at.port}/${at.database ?? ''}`
  return new Error(`${variable}: PostgreSQL at ${place} cannot be used: ${hints[code] ?? message}`, { cause: error })
}
