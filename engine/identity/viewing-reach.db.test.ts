import { beforeAll, expect, test } from 'vitest'
import { openWorldWith } from '../testing/dropped-in.ts'
import { ok, type Reply } from '../testing/world.ts'

/** Somebody who may look as others, and sees some people only: by words of their role, which no row policy knows. */
const world = await openWorldWith('help', { 'module.json': { title: 'Help', roles: [{ id: 'help.desk', title: 'Desk', viewAs: true }] } })
const { acme, call } = world
const helper = acme.members['manager']!
const seller = acme.members['rep']!
const admin = acme.members['admin']!
const codeOf = ({ status, body }: Reply): unknown[] => [status, (body as { code?: unknown }).code]
const viewAs = (member: string): Promise<Reply> => call('manager@acme', 'POST', '/api/auth/view-as', { body: { member } })

beforeAll(async () => {
  ok(await call('admin@acme', 'PATCH', `/api/core/members/${seller}`, { body: { job_title: 'Seller' } }))
  const permission = { scope: 'all', read: "self.job_title == 'Seller'" }
  ok(await call('admin@acme', 'PUT', '/api/access/roles/help.desk/permissions/core/members', { body: permission }))
  ok(await call('admin@acme', 'PUT', `/api/access/${helper}`, { body: { email: 'manager@acme.test', roles: ['help.desk'] } }))
})

test('they look as whom they see, and nobody else is there', async () => {
  expect(ok(await call('manager@acme', 'GET', '/api/core/members'))['data']).toMatchObject([{ id: seller }])
  expect(codeOf(await viewAs(seller))).toEqual([200, undefined])
  const [unseen, never] = await Promise.all([viewAs(admin), viewAs('0192f0c1-7a3b-7def-8123-456789abcde0')])
  expect(codeOf(unseen)).toEqual([422, 'request-invalid'])
  expect(unseen.text.replace(/"requestId":"[^"]*"/, '')).toBe(never.text.replace(/"requestId":"[^"]*"/, ''))
})

test('and are told why of them alone', async () => {
  const explain = (member: string): Promise<Reply> =>
    call('manager@acme', 'GET', `/api/core/members/${seller}/explain?action=get&as=${member}`)
  expect(ok(await explain(seller))).toMatchObject({ as: seller })
  const [unseen, never] = await Promise.all([explain(admin), explain('0192f0c1-7a3b-7def-8123-456789abcde0')])
  expect(unseen.status).toBeGreaterThanOrEqual(400)
  expect(codeOf(unseen)).toEqual(codeOf(never))
  expect(unseen.text.replace(/"requestId":"[^"]*"/, '')).toBe(never.text.replace(/"requestId":"[^"]*"/, ''))
})
