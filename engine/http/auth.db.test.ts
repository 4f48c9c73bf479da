import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../config.ts'
import { createDatabase, type OpenDatabase } from '../database/open.ts'
import { createActors } from '../identity/actors.ts'
import { operatorGuard } from '../identity/operator.ts'
import { createPasswords } from '../identity/passwords.ts'
import { createSignIn } from '../identity/sign-in.ts'
import { createTokens } from '../identity/tokens.ts'
import { migrate } from '../schema/migrate.ts'
import { freshDatabase, type TestDatabase } from '../testing/postgres.ts'
import { authRoutes } from './auth-routes.ts'
import { createMetrics } from './metrics.ts'
import { recordRoutes } from './records-route.ts'
import { json } from './route.ts'
import { createGateway, listen, type Listening } from './server.ts'

/** Identity and gateway on a real database; behind them a pipeline that only opens the actor's transaction and says who it is. */
const operatorToken = 'operator-token-of-this-test'
const key = randomBytes(32)
const masterKey = { file: null, derive: (purpose: string) => createHmac('sha256', key).update(purpose).digest() }
const tokens = createTokens(masterKey, limits)
const people = { ada: randomUUID(), bob: randomUUID(), both: randomUUID() }
const members = { ada: randomUUID(), bob: randomUUID(), bothInAcme: randomUUID(), bothInGlobex: randomUUID() }
const tenants = { acme: randomUUID(), globex: randomUUID() }

let place: TestDatabase
let database: OpenDatabase
let listening: Listening
let base = ''

beforeAll(async () => {
  place = await freshDatabase()
  database = await createDatabase({ databaseUrl: place.url, ownerUrl: null, dataDir: null, connections: 4 })
  await database.withOwner(owner => migrate(owner))
  const passwords = createPasswords(limits)
  const password = await passwords.hash('correct horse battery')
  for (const [slug, id] of Object.entries(tenants)) {
    await database.call({ text: `select * from bos.tenant_open($1, $2, $3, 'en', 'Europe/Berlin', 'EUR', '[{"module":"core","version":"1.0.0"}]')`, values: [id, slug, slug.toUpperCase()] })
  }
  const admit = (tenant: string, member: string, account: string, email: string): Promise<unknown> =>
    database.call({ text: 'select bos.member_admit($1, $2, $3, $4, $5, true)', values: [tenant, member, account, email, password] })
  await admit(tenants.acme, members.ada, people.ada, 'ada@acme.test')
  await admit(tenants.acme, members.bob, people.bob, 'Bob@acme.test')
  await admit(tenants.acme, members.bothInAcme, people.both, 'both@example.test')
  await admit(tenants.globex, members.bothInGlobex, people.both, 'both@example.test')
  await setRoles(members.ada, { core: 'core.admin' })

  const actors = createActors(database, tokens, limits)
  const signIn = createSignIn({ database, passwords, tokens, actors, limits })
  const app = createGateway({
    config: { limits, trustedProxies: 1 }, demo: false, ui: null, metrics: createMetrics(),
    guards: { asMember: actors.asMember, asOperator: operatorGuard(operatorToken) },
    routes: [
      ...authRoutes({ signIn, view: actors.view, memberName: () => Promise.resolve('Ada') }, false),
      { method: 'GET', path: '/api/operator/tenants', guard: 'operator', handle: () => Promise.resolve(json(200, [])) },
      ...recordRoutes(async (_call, actor) => {
        const { tenant, member, session, generation } = actor
        await database.read({ tenant, member, session, generation, scopes: [] }, { text: 'select 1' })
        return json(200, { member, roles: actor.roles, generation })
      }),
    ],
  })
  listening = await listen(app, { host: '127.0.0.1', port: 0, limits })
  base = `http://127.0.0.1:${listening.port}`
})
afterAll(async () => {
  await listening.close()
  await database.close()
  await place.drop()
})

const setRoles = (member: string, roles: object): Promise<unknown> =>
  database.call({ text: 'select bos.roles_set($1, $2, $3::jsonb)', values: [tenants.acme, member, JSON.stringify(roles)] })

