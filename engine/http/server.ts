import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import type { Config, Limits } from '../config.ts'
import { logLine } from '../log.ts'
import { Problem } from '../problems.ts'
import type { Actor, Answer } from '../records/types.ts'
import { admit, refuseUnlessLocal } from './admission.ts'
import { readBody } from './body.ts'
import type { AccessNote } from '../identity/access-log.ts'
import type { Actors } from '../identity/actors.ts'
import type { DirectoryBearer } from '../sso/directory.ts'
import type { FairShare } from './fair-share.ts'
import type { Hosts } from './hosts.ts'
import type { Metrics } from './metrics.ts'
import type { RateHeaders, RateLimits } from './rate-limits.ts'
import { problemMiddleware } from './problems.ts'
import { empty, type Exchange, type MemberRoute, type Route } from './route.ts'
import { sendAnswer } from './send.ts'
import { pageHeaders } from './ui.ts'

/** What the gateway asks of identity. All throw Problem 'not-authenticated'. */
export interface Guards {
  asMember: Actors['asMember']
  asDirectory(authorization: string | undefined, address: string): Promise<DirectoryBearer>
  /** Throws Problem 'not-found' where no operator token is configured. */
  asOperator(authorization: string | undefined): void
}

export interface GatewayParts {
  readonly config: Pick<Config, 'limits' | 'trustedProxies'>
  readonly demo: boolean
  readonly guards: Guards
  /** In order: the first match answers. */
  readonly routes: readonly Route[]
  /** Pages; the last handler before "not found". */
  readonly ui: RequestHandler | null
  readonly metrics: Metrics
  readonly rates: RateLimits
  readonly share: FairShare
  readonly hosts: Pick<Hosts, 'assertFits'>
  /** Told of what a member or key was refused. */
  readonly note: (note: AccessNote) => void
}

/** Express with every route of the table, deny by default: nothing is served that is not in `routes` or a page. */
export function createGateway(parts: GatewayParts): Express {
  const { config, guards, hosts, metrics, note, rates, routes, share } = parts
  const app = express()
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing')
  app.set('query parser', false).set('trust proxy', config.trustedProxies)

  const send = async (request: Request, response: Response, answer: Answer): Promise<void> => {
    await sendAnswer(request, response, answer, config.limits.compressFromBytes)
    const { startedAt, requestId, actor } = response.locals as { startedAt: number; requestId: string; actor?: Actor }
    const [route, ms] = [String(request.route?.path ?? 'none'), performance.now() - startedAt]
    metrics.observe(request.method, route, answer.status, ms / 1000)
    // No query string and no body: they hold people's data.
    const { method, path } = request
    const who = actor && { tenant: actor.tenantSlug, member: actor.member, by: actor.viewing?.by }
    logLine('info', { event: 'request', requestId, method, path, route, status: answer.status, ms: Math.round(ms), ...who })
  }

  const answerRoute = async (route: Route, request: Request, response: Response): Promise<Answer> => {
    const { authorization } = request.headers
    keepHeaders(response, await rates.ofAddress(request.ip ?? ''))
    const requestId = response.locals['requestId'] as string
    const exchange = async (): Promise<Exchange> => ({
      request,
      response,
      requestId,
      body: await readBody(request, { takes: route.takes, isPublic: route.guard === 'public' }, config.limits),
    })
    if (route.guard === 'member') {
      let read: Promise<Exchange> | undefined
      return guards.asMember({ authorization, address: request.ip ?? '' }, route.fresh === true, async (actor) => {
        if (response.locals['actor'] === undefined) keepHeaders(response, await rates.ofActor(actor))
        response.locals['actor'] = actor
        if (actor.viewing) admitViewing(route)
        await hosts.assertFits(request.hostname, actor)
        if (actor.key && route.keys !== 'allowed')
          throw new Problem('not-allowed', 'An API key may not do this: it takes a person who has signed in.')
        // Whoever sends slowly holds no place meanwhile.
        const whole = await (read ??= exchange())
        // Files have a limit of their own, and come as slowly as they like.
        return route.takes === 'csv' ? route.handle(whole, actor) : share.run(actor.tenant, () => route.handle(whole, actor))
      })
    }
    if (route.guard === 'directory') {
      const directory = await guards.asDirectory(authorization, request.ip ?? '')
      keepHeaders(response, await rates.ofDirectory(directory))
      const whole = await exchange()
      return share.run(directory.tenant, () => route.handle(whole, directory))
    }
    if (route.guard === 'operator') guards.asOperator(authorization)
    return route.handle(await exchange())
  }

  const noteRefusal = (error: unknown, { method, path }: Route, { ip = '' }: Request, { locals }: Response): void => {
    const { actor, requestId } = locals as { actor?: Actor; requestId: string }
    if (!actor || !(error instanceof Problem) || error.status !== 403) return
    const about = { reason: error.code, route: `${method} ${path}`, address: ip, key: actor.key?.id ?? null }
    note({ type: 'refused', tenant: actor.tenant, member: actor.viewing?.by ?? actor.member, about, requestId })
  }

  app.use(admit)
  if (parts.demo) app.use(refuseUnlessLocal)
  for (const path of new Set(routes.map((route) => route.path))) {
    const here = routes.filter((route) => route.path === path)
    for (const route of here) {
      const method = route.method.toLowerCase() as Lowercase<Route['method']>
      app[method](path, async (request: Request, response: Response) => {
        const answer = await answerRoute(route, request, response).catch((error: unknown) => {
          noteRefusal(error, route, request, response)
          throw error
        })
        await send(request, response, answer)
      })
    }
    // Right behind, so that a wrong method on `/api/auth/login` is never taken for a record's address.
    app.all(path, otherMethods(here, send))
  }
  app.use('/api', () => {
    throw new Problem('not-found', 'There is no such address.')
  })
  app.use(pageHeaders())
  if (parts.ui) app.use(parts.ui)
  app.use(() => {
    throw new Problem('not-found', 'There is no such address.')
  })
  app.use(
    problemMiddleware((request, response, answer) => {
      send(request, response, answer).catch(() => response.destroy())
    }),
  )
  return app
}

