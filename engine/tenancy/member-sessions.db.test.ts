import { describe, expect, test } from 'vitest'
import { eventsOf } from '../testing/scenarios.ts'
import { ok, openWorld, type Reply } from '../testing/world.ts'

const world = await openWorld()
const { acme, globex, call } = world
const problem = ({ status, body }: Reply): unknown[] => [status, (body as { code?: string }).code]
const login = async (): Promise<string> =>
  String(
    ok(await call(null, 'POST', '/api/auth/login', { body: { email: 'rep@acme.test', password: 'a password for tests only' } }))[
      'accessToken'
    ],
  )
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
interface Session {
  readonly id: string
  readonly member: string
  readonly isThis: boolean
  readonly methods: readonly string[]
}
const list = async (query = ''): Promise<Session[]> =>
  (ok(await call('admin@acme', 'GET', `/api/access/sessions${query}`)) as unknown as { data: Session[] }).data
const rep = acme.members['rep']!

describe('the sessions of a workspace', () => {
  test('are told to its administrators, and none of another workspace among them', async () => {
    await login()
    const all = await list()
    expect(all.filter(({ isThis }) => isThis).map(({ member }) => member)).toEqual([acme.members['admin']])
    expect(new Set(all.map(({ member }) => member)).isDisjointFrom(new Set(Object.values(globex.members)))).toBe(true)
    const his = await list(`?member=${rep}`)
    expect(new Set(his.map(({ member }) => member))).toEqual(new Set([rep]))
    expect(his[0]?.methods).toEqual(['pwd'])
    expect(await list(`?member=${globex.members['rep']}`)).toEqual([])
    expect(problem(await call('admin@acme', 'GET', '/api/access/sessions?member=rep'))).toEqual([404, 'not-found'])
    expect(problem(await call('manager@acme', 'GET', '/api/access/sessions'))).toEqual([403, 'not-allowed'])
  })

  test('end one by one or all of a person, from the next request on, and that is in the log', async () => {
    const [first, second] = [await login(), await login()]
    const [newest] = await list(`?member=${rep}`)
    const one = await eventsOf(world, () => call('admin@acme', 'DELETE', `/api/access/${rep}/sessions/${newest!.id}`))
    expect(one.result.status).toBe(204)
    expect(one.events).toEqual(['core.member.access_changed'])
    expect((await call(null, 'GET', '/api/me', bearer(second))).status).toBe(401)
    expect((await call(null, 'GET', '/api/me', bearer(first))).status).toBe(200)
    expect(problem(await call('admin@acme', 'DELETE', `/api/access/${rep}/sessions/${newest!.id}`))).toEqual([404, 'not-found'])

    const { ended } = ok(await call('admin@acme', 'DELETE', `/api/access/${rep}/sessions`))
    expect(ended).toBeGreaterThan(0)
    expect((await call(null, 'GET', '/api/me', bearer(first))).status).toBe(401)
    expect(await list(`?member=${rep}`)).toEqual([])
    const none = await eventsOf(world, () => call('admin@acme', 'DELETE', `/api/access/${rep}/sessions`))
    expect([ok(none.result)['ended'], none.events]).toEqual([0, []])
  })

  test('of another workspace are nobody’s to end, nor is one named beside the wrong person', async () => {
    const other = globex.members['rep']!
    expect(problem(await call('admin@acme', 'DELETE', `/api/access/${other}/sessions`))).toEqual([404, 'not-found'])
    expect((await call('rep@globex', 'GET', '/api/me')).status).toBe(200)
    await login()
    const [his] = await list(`?member=${rep}`)
    const wrong = await call('admin@acme', 'DELETE', `/api/access/${acme.members['manager']}/sessions/${his!.id}`)
    expect(problem(wrong)).toEqual([404, 'not-found'])
    expect(problem(await call('manager@acme', 'DELETE', `/api/access/${rep}/sessions`))).toEqual([403, 'not-allowed'])
    expect((await list(`?member=${rep}`)).length).toBe(1)
  })

  test('of whoever asks stay where all of their own are ended', async () => {
    const admin = acme.members['admin']!
    ok(await call('admin@acme', 'DELETE', `/api/access/${admin}/sessions`))
    expect((await call('admin@acme', 'GET', '/api/me')).status).toBe(200)
  })
})

describe('what a person may really do', () => {
  interface Effective {
    readonly roles: readonly string[]
    readonly entities: readonly {
      readonly entity: string
      readonly hidden: readonly string[]
      readonly actions: Readonly<Record<string, { readonly all: boolean; readonly by: readonly { readonly role: string }[] }>>
    }[]
  }
  const of = async (member: string): Promise<Effective> =>
    ok(await call('admin@acme', 'GET', `/api/access/${member}/permissions`)) as unknown as Effective

  test('is what requests of theirs are judged by', async () => {
    const effective = await of(rep)
    const deals = effective.entities.find(({ entity }) => entity === 'crm.deal')!
    expect(deals.hidden).toContain('margin')
    expect([deals.actions['list']?.all, deals.actions['delete']]).toEqual([false, undefined])
    expect(deals.actions['update']?.by.map(({ role }) => role)).toEqual(['crm.rep'])
    const manager = await of(acme.members['manager']!)
    expect(manager.entities.find(({ entity }) => entity === 'crm.deal')?.actions['delete']?.all).toBe(true)
  })

  test('is told to administrators, of their own people', async () => {
    expect(problem(await call('manager@acme', 'GET', `/api/access/${rep}/permissions`))).toEqual([403, 'not-allowed'])
    expect(problem(await call('admin@acme', 'GET', `/api/access/${globex.members['rep']}/permissions`))).toEqual([404, 'not-found'])
  })
})
