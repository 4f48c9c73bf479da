import { readFile, readdir } from 'node:fs/promises'

/** Kernel ticks per second on every Linux that Node runs on. */
const ticksPerSecond = 100

/**
 * CPU time, in ms, that a process and its children have used so far, dead children included; null where there is no /proc.
 * On a machine that does other work as well it says more than the time on the wall.
 */
export async function cpuMs(pid: number): Promise<number | null> {
  const own = await stat(pid)
  if (own === null) return null
  const all = await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((name) => stat(Number(name))))
  const children = all.filter((each) => each?.parent === pid)
  return ((own.ticks + own.deadChildrenTicks + children.reduce((sum, each) => sum + (each?.ticks ?? 0), 0)) * 1000) / ticksPerSecond
}

async function stat(pid: number): Promise<{ parent: number; ticks: number; deadChildrenTicks: number } | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (text === null) return null
  // The name in parentheses may hold spaces; fields are counted behind it (proc_pid_stat(5)).
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  return { parent: fields[1] ?? 0, ticks: (fields[11] ?? 0) + (fields[12] ?? 0), deadChildrenTicks: (fields[13] ?? 0) + (fields[14] ?? 0) }
}
