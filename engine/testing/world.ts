/**
 * A running BusinessOS for one test file: the real application over real HTTP, on a database of its own cloned from a template.
 * In it: the modules of modules-json, the demo tenants acme and globex with their people and sample data.
 *
 *   const world = await openWorld()          // at the top of a *.db.test.ts file; closed after its tests
 *   const { acme } = world
 *
 * On the embedded engine, as `npm start` runs it, the database is made anew: some seconds.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Pool, type QueryResultRow } from 'pg'
import { afterAll } from 'vitest'
import { startApp, type StartedApp } from '../app.ts'
import { readConfig, type Config } from '../config.ts'
import type { Engine } from './engines.ts'
import { freshDatabase, template } from './postgres.ts'

/** Everybody who can sign in, by the short name that scenarios use. */
export const people = ['admin@acme', 'manager@acme', 'rep@acme', 'admin@globex', 'manager@globex', 'rep@globex'] as const
export type Person = (typeof people)[number]

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed JSON; undefined where the answer is none. */
  readonly body: unknown
}

export interface CallOptions {
  /** Sent as JSON; a text or bytes are sent as they are. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface TenantFacts {
  readonly id: string
  /** Member id by the part of the address before the @. */
  readonly members: Readonly<Record<string, string>>
}

export interface World {
  readonly url: string
  readonly app: StartedApp
  /** DATA_DIR of the application. */
  readonly dataDir: string
  readonly acme: TenantFacts
  readonly globex: TenantFacts
  /** One request; `as` null is nobody. */
  call(as: Person | null, method: string, path: string, options?: CallOptions): Promise<Reply>
  /** By which somebody's requests are known. */
  token(person: Person): Promise<string>
  /** Looks past the application, as superuser; as owner on the embedded engine. */
  sql<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>
  close(): Promise<void>
}

interface Facts {
  readonly acme: TenantFacts
  readonly globex: TenantFacts
  /** Refresh cookie by person: signing in costs a password hash, refreshing does not. */
  readonly cookies: Readonly<Record<Person, string>>
}

const password = 'a password for tests only'
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Configuration of an application that only tests see. Sessions outlive clones because the key is always the same. */
export const testConfig = (databaseUrl: string | null, dataDir: string, more: Readonly<Record<string, string>> = {}): Config =>
  readConfig(
    {
      DATABASE_URL: databaseUrl ?? '',
      DATA_DIR: dataDir,
      PORT: '0',
      MASTER_KEY: '7e'.repeat(32),
      OPERATOR_TOKEN: 'operator-of-the-tests',
      DEMO_PASSWORD: password,
      LOG_LEVEL: 'warn',
      REQUESTS_PER_MINUTE: '0',
      ...more,
    },
    root,
  )

async function request(url: string, method: string, path: string, token: string | null, { body, headers }: CallOptions): Promise<Reply> {
  const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: raw ? (body as BodyInit) : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, text, body: isJson && text !== '' ? JSON.parse(text) : undefined }
}

/** Answers what a successful call says, or throws with everything that helps to see why it was none. */
export function ok(reply: Reply): Record<string, unknown> {
  if (reply.status >= 300) throw new Error(`${reply.status} ${reply.text}`)
  return (reply.body ?? {}) as Record<string, unknown>
}

const makeDataDir = (): Promise<string> => mkdtemp(join(tmpdir(), 'businessos-world-'))
const removeDir = (dir: string): Promise<void> => rm(dir, { recursive: true, force: true })

async function buildWorld(databaseUrl: string): Promise<Facts> {
  const dataDir = await makeDataDir()
  const app = await startApp(testConfig(databaseUrl, dataDir), { demo: true })
  try {
    return await learn(app)
  } finally {
    await app.close()
    await removeDir(dataDir)
  }
}

/** Signs everybody in. */
async function learn({ url }: StartedApp): Promise<Facts> {
  const cookies: Partial<Record<Person, string>> = {}
  const tenants: Record<string, { id: string; members: Record<string, string> }> = {}
  for (const person of people) {
    const [, slug = ''] = person.split('@')
    const login = await request(url, 'POST', '/api/auth/login', null, { body: { email: `${person}.test`, password } })
    const token = String(ok(login)['accessToken'])
    cookies[person] = login.headers.get('set-cookie')?.split(';')[0] ?? ''
    const me = ok(await request(url, 'GET', '/api/me', token, {})) as { member: { id: string }; tenant: { id: string } }
    tenants[slug] ??= { id: me.tenant.id, members: {} }
    tenants[slug].members[person.split('@')[0] ?? ''] = me.member.id
  }
  return { ...(tenants as unknown as Pick<Facts, 'acme' | 'globex'>), cookies: cookies as Facts['cookies'] }
}

interface Ground extends Pick<World, 'sql' | 'close' | 'dataDir'> {
  readonly app: StartedApp
  readonly facts: Facts
}

type Options = NonNullable<Parameters<typeof startApp>[1]>

async function nativeGround(more: Readonly<Record<string, string>>, options: Options): Promise<Ground> {
  const { name, facts } = await template('world', buildWorld)
  const database = await freshDatabase({ name })
  const dataDir = await makeDataDir()
  const app = await startApp(testConfig(database.url, dataDir, more), options)
  const superuser = new Pool({ connectionString: database.url, max: 1 })
  return {
    app,
    facts,
    dataDir,
    sql: async <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await superuser.query<Row>(text, [...values])).rows,
    close: async () => {
      await app.close()
      await superuser.end()
      await database.drop()
      await removeDir(dataDir)
    },
  }
}

async function embeddedGround(more: Readonly<Record<string, string>>, options: Options): Promise<Ground> {
  const dataDir = await makeDataDir()
  const app = await startApp(testConfig(null, dataDir, more), options)
  return {
    app,
    facts: await learn(app),
    dataDir,
    sql: <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      app.database.withOwner(async (owner) => (await owner.query(text, [...values])).rows as Row[]),
    close: async () => {
      await app.close()
      await removeDir(dataDir)
    },
  }
}

/** Opens a world for this test file; it is closed after the file's tests. `more` are environment variables of the application. */
export async function openWorld(
  more: Readonly<Record<string, string>> = {},
  engine: Engine = 'native',
  startOptions: Options = {},
): Promise<World> {
  const { app, facts, sql, dataDir, close } = await (engine === 'native' ? nativeGround : embeddedGround)(more, startOptions)
  const tokens = new Map<Person, Promise<string>>()
  const tokenOf = (person: Person): Promise<string> => {
    const known = tokens.get(person)
    if (known !== undefined) return known
    const fetched = request(app.url, 'POST', '/api/auth/refresh', null, { headers: { cookie: facts.cookies[person] } }).then((reply) =>
      String(ok(reply)['accessToken']),
    )
    tokens.set(person, fetched)
    return fetched
  }
  afterAll(close)
  return {
    url: app.url,
    app,
    dataDir,
    acme: facts.acme,
    globex: facts.globex,
    call: async (as, method, path, options = {}) => request(app.url, method, path, as === null ? null : await tokenOf(as), options),
    token: tokenOf,
    sql,
    close,
  }
}
