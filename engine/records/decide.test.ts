import { describe, expect, test } from 'vitest'
import type { Catalogue, Entity } from '../catalogue/types.ts'
import { Problem } from '../problems.ts'
import { sketchCatalogue } from '../testing/sketch.ts'
import { Members, type Change, type LineChange, type Stored, type StoredLine, type UpdateOperation } from './change.ts'
import { decideCreate, decideUpdate, type Decision, type Situation } from './decide.ts'
import { same } from './decide-draft.ts'
import { columnValues } from './decide-emit.ts'

/** The middle of a write, without any database: the sketch of an order with lines and parts of lines. */
const sketch = sketchCatalogue({
  'shop.customer': { fields: { name: { type: 'text' } } },
  'shop.order': {
    fields: {
      title: { type: 'text' },
      customer: { type: 'reference', entity: 'shop.customer' },
      about: { type: 'reference', entity: ['shop.customer', 'shop.order'] },
      place: { type: 'address' },
      value: { type: 'money' },
      owner: { type: 'reference', entity: 'shop.customer' },
      facts: { type: 'json' },
      lines: { type: 'lines', entity: 'shop.line' },
    },
  },
  'shop.line': {
    kind: 'line',
    at: 'shop.order',
    fields: { product: { type: 'text' }, quantity: { type: 'integer' }, parts: { type: 'lines', entity: 'shop.part' } },
  },
  'shop.part': { kind: 'line', at: 'shop.line', fields: { label: { type: 'text' } } },
  'shop.stay': {
    fields: { room: { type: 'text' }, from: { type: 'date' }, to: { type: 'date' } },
    unique: [{ id: 'one_at_a_time', fields: ['room'], noOverlap: ['from', 'to'] }],
  },
})

