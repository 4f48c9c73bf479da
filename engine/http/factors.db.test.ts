import { generateSync } from 'otplib'
import { beforeEach, describe, expect, it } from 'vitest'
import { createAuthenticator, type Authenticator } from '../testing/authenticator.ts'
import { openIdentity, people, tenants, type Reply } from '../testing/identity.ts'

const { call, database, deals, login, withToken, cookieOf, refresh, letters, notes } = await openIdentity()

const owned = (text: string, values: unknown[] = []) => database.withOwner(async (owner) => (await owner.query(text, values)).rows)
const post = (path: string, body: unknown, token?: unknown): Promise<Reply> =>
  call('POST', path, { body, ...(token !== undefined && { headers: withToken(token) }) })
/** The code of a moment, so many steps from now: each works once, so that tests take one after the other. */
const codeOf = (secret: unknown, steps = 0): string =>
  generateSync({ secret: String(secret), epoch: Math.floor(Date.now() / 1000) + steps * 30, strategy: 'totp' })
const token = (reply: Reply): unknown => reply.body['accessToken']

/** Sets up an authenticator app of an account, whose first code is the one of the step before. */
async function addApp(email: string): Promise<{ secret: string; recoveryCodes: string[]; token: unknown; cookie: string }> {
  const signedIn = await login(email)
  const begun = await post('/api/account/factors/app', {}, token(signedIn))
  expect(begun.status, JSON.stringify(begun.body)).toBe(201)
  const { factor, secret } = begun.body as { factor: string; secret: string }
  const done = await post('/api/account/factors/app/confirm', { factor, code: codeOf(secret, -1) }, token(signedIn))
  expect(done.status, JSON.stringify(done.body)).toBe(201)
  return { secret, recoveryCodes: done.body['recoveryCodes'] as string[], token: token(signedIn), cookie: cookieOf(signedIn) }
}

beforeEach(async () => {
  await owned('delete from bos.factor')
  await owned('delete from bos.recovery_code')
  await owned('update bos.account set factor_failures = 0, factor_locked_until = null')
  await owned('update bos.tenant set mfa_required = false, sso_only = false')
})

