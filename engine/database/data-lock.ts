import { randomUUID } from 'node:crypto'
import { mkdirSync, linkSync, readFileSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** Who holds a data folder. */
interface Holder {
  readonly pid: number
  /** When that process began, as the system tells it: a pid alone is soon another process's, in containers always. Null: unknown. */
  readonly began: string | null
  readonly host: string
  readonly token: string
}

/** The folder belongs to a process that lives. */
export class DataDirInUse extends Error {
  readonly pid: number
  constructor(dataDir: string, { pid, host }: Holder) {
    super(
      `DATA_DIR ${dataDir} is in use by process ${pid}${host === hostname() ? '' : ` on ${host}`}. ` +
        'The embedded database serves one process: stop that one, choose another DATA_DIR, or use PostgreSQL (DATABASE_URL).',
    )
    this.name = 'DataDirInUse'
    this.pid = pid
  }
}

/** Another machine's process cannot be looked up; its lock counts as dead when it was not touched for this long. */
const heartbeatMs = 5_000
const staleAfterMs = 30_000

const heldHere = new Set<string>()

export interface DataLock {
  release(): void
}

/**
 * Takes the lock file of a data folder, over from a process that died if need be. Throws DataDirInUse. Two processes on one folder
 * would silently lose acknowledged rows, so every path to the files goes through here.
 */
export function lockDataDir(dataDir: string): DataLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, 'lock')
  const self: Holder = { pid: process.pid, began: beganOf(process.pid), host: hostname(), token: randomUUID() }
  for (let attempt = 1; !create(file, self); attempt++) {
    const holder = read(file)
    if (holder && (isAlive(holder, file) || attempt > 20)) throw new DataDirInUse(dataDir, holder)
    // Unreadable: being written at this moment, or cut short by a crash of the machine.
    if (!holder && attempt <= 5) pause(20)
    else removeStale(file, holder)
  }
  // Whoever judged the same dead lock as we did may, for an instant, have ours in its hands (removeStale).
  pause(30)
  const taken = read(file)
  if (taken?.token !== self.token) throw new DataDirInUse(dataDir, taken ?? self)
  heldHere.add(self.token)
  const heartbeat = setInterval(() => touch(file), heartbeatMs).unref()
  return {
    release() {
      clearInterval(heartbeat)
      if (heldHere.delete(self.token) && read(file)?.token === self.token) unlinkSync(file)
    },
  }
}

const pause = (ms: number): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** The whole text appears at once: written aside, then linked, which fails if the lock exists. */
function create(file: string, holder: Holder): boolean {
  const draft = `${file}.${holder.token}`
  writeFileSync(draft, `${JSON.stringify(holder)}\n`, { mode: 0o600 })
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    unlinkSync(draft)
  }
}

function read(file: string): Holder | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder
  } catch {
    return null
  }
}

/** Moves the file aside and looks again: if another process took the lock over meanwhile, what we moved is its lock and goes back. */
function removeStale(file: string, judged: Holder | null): void {
  const aside = `${file}.${randomUUID()}`
  try {
    renameSync(file, aside)
    const moved = read(aside)
    if (moved && moved.token !== judged?.token) linkSync(aside, file)
    unlinkSync(aside)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EEXIST') unlinkSync(aside)
    else if (code !== 'ENOENT') throw error
  }
}

function isAlive(holder: Holder, file: string): boolean {
  if (holder.host !== hostname()) return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < staleAfterMs
  if (holder.pid === process.pid) return heldHere.has(holder.token)
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const began = beganOf(holder.pid)
  return began === null || holder.began === null || began === holder.began
}

/** Boot and start tick of a process on Linux; null where the system does not tell. */
function beganOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22; the second field is the program's name in parentheses and may hold spaces.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${ticks}`
  } catch {
    return null
  }
}

function touch(file: string): void {
  try {
    const now = new Date()
    utimesSync(file, now, now)
  } catch {
    // The folder was removed under us; the database will say so.
  }
}