/** The sketch, with what it has no words for. */
function furnished(): Catalogue {
  const more: Readonly<Record<string, Record<string, object>>> = {
    'shop.order': {
      title: { required: true },
      owner: { defaultsToActor: true },
      lines: { lines: { entity: 'shop.line', linkField: null, through: null } },
    },
    'shop.line': {
      product: { required: true, createOnly: true },
      quantity: { default: 1 },
      parts: { lines: { entity: 'shop.part', linkField: null, through: null } },
    },
  }
  const entities = new Map(
    [...sketch.entities].map(([id, entity]): [string, Entity] => {
      const fields = entity.fields.map((field) => ({ ...field, ...more[id]?.[field.id] }))
      return [
        id,
        {
          ...entity,
          fields,
          fieldById: new Map(fields.map((field) => [field.id, field])),
          fieldByName: new Map(fields.map((field) => [field.name, field])),
        },
      ]
    }),
  )
  return { ...sketch, entities }
}
const catalogue = furnished()
const order = catalogue.entities.get('shop.order')!
const id = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`

const situation = (more: Partial<Situation> = {}): Situation => ({
  catalogue,
  member: id(99),
  exists: (_, each) => each !== id(404),
  changedSince: () => [],
  number: () => 'N1',
  counted: () => undefined,
  documents: { byId: () => undefined, byKey: () => undefined, createdBy: () => undefined, wakeOf: () => undefined },
  newId: () => id(77),
  surroundings: { zone: 'UTC', parameter: () => null, answer: () => undefined },
  ...more,
})
const change = (set: object, more: Partial<Change> = {}): Change => ({
  set: new Map(Object.entries(set)),
  lines: new Map(),
  echo: new Map(),
  ...more,
})
const line = (n: number, values: object, parts: readonly StoredLine[] = []): StoredLine => ({
  id: id(n),
  position: n,
  values: new Map(Object.entries(values)),
  lines: new Map([['parts', parts]]),
})
const part = (n: number, label: string): StoredLine => ({ id: id(n), position: n, values: new Map([['label', label]]), lines: new Map() })
const stored = (values: object, lines: readonly StoredLine[] = []): Stored => ({
  id: id(1),
  version: 3,
  revision: 5,
  deleted: false,
  deletionId: null,
  system: { created_at: 't0', updated_at: 't3', deleted_at: null },
  values: new Map(
    Object.entries({ title: null, customer: null, about: null, place: null, value: null, owner: null, facts: null, ...values }),
  ),
  lines: new Map([['lines', lines]]),
})
const update = (wish: Change, more: Partial<UpdateOperation> = {}): UpdateOperation => ({
  op: 'update',
  entity: order,
  id: id(1),
  ifMatch: null,
  key: null,
  transition: null,
  pointer: '',
  change: wish,
  ...more,
})
const merged = (...lines: LineChange[]): Partial<Change> => ({ lines: new Map([['lines', { mode: 'merge', lines }]]) })

function problemOf(decide: () => Decision): [string, ...string[]] {
  try {
    return ['none', JSON.stringify(decide().events[0])]
  } catch (error) {
    if (error instanceof Problem) return [error.code, ...error.faults.map((each) => each.pointer)]
    throw error
  }
}

describe('refusals come together, each with its place', () => {
  test.for<[string, Change, Stored, string[]]>([
    ['a required value is taken away', change({ title: null, customer: id(404) }), stored({ title: 'a' }), ['/title', '/customer']],
    ['white space in its place', change({ title: '  ' }), stored({ title: 'a' }), ['/title']],
    [
      'a record that is not, as one of several targets',
      change({ about: { entity: 'shop.customer', id: id(404) } }),
      stored({ title: 'a' }),
      ['/about'],
    ],
    [
      'system values of another record or time',
      change(
        {},
        {
          echo: new Map<string, unknown>([
            ['id', id(2)],
            ['version', 2],
            ['created_at', 't1'],
            ['deleted_at', 't'],
          ]),
        },
      ),
      stored({ title: 'a' }),
      ['/id', '/version', '/created_at', '/deleted_at'],
    ],
    [
      'a member that is none',
      change({ value: new Members({ amount: 'x' }) }),
      stored({ title: 'a', value: { amount: '1.0000', currency: 'EUR' } }),
      ['/value/amount'],
    ],
    [
      'a line that is not there',
      change({}, merged({ id: id(7), isNew: false, change: change({}), pointer: '/lines/7' })),
      stored({ title: 'a' }),
      ['/lines/7'],
    ],
    [
      'a value set once, in a line',
      change({}, merged({ id: id(2), isNew: false, change: change({ product: 'b' }), pointer: '/lines/2' })),
      stored({ title: 'a' }, [line(2, { product: 'a' })]),
      ['/lines/2/product'],
    ],
    [
      'a new line without what it needs',
      change({}, merged({ id: id(8), isNew: true, change: change({}), pointer: '/lines/new:1' })),
      stored({ title: 'a' }),
      ['/lines/new:1/product'],
    ],
  ])('%s', ([, wish, before, pointers]) => {
    expect(problemOf(() => decideUpdate(situation(), update(wish), before))).toEqual(['request-invalid', ...pointers])
    const bulk = problemOf(() => decideUpdate(situation(), update(wish, { pointer: '/operations/4/data' }), before))
    expect(bulk.length).toBe(pointers.length + 1)
  })
})

test('a create has its defaults, its owner, and one event with everything that it set', () => {
  const outcome = decideCreate(situation(), {
    op: 'create',
    entity: order,
    id: id(1),
    pointer: '',
    change: change(
      { title: 'a' },
      {
        lines: new Map([
          ['lines', { mode: 'replace', lines: [{ id: id(2), isNew: true, change: change({ product: 'p' }), pointer: '/lines/0' }] }],
        ]),
      },
    ),
  })
  expect(outcome).toMatchObject({ status: 201, version: 1, revision: 1 })
  expect(outcome.writes).toMatchObject([
    { kind: 'insert', row: { id: id(1), version: 1, title: 'a', owner: id(99), place__city: null, value__currency: null } },
    { kind: 'insert', row: { id: id(2), parent_id: id(1), position: 1, product: 'p', quantity: 1 } },
  ])
  expect(outcome.events[0]).toMatchObject({
    type: 'created',
    changed: ['title', 'owner', `lines/${id(2)}`],
    body: { set: { title: { from: null, to: 'a' } }, lines: { [id(2)]: { op: 'added', set: { quantity: { from: null, to: 1 } } } } },
  })
})

test('null is the person who creates where somebody must be named, and nobody where not', () => {
  const ownerOf = (entity: Entity): unknown =>
    decideCreate(situation(), { op: 'create', entity, id: id(1), pointer: '', change: change({ title: 'a', owner: null }) }).writes.map(
      (write) => 'row' in write && write.row['owner'],
    )
  expect(ownerOf(order)).toEqual([null])
  const fields = order.fields.map((field) => (field.id === 'owner' ? { ...field, required: true } : field))
  const named = { ...order, fields, fieldById: new Map(fields.map((field) => [field.id, field])) }
  expect(ownerOf(named)).toEqual([id(99)])
})

test('what is equal is no change, in whatever order its members stand', () => {
  const before = stored({ title: 'a', facts: { a: 1, b: [1, { c: 2 }] }, place: { city: 'Wien' } }, [
    line(2, { product: 'p', quantity: 1 }),
  ])
  const wish = change(
    { title: 'a', facts: { b: [1, { c: 2 }], a: 1 }, place: new Members({ city: 'Wien', street: null }) },
    merged({ id: id(2), isNew: false, change: change({ quantity: 1 }), position: 2, pointer: '/lines/2' }),
  )
  expect(decideUpdate(situation(), update(wish), before)).toEqual({
    status: 200,
    id: id(1),
    version: 3,
    revision: 5,
    warnings: [],
    errors: [],
    produced: [],
    places: new Map(),
    writes: [],
    events: [],
    origins: [],
    keys: [],
  })
})

test('only columns that change are written; members of a value go together', () => {
  const outcome = decideUpdate(
    situation(),
    update(change({ title: 'b', place: new Members({ street: 'Ring' }) })),
    stored({ title: 'a', place: { city: 'Wien' } }),
  )
  expect(outcome.writes).toEqual([
    {
      kind: 'update',
      entity: order,
      row: expect.objectContaining({
        id: id(1),
        version: 4,
        revision: 6,
        title: 'b',
        place__street: 'Ring',
        place__city: 'Wien',
      }) as unknown,
    },
  ])
  expect(Object.keys((outcome.writes[0] as { row: object }).row)).not.toContain('customer')
  expect(outcome.events[0]?.changed).toEqual(['title', 'place'])
})

test('an unchanged reference may name what is gone', () => {
  expect(
    problemOf(() =>
      decideUpdate(situation(), update(change({ customer: id(404), title: 'b' })), stored({ title: 'a', customer: id(404) })),
    )[0],
  ).toBe('none')
})

test('a removed line takes its parts along, and history keeps what they were', () => {
  const before = stored({ title: 'a' }, [line(2, { product: 'p', quantity: 4 }, [part(3, 'x'), part(4, 'y')])])
  const { writes, events } = decideUpdate(
    situation(),
    update(change({}, merged({ id: id(2), isNew: false, change: null, pointer: '/lines/2' }))),
    before,
  )
  expect(writes.filter((each) => each.kind === 'remove').map((each) => each.id)).toEqual([id(3), id(4), id(2)])
  expect(events[0]?.changed).toEqual([`lines/${id(2)}/parts/${id(3)}`, `lines/${id(2)}/parts/${id(4)}`, `lines/${id(2)}`])
  expect(events[0]?.body.lines?.[id(2)]).toMatchObject({
    op: 'removed',
    set: { product: { from: 'p', to: null }, quantity: { from: 4, to: null } },
  })
})

describe('an older version', () => {
  const before = stored({ title: 'a' }, [line(2, { product: 'p', quantity: 1 }, [part(3, 'x')])])
  const attempt = (theirs: readonly string[], wish: Change): [string, ...string[]] =>
    problemOf(() =>
      decideUpdate(situation({ changedSince: () => theirs }), update(wish, { ifMatch: 2, pointer: '/operations/0/data' }), before),
    )
  const quantity = change({}, merged({ id: id(2), isNew: false, change: change({ quantity: 5 }), pointer: '' }))
  const below = change(
    {},
    merged({
      id: id(2),
      isNew: false,
      change: change(
        {},
        {
          lines: new Map([['parts', { mode: 'merge', lines: [{ id: id(3), isNew: false, change: change({ label: 'z' }), pointer: '' }] }]]),
        },
      ),
      pointer: '',
    }),
  )
  test.for<[string, readonly string[], Change, string | null]>([
    ['another field', ['customer'], change({ title: 'b' }), null],
    ['the same field', ['title', 'customer'], change({ title: 'b' }), '/title'],
    ['the same column of a line', [`lines/${id(2)}/quantity`], quantity, `/lines/${id(2)}/quantity`],
    ['another column of it', [`lines/${id(2)}/product`, `lines/${id(2)}/position`], quantity, null],
    ['the line as a whole', [`lines/${id(2)}`], quantity, `/lines/${id(2)}/quantity`],
    ['another line', [`lines/${id(9)}`], quantity, null],
    ['a part of the line, seen from the line', [`lines/${id(2)}/parts/${id(3)}/label`], quantity, null],
    ['the same part', [`lines/${id(2)}/parts/${id(3)}/label`], below, `/lines/${id(2)}/parts/${id(3)}/label`],
    [
      'anything in it, when the whole list is replaced',
      [`lines/${id(2)}/quantity`],
      change({}, { lines: new Map([['lines', { mode: 'replace', lines: [] }]]) }),
      '/lines',
    ],
  ])('%s', ([, theirs, wish, pointer]) => {
    expect(attempt(theirs, wish).slice(0, pointer === null ? 1 : 2)).toEqual(
      pointer === null ? ['none'] : ['version-conflict', `/operations/0/data${pointer}`],
    )
  })

  test('that never was is refused; its counters may be repeated', () => {
    expect(problemOf(() => decideUpdate(situation(), update(change({ title: 'b' }), { ifMatch: 4 }), before))).toEqual(['version-conflict'])
    const echo = new Map<string, unknown>([
      ['version', 2],
      ['revision', 4],
      ['updated_at', 't2'],
      ['created_at', 't0'],
    ])
    expect(problemOf(() => decideUpdate(situation(), update(change({ title: 'b' }, { echo }), { ifMatch: 2 }), before))[0]).toBe('none')
  })
})

test('no value is null in every column', () => {
  expect(columnValues(order.fieldById.get('about')!, null)).toEqual({ about__shop__customer: null, about__shop__order: null })
  expect(columnValues(order.fieldById.get('about')!, { entity: 'shop.order', id: id(2) })).toEqual({
    about__shop__customer: null,
    about__shop__order: id(2),
  })
})

test('values are the same by what they say', () => {
  expect([
    same({ a: 1 }, { a: 1 }),
    same([1], { 0: 1 }),
    same({ a: undefined }, { b: undefined }),
    same(null, {}),
    same(0, -0),
    same([], []),
  ]).toEqual([true, false, false, false, false, true])
  expect(same(JSON.parse('{"__proto__":1}'), {})).toBe(false)
})

describe('a period that must not overlap others', () => {
  const stay = catalogue.entities.get('shop.stay')!
  const backwards = ['request-invalid', '/to']
  const made = (set: object) =>
    problemOf(() => decideCreate(situation(), { op: 'create', entity: stay, id: id(1), pointer: '', change: change(set) })).slice(0, 2)
  const changed = (set: object, before: object) =>
    problemOf(() =>
      decideUpdate(situation(), update(change(set), { entity: stay }), {
        ...stored({}),
        values: new Map(Object.entries({ room: null, ...before })),
      }),
    ).slice(0, 2)

  test('does not end before it begins', () => {
    expect(made({ room: 'A', from: '2026-11-03', to: '2026-11-02' })).toEqual(backwards)
    expect(changed({ from: '2026-11-03' }, { from: '2026-11-01', to: '2026-11-02' })).toEqual(backwards)
    expect(changed({ to: '2026-10-01' }, { from: '2026-11-01', to: '2026-11-02' })).toEqual(backwards)
  })

  test('may be one day, or open at either end; one that was stored otherwise stands in nobody’s way', () => {
    for (const set of [{ from: '2026-11-02', to: '2026-11-02' }, { from: '2026-11-02' }, { to: '2026-11-02' }, { from: null, to: null }])
      expect(made(set)[0]).toBe('none')
    expect(changed({ room: 'B' }, { from: '2026-11-03', to: '2026-11-02' })[0]).toBe('none')
    expect(changed({ from: '2026-11-02', to: '2026-11-03' }, { from: '2026-11-03', to: '2026-11-02' })[0]).toBe('none')
  })
})
