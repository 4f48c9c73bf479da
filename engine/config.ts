import { isAbsolute, resolve } from 'node:path'
import ipaddr from 'ipaddr.js'

/** What a process runs; `ROLES=api,worker` (default: all). */
const processRoles = ['api', 'worker'] as const
export type ProcessRole = (typeof processRoles)[number]

/** Every limit of the runtime that is not a rule of the metamodel, with its unit last. */
export const limits = {
  jsonBodyBytes: 1024 * 1024,
  /** Where nobody has to sign in: what anybody may make us hold. */
  publicBodyBytes: 16 * 1024,
  csvBodyBytes: 20 * 1024 * 1024,
  /** A refused body is read to its end, so that the client gets to see the answer; past this size the line is cut. */
  discardedBodyBytes: 64 * 1024 * 1024,
  jsonDepthLevels: 64,
  /** Of one object: each is looked for among names that are known. */
  jsonKeys: 5_000,
  /** A whole request, body included; a CSV of 20 MiB over a slow line must fit. */
  requestTimeoutMs: 120_000,
  /** A JSON body is held in memory while it comes. */
  jsonBodyMs: 30_000,
  /** More at once are cut off unheard. */
  connections: 2_000,
  headersTimeoutMs: 10_000,
  /** Longer than the 60 s that load balancers keep idle connections, so that they never reuse one we just closed. */
  keepAliveTimeoutMs: 65_000,
  shutdownGraceMs: 10_000,
  /** How often a closing server looks for connections that have become idle. */
  idleSweepMs: 50,
  /** One look at the database serves all probes of this time: probes are public, and must not become load. */
  readinessMs: 1_000,
  /** For how long a browser that came by https asks by https only. */
  strictTransportSeconds: 180 * 24 * 3600,
  /** JSON answers without an ETag from this size on are compressed for clients that ask for it. */
  compressFromBytes: 8 * 1024,
  /** Of a ticket of a sign-in that is under way, of a secret out of a mail, of a code: as they are sent. */
  ticketCharacters: 4_096,
  secretCharacters: 200,
  /** RFC 3696: 64 before the @, 255 behind it. */
  emailCharacters: 320,
  /** Of slugs and of module ids: what PostgreSQL takes as a name. */
  idCharacters: 63,
  tenantNameCharacters: 200,
  personNameCharacters: 120,
  localeCharacters: 35,
  timeZoneCharacters: 64,
  modulesPerTenant: 100,
  rolesPerMember: 500,
  /** Roles that a tenant defines, and permissions that it gives: each a role and an entity. */
  ownRoles: 500,
  ownPermissions: 5_000,
  roleTitleCharacters: 80,
  /** Of one role, as its history tells them. */
  roleChanges: 200,
  /** Before it is decided, what a change of a role would mean is counted for so long, in so many records of an entity and person. */
  previewMs: 6_000,
  previewRows: 200_000,
  /** The same where they go through this process. */
  previewRowsApart: 20_000,
  accessTokenSeconds: 600,
  viewingSeconds: 900,
  /** A sign-in that is under way. */
  ticketSeconds: 300,
  /** For so long a key signs tokens; for as long again it still verifies them. */
  signingKeySeconds: 7 * 24 * 3600,
  sessionSeconds: 30 * 24 * 3600,
  /** A session that nobody uses for so long is over. */
  sessionIdleSeconds: 7 * 24 * 3600,
  /** For so long after somebody proved who they are, they may do what is dangerous. */
  proofSeconds: 600,
  /** Links in mails: to confirm an address or set a password, and to accept an invitation. */
  linkSeconds: 1_800,
  invitationSeconds: 7 * 24 * 3600,
  /** Authenticator apps and passkeys of an account; what one may be called. */
  factorsPerAccount: 10,
  factorNameCharacters: 60,
  recoveryCodes: 10,
  passkeyChallengeSeconds: 300,
  /** Of a browser's description of itself. */
  agentCharacters: 300,
  sessionsListed: 500,
  passwordHashesAtOnce: 2,
  passwordHashesWaiting: 100,
  passwordMaxCharacters: 1024,
  passwordMinCharacters: 10,
  /** What lies behind so many cannot make it weaker, and takes long to judge. */
  passwordJudgedCharacters: 100,
  loginFailuresPerAccount: 10,
  loginFailuresPerAddress: 50,
  loginWindowSeconds: 900,
  limiterEntries: 50_000,
  /** The window of the limits on requests; how many times the limit of an account those of an address and of a tenant are. */
  rateSeconds: 60,
  ratePerAddress: 4,
  ratePerTenant: 10,
  /** Requests of one tenant that wait for its others, in each process. */
  shareWaiting: 500,
  /** For so long what is like an entry of the access stream is counted, not written; how many different ones a tenant has then, and how many tenants. */
  accessNoteSeconds: 60,
  accessNotesPerTenant: 500,
  accessNoteTenants: 5_000,
  auditEntries: 200,
  /** How often the last use of an API key is written down, and for how long a rotated one is still good. */
  keyUseSeconds: 60,
  keyOverlapSeconds: 24 * 3600,
  keysPerTenant: 500,
  keyNameCharacters: 80,
  keyScopes: 100,
  keyAddresses: 50,
  /** Requests for mails in a login window, of an address and about an account. */
  mailsPerAddress: 20,
  mailsPerAccount: 5,
  /** Sign-ins by a company's identity provider: begun from an address in a login window, how long one may take, and how long its end waits for the page. */
  ssoPerAddress: 600,
  ssoSeconds: 900,
  ssoAnswerSeconds: 120,
  /** Its answer in a form: a SAML response with its certificates and groups. */
  samlFormBytes: 256 * 1024,
  /** What is kept open of its answers: discovery and keys, and the time that one answer may take. */
  ssoDiscoverySeconds: 3_600,
  ssoRequestSeconds: 8,
  providersPerTenant: 20,
  providerNameCharacters: 60,
  providerTextCharacters: 2_000,
  certificateCharacters: 10_000,
  certificatesPerProvider: 5,
  groupRolesPerProvider: 500,
  /** Of a person, as a provider tells them. */
  groupsClaimed: 2_000,
  domainsPerTenant: 100,
  tokensPerProvider: 5,
  /** Of a directory's list, of its conditions, and of the people it names in one request. */
  scimRows: 200,
  scimFilterCharacters: 500,
  scimValueCharacters: 256,
  scimMembers: 1_000,
  scimOperations: 100,
  /** What an address that a tenant named may answer. */
  outboundBytes: 1024 * 1024,
  outboundSeconds: 10,
  knownTokenEntries: 10_000,
  databaseConnections: 16,
  databaseConnectMs: 10_000,
  idleConnectionMs: 60_000,
  /** A connection is made anew after this time, whatever it holds by then. */
  connectionSeconds: 3_600,
  /**
   * A connection that holds more is closed. A cached plan costs the server about twenty times its text: 27 KB for a plain get, over
   * 1 MB for a list with twenty relations. What is longer than `namedCharacters` is planned anew each time.
   */
  preparedStatements: 500,
  preparedCharacters: 750_000,
  namedCharacters: 24_000,
  statementMs: 30_000,
  /** How often the embedded engine is asked for a sign of life, and how often it is vacuumed. */
  embeddedCanaryMs: 30_000,
  embeddedVacuumMs: 600_000,
  /** How long a change of tables waits for their locks, how often it tries, and the pause after each. */
  schemaLockMs: 2_000,
  schemaLockAttempts: 10,
  schemaLockPauseMs: 300,
  moduleFileBytes: 1024 * 1024,
  filesPerModule: 2_000,
  /** Of all files together: the last good version of a module is one value in the database. */
  moduleBytes: 32 * 1024 * 1024,
  /** Compiled sets of modules, and tenants of which it is known which set is theirs, that a process keeps. */
  cataloguesKept: 64,
  /** Of these, with what tenants say of roles. */
  editedCataloguesKept: 500,
  /** Of each of them, what sets of roles may do. */
  roleSetsKept: 200,
  tenantsKept: 10_000,
  housekeepingMs: 3_600_000,
  /** How long a tenant that is to be deleted can be had back. */
  deletionGraceSeconds: 30 * 24 * 3600,
  logoBytes: 256 * 1024,
  /** How long it is remembered whose name a host is. */
  hostSeconds: 30,
  hostsKept: 5_000,
  /** Compiled statements and what they select, of all tenants together: about 20 KB each, at most 50. */
  shapesKept: 1_000,
  pageRows: 500,
  pageRowsDefault: 50,
  /** Records of one list with all that is expanded: rows times relations, inverse ones at their most. */
  listedRecords: 30_000,
  /** Of an inverse relation that is expanded; the rest is a list of its own. */
  expandedRows: 50,
  /** One page of records, rendered; buffered whole so that no connection waits for a socket. */
  pageBytes: 8 * 1024 * 1024,
  /** `count=estimate` counts exactly up to here. */
  estimateRows: 10_000,
  conditions: 50,
  sortKeys: 5,
  /** References that one path may follow. */
  pathHops: 3,
  expansions: 20,
  expandDepth: 3,
  searchLength: 200,
  groups: 5,
  measures: 10,
  groupRows: 1_000,
  groupRowsDefault: 100,
  /** Documents whose stored derived values one request may change, besides those it names; and how many of them are held at a time. */
  derivedDocuments: 5_000,
  derivedDocumentsAtOnce: 500,
  /**
   * Formulas that records hold cost 2 µs a character to be checked or put into somebody's names: so much of them one request may write; after so
   * much in an answer others have their turn; and of each set of roles so many are kept as they were last shown.
   */
  formulaCharacters: 100_000,
  formulaCharactersAtOnce: 5_000,
  formulasKept: 1_000,
  bulkOperations: 1_000,
  linesPerDocument: 1_000,
  /** Records that one delete may take along. */
  cascadeRecords: 10_000,
  historyEntries: 100,
  writeTransactionMs: 15_000,
  /** For how long a repeated request is known by its key. */
  idempotencyHours: 24,
  jobPollSeconds: 1,
  /** A running job without a sign of life for so long is taken up by another worker. */
  jobStaleSeconds: 30,
  jobSweepMs: 15_000,
  /** A job that did not get on in so many runs, because something of ours failed or the process died, has failed. */
  jobAttempts: 5,
  /** What is kept of jobs that are over, with each row's account of an import; it cannot be undone after that. */
  jobDays: 90,
  jobsListed: 50,
  /** Rows of a file without its header; documents that are written in one go, and undone in one; faults in the result (every row keeps its own). */
  importRows: 200_000,
  importColumns: 2_000,
  importDocumentsAtOnce: 100,
  importUndoneAtOnce: 50,
  importFaultsListed: 200,
  seedRecordsAtOnce: 200,
  /** Files that are read at the same time: each is held in memory as a whole, several times over. */
  uploadsAtOnce: 8,
  /** Events that get their place in the log in one transaction: about 20 ms, far below any statement's time limit. */
  sequencerEvents: 500,
  /** How long a hint to the sequencer waits for company: one transaction then places the events of many writes. */
  sequencerGatherMs: 20,
  /** Entries of the log that the audit reads at a time. */
  auditRows: 1_000,
  /** How often the sequencer looks without a hint: for writes of other processes. */
  sequencerPollMs: 1_000,
} as const
export type Limits = { readonly [name in keyof typeof limits]: number }

