import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Entity } from '../catalogue/types.ts'
import { openGallery } from '../testing/gallery.ts'
import { fillGallery } from '../testing/gallery-rows.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'

/** What answers look like: as the schemas say, with tags that caches may trust, and never too large; and the history of a record. */
const world = await openGallery()
const catalogue = world.app.catalogues.full
type Json = Record<string, unknown>
const get = (path: string, as: Person = 'admin@acme', headers: Record<string, string> = {}): Promise<Reply> =>
  world.call(as, 'GET', `/api/gallery/${path}`, { headers })
const post = async (path: string, body: unknown, as: Person = 'admin@acme'): Promise<Json> =>
  ok(await world.call(as, 'POST', `/api/gallery/${path}`, { body }))
const patch = async (id: string, body: unknown): Promise<Json> =>
  ok(await world.call('admin@acme', 'PATCH', `/api/gallery/samples/${id}`, { body }))

describe('answers have the form that the schemas promise', async () => {
  const rows = await fillGallery(world, 25)
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  const entities = [...catalogue.entities.values()].filter((entity) => !entity.link && entity.kind !== 'single')
  const linesOf = (entity: Entity): string[] => entity.fields.filter((field) => field.lines?.linkField === null).map((field) => field.name)

  it.each(entities.map((entity) => [entity.id, entity] as const))('%s, in lists and alone', async (_, entity) => {
    const validate = ajv.compile(entity.schemas.read)
    const path = `/api/${entity.module}/${entity.plural}`
    const lines = linesOf(entity)
    const { data } = ok(
      await world.call('admin@acme', 'GET', `${path}?limit=40${lines.length > 0 ? `&expand=${lines.join(',')}` : ''}`),
    ) as { data: Json[] }
    for (const record of data) expect(validate(record), JSON.stringify([validate.errors, record])).toBe(true)
    if (data.length === 0) return
    const one = await world.call('admin@acme', 'GET', `${path}/${String(data[0]!['id'])}`)
    expect(validate(ok(one)), JSON.stringify(validate.errors)).toBe(true)
    expect(one.body).toEqual(data[0])
  })

  it('a new and a changed record too, with the properties of the system', async () => {
    const { fields, schemas } = catalogue.entities.get('gallery.sample')!
    const validate = ajv.compile(schemas.read)
    const { id, ...values } = rows.samples[0]!
    // Without relations: some name what was deleted.
    const written = Object.fromEntries(
      fields.flatMap(({ name, reference, lines }) => (reference || lines || values[name] === null ? [] : [[name, values[name]]])),
    )
    const made = await post('samples', written)
    expect(validate(made), JSON.stringify(validate.errors)).toBe(true)
    expect(made).toMatchObject({
      ...written,
      version: 1,
      revision: 1,
      created_via: 'api',
      created_by: world.acme.members['admin'],
      updated_by: world.acme.members['admin'],
      _title: written['name'],
    })
    expect(made['id']).not.toBe(id)
    expect(made['created_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const changed = await patch(String(made['id']), { name: 'Changed' })
    expect(validate(changed), JSON.stringify(validate.errors)).toBe(true)
    expect(changed).toMatchObject({ version: 2, revision: 2, _title: 'Changed' })
    expect(made).not.toHaveProperty('deleted_at')
  })

  it('of what was deleted says when', async () => {
    const { id } = await post('samples', { name: 'Deleted' })
    ok(await world.call('admin@acme', 'DELETE', `/api/gallery/samples/${String(id)}`, { headers: { 'if-match': '"1.1"' } }))
    expect((await get(`samples/${String(id)}`)).status).toBe(404)
    for (const path of [`samples?deleted=only&id=${String(id)}`, `samples/${String(id)}?deleted=only`]) {
      const body = ok(await get(path))
      expect((body['data'] as Json[] | undefined)?.[0] ?? body).toMatchObject({ id, deleted_at: expect.stringMatching(/Z$/) })
    }
    expect((await get('groups?deleted=only', 'rep@acme')).status).toBe(200)
    expect((await get('parts?deleted=only')).body).toMatchObject({ status: 400 })
    expect((await get('vaults?deleted=only')).status).toBe(200)
    expect((await get('vaults', 'rep@acme')).status).toBe(404)
  })
})

describe('a record has a tag', () => {
  let id = '',
    group = '',
    tag = ''
  beforeAll(async () => {
    group = String((await post('groups', { name: 'Tagged' }))['id'])
    id = String((await post('samples', { name: 'Tagged', team: group, lines: [{ label: 'a' }] }))['id'])
    tag = (await get(`samples/${id}`)).headers.get('etag')!
  })

  it('by which it is not sent again', async () => {
    expect(tag).toBe('"1.1"')
    for (const given of [tag, `W/${tag}`, `"0.0", ${tag}`, '*']) {
      const reply = await get(`samples/${id}`, 'admin@acme', { 'if-none-match': given })
      expect([reply.status, reply.text, reply.headers.get('etag')], given).toEqual([304, '', tag])
    }
    for (const given of ['"1.2"', '"11.1"', '1.1', ''])
      expect((await get(`samples/${id}`, 'admin@acme', { 'if-none-match': given })).status, given).toBe(200)
  })

  it('that no cache shows to somebody else', async () => {
    const { headers } = await get(`samples/${id}`)
    expect(headers.get('cache-control')).toContain('private')
    expect(headers.get('vary')).toMatch(/authorization/i)
    expect((await get('samples')).headers.get('cache-control')).toBe('no-store')
  })

  it('that changes with it, and says nothing of related records', async () => {
    ok(await world.call('admin@acme', 'PATCH', `/api/gallery/groups/${group}`, { body: { name: 'Renamed' } }))
    const reply = await get(`samples/${id}?expand=team`, 'admin@acme', { 'if-none-match': tag })
    expect([reply.status, (reply.body as { _expand: { team: Json } })._expand.team['name']]).toEqual([200, 'Renamed'])
    const { lines } = reply.body as { lines: { id: string }[] }
    await patch(id, { lines: { [lines[0]!.id]: { label: 'b' } } })
    expect((await get(`samples/${id}`, 'admin@acme', { 'if-none-match': tag })).headers.get('etag')).toBe('"2.2"')
  })

  it('but a line has none', async () => {
    const { data } = ok(await get('parts?label=b')) as { data: { id: string }[] }
    const reply = await get(`parts/${data[0]!.id}`, 'admin@acme', { 'if-none-match': '"null"' })
    expect([reply.status, reply.headers.get('etag')]).toEqual([200, null])
  })

  it.each(['samples', 'samples/ID', 'samples/aggregate', 'samples/export', 'samples/ID/history', 'samples?nothing=1', 'nowhere'])(
    'HEAD %s is GET without the body',
    async (path) => {
      const address = `/api/gallery/${path.replace('ID', id)}`
      const [head, whole] = [await world.call('admin@acme', 'HEAD', address), await world.call('admin@acme', 'GET', address)]
      expect([head.status, head.text]).toEqual([whole.status, ''])
      for (const name of ['content-type', 'etag', 'cache-control', 'content-disposition'])
        expect(head.headers.get(name), name).toBe(whole.headers.get(name))
    },
  )
})

describe('an answer that is too large', () => {
  let giants: string[] = []
  beforeAll(async () => {
    const made = []
    for (let i = 0; i < 45; i++)
      made.push(String((await post('samples', { name: `giant ${i}`, state: 'mid', page: 'x', note: 'y' }))['id']))
    // Past the application: as much text as nobody would send by hand.
    await world.sql(`update gallery.sample set page = repeat('ü', 100000) where id = any($1)`, [made])
    giants = made
  })

  it('is refused, and told how to be had', async () => {
    const reply = await get('samples?name.startsWith=giant&limit=100')
    expect(reply.body).toMatchObject({ status: 413, code: 'answer-too-large', title: expect.stringContaining('fewer') })
    expect((ok(await get('samples?name.startsWith=giant&limit=40'))['data'] as Json[]).length).toBe(40)
    expect((ok(await get('samples?name.startsWith=giant&limit=100&fields=name'))['data'] as Json[]).length).toBe(45)
  }, 60_000)

  it('is no limit for an export', async () => {
    const { status, text } = await get('samples/export?format=jsonl&name.startsWith=giant&sort=name')
    expect(status).toBe(200)
    expect(
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { id: string }).id)
        .toSorted(),
    ).toEqual(giants.toSorted())
  }, 60_000)

  it('may be one record', async () => {
    const id = String(
      (await post('samples', { name: 'One giant', lines: Array.from({ length: 10 }, (_, i) => ({ label: `line ${i}` })) }))['id'],
    )
    await world.sql(`update gallery.sample set extra = to_jsonb(repeat('z', 9000000)) where id = $1`, [id])
    expect((await get(`samples/${id}`)).body).toMatchObject({ code: 'answer-too-large' })
    expect((await get(`samples/${id}?fields=name`)).status).toBe(200)
    expect((await get(`samples?id=${id}`)).body).toMatchObject({ code: 'answer-too-large' })
  }, 60_000)
})

