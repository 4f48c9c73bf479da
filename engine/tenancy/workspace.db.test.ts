import { beforeEach, describe, expect, test } from 'vitest'
import { createKeyring } from '../keys/keyring.ts'
import { loadMasterKey } from '../keys/master-key.ts'
import { eventsOf, scenarios } from '../testing/scenarios.ts'
import { ok, openWorld, testConfig, type Reply } from '../testing/world.ts'

/** What names say of themselves, while these tests run. */
const txt = new Map<string, string[][]>()
const world = await openWorld({ PUBLIC_URL: 'https://erp.test' }, 'native', {
  resolveTxt: (name) => (txt.has(name) ? Promise.resolve(txt.get(name)!) : Promise.reject(new Error('ENOTFOUND'))),
})
const { acme, globex, call, sql } = world
const problem = ({ status, body }: Reply): unknown[] => [status, (body as { code?: string } | undefined)?.code]
const operator = (path: string): Promise<Reply> =>
  call(null, 'POST', path, { body: {}, headers: { authorization: 'Bearer operator-of-the-tests' } })

beforeEach(() => sql(`update bos.session set proved_at = now()`))

scenarios(world, 'PATCH /api/workspace', [
  { name: 'a manager changes nothing', as: 'manager@acme', body: { name: 'Mine' }, status: 403, problem: 'not-allowed' },
  {
    name: 'every fault at once',
    as: 'admin@acme',
    body: { locale: 'xx-', timeZone: 'Mars/Base', currency: 'EURO', accent: 'red' },
    status: 422,
    pointers: ['/currency'],
  },
  {
    name: 'faults of what can be read',
    as: 'admin@acme',
    body: { locale: '-', timeZone: 'Mars/Base', currency: 'QQQ', accent: '#12345g' },
    status: 422,
    pointers: ['/locale', '/timeZone', '/currency', '/accent'],
  },
  { name: 'what is known nowhere', as: 'admin@acme', body: { slug: 'other' }, status: 422, pointers: ['/slug'] },
  {
    name: 'what a workspace says of itself, once told',
    as: 'admin@acme',
    body: { name: 'Acme Foods', timeZone: 'Europe/Vienna', accent: '#2563EB' },
    status: 200,
    events: ['bos.workspace.updated'],
    expect: (body: { name: string; accent: string }) =>
      expect(body).toMatchObject({ name: 'Acme Foods', accent: '#2563eb', currency: 'EUR' }),
  },
  { name: 'the same again is no change', as: 'admin@acme', body: { name: 'Acme Foods' }, status: 200, events: [] },
  {
    name: 'made of an older state',
    as: 'admin@acme',
    headers: { 'if-match': '"1"' },
    body: { name: 'Other' },
    status: 412,
    problem: 'version-conflict',
  },
])

describe('a workspace', () => {
  test('says it to everybody at once: the time zone holds in every process from the next request on', async () => {
    expect(ok(await call('rep@acme', 'GET', '/api/catalogue'))['tenant']).toMatchObject({ name: 'Acme Foods', timeZone: 'Europe/Vienna' })
    expect(ok(await call('rep@globex', 'GET', '/api/workspace'))).toMatchObject({ name: 'Globex Supply' })
  })

  test('has a picture, which is what its bytes say', async () => {
    const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(100)])
    const put = (logo: unknown) => call('admin@acme', 'PUT', '/api/workspace/logo', { body: { logo } })
    expect((await put(`data:image/png;base64,${png.toString('base64')}`)).status).toBe(204)
    expect(ok(await call('rep@acme', 'GET', '/api/workspace/logo'))['logo']).toBe(`data:image/png;base64,${png.toString('base64')}`)
    for (const bad of ['x', 5, 'data:image/svg+xml;base64,PHN2Zz4=', `data:image/png;base64,${Buffer.from('<script>').toString('base64')}`])
      expect(problem(await put(bad)), String(bad)).toEqual([422, 'request-invalid'])
    expect((await put(null)).status).toBe(204)
    expect((await call('rep@acme', 'GET', '/api/workspace/logo')).status).toBe(404)
  })

  test('demands a second factor only of whoever did it themselves, and with a fresh proof', async () => {
    const demand = () => call('admin@acme', 'PATCH', '/api/workspace', { body: { mfaRequired: true } })
    expect(problem(await demand())).toEqual([409, 'conflict'])
    expect((await call('admin@acme', 'GET', '/api/me')).status).toBe(200)
    await sql(`update bos.session set methods = '{pwd,otp,mfa}', proved_at = now() - interval '11 minutes' where member_id = $1`, [
      acme.members['admin'],
    ])
    expect(problem(await demand())).toEqual([403, 'proof-required'])
    await sql(`update bos.session set proved_at = now()`)
    expect((await demand()).status).toBe(200)
    // Whoever has none is outside at once.
    expect((await call('rep@acme', 'GET', '/api/me')).status).toBe(401)
    ok(await call('admin@acme', 'PATCH', '/api/workspace', { body: { mfaRequired: false } }))
  })
})

