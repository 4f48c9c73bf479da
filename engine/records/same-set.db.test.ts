import { beforeAll, expect, test } from 'vitest'
import { accessFor } from './access.ts'
import { openWorldWith } from '../testing/dropped-in.ts'
import { exists, isInScope, paths, permModule, random, randomRole, reaches, shows, writes } from '../testing/same-set.ts'
import type { Facts, HidePath, RandomRole, ScopeName } from '../testing/same-set.ts'
import { ok } from '../testing/world.ts'

/**
 * The same rows and the same cells through every door: random roles, together as one person may have them, against a model of its own.
 * SAME_SET_SEED makes other worlds.
 */
const seed = Number(process.env['SAME_SET_SEED'] ?? 20261122)
const by = random(seed)
const roles: readonly RandomRole[] = Array.from({ length: 24 }, (_, i) => randomRole(`perm.r${i}`, by))
const world = await openWorldWith('perm', permModule(roles))
type Json = Record<string, unknown>
const { rep = '', manager = '' } = world.acme.members
const admin = async (method: string, path: string, body?: unknown): Promise<Json> =>
  ok(await world.call('admin@acme', method, `/api/${path}`, body === undefined ? {} : { body }))
const asRep = async (path: string): Promise<Json> => ok(await world.call('rep@acme', 'GET', `/api/perm/${path}`))
const rows = (answer: Json): Json[] => answer['data'] as Json[]
const ids = (from: readonly Json[]): string[] => from.map((each) => String(each['id'])).sort()

let items: Facts[] = []

beforeAll(async () => {
  const people = rows(await admin('GET', 'core/members?limit=100&fields=id,name,team,manager,company'))
  const named = (part: string): string => String(people.find((each) => String(each['name']).includes(part))!['id'])
  const [jonna, tariq, lucie, henk, ines] = ['Jonna', 'Tariq', 'Lucie', 'Henk', 'Inês'].map(named) as [
    string,
    string,
    string,
    string,
    string,
  ]
  const teams = rows(await admin('GET', 'core/teams?limit=100'))
  const teamOf = (member: string) => String(people.find((each) => each['id'] === member)!['team'])
  // The representative leads the team of Tariq; Lucie reports to them, and Henk to her; round in a circle in both ways.
  await admin('PATCH', `core/teams/${teamOf(tariq)}`, { lead: rep, parent: null })
  const sub = await admin('POST', 'core/teams', { name: 'Below', parent: teamOf(tariq) })
  await admin('PATCH', `core/teams/${teamOf(tariq)}`, { parent: sub['id'] })
  await admin('PATCH', `core/members/${ines}`, { team: sub['id'] })
  await admin('PATCH', `core/members/${lucie}`, { manager: rep })
  await admin('PATCH', `core/members/${henk}`, { manager: lucie })
  await admin('PATCH', `core/members/${rep}`, { manager: henk })
  expect(teams.length).toBeGreaterThan(2)
  const now = rows(await admin('GET', 'core/members?limit=100&fields=id,team,company'))
  const mine = now.find((each) => each['id'] === rep)!
  const inTeam = new Set(now.filter(({ team }) => [mine['team'], teamOf(tariq), sub['id']].includes(team)).map(({ id }) => String(id)))
  const below = new Set([rep, lucie, henk])
  const other = await admin('POST', 'core/companies', { name: 'Elsewhere' })
  const tags = await Promise.all(['red', 'blue'].map((name) => admin('POST', 'core/tags', { name })))
  const owners = [rep, rep, manager, jonna, tariq, lucie, henk, ines, world.acme.members['admin']!]
  const made: string[] = []
  for (let i = 0; i < 48; i++) {
    const { id } = await admin('POST', 'perm/items', {
      name: `alpha${i % 5} item`,
      code: by.chance(0.2) ? null : `beta${i % 4}`,
      amount: by.chance(0.2) ? null : { amount: String(by.below(1000)), currency: 'EUR' },
      site: { city: by.pick(['Bonn', 'Ulm']) },
      rank: by.chance(0.2) ? null : by.below(9),
      link: made.length > 0 ? by.pick(made) : null,
      tags: by.some(tags, 0.5).map((tag) => tag['id']),
      lines: [{ label: `gamma${i}`, cost: by.below(5) }],
      owner: by.pick(owners),
      own_company: by.pick([mine['company'], other['id'], null]),
    })
    made.push(String(id))
  }
  const shared = new Map<string, 'read' | 'update'>()
  for (const id of by.some(made, 0.25)) {
    const access = by.pick(['read', 'update'] as const)
    await admin('POST', `perm/items/${id}/share`, by.chance(0.5) ? { member: rep, access } : { team: mine['team'], access })
    shared.set(id, access)
  }
  const records = rows(await admin('GET', 'perm/items?limit=100&expand=lines'))
  items = records.map((record): Facts => {
    const its: ScopeName[] = ['all']
    if (record['owner'] === rep) its.push('own')
    if (inTeam.has(String(record['owner']))) its.push('team')
    if (below.has(String(record['owner']))) its.push('subtree')
    if (record['own_company'] === mine['company']) its.push('company')
    if (shared.has(String(record['id']))) its.push('shared')
    return { id: String(record['id']), scopes: new Set(its), sharedToUpdate: shared.get(String(record['id'])) === 'update', record }
  })
}, 60_000)

