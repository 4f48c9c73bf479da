import { v7 as uuid } from 'uuid'
import { administrator } from '../catalogue/types.ts'
import type { Catalogue, Module } from '../catalogue/types.ts'
import type { Session } from '../database/types.ts'
import type { Database } from '../database/types.ts'
import type { Actor } from '../records/types.ts'
import type { RecordsDoor } from '../records/handle.ts'
import { engineActorOf } from './engine-actor.ts'
import { loadSeeds, SeedFault, type SeedFile, type SeedPerson } from './seed.ts'
import { enableModule, openTenant, randomPassword, setAccess, withDependencies } from './tenants.ts'

/** What the database remembers of demo mode, under the setting `demo`. Once `on` is false it stays so. */
interface DemoState {
  readonly on: boolean
  readonly tenants: Readonly<
    Record<string, { readonly id: string; readonly modules: readonly string[]; readonly keys: Readonly<Record<string, string>> }>
  >
  /** E-mail addresses of the people who can sign in. */
  readonly people: readonly string[]
}

export interface Demo {
  readonly on: boolean
  readonly people: readonly string[]
  /** Shown once, at the start that made it up or took it over from DEMO_PASSWORD; null otherwise. */
  readonly password: string | null
}

export interface DemoParts {
  readonly database: Pick<Database, 'call'>
  readonly withOwner: <T>(work: (session: Session) => Promise<T>) => Promise<T>
  readonly records: RecordsDoor
  /** Told of a tenant that has got modules, before they have records. */
  readonly onEnabled: (tenant: string) => Promise<void>
  readonly catalogue: Catalogue
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  readonly seeds: (modules: readonly string[], report: (fault: SeedFault) => void) => Promise<readonly SeedFile[]>
  readonly passwords: { hash(password: string): Promise<string>; verify(password: string, storedHash: string | null): Promise<boolean> }
  /** DEMO_PASSWORD. */
  readonly password: string | null
  /** `asked`: by --demo; `offered`: no DATABASE_URL, so that a first start makes a demo; `no`. */
  readonly wanted: 'asked' | 'offered' | 'no'
  readonly now: () => Date
  readonly progress: (line: string) => void
}

const demoTenants = [
  { slug: 'acme', name: 'Acme Provisions', locale: 'en-GB', timeZone: 'Europe/Berlin', currency: 'EUR' },
  { slug: 'globex', name: 'Globex Supply', locale: 'en-US', timeZone: 'America/Chicago', currency: 'USD' },
] as const

const off: Demo = { on: false, people: [], password: null }

/**
 * Makes or completes the demo, if this database is one: tenants, people and sample data of every module, also of modules that came
 * later. A tenant counts once all of it is there; what a start that broke off left behind is set aside, unreachable.
 */
export async function prepareDemo(parts: DemoParts): Promise<Demo> {
  const { wanted, withOwner, progress } = parts
  let state = await readState(parts.database)
  if (state?.on === false) {
    if (wanted === 'asked')
      throw new Error('Demo mode was ended for this database, for ever. Start without --demo, or with another database.')
    return off
  }
  if (!state) {
    const { rows } = await parts.database.call({ text: 'select * from bos.tenant_list()' })
    if (wanted === 'asked' && rows.length > 0) throw new Error('This database has tenants already; --demo is for an empty one.')
    if (wanted === 'no' || rows.length > 0) return off
    state = { on: true, tenants: {}, people: [] }
    await withOwner((owner) => writeState(owner, state as DemoState))
  }

  const before = state.people
  const password = parts.password ?? randomPassword()
  let passwordHash: string | null = null
  for (const tenant of demoTenants) {
    const known = state.tenants[tenant.slug]
    const modules = withDependencies(parts.catalogue.modules.keys(), parts.catalogue.modules).map((module) => module.id)
    const missing = modules.filter((id) => known?.modules.includes(id) !== true)
    if (missing.length === 0) continue
    progress(known ? `Adding ${missing.join(', ')} to ${tenant.name} …` : `Filling ${tenant.name} with sample data …`)
    passwordHash ??= await parts.passwords.hash(password)
    state = await fill(parts, state, tenant, missing, passwordHash)
    const written = state
    await withOwner((owner) => writeState(owner, written))
  }
  // Nobody is told a password that does not work for everybody: whoever joined later shares it with those who were there.
  const hasJoined = state.people.length > before.length
  const isAsked = before.length > 0 && (parts.password !== null || hasJoined)
  const changed = isAsked && (await takePassword(parts, state.people, password))
  return { on: true, people: state.people, password: hasJoined || changed ? password : null }
}

