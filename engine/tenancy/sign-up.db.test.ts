import { describe, expect, test } from 'vitest'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ok, openWorld, type Reply } from '../testing/world.ts'

const world = await openWorld({ SIGN_UP: 'open' })
const { call: callClosed } = await openWorld()
const { call, sql, dataDir } = world
const problem = ({ status, body }: Reply): unknown[] => [status, (body as { code?: string }).code]
const pointers = ({ body }: Reply): string[] => ((body as { errors?: { pointer: string }[] }).errors ?? []).map(({ pointer }) => pointer)
const ask = (email: unknown, more: object = {}): Promise<Reply> => call(null, 'POST', '/api/auth/sign-up', { body: { email }, ...more })
const look = (secret: unknown): Promise<Reply> => call(null, 'POST', '/api/auth/sign-up/look', { body: { secret } })
const wish = {
  name: 'Nordwind',
  person: 'Nora Nord',
  password: 'six quiet boats at dawn',
  locale: 'de',
  timeZone: 'Europe/Berlin',
  currency: 'EUR',
}
const found = (secret: string, more: object = {}): Promise<Reply> =>
  call(null, 'POST', '/api/auth/sign-up/found', { body: { secret, ...wish, ...more } })

/** Letters to an address, the newest first. */
async function letters(email: string): Promise<{ readonly link: string; readonly text: string }[]> {
  const folder = join(dataDir, 'mail')
  const files = (await readdir(folder).catch(() => []))
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .toReversed()
  const all = await Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as { to: string; link: string; text: string }),
  )
  return all.filter(({ to }) => to === email)
}
async function secretFor(email: string): Promise<string> {
  const before = (await letters(email)).length
  expect((await ask(email)).status).toBe(202)
  await expect.poll(async () => (await letters(email)).length).toBe(before + 1)
  return (await letters(email))[0]!.link.split('#')[1]!
}

describe('whoever begins a workspace', () => {
  test('is its administrator, signed in, with every module and a confirmed address', async () => {
    const secret = await secretFor('nora@nordwind.test')
    expect(ok(await look(secret))).toEqual({ email: 'nora@nordwind.test', account: 'new' })
    const reply = await found(secret)
    const { accessToken, tenant } = ok(reply) as { accessToken: string; tenant: { slug: string; name: string } }
    expect(tenant).toMatchObject({ slug: 'nordwind', name: 'Nordwind' })
    const headers = { authorization: `Bearer ${accessToken}` }
    const me = ok(await call(null, 'GET', '/api/me', { headers })) as { roles: string[]; member: { name: string } }
    expect([me.roles.includes('core.admin'), me.member.name]).toEqual([true, 'Nora Nord'])
    expect((await call(null, 'GET', '/api/crm/deals', { headers })).status).toBe(200)
    expect(ok(await call(null, 'GET', '/api/account', { headers }))).toMatchObject({ emailVerified: true })
    expect(problem(await found(secret))).toEqual([410, 'link-invalid'])
  })

  test('gets another short name where theirs is taken, and never somebody else’s workspace', async () => {
    const reply = ok(await found(await secretFor('other@nordwind.test'))) as { tenant: { slug: string }; accessToken: string }
    expect(reply.tenant.slug).toMatch(/^nordwind-\d{4,6}$/)
    const unfinished = await sql<{ id: string }>(
      `insert into bos.tenant (id, slug, name, locale, time_zone, currency) values (gen_random_uuid(), 'suedwind', 'S', 'de', 'UTC', 'EUR') returning id`,
    )
    const mine = ok(await found(await secretFor('south@nordwind.test'), { name: 'Suedwind' })) as { tenant: { slug: string; id: string } }
    expect(mine.tenant.id).not.toBe(unfinished[0]!.id)
    expect(mine.tenant.slug).toMatch(/^suedwind-/)
    const asian = ok(await found(await secretFor('asia@nordwind.test'), { name: '風' })) as { tenant: { slug: string } }
    expect(asian.tenant.slug).toMatch(/^workspace-\d+$/)
  })

  test('with an account gives its password, and its second factor, and belongs to both', async () => {
    const secret = await secretFor('rep@acme.test')
    expect(ok(await look(secret))).toEqual({ email: 'rep@acme.test', account: 'existing' })
    expect(problem(await found(secret))).toEqual([401, 'credentials-wrong'])
    const { tenant } = ok(await found(secret, { name: 'Side business', password: 'a password for tests only' })) as {
      tenant: { slug: string }
    }
    expect(tenant.slug).toBe('side-business')
    const login = ok(
      await call(null, 'POST', '/api/auth/login', { body: { email: 'rep@acme.test', password: 'a password for tests only' } }),
    ) as { tenants: { slug: string }[] }
    expect(login.tenants.map(({ slug }) => slug).toSorted()).toEqual(['acme', 'side-business'])
  })

  test('learns what is wrong and keeps the link; of two who use it at once one begins', async () => {
    const secret = await secretFor('slip@nordwind.test')
    const wrong = await found(secret, { locale: 'nonsense!', timeZone: 'Mars/Base', currency: 'XXX' })
    expect([wrong.status, pointers(wrong).toSorted()]).toEqual([422, ['/currency', '/locale', '/timeZone']])
    expect(pointers(await found(secret, { password: 'password1234' }))).toEqual(['/password'])
    expect(pointers(await found(secret, { person: ' ' }))).toEqual(['/person'])
    const both = await Promise.all([found(secret, { name: 'Twice' }), found(secret, { name: 'Twice' })])
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 410])
    expect((await sql(`select from bos.tenant where slug like 'twice%'`)).length).toBe(1)
  })
})

describe('asking for a workspace', () => {
  test('says the same of every address, and the later link replaces the one before', async () => {
    const first = await secretFor('again@nordwind.test')
    await secretFor('again@nordwind.test')
    expect(problem(await look(first))).toEqual([410, 'link-invalid'])
    const answers = await Promise.all(['manager@acme.test', 'nobody@nowhere.test'].map((email) => ask(email)))
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [202, ''],
      [202, ''],
    ])
  })
  test('needs a secret that is one, for this purpose', async () => {
    for (const secret of ['', 'x', null, [], {}, 'A'.repeat(43)]) expect((await look(secret)).status).toBeGreaterThanOrEqual(400)
    expect((await call(null, 'POST', '/api/auth/forgot', { body: { email: 'manager@globex.test' } })).status).toBe(202)
    await expect.poll(async () => (await letters('manager@globex.test')).length).toBe(1)
    const reset = (await letters('manager@globex.test'))[0]!.link.split('#')[1]!
    expect(problem(await look(reset))).toEqual([410, 'link-invalid'])
  })
  test('is not there where the operator has closed it, and the sign-in page is told', async () => {
    for (const path of ['/api/auth/sign-up', '/api/auth/sign-up/look', '/api/auth/sign-up/found']) {
      const body = path.endsWith('found') ? { secret: 'x', ...wish } : path.endsWith('look') ? { secret: 'x' } : { email: 'a@b.test' }
      expect(problem(await callClosed(null, 'POST', path, { body }))).toEqual([404, 'not-found'])
    }
    expect(ok(await callClosed(null, 'GET', '/api/auth/workspace'))).toMatchObject({ signUp: false })
    expect(ok(await call(null, 'GET', '/api/auth/workspace'))).toMatchObject({ signUp: true })
  })
  test('is limited by address of the network', async () => {
    let refused = 0
    for (let n = 0; n < 60 && refused === 0; n++) if ((await ask(`n${n}@flood.test`)).status === 429) refused++
    expect(refused).toBe(1)
  })
})
