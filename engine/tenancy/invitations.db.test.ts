import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { StoredLetter } from '../mail/mailer.ts'
import { eventsOf, scenarios } from '../testing/scenarios.ts'
import { ok, openWorld, type Reply } from '../testing/world.ts'

const world = await openWorld({ PUBLIC_URL: 'https://erp.test' })
const { acme, call, sql } = world
const password = 'seven unlikely umbrellas'

const letters = async (): Promise<StoredLetter[]> => {
  const folder = join(world.dataDir, 'mail')
  const files = (await readdir(folder).catch((): string[] => [])).toSorted()
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as StoredLetter))
}
const secretOf = async (to: string): Promise<string> => (await letters()).findLast((letter) => letter.to === to)?.link?.split('#')[1] ?? ''
const invite = (email: string, more: object = {}): Promise<Reply> =>
  call('admin@acme', 'POST', '/api/access/invitations', { body: { name: 'Nora New', email, roles: ['core.user', 'crm.rep'], ...more } })
const accept = (secret: string, given = password): Promise<Reply> =>
  call(null, 'POST', '/api/auth/invitation/accept', { body: { secret, password: given } })
const problem = ({ status, body }: Reply): unknown[] => [status, (body as { code?: string }).code]

scenarios(world, 'POST /api/access/invitations', [
  {
    name: 'a rep invites nobody',
    as: 'rep@acme',
    body: { name: 'X', email: 'x@acme.test', roles: [] },
    status: 403,
    problem: 'not-allowed',
  },
  {
    name: 'nor does a manager, least of all with more than they have',
    as: 'manager@acme',
    body: { name: 'X', email: 'x@acme.test', roles: ['core.admin'] },
    status: 403,
    problem: 'not-allowed',
  },
  {
    name: 'a role that is none is named, and nobody is written to',
    as: 'admin@acme',
    body: { name: 'X', email: 'x@acme.test', roles: ['crm.repp'] },
    status: 422,
    pointers: ['/roles/0'],
  },
  {
    name: 'nobody who signs in already',
    as: 'admin@acme',
    body: { name: 'Rep', email: 'rep@acme.test', roles: ['crm.rep'] },
    status: 409,
    problem: 'unique-taken',
    pointers: ['/email'],
    // Their name is another now: the record is the person's, invited or not.
    events: ['core.member.updated'],
  },
  {
    name: 'somebody new',
    as: 'admin@acme',
    body: { name: 'Nora New', email: 'nora@acme.test', roles: ['core.user', 'crm.rep'] },
    status: 201,
    events: ['core.member.created', 'core.member.invited'],
  },
])

