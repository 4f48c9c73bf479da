import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openWorldWith, type ModuleFiles } from '../testing/dropped-in.ts'
import { ok } from '../testing/world.ts'

/** Files that are still on their way when rights change. */
const files: ModuleFiles = {
  'module.json': { title: 'Mill', roles: ['reader', 'other'].map((id) => ({ id: `mill.${id}`, title: id })) },
  'entities/sack.json': {
    title: 'Sack',
    type: 'object',
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      half: { type: 'integer', title: 'Half' },
      note: { title: 'Note', 'x-bos': { type: 'longText' } },
    },
    'x-bos': {
      plural: 'sacks',
      titleField: 'name',
      permissions: { 'mill.reader': { scope: 'all', read: true, export: true }, 'mill.other': { scope: 'all', read: true } },
    },
  },
}
const world = await openWorldWith('mill', files)
const { rep = '' } = world.acme.members
const count = 1_500
const permission = (role: string): string => `/api/access/roles/mill.${role}/permissions/mill/sacks`
const say = async (role: string, body: object): Promise<void> =>
  void ok(await world.call('admin@acme', 'PUT', permission(role), { body: { scope: 'all', read: true, export: true, ...body } }))

beforeAll(async () => {
  const body = { email: 'rep@acme.test', roles: ['core.user', 'mill.reader'] }
  ok(await world.call('admin@acme', 'PUT', `/api/access/${rep}`, { body }))
  for (let from = 0; from < count; from += 500) {
    const operations = Array.from({ length: 500 }, (_, i) => ({
      op: 'create',
      data: { name: `n${from + i}.`, half: from + i < count / 2 ? 1 : 2 },
    }))
    ok(await world.call('admin@acme', 'POST', '/api/mill/sacks/bulk', { body: { operations } }))
  }
  // More than any socket takes in before somebody reads.
  await world.sql("update mill.sack set note = repeat('x', 30000)")
})
beforeEach(async () => {
  for (const role of ['reader', 'other']) await world.call('admin@acme', 'DELETE', permission(role))
})

/** The file as it comes to somebody who reads on only once `meanwhile` is done. Rejects where the line is cut. */
async function exported(format: string, meanwhile: () => Promise<void>): Promise<{ status: number; names: readonly number[] }> {
  const token = await world.token('rep@acme')
  const response = await fetch(`${world.url}/api/mill/sacks/export?format=${format}&sort=half`, {
    headers: { authorization: `Bearer ${token}` },
  })
  await meanwhile()
  const text = await response.text()
  const names =
    format === 'csv'
      ? [...text.matchAll(/\bn(\d+)\./g)].map(([, n]) => Number(n))
      : text.split('\n', count).flatMap((line) => (line ? [Number.parseInt((JSON.parse(line) as { name: string }).name.slice(1))] : []))
  return { status: response.status, names }
}
const all = Array.from({ length: count }, (_, i) => i)

describe.each(['csv', 'jsonl'])('while %s is exported', (format) => {
  test('who may see less in the middle is given no more than that from there on', async () => {
    const { status, names } = await exported(format, () => say('reader', { read: 'self.half == 1' }))
    expect(status).toBe(200)
    const [first, second] = [names.filter((n) => n < count / 2), names.filter((n) => n >= count / 2)]
    expect([...first].sort((a, b) => a - b)).toEqual(all.slice(0, count / 2))
    expect(second).toEqual([])
  })

  test('and where a column comes to be hidden, or nothing may be exported any more, the line is cut: a part is not taken for the whole', async () => {
    await expect(exported(format, () => say('reader', { hide: ['note'] }))).rejects.toThrow('terminated')
    ok(await world.call('admin@acme', 'DELETE', permission('reader')))
    await expect(exported(format, () => say('reader', { export: false }))).rejects.toThrow('terminated')
  })

  test('what is said of other roles changes nothing', async () => {
    const { status, names } = await exported(format, () => say('other', { hide: ['note'] }))
    expect([status, [...names].sort((a, b) => a - b)]).toEqual([200, all])
  })
})
