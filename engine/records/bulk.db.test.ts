import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openLab } from '../testing/lab.ts'
import { eventsOf, scenarios } from '../testing/scenarios.ts'
import type { Person, Reply } from '../testing/world.ts'
import { create, get, nothingIsWritten } from '../testing/writing.ts'

/** Many operations at once: all or none, or each by itself. */
const world = await openLab()
const { acme } = world
interface Result {
  status: number
  id?: string
  version?: number
  problem?: { code: string; errors?: { pointer: string }[] }
}
const path = '/api/crm/companies'
const send = (
  mode: string,
  operations: unknown,
  as: Person = 'manager@acme',
  at = path,
  headers: Record<string, string> = {},
): Promise<Reply> => world.call(as, 'POST', `${at}/bulk`, { body: { mode, operations }, headers })
const results = (reply: Reply): Result[] => {
  expect(reply.status, reply.text).toBe(200)
  return (reply.body as { results: Result[] }).results
}
const outcome = (reply: Reply): unknown[] =>
  results(reply).map(({ status, problem }) =>
    problem ? [status, problem.code, ...(problem.errors ?? []).map((each) => each.pointer)] : status,
  )
const company = (name: string, more: object = {}) => ({ op: 'create', data: { name, ...more } })
const existing = await create(world, 'manager@acme', path, { name: 'Existing', external_id: 'B-1' })
const other = await create(world, 'manager@acme', path, { name: 'Other', external_id: 'B-2' })
const foreign = await create(world, 'manager@globex', path, { name: 'Theirs', external_id: 'B-9' })
const pointers = (reply: Reply): string[] => ((reply.body as { errors?: { pointer: string }[] }).errors ?? []).map((each) => each.pointer)

