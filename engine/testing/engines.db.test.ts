import { describe, expect, test } from 'vitest'
import { engines } from './engines.ts'
import { eventsOf, scenarios } from './scenarios.ts'
import { ok, openWorld, type Reply, type World } from './world.ts'

/** What the records API does, once on each database engine: the same tables of scenarios, the same answers. */
for (const engine of engines) {
  const world = await openWorld({}, engine)
  const companies = await idsOf(world, '/api/crm/companies?relationship=customer&sort=name&limit=2')
  const foreign = await idsOf(world, '/api/crm/companies?limit=1', 'rep@globex')
  describe(`on the ${engine} engine`, () => {
    expectRecords(world, companies, foreign[0] ?? '')
    expectDocuments(world, companies[0] ?? '')
    expectFiles(world)
    expectOrder(world)
  })
}

async function idsOf(world: World, path: string, as: 'rep@acme' | 'rep@globex' = 'rep@acme'): Promise<readonly string[]> {
  const { data } = ok(await world.call(as, 'GET', path)) as { data: { id: string }[] }
  expect(data.length).toBeGreaterThan(0)
  return data.map(({ id }) => id)
}

type Body = Record<string, unknown>
const list = (body: unknown): Body[] => (body as { data: Body[] }).data

/** One record from its beginning to its end, and back. */
function expectRecords(world: World, [company, other]: readonly string[], foreign: string): void {
  const deals = '/api/crm/deals'
  const deal = { name: 'Zwölf Kräne', company, value: { amount: '1200.50', currency: 'EUR' }, expected_close: '2027-02-28' }
  const state = { id: '', etag: '' }
  const remember = (body: unknown, reply: Reply): void => {
    state.id = (body as { id: string }).id
    state.etag = reply.headers.get('etag') ?? ''
  }
  const path =
    (below = '') =>
    () =>
      `${deals}/${state.id}${below}`
  const match = () => ({ 'if-match': state.etag })

  scenarios(world, `POST ${deals}`, [
    { name: 'nobody may', as: null, body: deal, status: 401, problem: 'not-authenticated' },
    { name: 'JSON that ends too early', as: 'rep@acme', body: '{"name":', status: 400, problem: 'request-malformed' },
    {
      name: 'every fault at once',
      as: 'rep@acme',
      body: { ...deal, stage: 'dreaming', value: { amount: '1.234567', currency: 'EUR' }, expected_close: '2027-02-30', nmae: 'x' },
      status: 422,
      problem: 'request-invalid',
      pointers: ['/stage', '/value/amount', '/expected_close', '/nmae'],
    },
    {
      name: 'a record of another tenant is none',
      as: 'rep@acme',
      body: { ...deal, company: foreign },
      status: 422,
      problem: 'request-invalid',
      pointers: ['/company'],
    },
    { name: 'a rep creates a deal', as: 'rep@acme', body: deal, status: 201, events: ['crm.deal.created'], expect: remember },
    {
      name: 'twice by one key is once',
      as: 'rep@acme',
      body: { ...deal, external_id: 'E-1' },
      headers: { 'idempotency-key': 'once' },
      status: 201,
      events: ['crm.deal.created'],
    },
    {
      name: 'the repetition answers the same',
      as: 'rep@acme',
      body: { ...deal, external_id: 'E-1' },
      headers: { 'idempotency-key': 'once' },
      status: 201,
      events: [],
    },
    {
      name: 'a unique value that is taken',
      as: 'rep@acme',
      body: { ...deal, external_id: 'E-1' },
      status: 409,
      problem: 'unique-taken',
      pointers: ['/external_id'],
    },
  ])

  scenarios(world, `PATCH ${deals}`, [
    { name: 'another tenant finds nothing', as: 'admin@globex', path: path(), body: { name: 'Stolen' }, status: 404, problem: 'not-found' },
    {
      name: 'the owner changes it',
      as: 'rep@acme',
      path: path(),
      body: { stage: 'proposal', value: { amount: '1300' }, competitors: ['Globex'] },
      headers: match,
      status: 200,
      events: ['crm.deal.updated'],
      expect: (body: Body) => {
        expect(body).toMatchObject({ stage: 'proposal', value: { amount: '1300.00', currency: 'EUR' }, version: 2 })
      },
    },
    {
      name: 'an old ETag does for another field',
      as: 'manager@acme',
      path: path(),
      body: { name: 'Dreizehn Kräne' },
      headers: match,
      status: 200,
      events: ['crm.deal.updated'],
    },
    {
      name: 'but not for the same one: the answer says what to do, and the current ETag',
      as: 'rep@acme',
      path: path(),
      body: { stage: 'won' },
      headers: match,
      status: 412,
      problem: 'version-conflict',
      pointers: ['/stage'],
      expect: ({ detail }: { detail: string }, reply) => {
        expect(detail).toContain('Read it again')
        expect(reply.headers.get('etag')).toMatch(/^"3\.\d+"$/)
      },
    },
    { name: 'a rep cannot delete', as: 'rep@acme', method: 'DELETE', path: path(), status: 403, problem: 'not-allowed' },
  ])

  scenarios(world, `GET ${deals}`, [
    {
      name: 'finds it by a part of a word, without its accents',
      as: 'rep@acme',
      path: `${deals}?name.contains=zehn%20kran&fields=name`,
      status: 200,
      expect: (body) => {
        expect(list(body).map(({ id }) => id)).toEqual([state.id])
      },
    },
    {
      name: 'finds it by its words',
      as: 'rep@acme',
      path: `${deals}?search=krane%20dreizehn`,
      status: 200,
      expect: (body) => {
        expect(list(body).map(({ id }) => id)).toEqual([state.id])
      },
    },
    {
      name: 'expands what it refers to, and what refers to that',
      as: 'rep@acme',
      path: () => `${deals}/${state.id}?expand=company.contacts,owner&fields=name,company.name,owner.name`,
      status: 200,
      expect: (body: { _expand: { company: Body & { _expand: { contacts: { data: Body[] } } } } }) => {
        expect(body).toMatchObject({
          name: 'Dreizehn Kräne',
          _expand: { company: { id: company }, owner: { id: world.acme.members['rep'] } },
        })
        for (const contact of body._expand.company._expand.contacts.data) expect(contact['company']).toBe(company)
      },
    },
    {
      name: 'pages hold everything once, in order',
      as: 'manager@acme',
      path: `${deals}?sort=-value,name&limit=7&count=exact`,
      status: 200,
      expect: async (first: { page: { nextCursor: string | null; total: number } }) => {
        const seen: Body[] = []
        for (let page = first; ;) {
          seen.push(...list(page))
          if (page.page.nextCursor === null) break
          const next = `${deals}?sort=-value,name&limit=7&cursor=${encodeURIComponent(page.page.nextCursor)}`
          page = ok(await world.call('manager@acme', 'GET', next)) as unknown as typeof first
        }
        const amounts = seen.map(({ value }) => Number((value as { amount: string } | null)?.amount ?? -Infinity))
        expect(new Set(seen.map(({ id }) => id)).size).toBe(first.page.total)
        expect(amounts).toEqual(amounts.toSorted((a, b) => b - a))
      },
    },
    {
      name: 'counts and sums, exactly, by currency',
      as: 'rep@acme',
      path: `${deals}/aggregate?group=stage,created_at:year&measure=count,sum(value)&name.contains=kräne&sort=stage`,
      status: 200,
      expect: (body) => {
        expect(list(body)).toMatchObject([
          { stage: 'new', count: 1, 'sum(value)': { amount: '1200.50', currency: 'EUR' } },
          { stage: 'proposal', count: 1, 'sum(value)': { amount: '1300.00', currency: 'EUR' } },
        ])
      },
    },
    { name: 'a hidden field is an unknown one', as: 'rep@acme', path: `${deals}?margin.gt=1`, status: 400, problem: 'field-unknown' },
    { name: 'a forged cursor', as: 'rep@acme', path: `${deals}?cursor=abc`, status: 400, problem: 'cursor-invalid' },
    {
      name: 'what somebody else owns is not there',
      as: 'rep@acme',
      path: `${deals}?owner=${world.acme.members['manager']}`,
      status: 200,
      expect: (body) => {
        expect(list(body)).toEqual([])
      },
    },
  ])

  const bulk = (mode: string, name: string) => () => ({
    mode,
    operations: [
      { op: 'create', data: { name, company: other } },
      { op: 'update', id: state.id, data: { priority: 'high' } },
      { op: 'upsert', key: 'external_id', data: { external_id: 'E-1', name, company: other } },
      { op: 'create', data: { name: '', company: other } },
    ],
  })
  scenarios(world, `POST ${deals}/bulk`, [
    {
      name: 'all or nothing',
      as: 'manager@acme',
      body: bulk('all', 'Alles'),
      status: 422,
      problem: 'request-invalid',
      pointers: ['/operations/3/data/name'],
    },
    {
      name: 'each by itself',
      as: 'manager@acme',
      body: bulk('each', 'Einzeln'),
      status: 200,
      events: ['crm.deal.created', 'crm.deal.updated', 'crm.deal.updated'],
      expect: ({ results }: { results: { status: number }[] }) => {
        expect(results.map(({ status }) => status)).toEqual([201, 200, 200, 422])
      },
    },
  ])

  scenarios(world, `DELETE ${deals}`, [
    {
      name: 'a company that is referred to stays',
      as: 'manager@acme',
      path: `/api/crm/companies/${company}`,
      status: 409,
      problem: 'still-referenced',
    },
    { name: 'with an old ETag', as: 'manager@acme', path: path(), headers: match, status: 412, problem: 'version-conflict' },
    { name: 'a manager deletes it', as: 'manager@acme', path: path(), status: 200, events: ['crm.deal.deleted'] },
    { name: 'then it is gone', as: 'rep@acme', method: 'GET', path: path(), status: 404, problem: 'not-found' },
    { name: 'a rep cannot bring it back', as: 'rep@acme', method: 'POST', path: path('/restore'), status: 403, problem: 'not-allowed' },
    { name: 'a manager can', as: 'manager@acme', method: 'POST', path: path('/restore'), status: 200, events: ['crm.deal.restored'] },
    {
      name: 'and its history tells all of it',
      as: 'manager@acme',
      method: 'GET',
      path: path('/history'),
      status: 200,
      expect: (body) => {
        expect(list(body).map(({ type }) => type)).toEqual(['restored', 'deleted', 'updated', 'updated', 'updated', 'created'])
      },
    },
  ])
}

