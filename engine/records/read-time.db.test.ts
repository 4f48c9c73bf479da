import { describe, expect, test } from 'vitest'
import { openWorldWith } from '../testing/dropped-in.ts'
import { ok, type Reply } from '../testing/world.ts'
import { integer, reference, text } from '../testing/properties.ts'

/** Values that are worked out when they are read, wherever expressions meet them; and what a document says of one of its lines. */
const to = (entity: string, settings: object = {}) => reference('To', entity, { onDelete: 'setNull', ...settings })
const entity = (plural: string, properties: object, settings: object = {}) => ({
  title: plural,
  type: 'object',
  properties: { name: text('Name'), ...properties },
  'x-bos': { plural, titleField: 'name', permissions: {}, ...settings },
})
const world = await openWorldWith('yard', {
  'module.json': { title: 'Yard' },
  'entities/place.json': entity('places', { level: integer('Level'), above: to('yard.place') }, { use: ['core.tree'] }),
  'entities/note.json': entity('notes', {
    place: to('yard.place'),
    other: to('yard.place'),
    below: { type: 'boolean', title: 'Below', 'x-bos': { compute: 'isUnder(self.place, self.other)' } },
    due: integer('Due', { compute: 'self.size + settings.payment_days' }),
    size: integer('Size'),
    later: integer('Later', { compute: 'self.due + 1' }),
    by: to('core.member', { compute: 'self.created_by' }),
    byline: text('Byline', { compute: 'self.created_by.name' }),
    since: { type: 'string', format: 'date', title: 'Since', 'x-bos': { compute: 'date(self.created_at)' } },
    last: to('core.member', { compute: 'self.updated_by' }),
  }),
  'entities/bed.json': entity('beds', {
    place: to('yard.place'),
    other: to('yard.place'),
    rank: integer('Rank', { lookup: 'self.place.level' }),
  }),
  'entities/log.json': entity('logs', { level: integer('Level') }),
  'entities/plant.json': entity(
    'plants',
    {
      bed: to('yard.bed'),
      place: to('yard.place', { lookup: 'self.bed.place' }),
      above: to('yard.place', { lookup: 'self.place.above' }),
      either: to('yard.place', { lookup: 'self.name == "b" ? self.bed.place : self.bed.other' }),
      level: integer('Level', { lookup: 'self.above.level' }),
      place_level: integer('Place level', { compute: 'self.place.level' }),
      far: integer('Far', { compute: 'self.above.level * 2' }),
      either_level: integer('Either', { lookup: 'self.either.level' }),
      leaves: { title: 'Leaves', 'x-bos': { type: 'lines', entity: 'yard.leaf' } },
      state: {
        title: 'State',
        enum: ['new', 'cut'],
        'x-bos': {
          lifecycle: {
            transitions: {
              cut: {
                from: ['new'],
                to: 'cut',
                guard: 'first(self.leaves, l, l.place.level > 5, l.size).size > 1 && first(self.leaves, l, true).place.level > 0',
                message: 'Too young.',
                effects: [
                  {
                    create: { entity: 'yard.log', each: 'self.leaves', set: { name: 'parent.name', level: 'parent.bed.rank + self.size' } },
                  },
                ],
              },
            },
          },
        },
      },
    },
    { rules: [{ id: 'low', assert: 'self.either.level == null || self.either.level < 100', message: 'Too high.', at: 'bed' }] },
  ),
  'entities/leaf.json': {
    title: 'Leaf',
    type: 'object',
    properties: { size: integer('Size'), place: to('yard.place', { onDelete: 'restrict' }) },
    'x-bos': { kind: 'line', plural: 'leaves' },
  },
})
type Data = Record<string, unknown> & { id: string }
const call = (method: string, path: string, body?: object): Promise<Reply> =>
  world.call('admin@acme', method, `/api/yard/${path}`, body ? { body } : {})
const make = async (path: string, body: object): Promise<Data> => ok(await call('POST', path, body)) as Data
const read = async (path: string, { id }: Data): Promise<Data> => ok(await call('GET', `${path}/${id}`)) as Data

