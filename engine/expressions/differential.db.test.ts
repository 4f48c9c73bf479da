import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { differences, randomSetting, shownOn } from '../testing/expressions/compare.ts'
import type { Setting } from '../testing/expressions/compare.ts'
import { expressionSql } from '../testing/expressions/database.ts'
import { fuzz } from '../testing/expressions/fuzz.ts'
import { Random } from '../testing/random.ts'
import { regressions } from '../testing/expressions/regressions.ts'
import { World } from '../testing/expressions/world.ts'
import { rewritten } from '../testing/expressions/written.ts'
import { freshDatabase } from '../testing/postgres.ts'
import type { TestDatabase } from '../testing/postgres.ts'
import { compileExpression } from './check.ts'
import { functions } from './functions.ts'
import { lower, upper } from './text.ts'
import type { Node, RecordNode } from './types.ts'
import { isZone, localOf, momentAt } from './zones.ts'

/** JavaScript and PostgreSQL answer every expression alike. `npm run fuzz:expressions` does the same for as long as one likes. */
let database: TestDatabase
let client: Client
let world: World
let setting: Setting

beforeAll(async () => {
  database = await freshDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(await expressionSql())
  const random = new Random(8)
  world = new World(random)
  await world.store(client)
  setting = { ...randomSetting(random, world), self: 'fuzz.deal', zone: 'UTC' }
})
afterAll(async () => {
  await client.end()
  await database.drop()
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
    const node = compiled(expression)
    expect(await differences(client, world, setting, [node])).toEqual([])
    const shown = shownOn(world, setting, node, world.of(setting.self)[0]!)
    expect(Array.isArray(shown) ? JSON.stringify(shown) : String(shown)).toBe(result)
  })
})

test.each(regressions)('once different: $name', async ({ node, zone }) => {
  for (const isFramed of [true, false]) {
    expect(await differences(client, world, { ...setting, zone, isFramed }, [node])).toEqual([])
  }
})

test('a list of references that was written down is the ids of the records that are there, on both sides', async () => {
  const gone = [...world.rows.values()].find((row) => row.entity === 'core.member' && row.isDeleted) ?? world.of('core.member')[0]!
  world.rows.set(gone.id, { ...gone, isDeleted: true })
  await client.query(`update fuzz."core.member" set deleted_at = now() where id = $1`, [gone.id])
  const deal: RecordNode = { kind: 'root', root: 'self', entity: 'fuzz.deal' }
  const node: Node = {
    kind: 'aggregate',
    type: { kind: 'list', of: { kind: 'text' } },
    operation: 'list',
    source: { kind: 'lines', of: deal, field: 'lines', entity: 'fuzz.line' },
    variable: 0,
    body: {
      kind: 'identity',
      type: { kind: 'text' },
      of: { kind: 'hop', of: { kind: 'element', variable: 0, entity: 'fuzz.line' }, field: 'company', entity: 'core.member' },
    },
  }
  expect(await differences(client, world, setting, [node])).toEqual([])
  const shown = world.of('fuzz.deal').flatMap((row) => shownOn(world, setting, node, row) as string[])
  expect(shown.length).toBeGreaterThan(0)
  expect(shown).not.toContain(gone.id)
  expect(rewritten(world, 'fuzz.deal', new Map(), node, 'c')).toMatchObject({ text: 'list(self.lines, x, x.company.id)', node })
})