describe('refusals', () => {
  nothingIsWritten(world)
  const refused = { as: 'manager@acme', status: 422, problem: 'request-invalid', events: [] } as const
  scenarios(world, `POST ${path}/bulk`, [
    { ...refused, name: 'no object, no list, an empty list', body: [], pointers: [''] },
    { ...refused, name: 'no operations', body: { mode: 'all' }, pointers: ['/operations'] },
    { ...refused, name: 'operations that are an object', body: { operations: { 0: company('x') } }, pointers: ['/operations'] },
    { ...refused, name: 'an empty list', body: { operations: [] }, pointers: ['/operations'] },
    {
      ...refused,
      name: 'another mode and other members',
      body: '{"mode":"some","operations":[1],"__proto__":1,"constructor":2,"a/b":3}',
      pointers: ['/__proto__', '/a~1b', '/constructor', '/mode'],
    },
    {
      ...refused,
      name: '1,001 operations',
      body: { operations: Array.from({ length: 1001 }, () => company('x')) },
      pointers: ['/operations'],
    },
    {
      ...refused,
      name: '100,000 rows that fit the body',
      body: { mode: 'each', operations: Array.from({ length: 100_000 }, () => 0) },
      pointers: ['/operations'],
    },
    {
      as: 'manager@acme',
      name: '100,000 rows that do not',
      body: { operations: Array.from({ length: 100_000 }, (_, i) => company(`Company ${i}`)) },
      status: 413,
      problem: 'body-too-large',
    },
    {
      ...refused,
      name: 'all: every fault of every operation',
      pointers: [
        '/operations/1/data/name',
        '/operations/2/data/nam',
        '/operations/2/data/name',
        '/operations/3/op',
        '/operations/4',
        '/operations/5/id',
        '/operations/6/constructor',
        '/operations/7/ifMatch',
        '/operations/8/key',
        '/operations/9/data/external_id',
      ],
      body: {
        mode: 'all',
        operations: [
          company('Good'),
          { op: 'create', data: { name: 7 } },
          { op: 'create', data: { nam: 'x' } },
          { op: 'destroy', id: existing.id },
          null,
          { op: 'update', id: 7, data: {} },
          { op: 'create', data: {}, constructor: 1 },
          { op: 'delete', id: existing.id, ifMatch: 'x' },
          { op: 'upsert', key: 'nam', data: {} },
          { op: 'upsert', key: 'external_id', data: { name: 'x', external_id: null } },
        ],
      },
    },
    {
      ...refused,
      name: 'all: another tenant’s id in an operation',
      status: 404,
      problem: 'not-found',
      pointers: ['/operations/1'],
      body: { operations: [company('Good'), { op: 'update', id: foreign.id, data: { notes: 'x' } }] },
    },
    {
      ...refused,
      name: 'all: an id that nobody has',
      status: 404,
      problem: 'not-found',
      pointers: ['/operations/1'],
      body: { operations: [company('Good'), { op: 'update', id: randomUUID(), data: { notes: 'x' } }] },
    },
    {
      ...refused,
      name: 'all: another tenant’s id in a reference',
      pointers: ['/operations/1/data/parent'],
      body: { operations: [company('Good'), company('x', { parent: foreign.id })] },
    },
    {
      ...refused,
      name: 'all: a value that another record has',
      status: 409,
      problem: 'unique-taken',
      pointers: ['/operations/1/data/external_id'],
      body: { operations: [company('Good'), company('x', { external_id: 'B-1' })] },
    },
    {
      ...refused,
      name: 'all: a value that two of them want',
      status: 409,
      problem: 'unique-taken',
      pointers: ['/operations/2/data/external_id'],
      body: { operations: [company('a', { external_id: 'new' }), company('b'), company('c', { external_id: 'new' })] },
    },
    {
      ...refused,
      name: 'all: a change to a value that another has',
      status: 409,
      problem: 'unique-taken',
      pointers: ['/operations/1/data/external_id'],
      body: {
        operations: [
          { op: 'update', id: other.id, data: { notes: 'x' } },
          { op: 'update', id: existing.id, data: { external_id: 'B-2' } },
        ],
      },
    },
    {
      ...refused,
      name: 'all: the same record twice',
      pointers: ['/operations/1/data'],
      body: {
        operations: [
          { op: 'update', id: existing.id, data: { notes: 'a' } },
          { op: 'update', id: existing.id, data: { notes: 'b' } },
        ],
      },
    },
    {
      ...refused,
      name: 'all: upserts of the same new key',
      pointers: ['/operations/1/data'],
      body: {
        operations: [
          { op: 'upsert', key: 'external_id', data: { external_id: 'New', name: 'a' } },
          { op: 'upsert', key: 'external_id', data: { external_id: 'New', name: 'b' } },
        ],
      },
    },
    {
      ...refused,
      name: 'all: a create and an upsert of the same new key',
      pointers: ['/operations/1/data'],
      body: {
        operations: [company('a', { external_id: 'New' }), { op: 'upsert', key: 'external_id', data: { external_id: 'New', name: 'b' } }],
      },
    },
    {
      ...refused,
      name: 'all: an upsert and a create of the same new key',
      pointers: ['/operations/1/data'],
      body: {
        operations: [{ op: 'upsert', key: 'external_id', data: { external_id: 'New', name: 'b' } }, company('a', { external_id: 'New' })],
      },
    },
    {
      ...refused,
      as: 'manager@acme',
      path: '/api/inventory/products/bulk',
      name: 'all: upserts of the same new key in another case',
      pointers: ['/operations/1/data'],
      body: {
        operations: [
          { op: 'upsert', key: 'sku', data: { sku: 'new-1', name: 'a' } },
          { op: 'upsert', key: 'sku', data: { sku: 'NEW-1', name: 'b' } },
        ],
      },
    },
    {
      ...refused,
      name: 'all: a stale version',
      status: 412,
      problem: 'version-conflict',
      body: { operations: [company('Good'), { op: 'delete', id: existing.id, ifMatch: '"7.7"' }] },
    },
    {
      ...refused,
      as: 'rep@acme',
      name: 'all: one action that the role has not',
      status: 403,
      problem: 'not-allowed',
      pointers: ['/operations/1'],
      body: { operations: [company('Good'), { op: 'delete', id: existing.id }] },
    },
    {
      as: 'rep@acme',
      name: 'an entity that only shows itself in documents',
      path: '/api/inventory/sales_order_lines/bulk',
      body: { operations: [] },
      status: 403,
      problem: 'not-allowed',
    },
    { as: 'manager@acme', name: 'another method', method: 'GET', status: 405, problem: 'method-not-allowed' },
  ])

  test('a key over a hidden field is no key', async () => {
    const reply = await world.call('rep@acme', 'POST', '/api/core/members/bulk', {
      body: { operations: [{ op: 'upsert', key: 'external_id', data: {} }] },
    })
    expect([reply.status, pointers(reply), reply.text.includes('external_id')]).toEqual([422, ['/operations/0/key'], false])
  })

  test('all: one deletes what another refers to', async () => {
    const reply = await send('all', [{ op: 'delete', id: other.id }, company('x', { parent: other.id })])
    expect([reply.status, (reply.body as { code: string }).code]).toEqual([409, 'conflict'])
  })
})

