import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { limits, type Limits } from '../config.ts'
import { Stale } from '../database/types.ts'
import { ExactNumber } from '../fields/type.ts'
import { Problem } from '../problems.ts'
import type { Actor, Call } from '../records/types.ts'
import type { Bearer } from '../identity/actors.ts'
import { unlimited } from '../testing/gateway.ts'
import { createMetrics } from './metrics.ts'
import { recordRoutes } from './records-route.ts'
import { json, type Route } from './route.ts'
import { createGateway, listen, type Listening } from './server.ts'

const actor: Actor = {
  tenant: 't',
  tenantSlug: 't',
  member: 'm',
  session: 's',
  roles: [],
  generation: 1,
  timeZone: 'UTC',
  tenantName: 't',
  locale: 'en',
  currency: 'EUR',
}
const calls: Call[] = []
const state = { staleTimes: 0, reloads: 0, imports: 0, aborted: Promise.withResolvers<unknown>() }

/** The gateway alone: a door that lets `Bearer good` in, and a pipeline that writes down what it was handed. */
const routes: readonly Route[] = [
  { method: 'GET', path: '/api/fail', guard: 'public', handle: () => Promise.reject(new Error('secret detail of the inside')) },
  {
    method: 'GET',
    path: '/api/slow',
    guard: 'public',
    handle: () => new Promise((resolve) => setTimeout(resolve, 300, json(200, { slow: true }))),
  },
  { method: 'POST', path: '/api/auth/login', guard: 'public', handle: ({ body }) => Promise.resolve(json(200, { body })) },
  { method: 'GET', path: '/api/operator', guard: 'operator', handle: () => Promise.resolve(json(200, {})) },
  {
    method: 'POST',
    path: '/api/:module/:plural/import',
    guard: 'member',
    takes: 'csv',
    handle: async ({ body }) => {
      const bytes = await (body as () => Promise<Buffer>)()
      if (state.staleTimes-- > 0) throw new Stale()
      state.imports++
      return json(202, { bytes: bytes.length })
    },
  },
  ...recordRoutes(async (call) => {
    if (state.staleTimes-- > 0) throw new Stale()
    calls.push(call)
    if (call.rest[0] === 'export')
      return {
        status: 200,
        headers: { 'content-type': 'text/csv' },
        body: (async function* () {
          yield 'a,b\n'
          yield '1,2\n'
        })(),
      }
    if (call.rest[0] === 'large') return { status: 200, headers: {}, body: JSON.stringify('x'.repeat(50_000)) }
    return { status: 200, headers: { etag: '"1.1"' }, body: '{"ok":true}' }
  }),
]

let base = ''
let demoBase = ''
const open: Listening[] = []

beforeAll(async () => {
  const guards = {
    asMember: async <T>({ authorization }: Bearer, _fresh: boolean, work: (actor: Actor) => Promise<T>): Promise<T> => {
      if (authorization !== 'Bearer good') throw new Problem('not-authenticated')
      try {
        return await work(actor)
      } catch (error) {
        if (error instanceof Problem) state.aborted.resolve(error)
        if (!(error instanceof Stale)) throw error
        state.reloads++
        return await work(actor)
      }
    },
    asDirectory: () => Promise.reject(new Problem('not-authenticated')),
    asOperator: () => {
      throw new Problem('not-found')
    },
  }
  for (const demo of [false, true]) {
    const app = createGateway({
      config: { limits, trustedProxies: 0 },
      demo,
      guards,
      routes,
      ui: null,
      metrics: createMetrics(),
      ...unlimited,
    })
    const listening = await listen(app, { host: '127.0.0.1', port: 0, limits })
    open.push(listening)
    if (demo) demoBase = `http://127.0.0.1:${listening.port}`
    else base = `http://127.0.0.1:${listening.port}`
  }
})
afterAll(() => Promise.all(open.map((listening) => listening.close())))

interface Init {
  method?: string
  body?: BodyInit | null
  headers?: Record<string, string>
}
const send = (path: string, init: Init = {}): Promise<Response> =>
  fetch(base + path, { ...init, headers: { authorization: 'Bearer good', ...init.headers } })
