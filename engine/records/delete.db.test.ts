import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openLab } from '../testing/lab.ts'
import { eventsOf, scenarios } from '../testing/scenarios.ts'
import type { Person, Reply } from '../testing/world.ts'
import { create, get, nothingIsWritten, type Json } from '../testing/writing.ts'

/** Deleting, with whatever hangs on a record, and bringing back exactly that. */
const world = await openLab()
const as = 'admin@acme'
const make = async (path: string, body: object): Promise<string> => (await create(world, as, `/api/${path}`, body)).id
const remove = (path: string, id: string, headers: Record<string, string> = {}, who: Person = as): Promise<Reply> =>
  world.call(who, 'DELETE', `/api/${path}/${id}`, { headers })
const restore = (path: string, id: string, who: Person = as): Promise<Reply> => world.call(who, 'POST', `/api/${path}/${id}/restore`)
const isLive = async (path: string, id: string): Promise<boolean> => (await world.call(as, 'GET', `/api/${path}/${id}`)).status === 200
const code = (reply: Reply): unknown[] => [reply.status, (reply.body as { code?: string }).code]

/** Every reference of a live record of these tables that points to a deleted one. Links of lists may. */
async function dangling(): Promise<unknown[]> {
  return world.sql(`
    select 'deal → company' as what, d.id from crm.deal d join crm.company c on c.id = d.company where d.deleted_at is null and c.deleted_at is not null
    union all select 'deal → contact', d.id from crm.deal d join crm.contact c on c.id = d.contact where d.deleted_at is null and c.deleted_at is not null
    union all select 'activity → company', a.id from crm.activity a join crm.company c on c.id = a.about__crm__company where a.deleted_at is null and c.deleted_at is not null
    union all select 'line → product', o.id from inventory.sales_order o join inventory.sales_order_line l on l.parent_id = o.id join inventory.product p on p.id = l.product
      where o.deleted_at is null and p.deleted_at is not null
    union all select 'note → note', n.id from lab.note n join lab.note u on u.id = n.under where n.deleted_at is null and u.deleted_at is not null
    union all select 'note → project', n.id from lab.note n join lab.project p on p.id in (n.project, n.about__lab__project) where n.deleted_at is null and p.deleted_at is not null`)
}

const held = await make('crm/companies', { name: 'Held' })
await make('crm/deals', { name: 'Holds', company: held })
const product = await make('inventory/products', { name: 'Bolt' })
await make('inventory/sales_orders', { customer: held, order_date: '2026-11-02', lines: [{ product, quantity: 1, unit_price: '1' }] })
const edited = await make('crm/companies', { name: 'Edited' })
await world.call(as, 'PATCH', `/api/crm/companies/${edited}`, { body: { notes: 'x' } })
const foreign = (await create(world, 'admin@globex', '/api/crm/companies', { name: 'Theirs' })).id
const managers = (await create(world, 'manager@acme', '/api/crm/activities', { subject: 'Manager’s', kind: 'call' })).id
const comment = (await create(world, 'manager@acme', '/api/core/comments', { about: { entity: 'crm.company', id: held }, body: 'Mine' })).id

