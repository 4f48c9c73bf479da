/** Random records of the gallery, put in over HTTP, and all of it as the administrator reads it back. */
import fc from 'fast-check'
import type { Row } from './list-oracle.ts'
import { ok, type World } from './world.ts'

export const vocabulary = ['berlin', 'Bernstein', 'straße', 'éclair', 'kiwi', 'Ωmega', '한국', 'zürich'] as const
const letters = fc.string({ unit: fc.constantFrom(...Array.from('aAbBäÄéßİΣ%_\\\'"; 1é😀')), minLength: 1, maxLength: 6 })
const word = fc.constantFrom(...vocabulary)
/** Many ties, many nulls. */
const some = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 3 })
const few = (...values: string[]) => some(fc.constantFrom(...values))
const name = fc.oneof(
  letters.filter((text) => text.trim() !== ''),
  word,
  fc.constantFrom('Same', 'same', 'Säme'),
)

const sample = (groups: readonly string[], members: readonly string[]) =>
  fc.record({
    name,
    code: some(letters.filter((text) => text.trim() !== '')),
    note: some(fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' '))),
    page: some(word),
    mail: few('a@x.test', 'B@x.test', 'c+d@y.test'),
    phone: few('+49 30 1', '+1 555'),
    site: few('https://a.test/', 'https://b.test/x'),
    amount: some(fc.integer({ min: -3, max: 3 })),
    small: some(fc.maxSafeInteger()),
    stars: some(fc.integer({ min: 1, max: 5 })),
    price: few('0.00', '-1.25', '9999999999.99', '12.50', '12.51'),
    exact: few('0.000001', '-0.000001', '123456789012345678901234.5', '7'),
    share: few('0', '33.3', '100'),
    cost: some(fc.record({ amount: fc.constantFrom('1.00', '2.00', '-3.10'), currency: fc.constantFrom('EUR', 'USD') })),
    fee: some(fc.record({ amount: fc.constantFrom('1.00', '2.50') })),
    flag: some(fc.boolean()),
    day: few('0001-01-01', '2026-03-29', '2026-10-25', '9999-12-31'),
    moment: few(
      '2026-03-29T00:59:59.999Z',
      '2026-03-29T01:00:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:30:00.000Z',
      '2025-12-31T23:30:00.000Z',
    ),
    clock: few('00:00:00', '09:30:00', '23:59:59'),
    span: few('PT1H', 'PT90M', 'P1D'),
    state: few('zeta', 'alpha', 'mid'),
    marks: some(fc.uniqueArray(fc.constantFrom('red', 'green', 'blue'), { maxLength: 3 })),
    words: some(fc.array(fc.constantFrom('one', 'Two', 'drei'), { maxLength: 3 })),
    extra: some(fc.constantFrom({ a: 1 }, [1, 'x'])),
    place: some(fc.record({ city: fc.constantFrom('Berlin', 'Bern', 'ähm'), country: fc.constantFrom('DE', 'CH') }, { requiredKeys: [] })),
    person: some(
      fc.record(
        { given: fc.constantFrom('Ada', 'ada', 'Zoë'), family: fc.constantFrom('King', 'Ångström'), prefix: fc.constant('Dr.') },
        { requiredKeys: [] },
      ),
    ),
    tint: few('#336699', '#ffffff'),
    ean: few('4006381333931', '96385074'),
    team: few(...groups),
    friends: fc.uniqueArray(fc.constantFrom(...groups), { maxLength: 3 }),
    owner: fc.constantFrom(...members),
    about: some(fc.constantFrom(...groups).map((id) => ({ entity: 'gallery.group', id }))),
    secret: few('1.00', '2.00'),
    hidden_word: some(fc.constantFrom('enigma', 'berlin')),
    hidden_group: few(...groups),
    lines: fc.array(
      fc.record({
        label: some(name),
        quantity: some(fc.integer({ min: 0, max: 3 })),
        weight: few('0.125', '2.000', '-1.500'),
        team: few(...groups),
        hidden_cost: few('5.00'),
        pieces: fc.array(fc.record({ size: some(fc.integer({ min: 0, max: 2 })) }), { maxLength: 2 }),
      }),
      { maxLength: 3 },
    ),
  })

export interface GalleryRows {
  readonly samples: Row[]
  readonly parts: Row[]
  readonly pieces: Row[]
  readonly groups: Row[]
}

async function bulk(world: World, path: string, data: readonly unknown[]): Promise<string[]> {
  const { results } = ok(
    await world.call('admin@acme', 'POST', `${path}/bulk`, {
      body: { mode: 'all', operations: data.map((each) => ({ op: 'create', data: each })) },
    }),
  ) as { results: { id: string }[] }
  return results.map(({ id }) => id)
}

/** `count` samples and nine groups, of which two are deleted while records still name them. */
export async function fillGallery(world: World, count: number, seed = Date.now()): Promise<GalleryRows> {
  const members = Object.values(world.acme.members)
  const groups = await bulk(
    world,
    '/api/gallery/groups',
    Array.from({ length: 9 }, (_, i) => ({
      name: `Group ${i % 4}`,
      region: [null, 'North', 'south', 'Äast'][i % 4],
      level: i % 3 === 0 ? null : i % 3,
      budget: `${i}.00`,
      owner: members[i % members.length],
      tasks: [{ name: `task ${i}` }],
    })),
  )
  for (const [i, id] of groups.entries())
    ok(await world.call('admin@acme', 'PATCH', `/api/gallery/groups/${id}`, { body: { upper: groups[(i * 2 + 1) % 9] } }))
  const data = fc.sample(sample(groups, members), { numRuns: count, seed })
  const ids: string[] = []
  for (let i = 0; i < data.length; i += 50) ids.push(...(await bulk(world, '/api/gallery/samples', data.slice(i, i + 50))))
  for (let i = 0; i < ids.length; i += 3) {
    ok(
      await world.call('admin@acme', 'PATCH', `/api/gallery/samples/${ids[i]}`, {
        body: {
          next: ids[(i * 7) % ids.length],
          ...(i % 2 === 0 && { about: { entity: 'gallery.sample', id: ids[(i * 5) % ids.length] } }),
        },
      }),
    )
  }
  // Past the application, which would have emptied the references.
  await world.sql('update gallery."group" set deleted_at = now(), deletion_id = id where id = any($1)', [groups.slice(7)])
  return readGallery(world)
}

async function readGallery(world: World): Promise<GalleryRows> {
  const all = async (path: string): Promise<Row[]> => (ok(await world.call('admin@acme', 'GET', path)) as { data: Row[] }).data
  const samples = await all('/api/gallery/samples?limit=500&expand=lines')
  const parts = samples.flatMap((each) => (each['lines'] as Row[]).map((line) => ({ ...line, $parent: each.id })))
  const pieces = parts.flatMap((each) => ((each as Row)['pieces'] as Row[]).map((line) => ({ ...line, $parent: each.id })))
  return { samples, parts, pieces, groups: await all('/api/gallery/groups?limit=500&expand=tasks') }
}

/** Place of every text in the order of people; PostgreSQL alone knows it. */
export async function textOrder(world: World, rows: unknown): Promise<Map<string, number>> {
  const texts = new Set<string>([''])
  JSON.stringify(rows, (_key, value: unknown) => (typeof value === 'string' && texts.add(value), value))
  const ordered = await world.sql<{ v: string }>('select v from unnest($1::text[]) v order by v collate "und-x-icu", v collate "C"', [
    [...texts],
  ])
  return new Map(ordered.map(({ v }, i) => [v, i]))
}
