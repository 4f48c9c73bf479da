import { generateSync } from 'otplib'
import { beforeEach, describe, expect, it } from 'vitest'
import { openIdentity, people, tenants, type Reply } from '../testing/identity.ts'

const { call, database, deals, login, withToken, cookieOf, refresh, letters, faults, setAccess } = await openIdentity({
  mailsPerAccount: 30,
})

const owned = (text: string, values: unknown[] = []) => database.withOwner(async (owner) => (await owner.query(text, values)).rows)
const post = (path: string, body: unknown, token?: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
  call('POST', path, { body, headers: { ...headers, ...(token !== undefined && withToken(token)) } })
const put = (path: string, body: unknown, token: unknown): Promise<Reply> => call('PUT', path, { body, headers: withToken(token) })
const token = (reply: Reply): unknown => reply.body['accessToken']
const problem = (reply: Reply): unknown[] => [reply.status, reply.body['code']]
const secretIn = (): string => letters.at(-1)?.link?.href.split('#')[1] ?? ''
/** Letters go out after the answer. */
const letterTo = async (to: string, subject: RegExp): Promise<void> => {
  await expect.poll(() => letters.some((letter) => letter.to === to && subject.test(letter.subject))).toBe(true)
}

const first = 'correct horse battery'
const second = 'seven unlikely umbrellas'
const age = (seconds: number) => owned(`update bos.session set proved_at = now() - make_interval(secs => $1)`, [seconds])

beforeEach(async () => {
  letters.length = 0
  const [{ password_hash: hash }] = (await owned('select password_hash from bos.account where id = $1', [people.bob])) as [
    { password_hash: string },
  ]
  await owned('update bos.account set password_hash = $1', [hash])
  await owned(`update bos.account set email = 'ada@acme.test' where id = $1`, [people.ada])
  await owned('delete from bos.once')
})

describe('a forgotten password', () => {
  it('is answered alike, whoever asks for whom; and only who reads the mail gets a link', async () => {
    const known = await post('/api/auth/forgot', { email: 'ada@acme.test' })
    const unknown = await post('/api/auth/forgot', { email: 'nobody@acme.test' })
    const strange = await post('/api/auth/forgot', { email: 'ada\u0000@acme.test' }).catch(() => null)
    expect([known.status, known.body, unknown.status, unknown.body]).toEqual([202, {}, 202, {}])
    expect(strange?.status).toBe(422)
    await letterTo('ada@acme.test', /new password/)
    expect(letters).toHaveLength(1)
    expect(letters[0]?.link?.href).toMatch(/^https:\/\/erp\.test\/reset#[\w-]{43}$/)
  })

  it.each([
    ['Host', { host: 'evil.example' }],
    ['X-Forwarded-Host', { 'x-forwarded-host': 'evil.example' }],
    ['X-Forwarded-Server and Forwarded', { 'x-forwarded-server': 'evil.example', forwarded: 'host=evil.example' }],
  ])('the link begins with what is configured, whatever %s says', async (_name, headers: Record<string, string>) => {
    await post('/api/auth/forgot', { email: 'ada@acme.test' }, undefined, headers)
    await letterTo('ada@acme.test', /new password/)
    expect(JSON.stringify(letters)).not.toContain('evil')
  })

  it('goes to the stored address, however the asked one is written', async () => {
    await post('/api/auth/forgot', { email: ' ÁDA@Acme.test ' })
    await letterTo('ada@acme.test', /new password/)
    expect(letters.map(({ to }) => to)).toEqual(['ada@acme.test'])
  })

  it('is set anew once, and ends every session', async () => {
    const signedIn = await login('ada@acme.test')
    await post('/api/auth/forgot', { email: 'ada@acme.test' })
    await letterTo('ada@acme.test', /new password/)
    const secret = secretIn()
    // A weak one costs nobody the link.
    expect(problem(await post('/api/auth/reset', { secret, password: 'password1234' }))).toEqual([422, 'request-invalid'])
    const replies = await Promise.all(Array.from({ length: 8 }, () => post('/api/auth/reset', { secret, password: second })))
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, ...Array<number>(7).fill(410)])
    expect((await deals(token(signedIn))).status).toBe(401)
    expect((await refresh(cookieOf(signedIn))).status).toBe(401)
    expect((await login('ada@acme.test', first)).status).toBe(401)
    expect((await login('ada@acme.test', second)).status).toBe(200)
    expect(problem(await post('/api/auth/reset', { secret, password: 'another good long one' }))).toEqual([410, 'link-invalid'])
  })

  it.each([null, '', [], {}, 5, ['x'], 'x'.repeat(43), 'undefined', '../..', '%00'])('the secret %j opens nothing', async (secret) => {
    const reply = await post('/api/auth/reset', { secret, password: second })
    expect([410, 422]).toContain(reply.status)
    expect((await login('ada@acme.test', first)).status).toBe(200)
  })

  it('a link is good for half an hour, for its own purpose, until the next one, and until the password changes otherwise', async () => {
    const ask = async (): Promise<string> => {
      letters.length = 0
      await post('/api/auth/forgot', { email: 'ada@acme.test' })
      await letterTo('ada@acme.test', /new password/)
      return secretIn()
    }
    const older = await ask()
    expect(problem(await post('/api/auth/verify', { secret: older }))).toEqual([410, 'link-invalid'])
    const newer = await ask()
    expect((await post('/api/auth/reset', { secret: older, password: second })).status).toBe(410)
    const [{ seconds }] = (await owned(`select extract(epoch from expires_at - now())::int as seconds from bos.once`)) as [
      { seconds: number },
    ]
    expect(seconds).toBeGreaterThan(1_700)
    expect(seconds).toBeLessThanOrEqual(1_800)
    await owned(`update bos.once set expires_at = now()`)
    expect((await post('/api/auth/reset', { secret: newer, password: second })).status).toBe(410)
    const third = await ask()
    await owned('select bos.account_changed($1, null)', [people.ada])
    expect((await post('/api/auth/reset', { secret: third, password: second })).status).toBe(410)
    expect((await login('ada@acme.test', first)).status).toBe(200)
  })

  it('no more mails an account than the limit, however its address is written, and nobody is told', async () => {
    await setAccess(tenants.acme, '01900000-0000-7000-8000-00000000000a', '01900000-0000-7000-8000-00000000000b', 'cleo@acme.test', [])
    const replies: number[] = []
    for (let turn = 0; turn < 40; turn++)
      replies.push((await post('/api/auth/forgot', { email: turn % 2 ? 'CLEO@acme.test' : 'cleo@acme.test' })).status)
    expect(new Set(replies)).toEqual(new Set([202]))
    await expect.poll(() => letters.length).toBe(30)
    const address = '10.9.9.9'
    const more = await Promise.all(
      Array.from({ length: 30 }, (_, i) => call('POST', '/api/auth/forgot', { body: { email: `x${i}@acme.test` }, address })),
    )
    expect(more.filter(({ status }) => status === 429)).toHaveLength(10)
  })

  it('a letter that cannot be sent is our trouble, not the answer’s', async () => {
    expect(faults).toEqual([])
  })
})

