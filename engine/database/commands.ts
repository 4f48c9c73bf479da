import type { Config } from '../config.ts'
import { migrate } from '../schema/migrate.ts'
import { readAddress, withConnection } from './native.ts'
import { initRoles, mayCreateRoles, ownerRole } from './roles.ts'

interface Shell {
  readonly out: (line: string) => void
  readonly config: () => Config
}

export const dbCommand = {
  usage: 'init',
  about: 'makes roles, the serving login and the engine’s tables on a PostgreSQL server (needs OWNER_DATABASE_URL and DATABASE_URL)',
  async run([action]: readonly string[], { out, config }: Shell): Promise<number> {
    const { databaseUrl, ownerDatabaseUrl } = config()
    if (action !== 'init' || databaseUrl === null || ownerDatabaseUrl === null) {
      out('bos db init, with OWNER_DATABASE_URL (a login that may create roles) and DATABASE_URL (the login to serve as).')
      return 2
    }
    const { user: login, password } = readAddress(databaseUrl)
    if (login === undefined || typeof password !== 'string') {
      out('DATABASE_URL must name the login to serve as, with its password.')
      return 2
    }
    return withConnection(readAddress(ownerDatabaseUrl), 'OWNER_DATABASE_URL', async (admin) => {
      if (!(await mayCreateRoles(admin))) {
        out('OWNER_DATABASE_URL may not create roles on this server.')
        return 1
      }
      await initRoles(admin, { login, password })
      await admin.query(`set role ${ownerRole}`)
      const applied = await migrate(admin)
      out(
        `The login ${login} is ready to serve; ${applied.length === 0 ? 'the engine’s tables were up to date' : `migrations applied: ${applied.join(', ')}`}.`,
      )
      return 0
    })
  },
}
