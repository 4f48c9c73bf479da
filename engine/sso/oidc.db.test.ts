import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { startOidcProvider, type OidcProvider } from '../testing/oidc-provider.ts'
import { eventsOf } from '../testing/scenarios.ts'
import { openSsoWorld } from '../testing/sso.ts'
import { ok, type Reply } from '../testing/world.ts'

const world = await openSsoWorld()
const { acme, call, sql, ownDomain, set, begin, visit, comeBack, finish, signIn, me, redirectUri, publicUrl } = world
const [ours, theirs] = [await startOidcProvider(redirectUri), await startOidcProvider(redirectUri)]
afterAll(() => Promise.all([ours.close(), theirs.close()]))

const settingsOf = ({ issuer, clientId }: OidcProvider) => ({
  kind: 'oidc',
  issuer,
  clientId,
  scopes: ['email', 'profile', 'groups'],
  groupsClaim: 'groups',
})
const problem = ({ status, body }: Reply): unknown[] => [status, (body as { code?: string } | undefined)?.code]
const detail = ({ body }: Reply): string => (body as { detail: string }).detail

await ownDomain('admin@acme', 'acme.test')
const acmeProvider = String(
  ok(
    await set('admin@acme', settingsOf(ours), {
      secret: ours.clientSecret,
      startingRoles: ['core.user'],
      groupRoles: [
        { group: 'sales', role: 'crm.rep' },
        { group: 'leads', role: 'crm.manager' },
      ],
    }),
  )['id'],
)
const globexProvider = String(ok(await set('admin@globex', settingsOf(theirs), { secret: theirs.clientSecret }))['id'])

let number = 0
/** Somebody new at their own company. */
const someone = () => {
  const sub = `person-${++number}`
  return { sub, email: `${sub}@acme.test`, email_verified: true, name: `Person ${number}`, groups: ['sales'] }
}
beforeEach(async () => {
  ours.person = someone()
  theirs.person = { sub: 'other', email: 'rep@acme.test', email_verified: true }
  await sql(`update bos.session set proved_at = now()`)
})

describe('whoever signs in at their company', () => {
  it('is brought in with a record, the roles that everybody has and those of their groups, and is told in the log', async () => {
    const { result, events } = await eventsOf(world, () => signIn(acmeProvider))
    const { member, roles, tenant } = await me(result)
    expect({ ...member, id: '' }).toEqual({ id: '', name: ours.person.name, email: ours.person.email })
    expect(roles.toSorted()).toEqual(['core.user', 'crm.rep'])
    expect(tenant.slug).toBe('acme')
    expect(events).toEqual(['core.member.access_changed', 'core.member.created'])
    expect(result.headers.getSetCookie().join()).toMatch(/bos_refresh=.+HttpOnly.+SameSite=Strict/i)
    const [session] = await sql<{ methods: string[] }>('select methods from bos.session where member_id = $1', [member.id])
    expect(session!.methods).toEqual(['sso'])
  })

  it('is the same person the next time, whatever their address says by then', async () => {
    const first = await me(await signIn(acmeProvider))
    ours.person = { ...ours.person, email: 'somewhere@else.example', email_verified: false }
    const again = await me(await signIn(acmeProvider))
    expect(again.member).toEqual(first.member)
  })

  it('gets and loses the roles of groups, and no others', async () => {
    const { member } = await me(await signIn(acmeProvider))
    ok(
      await call('admin@acme', 'PUT', `/api/access/${member.id}`, {
        body: { email: member.email, roles: ['core.user', 'crm.rep', 'inventory.clerk'] },
      }),
    )
    ours.person = { ...ours.person, groups: ['leads', 'core.admin'] }
    expect((await me(await signIn(acmeProvider))).roles.toSorted()).toEqual(['core.user', 'crm.manager', 'inventory.clerk'])
    // A provider that says nothing of groups takes nothing.
    const { groups: _groups, ...silent } = ours.person
    ours.person = silent
    expect((await me(await signIn(acmeProvider))).roles.toSorted()).toEqual(['core.user', 'crm.manager', 'inventory.clerk'])
  })

  it('is the person whom the tenant has already, by an address that is confirmed; their password goes on', async () => {
    ours.person = { sub: 'the-rep', email: 'Rep@acme.test', email_verified: true, groups: ['sales'] }
    await sql(`update bos.account set email_verified_at = now() where email = 'rep@acme.test'`)
    const { member } = await me(await signIn(acmeProvider))
    expect(member.id).toBe(acme.members['rep'])
    expect((await call('rep@acme', 'GET', '/api/me')).status).toBe(200)
  })

  it('two first sign-ins at once make one person', async () => {
    const replies = await Promise.all([signIn(acmeProvider), signIn(acmeProvider)])
    const again = await me(await signIn(acmeProvider))
    for (const reply of replies.filter(({ status }) => status === 200)) expect((await me(reply)).member.id).toBe(again.member.id)
    expect(replies.some(({ status }) => status === 200)).toBe(true)
    const [{ people }] = (await sql(`select count(*)::int as people from core.member where email = $1`, [ours.person.email])) as [
      { people: number },
    ]
    expect(people).toBe(1)
  })
})

