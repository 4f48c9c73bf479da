import { describe, expect, test } from 'vitest'
import { verifyAudit } from '../events/audit.ts'
import { openLab } from '../testing/lab.ts'
import { eventsOf, scenarios } from '../testing/scenarios.ts'
import type { Reply } from '../testing/world.ts'
import { create, get, nothingIsWritten } from '../testing/writing.ts'

/** The one record of a `single` entity; numbers without gaps; and what every write leaves in the log. */
const world = await openLab()
const as = 'admin@acme'
const patch = (body: object, headers: Record<string, string> = {}): Promise<Reply> =>
  world.call(as, 'PATCH', '/api/lab/profile', { body, headers })

describe('kind single', () => {
  describe('refusals, while there is none', () => {
    nothingIsWritten(world)
    scenarios(world, 'PATCH /api/lab/profile', [
      { name: 'there is nothing to read', as, method: 'GET', status: 404, problem: 'not-found' },
      { name: 'nor a history', as, method: 'GET', path: '/api/lab/profile/history', status: 404, problem: 'not-found' },
      { name: 'a required value is missing', as, body: { rooms: 4 }, status: 422, problem: 'request-invalid', pointers: ['/motto'] },
      {
        name: 'a condition that cannot hold',
        as,
        body: { motto: 'x' },
        headers: { 'if-match': '"1.1"' },
        status: 412,
        problem: 'version-conflict',
      },
      { name: 'it is not added to', as, method: 'POST', body: { motto: 'x' }, status: 405, problem: 'method-not-allowed' },
      {
        name: 'nor deleted',
        as,
        method: 'DELETE',
        status: 405,
        problem: 'method-not-allowed',
        expect: (_, reply) => expect(reply.headers.get('allow')).toBe('GET, PATCH'),
      },
      {
        name: 'and has no bulk',
        as,
        method: 'POST',
        path: '/api/lab/profile/bulk',
        body: { operations: [] },
        status: 404,
        problem: 'not-found',
      },
      {
        name: 'who has no role in the module knows nothing of it',
        as: 'rep@acme',
        body: { motto: 'x' },
        status: 404,
        problem: 'not-found',
      },
    ])
  })

  test('the first change makes it; of many first ones at once, all count', async () => {
    const { result, events } = await eventsOf(world, () =>
      Promise.all(Array.from({ length: 12 }, (_, i) => patch({ motto: `Motto ${i}` }))),
    )
    expect(
      result.map((each) => each.status).toSorted((a, b) => a - b),
      result[0]!.text,
    ).toEqual([...Array.from({ length: 11 }, () => 200), 201])
    expect(events).toEqual(['lab.profile.created', ...Array.from({ length: 11 }, () => 'lab.profile.updated')])
    expect(await get(world, as, '/api/lab/profile')).toMatchObject({ rooms: 3, version: 12 })
  })

  test('it has an ETag, a history, and a life of its own in each tenant', async () => {
    expect((await patch({ rooms: 5 }, { 'if-match': '"1.1"' })).status).toBe(200)
    expect((await patch({ motto: 'x' }, { 'if-match': '"1.1"' })).status).toBe(412)
    expect(((await get(world, as, '/api/lab/profile/history')) as unknown as { data: unknown[] }).data).toHaveLength(13)
    const page = (await get(world, as, '/api/lab/profile/history?limit=2')) as { data: { changes: object }[]; page: { before: number } }
    expect(page.data.map((each) => each.changes)).toEqual([{ rooms: { from: 3, to: 5 } }, { motto: expect.anything() as object }])
    const next = await get(world, as, `/api/lab/profile/history?before=${page.page.before}&limit=100`)
    expect(next['data']).toHaveLength(11)
    expect((await world.call('admin@globex', 'GET', '/api/lab/profile')).status).toBe(404)
  })
})

