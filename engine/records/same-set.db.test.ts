import { beforeAll, expect, test } from 'vitest'
import { accessFor } from './access.ts'
import { openWorldWith } from '../testing/dropped-in.ts'
import { Random } from '../testing/random.ts'
import {
  documentOf,
  exists,
  isInScope,
  mayTake,
  paths,
  permModule,
  randomGuards,
  randomRole,
  reaches,
  shows,
  stepNames,
  takes,
  writes,
} from '../testing/same-set.ts'
import type { Facts, HidePath, RandomRole, Step } from '../testing/same-set.ts'
import { PermWorld } from '../testing/same-set-world.ts'
import { ok } from '../testing/world.ts'

/**
 * The same rows and the same cells through every door: random roles, of the module and of the tenant, together as one person may have them,
 * against a model of its own. Between rounds people change managers and teams, records change hands, and the tenant says something else
 * of roles. SAME_SET_SEED makes other worlds, SAME_SET_ROUNDS looks at them for longer.
 */
const seed = Number(process.env['SAME_SET_SEED'] ?? 20261122)
const rounds = Number(process.env['SAME_SET_ROUNDS'] ?? 10)
const by = new Random(seed)
const guards = randomGuards(by)
const ofModule: readonly RandomRole[] = Array.from({ length: 24 }, (_, i) => randomRole(`perm.r${i}`, by, i % 3 === 0))
const ofTenant = Array.from({ length: 4 }, (_, i) => `tenant.r${i}`)
const world = await openWorldWith('perm', permModule(ofModule, guards))
const perm = new PermWorld(world, by)
type Json = Record<string, unknown>
const { rep = '' } = world.acme.members
const asRep = async (path: string): Promise<Json> => ok(await world.call('rep@acme', 'GET', `/api/perm/${path}`))
const rows = (answer: Json): Json[] => answer['data'] as Json[]
const ids = (from: readonly Json[]): string[] => from.map((each) => String(each['id'])).sort()

let items: Facts[] = []

beforeAll(async () => {
  await perm.fill()
  for (const id of ofTenant) await perm.admin('PUT', `access/roles/${id}`, { title: id })
}, 60_000)

/** What roles say now. */
const said = new Map(ofModule.map((role) => [role.id, role]))
const edited = new Set<string>()
async function say(id: string): Promise<void> {
  const was = ofModule.find((each) => each.id === id)
  if (was && edited.has(id) && by.chance(0.4)) {
    await perm.admin('DELETE', `access/roles/${id}`)
    edited.delete(id)
    said.set(id, was)
    return
  }
  const role = randomRole(id, by, was?.finishes)
  await perm.admin('PUT', `access/roles/${id}/permissions/perm/items`, documentOf(role))
  edited.add(id)
  said.set(id, role)
}

