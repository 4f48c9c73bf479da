import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openWorldWith, type ModuleFiles } from '../testing/dropped-in.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'
import { text } from '../testing/properties.ts'

/** What a role says of records in words of its own: which it reaches, and what comes into being. */
const files: ModuleFiles = {
  'module.json': {
    title: 'Desk',
    roles: ['small', 'opened', 'other', 'mates', 'gets', 'exports', 'runs', 'blind', 'writes', 'brings', 'changes'].map((id) => ({
      id: `desk.${id}`,
      title: id,
    })),
  },
  'entities/ticket.json': {
    title: 'Ticket',
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
        'x-bos': { lifecycle: { transitions: { finish: { title: 'Finish', from: ['open'], to: 'done' } } } },
      },
      link_name: { title: 'Name of the link', 'x-bos': { type: 'text', lookup: 'self.link.name' } },
      followers: { title: 'Followers', 'x-bos': { type: 'integer', compute: "user == null ? 0 : count(self.linked, l, l.name != 'x')" } },
      link: { title: 'Link', 'x-bos': { type: 'reference', entity: 'desk.ticket', onDelete: 'setNull', inverse: 'linked' } },
      lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: 'desk.ticket_line' } },
    },
    'x-bos': {
      use: ['core.owned', 'core.shareable'],
      plural: 'tickets',
      titleField: 'name',
      search: ['name'],
      permissions: {
        'desk.small': {
          scope: 'all',
          read: 'self.amount < 1000 || self.owner == user',
          create: 'self.double < 500',
          update: "self.stage != 'done'",
          delete: 'self.owner == user',
          restore: 'self.owner == user',
          export: 'self.amount < 100',
          import: 'self.amount < 50',
          share: 'self.amount < 10',
          transitions: { finish: 'self.amount > 10' },
        },
        'desk.opened': { scope: 'own', read: "self.secret == 'open'", hide: ['secret'] },
        'desk.mates': {
          scope: 'all',
          read: "self.owner.team == user.team && self.owner.name != 'Nobody' && count(self.lines, l, l.cost > 5) > 0",
        },
        'desk.exports': { scope: 'all', read: 'self.amount < 100', export: true },
        'desk.gets': { scope: 'all', get: 'self.amount < 50' },
        'desk.runs': { scope: 'all', read: true, transitions: { finish: true } },
        'desk.writes': { scope: 'own', read: true, update: true },
        'desk.brings': { scope: 'own', read: true, import: true },
        'desk.changes': { scope: 'all', read: true, update: true },
        'desk.blind': { scope: 'all', read: true, update: true, hide: ['stage'] },
        'desk.other': { scope: 'all', list: true, get: 'self.link.amount > 0', update: true },
      },
    },
  },
  'entities/ticket_line.json': {
    title: 'Ticket line',
    type: 'object',
    properties: { label: text('Label'), cost: { type: 'integer', title: 'Cost' } },
    'x-bos': { kind: 'line', plural: 'ticket_lines' },
  },
}
const world = await openWorldWith('desk', files)
type Json = Record<string, unknown>
const { rep = '', admin = '', manager = '' } = world.acme.members
const call = (as: Person, method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call(as, method, `/api/${path}`, body === undefined ? {} : { body })
const made = async (body: Json): Promise<string> => String(ok(await call('admin@acme', 'POST', 'desk/tickets', body))['id'])
const rolesOf = async (...roles: string[]): Promise<void> =>
  void ok(
    await call('admin@acme', 'PUT', `access/${rep}`, { email: 'rep@acme.test', roles: ['core.user', ...roles.map((id) => `desk.${id}`)] }),
  )
const names = async (path: string): Promise<string[]> =>
  (ok(await call('rep@acme', 'GET', `desk/${path}`))['data'] as Json[]).map((each) => String(each['name'] ?? each['label'])).sort()
const told = ({ status, body }: Reply): unknown => [
  status,
  (body as Json)['code'],
  ((body as Json)['errors'] as Json[] | undefined)?.map((each) => each['pointer']),
]

let small = '',
  large = '',
  mine = ''
beforeAll(async () => {
  small = await made({ name: 'small', amount: 20, owner: admin, secret: 'open', lines: [{ label: 'small line', cost: 9 }] })
  large = await made({ name: 'large', amount: 5000, owner: admin, secret: 'open', link: small, lines: [{ label: 'large line', cost: 9 }] })
  mine = await made({ name: 'mine', amount: 7000, owner: rep, secret: 'shut', link: large })
  await made({ name: 'nothing', owner: admin, link: mine })
})
beforeEach(() => rolesOf('small'))

describe('reading', () => {
  test('only rows for which it is true, through every door; null is not true', async () => {
    expect(await names('tickets')).toEqual(['mine', 'small'])
    expect(await names('ticket_lines')).toEqual(['small line'])
    expect(await names('tickets?search=large')).toEqual([])
    expect(await names('tickets?name.contains=large')).toEqual([])
    expect(await names(`tickets?filter=${encodeURIComponent("self.name == 'large'")}`)).toEqual([])
    expect(ok(await call('rep@acme', 'GET', 'desk/tickets/aggregate'))['data']).toEqual([{ count: 2 }])
    for (const path of ['', '/history', '/explain?action=get'])
      expect((await call('rep@acme', 'GET', `desk/tickets/${large}${path}`)).status).toBe(404)
    const exported = await call('rep@acme', 'GET', 'desk/tickets/export?format=jsonl')
    expect(
      exported.text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as Json)['name']),
    ).toEqual(['small'])
  })
  test('nor what leads there', async () => {
    const got = ok(await call('rep@acme', 'GET', `desk/tickets/${mine}?expand=link,linked`))
    expect((got['_expand'] as Json)['link']).toBeNull()
    expect((got['_expand'] as { linked: Json }).linked).toEqual({ data: [], more: false })
    expect(await names('tickets?link.name=large')).toEqual([])
    expect(await names(`tickets?filter=${encodeURIComponent("self.link.name == 'large'")}`)).toEqual([])
    expect(await names(`tickets?filter=${encodeURIComponent('count(self.linked) > 0')}`)).toEqual([])
    const refused = await call('rep@acme', 'PATCH', `desk/tickets/${small}`, { link: large })
    expect(told(refused)).toEqual([422, 'request-invalid', ['/link']])
  })
  test('nor what is worked out of it when it is read, wherever that is done', async () => {
    const [full, seen] = [
      ok(await call('admin@acme', 'GET', `desk/tickets/${mine}`)),
      ok(await call('rep@acme', 'GET', `desk/tickets/${mine}`)),
    ]
    expect([full['link_name'], full['followers'], seen['link_name'], seen['followers']]).toEqual(['large', 1, null, 0])
    const query = (condition: string): string => `tickets?filter=${encodeURIComponent(condition)}`
    for (const path of [
      'tickets?link_name=large',
      'tickets?link_name.contains=arg',
      query("self.link_name == 'large'"),
      'tickets?followers=1',
    ])
      expect([path, await names(path)]).toEqual([path, []])
    expect(await names('tickets?link_name.null=true')).toEqual(['mine', 'small'])
    const doors = [
      'tickets?sort=link_name',
      'tickets?fields=link_name,followers&sort=-followers',
      'tickets/aggregate?group=link_name',
      'tickets/export?format=csv&sort=link_name',
      'tickets/export?format=jsonl',
      `tickets/${mine}/history`,
      `tickets/${mine}/explain?action=update&field=link_name`,
    ]
    for (const path of doors) {
      const [limited, whole] = [await call('rep@acme', 'GET', `desk/${path}`), await call('admin@acme', 'GET', `desk/${path}`)]
      expect([path, limited.status, whole.status, limited.text.includes('large')]).toEqual([path, 200, 200, false])
    }
    const tried = await call('rep@acme', 'PATCH', `desk/tickets/${mine}?dryRun=true`, { amount: 7001 })
    expect([tried.status, ok(tried)['link_name']]).toEqual([200, null])
  })
  test('it may hang on what the role hides, and on who asks', async () => {
    await rolesOf('opened')
    expect(await names('tickets')).toEqual([])
    ok(await call('admin@acme', 'PATCH', `desk/tickets/${mine}`, { secret: 'open' }))
    expect(await names('tickets')).toEqual(['mine'])
    expect(Object.keys(ok(await call('rep@acme', 'GET', `desk/tickets/${mine}`)))).not.toContain('secret')
    ok(await call('admin@acme', 'PATCH', `desk/tickets/${mine}`, { secret: 'shut' }))
    await rolesOf('mates')
    expect(await names('tickets')).toEqual([])
    const member = ok(await call('admin@acme', 'GET', `core/members/${rep}`))
    const former = ok(await call('admin@acme', 'GET', `core/members/${admin}`))['team']
    ok(await call('admin@acme', 'PATCH', `core/members/${admin}`, { team: member['team'] }))
    expect(await names('tickets')).toEqual(['large', 'small'])
    // A path through a reference whose record is reached by a condition that goes on along references itself.
    expect(await names(`tickets?filter=${encodeURIComponent("self.link.name == 'small'")}`)).toEqual(['large'])
    expect(await names('ticket_lines')).toEqual(['large line', 'small line'])
    ok(await call('admin@acme', 'PATCH', `core/members/${admin}`, { team: former ?? null }))
  })
  test('getting has its own condition, also where nothing is listed', async () => {
    await rolesOf('gets')
    expect((await call('rep@acme', 'GET', `desk/tickets/${small}`)).status).toBe(200)
    expect((await call('rep@acme', 'GET', `desk/tickets/${large}?expand=link`)).status).toBe(404)
    await rolesOf('other')
    expect(await names('tickets')).toEqual(['large', 'mine', 'nothing', 'small'])
    expect((await call('rep@acme', 'GET', `desk/tickets/${large}`)).status).toBe(200)
    expect((await call('rep@acme', 'GET', `desk/tickets/${small}`)).status).toBe(404)
    expect((ok(await call('rep@acme', 'GET', `desk/tickets/${large}?expand=link`))['_expand'] as Json)['link']).toBeNull()
  })
  test('what may be exported must be there to be read', async () => {
    await rolesOf('exports')
    const exported = await call('rep@acme', 'GET', 'desk/tickets/export?format=jsonl')
    expect(exported.text.match(/"name":"\w+"/g)).toEqual(['"name":"small"'])
    const explained = ok(await call('rep@acme', 'GET', `desk/tickets/${small}/explain?action=export`))
    expect(explained['allowed']).toBe(true)
  })
  test('several roles add up', async () => {
    await rolesOf('small', 'other')
    expect(await names('tickets')).toEqual(['large', 'mine', 'nothing', 'small'])
  })
})