describe('a path over references that are looked up', () => {
  test('leads on from each of them, in lists, rules and stored values', async () => {
    const top = await make('places', { name: 'top', level: 7 })
    const place = await make('places', { name: 'low', level: 3, above: top.id })
    const other = await make('places', { name: 'other', level: 50 })
    const bed = await make('beds', { name: 'bed', place: place.id, other: other.id })
    const plant = await make('plants', { name: 'a', bed: bed.id })
    expect(plant).toMatchObject({ place: place.id, above: top.id, level: 7, place_level: 3, far: 14, either: other.id, either_level: 50 })
    const found = ok(await call('GET', `plants?filter=${encodeURIComponent('self.above.level == 7 && self.either.level == 50')}`))
    expect((found['data'] as Data[]).map(({ id }) => id)).toEqual([plant.id])
    ok(await call('PATCH', `places/${top.id}`, { level: 9 }))
    ok(await call('PATCH', `places/${place.id}`, { level: 4 }))
    expect(await read('plants', plant)).toMatchObject({ level: 9, far: 18, place_level: 4 })
    ok(await call('PATCH', `places/${other.id}`, { level: 100 }))
    expect((await call('PATCH', `plants/${plant.id}`, { bed: null })).status).toBe(200)
    expect((await call('PATCH', `plants/${plant.id}`, { bed: bed.id })).body).toMatchObject({ errors: [{ detail: 'Too high.' }] })
    ok(await call('PATCH', `plants/${plant.id}`, { name: 'b', bed: bed.id }))
    expect(await read('plants', plant)).toMatchObject({ either: place.id, either_level: 4 })
    ok(await call('DELETE', `places/${top.id}`))
    expect(await read('plants', plant)).toMatchObject({ level: null, far: null })
  })
})

describe('the first of the lines', () => {
  test('stands in guards, and what it leads to; effects read what is looked up', async () => {
    const place = await make('places', { name: 'p', level: 6 })
    const low = await make('places', { name: 'q', level: 1 })
    const bed = await make('beds', { name: 'bed', place: place.id })
    const plant = await make('plants', {
      name: 'c',
      bed: bed.id,
      leaves: [
        { size: 1, place: low.id },
        { size: 1, place: place.id },
      ],
    })
    const refused = await call('POST', `plants/${plant.id}/cut`)
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([422, expect.stringContaining('Too young.')])
    const grown = await make('plants', {
      name: 'd',
      bed: bed.id,
      leaves: [
        { size: 2, place: place.id },
        { size: 1, place: low.id },
      ],
    })
    ok(await call('POST', `plants/${grown.id}/cut`))
    const logs = ok(await call('GET', `logs?filter=${encodeURIComponent('self.name == "d"')}&sort=level`))
    expect((logs['data'] as Data[]).map(({ level }) => level)).toEqual([7, 8])
  })
})

describe('what changes without a write', () => {
  const acme = (method: string, path: string, body?: object): Promise<Reply> =>
    world.call('admin@acme', method, `/api/core/${path}`, body ? { body } : {})

  test('makes values that are true whenever they are read: settings, a tree, who changed a record last', async () => {
    ok(await acme('PATCH', 'settings', { payment_days: 10 }))
    const [root, branch, leaf] = [
      await make('places', { name: 'root' }),
      await make('places', { name: 'branch' }),
      await make('places', { name: 'leaf' }),
    ]
    ok(await call('PATCH', `places/${leaf.id}`, { parent: branch.id }))
    const note = await make('notes', { name: 'n', size: 1, place: leaf.id, other: root.id })
    expect(note).toMatchObject({ due: 11, later: 12, below: false })
    ok(await acme('PATCH', 'settings', { payment_days: 20 }))
    ok(await call('PATCH', `places/${branch.id}`, { parent: root.id }))
    const now = await read('notes', note)
    expect(now).toMatchObject({ due: 21, later: 22, below: true })
    const found = ok(await call('GET', `notes?filter=${encodeURIComponent('self.below && self.later == 22')}`))['data'] as Data[]
    expect(found.map(({ id }) => id)).toEqual([note.id])
    const [{ zone }] = (await world.sql<{ zone: string }>('select time_zone as zone from bos.tenant where id = $1', [world.acme.id])) as [
      { zone: string },
    ]
    const since = new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(new Date(String(now['created_at'])))
    expect(now).toMatchObject({ since, last: now['updated_by'] })
  })

  test('who made a record is known when it is made', async () => {
    const note = await make('notes', { name: 'm' })
    expect(note['by']).toEqual(note['created_by'])
    expect(note['byline']).toEqual(expect.any(String))
    ok(await call('PATCH', `notes/${note.id}`, { size: 2 }))
    expect(await read('notes', note)).toMatchObject({ by: note['created_by'], byline: note['byline'] })
  })
})
