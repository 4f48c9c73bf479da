import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check } from './check.ts'
import { compileCatalogue } from './compile.ts'
import { exampleCore, exampleEntity, exampleModule } from '../testing/example.ts'
import { interpretedValidate } from './interpret.ts'
import type { ModuleSource } from './sources.ts'
import { compiledValidate } from './validate.ts'

const validate = compiledValidate()
const interpreted = interpretedValidate()
const shop = exampleModule('shop', {
  'module.json': {
    id: 'shop',
    version: '1.0.0',
    metamodel: 1,
    title: 'Shop',
    depends: { core: '^1.0.0' },
    roles: [{ id: 'shop.clerk', title: 'Clerk' }],
    defaultRole: 'shop.clerk',
    menu: [{ entity: 'shop.order', view: 'shop.list' }],
  },
  'entities/order.json': exampleEntity(
    {
      number: { 'x-bos': { type: 'sequence', pattern: 'O-{n:5}' } },
      stage: { enum: ['new', 'done'], default: 'new', 'x-bos': { options: { new: { title: 'New', hue: 50 } } } },
      total: { 'x-bos': { type: 'money', index: true } },
      due: { type: 'string', format: 'date', default: '2026-11-22' },
      lines: { 'x-bos': { type: 'lines', entity: 'shop.order_line' } },
      after: { 'x-bos': { type: 'reference', entity: 'self', inverse: 'before' } },
      about: { 'x-bos': { type: 'reference', entity: ['core.tag', 'core.member'] } },
    },
    {
      use: ['core.owned', 'core.commentable', 'core.taggable'],
      titleField: 'number',
      search: ['name', 'number'],
      unique: [{ id: 'k', fields: ['name', 'stage'], ignoreCase: true }],
      permissions: { 'shop.clerk': { scope: 'own', read: true, hide: ['total', 'lines.cost'] } },
    },
  ),
  'entities/order_line.json': exampleEntity({ cost: { 'x-bos': { type: 'decimal', scale: 2 }, default: '1.50' } }, { kind: 'line' }),
  'entities/group.json': exampleEntity(
    { orders: { 'x-bos': { type: 'references', entity: 'shop.order', through: 'shop.membership' } } },
    { use: ['core.tree'] },
  ),
  'entities/membership.json': exampleEntity({
    party: { 'x-bos': { type: 'reference', entity: 'shop.group' } },
    order: { 'x-bos': { type: 'reference', entity: 'shop.order' } },
  }),
  'views/list.json': {
    entity: 'shop.order',
    kind: 'list',
    title: 'All',
    columns: ['name', { field: 'total', width: 90 }, 'after.name'],
    sort: ['-due'],
    filter: { 'stage.in': 'new', 'total.gte': '5' },
    group: 'stage',
  },
  'views/order.display.json': {
    statusField: 'stage',
    summaryFields: ['total'],
    sections: [{ title: 'A', fields: ['name'] }],
    tabs: ['lines', 'before', 'comments'],
  },
})

/** Every place in the files of a module: the path of the file and the keys on the way. */
function places(value: unknown, path: readonly string[] = []): string[][] {
  const inner =
    typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, each]) => places(each, [...path, key])) : []
  return path.length === 0 ? inner : [[...path], ...inner]
}
const files = Object.fromEntries(shop.files)
const everyPlace = places(files).filter((path) => path.length > 1)

/** Words of the vocabulary and names of the example find more than random text does. */
const word = fc.constantFrom(
  'shop.order',
  'shop.order_line',
  'shop.group',
  'core.tag',
  'core.member',
  'core.owned',
  'core.tree',
  'self',
  'name',
  'lines',
  'owner',
  'total',
  'line',
  'single',
  'record',
  'text',
  'reference',
  'references',
  'lines',
  'money',
  'decimal',
  'select',
  'sequence',
  'own',
  'all',
  'parent',
  'id',
  'limit',
  '__proto__',
  'constructor',
  '',
  'x_y',
  'a'.repeat(41),
)
const value = fc.oneof(
  { weight: 3, arbitrary: word },
  fc.jsonValue({ maxDepth: 2 }),
  fc.array(word, { maxLength: 3 }),
  fc.boolean(),
  fc.integer(),
  { weight: 2, arbitrary: fc.constant(undefined) },
)
const change = fc.record({ place: fc.constantFrom(...everyPlace), value, rename: fc.option(word, { freq: 2 }) })

function changed(changes: readonly { place: readonly string[]; value: unknown; rename: string | null }[]): ModuleSource {
  const copy = structuredClone(files) as Record<string, unknown>
  for (const { place, value: replacement, rename } of changes) {
    const last = place.at(-1) ?? ''
    const holder = place.slice(0, -1).reduce<unknown>((here, key) => (here as Record<string, unknown> | null | undefined)?.[key], copy)
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, last)) continue
    const members = holder as Record<string, unknown>
    if (Array.isArray(holder)) holder.splice(Number(last), 1, ...(replacement === undefined ? [] : [replacement]))
    else if (rename !== null) {
      Object.defineProperty(members, rename, { value: members[last], enumerable: true, configurable: true, writable: true })
      delete members[last]
    } else if (replacement === undefined) delete members[last]
    else members[last] = replacement
  }
  return exampleModule('shop', copy)
}

test('the example as it stands has no faults', () => {
  expect(check([exampleCore, shop], validate)).toEqual([])
})

test('whatever the files say, check answers; what it accepts compiles; both ways to read the meta-schemas agree', () => {
  let accepted = 0
  fc.assert(
    fc.property(fc.oneof({ weight: 2, arbitrary: fc.tuple(change) }, fc.array(change, { minLength: 1, maxLength: 3 })), (changes) => {
      const sources = [exampleCore, changed(changes)]
      const faults = check(sources, validate)
      // Where one value breaks several keywords, the two may stop at different ones.
      const faulty = (found: typeof faults): string[] => [...new Set(found.map((fault) => fault.file))]
      expect(faulty(check(sources, interpreted))).toEqual(faulty(faults))
      if (faults.length > 0) return
      accepted++
      compileCatalogue(sources, 'hash')
    }),
    // A name that a URL would escape: the two ways to read once told of different places.
    { numRuns: 500, examples: [[[{ place: ['entities/group.json', 'properties'], value: { '#': null, '%23': null }, rename: null }]]] },
  )
  // A test in which nothing gets through would prove nothing about compile.
  expect(accepted).toBeGreaterThan(10)
}, 30_000)
