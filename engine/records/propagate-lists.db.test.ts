import { describe, expect, test } from 'vitest'
import { openWorldWith } from '../testing/dropped-in.ts'
import { ok, type Reply } from '../testing/world.ts'
import { integer } from '../testing/properties.ts'

/** Stored values over lists: of the order of what is in them, and of what comes and goes. */
const world = await openWorldWith('heap', {
  'module.json': { title: 'Heap' },
  'entities/tag.json': {
    title: 'Tag',
    type: 'object',
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 20 },
      weight: integer('Weight'),
      size: integer('Size of its piles', { compute: 'sum(self.piles, p, p.size)' }),
      used: integer('Piles', { rollup: { over: 'piles', measure: 'count' } }),
      marked_size: integer('Size of what it marks', { compute: 'sum(self.marked, p, p.size)' }),
    },
    'x-bos': {
      plural: 'tags',
      titleField: 'name',
      permissions: {},
      rules: [{ id: 'few', assert: 'self.size <= 1000', message: 'Too much of it.', at: 'size' }],
    },
  },
  'entities/pile.json': {
    title: 'Pile',
    type: 'object',
    properties: {
      size: integer('Size'),
      mark_names: { title: 'Mark names', 'x-bos': { type: 'text', compute: "join(list(self.marks, t, t.name), ' ')" } },
      tags: { title: 'Tags', 'x-bos': { type: 'references', entity: 'heap.tag', inverse: 'piles' } },
      marks: { title: 'Marks', 'x-bos': { type: 'references', entity: 'heap.tag', through: 'heap.joint', inverse: 'marked' } },
      weight: integer('Weight', { compute: 'sum(self.tags, t, t.weight)' }),
      parts: { title: 'Parts', 'x-bos': { type: 'lines', entity: 'heap.part' } },
      names: { title: 'Names', 'x-bos': { type: 'text', compute: "join(list(self.parts, p, p.name), ' ')" } },
    },
    'x-bos': {
      plural: 'piles',
      permissions: {},
      rules: [{ id: 'light', assert: 'self.weight == null || self.weight <= 100', message: 'Too heavy.', at: 'tags' }],
    },
  },
  'entities/joint.json': {
    title: 'Joint',
    type: 'object',
    properties: {
      pile: { title: 'Pile', 'x-bos': { type: 'reference', entity: 'heap.pile', onDelete: 'cascade' } },
      tag: { title: 'Tag', 'x-bos': { type: 'reference', entity: 'heap.tag', onDelete: 'cascade' } },
      pile_size: integer('Size of the pile', { compute: 'self.pile.size' }),
    },
    'x-bos': { plural: 'joints', permissions: {} },
  },
  'entities/note.json': {
    title: 'Note',
    type: 'object',
    properties: {
      pile: { title: 'Pile', 'x-bos': { type: 'reference', entity: 'heap.pile', onDelete: 'setNull' } },
      tags: integer('Tags', { compute: 'sum(self.pile.tags, t, t.weight)' }),
      parts: integer('Parts', { compute: 'sum(self.pile.parts, p, p.size)' }),
    },
    'x-bos': { plural: 'notes', permissions: {} },
  },
  'entities/part.json': {
    title: 'Part',
    type: 'object',
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 20 },
      size: integer('Size'),
      limited: { type: 'boolean', title: 'Limited' },
      so_far: integer('So far', { compute: 'running(parent.parts, p, p.size)' }),
    },
    'x-bos': {
      kind: 'line',
      plural: 'parts',
      rules: [{ id: 'early', assert: 'self.limited != true || self.so_far <= 5', message: 'Too late in the list.', at: 'so_far' }],
    },
  },
})
type Data = Record<string, unknown> & { id: string }
const call = (method: string, path: string, body?: object): Promise<Reply> =>
  world.call('admin@acme', method, `/api/heap/${path}`, body ? { body } : {})
const make = async (path: string, body: object): Promise<Data> => ok(await call('POST', path, body)) as Data
const weightOf = async ({ id }: Data): Promise<unknown> => ok(await call('GET', `piles/${id}`))['weight']

