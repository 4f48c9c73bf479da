import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseForTest, withClient } from './testing/postgres.ts'

/** The process as `npm start` runs it. */
const main = join(import.meta.dirname, 'main.ts')
const shipped = join(import.meta.dirname, '../modules-json')
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'businessos-main-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Run {
  readonly output: () => string
  readonly ended: Promise<number | null>
  readonly stop: () => void
  ready(): Promise<string>
}

function start(environment: Record<string, string>, ...args: string[]): Run {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], PORT: '0', MODULES_DIR: shipped, DATA_DIR: 'data', ...environment },
  })
  let output = ''
  const waiting: (() => void)[] = []
  const heard = (chunk: Buffer): void => {
    output += chunk.toString()
    for (const wake of waiting.splice(0)) wake()
  }
  child.stdout.on('data', heard)
  child.stderr.on('data', heard)
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const ready = async (): Promise<string> => {
    for (;;) {
      const url = /ready \(\d+ ms\): (\S+)/.exec(output)?.[1]
      if (url !== undefined) return url
      await Promise.race([
        new Promise<void>((resolve) => {
          waiting.push(resolve)
        }),
        ended.then(() => {
          throw new Error(output)
        }),
      ])
    }
  }
  return {
    output: () => output,
    ended,
    stop: () => {
      child.kill('SIGTERM')
    },
    ready,
  }
}

describe('the process refuses to start, and says why,', () => {
  it.each([
    [
      'for every fault of the environment',
      { PORT: 'x', DATABASE_URL: 'mysql://h/d', OPERATOR_TOKEN: 'short' },
      [],
      2,
      ['PORT must', 'DATABASE_URL must', 'OPERATOR_TOKEN must'],
    ],
    ['with an unknown option', {}, ['--dmeo'], 2, ['Unknown option --dmeo']],
    [
      'when nothing listens at DATABASE_URL',
      { DATABASE_URL: 'postgres://u:s3cr3t@127.0.0.1:1/d' },
      [],
      1,
      ['DATABASE_URL', '127.0.0.1:1', 'nothing listens there'],
    ],
  ])('%s', async (_name, environment, args, code, texts) => {
    const run = start(environment, ...args)
    expect(await run.ended).toBe(code)
    for (const text of texts) expect(run.output()).toContain(text)
    expect(run.output()).not.toMatch(/s3cr3t|^ {4}at /m)
  })

  it('on a port in use', async () => {
    const { url } = await databaseForTest()
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    const run = start({ DATABASE_URL: url, PORT: String(port) })
    expect(await run.ended).toBe(1)
    expect(run.output()).toContain(`PORT ${port} on 127.0.0.1 is in use`)
    other.close()
  })

  it('when --demo is asked of a database that has tenants, or had its demo ended', async () => {
    const { url } = await databaseForTest()
    const first = start({ DATABASE_URL: url, REDIS_URL: 'redis://:s3cr3t@localhost:1' })
    await first.ready()
    expect(first.output()).not.toMatch(/Demo|s3cr3t|DIRECT_DATABASE_URL/)
    await expect.poll(() => first.output()).toContain('REDIS_URL cannot be reached')
    first.stop()
    expect(await first.ended).toBe(0)
    await withClient(url, (client) => client.query(`insert into bos.tenant (id, slug, name) values (gen_random_uuid(), 'real', 'Real')`))
    const asked = start({ DATABASE_URL: url }, '--demo')
    expect([await asked.ended, asked.output()]).toEqual([1, expect.stringContaining('has tenants already')])
    await withClient(url, (client) => client.query(`insert into bos.setting values ('demo', '{"on": false, "tenants": {}, "people": []}')`))
    const again = start({ DATABASE_URL: url }, '--demo')
    expect([await again.ended, again.output()]).toEqual([1, expect.stringContaining('for ever')])
  })
})

