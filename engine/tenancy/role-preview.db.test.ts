import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Step } from '../database/types.ts'
import { accessFor, contextOf } from '../records/access.ts'
import { countQuery } from '../records/compare-access.ts'
import { openWorldWith, type ModuleFiles } from '../testing/dropped-in.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'
import { previewRoles, type RolePreview } from './role-preview.ts'
import { text } from '../testing/properties.ts'

/** What a change of a role is told to mean is what people then see: every preview is followed by the change itself. */
const files: ModuleFiles = {
  'module.json': { title: 'Shop', roles: ['clerk', 'buyer', 'guest'].map((id) => ({ id: `shop.${id}`, title: id })) },
  'entities/item.json': {
    title: 'Item',
    type: 'object',
    required: ['name'],
    properties: {
      name: text('Name'),
      secret: text('Secret'),
      amount: { type: 'integer', title: 'Amount' },
      double: { title: 'Double', 'x-bos': { type: 'integer', compute: 'self.amount * 2' } },
      stage: {
        title: 'Stage',
        enum: ['open', 'done'],
        'x-bos': { lifecycle: { transitions: { finish: { from: ['open'], to: 'done' } } } },
      },
      link: { title: 'Link', 'x-bos': { type: 'reference', entity: 'shop.item', onDelete: 'setNull', inverse: 'linked' } },
      lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: 'shop.item_line' } },
    },
    'x-bos': {
      use: ['core.owned', 'core.shareable'],
      plural: 'items',
      titleField: 'name',
      permissions: {
        'shop.clerk': { scope: 'own', read: true, update: true, create: true },
        'shop.buyer': { scope: 'all', read: 'self.amount < 6', hide: ['secret'] },
        'shop.guest': { scope: 'all', read: "'tenant.extra' in user.roles" },
      },
    },
  },
  'entities/item_line.json': {
    title: 'Item line',
    type: 'object',
    properties: { label: text('Label') },
    'x-bos': { kind: 'line', plural: 'item_lines' },
  },
  'entities/note.json': {
    title: 'Note',
    type: 'object',
    required: ['name'],
    properties: {
      name: text('Name'),
      item: { title: 'Item', 'x-bos': { type: 'reference', entity: 'shop.item', onDelete: 'cascade', inverse: 'notes' } },
    },
    'x-bos': { plural: 'notes', titleField: 'name', permissions: { 'shop.clerk': { scope: 'all', read: 'self.item.amount > 2' } } },
  },
}
const world = await openWorldWith('shop', files)
const { acme, sql } = world
const members = { rep: acme.members['rep']!, manager: acme.members['manager']! }
type Json = Record<string, unknown>
const call = (as: Person, method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call(as, method, `/api/${path}`, body === undefined ? {} : { body })
const byAdmin = async (method: string, path: string, body?: unknown): Promise<Json> => ok(await call('admin@acme', method, path, body))
const give = (who: keyof typeof members, roles: readonly string[]): Promise<Json> =>
  byAdmin('PUT', `access/${members[who]}`, { email: `${who}@acme.test`, roles: ['core.user', ...roles] })

beforeAll(async () => {
  const ids: string[] = []
  for (let i = 0; i < 12; i++) {
    const owner = [members.rep, members.manager, acme.members['admin']][i % 3]
    const link = ids[i - 4] === undefined ? {} : { link: ids[i - 4] }
    const item = { name: `item ${i}`, secret: `s${i}`, amount: i, owner, lines: [{ label: 'a' }], ...link }
    ids.push(String((await byAdmin('POST', 'shop/items', item))['id']))
    await byAdmin('POST', 'shop/notes', { name: `note ${i}`, item: ids[i] })
  }
  const { team } = await byAdmin('GET', `core/members/${members.rep}`)
  for (const [at, share] of [
    [2, { team, access: 'read' }],
    [5, { team, access: 'update' }],
    [8, { member: members.manager, access: 'update' }],
  ] as const)
    await byAdmin('POST', `shop/items/${ids[at]}/share`, share)
})
beforeEach(async () => {
  await give('rep', ['shop.clerk'])
  await give('manager', ['shop.clerk', 'shop.buyer'])
  await sql('delete from bos.role_permission')
  await sql('delete from bos.role')
})

/** Id → fields that are masked, as the list gives them; nothing for whoever may not list. */
async function seen(who: keyof typeof members, path = 'shop/items'): Promise<Map<string, string[]>> {
  const reply = await call(`${who}@acme` as Person, 'GET', `${path}?limit=500`)
  if (reply.status !== 200) return new Map()
  return new Map((ok(reply)['data'] as { id: string; _masked?: string[] }[]).map(({ id, _masked = [] }) => [id, _masked]))
}
async function fieldsOf(who: keyof typeof members): Promise<string[]> {
  const view = ok(await call(`${who}@acme` as Person, 'GET', 'catalogue')) as { entities: Record<string, { fields: { name: string }[] }> }
  return (view.entities['shop.item']?.fields ?? []).map(({ name }) => name)
}
async function updatable(who: keyof typeof members): Promise<Set<string>> {
  const found = new Set<string>()
  for (const id of (await seen(who)).keys()) {
    const reply = await call(`${who}@acme` as Person, 'PATCH', `shop/items/${id}?dryRun=true`, { name: 'x' })
    if (reply.status === 200) found.add(id)
  }
  return found
}
const among = (preview: RolePreview, who: keyof typeof members, entity: string) =>
  preview.changes.find((each) => each.members.some(({ id }) => id === members[who]))?.entities.find((each) => each.entity === entity)
const without = (a: Iterable<string>, b: { has(id: string): boolean }): number => [...a].filter((id) => !b.has(id)).length
const none = { gained: 0, lost: 0 }

const items = 'permissions/shop/items'
describe('a preview tells what then is seen', () => {
  test.each<[name: string, role: string, document: object | null]>([
    ['wider', 'shop.clerk', { scope: 'all', read: true, update: true, create: true }],
    ['narrower', 'shop.clerk', { scope: 'own', read: 'self.amount > 3', update: 'self.amount > 6' }],
    ['nothing at all', 'shop.clerk', { scope: 'own', read: false }],
    ['without a field', 'shop.clerk', { scope: 'own', read: true, hide: ['secret', 'amount'] }],
    ['other cells', 'shop.buyer', { scope: 'all', read: 'self.amount < 9' }],
    ['cells of another scope', 'shop.clerk', { scope: 'all', read: 'self.amount > 5' }],
    ['what hangs on other records of the entity', 'shop.clerk', { scope: 'all', read: 'self.link.amount > 1 || self.owner == user' }],
    ['the other way round', 'shop.buyer', { scope: 'own', read: 'exists(self.linked, each, each.amount > 6)' }],
    ['who asks', 'shop.clerk', { scope: 'all', read: 'self.owner.name != user.name' }],
    ['a mask', 'shop.clerk', { scope: 'all', read: true, mask: { secret: { unless: 'self.amount > 7' } } }],
    [
      'a mask that hangs on other records',
      'shop.clerk',
      { scope: 'own', read: true, mask: { secret: { unless: 'self.link.amount < 3' } } },
    ],
    ['what is made of a hidden value', 'shop.buyer', { scope: 'all', read: 'self.amount < 6', hide: ['amount'] }],
    ['what is shared with them and their team', 'shop.clerk', { scope: ['own', 'shared'], read: true, update: true }],
    [
      'nothing but what is shared',
      'shop.clerk',
      { scope: 'shared', read: 'self.amount > 2', update: true, mask: { secret: { unless: 'self.amount > 5' } } },
    ],
    ['not anything', 'shop.clerk', { scope: 'own', read: true, update: true, create: true }],
  ])('%s', async (_, role, document) => {
    const path = `access/roles/${role}/${items}`
    const events = await sql(`select count(*)::int as n from bos.event where entity <> 'bos.access'`)
    const [generation] = await sql('select generation from bos.tenant where id = $1', [acme.id])
    const preview = (await byAdmin('PUT', `${path}?dryRun=true`, document)) as unknown as RolePreview
    expect(await sql(`select count(*)::int as n from bos.event where entity <> 'bos.access'`)).toEqual(events)
    expect(await sql('select generation from bos.tenant where id = $1', [acme.id])).toEqual([generation])
    expect(await sql('select * from bos.role')).toEqual([])
    expect(preview).toMatchObject({ role, uncounted: 0 })
    const looks = async () => ({
      items: { rep: await seen('rep'), manager: await seen('manager') },
      notes: { rep: await seen('rep', 'shop/notes'), manager: await seen('manager', 'shop/notes') },
      fields: { rep: await fieldsOf('rep'), manager: await fieldsOf('manager') },
      updatable: { rep: await updatable('rep'), manager: await updatable('manager') },
    })
    const before = await looks()
    await byAdmin('PUT', path, document)
    const after = await looks()
    for (const who of ['rep', 'manager'] as const) {
      const told = among(preview, who, 'shop.item')
      // A second look: fields are gained and lost as the description of the API says.
      const [knew, knows] = [before.fields[who], after.fields[who]]
      const known = (a: readonly string[], b: readonly string[]): string[] => a.filter((each) => !b.includes(each)).sort()
      expect([who, [...(told?.fields.gained ?? [])].sort(), [...(told?.fields.lost ?? [])].sort()]).toEqual([
        who,
        known(knows, knew),
        known(knew, knows),
      ])
      const [was, is] = [before.items[who], after.items[who]]
      const list = { gained: without(is.keys(), was), lost: without(was.keys(), is) }
      expect([who, told?.rows['list'] ?? none, told?.rows['get'] ?? none]).toEqual([who, list, list])
      const [could, can] = [before.updatable[who], after.updatable[who]]
      expect([who, told?.rows['update'] ?? none]).toEqual([who, { gained: without(can, could), lost: without(could, can) }])
      const both = [...was.keys()].filter((id) => is.has(id))
      const cells = (from: typeof was, to: typeof was): number =>
        both.filter((id) => from.get(id)!.includes('secret') && !to.get(id)!.includes('secret')).length
      if (!told?.fields.gained.includes('secret') && !told?.fields.lost.includes('secret'))
        expect([who, told?.cells['secret'] ?? none]).toEqual([who, { gained: cells(was, is), lost: cells(is, was) }])
      const notes = among(preview, who, 'shop.note')
      expect([who, notes?.rows['list'] ?? none]).toEqual([
        who,
        { gained: without(after.notes[who].keys(), before.notes[who]), lost: without(before.notes[who].keys(), after.notes[who]) },
      ])
    }
  })

  test('when a role goes, with what hangs on having it', async () => {
    await byAdmin('PUT', 'access/roles/tenant.extra', { title: 'Extra' })
    await byAdmin('PUT', `access/roles/tenant.extra/${items}`, { scope: 'own', read: true, transitions: { finish: true } })
    await give('rep', ['tenant.extra', 'shop.guest'])
    const before = await seen('rep')
    expect(before.size).toBe(12)
    const preview = (await byAdmin('DELETE', 'access/roles/tenant.extra?dryRun=true')) as unknown as RolePreview
    expect(preview).toMatchObject({
      people: 1,
      changes: [{ roles: ['core.user', 'shop.guest', 'tenant.extra'], members: [{ id: members.rep }] }],
    })
    expect(among(preview, 'rep', 'shop.item')).toMatchObject({
      actions: { gained: [], lost: ['finish'] },
      rows: { list: { gained: 0, lost: 12 }, finish: { gained: 0, lost: 4 } },
    })
    expect(await seen('rep')).toEqual(before)
    expect((await call('admin@acme', 'DELETE', 'access/roles/tenant.extra')).status).toBe(204)
    expect((await seen('rep')).size).toBe(0)
  })

  test('once for everybody, where it means the same for them', async () => {
    await give('manager', ['shop.buyer'])
    await give('rep', ['shop.buyer'])
    const preview = (await byAdmin('PUT', `access/roles/shop.buyer/${items}?dryRun=true`, {
      scope: 'all',
      read: true,
    })) as unknown as RolePreview
    expect(preview.changes).toEqual([
      {
        roles: ['core.user', 'shop.buyer'],
        members: expect.arrayContaining([expect.objectContaining({ id: members.rep }), expect.objectContaining({ id: members.manager })]),
        entities: [
          expect.objectContaining({
            entity: 'shop.item',
            fields: { gained: ['secret'], lost: [] },
            rows: { get: { gained: 6, lost: 0 }, history: { gained: 6, lost: 0 }, list: { gained: 6, lost: 0 } },
          }),
        ],
      },
    ])
    const nobody = (await byAdmin('PUT', 'access/roles/tenant.new?dryRun=true', { title: 'New' })) as unknown as RolePreview
    expect(nobody).toEqual({ role: 'tenant.new', people: 0, changes: [], uncounted: 0 })
    expect((await call('admin@acme', 'GET', 'access/roles/tenant.new')).status).toBe(404)
  })
})

test('a preview that is wrong is refused as the change is', async () => {
  const refused = await call('admin@acme', 'PUT', `access/roles/shop.clerk/${items}?dryRun=true`, { scope: 'mine', read: true })
  expect([refused.status, (refused.body as { errors: { pointer: string }[] }).errors[0]!.pointer]).toEqual([422, '/scope'])
  expect((await call('admin@acme', 'PUT', `access/roles/shop.clerk/${items}?dryRun=maybe`, { scope: 'own' })).status).toBe(400)
  expect((await call('admin@acme', 'PUT', `access/roles/shop.clerk/${items}?preview=true`, { scope: 'own' })).status).toBe(400)
})

const actorOf = async () => {
  const [row] = await sql<{ generation: string }>('select generation from bos.tenant where id = $1', [acme.id])
  return {
    tenant: acme.id,
    tenantSlug: 'acme',
    member: members.rep,
    session: null,
    roles: [],
    generation: Number(row!.generation),
    timeZone: 'UTC',
    tenantName: 'Acme',
    locale: 'en',
    currency: 'EUR',
  }
}

test('it tells of how many people nothing was counted, where it would take too long', async () => {
  await give('manager', ['shop.buyer'])
  await give('rep', ['shop.clerk', 'shop.buyer'])
  const actor = await actorOf()
  const catalogue = await world.app.catalogues.current(actor)
  const asked = { role: 'shop.buyer', before: catalogue, after: catalogue, isGone: true }
  const preview = (withinMs?: number): Promise<RolePreview> =>
    world.app.database.transaction(contextOf(actor, accessFor(catalogue, ['core.admin'])), (tx) =>
      previewRoles(tx, actor, asked, [], withinMs),
    )
  expect(await preview(-1)).toEqual({ role: 'shop.buyer', people: 2, changes: [], uncounted: 2 })
  const { changes, ...whole } = await preview()
  expect([whole, changes.flatMap((each) => each.members).length]).toEqual([{ role: 'shop.buyer', people: 2, uncounted: 0 }, 2])
})

test('one statement does not take longer either: it is cut off, and what it would have counted is not', async () => {
  await give('manager', ['shop.buyer'])
  await give('rep', ['shop.clerk', 'shop.buyer'])
  const actor = await actorOf()
  const catalogue = await world.app.catalogues.current(actor)
  const asked = { role: 'shop.buyer', before: catalogue, after: catalogue, isGone: true }
  const sleep = { text: 'select pg_sleep(60)' }
  const slow = ({ role, queries }: Step): Step => ({
    role,
    queries: queries.some((each) => each.text.includes('bos.scopes')) ? [...queries, sleep] : queries,
  })
  const preview = await world.app.database.transaction(contextOf(actor, accessFor(catalogue, ['core.admin'])), (tx) =>
    previewRoles({ send: (...steps) => tx.send(...steps.map(slow)), commit: (...steps) => tx.commit(...steps) }, actor, asked, [], 300),
  )
  expect(preview).toEqual({ role: 'shop.buyer', people: 2, changes: [], uncounted: 2 })
})

test('whoever has more records than are looked at is told the least that it can be', async () => {
  const actor = await actorOf()
  const catalogue = await world.app.catalogues.current(actor)
  const [before, after] = [accessFor(catalogue, ['shop.clerk']), accessFor(catalogue, ['core.admin'])]
  const pair = {
    entity: 'shop.item',
    before: { access: before, here: before.entities.get('shop.item') },
    after: { access: after, here: after.entities.get('shop.item') },
  }
  const count = async (limit: number) => {
    const { query, read } = countQuery(pair, acme.id, limit)
    const [rows] = await world.app.database.read(contextOf(actor, after), query)
    return read(rows!.rows[0]!)
  }
  const gained = ({ all }: Awaited<ReturnType<typeof count>>) => all.find(({ kind, name }) => kind === 'action' && name === 'list')!.gained
  const whole = await count(12)
  expect([whole.more, gained(whole)]).toEqual([false, 8])
  const part = await count(6)
  expect(part.more).toBe(true)
  expect(gained(part)).toBeLessThan(8)
  expect(gained(part)).toBeGreaterThan(0)
})
