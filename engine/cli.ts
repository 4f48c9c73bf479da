import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkCommand, dumpCommand } from './catalogue/commands.ts'
import { readConfig, type Config } from './config.ts'
import { dbCommand } from './database/commands.ts'
import { auditCommand } from './events/commands.ts'
import { keysCommand } from './keys/commands.ts'
import { explainCommand } from './tenancy/explain-command.ts'
import { demoCommand, passwordCommand, tenantCommand } from './tenancy/commands.ts'
import type { Installation } from './tenancy/installation.ts'
import { recomputeCommand } from './tenancy/recompute-command.ts'
import { rolesCommand } from './tenancy/role-commands.ts'

/** One command of `bos`. `run` prints to `out` and answers the exit code; every command stands in the room it belongs to. */
export interface Command {
  /** What follows the name, as help shows it. */
  readonly usage: string
  readonly about: string
  run(args: readonly string[], shell: Shell): Promise<number>
}
export interface Shell {
  readonly out: (line: string) => void
  /** Absolute: one folder per module. */
  readonly modulesDir: string
  /** The configuration of the environment; throws ConfigFault. */
  readonly config: () => Config
  /** The installation that the configuration names, without serving it. */
  readonly open: () => Promise<Installation>
}

const commands: Readonly<Record<string, Command>> = {
  check: checkCommand,
  dump: dumpCommand,
  tenant: tenantCommand,
  roles: rolesCommand,
  password: passwordCommand,
  demo: demoCommand,
  db: dbCommand,
  audit: auditCommand,
  keys: keysCommand,
  explain: explainCommand,
  recompute: recomputeCommand,
}

/** Runs one command line; answers the exit code. */
export async function bos(args: readonly string[], shell: Shell): Promise<number> {
  const [name = 'help', ...rest] = args
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command !== undefined) return command.run(rest, shell)
  for (const [each, { usage, about }] of Object.entries(commands)) shell.out(`bos ${each} ${usage}\n    ${about}`)
  return name === 'help' || name === '--help' ? 0 : 2
}

/** An installation that does no work of its own: no queue, no log, no pages. */
async function openInstallation(config: Config): Promise<Installation> {
  // Only now: checking a module needs no database, and must not wait for one to load.
  const { createApp } = await import('./app.ts')
  const app = await createApp(
    { ...config, roles: new Set() },
    { demo: 'no', pagesDir: null, progress: () => undefined, now: () => new Date() },
  )
  return {
    tenants: app.tenants,
    database: app.database,
    records: app.records,
    roles: app.roles,
    derived: app.derived,
    withOwner: app.database.withOwner,
    close: app.close,
  }
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const modulesDir = resolve(process.env['MODULES_DIR'] || `${root}modules-json`)
  const config = (): Config => ({ ...readConfig(process.env, process.cwd()), modulesDir })
  const shell: Shell = { out: (line) => process.stdout.write(`${line}\n`), modulesDir, config, open: () => openInstallation(config()) }
  // Whoever reads has seen enough, such as `head`: nothing is left to say.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
  try {
    process.exitCode = await bos(process.argv.slice(2), shell)
  } catch (error) {
    const { explainStart } = await import('./main.ts')
    console.error(explainStart(error))
    process.exitCode = 1
  }
}
