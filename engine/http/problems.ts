import type { NextFunction, Request, Response } from 'express'
import { toProblem } from '../database/errors.ts'
import { Stale } from '../database/types.ts'
import { logLine } from '../log.ts'
import { Problem, type ProblemCode } from '../problems.ts'
import type { Answer } from '../records/types.ts'

/** Whatever was thrown, as a Problem. Unknown errors become 'internal' without any detail. */
function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof Stale) {
    return new Problem('unavailable', 'Permissions are changing at this moment. Try again.', {
      cause: error,
      headers: { 'retry-after': '1' },
    })
  }
  // Express: an address with a broken %-escape.
  if (error instanceof URIError || (error as { status?: unknown } | null)?.status === 400) {
    return new Problem('request-malformed', 'The address could not be decoded.', { cause: error })
  }
  return toProblem(error)
}

/** RFC 9457, with the request id that the log line carries too. */
function problemAnswer(problem: Problem, requestId: string): Answer {
  const challenge: Record<string, string> = problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  return {
    status: problem.status,
    body: JSON.stringify({ ...problem.toJSON(), requestId }),
    headers: { ...challenge, ...problem.headers, 'content-type': 'application/problem+json' },
  }
}

/** RFC 7644 §3.12. */
function scimProblem(problem: Problem): Answer {
  const status = problem.status === 422 ? 400 : problem.status
  const scimType = scimTypes[problem.code]
  const { title, message: detail } = problem
  return {
    status,
    body: JSON.stringify({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: String(status),
      ...(scimType !== undefined && { scimType }),
      detail: detail || title,
    }),
    headers: { ...(status === 401 && { 'www-authenticate': 'Bearer' }), ...problem.headers, 'content-type': 'application/scim+json' },
  }
}
const scimTypes: Partial<Record<ProblemCode, string>> = {
  'unique-taken': 'uniqueness',
  'request-invalid': 'invalidValue',
  'request-malformed': 'invalidSyntax',
  'parameter-invalid': 'invalidFilter',
}

/** What went wrong on our side, as one JSON line. No query string and no body: they hold people's data. */
function logProblem(problem: Problem, request: Request, requestId: string): void {
  const cause = problem.cause instanceof Error ? problem.cause : problem
  logLine('error', { requestId, problem: problem.code, method: request.method, path: request.path, error: cause.stack ?? String(cause) })
}

export type SendAnswer = (request: Request, response: Response, answer: Answer) => void

/** The one place where errors become answers. */
export const problemMiddleware =
  (send: SendAnswer) =>
  (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    const problem = asProblem(error)
    const { requestId } = response.locals as { requestId: string }
    // What breaks off an answer is told to nobody but us, whatever it is.
    if (problem.status >= 500 || response.headersSent) logProblem(problem, request, requestId)
    // Half an answer is out: cutting the line is the only way left to say that it is not whole.
    if (response.headersSent) return void response.destroy()
    if (response.destroyed) return next()
    send(request, response, request.path.startsWith('/scim/') ? scimProblem(problem) : problemAnswer(problem, requestId))
  }
