import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import { Problem } from '../problems.ts'

const saneRequestId = /^[\w.:-]{8,64}$/
/** Names under which a browser on this machine may call a server on this machine. Nothing else, however it is written. */
const localNames = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i
/** What proxies, tunnels and content networks add to a request, with `-` for `_`. */
const proxyHeaders: ReadonlySet<string> = new Set([
  'via',
  'forwarded',
  'client-ip',
  'true-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-coming-from',
  'x-host',
  'x-real-ip',
  'x-remote-addr',
  'x-remote-ip',
  'cdn-loop',
])
const proxyPrefixes =
  /^(?:forwarded-|x-forwarded|x-original-|x-proxy|proxy-|cf-|fastly-|fly-|ngrok-|tailscale-|akamai-|x-(?:akamai|amz|amzn|appengine|arr|azure|cloud|envoy|ngrok|vercel)-)/
const isOfProxy = (name: string): boolean => proxyHeaders.has(name) || proxyPrefixes.test(name)

/** First step of every request: its id (the caller's, when sane) and when it began. */
export function admit(request: Request, response: Response, next: NextFunction): void {
  const given = request.headers['x-request-id']
  response.locals['requestId'] = typeof given === 'string' && saneRequestId.test(given) ? given : randomUUID()
  response.locals['startedAt'] = performance.now()
  next()
}

/**
 * Demo mode has well-known people and perhaps a well-known password: it answers only to this machine. A proxy in front gives itself
 * away by what it adds, or by a public name (which also stops DNS rebinding): in Host, in a second Host, or in the request's target.
 */
export function refuseUnlessLocal(request: IncomingMessage, _response: Response, next: NextFunction): void {
  const forwarded = Object.keys(request.headers).some((name) => isOfProxy(name.replaceAll('_', '-')))
  if (!forwarded && authorities(request).every(isLocal)) return next()
  throw new Problem(
    'origin-refused',
    'This is a demo: it answers only on this machine, under localhost, and not through a proxy. "bos demo off" ends demo mode for ever.',
  )
}

/** Every name that the request says it is for. Node keeps only the first Host in `headers`. */
function authorities({ url = '', rawHeaders }: IncomingMessage): readonly string[] {
  const hosts = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'host')
  // `GET http://host/path`: how a client asks a proxy.
  const target = url.startsWith('/') || url === '*' ? [] : [/^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? '']
  return hosts.length === 1 ? [...hosts, ...target] : ['']
}

function isLocal(authority: string): boolean {
  const [, name = '', port = '80'] = /^(.*?)(?::([1-9]\d{0,4}))?$/.exec(authority) ?? []
  return localNames.test(name) && Number(port) <= 65_535
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
