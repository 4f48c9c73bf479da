import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { differences, randomSetting, shownOn } from '../testing/expressions/compare.ts'
import { expressionSql } from '../testing/expressions/database.ts'
import { fuzz } from '../testing/expressions/fuzz.ts'
import { Random } from '../testing/expressions/random.ts'
import { regressions } from '../testing/expressions/regressions.ts'
import { World } from '../testing/expressions/world.ts'
import { freshDatabase } from '../testing/postgres.ts'
import type { TestDatabase } from '../testing/postgres.ts'
import { compileExpression } from './check.ts'
import { functions } from './functions.ts'
import { lower, upper } from './text.ts'
import type { Node } from './types.ts'
import { isZone, localOf, momentAt } from './zones.ts'

/** JavaScript and PostgreSQL answer every expression alike. `npm run fuzz:expressions` does the same for as long as one likes. */
let database: TestDatabase
let client: Client

beforeAll(async () => {
  database = await freshDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(await expressionSql())
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

test('random expressions of every kind on random records', { timeout: 60_000 }, async () => {
  const seed = randomBytes(4).readUInt32LE()
  const { faults, used } = await fuzz(client, { seed, cases: 4000, perWorld: 1000, faults: 2 })
  expect(faults, `npm run fuzz:expressions -- --seed ${seed} --cases 4000`).toEqual([])
  const never = functions.flatMap((each) => each.overloads).filter(({ id }) => !used.has(id))
  expect(never.map(({ id }) => id)).toEqual([])
})

test('a difference is found and made small', async () => {
  const random = new Random(1)
  const world = new World(random)
  await world.store(client)
  const setting = randomSetting(random, world)
  // PostgreSQL is told another zone than JavaScript.
  const wrong = { ...setting, zone: 'UTC', sqlZone: 'Asia/Kolkata' }
  const node: Node = {
    kind: 'call',
    type: { kind: 'time' },
    overload: 'time.dateTime',
    args: [{ kind: 'constant', type: { kind: 'dateTime' }, value: '2026-01-01T00:00:00.000Z' }],
  }
  expect(await differences(client, world, wrong, [node])).toMatchObject([{ js: '00:00:00', sql: '05:30:00' }])
})

/** An expression without a record, as an example of the manual shows it. */
function compiled(expression: string): Node {
  const context = {
    names: { shape: () => undefined, entityNamed: () => undefined, entityNames: [] },
    self: null,
    roots: new Set<never>(),
    settings: null,
  }
  const { expression: found, faults } = compileExpression(expression, context)
  if (found === undefined) throw new Error(`${expression}: ${JSON.stringify(faults)}`)
  return found.root
}

describe('what the manual says', () => {
  test.each(functions.flatMap((each) => each.examples))('$expression is $result', async ({ expression, result }) => {
    const random = new Random(1)
    const world = new World(random)
    await world.store(client)
    const setting = { ...randomSetting(random, world), zone: 'UTC' }
    const node = compiled(expression)
    expect(await differences(client, world, setting, [node])).toEqual([])
    const shown = shownOn(world, setting, node, world.of(setting.self)[0]!)
    expect(Array.isArray(shown) ? JSON.stringify(shown) : String(shown)).toBe(result)
  })
})

test.each(regressions)('once different: $name', async ({ node, zone }) => {
  const random = new Random(7)
  const world = new World(random)
  await world.store(client)
  for (const isFramed of [true, false]) {
    expect(await differences(client, world, { ...randomSetting(random, world), self: 'fuzz.deal', zone, isFramed }, [node])).toEqual([])
  }
})

/** Letters of Unicode 16 and 17, which one of the two sides may not know yet; see fold.db.test.ts. */
const isYoung = (code: number): boolean =>
  [0x019b, 0x0264, 0x1c89, 0x1c8a, 0xa7cb, 0xa7cc, 0xa7cd, 0xa7ce, 0xa7cf, 0xa7d2, 0xa7d3, 0xa7d4, 0xa7d5, 0xa7da, 0xa7db, 0xa7dc].includes(
    code,
  ) ||
  (code >= 0x10d50 && code <= 0x10d85) ||
  (code >= 0x16ea0 && code <= 0x16ed3)

test('every code point has the same small and capital letter', async () => {
  const codes = Array.from({ length: 0x110000 - 1 }, (_, i) => i + 1).filter((code) => (code < 0xd800 || code > 0xdfff) && !isYoung(code))
  const found: unknown[] = []
  for (let at = 0; at < codes.length; at += 200_000) {
    const letters = codes.slice(at, at + 200_000).map((code) => String.fromCodePoint(code))
    const { rows } = await client.query<{ letter: string; lower: string; upper: string }>(
      `select letter, lower(letter collate pg_c_utf8) as lower, upper(letter collate pg_c_utf8) as upper from unnest($1::text[]) letter
        where lower(letter collate pg_c_utf8) <> letter or upper(letter collate pg_c_utf8) <> letter`,
      [letters],
    )
    const changed = new Map(rows.map((row) => [row.letter, row]))
    for (const letter of letters) {
      const row = changed.get(letter) ?? { lower: letter, upper: letter }
      if (lower(letter) !== row.lower || upper(letter) !== row.upper) found.push({ letter, ...row, js: [lower(letter), upper(letter)] })
    }
  }
  expect(found).toEqual([])
})

/** Later years hang on how young each side's rules are. */
test('every time zone showed the same clock from 1970 to 2025', async () => {
  const hours = Array.from({ length: 56 * 24 }, (_, i) => Math.round((i / 24) * 8765.82) * 3_600_000)
  const { rows: known } = await client.query<{ name: string }>('select name from pg_timezone_names')
  const names = known.map(({ name }) => name).filter((name) => Intl.supportedValuesOf('timeZone').includes(name) && isZone(name))
  expect(names.length).toBeGreaterThan(300)
  const found: unknown[] = []
  for (const zone of names) {
    const { rows } = await client.query<{ local: string[]; moment: string[] }>(
      `select array_agg((extract(epoch from bos.local(bos.moment(ms), $2)) * 1000)::bigint order by ms)::text[] as local,
        array_agg((extract(epoch from bos.at_zone(bos.moment(ms) at time zone 'UTC', $2)) * 1000)::bigint order by ms)::text[] as moment
        from unnest($1::numeric[]) ms`,
      [hours, zone],
    )
    const wrong = hours.filter(
      (ms, i) => localOf(ms, zone) !== Number(rows[0]!.local[i]) || momentAt(ms, zone) !== Number(rows[0]!.moment[i]),
    )
    if (wrong.length > 0) found.push([zone, wrong.map((ms) => new Date(ms).toISOString())])
  }
  expect(found).toEqual([])
})