/** A record with lines. */
function expectDocuments(world: World, customer: string): void {
  const orders = '/api/inventory/sales_orders'
  let order: { id: string; lines: { id: string; position: number }[] }
  const product = async (): Promise<string> => (await idsOf(world, '/api/inventory/products?limit=1'))[0] ?? ''
  let line: Body = {}

  test('there is a product to order', async () => {
    line = { product: await product(), quantity: 2, unit_price: '9.99' }
    expect(line['product']).toMatch(/^[0-9a-f-]{36}$/)
  })
  scenarios(world, `POST ${orders}`, [
    {
      name: 'faults of a line say which',
      as: 'admin@acme',
      body: () => ({ customer, order_date: '2026-11-01', lines: [line, { ...line, quantity: 'two' }] }),
      status: 422,
      problem: 'request-invalid',
      pointers: ['/lines/1/quantity'],
    },
    {
      name: 'an order with two lines gets the next number',
      as: 'admin@acme',
      body: () => ({ customer, order_date: '2026-11-01', lines: [line, { ...line, quantity: 3 }] }),
      status: 201,
      events: ['inventory.sales_order.created'],
      expect: (body: typeof order & { number: string }) => {
        order = body
        expect(body.number).toMatch(/^SO-\d{5}$/)
        expect(body.lines).toMatchObject([{ quantity: 2 }, { quantity: 3, unit_price: '9.9900' }])
      },
    },
    {
      name: 'one line changes, one goes, one comes',
      as: 'admin@acme',
      method: 'PATCH',
      path: () => `${orders}/${order.id}`,
      body: () => ({ lines: { [order.lines[0]!.id]: { quantity: 5 }, [order.lines[1]!.id]: null, 'new:1': { ...line, quantity: 7 } } }),
      status: 200,
      events: ['inventory.sales_order.updated'],
      expect: ({ lines }: { lines: { quantity: number }[] }) => {
        expect(lines.map(({ quantity }) => quantity)).toEqual([5, 7])
      },
    },
    {
      name: 'and are summed through their document',
      as: 'admin@acme',
      method: 'GET',
      path: () => `/api/inventory/sales_order_lines/aggregate?parent.id=${order.id}&measure=count,sum(quantity)&group=parent.customer`,
      status: 200,
      expect: (body) => {
        expect(list(body)).toMatchObject([{ 'parent.customer': customer, count: 2, 'sum(quantity)': 12 }])
      },
    },
  ])
}

