import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { openWorld, ok, type Person, type Reply } from '../testing/world.ts'

/** Looking at everything as another person does: who may, what they see, and that nothing is changed and everything is told. */
const world = await openWorld({ LOG_LEVEL: 'info' })
const { acme, globex, call, sql } = world
const rep = acme.members['rep']!
const admin = acme.members['admin']!
const begin = (as: Person, member: string): Promise<Reply> => call(as, 'POST', '/api/auth/view-as', { body: { member } })
const by = (token: string, method: string, path: string, body?: unknown, headers: object = {}): Promise<Reply> =>
  call(null, method, path, { headers: { authorization: `Bearer ${token}`, ...headers }, ...(body !== undefined && { body }) })
const problemOf = (reply: Reply): unknown[] => [reply.status, (reply.body as { code?: unknown }).code]
const plain = (reply: Reply): string => reply.text.replace(/"requestId":"[^"]*"/, '')
const events = () =>
  sql<{ actor: string; record_id: string; op: string }>(
    `select e.actor::text, e.record_id::text, b.body #>> '{viewed,op}' as op from bos.event e join bos.event_body b on b.event_id = e.id where e.type = 'viewed_as' order by e.at`,
  )
let token: string

beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  token = String(ok(await begin('admin@acme', rep))['accessToken'])
})

describe('nobody looks as somebody else', () => {
  test('without the right to', async () => {
    expect(problemOf(await begin('manager@acme', rep))).toEqual([403, 'not-allowed'])
    expect(problemOf(await begin('rep@acme', admin))).toEqual([403, 'not-allowed'])
    expect((await call(null, 'POST', '/api/auth/view-as', { body: { member: rep } })).status).toBe(401)
  })

  test('of another tenant, who answers as a person that never was', async () => {
    const [there, random, malformed] = await Promise.all(
      [globex.members['rep']!, randomUUID(), 'x'].map((each) => begin('admin@acme', each)),
    )
    expect(problemOf(there!)).toEqual([422, 'request-invalid'])
    expect(plain(there!)).toBe(plain(random!))
    expect(plain(malformed!)).toBe(plain(random!))
  })

  test('as themselves, or while they look already', async () => {
    expect((await begin('admin@acme', admin)).status).toBe(422)
    expect(problemOf(await by(token, 'POST', '/api/auth/view-as', { member: acme.members['manager'] }))).toEqual([403, 'viewing-only'])
    expect(problemOf(await call('admin@acme', 'DELETE', '/api/auth/view-as'))).toEqual([409, 'conflict'])
  })

  test('by a refresh, or with a token whose permission is not kept', async () => {
    expect((await call(null, 'POST', '/api/auth/refresh', { headers: { authorization: `Bearer ${token}` } })).status).toBe(204)
    const other = String(ok(await begin('admin@acme', rep))['accessToken'])
    expect((await by(other, 'GET', '/api/me')).status).toBe(200)
    await sql(`update bos.viewing set expires_at = now() where id = (select id from bos.viewing order by started_at desc limit 1)`)
    expect((await by(other, 'GET', '/api/me')).status).toBe(401)
  })
})

