import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { databaseForTest, withClient } from '../testing/postgres.ts'
import { dbCommand } from './commands.ts'
import { createDatabase } from './open.ts'

async function run(environment: Record<string, string>): Promise<{ code: number; out: string }> {
  const lines: string[] = []
  const code = await dbCommand.run(['init'], {
    out: (line) => {
      lines.push(line)
    },
    config: () => readConfig(environment, '/'),
  })
  return { code, out: lines.join('\n') }
}

test('bos db init: refuses an owner that may not create roles, and a serving address without password', async () => {
  const { url } = await databaseForTest()
  const weak = new URL(url)
  weak.username = `weak_${randomBytes(4).toString('hex')}`
  weak.password = 'weak'
  await withClient(url, (client) => client.query(`create role ${weak.username} login password 'weak'`))
  expect(await run({ OWNER_DATABASE_URL: weak.href, DATABASE_URL: url })).toEqual({
    code: 1,
    out: 'OWNER_DATABASE_URL may not create roles on this server.',
  })
  const nameless = new URL(url)
  nameless.password = ''
  expect((await run({ OWNER_DATABASE_URL: url, DATABASE_URL: nameless.href })).code).toBe(2)
})

test('bos db init: makes a login that the engine accepts; twice changes nothing', async () => {
  const { url } = await databaseForTest()
  const serving = new URL(url)
  serving.username = `serving_${randomBytes(4).toString('hex')}`
  serving.password = randomBytes(12).toString('hex')
  const environment = { OWNER_DATABASE_URL: url, DATABASE_URL: serving.href }
  expect(await run(environment)).toEqual({ code: 0, out: expect.stringContaining('migrations applied: 1, 2') as string })
  expect(await run(environment)).toEqual({ code: 0, out: expect.stringContaining('were up to date') as string })
  const database = await createDatabase({ databaseUrl: serving.href, ownerUrl: null, dataDir: null, connections: 1 })
  expect((await database.call({ text: `select bos.setting_value('demo') as demo` })).rows).toEqual([{ demo: null }])
  await database.close()
})
