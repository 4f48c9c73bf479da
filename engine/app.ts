import { resolveTxt } from 'node:dns/promises'
import { join } from 'node:path'
import type { Express, Request } from 'express'
import type { SourceFault } from './catalogue/sources.ts'
import type { Catalogues } from './catalogue/store.ts'
import type { Config } from './config.ts'
import { createDatabase, type OpenDatabase } from './database/open.ts'
import { startSequencer } from './events/sequencer.ts'
import { accountRoutes } from './http/account-routes.ts'
import { auditRoutes } from './http/audit-routes.ts'
import { authRoutes } from './http/auth-routes.ts'
import { catalogueRoute } from './http/catalogue-route.ts'
import { mailRoutes } from './http/mail-routes.ts'
import { openapiRoutes } from './http/docs.ts'
import { jobRoutes } from './http/job-routes.ts'
import { createFairShare } from './http/fair-share.ts'
import { keyRoutes } from './http/key-routes.ts'
import { createHosts } from './http/hosts.ts'
import { createMetrics } from './http/metrics.ts'
import { createRateLimits } from './http/rate-limits.ts'
import { recordRoutes } from './http/records-route.ts'
import type { Route } from './http/route.ts'
import { createGateway, listen, type Listening } from './http/server.ts'
import { roleRoutes } from './http/role-routes.ts'
import { scimRoutes } from './http/scim-routes.ts'
import { ssoRoutes } from './http/sso-routes.ts'
import { systemRoutes } from './http/system-routes.ts'
import { tenancyRoutes } from './http/tenancy-routes.ts'
import { workspaceRoutes } from './http/workspace-routes.ts'
import { servePages } from './http/ui.ts'
import { createAccessLog, type AccessLog } from './identity/access-log.ts'
import { clientOf, loadCountries, type Client } from './identity/client.ts'
import { createIdentity } from './identity/identity.ts'
import { createLimiters, openRedis } from './identity/limiter.ts'
import { operatorGuard } from './identity/operator.ts'
import { createPasswords } from './identity/passwords.ts'
import { createViewings } from './identity/viewing.ts'
import { createDerivedValues, type DerivedValues } from './jobs/derived-values.ts'
import { createJobService } from './jobs/index.ts'
import { openWakeups } from './jobs/wakeups.ts'
import { loadMasterKey } from './keys/master-key.ts'
import { logError, logFrom } from './log.ts'
import { createMailer } from './mail/mailer.ts'
import { Problem } from './problems.ts'
import { createOutbound } from './outbound/outbound.ts'
import { createCursors } from './records/cursor.ts'
import { createRecords, type RecordsDoor } from './records/handle.ts'
import type { Actor } from './records/types.ts'
import { createSso } from './sso/sso.ts'
import { createAccesses } from './tenancy/access.ts'
import { prepareDemo, type Demo, type DemoParts } from './tenancy/demo.ts'
import { engineActorOf } from './tenancy/engine-actor.ts'
import { createApiKeys } from './tenancy/api-keys.ts'
import { createArchive } from './tenancy/archive.ts'
import { createAudit } from './tenancy/audit.ts'
import type { ResolveTxt } from './tenancy/dns-proof.ts'
import { createSignUp } from './tenancy/sign-up.ts'
import { createMemberSessions } from './tenancy/member-sessions.ts'
import { createInvitations } from './tenancy/invitations.ts'
import { memberName } from './tenancy/member-name.ts'
import { createRoles, type Roles } from './tenancy/roles.ts'
import { readSeeds } from './tenancy/seed.ts'
import { serveModules } from './tenancy/serve-modules.ts'
import { createTenants, type Tenants } from './tenancy/tenants.ts'
import { createWorkspaces, type Workspaces } from './tenancy/workspace.ts'
import product from '../package.json' with { type: 'json' }

export interface AppOptions {
  readonly demo: DemoParts['wanted']
  /** Folder of the built pages; null: none are served. */
  readonly pagesDir: string | null
  /** What a person at the terminal should read while it starts. */
  readonly progress: (line: string) => void
  readonly now: () => Date
  /** TXT records of a name, by which names show whose they are; absent: the system's resolver. */
  readonly resolveTxt?: ResolveTxt
}

export interface App {
  readonly gateway: Express
  /** Every address that is served, for tests that walk them. */
  readonly routes: readonly Route[]
  readonly database: OpenDatabase
  readonly catalogues: Catalogues
  readonly tenants: Tenants
  readonly records: RecordsDoor
  readonly roles: Roles
  readonly derived: DerivedValues
  readonly accessLog: AccessLog
  readonly workspaces: Workspaces
  readonly demo: Demo
  /** Where a generated master key lies, or null. */
  readonly masterKeyFile: string | null
  /** What is wrong with the modules' files: those modules are served as they were before, or not at all. */
  readonly faults: readonly SourceFault[]
  /** From now on /readyz says no; running requests go on. */
  drain(): void
  close(): Promise<void>
}

