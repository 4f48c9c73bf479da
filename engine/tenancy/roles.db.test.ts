import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { startApp } from '../app.ts'
import { setAccess } from './tenants.ts'
import { databaseUrl } from '../testing/postgres.ts'
import { ok, openWorld, testConfig, type Person, type Reply } from '../testing/world.ts'

/** What a tenant says of roles itself: who may, what is refused, and that it holds on the next request, everywhere. */
const world = await openWorld()
const { acme, globex, sql, call: request } = world
const rep = acme.members['rep']!
const admin = acme.members['admin']!
const roles = '/api/access/roles'
const deals = 'permissions/crm/deals'
type Json = Record<string, unknown>
const call = (as: Person, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
  request(as, method, path, { headers, ...(body !== undefined && { body }) })
const byAdmin = async (method: string, path: string, body?: unknown): Promise<Json> =>
  ok(await call('admin@acme', method, `${roles}${path}`, body))
const problemOf = (reply: Reply): unknown[] => {
  const { code, errors = [] } = reply.body as { code?: string; errors?: { pointer: string; detail: string }[] }
  return [reply.status, code, ...errors.map(({ pointer, detail }) => `${pointer} ${detail}`)]
}
const names = async (as: Person, query = ''): Promise<string[]> =>
  (ok(await call(as, 'GET', `/api/crm/deals?limit=500${query}`))['data'] as { name: string }[]).map(({ name }) => name).sort()
const give = async (given: readonly string[]): Promise<void> =>
  void ok(await call('admin@acme', 'PUT', `/api/access/${rep}`, { email: 'rep@acme.test', roles: given }))
const repRoles = ['core.user', 'crm.rep', 'inventory.clerk']
const reader = { scope: 'all', read: true }

beforeEach(async () => {
  await give(repRoles)
  await sql('delete from bos.role_permission')
  await sql('delete from bos.role')
})

describe('it is refused', () => {
  test('to whoever is no administrator, and to nobody', async () => {
    for (const person of ['rep@acme', 'manager@acme'] as const)
      for (const [method, path, body] of [
        ['GET', ''],
        ['GET', '/crm.rep'],
        ['GET', '/crm.rep/history'],
        ['PUT', '/tenant.intern', { title: 'Intern' }],
        ['PUT', `/crm.rep/${deals}`, reader],
        ['PUT', `/crm.rep/${deals}?dryRun=true`, reader],
        ['DELETE', `/crm.rep/${deals}`],
        ['DELETE', '/crm.rep'],
      ] as const)
        expect([method, path, problemOf(await call(person, method, roles + path, body))]).toEqual([method, path, [403, 'not-allowed']])
    expect((await request(null, 'GET', roles)).status).toBe(401)
    expect(await sql('select * from bos.role')).toEqual([])
  })

  test('for a role, entity or edit that is not there, alike whether another tenant has it', async () => {
    ok(await call('admin@globex', 'PUT', `${roles}/tenant.intern`, { title: 'Intern' }))
    const other = await call('admin@acme', 'GET', `${roles}/tenant.intern`)
    const never = await call('admin@acme', 'GET', `${roles}/tenant.nobody`)
    expect(problemOf(other)).toEqual([404, 'not-found'])
    expect(problemOf(never)).toEqual([404, 'not-found'])
    expect(problemOf(await call('admin@acme', 'PUT', `${roles}/tenant.intern/${deals}`, reader))).toEqual([404, 'not-found'])
    expect(problemOf(await call('admin@acme', 'DELETE', `${roles}/tenant.intern`))).toEqual([404, 'not-found'])
    expect(problemOf(await call('admin@acme', 'PUT', `${roles}/crm.rep/permissions/crm/dealz`, reader))).toEqual([404, 'not-found'])
    expect(problemOf(await call('admin@acme', 'DELETE', `${roles}/crm.rep/${deals}`))).toEqual([404, 'not-found'])
    expect(problemOf(await call('admin@acme', 'DELETE', `${roles}/crm.rep`))).toEqual([404, 'not-found'])
    expect(problemOf(await call('admin@acme', 'PUT', `/api/access/${rep}`, { email: 'rep@acme.test', roles: ['tenant.intern'] }))).toEqual([
      422,
      'request-invalid',
      '/roles/0 there is no role "tenant.intern".',
    ])
  })

  test('for an id that is not the tenant’s, or no id', async () => {
    expect(problemOf(await call('admin@acme', 'PUT', `${roles}/crm.rep`, { title: 'Mine' }))).toEqual([409, 'conflict'])
    for (const id of ['crm.intern', 'intern', 'tenant.Intern', 'tenant.', 'tenant.x_y', 'tenant.a.b', `tenant.${'a'.repeat(60)}`])
      expect([id, problemOf(await call('admin@acme', 'PUT', `${roles}/${id}`, { title: 'Mine' }))]).toEqual([id, [422, 'request-invalid']])
    expect(problemOf(await call('admin@acme', 'PUT', `${roles}/tenant.intern`, { title: '' }))[2]).toMatch(/^\/title must be/)
    for (const title of ['A\0B', 'A\ud800'])
      expect(problemOf(await call('admin@acme', 'PUT', `${roles}/tenant.intern`, { title }))[2]).toMatch(/^\/title contains/)
    expect(problemOf(await call('admin@acme', 'PUT', `${roles}/tenant.intern`, { title: 'A', viewAs: true }))[2]).toBe(
      '/viewAs is not known here',
    )
  })

  test('for what nobody could understand, every fault with its place', async () => {
    const refused = async (document: unknown): Promise<unknown[]> =>
      problemOf(await call('admin@acme', 'PUT', `${roles}/crm.rep/${deals}`, document))
    expect(await refused([])).toEqual([422, 'request-invalid', expect.stringMatching(/^ must be an object/)])
    expect(await refused({ read: true })).toEqual([422, 'request-invalid', expect.stringMatching(/"scope" is missing/)])
    expect(await refused({ scope: 'all', raed: true })).toEqual([
      422,
      'request-invalid',
      '/raed there is no keyword "raed" here. Did you mean "read"?',
    ])
    expect(await refused({ scope: ['own', 'mine'], update: "self.stag == 'won'", hide: ['margn'], transitions: { win: true } })).toEqual([
      422,
      'request-invalid',
      expect.stringMatching(/^\/scope\/1 there is no scope "mine"/),
      '/transitions/win there is no transition "win"',
      '/hide/0 crm.deal has no property "margn". Did you mean "margin"?',
      expect.stringMatching(/^\/update at "stag" \(character 6\): .*Did you mean "stage"\?/),
    ])
    expect(await refused({ scope: 'all', read: 'self.stage > 1' })).toEqual([422, 'request-invalid', expect.stringMatching(/^\/read /)])
    expect(await refused({ scope: 'all', read: 'self.name' })).toEqual([422, 'request-invalid', expect.stringMatching(/^\/read /)])
    expect(await refused({ scope: 'all', read: 'old.stage == null' })).toEqual([422, 'request-invalid', expect.stringMatching(/^\/read /)])
    expect(await sql('select * from bos.role_permission')).toEqual([])
  })

  test('for administrators: nobody locks themselves out', async () => {
    for (const [method, path, body] of [
      ['PUT', `/core.admin/${deals}`, { scope: 'all', read: false }],
      ['PUT', '/core.admin/permissions/core/members', { scope: 'all', read: false }],
      ['DELETE', '/core.admin', undefined],
    ] as const)
      expect(problemOf(await call('admin@acme', method, roles + path, body))).toEqual([409, 'conflict'])
    // Nor by a role of theirs besides.
    ok(await call('admin@acme', 'PUT', `/api/access/${admin}`, { email: 'admin@acme.test', roles: ['core.admin', 'crm.rep'] }))
    await byAdmin('PUT', `/crm.rep/${deals}`, { scope: 'own', read: false })
    expect((await names('admin@acme')).length).toBeGreaterThan(0)
    expect(
      problemOf(await call('admin@acme', 'PUT', `/api/access/${admin}`, { email: 'admin@acme.test', roles: ['tenant.boss'] }))[0],
    ).toBe(422)
  })

  test('over a change that was made since', async () => {
    const tagOf = ({ headers }: Reply): string => headers.get('etag') ?? ''
    const path = `${roles}/tenant.intern/${deals}`
    const change = (tag: string) => call('admin@acme', 'PUT', path, reader, { 'if-match': tag })
    const made = await call('admin@acme', 'PUT', `${roles}/tenant.intern`, { title: 'Intern' })
    expect([made.status, tagOf(made)]).toEqual([201, expect.stringMatching(/^"1-[0-9a-f]+"$/)])
    const first = await change(tagOf(made))
    expect([first.status, tagOf(first)]).toEqual([200, tagOf(made).replace('1', '2')])
    const late = await change(tagOf(made))
    expect([...problemOf(late), tagOf(late)]).toEqual([412, 'version-conflict', tagOf(first)])
    expect(tagOf(await call('admin@acme', 'GET', `${roles}/tenant.intern`))).toBe(tagOf(first))
    expect((await change('"1"')).status).toBe(412)
    expect((await change('no tag')).status).toBe(400)
    // Deleted and made again it is another role, of which nobody has read anything.
    ok(await call('admin@acme', 'DELETE', `${roles}/tenant.intern`))
    const again = await call('admin@acme', 'PUT', `${roles}/tenant.intern`, { title: 'Intern' })
    expect([again.status, tagOf(again).startsWith('"1-')]).toEqual([201, true])
    expect((await change(tagOf(made))).status).toBe(412)
    expect((await change(tagOf(again))).status).toBe(200)
  })

  test('while somebody looks as an administrator', async () => {
    const second = 'manager@acme'
    const manager = acme.members['manager']!
    const was = (ok(await call('admin@acme', 'GET', `/api/access/${manager}`)) as { roles: string[] }).roles
    ok(await call('admin@acme', 'PUT', `/api/access/${manager}`, { email: `${second}.test`, roles: [...was, 'core.admin'] }))
    const token = String(ok(await call('admin@acme', 'POST', '/api/auth/view-as', { member: manager }))['accessToken'])
    const looking = (method: string, path: string, body?: unknown): Promise<Reply> =>
      request(null, method, path, { headers: { authorization: `Bearer ${token}` }, ...(body !== undefined && { body }) })
    expect((await looking('GET', `${roles}/crm.rep`)).status).toBe(200)
    for (const more of ['', '?dryRun=true'])
      expect(problemOf(await looking('PUT', `${roles}/crm.rep/${deals}${more}`, reader))).toEqual([403, 'viewing-only'])
    ok(await call('admin@acme', 'PUT', `/api/access/${manager}`, { email: `${second}.test`, roles: was }))
  })
})

describe('a role', () => {
  test('of the tenant’s own is given, changed, told of in the log, and taken from everybody', async () => {
    const before = await names('rep@acme')
    await byAdmin('PUT', '/tenant.intern', { title: 'Intern' })
    await give(['core.user', 'tenant.intern'])
    expect(problemOf(await call('rep@acme', 'GET', '/api/crm/deals'))[0]).toBe(404)
    await byAdmin('PUT', `/tenant.intern/${deals}`, { scope: 'all', read: "self.stage == 'won'", hide: ['margin', 'value'] })
    const won = await names('rep@acme')
    expect(won).toEqual(await names('admin@acme', '&stage=won'))
    expect(won).not.toEqual(before)
    expect(problemOf(await call('rep@acme', 'GET', '/api/crm/deals?value.gte=1'))[1]).toBe(
      problemOf(await call('rep@acme', 'GET', '/api/crm/deals?valua.gte=1'))[1],
    )
    const view = await byAdmin('GET', '/tenant.intern')
    expect(view).toMatchObject({ own: true, people: 1, title: 'Intern', edited: ['crm.deal'], faulty: false })
    expect(view['permissions']).toEqual({
      'crm.deal': { module: null, tenant: { scope: 'all', read: "self.stage == 'won'", hide: ['margin', 'value'] } },
    })
    await byAdmin('PUT', '/tenant.intern', { title: 'Interns' })
    const catalogue = ok(await call('rep@acme', 'GET', '/api/catalogue')) as { me: { roles: string[] } }
    expect(catalogue.me.roles).toContain('tenant.intern')
    expect((await call('admin@acme', 'DELETE', `${roles}/tenant.intern`)).status).toBe(204)
    expect(problemOf(await call('rep@acme', 'GET', '/api/crm/deals'))[0]).toBe(404)
    // Another of its name is nobody's.
    await byAdmin('PUT', '/tenant.intern', { title: 'Intern' })
    await byAdmin('PUT', `/tenant.intern/${deals}`, reader)
    expect(problemOf(await call('rep@acme', 'GET', '/api/crm/deals'))[0]).toBe(404)
    const events = await sql<{ type: string; changed: string[]; actor: string; set: Json }>(
      `select e.type, e.changed, e.actor::text, b.body -> 'set' as set from bos.event e join bos.event_body b on b.event_id = e.id
       where e.entity = 'bos.role' and e.tenant_id = $1 order by e.at desc limit 6`,
      [acme.id],
    )
    expect(events.map(({ type, changed }) => [type, ...changed])).toEqual([
      ['updated', 'permissions/crm.deal'],
      ['created', 'title'],
      ['deleted', 'title', 'permissions/crm.deal', 'people'],
      ['updated', 'title'],
      ['updated', 'permissions/crm.deal'],
      ['created', 'title'],
    ])
    expect(events.every(({ actor }) => actor === admin)).toBe(true)
    expect(events[2]!.set['people']).toEqual({ from: [rep], to: [] })
    const told = (await byAdmin('GET', '/tenant.intern/history'))['data'] as Json[]
    expect(told.map(({ type, by, version }) => [type, by, version])).toEqual([
      ['updated', admin, 2],
      ['created', admin, 1],
    ])
    expect(told[0]!['changes']).toEqual({ 'permissions/crm.deal': { from: null, to: reader } })
  })

  test('counts the people who are there', async () => {
    const peopleOf = async (): Promise<unknown> => ok(await call('admin@acme', 'GET', `${roles}/crm.lead`))['people']
    const before = Number(await peopleOf())
    const { id } = ok(await call('admin@acme', 'POST', '/api/core/members', { name: 'Lee' }))
    ok(await call('admin@acme', 'PUT', `/api/access/${String(id)}`, { email: null, roles: ['crm.lead'] }))
    expect(await peopleOf()).toBe(before + 1)
    ok(await call('admin@acme', 'DELETE', `/api/core/members/${String(id)}`))
    expect(await peopleOf()).toBe(before)
  })

  test('of a module is told with what the module said before, and says again', async () => {
    const { module } = (ok(await call('admin@acme', 'GET', `${roles}/crm.rep`))['permissions'] as Record<string, Json>)['crm.deal']!
    expect(module).toMatchObject({ scope: expect.anything() })
    await byAdmin('PUT', `/crm.rep/${deals}`, reader)
    await byAdmin('PUT', `/crm.rep/${deals}`, { ...reader, export: true })
    await call('admin@acme', 'DELETE', `${roles}/crm.rep/${deals}`)
    await byAdmin('PUT', `/crm.rep/${deals}`, reader)
    await call('admin@acme', 'DELETE', `${roles}/crm.rep`)
    const told = (await byAdmin('GET', '/crm.rep/history'))['data'] as { changes: Json }[]
    expect(told.map(({ changes }) => changes['permissions/crm.deal'])).toEqual([
      { from: reader, to: module },
      { from: module, to: reader },
      { from: { ...reader, export: true }, to: module },
      { from: reader, to: { ...reader, export: true } },
      { from: module, to: reader },
    ])
  })

  test('that was deleted a moment ago is given to nobody', async () => {
    const given = {
      tenant: acme.id,
      member: rep,
      email: 'rep@acme.test',
      passwordHash: null,
      roles: ['core.user', 'tenant.gone'],
      link: false,
    }
    await expect(setAccess(world.app.database, given)).rejects.toMatchObject({ code: 'request-invalid', faults: [{ pointer: '/roles' }] })
    await expect(
      sql(`insert into bos.role_assignment (tenant_id, member_id, role) values ($1, $2, 'tenant.gone')`, [acme.id, rep]),
    ).rejects.toMatchObject({ code: '23503' })
  })

  test('of a module is what the tenant says, narrower or wider, until it says nothing; others are as they were', async () => {
    const [own, all] = [await names('rep@acme'), await names('admin@acme')]
    const others = await names('manager@acme')
    const there = await names('rep@globex')
    await byAdmin('PUT', `/crm.rep/${deals}`, { scope: 'all', read: true, hide: ['margin'] })
    expect(await names('rep@acme')).toEqual(all)
    expect((await call('rep@acme', 'POST', '/api/crm/deals', { name: 'x' })).status).toBe(403)
    await byAdmin('PUT', `/crm.rep/${deals}`, { scope: 'own', read: 'self.probability > 50', update: true })
    const likely = await names('rep@acme')
    expect(likely.length).toBeLessThan(own.length)
    expect(await names('rep@globex')).toEqual(there)
    expect(await names('manager@acme')).toEqual(others)
    const [one] = ok(await call('rep@acme', 'GET', '/api/crm/deals?limit=1'))['data'] as { id: string }[]
    const why = async (action: string): Promise<Json> =>
      ok(await call('rep@acme', 'GET', `/api/crm/deals/${one!.id}/explain?action=${action}`))
    expect(await why('get')).toMatchObject({ allowed: true, because: [{ role: 'crm.rep', scope: 'own', layer: 'tenant' }] })
    expect((await why('delete'))['refused']).toContainEqual(expect.objectContaining({ role: 'crm.rep', layer: 'tenant' }))
    const { permissions } = (await byAdmin('GET', '/crm.rep')) as { permissions: Record<string, { module: Json; tenant: Json }> }
    expect(permissions['crm.deal']!.module).toMatchObject({ scope: ['own', 'shared'], create: true })
    expect(permissions['crm.deal']!.tenant).toEqual({ scope: 'own', read: 'self.probability > 50', update: true })
    await byAdmin('DELETE', `/crm.rep/${deals}`)
    expect(await names('rep@acme')).toEqual(own)
    await byAdmin('PUT', `/crm.rep/${deals}`, { scope: 'own', read: false })
    expect((await call('rep@acme', 'GET', '/api/crm/deals')).status).toBe(404)
    expect((await call('admin@acme', 'DELETE', `${roles}/crm.rep`)).status).toBe(200)
    expect(await names('rep@acme')).toEqual(own)
  })

  test('chooses the scopes that bos.begin is told of', async () => {
    await byAdmin('PUT', `/crm.rep/${deals}`, { scope: 'all', read: "self.stage == 'won'" })
    ok(await call('rep@acme', 'GET', '/api/crm/deals'))
    const access = await world.app.records.access({ ...(await actorOf(rep)), roles: repRoles })
    expect(access.scopes).toContain('crm.deal:all')
    expect(access.scopes).not.toContain('crm.deal:own')
  })
})

const actorOf = async (member: string) => {
  const [row] = await sql<{ generation: string }>('select generation from bos.tenant where id = $1', [acme.id])
  return {
    tenant: acme.id,
    tenantSlug: 'acme',
    member,
    session: null,
    generation: Number(row!.generation),
    timeZone: 'UTC',
    tenantName: 'Acme',
    locale: 'en',
    currency: 'EUR',
  }
}

describe('two processes on one database', () => {
  const dataDir = mkdtemp(join(tmpdir(), 'businessos-roles-'))
  afterAll(async () => rm(await dataDir, { recursive: true, force: true }))

  test('agree on the very next request', async () => {
    const [row] = await sql<{ name: string }>('select current_database() as name')
    const other = await startApp(testConfig(databaseUrl(row!.name), await dataDir))
    try {
      const login = await fetch(`${other.url}/api/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: 'rep@acme.test', password: 'a password for tests only' }),
      })
      const { accessToken } = (await login.json()) as { accessToken: string }
      const there = async (): Promise<[number, string[]]> => {
        const reply = await fetch(`${other.url}/api/crm/deals?limit=500`, { headers: { authorization: `Bearer ${accessToken}` } })
        const { data = [] } = (await reply.json()) as { data?: { name: string }[] }
        return [reply.status, data.map(({ name }) => name).sort()]
      }
      const own = await names('rep@acme')
      expect(await there()).toEqual([200, own])
      await byAdmin('PUT', `/crm.rep/${deals}`, { scope: 'all', read: true })
      expect(await there()).toEqual([200, await names('admin@acme')])
      await byAdmin('PUT', `/crm.rep/${deals}`, { scope: 'own', read: false })
      expect((await there())[0]).toBe(404)
      await byAdmin('DELETE', `/crm.rep/${deals}`)
      expect(await there()).toEqual([200, own])
      // Edits of two administrators at once come one after the other.
      const replies = await Promise.all(
        ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => call('admin@acme', 'PUT', `${roles}/tenant.${name}`, { title: name })),
      )
      expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 201])
    } finally {
      await other.close()
    }
  })

  test('equal edits of two tenants share what they mean, different ones nothing', async () => {
    const catalogueOf = async (tenant: string, member: string) => {
      const [row] = await sql<{ generation: string }>('select generation from bos.tenant where id = $1', [tenant])
      return world.app.catalogues.current({ ...(await actorOf(member)), tenant, generation: Number(row!.generation) })
    }
    const both = () => Promise.all([catalogueOf(acme.id, rep), catalogueOf(globex.id, rep)])
    await sql('update bos.tenant set generation = generation + 1')
    const [untouched, alike] = await both()
    expect(untouched).toBe(alike)
    for (const as of ['admin@acme', 'admin@globex'] as const) ok(await call(as, 'PUT', `${roles}/crm.rep/${deals}`, reader))
    const [here, there] = await both()
    expect(here).toBe(there)
    expect(here.hash).not.toBe(untouched.hash)
    ok(await call('admin@globex', 'PUT', `${roles}/crm.rep/${deals}`, { ...reader, export: true }))
    const [mine, theirs] = await both()
    expect(mine).toBe(here)
    expect(theirs).not.toBe(here)
    expect(theirs.entities.get('crm.company')).toBe(untouched.entities.get('crm.company'))
  })
})