describe('nobody comes in', () => {
  const refusedAs = async (wanted: RegExp, provider = acmeProvider): Promise<void> => {
    const { result, events } = await eventsOf(world, () => signIn(provider))
    expect(problem(result)).toEqual([403, 'sso-refused'])
    expect(detail(result)).toMatch(wanted)
    expect(events).toEqual([])
  }

  it.each([
    ['false', false],
    ['not said', undefined],
    ['"true", which is a text', 'true'],
    ['1', 1],
  ])('whose address is confirmed: %s', async (_name, verified) => {
    const { email_verified: _verified, ...person } = someone()
    ours.person = { ...person, ...(verified !== undefined && { email_verified: verified }) }
    await refusedAs(/not say that your e-mail address was confirmed/)
  })

  it('with an address of a domain that is not the tenant’s', async () => {
    ours.person = { ...someone(), email: 'x@globex.test' }
    await refusedAs(/domain of your address/)
    ours.person = { ...someone(), email: 'x@acme.test.evil.example' }
    await refusedAs(/domain of your address/)
    ours.person = { ...someone(), email: 'x@evil.example@acme.test' }
    await refusedAs(/could not be made|domain/)
  })

  it('without an address', async () => {
    const { email: _email, ...person } = someone()
    ours.person = person
    await refusedAs(/did not tell your e-mail/)
  })

  it('as somebody else by the same address from another company’s issuer', async () => {
    await refusedAs(/domain of your address/, globexProvider)
    await ownDomain('admin@globex', 'globex.test')
    await refusedAs(/domain of your address/, globexProvider)
  })

  it('by a subject that another issuer has told of', async () => {
    await signIn(acmeProvider)
    theirs.person = { ...ours.person, email: 'nobody@unknown.example' }
    await refusedAs(/domain of your address/, globexProvider)
  })

  it('whose account is written almost like that of somebody else', async () => {
    ours.person = { ...someone(), email: 'mänager@acme.test' }
    await refusedAs(/almost like|could not be made/)
  })

  it('who has left', async () => {
    const { member } = await me(await signIn(acmeProvider))
    ok(await call('admin@acme', 'PATCH', `/api/core/members/${member.id}`, { body: { active: false }, headers: { 'if-match': '*' } }))
    const reply = await signIn(acmeProvider)
    expect(problem(reply)).toEqual([403, 'sso-refused'])
    expect(detail(reply)).toMatch(/has ended/)
  })

  it('unknown, where the provider brings in nobody', async () => {
    const {
      id,
      version: _version,
      ...rest
    } = (ok(await call('admin@acme', 'GET', '/api/sso/providers'))['data'] as { id: string; version: number }[])[0]!
    const { hasSecret: _h, people: _p, lastUsedAt: _l, directory: _d, addresses: _a, ...wish } = rest as Record<string, unknown>
    ok(await call('admin@acme', 'PUT', `/api/sso/providers/${id}`, { body: { ...wish, admits: false } }))
    await refusedAs(/Nobody has invited you/)
    ok(await call('admin@acme', 'PUT', `/api/sso/providers/${id}`, { body: { ...wish, admits: true } }))
  })
})