test('all: everything in one transaction, results in order', async () => {
  const gone = await create(world, 'manager@acme', path, { name: 'Gone' })
  const { result, events } = await eventsOf(world, () =>
    send('all', [
      company('A'),
      { op: 'update', id: existing.id, ifMatch: '"1.1"', data: { notes: 'x' } },
      { op: 'delete', id: gone.id },
      { op: 'upsert', key: 'external_id', data: { external_id: 'B-2', name: 'Other 2' } },
    ]),
  )
  expect(results(result)).toMatchObject([
    { status: 201, version: 1 },
    { status: 200, id: existing.id, version: 2 },
    { status: 200, id: gone.id, version: 2 },
    { status: 200, id: other.id, version: 2 },
  ])
  expect(events).toEqual(['crm.company.created', 'crm.company.deleted', 'crm.company.updated', 'crm.company.updated'])
  const back = await send('all', [{ op: 'restore', id: gone.id }])
  expect(results(back)).toMatchObject([{ status: 200, version: 3 }])
})

test('all: what goes together may hang together', async () => {
  const categories = '/api/inventory/categories'
  const root = await create(world, 'manager@acme', categories, { name: 'root' })
  const child = await create(world, 'manager@acme', categories, { name: 'child', parent: root.id })
  expect((await send('all', [{ op: 'delete', id: root.id }], 'manager@acme', categories)).status).toBe(409)
  expect(
    outcome(
      await send(
        'all',
        [
          { op: 'delete', id: root.id },
          { op: 'delete', id: child.id },
        ],
        'manager@acme',
        categories,
      ),
    ),
  ).toEqual([200, 200])
})