describe('refusals', () => {
  nothingIsWritten(world)
  scenarios(world, `DELETE /api/crm/companies/${held}`, [
    { name: 'other records refer to it', as, status: 409, problem: 'still-referenced' },
    { name: 'a line refers to it', as, path: `/api/inventory/products/${product}`, status: 409, problem: 'still-referenced' },
    {
      name: 'somebody changed it since it was read',
      as,
      path: `/api/crm/companies/${edited}`,
      headers: { 'if-match': '"1.1"' },
      status: 412,
      problem: 'version-conflict',
      expect: (_, reply) => expect(reply.headers.get('etag')).toBe('"2.2"'),
    },
    {
      name: 'an If-Match that is no ETag',
      as,
      path: `/api/crm/companies/${edited}`,
      headers: { 'if-match': 'latest' },
      status: 400,
      problem: 'request-malformed',
    },
    { name: 'a role without the action', as: 'rep@acme', path: `/api/crm/companies/${edited}`, status: 403, problem: 'not-allowed' },
    {
      name: 'somebody else’s, where the role sees only its own',
      as: 'rep@acme',
      path: `/api/crm/activities/${managers}`,
      status: 404,
      problem: 'not-found',
    },
    { name: 'somebody else’s comment', as: 'rep@acme', path: `/api/core/comments/${comment}`, status: 404, problem: 'not-found' },
    { name: 'another tenant’s', as, path: `/api/crm/companies/${foreign}`, status: 404, problem: 'not-found' },
    { name: 'nobody’s', as, path: `/api/crm/companies/${randomUUID()}`, status: 404, problem: 'not-found' },
    { name: 'everything at once', as, path: '/api/crm/companies', status: 405, problem: 'method-not-allowed' },
    {
      name: 'restoring what is not deleted',
      as,
      method: 'POST',
      path: `/api/crm/companies/${edited}/restore`,
      status: 404,
      problem: 'not-found',
    },
    {
      name: 'restoring another tenant’s',
      as,
      method: 'POST',
      path: `/api/crm/companies/${foreign}/restore`,
      status: 404,
      problem: 'not-found',
    },
    {
      name: 'restoring with another method',
      as,
      method: 'GET',
      path: `/api/crm/companies/${edited}/restore`,
      status: 405,
      problem: 'method-not-allowed',
    },
  ])
})

test('a deleted record is gone everywhere, and its version went on', async () => {
  const id = await make('crm/companies', { name: 'Gone', external_id: 'G-1' })
  const { result, events } = await eventsOf(world, () => remove('crm/companies', id, { 'if-match': '"1.1"' }))
  expect([result.status, result.body, result.headers.get('etag'), events]).toEqual([
    200,
    { id, version: 2, revision: 2 },
    '"2.2"',
    ['crm.company.deleted'],
  ])
  for (const [method, path, body] of [
    ['GET', ''],
    ['PATCH', '', { notes: 'x' }],
    ['DELETE', ''],
  ] as const) {
    expect((await world.call(as, method, `/api/crm/companies/${id}${path}`, { ...(body && { body }) })).status).toBe(404)
  }
  const reply = await world.call(as, 'POST', '/api/crm/deals', { body: { name: 'x', company: id } })
  expect([reply.status, (reply.body as { errors: { pointer: string }[] }).errors.map((each) => each.pointer)]).toEqual([422, ['/company']])
  // Its unique values are free again.
  await make('crm/companies', { name: 'New', external_id: 'G-1' })
  expect(code(await restore('crm/companies', id))).toEqual([409, 'restore-refused'])
  expect(await isLive('crm/companies', id)).toBe(false)
})

test('cascade goes down, references that allow it are cleared; restore brings exactly those back', async () => {
  const project = await make('lab/projects', { name: 'P' })
  const [note, kept, cleared] = [
    await make('lab/notes', { text: 'a', project }),
    await make('lab/notes', { text: 'deleted before', project }),
    await make('lab/notes', { text: 'c', about: { entity: 'lab.project', id: project } }),
  ]
  const below = await make('lab/notes', { text: 'below', under: note, about: { entity: 'lab.project', id: project } })
  expect((await remove('lab/notes', kept)).status).toBe(200)
  const deletion = await eventsOf(world, () => remove('lab/projects', project))
  expect(deletion.events, deletion.result.text).toEqual(['lab.note.deleted', 'lab.note.deleted', 'lab.note.updated', 'lab.project.deleted'])
  expect(await get(world, as, `/api/lab/notes/${cleared}`)).toMatchObject({ about: null, version: 2 })
  const history = (await get(world, as, `/api/lab/notes/${cleared}/history`)) as unknown as { data: { changes: Json }[] }
  expect(history.data[0]!.changes).toEqual({ about: { from: { entity: 'lab.project', id: project }, to: null } })

  // What went along hangs on what is gone; alone it does not come back.
  expect(code(await restore('lab/notes', note))).toEqual([409, 'restore-refused'])
  expect(code(await restore('lab/notes', below))).toEqual([409, 'restore-refused'])
  expect(await dangling()).toEqual([])

  const back = await eventsOf(world, () => restore('lab/projects', project))
  expect(back.events, back.result.text).toEqual(['lab.note.restored', 'lab.note.restored', 'lab.project.restored'])
  expect(back.result.body).toMatchObject({ id: project, version: 3 })
  expect(await Promise.all([note, below, kept].map((id) => isLive('lab/notes', id)))).toEqual([true, true, false])
  expect(await get(world, as, `/api/lab/notes/${below}`)).toMatchObject({
    under: note,
    about: { entity: 'lab.project', id: project },
    version: 3,
  })
})