/** CSV in and out. */
function expectFiles(world: World): void {
  const companies = '/api/crm/companies'
  const headers = { 'content-type': 'text/csv' }
  let job = ''
  scenarios(world, `POST ${companies}/import`, [
    { name: 'an empty file', as: 'manager@acme', body: '', headers, status: 422, problem: 'request-invalid' },
    {
      name: 'a file',
      as: 'manager@acme',
      body: 'name,industry,external_id\n"Čapek, Sons",food,C-1\nNobody,dreams,C-2\n',
      headers,
      status: 202,
      expect: ({ id }: { id: string }) => {
        job = id
      },
    },
  ])
  test('the job does what can be done, and says what cannot', async () => {
    const read = async (): Promise<Body> => ok(await world.call('manager@acme', 'GET', `/api/jobs/${job}`))
    await expect.poll(async () => (await read())['status'], { timeout: 25_000, interval: 100 }).toBe('done')
    expect((await read())['result']).toMatchObject({ created: 1, failed: 1, faults: [{ row: 3, column: 'industry' }] })
    const exported = await world.call('manager@acme', 'GET', `${companies}/export?external_id=C-1&fields=name,industry`)
    expect(exported.text).toContain('"Čapek, Sons",food')
  })
}

/** What came of all that, behind the API. */
function expectOrder(world: World): void {
  test('every event gets its place in the log', async () => {
    const { events } = await eventsOf(world, () => world.call('rep@acme', 'GET', '/api/crm/deals?limit=1'))
    expect(events).toEqual([])
    const waiting = async (): Promise<unknown> => (await world.sql<{ n: string }>('select count(*) as n from bos.event_pending'))[0]?.n
    await expect.poll(async () => Number(await waiting()), { timeout: 25_000, interval: 200 }).toBe(0)
    const [counts] = await world.sql(
      'select (select count(*)::int from bos.event) as events, (select count(*)::int from bos.log) as places, (select sum(n)::int from (select max(position) as n from bos.log group by tenant_id) t) as last',
    )
    expect(counts).toMatchObject({ places: counts?.['events'], last: counts?.['events'] })
  })
}