describe('an invitation', () => {
  test('is opened by its link, sets a password, and lets in with the roles that were given', async () => {
    const letter = (await letters()).find(({ to }) => to === 'nora@acme.test')
    expect(letter?.link).toMatch(/^https:\/\/erp\.test\/invitation#[\w-]{43}$/)
    expect(letter?.text).toContain('invites you to work in Acme Provisions')
    const secret = await secretOf('nora@acme.test')
    expect(ok(await call(null, 'POST', '/api/auth/invitation', { body: { secret } }))).toEqual({
      email: 'nora@acme.test',
      tenant: 'Acme Provisions',
      account: 'new',
    })
    expect(problem(await accept(secret, 'nora@acme.test'))).toEqual([422, 'request-invalid'])
    const replies = await Promise.all(Array.from({ length: 6 }, () => accept(secret)))
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 410, 410, 410, 410, 410])
    const token = String(ok(replies.find(({ status }) => status === 200)!)['accessToken'])
    const me = ok(await call(null, 'GET', '/api/me', { headers: { authorization: `Bearer ${token}` } }))
    expect(me).toMatchObject({ roles: ['core.user', 'crm.rep'], member: { name: 'Nora New', email: 'nora@acme.test' } })
    expect(problem(await call(null, 'POST', '/api/auth/invitation', { body: { secret } }))).toEqual([410, 'link-invalid'])
    expect((await call(null, 'POST', '/api/auth/login', { body: { email: 'nora@acme.test', password } })).status).toBe(200)
    const [account] = await sql(`select email_verified_at is not null as verified from bos.account where email = 'nora@acme.test'`)
    expect(account).toEqual({ verified: true })
  })

  test('again is a new link, and the old one works no more; withdrawn, neither does', async () => {
    ok(await invite('otto@acme.test', { name: 'Otto' }))
    const first = await secretOf('otto@acme.test')
    const { member } = ok(await invite('otto@acme.test', { name: 'Otto' })) as { member: string }
    const second = await secretOf('otto@acme.test')
    expect(problem(await accept(first))).toEqual([410, 'link-invalid'])
    const listed = ok(await call('admin@acme', 'GET', '/api/access'))['data'] as Record<string, unknown>[]
    expect(listed.find((each) => each['member'] === member)).toMatchObject({
      email: null,
      roles: ['core.user', 'crm.rep'],
      invitation: { email: 'otto@acme.test', isOver: false },
    })
    const { events } = await eventsOf(world, async () => ok(await call('admin@acme', 'DELETE', `/api/access/invitations/${member}`)))
    expect(events).toEqual(['core.member.access_changed'])
    expect(problem(await accept(second))).toEqual([410, 'link-invalid'])
    expect((await call('admin@acme', 'DELETE', `/api/access/invitations/${member}`)).status).toBe(404)
    expect((await call('admin@globex', 'DELETE', `/api/access/invitations/${member}`)).status).toBe(404)
  })

  test('to somebody of another tenant takes their password, and then they are in both', async () => {
    ok(await invite('rep@globex.test', { name: 'Rep of Globex' }))
    await sql(`update bos.account set email_verified_at = now() where email = 'rep@globex.test'`)
    const secret = await secretOf('rep@globex.test')
    expect(ok(await call(null, 'POST', '/api/auth/invitation', { body: { secret } }))['account']).toBe('existing')
    expect(problem(await accept(secret, password))).toEqual([401, 'credentials-wrong'])
    expect((ok(await accept(secret, 'a password for tests only'))['tenant'] as { slug: string }).slug).toBe('acme')
    const login = ok(
      await call(null, 'POST', '/api/auth/login', { body: { email: 'rep@globex.test', password: 'a password for tests only' } }),
    )
    expect((login['tenants'] as { slug: string }[]).map(({ slug }) => slug)).toEqual(['acme', 'globex'])
  })

  test('takes an address from whoever made an account with it and never read mail there', async () => {
    // An administrator elsewhere opens an account in a victim's name, signs in with it, and waits for the victim to be invited.
    const made = ok(await call('admin@globex', 'POST', '/api/core/members', { body: { name: 'Mallory', email: 'victim@acme.test' } }))
    ok(
      await call('admin@globex', 'PUT', `/api/access/${String(made['id'])}`, {
        body: { email: 'victim@acme.test', password: 'a password of mallory', roles: ['core.user'] },
      }),
    )
    const stolen = ok(
      await call(null, 'POST', '/api/auth/login', { body: { email: 'victim@acme.test', password: 'a password of mallory' } }),
    )
    ok(await invite('victim@acme.test', { name: 'Victim' }))
    const secret = await secretOf('victim@acme.test')
    expect(ok(await call(null, 'POST', '/api/auth/invitation', { body: { secret } }))['account']).toBe('new')
    expect(problem(await accept(secret, 'a password of mallory'))).toEqual([200, undefined])
    const headers = { authorization: `Bearer ${String(stolen['accessToken'])}` }
    expect((await call(null, 'GET', '/api/me', { headers })).status).toBe(401)
  })

  test('does not go to an account whose address is only written alike', async () => {
    const anybody = ok(await call('admin@globex', 'POST', '/api/core/members', { body: { name: 'Zoë' } }))['id']
    ok(
      await call('admin@globex', 'PUT', `/api/access/${String(anybody)}`, {
        body: { email: 'zoë@globex.test', password: 'a password of zoe, twice', roles: [] },
      }),
    )
    ok(await invite('zoe@globex.test', { name: 'Alike' }))
    const secret = await secretOf('zoe@globex.test')
    expect(problem(await accept(secret, 'a password of zoe, twice'))).toEqual([409, 'conflict'])
    expect(problem(await accept(secret, password))).toEqual([409, 'conflict'])
    const refused = await invite('no address')
    expect([...problem(refused), ...(refused.body as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer)]).toEqual([
      422,
      'request-invalid',
      '/email',
    ])
  })

  test('is over after a week, and when its tenant is suspended or the person deleted', async () => {
    const { member } = ok(await invite('late@acme.test', { name: 'Late' })) as { member: string }
    const secret = await secretOf('late@acme.test')
    await sql(`update bos.tenant set suspended_at = now() where slug = 'acme'`)
    expect(problem(await accept(secret))).toEqual([410, 'link-invalid'])
    await sql(`update bos.tenant set suspended_at = null where slug = 'acme'`)
    await sql(`update core.member set deleted_at = now() where id = $1`, [member])
    expect(problem(await accept(secret))).toEqual([410, 'link-invalid'])
    await sql(`update core.member set deleted_at = null where id = $1`, [member])
    await sql(`update bos.invitation set expires_at = now() where member_id = $1`, [member])
    expect(problem(await accept(secret))).toEqual([410, 'link-invalid'])
  })
})

describe('what people may do', () => {
  test('is told in their history to administrators: what was, what is, and who changed it', async () => {
    const rep = acme.members['rep']!
    const before = ok(await call('admin@acme', 'GET', `/api/access/${rep}`)) as { roles: string[] }
    const { events } = await eventsOf(world, async () =>
      ok(await call('admin@acme', 'PUT', `/api/access/${rep}`, { body: { email: 'rep@acme.test', roles: ['core.user'] } })),
    )
    expect(events).toEqual(['core.member.access_changed'])
    const history = (as: 'admin@acme' | 'manager@acme') => call(as, 'GET', `/api/core/members/${rep}/history`)
    const [told] = ok(await history('admin@acme'))['data'] as Record<string, unknown>[]
    expect(told).toMatchObject({
      type: 'access_changed',
      actor: acme.members['admin'],
      access: { roles: { from: before.roles, to: ['core.user'] } },
    })
    expect((await history('manager@acme')).text).toContain('access_changed')
    expect((await history('manager@acme')).text).not.toContain('"roles"')
    // The same again changes nothing and says nothing.
    const same = await eventsOf(world, async () =>
      ok(await call('admin@acme', 'PUT', `/api/access/${rep}`, { body: { email: 'rep@acme.test', roles: ['core.user'] } })),
    )
    expect(same.events).toEqual([])
    expect((await call('admin@globex', 'PUT', `/api/access/${rep}`, { body: { email: null, roles: [] } })).status).toBe(404)
  })
})