describe('an authenticator app', () => {
  it('is set up with a picture and a first code, and is asked for from then on; the seed is stored nowhere in plain', async () => {
    const signedIn = await login('ada@acme.test')
    const begun = await post('/api/account/factors/app', {}, token(signedIn))
    expect(begun.body['uri']).toMatch(/^otpauth:\/\/totp\/BusinessOS:ada%40acme\.test\?secret=[A-Z2-7]{32}&issuer=BusinessOS/)
    expect(begun.body['qr']).toMatch(/^<svg /)
    // Until it is confirmed it counts for nothing.
    expect(token(await login('ada@acme.test'))).toBeDefined()
    const { factor, secret } = begun.body as { factor: string; secret: string }
    expect((await post('/api/account/factors/app/confirm', { factor, code: '000000' }, token(signedIn))).body['code']).toBe('proof-wrong')
    const done = await post('/api/account/factors/app/confirm', { factor, code: codeOf(secret, -1) }, token(signedIn))
    expect(done.body['recoveryCodes']).toHaveLength(10)
    expect(JSON.stringify(await owned(`select encode(sealed, 'escape'), name from bos.secret`))).not.toContain(secret)

    const half = await login('ada@acme.test')
    expect(half.body).toEqual({ mfaRequired: true, mfaToken: expect.any(String) as string, methods: ['code', 'recoveryCode'] })
    expect(half.cookie).toBeNull()
    const whole = await post('/api/auth/mfa', { mfaToken: half.body['mfaToken'], code: codeOf(secret) })
    expect((await deals(token(whole))).status).toBe(200)
    expect(cookieOf(whole)).toMatch(/^bos_refresh=/)
    expect(letters.at(-1)).toMatchObject({ to: 'ada@acme.test', subject: 'Your sign-in was changed' })
  })

  it('ends every other session when it is added, and when it is removed', async () => {
    const other = await login('ada@acme.test')
    const app = await addApp('ada@acme.test')
    expect((await deals(token(other))).status).toBe(401)
    expect((await refresh(cookieOf(other))).status).toBe(401)
    expect((await deals(app.token)).status).toBe(200)
    const half = await login('ada@acme.test')
    const second = await post('/api/auth/mfa', { mfaToken: half.body['mfaToken'], code: codeOf(app.secret) })
    const [{ id }] = (await call('GET', '/api/account', { headers: withToken(app.token) })).body['factors'] as [{ id: string }]
    expect((await call('DELETE', `/api/account/factors/${id}`, { headers: withToken(app.token) })).status).toBe(204)
    expect((await deals(token(second))).status).toBe(401)
    expect(token(await login('ada@acme.test'))).toBeDefined()
    expect(await owned('select 1 from bos.recovery_code where account_id = $1', [people.ada])).toEqual([])
    expect(await owned(`select 1 from bos.secret where owner = $1 and name = $2`, [people.ada, `totp/${id}`])).toEqual([])
  })

  it('takes a code once, also when it comes twenty times at this moment, and none from before it', async () => {
    const { secret } = await addApp('ada@acme.test')
    const mfaToken = (await login('ada@acme.test')).body['mfaToken']
    const code = codeOf(secret, 1)
    await owned('update bos.account set factor_failures = -100')
    const replies = await Promise.all(Array.from({ length: 20 }, () => post('/api/auth/mfa', { mfaToken, code })))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    await owned('update bos.account set factor_failures = 0, factor_locked_until = null')
    expect((await post('/api/auth/mfa', { mfaToken, code: codeOf(secret, 0) })).body['code']).toBe('proof-wrong')
  })

  it('takes no code of a step that is not near now, of another account, or that is none', async () => {
    const ada = await addApp('ada@acme.test')
    const bob = await addApp('bob@acme.test')
    const mfaToken = (await login('ada@acme.test')).body['mfaToken']
    await owned('update bos.account set factor_failures = -100')
    for (const code of [codeOf(ada.secret, 3), codeOf(ada.secret, -3), codeOf(bob.secret, 1), '12345', '1234567', 'abcdef', '１２３４５６'])
      expect((await post('/api/auth/mfa', { mfaToken, code })).body['code'], code).toBe('proof-wrong')
    for (const body of [
      { mfaToken },
      { mfaToken, code: '' },
      { mfaToken, code: null },
      { mfaToken, code: [1] },
      { mfaToken, password: 'x' },
    ])
      expect((await post('/api/auth/mfa', body)).status, JSON.stringify(body)).toBe(422)
  })

  it('is not guessed: after five wrong codes in a row it takes longer and longer, in parallel too', async () => {
    const { secret } = await addApp('ada@acme.test')
    const mfaToken = (await login('ada@acme.test')).body['mfaToken']
    const tries = await Promise.all(Array.from({ length: 30 }, (_, i) => post('/api/auth/mfa', { mfaToken, code: String(100_000 + i) })))
    expect(tries.filter(({ body }) => body['code'] === 'proof-wrong')).toHaveLength(5)
    const locked = await post('/api/auth/mfa', { mfaToken, code: codeOf(secret) })
    expect([locked.status, Number(locked.headers.get('retry-after'))]).toEqual([429, 4])
    const waits: number[] = []
    for (let round = 0; round < 9; round++) {
      await owned(`update bos.account set factor_locked_until = now() where id = $1`, [people.ada])
      await post('/api/auth/mfa', { mfaToken, code: '000000' })
      waits.push(Number((await post('/api/auth/mfa', { mfaToken, code: '000000' })).headers.get('retry-after')))
    }
    expect(waits).toEqual([8, 16, 32, 64, 128, 256, 512, 900, 900])
    await owned(`update bos.account set factor_locked_until = now() where id = $1`, [people.ada])
    expect((await post('/api/auth/mfa', { mfaToken, code: codeOf(secret) })).status).toBe(200)
    // A right one forgives the wrong ones before it.
    expect(await owned('select factor_failures from bos.account where id = $1', [people.ada])).toEqual([{ factor_failures: 0 }])
    expect(notes.filter(({ type, about }) => type === 'sign_in_failed' && about['reason'] === 'proof-wrong').length).toBeGreaterThan(5)
  })

  it('is not got around by refreshing, by a ticket of before, or by choosing a tenant', async () => {
    const ticket = (await login('both@example.test')).body['selectToken']
    const app = await addApp('both@example.test').catch(() => null)
    expect(app).toBeNull()
    const chosen = await post('/api/auth/login', { selectToken: ticket, tenant: 'acme' })
    const begun = await post('/api/account/factors/app', {}, token(chosen))
    const { factor, secret } = begun.body as { factor: string; secret: string }
    await post('/api/account/factors/app/confirm', { factor, code: codeOf(secret, -1) }, token(chosen))
    expect((await post('/api/auth/login', { selectToken: ticket, tenant: 'globex' })).status).toBe(401)
    const half = await login('both@example.test')
    const { mfaToken } = half.body
    // The ticket says that a password was right, and is good for nothing else.
    expect((await post('/api/auth/login', { selectToken: mfaToken, tenant: 'acme' })).body).toMatchObject({ mfaRequired: true })
    expect((await deals(mfaToken)).status).toBe(401)
    expect((await call('POST', '/api/auth/refresh', { headers: { cookie: `bos_refresh=${String(mfaToken)}` } })).status).toBe(401)
    expect((await post('/api/auth/mfa/enrol', { mfaToken })).body['code']).toBe('conflict')
    const offered = await post('/api/auth/mfa', { mfaToken, code: codeOf(secret) })
    expect((offered.body['tenants'] as { slug: string }[]).map(({ slug }) => slug)).toEqual(['acme', 'globex'])
    expect(token(await post('/api/auth/login', { selectToken: offered.body['selectToken'], tenant: 'globex' }))).toBeDefined()
    // What the engine itself would be told if a step were forgotten.
    const [state] = await owned(
      `select bos.session_begin(gen_random_uuid(), m.tenant_id, m.member_id, a.id, a.stamp, '\\x00', now() + interval '1 h', '{pwd}', null, null, null) as state
       from bos.account a join bos.member_account m on m.account_id = a.id where a.id = $1 limit 1`,
      [people.both],
    )
    expect(state).toEqual({ state: 'mfa' })
  })
})

