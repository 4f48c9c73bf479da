import { expect, it } from 'vitest'
import { bos } from '../cli.ts'
import { readConfig } from '../config.ts'
import { openWorld, type Reply } from '../testing/world.ts'
import type { Installation } from './installation.ts'

const world = await openWorld()
const { app, call } = world
const installation: Installation = {
  tenants: app.tenants,
  database: app.database,
  records: app.records,
  roles: app.roles,
  derived: app.derived,
  withOwner: app.database.withOwner,
  close: () => Promise.resolve(),
}

async function run(...args: string[]): Promise<{ code: number; out: string }> {
  const lines: string[] = []
  const config = () => readConfig({}, '/')
  const code = await bos(args, {
    out: (line) => {
      lines.push(line)
    },
    modulesDir: '',
    config,
    open: () => Promise.resolve(installation),
  })
  return { code, out: lines.join('\n') }
}
const login = (email: string, password: string): Promise<Reply> => call(null, 'POST', '/api/auth/login', { body: { email, password } })
const lastWord = (text: string): string => text.trim().split(/\s/).at(-1) ?? ''

it.each([
  ['tenant'],
  ['tenant', 'create'],
  ['tenant', 'create', '--nonsense'],
  ['demo'],
  ['demo', 'on'],
  ['password'],
  ['db'],
  ['db', 'init'],
  ['explain'],
  ['explain', 'acme', 'crm.deal', 'x'],
])('bos %s %s: says how it is used and does nothing', async (...args) => {
  const { code, out } = await run(...args)
  expect([code, out]).toEqual([2, expect.stringMatching(/^bos (tenant|demo|password|db|explain) /)])
})

it('bos tenant create prints every fault, by option', async () => {
  const { code, out } = await run('tenant', 'create', 'Big Corp', '--modules', 'crmm', '--admin-email', 'nobody', '--time-zone', 'Mars')
  expect(code).toBe(1)
  for (const option of ['<slug>', '--admin-name', '--admin-email', '--time-zone', 'Did you mean "crm"?']) expect(out).toContain(option)
})

it('bos tenant create makes one that its administrator can sign in to, and bos tenant list shows it', async () => {
  const { code, out } = await run(
    'tenant',
    'create',
    'hooli',
    '--name',
    'Hooli',
    '--admin-name',
    'Gavin',
    '--admin-email',
    'gavin@hooli.test',
    '--modules',
    'crm',
  )
  expect(code).toBe(0)
  expect((await login('gavin@hooli.test', lastWord(out))).status).toBe(200)
  expect((await run('tenant', 'list')).out).toMatch(/^hooli +Hooli, 1 person, core crm$/m)
  expect(await run('tenant', 'enable', 'hooli', 'inventry')).toEqual({
    code: 1,
    out: expect.stringContaining('Did you mean "inventory"?') as string,
  })
  expect(await run('tenant', 'enable', 'hooli', 'inventory')).toEqual({ code: 0, out: 'hooli has core, crm, inventory' })
  expect((await run('tenant', 'create', 'hooli', '--admin-name', 'Gavin', '--admin-email', 'gavin@hooli.test')).code).toBe(1)
})

it('bos password ends the sessions and sets a new password', async () => {
  expect((await run('password', 'nobody@hooli.test')).code).toBe(1)
  expect((await call('rep@globex', 'GET', '/api/me')).status).toBe(200)
  const { out } = await run('password', 'rep@globex.test')
  expect((await call('rep@globex', 'GET', '/api/me')).status).toBe(401)
  expect((await login('rep@globex.test', lastWord(out))).status).toBe(200)
})

it('bos demo off ends demo mode for ever', async () => {
  expect((await call('admin@acme', 'GET', '/api/me')).status).toBe(200)
  const { code, out } = await run('demo', 'off')
  expect([code, out]).toEqual([0, expect.stringContaining('admin@acme.test')])
  expect((await call('admin@acme', 'GET', '/api/me')).status).toBe(401)
  expect((await login('admin@acme.test', 'a password for tests only')).status).toBe(401)
  expect(await world.sql(`select value->'on' as on from bos.setting where key = 'demo'`)).toEqual([{ on: false }])
})

it('bos explain says why somebody may, or may not', async () => {
  const [deal] = await world.sql<{ id: string }>('select id from crm.deal where tenant_id = $1 limit 1', [world.acme.id])
  const { id } = deal!
  const { rep = '' } = world.acme.members
  const mine = await run('explain', 'acme', 'crm.deal', id, '--action', 'update')
  expect([mine.code, mine.out.split('\n')[0]]).toEqual([0, 'update: allowed (Administrator)'])
  const theirs = await run('explain', 'acme', 'crm.deal', id, '--action', 'delete', '--as', rep)
  expect(theirs.code).toBe(0)
  expect(theirs.out).toMatch(/^delete: (not )?allowed \(/)
  expect(theirs.out).not.toContain('Administrator')
  expect((await run('explain', 'globex', 'crm.deal', id)).code).toBe(1)
  expect((await run('explain', 'nowhere', 'crm.deal', id)).out).toContain('nowhere')
  expect((await run('explain', 'acme', 'crm.deal', id, '--as', world.globex.members['rep']!)).out).toBe('There is no such person.')
})