/** Neither side raises anything, and none works without bound. */
const pad = (length: number | string, fill: string): string => `padLeft('', ${length}, '${fill}')`
const product = Array.from({ length: 40 }, () => '99999999999999999999.999999999999999999').join(' * ')
describe('at the limits', () => {
  test.each([
    ['a text of 1,000,000 characters', `length(replace(${pad(10_000, 'a')}, 'a', ${pad(100, 'b')}))`, '1000000'],
    ['a longer one', `replace(${pad(10_000, 'a')}, 'a', ${pad(101, 'b')})`, 'null'],
    ['shorter than it was', `length(replace(${pad(10_000, 'ab')}, 'ab', ''))`, '0'],
    ['texts put together', `join(split(${pad(5_000, ',')}, ','), ${pad(201, '-')})`, 'null'],
    ['10,001 parts', `size(split(${pad(10_000, ',')}, ','))`, '0'],
    ['10,000 parts', `size(split(${pad(9_999, ',')}, ','))`, '10000'],
    ['more filling than is given', `padLeft('', 10001, 'a')`, 'null'],
    ['filled with nothing', `padLeft('a', 5, '')`, 'a'],
    ['filled by half of two', `padRight('a', 4, '👋b')`, 'a👋b👋'],
    ['beyond all texts', `substring('abc', -5, 99999999999999999999)`, 'abc'],
    ['before all texts', `left('abc', -99999999999999999999)`, ''],
    ['many digits', `length(text(${product})) > 1000`, 'true'],
    ['and their quotient', `(${product}) / (${product})`, '1'],
    ['10 to the 99th', `length(text(power(10, 99)))`, '100'],
    ['10 to the 100th', `power(10, 100)`, 'null'],
    ['an exponent too large', `power(1, 101)`, 'null'],
    ['0 to the 0th', `power(0, 0)`, '1'],
    ['0 below a fraction', `power(0, -1)`, 'null'],
    ['nearly 0 below a fraction', `power(0.00000000000000000001, -100)`, 'null'],
    ['so little that it is 0', `power(0.1, 100)`, '0'],
    ['digits there are not', `round(1 / 3, 99999999999999999999)`, '0.33333333333333333333'],
    ['digits before all others', `round(5, -99999999999999999999)`, '0'],
    ['the day after the last', `date(9999, 12, 31) + 1`, 'null'],
    ['the day before the first', `date(1, 1, 1) - 1`, 'null'],
    ['days without end', `date(2026, 1, 1) + 99999999999999999999`, 'null'],
    ['months without end', `addMonths(date(2026, 1, 1), -99999999999999999999)`, 'null'],
    ['years without end', `addYears(date(2026, 1, 1), 99999999999999999999)`, 'null'],
    ['from the last day to the first', `date(1, 1, 1) + (date(9999, 12, 31) - date(1, 1, 1)) == date(9999, 12, 31)`, 'true'],
    ['the end of the last week', `endOf(date(9999, 12, 31), 'week')`, 'null'],
    ['the week of the last day', `week(date(9999, 12, 31))`, '52'],
    ['a year there is not', `date(99999999999999999999, 1, 1)`, 'null'],
    ['before the first moment', `dateTime(date(1, 1, 1)) - hours(20)`, 'null'],
    ['after the last moment', `dateTime(date(9999, 12, 31)) + days(2)`, 'null'],
    ['time without end', `dateTime(date(2026, 1, 1)) + hours(99999999999999999999)`, 'null'],
    ['a duration without end', `text(hours(-99999999999999999999))`, 'PT-99999999999999999999H'.replace('PT-', '-PT')],
    ['half a millisecond', `dateTime(date(2026, 1, 1)) + days(1) / 172800000 > dateTime(date(2026, 1, 1))`, 'true'],
    ['60 digits', `number('1' + ${pad(59, '0')}) > 0`, 'true'],
    ['61 digits', `number('1' + ${pad(60, '0')})`, 'null'],
    ['a number that is too long to write', `format(power(10, 99) * 10, '0')`, 'null'],
    ['groups of many digits', `length(format(power(10, 99), '#,##0'))`, '133'],
    ['nothing in an empty list', `null in []`, 'false'],
  ])('%s', async (_name, text, result) => {
    const node = compiled(text)
    for (const zone of ['UTC', 'America/New_York', 'Pacific/Apia']) {
      expect(await differences(client, world, { ...setting, zone }, [node])).toEqual([])
      if (zone === 'UTC') expect(String(shownOn(world, setting, node, world.of(setting.self)[0]!))).toBe(result)
    }
  })
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
  const hours = Array.from({ length: 56 * 3 }, (_, i) => Math.round((i / 3) * 8765.82) * 3_600_000)
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

test('a difference is found', async () => {
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

// Last: it makes worlds of its own.
test('random expressions of every kind on random records', { timeout: 60_000 }, async () => {
  const seed = randomBytes(4).readUInt32LE()
  const { faults, used } = await fuzz(client, { seed, cases: 4000, faults: 2 })
  expect(faults, `npm run fuzz:expressions -- --seed ${seed} --cases 4000`).toEqual([])
  const never = functions.flatMap((each) => each.overloads).filter(({ id }) => !used.has(id))
  expect(never.map(({ id }) => id)).toEqual([])
})