const signIn = (base: string, email: string, password: string): Promise<Response> =>
  fetch(`${base}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  })
const bearer = async (base: string, email: string, password: string): Promise<Record<string, string>> => {
  const { accessToken } = (await (await signIn(base, email, password)).json()) as { accessToken: string }
  return { authorization: `Bearer ${accessToken}` }
}
/** A module with one entity and a role that everybody gets. */
async function writeLibrary(modules: string): Promise<void> {
  await mkdir(join(modules, 'library/entities'), { recursive: true })
  await writeFile(
    join(modules, 'library/module.json'),
    JSON.stringify({
      id: 'library',
      version: '1.0.0',
      metamodel: 1,
      title: 'Library',
      icon: 'books',
      depends: { core: '^1.0.0' },
      roles: [{ id: 'library.reader', title: 'Reader' }],
      defaultRole: 'library.reader',
      menu: [{ entity: 'library.book', title: 'Books' }],
    }),
  )
  await writeFile(
    join(modules, 'library/entities/book.json'),
    JSON.stringify({
      title: 'Book',
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string', title: 'Name' } },
      'x-bos': { plural: 'books', titleField: 'name', permissions: { 'library.reader': { scope: 'all', read: true } } },
    }),
  )
}

describe('the demo', () => {
  it('prints a password that works, once; DEMO_PASSWORD sets another; everybody has the default roles from the first start on', async () => {
    const { url } = await databaseForTest()
    const modules = join(folder, 'with-library')
    await cp(shipped, modules, { recursive: true })
    await writeLibrary(modules)
    const people = ['admin@acme.test', 'manager@acme.test', 'rep@acme.test', 'admin@globex.test', 'rep@globex.test']
    const environment = { DATABASE_URL: url, MODULES_DIR: modules }
    /** What stands under "Password", and who can sign in with these. */
    const startAndTry = async (more: Record<string, string>, passwords: readonly string[], ...args: string[]) => {
      const run = start({ ...environment, ...more }, ...args)
      const base = await run.ready()
      await expect.poll(() => run.output()).toMatch(/ {2}Password {2}\S.*\n/)
      const printed = / {2}Password {2}(.*)/.exec(run.output())?.[1] ?? ''
      for (const email of people) expect(run.output()).toContain(email)
      const statuses: number[][] = []
      for (const password of [...passwords, printed])
        statuses.push(await Promise.all(people.map(async (email) => (await signIn(base, email, password)).status)))
      return { run, base, printed, statuses: statuses.map((each) => [...new Set(each)]) }
    }
    const stop = async ({ run }: { run: Run }): Promise<void> => {
      run.stop()
      expect(await run.ended).toBe(0)
    }

    const first = await startAndTry({}, ['demo-password'], '--demo')
    expect(first.statuses).toEqual([[401], [200]])
    const rolesOf = async (email: string): Promise<unknown> => {
      const reply = await fetch(`${first.base}/api/me`, { headers: await bearer(first.base, email, first.printed) })
      return ((await reply.json()) as { roles: unknown }).roles
    }
    expect(await rolesOf('rep@acme.test')).toEqual(['core.user', 'crm.rep', 'inventory.clerk', 'library.reader'])
    expect(await rolesOf('admin@acme.test')).toEqual(['core.admin'])
    await stop(first)

    const second = await startAndTry({}, [first.printed])
    expect(second.printed).toContain('as shown at the first start')
    expect(second.statuses[0]).toEqual([200])
    await stop(second)

    const third = await startAndTry({ DEMO_PASSWORD: 'demo-password' }, [first.printed])
    expect([third.printed, ...third.statuses]).toEqual(['demo-password', [401], [200]])
    await stop(third)
  })
}, 120_000)

describe('the process', () => {
  it('serves what is right when a module is broken, names the fault, and takes up a mended and a new module', async () => {
    const { url } = await databaseForTest()
    const modules = join(folder, 'modules')
    await cp(shipped, modules, { recursive: true })
    const environment = { DATABASE_URL: url, MODULES_DIR: modules, DEMO_PASSWORD: 'demo-password' }
    const entity = join(modules, 'crm/entities/deal.json')
    await writeFile(entity, '{"title": "Deal", "type": "object", "properties": {"name": {"type": "sting"}}}')

    const broken = start(environment, '--demo')
    const address = await broken.ready()
    expect(broken.output()).toContain('crm/entities/deal.json at /properties/name')
    expect(broken.output()).toMatch(/Not served: .*crm/)
    const count = async (base: string, path: string): Promise<unknown> => {
      const response = await fetch(`${base}/api/${path}?count=exact&limit=1`, {
        headers: await bearer(base, 'admin@acme.test', 'demo-password'),
      })
      return response.ok ? ((await response.json()) as { page: { total: number } }).page.total : response.status
    }
    expect(await count(address, 'core/members')).toBeGreaterThan(3)
    expect(await count(address, 'crm/deals')).toBe(404)
    broken.stop()
    expect(await broken.ended).toBe(0)

    await cp(join(shipped, 'crm'), join(modules, 'crm'), { recursive: true })
    await writeLibrary(modules)
    await mkdir(join(modules, 'library/seed'))
    await writeFile(join(modules, 'library/seed/10_book.json'), '{"entity": ')
    await writeFile(join(modules, 'library/seed/20_book.json'), '{"entity": "library.book", "records": [{"data": {"nme": "Emma"}}]}')
    await writeFile(join(modules, 'library/seed/30_book.json'), '{"entity": "library.book", "records": [{"data": {"name": "Emma"}}]}')
    const mended = start(environment)
    const again = await mended.ready()
    expect(mended.output()).toMatch(/Sample data is left out\. library\/seed\/10_book\.json: The text ends too early/)
    expect(mended.output()).toMatch(/Sample data is left out\. library\/seed\/20_book\.json: [^]*"nme"/)
    expect(await count(again, 'crm/deals')).toBeGreaterThan(3)
    expect(await count(again, 'core/members')).toBeGreaterThan(3)
    expect(await count(again, 'library/books')).toBe(1)
    mended.stop()
    expect(await mended.ended).toBe(0)

    // A change that the tables cannot take while starting: the module is served as it was before.
    const deal = JSON.parse(await readFile(entity, 'utf8')) as { properties: Record<string, unknown> }
    deal.properties['closed_on'] = { type: 'integer', title: 'Closed on' }
    await writeFile(entity, JSON.stringify(deal))
    const refused = start(environment)
    const last = await refused.ready()
    expect(refused.output()).toContain('crm.deal, field "closed_on"')
    expect(refused.output()).toMatch(/Served as they were before: .*crm/)
    expect(await count(last, 'crm/deals')).toBeGreaterThan(3)
    refused.stop()
    expect(await refused.ended).toBe(0)
  })
}, 120_000)
