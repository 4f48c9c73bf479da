import { beforeAll, describe, expect, test } from 'vitest'
import { accessFor, contextOf } from './access.ts'
import { openWorldWith, type ModuleFiles } from '../testing/dropped-in.ts'
import { ok, type Reply } from '../testing/world.ts'
import { text } from '../testing/properties.ts'

/** Scopes that a module declares by an expression: every door shows exactly their rows, and so does psql with the actor's settings. */
const scopes: Readonly<Record<string, string>> = {
  open: "self.stage == 'open'",
  mates: 'self.team == user.team',
  mine: 'self.assignee == user || self.owner == user',
  spoken: 'self.language in user.languages && user.active',
  quoted: `self.name == "it's $1 \\\\ \\"x\\" ; drop table" || self.name == 'number 3'`,
  worth: "self.value.amount >= 12.5 && self.value.currency == 'EUR' && self.day < '2026-06-06'",
}
const files: ModuleFiles = {
  'module.json': { title: 'Vault', roles: Object.keys(scopes).map((id) => ({ id: `vault.${id}`, title: id })) },
  'entities/file.json': {
    title: 'File',
    type: 'object',
    required: ['name'],
    properties: {
      name: text('Name'),
      stage: { title: 'Stage', enum: ['open', 'shut'] },
      team: { title: 'Team', 'x-bos': { type: 'reference', entity: 'core.team', onDelete: 'setNull' } },
      owner: { title: 'Owner', 'x-bos': { type: 'reference', entity: 'core.member', onDelete: 'setNull' } },
      assignee: { title: 'Assignee', 'x-bos': { type: 'reference', entity: 'core.member', onDelete: 'setNull' } },
      language: text('Language'),
      value: { title: 'Value', 'x-bos': { type: 'money' } },
      day: { type: 'string', format: 'date', title: 'Day' },
      lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: 'vault.file_line' } },
    },
    'x-bos': {
      plural: 'files',
      titleField: 'name',
      search: ['name'],
      scopes: Object.entries(scopes).map(([id, where]) => ({ id, title: id, where })),
      permissions: Object.fromEntries(
        Object.keys(scopes).map((id) => [`vault.${id}`, { scope: id, read: true, export: true, update: true }]),
      ),
    },
  },
  'entities/file_line.json': {
    title: 'File line',
    type: 'object',
    properties: { label: text('Label') },
    'x-bos': { kind: 'line', plural: 'file_lines' },
  },
}
const world = await openWorldWith('vault', files)
type Json = Record<string, unknown>
const { rep = '', manager = '', admin = '' } = world.acme.members
const call = (as: 'admin@acme' | 'rep@acme', method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call(as, method, `/api/${path}`, body === undefined ? {} : { body })
const byAdmin = async (method: string, path: string, body?: unknown): Promise<Json> => ok(await call('admin@acme', method, path, body))
const rows = (answer: Json): Json[] => answer['data'] as Json[]
const ids = (from: readonly Json[]): string[] => from.map(({ id }) => String(id)).sort()

let all: Json[] = []
let me: Json = {}
beforeAll(async () => {
  await byAdmin('PATCH', `core/members/${rep}`, { languages: ['de', "it's", 'null'] })
  me = await byAdmin('GET', `core/members/${rep}`)
  const other = await byAdmin('POST', 'core/teams', { name: 'Others' })
  for (let i = 0; i < 24; i++)
    await byAdmin('POST', 'vault/files', {
      name: i === 5 ? `it's $1 \\ "x" ; drop table` : `number ${i}`,
      stage: [null, 'open', 'shut'][i % 3],
      team: [null, me['team'], other['id']][(i >> 1) % 3],
      owner: [rep, manager, admin][(i >> 2) % 3],
      assignee: [rep, null, manager][(i >> 3) % 3],
      language: ['de', null, 'en', "it's"][i % 4],
      value: i % 5 === 0 ? null : { amount: String(i), currency: i % 2 === 0 ? 'EUR' : 'USD' },
      day: i % 7 === 0 ? null : `2026-06-0${(i % 9) + 1}`,
      lines: [{ label: `line ${i}` }],
    })
  all = rows(await byAdmin('GET', 'vault/files?limit=500'))
})
const amount = (file: Json): { amount: string; currency: string } =>
  (file['value'] as { amount: string; currency: string } | null) ?? { amount: '0', currency: '' }
const model: Readonly<Record<string, (file: Json) => boolean>> = {
  open: ({ stage }) => stage === 'open',
  mates: ({ team }) => team !== null && team === me['team'],
  mine: ({ owner, assignee }) => owner === rep || assignee === rep,
  spoken: ({ language }) => typeof language === 'string' && ['de', "it's", 'null'].includes(language),
  quoted: ({ name }) => name === `it's $1 \\ "x" ; drop table` || name === 'number 3',
  worth: (file) =>
    Number(amount(file).amount) >= 12.5 &&
    amount(file).currency === 'EUR' &&
    file['day'] !== null &&
    (file['day'] as string) < '2026-06-06',
}
const actor = async () => {
  const [row] = await world.sql<{ generation: string }>('select generation from bos.tenant where id = $1', [world.acme.id])
  const generation = Number(row!.generation)
  return {
    tenant: world.acme.id,
    tenantSlug: 'acme',
    member: rep,
    session: null,
    roles: [],
    generation,
    timeZone: 'UTC',
    tenantName: 'Acme',
    locale: 'en',
    currency: 'EUR',
  }
}

const pairs = Object.keys(scopes).flatMap((one, i) =>
  Object.keys(scopes)
    .slice(i)
    .map((other) => [one, other] as const),
)
describe('as rep with the scopes', () => {
  // Who cannot read people, and who can, get the same: a scope knows who asks without their roles.
  test.each(pairs.map(([one, other], i) => [one, other, i % 2 === 0 ? ['core.user'] : []] as const))(
    '%s and %s',
    async (one, other, more) => {
      const given = [...new Set([...more, `vault.${one}`, `vault.${other}`])]
      await byAdmin('PUT', `access/${rep}`, { email: 'rep@acme.test', roles: given })
      const expected = ids(all.filter((file) => model[one]!(file) || model[other]!(file)))
      expect(expected.length).toBeGreaterThan(0)
      expect(expected.length).toBeLessThan(24)
      const get = async (path: string): Promise<Json> => ok(await call('rep@acme', 'GET', `vault/${path}`))
      expect(ids(rows(await get('files?limit=500')))).toEqual(expected)
      expect(rows(await get('files/aggregate?measure=count'))[0]!['count']).toBe(expected.length)
      expect(rows(await get('file_lines?limit=500')).length).toBe(expected.length)
      const exported = (await call('rep@acme', 'GET', 'vault/files/export?format=jsonl')).text.trim().split('\n')
      expect(ids(exported.map((line) => JSON.parse(line) as Json))).toEqual(expected)
      const found = await Promise.all(
        all.map(async ({ id }) => ((await call('rep@acme', 'GET', `vault/files/${String(id)}`)).status === 200 ? [{ id }] : [])),
      )
      expect(ids(found.flat())).toEqual(expected)
      const who = await actor()
      const access = accessFor(await world.app.catalogues.current(who), given)
      expect(access.scopes.filter((each) => each.startsWith('vault.'))).toEqual([...new Set([one, other])].map((id) => `vault.file:${id}`))
      const [seen, lines] = await world.app.database.read(
        contextOf(who, access),
        { text: 'select id from vault.file' },
        { text: 'select id from vault.file_line' },
      )
      expect(ids(seen!.rows)).toEqual(expected)
      expect(lines!.rows.length).toBe(expected.length)
    },
  )
})

test('what a scope says is explained, written to as far as it goes, and another tenant sees nothing of it', async () => {
  await byAdmin('PUT', `access/${rep}`, { email: 'rep@acme.test', roles: ['vault.open'] })
  const [open, shut] = [true, false].map((is) => String(all.find((file) => model['open']!(file) === is)!['id']))
  const why = ok(await call('rep@acme', 'GET', `vault/files/${open}/explain?action=update`)) as {
    allowed: boolean
    because: { detail: string }[]
  }
  expect([why.allowed, why.because.length]).toEqual([true, 1])
  expect((await call('rep@acme', 'PATCH', `vault/files/${shut}`, { name: 'x' })).status).toBe(404)
  expect((await call('rep@acme', 'GET', `vault/files/${shut}/history`)).status).not.toBe(200)
  // Out of their own reach: a 200 with nothing but the id.
  const away = ok(await call('rep@acme', 'PATCH', `vault/files/${open}`, { stage: 'shut' }))
  expect(away).not.toHaveProperty('name')
  expect((await call('rep@acme', 'GET', `vault/files/${open}`)).status).toBe(404)
  expect(rows(ok(await world.call('admin@globex', 'GET', '/api/vault/files')))).toEqual([])
})
