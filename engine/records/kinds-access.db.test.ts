import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openWorldWith } from '../testing/dropped-in.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'
import { integer, text } from '../testing/properties.ts'

/** The one record of an entity, and rows of a ledger, under scopes, masks and conditions of roles: as any record is. */
const world = await openWorldWith('till', {
  'module.json': { title: 'Till', roles: ['own', 'all', 'loud', 'runs'].map((id) => ({ id: `till.${id}`, title: id })) },
  'entities/setup.json': {
    title: 'Setup',
    type: 'object',
    properties: {
      motto: text('Motto'),
      secret: integer('Secret'),
      double: { title: 'Double', 'x-bos': { type: 'integer', compute: 'self.secret * 2' } },
      state: {
        title: 'State',
        enum: ['draft', 'live'],
        'x-bos': {
          lifecycle: {
            transitions: {
              publish: { from: ['draft'], to: 'live', guard: 'self.secret > 5', message: 'Not yet.', set: { motto: "'published'" } },
            },
          },
        },
      },
    },
    'x-bos': {
      kind: 'single',
      use: ['core.owned'],
      plural: 'setup',
      permissions: {
        'till.own': { scope: 'own', read: true, update: true },
        'till.all': { scope: 'all', read: true, update: true, mask: { secret: { unless: 'self.owner == user' } } },
        'till.loud': { scope: 'all', read: "self.motto != 'hush'" },
        'till.runs': { scope: 'all', read: true, transitions: { publish: 'self.secret > 1' }, hide: ['secret'] },
      },
    },
  },
  'entities/sale.json': {
    title: 'Sale',
    type: 'object',
    properties: {
      name: text('Name'),
      amount: integer('Amount'),
      state: {
        title: 'State',
        enum: ['open', 'booked'],
        'x-bos': {
          lifecycle: {
            transitions: {
              book: {
                from: ['open'],
                to: 'booked',
                effects: [{ create: { entity: 'till.row', set: { owner: 'self.owner', amount: 'self.amount', note: 'self.name' } } }],
              },
            },
          },
        },
      },
    },
    'x-bos': { use: ['core.owned'], plural: 'sales', titleField: 'name', permissions: {} },
  },
  'entities/row.json': {
    title: 'Row',
    type: 'object',
    properties: { note: text('Note'), amount: integer('Amount') },
    'x-bos': {
      kind: 'ledger',
      use: ['core.owned'],
      plural: 'rows',
      permissions: {
        'till.own': { scope: 'own', read: true, create: true, update: true, delete: true, export: true },
        'till.all': { scope: 'all', read: true, mask: { amount: { unless: 'self.owner == user' } } },
        'till.loud': { scope: 'all', read: 'self.amount > 5' },
      },
    },
  },
})
type Json = Record<string, unknown>
const { rep = '', admin = '' } = world.acme.members
const call = (as: Person, method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call(as, method, `/api/till/${path}`, body === undefined ? {} : { body })
const asRep = (method: string, path: string, body?: unknown): Promise<Reply> => call('rep@acme', method, path, body)
const byAdmin = async (method: string, path: string, body?: unknown): Promise<Json> => ok(await call('admin@acme', method, path, body))
const rolesOf = async (...roles: string[]): Promise<void> =>
  void ok(
    await world.call('admin@acme', 'PUT', `/api/access/${rep}`, {
      body: { email: 'rep@acme.test', roles: ['core.user', ...roles.map((id) => `till.${id}`)] },
    }),
  )
const rows = (reply: Reply): Json[] => ok(reply)['data'] as Json[]
const faults = ({ status, body }: Reply): unknown[] => [
  status,
  ...((body as { errors?: { pointer: string }[] }).errors ?? []).map(({ pointer }) => pointer),
]
const events = () => world.sql(`select count(*)::int as n from bos.event where entity like 'till.%'`)

describe('a single', () => {
  beforeEach(async () => {
    await world.sql('delete from till.setup')
    await byAdmin('PATCH', 'setup', { motto: 'hush', secret: 7, owner: admin })
  })

  test('out of their scope is as if there were none, and no second one is made', async () => {
    await rolesOf('own')
    const before = await events()
    const replies = await Promise.all([
      asRep('GET', 'setup'),
      asRep('GET', 'setup/history'),
      asRep('GET', 'setup/explain?action=get'),
      asRep('PATCH', 'setup', { motto: 'mine' }),
      asRep('PATCH', 'setup', { motto: 'mine', owner: rep }),
    ])
    expect(replies.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404])
    expect(await events()).toEqual(before)
    await byAdmin('PATCH', 'setup', { owner: rep })
    expect(ok(await asRep('GET', 'setup'))).toMatchObject({ motto: 'hush', secret: 7, double: 14 })
    expect((await asRep('PATCH', 'setup', { motto: 'mine' })).status).toBe(200)
  })
  test('reads only where a role says so, and shows what it shows', async () => {
    await rolesOf('loud')
    expect((await asRep('GET', 'setup')).status).toBe(404)
    await byAdmin('PATCH', 'setup', { motto: 'loud' })
    expect(ok(await asRep('GET', 'setup'))).toMatchObject({ motto: 'loud', secret: 7 })
    await rolesOf('all')
    const masked = ok(await asRep('GET', 'setup'))
    expect([masked['_masked'], 'secret' in masked, 'double' in masked]).toEqual([['secret', 'double'], false, false])
    expect(faults(await asRep('PATCH', 'setup', { secret: 7 }))).toEqual([422, '/secret'])
    expect((await asRep('PATCH', 'setup', { motto: 'hush' })).status).toBe(200)
    expect((await asRep('GET', 'setup/history')).text).not.toMatch(/"(secret|double)":/)
    await byAdmin('PATCH', 'setup', { owner: rep })
    expect(ok(await asRep('PATCH', 'setup', { secret: 8 }))).toMatchObject({ secret: 8, double: 16 })
  })
  test('runs its transitions by their address, for whom they are and as they are explained', async () => {
    await rolesOf('loud', 'own')
    expect((await asRep('POST', 'setup/publish')).status).toBe(403)
    await rolesOf('runs')
    expect((await asRep('PATCH', 'setup', { motto: 'x' })).status).toBe(403)
    for (const [secret, guarded, runs] of [
      [1, 422, 403],
      [3, 422, 422],
      [6, 200, 200],
    ] as const) {
      await byAdmin('PATCH', 'setup', { secret })
      for (const [as, expected] of [
        ['admin@acme', guarded],
        ['rep@acme', runs],
      ] as const) {
        const explained = ok(await call(as, 'GET', 'setup/explain?action=publish'))
        const reply = await call(as, 'POST', 'setup/publish?dryRun=true')
        expect([as, secret, reply.status, explained['allowed']]).toEqual([as, secret, expected, expected === 200])
      }
    }
    expect(ok(await asRep('POST', 'setup/publish'))).toMatchObject({ state: 'live', motto: 'published' })
    expect((await call('admin@acme', 'POST', 'setup/publish')).status).toBe(422)
  })
  test('that is not there yet is in no state to run from', async () => {
    await world.sql('delete from till.setup')
    const before = await events()
    expect((await call('admin@acme', 'POST', 'setup/publish')).status).toBe(404)
    expect(await events()).toEqual(before)
  })
})