const post = (
  body: BodyInit,
  headers: Record<string, string> = { 'content-type': 'application/json' },
  path = '/api/crm/deals',
): Promise<Response> => send(path, { method: 'POST', body, headers })
/** A request written by hand, as clients would not send it; answers all that comes until the server hangs up. */
const raw = (to: string, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = ''
    connect(Number(new URL(to).port), '127.0.0.1')
      .on('data', (chunk: Buffer) => (answer += chunk.toString()))
      .on('end', () => resolve(answer))
      .on('error', reject)
      .write(text)
  })
const problem = async (response: Response): Promise<Record<string, unknown>> => {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  return (await response.json()) as Record<string, unknown>
}
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

describe('a body is refused', () => {
  it.each([
    ['malformed JSON', '{"a":', 400, 'request-malformed', 'line 1, column 6'],
    ['65 levels', nested(65), 400, 'request-malformed', '64 levels'],
    ['100,000 levels', nested(100_000), 400, 'request-malformed', '64 levels'],
    [
      'an object with thousands of keys',
      JSON.stringify(Object.fromEntries(Array.from({ length: limits.jsonKeys + 1 }, (_, i) => [`k${i}`, i]))),
      400,
      'request-malformed',
      `${limits.jsonKeys} keys`,
    ],
    ['a repeated key', '{"a":1,"a":2}', 400, 'request-malformed', 'twice'],
    ['invalid UTF-8', new Uint8Array([0x22, 0x61, 0xc3, 0x28, 0x22]), 400, 'request-malformed', 'byte 3'],
    ['a cut UTF-8 sequence', new Uint8Array([0x22, 0xe2, 0x82]), 400, 'request-malformed', 'UTF-8'],
    ['one byte too many', `"${'x'.repeat(limits.jsonBodyBytes - 1)}"`, 413, 'body-too-large', '1048576'],
    ['10 MB', Buffer.alloc(10_000_000, 'x'), 413, 'body-too-large', '1048576'],
  ])('%s', async (_name, body, status, code, detail) => {
    const before = calls.length
    const response = await post(body)
    expect(response.status).toBe(status)
    expect(await problem(response)).toMatchObject({ code, detail: expect.stringContaining(detail) as string })
    expect(calls.length).toBe(before)
  })

  it.each([
    ['no content type', {}],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['text', { 'content-type': 'text/plain' }],
    ['another charset', { 'content-type': 'application/json; charset=latin1' }],
    ['a compressed body', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
    ['a merge patch where nothing is patched', { 'content-type': 'application/merge-patch+json' }],
  ])('415: %s', async (_name, headers) => {
    const response = await post(Buffer.from('{}'), headers)
    expect(response.status).toBe(415)
    expect(await problem(response)).toMatchObject({ code: 'media-type-unsupported' })
  })

  it('of 16 KiB and one byte where nobody has to sign in, unread when it says so itself', async () => {
    const login = (characters: number): Promise<Response> =>
      post(`"${'x'.repeat(characters)}"`, { 'content-type': 'application/json' }, '/api/auth/login')
    expect((await login(limits.publicBodyBytes - 2)).status).toBe(200)
    const response = await login(limits.publicBodyBytes - 1)
    expect([response.status, await problem(response)]).toMatchObject([
      413,
      { code: 'body-too-large', detail: expect.stringContaining('16384') as string },
    ])
    const lines = ['POST /api/auth/login HTTP/1.1', 'Host: x', 'Content-Type: application/json', 'Connection: close']
    expect(await raw(base, [...lines, 'Content-Length: 16385', '', '"'].join('\r\n'))).toMatch(/^HTTP\/1.1 413 /)
    const chunked = [...lines, 'Transfer-Encoding: chunked', '', '4002', `"${'x'.repeat(0x4001)}`, '0', '', ''].join('\r\n')
    expect(await raw(base, chunked)).toMatch(/^HTTP\/1.1 413 /)
  })

  it('of 20 MiB CSV and one byte', async () => {
    const response = await post(Buffer.alloc(limits.csvBodyBytes + 1, 'x'), { 'content-type': 'text/csv' }, '/api/crm/deals/import')
    expect(response.status).toBe(413)
  })

  it.each([[{ 'content-length': '0' }], [{ 'transfer-encoding': 'chunked' }]])('of a file without a byte, %j', async (framing) => {
    const lines = ['Authorization: Bearer good', 'Content-Type: text/csv', 'Connection: close', 'Host: x']
    const sent = [...lines, ...Object.entries(framing).map(([name, value]) => `${name}: ${value}`)]
    const end = 'content-length' in framing ? '' : '0\r\n\r\n'
    const answer = await raw(base, `POST /api/crm/deals/import HTTP/1.1\r\n${sent.join('\r\n')}\r\n\r\n${end}`)
    expect(answer).toMatch(/^HTTP\/1.1 422 /)
    expect(answer).toContain('"detail":"The file is empty."')
  })

  it.each([
    ['application/json', '/api/crm/deals', '{"name":'],
    ['text/csv', '/api/crm/deals/import', 'name\nFleet'],
  ])('in the middle of which the client goes away, without a word in our log: %s', async (type, path, body) => {
    const logged = vi.spyOn(console, 'error')
    const before = { calls: calls.length, imports: state.imports }
    const lines = [`POST ${path} HTTP/1.1`, 'Host: x', 'Authorization: Bearer good', `Content-Type: ${type}`, 'Content-Length: 100000']
    const socket = connect(Number(new URL(base).port), '127.0.0.1')
    state.aborted = Promise.withResolvers()
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`, () => setTimeout(() => socket.destroy(), 50))
    expect(await state.aborted.promise).toMatchObject({ code: 'request-malformed', message: 'The body ended too early.' })
    // The next request answers behind whatever the gateway still had to do for this one.
    expect((await send('/api/crm/deals')).status).toBe(200)
    expect({ calls: calls.length - 1, imports: state.imports }).toEqual(before)
    expect(logged.mock.calls).toEqual([])
    logged.mockRestore()
  })

  it('of CSV where none is taken', async () => {
    expect((await post('a,b', { 'content-type': 'text/csv' })).status).toBe(415)
  })

  it('only after the caller was let in', async () => {
    const response = await post('{"a":', { 'content-type': 'application/json', authorization: 'Bearer bad' })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
  })
})

describe('a body is read', () => {
  it('with __proto__ as an ordinary key and big numbers exact', async () => {
    expect((await post('{"__proto__":{"x":1},"n":12345678901234567890.5,"m":0.1}')).status).toBe(200)
    const body = calls.at(-1)?.body as Record<string, unknown>
    expect(Object.keys(body)).toEqual(['__proto__', 'n', 'm'])
    expect(body['n']).toEqual(new ExactNumber('12345678901234567890.5'))
    expect(body['m']).toBe(0.1)
    expect((body as { x?: unknown }).x).toBeUndefined()
  })

  it('of exactly 1 MiB, and of 64 levels', async () => {
    expect((await post(`"${'x'.repeat(limits.jsonBodyBytes - 2)}"`)).status).toBe(200)
    expect((await post(nested(64))).status).toBe(200)
  })

  it('of 20 MiB CSV', async () => {
    const response = await post(
      Buffer.alloc(limits.csvBodyBytes, 'x'),
      { 'content-type': 'text/csv; charset=utf-8' },
      '/api/crm/deals/import',
    )
    expect([response.status, await response.json()]).toEqual([202, { bytes: limits.csvBodyBytes }])
  })

  it.each(['text/csv', 'Text/CSV', ' TEXT/csv; charset=UTF-8'])(
    'once when it comes as %s, and is there again for an actor who was outdated',
    async (type) => {
      state.staleTimes = 1
      const response = await post('name\n', { 'content-type': type }, '/api/crm/deals/import')
      expect([response.status, await response.json()]).toEqual([202, { bytes: 5 }])
    },
  )

  it('as a merge patch; none is undefined', async () => {
    expect(
      (await send('/api/crm/deals/1', { method: 'PATCH', body: '{}', headers: { 'content-type': 'application/merge-patch+json' } })).status,
    ).toBe(200)
    expect((await send('/api/crm/deals/1/restore', { method: 'POST' })).status).toBe(200)
    expect(calls.at(-1)).toMatchObject({ body: undefined, rest: ['1', 'restore'] })
  })

  it('once, when the work is repeated with a fresh actor', async () => {
    state.staleTimes = 1
    state.reloads = 0
    expect((await post('{"a":1}')).status).toBe(200)
    expect(state.reloads).toBe(1)
    expect(calls.at(-1)?.body).toEqual({ a: 1 })
  })

  it('and a second Stale answers 503', async () => {
    state.staleTimes = 2
    expect((await post('{"a":1}')).status).toBe(503)
  })
})

describe('an answer', () => {
  it('carries every part of the call', async () => {
    const headers = { 'if-match': '"3"', 'idempotency-key': 'k1', 'x-request-id': 'req-12345678', 'sec-fetch-site': 'same-origin' }
    const response = await send('/api/crm/deals/a%20b?filter=x&tag=1&tag=2&q=a+b%26', { method: 'DELETE', headers })
    expect(response.headers.get('x-request-id')).toBe('req-12345678')
    const call = calls.at(-1)
    expect(call).toMatchObject({
      module: 'crm',
      plural: 'deals',
      method: 'DELETE',
      rest: ['a b'],
      ifMatch: '"3"',
      idempotencyKey: 'k1',
      requestId: 'req-12345678',
      via: 'ui',
    })
    expect([...(call?.query ?? [])]).toEqual([
      ['filter', ['x']],
      ['tag', ['1', '2']],
      ['q', ['a b&']],
    ])
  })

  it.each(['short', 'x'.repeat(65), 'has space 12345', 'quote"12345678'])('does not take the request id %s', async (id) => {
    const response = await send('/api/crm/deals', { headers: { 'x-request-id': id } })
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('has safe headers', async () => {
    const { headers } = await send('/api/crm/deals')
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-powered-by')).toBeNull()
    expect(headers.get('cache-control')).toBe('private, no-cache')
  })

  it('of an unknown error says nothing about it', async () => {
    const response = await send('/api/fail')
    expect(response.status).toBe(500)
    const text = JSON.stringify(await problem(response))
    expect(text).not.toContain('secret')
    expect(text).toContain(response.headers.get('x-request-id'))
  })

  it('is 404 JSON for an unknown address under /api, 400 for a broken escape', async () => {
    expect((await problem(await send('/api/nothing')))['code']).toBe('not-found')
    expect((await problem(await send('/api/crm/deals/%E0%A4%A')))['code']).toBe('request-malformed')
    expect((await problem(await send('/API/crm/deals')))['code']).toBe('not-found')
  })

  it('is 405 with Allow for a wrong method, also where a record address would match', async () => {
    const put = await send('/api/crm/deals', { method: 'PUT' })
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST, PATCH, DELETE, HEAD, OPTIONS'])
    const login = await send('/api/auth/login')
    expect([login.status, login.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
  })

  it('to OPTIONS lists methods and opens nothing to other origins', async () => {
    const response = await send('/api/crm/deals', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('to HEAD is that of GET without its body', async () => {
    const response = await send('/api/crm/deals', { method: 'HEAD' })
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '11', ''])
    expect(calls.at(-1)?.method).toBe('GET')
  })

  it('comes in pages when it is a stream, and compressed when it is long', async () => {
    expect(await (await send('/api/crm/deals/export')).text()).toBe('a,b\n1,2\n')
    const large = await send('/api/crm/deals/large')
    expect(large.headers.get('content-encoding')).toBe('gzip')
    expect(((await large.json()) as string).length).toBe(50_000)
    const plain = await send('/api/crm/deals/large', { headers: { 'accept-encoding': 'identity' } })
    expect(plain.headers.get('content-encoding')).toBeNull()
  })
})

describe('demo mode', () => {
  /** The status. */
  const ask = async (lines: readonly string[], target = '/api/crm/deals'): Promise<string> => {
    const text = [`GET ${target} HTTP/1.1`, 'Authorization: Bearer good', 'Connection: close', ...lines, '', ''].join('\r\n')
    return (await raw(demoBase, text)).slice('HTTP/1.1 '.length).slice(0, 3)
  }
  const local = 'Host: localhost:3000'

  it.each([
    'bos.example.com',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.5:3000',
    '0.0.0.0:3000',
    '[::]:3000',
    '[::ffff:10.0.0.5]',
    'localhost.',
    'localhost.:3000',
    'localhost:',
    'localhost:0',
    'localhost:70000',
    'localhost:3000:80',
    'localhost:80@evil.example',
    'evil.example#localhost',
    'localhost, evil.example',
    'localhost/evil.example',
    '',
  ])('refuses the host %s', async (host) => {
    expect(await ask([`Host: ${host}`])).toBe('403')
  })

  it.each([
    'Via: 1.1 proxy',
    'Forwarded: for=1.2.3.4',
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Host: localhost',
    'x-forwarded-proto: https',
    'X-Forwarded: for=1.2.3.4',
    'X-Forwarded-For-Original: 127.0.0.1',
    'X_Forwarded_For: 127.0.0.1',
    'X-Real-IP: 127.0.0.1',
    'X-Client-IP: 127.0.0.1',
    'X-Original-Host: localhost',
    'True-Client-IP: 127.0.0.1',
    'CF-Connecting-IP: 127.0.0.1',
    'CF-Ray: 1',
    'CDN-Loop: cloudflare',
    'Fastly-Client-IP: 127.0.0.1',
    'X-Envoy-External-Address: 127.0.0.1',
    'X-Amzn-Trace-Id: Root=1',
  ])('refuses %s', async (header) => {
    expect(await ask([local, header])).toBe('403')
    expect(await ask([local, header.replace(/:.*/, ':')])).toBe('403')
  })

  it('refuses a second host, and a target that names another, whichever comes first', async () => {
    expect(await ask([local, 'Host: evil.example'])).toBe('403')
    expect(await ask(['Host: evil.example', local])).toBe('403')
    expect(await ask([local, local])).toBe('403')
    for (const target of ['http://evil.example/api/crm/deals', 'http://evil.example', 'HTTP://localhost@evil.example/', 'ftp://localhost/'])
      expect(await ask([local], target)).toBe('403')
    expect(await ask(['Host: evil.example'], 'http://localhost/api/crm/deals')).toBe('403')
  })

  it.each(['localhost:3000', 'LOCALHOST', '127.0.0.1:80', '127.8.8.8', '[::1]:3000', 'acme.localhost'])(
    'answers under %s, also with a whole address as target',
    async (host) => {
      expect(await ask([`Host: ${host}`])).toBe('200')
      expect(await ask([`Host: ${host}`], `http://${host}/api/crm/deals`)).toBe('200')
    },
  )
})

/** A gateway of its own, with limits of its own. */
function listenWith(own: Limits): Promise<Listening> {
  const guards = {
    asMember: () => Promise.reject(new Problem('not-authenticated')),
    asDirectory: () => Promise.reject(new Problem('not-authenticated')),
    asOperator: () => undefined,
  }
  const app = createGateway({
    config: { limits: own, trustedProxies: 0 },
    demo: false,
    routes,
    ui: null,
    metrics: createMetrics(),
    guards,
    ...unlimited,
  })
  return listen(app, { host: '127.0.0.1', port: 0, limits: own })
}

describe('nobody holds on to the server', () => {
  it('by a JSON body that does not come', async () => {
    const listening = await listenWith({ ...limits, jsonBodyMs: 50 })
    const socket = connect(listening.port, '127.0.0.1')
    const over = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve))
    socket.write('POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{')
    await over
    const slow = await fetch(`http://127.0.0.1:${listening.port}/api/slow`)
    expect(slow.status).toBe(200)
    await listening.close()
  })

  it('by more connections than it takes', async () => {
    const listening = await listenWith({ ...limits, connections: 1 })
    const running = fetch(`http://127.0.0.1:${listening.port}/api/slow`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const answer = raw(`http://127.0.0.1:${listening.port}`, 'GET /api/slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(await answer.catch(() => '')).toBe('')
    expect((await running).status).toBe(200)
    await listening.close()
  })
})

describe('closing', () => {
  it('lets a running request finish and takes no new one', async () => {
    const listening = await listenWith(limits)
    const running = fetch(`http://127.0.0.1:${listening.port}/api/slow`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const closed = listening.close()
    expect(await (await running).json()).toEqual({ slow: true })
    await closed
    await expect(fetch(`http://127.0.0.1:${listening.port}/api/slow`)).rejects.toThrow('fetch failed')
  })
})
