import { beforeAll, expect, test } from 'vitest'
import { openWorldWith, type ModuleFiles } from '../testing/dropped-in.ts'
import { ok, type Reply } from '../testing/world.ts'

/** Requests that are under way while somebody says, again and again, what their role may do. */
const files: ModuleFiles = {
  'module.json': { title: 'Tide', roles: [{ id: 'tide.reader', title: 'Reader' }] },
  'entities/wave.json': {
    title: 'Wave',
    type: 'object',
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      half: { type: 'integer', title: 'Half' },
      secret: { type: 'string', title: 'Secret', maxLength: 80 },
      parent: { title: 'Parent', 'x-bos': { type: 'reference', entity: 'tide.wave', inverse: 'children' } },
    },
    'x-bos': { plural: 'waves', titleField: 'name', permissions: {} },
  },
}
const world = await openWorldWith('tide', files)
const waves = '/api/tide/waves'
/** Everything but the secrets; or half of it, with them. */
const rights = {
  wide: { scope: 'all', read: true, update: true, export: true, hide: ['secret'] },
  deep: { scope: 'all', read: 'self.half == 1', update: true, export: true },
}
const say = async (which: keyof typeof rights): Promise<void> =>
  void ok(await world.call('admin@acme', 'PUT', '/api/access/roles/tide.reader/permissions/tide/waves', { body: rights[which] }))
let [near, far] = ['', '']

beforeAll(async () => {
  const { rep = '' } = world.acme.members
  ok(await world.call('admin@acme', 'PUT', `/api/access/${rep}`, { body: { email: 'rep@acme.test', roles: ['core.user', 'tide.reader'] } }))
  await say('wide')
  const create = async (body: object): Promise<string> => String(ok(await world.call('admin@acme', 'POST', waves, { body }))['id'])
  near = await create({ name: 'near', half: 1, secret: 'close' })
  far = await create({ name: 'far', half: 2, secret: 'deep', parent: near })
})

/** What an answer may be under either; anything else is of both, or of neither. */
const asked: readonly [what: string, ask: () => Promise<Reply>, answers: Record<keyof typeof rights, (reply: Reply) => unknown>][] = [
  [
    'a list',
    () => world.call('rep@acme', 'GET', `${waves}?sort=half&expand=children`),
    {
      wide: ({ status, text }) => [status, text.includes('"far"'), text.includes('secret')],
      deep: ({ status, text }) => [status, !text.includes('far'), !text.includes('"secret":"close"')],
    },
  ],
  [
    'an export',
    () => world.call('rep@acme', 'GET', `${waves}/export?format=csv`),
    {
      wide: ({ status, text }) => [status, text.includes('far'), /close|Secret/.test(text)],
      deep: ({ status, text }) => [status, !text.includes('far'), !/close/.test(text)],
    },
  ],
  [
    'a filter by the secret',
    () => world.call('rep@acme', 'GET', `${waves}?filter=${encodeURIComponent("self.secret == 'close' || self.half > 0")}`),
    {
      // There is no such field.
      wide: ({ status, text }) => [status === 400 ? 200 : status, status === 400, text.includes('near')],
      deep: ({ status, text }) => [status, !text.includes('far'), !text.includes('close')],
    },
  ],
  [
    'a record out of reach of one of them',
    () => world.call('rep@acme', 'GET', `${waves}/${far}`),
    {
      wide: ({ status, text }) => [status, text.includes('far'), text.includes('secret')],
      deep: ({ status }) => [status === 404 ? 200 : status, status === 404, false],
    },
  ],
  [
    'a change of the secret',
    () => world.call('rep@acme', 'PATCH', `${waves}/${near}`, { body: { secret: 'close' } }),
    {
      wide: ({ status, text }) => [status === 422 || status === 400 ? 200 : status, !text.includes('"near"'), false],
      deep: ({ status, text }) => [status, text.includes('"secret":"close"'), false],
    },
  ],
]

test('never fail, and never answer under rights of which nobody said that they go together', async () => {
  const edits = { left: 24 }
  const editing = (async () => {
    for (; edits.left > 0; edits.left--) await say(edits.left % 2 === 0 ? 'deep' : 'wide')
  })()
  const counts = { wide: 0, deep: 0 }
  const reading = asked.map(async ([what, ask, answers]) => {
    while (edits.left > 0) {
      const reply = await ask()
      const fits = (['wide', 'deep'] as const).filter((each) => JSON.stringify(answers[each](reply)) === '[200,true,false]')
      expect([what, reply.status, reply.text, fits.length > 0]).toEqual([what, reply.status, reply.text, true])
      for (const each of fits) counts[each]++
    }
  })
  await Promise.all([editing, ...reading])
  // Both were in force while something was asked.
  expect(Math.min(counts.wide, counts.deep)).toBeGreaterThan(0)
})
