import { limits } from '../config.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { openGallery } from '../testing/gallery.ts'
import { ok, type Person } from '../testing/world.ts'

/** Related records in one answer: references, lines, inverse relations, and what the caller may not see of them. */
const world = await openGallery()
type Json = Record<string, unknown>
interface Related {
  readonly data: Json[]
  readonly more: boolean
}
const call = async (path: string, as: Person = 'admin@acme'): Promise<Json> => ok(await world.call(as, 'GET', `/api/gallery/${path}`))
const create = async (plural: string, body: Json, as: Person = 'admin@acme'): Promise<string> =>
  String(ok(await world.call(as, 'POST', `/api/gallery/${plural}`, { body }))['id'])
const expanded = async (path: string, as?: Person): Promise<Record<string, never>> =>
  (await call(path, as))['_expand'] as Record<string, never>
const { rep = '', admin = '', manager = '' } = world.acme.members

let north = '',
  south = '',
  gone = '',
  first = '',
  second = '',
  hidden = ''
beforeAll(async () => {
  north = await create('groups', { name: 'North', region: 'N', owner: rep, budget: '9.00', tasks: [{ name: 'paint' }] })
  south = await create('groups', { name: 'South', upper: north, owner: admin })
  gone = await create('groups', { name: 'Gone', owner: rep })
  first = await create('samples', {
    name: 'First',
    owner: rep,
    team: north,
    friends: [south, north, gone],
    about: { entity: 'gallery.group', id: south },
    secret: '1.00',
    hidden_group: north,
    lines: [
      { label: 'a', team: south, hidden_cost: '5.00', pieces: [{ size: 1 }] },
      { label: 'b', team: gone },
    ],
  })
  second = await create('samples', {
    name: 'Second',
    owner: rep,
    team: gone,
    next: first,
    about: { entity: 'gallery.sample', id: first },
    friends: [north],
    lines: [{ label: 'c', team: north }],
  })
  hidden = await create('samples', {
    name: 'Hidden',
    owner: manager,
    team: north,
    next: first,
    friends: [north],
    about: { entity: 'gallery.sample', id: first },
  })
  await world.sql('update gallery."group" set deleted_at = now(), deletion_id = id where id = $1', [gone])
})