describe('recovery codes', () => {
  it('work once each, however they are typed, and 20 at the same moment let one in', async () => {
    const { recoveryCodes } = await addApp('ada@acme.test')
    const [first = '', second = ''] = recoveryCodes
    await owned('update bos.account set factor_failures = -100')
    const mfaToken = (await login('ada@acme.test')).body['mfaToken']
    const typed = first.toLowerCase().replaceAll('-', ' ')
    const replies = await Promise.all(Array.from({ length: 20 }, () => post('/api/auth/mfa', { mfaToken, recoveryCode: typed })))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await post('/api/auth/mfa', { mfaToken, recoveryCode: first })).body['code']).toBe('proof-wrong')
    const whole = await post('/api/auth/mfa', { mfaToken, recoveryCode: second })
    expect(token(whole)).toBeDefined()
    expect((await call('GET', '/api/account', { headers: withToken(token(whole)) })).body['recoveryCodes']).toBe(8)
    expect(JSON.stringify(await owned(`select encode(hash, 'escape') as hash from bos.recovery_code`))).not.toContain(
      first.replaceAll('-', ''),
    )
  })

  it('are made anew on demand, and then the old ones are worth nothing', async () => {
    const app = await addApp('ada@acme.test')
    const renewed = await post('/api/account/recovery-codes', {}, app.token)
    expect(renewed.body['recoveryCodes']).toHaveLength(10)
    const mfaToken = (await login('ada@acme.test')).body['mfaToken']
    expect((await post('/api/auth/mfa', { mfaToken, recoveryCode: app.recoveryCodes[0] })).status).toBe(422)
    expect((await post('/api/auth/mfa', { mfaToken, recoveryCode: (renewed.body['recoveryCodes'] as string[])[0] })).status).toBe(200)
  })
})

