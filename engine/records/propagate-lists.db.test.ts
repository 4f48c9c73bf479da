import { describe, expect, test } from 'vitest'
import { openWorldWith } from '../testing/dropped-in.ts'
import { ok, type Reply } from '../testing/world.ts'

/** Stored values over lists: of the order of what is in them, and of what comes and goes. */
const number = (title: string, settings: object = {}) => ({ title, 'x-bos': { type: 'integer', ...settings } })
const world = await openWorldWith('heap', {
  'module.json': { title: 'Heap' },
  'entities/tag.json': {
    title: 'Tag',
    type: 'object',
    properties: { name: { type: 'string', title: 'Name', maxLength: 20 }, weight: number('Weight') },
    'x-bos': { plural: 'tags', titleField: 'name', permissions: {} },
  },
  'entities/pile.json': {
    title: 'Pile',
    type: 'object',
    properties: {
      tags: { title: 'Tags', 'x-bos': { type: 'references', entity: 'heap.tag', inverse: 'piles' } },
      weight: number('Weight', { compute: 'sum(self.tags, t, t.weight)' }),
      parts: { title: 'Parts', 'x-bos': { type: 'lines', entity: 'heap.part' } },
      names: { title: 'Names', 'x-bos': { type: 'text', compute: "join(list(self.parts, p, p.name), ' ')" } },
    },
    'x-bos': {
      plural: 'piles',
      permissions: {},
      rules: [{ id: 'light', assert: 'self.weight == null || self.weight <= 100', message: 'Too heavy.', at: 'tags' }],
    },
  },
  'entities/part.json': {
    title: 'Part',
    type: 'object',
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 20 },
      size: number('Size'),
      limited: { type: 'boolean', title: 'Limited' },
      so_far: number('So far', { compute: 'running(parent.parts, p, p.size)' }),
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