describe('each', () => {
  test('the good ones are done, the others say what is wrong with them', async () => {
    const { result, events } = await eventsOf(world, () =>
      send('each', [
        company('E1'),
        { op: 'create', data: { name: 7, nam: 1 } },
        company('E2', { external_id: 'B-1' }),
        company('E3', { parent: foreign.id }),
        company('E4', { parent: randomUUID() }),
        { op: 'update', id: foreign.id, data: {} },
        { op: 'delete', id: randomUUID() },
        { op: 'update', id: existing.id, ifMatch: '"9"', data: { notes: 'y' } },
        null,
        { op: 'upsert', key: 'external_id', data: { name: 'x' } },
        company('E5'),
      ]),
    )
    expect(outcome(result)).toEqual([
      201,
      [422, 'request-invalid', '/operations/1/data/name', '/operations/1/data/nam'],
      [409, 'unique-taken', '/operations/2/data/external_id'],
      [422, 'request-invalid', '/operations/3/data/parent'],
      [422, 'request-invalid', '/operations/4/data/parent'],
      [404, 'not-found'],
      [404, 'not-found'],
      [412, 'version-conflict'],
      [422, 'request-invalid', '/operations/8'],
      [422, 'request-invalid', '/operations/9/data/external_id'],
      201,
    ])
    expect(events).toEqual(['crm.company.created', 'crm.company.created'])
    const problems = results(result).flatMap((each) => each.problem ?? [])
    expect(JSON.stringify(problems[2])).toBe(JSON.stringify(problems[3]).replace('operations/4', 'operations/3'))
  })

  test('a fault of one does not depend on how it was found: alone or in the batch', async () => {
    const faulty = [company('x', { parent: randomUUID() }), { op: 'update', id: existing.id, ifMatch: '"1.1"', data: { notes: 'z' } }]
    const [first, second] = [await send('each', faulty), await send('each', [...faulty, company('y', { external_id: 'B-1' })])]
    expect(outcome(second).slice(0, 2)).toEqual(outcome(first))
  })

  test('one after the other, where they meet in a record', async () => {
    const [a, b] = [await create(world, 'manager@acme', path, { name: 'a' }), await create(world, 'manager@acme', path, { name: 'b' })]
    expect(
      outcome(
        await send('each', [
          { op: 'update', id: a.id, data: { notes: '1' } },
          { op: 'update', id: a.id, data: { notes: '2' } },
        ]),
      ),
    ).toEqual([200, 200])
    expect(await get(world, 'manager@acme', `${path}/${a.id}`)).toMatchObject({ notes: '2', version: 3 })
    expect(
      outcome(
        await send('each', [
          company('c', { external_id: 'same' }),
          { op: 'upsert', key: 'external_id', data: { external_id: 'same', name: 'd' } },
          company('e', { external_id: 'same' }),
        ]),
      ),
    ).toEqual([201, 200, [409, 'unique-taken', '/operations/2/data/external_id']])
    expect(
      outcome(await send('each', [company('child', { parent: b.id }), { op: 'delete', id: b.id }, company('late', { parent: b.id })])),
    ).toEqual([201, 200, [422, 'request-invalid', '/operations/2/data/parent']])
    const children = await world.sql(
      'select 1 from crm.company c join crm.company p on p.id = c.parent where c.deleted_at is null and p.deleted_at is not null',
    )
    expect(children).toEqual([])
    const [deal] = [await create(world, 'manager@acme', '/api/inventory/categories', { name: 'root' })]
    const child = await create(world, 'manager@acme', '/api/inventory/categories', { name: 'child', parent: deal.id })
    expect(
      outcome(
        await send(
          'each',
          [
            { op: 'delete', id: child.id },
            { op: 'delete', id: deal.id },
          ],
          'manager@acme',
          '/api/inventory/categories',
        ),
      ),
    ).toEqual([200, 200])
    expect(
      outcome(
        await send(
          'each',
          [
            { op: 'restore', id: child.id },
            { op: 'restore', id: deal.id },
          ],
          'manager@acme',
          '/api/inventory/categories',
        ),
      ),
    ).toEqual([[409, 'restore-refused'], 200])
  })

  test('a cycle in one of them is its own affair', async () => {
    const at = '/api/inventory/categories'
    const root = await create(world, 'manager@acme', at, { name: 'root' })
    const child = await create(world, 'manager@acme', at, { name: 'child', parent: root.id })
    expect(
      outcome(
        await send(
          'each',
          [
            { op: 'create', data: { name: 'fine' } },
            { op: 'update', id: root.id, data: { parent: child.id } },
          ],
          'manager@acme',
          at,
        ),
      ),
    ).toEqual([201, [422, 'request-invalid', '/operations/1/data/parent']])
  })

  test('a cycle is told at the field of whoever made it; of several that may have, at none', async () => {
    const at = '/api/inventory/categories'
    const [root, beside] = [await create(world, 'manager@acme', at, { name: 'r' }), await create(world, 'manager@acme', at, { name: 'o' })]
    const child = await create(world, 'manager@acme', at, { name: 'c', parent: root.id })
    const move = (id: string, parent: string) => ({ op: 'update', id, data: { parent } })
    const told = async (reply: Promise<Reply>): Promise<unknown> => {
      const { status, body } = await reply
      const { code, errors } = body as { code: string; errors?: { pointer: string }[] }
      return [status, code, errors?.map((each) => each.pointer)]
    }
    const rename = { op: 'update', id: beside.id, data: { name: 'renamed' } }
    const one = world.call('manager@acme', 'PATCH', `${at}/${root.id}`, { body: { parent: child.id } })
    expect(await told(one)).toEqual([422, 'request-invalid', ['/parent']])
    expect(await told(send('all', [rename, move(root.id, child.id)], 'manager@acme', at))).toEqual([
      422,
      'request-invalid',
      ['/operations/1/data/parent'],
    ])
    const twoMoves = [move(beside.id, root.id), move(root.id, child.id)]
    expect(await told(send('all', twoMoves, 'manager@acme', at))).toEqual([422, 'request-invalid', undefined])
    expect(await get(world, 'manager@acme', `${at}/${beside.id}`)).toMatchObject({ name: 'o', parent: null })
  })

  test('the actions of a role hold for each', async () => {
    const mine = await create(world, 'rep@acme', path, { name: 'Rep’s' })
    expect(
      outcome(
        await send(
          'each',
          [
            company('x'),
            { op: 'update', id: mine.id, data: { notes: 'x' } },
            { op: 'update', id: existing.id, data: { notes: 'x' } },
            { op: 'delete', id: mine.id },
            company('y', { credit_limit: { amount: '1', currency: 'EUR' } }),
          ],
          'rep@acme',
        ),
      ),
    ).toEqual([201, 200, [403, 'not-allowed'], [403, 'not-allowed'], [422, 'request-invalid', '/operations/4/data/credit_limit']])
  })
})

