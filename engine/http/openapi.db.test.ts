import { describe, expect, it } from 'vitest'
import { compileCatalogue } from '../catalogue/compile.ts'
import { catalogueHash, loadModules } from '../catalogue/load.ts'
import { describedFor, type Described } from '../testing/described.ts'
import { creationOrder, specimen } from '../testing/specimen.ts'
import { ok, openWorld, people, type Person, type Reply } from '../testing/world.ts'

/** Whatever the application answers is what the document of the caller promises: read, written and refused. */
const { call, globex } = await openWorld()
const described = new Map(await Promise.all(people.map(async (person) => [person, await describedFor(call, person)] as const)))
const of = (person: Person): Described => described.get(person) ?? expect.fail(person)

describe('GET /api/openapi.json', () => {
  it('is for members alone, and known by its ETag', async () => {
    expect((await call(null, 'GET', '/api/openapi.json')).status).toBe(401)
    const first = await call('rep@acme', 'GET', '/api/openapi.json')
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' }
    expect((await call('rep@acme', 'GET', '/api/openapi.json', { headers })).status).toBe(304)
    expect((await call('rep@globex', 'GET', '/api/openapi.json', { headers })).status).toBe(304)
    expect((await call('admin@acme', 'GET', '/api/openapi.json', { headers })).status).toBe(200)
  })

  it('follows the roles at once', async () => {
    const member = globex.members['rep'] ?? ''
    const { email, roles } = ok(await call('admin@globex', 'GET', `/api/access/${member}`)) as { email: string; roles: string[] }
    const has = async (): Promise<boolean> => (await call('rep@globex', 'GET', '/api/openapi.json')).text.includes('"deleteDeal"')
    expect(await has()).toBe(false)
    ok(
      await call('admin@globex', 'PUT', `/api/access/${member}`, {
        body: { email, roles: roles.map((role) => (role === 'crm.rep' ? 'crm.manager' : role)) },
      }),
    )
    expect(await has()).toBe(true)
    ok(await call('admin@globex', 'PUT', `/api/access/${member}`, { body: { email, roles } }))
    expect(await has()).toBe(false)
  })
})

