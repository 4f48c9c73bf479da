import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkCommand, dumpCommand } from './catalogue/commands.ts'

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
}

const commands: Readonly<Record<string, Command>> = {
  check: checkCommand,
  dump: dumpCommand,
}

/** Runs one command line; answers the exit code. */
export async function bos(args: readonly string[], shell: Shell): Promise<number> {
  const [name = 'help', ...rest] = args
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command !== undefined) return command.run(rest, shell)
  const width = Math.max(...Object.entries(commands).map(([each, { usage }]) => `${each} ${usage}`.length))
  for (const [each, { usage, about }] of Object.entries(commands)) shell.out(`bos ${`${each} ${usage}`.padEnd(width)}  ${about}`)
  return name === 'help' || name === '--help' ? 0 : 2
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const modulesDir = resolve(process.env['MODULES_DIR'] || `${root}modules-json`)
  process.exitCode = await bos(process.argv.slice(2), { out: line => process.stdout.write(`${line}\n`), modulesDir })
}
