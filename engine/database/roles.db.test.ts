import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { migrate } from '../schema/migrate.ts'
import { databaseForTest, freshDatabase, withClient, type TestDatabase } from '../testing/postgres.ts'
import { createDatabase, type DatabaseOptions } from './open.ts'
import { assertServingLogin, initRoles } from './roles.ts'

const open = (options: Partial<DatabaseOptions>) =>
  createDatabase({ databaseUrl: null, ownerUrl: null, dataDir: null, connections: 2, ...options })
const as = (url: string, user: string, password: string): string => Object.assign(new URL(url), { username: user, password }).href

/** A login that lives for one test: roles belong to the whole server. */
async function login(database: TestDatabase, attributes = '', init = false): Promise<{ name: string; url: string }> {
  const name = `test_login_${randomBytes(4).toString('hex')}`
  await withClient(database.url, async (admin) => {
    await admin.query(`create role ${name} login password 'secret' ${attributes}`)
    if (init) await initRoles(admin, { login: name })
  })
  onTestFinished(() =>
    withClient(database.url, async (admin) => {
      await admin.query(`drop owned by ${name}`)
      await admin.query(`drop role ${name}`)
    }),
  )
  return { name, url: as(database.url, name, 'secret') }
}

describe('a login that serves', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await freshDatabase()
    await withClient(database.url, (admin) => initRoles(admin))
  })
  afterAll(() => database.drop())
  const admin = (work: (client: Client) => Promise<unknown>) => withClient(database.url, work)
  const check = (url: string) => withClient(url, assertServingLogin)

  test('made by bos db init, it is accepted and has no right of its own', async () => {
    const { url } = await login(database, '', true)
    await check(url)
    await withClient(url, async (client) => {
      await expect(client.query('create schema mine')).rejects.toMatchObject({ code: '42501' })
      await expect(client.query('set role bos_owner')).rejects.toMatchObject({ code: '42501' })
      for (const role of ['bos_read', 'bos_write', 'bos_queue', 'bos_call']) await client.query(`set role ${role}`)
    })
  })

  test.each([
    ['superuser', /is a superuser/],
    ['bypassrls', /may bypass row security/],
    ['createrole', /may create roles/],
    ['createdb', /may create databases/],
  ])('refused with %s', async (attributes, why) => {
    const { url } = await login(database, attributes, true)
    await expect(check(url)).rejects.toThrow(why)
  })

  test('refused as a member of bos_owner, of a role that may more, or of PostgreSQL’s own roles', async () => {
    const { name, url } = await login(database, '', true)
    for (const [grant, revoke, why] of [
      [`grant bos_owner to ${name}`, `revoke bos_owner from ${name}`, /may act as bos_owner/],
      [`grant pg_read_all_data to ${name}`, `revoke pg_read_all_data from ${name}`, /may act as pg_read_all_data/],
      [`grant bos_write to ${name} with inherit true`, `grant bos_write to ${name} with inherit false`, /inherits the rights of bos_write/],
    ] as const) {
      await admin((client) => client.query(grant))
      await expect(check(url)).rejects.toThrow(why)
      await admin((client) => client.query(revoke))
      await check(url)
    }
  })

  test('refused without the serving roles', async () => {
    const { url } = await login(database)
    await expect(check(url)).rejects.toThrow(/does not have the role bos_read[\s\S]*bos db init/)
  })

  test('refused where a table or a grant would let it past row security', async () => {
    const { name, url } = await login(database, '', true)
    const cases: [setUp: string, undo: string, why: RegExp][] = [
      [
        'create table loose (tenant_id uuid); alter table loose owner to bos_owner',
        'drop table loose',
        /row security is not forced on loose/,
      ],
      [
        `create table held (id int); alter table held owner to bos_owner; grant truncate on held to bos_write`,
        'drop table held',
        /the role bos_write has TRUNCATE on held/,
      ],
      [`create table own (id int); alter table own owner to ${name}`, 'drop table own', /owns tables of this database/],
      [
        `grant create on database ${database.name} to bos_read`,
        `revoke create on database ${database.name} from bos_read`,
        /bos_read may create schemas/,
      ],
    ]
    await admin((client) => client.query('grant create on schema public to bos_owner'))
    for (const [setUp, undo, why] of cases) {
      await admin((client) => client.query(setUp))
      await expect(check(url), setUp).rejects.toThrow(why)
      await admin((client) => client.query(undo))
    }
    await check(url)
  })
})

