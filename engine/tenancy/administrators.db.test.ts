import { expect, test } from 'vitest'
import { ok, openWorld, type Reply } from '../testing/world.ts'

/** Who administers a tenant may be taken away, but for the last one. */
const world = await openWorld()
const { acme, call } = world
const admin = acme.members['admin']!
const manager = acme.members['manager']!
const problemOf = ({ status, body }: Reply): unknown[] => {
  const { code, errors = [] } = body as { code?: string; errors?: { pointer: string }[] }
  return [status, code, ...errors.map((each) => each.pointer)]
}
const access = (member: string, roles: string[], email: string | null = 'manager@acme.test'): Promise<Reply> =>
  call('admin@acme', 'PUT', `/api/access/${member}`, { body: { email, roles } })

test('the last administrator stays: active, signed in, and one', async () => {
  const me = '/api/core/members/' + admin
  expect(problemOf(await call('admin@acme', 'PATCH', me, { body: { active: false } }))).toEqual([409, 'conflict'])
  expect(problemOf(await call('admin@acme', 'DELETE', me))).toEqual([409, 'conflict'])
  expect(problemOf(await access(admin, ['core.manager'], 'admin@acme.test'))).toEqual([409, 'conflict'])
  expect(problemOf(await access(admin, ['core.admin'], null))).toEqual([409, 'conflict'])
  expect((await call('admin@acme', 'GET', '/api/me')).status).toBe(200)
})

test('where there are two, each may go, and not both, at the same moment neither', async () => {
  ok(await access(manager, ['core.admin']))
  // Whoever is signed in only when the other has left already is not there at the same moment.
  await world.token('manager@acme')
  const leave = (as: 'admin@acme' | 'manager@acme', member: string) =>
    call(as, 'PATCH', `/api/core/members/${member}`, { body: { active: false } })
  const left = await Promise.all([leave('admin@acme', manager), leave('manager@acme', admin)])
  expect(left.filter(({ status }) => status === 200)).toHaveLength(1)
  const active = await world.sql<{ n: string }>(
    `select count(*) as n from bos.role_assignment r join bos.member_account m using (tenant_id, member_id)
     where r.tenant_id = $1 and r.role = 'core.admin' and m.suspended_at is null`,
    [acme.id],
  )
  expect(active[0]!.n).toBe('1')
})

test('whoever manages people decides neither who signs in nor who sees what', async () => {
  const rep = world.globex.members['rep']!
  for (const body of [{ active: false }, { team: null }, { manager: null }])
    expect(problemOf(await call('manager@globex', 'PATCH', `/api/core/members/${rep}`, { body: { ...body, job_title: 'x' } }))[0]).toBe(422)
  expect((await call('manager@globex', 'PATCH', `/api/core/members/${rep}`, { body: { job_title: 'Seller' } })).status).toBe(200)
})
