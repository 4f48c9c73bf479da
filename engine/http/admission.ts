import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import { Problem } from '../problems.ts'

const saneRequestId = /^[\w.:-]{8,64}$/
const localHost = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i
const forwardingHeader = /^(?:forwarded|x-forwarded-.+|x-real-ip)$/

/** First step of every request: its id (the caller's, when sane) and when it began. */
export function admit(request: Request, response: Response, next: NextFunction): void {
  const given = request.headers['x-request-id']
  response.locals['requestId'] = typeof given === 'string' && saneRequestId.test(given) ? given : randomUUID()
  response.locals['startedAt'] = performance.now()
  next()
}

/**
 * Demo mode has well-known people and perhaps a well-known password: it answers only to this machine. A proxy in front gives itself
 * away by its headers or by the public name in Host (which also stops DNS rebinding).
 */
export function refuseUnlessLocal(request: IncomingMessage, _response: Response, next: NextFunction): void {
  const forwarded = Object.keys(request.headers).some((name) => forwardingHeader.test(name))
  if (!forwarded && localHost.test(request.headers.host ?? '')) return next()
  throw new Problem(
    'origin-refused',
    'This is a demo: it answers only on this machine, under localhost, and not through a proxy. "bos demo off" ends demo mode for ever.',
  )
}

/** Cookies come along by themselves, so routes that live on one take requests from our own pages only (and from programs, which send neither header). */
export function refuseForeignOrigin(request: IncomingMessage): void {
  const { origin, host, 'sec-fetch-site': site } = request.headers
  const own =
    site === undefined
      ? origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
      : site === 'same-origin' || site === 'none'
  if (!own) throw new Problem('origin-refused')
}