type Top = Exclude<HidePath, `lines.${string}`>
const top = paths.filter((path): path is Top => !path.startsWith('lines.'))
const numbers = ['rank', 'double', 'both', 'mine', 'looked', 'pointing'] as const
/** What the record holds for this member: what is not stored is worked out for whoever asks. */
function held(mine: readonly RandomRole[], { record, scopes: its }: Facts, path: HidePath): unknown {
  if (path === 'mine') return record['rank'] === null || its.has('own') ? record['rank'] : Number(record['rank']) + 100
  if (path !== 'looked') return record[path]
  const target = items.find(({ id }) => id === record['link'])
  return target && isInScope(mine, target) ? target.record['rank'] : null
}
/** A field's value as these roles give it, null where it is masked. */
const value = (mine: readonly RandomRole[], item: Facts, path: HidePath): unknown =>
  shows(mine, item, path) ? held(mine, item, path) : null

/** A record as it came, against the record as it is: nothing more, nothing less. */
function compare(mine: readonly RandomRole[], item: Facts, got: Json, lines: boolean): void {
  const listed = new Set((got['_masked'] as string[] | undefined) ?? [])
  for (const path of top) {
    if (path === 'lines' && !lines) continue
    const shown = shows(mine, item, path)
    expect([path, listed.has(path), path in got]).toEqual([path, exists(mine, path) && !shown, shown])
    if (shown && path !== 'lines') expect([path, got[path]]).toEqual([path, held(mine, item, path)])
  }
  if (lines && 'lines' in got) {
    const [line] = got['lines'] as Json[]
    const [stored] = item.record['lines'] as Json[]
    const columns = ['cost', 'twice'] as const
    const shown = new Set(columns.filter((name) => shows(mine, item, `lines.${name}`)))
    expect(columns.map((name) => line![name])).toEqual(columns.map((name) => (shown.has(name) ? stored![name] : undefined)))
    expect((line!['_masked'] as string[] | undefined) ?? []).toEqual(
      columns.filter((name) => !shown.has(name) && exists(mine, `lines.${name}`)),
    )
  }
  if ('_title' in got) expect(got['_title']).toBe(value(mine, item, 'name'))
}

