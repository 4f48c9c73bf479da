import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { ok, openWorld, type Reply } from '../testing/world.ts'

const password = 'a password for tests only'
const tokenOf = async ({ call }: Awaited<ReturnType<typeof openWorld>>, email: string): Promise<string> =>
  String(ok(await call(null, 'POST', '/api/auth/login', { body: { email, password } }))['accessToken'])
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

describe('a name by which a workspace is found', async () => {
  const world = await openWorld({ PUBLIC_URL: 'http://localhost' })
  const { port } = new URL(world.url)
  /** `fetch` lets nobody choose the name that is asked for. */
  const at = (host: string, path: string, token: string | null): Promise<{ status: number; body: Record<string, unknown> }> =>
    new Promise((resolve, reject) => {
      const headers = { host, ...(token !== null && { authorization: `Bearer ${token}` }) }
      const asked = request({ host: '127.0.0.1', port, path, headers }, (response) => {
        let text = ''
        response.on('data', (part: Buffer) => (text += part.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> }))
      })
      asked.on('error', reject)
      asked.end()
    })

  test('preselects it before anybody has signed in', async () => {
    expect((await at('acme.localhost', '/api/auth/workspace', null)).body['workspace']).toMatchObject({ slug: 'acme' })
    expect((await at('localhost', '/api/auth/workspace', null)).body['workspace']).toBeNull()
    expect((await at('nobody.localhost', '/api/auth/workspace', null)).body['workspace']).toBeNull()
  })
  test('decides nothing afterwards: the credential does, and one of another workspace is refused there', async () => {
    const token = await tokenOf(world, 'rep@acme.test')
    expect((await at('acme.localhost', '/api/me', token)).body).toMatchObject({ tenant: { slug: 'acme' } })
    expect((await at('localhost', '/api/me', token)).body).toMatchObject({ tenant: { slug: 'acme' } })
    for (const path of ['/api/me', '/api/crm/deals', '/api/account', '/api/catalogue']) {
      const { status, body } = await at('globex.localhost', path, token)
      expect([status, body['code']]).toEqual([403, 'origin-refused'])
    }
    expect((await at('GLOBEX.localhost:80', '/api/me', token)).status).toBe(403)
  })
  test('that a request claims by another header is nothing', async () => {
    const { call } = world
    const forged = { 'x-forwarded-host': 'globex.localhost', forwarded: 'host=globex.localhost' }
    const reply = await call(null, 'GET', '/api/auth/workspace', { headers: forged })
    expect(reply.status === 200 ? (reply.body as { workspace: unknown }).workspace : null).toBeNull()
  })
})

describe('limits', async () => {
  const perMinute = 12
  const world = await openWorld({ REQUESTS_PER_MINUTE: String(perMinute) })
  const { call } = world
  const remaining = ({ headers }: Reply): number => Number(/;r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1] ?? Number.NaN)

  test('are told with every answer, and with the refusal, when to come again', async () => {
    const rep = bearer(await tokenOf(world, 'rep@acme.test'))
    const first = await call(null, 'GET', '/api/me', rep)
    expect(first.headers.get('ratelimit-policy')).toMatch(/^"account";q=12;w=60$/)
    const second = await call(null, 'GET', '/api/me', rep)
    expect(remaining(second)).toBe(remaining(first) - 1)
    let refused: Reply | null = null
    for (let n = 0; n < perMinute && !refused; n++) {
      const reply = await call(null, 'GET', '/api/me', rep)
      if (reply.status === 429) refused = reply
    }
    expect(refused?.body).toMatchObject({ code: 'too-many-requests' })
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(remaining(refused!)).toBe(0)
  })

  test('of one person are not those of another, nor of another workspace, nor of a key', async () => {
    const [rep, manager, other] = await Promise.all(
      ['rep@acme.test', 'manager@acme.test', 'rep@globex.test'].map(async (email) => bearer(await tokenOf(world, email))),
    )
    // A new session is the same person.
    expect((await call(null, 'GET', '/api/me', rep)).status).toBe(429)
    expect((await call(null, 'GET', '/api/me', manager)).status).toBe(200)
    expect((await call(null, 'GET', '/api/me', other)).status).toBe(200)
    const { key } = ok(await call(null, 'POST', '/api/keys', { ...manager, body: { name: 'k', role: 'crm.manager' } })) as { key: string }
    for (let n = 0; n < perMinute; n++) await call(null, 'GET', '/api/me', bearer(key))
    expect((await call(null, 'GET', '/api/me', bearer(key))).status).toBe(429)
    expect((await call(null, 'GET', '/api/me', manager)).status).toBe(200)
  })
})