describe('numbers', () => {
  const path = '/api/lab/bookings'
  const hour = (i: number): string => new Date(Date.UTC(2027, 0, 1, i)).toISOString()
  const booking = (i: number, more: object = {}) => ({ room: 'A', from: hour(i), to: hour(i + 1), ...more })
  const numbers = async (tenant: string): Promise<string[]> =>
    (await world.sql<{ number: string }>('select number from lab.booking where tenant_id = $1 order by number', [tenant])).map(
      (each) => each.number,
    )
  const upTo = (n: number): string[] => Array.from({ length: n }, (_, i) => `B${String(i + 1).padStart(3, '0')}`)

  describe('a booking that ends before it begins', () => {
    nothingIsWritten(world)
    scenarios(world, `POST ${path}`, [
      { name: 'is refused at its end', as, body: booking(0, { to: hour(-1) }), status: 422, problem: 'request-invalid', pointers: ['/to'] },
      {
        name: 'and in bulk',
        as,
        path: `${path}/bulk`,
        body: { operations: [{ op: 'create', data: booking(0, { to: hour(-1) }) }] },
        status: 422,
        problem: 'request-invalid',
        pointers: ['/operations/0/data/to'],
      },
    ])
  })

  test('have no gap and no twin: many at once, some of them refused by rules, keys and the database', async () => {
    const attempts = Array.from({ length: 60 }, (_, i) => {
      const body =
        i % 4 === 1 ? booking(i, { room: null }) : i % 4 === 2 ? booking(i, { number: 'B999' }) : i % 4 === 3 ? booking(0) : booking(i)
      return world.call(as, 'POST', path, { body })
    })
    const replies = await Promise.all(attempts)
    const made = replies.filter((each) => each.status === 201)
    expect(made.length).toBeGreaterThanOrEqual(15)
    expect(await numbers(world.acme.id)).toEqual(upTo(made.length))
  })

  test('in batches, whether all, each, or each one by one', async () => {
    const before = (await numbers(world.acme.id)).length
    const bulk = (mode: string, operations: object[]): Promise<Reply> =>
      world.call(as, 'POST', `${path}/bulk`, { body: { mode, operations } })
    const op = (i: number, more: object = {}) => ({ op: 'create', data: booking(i, more) })
    const replies = await Promise.all([
      bulk('each', [op(100), op(101, { number: 'B999' }), op(102)]),
      bulk('each', [op(110), op(110), op(112)]),
      bulk('all', [op(120), op(121)]),
      bulk('all', [op(130), op(130)]),
      bulk('all', [op(140), op(141, { number: 'B999' })]),
    ])
    expect(replies.map((each) => each.status)).toEqual([200, 200, 200, 409, 422])
    expect(await numbers(world.acme.id)).toEqual(upTo(before + 6))
    expect((replies[0].body as { results: { status: number }[] }).results.map((each) => each.status)).toEqual([201, 422, 201])
  })

  test('a copy of a request takes none, nor does what was deleted give one back', async () => {
    const body = booking(200)
    const headers = { 'idempotency-key': 'number' }
    const [first, second] = [await world.call(as, 'POST', path, { body, headers }), await world.call(as, 'POST', path, { body, headers })]
    expect((second.body as { number: string }).number).toBe((first.body as { number: string }).number)
    await world.call(as, 'DELETE', `${path}/${(first.body as { id: string }).id}`)
    const next = await create(world, as, path, booking(201))
    expect(Number(String(next['number']).slice(1))).toBe(Number((first.body as { number: string }).number.slice(1)) + 1)
  })

  test('are each tenant’s own', async () => {
    expect(await create(world, 'admin@globex', path, booking(0))).toMatchObject({ number: 'B001' })
  })
})

test('every write leaves header, body and its place in the log, and the audit finds it whole', async () => {
  const before = await world.sql<{ n: string }>(`select count(*) as n from bos.event where entity <> 'bos.access'`)
  const company = await create(world, as, '/api/crm/companies', { name: 'Audited' })
  const note = await create(world, as, '/api/lab/notes', { text: 'x', about: { entity: 'crm.company', id: company.id } })
  const project = await create(world, as, '/api/lab/projects', {
    name: 'P',
    customer: company.id,
    sections: [{ heading: 'h', tasks: [{ label: 't' }] }],
  })
  await world.call(as, 'PATCH', `/api/lab/projects/${project.id}?replace=sections`, { body: { office: { city: 'X' }, sections: null } })
  await world.call(as, 'DELETE', `/api/crm/companies/${company.id}`)
  await world.call(as, 'POST', `/api/crm/companies/${company.id}/restore`)
  await world.call(as, 'POST', '/api/lab/notes/bulk', {
    body: {
      mode: 'all',
      operations: [
        { op: 'delete', id: note.id },
        { op: 'create', data: { text: 'y' } },
      ],
    },
  })
  const events = await world.sql<{ entity: string; type: string; body: unknown; version: number }>(
    `select e.entity, e.type, e.version, b.body from bos.event e left join bos.event_body b on b.event_id = e.id and b.tenant_id = e.tenant_id and b.at = e.at where e.entity <> 'bos.access' order by e.at, e.id offset $1`,
    [before[0]!.n],
  )
  expect(events.map((each) => `${each.entity} ${each.type} ${each.version}`).toSorted()).toEqual([
    'crm.company created 1',
    'crm.company deleted 2',
    'crm.company restored 3',
    'lab.note created 1',
    'lab.note created 1',
    'lab.note deleted 3',
    'lab.note updated 2',
    'lab.project created 1',
    'lab.project updated 2',
    'lab.project updated 3',
  ])
  expect(events.filter((each) => each.body === null)).toEqual([])

  await expect.poll(async () => (await world.sql('select 1 from bos.event_pending')).length, { timeout: 20_000 }).toBe(0)
  const reports = await world.app.database.withOwner((owner) => verifyAudit(owner))
  expect(reports.map((each) => each.broken)).toEqual(reports.map(() => null))
  const [{ n: total }] = (await world.sql<{ n: string }>('select count(*) as n from bos.event')) as [{ n: string }]
  expect(reports.reduce((sum, each) => sum + each.verified, 0)).toBe(Number(total))
})