describe('what is dangerous', () => {
  it('takes a proof that is younger than ten minutes', async () => {
    const session = token(await login('ada@acme.test'))
    await age(601)
    for (const [method, path, body] of [
      ['PUT', '/api/account/password', { password: second }],
      ['PUT', '/api/account/email', { email: 'new@acme.test' }],
      ['POST', '/api/account/factors/app', {}],
      ['POST', '/api/account/factors/passkey/challenge', {}],
      ['POST', '/api/account/recovery-codes', {}],
      ['DELETE', '/api/account/factors/01900000-0000-7000-8000-000000000000', undefined],
    ] as const)
      expect(problem(await call(method, path, { body, headers: withToken(session) })), path).toEqual([403, 'proof-required'])
    expect(problem(await post('/api/account/proof', { password: 'wrong horse battery' }, session))).toEqual([422, 'proof-wrong'])
    expect((await post('/api/account/proof', { password: first }, session)).status).toBe(204)
    expect((await put('/api/account/password', { password: second }, session)).status).toBe(204)
  })

  it('is proved by the second factor where there is one, and then by nothing less', async () => {
    const session = token(await login('bob@acme.test'))
    const { factor, secret } = (await post('/api/account/factors/app', {}, session)).body as { factor: string; secret: string }
    const codeAt = (steps: number): string => generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30, strategy: 'totp' })
    await post('/api/account/factors/app/confirm', { factor, code: codeAt(-1) }, session)
    await age(601)
    expect(problem(await post('/api/account/proof', { password: first }, session))).toEqual([422, 'proof-wrong'])
    expect((await post('/api/account/proof', { code: codeAt(0) }, session)).status).toBe(204)
    expect((await call('DELETE', `/api/account/factors/${factor}`, { headers: withToken(session) })).status).toBe(204)
  })

  it('is not guessed', async () => {
    const session = token(await login('ada@acme.test'))
    const tries = await Promise.all(
      Array.from({ length: 25 }, () => post('/api/account/proof', { password: 'wrong horse battery' }, session)),
    )
    expect(tries.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(15)
  })

  it('is refused to a session that an identity provider vouched for, however fresh', async () => {
    const session = token(await login('ada@acme.test'))
    await owned(`update bos.session set methods = '{sso}' where account_id = $1 and revoked_at is null`, [people.ada])
    expect(problem(await put('/api/account/password', { password: second }, session))).toEqual([403, 'proof-required'])
    expect((await call('GET', '/api/account', { headers: withToken(session) })).body['isOwn']).toBe(false)
    expect(problem(await post('/api/auth/switch', { tenant: 'acme' }, session))).toEqual([403, 'proof-required'])
  })
})