describe.each(['admin@acme', 'manager@acme', 'rep@acme'] as const)('the answers to %s are as described:', (person) => {
  const { document, operations, faults, values } = of(person)
  const named = (pattern: RegExp) =>
    [...operations.values()].filter(
      ({ operationId, path }) => pattern.test(operationId) && /^\/api\/\w+\/\w+(?:\/|$)/.test(path) && !path.startsWith('/api/jobs'),
    )
  const get = (path: string): Promise<Reply> => call(person, 'GET', path)

  it.each(named(/^list/).map(({ operationId, path }) => [operationId, path]))('%s, each record, its history', async (id, path) => {
    const expand = values(id, 'expand')
    const lists = [
      await get(`${path}?count=exact&limit=200`),
      ...(await Promise.all(chunks(expand, 10).map((names) => get(`${path}?limit=20&expand=${names.join(',')}`)))),
    ]
    for (const reply of lists) expect([reply.status, faults(id, reply)]).toEqual([200, []])
    const records = (lists[0] as { body: { data: { id: string }[] } }).body.data
    const inPath = [...operations.values()].filter(
      (operation) => operation.method === 'GET' && (operation.path === `${path}/{id}` || operation.path === `${path}/{id}/history`),
    )
    for (const { id: record } of records.slice(0, 5)) {
      for (const operation of inPath) {
        const reply = await get(operation.path.replace('{id}', record))
        expect([reply.status, faults(operation.operationId, reply)]).toEqual([200, []])
      }
    }
  })

  it.each(named(/^aggregate/).map(({ operationId, path }) => [operationId, path]))(
    '%s, by every group with every measure',
    async (id, path) => {
      const measures = chunks(values(id, 'measure'), 8)
      for (const [i, group] of values(id, 'group').entries()) {
        const reply = await get(`${path}?group=${group}&measure=${(measures[i % measures.length] ?? []).join(',')}`)
        expect([group, reply.status, faults(id, reply)]).toEqual([group, 200, []])
      }
    },
  )

  it.each(named(/^list/).map(({ operationId, path }) => [operationId, path]))(
    '%s takes every sort key and every property that is offered',
    async (id, path) => {
      const keysOf = (descending: boolean) =>
        chunks(
          values(id, 'sort').filter((key) => key.startsWith('-') === descending),
          5,
        )
      for (const keys of [...keysOf(false), ...keysOf(true)])
        expect([keys, (await get(`${path}?limit=1&sort=${keys.join(',')}`)).status]).toEqual([keys, 200])
      expect((await get(`${path}?limit=1&fields=${values(id, 'fields').join(',')}`)).status).toBe(200)
    },
  )

  it.each(named(/^list/).map(({ operationId, path }) => [operationId, path]))('%s takes every filter that is offered', async (id, path) => {
    const { parameters = [] } = operations.get(id) ?? expect.fail(id)
    const filters = parameters
      .flatMap(({ $ref }) => (document.components['parameters']?.[$ref?.split('/').at(-1) ?? ''] as unknown as Filter) ?? [])
      .filter(({ name }) => !reserved.has(name))
    expect(filters.length).toBeGreaterThan(2)
    const taken = async (some: readonly (readonly [string, string])[]): Promise<boolean> =>
      (await get(`${path}?limit=1&${new URLSearchParams(some.map((each) => [...each])).toString()}`)).status === 200
    const operands = (filter: Filter): readonly string[] =>
      filter.examples ? Object.values(filter.examples).map(({ value }) => value) : operandsFor(filter.schema.items ?? filter.schema)
    for (const batch of chunks(filters, 20)) {
      if (await taken(batch.map((filter) => [filter.name, operands(filter)[0] ?? '']))) continue
      for (const filter of batch) {
        const tries = await Promise.all(operands(filter).map((operand) => taken([[filter.name, operand]])))
        expect([filter.name, tries.some(Boolean)]).toEqual([filter.name, true])
      }
    }
  })

  it('jobs, and files', async () => {
    const imported =
      [...operations.values()].find(({ operationId }) => /^import(Companies|Contacts)$/.test(operationId)) ??
      expect.fail('nothing to import')
    const job = await call(person, 'POST', `${imported.path}?dryRun=true&mapping=${encodeURIComponent('{"Other":null}')}`, {
      body: 'Name,Other\nImported GmbH,x\n',
      headers: { 'content-type': 'text/csv' },
    })
    expect([job.status, faults(imported.operationId, job)]).toEqual([202, []])
    const known = await get(`/api/jobs/${(job.body as { id: string }).id}`)
    expect([known.status, faults('getJob', known)]).toEqual([200, []])
    const exported = await get('/api/crm/deals/export?format=jsonl')
    const [first = ''] = exported.text.split('\n')
    expect(faults('getDeal', { ...exported, headers: known.headers, body: JSON.parse(first) })).toEqual([])
    expect((await get('/api/crm/deals/export?format=csv&sort=-name')).headers.get('content-type')).toContain('text/csv')
  })

  it('a record that is the only one of its kind', async () => {
    const settings = await get('/api/core/settings')
    expect([settings.status, faults('getCoreSettings', settings)]).toEqual([200, []])
    if (!operations.has('updateCoreSettings')) return
    const changed = await call(person, 'PATCH', '/api/core/settings', { body: {} })
    expect([changed.status, faults('updateCoreSettings', changed)]).toEqual([200, []])
  })

  it('services, and refusals', async () => {
    for (const id of ['getMe', 'getCatalogue', 'listJobs']) {
      const reply = await get(operations.get(id)?.path ?? '')
      expect([reply.status, faults(id, reply)]).toEqual([200, []])
    }
    const refused: [string, number, Promise<Reply>][] = [
      ['listDeals', 400, get('/api/crm/deals?colour=red')],
      ['getDeal', 404, get('/api/crm/deals/0198c0de-0000-7000-8000-000000000000')],
      ['createDeal', 422, call(person, 'POST', '/api/crm/deals', { body: { name: '', colour: 'red' } })],
      ['login', 422, call(null, 'POST', '/api/auth/login', { body: {} })],
    ]
    for (const [id, status, reply] of refused) expect([(await reply).status, faults(id, await reply)]).toEqual([status, []])
  })
})
/** Parameters of lists that filter nothing. */
const reserved = new Set(['search', 'sort', 'fields', 'expand', 'limit', 'cursor', 'count', 'deleted', 'through'])
interface Filter {
  readonly name: string
  readonly examples?: Readonly<Record<string, { readonly value: string }>>
  readonly schema: {
    readonly type?: string
    readonly format?: string
    readonly enum?: readonly string[]
    readonly items?: Filter['schema']
  }
}
/** Texts of which a filter with this schema takes at least one; a kind of text that says no more has to be tried. */
function operandsFor({ type, format, enum: options, items }: Filter['schema']): readonly string[] {
  if (options || items) return [options?.[0] ?? '']
  const known: Record<string, string> = {
    boolean: 'true',
    integer: '1',
    uuid: '0198c0de-0000-7000-8000-000000000000',
    date: '2026-11-02',
    'date-time': '2026-11-02T10:00:00.000Z',
    email: 'a@example.test',
    uri: 'https://example.test',
    duration: 'PT1H',
  }
  const sure = known[format ?? ''] ?? known[type ?? '']
  return sure === undefined ? ['1', '09:30', '#336699', '+49 1', known['uuid'] ?? ''] : [sure]
}
const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))