/** What every answer to this request says besides. */
function keepHeaders({ locals }: Response, headers: RateHeaders): void {
  locals['headers'] = { ...(locals['headers'] as RateHeaders | undefined), ...headers }
}

/** Whoever looks as another person reads. */
function admitViewing(route: MemberRoute): void {
  const isAllowed = route.viewing === undefined ? route.method === 'GET' : route.viewing === 'allowed'
  if (!isAllowed) throw new Problem('viewing-only')
}

type Send = (request: Request, response: Response, answer: Answer) => Promise<void>

/** OPTIONS and 405. We send no CORS headers: browsers may call the API from our own pages only. */
function otherMethods(routes: readonly Route[], send: Send): RequestHandler {
  const methods = routes.map((route) => route.method as string)
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
  return (request, response) => {
    if (request.method === 'OPTIONS') return send(request, response, empty(204, { allow }))
    throw new Problem('method-not-allowed', `This address takes ${allow}.`, { headers: { allow } })
  }
}

export interface Listening {
  readonly port: number
  /** Stops accepting, lets running requests finish within the grace time, then cuts what is left. */
  close(): Promise<void>
}

export async function listen(app: Express, config: Pick<Config, 'host' | 'port' | 'limits'>): Promise<Listening> {
  const { limits } = config
  const server = createServer(
    { requestTimeout: limits.requestTimeoutMs, headersTimeout: limits.headersTimeoutMs, keepAliveTimeout: limits.keepAliveTimeoutMs },
    app,
  )
  server.maxConnections = limits.connections
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.port, config.host, resolve)
  })
  return { port: (server.address() as AddressInfo).port, close: () => closeGently(server, limits) }
}

async function closeGently(server: Server, { shutdownGraceMs, idleSweepMs }: Limits): Promise<void> {
  // A connection that was busy when close() was called becomes idle later and would otherwise live on until its keep-alive ends.
  const sweep = setInterval(() => {
    server.closeIdleConnections()
  }, idleSweepMs)
  const cut = setTimeout(() => {
    server.closeAllConnections()
  }, shutdownGraceMs)
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
  clearInterval(sweep)
  clearTimeout(cut)
}