describe('a list of references', () => {
  test('weighs what is there: deleted, restored, changed meanwhile', async () => {
    const [a, b] = [await make('tags', { name: 'a', weight: 30 }), await make('tags', { name: 'b', weight: 20 })]
    const pile = await make('piles', { tags: [a.id, b.id] })
    expect(await weightOf(pile)).toBe(50)
    ok(await call('DELETE', `tags/${b.id}`))
    expect(await weightOf(pile)).toBe(30)
    ok(await call('PATCH', `tags/${a.id}`, { weight: 90 }))
    const back = await call('POST', `tags/${b.id}/restore`)
    expect([back.status, (back.body as { detail?: string }).detail]).toEqual([422, expect.stringContaining('Too heavy.')])
    expect(await weightOf(pile)).toBe(90)
    ok(await call('PATCH', `tags/${a.id}`, { weight: 80 }))
    ok(await call('POST', `tags/${b.id}/restore`))
    expect(await weightOf(pile)).toBe(100)
  })
})

describe('what lists of references name', () => {
  const tagOf = async ({ id }: Data) => {
    const { size, used } = ok(await call('GET', `tags/${id}`))
    return [size, used]
  }

  test('is made of the records that have it in their list', async () => {
    const [a, b] = [await make('tags', { name: 'a' }), await make('tags', { name: 'b' })]
    expect(await tagOf(a)).toEqual([0, 0])
    const pile = await make('piles', { size: 5, tags: [a.id] })
    const other = await make('piles', { size: 7, tags: [b.id, a.id] })
    expect([await tagOf(a), await tagOf(b)]).toEqual([
      [12, 2],
      [7, 1],
    ])
    ok(await call('PATCH', `piles/${pile.id}`, { size: 6 }))
    ok(await call('PATCH', `piles/${other.id}?replace=tags`, { tags: [b.id] }))
    expect([await tagOf(a), await tagOf(b)]).toEqual([
      [6, 1],
      [7, 1],
    ])
    ok(await call('PATCH', `piles/${pile.id}?replace=tags`, { tags: [a.id, b.id] }))
    ok(await call('DELETE', `piles/${other.id}`))
    expect([await tagOf(a), await tagOf(b)]).toEqual([
      [6, 1],
      [6, 1],
    ])
    ok(await call('POST', `piles/${other.id}/restore`))
    expect(await tagOf(b)).toEqual([13, 2])
    ok(await call('DELETE', `tags/${b.id}`))
    ok(await call('PATCH', `piles/${other.id}`, { size: 1 }))
    ok(await call('POST', `tags/${b.id}/restore`))
    expect(await tagOf(b)).toEqual([7, 2])
    const big = await call('PATCH', `piles/${pile.id}`, { size: 2000 })
    expect([big.status, (big.body as { errors: object[] }).errors]).toMatchObject([422, [{ pointer: '' }]])
    const named = await call('POST', 'piles', { size: 2000, tags: [a.id] })
    expect([named.status, (named.body as { errors: object[] }).errors]).toMatchObject([
      422,
      [{ detail: expect.stringContaining('Too much of it.') }],
    ])
  })
})

test('records between two others join them while they are there', async () => {
  const tag = await make('tags', { name: 'a' })
  const pile = await make('piles', { size: 5 })
  const other = await make('piles', { size: 20 })
  const marked = async () => ok(await call('GET', `tags/${tag.id}`))['marked_size']
  const names = async ({ id }: Data) => ok(await call('GET', `piles/${id}`))['mark_names']
  const joint = await make('joints', { pile: pile.id, tag: tag.id })
  expect([await marked(), await names(pile)]).toEqual([5, 'a'])
  ok(await call('PATCH', `piles/${pile.id}`, { size: 6 }))
  expect(await marked()).toBe(6)
  ok(await call('PATCH', `joints/${joint.id}`, { pile: other.id }))
  expect([await marked(), await names(pile), await names(other)]).toEqual([20, '', 'a'])
  const joined = await make('tags', { name: 'b' })
  ok(await call('PATCH', `joints/${joint.id}`, { tag: joined.id }))
  expect([await marked(), await names(other)]).toEqual([0, 'b'])
  ok(await call('PATCH', `joints/${joint.id}`, { tag: tag.id }))
  ok(await call('DELETE', `joints/${joint.id}`))
  expect([await marked(), await names(other)]).toEqual([0, ''])
  ok(await call('POST', `joints/${joint.id}/restore`))
  ok(await call('DELETE', `piles/${other.id}`))
  expect(await marked()).toBe(0)
})

