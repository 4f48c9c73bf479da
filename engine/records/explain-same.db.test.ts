import { beforeAll, expect, test } from 'vitest'
import { openWorldWith } from '../testing/dropped-in.ts'
import { Random } from '../testing/random.ts'
import { permModule, randomRole, stepNames } from '../testing/same-set.ts'
import { ok, type Reply } from '../testing/world.ts'
import type { Explanation } from './explain.ts'

/**
 * What an explanation says is what happens: random roles, together as one person may have them, on random records; each action is asked
 * about, by the person and by somebody who may look as them, and then done. SAME_SET_SEED makes other worlds.
 */
const seed = Number(process.env['SAME_SET_SEED'] ?? 20261123)
const by = new Random(seed)
const writes = ['delete', 'restore', 'share'] as const
const roles = Array.from({ length: 16 }, (_, i) => randomRole(`perm.r${i}`, by))
const files = Object.fromEntries(
  Object.entries(permModule(roles)).map(([name, file]) => {
    if (name !== 'entities/item.json') return [name, file]
    const entity = structuredClone(file) as {
      properties: Record<string, object>
      'x-bos': { permissions: Record<string, Record<string, unknown>> }
    }
    entity.properties['state'] = {
      title: 'State',
      enum: ['open', 'held', 'done'],
      'x-bos': {
        lifecycle: {
          states: { done: { frozen: true, except: ['rank'] }, held: { required: ['code'] } },
          transitions: {
            hold: { from: ['open'], to: 'held' },
            finish: { from: ['open', 'held'], to: 'done', guard: 'self.rank > 3', roles: roles.slice(0, 8).map(({ id }) => id) },
            reopen: { to: 'open', set: { code: "'again'" } },
          },
        },
      },
    }
    entity.properties['fixed'] = { type: 'string', title: 'Fixed', maxLength: 9, 'x-bos': { readOnlyWhen: 'self.rank > 5' } }
    for (const permission of Object.values(entity['x-bos'].permissions)) {
      for (const action of by.some(writes, 0.5)) permission[action] = true
      const readOnly = by.some(['rank', 'code', 'fixed'], 0.3)
      if (readOnly.length > 0) permission['readOnly'] = readOnly
    }
    return [name, entity]
  }),
)
const world = await openWorldWith('perm', files)
type Json = Record<string, unknown>
const { rep = '', manager = '', admin = '' } = world.acme.members
const asAdmin = async (method: string, path: string, body?: unknown): Promise<Json> =>
  ok(await world.call('admin@acme', method, `/api/${path}`, body === undefined ? {} : { body }))
const asRep = (method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call('rep@acme', method, `/api/perm/items${path.startsWith('?') ? '' : '/'}${path}`, body === undefined ? {} : { body })

/** A record of every kind that roles tell apart. */
async function makeItem(): Promise<{ id: string; deleted: boolean }> {
  const item = await asAdmin('POST', 'perm/items', {
    name: 'item',
    code: by.chance(0.3) ? null : 'c',
    rank: by.chance(0.2) ? null : by.below(9),
    owner: by.pick([rep, rep, manager, admin]),
  })
  const id = String(item['id'])
  if (by.chance(0.3)) await asAdmin('POST', `perm/items/${id}/share`, { member: rep, access: by.pick(['read', 'update'] as const) })
  if (by.chance(0.3)) await world.call('admin@acme', 'POST', `/api/perm/items/${id}/finish`, { body: {} })
  const deleted = by.chance(0.2) && (await world.call('admin@acme', 'DELETE', `/api/perm/items/${id}`)).status === 200
  return { id, deleted }
}

/** Does it, for real. */
const done: Readonly<Record<string, (id: string) => Promise<boolean>>> = {
  list: async (id) => ((await asRep('GET', `?id=${id}`)).body as { data?: unknown[] }).data?.length === 1,
  get: async (id) => (await asRep('GET', id)).status === 200,
  history: async (id) => (await asRep('GET', `${id}/history`)).status === 200,
  export: async (id) => (await asRep('GET', `export?format=jsonl&id=${id}`)).text.includes(id),
  update: async (id) => (await asRep('PATCH', id, {})).status === 200,
  share: async (id) => (await asRep('POST', `${id}/share`, { member: manager, access: 'read' })).status === 200,
  hold: async (id) => (await asRep('POST', `${id}/hold`, {})).status === 200,
  finish: async (id) => (await asRep('POST', `${id}/finish`, {})).status === 200,
  reopen: async (id) => (await asRep('POST', `${id}/reopen`, {})).status === 200,
  restore: async (id) => (await asRep('POST', `${id}/restore`)).status === 200,
  delete: async (id) => (await asRep('DELETE', id)).status === 200,
}

beforeAll(() => expect(world.app.faults).toEqual([]))

test.each(Array.from({ length: 12 }, (_, i) => [i]))('what is explained is what happens (%i)', { timeout: 60_000 }, async () => {
  const mine = by.some(roles, 0.12)
  await asAdmin('PUT', `access/${rep}`, { email: 'rep@acme.test', roles: ['core.user', ...mine.map(({ id }) => id)] })
  for (let n = 0; n < 6; n++) {
    const { id, deleted } = await makeItem()
    for (const [action, run] of Object.entries(done)) {
      const [own, told] = await Promise.all([
        asRep('GET', `${id}/explain?action=${action}`),
        world.call('admin@acme', 'GET', `/api/perm/items/${id}/explain?action=${action}&as=${rep}`),
      ])
      // What is deleted meanwhile is still there for who may restore it.
      expect([action, told.status], told.text).toEqual([action, 200])
      if (action === 'update') {
        const { field } = (await world.call('admin@acme', 'GET', `/api/perm/items/${id}/explain?field=fixed&as=${rep}`)).body as Explanation
        expect([id, (await asRep('PATCH', id, { fixed: String(by.below(1e6)) })).status === 200]).toEqual([id, field!.editable])
      }
      const happened = await run(id)
      expect([action, deleted, (told.body as Explanation).allowed], told.text).toEqual([action, deleted, happened])
      // Of a state that nobody shows them they cannot ask.
      if (own.status === 400) expect(stepNames).toContain(action)
      else if (own.status === 200) expect([action, (own.body as Explanation).allowed], own.text).toEqual([action, happened])
      // Nothing can be done with what is not there for them.
      else expect([action, own.status, happened]).toEqual([action, own.status === 403 ? 403 : 404, false])
    }
  }
})
