import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openLab } from '../testing/lab.ts'
import { eventsOf, scenarios } from '../testing/scenarios.ts'
import type { Reply } from '../testing/world.ts'
import { create, get, nothingIsWritten, type Json } from '../testing/writing.ts'

/** What a change of a record takes, keeps and refuses. */
const world = await openLab()
const { acme } = world
const company = await create(world, 'rep@acme', '/api/crm/companies', { name: 'Rep’s customer', external_id: 'C-1' })
const managers = await create(world, 'manager@acme', '/api/crm/companies', { name: 'Manager’s customer', external_id: 'C-2' })
const foreign = await create(world, 'rep@globex', '/api/crm/companies', { name: 'Globex customer' })
const deal = await create(world, 'rep@acme', '/api/crm/deals', {
  name: 'Fleet',
  company: company.id,
  value: { amount: '10', currency: 'EUR' },
  competitors: ['A', 'B'],
})
const foreignDeal = await create(world, 'rep@globex', '/api/crm/deals', { name: 'Theirs', company: foreign.id })
const order = await create(world, 'manager@acme', '/api/inventory/sales_orders', {
  customer: company.id,
  order_date: '2026-11-02',
  ship_address: { street: 'Ring 1', city: 'Vienna' },
})
const currency = await create(world, 'admin@acme', '/api/core/currencies', { code: 'XTS', name: 'Test money' })
const at = `/api/crm/deals/${deal.id}`
const patch = (
  body: unknown,
  headers: Record<string, string> = {},
  path = at,
  as: 'rep@acme' | 'manager@acme' | 'admin@acme' = 'rep@acme',
): Promise<Reply> => world.call(as, 'PATCH', path, { body, headers })

describe('refusals', () => {
  nothingIsWritten(world)
  const refused = { as: 'rep@acme', status: 422, problem: 'request-invalid', events: [] } as const
  scenarios(world, `PATCH ${at}`, [
    {
      ...refused,
      name: 'unknown and hidden properties alike',
      body: { margin: '1', marginal: '1', __typename: 'x' },
      pointers: ['/__typename', '/margin', '/marginal'],
    },
    {
      ...refused,
      name: 'wrong types, options, ranges and days',
      body: { name: null, stage: 'won ', probability: -1, expected_close: '2026-13-01', competitors: 'A' },
      pointers: ['/competitors', '/expected_close', '/name', '/probability', '/stage'],
    },
    {
      ...refused,
      name: 'faults of a merged value, at its members',
      body: { value: { amount: 'ten', currency: null } },
      pointers: ['/value/amount', '/value/currency'],
    },
    {
      ...refused,
      name: 'members that the value has not',
      body: '{"value":{"amonut":"1","__proto__":{"x":1}}}',
      pointers: ['/value/__proto__', '/value/amonut'],
    },
    {
      ...refused,
      name: 'another id, version or past',
      body: {
        id: randomUUID(),
        version: 7,
        created_at: '2020-01-01T00:00:00.000Z',
        created_by: null,
        created_via: 'import',
        updated_by: acme.members['admin'],
        deleted_at: '2020-01-01T00:00:00.000Z',
      },
      pointers: ['/created_at', '/created_by', '/created_via', '/deleted_at', '/id', '/updated_by', '/version'],
    },
    { ...refused, name: 'another tenant’s company, as one that is not', body: { company: foreign.id }, pointers: ['/company'] },
    { ...refused, name: 'an id that nobody has', body: { company: randomUUID() }, pointers: ['/company'] },
    { ...refused, name: 'its own id where a company is meant', body: { company: deal.id }, pointers: ['/company'] },
    {
      as: 'rep@acme',
      name: 'an If-Match that is no ETag',
      headers: { 'if-match': '"soon"' },
      body: { notes: 'x' },
      status: 400,
      problem: 'request-malformed',
    },
    {
      as: 'rep@acme',
      name: 'a version that never was',
      headers: { 'if-match': '"9.9"' },
      body: { notes: 'x' },
      status: 412,
      problem: 'version-conflict',
    },
    {
      as: 'rep@acme',
      name: 'a record that is not',
      path: `/api/crm/deals/${randomUUID()}`,
      body: { notes: 'x' },
      status: 404,
      problem: 'not-found',
    },
    {
      as: 'rep@acme',
      name: 'another tenant’s record',
      path: `/api/crm/deals/${foreignDeal.id}`,
      body: { notes: 'x' },
      status: 404,
      problem: 'not-found',
    },
    {
      as: 'rep@acme',
      name: 'an id that is SQL',
      path: `/api/crm/deals/${encodeURIComponent(`' or 1=1; --`)}`,
      body: { notes: 'x' },
      status: 404,
      problem: 'not-found',
    },
    {
      as: 'rep@acme',
      name: 'a record of another entity',
      path: `/api/crm/deals/${company.id}`,
      body: { name: 'x' },
      status: 404,
      problem: 'not-found',
    },
    {
      as: 'rep@acme',
      name: 'somebody else’s record, where reading is for all and changing for owners',
      path: `/api/crm/companies/${managers.id}`,
      body: { notes: 'x' },
      status: 403,
      problem: 'not-allowed',
    },
    { as: 'rep@acme', name: 'a method that records do not take', method: 'PUT', body: {}, status: 405, problem: 'method-not-allowed' },
    {
      as: 'rep@acme',
      name: 'a value that another record has',
      path: `/api/crm/companies/${company.id}`,
      body: { external_id: 'C-2' },
      status: 409,
      problem: 'unique-taken',
      pointers: ['/external_id'],
    },
  ])
  scenarios(world, `PATCH /api/core/currencies/${currency.id}`, [
    { ...refused, as: 'admin@acme', name: 'what is set once', body: { code: 'XXX' }, pointers: ['/code'] },
    { ...refused, as: 'admin@acme', name: 'what is set once, to nothing', body: { code: null }, pointers: ['/code'] },
  ])
  scenarios(world, `PATCH /api/inventory/sales_orders/${order.id}`, [
    { ...refused, name: 'a number that the engine gave', body: { number: 'SO-00001' }, pointers: ['/number'] },
    {
      ...refused,
      name: 'a member of an address that is too long',
      body: { ship_address: { city: 'x'.repeat(500) } },
      pointers: ['/ship_address/city'],
    },
  ])
})

