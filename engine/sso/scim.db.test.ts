import { beforeEach, describe, expect, it } from 'vitest'
import { eventsOf } from '../testing/scenarios.ts'
import { blank, openSsoWorld } from '../testing/sso.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'

const world = await openSsoWorld()
const { acme, call, sql, ownDomain, set, publicUrl } = world
await ownDomain('admin@acme', 'acme.test')

const settings = (issuer: string) => ({ kind: 'oidc', issuer, clientId: 'x', scopes: [], groupsClaim: null })
const groupRoles = [
  { group: 'Sales', role: 'crm.rep' },
  { group: 'Leads', role: 'crm.manager' },
]
/** A provider with a directory; answers its id and a token. */
const directory = async (as: Person, issuer: string): Promise<{ id: string; token: string }> => {
  const id = String(ok(await set(as, settings(issuer), { startingRoles: ['core.user'], groupRoles }))['id'])
  return { id, token: String(ok(await call(as, 'POST', `/api/sso/providers/${id}/tokens`, { body: {} }))['token']) }
}
const ours = await directory('admin@acme', 'http://127.0.0.1:1/ours')
const partner = await directory('admin@acme', 'http://127.0.0.1:1/partner')
const globex = await directory('admin@globex', 'http://127.0.0.1:1/globex')

interface Body {
  readonly id: string
  readonly [name: string]: unknown
}
const scim = (method: string, path: string, body?: unknown, token = ours.token): Promise<Reply> =>
  call(null, method, `/scim/v2${path}`, {
    ...(body !== undefined && { body }),
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/scim+json' }) },
  })
const made = (reply: Reply): Body => ok(reply) as unknown as Body
const fault = ({ status, body, headers }: Reply): unknown[] => {
  const { schemas, status: said, scimType } = body as Record<string, unknown>
  expect(headers.get('content-type')).toBe('application/scim+json')
  expect([schemas, said]).toEqual([['urn:ietf:params:scim:api:messages:2.0:Error'], String(status)])
  return [status, scimType]
}
const patch = (path: string, ...Operations: object[]): Promise<Reply> =>
  scim('PATCH', path, { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations })
const rolesOf = async (member: string): Promise<string[]> => {
  const { roles } = ok(await call('admin@acme', 'GET', `/api/access/${member}`)) as { roles: string[] }
  return roles
}
const record = async (member: string): Promise<Body> => made(await call('admin@acme', 'GET', `/api/core/members/${member}`))

let number = 0
const someone = (more: object = {}) => {
  const name = `user-${++number}`
  return { userName: `${name}@acme.test`, externalId: name, name: { givenName: 'Una', familyName: `No. ${number}` }, active: true, ...more }
}
const user = async (more: object = {}): Promise<Body> => made(await scim('POST', '/Users', someone(more)))
const group = async (displayName: string, ...members: Body[]): Promise<Body> =>
  made(await scim('POST', '/Groups', { displayName, members: members.map(({ id }) => ({ value: id })) }))

beforeEach(async () => {
  await sql('update bos.session set proved_at = now()')
  await sql('delete from bos.directory_group')
})