test('a part of a deletion whose own ground is live comes back with what hangs on it', async () => {
  const [first, second] = [await make('lab/notes', { text: '1' }), '']
  const middle = await make('lab/notes', { text: '2', under: first })
  const last = await make('lab/notes', { text: '3', under: middle })
  expect((await remove('lab/notes', middle)).status).toBe(200)
  expect(code(await restore('lab/notes', last))).toEqual([409, 'restore-refused'])
  expect((await restore('lab/notes', middle)).status).toBe(200)
  expect(await isLive('lab/notes', last)).toBe(true)
  expect(second).toBe('')
})

test('restore is refused while something it needs is gone: what it refers to, or what its lines do', async () => {
  const company = await make('crm/companies', { name: 'A' })
  const deal = await make('crm/deals', { name: 'D', company })
  const goods = await make('inventory/products', { name: 'P' })
  const order = await make('inventory/sales_orders', {
    customer: company,
    order_date: '2026-11-02',
    lines: [{ product: goods, quantity: 1, unit_price: '1' }],
  })
  for (const [path, id] of [
    ['crm/deals', deal],
    ['inventory/sales_orders', order],
    ['inventory/products', goods],
    ['crm/companies', company],
  ] as const)
    expect((await remove(path, id)).status).toBe(200)
  expect(code(await restore('crm/deals', deal))).toEqual([409, 'restore-refused'])
  expect((await restore('crm/companies', company)).status).toBe(200)
  expect((await restore('crm/deals', deal)).status).toBe(200)
  const { result, events } = await eventsOf(world, () => restore('inventory/sales_orders', order))
  expect([...code(result), events]).toEqual([409, 'restore-refused', []])
  expect((await restore('inventory/products', goods)).status).toBe(200)
  expect((await restore('inventory/sales_orders', order)).status).toBe(200)
  expect(await dangling()).toEqual([])
})

test('who sees only their own deletes, sees and restores their own', async () => {
  const mine = (await create(world, 'rep@acme', '/api/crm/activities', { subject: 'Mine', kind: 'call' })).id
  expect((await remove('crm/activities', mine, {}, 'rep@acme')).status).toBe(200)
  expect(await remove('crm/activities', managers).then((reply) => reply.status)).toBe(200)
  expect((await restore('crm/activities', managers, 'rep@acme')).status).toBe(404)
  expect((await restore('crm/activities', mine, 'rep@acme')).body).toMatchObject({ subject: 'Mine', version: 3 })
})

test('a delete that a role may do reaches what the role cannot see', async () => {
  const company = await make('crm/companies', { name: 'With notes' })
  const hidden = (await create(world, 'rep@acme', '/api/crm/activities', { subject: 'x', kind: 'call', owner: world.acme.members['rep'] }))
    .id
  expect(
    (await world.call(as, 'PATCH', `/api/crm/activities/${hidden}`, { body: { about: { entity: 'crm.company', id: company } } })).status,
  ).toBe(200)
  const { events } = await eventsOf(world, () => remove('crm/companies', company, {}, 'manager@acme'))
  expect(events).toEqual(['crm.activity.deleted', 'crm.company.deleted'])
})

