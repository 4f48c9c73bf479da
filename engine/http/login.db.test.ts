import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { limits } from '../config.ts'
import { createPasswords } from '../identity/passwords.ts'
import { members, people, tenants, openIdentity, type Reply } from '../testing/identity.ts'

const { base, call, database, deals, login, tokens } = await openIdentity()

describe('login refuses', () => {
  it.each([
    ['a wrong password', { email: 'ada@acme.test', password: 'wrong horse battery' }],
    ['an unknown account', { email: 'nobody@acme.test', password: 'correct horse battery' }],
    ['a NUL in the e-mail', { email: 'ada@acme.test\0', password: 'correct horse battery' }],
    ['a control character in the e-mail', { email: 'ada@acme\u0007.test', password: 'correct horse battery' }],
    ['half a character in the e-mail', { email: 'ada@acme.test\ud800', password: 'correct horse battery' }],
    ['an e-mail of blanks', { email: '   ', password: 'correct horse battery' }],
    ['a NUL in the password', { email: 'ada@acme.test', password: 'correct horse battery\0' }],
    ['a NUL in the tenant', { email: 'ada@acme.test', password: 'correct horse battery', tenant: 'acme\0' }],
    ['a tenant that the account is no member of', { email: 'ada@acme.test', password: 'correct horse battery', tenant: 'globex' }],
    ['a tenant that does not exist', { email: 'ada@acme.test', password: 'correct horse battery', tenant: 'initech' }],
    ['a made-up select token', { selectToken: 'abc.def.ghi', tenant: 'acme' }],
    [
      'an access token as select token',
      {
        selectToken: tokens.access({ account: people.both, session: randomUUID(), tenant: tenants.acme, member: members.bothInAcme }),
        tenant: 'acme',
      },
    ],
  ])('%s', async (_name, body) => {
    const reply = await call('POST', '/api/auth/login', { body })
    expect([reply.status, reply.body['code'], reply.cookie]).toEqual([401, 'credentials-wrong', null])
    if (!('selectToken' in body)) expect(reply.body['detail']).toBe('E-mail or password is wrong')
  })

  it.each([
    [[], ['']],
    [null, ['']],
    ['x', ['']],
    [{}, ['/email', '/password']],
    [{ email: 5, password: ['x'], tenant: {} }, ['/email', '/password', '/tenant']],
    [{ email: 'ada@acme.test', password: 'long'.repeat(300) }, ['/password']],
    [{ email: 'ada@acme.test', password: 'x', admin: true }, ['/admin']],
  ])('the body %.60j', async (body, pointers) => {
    const reply = await call('POST', '/api/auth/login', { body })
    expect([reply.status, reply.body['code']]).toEqual([422, 'request-invalid'])
    expect((reply.body['errors'] as { pointer: string }[]).map((error) => error.pointer)).toEqual(pointers)
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
    expect(reply.body).toEqual({
      accessToken: expect.any(String) as string,
      expiresIn: 600,
      tenant: { id: tenants.acme, slug: 'acme', name: 'ACME' },
    })
    expect(reply.cookie).toMatch(/^bos_refresh=[^;]+; Max-Age=\d+; Path=\/api\/auth; HttpOnly; SameSite=Strict$/)
    expect(reply.headers.get('cache-control')).toBe('no-store')
    expect((await deals(reply.body['accessToken'])).body).toMatchObject({ member: members.ada, roles: ['core.admin'] })
  })

  it.each(['  ada@acme.test\t\n', 'ADA@ACME.TEST', 'ＡＤＡ@acme.test', 'áda@acme.test', '\u00a0ada@acme.test'])(
    'takes %j for the stored address',
    async (email) => {
      expect([email, (await login(email)).status]).toEqual([email, 200])
    },
  )

  it('marks the cookie Secure behind https', async () => {
    const reply = await call('POST', '/api/auth/login', {
      body: { email: 'ada@acme.test', password: 'correct horse battery' },
      headers: { 'x-forwarded-proto': 'https' },
    })
    expect(reply.cookie).toContain('; Secure')
  })

  it('lets a person with several tenants choose', async () => {
    const reply = await login('both@example.test')
    expect(reply.body).toEqual({
      tenants: [
        { id: tenants.acme, slug: 'acme', name: 'ACME' },
        { id: tenants.globex, slug: 'globex', name: 'GLOBEX' },
      ],
      selectToken: expect.any(String) as string,
    })
    expect(reply.cookie).toBeNull()
    expect((await deals(reply.body['selectToken'])).status).toBe(401)
    const chosen = await call('POST', '/api/auth/login', { body: { selectToken: reply.body['selectToken'], tenant: 'globex' } })
    expect((await deals(chosen.body['accessToken'])).body['member']).toBe(members.bothInGlobex)
    expect((await login('both@example.test', undefined, { tenant: 'acme' })).body['tenant']).toMatchObject({ slug: 'acme' })
  })

  it('no longer, once the password is another', async () => {
    const { selectToken } = (await login('both@example.test')).body
    const choose = (): Promise<Reply> => call('POST', '/api/auth/login', { body: { selectToken, tenant: 'acme' } })
    const [{ password_hash: before }] = (
      await database.call({ text: 'select password_hash from bos.account_by_id($1)', values: [people.both] })
    ).rows as [{ password_hash: string }]
    const setPassword = (passwordHash: string): Promise<unknown> =>
      database.call({ text: 'select bos.password_set($1, $2, null)', values: [people.both, passwordHash] })
    await setPassword(await createPasswords(limits).hash('another horse battery'))
    const refused = await choose()
    expect([refused.status, refused.body['code'], refused.cookie]).toEqual([401, 'credentials-wrong', null])
    // Nor with the old one back again: what was proved was proved of an account that is another by now.
    await setPassword(before)
    expect((await choose()).status).toBe(401)
  })
})

