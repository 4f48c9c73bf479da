import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase } from '../database/open.ts'
import { verifyAudit } from '../events/audit.ts'
import { engines } from '../testing/engines.ts'
import { freshDatabase } from '../testing/postgres.ts'

/** kill -9 of the whole server in the middle of writes, on either engine: what was acknowledged is there, and the log is whole. */
const password = 'a password for tests only'
const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

interface Answer {
  readonly id: string
  readonly results?: readonly { readonly id: string }[]
}
const idsOf = ({ id, results }: Answer): readonly string[] => results?.map((each) => each.id) ?? [id]

interface Server {
  readonly url: string
  end(signal: NodeJS.Signals): Promise<void>
}

async function start(databaseUrl: string | null, dataDir: string): Promise<Server> {
  const env = {
    PATH: process.env['PATH'],
    DATA_DIR: dataDir,
    PORT: '0',
    MASTER_KEY: '7e'.repeat(32),
    DEMO_PASSWORD: password,
    ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }),
  }
  const child = spawn(process.execPath, [main, '--demo'], {
    env,
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  const ended = once(child, 'exit').then(() => void running.delete(child))
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /is ready .*: (http:\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    child.stdout.resume()
    return { url, end: (signal) => (child.kill(signal), ended) }
  }
  throw new Error('the server ended before it was ready')
}

async function signIn(url: string): Promise<string> {
  const reply = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'admin@acme.test', password }),
  })
  return ((await reply.json()) as { accessToken: string }).accessToken
}

/** What is written: a record, several at once, a document with lines. `parts`: rows that each must have made, all or none. */
interface Work {
  readonly path: string
  readonly status: number
  readonly body: (key: string) => object
  readonly parts: (key: string) => readonly string[]
}
const company = (key: string): object => ({ name: 'Crash', external_id: key })
const works: readonly Work[] = [
  { path: '/api/crm/companies', status: 201, body: company, parts: (key) => [key] },
  {
    path: '/api/crm/companies/bulk',
    status: 200,
    body: (key) => ({ operations: ['a', 'b'].map((end) => ({ op: 'create', data: company(`${key}-${end}`) })) }),
    parts: (key) => [`${key}-a`, `${key}-b`],
  },
  {
    path: '/api/core/calendars',
    status: 201,
    body: (key) => ({
      name: `Crash ${key}`,
      working_days: ['monday'],
      holidays: ['2027-01-01', '2027-05-01'].map((day) => ({ day, name: key })),
    }),
    parts: (key) => [`${key} 2027-01-01`, `${key} 2027-05-01`],
  },
]
/** The work of a writer's requests: one kind each. */
const workOf = (key: string): Work => works[Number(key.split('-')[0]) % works.length]!

describe.each(engines)('%s', (engine) => {
  test('nothing that was acknowledged is lost, nothing is there twice, the log is whole', async () => {
    const databaseUrl = engine === 'native' ? (await freshDatabase()).url : null
    const dataDir = await mkdtemp(join(tmpdir(), 'businessos-crash-'))
    afterAll(() => rm(dataDir, { recursive: true, force: true }))
    const first = await start(databaseUrl, dataDir)
    const token = await signIn(first.url)
    const send = (url: string, key: string): Promise<Response> =>
      fetch(url + workOf(key).path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'idempotency-key': key },
        body: JSON.stringify(workOf(key).body(key)),
      })

    const acknowledged = new Map<string, readonly string[]>()
    const asked: string[] = []
    const kill = new AbortController()
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      for (let i = 0; !kill.signal.aborted; i++) {
        const key = `${writer}-${i}`
        asked.push(key)
        const reply = await send(first.url, key).catch(() => null)
        const body = (await reply?.json().catch(() => null)) as Answer | null
        if (reply?.status === workOf(key).status && body) acknowledged.set(key, idsOf(body))
      }
    })
    await expect.poll(() => acknowledged.size, { timeout: 20_000, interval: 10 }).toBeGreaterThan(60)
    await first.end('SIGKILL')
    kill.abort()
    await Promise.all(writers)

    const second = await start(databaseUrl, dataDir)
    // Every request once more, answered or not: those that were done say so, the others are done now.
    for (const key of asked) {
      const reply = await send(second.url, key)
      const text = await reply.text()
      expect(reply.status, text).toBe(workOf(key).status)
      if (acknowledged.has(key)) expect(idsOf(JSON.parse(text) as Answer)).toEqual(acknowledged.get(key))
    }
    await second.end('SIGTERM')

    const database = await createDatabase({ databaseUrl, ownerUrl: null, dataDir: databaseUrl === null ? dataDir : null, connections: 1 })
    try {
      await expect
        .poll(async () => (await database.call({ text: 'select bos.sequence(1000) as n' })).rows[0]?.['n'], { timeout: 20_000 })
        .toBe(0)
      const made = await database.withOwner((owner) =>
        owner.query(
          `select external_id as part from crm.company where name = 'Crash'
           union all select h.name || ' ' || h.day from core.holiday h join core.calendar c on c.tenant_id = h.tenant_id and c.id = h.parent_id
             where c.name = 'Crash ' || h.name`,
        ),
      )
      expect(made.rows.map((row) => row['part'] as string).toSorted()).toEqual(asked.flatMap((key) => workOf(key).parts(key)).toSorted())
      const reports = await database.withOwner((owner) => verifyAudit(owner))
      expect(reports.map((each) => each.broken)).toEqual(reports.map(() => null))
      const lost = await database.withOwner((owner) =>
        owner.query(
          `select 1 from crm.company c where not exists (select from bos.event e where e.record_id = c.id and e.version = c.version)`,
        ),
      )
      expect(lost.rows).toEqual([])
    } finally {
      await database.close()
    }
  }, 180_000)
})
