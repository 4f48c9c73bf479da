import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface RedisServer {
  readonly url: string
  /** As if it had crashed; `start` brings it back on the same port, empty. */
  stop(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

/** A Redis of our own on a free loopback port; null where this machine has none (`redis-server` is a system's package). */
export async function openRedisServer(): Promise<RedisServer | null> {
  const dir = await mkdtemp(join(tmpdir(), 'businessos-redis-'))
  const port = await freePort()
  let child: ReturnType<typeof spawn> | null = null
  const start = async (): Promise<boolean> => {
    const started = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    child = started
    return new Promise((resolve) => {
      started.once('error', () => resolve(false))
      started.stdout.on('data', (data: Buffer) => {
        if (data.toString().includes('Ready to accept connections')) resolve(true)
      })
    })
  }
  const stop = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.pid === undefined) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  if (!(await start())) {
    await rm(dir, { recursive: true })
    return null
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    stop,
    start: async () => void (await start()),
    close: async () => {
      await stop()
      await rm(dir, { recursive: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}