async function fill(
  parts: DemoParts,
  state: DemoState,
  tenant: (typeof demoTenants)[number],
  missing: readonly string[],
  passwordHash: string,
): Promise<DemoState> {
  const { database, catalogue } = parts
  const before = state.tenants[tenant.slug]
  const modules = missing.flatMap((id) => catalogue.modules.get(id) ?? [])
  if (before) {
    for (const module of modules) await enableModule(database, before.id, module)
  } else {
    await parts.withOwner((owner) => setAside(owner, tenant.slug))
    await openTenant(database, uuid(), tenant, modules)
  }
  const actor = await engineActorOf(database, tenant.slug)
  await parts.onEnabled(actor.tenant)
  const task = { records: parts.records, catalogue: await parts.catalogueOf(actor), actor, now: parts.now() }
  let keys: ReadonlyMap<string, string> = new Map(Object.entries(before?.keys ?? {}))
  const people: SeedPerson[] = []
  // Samples are no reason not to serve what they are samples of.
  const report = (fault: SeedFault): void => {
    parts.progress(`! Sample data is left out. ${fault.message}`)
  }
  for (const file of await parts.seeds(missing, report)) {
    try {
      const loaded = await loadSeeds({ ...task, files: [file], keys })
      keys = loaded.keys
      people.push(...loaded.people)
    } catch (error) {
      if (!(error instanceof SeedFault)) throw error
      report(error)
    }
  }
  // Last: whoever acts is told that their rights are of yesterday once somebody's have changed.
  for (const { member, email, roles } of people) {
    await setAccess(database, { tenant: actor.tenant, member, email, passwordHash, roles: withDefaults(roles, modules), link: false })
  }
  const entry = { id: actor.tenant, modules: [...(before?.modules ?? []), ...missing], keys: Object.fromEntries(keys) }
  return {
    on: true,
    tenants: { ...state.tenants, [tenant.slug]: entry },
    people: [...new Set([...state.people, ...people.map((person) => person.email)])],
  }
}

/** As when a module is enabled later: whoever has no role in it gets its default one. Administrators need none. */
function withDefaults(roles: readonly string[], modules: readonly Module[]): readonly string[] {
  if (roles.includes(administrator)) return roles
  const covered = new Set(roles.map((role) => role.split('.')[0]))
  return [...roles, ...modules.flatMap((module) => (module.defaultRole !== null && !covered.has(module.id) ? [module.defaultRole] : []))]
}

/** What an earlier start left unfinished: its slug becomes free, its people lose their way in. */
async function setAside(owner: Session, slug: string): Promise<void> {
  const { rows } = await owner.query(
    `update bos.tenant set slug = left(slug, 40) || '-' || left(id::text, 8), suspended_at = now() where slug = $1 returning id`,
    [slug],
  )
  for (const row of rows) await owner.query('delete from bos.member_account where tenant_id = $1', [row['id']])
}

/** DEMO_PASSWORD at a later start resets a forgotten password. Answers whether it was another before. */
async function takePassword({ database, passwords }: DemoParts, people: readonly string[], password: string): Promise<boolean> {
  let hash: string | null = null
  for (const email of people) {
    const { rows } = await database.call({ text: 'select id, password_hash from bos.account_by_email($1)', values: [email] })
    const account = rows[0]
    // All were given one hash: comparing the text spares all but the first a slow verification.
    if (!account || account['password_hash'] === hash) continue
    const stored = account['password_hash'] as string | null
    if (hash === null && (await passwords.verify(password, stored))) {
      hash = stored
      continue
    }
    hash ??= await passwords.hash(password)
    await database.call({ text: 'select bos.password_set($1::uuid, $2, null)', values: [account['id'], hash] })
  }
  return hash !== null
}

/** Ends demo mode for ever, and the demo people's sign-in with it. Answers whose. */
export async function endDemo(owner: Session): Promise<readonly string[]> {
  const { rows } = await owner.query(`select value from bos.setting where key = 'demo'`)
  const people = (rows[0]?.['value'] as DemoState | undefined)?.people ?? []
  await writeState(owner, { on: false, tenants: {}, people: [] })
  for (const email of people) {
    await owner.query('select bos.password_set(a.id, null, null) from bos.account a where bos.fold(a.email) = bos.fold($1)', [email])
  }
  return people
}

async function readState(database: Pick<Database, 'call'>): Promise<DemoState | null> {
  const { rows } = await database.call({ text: `select bos.setting_value('demo') as demo` })
  return (rows[0]?.['demo'] as DemoState | null | undefined) ?? null
}

async function writeState(owner: Session, state: DemoState): Promise<void> {
  await owner.query(
    `insert into bos.setting (key, value) values ('demo', $1::text::jsonb) on conflict (key) do update set value = excluded.value`,
    [JSON.stringify(state)],
  )
}
