import { randomBytes, randomUUID } from 'node:crypto'
import type { Request } from 'express'
import { afterAll } from 'vitest'
import { limits as usual, type Limits } from '../config.ts'
import { createDatabase } from '../database/open.ts'
import { createIdentity } from '../identity/identity.ts'
import { createLimiters } from '../identity/limiter.ts'
import { operatorGuard } from '../identity/operator.ts'
import { createPasswords } from '../identity/passwords.ts'
import type { AccessNote } from '../identity/access-log.ts'
import { derivingKey, type MasterKey } from '../keys/master-key.ts'
import type { Letter } from '../mail/mailer.ts'
import { unlimited } from './gateway.ts'
import { migrate } from '../schema/migrate.ts'
import { freshDatabase } from './postgres.ts'
import { accountRoutes } from '../http/account-routes.ts'
import { authRoutes } from '../http/auth-routes.ts'
import { createMetrics } from '../http/metrics.ts'
import { recordRoutes } from '../http/records-route.ts'
import { json } from '../http/route.ts'
import { createGateway, listen } from '../http/server.ts'

export const operatorToken = 'operator-token-of-this-test'
export const masterKey: MasterKey = { ...derivingKey(randomBytes(32).toString('hex')), file: null, previous: null }
export const people = { ada: randomUUID(), bob: randomUUID(), both: randomUUID() }
export const members = { ada: randomUUID(), bob: randomUUID(), bothInAcme: randomUUID(), bothInGlobex: randomUUID() }
export const tenants = { acme: randomUUID(), globex: randomUUID() }

export interface Reply {
  status: number
  body: Record<string, unknown>
  cookie: string | null
  headers: Headers
}

/**
 * Sign-in and gateway on a real database, without any module; behind them a pipeline that only opens the actor's transaction and says
 * who it is; `changed` are limits that are others than usual. Ada is an administrator of acme, Bob is in acme, `both` is in acme and globex. Closed after the file's tests.
 */
export async function openIdentity(changed: Partial<Limits> = {}) {
  const limits: Limits = { ...usual, ...changed }
  const place = await freshDatabase()
  const database = await createDatabase({ databaseUrl: place.url, ownerUrl: null, dataDir: null, connections: 4 })
  await database.withOwner((owner) => migrate(owner))
  const passwords = createPasswords(limits)
  const letters: Letter[] = []
  const notes: AccessNote[] = []
  const faults: unknown[] = []
  const identity = createIdentity({
    config: { limits, publicUrl: 'https://erp.test' },
    database,
    masterKey,
    passwords,
    mailer: { canSend: true, send: (letter) => Promise.resolve(void letters.push(letter)) },
    limiters: createLimiters(null, limits.limiterEntries),
    note: (note) => notes.push(note),
    onError: (error) => faults.push(error),
  })
  const { actors, tokens } = identity
  const passwordHash = await passwords.hash('correct horse battery')
  for (const [slug, id] of Object.entries(tenants)) {
    await database.call({
      text: `select * from bos.tenant_open($1, $2, $3, 'en', 'Europe/Berlin', 'EUR', '[{"module":"core","version":"1.0.0"}]')`,
      values: [id, slug, slug.toUpperCase()],
    })
  }
  const setAccess = (
    tenant: string,
    member: string,
    account: string,
    email: string | null,
    roles: readonly string[],
    hash: string | null = null,
  ): Promise<unknown> =>
    database.call({
      text: 'select bos.access_set($1, $2, $3, $4, $5, $6::text[], true)',
      values: [tenant, member, account, email, hash, roles],
    })
  await setAccess(tenants.acme, members.ada, people.ada, 'ada@acme.test', ['core.admin'], passwordHash)
  await setAccess(tenants.acme, members.bob, people.bob, 'Bob@acme.test', [], passwordHash)
  await setAccess(tenants.acme, members.bothInAcme, people.both, 'both@example.test', [], passwordHash)
  await setAccess(tenants.globex, members.bothInGlobex, people.both, 'both@example.test', [], passwordHash)

  const client = ({ ip = '', headers }: Request) => ({ address: ip, country: 'AT', agent: headers['user-agent'] ?? null })
  const nobody = (): Promise<never> => Promise.reject(new Error('nobody looks as somebody else or is invited here'))
  const viewings = { begin: nobody, end: nobody }
  const invitations = { look: nobody, accept: nobody }
  const signUp = { isOpen: false, ask: nobody, look: nobody, found: nobody }
  const app = createGateway({
    config: { limits, trustedProxies: 1 },
    demo: false,
    ui: null,
    metrics: createMetrics(),
    ...unlimited,
    guards: { asMember: actors.asMember, asDirectory: nobody, asOperator: operatorGuard(operatorToken) },
    routes: [
      ...authRoutes(
        { ...identity, invitations, signUp, viewings, client, view: actors.view, memberName: () => Promise.resolve('Ada') },
        false,
      ),
      ...accountRoutes(identity.accounts),
      { method: 'GET', path: '/api/operator/tenants', guard: 'operator', handle: () => Promise.resolve(json(200, [])) },
      ...recordRoutes(async (_call, actor) => {
        const { tenant, member, session, generation } = actor
        await database.read({ tenant, member, session, generation, scopes: [] }, { text: 'select 1' })
        return json(200, { member, roles: actor.roles, generation })
      }),
    ],
  })
  const listening = await listen(app, { host: '127.0.0.1', port: 0, limits })
  const base = `http://127.0.0.1:${listening.port}`
  afterAll(async () => {
    await listening.close()
    await database.close()
    await place.drop()
  })

  let lastAddress = 0
  /** Each call comes from an address of its own unless one is named, so that the limits of one test do not reach another. */
  async function call(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string>; address?: string } = {},
  ): Promise<Reply> {
    const headers = {
      'x-forwarded-for': options.address ?? `10.1.${lastAddress >> 8}.${lastAddress++ & 255}`,
      ...(options.body !== undefined && { 'content-type': 'application/json' }),
      ...options.headers,
    }
    const response = await fetch(base + path, {
      method,
      headers,
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    })
    const text = await response.text()
    const cookie = response.headers.get('set-cookie')
    return {
      status: response.status,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      cookie,
      headers: response.headers,
    }
  }
  const login = (email: string, password = 'correct horse battery', more: object = {}, address?: string): Promise<Reply> =>
    call('POST', '/api/auth/login', { body: { email, password, ...more }, ...(address !== undefined && { address }) })
  const withToken = (token: unknown): Record<string, string> => ({ authorization: `Bearer ${String(token)}` })
  const deals = (token: unknown): Promise<Reply> => call('GET', '/api/crm/deals', { headers: withToken(token) })
  const cookieOf = (reply: Reply): string => reply.cookie?.split(';')[0] ?? ''
  const refresh = (cookie: string, headers: Record<string, string> = {}): Promise<Reply> =>
    call('POST', '/api/auth/refresh', { headers: { cookie, ...headers } })

  return { database, tokens, identity, letters, notes, faults, base, call, login, withToken, deals, cookieOf, refresh, setAccess }
}