type Top = Exclude<HidePath, `lines.${string}`>
const top = paths.filter((path): path is Top => !path.startsWith('lines.'))
const numbers = ['rank', 'double', 'both', 'mine', 'looked', 'pointing'] as const
/** What the record holds for this member: what is not stored is worked out for whoever asks. */
function held(mine: readonly RandomRole[], { record, scopes: its }: Facts, path: HidePath): unknown {
  if (path === 'mine') return record['rank'] === null || its.has('own') ? record['rank'] : Number(record['rank']) + 100
  if (path !== 'looked') return record[path]
  const target = items.find(({ id }) => id === record['link'])
  return target && reaches(mine, 'get', target) ? target.record['rank'] : null
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

/** Whether a transition runs, a change and a delete are taken: as the model says, as it is explained, and as it happens. */
async function compareDeeds(mine: readonly RandomRole[], some: ReadonlySet<Facts>): Promise<void> {
  for (const item of some) {
    const isRead = reaches(mine, 'list', item) || reaches(mine, 'get', item)
    const call = (method: string, path: string) => world.call('rep@acme', method, `/api/perm/items/${item.id}${path}`)
    const explained = async (action: string, expected: boolean): Promise<void> => {
      const own = await call('GET', `/explain?action=${action}`)
      expect([action, own.status]).toEqual([action, isRead ? 200 : 404])
      if (isRead) expect([action, (own.body as Json)['allowed']], own.text).toEqual([action, expected])
      const told = await perm.admin('GET', `perm/items/${item.id}/explain?action=${action}&as=${rep}`)
      expect([action, told['allowed']], JSON.stringify(told)).toEqual([action, expected])
    }
    const taken = async (step: Step): Promise<void> => {
      const expected = outcomeOf(mine, step, item, isRead)
      expect([step, (await call('POST', `/${step}?dryRun=true`)).status]).toEqual([step, expected])
      if (exists(mine, 'state')) await explained(step, expected === 200)
      else expect((await call('GET', `/explain?action=${step}`)).status).toBe(400)
    }
    const deeds = ['update', 'delete'] as const
    await Promise.all([...stepNames.map(taken), ...deeds.map((each) => explained(each, isRead && reaches(mine, each, item)))])
    if (items.some(({ record }) => record['link'] === item.id)) continue
    const deleted = await call('DELETE', '')
    // Nothing that is shared is theirs to delete.
    const mayDelete = mine.some((role) => role.actions.includes('delete') && role.scope.some((scope) => scope !== 'shared'))
    expect(deleted.status).toBe(!mayDelete ? 403 : !isRead ? 404 : reaches(mine, 'delete', item) ? 200 : 403)
    if (deleted.status === 200) await perm.admin('POST', `perm/items/${item.id}/restore`)
  }
}

function outcomeOf(mine: readonly RandomRole[], step: Step, item: Facts, isRead: boolean): number {
  // Of a state that nobody shows them there are no transitions, but for those that are theirs to run.
  if (!mayTake(mine, step)) return exists(mine, 'state') ? 403 : 404
  if (!isRead) return 404
  const { granted, done } = takes(mine, guards, step, item)
  if (!granted && !reaches(mine, 'update', item)) return 403
  return done && (shows(mine, item, 'state') || !exists(mine, 'state')) ? 200 : 422
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
async function compareRowPolicies(mine: readonly RandomRole[]): Promise<void> {
  const now = await generation()
  const catalogue = await world.app.catalogues.current({ tenant: world.acme.id, generation: now })
  const access = accessFor(catalogue, ['core.user', ...mine.map(({ id }) => id)])
  const seen = await world.app.database.read(
    { tenant: world.acme.id, member: rep, session: null, generation: now, scopes: access.scopes },
    ...[
      'select id from perm.item',
      'select parent_id as id from perm.item_line',
      'select distinct parent_id as id from perm.item__tags',
    ].map((text) => ({ text })),
  )
  const readable = items.filter((item) => isInScope(mine, item))
  const tagged = readable.filter(({ record }) => (record['tags'] as unknown[]).length > 0)
  expect(seen.map((each) => ids(each.rows))).toEqual([readable, readable, tagged].map((each) => each.map(({ id }) => id).sort()))
}
const generation = async (): Promise<number> =>
  Number((await world.sql('select generation from bos.tenant where id = $1', [world.acme.id]))[0]!['generation'])

test(`every door shows the same rows and cells (seed ${seed})`, { timeout: 60_000 + rounds * 5_000 }, async () => {
  let [masked, derived, done] = [0, 0, 0]
  for (let round = 0; round < rounds; round++) {
    const chosen = [...new Set(Array.from({ length: 1 + by.below(3) }, () => by.pick([...ofTenant, ...said.keys()])))]
    for (const id of chosen) if (!said.has(id) || by.chance(0.4)) await say(id)
    const mine = chosen.map((id) => said.get(id)!)
    await perm.shake()
    await perm.admin('PUT', `access/${rep}`, { email: 'rep@acme.test', roles: ['core.user', ...chosen] })
    items = await perm.facts()
    const sample = (size: number): Facts[] => Array.from({ length: size }, () => by.pick(items))
    try {
      if (mine.some((role) => role.actions.includes('list'))) await compareLists(mine)
      await compareRecords(mine, sample(8))
      await compareWrites(mine, sample(6))
      await compareDeeds(mine, new Set(sample(4)))
      await compareExport(mine)
      await compareRowPolicies(mine)
    } catch (error) {
      throw new Error(`seed ${seed}, round ${round}, guards ${JSON.stringify(guards)}, roles ${JSON.stringify(mine)}: ${String(error)}`, {
        cause: error,
      })
    }
    const listed = items.filter((item) => reaches(mine, 'list', item))
    masked += listed.filter((item) => top.some((path) => exists(mine, path) && !shows(mine, item, path))).length
    // Masked for what they are made of, and not for what roles say of them.
    const made = numbers.filter(
      (path) => path !== 'rank' && mine.every((role) => role.mask[path] === undefined && !role.hide.includes(path)),
    )
    derived += listed.filter((item) => made.some((path) => exists(mine, path) && !shows(mine, item, path))).length
    done += listed.filter((item) => stepNames.some((step) => takes(mine, guards, step, item).done)).length
  }
  // Worlds in which nothing is masked, and nothing can be done, would prove nothing.
  expect(derived).toBeGreaterThan(0)
  expect(masked).toBeGreaterThan(50)
  expect(done).toBeGreaterThan(10)
})
