import fc from 'fast-check'
import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import type { Entity } from '../catalogue/types.ts'
import { fold } from '../fields/fold.ts'
import { fieldOf } from '../fields/index.ts'
import { openGallery } from '../testing/gallery.ts'
import { fillGallery, textOrder, vocabulary } from '../testing/gallery-rows.ts'
import { ListOracle, type Asked, type Row } from '../testing/list-oracle.ts'
import { ok } from '../testing/world.ts'

/** Random lists over records with a field of every type, against a second opinion in plain JavaScript. */
const world = await openGallery()
// The same lists every time, so that a red run is about the change; other ones with LIST_SEED=$RANDOM.
const seed = Number(process.env['LIST_SEED'] ?? 111_044)
const rows = await fillGallery(world, 90, seed)
const catalogue = world.app.catalogues.full
const members = (ok(await world.call('admin@acme', 'GET', '/api/core/members?limit=500')) as { data: Row[] }).data
const everything = [...rows.samples, ...rows.parts, ...rows.pieces, ...rows.groups, ...members]
const oracle = new ListOracle(catalogue, new Map(everything.map((row) => [row.id, row])), await textOrder(world, everything))

const entity = (id: string): Entity => catalogue.entities.get(id)!
const own = (id: string): string[] =>
  entity(id)
    .fields.filter((field) => field.lines === null)
    .map((field) => field.name)
const subjects = {
  samples: {
    entity: entity('gallery.sample'),
    rows: rows.samples,
    paths: [
      ...own('gallery.sample'),
      'id',
      'version',
      'created_at',
      'created_via',
      'team.name',
      'team.region',
      'team.level',
      'team.upper.region',
      'next.name',
      'next.price',
      'next.state',
      'owner.name',
      'place.city',
      'cost.amount',
      'cost.currency',
      'person.family',
      'next.place.city',
    ],
  },
  parts: {
    entity: entity('gallery.part'),
    rows: rows.parts,
    paths: [
      ...own('gallery.part'),
      'team.region',
      'parent.name',
      'parent.team.region',
      'parent.amount',
      'parent.cost.currency',
      'parent.moment',
      'parent.next.name',
    ],
  },
  pieces: {
    entity: entity('gallery.piece'),
    rows: rows.pieces,
    paths: ['size', 'parent.label', 'parent.weight', 'parent.parent.name', 'parent.parent.team.level'],
  },
} as const
type Plural = keyof typeof subjects

const typeOf = (subject: (typeof subjects)[Plural], path: string) => fieldOf(oracle.reach(subject.entity, null, path).type)

/** A condition whose operand comes from the records, so that it hits some. */
function condition(plural: Plural): fc.Arbitrary<Asked['conditions'][number]> {
  const subject = subjects[plural]
  const pairs = subject.paths.flatMap((path) => Object.keys(typeOf(subject, path).operators).map((operator) => ({ path, operator })))
  return fc.record({ pair: fc.constantFrom(...pairs), at: fc.nat(), cut: fc.nat(), flip: fc.boolean() }).map(({ pair, at, cut, flip }) => {
    const { path, operator } = pair
    const values = subject.rows
      .map((row) => oracle.reach(subject.entity, row, path).value)
      .filter((value) => value !== null && !(Array.isArray(value) && value.length === 0))
    const operands = [values[at % (values.length || 1)], values[cut % (values.length || 1)]].map(operandOf)
    if (operator === 'null') return { path, operator, operand: String(flip) }
    const [operand = 'x'] = operands
    if (operator === 'in') return { path, operator, operand: JSON.stringify(operands) }
    if (operator === 'startsWith' || (operator === 'contains' && !Array.isArray(values[0]))) {
      const part = Array.from(operand)
        .slice(operator === 'contains' ? cut % 2 : 0, 1 + (cut % 4))
        .join('')
      return { path, operator, operand: fold(part) === '' ? 'a' : part }
    }
    return { path, operator, operand: flip || !operand.endsWith(' EUR') ? operand : operand.slice(0, -4) }
  })
}

function operandOf(value: unknown): string {
  if (Array.isArray(value)) return String(value[0])
  if (value === undefined) return '1'
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if ('amount' in value && 'currency' in value) return `${String(value.amount)} ${String(value.currency)}`
  return 'entity' in value ? Object.values(value).join(':') : 'x'
}

const isReadable = (plural: Plural, { path, operator, operand }: Asked['conditions'][number]): boolean => {
  let readable = true
  const { type, settings } = oracle.reach(subjects[plural].entity, null, path)
  fieldOf(type).operators[operator as 'eq']!.parse(operand, settings as never, () => (readable = false))
  return readable
}

const list = (plural: Plural): fc.Arbitrary<Asked & { plural: Plural; limit: number }> => {
  const sortable = subjects[plural].paths.filter((path) => typeOf(subjects[plural], path).sort !== undefined)
  return fc.record({
    plural: fc.constant(plural),
    conditions: fc.array(
      condition(plural).filter((each) => isReadable(plural, each)),
      { maxLength: 2 },
    ),
    sort: fc.uniqueArray(fc.record({ path: fc.constantFrom(...sortable), descending: fc.boolean() }), {
      maxLength: 3,
      selector: ({ path }) => path,
    }),
    search:
      plural === 'samples'
        ? fc.option(
            fc.tuple(fc.constantFrom(...vocabulary), fc.nat(9)).map(([word, cut]) =>
              Array.from(word)
                .slice(0, 3 + cut)
                .join(''),
            ),
            { nil: null, freq: 6 },
          )
        : fc.constant(null),
    limit: fc.integer({ min: 1, max: 40 }),
  })
}