test('what stands in the lists of another record comes and goes there', async () => {
  const [a, b] = [await make('tags', { name: 'a', weight: 1 }), await make('tags', { name: 'b', weight: 2 })]
  const pile = await make('piles', {
    tags: [a.id],
    parts: [
      { size: 3, limited: false },
      { size: 4, limited: false },
    ],
  })
  const note = await make('notes', { pile: pile.id })
  const sums = async () => {
    const { tags, parts } = ok(await call('GET', `notes/${note.id}`))
    return [tags, parts]
  }
  expect(await sums()).toEqual([1, 7])
  ok(await call('PATCH', `piles/${pile.id}?replace=tags,parts`, { tags: [a.id, b.id], parts: [{ size: 5, limited: false }] }))
  expect(await sums()).toEqual([3, 5])
  ok(await call('PATCH', `piles/${pile.id}?replace=tags,parts`, { tags: [b.id], parts: [] }))
  expect(await sums()).toEqual([2, 0])
  ok(await call('PATCH', `piles/${pile.id}?replace=tags`, { tags: [] }))
  expect(await sums()).toEqual([0, 0])
})

describe('lines in another order', () => {
  const parts = [
    { name: 'x', size: 1, limited: true },
    { name: 'y', size: 5, limited: false },
    { name: 'z', size: 2, limited: false },
  ]
  const linesOf = (pile: Data) => (pile['parts'] as Data[]).map(({ name, so_far: sum }) => [name, sum])
  const read = async ({ id }: Data): Promise<Data> => ok(await call('GET', `piles/${id}?expand=parts`)) as Data

  test('are summed and joined anew, and judged', async () => {
    const pile = await make('piles', { parts })
    const [x, y, z] = (pile['parts'] as Data[]).map(({ id }) => ({ id }))
    expect([linesOf(pile), pile['names']]).toEqual([
      [
        ['x', 1],
        ['y', 6],
        ['z', 8],
      ],
      'x y z',
    ])
    expect((await call('PATCH', `piles/${pile.id}?replace=parts`, { parts: [z, y, x] })).status).toBe(422)
    expect((await call('PATCH', `piles/${pile.id}`, { parts: { [x!.id]: { position: 3 } } })).status).toBe(422)
    ok(await call('PATCH', `piles/${pile.id}?replace=parts`, { parts: [x, z, y] }))
    const after = await read(pile)
    expect([linesOf(after), after['names']]).toEqual([
      [
        ['x', 1],
        ['z', 3],
        ['y', 8],
      ],
      'x z y',
    ])
  })
})

test('what a restore brings back is worked out anew, as much as a deletion took along', async () => {
  const pile = await make('piles', { size: 3 })
  await world.sql(
    `insert into heap.joint (tenant_id, id, version, revision, created_at, created_via, updated_at, pile, pile_size)
     select $1, gen_random_uuid(), 1, 1, now(), 'seed', now(), $2, 3 from generate_series(1, 5001)`,
    [world.acme.id, pile.id],
  )
  expect((await call('DELETE', `piles/${pile.id}`)).status).toBe(200)
  await world.sql('update heap.joint set pile_size = 2 where pile = $1', [pile.id])
  ok(await call('POST', `piles/${pile.id}/restore`))
  const live = `select count(*)::int as n from heap.joint where pile = $1 and deleted_at is null and pile_size = 3`
  expect(await world.sql<{ n: number }>(live, [pile.id])).toEqual([{ n: 5001 }])
})
