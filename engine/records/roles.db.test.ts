import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ok, openWorld, type Person, type Reply } from '../testing/world.ts'

/** Several roles of one person, rows that follow people, fields that are masked in some rows, and records that are shared. */
const world = await openWorld()
type Json = Record<string, unknown>
const { rep = '', manager = '', admin = '' } = world.acme.members
const call = (as: Person, method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call(as, method, `/api/${path}`, body === undefined ? {} : { body })
const created = async (as: Person, path: string, body: Json): Promise<string> => String(ok(await call(as, 'POST', path, body))['id'])
const listed = async (as: Person, query = ''): Promise<Json[]> => ok(await call(as, 'GET', `crm/deals?limit=500${query}`))['data'] as Json[]
const sees = async (as: Person, id: string): Promise<boolean> => (await listed(as, `&id=${id}`)).length === 1
const rolesOf = async (...roles: string[]): Promise<void> =>
  void ok(await call('admin@acme', 'PUT', `access/${rep}`, { email: 'rep@acme.test', roles: ['core.user', ...roles] }))
const told = ({ status, body }: Reply): unknown => [
  status,
  (body as Json)['code'],
  ((body as Json)['errors'] as Json[] | undefined)?.map((each) => each['pointer']),
]

let company = '',
  tariq = '',
  salesTeam = ''
const deal = (owner: string, more: Json = {}): Promise<string> =>
  created('admin@acme', 'crm/deals', { name: 'Tram line', company, owner, margin: '12.50', ...more })
const share = (as: Person, id: string, body: Json): Promise<Reply> => call(as, 'POST', `crm/deals/${id}/share`, body)

beforeAll(async () => {
  company = await created('admin@acme', 'crm/companies', { name: 'Roads & Rails', owner: admin })
  const people = ok(await call('admin@acme', 'GET', 'core/members?limit=100'))['data'] as Json[]
  tariq = String(people.find((each) => String(each['name']).startsWith('Tariq'))!['id'])
  salesTeam = String(people.find((each) => each['id'] === rep)!['team'])
})
beforeEach(() => rolesOf('crm.rep'))

describe('rows that follow people', () => {
  test('a lead has the deals of the team and of whoever reports to them, from the next request on', async () => {
    const [mine, theirs, elsewhere] = [await deal(rep), await deal(manager), await deal(tariq)]
    expect([await sees('rep@acme', mine), await sees('rep@acme', theirs), await sees('rep@acme', elsewhere)]).toEqual([true, false, false])
    await rolesOf('crm.lead')
    expect([await sees('rep@acme', mine), await sees('rep@acme', theirs), await sees('rep@acme', elsewhere)]).toEqual([true, true, false])
    ok(await call('admin@acme', 'PATCH', `core/members/${tariq}`, { manager: rep }))
    expect(await sees('rep@acme', elsewhere)).toBe(true)
    ok(await call('admin@acme', 'PATCH', `core/members/${tariq}`, { manager }))
    expect(await sees('rep@acme', elsewhere)).toBe(false)
    // What another tenant's people lead and own is nobody's business here.
    const others = await world.sql<{ n: number }>(`select count(*)::int as n from crm.deal where tenant_id = $1`, [world.globex.id])
    expect(others[0]!.n).toBeGreaterThan(0)
    expect((await listed('rep@acme')).every((each) => typeof each['owner'] === 'string')).toBe(true)
  })

  test.each([['crm.rep'], ['crm.lead'], ['crm.manager']])(
    'with the role %s a record can be given away, and made for somebody else',
    async (role) => {
      await rolesOf(role)
      const id = await deal(rep)
      const given = await call('rep@acme', 'PATCH', `crm/deals/${id}`, { owner: tariq })
      const stays = role === 'crm.manager'
      expect([given.status, Object.keys(given.body as Json).length > 3]).toEqual([200, stays])
      expect((given.body as Json)['id']).toBe(id)
      expect((await call('rep@acme', 'GET', `crm/deals/${id}`)).status).toBe(stays ? 200 : 404)
      expect((ok(await call('admin@acme', 'GET', `crm/deals/${id}`)) as Json)['owner']).toBe(tariq)
      const made = await call('rep@acme', 'POST', 'crm/deals', { name: 'On behalf', company, owner: tariq })
      expect([made.status, 'name' in (made.body as Json)]).toEqual([201, stays])
    },
  )
})

test('whose rows they are is asked once per statement, and not at all without the scope; of another tenant nothing comes', async () => {
  const inTenant = async (tenant: string, scopes: readonly string[], text: string): Promise<Json[]> => {
    const [found] = await world.sql<{ generation: number }>('select generation from bos.tenant where id = $1', [tenant])
    const context = { tenant, member: rep, session: null, generation: found!.generation, scopes }
    return [...(await world.app.database.read(context, { text }))[0]!.rows]
  }
  const explain = async (scope: string): Promise<string> =>
    (await inTenant(world.acme.id, [`crm.deal:${scope}`], 'explain (analyze, timing off, summary off) select id from crm.deal'))
      .map((row) => String(row['QUERY PLAN']))
      .join('\n')
  /** How often each sub-plan of the policy ran, by what it came to cost: the look at people is an InitPlan of its own. */
  const runs = (plan: string): string[] =>
    [...plan.matchAll(/InitPlan \S+\n\s*->\s+Result [^\n]*\((actual[^)]*|never executed)\)/g)].map(([, ran]) => ran!)
  const [team, all] = [await explain('team'), await explain('all')]
  expect(team).not.toContain('SubPlan')
  expect(runs(team).every((ran) => ran === 'never executed' || ran.endsWith('loops=1'))).toBe(true)
  expect(runs(all).filter((ran) => ran === 'never executed').length).toBeGreaterThan(
    runs(team).filter((ran) => ran === 'never executed').length,
  )
  const sets = 'select cardinality(bos.team()) as team, cardinality(bos.subtree()) as subtree, cardinality(bos.company()) as company'
  expect(await inTenant(world.globex.id, [], sets)).toEqual([{ team: 1, subtree: 1, company: 0 }])
  expect(Number((await inTenant(world.acme.id, [], sets))[0]!['team'])).toBeGreaterThan(2)
})

