import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import jwt from 'jsonwebtoken'
import { Client } from 'pg'
import { startApp } from '../engine/app.ts'
import { readConfig } from '../engine/config.ts'
import { startPostgres } from '../engine/testing/server.ts'
import { cpuMs } from './cpu.ts'
import { benchId, fillTenants, type BenchTenant } from './data.ts'
import { handwrittenSetup } from './handwritten.ts'

export interface Scale {
  readonly tenants: number
  readonly deals: number
  readonly largest: number
}

export interface Contestant {
  readonly url: string
  /** CPU time of this server and of PostgreSQL so far; null where the system does not tell. */
  cpuMs(): Promise<number | null>
  token(tenant: BenchTenant): string
}

export interface Bench {
  readonly tenants: readonly BenchTenant[]
  readonly largest: BenchTenant
  readonly engine: Contestant & {
    /** Access tokens live ten minutes: to be called before every comparison. */
    refresh(): Promise<void>
    cursorOfPage(tenant: BenchTenant, page: number): Promise<string>
    /** Signed in as one of the `colleagues` of a tenant. */
    colleague(tenant: BenchTenant, who: keyof typeof colleagues): string
    assertFinds(tenant: BenchTenant, query: string, count: number): Promise<void>
  }
  readonly handwritten: Contestant
  /** Throws unless both answer the same records with the same values. */
  assertSameAnswers(): Promise<void>
  close(): Promise<void>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const password = 'only for the bench, on loopback'
const secret = 'the secret of the hand-written one'

/** A durable PostgreSQL with fsync on and memory for the whole data, as a small production server would have. */
const settings = {
  shared_buffers: '3GB',
  effective_cache_size: '8GB',
  max_wal_size: '16GB',
  checkpoint_timeout: '30min',
  random_page_cost: '1.1',
}

export async function buildBench(scale: Scale, report: (line: string) => void): Promise<Bench> {
  const server = await startPostgres({ durable: true, settings })
  const dataDir = await mkdtemp(join(tmpdir(), 'businessos-bench-'))
  const children: ChildProcess[] = []
  const admin = new Client({ connectionString: server.url })
  const close = async (): Promise<void> => {
    for (const child of children) child.disconnect()
    await admin.end().catch(() => undefined)
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    await admin.connect()
    const environment = {
      DATABASE_URL: server.url,
      DATA_DIR: dataDir,
      PORT: '0',
      MASTER_KEY: '5e'.repeat(32),
      REQUESTS_PER_MINUTE: '0',
      LOG_LEVEL: 'warn',
    }
    const all = await openTenants(environment, scale)
    const { url, pid, sessions, people } = await (async () => {
      await fillTenants(admin, all, report)
      const served = await serve(children, ['engine'], environment)
      const signedIn = await signIn(served.url, all)
      return { ...served, sessions: signedIn, people: await hire(served.url, admin, all.slice(0, teams), signedIn) }
    })()
    // After the engine's start: it keeps its own tables free of policies that it does not know.
    await admin.query(handwrittenSetup('handwritten'))
    const own = new URL(server.url)
    own.username = 'handwritten'
    own.password = 'handwritten'
    const hand = await serve(children, ['handwritten', own.href, secret], {})
    const tokens = new Map(all.map(({ number, id, member }) => [number, jwt.sign({ tenant: id, member }, secret, { expiresIn: '6h' })]))

    const largest = all[all.length - 1] as BenchTenant
    const tenants = all.slice(0, -1)
    const { rows } = await admin.query<{ file: string }>(`select pg_read_file('postmaster.pid') as file`)
    const postmaster = Number(rows[0]?.file.split('\n')[0])
    const cpuOf = (application: number) => async (): Promise<number | null> => {
      const [served, database] = await Promise.all([cpuMs(application), cpuMs(postmaster)])
      return served === null || database === null ? null : served + database
    }
    const engine: Bench['engine'] = {
      url,
      cpuMs: cpuOf(pid),
      token: ({ number }) => sessions.get(number)?.token ?? '',
      refresh: async () => {
        for (const session of [...sessions.values(), ...people.values()])
          Object.assign(session, await authenticate(url, 'refresh', { headers: { cookie: session.cookie } }))
      },
      colleague: ({ number }, who) => people.get(`${who}@t${number}`)?.token ?? '',
      cursorOfPage: async (tenant, page) => {
        let cursor = ''
        for (let at = 1; at < page; at++) {
          const answer = (await ask(
            url,
            `/api/crm/deals?limit=50${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
            engine.token(tenant),
          )) as { page: { nextCursor: string } }
          cursor = answer.page.nextCursor
        }
        return cursor
      },
      assertFinds: async (tenant, query, count) => {
        const { data } = (await ask(url, `/api/crm/deals${query}`, engine.token(tenant))) as { data: unknown[] }
        assert.equal(data.length, count, `${query} finds ${data.length} rows`)
      },
    }
    const handwritten: Contestant = { url: hand.url, cpuMs: cpuOf(hand.pid), token: ({ number }) => tokens.get(number) ?? '' }
    const assertSameAnswers = async (): Promise<void> => {
      const tenant = tenants[0] as BenchTenant
      for (const path of [`/${benchId('deal', tenant, 0)}`, `/${benchId('deal', tenant, 7)}`, '?limit=50', '?limit=50&expand=company']) {
        const [ours, theirs] = await Promise.all(
          [engine, handwritten].map((each) => ask(each.url, `/api/crm/deals${path}`, each.token(tenant))),
        )
        // Cursors differ: ours are signed.
        const plain = (answer: unknown): unknown =>
          JSON.parse(JSON.stringify(answer, (name, value: unknown) => (name === 'nextCursor' ? typeof value : value)))
        assert.deepEqual(plain(ours), plain(theirs), `the servers disagree about ${path}`)
      }
    }
    return { tenants, largest, engine, handwritten, assertSameAnswers, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Migrates, makes the tables and the tenants, each with an administrator. */
async function openTenants(environment: Readonly<Record<string, string>>, { tenants, deals, largest }: Scale): Promise<BenchTenant[]> {
  const app = await startApp(readConfig(environment, root))
  try {
    const all: BenchTenant[] = []
    for (let number = 1; number <= tenants + 1; number++) {
      const { id, admin } = await app.tenants.create({
        slug: `t${number}`,
        name: `Tenant ${number}`,
        locale: 'en',
        timeZone: 'UTC',
        currency: 'EUR',
        modules: ['crm'],
        admin: { name: 'Admin', email: emailOf(number), password },
      })
      all.push({ number, id, member: admin.member, deals: number > tenants ? largest : deals })
    }
    return all
  } finally {
    await app.close()
  }
}

const emailOf = (number: number): string => `admin@t${number}.test`

async function serve(
  children: ChildProcess[],
  arguments_: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ url: string; pid: number }> {
  const child = fork(fileURLToPath(new URL('serve.ts', import.meta.url)), arguments_, {
    env: { PATH: process.env['PATH'], ...environment },
  })
  children.push(child)
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown]
  if (typeof message !== 'object' || message === null) throw new Error(`the ${arguments_[0]} server did not start`)
  return { url: (message as { url: string }).url, pid: child.pid ?? 0 }
}

interface Session {
  token: string
  cookie: string
}

async function authenticate(url: string, how: 'login' | 'password' | 'refresh', init: RequestInit): Promise<Session> {
  const response = await fetch(`${url}/api/auth/${how}`, { method: 'POST', ...init })
  const body = (await response.json()) as { accessToken?: string }
  if (body.accessToken === undefined) throw new Error(`${how}: ${response.status} ${JSON.stringify(body)}`)
  return { token: body.accessToken, cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '' }
}

async function signIn(url: string, all: readonly BenchTenant[]): Promise<Map<number, Session>> {
  const sessions = new Map<number, Session>()
  for (const { number } of all) {
    const body = JSON.stringify({ email: emailOf(number), password })
    sessions.set(number, await authenticate(url, 'login', { headers: { 'content-type': 'application/json' }, body }))
  }
  return sessions
}

/** Who sees less than everything: a seller, to whom every other deal is given, and the lead of the team that both of them and the administrator are in. */
const colleagues = { seller: ['core.user', 'crm.rep'], lead: ['core.user', 'crm.lead'] } as const
/** So many tenants have colleagues. */
export const teams = 10

async function hire(
  url: string,
  database: Client,
  tenants: readonly BenchTenant[],
  sessions: ReadonlyMap<number, Session>,
): Promise<Map<string, Session>> {
  const people = new Map<string, Session>()
  for (const { number, id, member } of tenants) {
    const send = async (method: string, path: string, body: object): Promise<{ id: string; mfaToken?: string }> => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${sessions.get(number)?.token ?? ''}` }
      const response = await fetch(`${url}/api/${path}`, { method, headers, body: JSON.stringify(body) })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as { id: string; mfaToken?: string }
    }
    const team = await send('POST', 'core/teams', { name: 'Sales' })
    await send('PATCH', `core/members/${member}`, { team: team.id })
    for (const [who, roles] of Object.entries(colleagues)) {
      const email = `${who}@t${number}.test`
      const person = await send('POST', 'core/members', { name: who, team: team.id })
      await send('PUT', `access/${person.id}`, { email, password: `${password} at first`, roles })
      const { mfaToken } = await send('POST', 'auth/login', { email, password: `${password} at first` })
      const body = JSON.stringify({ mfaToken, password })
      people.set(`${who}@t${number}`, await authenticate(url, 'password', { headers: { 'content-type': 'application/json' }, body }))
      if (who === 'seller')
        await database.query('update crm.deal set owner = $1 where tenant_id = $2 and get_byte(uuid_send(id), 15) % 2 = 0', [person.id, id])
    }
  }
  await database.query('vacuum analyze crm.deal')
  return people
}

async function ask(url: string, path: string, token: string): Promise<unknown> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return JSON.parse(text)
}