function queryOf({ conditions, sort, search }: Asked): URLSearchParams {
  const query = new URLSearchParams(
    conditions.map(({ path, operator, operand }) => [operator === 'eq' ? path : `${path}.${operator}`, operand]),
  )
  if (sort.length > 0) query.set('sort', sort.map(({ path, descending }) => (descending ? '-' : '') + path).join(','))
  if (search !== null) query.set('search', search)
  return query
}

interface Page {
  readonly data: Row[]
  readonly page: { readonly nextCursor: string | null; readonly total?: number }
}
async function page(plural: Plural, query: URLSearchParams): Promise<Page> {
  return ok(await world.call('admin@acme', 'GET', `/api/gallery/${plural}?${query}`)) as unknown as Page
}

async function walk(
  plural: Plural,
  query: URLSearchParams,
  limit: number,
  between: (seen: number) => Promise<void> = async () => {},
): Promise<Row[]> {
  const all: Row[] = []
  const asked = new URLSearchParams(query)
  asked.set('limit', String(limit))
  for (;;) {
    const {
      data,
      page: { nextCursor },
    } = await page(plural, asked)
    all.push(...data)
    if (nextCursor === null) return all
    expect(data).toHaveLength(limit)
    asked.set('cursor', nextCursor)
    await between(all.length)
  }
}

const ids = (all: readonly Row[]): string[] => all.map(({ id }) => id)

describe(`random lists (seed ${seed})`, () => {
  it.each([
    ['samples', 90],
    ['parts', 40],
    ['pieces', 15],
  ] as const)(
    '%s: all pages together are the rows that match, once each, in order',
    async (plural, numRuns) => {
      await fc.assert(
        fc.asyncProperty(list(plural), async (asked) => {
          const query = queryOf(asked)
          const expected = oracle.list(subjects[plural].entity, subjects[plural].rows, asked)
          expect(ids(await walk(plural, query, Math.max(asked.limit, Math.ceil(expected.length / 6))))).toEqual(ids(expected))
        }),
        { numRuns, seed },
      )
    },
    120_000,
  )

  it('counts and exports say the same', async () => {
    await fc.assert(
      fc.asyncProperty(list('samples'), async (asked) => {
        const query = queryOf(asked)
        const expected = oracle.list(subjects.samples.entity, rows.samples, asked)
        for (const count of ['exact', 'estimate'])
          expect((await page('samples', new URLSearchParams([...query, ['count', count], ['limit', '1']]))).page.total).toBe(
            expected.length,
          )
        const whole = (await page('samples', new URLSearchParams([...query, ['limit', '500']]))).data
        const jsonl = await world.call('admin@acme', 'GET', `/api/gallery/samples/export?format=jsonl&${query}`)
        expect(
          jsonl.text
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as unknown),
        ).toEqual(whole)
        const csv = parse((await world.call('admin@acme', 'GET', `/api/gallery/samples/export?${query}`)).text, {
          columns: true,
        }) as Record<string, string>[]
        expect(csv.map(({ id, price, Day: day }) => ({ id, price, day }))).toEqual(
          whole.map((row) => ({ id: row.id, price: row['price'] ?? '', day: row['day'] ?? '' })),
        )
      }),
      { numRuns: 15, seed },
    )
  }, 60_000)

  it('an estimate beyond what is counted says that there are more', async () => {
    await world.sql(
      `insert into core.tag (tenant_id, id, version, revision, created_at, created_via, updated_at, name)
      select $1, gen_random_uuid(), 1, 1, now(), 'seed', now(), 'many ' || n from generate_series(1, 10050) n`,
      [world.acme.id],
    )
    const total = async (count: string): Promise<unknown> =>
      (ok(await world.call('admin@acme', 'GET', `/api/core/tags?name.startsWith=many&limit=1&count=${count}`)) as unknown as Page).page
    expect(await total('exact')).toMatchObject({ total: 10_050 })
    expect(await total('estimate')).toMatchObject({ total: 10_000, totalIsAtLeast: true })
  })

  it('rows that come and go meanwhile make no row come twice or be left out', async () => {
    const doomed = new Set<string>()
    // Not by `next`: a deletion empties the references to the record, which moves the rows that had one.
    for (const sort of ['', 'name', '-amount,state', 'person', '-price', 'team.region,-day', 'owner.name']) {
      const query = new URLSearchParams({ ...(sort && { sort }) })
      const before = new Set(ids((await page('samples', new URLSearchParams([...query, ['limit', '500']]))).data))
      let turn = 0
      const seen = ids(
        await walk('samples', query, 13, async () => {
          const { id } = ok(
            await world.call('admin@acme', 'POST', '/api/gallery/samples', {
              body: { name: `new ${turn}`, amount: turn % 3 === 0 ? null : turn % 3 },
            }),
          )
          const victim = turn++ % 2 === 0 ? String(id) : [...before].find((each) => !doomed.has(each))!
          doomed.add(victim)
          ok(await world.call('admin@acme', 'DELETE', `/api/gallery/samples/${victim}`, { headers: { 'if-match': '*' } }))
        }),
      )
      expect(new Set(seen).size).toBe(seen.length)
      expect([...before].filter((id) => !doomed.has(id) && !seen.includes(id))).toEqual([])
    }
  }, 60_000)
})
