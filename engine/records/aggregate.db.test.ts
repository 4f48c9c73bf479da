import { describe, expect, it } from 'vitest'
import { add, compareText, readDecimal, round, write } from '../fields/decimals.ts'
import { openGallery } from '../testing/gallery.ts'
import { fillGallery, textOrder } from '../testing/gallery-rows.ts'
import type { Row } from '../testing/list-oracle.ts'
import { ok, type Reply } from '../testing/world.ts'

/** Groups and measures, against the same sums in exact arithmetic over the records themselves. */
const world = await openGallery()
const seed = Date.now() % 1_000_000
const rows = await fillGallery(world, 80, seed)
const places = await textOrder(world, rows)
type Json = Record<string, unknown>
const send = (query: string, path = 'samples'): Promise<Reply> =>
  world.call('admin@acme', 'GET', `/api/gallery/${path}/aggregate?limit=1000&${query}`)
const ask = async (query: string, path?: string): Promise<Json[]> => ok(await send(query, path))['data'] as Json[]

const groups = new Map(rows.groups.map((row) => [row.id, row]))
const team = (row: Row | undefined): Row | undefined => groups.get(String(row?.['team']))
const samples = new Map(rows.samples.map((row) => [row.id, row]))

/** What the administrator of acme, in Berlin, calls the day of a moment. */
const zone = (await world.sql<{ time_zone: string }>('select time_zone from bos.tenant where id = $1', [world.acme.id]))[0]!.time_zone
const dayIn = (moment: unknown): string | null =>
  typeof moment !== 'string'
    ? null
    : new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(moment))
const starts: Readonly<Record<string, (day: string) => string>> = {
  day: (day) => day,
  month: (day) => `${day.slice(0, 8)}01`,
  year: (day) => `${day.slice(0, 5)}01-01`,
  quarter: (day) => `${day.slice(0, 5)}${String(Math.floor((Number(day.slice(5, 7)) - 1) / 3) * 3 + 1).padStart(2, '0')}-01`,
  week(day) {
    const date = new Date(`${day}T00:00:00Z`)
    date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7))
    return date.toISOString().slice(0, 10)
  },
}

function grouped(all: readonly Row[], keyOf: (row: Row) => unknown): Map<string, Row[]> {
  const found = new Map<string, Row[]>()
  for (const row of all) {
    const key = JSON.stringify(keyOf(row) ?? null)
    found.set(key, [...(found.get(key) ?? []), row])
  }
  return found
}
const filled = (all: readonly Row[], name: string): unknown[] => all.map((row) => row[name]).filter((value) => value !== null)
const sum = (values: readonly unknown[], scale: number): string | null =>
  values.length === 0 ? null : write(values.map((each) => readDecimal(String(each))!).reduce(add), scale)
const average = (values: readonly unknown[]): string | null => {
  if (values.length === 0) return null
  const { units, scale } = values.map((each) => readDecimal(String(each))!).reduce(add)
  return write(round({ units: (units * 10n ** 30n) / BigInt(values.length), scale: scale + 30 }, 6), 6)
}
const ordered = (values: readonly unknown[]): string[] => values.map(String).toSorted(compareText)

