import type { IncomingMessage } from 'node:http'
import type { Limits } from '../config.ts'
import { Problem } from '../problems.ts'
import { JsonFault, parseJson } from '../json.ts'

type BodyLimits = Pick<Limits, 'jsonBodyBytes' | 'csvBodyBytes' | 'jsonDepthLevels'>

/** A refused body is read to its end, so that the client gets to see the answer; past this size the line is cut. */
const discardBytes = 64 * 1024 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * The body of a request as its content type says: JSON value, or for text/csv (where `csv` allows it) chunks as they come.
 * Undefined when there is none. Throws Problem 'body-too-large', 'media-type-unsupported', 'request-malformed'.
 */
export async function readBody(request: IncomingMessage, csv: boolean, limits: BodyLimits): Promise<unknown> {
  const { headers, method } = request
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (!hasBody || method === 'GET' || method === 'HEAD') return undefined
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    throw new Problem('media-type-unsupported', 'Send the body without Content-Encoding.')
  }
  const type = readMediaType(headers['content-type'])
  if (type === 'application/json' || (type === 'application/merge-patch+json' && method === 'PATCH')) {
    return readJson(await readBytes(request, limits.jsonBodyBytes), limits.jsonDepthLevels)
  }
  if (csv && type === 'text/csv') return limited(request, limits.csvBodyBytes)
  const known = csv ? 'text/csv' : method === 'PATCH' ? 'application/merge-patch+json or application/json' : 'application/json'
  throw new Problem('media-type-unsupported', `Send the body as ${known}.`)
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

function readJson(bytes: Buffer, maxDepth: number): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch (cause) {
    throw new Problem('request-malformed', `The body is not valid UTF-8: byte ${invalidByte(bytes)} (from 0) does not belong there.`, {
      cause,
    })
  }
  try {
    return parseJson(text, maxDepth)
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

function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else chunks.length = 0
      if (size > discardBytes) request.destroy()
    })
    request.once('end', () =>
      size <= limit ? resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)) : reject(tooLarge(limit)),
    )
    request.once('error', (cause) => reject(new Problem('request-malformed', 'The body ended too early.', { cause })))
    request.once('close', () => reject(size > limit ? tooLarge(limit) : new Problem('request-malformed', 'The body ended too early.')))
  })
}

async function* limited(request: IncomingMessage, limit: number): AsyncGenerator<Buffer> {
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > discardBytes) break
    if (size <= limit) yield chunk
  }
  if (size > limit) throw tooLarge(limit)
}