describe('a name of its own', () => {
  const face = async (host: string): Promise<unknown> => {
    // Demo mode answers under localhost only; behind it stands the same look-up.
    const found = await world.app.workspaces.at(host)
    return found && found.slug
  }
  test('is its sub-domain, and what shows by DNS that it is theirs', async () => {
    expect(await face('acme.erp.test')).toBe('acme')
    expect(await face('erp.test')).toBeNull()
    expect(await face('nobody.erp.test')).toBeNull()
    const add = (as: 'admin@acme' | 'admin@globex', host: string) => call(as, 'POST', '/api/workspace/hosts', { body: { host } })
    for (const bad of ['erp.test', 'globex.erp.test', 'localhost', '10.0.0.1', 'a b.example', 'evil.example/path', '-x.example'])
      expect(problem(await add('admin@acme', bad)), bad).toEqual([422, 'request-invalid'])
    const { token } = ok(await add('admin@acme', 'ERP.Acme.Example')) as { token: string }
    expect(await face('erp.acme.example')).toBeNull()
    const verify = (as: 'admin@acme' | 'admin@globex') => call(as, 'POST', '/api/workspace/hosts/erp.acme.example/verify', { body: {} })
    expect(problem(await verify('admin@acme'))).toEqual([409, 'conflict'])
    txt.set('erp.acme.example', [['v=spf1'], ['businessos-verification=', 'wrong']])
    expect(problem(await verify('admin@acme'))).toEqual([409, 'conflict'])
    txt.set('erp.acme.example', [['v=spf1'], ['businessos-', `verification=${token}`]])
    expect(problem(await verify('admin@globex'))).toEqual([404, 'not-found'])
    expect((await verify('admin@acme')).status).toBe(204)
    expect(await face('erp.acme.example')).toBe('acme')
    expect(problem(await add('admin@globex', 'erp.acme.example'))).toEqual([409, 'unique-taken'])
    expect((await call('admin@globex', 'DELETE', '/api/workspace/hosts/erp.acme.example')).status).toBe(404)
    expect((await call('admin@acme', 'DELETE', '/api/workspace/hosts/erp.acme.example')).status).toBe(204)
    expect(await face('erp.acme.example')).toBeNull()
  })
})

describe('GET /api/workspace/export', () => {
  test('is everything the tenant has, and nothing of another; its last line says that it is whole', async () => {
    const { id } = ok(await call('admin@acme', 'POST', '/api/crm/companies', { body: { name: 'To be deleted' } })) as { id: string }
    ok(await call('admin@acme', 'DELETE', `/api/crm/companies/${id}`))
    const reply = await call('admin@acme', 'GET', '/api/workspace/export')
    expect(reply.status, reply.text.slice(0, 500)).toBe(200)
    expect(reply.headers.get('content-disposition')).toContain('acme.ndjson')
    const lines = reply.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines[0]).toMatchObject({ archive: 'businessos/1', tenant: { slug: 'acme' } })
    const records = lines.filter((line) => 'record' in line) as { entity: string; deleted?: true; record: { id: string } }[]
    expect(lines.at(-1)).toEqual({
      end: { records: records.length, people: expect.any(Number) as number, events: expect.any(Number) as number },
    })
    const [counted] = await sql<{ n: number }>(`select count(*)::int as n from crm.deal where tenant_id = $1`, [acme.id])
    expect(records.filter(({ entity }) => entity === 'crm.deal')).toHaveLength(counted!.n)
    expect(records.find(({ record }) => record.id === id)).toMatchObject({ deleted: true })
    const order = records.find(({ entity }) => entity === 'inventory.sales_order')?.record as unknown as { lines: unknown[] }
    expect(order.lines.length).toBeGreaterThan(0)
    // People of an activity stand in it, though a table of their own holds them.
    const activities = records.filter(({ entity }) => entity === 'crm.activity') as unknown as { record: { participants?: unknown[] } }[]
    expect(activities.some(({ record }) => (record.participants?.length ?? 0) > 0)).toBe(true)
    expect(reply.text).not.toContain(globex.id)
    expect(reply.text).not.toContain('globex')
    for (const secret of ['$argon2', 'password_hash', 'refresh_hash']) expect(reply.text).not.toContain(secret)
    expect(lines.some((line) => (line['event'] as { type?: string } | undefined)?.type === 'deleted')).toBe(true)
  })
  test('is for administrators who have just proved who they are', async () => {
    // The manager's session has ended above: they sign in again.
    const body = { email: 'manager@acme.test', password: 'a password for tests only' }
    const { accessToken } = ok(await call(null, 'POST', '/api/auth/login', { body }))
    const headers = { authorization: `Bearer ${String(accessToken)}` }
    expect(problem(await call(null, 'GET', '/api/workspace/export', { headers }))).toEqual([403, 'not-allowed'])
    await sql(`update bos.session set proved_at = now() - interval '11 minutes'`)
    expect(problem(await call('admin@acme', 'GET', '/api/workspace/export'))).toEqual([403, 'proof-required'])
  })
})