describe('a password', () => {
  it.each([
    ['too short', 'k8#fQ2!xz'],
    ['common', 'password1234'],
    ['common in disguise', 'P@ssw0rd1234'],
    ['of one letter', 'a'.repeat(40)],
    ['along the keyboard', 'qwertyuiopasdf'],
    ['their own address', 'ada@acme.test'],
    ['the workspace and a year', 'acme.acme.2026'],
    ['too long', 'x7Kp '.repeat(300)],
  ])('that is %s is refused', async (_why, password) => {
    const session = token(await login('ada@acme.test'))
    const reply = await put('/api/account/password', { password }, session)
    expect(problem(reply)).toEqual([422, 'request-invalid'])
    expect((reply.body['errors'] as { pointer: string }[])[0]?.pointer).toBe('/password')
    expect((await login('ada@acme.test', first)).status).toBe(200)
  })

  it('may hold anything, blanks and emoji among it, and ends the other sessions', async () => {
    const [here, other] = [await login('ada@acme.test'), await login('ada@acme.test')]
    const password = ' Grüße aus 東京 🦊 '
    expect((await put('/api/account/password', { password }, token(here))).status).toBe(204)
    expect((await deals(token(here))).status).toBe(200)
    expect((await refresh(cookieOf(here))).status).toBe(200)
    expect((await deals(token(other))).status).toBe(401)
    expect((await login('ada@acme.test', password)).status).toBe(200)
    expect((await login('ada@acme.test', password.trim())).status).toBe(401)
    await letterTo('ada@acme.test', /changed/)
  })

  it('whose hash was made with less is hashed anew when it comes, and no session ends for that', async () => {
    const weak = '$argon2id$v=19$m=4096,t=1,p=1$'
    const { argon2Sync } = await import('node:crypto')
    const salt = Buffer.alloc(16, 7)
    const made = argon2Sync('argon2id', { message: first, nonce: salt, tagLength: 32, memory: 4096, passes: 1, parallelism: 1 })
    const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
    await owned('update bos.account set password_hash = $1 where id = $2', [`${weak}${unpadded(salt)}$${unpadded(made)}`, people.ada])
    const before = await login('ada@acme.test')
    expect(before.status).toBe(200)
    const [{ password_hash: after }] = (await owned('select password_hash from bos.account where id = $1', [people.ada])) as [
      { password_hash: string },
    ]
    expect(after).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect((await deals(token(before))).status).toBe(200)
    expect((await login('ada@acme.test')).status).toBe(200)
  })
})