describe(`aggregate (seed ${seed})`, () => {
  const keys: [string, (row: Row) => unknown][] = [
    ['state', (row) => row['state']],
    ['flag', (row) => row['flag']],
    ['amount', (row) => row['amount']],
    ['name', (row) => row['name']],
    ['price', (row) => row['price']],
    ['exact', (row) => row['exact']],
    ['span', (row) => row['span']],
    ['clock', (row) => row['clock']],
    ['stars', (row) => row['stars']],
    ['tint', (row) => row['tint']],
    ['ean', (row) => row['ean']],
    ['mail', (row) => row['mail']],
    ['day', (row) => row['day']],
    ['moment', (row) => row['moment']],
    ['team', (row) => row['team']],
    ['owner', (row) => row['owner']],
    ['about', (row) => row['about']],
    ['next', (row) => row['next']],
    ['created_via', (row) => row['created_via']],
    ['place.city', (row) => (row['place'] as Json | null)?.['city']],
    ['cost.currency', (row) => (row['cost'] as Json | null)?.['currency']],
    ['cost.amount', (row) => (row['cost'] as Json | null)?.['amount']],
    ['fee.amount', (row) => (row['fee'] as Json | null)?.['amount']],
    ['team.region', (row) => team(row)?.['region']],
    ['team.level', (row) => team(row)?.['level']],
    ['team.upper.name', (row) => groups.get(String(team(row)?.['upper']))?.['name']],
    ['next.state', (row) => samples.get(String(row['next']))?.['state']],
    ['next.place.city', (row) => (samples.get(String(row['next']))?.['place'] as Json | null | undefined)?.['city']],
    ...['day', 'week', 'month', 'quarter', 'year'].flatMap((bucket): [string, (row: Row) => unknown][] => [
      [`moment:${bucket}`, (row) => dayIn(row['moment']) && starts[bucket]!(dayIn(row['moment'])!)],
      [`day:${bucket}`, (row) => row['day'] && starts[bucket]!(row['day'] as string)],
    ]),
  ]
  it.each(keys)('group=%s counts every row once', async (name, keyOf) => {
    const expected = grouped(rows.samples, keyOf)
    const answer = await ask(`group=${name}&measure=count,sum(amount)`)
    const sorted = (entries: Iterable<readonly [string, unknown]>): unknown => [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
    const canonical = (value: unknown): string =>
      JSON.stringify(
        typeof value === 'object' && value !== null && 'entity' in value
          ? { entity: value.entity, id: (value as unknown as Row).id }
          : (value ?? null),
      )
    expect(sorted(answer.map((each) => [canonical(each[name]), [each['count'], each['sum(amount)']]] as const))).toEqual(
      sorted(
        [...expected].map(
          ([key, all]) => [key, [all.length, filled(all, 'amount').length > 0 ? Number(sum(filled(all, 'amount'), 0)) : null]] as const,
        ),
      ),
    )
  })

  it('a reference brings the title, null for a deleted or invisible record', async () => {
    for (const each of await ask('group=team')) expect(each['team._title']).toBe(groups.get(String(each['team']))?.['name'] ?? null)
    for (const each of await ask('group=parent.team', 'parts'))
      expect(each['parent.team._title']).toBe(groups.get(String(each['parent.team']))?.['name'] ?? null)
  })

  it('measures are exact', async () => {
    for (const each of await ask(
      'group=state&measure=count,sum(price),avg(price),min(price),max(price),sum(exact),avg(amount),min(amount),max(stars),avg(stars)',
    )) {
      const all = rows.samples.filter((row) => row['state'] === each['state'])
      const [price, exact] = [filled(all, 'price'), filled(all, 'exact')]
      expect(each).toEqual({
        state: each['state'],
        count: all.length,
        'sum(price)': sum(price, 2),
        'avg(price)': average(price),
        'min(price)': ordered(price)[0] ?? null,
        'max(price)': ordered(price).at(-1) ?? null,
        'sum(exact)': sum(exact, 6),
        'avg(amount)': average(filled(all, 'amount')),
        'min(amount)': filled(all, 'amount').length > 0 ? Math.min(...(filled(all, 'amount') as number[])) : null,
        'max(stars)': filled(all, 'stars').length > 0 ? Math.max(...(filled(all, 'stars') as number[])) : null,
        'avg(stars)': average(filled(all, 'stars')),
      })
    }
  })

  it('measures of days, moments, times and durations read as their fields do', async () => {
    const [answer] = await ask('measure=min(day),max(day),min(moment),max(moment),max(clock),sum(span),avg(span),max(span)')
    const texts = (name: string): string[] => (filled(rows.samples, name) as string[]).toSorted()
    expect(answer).toMatchObject({
      'min(day)': texts('day')[0],
      'max(day)': texts('day').at(-1),
      'min(moment)': texts('moment')[0],
      'max(moment)': texts('moment').at(-1),
      'max(clock)': texts('clock').at(-1),
    })
    for (const name of ['sum(span)', 'avg(span)', 'max(span)']) expect(answer![name]).toMatch(/^P/)
  })

  it('money is kept apart by currency', async () => {
    const answer = await ask('group=flag&measure=count,sum(cost),max(cost),sum(fee)')
    const expected = grouped(rows.samples, (row) => [row['flag'], (row['cost'] as Json | null)?.['currency'] ?? null])
    expect(answer).toHaveLength(expected.size)
    for (const each of answer) {
      const currency = (each['sum(cost)'] as Json | null)?.['currency'] ?? null
      const all = expected.get(JSON.stringify([each['flag'], currency]))!
      const amounts = (name: string): unknown[] => (filled(all, name) as Json[]).map(({ amount }) => amount)
      const money = (amount: string | null | undefined, code: unknown) =>
        amount === null || amount === undefined ? null : { amount, currency: code }
      expect(each).toEqual({
        flag: each['flag'],
        count: all.length,
        'sum(cost)': money(sum(amounts('cost'), 2), currency),
        'max(cost)': money(ordered(amounts('cost')).at(-1), currency),
        'sum(fee)': money(sum(amounts('fee'), 2), 'EUR'),
      })
    }
    expect((await send('measure=sum(cost.amount)')).body).toMatchObject({
      status: 400,
      detail: 'Amounts of several currencies do not add up; use sum(cost).',
    })
  })

  it('lines are measured through their document, two levels deep', async () => {
    const document = (part: Row): Row => samples.get(String(part['$parent']))!
    const byState = grouped(rows.parts, (row) => document(row)['state'])
    for (const each of await ask('group=parent.state&measure=count,sum(weight),sum(parent.amount)', 'parts')) {
      const all = byState.get(JSON.stringify(each['parent.state']))!
      expect([each['count'], each['sum(weight)']]).toEqual([all.length, sum(filled(all, 'weight'), 3)])
      expect(each['sum(parent.amount)'] ?? 0).toBe(all.reduce((total, row) => total + Number(document(row)['amount'] ?? 0), 0))
    }
    const byRegion = grouped(rows.pieces, (row) => team(document(rows.parts.find((part) => part.id === row['$parent'])!))?.['region'])
    const answer = await ask('group=parent.parent.team.region&measure=count', 'pieces')
    expect(Object.fromEntries(answer.map((each) => [JSON.stringify(each['parent.parent.team.region']), each['count']]))).toEqual(
      Object.fromEntries([...byRegion].map(([key, all]) => [key, all.length])),
    )
  })

  it('filters and search choose the rows', async () => {
    const few = rows.samples.filter((row) => row['state'] === 'mid' && Number(row['amount'] ?? -99) >= 0)
    expect(await ask('state=mid&amount.gte=0')).toEqual([{ count: few.length }])
    expect(await ask('team.region=North&group=team.region')).toEqual([
      { 'team.region': 'North', count: rows.samples.filter((row) => team(row)?.['region'] === 'North').length },
    ])
    expect(await ask('search=kiw')).toEqual([
      { count: (ok(await world.call('admin@acme', 'GET', '/api/gallery/samples?search=kiw&count=exact'))['page'] as Json)['total'] },
    ])
    expect(await ask('name=there+is+none')).toEqual([{ count: 0 }])
    expect(await ask('name=there+is+none&group=state')).toEqual([])
  })

  it('having keeps groups', async () => {
    const all = await ask('group=name&measure=count,sum(amount),min(day),avg(amount),max(span)')
    const kept = async (having: string): Promise<unknown[]> =>
      (await ask(`group=name&measure=count,sum(amount),min(day),avg(amount),max(span)&${having}`)).map((each) => each['name'])
    const names = (keep: (each: Json) => boolean): unknown[] => all.filter(keep).map((each) => each['name'])
    expect(await kept('having.count.gte=2')).toEqual(names((each) => Number(each['count']) >= 2))
    expect(await kept('having.sum(amount).lt=0')).toEqual(names((each) => each['sum(amount)'] !== null && Number(each['sum(amount)']) < 0))
    expect(await kept('having.avg(amount).gt=0.5')).toEqual(
      names((each) => each['avg(amount)'] !== null && Number(each['avg(amount)']) > 0.5),
    )
    expect(await kept('having.min(day).gte=2026-01-01')).toEqual(names((each) => ((each['min(day)'] ?? '') as string) >= '2026-01-01'))
    const span = String(all.find((each) => each['max(span)'] !== null)!['max(span)'])
    expect(await kept(`having.max(span).eq=${span}`)).toEqual(names((each) => each['max(span)'] === span))
    expect(await kept('having.sum(price).gte=12.5&having.count.lt=5')).toEqual(
      (await ask('group=name&measure=count,sum(price)'))
        .filter(
          (each) => each['sum(price)'] !== null && compareText(each['sum(price)'] as string, '12.5') >= 0 && Number(each['count']) < 5,
        )
        .map((each) => each['name']),
    )
    const costs = await ask('group=flag&measure=max(cost)')
    expect(await ask('group=flag&measure=max(cost)&having.min(cost).gte=-100')).toEqual(costs.filter((each) => each['max(cost)'] !== null))
  })

  it('sorts by group or measure, in the order that lists have, nulls last', async () => {
    const values = async (query: string, name: string): Promise<unknown[]> => (await ask(query)).map((each) => each[name])
    const nullsLast = <T>(all: unknown[], order: (a: T, b: T) => number): unknown[] => [
      ...(all.filter((each) => each !== null) as T[]).toSorted(order),
      ...all.filter((each) => each === null),
    ]
    const price = await values('group=price', 'price')
    expect(price).toEqual(nullsLast<string>(price, compareText))
    expect(await values('group=price&sort=-price', 'price')).toEqual(nullsLast<string>(price, (a, b) => compareText(b, a)))
    const names = await values('group=name&sort=name', 'name')
    expect(names).toEqual(nullsLast<string>(names, (a, b) => places.get(a)! - places.get(b)!))
    expect(await values('group=state', 'state')).toEqual(['zeta', 'alpha', 'mid', null])
    const counts = await values('group=name&sort=-count,name', 'count')
    expect(counts).toEqual(counts.toSorted((a, b) => Number(b) - Number(a)))
    const totals = await values('group=name&measure=sum(amount)&sort=sum(amount)', 'sum(amount)')
    expect(totals).toEqual(nullsLast<number>(totals, (a, b) => a - b))
  })

  it('limits groups and says that there are more', async () => {
    const reply = ok(await world.call('admin@acme', 'GET', '/api/gallery/samples/aggregate?group=name&limit=2'))
    expect(reply).toMatchObject({ page: { limit: 2, more: true } })
    expect(reply['data']).toEqual((await ask('group=name')).slice(0, 2))
  })

  it('names of long paths are whole', async () => {
    const before = 'the_one_that_stands_before_it_in_a_queue'
    const names = [
      `${before}.${before}.state`,
      `${before}.${before}.flag`,
      `max(${before}.${before}.amount)`,
      `max(${before}.${before}.small)`,
    ]
    expect(await ask(`group=${names[0]},${names[1]}&measure=${names[2]},${names[3]}`)).toEqual([
      Object.fromEntries(names.map((name) => [name, null])),
    ])
  })

  it.each([
    ['group=nothing', 'group'],
    ['group=extra', 'group'],
    ['group=lines', 'group'],
    ['group=friends', 'group'],
    ['group=cost', 'group'],
    ['group=place', 'group'],
    ['group=marks', 'group'],
    ['group=name:month', 'group'],
    ['group=day:decade', 'group'],
    ['group=state,flag,amount,price,name,day', 'group'],
    ['measure=sum(name)', 'measure'],
    ['measure=median(price)', 'measure'],
    ['measure=sum(price', 'measure'],
    ['measure=sum(day)', 'measure'],
    ['measure=sum(extra)', 'measure'],
    ['having.count=3', 'having.count'],
    ['having.count.gte=x', 'having.count.gte'],
    ['having.max(day).gte=5', 'having.max(day).gte'],
    ['having.sum(price).contains=5', 'having.sum(price).contains'],
    ['group=state&measure=count&having.sum(cost).gte=1', 'having.sum(cost).gte'],
    ['group=state&measure=count,sum(fee)&having.sum(cost).gte=1', 'having.sum(cost).gte'],
    ['sort=price', 'sort'],
    ['cursor=x', 'cursor'],
    ['limit=1001', 'limit'],
    ['nothing=1', 'nothing'],
    ['expand=team', 'expand'],
  ])('refuses %s', async (query, pointer) => {
    const reply = await world.call('admin@acme', 'GET', `/api/gallery/samples/aggregate?${query}`)
    expect(reply.status, reply.text).toBe(400)
    expect((reply.body as { errors: { pointer: string }[] }).errors[0]!.pointer).toBe(pointer)
  })

  it('a query that PostgreSQL stops says that it costs too much', async () => {
    await world.sql('begin')
    await world.sql('lock table gallery.sample in access exclusive mode')
    const pending = send('group=name')
    const stopped = async (): Promise<boolean> =>
      (
        await world.sql<{ stopped: boolean }>(
          `select pg_cancel_backend(pid) as stopped from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      ).length > 0
    while (!(await stopped())) await new Promise((resolve) => setTimeout(resolve, 20))
    await world.sql('rollback')
    expect((await pending).body).toMatchObject({ status: 422, code: 'too-expensive', detail: expect.stringContaining('Narrow it') })
  })
})
