import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { call, callJson } from './client.ts'
import { ApiProblem, isProblem, problemText, readProblem } from './problem.ts'
import { sessionState, signedIn } from './session.ts'

interface Sent {
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}
let sent: Sent[] = []
let answers: ((request: Sent) => Response | null)[] = []

beforeEach(() => {
  sent = []
  answers = []
  signedIn('old')
  vi.stubGlobal('fetch', async (path: string, options: { method: string; headers?: Record<string, string> }) => {
    const request = { path, method: options.method, headers: options.headers ?? {} }
    sent.push(request)
    const answer = answers.map((each) => each(request)).find((each) => each !== null)
    if (!answer) throw new TypeError('network')
    return answer
  })
})
afterEach(() => vi.unstubAllGlobals())

const json = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status })
const whenToken =
  (token: string, body: unknown) =>
  ({ headers, path }: Sent) =>
    path.startsWith('/api/auth') ? null : headers['authorization'] === `Bearer ${token}` ? json(200, body) : json(401, {})
const refreshed = ({ path }: Sent) => (path === '/api/auth/refresh' ? json(200, { accessToken: 'fresh' }) : null)

it('a stale token is renewed once, silently, and shared by requests that come together', async () => {
  answers = [refreshed, whenToken('fresh', { ok: true })]
  expect(await Promise.all([callJson('GET', '/api/a'), callJson('GET', '/api/b')])).toEqual([{ ok: true }, { ok: true }])
  expect(sent.filter(({ path }) => path === '/api/auth/refresh')).toHaveLength(1)
  expect(sessionState()).toBe('in')
})

it.each([401, 204])('a session that has ended (%i) ends here too, without asking for ever', async (status) => {
  const ended = new Response(null, { status })
  answers = [({ path }) => (path === '/api/auth/refresh' ? ended : json(401, { code: 'not-authenticated', title: 'Sign in first' }))]
  await expect(call('GET', '/api/a')).rejects.toMatchObject({ status: 401, code: 'not-authenticated' })
  expect(sent).toHaveLength(2)
  expect(sessionState()).toBe('out')
})

it.each([503, 502, 429, 0])('a server that cannot be asked whether the session goes on (%i) does not end it', async (status) => {
  const noAnswer = ({ path }: Sent) => (path === '/api/auth/refresh' && status > 0 ? json(status, {}) : null)
  const expired = ({ path }: Sent) => (path === '/api/a' ? json(401, { code: 'not-authenticated' }) : null)
  answers = [noAnswer, expired]
  await expect(call('GET', '/api/a')).rejects.toMatchObject({ code: 'offline' })
  expect(sessionState()).toBe('in')
})

it('a refusal keeps its faults and its reference', async () => {
  answers = [
    () =>
      json(422, {
        code: 'request-invalid',
        title: 'The request has invalid values',
        detail: '2 values',
        requestId: 'r1',
        errors: [{ pointer: '/name', detail: 'A name is needed.' }, 'nonsense'],
      }),
  ]
  const error = await call('POST', '/api/a', { body: {} }).catch((problem: unknown) => problem)
  expect(isProblem(error, 'request-invalid')).toBe(true)
  expect(error).toMatchObject({ faults: [{ pointer: '/name', detail: 'A name is needed.' }], requestId: 'r1' })
  expect(problemText(error)).toBe('A name is needed.')
})

it('no network is a problem that says what was kept', async () => {
  await expect(call('GET', '/api/a')).rejects.toMatchObject({ code: 'offline', status: 0 })
})

it('a page that is no problem still becomes one', () => {
  expect(readProblem(502, null)).toBeInstanceOf(ApiProblem)
  expect(readProblem(502, null).message).toBe('The server answered with status 502.')
})