describe('history', () => {
  interface Entry {
    readonly type: string
    readonly version: number
    readonly changes: Json
    readonly lines?: { readonly op: string; readonly field: string; readonly changes: Json }[]
  }
  const { rep = '' } = world.acme.members
  const history = async (path: string, as?: Person) =>
    ok(await get(path, as)) as unknown as { data: Entry[]; page: { limit: number; before: number | null } }
  let id = ''
  beforeAll(async () => {
    id = String((await post('samples', { name: 'v1', owner: rep, secret: '1.00', lines: [{ label: 'a', hidden_cost: '2.00' }] }))['id'])
    for (let i = 2; i <= 6; i++) await patch(id, i % 2 === 0 ? { name: `v${i}`, secret: `${i}.00` } : { hidden_word: `w${i}` })
    await world.sql(`update bos.event set version = 4 where record_id = $1 and version = 5`, [id])
  })

  it('comes in pages, newest first, each entry once', async () => {
    const whole = (await history(`samples/${id}/history`)).data
    expect(whole.map(({ type, changes }) => [type, Object.keys(changes)])).toEqual([
      ['updated', ['name', 'secret']],
      ['updated', ['hidden_word']],
      ['updated', ['name', 'secret']],
      ['updated', ['hidden_word']],
      ['updated', ['name', 'secret']],
      ['created', expect.arrayContaining(['name', 'secret'])],
    ])
    for (const limit of [1, 2, 4, 6]) {
      const pages: Entry[] = []
      for (let before: number | null | undefined; before !== null;) {
        const { data, page } = await history(`samples/${id}/history?limit=${limit}${before === undefined ? '' : `&before=${before}`}`)
        pages.push(...data)
        before = page.before
      }
      expect(pages, `limit ${limit}`).toEqual(whole)
    }
  })

  it('says nothing of hidden fields and columns, but that something changed', async () => {
    const { data } = await history(`samples/${id}/history`, 'rep@acme')
    expect(data.map(({ changes }) => changes['name'] ?? null)).toEqual([
      { from: 'v4', to: 'v6' },
      null,
      { from: 'v2', to: 'v4' },
      null,
      { from: 'v1', to: 'v2' },
      { from: null, to: 'v1' },
    ])
    expect(data.at(-1)!.lines).toMatchObject([{ op: 'added', field: 'lines', changes: { label: { to: 'a' } } }])
    for (const hidden of ['secret', 'hidden_word', 'hidden_cost', '2.00']) expect(JSON.stringify(data)).not.toContain(hidden)
  })

  it('stays when the record is deleted, and tells of it and of its return', async () => {
    const { version } = ok(await get(`samples/${id}`)) as { version: number }
    ok(await world.call('admin@acme', 'DELETE', `/api/gallery/samples/${id}`, { headers: { 'if-match': `"${version}.0"` } }))
    expect((await history(`samples/${id}/history?limit=1`)).data[0]!.type).toBe('deleted')
    await post(`samples/${id}/restore`, undefined)
    expect((await history(`samples/${id}/history?limit=2`)).data.map(({ type }) => type)).toEqual(['restored', 'deleted'])
  })

  it('is nobody else’s', async () => {
    for (const as of ['manager@acme', 'admin@globex', 'rep@globex'] as const)
      expect((await get(`samples/${id}/history`, as)).body).toMatchObject({ status: 404, code: 'not-found' })
    expect((await get('samples/00000000-0000-7000-8000-000000000000/history')).status).toBe(404)
    expect((await get('samples/not-an-id/history')).status).toBe(404)
    expect((await world.call('admin@acme', 'POST', `/api/gallery/samples/${id}/history`)).status).toBe(405)
  })

  it.each(['limit=0', 'limit=101', 'before=x', 'before=0', 'before=-1', 'limit=1&limit=2', 'cursor=x'])('refuses %s', async (query) => {
    expect((await get(`samples/${id}/history?${query}`)).status).toBe(400)
  })
})