describe('a sign-in that was begun', () => {
  it('ends in the browser that began it, and in no other', async () => {
    const { location } = await begin(acmeProvider)
    const secret = await comeBack(await visit(location))
    const other = await begin(acmeProvider)
    const reply = await finish(secret, other.cookie)
    expect(problem(reply)).toEqual([403, 'sso-refused'])
    expect(detail(reply)).toMatch(/another browser/)
    expect(problem(await call(null, 'POST', '/api/auth/sso/finish', { body: { secret } }))).toEqual([410, 'link-invalid'])
  })

  it('ends once: neither its state nor its answer works again, not even at the same moment', async () => {
    const { location, cookie } = await begin(acmeProvider)
    const back = await visit(location)
    const secrets = await Promise.all(Array.from({ length: 6 }, () => comeBack(back)))
    expect(secrets.filter((secret) => secret !== '')).toHaveLength(1)
    expect(await comeBack(back)).toBe('')
    const secret = secrets.find((each) => each !== '')!
    const replies = await Promise.all(Array.from({ length: 6 }, () => finish(secret, cookie)))
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 410, 410, 410, 410, 410])
  })

  it.each([
    ['of another sign-in', async () => new URL((await begin(acmeProvider)).location).searchParams.get('state') ?? ''],
    ['that is none', () => Promise.resolve('x'.repeat(43))],
    ['that is empty', () => Promise.resolve('')],
  ])('does not end with a state %s', async (_name, state) => {
    const { location, cookie } = await begin(acmeProvider)
    const back = new URL(await visit(location))
    back.searchParams.set('state', await state())
    const secret = await comeBack(back.href)
    const reply = secret === '' ? null : await finish(secret, cookie)
    expect(reply?.status ?? 403).toBe(403)
  })

  it.each([
    ['another issuer', 'iss', () => theirs.issuer],
    ['another code', 'code', () => 'x'.repeat(43)],
    ['an error', 'error', () => 'access_denied'],
  ])('does not end with %s in the answer', async (_name, parameter, value) => {
    const { location, cookie } = await begin(acmeProvider)
    const back = new URL(await visit(location))
    back.searchParams.set(parameter, value())
    expect(problem(await finish(await comeBack(back.href), cookie))).toEqual([403, 'sso-refused'])
  })

  it('is asked for with PKCE, a state and a nonce, and comes back to what is configured', async () => {
    const reply = await call(null, 'POST', '/api/auth/sso/begin', { body: { provider: acmeProvider } })
    const location = new URL(String(ok(reply)['location']))
    const said = (name: string): string => location.searchParams.get(name) ?? ''
    expect(location.origin).toBe(ours.issuer)
    expect([said('code_challenge_method'), said('redirect_uri')]).toEqual(['S256', redirectUri])
    expect([said('state').length, said('nonce').length, said('code_challenge').length]).toEqual([43, 43, 43])
    expect(reply.headers.getSetCookie().join()).toMatch(/^bos_sso=[\w-]{43};.*HttpOnly.*SameSite=Lax/i)
  })

  it.each(['https://evil.example', 'null'])('is not begun from a page of %s', async (origin) => {
    const reply = await call(null, 'POST', '/api/auth/sso/begin', {
      body: { provider: acmeProvider },
      headers: { origin, 'sec-fetch-site': 'cross-site' },
    })
    expect(problem(reply)).toEqual([403, 'origin-refused'])
  })

  it('opens a session of that tenant alone', async () => {
    const reply = await signIn(acmeProvider)
    const headers = { authorization: `Bearer ${String(ok(reply)['accessToken'])}` }
    expect((await call(null, 'POST', '/api/auth/switch', { body: { tenant: 'globex' }, headers })).status).toBeGreaterThanOrEqual(400)
    expect(problem(await call(null, 'PUT', '/api/account/password', { body: { password: 'seven unlikely umbrellas' }, headers }))[0]).toBe(
      403,
    )
  })
})