test('what was read may be sent back whole: it changes nothing', async () => {
  const read = await get(world, 'rep@acme', `${at}?expand=company`)
  const { result, events } = await eventsOf(world, () => patch(read))
  expect([result.status, result.headers.get('etag'), events], result.text).toEqual([200, '"1.1"', []])
  const money = await get(world, 'admin@acme', `/api/core/currencies/${currency.id}`)
  expect((await patch(money, {}, `/api/core/currencies/${currency.id}`, 'admin@acme')).headers.get('etag')).toBe('"1.1"')
})

test('a fixed value of several members may be repeated, and not changed', async () => {
  const made = await create(world, 'admin@acme', '/api/lab/projects', { name: 'P', site: { city: 'Vienna', street: 'Ring 1' } })
  const path = `/api/lab/projects/${made.id}`
  expect((await patch({ site: { street: 'Ring 1', city: 'Vienna' } }, {}, path, 'admin@acme')).headers.get('etag')).toBe('"1.1"')
  for (const site of [{ city: 'Graz' }, { city: 'Vienna' }, null]) {
    const reply = await patch({ site }, {}, path, 'admin@acme')
    expect(
      [reply.status, (reply.body as { errors: { pointer: string }[] }).errors.map((each) => each.pointer)],
      JSON.stringify(site),
    ).toEqual([422, ['/site']])
  }
})

test('members merge, null takes one away, lists and free JSON are replaced', async () => {
  const path = `/api/inventory/sales_orders/${order.id}`
  const address = async (ship_address: unknown): Promise<unknown> =>
    ((await patch({ ship_address }, {}, path)).body as Json)['ship_address']
  expect(await address({ city: 'Graz' })).toEqual({ street: 'Ring 1', city: 'Graz' })
  expect(await address({ street: null, country: 'AT' })).toEqual({ city: 'Graz', country: 'AT' })
  expect(await address({ city: ' ', country: null })).toBe(null)
  expect(await address({ city: 'Linz' })).toEqual({ city: 'Linz' })
  expect(await address(null)).toBe(null)
  const made = await create(world, 'manager@acme', '/api/inventory/products', { name: 'Nut', specifications: { a: { b: 1 }, c: 2 } })
  expect(
    ((await patch({ specifications: { a: { d: 1 } } }, {}, `/api/inventory/products/${made.id}`, 'manager@acme')).body as Json)[
      'specifications'
    ],
  ).toEqual({ a: { d: 1 } })
  expect((await patch({ value: { amount: '11' }, competitors: ['C'] })).body as Json).toMatchObject({
    value: { amount: '11.00', currency: 'EUR' },
    competitors: ['C'],
  })
})

