import { request } from 'node:http'
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openWorld } from '../testing/world.ts'

/** Nobody gets past the question who is there by writing an address another way. The router itself is walked, so a new route is covered. */
const world = await openWorld()
const { app } = world
const port = Number(new URL(world.url).port)

/** As it is written: fetch would tidy it. */
const send = (method: string, path: string): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const body = method === 'GET' || method === 'HEAD' ? '' : '{}'
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), accept: 'application/json' }
    request({ port, host: '127.0.0.1', method, path, headers: { ...headers, host: `127.0.0.1:${port}` } }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
      .on('error', reject)
      .end(body)
  })

const stack = (app.gateway as unknown as { router: { stack: { route?: { path: string; methods: Record<string, boolean> } }[] } }).router
  .stack
const open = new Set(app.routes.filter(({ guard }) => guard === 'public').map(({ method, path }) => `${method} ${path}`))
const guarded = stack.flatMap(({ route }) =>
  route && Object.keys(route.methods).length === 1
    ? Object.keys(route.methods).flatMap((name) => {
        const method = name.toUpperCase()
        return open.has(`${method} ${route.path}`) ? [] : [[method, route.path] as const]
      })
    : [],
)
const written = (path: string): string =>
  path
    .replace('{/*rest}', `/${randomUUID()}`)
    .replace(/:(\w+)/g, (_, name: string) => ({ module: 'crm', plural: 'deals', slug: 'acme', host: 'a.example' })[name] ?? randomUUID())

const last = (path: string): number => path.lastIndexOf('/')
const variants: readonly (readonly [name: string, (path: string) => string])[] = [
  ['as it is', (path) => path],
  ['with a query', (path) => `${path}?x=1`],
  ['with a query that looks like an open address', (path) => `${path}?/api/auth/login`],
  ['with a fragment', (path) => `${path}#/healthz`],
  ['with a matrix parameter', (path) => `${path};jsessionid=1`],
  ['with an open address behind a semicolon', (path) => `${path};/../healthz`],
  ['with two slashes', (path) => path.replace('/api', '//api')],
  ['with two slashes inside', (path) => `${path.slice(0, last(path))}/${path.slice(last(path))}`],
  ['with a trailing slash', (path) => `${path}/`],
  ['with an encoded slash', (path) => `${path.slice(0, last(path))}%2f${path.slice(last(path) + 1)}`],
  ['with an encoded slash at its end', (path) => `${path}%2F`],
  ['with an encoded letter', (path) => path.replace('/api', '/%61pi')],
  ['in capitals', (path) => path.toUpperCase()],
  ['with one capital', (path) => path.replace('/api', '/Api')],
  ['from an open address upwards', (path) => `/healthz/..${path}`],
  ['from an encoded open address upwards', (path) => `/api/docs/%2e%2e${path.slice(4)}`],
  ['with a dot', (path) => path.replace('/api/', '/api/./')],
  ['with a backslash', (path) => path.replace('/api/', '/api\\')],
  ['with a NUL', (path) => `${path}%00`],
  ['with an ending', (path) => `${path}.json`],
]

describe('every address that is not open', () => {
  it('is found by walking the router', () => {
    expect(guarded.length).toBeGreaterThan(60)
    expect(guarded.length).toBe(app.routes.length - open.size)
  })

  it.each(variants)('asks who is there, written %s', async (_name, rewrite) => {
    for (const [method, path] of guarded) {
      const plain = written(path)
      const address = rewrite(plain)
      const { status, text } = await send(method, address)
      // 404 and 400 are answers about an address that is none; nothing else comes to whoever has not said who they are.
      expect([400, 401, 404, 405], `${method} ${address}: ${status} ${text.slice(0, 200)}`).toContain(status)
      if (address.split(/[?#]/)[0] === plain) expect([method, address, status]).toEqual([method, address, 401])
    }
  })

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('and nothing is served to %s that does not stand in the table', async (method) => {
    for (const path of [
      '/api',
      '/api/',
      '/api/x',
      '/api/auth',
      '/api/operator',
      '/metrics/',
      '/api/access',
      '/scim/v2/Users',
      '/graphql',
      '/api/graphql',
    ])
      expect([400, 401, 404, 405], `${method} ${path}`).toContain((await send(method, path)).status)
  })
})
