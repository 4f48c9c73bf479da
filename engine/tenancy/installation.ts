import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'
import type { Database } from '../database/types.ts'
import type { Session } from '../database/types.ts'
import type { DerivedValues } from '../jobs/derived-values.ts'
import { Problem } from '../problems.ts'
import type { RecordsDoor } from '../records/handle.ts'
import type { Roles } from './roles.ts'
import type { Tenants } from './tenants.ts'

/** The installation that a command works on, opened when a command asks for it. */
export interface Installation {
  readonly tenants: Tenants
  readonly database: Pick<Database, 'call'>
  readonly records: RecordsDoor
  readonly roles: Roles
  readonly derived: Pick<DerivedValues, 'recompute' | 'differences'>
  withOwner<T>(work: (session: Session) => Promise<T>): Promise<T>
  close(): Promise<void>
}
/** Of the shell that a command runs in, what commands about tenants need. */
export interface Shell {
  readonly out: (line: string) => void
  readonly open: () => Promise<Installation>
}

/** Answers the exit code, where that is not 0. */
export type Work = (installation: Installation) => Promise<number | void>

/**
 * Runs `work` on the installation and closes it. Answers the exit code. Faults that a person can mend are printed (`named`: what their
 * pointers are called on the command line), and the code is 1; others are thrown.
 */
export async function using(shell: Shell, work: Work, named: Readonly<Record<string, string>> = {}): Promise<number> {
  const installation = await shell.open()
  try {
    return (await work(installation)) ?? 0
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    shell.out(error.message)
    // One fault alone may be the whole message.
    for (const { pointer, detail } of error.faults) if (detail !== error.message) shell.out(`  ${named[pointer] ?? pointer} ${detail}`)
    return 1
  } finally {
    await installation.close()
  }
}

/** A command line that nobody can make sense of: how it is meant. */
export function misused(shell: Pick<Shell, 'out'>, text: string): number {
  shell.out(text)
  return 2
}

/** Null: there is an option that is not known, or one lacks its value. */
export function readArguments<Options extends NonNullable<ParseArgsConfig['options']>>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch {
    return null
  }
}
