/** One fault of a request: `pointer` is a JSON pointer into the body (or a parameter name). */
export interface Fault {
  readonly pointer: string
  readonly detail: string
}

/** What the server answered instead of a result (RFC 9457), or that it could not be reached (`offline`). */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly faults: readonly Fault[]
  /** Names this failure in the server's log; shown in small print. */
  readonly requestId: string | null

  constructor(status: number, code: string, title: string, detail: string, faults: readonly Fault[] = [], requestId: string | null = null) {
    super(detail || title)
    this.name = 'ApiProblem'
    this.status = status
    this.code = code
    this.title = title
    this.faults = faults
    this.requestId = requestId
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const isFault = (value: unknown): value is Fault =>
  typeof value === 'object' &&
  value !== null &&
  'pointer' in value &&
  'detail' in value &&
  typeof value.pointer === 'string' &&
  typeof value.detail === 'string'

/** Reads a problem body; anything else (a proxy's page, nothing at all) still becomes a problem with a plain sentence. */
export function readProblem(status: number, body: unknown): ApiProblem {
  if (typeof body !== 'object' || body === null) {
    return new ApiProblem(
      status,
      status >= 500 ? 'unavailable' : 'unknown',
      'The server could not answer',
      `The server answered with status ${status}.`,
    )
  }
  const fields: Record<string, unknown> = { ...body }
  const errors = Array.isArray(fields['errors']) ? fields['errors'].filter(isFault) : []
  return new ApiProblem(
    status,
    text(fields['code']) || 'unknown',
    text(fields['title']),
    text(fields['detail']),
    errors,
    text(fields['requestId']) || null,
  )
}

export const offline = (): ApiProblem =>
  new ApiProblem(
    0,
    'offline',
    'The server cannot be reached',
    'The server cannot be reached. What you typed is kept; try again in a moment.',
  )

export const isProblem = (error: unknown, code?: string): error is ApiProblem =>
  error instanceof ApiProblem && (code === undefined || error.code === code)

/** What a problem says of one field, or of something in its value; null: nothing. */
export const saidOf = (error: unknown, name: string): string | null =>
  error instanceof ApiProblem
    ? (error.faults.find(({ pointer }) => pointer === `/${name}` || pointer.startsWith(`/${name}/`))?.detail ?? null)
    : null

/** The server's types answer in fragments such as “has 20 digits before the point”. */
const whole = (detail: string): string => (/^[a-z]/.test(detail) ? `It ${detail}` : detail)

/** One plain sentence for a toast or an error state; a text is that sentence already. */
export const problemText = (error: unknown): string =>
  error instanceof ApiProblem
    ? whole(error.faults[0]?.detail ?? error.message)
    : typeof error === 'string' && error !== ''
      ? whole(error)
      : 'The action could not be finished.'
