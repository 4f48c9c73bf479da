import { expect, test } from 'vitest'
import { openWorldWith } from '../testing/dropped-in.ts'
import { ok, type Person } from '../testing/world.ts'

/** A record by itself names what its reader may do with other records of its kind, and not with this one. */
const world = await openWorldWith('rights', {
  'module.json': { title: 'Rights', roles: ['reader', 'owner', 'guest'].map((name) => ({ id: `rights.${name}`, title: name })) },
  'entities/item.json': {
    title: 'Item',
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string', title: 'Name', maxLength: 80 }, open: { type: 'boolean', title: 'Open' } },
    'x-bos': {
      use: ['core.owned', 'core.shareable'],
      plural: 'items',
      titleField: 'name',
      permissions: {
        'rights.guest': { scope: 'shared', read: true, update: true },
        'rights.reader': { scope: 'all', read: true, share: true, delete: 'self.open' },
        'rights.owner': { scope: 'own', read: true, update: true, create: true },
      },
    },
  },
})
const { rep = '', admin = '' } = world.acme.members
const address = '/api/rights/items'
const send = async (as: Person, method: string, path = '', body?: object): Promise<Record<string, unknown>> =>
  ok(await world.call(as, method, `${address}${path}`, body ? { body } : {}))
ok(
  await world.call('admin@acme', 'PUT', `/api/access/${rep}`, {
    body: { email: 'rep@acme.test', roles: ['core.user', 'rights.reader', 'rights.owner'] },
  }),
)
const make = async (owner: string, open: boolean): Promise<string> =>
  String((await send('admin@acme', 'POST', '', { name: 'item', owner, open }))['id'])

test('is asked of each record by itself, and what every record allows is not mentioned', async () => {
  const [mine, theirs, open] = [await make(rep, false), await make(admin, false), await make(admin, true)]
  const denied = async (as: Person, id: string): Promise<unknown> => (await send(as, 'GET', `/${id}`))['_denied']
  expect(await denied('rep@acme', mine)).toEqual(['delete'])
  expect(await denied('rep@acme', theirs)).toEqual(['update', 'delete'])
  expect(await denied('rep@acme', open)).toEqual(['update'])
  expect(await denied('admin@acme', theirs)).toBe(undefined)
  for (const [id, refused] of [
    [mine, 'delete'],
    [theirs, 'update'],
    [open, 'update'],
  ] as const) {
    const reply = await world.call('rep@acme', refused === 'delete' ? 'DELETE' : 'PATCH', `${address}/${id}`, {
      ...(refused === 'update' && { body: { name: 'x' } }),
    })
    expect(reply.status).toBe(403)
  }
})

test('is told in lists too, but not in files, nor with chosen fields; sent back, it means nothing', async () => {
  const id = await make(rep, true)
  const closed = await make(admin, false)
  const listed = (await send('rep@acme', 'GET', `?id.in=${id},${closed}&sort=open`))['data'] as Record<string, unknown>[]
  expect(listed.map((each) => [each['id'], each['_denied']])).toEqual([
    [closed, ['update', 'delete']],
    [id, undefined],
  ])
  ok(
    await world.call('admin@acme', 'PUT', '/api/access/roles/rights.reader/permissions/rights/items', {
      body: { scope: 'all', read: true, export: true },
    }),
  )
  expect((await world.call('rep@acme', 'GET', `${address}/export?format=jsonl`)).text).not.toContain('_denied')
  ok(await world.call('admin@acme', 'DELETE', '/api/access/roles/rights.reader/permissions/rights/items'))
  expect(await send('rep@acme', 'GET', `/${await make(admin, false)}?fields=name`)).not.toHaveProperty('_denied')
  const whole = await send('rep@acme', 'GET', `/${id}`)
  expect(whole).not.toHaveProperty('_denied')
  // Given away, it says so at once.
  const given = await send('rep@acme', 'PATCH', `/${id}`, { owner: admin })
  expect(given['_denied']).toEqual(['update'])
  expect(await send('admin@acme', 'PATCH', `/${id}`, { ...given, name: 'Back' })).toMatchObject({ name: 'Back' })
})

test('what is shared does not become one’s own, and who may not give a right does not take it away', async () => {
  const { manager = '' } = world.acme.members
  const be = async (member: string, email: string, ...roles: string[]): Promise<void> =>
    void ok(await world.call('admin@acme', 'PUT', `/api/access/${member}`, { body: { email, roles: ['core.user', ...roles] } }))
  await be(manager, 'manager@acme.test', 'rights.guest', 'rights.owner')
  const id = await make(admin, false)
  await send('admin@acme', 'POST', `/${id}/share`, { member: manager, access: 'update' })
  const taking = await world.call('manager@acme', 'PATCH', `${address}/${id}`, { body: { owner: manager } })
  expect([taking.status, taking.body]).toMatchObject([
    422,
    { errors: [{ pointer: '/owner', detail: 'Your role may not change this here.' }] },
  ])
  const { field } = await send('manager@acme', 'GET', `/${id}/explain?action=update&field=owner`)
  const { editable, because } = field as { editable: boolean; because: { about: string; detail: string }[] }
  expect([editable, because.filter(({ about }) => about === 'editable').map(({ detail }) => detail)]).toEqual([
    false,
    ['To change Owner here would give more than the role does.'],
  ])
  expect(await send('manager@acme', 'PATCH', `/${id}`, { name: 'Shared', owner: admin })).toMatchObject({ name: 'Shared', owner: admin })
  const own = String((await send('manager@acme', 'POST', '', { name: 'own' }))['id'])
  await send('manager@acme', 'PATCH', `/${own}`, { owner: rep })
  expect(await send('admin@acme', 'GET', `/${own}`)).toMatchObject({ owner: rep })
  // The rep reads and shares all, and updates their own.
  for (const [method, body] of [
    ['POST', { member: manager, access: 'read' }],
    ['DELETE', { member: manager }],
  ] as const)
    expect((await world.call('rep@acme', method, `${address}/${id}/share`, { body })).status).toBe(422)
  await send('rep@acme', 'POST', `/${own}/share`, { member: manager, access: 'update' })
  await send('rep@acme', 'PATCH', `/${own}`, { owner: admin })
  await send('rep@acme', 'DELETE', `/${own}/share`, { member: manager })
})

test('where nothing grants it, that alone is why', async () => {
  const id = await make(admin, false)
  const { refused } = await send('rep@acme', 'GET', `/${id}/explain?action=update`)
  expect((refused as { role?: string }[]).map(({ role }) => role)).toEqual(['rights.owner', 'rights.reader'])
})
