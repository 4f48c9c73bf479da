import { readFile } from 'node:fs/promises'
import { escapeLiteral } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { createDatabase } from '../engine/database/open.ts'
import { startPostgres } from '../engine/testing/server.ts'
import { withClient } from '../engine/testing/postgres.ts'

// A server of its own, because roles belong to a whole server and this script expects a new one.
test('the roles of the compose file satisfy the engine, and its logins are no stronger than they must be', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.stop())
  const script = await readFile(new URL('postgres/roles.sql', import.meta.url), 'utf8')
  const passwords: Record<string, string> = { app_password: `it's \\ odd`, deploy_password: 'deploy' }
  // The variables are psql's; the driver does not know them.
  const sql = script.replaceAll(/:'(\w+)'/g, (_, name: string) => escapeLiteral(passwords[name] ?? ''))
  await withClient(server.url, (admin) => admin.query(sql))

  const loginUrl = (user: string, password: string): string => {
    const url = new URL(server.url)
    url.username = user
    url.password = encodeURIComponent(password)
    return url.href
  }
  const app = loginUrl('bos_app', passwords['app_password'] ?? '')
  const deploy = loginUrl('bos_deploy', 'deploy')
  await expect(withClient(app, (client) => client.query('set role bos_owner'))).rejects.toMatchObject({ code: '42501' })
  await expect(withClient(deploy, (client) => client.query('create role sneaky'))).rejects.toMatchObject({ code: '42501' })

  const database = await createDatabase({ databaseUrl: app, ownerUrl: deploy, dataDir: null, connections: 2 })
  onTestFinished(() => database.close())
  await database.withOwner((session) => session.query('create schema proof; create table proof.owned ()'))
  const owner = await withClient(server.url, (admin) =>
    admin.query(`select relowner::regrole::text as role from pg_class where oid = 'proof.owned'::regclass`),
  )
  expect(owner.rows).toEqual([{ role: 'bos_owner' }])
})