/** Builds each part once and hands it to those that need it. Listens to nothing. */
export async function createApp(config: Config, options: AppOptions): Promise<App> {
  const { limits, modulesDir } = config
  const database = await createDatabase({
    databaseUrl: config.databaseUrl,
    ownerUrl: config.ownerDatabaseUrl,
    dataDir: config.dataDir,
    connections: limits.databaseConnections,
    transactionLimitMs: limits.writeTransactionMs,
  })
  /** In the order in which things were opened; closed the other way round. */
  const closers: (() => void | Promise<void>)[] = [database.close]
  const close = async (): Promise<void> => {
    for (let next = closers.pop(); next; next = closers.pop()) await next()
  }
  try {
    const masterKey = await loadMasterKey(config)
    const { catalogues, faults } = await database.withOwner((owner) => serveModules(owner, database, modulesDir))
    const catalogueOf = (actor: Actor) => catalogues.current(actor)

    const sequencer = config.roles.has('worker') ? startSequencer(database, { onError: logError }) : null
    if (sequencer) closers.push(sequencer.stop)
    const records = createRecords({
      database,
      catalogues,
      cursors: createCursors(masterKey.derive('cursor/1')),
      refresh: (actor) => refreshed(actor),
      onWritten: () => {
        sequencer?.nudge()
      },
      onExport: (actor, entity) => {
        onExport(actor, entity)
      },
    })
    const wakeups = await openWakeups(database, { pollSeconds: limits.jobPollSeconds, onError: logError })
    const jobs = createJobService({
      database,
      records,
      wakeups,
      staleSeconds: limits.jobStaleSeconds,
      sweepMs: limits.jobSweepMs,
      onError: logError,
    })
    closers.push(jobs.stop)
    const derived = createDerivedValues({ database, records, jobs, catalogueOf: (modules) => catalogues.of(modules) })

    const onWritten = (): void => {
      sequencer?.nudge()
    }
    const accessLog = createAccessLog({ database, limits, onWritten, onError: logError })
    closers.push(accessLog.stop)
    const onExport = ({ tenant, member }: Actor, entity: string): void => {
      accessLog.note({ type: 'exported', tenant, member, about: { entity }, requestId: null })
    }
    const passwords = createPasswords(limits)
    const refreshed = async (actor: Actor): Promise<Actor> => {
      if (actor.session === null) return engineActorOf(database, actor.tenantSlug)
      const view = await identity.actors.view(actor)
      if (!view) throw new Problem('not-authenticated')
      return view.actor
    }
    const tenants = createTenants({
      database,
      records,
      hashPassword: passwords.hash,
      modules: () => catalogues.full.modules,
      onEnabled: derived.note,
    })
    const accesses = createAccesses({ database, records, hashPassword: passwords.hash, catalogueOf, onWritten })
    const roles = createRoles({ database, catalogues, refresh: refreshed, onWritten })
    const demo = await prepareDemo({
      database,
      withOwner: database.withOwner,
      records,
      onEnabled: derived.note,
      catalogue: catalogues.full,
      catalogueOf,
      passwords,
      password: config.demoPassword,
      wanted: options.demo,
      now: options.now,
      progress: options.progress,
      seeds: (modules, report) =>
        readSeeds(
          modulesDir,
          modules.flatMap((id) => catalogues.chosen.sources.get(id) ?? []),
          report,
        ),
    })

    const redis = config.redisUrl === null ? null : openRedis(config.redisUrl, logError)
    if (redis) closers.push(redis.close)
    logFrom(config.logLevel ?? (demo.on ? 'warn' : 'info'))
    const mailer = createMailer(config, demo.on)
    closers.push(mailer.close)
    const countryOf = await loadCountries()
    const limiters = createLimiters(redis?.client ?? null, limits.limiterEntries)
    const identity = createIdentity({ config, database, masterKey, passwords, mailer, limiters, note: accessLog.note, onError: logError })
    const { actors, tokens } = identity
    const viewings = createViewings({
      database,
      tokens,
      catalogueOf,
      limits,
      accountOf: async (actor) => {
        const view = await actors.view(actor)
        if (!view?.account) throw new Problem('not-authenticated')
        return view.account
      },
    })

    const nameOf = (actor: Actor) => memberName(database, actor)
    const invitations = createInvitations({
      ...identity,
      database,
      records,
      catalogueOf,
      refresh: refreshed,
      memberName: nameOf,
      mailer,
      passwords,
      limiters,
      limits,
      onWritten,
    })

    const signUp = createSignUp({ ...identity, config, database, tenants, mailer, passwords, limiters, onError: logError })

    const publicUrl = new URL(config.publicUrl)
    const ofNames = options.resolveTxt ?? resolveTxt
    const workspaces = createWorkspaces({ database, keyring: identity.keyring, publicUrl, resolveTxt: ofNames, limits, onWritten })
    const outbound = createOutbound({ networks: config.outboundNetworks, limits })
    closers.push(outbound.close)
    const sso = createSso({
      config,
      database,
      identity,
      records,
      catalogueOf,
      outbound: outbound.fetch,
      resolveTxt: ofNames,
      limiters,
      note: accessLog.note,
      onWritten,
      onError: logError,
    })
    const hosts = createHosts(workspaces.at, limits)
    const archiveOf = createArchive({ database, records, catalogueOf, refresh: refreshed, onExport })

    const metrics = createMetrics()
    const me = { view: actors.view, memberName: nameOf }
    const client = ({ ip, headers }: Request): Client => clientOf({ ip, userAgent: headers['user-agent'] }, countryOf, limits)
    let isClosing = false
    const system = systemRoutes({
      metrics,
      isClosing: () => isClosing,
      // Whether the value is there, not the value: it is long.
      ping: () => database.call({ text: `select bos.setting_value('demo') is null` }),
    })
    const routes: readonly Route[] = [
      ...system,
      ...(config.roles.has('api')
        ? [
            ...authRoutes({ ...identity, invitations, signUp, viewings, client, ...me }, demo.on),
            ...accountRoutes(identity.accounts),
            catalogueRoute({ catalogueOf, demo: demo.on, ...me }),
            ...openapiRoutes({ catalogueOf, version: product.version }),
            ...roleRoutes(roles),
            ...keyRoutes(createApiKeys({ database, catalogueOf, limits, onWritten }), identity.accounts),
            ...auditRoutes(createAudit({ database, catalogueOf })),
            ...ssoRoutes({ ...sso, accounts: identity.accounts, hosts, publicUrl, client }),
            ...scimRoutes({ ...sso, publicUrl }),
            ...workspaceRoutes({ workspaces, hosts, accounts: identity.accounts, archiveOf, demo: demo.on, signUp }),
            ...mailRoutes(mailer),
            ...tenancyRoutes(tenants, accesses, invitations, createMemberSessions({ database, catalogueOf, limits, onWritten })),
            ...jobRoutes(jobs),
            ...recordRoutes(records.handle),
          ]
        : []),
    ]
    const gateway = createGateway({
      config,
      routes,
      metrics,
      rates: createRateLimits(limiters, config.requestsPerMinute, limits, () => metrics.refuse('rate')),
      share: createFairShare(Math.max(1, Math.floor(limits.databaseConnections / 2)), limits.shareWaiting, () => metrics.refuse('share')),
      note: accessLog.note,
      hosts,
      demo: demo.on,
      guards: { asMember: actors.asMember, asDirectory: sso.asDirectory, asOperator: operatorGuard(config.operatorToken) },
      ui: options.pagesDir === null || !config.roles.has('api') ? null : await servePages(options.pagesDir),
    })
    // Before anything is written with what the modules say now.
    await derived.look().catch(logError)
    if (config.roles.has('worker')) await jobs.start()
    if (config.roles.has('worker')) {
      const housekeeping = setInterval(
        () =>
          void database
            .call({ text: 'select bos.housekeep($1, $2)', values: [limits.idempotencyHours, limits.jobDays] })
            .then(derived.look)
            .then(workspaces.purge)
            .catch(logError),
        limits.housekeepingMs,
      ).unref()
      closers.push(() => {
        clearInterval(housekeeping)
      })
    }

    return {
      gateway,
      routes,
      database,
      catalogues,
      tenants,
      records,
      roles,
      derived,
      accessLog,
      workspaces,
      demo,
      masterKeyFile: masterKey.file,
      faults,
      drain: () => {
        isClosing = true
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

export interface StartedApp extends App {
  readonly port: number
  /** `http://127.0.0.1:3000`, without a slash at the end. */
  readonly url: string
}

/** The application on its port. `close` takes no new request, lets running ones finish, then ends everything. */
export async function startApp(
  config: Config,
  options: Partial<Omit<AppOptions, 'demo'>> & { readonly demo?: boolean } = {},
): Promise<StartedApp> {
  const demo = options.demo === true ? 'asked' : config.databaseUrl === null ? 'offered' : 'no'
  const app = await createApp(config, {
    pagesDir: builtPages,
    progress: () => undefined,
    now: () => new Date(),
    resolveTxt,
    ...options,
    demo,
  })
  let listening: Listening
  try {
    listening = await listen(app.gateway, config)
  } catch (error) {
    await app.close()
    throw error
  }
  const host = config.host.includes(':') ? `[${config.host}]` : config.host === '0.0.0.0' ? 'localhost' : config.host
  const close = async (): Promise<void> => {
    app.drain()
    await listening.close()
    await app.close()
  }
  return { ...app, port: listening.port, url: `http://${host}:${listening.port}`, close }
}

/** Where `npm start` puts the built pages. */
const builtPages = join(import.meta.dirname, '..', 'renderer', 'dist')