describe('opening with one address', () => {
  test('a superuser is never served: a lesser login is made, kept in a file of its own, and used again', async () => {
    const database = await databaseForTest()
    const dataDir = await mkdtemp(join(tmpdir(), 'bos-login-'))
    onTestFinished(() => rm(dataDir, { recursive: true }))
    const who: string[] = []
    for (let start = 1; start <= 2; start++) {
      const opened = await open({ databaseUrl: database.url, dataDir })
      await opened.withOwner(migrate)
      who.push(String((await opened.queue('select session_user::text as name')).rows[0]?.['name']))
      expect(await opened.withOwner(async (owner) => (await owner.query('select current_user::text as name')).rows)).toEqual([
        { name: 'bos_owner' },
      ])
      await opened.close()
    }
    expect(who[0]).toMatch(/^bos_login_/)
    expect(who[1]).toBe(who[0])
    const file = join(dataDir, 'serving-login.json')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const { user, password } = JSON.parse(await readFile(file, 'utf8')) as { user: string; password: string }
    await withClient(as(database.url, user, password), assertServingLogin)
  })

  test('a login with CREATEROLE and CREATE on the database is enough', async () => {
    const database = await databaseForTest()
    const { name, url } = await login(database, 'createrole')
    await withClient(database.url, async (admin) => {
      // In a cluster of its own it would make these roles and so be their admin.
      await initRoles(admin)
      for (const role of ['bos_owner', 'bos_read', 'bos_write', 'bos_queue', 'bos_call'])
        await admin.query(`grant ${role} to ${name} with admin true, inherit false, set false`)
      await admin.query(`alter database ${database.name} owner to ${name}`)
    })
    const opened = await open({ databaseUrl: url })
    expect((await opened.withOwner(migrate)).length).toBeGreaterThan(0)
    expect((await opened.call({ text: `select * from bos.tenant_by_slug('none')` })).rows).toEqual([])
    await opened.close()
    await withClient(database.url, (admin) => admin.query(`alter database ${database.name} owner to postgres`))
  })

  test('a serving login alone serves, and says what it cannot do', async () => {
    const database = await databaseForTest()
    const serving = await login(database, '', true)
    const opened = await open({ databaseUrl: serving.url })
    await expect(opened.withOwner(migrate)).rejects.toThrow('OWNER_DATABASE_URL')
    await opened.close()
  })
})

describe('opening with two addresses', () => {
  test('the owner’s sets up, the other serves', async () => {
    const database = await databaseForTest()
    const serving = await login(database)
    const opened = await open({ databaseUrl: serving.url, ownerUrl: database.url })
    await opened.withOwner(migrate)
    expect((await opened.queue('select session_user::text as name')).rows).toEqual([{ name: serving.name }])
    await opened.close()
  })

  test('a serving login that is too strong is refused, and no connection stays open', async () => {
    const database = await databaseForTest()
    await expect(open({ databaseUrl: database.url, ownerUrl: database.url })).rejects.toThrow(
      /DATABASE_URL must be a login that row-level security binds[\s\S]*is a superuser/,
    )
    const member = await login(database)
    await withClient(database.url, async (admin) => {
      await initRoles(admin)
      await admin.query(`grant bos_owner to ${member.name}`)
    })
    await expect(open({ databaseUrl: member.url, ownerUrl: database.url })).rejects.toThrow(/may act as bos_owner/)
    await withClient(database.url, async (admin) => {
      const others = `select count(*)::int as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
      // A closed connection is gone from the view a moment later.
      await expect.poll(async () => (await admin.query(others)).rows).toEqual([{ n: 0 }])
    })
  })
})

describe('an address that cannot be used', () => {
  test('says why, and shows no password', async () => {
    const database = await databaseForTest()
    const url = new URL(database.url)
    const elsewhere = (change: Partial<URL>) => Object.assign(new URL(database.url), change).href
    const cases: [url: string, why: RegExp][] = [
      [elsewhere({ port: '1' }), /DATABASE_URL: PostgreSQL at postgres@127\.0\.0\.1:1\/\S+ cannot be used: nothing listens there/],
      [elsewhere({ hostname: 'no-such-host.invalid' }), /no-such-host\.invalid.*(no such host|cannot be resolved)/],
      [elsewhere({ pathname: '/missing' }), /it has no such database/],
      [elsewhere({ password: 'wrong-secret' }), /it refuses the password/],
    ]
    for (const [address, why] of cases) {
      const message = await open({ databaseUrl: address }).then(
        () => 'opened',
        (error: Error) => error.message,
      )
      expect(message).toMatch(why)
      expect(message).not.toContain(url.password)
      expect(message).not.toContain('wrong-secret')
    }
    await expect(open({ databaseUrl: database.url, ownerUrl: elsewhere({ port: '1' }) })).rejects.toThrow(/^OWNER_DATABASE_URL: /)
  })
})