describe('a ledger', () => {
  const made = new Map<string, Json>()
  beforeAll(async () => {
    for (const [name, owner, amount] of [
      ['mine', rep, 3],
      ['more', rep, 9],
      ['theirs', admin, 40],
    ] as const) {
      const { id } = await byAdmin('POST', 'sales', { name, owner, amount })
      await byAdmin('POST', `sales/${String(id)}/book`)
    }
    for (const row of rows(await call('admin@acme', 'GET', 'rows'))) made.set(String(row['note']), row)
    expect(made.size).toBe(3)
  })
  const seen = async (): Promise<string[]> => rows(await asRep('GET', 'rows?sort=note')).map(({ note }) => String(note))
  const id = (note: string): string => String(made.get(note)!['id'])

  test('shows the rows of the role, through every door', async () => {
    for (const [role, expected] of [
      ['own', ['mine', 'more']],
      ['loud', ['more', 'theirs']],
      ['all', ['mine', 'more', 'theirs']],
    ] as const) {
      await rolesOf(role)
      expect([role, await seen()]).toEqual([role, expected])
      expect(rows(await asRep('GET', 'rows/aggregate'))).toEqual([{ count: expected.length }])
      for (const note of made.keys()) {
        const status = (expected as readonly string[]).includes(note) ? 200 : 404
        for (const path of ['', '/history', '/explain?action=get'])
          expect([role, note, path, (await asRep('GET', `rows/${id(note)}${path}`)).status]).toEqual([role, note, path, status])
      }
    }
  })
  test('masks what it masks, whatever is asked', async () => {
    await rolesOf('all')
    const theirs = rows(await asRep('GET', 'rows?sort=note')).at(-1)!
    expect([theirs['_masked'], 'amount' in theirs]).toEqual([['amount'], false])
    expect(rows(await asRep('GET', 'rows/aggregate?measure=sum(amount),max(amount)'))).toEqual([{ 'sum(amount)': 12, 'max(amount)': 9 }])
    expect(rows(await asRep('GET', 'rows?amount.gte=10'))).toEqual([])
    expect((await asRep('GET', `rows/${id('theirs')}/history`)).text).not.toContain('"amount"')
  })
  test('is written by nobody, whatever a role says', async () => {
    await rolesOf('own')
    const before = await events()
    const mine = `rows/${id('mine')}`
    const replies = [
      await asRep('POST', 'rows', { note: 'x' }),
      await asRep('PATCH', mine, { note: 'x' }),
      await asRep('DELETE', mine),
      await asRep('POST', 'rows/bulk', { operations: [{ op: 'update', id: id('mine'), data: { note: 'x' } }] }),
      await call('admin@acme', 'PATCH', mine, { note: 'x' }),
    ]
    expect(replies.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403])
    expect((ok(await asRep('GET', `${mine}/explain?action=update`)) as { allowed: boolean }).allowed).toBe(false)
    expect((await asRep('GET', 'rows/export?format=jsonl')).text.trim().split('\n')).toHaveLength(2)
    expect(await events()).toEqual(before)
  })
})