describe('a tenant that demands a second factor', () => {
  const demand = () => owned('select bos.tenant_demands($1, true, false)', [tenants.acme])

  it('ends sessions without one, and lets people set one up on the way in', async () => {
    const before = await login('bob@acme.test')
    await demand()
    expect((await deals(token(before))).status).toBe(401)
    expect((await refresh(cookieOf(before))).status).toBe(401)
    const half = await login('bob@acme.test')
    expect(half.body).toEqual({
      enrolmentRequired: true,
      mfaToken: expect.any(String) as string,
      tenant: { id: tenants.acme, slug: 'acme', name: 'ACME' },
    })
    const { mfaToken } = half.body
    const begun = await post('/api/auth/mfa/enrol', { mfaToken })
    const { factor, secret } = begun.body as { factor: string; secret: string }
    expect((await post('/api/auth/mfa/enrolled', { mfaToken, factor, code: '111111' })).body['code']).toBe('proof-wrong')
    const done = await post('/api/auth/mfa/enrolled', { mfaToken, factor, code: codeOf(secret, -1) })
    expect(done.body['recoveryCodes']).toHaveLength(10)
    expect((await deals(token(done))).status).toBe(200)
    // The same ticket again, or another account's app.
    expect((await post('/api/auth/mfa/enrolled', { mfaToken, factor, code: codeOf(secret) })).status).toBe(401)
    const [{ id }] = (await call('GET', '/api/account', { headers: withToken(token(done)) })).body['factors'] as [{ id: string }]
    const refused = await call('DELETE', `/api/account/factors/${id}`, { headers: withToken(token(done)) })
    expect([refused.status, refused.body['code']]).toEqual([409, 'conflict'])
  })

  it('does not take another person’s enrolment', async () => {
    await demand()
    const [ada, bob] = [(await login('ada@acme.test')).body['mfaToken'], (await login('bob@acme.test')).body['mfaToken']]
    const { factor, secret } = (await post('/api/auth/mfa/enrol', { mfaToken: ada })).body as { factor: string; secret: string }
    const taken = await post('/api/auth/mfa/enrolled', { mfaToken: bob, factor, code: codeOf(secret) })
    expect([taken.status, taken.body['code']]).toEqual([409, 'conflict'])
  })
})