export interface Config {
  readonly host: string
  readonly port: number
  /** Absolute. Holds the embedded database, the generated master key and uploaded files. */
  readonly dataDir: string
  /** Absolute. One folder per module. */
  readonly modulesDir: string
  /** Null: the embedded database in `dataDir`. */
  readonly databaseUrl: string | null
  /** The login that may change tables; null: `databaseUrl` must be able to set up roles by itself. */
  readonly ownerDatabaseUrl: string | null
  /** For session features behind PgBouncer. Not used yet: main.ts says so. */
  readonly directDatabaseUrl: string | null
  /** Limits that several processes count together. Null: each counts by itself. */
  readonly redisUrl: string | null
  /** Null: operator routes do not exist. */
  readonly operatorToken: string | null
  /** 32 bytes as hex; null: a file in `dataDir`. */
  readonly masterKeyHex: string | null
  /** The key before it, likewise: what it made is still read until it was made anew (`bos keys rewrap`). Null: there is none. */
  readonly previousMasterKeyHex: string | null
  readonly demoPassword: string | null
  /** Where people find this installation: what links in mails begin with, and whose passkeys are taken. Never learned from a request. */
  readonly publicUrl: string
  /** Whether people may found tenants themselves. */
  readonly signUp: 'open' | 'closed'
  /** Null: nothing can be sent, but for a demo, which keeps its letters in a folder. */
  readonly smtpUrl: string | null
  readonly mailFrom: string
  readonly roles: ReadonlySet<ProcessRole>
  /** How many reverse proxies stand in front; their X-Forwarded-For is believed that far. */
  readonly trustedProxies: number
  /** From which level on lines are logged; null: `info`, in a demo `warn`. */
  readonly logLevel: 'error' | 'warn' | 'info' | null
  /** Networks (CIDR) that addresses which tenants name may lead into, though they are private; beyond them only public addresses are asked. */
  readonly outboundNetworks: readonly string[]
  /** Of an account or API key; 0: no limit on requests at all. */
  readonly requestsPerMinute: number
  readonly limits: Limits
}

