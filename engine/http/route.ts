import type { Request, Response } from 'express'
import type { Actor, Answer } from '../records/types.ts'
import type { DirectoryBearer } from '../sso/directory.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One request, its body already read as far as the route wants it. */
export interface Exchange {
  readonly request: Request
  readonly response: Response
  readonly requestId: string
  /** JSON value; undefined without a body. Text/csv: a function that reads the bytes, once, limited in size. A form: URLSearchParams. */
  readonly body: unknown
}

interface RouteBase {
  readonly method: Method
  /** Express 5 path, e.g. `/api/:module/:plural{/*rest}`. */
  readonly path: string
  /** What it takes besides JSON: a file, a form instead, or JSON under the name of RFC 7644. */
  readonly takes?: 'csv' | 'form' | 'scim'
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
/** For the directory of a tenant's identity provider. */
export interface DirectoryRoute extends RouteBase {
  readonly guard: 'directory'
  handle(exchange: Exchange, directory: DirectoryBearer): Promise<Answer>
}
/**
 * `guard` says who may call a route. `public`: anybody; `member`: a signed-in member of a tenant; `directory`: whoever brings a token of a tenant's
 * directory (SCIM); `operator`: whoever holds OPERATOR_TOKEN (the route does not exist when there is none). Every route must say so: there is no
 * default that could be forgotten.
 */
export type Route = MemberRoute | OpenRoute | DirectoryRoute

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  body: JSON.stringify(value),
  headers,
})
export const empty = (status: number, headers: Record<string, string> = {}): Answer => ({ status, body: null, headers })