describe('upsert', () => {
  const upsert = (data: object) => ({ op: 'upsert', key: 'external_id', data })
  test('creates what is not there and changes what is, as far as it is named', async () => {
    expect(outcome(await send('all', [upsert({ external_id: 'U-1', name: 'First', notes: 'kept' })]))).toEqual([201])
    const [changed] = results(await send('all', [upsert({ external_id: 'U-1', name: 'Second' })]))
    expect(changed).toMatchObject({ status: 200, version: 2 })
    expect(await get(world, 'manager@acme', `${path}/${changed!.id}`)).toMatchObject({ name: 'Second', notes: 'kept' })
    expect(outcome(await send('each', [upsert({ external_id: 'U-1' }), upsert({ external_id: 'U-2' })]))).toEqual([
      200,
      [422, 'request-invalid', '/operations/1/data/name'],
    ])
  })

  test('a key that ignores case, a key of several fields, a key that the engine gives', async () => {
    const skus = (sku: string, name: string) => ({ op: 'upsert', key: 'sku', data: { sku, name } })
    expect(outcome(await send('each', [skus('ab-1', 'a'), skus('AB-1', 'b')], 'manager@acme', '/api/inventory/products'))).toEqual([
      201, 200,
    ])
    const project = (code: string) => ({ op: 'upsert', key: 'code', data: { code, customer: existing.id, name: code } })
    expect(outcome(await send('all', [project('p1'), project('p2')], 'admin@acme', '/api/lab/projects'))).toEqual([201, 201])
    expect(outcome(await send('all', [project('P1')], 'admin@acme', '/api/lab/projects'))).toEqual([200])
    const booking = await create(world, 'admin@acme', '/api/lab/bookings', {
      room: 'A',
      from: '2026-11-02T08:00:00Z',
      to: '2026-11-02T09:00:00Z',
    })
    const byNumber = (number: unknown) => ({
      op: 'upsert',
      key: 'number',
      data: { number, room: 'B', from: '2026-11-02T08:00:00Z', to: '2026-11-02T09:00:00Z' },
    })
    expect(outcome(await send('each', [byNumber(booking['number']), byNumber('B999')], 'admin@acme', '/api/lab/bookings'))).toEqual([
      200,
      [422, 'request-invalid', '/operations/1/data/number'],
    ])
  })

  test('what the actor cannot see is taken, not shown and not changed', async () => {
    await create(world, 'manager@acme', '/api/crm/deals', { name: 'Secret', company: existing.id, external_id: 'D-1' })
    const reply = await send(
      'each',
      [{ op: 'upsert', key: 'external_id', data: { external_id: 'D-1', name: 'Mine', company: existing.id } }],
      'rep@acme',
      '/api/crm/deals',
    )
    expect(outcome(reply)).toEqual([[409, 'unique-taken', '/operations/0/data/external_id']])
  })

  test('20 at once: one record, nobody is refused, no version is lost', async () => {
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => send(i % 2 ? 'all' : 'each', [upsert({ external_id: 'Race', name: `Name ${i}` })])),
    )
    const all = replies.flatMap(results)
    expect(all.map((each) => each.status).toSorted((a, b) => a - b)).toEqual([...Array.from({ length: 19 }, () => 200), 201])
    expect(new Set(all.map((each) => each.id)).size).toBe(1)
    expect(all.map((each) => each.version!).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })
})

test('ranges must not overlap; the refusal names the fields', async () => {
  const at = '/api/lab/bookings'
  const book = (room: string, from: string, to: string) => ({
    op: 'create',
    data: { room, from: `2026-12-01T${from}:00Z`, to: `2026-12-01T${to}:00Z` },
  })
  expect(
    outcome(
      await send(
        'each',
        [book('C', '08:00', '10:00'), book('C', '10:00', '11:00'), book('C', '09:00', '10:30'), book('D', '09:00', '10:30')],
        'admin@acme',
        at,
      ),
    ),
  ).toEqual([201, 201, [409, 'unique-taken', '/operations/2/data/room', '/operations/2/data/from', '/operations/2/data/to'], 201])
})

test('batches that cross each other’s records come through: a deadlock is tried again', async () => {
  const ids = await Promise.all(
    Array.from({ length: 6 }, async (_, i) => (await create(world, 'manager@acme', path, { name: `Cross ${i}` })).id),
  )
  const replies = await Promise.all(
    Array.from({ length: 24 }, (_, i) =>
      send(
        'all',
        [...ids.slice(i % 6), ...ids.slice(0, i % 6)].map((id, n) => ({
          op: 'update',
          id,
          data: { notes: `${i}`, ...(n % 2 && { parent: ids[(n + i) % 6] === id ? null : ids[(n + i) % 6] }) },
        })),
      ),
    ),
  )
  expect(
    replies.map((each) => each.status),
    replies.find((each) => each.status !== 200)?.text,
  ).toEqual(replies.map(() => 200))
  const rows = await world.sql<{ version: number }>('select version from crm.company where id = any($1)', [ids])
  expect(rows.map((each) => each.version)).toEqual(ids.map(() => 25))
  expect(acme.id).not.toBe('')
})
