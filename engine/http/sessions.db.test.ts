import { randomBytes, randomUUID } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../config.ts'
import { operatorGuard } from '../identity/operator.ts'
import { createPasswords } from '../identity/passwords.ts'
import { masterKey, members, operatorToken, people, tenants, openIdentity } from '../testing/identity.ts'

const { call, cookieOf, database, deals, login, refresh, setAccess, tokens, withToken } = await openIdentity()

describe('an access token is refused', () => {
  // All of a living session, so that each token fails for the one thing that is wrong with it.
  const claims = { sub: people.ada, sid: '', tid: tenants.acme, mid: members.ada, iss: 'businessos', aud: 'access' }
  const period = Math.floor(Date.now() / 1000 / limits.signingKeySeconds)
  const accessKey = masterKey.derive(`access-token/2/${period}`)
  const keyid = `${masterKey.id}.${period}`
  const exp = Math.floor(Date.now() / 1000) + 600
  beforeAll(async () => {
    claims.sid = (jwt.decode((await login('ada@acme.test')).body['accessToken'] as string) as { sid: string }).sid
  })

  it('unless nothing is wrong with it', async () => {
    expect((await deals(jwt.sign({ ...claims, exp }, accessKey, { keyid }))).status).toBe(200)
  })

  it.each([
    ['algorithm none', () => jwt.sign({ ...claims, exp }, '', { algorithm: 'none', keyid })],
    [
      'algorithm none, with a kept signature',
      () =>
        `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${jwt
          .sign({ ...claims, exp }, accessKey)
          .split('.')
          .slice(1)
          .join('.')}`,
    ],
    ['another algorithm with the right key', () => jwt.sign({ ...claims, exp }, accessKey, { algorithm: 'HS512', keyid })],
    ['another key', () => jwt.sign({ ...claims, exp }, randomBytes(32), { keyid })],
    ['expired', () => jwt.sign({ ...claims, exp: exp - 1200 }, accessKey, { keyid })],
    ['without expiry', () => jwt.sign({ ...claims }, accessKey, { keyid })],
    ['not yet valid', () => jwt.sign({ ...claims, exp, nbf: exp - 1 }, accessKey, { keyid })],
    ['for another audience', () => jwt.sign({ ...claims, aud: 'select', exp }, accessKey, { keyid })],
    ['of another issuer', () => jwt.sign({ ...claims, iss: 'someone', exp }, accessKey, { keyid })],
    ['with a session that does not exist', () => jwt.sign({ ...claims, sid: randomUUID(), exp }, accessKey, { keyid })],
    ['with claims that are no ids', () => jwt.sign({ ...claims, sid: "' or true --", exp }, accessKey, { keyid })],
    ['a ticket of a sign-in', () => tokens.ticket({ account: people.ada, stamp: 1, methods: ['pwd'], tenant: null })],
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
      expect(
        (await deals(tokens.access({ account: people.ada, session, tenant: tenants.acme, member: members.ada, ...swap }))).status,
      ).toBe(401)
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
  it('answers nothing without a cookie; refuses a forged one, one whose end was moved, and other origins', async () => {
    const cookie = cookieOf(await login('ada@acme.test'))
    expect((await call('POST', '/api/auth/refresh')).status).toBe(204)
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
    await database.withOwner((session) =>
      session.query(`update bos.session set rotated_at = now() - interval '11 seconds' where id = $1`, [
        stolen.slice('bos_refresh='.length).split('.')[0],
      ]),
    )
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
    const { rows } = await database.withOwner((session) => session.query('select * from bos.session'))
    expect(
      JSON.stringify(
        rows.map((row) =>
          [row['refresh_hash'], row['previous_refresh_hash']].map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value)),
        ),
      ),
    ).not.toContain(secret.toString('hex'))
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
    await database.withOwner((session) => session.query('update bos.tenant set suspended_at = now() where id = $1', [tenants.globex]))
    expect((await deals(token)).status).toBe(401)
    expect((await refresh(cookieOf(reply))).status).toBe(401)
    await database.withOwner((session) => session.query('update bos.tenant set suspended_at = null where id = $1', [tenants.globex]))
    const again = (await login('both@example.test', undefined, { tenant: 'globex' })).body['accessToken']
    await deals(again)
    await setAccess(tenants.globex, members.bothInGlobex, people.both, null, [])
    expect((await deals(again)).status).toBe(401)
    expect((await login('both@example.test')).body['tenant']).toMatchObject({ slug: 'acme' })
  })

  it('and so does a change of roles, without signing in again', async () => {
    const token = (await login('ada@acme.test')).body['accessToken']
    // Somebody must administer the tenant meanwhile.
    await setAccess(tenants.acme, members.bob, people.bob, 'Bob@acme.test', ['core.admin'])
    const before = await deals(token)
    await setAccess(tenants.acme, members.ada, people.ada, 'ada@acme.test', ['core.user', 'crm.rep'])
    const after = await deals(token)
    expect([before.body['roles'], after.body['roles']]).toEqual([['core.admin'], ['core.user', 'crm.rep']])
    expect(Number(after.body['generation'])).toBeGreaterThan(Number(before.body['generation']))
    await setAccess(tenants.acme, members.ada, people.ada, 'ada@acme.test', ['core.user', 'crm.rep'])
    expect((await deals(token)).body['generation']).toBe(after.body['generation'])
    await setAccess(tenants.acme, members.ada, people.ada, 'ada@acme.test', ['core.admin'])
    await setAccess(tenants.acme, members.bob, people.bob, 'Bob@acme.test', [])
    expect((await call('GET', '/api/me', { headers: withToken(token) })).body).toEqual({
      member: { id: members.ada, name: 'Ada', email: 'ada@acme.test' },
      roles: ['core.admin'],
      demo: false,
      tenant: { id: tenants.acme, slug: 'acme', name: 'ACME', locale: 'en', timeZone: 'Europe/Berlin', currency: 'EUR' },
    })
  })
})

describe('the operator route', () => {
  it('takes the operator token only', async () => {
    const token = (await login('ada@acme.test')).body['accessToken']
    const attempts = [undefined, '', 'wrong', `${operatorToken}x`, token].map((given) =>
      call('GET', '/api/operator/tenants', { headers: given === undefined ? {} : withToken(given) }),
    )
    expect((await Promise.all(attempts)).map((reply) => reply.status)).toEqual([401, 401, 401, 401, 401])
    expect((await call('GET', '/api/operator/tenants', { headers: withToken(operatorToken) })).status).toBe(200)
    expect((await deals(operatorToken)).status).toBe(401)
    expect(() => operatorGuard(null)(`Bearer ${operatorToken}`)).toThrow(expect.objectContaining({ code: 'not-found' }) as Error)
  })
})
