import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { scenarios } from '../testing/scenarios.ts'
import { openWorld, type Reply } from '../testing/world.ts'
import { create, nothingIsWritten } from '../testing/writing.ts'

/** What a new record takes and what not. */
const world = await openWorld()
const { acme, globex } = world
const company = await create(world, 'rep@acme', '/api/crm/companies', { name: 'Acme customer' })
const foreign = await create(world, 'rep@globex', '/api/crm/companies', { name: 'Globex customer' })
const product = await create(world, 'manager@acme', '/api/inventory/products', { name: 'Bolt' })
const deal = (more: object) => ({ name: 'Fleet renewal', company: company.id, ...more })
const raw = (more: string) => `{"name":"Fleet renewal","company":"${company.id}",${more}}`
const order = (line: object) => ({
  customer: company.id,
  order_date: '2026-11-02',
  lines: [{ product: product.id, quantity: 1, unit_price: '1', ...line }],
})
const injections = [`'; drop table crm.deal; --`, `" or 1=1 --`, `$1`, `\\'); select pg_sleep(9); --`, `{{7*7}}`, `%27%20or%201=1`]
const detail = (reply: Reply): string[] => (reply.body as { errors: { detail: string }[] }).errors.map((each) => each.detail)

describe('refusals', () => {
  nothingIsWritten(world)

  const refused = { as: 'rep@acme', status: 422, problem: 'request-invalid', events: [] } as const
  scenarios(world, 'POST /api/crm/deals', [
    {
      ...refused,
      name: 'an unknown property, with the nearest known one',
      body: deal({ prioritty: 'high' }),
      pointers: ['/prioritty'],
      expect: (_, reply) => expect(detail(reply)).toEqual([`There is no field "prioritty". Did you mean "priority"?`]),
    },
    {
      ...refused,
      name: 'a hidden property',
      body: deal({ margin: '12' }),
      pointers: ['/margin'],
      expect: (_, reply) => expect(detail(reply)).toEqual(['There is no field "margin".']),
    },
    {
      ...refused,
      name: 'a name as near to a hidden property as could be: no suggestion',
      body: deal({ margn: '12' }),
      pointers: ['/margn'],
      expect: (_, reply) => expect(detail(reply)).toEqual(['There is no field "margn".']),
    },
    {
      ...refused,
      name: 'wrong types, all at once',
      body: deal({ name: 7, stage: true, value: 'much', tags: 'x', competitors: { a: 1 }, owner: 12, stakeholders: null, notes: ['x'] }),
      pointers: ['/competitors', '/name', '/notes', '/owner', '/stage', '/tags', '/value'],
    },
    { ...refused, name: 'text that is too long', body: deal({ name: 'x'.repeat(201) }), pointers: ['/name'] },
    {
      ...refused,
      name: 'text with half a character or a NUL',
      body: deal({ name: 'a\u0000b', next_step: '\ud800' }),
      pointers: ['/name', '/next_step'],
    },
    { ...refused, name: 'a number out of range', body: deal({ probability: '101' }), pointers: ['/probability'] },
    {
      ...refused,
      name: 'a number with more digits than the field keeps',
      body: deal({ value: { amount: '1.23456', currency: 'EUR' }, probability: '1.5' }),
      pointers: ['/probability', '/value/amount'],
    },
    {
      ...refused,
      name: 'a number beyond any precision, as a JSON number',
      body: raw('"value":{"amount":123456789012345678901234567890.5,"currency":"EUR"}'),
      pointers: ['/value/amount'],
    },
    { ...refused, name: 'a number beyond what a double holds', body: raw('"probability":1e400'), pointers: ['/probability'] },
    {
      ...refused,
      name: 'NaN and Infinity as texts',
      body: deal({ probability: 'NaN', value: { amount: 'Infinity', currency: 'EUR' } }),
      pointers: ['/probability', '/value/amount'],
    },
    {
      ...refused,
      name: 'a currency that is none',
      body: deal({ value: { amount: '1', currency: 'euro' } }),
      pointers: ['/value/currency'],
    },
    {
      ...refused,
      name: 'days that the calendar has not',
      body: deal({ expected_close: '2026-02-30', closed_on: '30.11.2026' }),
      pointers: ['/closed_on', '/expected_close'],
    },
    { ...refused, name: 'a missing required property and a null one', body: { name: null }, pointers: ['/company', '/name'] },
    { ...refused, name: 'a required text of white space', body: deal({ name: ' \t ' }), pointers: ['/name'] },
    {
      ...refused,
      name: 'an unknown option, with the nearest known one',
      body: deal({ stage: 'wonn' }),
      pointers: ['/stage'],
      expect: (_, reply) => expect(detail(reply)[0]).toContain('"won"'),
    },
    {
      ...refused,
      name: 'a list with the same item twice, and one with too many',
      body: deal({ competitors: ['a', 'a'], tags: Array.from({ length: 201 }, () => randomUUID()) }),
      pointers: ['/competitors/1', '/tags'],
    },
    { ...refused, name: 'no object', body: [deal({})], pointers: [''] },
    { ...refused, name: 'null', body: 'null', pointers: [''] },
    {
      ...refused,
      name: 'what only the engine sets',
      body: deal({
        id: randomUUID(),
        version: 1,
        created_at: '2020-01-01T00:00:00.000Z',
        created_by: acme.members['admin'],
        deleted_at: null,
      }),
      pointers: ['/created_at', '/created_by', '/deleted_at', '/id', '/version'],
    },
    {
      ...refused,
      name: 'the keys that JavaScript objects are built of',
      body: raw('"__proto__":{"a":1},"constructor":{"prototype":{}},"hasOwnProperty":1,"toString":null'),
      pointers: ['/__proto__', '/constructor', '/hasOwnProperty', '/toString'],
    },
    {
      ...refused,
      name: 'the same keys one level down',
      body: raw('"value":{"amount":"1","currency":"EUR","__proto__":1},"owner":{"__proto__":"x"}'),
      pointers: ['/owner', '/value/__proto__'],
    },
    {
      ...refused,
      name: 'SQL as names',
      body: { ...deal({}), ...Object.fromEntries(injections.map((each) => [each, 1])) },
      pointers: injections.map((each) => `/${each.replaceAll('~', '~0').replaceAll('/', '~1')}`),
    },
    {
      ...refused,
      name: 'SQL as ids, options, dates, numbers, currencies',
      body: deal({
        company: injections[0],
        stage: injections[1],
        expected_close: injections[2],
        probability: injections[3],
        value: { amount: injections[4], currency: injections[0] },
      }),
      pointers: ['/company', '/expected_close', '/probability', '/stage', '/value/amount', '/value/currency'],
    },
    { as: 'rep@acme', name: 'JSON that breaks off', body: '{"name": "x", ', status: 400, problem: 'request-malformed' },
    { as: 'rep@acme', name: 'JSON with a NaN', body: '{"probability": NaN}', status: 400, problem: 'request-malformed' },
    { as: 'rep@acme', name: 'the same key twice', body: '{"name": "x", "name": "y"}', status: 400, problem: 'request-malformed' },
    { as: 'rep@acme', name: 'no body at all', status: 422, problem: 'request-invalid', pointers: [''] },
    { as: 'rep@acme', name: 'JSON of 65 levels', body: '['.repeat(65) + ']'.repeat(65), status: 400, problem: 'request-malformed' },
    { as: 'rep@acme', name: 'JSON of a million levels', body: '['.repeat(1_000_000), status: 400, problem: 'request-malformed' },
    {
      as: 'rep@acme',
      name: 'a body of 10 MB',
      body: JSON.stringify(deal({ notes: 'x'.repeat(10_000_000) })),
      status: 413,
      problem: 'body-too-large',
    },
    {
      as: 'rep@acme',
      name: 'a body that is not JSON',
      body: 'name=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      status: 415,
      problem: 'media-type-unsupported',
    },
    { as: null, name: 'nobody', body: deal({}), status: 401, problem: 'not-authenticated' },
  ])

  scenarios(world, 'POST /api/inventory/sales_orders', [
    {
      ...refused,
      name: 'faults in lines, each with its place',
      body: {
        ...order({}),
        lines: [
          { product: null, quantity: 0, unit_price: '1' },
          { product: product.id, quantity: 1.5, unit_price: '1', colour: 'red' },
          null,
          7,
        ],
      },
      pointers: ['/lines/0/product', '/lines/0/quantity', '/lines/1/colour', '/lines/1/quantity', '/lines/2', '/lines/3'],
    },
    {
      ...refused,
      name: 'what a line misses',
      body: { ...order({}), lines: [{ quantity: null }, { product: null, unit_price: '' }] },
      pointers: ['/lines/1/product', '/lines/1/unit_price'],
    },
    {
      ...refused,
      name: 'required columns of a line',
      body: { ...order({}), lines: [{}] },
      pointers: ['/lines/0/product', '/lines/0/unit_price'],
    },
    {
      ...refused,
      name: 'lines that are no list',
      body: { ...order({}), lines: { 'new:1': { product: product.id, quantity: 1, unit_price: '1' } } },
      pointers: ['/lines'],
    },
    {
      ...refused,
      name: 'more lines than a document takes',
      body: { ...order({}), lines: Array.from({ length: 1001 }, () => ({})) },
      pointers: ['/lines'],
    },
    {
      ...refused,
      name: 'object internals as keys of a line and of an address',
      body: `{"customer":"${company.id}","order_date":"2026-11-02","ship_address":{"__proto__":"x","constructor":"y"},"lines":[{"product":"${product.id}","quantity":1,"unit_price":"1","__proto__":{"x":1}}]}`,
      pointers: ['/lines/0/__proto__', '/ship_address/__proto__', '/ship_address/constructor'],
    },
    {
      ...refused,
      name: 'a whole number beyond 2^53',
      body: JSON.stringify(order({})).replace('"quantity":1', '"quantity":9007199254740993'),
      pointers: ['/lines/0/quantity'],
    },
    { ...refused, name: 'a number of one’s own choice', body: { ...order({}), number: 'SO-99999' }, pointers: ['/number'] },
  ])

  scenarios(world, 'POST /api/inventory/products', [
    {
      ...refused,
      name: 'what the role that may write fixes, though another shows it',
      body: { name: 'Nut', discontinued: true },
      pointers: ['/discontinued'],
    },
    { ...refused, name: 'what every role hides', body: { name: 'Nut', unit_cost: '1' }, pointers: ['/unit_cost'] },
    {
      ...refused,
      as: 'manager@acme',
      name: 'free JSON with object internals or a NUL',
      body: '{"name":"Odd","specifications":{"__proto__":{"x":1},"constructor":2,"a":"\\u0000"}}',
      pointers: ['/specifications/__proto__', '/specifications/a'],
    },
  ])

  scenarios(world, 'POST /api/crm/activities', [
    {
      ...refused,
      name: 'a moment that is none, a duration that is none',
      body: { subject: 'Call', kind: 'call', due: '2026-11-02T25:00:00Z', duration: 'long' },
      pointers: ['/due', '/duration'],
    },
    {
      ...refused,
      name: 'a reference to an entity that it cannot point to',
      body: { subject: 'Call', kind: 'call', about: { entity: 'inventory.product', id: product.id } },
      pointers: ['/about/entity'],
    },
    {
      ...refused,
      name: 'a bare id where there are several targets',
      body: { subject: 'Call', kind: 'call', about: company.id },
      pointers: ['/about'],
    },
  ])

  scenarios(world, 'POST /api/crm/companies/x', [
    ...[
      '/api/crm/deals/aggregate',
      '/api/crm/deals/export',
      '/api/crm/nothing',
      '/api/nothing/deals',
      '/api/crm/__proto__',
      '/api/__proto__/constructor',
      `/api/crm/${encodeURIComponent(injections[0]!)}`,
    ].map(
      (path) =>
        ({
          name: `nothing can be made at ${path}`,
          as: 'rep@acme',
          path,
          body: { name: 'x' },
          status: /aggregate|export/.test(path) ? 405 : 404,
        }) as const,
    ),
    {
      name: 'lines stand only in their document',
      as: 'rep@acme',
      path: '/api/inventory/sales_order_lines',
      body: { product: product.id },
      status: 403,
      problem: 'not-allowed',
    },
    {
      name: 'a role without the action',
      as: 'rep@acme',
      path: '/api/inventory/suppliers',
      body: { name: 'x' },
      status: 403,
      problem: 'not-allowed',
    },
  ])

  test('an address that is nearly right says what was meant, as far as the caller may know', async () => {
    const ask = async (path: string) => (await world.call('rep@acme', 'POST', path, { body: {} })).body as { detail: string }
    expect((await ask('/api/crm/deal')).detail).toContain('crm/deals')
    expect((await ask('/api/cmr/deals')).detail).toContain('crm/deals')
  })

  // Another tenant's id answers, to the letter, as one that nobody has.
  const places: readonly (readonly [string, string, (id: string) => object])[] = [
    ['a reference', '/api/crm/deals', (id) => deal({ company: id })],
    ['a reference that has a default', '/api/crm/deals', (id) => deal({ owner: id })],
    ['a list of references', '/api/crm/deals', (id) => deal({ stakeholders: [id] })],
    ['one of several targets', '/api/crm/activities', (id) => ({ subject: 'x', kind: 'call', about: { entity: 'crm.company', id } })],
    ['a line', '/api/inventory/sales_orders', (id) => order({ product: id })],
  ]
  test.for(places)('%s to another tenant', async ([, path, body]) => {
    const answers = await Promise.all(
      [foreign.id, globex.members['rep'] ?? '', randomUUID()].map(async (id) => {
        const reply = await world.call('rep@acme', 'POST', path, { body: body(id) })
        return [reply.status, reply.text.replaceAll(id, '<id>').replace(/"requestId":"[^"]*"/, '')]
      }),
    )
    expect(answers[0]![0]).toBe(422)
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
  })
})

scenarios(world, 'POST /api/crm/deals', [
  {
    name: 'a new deal gets its defaults, an owner, an ETag and an address',
    as: 'rep@acme',
    body: { name: 'Fleet', company: company.id.toUpperCase(), _title: 'ignored', _expand: {} },
    status: 201,
    events: ['crm.deal.created'],
    expect: (body: Record<string, unknown>, reply) => {
      expect(body).toMatchObject({
        name: 'Fleet',
        company: company.id,
        stage: 'new',
        probability: '10',
        owner: acme.members['rep'],
        version: 1,
        revision: 1,
        created_by: acme.members['rep'],
        created_via: 'api',
        tags: [],
        value: null,
        _title: 'Fleet',
      })
      expect(body).not.toHaveProperty('margin')
      expect(reply.headers.get('etag')).toBe('"1.1"')
      expect(reply.headers.get('location')).toBe(`/api/crm/deals/${String(body['id'])}`)
    },
  },
  {
    name: 'numbers are taken as they are written, and kept to the last digit',
    as: 'manager@acme',
    body: raw('"value":{"amount":9007199254740993.01,"currency":"EUR"},"probability":55,"margin":1e3'),
    status: 201,
    events: ['crm.deal.created'],
    expect: (body: Record<string, unknown>) =>
      expect(body).toMatchObject({ value: { amount: '9007199254740993.01', currency: 'EUR' }, probability: '55', margin: '1000.00' }),
  },
  {
    name: 'null where there is a default means: none',
    as: 'rep@acme',
    body: deal({ priority: null, owner: null }),
    status: 201,
    events: ['crm.deal.created'],
    // Nobody's deal: the rep, who sees their own, is told its id and no more.
    expect: (body: object) => expect(Object.keys(body)).toEqual(['id', 'version', 'revision']),
  },
  {
    name: 'on behalf of somebody else: made, and then out of sight',
    as: 'rep@acme',
    body: deal({ owner: acme.members['manager'] }),
    status: 201,
    events: ['crm.deal.created'],
    expect: async (body: { id: string }, reply) => {
      expect(Object.keys(body)).toEqual(['id', 'version', 'revision'])
      expect(reply.headers.get('etag')).toBe('"1.1"')
      expect((await world.call('rep@acme', 'GET', `/api/crm/deals/${body.id}`)).status).toBe(404)
      expect((await world.call('manager@acme', 'GET', `/api/crm/deals/${body.id}`)).body).toMatchObject({
        owner: acme.members['manager'],
        created_by: acme.members['rep'],
      })
    },
  },
  ...injections.map(
    (text) =>
      ({
        name: `SQL as a value is a value: ${text}`,
        as: 'rep@acme',
        body: deal({ name: text, notes: text, competitors: [text] }),
        status: 201,
        events: ['crm.deal.created'],
        expect: (body: object) => expect(body).toMatchObject({ name: text, notes: text, competitors: [text] }),
      }) as const,
  ),
])

scenarios(world, 'POST /api/inventory/products', [
  {
    name: 'free JSON is kept as it is',
    as: 'manager@acme',
    body: { name: 'Odd', specifications: { "a/b~c'; drop table x; --": [1.5, null, { '': '' }] } },
    status: 201,
    events: ['inventory.product.created'],
    expect: (body: object) => expect(body).toMatchObject({ specifications: { "a/b~c'; drop table x; --": [1.5, null, { '': '' }] } }),
  },
])

test('via says that a page of ours asked', async () => {
  const made = await create(world, 'rep@acme', '/api/crm/deals', deal({}), { 'sec-fetch-site': 'same-origin' })
  expect(made['created_via']).toBe('ui')
})
