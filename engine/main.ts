import { join, relative } from 'node:path'
import { startApp, type App, type StartedApp } from './app.ts'
import { ConfigFault, readConfig, type Config } from './config.ts'
import { SchemaRefused } from './tenancy/serve-modules.ts'

const exitCodes = { ok: 0, failed: 1, misconfigured: 2 } as const

/** Process entry: config → app → listen → stop cleanly. Everything a person must know at start is printed here. */
async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--demo')
  if (unknown !== undefined) {
    console.error(`Unknown option ${unknown}. "npm start" takes --demo and environment variables; "npm run bos" has the other commands.`)
    return exitCodes.misconfigured
  }
  const started = performance.now()
  // Before anything starts: whoever asks us to stop right after the welcome must be heard.
  const asked = new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.once(name, () => {
        resolve(name)
      })
  })
  const config = readConfig(process.env, process.cwd())
  const app = await startApp(config, {
    demo: args.includes('--demo'),
    progress: (line) => {
      console.log(line)
    },
  })
  console.log(welcome(config, app, Math.round(performance.now() - started)))

  const signal = await asked
  console.log(`${signal}: finishing what is under way …`)
  // A second signal does not wait.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(exitCodes.failed))
  await app.close()
  return exitCodes.ok
}

function welcome(config: Config, app: StartedApp, startMs: number): string {
  const lines = ['', `BusinessOS is ready (${startMs} ms): ${app.url}`, '']
  const modules = relative(process.cwd(), config.modulesDir)
  for (const fault of app.faults) lines.push(`  ! ${join(modules, fault.file)}${fault.pointer && ` at ${fault.pointer}`}: ${fault.detail}`)
  const { kept, left } = app.catalogues.chosen
  const isServed = (module: string): boolean => app.catalogues.full.modules.has(module)
  const missing = new Set([...left, ...app.faults.map((fault) => fault.file.split('/')[0] ?? '')].filter((module) => !isServed(module)))
  if (kept.length > 0) lines.push(`  Served as they were before: ${kept.join(', ')}`)
  if (missing.size > 0) lines.push(`  Not served: ${[...missing].sort().join(', ')}`)
  if (app.faults.length > 0) lines.push('')
  lines.push(`  Modules   ${[...app.catalogues.full.modules.keys()].join(', ')}`)
  lines.push(`  Data      ${config.databaseUrl === null ? `embedded database in ${config.dataDir}` : 'PostgreSQL at DATABASE_URL'}`)
  if (app.demo.on) lines.push(...demoLines(app))
  const warnings = [
    config.databaseUrl === null &&
      'The embedded database is for trying and for small demos: one process, no protection against power loss. Use PostgreSQL (DATABASE_URL) for real work.',
    app.masterKeyFile !== null &&
      !app.demo.on &&
      `MASTER_KEY is not set: a key was generated in ${app.masterKeyFile}. Keep it with your backups, or set MASTER_KEY.`,
    config.directDatabaseUrl !== null && 'DIRECT_DATABASE_URL is not used yet.',
    app.demo.on && !isLoopback(config.host) && 'Demo mode answers only under localhost, though it listens on other addresses too.',
  ].filter((warning) => typeof warning === 'string')
  if (warnings.length > 0) lines.push('', ...warnings.map((warning) => `  ! ${warning}`))
  return [...lines, ''].join('\n')
}

function demoLines({ demo }: App): string[] {
  const password = demo.password === null ? 'as shown at the first start (DEMO_PASSWORD=… npm start sets a new one)' : demo.password
  return ['  Demo      sign in as', ...demo.people.map((email) => `              ${email}`), `  Password  ${password}`]
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.')

/** Why it did not start. What a person can act on is said in plain words; for anything else the stack helps whoever mends it. */
export function explainStart(error: unknown): string {
  if (error instanceof ConfigFault)
    return `The environment has faults:\n${error.problems.map(({ variable, why }) => `  ${variable} ${why}`).join('\n')}`
  if (error instanceof SchemaRefused) {
    return `The tables do not fit the modules, and nothing was changed:\n${error.refusals.map(({ message }) => `  ${message}`).join('\n')}`
  }
  const { code, port, address } = error as { code?: string; port?: number; address?: string }
  if (code === 'EADDRINUSE') return `PORT ${port} on ${address} is in use by another program. Choose another: PORT=3001 npm start`
  if (code === 'EACCES' && port !== undefined) return `PORT ${port} may not be used by this user. Choose one above 1023.`
  if (!(error instanceof Error)) return String(error)
  const isOurs = error.name === 'DataDirInUse' || /^(DATABASE_URL|OWNER_DATABASE_URL|DEMO|Demo|This database)/.test(error.message)
  return isOurs ? error.message : (error.stack ?? error.message)
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    console.error(`\nBusinessOS did not start.\n\n${explainStart(error)}\n`)
    process.exitCode = error instanceof ConfigFault ? exitCodes.misconfigured : exitCodes.failed
  }
}
