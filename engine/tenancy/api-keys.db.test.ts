import { beforeAll, describe, expect, test } from 'vitest'
import { eventsOf, scenarios } from '../testing/scenarios.ts'
import { ok, openWorld, type Person, type Reply } from '../testing/world.ts'

const world = await openWorld({ TRUSTED_PROXIES: '0' })
const { acme, globex, call, sql } = world

interface Made {
  readonly id: string
  readonly key: string
  readonly prefix: string
}
const create = (as: Person, body: object): Promise<Reply> => call(as, 'POST', '/api/keys', { body })
const make = async (as: Person, body: object): Promise<Made> => ok(await create(as, { name: 'Test', ...body })) as unknown as Made
const by = (key: string, method: string, path: string, body?: unknown): Promise<Reply> =>
  call(null, method, path, { body, headers: { authorization: `Bearer ${key}` } })
const problem = ({ status, body }: Reply): unknown[] => [status, (body as { code?: string } | undefined)?.code]

scenarios(world, 'POST /api/keys', [
  {
    name: 'a rep makes one of their own role',
    as: 'rep@acme',
    body: { name: 'Sync', role: 'crm.rep' },
    status: 201,
    events: ['bos.api_key.created'],
  },
  {
    name: 'but of no role that they lack',
    as: 'rep@acme',
    body: { name: 'X', role: 'core.admin' },
    status: 403,
    problem: 'not-allowed',
    pointers: ['/role'],
  },
  {
    name: 'nor of another role of the same module',
    as: 'rep@acme',
    body: { name: 'X', role: 'crm.manager' },
    status: 403,
    problem: 'not-allowed',
  },
  {
    name: 'nor for somebody else',
    as: 'rep@acme',
    body: () => ({ name: 'X', role: 'crm.rep', member: acme.members['manager'] }),
    status: 403,
    problem: 'not-allowed',
  },
  {
    name: 'an administrator acts as nobody who signs in',
    as: 'admin@acme',
    body: () => ({ name: 'X', role: 'crm.rep', member: acme.members['rep'] }),
    status: 422,
    pointers: ['/member'],
  },
  {
    name: 'a person of another tenant is none',
    as: 'admin@acme',
    body: () => ({ name: 'X', role: 'crm.rep', member: globex.members['rep'] }),
    status: 422,
    pointers: ['/member'],
  },
  {
    name: 'every fault at once',
    as: 'admin@acme',
    body: {
      name: 'X',
      role: 'crm.repp',
      scopes: ['crm.deal:read', 'crm.deel:read', 'crm.deal:fly', 'deal', 'crm.*:win'],
      addresses: ['198.51.100.0/24', '198.51.100.0/33', '300.1.1.1', '::1/129'],
      expiresAt: '2020-01-01T00:00:00Z',
    },
    status: 422,
    pointers: ['/role', '/scopes/1', '/scopes/2', '/scopes/3', '/scopes/4', '/addresses/1', '/addresses/2', '/addresses/3', '/expiresAt'],
  },
])