let lastAddress = 0
interface Reply { status: number; body: Record<string, unknown>; cookie: string | null; headers: Headers }
/** Each call comes from an address of its own unless one is named, so that the limits of one test do not reach another. */
async function call(method: string, path: string, options: { body?: unknown; headers?: Record<string, string>; address?: string } = {}): Promise<Reply> {
  const headers = { 'x-forwarded-for': options.address ?? `10.1.${lastAddress >> 8}.${lastAddress++ & 255}`, ...(options.body !== undefined && { 'content-type': 'application/json' }), ...options.headers }
  const response = await fetch(base + path, { method, headers, ...(options.body !== undefined && { body: JSON.stringify(options.body) }) })
  const text = await response.text()
  const cookie = response.headers.get('set-cookie')
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) as Record<string, unknown>, cookie, headers: response.headers }
}
const login = (email: string, password = 'correct horse battery', more: object = {}, address?: string): Promise<Reply> =>
  call('POST', '/api/auth/login', { body: { email, password, ...more }, ...(address !== undefined && { address }) })
const withToken = (token: unknown): Record<string, string> => ({ authorization: `Bearer ${String(token)}` })
const deals = (token: unknown): Promise<Reply> => call('GET', '/api/crm/deals', { headers: withToken(token) })
const cookieOf = (reply: Reply): string => reply.cookie?.split(';')[0] ?? ''
const refresh = (cookie: string, headers: Record<string, string> = {}): Promise<Reply> => call('POST', '/api/auth/refresh', { headers: { cookie, ...headers } })

