import { expect, test } from 'vitest'
import { ok, openWorld, type Reply } from '../testing/world.ts'

const world = await openWorld({ OPERATOR_TOKEN: 'operator-of-the-tests' })
const { acme, call } = world
const problem = ({ status, body }: Reply): unknown[] => [status, (body as { code?: string }).code]
const details = ({ body }: Reply): string[] => ((body as { errors?: { detail: string }[] }).errors ?? []).map(({ detail }) => detail)
const login = (email: string, password: string): Promise<Reply> => call(null, 'POST', '/api/auth/login', { body: { email, password } })
const choose = (mfaToken: unknown, password: string): Promise<Reply> =>
  call(null, 'POST', '/api/auth/password', { body: { mfaToken, password } })
const given = 'chosen by the administrator'
const own = 'four lanterns under the pier'

test('a password that an administrator gave lets in once, to choose one’s own', async () => {
  const rep = acme.members['rep']!
  ok(await call('admin@acme', 'PUT', `/api/access/${rep}`, { body: { email: 'rep@acme.test', roles: ['core.user'], password: given } }))
  const first = ok(await login('rep@acme.test', given))
  expect(first).toEqual({
    passwordRequired: true,
    mfaToken: expect.any(String) as string,
    tenant: expect.objectContaining({ slug: 'acme' }) as object,
  })
  expect(details(await choose(first['mfaToken'], given))).toEqual(['must be another than the one that was given to you'])
  expect(details(await choose(first['mfaToken'], 'password1234'))[0]).toMatch(/too easy to guess/)
  expect(problem(await choose('x'.repeat(40), own))).toEqual([401, 'credentials-wrong'])
  expect(ok(await choose(first['mfaToken'], own))).toMatchObject({ accessToken: expect.any(String) as string })
  expect(problem(await choose(first['mfaToken'], `${own} again`))).toEqual([401, 'credentials-wrong'])
  expect(problem(await login('rep@acme.test', given))).toEqual([401, 'credentials-wrong'])
  expect(ok(await login('rep@acme.test', own))).toHaveProperty('accessToken')
})

test('a ticket of somebody who chose their password already changes none', async () => {
  await world.sql(`update bos.tenant set mfa_required = true where slug = 'globex'`)
  const { mfaToken } = ok(await login('rep@globex.test', 'a password for tests only'))
  expect(problem(await choose(mfaToken, own))).toEqual([401, 'credentials-wrong'])
  expect((await login('rep@globex.test', 'a password for tests only')).status).toBe(200)
})

test('a random password of the operator’s is one of that kind; one that was chosen with care is not', async () => {
  const create = (slug: string, password?: string): Promise<Reply> =>
    call(null, 'POST', '/api/operator/tenants', {
      headers: { authorization: 'Bearer operator-of-the-tests' },
      body: { slug, name: slug, admin: { name: 'Ann', email: `ann@${slug}.test`, ...(password !== undefined && { password }) } },
    })
  const { admin } = ok(await create('north')) as { admin: { password: string } }
  expect(ok(await login('ann@north.test', admin.password))).toMatchObject({ passwordRequired: true })
  ok(await create('south', own))
  expect(ok(await login('ann@south.test', own))).toHaveProperty('accessToken')
})