describe('a field that only one of two roles shows', () => {
  let foreign = '',
    mine = ''
  beforeEach(async () => {
    ;[foreign, mine] = [await deal(tariq), await deal(rep)]
    ok(await share('admin@acme', foreign, { member: rep, access: 'update' }))
    // A representative does not see margins; a lead does, in the deals of the team. The deal that was shared is none.
    await rolesOf('crm.rep', 'crm.lead')
  })

  test('is absent and listed where the other role reads the row, and plain elsewhere', async () => {
    const [own, shared] = [
      ok(await call('rep@acme', 'GET', `crm/deals/${mine}`)),
      ok(await call('rep@acme', 'GET', `crm/deals/${foreign}`)),
    ]
    expect([own['margin'], '_masked' in own]).toEqual(['12.50', false])
    expect(['margin' in shared, shared['_masked']]).toEqual([false, ['margin']])
    const history = ok(await call('rep@acme', 'GET', `crm/deals/${foreign}/history`))['data'] as Json[]
    expect(history.every((each) => !('margin' in (each['changes'] as Json)))).toBe(true)
    await rolesOf('crm.rep')
    expect('_masked' in ok(await call('rep@acme', 'GET', `crm/deals/${mine}`))).toBe(false)
    expect(told(await call('rep@acme', 'GET', 'crm/deals?margin=1'))).toEqual([400, 'field-unknown', ['margin']])
  })

  test('is like nothing in whatever is asked', async () => {
    const answers = async (query: string): Promise<unknown> => ok(await call('rep@acme', 'GET', `crm/deals${query}`))['data']
    for (const condition of ['margin=12.50', 'margin.gte=0', 'margin.lt=99999', 'margin.ne=1', 'margin.in=12.50,13'])
      expect(await answers(`?id=${foreign}&${condition}`)).toEqual([])
    expect(await answers(`?id=${foreign}&margin.null=true`)).toHaveLength(1)
    expect(await answers(`/aggregate?id=${foreign}&measure=sum(margin),max(margin),count`)).toEqual([
      { 'sum(margin)': null, 'max(margin)': null, count: 1 },
    ])
    expect(await answers(`/aggregate?id=${foreign}&having.max(margin).gte=0`)).toEqual([])
    const pair = `id.in=${foreign},${mine}`
    for (const sort of ['margin', '-margin']) {
      const first = ok(await call('rep@acme', 'GET', `crm/deals?${pair}&sort=${sort}&limit=1`))
      expect((first['data'] as Json[])[0]!['id']).toBe(mine)
      const { nextCursor } = first['page'] as { nextCursor: string }
      const second = ok(await call('rep@acme', 'GET', `crm/deals?${pair}&sort=${sort}&limit=1&cursor=${encodeURIComponent(nextCursor)}`))
      expect((second['data'] as Json[]).map((each) => each['id'])).toEqual([foreign])
    }
  })

  test('is not written there, whatever is sent, and stays as it is', async () => {
    const tried = await Promise.all(
      ['12.50', '99.00', null].map((margin) => call('rep@acme', 'PATCH', `crm/deals/${foreign}`, { name: 'Guess', margin })),
    )
    // Equal to what is stored, different, or empty: the answer is the same.
    const texts = tried.map(({ text }) => text.replace(/"requestId":"[^"]*"/, ''))
    expect(new Set(texts).size).toBe(1)
    expect(told(tried[0]!)).toEqual([422, 'request-invalid', ['/margin']])
    const bulk = await call('rep@acme', 'POST', 'crm/deals/bulk', { operations: [{ op: 'update', id: foreign, data: { margin: '1' } }] })
    expect(told(bulk)).toEqual([422, 'request-invalid', ['/operations/0/data/margin']])
    const echoed = ok(await call('rep@acme', 'GET', `crm/deals/${foreign}`))
    const saved = ok(await call('rep@acme', 'PATCH', `crm/deals/${foreign}`, { ...echoed, name: 'Renamed' }))
    expect([saved['name'], saved['_masked']]).toEqual(['Renamed', ['margin']])
    expect(ok(await call('admin@acme', 'GET', `crm/deals/${foreign}`))['margin']).toBe('12.50')
    expect(ok(await call('rep@acme', 'PATCH', `crm/deals/${mine}`, { margin: '13.00' }))['margin']).toBe('13.00')
  })
})

describe('sharing', () => {
  test('gives a record to read, then to change, and takes it back; history says so', async () => {
    const id = await deal(tariq)
    const path = `crm/deals/${id}`
    expect((await call('rep@acme', 'GET', path)).status).toBe(404)
    expect(told(await share('rep@acme', id, { member: rep, access: 'update' }))).toEqual([404, 'not-found', undefined])
    expect(ok(await share('manager@acme', id, { member: rep, access: 'read' }))['data']).toMatchObject([
      { member: rep, access: 'read', by: manager },
    ])
    expect(await sees('rep@acme', id)).toBe(true)
    expect((await call('rep@acme', 'GET', path)).status).toBe(200)
    expect(told(await call('rep@acme', 'PATCH', path, { name: 'Mine' }))).toEqual([403, 'not-allowed', undefined])
    expect(told(await share('rep@acme', id, { member: manager, access: 'read' }))).toEqual([403, 'not-allowed', undefined])
    ok(await share('manager@acme', id, { member: rep, access: 'update' }))
    expect((await call('rep@acme', 'PATCH', path, { name: 'Mine' })).status).toBe(200)
    expect(told(await call('rep@acme', 'DELETE', path))).toEqual([403, 'not-allowed', undefined])
    const taken = await call('manager@acme', 'DELETE', `${path}/share`, { member: rep })
    expect(ok(taken)['data']).toEqual([])
    expect((await call('rep@acme', 'GET', path)).status).toBe(404)
    expect(told(await call('manager@acme', 'DELETE', `${path}/share?member=${rep}`))).toEqual([404, 'not-found', undefined])
    const events = ok(await call('manager@acme', 'GET', `${path}/history`))['data'] as Json[]
    expect(events.map(({ type, revision }) => [type, revision])).toEqual([
      ['unshared', 5],
      ['updated', 4],
      ['shared', 3],
      ['shared', 2],
      ['created', 1],
    ])
    expect(events.map((each) => each['share'])).toEqual([
      { member: rep, from: 'update', to: null },
      undefined,
      { member: rep, from: 'read', to: 'update' },
      { member: rep, from: null, to: 'read' },
      undefined,
    ])
  })

  test('again as it is changes nothing; with a team it holds for who is in it, as long as there is one', async () => {
    const id = await deal(tariq)
    for (let i = 0; i < 2; i++) ok(await share('manager@acme', id, { team: salesTeam, access: 'read' }))
    expect(ok(await call('manager@acme', 'GET', `crm/deals/${id}/history`))['data']).toHaveLength(2)
    expect(await sees('rep@acme', id)).toBe(true)
    const team = await created('admin@acme', 'core/teams', { name: 'Task force' })
    ok(await call('admin@acme', 'PATCH', `core/members/${rep}`, { team }))
    expect(await sees('rep@acme', id)).toBe(false)
    ok(await share('manager@acme', id, { team, access: 'read' }))
    expect(await sees('rep@acme', id)).toBe(true)
    ok(await call('admin@acme', 'DELETE', `core/teams/${team}`))
    expect(await sees('rep@acme', id)).toBe(false)
    expect((ok(await call('manager@acme', 'GET', `crm/deals/${id}/share`))['data'] as Json[]).map((each) => each['team'])).toEqual([
      salesTeam,
    ])
    ok(await call('admin@acme', 'PATCH', `core/members/${rep}`, { team: salesTeam }))
  })

  test.each<[body: unknown, pointers: string[]]>([
    [[], ['']],
    [{ access: 'read' }, ['/team']],
    [{ member: 'rep', access: 'read' }, ['/member']],
    [{ member: '01890000-0000-7000-8000-000000000000', access: 'read' }, ['/member']],
    [{ member: world.globex.members['rep'], access: 'read' }, ['/member']],
    [{ team: rep, access: 'read' }, ['/team']],
    [{ member: rep, team: salesTeam || rep, access: 'read' }, ['/team']],
    [{ member: rep, access: 'delete' }, ['/access']],
    [{ member: rep, access: 'read', until: '2027-01-01' }, ['/until']],
  ])('refuses %j and shares nothing', async (body, pointers) => {
    const id = await deal(admin)
    expect(told(await call('manager@acme', 'POST', `crm/deals/${id}/share`, body))).toEqual([422, 'request-invalid', pointers])
    expect(ok(await call('manager@acme', 'GET', `crm/deals/${id}/share`))['data']).toEqual([])
  })

  test('is for entities that say so, records that are there, and one tenant', async () => {
    expect((await call('admin@acme', 'GET', `crm/companies/${company}/share`)).status).toBe(404)
    expect((await call('admin@acme', 'GET', `crm/deals/01890000-0000-7000-8000-000000000000/share`)).status).toBe(404)
    const id = await deal(tariq)
    expect((await share('admin@globex', id, { member: world.globex.members['rep']!, access: 'read' })).status).toBe(404)
    expect((await call('admin@acme', 'PUT', `crm/deals/${id}/share`, {})).status).toBe(405)
    await rolesOf()
    ok(await share('admin@acme', id, { member: rep, access: 'read' }))
    // No role of theirs can be limited to what is shared.
    expect((await call('rep@acme', 'GET', `crm/deals/${id}`)).status).toBe(404)
  })
})
