import { expect, test } from 'vitest'
import { openWorldWith } from '../testing/dropped-in.ts'
import { ok, type Person } from '../testing/world.ts'

/** A record by itself names what its reader may do with other records of its kind, and not with this one. */
const world = await openWorldWith('rights', {
  'module.json': { title: 'Rights', roles: ['reader', 'owner'].map((name) => ({ id: `rights.${name}`, title: name })) },
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
        'rights.reader': { scope: 'all', read: true, share: true, delete: 'self.open' },
        'rights.owner': { scope: 'own', read: true, update: true },
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

test('is not told in lists, nor with chosen fields; sent back, it means nothing', async () => {
  const id = await make(rep, true)
  const [listed] = (await send('rep@acme', 'GET', `?id=${id}`))['data'] as object[]
  expect(listed).not.toHaveProperty('_denied')
  expect(await send('rep@acme', 'GET', `/${await make(admin, false)}?fields=name`)).not.toHaveProperty('_denied')
  const whole = await send('rep@acme', 'GET', `/${id}`)
  expect(whole).not.toHaveProperty('_denied')
  // Given away, it says so at once.
  const given = await send('rep@acme', 'PATCH', `/${id}`, { owner: admin })
  expect(given['_denied']).toEqual(['update'])
  expect(await send('admin@acme', 'PATCH', `/${id}`, { ...given, name: 'Back' })).toMatchObject({ name: 'Back' })
})