describe('a directory', () => {
  it('is known by a token of its own, which opens nothing else, and is out with the next request when that is revoked', async () => {
    expect(fault(await call(null, 'GET', '/scim/v2/Users'))).toEqual([401, undefined])
    for (const token of ['bos_scim_x', `${ours.token}x`, ours.token.slice(0, -1)])
      expect((await scim('GET', '/Users', undefined, token)).status).toBe(401)
    const session = await world.token('admin@acme')
    expect((await scim('GET', '/Users', undefined, session)).status).toBe(401)
    for (const path of ['/api/me', '/api/core/members', '/api/access', '/api/sso/providers'])
      expect((await call(null, 'GET', path, { headers: { authorization: `Bearer ${ours.token}` } })).status, path).toBe(401)

    const path = `/api/sso/providers/${ours.id}/tokens`
    const { token, id } = ok(await call('admin@acme', 'POST', path, { body: {} })) as { token: string; id: string }
    expect((await scim('GET', '/Users', undefined, token)).status).toBe(200)
    const [listed] = ok(await call('admin@acme', 'GET', path))['data'] as Record<string, unknown>[]
    expect(listed).toMatchObject({ id, prefix: token.slice(0, 15), lastAddress: expect.stringContaining('127.0.0.1') as string })
    expect(JSON.stringify(listed)).not.toContain(token)
    ok(await call('admin@acme', 'DELETE', `${path}/${id}`))
    expect((await scim('GET', '/Users', undefined, token)).status).toBe(401)
    const stored = await sql<{ hash: Buffer }>('select hash from bos.scim_token')
    expect(stored.some(({ hash }) => hash.toString().includes(ours.token))).toBe(false)
  })

  it('that is turned off is out, and so is one whose token has expired', async () => {
    await sql('update bos.identity_provider set enabled = false where id = $1', [ours.id])
    expect((await scim('GET', '/Users')).status).toBe(401)
    await sql('update bos.identity_provider set enabled = true where id = $1', [ours.id])
    await sql(`update bos.scim_token set expires_at = now() where provider_id = $1`, [partner.id])
    expect((await scim('GET', '/Users', undefined, partner.token)).status).toBe(401)
    await sql(`update bos.scim_token set expires_at = null where provider_id = $1`, [partner.id])
  })

  it('is told what there is', async () => {
    expect(ok(await scim('GET', '/ServiceProviderConfig'))).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
      filter: { maxResults: 200 },
    })
    expect(ok(await scim('GET', '/ResourceTypes'))).toMatchObject({ totalResults: 2 })
    const { Resources } = ok(await scim('GET', '/Schemas')) as { Resources: Body[] }
    for (const { id } of Resources) expect(ok(await scim('GET', `/Schemas/${id}`))['id']).toBe(id)
    expect((await scim('GET', '/Schemas/urn:nothing')).status).toBe(404)
  })
})

