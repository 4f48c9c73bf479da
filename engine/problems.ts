/**
 * The one table of error codes. A code is kebab-case, documented here, and never reused.
 * Throw `Problem` for what a caller can cause; `assert` for what only we can cause.
 */
const codes = {
  // code: [status, title, what to do about it: the detail where none is given]
  'request-malformed': [400, 'The request could not be read'],
  'request-invalid': [422, 'The request has invalid values'],
  'field-unknown': [400, 'There is no such field'],
  'parameter-invalid': [400, 'A parameter has an invalid value'],
  'cursor-invalid': [400, 'The cursor is not valid for this list'],
  'not-authenticated': [401, 'Sign in first'],
  'credentials-wrong': [401, 'E-mail or password is wrong'],
  'proof-wrong': [422, 'This does not prove who you are'],
  'link-invalid': [410, 'This link works no more', 'The link was used, is too old, or was never ours. Ask for a new one.'],
  'proof-required': [
    403,
    'Prove again who you are',
    'This needs a proof of who you are that is younger than ten minutes: POST /api/account/proof.',
  ],
  'sso-required': [403, 'This workspace is entered by its identity provider'],
  'sso-refused': [403, 'The sign-in by your company was refused'],
  'not-allowed': [403, 'Your role does not allow this'],
  'viewing-only': [
    403,
    'Nothing can be changed while you look as somebody else',
    'You look as another person, who is not changed and changes nothing. Go back to yourself first.',
  ],
  'origin-refused': [403, 'Requests from this origin are refused'],
  'not-found': [404, 'There is no such record or address'],
  'method-not-allowed': [405, 'This address does not take this method'],
  conflict: [409, 'The record is in a state that does not allow this'],
  'unique-taken': [409, 'Another record already has this value'],
  'still-referenced': [409, 'Other records still refer to this one'],
  'restore-refused': [409, 'The record cannot be restored as it was'],
  'version-conflict': [
    412,
    'Someone changed the record since you read it',
    'The record was changed since you read it. Read it again, and send your change with the ETag of that answer as If-Match.',
  ],
  'body-too-large': [413, 'The body is too large'],
  'answer-too-large': [413, 'The answer is too large; ask for fewer fields or rows'],
  'media-type-unsupported': [415, 'This content type is not understood'],
  'idempotency-mismatch': [422, 'The Idempotency-Key was used with another request'],
  'too-expensive': [422, 'The query costs too much; narrow it'],
  'precondition-required': [428, 'The request needs an If-Match header'],
  'too-many-requests': [429, 'Too many requests; wait and try again'],
  internal: [500, 'Something went wrong on our side'],
  unavailable: [503, 'The service cannot answer right now'],
  timeout: [504, 'The request took too long'],
} as const satisfies Record<string, readonly [status: number, title: string, advice?: string]>

export type ProblemCode = keyof typeof codes

/** One fault of a request or a module file. `pointer` is an RFC 6901 JSON pointer into the body, or a parameter name. */
export interface Fault {
  readonly pointer: string
  readonly detail: string
  /** Where only the cause stands at the pointer: what it speaks of. Never told; by it those are known who may not know. */
  readonly about?: FaultSubject
}
/** A field of another record than the request's. */
export interface FaultSubject {
  readonly entity: string
  /** Null: the record as a whole. */
  readonly field: string | null
  /** What a rule says by itself, which everybody is told. */
  readonly message?: string
}

/** Collects faults while a value is read; reading goes on, so that a caller learns every fault at once. */
export type Report = (pointer: string, detail: string, about?: FaultSubject) => void

/** An answerable error. Rendered as RFC 9457 `application/problem+json` by the gateway. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly title: string
  readonly faults: readonly Fault[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ProblemCode,
    detail = '',
    options: { faults?: readonly Fault[]; cause?: unknown; headers?: Record<string, string> } = {},
  ) {
    const [status, title, advice]: readonly [number, string, string?] = codes[code]
    super(detail || advice || title, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Problem'
    this.code = code
    this.status = status
    this.title = title
    this.faults = options.faults?.map((fault) => ({ ...fault, pointer: cutPointer(fault.pointer) })) ?? []
    this.headers = options.headers ?? {}
  }

  toJSON(): Record<string, unknown> {
    return {
      type: `urn:businessos:problem:${this.code}`,
      title: this.title,
      status: this.status,
      detail: this.message,
      code: this.code,
      ...(this.faults.length > 0 && { errors: this.faults.map(({ pointer, detail }) => ({ pointer, detail })) }),
    }
  }
}

/** Longer than any name that exists. */
const echoCharacters = 80

/** A name out of a request, quoted for a message: cut where it is longer than a name can be, so that no answer grows with what was sent. */
export const echo = (name: string): string => `"${cut(name)}"`

/** Each segment may be a name out of the request. */
const cutPointer = (pointer: string): string => (pointer.length > echoCharacters ? pointer.split('/').map(cut).join('/') : pointer)

const cut = (text: string): string => (text.length > echoCharacters ? `${text.slice(0, echoCharacters).toWellFormed()}…` : text)

/** RFC 6901: escapes one segment of a JSON pointer. */
export const pointerSegment = (key: string | number): string => String(key).replaceAll('~', '~0').replaceAll('/', '~1')