describe('a second factor', () => {
  it('that the company asked for counts only where the tenant says so', async () => {
    ours.person = { ...ours.person, amr: ['pwd', 'mfa'] }
    await sql(`update bos.tenant set mfa_required = true where slug = 'acme'`)
    try {
      expect(ok(await signIn(acmeProvider))).toMatchObject({ enrolmentRequired: true })
      await sql(`update bos.identity_provider set trusts_mfa = true where id = $1`, [acmeProvider])
      expect(ok(await signIn(acmeProvider))).toHaveProperty('accessToken')
      ours.person = { ...ours.person, amr: ['pwd'] }
      expect(ok(await signIn(acmeProvider))).toMatchObject({ enrolmentRequired: true })
    } finally {
      await sql(`update bos.identity_provider set trusts_mfa = false where id = $1`, [acmeProvider])
      await sql(`update bos.tenant set mfa_required = false where slug = 'acme'`)
    }
  })

  it('of the account is asked for after the company’s own sign-in', async () => {
    const { member } = await me(await signIn(acmeProvider))
    await sql(
      `insert into bos.factor (id, account_id, kind, name, confirmed_at)
        select gen_random_uuid(), account_id, 'totp', 'App', now() from bos.member_account where member_id = $1`,
      [member.id],
    )
    expect(ok(await signIn(acmeProvider))).toMatchObject({ mfaRequired: true, methods: ['code', 'recoveryCode'] })
  })
})

describe('an account that somebody else may have made', () => {
  it('begins anew: its password, sessions and factors are gone when the owner of the address comes by their company', async () => {
    const { email } = ours.person
    const member = ok(await call('admin@acme', 'POST', '/api/core/members', { body: { name: 'Mallory', email } }))['id'] as string
    const password = 'known to somebody else'
    ok(await call('admin@acme', 'PUT', `/api/access/${member}`, { body: { email, password, roles: ['core.user'] } }))
    const login = () => call(null, 'POST', '/api/auth/login', { body: { email, password } })
    const before = String(ok(await login())['accessToken'])
    expect((await me(await signIn(acmeProvider))).member.id).toBe(member)
    expect((await login()).status).toBe(401)
    expect((await call(null, 'GET', '/api/me', { headers: { authorization: `Bearer ${before}` } })).status).toBe(401)
  })
})

describe('where to sign in', () => {
  const discover = async (email: string): Promise<unknown> =>
    ok(await call(null, 'POST', '/api/auth/sso', { body: { email } }))['providers']

  it('follows from the domain of an address, whoever has an account', async () => {
    const found = [{ id: acmeProvider, name: 'Company', tenant: 'Acme Provisions' }]
    expect(await discover('rep@acme.test')).toEqual(found)
    expect(await discover('nobody-at-all@ACME.test')).toEqual(found)
    expect(await discover('x@unknown.example')).toEqual([])
    expect(ok(await call(null, 'POST', '/api/auth/sso', { body: {} }))['providers']).toEqual([])
  })
})