describe('too many failures', () => {
  it('are refused per account, alike for one that exists and one that does not, and however it is written', async () => {
    const failures = async (spellings: readonly string[]): Promise<Reply[]> => {
      const replies: Reply[] = []
      for (let turn = 0; turn <= limits.loginFailuresPerAccount; turn++)
        replies.push(await login(spellings[turn % spellings.length] ?? '', 'wrong password'))
      return replies
    }
    const [real, unreal] = [
      await failures(['bob@acme.test', 'BOB@ACME.TEST', 'bób@acme.test', ' bob@acme.test ']),
      await failures(['no-bob@acme.test']),
    ]
    for (const replies of [real, unreal]) {
      expect(replies.map((reply) => reply.status)).toEqual([...Array<number>(limits.loginFailuresPerAccount).fill(401), 429])
      expect(Number(replies.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    // The right password no longer helps, and the answers are the same.
    const [locked, unknown] = [await login('bob@acme.test'), await login('no-bob@acme.test')]
    expect([locked.status, locked.body['code'], locked.body['detail']]).toEqual([
      unknown.status,
      unknown.body['code'],
      unknown.body['detail'],
    ])
    expect(locked.status).toBe(429)
  })

  it('are refused per address', async () => {
    const statuses = new Set<number>()
    for (let turn = 0; turn < limits.loginFailuresPerAddress; turn++)
      statuses.add((await login(`x${turn}@acme.test`, 'wrong password', {}, '192.0.2.1')).status)
    expect([...statuses]).toEqual([401])
    expect((await login('ada@acme.test', undefined, {}, '192.0.2.1')).status).toBe(429)
    expect((await login('ada@acme.test', undefined, {}, '192.0.2.2')).status).toBe(200)
  })

  it('do not come from signing in successfully', async () => {
    for (let turn = 0; turn < limits.loginFailuresPerAccount + 5; turn++)
      expect((await login('ada@acme.test', undefined, {}, '192.0.2.3')).status).toBe(200)
  })
})
