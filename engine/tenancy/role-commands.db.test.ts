import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { bos } from '../cli.ts'
import { readConfig } from '../config.ts'
import { ok, openWorld } from '../testing/world.ts'

const world = await openWorld()
const { app, sql } = world
const folder = await mkdtemp(join(tmpdir(), 'businessos-roles-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

async function run(...args: string[]): Promise<{ code: number; out: string }> {
  const lines: string[] = []
  const code = await bos(['roles', ...args], {
    out: (line) => {
      lines.push(line)
    },
    modulesDir: '',
    config: () => readConfig({}, '/'),
    open: () => Promise.resolve({ ...app, withOwner: app.database.withOwner, close: () => Promise.resolve() }),
  })
  return { code, out: lines.join('\n') }
}
async function file(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}
const deals = async (): Promise<number> => (ok(await world.call('rep@acme', 'GET', '/api/crm/deals?limit=500'))['data'] as unknown[]).length

it.each([
  [[]],
  [['list']],
  [['lost', 'acme']],
  [['define', 'acme', 'tenant.intern']],
  [['permit', 'acme', 'crm.rep', 'crm.deal']],
  [['list', 'acme', '--nonsense']],
])('says how it is used: %j', async (args) => {
  const { code, out } = await run(...args)
  expect([code, out.startsWith('bos roles list <tenant> | show')]).toEqual([2, true])
})

it('refuses what the API refuses, in words', async () => {
  expect(await run('list', 'nowhere')).toEqual({ code: 1, out: 'There is no tenant "nowhere".' })
  expect((await run('show', 'acme', 'crm.rap')).out).toBe('There is no role "crm.rap". Did you mean "crm.rep"?')
  const wrong = await file('wrong.json', '{"scope": "al", "read": true}')
  expect(await run('permit', 'acme', 'crm.rep', 'crm.deal', wrong)).toEqual({
    code: 1,
    out: 'The request has invalid values\n  /scope there is no scope "al". Did you mean "all"?',
  })
  expect((await run('permit', 'acme', 'crm.rep', 'crm.deal', await file('broken.json', '{'))).out).toMatch(/is not valid JSON/)
  expect((await run('permit', 'acme', 'crm.rep', 'crm.deal', join(folder, 'none.json'))).out).toMatch(/cannot be read/)
  expect((await run('permit', 'acme', 'core.admin', 'crm.deal', wrong)).code).toBe(1)
  expect(await sql('select * from bos.role')).toEqual([])
})

it('previews, says and takes back what a role may do', async () => {
  const before = await deals()
  const all = await file('all.json', '{"scope": "all", "read": true}')
  const preview = await run('permit', 'acme', 'crm.rep', 'crm.deal', all, '--preview')
  expect(preview.code).toBe(0)
  expect(preview.out).toMatch(/^crm\.rep: 1 person has it\n.+\n {2}crm\.deal\n/)
  expect(preview.out).toMatch(/\n {4}may -create -update -export -import -share\n {4}fields \+margin\n/)
  const gained = Number(/\n {4}list: \+(\d+) -0 records/.exec(preview.out)?.[1])
  expect(await deals()).toBe(before)
  expect((await run('permit', 'acme', 'crm.rep', 'crm.deal', all)).out).toMatch(/crm\.deal: \{"scope":"all","read":true\} \(the tenant\)/)
  expect(await deals()).toBe(before + gained)
  expect((await run('list', 'acme')).out).toMatch(/^crm\.rep {2}.*, 1 person, says its own of crm\.deal$/m)
  expect((await run('reset', 'acme', 'crm.rep', 'crm.deals')).code).toBe(0)
  expect(await deals()).toBe(before)
  expect((await run('define', 'acme', 'tenant.intern', 'Intern')).out).toBe('tenant.intern  Intern, 0 people')
  expect((await run('reset', 'acme', 'tenant.intern')).out).toBe('tenant.intern is gone')
  const [event] = await sql<{ actor: string | null; via: string }>(`select actor, via from bos.event where entity = 'bos.role' limit 1`)
  expect(event).toEqual({ actor: null, via: 'system' })
})
