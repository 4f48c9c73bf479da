import type { IncomingMessage } from 'node:http'
import type { Limits } from '../config.ts'
import { Problem } from '../problems.ts'
import { JsonFault, parseJson } from '../json.ts'
import type { Route } from './route.ts'

type BodyLimits = Pick<
  Limits,
  | 'jsonBodyBytes'
  | 'publicBodyBytes'
  | 'samlFormBytes'
  | 'csvBodyBytes'
  | 'discardedBodyBytes'
  | 'jsonDepthLevels'
  | 'jsonKeys'
  | 'jsonBodyMs'
>

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * The body of a request as its content type says: JSON value, or for text/csv (where the route takes it) a function that reads the
 * file, once for all who call it: who may not import need not wait for it. Where `isPublic`, it may be a few kilobytes only. A form is
 * what a browser posts from an identity provider's page.
 * Undefined when there is none. Throws Problem 'body-too-large', 'media-type-unsupported', 'request-malformed', and 'request-invalid'
 * for a file without a byte.
 */
export async function readBody(
  request: IncomingMessage,
  { takes, isPublic }: { readonly takes: Route['takes']; readonly isPublic: boolean },
  limits: BodyLimits,
): Promise<unknown> {
  const { headers, method } = request
  if (method === 'GET' || method === 'HEAD') return undefined
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (!hasBody && takes !== 'csv') return undefined
  const type = readMediaType(headers['content-type'])
  const isFile = takes === 'csv' && type === 'text/csv'
  if (!hasBody && !isFile) return undefined
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    throw new Problem('media-type-unsupported', 'Send the body without Content-Encoding.')
  }
  if (takes === 'form') {
    if (type !== 'application/x-www-form-urlencoded') throw new Problem('media-type-unsupported', 'Send the body as a form.')
    return new URLSearchParams((await readWhole(request, limits.samlFormBytes, limits)).toString('latin1'))
  }
  const isJson = type === 'application/json' || (takes === 'scim' && type === 'application/scim+json')
  if (isJson || (type === 'application/merge-patch+json' && method === 'PATCH')) {
    const bytes = await readWhole(request, isPublic ? limits.publicBodyBytes : limits.jsonBodyBytes, limits)
    return readJson(bytes, limits)
  }
  if (isFile) {
    let read: Promise<Buffer> | undefined
    return () => (read ??= readFile(request, limits))
  }
  const known = takes === 'csv' ? 'text/csv' : method === 'PATCH' ? 'application/merge-patch+json or application/json' : 'application/json'
  throw new Problem('media-type-unsupported', `Send the body as ${known}.`)
}

/** A body that is held until it is whole: what says that it will be too large is refused unread, and none may take its time. */
async function readWhole(request: IncomingMessage, limit: number, limits: BodyLimits): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
  const late = setTimeout(() => request.destroy(), limits.jsonBodyMs)
  try {
    return await collect(request, limit, limits.discardedBodyBytes)
  } finally {
    clearTimeout(late)
  }
}

async function readFile(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const bytes = await collect(request, limits.csvBodyBytes, limits.discardedBodyBytes)
  if (bytes.length > 0) return bytes
  throw new Problem('request-invalid', 'The file is empty.', { faults: [{ pointer: '', detail: 'The file is empty.' }] })
}

/** The media type in lower case; a charset other than UTF-8 is refused. */
function readMediaType(header: string | undefined): string {
  const [type = '', ...parameters] = (header ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '')
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') {
    throw new Problem('media-type-unsupported', 'Send text as UTF-8.')
  }
  return type
}

function readJson(bytes: Buffer, { jsonDepthLevels, jsonKeys }: BodyLimits): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch (cause) {
    throw new Problem('request-malformed', `The body is not valid UTF-8: byte ${invalidByte(bytes)} (from 0) does not belong there.`, {
      cause,
    })
  }
  try {
    return parseJson(text, jsonDepthLevels, jsonKeys)
  } catch (cause) {
    if (cause instanceof JsonFault) throw new Problem('request-malformed', `The body is not valid JSON: ${cause.message}.`, { cause })
    throw cause
  }
}

/** Length of the longest valid beginning, by bisection: a beginning of valid text is valid. */
function invalidByte(bytes: Buffer): number {
  let valid = 0
  let invalid = bytes.length + 1
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1
    if (beginsValid(bytes.subarray(0, middle))) valid = middle
    else invalid = middle
  }
  return valid
}

function beginsValid(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

const tooLarge = (limit: number): Problem => new Problem('body-too-large', `The body may have at most ${limit} bytes.`)

/**
 * The bytes of a body, up to `limit`. More is refused, but read to its end, so that the client gets to see the answer; past
 * `discardBytes` the line is cut. A client that goes away in the middle did not finish its request: that is no failure of ours.
 */
async function collect(request: IncomingMessage, limit: number, discardBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > discardBytes) break
      if (size <= limit) chunks.push(chunk)
    }
  } catch (cause) {
    throw new Problem('request-malformed', 'The body ended too early.', { cause })
  }
  if (size > limit) throw tooLarge(limit)
  return Buffer.concat(chunks)
}
