import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { databaseForTest, freshDatabase, postgresUrl, template, withClient } from './postgres.ts'

describe('the test server', () => {
  test('refuses a wrong password', async () => {
    const url = new URL(postgresUrl())
    url.password = 'wrong'
    await expect(withClient(url.href, (client) => client.query('select 1'))).rejects.toMatchObject({ code: '28P01' })
  })

  test('offers what the engine needs of PostgreSQL', async () => {
    const { url } = await databaseForTest()
    await withClient(url, async (client) => {
      const { rows } = await client.query(
        `select current_setting('server_version_num')::int >= 170000 as version, current_setting('server_encoding') as encoding,
           current_setting('timezone') as zone, exists (select from pg_collation where collname = 'und-x-icu') as icu`,
      )
      expect(rows).toEqual([{ version: true, encoding: 'UTF8', zone: 'UTC', icu: true }])
      for (const extension of ['pg_trgm', 'btree_gin', 'btree_gist']) await client.query(`create extension ${extension}`)
    })
  })
})

describe('databases', () => {
  test('two are strangers to each other', async () => {
    const [one, other] = [await databaseForTest(), await databaseForTest()]
    await withClient(one.url, (client) => client.query('create table mine ()'))
    await expect(withClient(other.url, (client) => client.query('select from mine'))).rejects.toMatchObject({ code: '42P01' })
  })

  test('drop ends connections that are still open', async () => {
    const { url, name, ...database } = await freshDatabase()
    await withClient(url, async (client) => {
      client.on('error', () => undefined)
      await database.drop()
    })
    const found = await withClient(postgresUrl(), (admin) => admin.query('select from pg_database where datname = $1', [name]))
    expect(found.rowCount).toBe(0)
  })

  test('a template is built once, however many ask at the same time, and its clones hold what it held', async () => {
    const name = `once_${randomUUID().slice(0, 8)}`
    let builds = 0
    const ask = () =>
      template(name, (url) => {
        builds++
        return withClient(
          url,
          async (client) => void (await client.query(`create table note (text text); insert into note values ('hello')`)),
        )
      })
    const [first] = await Promise.all([ask(), ask(), ask()])
    const clone = await databaseForTest(first)
    const { rows } = await withClient(clone.url, (client) => client.query('select text from note'))
    expect(rows).toEqual([{ text: 'hello' }])
    expect(builds).toBe(1)
  })

  test('a template whose build failed is built anew, not handed out half done', async () => {
    const name = `failed_${randomUUID().slice(0, 8)}`
    const half = template(name, async (url) => {
      await withClient(url, (client) => client.query('create table half ()'))
      throw new Error('the build broke')
    })
    await expect(half).rejects.toThrow('the build broke')
    const clone = await databaseForTest(
      await template(name, (url) => withClient(url, async (client) => void (await client.query('create table whole ()')))),
    )
    const { rows } = await withClient(clone.url, (client) =>
      client.query(`select relname from pg_class where relname in ('half', 'whole')`),
    )
    expect(rows).toEqual([{ relname: 'whole' }])
  })
})