describe('what an administrator sets up', () => {
  it.each([
    ['an issuer without TLS beyond what the operator opened', { issuer: 'ftp://idp.example' }, ['/settings/issuer']],
    ['Entra for everybody', { issuer: 'https://login.microsoftonline.com/common/v2.0' }, ['/settings/issuer']],
  ])('%s is refused', async (_name, settings, pointers) => {
    const reply = await set('admin@acme', { ...settingsOf(ours), ...settings })
    expect((reply.body as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer)).toEqual(pointers)
  })

  it('gives nobody the role of an administrator', async () => {
    const reply = await set('admin@acme', settingsOf(ours), {
      startingRoles: ['core.admin'],
      groupRoles: [{ group: 'x', role: 'core.admin' }],
    })
    expect((reply.body as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer)).toEqual([
      '/startingRoles/0',
      '/groupRoles/0/role',
    ])
  })

  it('is for administrators, with a fresh proof; and for those of the tenant', async () => {
    for (const path of ['/api/sso/providers', '/api/sso/domains', `/api/sso/providers/${acmeProvider}/tokens`])
      expect(problem(await call('manager@acme', 'GET', path)), path).toEqual([403, 'not-allowed'])
    expect(problem(await call('manager@acme', 'POST', '/api/sso/domains', { body: { domain: 'x.example' } }))).toEqual([403, 'not-allowed'])
    expect(problem(await call('admin@globex', 'DELETE', `/api/sso/providers/${acmeProvider}`))).toEqual([404, 'not-found'])
    expect(problem(await call('admin@globex', 'POST', `/api/sso/providers/${acmeProvider}/test`))).toEqual([404, 'not-found'])
    await sql(`update bos.session set proved_at = now() - interval '11 minutes'`)
    expect(problem(await set('admin@acme', settingsOf(ours)))).toEqual([403, 'proof-required'])
    await sql(`update bos.session set proved_at = now()`)
  })

  it('keeps the client secret sealed, and shows it to nobody', async () => {
    const listed = JSON.stringify(ok(await call('admin@acme', 'GET', '/api/sso/providers')))
    expect(listed).toContain('"hasSecret":true')
    expect(listed).not.toContain(ours.clientSecret)
    const kept = await sql(`select * from bos.secret s where name = $1`, [`sso/${acmeProvider}`])
    expect(kept).toHaveLength(1)
    expect(JSON.stringify(kept)).not.toContain(Buffer.from(ours.clientSecret).toString('hex'))
    const told = await sql(`select body::text from bos.event_body where body::text like $1`, [`%${ours.clientSecret}%`])
    expect(told).toEqual([])
  })

  it('can be tried out: what is said, what would come of it, and nothing does', async () => {
    ours.person = { ...ours.person, groups: ['leads'] }
    const started = await call('admin@acme', 'POST', `/api/sso/providers/${acmeProvider}/test`)
    const cookie = world.cookieOf(started)
    const { result, events } = await eventsOf(world, async () =>
      finish(await comeBack(await visit(String(ok(started)['location']))), cookie),
    )
    expect(ok(result)).toMatchObject({
      trial: {
        provider: 'Company',
        member: null,
        refused: null,
        roles: ['core.user', 'crm.manager'],
        asserted: { subject: ours.person.sub, emailVerified: true },
      },
    })
    expect(result.headers.getSetCookie()).toEqual([])
    expect(events).toEqual([])
  })

  it('is found out when it cannot work', async () => {
    const { id } = ok(await set('admin@acme', { ...settingsOf(ours), issuer: 'http://127.0.0.1:1' }, { enabled: false })) as { id: string }
    const reply = await call('admin@acme', 'POST', `/api/sso/providers/${id}/test`)
    expect([...problem(reply), detail(reply)]).toEqual([403, 'sso-refused', 'The identity provider cannot be reached.'])
    expect(problem(await call(null, 'POST', '/api/auth/sso/begin', { body: { provider: id } }))).toEqual([404, 'not-found'])
    const lan = ok(await set('admin@acme', { ...settingsOf(ours), issuer: 'https://10.0.0.1' }, { enabled: false })) as { id: string }
    expect(detail(await call('admin@acme', 'POST', `/api/sso/providers/${lan.id}/test`))).toMatch(/private network/)
    ok(await call('admin@acme', 'DELETE', `/api/sso/providers/${id}`))
    ok(await call('admin@acme', 'DELETE', `/api/sso/providers/${lan.id}`))
  })

  it('keeps a way in: the last provider of a tenant that is entered by nothing else stays, and whoever came by one that is turned off is out', async () => {
    const reply = await signIn(acmeProvider)
    const headers = { authorization: `Bearer ${String(ok(reply)['accessToken'])}` }
    await sql(`update bos.tenant set sso_only = true where slug = 'acme'`)
    await sql(`update bos.member_account set break_glass = true where member_id = $1`, [acme.members['admin']])
    expect(problem(await call('admin@acme', 'DELETE', `/api/sso/providers/${acmeProvider}`))).toEqual([409, 'conflict'])
    await sql(`update bos.tenant set sso_only = false where slug = 'acme'`)
    expect((await call(null, 'GET', '/api/me', { headers })).status).toBe(200)
    ok(await call('admin@acme', 'DELETE', `/api/sso/providers/${acmeProvider}`))
    expect((await call(null, 'GET', '/api/me', { headers })).status).toBe(401)
    expect(problem(await call('admin@acme', 'PATCH', '/api/workspace', { body: { ssoOnly: true } }))).toEqual([409, 'conflict'])
    expect(await sql(`select 1 from bos.secret where name = $1`, [`sso/${acmeProvider}`])).toEqual([])
    expect(publicUrl).toMatch(/^http:\/\/localhost:\d+$/)
  })
})