describe('changing', () => {
  test('the stored record decides; what cannot be read does not exist', async () => {
    expect((await call('rep@acme', 'PATCH', `desk/tickets/${large}`, { name: 'x' })).status).toBe(404)
    const done = await made({ name: 'done', amount: 30, owner: admin })
    expect(told(await call('rep@acme', 'DELETE', `desk/tickets/${done}`))).toEqual([403, 'not-allowed', undefined])
    ok(await call('rep@acme', 'POST', `desk/tickets/${done}/finish`))
    expect(told(await call('rep@acme', 'PATCH', `desk/tickets/${done}`, { name: 'x' }))).toEqual([403, 'not-allowed', undefined])
    const bulk = await call('rep@acme', 'POST', 'desk/tickets/bulk', { operations: [{ op: 'update', id: done, data: { name: 'x' } }] })
    expect(bulk.text).toContain('not-allowed')
    ok(await call('admin@acme', 'DELETE', `desk/tickets/${done}`))
    expect((await call('rep@acme', 'POST', `desk/tickets/${done}/restore`)).status).toBe(403)
  })
  test('a transition has its own condition', async () => {
    const id = await made({ name: 'tiny', amount: 5, owner: admin })
    expect((await call('rep@acme', 'POST', `desk/tickets/${id}/finish`)).status).toBe(422)
    expect((await call('rep@acme', 'PATCH', `desk/tickets/${id}`, { stage: 'done' })).status).toBe(422)
    ok(await call('rep@acme', 'PATCH', `desk/tickets/${id}`, { amount: 11 }))
    ok(await call('rep@acme', 'PATCH', `desk/tickets/${id}`, { stage: 'done' }))
    ok(await call('admin@acme', 'DELETE', `desk/tickets/${id}`))
  })
  test('a transition is a right of its own, which no other role takes away', async () => {
    const id = await made({ name: 'to be run', amount: 50, owner: admin })
    for (const roles of [['blind'], ['runs'], ['runs', 'blind', 'writes']]) {
      await rolesOf(...roles)
      const finished = await call('rep@acme', 'POST', `desk/tickets/${id}/finish?dryRun=true`)
      expect([roles, finished.status]).toEqual([roles, roles.includes('runs') ? 200 : 404])
    }
    ok(await call('admin@acme', 'DELETE', `desk/tickets/${id}`))
  })
  test('of a state that nobody shows there are no transitions', async () => {
    await rolesOf('blind')
    for (const method of ['POST', 'GET']) {
      const [finish, nothing] = await Promise.all(
        ['finish', 'vanish'].map((name) => call('rep@acme', method, `desk/tickets/${mine}/${name}`)),
      )
      expect([told(finish!), (finish!.body as Json)['detail']]).toEqual([told(nothing!), (nothing!.body as Json)['detail']])
    }
  })
  test('and so has sharing', async () => {
    expect((await call('rep@acme', 'POST', `desk/tickets/${small}/share`, { member: manager, access: 'read' })).status).toBe(403)
    expect((await call('rep@acme', 'POST', `desk/tickets/${large}/share`, { member: manager, access: 'read' })).status).toBe(404)
  })
})