describe('suspended', () => {
  test('nobody gets in from the next request on, and all is there afterwards', async () => {
    expect((await call('rep@globex', 'GET', '/api/me')).status).toBe(200)
    expect((await operator('/api/operator/tenants/globex/suspend')).status).toBe(204)
    expect((await call('rep@globex', 'GET', '/api/crm/deals')).status).toBe(401)
    const login = () => call(null, 'POST', '/api/auth/login', { body: { email: 'rep@globex.test', password: 'a password for tests only' } })
    expect((await login()).status).toBe(401)
    expect((await operator('/api/operator/tenants/globex/resume')).status).toBe(204)
    expect((await login()).status).toBe(200)
    expect((await operator('/api/operator/tenants/nowhere/suspend')).status).toBe(404)
    expect((await call('admin@acme', 'POST', '/api/operator/tenants/globex/suspend', { body: {} })).status).toBe(401)
  })
})

describe('deleted', () => {
  const admin = async (): Promise<string> =>
    String(
      ok(await call(null, 'POST', '/api/auth/login', { body: { email: 'admin@globex.test', password: 'a password for tests only' } }))[
        'accessToken'
      ],
    )
  const ask = async (confirm: string): Promise<Reply> =>
    call(null, 'DELETE', '/api/workspace', { body: { confirm }, headers: { authorization: `Bearer ${await admin()}` } })
  const left = async (): Promise<Record<string, number>> => {
    const tables = await sql<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
       where c.relkind in ('r', 'p') and not c.relispartition`,
    )
    const counts: Record<string, number> = {}
    for (const { name } of tables) {
      const [row] = await sql<{ n: number }>(`select count(*)::int as n from ${name} where tenant_id = $1`, [globex.id])
      if (row!.n > 0) counts[name] = row!.n
    }
    return counts
  }

  test('only by who names it; then it is suspended, and can be had back for thirty days', async () => {
    expect(problem(await ask('acme'))).toEqual([422, 'request-invalid'])
    const { result, events } = await eventsOf(world, () => ask('globex'))
    expect(result.status, result.text).toBe(202)
    expect(events).toEqual(['bos.workspace.deletion_asked'])
    const days = (Date.parse((result.body as { deletedAt: string }).deletedAt) - Date.now()) / 86_400_000
    expect(Math.round(days)).toBe(30)
    expect((await call('rep@globex', 'GET', '/api/crm/deals')).status).toBe(401)
    expect(await world.app.workspaces.purge()).toEqual([])
    expect((await operator('/api/operator/tenants/globex/resume')).status).toBe(204)
    await sql(`update bos.tenant set delete_at = null where slug = 'globex' and delete_at is not null`)
    expect((await admin()).length).toBeGreaterThan(20)
  })

  test('when the time has come nothing of it is left, its keys first, and all of the others', async () => {
    const keyring = createKeyring(world.app.database, await loadMasterKey(testConfig(null, world.dataDir)))
    await keyring.put(globex.id, 'smtp', 'secret')
    ok(await ask('globex'))
    const before = await sql<{ n: number }>(`select count(*)::int as n from crm.deal where tenant_id = $1`, [acme.id])
    expect(Object.keys(await left()).length).toBeGreaterThan(15)
    await sql(`update bos.tenant set delete_at = now() where slug = 'globex'`)
    expect(await world.app.workspaces.purge()).toEqual(['globex'])
    expect(await left()).toEqual({})
    expect(await sql(`select 1 from bos.tenant where slug = 'globex'`)).toEqual([])
    expect(await sql(`select 1 from bos.account where email like '%@globex.test'`)).toEqual([])
    expect(await keyring.get(globex.id, 'smtp')).toBeNull()
    await expect(keyring.put(globex.id, 'smtp', 'again')).rejects.toThrow('destroyed')
    expect(await sql<{ n: number }>(`select count(*)::int as n from crm.deal where tenant_id = $1`, [acme.id])).toEqual(before)
    expect(
      (await call('rep@acme', 'POST', '/api/auth/login', { body: { email: 'rep@acme.test', password: 'a password for tests only' } }))
        .status,
    ).toBe(200)
  })
})