it('an answer that is not as described would be found', async () => {
  const { faults } = of('admin@acme')
  const reply = await call('admin@acme', 'GET', '/api/crm/deals?limit=1&expand=company')
  const [deal] = (reply.body as { data: (Record<string, unknown> & { _expand: { company: object } })[] }).data
  const { version: _, ...incomplete } = deal ?? expect.fail('no deal')
  const wrong = [
    incomplete,
    { ...deal, colour: 'red' },
    { ...deal, margin: 12.5 },
    { ...deal, company: 'Acme' },
    { ...deal, _expand: { company: { ...deal?._expand.company, name: null } } },
  ]
  expect(faults('listDeals', reply)).toEqual([])
  for (const record of wrong) expect(faults('listDeals', { ...reply, body: { ...(reply.body as object), data: [record] } })).not.toEqual([])
})

describe('what an administrator writes', async () => {
  const { operations, faults, bodyFaults } = of('admin@acme')
  const sources = (await loadModules('modules-json')).filter(({ id }) => ['core', 'crm', 'inventory'].includes(id))
  const catalogue = compileCatalogue(sources, catalogueHash(sources))
  const ids = new Map<string, string>()
  const idAt = (path: string, method: string): string =>
    [...operations.values()].find((operation) => operation.path === path && operation.method === method)?.operationId ??
    expect.fail(`${method} ${path}`)

  it.each(creationOrder(catalogue).map((entity) => [entity.id, entity] as const))(
    'is taken and answered as described: %s',
    async (_id, entity) => {
      const path = `/api/${entity.module}/${entity.plural}`
      const send = async (
        method: string,
        at: string,
        address: string,
        body?: unknown,
        headers?: Record<string, string>,
      ): Promise<Reply> => {
        const reply = await call('admin@acme', method, address, { ...(body !== undefined && { body }), ...(headers && { headers }) })
        expect([`${method} ${at}`, reply.status < 300, reply.status < 300 ? [] : reply.text]).toEqual([`${method} ${at}`, true, []])
        expect(faults(idAt(at, method), reply)).toEqual([])
        return reply
      }
      const body = specimen(catalogue, entity, (other) => ids.get(other) ?? null, 900 + ids.size)
      expect(bodyFaults(idAt(path, 'POST'), body)).toEqual([])
      const created = await send('POST', path, path, body)
      const { id } = created.body as { id: string }
      ids.set(entity.id, id)
      // What makes a record may change it too.
      expect(bodyFaults(idAt(`${path}/{id}`, 'PATCH'), body)).toEqual([])
      await send('PATCH', `${path}/{id}`, `${path}/${id}`, {}, { 'if-match': created.headers.get('etag') ?? '' })
      const text = entity.fields.find((field) => field.type === 'longText')
      if (text) await send('PATCH', `${path}/{id}`, `${path}/${id}`, { [text.name]: 'Said once.' })
      await send('GET', `${path}/{id}/history`, `${path}/${id}/history`)
      await send('POST', `${path}/bulk`, `${path}/bulk`, {
        mode: 'each',
        operations: [
          { op: 'update', id, data: {} },
          { op: 'delete', id: '0198c0de-0000-7000-8000-000000000000' },
        ],
      })
    },
  )

  it('deletes and restores', async () => {
    for (const [entity, id] of [...ids].toReversed()) {
      const { module, plural } = catalogue.entities.get(entity) ?? expect.fail(entity)
      const address = `/api/${module}/${plural}`
      const reply = await call('admin@acme', 'DELETE', `${address}/${id}`)
      expect([entity, reply.status, faults(idAt(`${address}/{id}`, 'DELETE'), reply)]).toEqual([entity, expect.any(Number), []])
      if (reply.status >= 300) continue
      const gone = await call('admin@acme', 'GET', `${address}?deleted=only`)
      expect([entity, gone.status, faults(idAt(address, 'GET'), gone)]).toEqual([entity, 200, []])
      const back = await call('admin@acme', 'POST', `${address}/${id}/restore`)
      expect([entity, back.status, faults(idAt(`${address}/{id}/restore`, 'POST'), back)]).toEqual([entity, 200, []])
    }
  })
})
