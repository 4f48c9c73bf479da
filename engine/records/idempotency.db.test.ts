import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { eventsOf } from '../testing/scenarios.ts'
import { openWorld, type Person, type Reply } from '../testing/world.ts'
import { create, fingerprint, get } from '../testing/writing.ts'

/** A request that is sent again, because its answer was lost, has one effect. */
const world = await openWorld()
const path = '/api/crm/companies'
const post = (key: string, body: unknown, as: Person = 'manager@acme', at = path): Promise<Reply> =>
  world.call(as, 'POST', at, { body, headers: { 'idempotency-key': key } })
const code = (reply: Reply): unknown[] => [reply.status, (reply.body as { code?: string }).code]
const settle = (reply: Reply): unknown => JSON.parse(reply.text.replace(/"requestId":"[^"]*"/, '"requestId":""'))

describe('a create', () => {
  test('sent again answers the same record, as it reads now', async () => {
    const key = randomUUID()
    const first = await post(key, { name: 'Once' })
    const { result: second, events } = await eventsOf(world, () => post(key, { name: 'Once' }))
    expect([first.status, second.status, events]).toEqual([201, 201, []])
    expect([second.body, second.headers.get('etag'), second.headers.get('location')]).toEqual([
      first.body,
      first.headers.get('etag'),
      first.headers.get('location'),
    ])
    const { id } = first.body as { id: string }
    await world.call('manager@acme', 'PATCH', `${path}/${id}`, { body: { notes: 'later' } })
    expect((await post(key, { name: 'Once' })).body).toMatchObject({ id, notes: 'later', version: 2 })
    await world.call('manager@acme', 'DELETE', `${path}/${id}`)
    expect((await post(key, { name: 'Once' })).body).toEqual({ id, version: 1, revision: 1 })
  })

  test('with another body, or another condition, is refused', async () => {
    const key = randomUUID()
    expect((await post(key, { name: 'A', source: 'event', founded: 1999 })).status).toBe(201)
    const before = await fingerprint(world)
    for (const body of [
      { name: 'B', source: 'event', founded: 1999 },
      { name: 'A', source: 'event' },
      { name: 'A', source: 'event', founded: 1998 },
    ]) {
      const { result, events } = await eventsOf(world, () => post(key, body))
      expect([...code(result), events]).toEqual([422, 'idempotency-mismatch', []])
    }
    expect(await fingerprint(world)).toBe(before)
  })

  test('that was refused can be sent again, corrected', async () => {
    const key = randomUUID()
    expect(code(await post(key, { name: ' ' }))).toEqual([422, 'request-invalid'])
    expect(code(await post(key, { name: 'A', parent: randomUUID() }))).toEqual([422, 'request-invalid'])
    expect((await post(key, { name: 'A' })).status).toBe(201)
  })

  test('of another person, tenant or address does not clash', async () => {
    const key = randomUUID()
    const made = await Promise.all([
      post(key, { name: 'A' }),
      post(key, { name: 'A' }, 'rep@acme'),
      post(key, { name: 'A' }, 'manager@globex'),
      post(key, { name: 'A' }, 'manager@acme', '/api/crm/contacts'),
    ])
    expect(made.map((each) => each.status)).toEqual([201, 201, 201, 201])
    expect(new Set(made.map((each) => (each.body as { id: string }).id)).size).toBe(4)
  })

  test('in 100 copies at once has one effect and one answer', async () => {
    const key = randomUUID()
    const { result, events } = await eventsOf(world, () => Promise.all(Array.from({ length: 100 }, () => post(key, { name: 'Hundred' }))))
    expect(new Set(result.map((each) => `${each.status} ${JSON.stringify(settle(each))}`)).size).toBe(1)
    expect([result[0]!.status, events]).toEqual([201, ['crm.company.created']])
    expect(await world.sql(`select 1 from crm.company where name = 'Hundred'`)).toHaveLength(1)
  })

  test.for(['', 'x'.repeat(201), 'with space', 'tab\there'])('takes no key such as %j', async (key) => {
    const before = await fingerprint(world)
    expect((await post(key, { name: 'A' })).status).toBeOneOf([400])
    expect(await fingerprint(world)).toBe(before)
  })
})

test('changes, deletes and restores are done once', async () => {
  const made = await create(world, 'manager@acme', path, { name: 'A' })
  const send = (method: string, more: string, body?: object, headers: Record<string, string> = {}): Promise<Reply> =>
    world.call('manager@acme', method, `${path}/${made.id}${more}`, {
      ...(body && { body }),
      headers: { 'idempotency-key': `${method}${more}`, ...headers },
    })
  for (const [method, more, body] of [
    ['PATCH', '', { notes: 'x' }],
    ['DELETE', ''],
    ['POST', '/restore'],
  ] as const) {
    const [first, second] = [await send(method, more, body), await send(method, more, body)]
    expect([first.status, second.status, second.headers.get('etag')], first.text).toEqual([200, 200, first.headers.get('etag')])
  }
  expect((await get(world, 'manager@acme', `${path}/${made.id}`))['version']).toBe(4)
  expect(code(await send('PATCH', '', { notes: 'x' }, { 'if-match': '"1.1"' }))).toEqual([422, 'idempotency-mismatch'])
})

describe('a batch', () => {
  const bulk = (key: string, mode: string, operations: unknown[]): Promise<Reply> =>
    world.call('manager@acme', 'POST', `${path}/bulk`, { body: { mode, operations }, headers: { 'idempotency-key': key } })
  const operations = (name: string) => [
    { op: 'create', data: { name } },
    { op: 'create', data: { nam: 'x' } },
    { op: 'create', data: { name, parent: '00000000-0000-7000-8000-000000000000' } },
    { op: 'upsert', key: 'external_id', data: { external_id: name, name } },
  ]

  test('all: replays, refuses another, can be sent again after a refusal', async () => {
    const good = [
      { op: 'create', data: { name: 'all' } },
      { op: 'create', data: { name: 'all' } },
    ]
    const [first, { result: second, events }] = [await bulk('all-1', 'all', good), await eventsOf(world, () => bulk('all-1', 'all', good))]
    expect([first.status, second.body, events]).toEqual([200, first.body, []])
    expect(code(await bulk('all-1', 'all', good.slice(1)))).toEqual([422, 'idempotency-mismatch'])
    expect((await bulk('all-2', 'all', operations('x'))).status).toBe(422)
    expect((await bulk('all-2', 'all', good)).status).toBe(200)
  })

  test('each: what was done is answered again, what was refused is tried again', async () => {
    const [first, { result: second, events }] = [
      await bulk('each-1', 'each', operations('e1')),
      await eventsOf(world, () => bulk('each-1', 'each', operations('e1'))),
    ]
    expect([first.status, settle(second), events], first.text).toEqual([200, settle(first), []])
    expect((first.body as { results: { status: number }[] }).results.map((each) => each.status)).toEqual([201, 422, 422, 201])
    expect(code(await bulk('each-1', 'each', operations('e2')))).toEqual([422, 'idempotency-mismatch'])
  })

  test('each, where one breaks a key: the others stay done, and are not done twice', async () => {
    await create(world, 'manager@acme', path, { name: 'Taken', external_id: 'K-1' })
    const body = [
      { op: 'create', data: { name: 'one' } },
      { op: 'create', data: { name: 'two', external_id: 'K-1' } },
      { op: 'create', data: { name: 'three' } },
    ]
    const [first, { result: second, events }] = [
      await bulk('each-2', 'each', body),
      await eventsOf(world, () => bulk('each-2', 'each', body)),
    ]
    expect((first.body as { results: { status: number }[] }).results.map((each) => each.status)).toEqual([201, 409, 201])
    expect([settle(second), events]).toEqual([settle(first), []])
  })

  test('each, in 20 copies at once, has one effect', async () => {
    const body = Array.from({ length: 5 }, (_, i) => ({ op: 'create', data: { name: `copy ${i}` } }))
    const { result, events } = await eventsOf(world, () => Promise.all(Array.from({ length: 20 }, () => bulk('each-3', 'each', body))))
    expect(new Set(result.map((each) => each.text)).size).toBe(1)
    expect(events).toHaveLength(5)
  })
})