describe('If-Match', () => {
  const fresh = async (): Promise<string> =>
    `/api/crm/deals/${(await create(world, 'rep@acme', '/api/crm/deals', { name: 'X', company: company.id, notes: 'old' })).id}`
  test('of the version that is: changes; `*` and a weak ETag too', async () => {
    const path = await fresh()
    for (const [i, tag] of ['"1.1"', '*', 'W/"3.3"'].entries()) {
      const reply = await patch({ notes: `v${i}` }, { 'if-match': tag }, path)
      expect([reply.status, reply.headers.get('etag')], reply.text).toEqual([200, `"${i + 2}.${i + 2}"`])
    }
  })

  test('of an older version: what nobody else touched merges, the rest is refused whole', async () => {
    const path = await fresh()
    const before = await get(world, 'rep@acme', path)
    expect((await patch({ notes: 'theirs', next_step: 'call' }, {}, path)).status).toBe(200)
    const merged = await patch(
      { stage: 'qualified', id: before['id'], version: 1, revision: 1, updated_at: before['updated_at'], created_at: before['created_at'] },
      { 'if-match': '"1.1"' },
      path,
    )
    expect(merged.body, merged.text).toMatchObject({ stage: 'qualified', notes: 'theirs', next_step: 'call', version: 3 })
    const { result: reply, events } = await eventsOf(world, () => patch({ notes: 'mine', priority: 'high' }, { 'if-match': '"1.1"' }, path))
    expect(reply.body).toMatchObject({ status: 412, code: 'version-conflict', errors: [{ pointer: '/notes' }] })
    expect([reply.headers.get('etag'), events]).toEqual(['"3.3"', []])
    expect(await get(world, 'rep@acme', path)).toMatchObject({ notes: 'theirs', priority: 'normal', version: 3 })
  })

  test('of an older version, for parts of one value: they are one value', async () => {
    const path = await fresh()
    expect((await patch({ value: { amount: '1', currency: 'EUR' } }, {}, path)).status).toBe(200)
    expect((await patch({ value: { amount: '2', currency: 'EUR' } }, { 'if-match': '"1.1"' }, path)).status).toBe(412)
  })
})

test('handing a record over answers its id, once it is out of sight', async () => {
  const made = await create(world, 'rep@acme', '/api/crm/deals', { name: 'Hand over', company: company.id })
  const path = `/api/crm/deals/${made.id}`
  const { result, events } = await eventsOf(world, () => patch({ owner: acme.members['manager'] }, {}, path))
  expect([result.status, result.body, result.headers.get('etag'), events]).toEqual([
    200,
    { id: made.id, version: 2, revision: 2 },
    '"2.2"',
    ['crm.deal.updated'],
  ])
  expect((await patch({ notes: 'x' }, {}, path)).status).toBe(404)
})

test('a reference to what has been deleted meanwhile may stay, and cannot be set', async () => {
  const note = await create(world, 'admin@acme', '/api/lab/notes', { text: 'a' })
  const other = await create(world, 'admin@acme', '/api/lab/notes', { text: 'b' })
  expect((await world.call('admin@acme', 'DELETE', `/api/lab/notes/${note.id}`)).status).toBe(200)
  const reply = await patch({ under: note.id }, {}, `/api/lab/notes/${other.id}`, 'admin@acme')
  expect([reply.status, (reply.body as { errors: { pointer: string }[] }).errors.map((each) => each.pointer)]).toEqual([422, ['/under']])
})

test('a tree does not bite its tail', async () => {
  const [root, child] = [await create(world, 'manager@acme', '/api/inventory/categories', { name: 'root' }), { id: '' }]
  child.id = (await create(world, 'manager@acme', '/api/inventory/categories', { name: 'child', parent: root.id })).id
  const reply = await patch({ parent: child.id }, {}, `/api/inventory/categories/${root.id}`, 'manager@acme')
  expect([reply.status, (reply.body as { errors: { pointer: string }[] }).errors.map((each) => each.pointer)]).toEqual([422, ['/parent']])
  expect(await get(world, 'manager@acme', `/api/inventory/categories/${child.id}`)).toMatchObject({
    path: expect.stringContaining(root.id.slice(0, 8)) as unknown,
  })
})

test('50 changes of one record at once: none is lost, versions are dense, so is its history', async () => {
  const made = await create(world, 'rep@acme', '/api/crm/companies', { name: 'Busy' })
  const path = `/api/crm/companies/${made.id}`
  const fields = ['legal_name', 'website', 'phone', 'fax', 'tax_id', 'notes', 'street', 'city', 'region', 'country']
  const value = (name: string, i: number): string =>
    name === 'website' ? `https://example.test/${i}` : /phone|fax/.test(name) ? `+43 1 ${1000 + i}` : `value ${i}`
  const replies = await Promise.all(Array.from({ length: 50 }, (_, i) => patch({ [fields[i % 10]!]: value(fields[i % 10]!, i) }, {}, path)))
  expect(
    replies.map((each) => each.status),
    replies.find((each) => each.status !== 200)?.text,
  ).toEqual(replies.map(() => 200))
  expect(replies.map((each) => (each.body as { version: number }).version).toSorted((a, b) => a - b)).toEqual(replies.map((_, i) => i + 2))
  const last = new Map(
    replies.toSorted((a, b) => Number((a.body as Json)['version']) - Number((b.body as Json)['version'])).map((reply) => [reply, 0]),
  )
  const after = await get(world, 'rep@acme', path)
  expect(after).toEqual([...last.keys()].at(-1)!.body)
  expect(fields.filter((name) => after[name] === null)).toEqual([])
  const versions = await world.sql<{ version: number }>('select version from bos.event where record_id = $1 order by version', [made.id])
  expect(versions.map((each) => each.version)).toEqual(Array.from({ length: 51 }, (_, i) => i + 1))
})
