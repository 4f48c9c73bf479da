import { createHash, type BinaryLike } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Request, Response } from 'express'
import type { Answer } from '../records/types.ts'

/** Headers of every answer that is not a page: nothing in it may ever run, be framed, be sniffed or be kept. */
const apiHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const

const compress = promisify(gzip)

/**
 * Sends an Answer. Bodies without an ETag are compressed from `compressFromBytes` on, off the event loop, for clients that ask:
 * lists shrink about tenfold. Not single records: their strong ETag names the bytes, and they are small.
 */
export async function sendAnswer(request: Request, response: Response, answer: Answer, compressFromBytes: number): Promise<void> {
  const { requestId, headers: more } = response.locals as { requestId: string; headers?: Readonly<Record<string, string>> }
  const headers: Record<string, string | number> = { ...apiHeaders, ...more, 'cache-control': 'no-store', 'x-request-id': requestId }
  if (answer.body !== null) headers['content-type'] = 'application/json'
  // One spelling, so that what an answer says replaces what stands above.
  for (const [name, value] of Object.entries(answer.headers)) headers[name.toLowerCase()] = value
  const etag = answer.headers['ETag'] ?? answer.headers['etag']
  if (etag !== undefined) headers['cache-control'] = 'private, no-cache'
  if (answer.body === null) {
    if (answer.status !== 204 && answer.status !== 304) headers['content-length'] = 0
    response.writeHead(answer.status, headers).end()
    return
  }
  if (typeof answer.body !== 'string') {
    response.writeHead(answer.status, headers)
    if (request.method === 'HEAD') response.end()
    else await sendPages(response, answer.body)
    return
  }
  const length = Buffer.byteLength(answer.body)
  const strong = etag?.startsWith('"') === true
  if (length >= compressFromBytes && !strong && request.method !== 'HEAD' && acceptsGzip(request)) {
    const bytes = await compress(answer.body, { level: 4 })
    response
      .writeHead(answer.status, { ...headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding', 'content-length': bytes.length })
      .end(bytes)
    return
  }
  headers['content-length'] = length
  response.writeHead(answer.status, headers).end(answer.body)
}

/**
 * Pages as they come, at the client's pace; a client that goes away ends the work behind them, and is no failure. What fails in the
 * middle cuts the line: a part must not be taken for the whole.
 */
async function sendPages(response: Response, pages: AsyncIterable<string>): Promise<void> {
  const failures: unknown[] = []
  async function* watched(): AsyncGenerator<string> {
    try {
      yield* pages
    } catch (error) {
      // Once the client has gone, this only says so.
      if (!response.destroyed) failures.push(error)
      throw error
    }
  }
  await pipeline(Readable.from(watched()), response).catch(() => undefined)
  if (failures.length > 0) throw failures[0]
}

export const acceptsGzip = (request: Request): boolean =>
  /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(request.headers['accept-encoding'] ?? '')

export const weakTag = (content: BinaryLike): string => `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`