describe('at the same moment', () => {
  /** Runs the attempts of all rounds, a few at a time, and counts what was answered. */
  async function hammer(rounds: number, attempt: (round: number) => Promise<readonly Reply[]>): Promise<Map<string, number>> {
    const seen = new Map<string, number>()
    for (let round = 0; round < rounds; round += 8) {
      const replies = await Promise.all(Array.from({ length: 8 }, (_, i) => attempt(round + i)))
      for (const each of replies) {
        const outcome = each.map((reply) => reply.status).join(' ')
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
      }
    }
    expect(await dangling()).toEqual([])
    expect([...seen.keys()].filter((each) => /5\d\d/.test(each))).toEqual([])
    return seen
  }

  test('a reference is made and its target deleted: one of the two is refused', async () => {
    const seen = await hammer(64, async (i) => {
      const company = await make('crm/companies', { name: `Race ${i}` })
      const creation = world.call(as, 'POST', '/api/crm/deals', { body: { name: `Race ${i}`, company } })
      return i % 2
        ? Promise.all([creation, remove('crm/companies', company)])
        : Promise.all([remove('crm/companies', company), creation]).then(([a, b]) => [b, a])
    })
    expect([...seen.keys()].toSorted().filter((each) => each !== '201 409' && each !== '422 200')).toEqual([])
  })

  test('a reference is made and its target deleted with all that hangs on it', async () => {
    await hammer(48, async (i) => {
      const company = await make('crm/companies', { name: `Race ${i}` })
      const about = { entity: 'crm.company', id: company }
      return Promise.all([
        world.call(as, 'POST', '/api/crm/activities', { body: { subject: 'x', kind: 'call', about } }),
        remove('crm/companies', company),
      ])
    })
  })

  test('a reference is set by a change, or is cleared by the delete', async () => {
    const company = await make('crm/companies', { name: 'Race' })
    const deal = await make('crm/deals', { name: 'Race', company })
    await hammer(32, async (i) => {
      const contact = await make('crm/contacts', { name: `Race ${i}` })
      return Promise.all([world.call(as, 'PATCH', `/api/crm/deals/${deal}`, { body: { contact } }), remove('crm/contacts', contact)])
    })
  })

  test('a line is written and its product deleted', async () => {
    await hammer(32, async (i) => {
      const goods = await make('inventory/products', { name: `Race ${i}` })
      return Promise.all([
        world.call(as, 'POST', '/api/inventory/sales_orders', {
          body: { customer: held, order_date: '2026-11-02', lines: [{ product: goods, quantity: 1, unit_price: '1' }] },
        }),
        remove('inventory/products', goods),
      ])
    })
  })

  test('a record comes back and what it refers to goes', async () => {
    const seen = await hammer(48, async (i) => {
      const company = await make('crm/companies', { name: `Race ${i}` })
      const deal = await make('crm/deals', { name: `Race ${i}`, company })
      expect((await remove('crm/deals', deal)).status).toBe(200)
      return Promise.all([restore('crm/deals', deal), remove('crm/companies', company)])
    })
    expect([...seen.keys()].toSorted().filter((each) => each !== '200 409' && each !== '409 200')).toEqual([])
  })

  test('a record is deleted by many: once', async () => {
    const company = await make('crm/companies', { name: 'Once' })
    const { result, events } = await eventsOf(world, () => Promise.all(Array.from({ length: 12 }, () => remove('crm/companies', company))))
    expect(result.map((reply) => reply.status).toSorted((a, b) => a - b)).toEqual([200, ...Array.from({ length: 11 }, () => 404)])
    expect(events).toEqual(['crm.company.deleted'])
  })
})