describe('a key', () => {
  test('works until it is revoked, which holds on the next request; it is stored nowhere', async () => {
    const made = await make('rep@acme', { role: 'crm.rep' })
    expect(made.key).toMatch(/^bos_[\w-]{43}$/)
    expect(made.key.startsWith(made.prefix)).toBe(true)
    expect(ok(await by(made.key, 'GET', '/api/me'))).toMatchObject({ member: { id: acme.members['rep'] }, roles: ['crm.rep'] })
    expect((await by(made.key, 'GET', '/api/crm/deals?limit=1')).status).toBe(200)
    const stored = await sql(`select k::text from bos.api_key k where id = $1`, [made.id])
    expect(JSON.stringify(stored)).not.toContain(made.key.slice(10))
    await expect
      .poll(async () => (await sql(`select last_address from bos.api_key where id = $1`, [made.id]))[0])
      .toMatchObject({ last_address: expect.stringContaining('127.0.0.1') as string })
    const { events } = await eventsOf(world, async () => ok(await call('rep@acme', 'DELETE', `/api/keys/${made.id}`)))
    expect(events).toEqual(['bos.api_key.revoked'])
    expect(problem(await by(made.key, 'GET', '/api/crm/deals?limit=1'))).toEqual([401, 'not-authenticated'])
    expect(problem(await by(made.key, 'GET', '/api/me'))).toEqual([401, 'not-authenticated'])
  })

  test('says in what it writes as whom it acted', async () => {
    const { key } = await make('rep@acme', { role: 'crm.rep' })
    const made = ok(await by(key, 'POST', '/api/crm/companies', { name: 'By a program' }))
    const [row] = await sql(`select created_by, created_via from crm.company where id = $1`, [made['id']])
    expect(row).toEqual({ created_by: acme.members['rep'], created_via: 'api' })
  })

  test('does what its role may, and never what its person may besides', async () => {
    const { key } = await make('admin@acme', { role: 'core.admin', scopes: ['crm.deal:read'] })
    expect((await by(key, 'GET', '/api/crm/deals?limit=1')).status).toBe(200)
    expect((await by(key, 'POST', '/api/crm/deals', { name: 'X' })).status).toBe(403)
    expect((await by(key, 'GET', '/api/crm/companies')).status).toBe(404)
    // What a deal refers to stays an id.
    expect((await by(key, 'GET', '/api/crm/deals?expand=company&limit=1')).text).not.toMatch(/"company":\{"id"/)
    const { data } = ok(await by(key, 'GET', '/api/crm/deals?limit=1')) as { data: { id: string }[] }
    expect((await by(key, 'DELETE', `/api/crm/deals/${data[0]!.id}`)).status).toBe(403)
    const view = ok(await by(key, 'GET', '/api/catalogue')) as { entities: Record<string, { actions: string[] }> }
    expect(Object.keys(view.entities).filter((id) => !id.includes('deal'))).toEqual([])
    expect(view.entities['crm.deal']?.actions.toSorted()).toEqual(['export', 'get', 'history', 'list'])
    const document = ok(await by(key, 'GET', '/api/openapi.json')) as { paths: Record<string, object> }
    expect(Object.keys(document.paths).some((path) => path.startsWith('/api/crm/companies'))).toBe(false)
  })

  test.each([
    ['crm.deal:create', 'POST', '/api/crm/deals', 422],
    ['crm.deal:create', 'GET', '/api/crm/deals', 403],
    ['crm.*:write', 'POST', '/api/crm/companies', 422],
    ['crm.*:read', 'GET', '/api/crm/companies', 200],
    ['*:read', 'GET', '/api/core/members', 200],
    ['*:read', 'POST', '/api/crm/companies', 403],
    ['inventory.*:read', 'GET', '/api/crm/deals', 404],
  ])('with %s: %s %s is %i', async (scope, method, path, status) => {
    const { key } = await make('admin@acme', { role: 'core.admin', scopes: [scope] })
    expect((await by(key, method, path, method === 'POST' ? {} : undefined)).status).toBe(status)
  })

  test('reaches nothing that is about who may do what, not even one of an administrator', async () => {
    const { key, id } = await make('admin@acme', { role: 'core.admin' })
    const rep = acme.members['rep']!
    const tried: [string, string, unknown?][] = world.app.routes
      .filter((route) => route.guard === 'member' && route.keys !== 'allowed')
      .map((route) => [route.method, route.path.replace(':id', id).replace(':member', rep).replace(/:\w+/g, 'x'), {}])
    expect(tried.length).toBeGreaterThan(25)
    for (const [method, path, body] of tried)
      expect([method, path, ...problem(await by(key, method, path, method === 'GET' ? undefined : body))]).toEqual([
        method,
        path,
        403,
        'not-allowed',
      ])
  })

  test('is worth no more than its person, as soon as they have less, and nothing once they are gone', async () => {
    const rep = acme.members['rep']!
    const before = ok(await call('admin@acme', 'GET', `/api/access/${rep}`)) as { email: string; roles: string[] }
    const { key } = await make('rep@acme', { role: 'crm.rep' })
    const set = async (roles: string[]) =>
      ok(await call('admin@acme', 'PUT', `/api/access/${rep}`, { body: { email: before.email, roles } }))
    await set(['core.user'])
    expect(problem(await by(key, 'GET', '/api/crm/deals?limit=1'))).toEqual([401, 'not-authenticated'])
    await set(before.roles)
    expect((await by(key, 'GET', '/api/crm/deals?limit=1')).status).toBe(200)
    ok(await call('admin@acme', 'PATCH', `/api/core/members/${rep}`, { body: { active: false } }))
    expect((await by(key, 'GET', '/api/crm/deals?limit=1')).status).toBe(401)
    ok(await call('admin@acme', 'PATCH', `/api/core/members/${rep}`, { body: { active: true } }))
    expect((await by(key, 'GET', '/api/crm/deals?limit=1')).status).toBe(200)
    await sql(`update bos.tenant set suspended_at = now() where slug = 'acme'`)
    expect((await by(key, 'GET', '/api/crm/deals?limit=1')).status).toBe(401)
    await sql(`update bos.tenant set suspended_at = null where slug = 'acme'`)
  })

  test('is one of a program: an administrator makes a person who cannot sign in, with a role', async () => {
    const { id } = ok(await call('admin@acme', 'POST', '/api/core/members', { body: { name: 'Webshop' } })) as { id: string }
    ok(await call('admin@acme', 'PUT', `/api/access/${id}`, { body: { email: null, roles: ['crm.rep'] } }))
    expect(problem(await create('admin@acme', { name: 'X', role: 'crm.manager', member: id }))).toEqual([403, 'not-allowed'])
    const { key } = await make('admin@acme', { role: 'crm.rep', member: id })
    expect(ok(await by(key, 'GET', '/api/me'))).toMatchObject({ member: { id, name: 'Webshop' } })
  })

  test('expires, and is refused from elsewhere', async () => {
    const soon = await make('manager@acme', { role: 'crm.manager', expiresAt: new Date(Date.now() + 3_600_000).toISOString() })
    expect((await by(soon.key, 'GET', '/api/crm/deals?limit=1')).status).toBe(200)
    await sql(`update bos.api_key set expires_at = now() where id = $1`, [soon.id])
    expect((await by(soon.key, 'GET', '/api/crm/deals?limit=1')).status).toBe(401)
    const near = await make('manager@acme', { role: 'crm.manager', addresses: ['127.0.0.0/8', '::1'] })
    const far = await make('manager@acme', { role: 'crm.manager', addresses: ['198.51.100.0/24'] })
    expect((await by(near.key, 'GET', '/api/crm/deals?limit=1')).status).toBe(200)
    for (const header of ['x-forwarded-for', 'x-real-ip', 'forwarded']) {
      const spoofed = await call(null, 'GET', '/api/crm/deals', {
        headers: { authorization: `Bearer ${far.key}`, [header]: '198.51.100.7' },
      })
      expect([401, 403]).toContain(spoofed.status)
    }
    expect(problem(await by(far.key, 'GET', '/api/crm/deals?limit=1'))).toEqual([401, 'not-authenticated'])
  })

  test('is rotated with an overlap, or at once', async () => {
    const first = await make('manager@acme', { role: 'crm.manager', scopes: ['crm.deal:read'] })
    const second = ok(await call('manager@acme', 'POST', `/api/keys/${first.id}/rotate`, { body: {} })) as unknown as Made
    for (const { key } of [first, second]) expect((await by(key, 'GET', '/api/crm/deals?limit=1')).status).toBe(200)
    expect((await by(second.key, 'GET', '/api/crm/companies')).status).toBe(404)
    const third = ok(await call('manager@acme', 'POST', `/api/keys/${second.id}/rotate`, { body: { atOnce: true } })) as unknown as Made
    expect((await by(second.key, 'GET', '/api/crm/deals?limit=1')).status).toBe(401)
    expect((await by(third.key, 'GET', '/api/crm/deals?limit=1')).status).toBe(200)
    expect((await call('rep@globex', 'POST', `/api/keys/${third.id}/rotate`, { body: {} })).status).toBe(404)
    expect((await call('admin@globex', 'DELETE', `/api/keys/${third.id}`)).status).toBe(404)
  })

  test('imports only as far as it may, and its job ends with it', async () => {
    const csv = 'Name\nImported by key\n'
    const { key } = await make('admin@acme', { role: 'core.admin', scopes: ['crm.company:read'] })
    const send = (with_: string) =>
      call(null, 'POST', '/api/crm/companies/import', {
        body: csv,
        headers: { authorization: `Bearer ${with_}`, 'content-type': 'text/csv' },
      })
    expect((await send(key)).status).toBe(403)
    const able = await make('admin@acme', { role: 'crm.manager', scopes: ['crm.company:write', 'crm.company:read'] })
    const started = await send(able.key)
    expect(started.status, started.text).toBe(202)
    const job = (started.body as { id: string }).id
    await expect
      .poll(async () => (ok(await by(able.key, 'GET', `/api/jobs/${job}`)) as { status: string }).status, { timeout: 10_000 })
      .toBe('done')
    const [row] = await sql(`select created_by from crm.company where name = 'Imported by key'`)
    expect(row).toEqual({ created_by: acme.members['admin'] })
    // Other keys of the same person see nothing of it.
    const other = await make('admin@acme', { role: 'crm.manager' })
    expect((await by(other.key, 'GET', `/api/jobs/${job}`)).status).toBe(404)
  })
})

describe('making one', () => {
  beforeAll(async () => {
    await sql(`update bos.session set proved_at = now() - interval '11 minutes' where member_id = $1`, [acme.members['manager']])
  })
  test('takes a fresh proof, for a key outlives the session', async () => {
    expect(problem(await create('manager@acme', { name: 'X', role: 'crm.manager' }))).toEqual([403, 'proof-required'])
    ok(await call('manager@acme', 'POST', '/api/account/proof', { body: { password: 'a password for tests only' } }))
    expect((await create('manager@acme', { name: 'X', role: 'crm.manager' })).status).toBe(201)
  })
  test('is seen by its owner and by administrators', async () => {
    const seen = async (as: Person) => (ok(await call(as, 'GET', '/api/keys'))['data'] as { member: string }[]).map(({ member }) => member)
    expect(new Set(await seen('manager@acme'))).toEqual(new Set([acme.members['manager']]))
    expect((await seen('admin@acme')).length).toBeGreaterThan(5)
    expect(await seen('admin@globex')).toEqual([])
    expect(JSON.stringify(ok(await call('admin@acme', 'GET', '/api/keys')))).not.toContain('hash')
  })
})