describe('login refuses', () => {
  it.each([
    ['a wrong password', { email: 'ada@acme.test', password: 'wrong horse battery' }],
    ['an unknown account', { email: 'nobody@acme.test', password: 'correct horse battery' }],
    ['a tenant that the account is no member of', { email: 'ada@acme.test', password: 'correct horse battery', tenant: 'globex' }],
    ['a tenant that does not exist', { email: 'ada@acme.test', password: 'correct horse battery', tenant: 'initech' }],
    ['a made-up select token', { selectToken: 'abc.def.ghi', tenant: 'acme' }],
    ['an access token as select token', { selectToken: tokens.access({ account: people.both, session: randomUUID(), tenant: tenants.acme, member: members.bothInAcme }), tenant: 'acme' }],
  ])('%s', async (_name, body) => {
    const reply = await call('POST', '/api/auth/login', { body })
    expect([reply.status, reply.body['code'], reply.cookie]).toEqual([401, 'credentials-wrong', null])
  })

  it.each([
    [[], ['']], [null, ['']], ['x', ['']],
    [{}, ['/email', '/password']],
    [{ email: 5, password: ['x'], tenant: {} }, ['/email', '/password', '/tenant']],
    [{ email: 'ada@acme.test', password: 'long'.repeat(300) }, ['/password']],
    [{ email: 'ada@acme.test', password: 'x', admin: true }, ['/admin']],
  ])('the body %.60j', async (body, pointers) => {
    const reply = await call('POST', '/api/auth/login', { body })
    expect([reply.status, reply.body['code']]).toEqual([422, 'request-invalid'])
    expect((reply.body['errors'] as { pointer: string }[]).map(error => error.pointer)).toEqual(pointers)
  })

  it('a page of another origin', async () => {
    const evil = { body: { email: 'ada@acme.test', password: 'correct horse battery' } }
    expect((await call('POST', '/api/auth/login', { ...evil, headers: { origin: 'https://evil.example' } })).status).toBe(403)
    expect((await call('POST', '/api/auth/login', { ...evil, headers: { origin: 'null' } })).status).toBe(403)
    expect((await call('POST', '/api/auth/login', { ...evil, headers: { origin: base, 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
    expect((await call('POST', '/api/auth/login', { ...evil, headers: { origin: base } })).status).toBe(200)
  })
})

describe('login', () => {
  it('answers with a token, and with a cookie that scripts and other sites cannot use', async () => {
    const reply = await login('ADA@acme.test')
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({ accessToken: expect.any(String) as string, expiresIn: 600, tenant: { id: tenants.acme, slug: 'acme', name: 'ACME' } })
    expect(reply.cookie).toMatch(/^bos_refresh=[^;]+; Max-Age=\d+; Path=\/api\/auth; HttpOnly; SameSite=Strict$/)
    expect(reply.headers.get('cache-control')).toBe('no-store')
    expect((await deals(reply.body['accessToken'])).body).toMatchObject({ member: members.ada, roles: ['core.admin'] })
  })

  it('marks the cookie Secure behind https', async () => {
    const reply = await call('POST', '/api/auth/login', { body: { email: 'ada@acme.test', password: 'correct horse battery' }, headers: { 'x-forwarded-proto': 'https' } })
    expect(reply.cookie).toContain('; Secure')
  })

  it('lets a person with several tenants choose', async () => {
    const reply = await login('both@example.test')
    expect(reply.body).toEqual({ tenants: [{ id: tenants.acme, slug: 'acme', name: 'ACME' }, { id: tenants.globex, slug: 'globex', name: 'GLOBEX' }], selectToken: expect.any(String) as string })
    expect(reply.cookie).toBeNull()
    expect((await deals(reply.body['selectToken'])).status).toBe(401)
    const chosen = await call('POST', '/api/auth/login', { body: { selectToken: reply.body['selectToken'], tenant: 'globex' } })
    expect((await deals(chosen.body['accessToken'])).body['member']).toBe(members.bothInGlobex)
    expect((await login('both@example.test', undefined, { tenant: 'acme' })).body['tenant']).toMatchObject({ slug: 'acme' })
  })
})

describe('too many failures', () => {
  it('are refused per account, alike for one that exists and one that does not, and however it is written', async () => {
    const failures = async (spellings: readonly string[]): Promise<Reply[]> => {
      const replies: Reply[] = []
      for (let turn = 0; turn <= limits.loginFailuresPerAccount; turn++) replies.push(await login(spellings[turn % spellings.length] ?? '', 'wrong password'))
      return replies
    }
    const [real, unreal] = [await failures(['bob@acme.test', 'BOB@ACME.TEST', 'bób@acme.test']), await failures(['no-bob@acme.test'])]
    for (const replies of [real, unreal]) {
      expect(replies.map(reply => reply.status)).toEqual([...Array<number>(limits.loginFailuresPerAccount).fill(401), 429])
      expect(Number(replies.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    // The right password no longer helps, and the answers are the same.
    const [locked, unknown] = [await login('bob@acme.test'), await login('no-bob@acme.test')]
    expect([locked.status, locked.body['code'], locked.body['detail']]).toEqual([unknown.status, unknown.body['code'], unknown.body['detail']])
    expect(locked.status).toBe(429)
  })

  it('are refused per address', async () => {
    const statuses = new Set<number>()
    for (let turn = 0; turn < limits.loginFailuresPerAddress; turn++) statuses.add((await login(`x${turn}@acme.test`, 'wrong password', {}, '192.0.2.1')).status)
    expect([...statuses]).toEqual([401])
    expect((await login('ada@acme.test', undefined, {}, '192.0.2.1')).status).toBe(429)
    expect((await login('ada@acme.test', undefined, {}, '192.0.2.2')).status).toBe(200)
  })

  it('do not come from signing in successfully', async () => {
    for (let turn = 0; turn < limits.loginFailuresPerAccount + 5; turn++) expect((await login('ada@acme.test', undefined, {}, '192.0.2.3')).status).toBe(200)
  })
})

describe('an access token is refused', () => {
  // All of a living session, so that each token fails for the one thing that is wrong with it.
  const claims = { sub: people.ada, sid: '', tid: tenants.acme, mid: members.ada, iss: 'businessos', aud: 'access' }
  const accessKey = masterKey.derive('access-token/1')
  const exp = Math.floor(Date.now() / 1000) + 600
  beforeAll(async () => { claims.sid = (jwt.decode((await login('ada@acme.test')).body['accessToken'] as string) as { sid: string }).sid })

  it('unless nothing is wrong with it', async () => {
    expect((await deals(jwt.sign({ ...claims, exp }, accessKey))).status).toBe(200)
  })

  it.each([
    ['algorithm none', () => jwt.sign({ ...claims, exp }, '', { algorithm: 'none' })],
    ['algorithm none, with a kept signature', () => `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${jwt.sign({ ...claims, exp }, accessKey).split('.').slice(1).join('.')}`],
    ['another algorithm with the right key', () => jwt.sign({ ...claims, exp }, accessKey, { algorithm: 'HS512' })],
    ['another key', () => jwt.sign({ ...claims, exp }, randomBytes(32))],
    ['expired', () => jwt.sign({ ...claims, exp: exp - 1200 }, accessKey)],
    ['without expiry', () => jwt.sign({ ...claims }, accessKey)],
    ['not yet valid', () => jwt.sign({ ...claims, exp, nbf: exp - 1 }, accessKey)],
    ['for another audience', () => jwt.sign({ ...claims, aud: 'select', exp }, accessKey)],
    ['of another issuer', () => jwt.sign({ ...claims, iss: 'someone', exp }, accessKey)],
    ['with a session that does not exist', () => jwt.sign({ ...claims, sid: randomUUID(), exp }, accessKey)],
    ['with claims that are no ids', () => jwt.sign({ ...claims, sid: "' or true --", exp }, accessKey)],
    ['a select token', () => tokens.select(people.ada)],
    ['empty', () => ''],
    ['rubbish', () => 'a.b.c'],
    ['very long', () => 'x'.repeat(5000)],
  ])('%s', async (_name, make) => {
    const reply = await deals(make())
    expect([reply.status, reply.body['code']]).toEqual([401, 'not-authenticated'])
  })

  it('when its tenant or member was swapped, though we signed it', async () => {
    const session = (jwt.decode((await login('ada@acme.test')).body['accessToken'] as string) as { sid: string }).sid
    for (const swap of [{ tenant: tenants.globex }, { member: members.bob }, { account: people.bob }]) {
      expect((await deals(tokens.access({ account: people.ada, session, tenant: tenants.acme, member: members.ada, ...swap }))).status).toBe(401)
    }
  })

  it('in the address, in a cookie and as Basic', async () => {
    const token = String((await login('ada@acme.test')).body['accessToken'])
    expect((await call('GET', `/api/crm/deals?access_token=${token}`)).status).toBe(401)
    expect((await call('GET', '/api/crm/deals', { headers: { cookie: `bos_refresh=${token}` } })).status).toBe(401)
    expect((await call('GET', '/api/crm/deals', { headers: { authorization: `Basic ${token}` } })).status).toBe(401)
    expect((await call('GET', '/api/crm/deals', { headers: { authorization: `bearer ${token}` } })).status).toBe(200)
  })
})

describe('refresh', () => {
  it('refuses no cookie, a forged one, one whose end was moved, and other origins', async () => {
    const cookie = cookieOf(await login('ada@acme.test'))
    expect((await call('POST', '/api/auth/refresh')).status).toBe(401)
    expect((await refresh(`bos_refresh=${randomUUID()}.9999999999.${'A'.repeat(43)}.${'A'.repeat(22)}`)).status).toBe(401)
    expect((await refresh(cookie.replace(/\.(\d{10})\./, '.9999999999.'))).status).toBe(401)
    expect((await refresh(cookie, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await refresh(cookie, { 'sec-fetch-site': 'same-site' })).status).toBe(403)
    expect((await refresh(cookie, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await refresh(cookie, { 'sec-fetch-site': 'same-origin' })).status).toBe(200)
  })

  it('rotates; two tabs at once get the same successor', async () => {
    const first = cookieOf(await login('ada@acme.test'))
    const [one, two] = await Promise.all([refresh(first), refresh(first)])
    expect([one.status, two.status]).toEqual([200, 200])
    expect(cookieOf(one)).toBe(cookieOf(two))
    expect(cookieOf(one)).not.toBe(first)
    expect((await deals(one.body['accessToken'])).status).toBe(200)
    expect((await refresh(cookieOf(one))).status).toBe(200)
  })

  it('with a token that was replaced a while ago ends the whole family', async () => {
    const stolen = cookieOf(await login('ada@acme.test'))
    const owner = await refresh(stolen)
    await database.withOwner(session => session.query(`update bos.session set rotated_at = now() - interval '11 seconds' where id = $1`, [stolen.slice('bos_refresh='.length).split('.')[0]]))
    expect((await refresh(stolen)).status).toBe(401)
    expect((await refresh(cookieOf(owner))).status).toBe(401)
    expect((await deals(owner.body['accessToken'])).status).toBe(401)
  })

  it('with a token of two rotations ago ends the whole family, at once', async () => {
    const stolen = cookieOf(await login('ada@acme.test'))
    const second = await refresh(stolen)
    const third = await refresh(cookieOf(second))
    expect(third.status).toBe(200)
    expect((await refresh(stolen)).status).toBe(401)
    expect((await refresh(cookieOf(third))).status).toBe(401)
    expect((await deals(third.body['accessToken'])).status).toBe(401)
  })

  it('keeps nothing in the database that could be presented', async () => {
    const cookie = cookieOf(await login('ada@acme.test'))
    const secret = Buffer.from(cookie.split('.')[2] ?? '', 'base64url')
    const { rows } = await database.withOwner(session => session.query('select * from bos.session'))
    expect(JSON.stringify(rows.map(row => [row['refresh_hash'], row['previous_refresh_hash']].map(value => Buffer.isBuffer(value) ? value.toString('hex') : value)))).not.toContain(secret.toString('hex'))
  })
})

describe('what ends a sign-in holds on the next request', () => {
  it('logout', async () => {
    const reply = await login('ada@acme.test')
    const token = reply.body['accessToken']
    expect((await deals(token)).status).toBe(200)
    const out = await call('POST', '/api/auth/logout', { headers: { cookie: cookieOf(reply) } })
    expect([out.status, out.cookie]).toEqual([204, expect.stringContaining('Max-Age=0')])
    expect((await deals(token)).status).toBe(401)
    expect((await refresh(cookieOf(reply))).status).toBe(401)
    expect((await call('POST', '/api/auth/logout')).status).toBe(204)
  })

  it('logout with the access token alone', async () => {
    const token = (await login('ada@acme.test')).body['accessToken']
    await call('POST', '/api/auth/logout', { headers: withToken(token) })
    expect((await deals(token)).status).toBe(401)
  })

  it('a new password, everywhere but where it was set', async () => {
    const [here, there] = [await login('ada@acme.test'), await login('ada@acme.test')]
    const keep = (jwt.decode(here.body['accessToken'] as string) as { sid: string }).sid
    await deals(there.body['accessToken'])
    const hash = await createPasswords(limits).hash('correct horse battery')
    await database.call({ text: 'select bos.password_set($1, $2, $3)', values: [people.ada, hash, keep] })
    expect((await deals(there.body['accessToken'])).status).toBe(401)
    expect((await refresh(cookieOf(there))).status).toBe(401)
    expect((await deals(here.body['accessToken'])).status).toBe(200)
  })

  it('a membership taken away, a suspended tenant', async () => {
    const reply = await login('both@example.test', undefined, { tenant: 'globex' })
    const token = reply.body['accessToken']
    await deals(token)
    await database.withOwner(session => session.query('update bos.tenant set suspended_at = now() where id = $1', [tenants.globex]))
    expect((await deals(token)).status).toBe(401)
    expect((await refresh(cookieOf(reply))).status).toBe(401)
    await database.withOwner(session => session.query('update bos.tenant set suspended_at = null where id = $1', [tenants.globex]))
    const again = (await login('both@example.test', undefined, { tenant: 'globex' })).body['accessToken']
    await deals(again)
    await database.call({ text: 'select bos.member_release($1, $2)', values: [tenants.globex, members.bothInGlobex] })
    expect((await deals(again)).status).toBe(401)
    expect((await login('both@example.test')).body['tenant']).toMatchObject({ slug: 'acme' })
  })

  it('and so does a change of roles, without signing in again', async () => {
    const token = (await login('ada@acme.test')).body['accessToken']
    const before = await deals(token)
    await setRoles(members.ada, { core: 'core.user', crm: 'crm.rep' })
    const after = await deals(token)
    expect([before.body['roles'], after.body['roles']]).toEqual([['core.admin'], ['core.user', 'crm.rep']])
    expect(Number(after.body['generation'])).toBeGreaterThan(Number(before.body['generation']))
    await setRoles(members.ada, { core: 'core.user', crm: 'crm.rep' })
    expect((await deals(token)).body['generation']).toBe(after.body['generation'])
    await setRoles(members.ada, { core: 'core.admin' })
    expect((await call('GET', '/api/me', { headers: withToken(token) })).body).toEqual({
      member: { id: members.ada, name: 'Ada', email: 'ada@acme.test' }, roles: ['core.admin'], demo: false,
      tenant: { id: tenants.acme, slug: 'acme', name: 'ACME', locale: 'en', timeZone: 'Europe/Berlin', currency: 'EUR' },
    })
  })
})

describe('the operator route', () => {
  it('takes the operator token only', async () => {
    const token = (await login('ada@acme.test')).body['accessToken']
    const attempts = [undefined, '', 'wrong', `${operatorToken}x`, token].map(given => call('GET', '/api/operator/tenants', { headers: given === undefined ? {} : withToken(given) }))
    expect((await Promise.all(attempts)).map(reply => reply.status)).toEqual([401, 401, 401, 401, 401])
    expect((await call('GET', '/api/operator/tenants', { headers: withToken(operatorToken) })).status).toBe(200)
    expect((await deals(operatorToken)).status).toBe(401)
    expect(() => operatorGuard(null)(`Bearer ${operatorToken}`)).toThrow(expect.objectContaining({ code: 'not-found' }) as Error)
  })
})