async function compareLists(mine: readonly RandomRole[]): Promise<void> {
  const expected = items.filter((item) => reaches(mine, 'list', item))
  const byId = new Map(items.map((item) => [item.id, item]))
  const expanded = [...(exists(mine, 'lines') ? ['lines'] : []), ...(exists(mine, 'link') ? ['linked'] : [])].join()
  const listed = rows(await asRep(`items?limit=100${expanded === '' ? '' : `&expand=${expanded}`}`))
  expect(ids(listed)).toEqual(expected.map(({ id }) => id).sort())
  for (const got of listed) {
    compare(mine, byId.get(String(got['id']))!, got, exists(mine, 'lines'))
    const linked = (got['_expand'] as { linked?: { data: Json[] } } | undefined)?.linked
    if (!linked) continue
    const pointing = expected.filter((item) => value(mine, item, 'link') === got['id'])
    expect(ids(linked.data)).toEqual(pointing.map(({ id }) => id).sort())
    for (const each of linked.data) compare(mine, byId.get(String(each['id']))!, each, false)
  }
  expect(rows(await asRep('items/aggregate'))).toEqual([{ count: expected.length }])
  if (exists(mine, 'rank')) {
    const ranks = expected.map((item) => value(mine, item, 'rank')).filter((each) => each !== null) as number[]
    expect(rows(await asRep('items/aggregate?measure=max(rank)'))).toEqual([{ 'max(rank)': ranks.length > 0 ? Math.max(...ranks) : null }])
    const sorted = rows(await asRep('items?limit=100&sort=rank'))
    const order = sorted.map((got) => value(mine, byId.get(String(got['id']))!, 'rank') ?? Infinity)
    expect(order).toEqual([...order].sort((a, b) => Number(a) - Number(b)))
    expect(ids(sorted)).toEqual(ids(listed))
    expect(ids(await pages('items?limit=7&sort=-rank&'))).toEqual(ids(listed))
    const high = expected.filter((item) => Number(value(mine, item, 'rank') ?? -1) >= 4)
    expect(ids(rows(await asRep('items?limit=100&rank.gte=4')))).toEqual(high.map(({ id }) => id).sort())
    const none = expected.filter((item) => value(mine, item, 'rank') === null)
    expect(ids(rows(await asRep('items?limit=100&rank.null=true')))).toEqual(none.map(({ id }) => id).sort())
  }
  for (const path of numbers) {
    if (!exists(mine, path)) continue
    const of = (item: Facts): number | null => value(mine, item, path) as number | null
    const given = expected.flatMap((item) => of(item) ?? [])
    const most = rows(await asRep(`items/aggregate?measure=max(${path})`))
    expect([path, most]).toEqual([path, [{ [`max(${path})`]: given.length > 0 ? Math.max(...given) : null }]])
    const words = encodeURIComponent(`self.${path} % 3 == 1 || self.${path} > 9`)
    const found = expected.filter((item) => (of(item) ?? 0) > 9 || (of(item) ?? 0) % 3 === 1)
    expect([path, ids(rows(await asRep(`items?limit=100&filter=${words}`)))]).toEqual([path, found.map(({ id }) => id).sort()])
    const sorted = rows(await asRep(`items?limit=100&sort=${path}`)).map((got) => of(byId.get(String(got['id']))!) ?? Infinity)
    expect([path, sorted]).toEqual([path, sorted.toSorted((a, b) => a - b)])
  }
  for (const [path, word] of [
    ['name', 'alpha2'],
    ['code', 'beta1'],
  ] as const) {
    const found = expected
      .filter((item) => String(value(mine, item, path)).includes(word))
      .map(({ id }) => id)
      .sort()
    if (exists(mine, 'name') || exists(mine, 'code')) {
      const search = ids(rows(await asRep(`items?limit=100&search=${word}`)))
      expect([path, 'search', search]).toEqual([path, 'search', found])
    }
    if (!exists(mine, path)) continue
    expect(ids(rows(await asRep(`items?limit=100&${path}.contains=${word}`)))).toEqual(found)
    const groups = rows(await asRep(`items/aggregate?group=${path}&limit=100`))
    const sizes = Map.groupBy(expected, (item) => value(mine, item, path))
    expect(new Map(groups.map((each) => [each[path], each['count']]))).toEqual(new Map([...sizes].map(([key, all]) => [key, all.length])))
  }
  if (exists(mine, 'lines')) {
    const costs = rows(await asRep('item_lines?limit=100'))
    const documents = expected.filter((item) => shows(mine, item, 'lines'))
    expect(costs.map((line) => String(line['parent'])).sort()).toEqual(documents.map(({ id }) => id).sort())
    for (const line of costs)
      for (const name of ['cost', 'twice'] as const)
        expect([name, name in line]).toEqual([name, shows(mine, byId.get(String(line['parent']))!, `lines.${name}`)])
  }
}