describe('creating', () => {
  test('the record as it will be decides, with what is derived', async () => {
    const before = await world.sql<{ n: number }>(`select count(*)::int as n from bos.event where entity <> 'bos.access'`)
    const body = { name: 'new', amount: 250 }
    expect(told(await call('rep@acme', 'POST', 'desk/tickets', body))).toEqual([403, 'not-allowed', ['']])
    expect(told(await call('rep@acme', 'POST', 'desk/tickets', { name: 'no amount' }))).toEqual([403, 'not-allowed', ['']])
    const bulk = await call('rep@acme', 'POST', 'desk/tickets/bulk', { operations: [{ op: 'create', data: body }] })
    expect(bulk.text).toContain('not-allowed')
    expect(told(await call('rep@acme', 'POST', 'desk/tickets', { name: 'made done', amount: 5, stage: 'done' }))).toEqual([
      403,
      'not-allowed',
      [''],
    ])
    expect(await world.sql(`select count(*)::int as n from bos.event where entity <> 'bos.access'`)).toEqual(before)
    const id = String(ok(await call('rep@acme', 'POST', 'desk/tickets', { name: 'made done', amount: 15, stage: 'done' }))['id'])
    ok(await call('admin@acme', 'DELETE', `desk/tickets/${id}`))
  })
})

test('an import changes what its own grant reaches, whatever another role may change', async () => {
  await rolesOf('brings', 'changes')
  const csv = `id,name\n${small},brought\n${mine},brought\n`
  const headers = { 'content-type': 'text/csv' }
  const job = String(ok(await world.call('rep@acme', 'POST', '/api/desk/tickets/import?mode=upsert&key=id', { body: csv, headers }))['id'])
  let result: Json = {}
  await expect
    .poll(async () => (result = (ok(await call('rep@acme', 'GET', `jobs/${job}`))['result'] ?? {}) as Json)['updated'], { timeout: 20_000 })
    .toBe(1)
  expect(result).toMatchObject({ updated: 1, failed: 1, faults: [{ row: 2, detail: 'Your role may not import this record.' }] })
  expect(ok(await call('admin@acme', 'GET', `desk/tickets/${small}`))['name']).toBe('small')
  ok(await call('admin@acme', 'PATCH', `desk/tickets/${mine}`, { name: 'mine' }))
})