describe('whoever does', () => {
  test('sees what the other person sees, and is told who they are', async () => {
    const me = ok(await by(token, 'GET', '/api/me')) as { member: { id: string }; viewer: { id: string }; roles: string[] }
    expect([me.member.id, me.viewer.id]).toEqual([rep, admin])
    for (const path of [
      '/api/crm/deals?limit=100',
      '/api/core/members?limit=100',
      '/api/crm/deals/aggregate',
      `/api/core/members/${rep}/history`,
    ])
      expect([path, (await by(token, 'GET', path)).text]).toEqual([path, (await call('rep@acme', 'GET', path)).text])
    const view = ok(await by(token, 'GET', '/api/catalogue')) as {
      me: { viewer: { id: string } }
      entities: Record<string, { actions: string[] }>
    }
    expect(view.me.viewer.id).toBe(admin)
    expect(
      Object.values(view.entities)
        .flatMap(({ actions }) => actions)
        .filter((each) => !['list', 'get', 'export', 'history'].includes(each)),
    ).toEqual([])
  })

  test('is explained what the other person may', async () => {
    const [deal] = ok(await by(token, 'GET', '/api/crm/deals?limit=1'))['data'] as { id: string }[]
    const asRep = ok(await call('rep@acme', 'GET', `/api/crm/deals/${deal!.id}/explain?action=update`))
    expect(ok(await by(token, 'GET', `/api/crm/deals/${deal!.id}/explain?action=update`))).toEqual(asRep)
  })

  const id = randomUUID()
  const addressOf = (path: string): string =>
    path.replace('{/*rest}', '').replace(/:(\w+)/g, (_, name: string) => ({ module: 'crm', plural: 'deals', slug: 'acme' })[name] ?? id)
  const kept = new Set([
    'GET /api/me',
    'GET /api/catalogue',
    'GET /api/openapi.json',
    'GET /api/jobs',
    'GET /api/workspace',
    'GET /api/workspace/logo',
    'GET /api/workspace/hosts',
    'GET /api/jobs/:id',
    'GET /api/access/roles',
    'GET /api/access/roles/:role',
    'GET /api/access/roles/:role/history',
    'GET /api/:module/:plural{/*rest}',
    'DELETE /api/auth/view-as',
  ])
  test.each(
    world.app.routes.filter(({ guard }) => guard === 'member').map(({ method, path }) => [`${method} ${path}`, method, path] as const),
  )('%s reads or is refused', async (name, method, path) => {
    if (name === 'DELETE /api/auth/view-as') return
    const before = await sql(`select count(*)::int as n from bos.event where entity <> 'bos.access'`)
    const reply = await by(token, method, addressOf(path), method === 'GET' ? undefined : {}, { 'idempotency-key': 'k' })
    expect(problemOf(reply)[1] === 'viewing-only').toBe(!kept.has(name))
    expect(await sql(`select count(*)::int as n from bos.event where entity <> 'bos.access'`)).toEqual(before)
  })

  test.each(['bulk', `${id}/share`, `${id}/restore`, 'import', `${id}/win`])('cannot POST to %s', async (path) => {
    expect(problemOf(await by(token, 'POST', `/api/crm/deals/${path}`, {}))).toEqual([403, 'viewing-only'])
  })

  test('is told of no write by the description of the API', async () => {
    type Paths = Record<string, Record<string, { security?: unknown }>>
    const mine = async (): Promise<Paths> => ok(await call('rep@acme', 'GET', '/api/openapi.json'))['paths'] as Paths
    const writes = (paths: Paths): string[] =>
      Object.entries(paths).flatMap(([path, item]) =>
        Object.entries(item)
          .filter(([verb, operation]) => !['get', 'parameters'].includes(verb) && !operation.security)
          .map(([verb]) => `${verb} ${path}`),
      )
    const [own, viewed] = [await mine(), ok(await by(token, 'GET', '/api/openapi.json'))['paths'] as Paths]
    expect(writes(own)).toContain('patch /api/crm/deals/{id}')
    expect(writes(viewed)).toEqual(['delete /api/auth/view-as'])
    // What can be read is described as for themselves.
    expect(viewed['/api/crm/deals']!['get']).toEqual(own['/api/crm/deals']!['get'])
    expect(await mine()).toEqual(own)
  })

  test('could not write even past the doors: the database refuses', async () => {
    const [viewing] = await sql<{ session_id: string; generation: string }>(
      `select v.session_id, t.generation from bos.viewing v join bos.tenant t on t.id = v.tenant_id where v.ended_at is null and v.expires_at > now() limit 1`,
    )
    const context = { tenant: acme.id, member: rep, session: viewing!.session_id, generation: Number(viewing!.generation), scopes: [] }
    const write = world.app.database.transaction(context, (tx) =>
      tx.commit({ role: 'bos_write', queries: [{ text: 'update core.member set revision = revision' }] }),
    )
    await expect(write).rejects.toMatchObject({ code: '25006' })
    // Nor does the session stand for anybody else.
    const other = world.app.database.transaction({ ...context, member: acme.members['manager']! }, (tx) => tx.commit())
    await expect(other).rejects.toMatchObject({ name: 'Stale' })
  })

  test('is logged under both names, with every request', async () => {
    const log = vi.mocked(console.error)
    log.mockClear()
    await by(token, 'GET', '/api/crm/deals')
    expect(log.mock.calls.map(([line]) => JSON.parse(String(line)) as object)).toMatchObject([
      { event: 'request', member: rep, by: admin, method: 'GET', path: '/api/crm/deals', status: 200 },
    ])
  })

  test('ends it, which holds at once; both ends are events of the real actor', async () => {
    const mine = String(ok(await begin('admin@acme', acme.members['manager']!))['accessToken'])
    const before = await events()
    expect(before.at(-1)).toEqual({ actor: admin, record_id: acme.members['manager'], op: 'begun' })
    expect((await by(mine, 'DELETE', '/api/auth/view-as')).status).toBe(204)
    expect((await by(mine, 'GET', '/api/me')).status).toBe(401)
    expect((await by(mine, 'GET', '/api/crm/deals')).status).toBe(401)
    expect((await events()).slice(before.length)).toEqual([{ actor: admin, record_id: acme.members['manager'], op: 'ended' }])
    // What others look as goes on, and so does the real session.
    expect((await by(token, 'GET', '/api/me')).status).toBe(200)
    expect((await call('admin@acme', 'GET', '/api/me')).status).toBe(200)
  })

  test('looks as nobody once they lose a role that may have let them', async () => {
    const other = String(ok(await begin('admin@acme', acme.members['manager']!))['accessToken'])
    expect((await by(other, 'GET', '/api/me')).status).toBe(200)
    await sql('delete from bos.role_assignment where member_id = $1', [admin])
    expect((await by(other, 'GET', '/api/crm/deals')).status).toBe(401)
    await sql(`insert into bos.role_assignment (tenant_id, member_id, role) values ($1, $2, 'core.admin')`, [acme.id, admin])
    expect((await by(other, 'GET', '/api/me')).status).toBe(401)
    token = String(ok(await begin('admin@acme', rep))['accessToken'])
  })

  test('sees what a change of roles leaves them, and nothing once the session is over', async () => {
    ok(await call('admin@acme', 'PUT', `/api/access/${rep}`, { body: { email: 'rep@acme.test', roles: ['core.user'] } }))
    expect((await by(token, 'GET', '/api/crm/deals')).status).toBe(404)
    await sql('update bos.session set revoked_at = now() where member_id = $1', [admin])
    expect((await by(token, 'GET', '/api/core/members')).status).toBe(401)
  })
})