async function pages(path: string): Promise<Json[]> {
  const all: Json[] = []
  for (let cursor = ''; ;) {
    const answer = await asRep(`${path}${cursor && `cursor=${encodeURIComponent(cursor)}`}`)
    all.push(...rows(answer))
    const { nextCursor } = answer['page'] as { nextCursor: string | null }
    if (nextCursor === null) return all
    cursor = nextCursor
  }
}

/** One record by itself, with what its reference leads to; its history; a path through the reference. */
async function compareRecords(mine: readonly RandomRole[], some: readonly Facts[]): Promise<void> {
  const can = (action: 'get' | 'history' | 'list') => mine.some((role) => role.actions.includes(action))
  for (const item of some) {
    const expand = exists(mine, 'link') ? '?expand=link' : ''
    if (can('get')) {
      const reply = await world.call('rep@acme', 'GET', `/api/perm/items/${item.id}${expand}`)
      expect(reply.status).toBe(reaches(mine, 'get', item) ? 200 : 404)
      if (reply.status === 200) {
        const got = reply.body as Json
        compare(mine, item, got, exists(mine, 'lines'))
        if (expand !== '') {
          const linked = (got['_expand'] as { link: Json | null }).link
          const target = items.find(({ id }) => id === value(mine, item, 'link'))
          expect(linked?.['id'] ?? null).toBe(target && reaches(mine, 'get', target) ? target.id : null)
          if (linked && target) compare(mine, target, linked, false)
        }
      }
    }
    const asked = by.pick(paths.filter((each) => exists(mine, each)))
    if (can('list') || can('get')) {
      const reply = await world.call('rep@acme', 'GET', `/api/perm/items/${item.id}/explain?action=get&field=${asked}`)
      expect(reply.status).toBe(reaches(mine, 'list', item) || reaches(mine, 'get', item) ? 200 : 404)
      const { field } = reply.body as { field?: Json }
      if (field) expect([asked, field['shown']]).toEqual([asked, shows(mine, item, asked)])
    }
    if (can('history') && can('get')) {
      const reply = await world.call('rep@acme', 'GET', `/api/perm/items/${item.id}/history`)
      expect(reply.status).toBe(reaches(mine, 'history', item) && reaches(mine, 'get', item) ? 200 : 404)
      if (reply.status !== 200) continue
      const created = rows(reply.body as Json).find((each) => each['type'] === 'created')!
      for (const path of top)
        // What others give was not there yet.
        if (!['lines', 'tags', 'mine', 'looked', 'pointing'].includes(path))
          expect([path, path in (created['changes'] as Json)]).toEqual([path, wasSet(item, path) && shows(mine, item, path)])
      const lines = (created['lines'] as { field: string; changes: Json }[] | undefined) ?? []
      const own = lines.filter(({ field }) => field === 'lines')
      expect(own).toHaveLength(shows(mine, item, 'lines') ? 1 : 0)
      for (const { changes } of own)
        for (const name of ['cost', 'twice'] as const) expect([name, name in changes]).toEqual([name, shows(mine, item, `lines.${name}`)])
      expect(lines.some(({ field }) => field === 'tags') && !shows(mine, item, 'tags')).toBe(false)
    }
  }
  if (can('list') && can('get') && exists(mine, 'link') && exists(mine, 'rank')) {
    const matches = items.filter((item) => {
      const target = items.find(({ id }) => id === value(mine, item, 'link'))
      return reaches(mine, 'list', item) && target && reaches(mine, 'get', target) && Number(value(mine, target, 'rank') ?? -1) >= 3
    })
    expect(ids(rows(await asRep('items?limit=100&link.rank.gte=3')))).toEqual(matches.map(({ id }) => id).sort())
  }
}
const wasSet = ({ record }: Facts, path: string): boolean => record[path] !== null

