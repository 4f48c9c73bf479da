import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { openWorld, ok, type Person, type Reply } from '../testing/world.ts'

/** The whole application as it is served: every address, what the catalogue shows, tenants and people's access. */
const world = await openWorld()
const { app, acme, globex, call } = world
const operatorToken = 'operator-of-the-tests'
const password = 'a password for tests only'

const asBearer = (token: string) => ({ authorization: `Bearer ${token}` })
const operator = (method: string, path: string, body?: unknown): Promise<Reply> =>
  call(null, method, path, { headers: asBearer(operatorToken), ...(body !== undefined && { body }) })
const login = async (email: string, as = password): Promise<Reply> =>
  call(null, 'POST', '/api/auth/login', { body: { email, password: as } })
/** Of somebody who was given a password: they choose their own as they first come in. */
const ownPassword = 'nobody else has seen this one'
const firstTokenOf = async (email: string, given: string): Promise<string> => {
  const { mfaToken } = ok(await login(email, given))
  return String(ok(await call(null, 'POST', '/api/auth/password', { body: { mfaToken, password: ownPassword } }))['accessToken'])
}
const tokenOf = async (email: string, as?: string): Promise<string> => String(ok(await login(email, as))['accessToken'])
const withToken = (token: string, method: string, path: string, body?: unknown): Promise<Reply> =>
  call(null, method, path, { headers: asBearer(token), ...(body !== undefined && { body }) })
const problemOf = (reply: Reply): [number, unknown] => [reply.status, (reply.body as { code?: unknown } | undefined)?.code]
const pointersOf = (reply: Reply): string[] =>
  ((reply.body as { errors?: { pointer: string }[] }).errors ?? []).map((error) => error.pointer)
const countOf = async (table: string): Promise<number> =>
  Number((await world.sql<{ n: string }>(`select count(*) as n from ${table}`))[0]?.n)
const member = (of: typeof acme, name: string): string => of.members[name] ?? ''