describe('a passkey', () => {
  const origin = 'https://erp.test'
  async function addPasskey(email: string): Promise<{ key: Authenticator; token: unknown; body: Record<string, unknown> }> {
    const signedIn = await login(email)
    const key = createAuthenticator(origin)
    const asked = await post('/api/account/factors/passkey/challenge', {}, token(signedIn))
    const { challenge, options } = asked.body as { challenge: string; options: Parameters<Authenticator['register']>[0] }
    const done = await post('/api/account/factors/passkey', { name: 'Key', challenge, response: key.register(options) }, token(signedIn))
    expect(done.status, JSON.stringify(done.body)).toBe(201)
    return { key, token: token(signedIn), body: done.body }
  }
  const challenge = async (): Promise<{ challenge: string; options: Parameters<Authenticator['authenticate']>[0] }> =>
    (await post('/api/auth/passkey/challenge', {})).body as never

  it('opens a session without a password, and counts as two factors', async () => {
    await owned('select bos.tenant_demands($1, false, false)', [tenants.acme])
    const { key, body } = await addPasskey('ada@acme.test')
    expect(body['recoveryCodes']).toHaveLength(10)
    await owned('select bos.tenant_demands($1, true, false)', [tenants.acme])
    const asked = await challenge()
    const whole = await post('/api/auth/passkey', { challenge: asked.challenge, response: key.authenticate(asked.options) })
    expect((await deals(token(whole))).status, JSON.stringify(whole.body)).toBe(200)
  })

  it('is a second factor behind a password', async () => {
    const { key } = await addPasskey('ada@acme.test')
    const { mfaToken, methods } = (await login('ada@acme.test')).body
    expect(methods).toEqual(['passkey', 'recoveryCode'])
    const asked = (await post('/api/auth/mfa/challenge', { mfaToken })).body as never as {
      challenge: string
      options: { challenge: string }
    }
    const whole = await post('/api/auth/mfa', { mfaToken, challenge: asked.challenge, response: key.authenticate(asked.options) })
    expect(token(whole)).toBeDefined()
  })

  it.each([
    ['from another origin', { origin: 'https://erp.test.evil.example' }],
    ['for another relying party', { rpId: 'evil.example' }],
    ['whose owner was not asked', { isUserVerified: false }],
    ['whose counter does not rise', { counter: 1 }],
  ])('%s is refused', async (_what, changes) => {
    const { key } = await addPasskey('ada@acme.test')
    const first = await challenge()
    expect((await post('/api/auth/passkey', { challenge: first.challenge, response: key.authenticate(first.options) })).status).toBe(200)
    const asked = await challenge()
    const reply = await post('/api/auth/passkey', { challenge: asked.challenge, response: key.authenticate(asked.options, changes) })
    expect([reply.status, reply.body['code'], reply.cookie]).toEqual([422, 'proof-wrong', null])
  })

  it('answers one challenge, once; not one of somebody else’s, nor one that is made up', async () => {
    const { key } = await addPasskey('ada@acme.test')
    const asked = await challenge()
    const response = key.authenticate(asked.options)
    const replies = await Promise.all(Array.from({ length: 10 }, () => post('/api/auth/passkey', { challenge: asked.challenge, response })))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    await addApp('bob@acme.test')
    const bob = (await login('bob@acme.test')).body['mfaToken']
    const his = (await post('/api/auth/mfa/challenge', { mfaToken: bob })).body as never as {
      challenge: string
      options: { challenge: string }
    }
    // Ada's passkey does not open Bob's account, nor does his challenge open hers.
    expect((await post('/api/auth/mfa', { mfaToken: bob, challenge: his.challenge, response: key.authenticate(his.options) })).status).toBe(
      422,
    )
    const again = (await post('/api/auth/mfa/challenge', { mfaToken: bob })).body as never as {
      challenge: string
      options: { challenge: string }
    }
    expect((await post('/api/auth/passkey', { challenge: again.challenge, response: key.authenticate(again.options) })).status).toBe(422)
    const free = await challenge()
    for (const broken of ['x', '', free.options.challenge])
      expect((await post('/api/auth/passkey', { challenge: broken, response: key.authenticate(free.options) })).status, broken).toBe(422)
    for (const rubbish of [
      {},
      { id: 5 },
      { id: 'AAAA', response: {} },
      { id: 'AAAA', rawId: 'AAAA', type: 'public-key', response: { clientDataJSON: 'e30' } },
    ])
      expect((await post('/api/auth/passkey', { challenge: (await challenge()).challenge, response: rubbish })).status).toBe(422)
  })

  it('of one person cannot become another’s', async () => {
    const signedIn = await login('ada@acme.test')
    const key = createAuthenticator(origin)
    for (const [who, status] of [
      ['ada', 201],
      ['bob', 409],
    ] as const) {
      const session = who === 'ada' ? signedIn : await login('bob@acme.test')
      const asked = (await post('/api/account/factors/passkey/challenge', {}, token(session))).body as never as {
        challenge: string
        options: never
      }
      const reply = await post(
        '/api/account/factors/passkey',
        { name: 'K', challenge: asked.challenge, response: key.register(asked.options) },
        token(session),
      )
      expect(reply.status).toBe(status)
    }
  })
})