describe('an e-mail address', () => {
  it('is another once the new one was read, and its owner before is told', async () => {
    const session = token(await login('ada@acme.test'))
    expect((await put('/api/account/email', { email: 'countess@acme.test' }, session)).status).toBe(202)
    expect((await login('countess@acme.test')).status).toBe(401)
    const [letter] = letters
    expect(letter).toMatchObject({ to: 'countess@acme.test' })
    expect((await post('/api/auth/email', { secret: secretIn() })).status).toBe(204)
    expect((await login('countess@acme.test')).status).toBe(200)
    expect((await login('ada@acme.test')).status).toBe(401)
    await letterTo('ada@acme.test', /changed/)
    expect((await call('GET', '/api/account', { headers: withToken(session) })).body).toMatchObject({
      email: 'countess@acme.test',
      emailVerified: true,
    })
  })

  it('of somebody else is told only to who reads mail there', async () => {
    const session = token(await login('ada@acme.test'))
    expect((await put('/api/account/email', { email: 'bob@acme.test' }, session)).status).toBe(202)
    expect(problem(await post('/api/auth/email', { secret: secretIn() }))).toEqual([409, 'unique-taken'])
    expect((await login('ada@acme.test')).status).toBe(200)
  })

  it('is confirmed by a link to it', async () => {
    const session = token(await login('ada@acme.test'))
    await owned('update bos.account set email_verified_at = null')
    expect((await post('/api/account/email/verification', {}, session)).status).toBe(202)
    const secret = secretIn()
    expect((await post('/api/auth/verify', { secret })).status).toBe(204)
    expect((await post('/api/auth/verify', { secret })).status).toBe(410)
    expect((await call('GET', '/api/account', { headers: withToken(session) })).body['emailVerified']).toBe(true)
  })
})

describe('devices', () => {
  it('are listed with place and last use, and ended one by one or all at once', async () => {
    await owned('update bos.session set revoked_at = now()')
    const here = await call('POST', '/api/auth/login', {
      body: { email: 'ada@acme.test', password: first },
      headers: { 'user-agent': 'Laptop/1' },
      address: '198.51.100.7',
    })
    const phone = await call('POST', '/api/auth/login', {
      body: { email: 'ada@acme.test', password: first },
      headers: { 'user-agent': 'Phone/2' },
    })
    await login('bob@acme.test')
    const list = async () =>
      (await call('GET', '/api/account/sessions', { headers: withToken(token(here)) })).body['data'] as Record<string, unknown>[]
    const listed = await list()
    expect(new Map(listed.map(({ agent, isThis }) => [agent, isThis]))).toEqual(
      new Map([
        ['Laptop/1', true],
        ['Phone/2', false],
      ]),
    )
    expect(listed.find(({ isThis }) => isThis === true)).toMatchObject({
      address: '198.51.100.7',
      country: 'AT',
      methods: ['pwd'],
      tenant: 'ACME',
    })
    const other = listed.find(({ isThis }) => isThis === false)?.['id'] as string
    const bobs = token(await login('bob@acme.test'))
    expect((await call('DELETE', `/api/account/sessions/${other}`, { headers: withToken(bobs) })).status).toBe(404)
    expect((await deals(token(phone))).status).toBe(200)
    expect((await call('DELETE', `/api/account/sessions/${other}`, { headers: withToken(token(here)) })).status).toBe(204)
    expect((await deals(token(phone))).status).toBe(401)
    await login('ada@acme.test')
    await login('ada@acme.test')
    expect((await call('DELETE', '/api/account/sessions', { headers: withToken(token(here)) })).body).toEqual({ ended: 2 })
    expect(await list()).toHaveLength(1)
  })

  it('that were not used for a week are over', async () => {
    const signedIn = await login('ada@acme.test')
    await owned(`update bos.session set rotated_at = now() - interval '8 days' where account_id = $1`, [people.ada])
    expect((await refresh(cookieOf(signedIn))).status).toBe(401)
  })

  it('switch to another tenant of the person, and to no other', async () => {
    const chosen = await login('both@example.test', undefined, { tenant: 'acme' })
    const other = await post('/api/auth/switch', { tenant: 'globex' }, token(chosen))
    expect(other.body['tenant']).toMatchObject({ slug: 'globex' })
    expect((await deals(token(other))).status).toBe(200)
    await owned('select bos.tenant_demands($1, true, false)', [tenants.globex])
    const demanded = await post('/api/auth/switch', { tenant: 'globex' }, token(chosen))
    expect(demanded.body).toMatchObject({ enrolmentRequired: true })
    await owned('select bos.tenant_demands($1, false, false)', [tenants.globex])
    const adas = token(await login('ada@acme.test'))
    expect(problem(await post('/api/auth/switch', { tenant: 'globex' }, adas))).toEqual([401, 'credentials-wrong'])
  })
})