describe('expand', () => {
  it('shows the record that a reference names, also a chain of them and people', async () => {
    const record = await call(`samples/${second}?expand=next.team.upper,owner,created_by`)
    expect(record['_expand']).toMatchObject({
      next: { id: first, name: 'First', _expand: { team: { id: north, name: 'North', _expand: { upper: null } } } },
      owner: { id: rep },
      created_by: { id: admin },
    })
    expect((await call(`samples?id=${second}&expand=next.team.upper,owner,created_by`))['data']).toEqual([
      Object.fromEntries(Object.entries(record).filter(([name]) => name !== 'lines')),
    ])
  })

  it('shows null for a deleted target, and none for no target', async () => {
    expect(await expanded(`samples/${second}?expand=team`)).toEqual({ team: null })
    expect(await expanded(`samples/${first}?expand=next`)).toEqual({ next: null })
  })

  it('shows null for a target out of sight', async () => {
    const seen = await create('samples', { name: 'Seen', owner: rep, next: hidden })
    expect(await expanded(`samples/${seen}?expand=next`, 'rep@acme')).toEqual({ next: null })
    expect((await call(`samples/${seen}`, 'rep@acme'))['next']).toBe(hidden)
  })

  it('shows whichever of several entities a reference names', async () => {
    expect(await expanded(`samples/${first}?expand=about`)).toMatchObject({ about: { id: south, name: 'South' } })
    expect(await expanded(`samples/${second}?expand=about`)).toMatchObject({ about: { id: first, name: 'First' } })
  })

  it('takes fields and relations that one of several entities has, and refuses those that none has', async () => {
    expect(await expanded(`samples/${first}?expand=about.upper&fields=about.region,about.price,about.upper.name`)).toEqual({
      about: { id: south, region: null, upper: north, _expand: { upper: { id: north, name: 'North' } } },
    })
    expect(await expanded(`samples/${second}?expand=about.upper&fields=about.region,about.price`)).toEqual({
      about: { id: first, price: null },
    })
    for (const query of ['expand=about.nothing', 'expand=about&fields=about.nothing'])
      expect((await world.call('admin@acme', 'GET', `/api/gallery/samples/${first}?${query}`)).status).toBe(400)
  })

  it('says of a field that there is why it is not expanded', async () => {
    for (const name of ['friends', 'name']) {
      const { status, text } = await world.call('admin@acme', 'GET', `/api/gallery/samples/${first}?expand=${name}`)
      expect([status, text.includes('cannot be expanded'), text.includes('has no field')]).toEqual([400, true, false])
    }
  })

  it('shows lines in a list when asked, with what they name, and their lines', async () => {
    const { data } = (await call(`samples?id=${first}&expand=lines.team`)) as { data: Json[] }
    expect(data[0]!['lines']).toMatchObject([
      { position: 1, label: 'a', pieces: [{ size: 1 }], _expand: { team: { name: 'South' } } },
      { position: 2, label: 'b', _expand: { team: null } },
    ])
    expect(((await call(`samples?id=${first}`)) as { data: Json[] }).data[0]).not.toHaveProperty('lines')
  })

  it('shows the document of a line', async () => {
    const { data } = (await call('parts?label=c&expand=parent.team&fields=label,parent.name')) as { data: Json[] }
    expect(data).toEqual([
      {
        id: expect.any(String),
        position: 1,
        label: 'c',
        parent: second,
        _expand: { parent: { id: second, name: 'Second', team: gone, _expand: { team: null } } },
      },
    ])
    expect(
      ((await call('pieces?size=1&expand=parent.parent&fields=parent.label,parent.parent.name')) as { data: Json[] }).data,
    ).toMatchObject([{ _expand: { parent: { label: 'a', _expand: { parent: { id: first, name: 'First' } } } } }])
  })

  it('shows what refers to a record: by a reference, one of several entities, lines, and lists of references', async () => {
    const {
      samples,
      parts,
      friend_of: friendOf,
      mentions,
    } = (await expanded(`groups/${north}?expand=samples,parts,friend_of,mentions`)) as Record<string, Related>
    expect(samples!.data.map((each) => each['name'])).toEqual(['Hidden', 'First'])
    expect(parts!.data.map((each) => each['label'])).toEqual(['c'])
    expect(friendOf!.data.map((each) => each['name'])).toEqual(['Hidden', 'Second', 'First'])
    expect(mentions).toEqual({ data: [], more: false })
    expect(
      ((await expanded(`samples/${first}?expand=mentions`)) as Record<string, Related>)['mentions']!.data.map((each) => each['id']),
    ).toEqual([hidden, second])
    const companies = ok(
      await world.call('admin@acme', 'GET', '/api/crm/contacts?limit=500&expand=involved_in&fields=involved_in.stakeholders'),
    ) as { data: (Json & { _expand: Record<string, Related> })[] }
    const links = companies.data.flatMap(({ id, _expand }) => _expand['involved_in']!.data.map((deal) => [id, deal]))
    expect(links.length).toBeGreaterThan(0)
    for (const [id, deal] of links) expect((deal as Json)['stakeholders']).toContain(id)
  })

  it('shows to each what is theirs, in both directions', async () => {
    const relations = (await expanded(`groups/${north}?expand=samples,friend_of,parts`, 'rep@acme')) as Record<string, Related>
    expect(relations['samples']!.data.map((each) => each['name'])).toEqual(['First'])
    expect(relations['friend_of']!.data.map((each) => each['name'])).toEqual(['Second', 'First'])
    expect(relations['parts']!.data.map((each) => each['label'])).toEqual(['c'])
    for (const name of ['hidden_samples', 'hidden', 'vaults']) {
      const reply = await world.call('rep@acme', 'GET', `/api/gallery/groups/${north}?expand=${name}`)
      expect(reply.body).toMatchObject({ status: 400, code: 'field-unknown', detail: `Group has no field "${name}".` })
    }
  })

  it('hides of related records what is hidden', async () => {
    const text = JSON.stringify([
      await call(`samples/${second}?expand=next,next.lines`, 'rep@acme'),
      await call(`groups/${north}?expand=samples.lines`, 'rep@acme'),
    ])
    for (const name of ['secret', 'hidden_word', 'hidden_group', 'hidden_cost', 'budget']) expect(text).not.toContain(name)
    expect(JSON.stringify(await call(`samples/${second}?expand=next.lines`))).toContain('hidden_cost')
  })

  it('shows fifty of them, newest first, and says that there are more', async () => {
    const crowd = await create('groups', { name: 'Crowd' })
    const operations = Array.from({ length: 51 }, (_, i) => ({ op: 'create', data: { name: `Crowd ${i}`, team: crowd, friends: [crowd] } }))
    ok(await world.call('admin@acme', 'POST', '/api/gallery/samples/bulk', { body: { mode: 'all', operations } }))
    const { samples, friend_of: friendOf } = (await expanded(
      `groups/${crowd}?expand=samples,friend_of&fields=samples.name,friend_of.name`,
    )) as Record<string, Related>
    for (const related of [samples!, friendOf!]) {
      expect([related.data.length, related.more]).toEqual([50, true])
      expect(related.data[0]).toEqual({ id: expect.any(String), name: 'Crowd 50' })
    }
  })

  it('narrows with fields', async () => {
    expect(await call(`samples/${first}?fields=name,team.name,lines.label&expand=team`)).toEqual({
      id: first,
      name: 'First',
      team: north,
      lines: [
        { id: expect.any(String), position: 1, label: 'a' },
        { id: expect.any(String), position: 2, label: 'b' },
      ],
      _expand: { team: { id: north, name: 'North' } },
    })
    expect(await call(`samples/${first}?fields=`)).toEqual(await call(`samples/${first}`))
  })

  it.each([
    ['expand=nothing', 'expand'],
    ['expand=name', 'expand'],
    ['expand=team.nothing', 'expand'],
    ['fields=nothing', 'fields'],
    ['fields=team.name', 'fields'],
    ['fields=team.nothing&expand=team', 'fields'],
    ['expand=samples', 'expand'],
    ['expand=next.next.next.next.next', 'expand'],
    ['expand=previous.previous', 'expand'],
    ['expand=friends', 'expand'],
    ['nothing=1', 'nothing'],
    ['limit=5', 'limit'],
    [`expand=${Array.from({ length: 21 }, (_, i) => `next.x${i}`).join(',')}`, 'expand'],
    ['fields=__proto__', 'fields'],
    ['expand=constructor.name', 'expand'],
  ])('refuses %s', async (query, pointer) => {
    const reply = await world.call('admin@acme', 'GET', `/api/gallery/samples/${first}?${query}`)
    expect(reply.status, reply.text).toBe(400)
    expect((reply.body as { errors: { pointer: string }[] }).errors[0]!.pointer).toBe(pointer)
  })

  it('refuses a page that would bring too many records along, and says how many it may have', async () => {
    const list = (limit: number) => world.call('admin@acme', 'GET', `/api/gallery/samples?expand=previous,mentions&limit=${limit}`)
    const most = Math.floor(limits.listedRecords / (1 + 2 * limits.expandedRows))
    expect((await list(most + 1)).body).toMatchObject({
      status: 400,
      errors: [{ pointer: 'limit', detail: expect.stringContaining(`at most ${most} records`) }],
    })
    expect((await list(most)).status).toBe(200)
  })
})