/** Writes that leave everything as it is, or are refused. */
async function compareWrites(mine: readonly RandomRole[], some: readonly Facts[]): Promise<void> {
  for (const item of some) {
    const path = by.pick(['name', 'code', 'rank', 'site'] as const)
    if (!exists(mine, path)) continue
    const patch = (next: unknown) => world.call('rep@acme', 'PATCH', `/api/perm/items/${item.id}`, { body: { [path]: next } })
    const isRead = reaches(mine, 'list', item) || reaches(mine, 'get', item)
    const mayUpdate = mine.some((role) => role.actions.includes('update'))
    const expected = !mayUpdate ? 403 : !isRead ? 404 : !reaches(mine, 'update', item) ? 403 : shows(mine, item, path) ? 200 : 422
    expect([path, (await patch(item.record[path])).status]).toEqual([path, expected])
    if (expected !== 200 || writes(mine, item, path)) continue
    const refused = await patch(path === 'rank' ? 77 : path === 'site' ? { city: 'Rome' } : 'other')
    expect([path, refused.status]).toEqual([path, 422])
  }
}

async function compareExport(mine: readonly RandomRole[]): Promise<void> {
  if (!mine.some((role) => role.actions.includes('export'))) return
  const reply = await world.call('rep@acme', 'GET', '/api/perm/items/export?format=jsonl')
  const records = reply.text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Json]))
  const readable = items.filter((item) => reaches(mine, 'list', item) || reaches(mine, 'get', item))
  expect(ids(records)).toEqual(
    readable
      .filter((item) => reaches(mine, 'export', item))
      .map(({ id }) => id)
      .sort(),
  )
  for (const got of records)
    compare(
      mine,
      items.find(({ id }) => id === got['id'])!,
      got,
      false,
    )
}

/** What psql sees as bos_read with the actor's settings: exactly the scopes by which anything may be read. */
async function compareRowPolicies(mine: readonly RandomRole[], catalogue: Parameters<typeof accessFor>[0]): Promise<void> {
  const access = accessFor(catalogue, ['core.user', ...mine.map(({ id }) => id)])
  const seen = await world.app.database.read(
    { tenant: world.acme.id, member: rep, session: null, generation: await generation(), scopes: access.scopes },
    { text: 'select id::text from perm.item' },
  )
  const readable = items.filter((item) => isInScope(mine, item))
  expect(seen[0]!.rows.map((row) => String(row['id'])).sort()).toEqual(readable.map(({ id }) => id).sort())
}
const generation = async (): Promise<number> =>
  Number((await world.sql('select generation from bos.tenant where id = $1', [world.acme.id]))[0]!['generation'])

test(`every door shows the same rows and cells (seed ${seed})`, { timeout: 60_000 }, async () => {
  const catalogue = await world.app.catalogues.current({ tenant: world.acme.id, generation: await generation() })
  let masked = 0
  let derived = 0
  for (let round = 0; round < 16; round++) {
    const mine = [...new Set(Array.from({ length: 1 + by.below(3) }, () => by.pick(roles)))]
    await admin('PUT', `access/${rep}`, { email: 'rep@acme.test', roles: ['core.user', ...mine.map(({ id }) => id)] })
    const lists = mine.some((role) => role.actions.includes('list'))
    try {
      if (lists) await compareLists(mine)
      await compareRecords(
        mine,
        Array.from({ length: 8 }, () => by.pick(items)),
      )
      await compareWrites(
        mine,
        Array.from({ length: 6 }, () => by.pick(items)),
      )
      await compareExport(mine)
      await compareRowPolicies(mine, catalogue)
    } catch (error) {
      throw new Error(`round ${round} with ${JSON.stringify(mine)}: ${String(error)}`, { cause: error })
    }
    masked += items.filter(
      (item) => reaches(mine, 'list', item) && top.some((path) => exists(mine, path) && !shows(mine, item, path)),
    ).length
    // Masked for what they are made of, and not for what roles say of them.
    const made = numbers.filter(
      (path) => path !== 'rank' && mine.every((role) => role.mask[path] === undefined && !role.hide.includes(path)),
    )
    derived += items.filter(
      (item) => reaches(mine, 'list', item) && made.some((path) => exists(mine, path) && !shows(mine, item, path)),
    ).length
  }
  // Worlds in which nothing is masked would prove nothing.
  expect(derived).toBeGreaterThan(0)
  expect(masked).toBeGreaterThan(50)
})
