import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import type { Config, Limits } from '../config.ts'
import { logLine } from '../log.ts'
import { Problem } from '../problems.ts'
import type { Actor, Answer } from '../records/types.ts'
import { admit, refuseUnlessLocal } from './admission.ts'
import { readBody } from './body.ts'
import type { Metrics } from './metrics.ts'
import { problemMiddleware } from './problems.ts'
import { empty, type Exchange, type MemberRoute, type Route } from './route.ts'
import { sendAnswer } from './send.ts'
import { pageHeaders } from './ui.ts'

/** What the gateway asks of identity. Both throw Problem 'not-authenticated'. */
export interface Guards {
  /** Runs `work` as the bearer of the Authorization header; with a reloaded actor again, a few times, while it is Stale. */
  asMember<T>(authorization: string | undefined, fresh: boolean, work: (actor: Actor) => Promise<T>): Promise<T>
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
}

/** Express with every route of the table, deny by default: nothing is served that is not in `routes` or a page. */
export function createGateway(parts: GatewayParts): Express {
  const { config, guards, metrics, routes } = parts
  const app = express()
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing')
  app.set('query parser', false).set('trust proxy', config.trustedProxies)

  const send = async (request: Request, response: Response, answer: Answer): Promise<void> => {
    await sendAnswer(request, response, answer, config.limits.compressFromBytes)
    const { startedAt } = response.locals as { startedAt: number }
    metrics.observe(request.method, request.route?.path ?? 'none', answer.status, (performance.now() - startedAt) / 1000)
  }

  const answerRoute = async (route: Route, request: Request, response: Response): Promise<Answer> => {
    const { authorization } = request.headers
    const requestId = response.locals['requestId'] as string
    const exchange = async (): Promise<Exchange> => ({
      request,
      response,
      requestId,
      body: await readBody(request, { csv: route.csv === true, isPublic: route.guard === 'public' }, config.limits),
    })
    if (route.guard === 'member') {
      let read: Promise<Exchange> | undefined
      return guards.asMember(authorization, route.fresh === true, async (actor) => {
        if (actor.viewing) admitViewing(route, request, actor, requestId)
        return route.handle(await (read ??= exchange()), actor)
      })
    }
    if (route.guard === 'operator') guards.asOperator(authorization)
    return route.handle(await exchange())
  }

  app.use(admit)
  if (parts.demo) app.use(refuseUnlessLocal)
  for (const path of new Set(routes.map((route) => route.path))) {
    const here = routes.filter((route) => route.path === path)
    for (const route of here) {
      const method = route.method.toLowerCase() as Lowercase<Route['method']>
      app[method](path, async (request: Request, response: Response) =>
        send(request, response, await answerRoute(route, request, response)),
      )
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

/** Whoever looks as another person reads, and what they read is logged under both names. */
function admitViewing(route: MemberRoute, { method, path }: Request, { tenant, member, viewing }: Actor, requestId: string): void {
  const isAllowed = route.viewing === undefined ? route.method === 'GET' : route.viewing === 'allowed'
  logLine('info', { event: 'viewing', requestId, tenant, member, by: viewing?.by, method, path, refused: !isAllowed })
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