describe('people of a directory', () => {
  it('are people of the tenant, made by the directory and told in the log', async () => {
    const wanted = someone({
      title: 'Buyer',
      emails: [
        { value: 'private@home.example', type: 'home' },
        { value: 'una@acme.test', type: 'work' },
      ],
    })
    const { result, events } = await eventsOf(world, () => scim('POST', '/Users', wanted))
    const { id, meta, ...shown } = made(result)
    expect([result.status, result.headers.get('location')]).toEqual([201, `${publicUrl}/scim/v2/Users/${id}`])
    expect(meta).toMatchObject({ resourceType: 'User', location: `${publicUrl}/scim/v2/Users/${id}` })
    expect(shown).toEqual({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      externalId: wanted.externalId,
      userName: wanted.userName,
      displayName: `Una No. ${number}`,
      name: { formatted: `Una No. ${number}`, givenName: 'Una', familyName: `No. ${number}` },
      title: 'Buyer',
      emails: [{ value: 'una@acme.test', type: 'work', primary: true }],
      active: true,
      groups: [],
    })
    expect(events).toEqual(['core.member.access_changed', 'core.member.created'])
    expect(await record(id)).toMatchObject({ name: `Una No. ${number}`, email: 'una@acme.test', job_title: 'Buyer', active: true })
    expect(await rolesOf(id)).toEqual(['core.user'])
    const { data } = ok(await call('admin@acme', 'GET', `/api/core/members/${id}/history`)) as { data: { via: string }[] }
    expect(new Set(data.map(({ via }) => via))).toEqual(new Set(['directory']))
  })

  it('are found by what directories ask for, however it is written', async () => {
    const one = await user()
    const found = async (filter: string): Promise<unknown> => {
      const { Resources } = ok(await scim('GET', `/Users?filter=${encodeURIComponent(filter)}`)) as { Resources: Body[] }
      return Resources.map(({ id }) => id)
    }
    const name = one['userName'] as string
    for (const filter of [
      `userName eq "${name}"`,
      `username EQ "${name.toUpperCase()}"`,
      `urn:ietf:params:scim:schemas:core:2.0:User:userName eq "${name}"`,
      `externalId eq "user-${number}"`,
      `emails[type eq "work"].value eq "${name}"`,
      `emails[type eq "work" and value eq "${name}"]`,
      `id eq "${one.id}" and active eq true`,
      `userName eq "nobody" or name.familyName eq "no. ${number}"`,
      `userName sw "user-${number}@" and not (active eq false)`,
      `userName eq "${name}" and meta.created gt "2020-01-01T00:00:00Z"`,
    ])
      expect(await found(filter), filter).toEqual([one.id])
    for (const filter of [
      `externalId eq "USER-${number}"`,
      `userName eq "' or true --"`,
      `emails[type eq "home"].value eq "${name}"`,
      `active eq false`,
    ])
      expect(await found(filter), filter).toEqual([])
  })

  it.each([
    'userName',
    'userName eq',
    'password eq "x"',
    'constructor eq "x"',
    '__proto__ eq "x"',
    'active gt true',
    '('.repeat(400),
    'x'.repeat(600),
    'userName eq 5',
    'meta.created gt "soon"',
  ])('a filter that asks for nothing sensible is refused: %s', async (filter) => {
    expect(fault(await scim('GET', `/Users?filter=${encodeURIComponent(filter)}`))).toEqual([400, 'invalidFilter'])
  })

  it('come in pages', async () => {
    await Promise.all([user(), user(), user()])
    const page = async (query: string) =>
      ok(await scim('GET', `/Users${query}`)) as { totalResults: number; startIndex: number; itemsPerPage: number; Resources: Body[] }
    const all = await page('')
    expect(all.itemsPerPage).toBe(all.totalResults)
    const second = await page('?startIndex=2&count=2')
    expect(second.Resources.map(({ id }) => id)).toEqual(all.Resources.slice(1, 3).map(({ id }) => id))
    expect(second).toMatchObject({ startIndex: 2, itemsPerPage: 2, totalResults: all.totalResults })
    expect(await page('?count=0')).toMatchObject({ itemsPerPage: 0, totalResults: all.totalResults })
    expect(await page('?startIndex=-5&count=1')).toMatchObject({ startIndex: 1, itemsPerPage: 1 })
    expect((await scim('GET', '/Users?count=x')).status).toBe(400)
  })

  it('are changed as Entra ID and Okta ask for it', async () => {
    const { id } = await user()
    const after = async (...operations: object[]): Promise<Body> => made(await patch(`/Users/${id}`, ...operations))
    expect(await after({ op: 'Replace', path: 'displayName', value: 'Una the First' })).toMatchObject({ displayName: 'Una the First' })
    expect(await after({ op: 'Add', path: 'emails[type eq "work"].value', value: 'first@acme.test' })).toMatchObject({
      emails: [{ value: 'first@acme.test', type: 'work', primary: true }],
    })
    expect(await after({ op: 'replace', value: { title: 'Head', 'name.givenName': 'Uno', name: { familyName: 'Due' } } })).toMatchObject({
      title: 'Head',
      name: { givenName: 'Uno', familyName: 'Due' },
    })
    expect(await after({ op: 'Replace', path: 'active', value: 'False' })).toMatchObject({ active: false })
    expect(await after({ op: 'replace', value: { active: true } })).toMatchObject({ active: true })
    expect(await after({ op: 'remove', path: 'title' })).not.toHaveProperty('title')
    // What is not kept here is passed over.
    expect(
      await after(
        { op: 'Add', path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department', value: 'X' },
        { op: 'add', path: 'addresses[type eq "work"].locality', value: 'Y' },
      ),
    ).toMatchObject({ displayName: 'Una the First' })
    const whole = someone({ userName: 'again@acme.test', displayName: 'Una again' })
    expect(made(await scim('PUT', `/Users/${id}`, whole))).toMatchObject({ id, userName: 'again@acme.test', displayName: 'Una again' })
  })

  it.each([
    ['no operations', {}],
    ['an empty list', { Operations: [] }],
    ['an unknown operation', { Operations: [{ op: 'move', path: 'title' }] }],
    ['what removes everything', { Operations: [{ op: 'remove' }] }],
    ['a name that is no text', { Operations: [{ op: 'replace', path: 'userName', value: { a: 1 } }] }],
    ['a flag that is none', { Operations: [{ op: 'replace', path: 'active', value: 'maybe' }] }],
    ['a name that is too long', { Operations: [{ op: 'replace', path: 'displayName', value: 'x'.repeat(300) }] }],
    ['an address that is none', { Operations: [{ op: 'replace', path: 'emails', value: [{ value: 'nowhere' }] }] }],
  ])('a change with %s is refused as a whole', async (_name, body) => {
    const { id } = await user()
    const { result, events } = await eventsOf(world, () => scim('PATCH', `/Users/${id}`, body))
    expect(fault(result)).toEqual([400, 'invalidValue'])
    expect(events).toEqual([])
  })

  it('have a name that is one’s only', async () => {
    const one = await user()
    expect(fault(await scim('POST', '/Users', someone({ userName: String(one['userName']).toUpperCase() })))).toEqual([409, 'uniqueness'])
    expect(fault(await scim('POST', '/Users', { active: true }))).toEqual([400, 'invalidValue'])
    const other = await user()
    expect(fault(await patch(`/Users/${other.id}`, { op: 'replace', path: 'userName', value: one['userName'] }))).toEqual([
      409,
      'uniqueness',
    ])
    const twins = await Promise.all([1, 2, 3].map(() => scim('POST', '/Users', someone({ userName: 'twin@acme.test', emails: [] }))))
    expect(twins.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409])
  })

  it('lose their sessions with the next request when they leave', async () => {
    const { id } = await user()
    const password = 'seven unlikely umbrellas'
    const { email } = await record(id)
    ok(await call('admin@acme', 'PUT', `/api/access/${id}`, { body: { email, password, roles: ['core.user'] } }))
    const { mfaToken } = ok(await call(null, 'POST', '/api/auth/login', { body: { email, password } }))
    const own = { mfaToken, password: 'eight unlikely umbrellas' }
    const { accessToken } = ok(await call(null, 'POST', '/api/auth/password', { body: own }))
    const me = () => call(null, 'GET', '/api/me', { headers: { authorization: `Bearer ${String(accessToken)}` } })
    expect((await me()).status).toBe(200)
    ok(await patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false }))
    expect((await me()).status).toBe(401)
    expect((await scim('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(fault(await scim('GET', `/Users/${id}`))).toEqual([404, undefined])
    // The record stays: others name it.
    expect(await record(id)).toMatchObject({ active: false })
  })
})

describe('whom a directory reaches', () => {
  it('are its own people alone: not those of the tenant, of another provider, or of another tenant', async () => {
    const theirs = made(await scim('POST', '/Users', someone(), partner.token))
    for (const id of [acme.members['rep']!, theirs.id, globex.id, 'x', crypto.randomUUID()])
      for (const [method, body] of [
        ['GET'],
        ['PUT', someone()],
        ['PATCH', { Operations: [{ op: 'replace', path: 'active', value: false }] }],
        ['DELETE'],
      ] as const)
        expect(fault(await scim(method, `/Users/${id}`, body)), `${method} ${id}`).toEqual([404, undefined])
    expect(await record(theirs.id)).toMatchObject({ active: true })
    const { Resources } = ok(await scim('GET', '/Users', undefined, globex.token)) as { Resources: Body[] }
    expect(Resources).toEqual([])
  })

  it('are people whom the tenant has, by an address of its own domain, once; and by no other', async () => {
    const before = await rolesOf(acme.members['manager']!)
    const claimed = made(await scim('POST', '/Users', someone({ userName: 'manager@acme.test' })))
    expect(claimed.id).toBe(acme.members['manager'])
    expect(fault(await scim('POST', '/Users', someone({ userName: 'manager@acme.test' }), partner.token))).toEqual([409, 'uniqueness'])
    const outside = ok(
      await call('admin@acme', 'POST', '/api/core/members', { body: { name: 'Contractor', email: 'c@elsewhere.example' } }),
    )['id']
    expect(fault(await scim('POST', '/Users', someone({ userName: 'c@elsewhere.example' })))).toEqual([409, 'uniqueness'])
    expect(await record(String(outside))).toMatchObject({ name: 'Contractor' })
    // What they could do they still can.
    expect(before).toContain('crm.manager')
    expect(await rolesOf(claimed.id)).toEqual(before)
  })

  it('are not those who get in when it does not work, and never the last administrator', async () => {
    const { id } = made(await scim('POST', '/Users', someone({ userName: 'admin@acme.test', displayName: 'Ada Admin' })))
    expect(id).toBe(acme.members['admin'])
    expect(fault(await patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false }))).toEqual([409, undefined])
    await sql('update bos.member_account set break_glass = true where member_id = $1', [id])
    const reply = await patch(`/Users/${id}`, { op: 'replace', path: 'displayName', value: 'Mallory' })
    expect(fault(reply)).toEqual([409, undefined])
    expect((reply.body as { detail: string }).detail).toMatch(/only an administrator/)
    await sql('update bos.member_account set break_glass = false where member_id = $1', [id])
    expect((await call('admin@acme', 'GET', '/api/me')).status).toBe(200)
  })
})

