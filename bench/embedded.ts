import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from './measure.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** From the start of the process until it answers that it is ready, with the embedded database on data that is there already; ms. */
export async function embeddedStartMs(report: (line: string) => void): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'businessos-bench-'))
  try {
    report(`embedded: first start, with demo data, ready after ${Math.round(await startOnce(dataDir))} ms`)
    const times: number[] = []
    for (let round = 0; round < 3; round++) times.push(await startOnce(dataDir))
    return median(times)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function startOnce(dataDir: string): Promise<number> {
  const port = await freePort()
  const started = performance.now()
  const child = spawn(process.execPath, ['engine/main.ts'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], DATA_DIR: dataDir, PORT: String(port) },
  })
  const exited = once(child, 'exit')
  try {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null)
      if (answer?.ok === true) return performance.now() - started
      if (child.exitCode !== null) throw new Error(`the embedded engine ended with ${child.exitCode}`)
      if (performance.now() - started > 120_000) throw new Error('the embedded engine was not ready after two minutes')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  } finally {
    child.kill('SIGTERM')
    await exited
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}
