import type { Request, Response } from 'express'
import type { Actor, Answer } from '../records/types.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One request, its body already read as far as the route wants it. */
export interface Exchange {
  readonly request: Request
  readonly response: Response
  readonly requestId: string
  /** JSON value; undefined without a body. Text/csv: a function that reads the bytes, once, limited in size. */
  readonly body: unknown
}

interface RouteBase {
  readonly method: Method
  /** Express 5 path, e.g. `/api/:module/:plural{/*rest}`. */
  readonly path: string
  /** Takes text/csv as well. */
  readonly csv?: boolean
}
/** `actor` may be up to ten minutes old: whatever reaches the database is checked there (bos.begin) and retried with a fresh one. */
export interface MemberRoute extends RouteBase {
  readonly guard: 'member'
  /** Whether somebody may call it who looks as another person; absent: what only reads (GET). */
  readonly viewing?: 'allowed' | 'refused'
  /** Whether an API key may call it; absent: it may not. What keys do is records, and what describes them. */
  readonly keys?: 'allowed'
  /** Reload the actor first: for routes that answer without any transaction of their own. */
  readonly fresh?: boolean
  handle(exchange: Exchange, actor: Actor): Promise<Answer>
}
export interface OpenRoute extends RouteBase {
  readonly guard: 'public' | 'operator'
  handle(exchange: Exchange): Promise<Answer>
}
/**
 * `guard` says who may call a route. `public`: anybody; `member`: a signed-in member of a tenant; `operator`: whoever holds OPERATOR_TOKEN
 * (the route does not exist when there is none). Every route must say so: there is no default that could be forgotten.
 */
export type Route = MemberRoute | OpenRoute

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  body: JSON.stringify(value),
  headers,
})
export const empty = (status: number, headers: Record<string, string> = {}): Answer => ({ status, body: null, headers })