describe('every address', () => {
  const publicRoutes = new Set([
    'GET /healthz',
    'GET /readyz',
    'GET /api/auth/workspace',
    'GET /api/auth/workspace/logo',
    'GET /api/mail',
    'POST /api/auth/login',
    'POST /api/auth/mfa',
    'POST /api/auth/mfa/challenge',
    'POST /api/auth/mfa/enrol',
    'POST /api/auth/mfa/enrolled',
    'POST /api/auth/passkey',
    'POST /api/auth/passkey/challenge',
    'POST /api/auth/password',
    'POST /api/auth/forgot',
    'POST /api/auth/reset',
    'POST /api/auth/verify',
    'POST /api/auth/email',
    'POST /api/auth/invitation',
    'POST /api/auth/invitation/accept',
    'POST /api/auth/sso',
    'POST /api/auth/sso/begin',
    'GET /api/auth/sso/callback',
    'POST /api/auth/sso/finish',
    'POST /api/auth/saml/:provider/acs',
    'GET /api/auth/saml/:provider/metadata',
    'POST /api/auth/sign-up',
    'POST /api/auth/sign-up/look',
    'POST /api/auth/sign-up/found',
    'POST /api/auth/refresh',
    'POST /api/auth/logout',
    'GET /api/docs',
    'GET /api/docs/:file',
  ])
  const addressOf = (path: string): string =>
    path
      .replace('{/*rest}', '')
      .replace(/:(\w+)/g, (_, name: string) => ({ module: 'crm', plural: 'deals', slug: 'acme' })[name] ?? randomUUID())

  it('that is served stands in the table of routes', () => {
    const stack = (app.gateway as unknown as { router: { stack: { route?: { path: string; methods: Record<string, boolean> } }[] } }).router
      .stack
    // What takes every method is the answer 405 behind each address.
    const served = stack.flatMap(({ route }) =>
      route && Object.keys(route.methods).length === 1
        ? Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`)
        : [],
    )
    expect(served.sort()).toEqual(app.routes.map((route) => `${route.method} ${route.path}`).sort())
  })

  it.each(app.routes.map((route) => [`${route.method} ${route.path}`, route] as const))('%s asks who is there', async (name, route) => {
    const reply = await call(null, route.method, addressOf(route.path), route.method === 'GET' ? {} : { body: {} })
    if (publicRoutes.has(name)) expect(route.guard).toBe('public')
    else if (route.guard === 'directory') expect(reply.status).toBe(401)
    else expect(problemOf(reply)).toEqual([401, 'not-authenticated'])
  })

  it.each(app.routes.filter((route) => route.guard === 'directory').map((route) => [route.method, route.path] as const))(
    '%s %s is for a directory, not for an administrator',
    async (method, path) => {
      expect((await call('admin@acme', method, addressOf(path), method === 'GET' ? {} : { body: {} })).status).toBe(401)
    },
  )

  it('below a record asks too, whatever it looks like', async () => {
    const id = randomUUID()
    for (const path of ['aggregate', 'export', 'bulk', 'imports', id, `${id}/history`, `${id}/restore`, 'x/y/z', '..%2f..%2fhealthz']) {
      for (const method of ['GET', 'POST', 'PATCH', 'DELETE', 'HEAD'])
        expect((await call(null, method, `/api/crm/deals/${path}`)).status).toBe(401)
    }
  })

  it.each(app.routes.filter((route) => route.guard === 'operator').map((route) => [route.method, route.path] as const))(
    '%s %s is not for an administrator',
    async (method, path) => {
      expect((await call('admin@acme', method, addressOf(path), method === 'GET' ? {} : { body: {} })).status).toBe(401)
    },
  )

  it.each(app.routes.filter((route) => route.guard === 'member').map((route) => [route.method, route.path] as const))(
    '%s %s is not for the operator',
    async (method, path) => {
      expect((await operator(method, addressOf(path), method === 'GET' ? undefined : {})).status).toBe(401)
    },
  )

  it('answers nobody who comes through a proxy or under another name: this is a demo', async () => {
    const reply = await call('admin@acme', 'GET', '/api/crm/deals', { headers: { 'x-forwarded-for': '127.0.0.1' } })
    expect(problemOf(reply)).toEqual([403, 'origin-refused'])
  })
})

describe('GET /api/catalogue', () => {
  interface View {
    entities: Record<string, { fields: { name: string; readOnly: boolean }[]; views: { filter: object }[]; actions: string[] }>
    me: unknown
    tenant: { slug: string; demo: boolean }
    modules: { id: string }[]
  }
  const view = async (as: Person): Promise<View> => ok(await call(as, 'GET', '/api/catalogue')) as unknown as View
  const fieldNames = (of: View, entity: string): string[] => of.entities[entity]?.fields.map((field) => field.name) ?? []

  it('shows nothing that the caller may not know of', async () => {
    const [admin, rep] = [await view('admin@acme'), await view('rep@acme')]
    expect(fieldNames(admin, 'core.member')).toEqual(expect.arrayContaining(['birth_date', 'home_phone']))
    expect(fieldNames(rep, 'core.member')).toContain('name')
    expect(fieldNames(rep, 'core.member')).not.toEqual(expect.arrayContaining(['birth_date']))
    const text = JSON.stringify(rep.entities['core.member'])
    for (const hidden of ['birth_date', 'home_phone', 'home_address', 'external_id']) expect(text).not.toContain(hidden)
    expect(rep.me).toMatchObject({
      member: member(acme, 'rep'),
      email: 'rep@acme.test',
      roles: ['core.user', 'crm.rep', 'inventory.clerk'],
    })
    expect(rep.tenant).toMatchObject({ slug: 'acme', demo: true })
  })

  it('is answered 304 to who has it, until roles change', async () => {
    const first = await call('manager@globex', 'GET', '/api/catalogue')
    const etag = first.headers.get('etag') ?? ''
    const ask = (): Promise<Reply> => call('manager@globex', 'GET', '/api/catalogue', { headers: { 'if-none-match': etag } })
    const second = await ask()
    expect([second.status, second.text]).toEqual([304, ''])
    const roles = ['core.manager', 'crm.manager']
    ok(await call('admin@globex', 'PUT', `/api/access/${member(globex, 'manager')}`, { body: { email: 'manager@globex.test', roles } }))
    expect((await ask()).status).toBe(200)
    ok(
      await call('admin@globex', 'PUT', `/api/access/${member(globex, 'manager')}`, {
        body: { email: 'manager@globex.test', roles: [...roles, 'inventory.manager'] },
      }),
    )
    expect((await ask()).status).toBe(304)
  })
})

describe('/api/access', () => {
  const path = (id: string): string => `/api/access/${id}`
  const repRoles = ['core.user', 'crm.rep', 'inventory.clerk']

  it('is for administrators, of their own tenant', async () => {
    for (const person of ['rep@acme', 'manager@acme'] as const) {
      expect(problemOf(await call(person, 'GET', path(member(acme, 'rep'))))).toEqual([403, 'not-allowed'])
      expect(
        problemOf(await call(person, 'PUT', path(member(acme, person.split('@')[0] ?? '')), { body: { roles: ['core.admin'] } })),
      ).toEqual([403, 'not-allowed'])
    }
    const random = await call('admin@acme', 'GET', path(randomUUID()))
    const foreign = await call('admin@acme', 'GET', path(member(globex, 'rep')))
    expect([problemOf(random), problemOf(foreign)]).toEqual([
      [404, 'not-found'],
      [404, 'not-found'],
    ])
    expect(problemOf(await call('admin@acme', 'PUT', path(member(globex, 'rep')), { body: { roles: [] } }))).toEqual([404, 'not-found'])
    expect(ok(await call('admin@acme', 'GET', path(member(acme, 'rep'))))).toEqual({
      email: 'rep@acme.test',
      roles: repRoles,
      breakGlass: false,
    })
  })

  it.each([
    [{}, ['/roles']],
    [{ roles: ['core.user', 'crm.reo'] }, ['/roles/1']],
    [{ roles: ['crm.rep', 'core.user', 'crm.manager', 'crm.rep', 'constructor'] }, ['/roles/3', '/roles/4']],
    [{ roles: ['crm.rep', 5] }, ['/roles']],
    [{ roles: { crm: 'crm.rep' } }, ['/roles']],
    [{ email: 'x@acme.test', password: 'short', roles: [] }, ['/password']],
    [{ password: 'my own password', roles: [] }, ['/password']],
    [{ roles: [], tenant: globex.id }, ['/tenant']],
  ])('refuses %j and changes nothing', async (body, pointers) => {
    const reply = await call('admin@acme', 'PUT', path(member(acme, 'rep')), { body })
    expect(problemOf(reply)).toEqual([422, 'request-invalid'])
    expect(pointersOf(reply)).toEqual(pointers)
    expect(ok(await call('admin@acme', 'GET', path(member(acme, 'rep'))))).toEqual({
      email: 'rep@acme.test',
      roles: repRoles,
      breakGlass: false,
    })
  })

  it('does not let the last hand off the wheel, nor into other tenants', async () => {
    expect(
      problemOf(await call('admin@acme', 'PUT', path(member(acme, 'admin')), { body: { email: 'admin@acme.test', roles: ['core.user'] } })),
    ).toEqual([409, 'conflict'])
    expect(problemOf(await call('admin@acme', 'PUT', path(member(acme, 'admin')), { body: { roles: ['core.admin'] } }))).toEqual([
      409,
      'conflict',
    ])
    const [colleague] = await world.sql<{ id: string }>(`select id from core.member where tenant_id = $1 and email = 'jonna@acme.test'`, [
      acme.id,
    ])
    const stolen = { email: 'admin@globex.test', password: 'my own password', roles: ['core.user'] }
    expect(problemOf(await call('admin@acme', 'PUT', path(colleague?.id ?? ''), { body: stolen }))).toEqual([409, 'unique-taken'])
    expect(problemOf(await call('admin@acme', 'PUT', path(colleague?.id ?? ''), { body: { ...stolen, email: 'rep@acme.test' } }))).toEqual([
      409,
      'unique-taken',
    ])
    expect((await login('admin@globex.test', 'my own password')).status).toBe(401)
    expect((await login('admin@globex.test')).status).toBe(200)
    expect((await login('rep@acme.test')).status).toBe(200)
  })

  it('lets a colleague in, changes what they may do at once, and ends it', async () => {
    const [colleague] = await world.sql<{ id: string }>(`select id from core.member where tenant_id = $1 and email = 'tariq@acme.test'`, [
      acme.id,
    ])
    const id = colleague?.id ?? ''
    const put = async (body: object): Promise<unknown> => ok(await call('admin@acme', 'PUT', path(id), { body }))
    expect(await put({ email: 'tariq@acme.test', password: 'first password', roles: ['core.user'] })).toEqual({
      email: 'tariq@acme.test',
      roles: ['core.user'],
      breakGlass: false,
    })
    const token = await firstTokenOf('tariq@acme.test', 'first password')
    const deals = (): Promise<Reply> => withToken(token, 'GET', '/api/crm/deals?limit=1')
    expect((await deals()).status).toBe(404)
    await put({ email: 'tariq@acme.test', roles: ['core.user', 'crm.rep'] })
    expect((await deals()).status).toBe(200)
    await put({ email: 'tariq@acme.test', password: 'second password', roles: ['crm.rep'] })
    expect((await deals()).status).toBe(401)
    expect((await login('tariq@acme.test', ownPassword)).status).toBe(401)
    const again = await firstTokenOf('tariq@acme.test', 'second password')
    await put({ roles: [] })
    expect((await withToken(again, 'GET', '/api/me')).status).toBe(401)
    expect((await login('tariq@acme.test', ownPassword)).status).toBe(401)
  })

  it('ends with the record of the person, and comes back with it', async () => {
    const [colleague] = await world.sql<{ id: string }>(`select id from core.member where tenant_id = $1 and email = 'yuki@acme.test'`, [
      acme.id,
    ])
    const id = colleague?.id ?? ''
    ok(await call('admin@acme', 'PUT', path(id), { body: { email: 'yuki@acme.test', password: 'first password', roles: ['core.user'] } }))
    const token = await firstTokenOf('yuki@acme.test', 'first password')
    expect((await withToken(token, 'GET', '/api/me')).status).toBe(200)
    ok(await call('admin@acme', 'PATCH', `/api/core/members/${id}`, { body: { active: false } }))
    expect((await withToken(token, 'GET', '/api/me')).status).toBe(401)
    expect((await login('yuki@acme.test', ownPassword)).status).toBe(401)
    ok(await call('admin@acme', 'PATCH', `/api/core/members/${id}`, { body: { active: true } }))
    expect((await login('yuki@acme.test', ownPassword)).status).toBe(200)
  })
})

describe('/api/operator/tenants', () => {
  const wanted = {
    slug: 'initech',
    name: 'Initech',
    timeZone: 'Europe/Vienna',
    modules: ['crm'],
    admin: { name: 'Bill Lumbergh', email: 'bill@initech.test' },
  }

  it.each([
    [{}, ['/slug', '/name', '/admin']],
    [{ ...wanted, slug: 'Init ech' }, ['/slug']],
    [
      { ...wanted, modules: ['crm', 'crmm'], timeZone: 'Mars/Olympus', currency: 'eur', locale: '!' },
      ['/locale', '/timeZone', '/currency', '/modules/1'],
    ],
    [{ ...wanted, admin: { name: 'B', email: 'nobody', password: 'short' } }, ['/admin/email']],
    [{ ...wanted, admin: { name: 'B', email: 'b@initech.test', password: 'short' } }, ['/admin/password']],
    [{ ...wanted, admin: { name: 'B', email: 'nobody' } }, ['/admin/email']],
    [{ ...wanted, id: randomUUID() }, ['/id']],
  ])('refuses %.80j and makes nothing', async (body, pointers) => {
    const before = await countOf('bos.tenant')
    const reply = await operator('POST', '/api/operator/tenants', body)
    expect(problemOf(reply)).toEqual([422, 'request-invalid'])
    expect(pointersOf(reply)).toEqual(pointers)
    expect(await countOf('bos.tenant')).toBe(before)
  })

  describe('makes a tenant', () => {
    let made: { id: string; modules: string[]; admin: { member: string; password: string } }
    beforeAll(async () => {
      made = ok(await operator('POST', '/api/operator/tenants', wanted)) as unknown as typeof made
    })

    it('with its modules and an administrator who can sign in', async () => {
      expect(made.modules).toEqual(['core', 'crm'])
      const token = await firstTokenOf('bill@initech.test', made.admin.password)
      expect(ok(await withToken(token, 'GET', '/api/me'))).toMatchObject({
        member: { id: made.admin.member, name: 'Bill Lumbergh' },
        roles: ['core.admin'],
        tenant: { slug: 'initech', timeZone: 'Europe/Vienna' },
      })
      expect((await withToken(token, 'GET', '/api/crm/deals')).body).toMatchObject({ data: [] })
      expect((await withToken(token, 'GET', '/api/inventory/products')).status).toBe(404)
      expect(
        await world.sql<{ type: string; via: string }>(`select type, via from bos.event where tenant_id = $1 and entity <> 'bos.access'`, [
          made.id,
        ]),
      ).toEqual([{ type: 'created', via: 'system' }])
      const list = ok(await operator('GET', '/api/operator/tenants'))['data'] as { slug: string; people: number }[]
      expect(list.find((tenant) => tenant.slug === 'initech')).toMatchObject({ people: 1, modules: ['core', 'crm'], suspended: false })
    })

    it('once', async () => {
      const reply = await operator('POST', '/api/operator/tenants', wanted)
      expect([...problemOf(reply), pointersOf(reply)]).toEqual([409, 'unique-taken', ['/slug']])
    })

    it('and enables a module later', async () => {
      const enable = (slug: string, module: unknown): Promise<Reply> =>
        operator('POST', `/api/operator/tenants/${slug}/modules`, { module })
      expect(problemOf(await enable('nobody', 'inventory'))).toEqual([404, 'not-found'])
      expect([...problemOf(await enable('initech', 'inventry')), pointersOf(await enable('initech', 5))]).toEqual([
        422,
        'request-invalid',
        ['/module'],
      ])
      expect(ok(await enable('initech', 'inventory'))).toEqual({ modules: ['core', 'crm', 'inventory'] })
      const token = await tokenOf('bill@initech.test', ownPassword)
      expect((await withToken(token, 'GET', '/api/inventory/products')).status).toBe(200)
    })

    it('taking up an attempt that broke off, and connecting a person who signs in elsewhere without touching their password', async () => {
      const again = { ...wanted, slug: 'initrode', admin: { name: 'Rafael Brandt', email: 'rep@acme.test', password: 'another password' } }
      await world.sql(`insert into bos.tenant (id, slug, name) values ($1, 'initrode', 'half')`, [randomUUID()])
      const result = ok(await operator('POST', '/api/operator/tenants', again))
      expect(result['admin']).toMatchObject({ existing: true, password: null })
      expect((await login('rep@acme.test', 'another password')).status).toBe(401)
      expect(ok(await login('rep@acme.test'))['tenants']).toEqual([
        expect.objectContaining({ slug: 'acme' }),
        expect.objectContaining({ slug: 'initrode' }),
      ])
    })

    it('whose password their administrator can change no more; an attempt changes nothing else either', async () => {
      const [path, email] = [`/api/access/${member(acme, 'rep')}`, 'rep@acme.test']
      const before = ok(await call('admin@acme', 'GET', path))
      const reply = await call('admin@acme', 'PUT', path, { body: { email, password: 'my own password', roles: ['core.user'] } })
      expect([...problemOf(reply), pointersOf(reply)]).toEqual([409, 'conflict', ['/password']])
      expect(ok(await call('admin@acme', 'GET', path))).toEqual(before)
      expect([(await login(email)).status, (await login(email, 'my own password')).status]).toEqual([200, 401])
      expect(ok(await call('admin@acme', 'PUT', path, { body: { email, roles: ['core.user'] } }))).toEqual({
        email,
        roles: ['core.user'],
        breakGlass: false,
      })
    })
  })
})