describe('groups of a directory', () => {
  it('give roles by their names, and take them; others stay', async () => {
    const [one, two] = [await user(), await user()]
    const { result: sales, events } = await eventsOf(world, () => group('Sales', one))
    expect(events).toEqual(['core.member.access_changed'])
    expect(await rolesOf(one.id)).toEqual(['core.user', 'crm.rep'])
    expect(made(await scim('GET', `/Users/${one.id}`))['groups']).toMatchObject([{ value: sales.id, display: 'Sales' }])
    // As Entra ID and as Okta say it.
    ok(await patch(`/Groups/${sales.id}`, { op: 'Add', path: 'members', value: [{ value: two.id }] }))
    ok(await patch(`/Groups/${sales.id}`, { op: 'remove', path: `members[value eq "${one.id}"]` }))
    expect([await rolesOf(one.id), await rolesOf(two.id)]).toEqual([['core.user'], ['core.user', 'crm.rep']])
    ok(
      await patch(
        `/Groups/${sales.id}`,
        { op: 'Remove', path: 'members', value: [{ value: two.id }] },
        { op: 'Add', path: 'members', value: [{ value: one.id }] },
      ),
    )
    expect([await rolesOf(one.id), await rolesOf(two.id)]).toEqual([['core.user', 'crm.rep'], ['core.user']])
    // Another name stands for another role.
    ok(await patch(`/Groups/${sales.id}`, { op: 'replace', value: { id: sales.id, displayName: 'Leads' } }))
    expect(await rolesOf(one.id)).toEqual(['core.user', 'crm.manager'])
    ok(await scim('PUT', `/Groups/${sales.id}`, { displayName: 'Leads', members: [{ value: two.id }] }))
    expect([await rolesOf(one.id), await rolesOf(two.id)]).toEqual([['core.user'], ['core.user', 'crm.manager']])
    expect((await scim('DELETE', `/Groups/${sales.id}`)).status).toBe(204)
    expect(await rolesOf(two.id)).toEqual(['core.user'])
  })

  it('follow at once when an administrator says otherwise what they stand for', async () => {
    const one = await user()
    await group('Sales', one)
    const wish = { ...blank, startingRoles: ['core.user'], settings: settings('http://127.0.0.1:1/ours') }
    ok(
      await call('admin@acme', 'PUT', `/api/sso/providers/${ours.id}`, {
        body: { ...wish, groupRoles: [{ group: 'Sales', role: 'crm.manager' }] },
      }),
    )
    // Of what the mapping no longer speaks it takes nothing: an administrator may have given it.
    expect(await rolesOf(one.id)).toEqual(['core.user', 'crm.manager', 'crm.rep'])
    ok(await call('admin@acme', 'PUT', `/api/sso/providers/${ours.id}`, { body: { ...wish, groupRoles } }))
    expect(await rolesOf(one.id)).toEqual(['core.user', 'crm.rep'])
  })

  it('hold users of the directory only, and never make an administrator', async () => {
    const one = await user()
    await sql(`update bos.identity_provider set group_roles = group_roles || '[{"group":"Sales","role":"core.admin"}]' where id = $1`, [
      ours.id,
    ])
    const sales = await group('Sales', one)
    expect(await rolesOf(one.id)).toEqual(['core.user', 'crm.rep'])
    for (const stranger of [acme.members['rep']!, crypto.randomUUID()]) {
      expect(fault(await patch(`/Groups/${sales.id}`, { op: 'add', path: 'members', value: [{ value: stranger }] }))).toEqual([
        400,
        'invalidValue',
      ])
      expect(fault(await scim('POST', '/Groups', { displayName: 'Other', members: [{ value: stranger }] }))).toEqual([400, 'invalidValue'])
    }
    expect(ok(await scim('GET', `/Groups/${sales.id}`))['members']).toMatchObject([{ value: one.id }])
    expect(ok(await scim('GET', '/Groups'))['totalResults']).toBe(1)
    expect(fault(await scim('POST', '/Groups', { displayName: 'sales' }))).toEqual([409, 'uniqueness'])
    await sql(`update bos.identity_provider set group_roles = $2::jsonb where id = $1`, [ours.id, JSON.stringify(groupRoles)])
  })

  it('are another provider’s own, also by the same name', async () => {
    const theirs = made(await scim('POST', '/Users', someone(), partner.token))
    const sales = await group('Sales')
    expect((await scim('GET', `/Groups/${sales.id}`, undefined, partner.token)).status).toBe(404)
    expect((await scim('DELETE', `/Groups/${sales.id}`, undefined, partner.token)).status).toBe(404)
    const other = made(await scim('POST', '/Groups', { displayName: 'Sales', members: [{ value: theirs.id }] }, partner.token))
    expect(ok(await scim('GET', '/Groups'))['totalResults']).toBe(1)
    expect((await scim('GET', `/Groups/${other.id}`)).status).toBe(404)
  })

  it('of which only the name is asked for come without their people', async () => {
    const sales = await group('Sales', await user())
    const found = ok(await scim('GET', '/Groups?excludedAttributes=members&filter=displayName%20eq%20%22sales%22')) as { Resources: Body[] }
    expect(found.Resources.map(({ id }) => id)).toEqual([sales.id])
    expect(found.Resources[0]).not.toHaveProperty('members')
    expect(ok(await scim('GET', `/Groups/${sales.id}?attributes=displayName`))).not.toHaveProperty('members')
  })

  it('changed from many sides at once end as they were asked to', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, () => user()))
    const sales = await group('Sales')
    const replies = await Promise.all(
      people.map(({ id }) => patch(`/Groups/${sales.id}`, { op: 'add', path: 'members', value: [{ value: id }] })),
    )
    expect(replies.map(({ status }) => status)).toEqual(people.map(() => 200))
    expect((ok(await scim('GET', `/Groups/${sales.id}`))['members'] as Body[]).length).toBe(people.length)
    for (const { id } of people) expect(await rolesOf(id)).toEqual(['core.user', 'crm.rep'])
  })
})