export interface ConfigProblem {
  readonly variable: string
  readonly why: string
}

/** Every fault of the environment at once. Messages never repeat values: several of them are secrets. */
export class ConfigFault extends Error {
  readonly problems: readonly ConfigProblem[]
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => `${problem.variable} ${problem.why}`).join('\n'))
    this.name = 'ConfigFault'
    this.problems = problems
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** Environment → frozen Config. A variable set to the empty string counts as not set. Throws ConfigFault. */
export function readConfig(environment: Environment, workingDir: string): Config {
  const problems: ConfigProblem[] = []
  const fault = (variable: string, why: string): null => {
    problems.push({ variable, why })
    return null
  }
  const text = (variable: string): string | null => environment[variable]?.trim() || null
  const integer = (variable: string, fallback: number, min: number, max: number): number => {
    const given = text(variable)
    if (given === null) return fallback
    const value = /^\d{1,9}$/.test(given) ? Number(given) : NaN
    if (value >= min && value <= max) return value
    fault(variable, `must be a whole number from ${min} to ${max}`)
    return fallback
  }
  const url = (variable: string, protocols: readonly string[]): string | null => {
    const given = text(variable)
    if (given === null) return null
    const parsed = URL.canParse(given) ? new URL(given) : null
    if (parsed && protocols.includes(parsed.protocol)) return given
    return fault(variable, `must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`)
  }
  const folder = (variable: string, fallback: string): string => {
    const given = text(variable) ?? fallback
    return isAbsolute(given) ? given : resolve(workingDir, given)
  }
  const secret = (variable: string, minCharacters: number): string | null => {
    const given = text(variable)
    if (given === null || given.length >= minCharacters) return given
    return fault(variable, `must have at least ${minCharacters} characters`)
  }

  /** It travels in an Authorization header (RFC 6750). */
  const bearerToken = (variable: string, minCharacters: number): string | null => {
    const given = secret(variable, minCharacters)
    if (given === null || /^[\w.~+/-]+=*$/.test(given)) return given
    return fault(variable, 'may hold letters, digits and . _ ~ + / - only')
  }

  const host = text('HOST') ?? '127.0.0.1'
  if (/[\s/@]|:\/\//.test(host)) fault('HOST', 'must be a host name or an address to listen on, without port')
  const postgres = ['postgres:', 'postgresql:']
  const port = integer('PORT', 3000, 0, 65_535)
  const config: Config = {
    host,
    port,
    dataDir: folder('DATA_DIR', '.data'),
    modulesDir: folder('MODULES_DIR', 'modules-json'),
    databaseUrl: url('DATABASE_URL', postgres),
    ownerDatabaseUrl: url('OWNER_DATABASE_URL', postgres),
    directDatabaseUrl: url('DIRECT_DATABASE_URL', postgres),
    redisUrl: url('REDIS_URL', ['redis:', 'rediss:']),
    operatorToken: bearerToken('OPERATOR_TOKEN', 16),
    masterKeyHex: readMasterKey('MASTER_KEY', text('MASTER_KEY'), fault),
    previousMasterKeyHex: readMasterKey('MASTER_KEY_PREVIOUS', text('MASTER_KEY_PREVIOUS'), fault),
    demoPassword: secret('DEMO_PASSWORD', limits.passwordMinCharacters),
    publicUrl: readPublicUrl(url('PUBLIC_URL', ['http:', 'https:']) ?? `http://localhost:${port}`, fault),
    signUp: readSignUp(text('SIGN_UP'), fault),
    smtpUrl: url('SMTP_URL', ['smtp:', 'smtps:']),
    mailFrom: text('MAIL_FROM') ?? 'BusinessOS <no-reply@localhost>',
    roles: readRoles(text('ROLES'), fault),
    trustedProxies: integer('TRUSTED_PROXIES', 0, 0, 10),
    outboundNetworks: readNetworks(text('OUTBOUND_NETWORKS'), fault),
    requestsPerMinute: integer('REQUESTS_PER_MINUTE', 1_200, 0, 1_000_000),
    logLevel: readLogLevel(text('LOG_LEVEL'), fault),
    limits: Object.freeze({ ...limits, databaseConnections: integer('DATABASE_CONNECTIONS', limits.databaseConnections, 1, 500) }),
  }
  for (const variable of ['OWNER_DATABASE_URL', 'DIRECT_DATABASE_URL']) {
    if (text(variable) !== null && text('DATABASE_URL') === null) fault(variable, 'needs DATABASE_URL as well')
  }
  if (problems.length > 0) throw new ConfigFault(problems)
  return Object.freeze(config)
}

/** An origin: where to find a page is ours to say. */
function readPublicUrl(given: string, fault: ReportFault): string {
  const parsed = URL.canParse(given) ? new URL(given) : null
  if (parsed && parsed.pathname === '/' && parsed.search === '' && parsed.hash === '' && parsed.username === '') return parsed.origin
  fault('PUBLIC_URL', 'must be an address without a path, such as https://erp.example.com')
  return 'http://localhost'
}

type ReportFault = (variable: string, why: string) => null

function readSignUp(given: string | null, fault: ReportFault): Config['signUp'] {
  if (given === null || given === 'open' || given === 'closed') return given ?? 'closed'
  fault('SIGN_UP', 'must be open or closed')
  return 'closed'
}

/** 32 bytes, written as 64 hex digits or as base64. */
function readMasterKey(variable: string, given: string | null, fault: ReportFault): string | null {
  if (given === null) return null
  if (/^[0-9a-f]{64}$/i.test(given)) return given.toLowerCase()
  const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(given) ? Buffer.from(given, 'base64') : null
  if (bytes?.length === 32) return bytes.toString('hex')
  return fault(variable, 'must be 32 bytes as 64 hex digits or as base64 (make one with: openssl rand -hex 32)')
}

function readNetworks(given: string | null, fault: ReportFault): readonly string[] {
  const networks = (given ?? '').split(',').flatMap((network) => network.trim() || [])
  if (networks.some((network) => !ipaddr.isValidCIDR(network))) fault('OUTBOUND_NETWORKS', 'must be a list of networks such as 10.0.0.0/8')
  return networks
}

function readLogLevel(given: string | null, fault: ReportFault): Config['logLevel'] {
  if (given === null || given === 'error' || given === 'warn' || given === 'info') return given
  return fault('LOG_LEVEL', 'must be error, warn or info')
}

function readRoles(given: string | null, fault: ReportFault): ReadonlySet<ProcessRole> {
  if (given === null) return new Set(processRoles)
  const names = given.split(',').map((name) => name.trim())
  const known = processRoles.filter((role) => names.includes(role))
  if (known.length !== new Set(names).size) fault('ROLES', `must be a list of ${processRoles.join(', ')}`)
  return new Set(known)
}
