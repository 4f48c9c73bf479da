import type { Actor, Answer, Call, Via } from '../records/types.ts'
import type { Origin } from '../identity/member-events.ts'
import type { Exchange, MemberRoute, Method } from './route.ts'

export type HandleCall = (call: Call, actor: Actor) => Promise<Answer>

const noQuery: Call['query'] = new Map()

/** Every record of every module: one address, four methods, one function. */
export function recordRoutes(handle: HandleCall): readonly MemberRoute[] {
  const methods: readonly (Call['method'] & Method)[] = ['GET', 'POST', 'PATCH', 'DELETE']
  return methods.map((method) => ({
    method,
    path: '/api/:module/:plural{/*rest}',
    guard: 'member',
    keys: 'allowed',
    handle: (exchange, actor) => handle(readCall(method, exchange), actor),
  }))
}

export function readCall(method: Call['method'], { request, body, requestId }: Exchange): Call {
  const { module, plural, rest } = request.params as unknown as { module: string; plural: string; rest?: readonly string[] }
  const { headers } = request
  return {
    module,
    plural,
    method,
    rest: rest ?? [],
    query: readQuery(request.url),
    body,
    requestId,
    via: viaOf(headers['sec-fetch-site']),
    ifMatch: headers['if-match'] ?? null,
    ifNoneMatch: headers['if-none-match'] ?? null,
    idempotencyKey: headers['idempotency-key']?.toString() ?? null,
  }
}

/** Browsers say themselves, and scripts cannot change, that a request comes from one of our own pages. */
const viaOf = (site: unknown): Via => (site === 'same-origin' ? 'ui' : 'api')

/** What an event says of the request that it came from. */
export const originOf = ({ request, requestId }: Exchange): Origin => ({ via: viaOf(request.headers['sec-fetch-site']), requestId })

export function readQuery(url: string): Call['query'] {
  const start = url.indexOf('?')
  if (start < 0) return noQuery
  const query = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    const values = query.get(name)
    if (values) values.push(value)
    else query.set(name, [value])
  }
  return query
}
