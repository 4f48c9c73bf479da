import { randomBytes } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import { administrator } from '../catalogue/types.ts'
import type { Module } from '../catalogue/types.ts'
import type { Database } from '../database/types.ts'
import { currencies } from '../fields/currencies.ts'
import { suggestion } from '../fields/nearest.ts'
import { judgePassword } from '../identity/password-policy.ts'
import { echo, Problem, type Fault, type ProblemCode } from '../problems.ts'
import { entityAt } from '../records/access.ts'
import type { RecordsDoor } from '../records/handle.ts'
import type { Actor } from '../records/types.ts'
import { writeRequest } from '../records/write-request.ts'
import { engineActor } from './engine-actor.ts'

export interface NewTenant {
  readonly slug: string
  readonly name: string
  readonly locale: string
  readonly timeZone: string
  readonly currency: string
  /** Module ids; what they depend on comes along. Null: every module. */
  readonly modules: readonly string[] | null
  readonly admin: { readonly name: string; readonly email: string; /** Null: a random one. */ readonly password: string | null }
}

/** What somebody founds for themselves. The hash is of a password that was judged, or of the account that there is. */
export interface Founded extends Pick<NewTenant, 'name' | 'locale' | 'timeZone' | 'currency'> {
  readonly slugs: Iterable<string>
  readonly admin: { readonly name: string; readonly email: string; readonly passwordHash: string }
}

export interface CreatedTenant {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly modules: readonly string[]
  /** `password` only when we made it up; null when the person chose one or had an account before (`existing`). */
  readonly admin: { readonly member: string; readonly email: string; readonly password: string | null; readonly existing: boolean }
}

export interface TenantSummary {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly modules: readonly string[]
  readonly people: number
  readonly createdAt: string
  readonly suspended: boolean
}

export interface Tenants {
  /** Throws 'request-invalid' and 'unique-taken'. */
  create(wanted: NewTenant): Promise<CreatedTenant>
  /**
   * A new tenant with every module, under the first of `slugs` that is free; it takes up nothing that others have begun. `ready` is run when
   * nothing is wrong with what is wanted: where it rejects, there is no tenant. Throws 'request-invalid', 'conflict'.
   */
  found(wanted: Founded, ready: () => Promise<void>): Promise<{ readonly id: string; readonly slug: string }>
  list(): Promise<readonly TenantSummary[]>
  /**
   * Enables a module with what it depends on; members who have no role in it get its default role. `slug` names the tenant.
   * Answers the modules the tenant has now. Throws 'not-found' and 'request-invalid'.
   */
  enable(slug: string, module: string): Promise<readonly string[]>
  /** From the next request on nobody gets in, and nothing is done there; or they do again, also where it was to be deleted. Throws 'not-found'. */
  suspend(slug: string, suspended: boolean): Promise<void>
}

export interface TenantParts {
  readonly database: Pick<Database, 'call'>
  readonly hashPassword: (password: string) => Promise<string>
  readonly records: RecordsDoor
  /** Modules that can be enabled, by id. */
  readonly modules: () => ReadonlyMap<string, Module>
  /** Told of a tenant that has got modules, before they have records. */
  readonly onEnabled: (tenant: string) => Promise<void>
}

export function createTenants({ database, hashPassword, records, modules, onEnabled }: TenantParts): Tenants {
  /** Its first administrator: before that nobody gets in. */
  const admit = async (
    tenant: Parameters<typeof engineActor>[0],
    admin: Pick<NewTenant['admin'], 'name' | 'email'>,
    passwordHash: string,
  ): Promise<AccessSet & { readonly member: string }> => {
    const actor = engineActor(tenant)
    await onEnabled(tenant.id)
    const member = await writeMember(records, actor, admin)
    const access = { tenant: tenant.id, member, email: admin.email, passwordHash, roles: [administrator], link: true }
    return { member, ...(await setAccess(database, access)) }
  }
  return {
    create: async (wanted) => {
      const chosen = judge(wanted, modules())
      const password = wanted.admin.password ?? randomPassword()
      if (wanted.admin.password !== null) await judgePassword(password, [wanted.admin.email, wanted.name], '/admin/password')
      const passwordHash = await hashPassword(password)
      // Three transactions, in an order that any of them may break off: the tenant cannot be signed in to before the last,
      // and the same request again takes up what is there (bos.tenant_open, the upsert by e-mail).
      const opened = await openTenant(database, uuid(), wanted, chosen)
      if (!opened)
        throw new Problem('unique-taken', `There is a tenant "${wanted.slug}" already.`, {
          faults: [{ pointer: '/slug', detail: 'is taken' }],
        })
      const { member, existing, passwordKept } = await admit({ ...wanted, ...opened }, wanted.admin, passwordHash)
      const { email } = wanted.admin
      const shown = wanted.admin.password === null && !passwordKept ? password : null
      if (shown !== null) await database.call({ text: 'select bos.password_give($1, $2)', values: [email, passwordHash] })
      return {
        id: opened.id,
        slug: wanted.slug,
        name: wanted.name,
        modules: chosen.map((each) => each.id),
        admin: { member, email, password: shown, existing },
      }
    },

    found: async ({ slugs, admin, ...wanted }, ready) => {
      const faults = judgeSurroundings(wanted)
      if (admin.name.trim() === '') faults.push({ pointer: '/person', detail: 'must not be empty' })
      if (faults.length > 0) throw new Problem('request-invalid', '', { faults })
      await ready()
      const chosen = withDependencies(modules().keys(), modules())
      for (const slug of slugs) {
        const opened = await openTenant(database, uuid(), { ...wanted, slug }, chosen, 'tenant_found')
        if (!opened) continue
        await admit({ ...wanted, slug, ...opened }, admin, admin.passwordHash)
        return { id: opened.id, slug }
      }
      throw new Problem('conflict', 'Workspaces have all the short names that this one might have. Call it something else.')
    },

    list: async () => {
      const { rows } = await database.call({ text: 'select * from bos.tenant_list()' })
      return rows.map((row) => ({
        id: String(row['id']),
        slug: String(row['slug']),
        name: String(row['name']),
        modules: row['modules'] as string[],
        people: Number(row['people']),
        createdAt: (row['created_at'] as Date).toISOString(),
        suspended: row['suspended_at'] !== null,
      }))
    },

    suspend: async (slug, suspended) => {
      const { rows } = await database.call({ text: 'select bos.tenant_suspend($1, $2) as found', values: [slug, suspended] })
      if (rows[0]?.['found'] !== true) throw new Problem('not-found', `There is no tenant ${echo(slug)}.`)
    },

    enable: async (slug, module) => {
      const find = () => database.call({ text: 'select id, modules from bos.tenant_by_slug($1)', values: [slug] })
      const tenant = (await find()).rows[0]
      if (!tenant) throw new Problem('not-found', `There is no tenant ${echo(slug)}.`)
      const unknown = unknownModule(module, modules())
      if (unknown !== null) throw new Problem('request-invalid', '', { faults: [{ pointer: '/module', detail: unknown }] })
      for (const each of withDependencies([module], modules())) await enableModule(database, String(tenant['id']), each)
      await onEnabled(String(tenant['id']))
      const [after] = (await find()).rows
      return ((after?.['modules'] as { module: string }[] | undefined) ?? []).map((each) => each.module)
    },
  }
}

export async function openTenant(
  database: Pick<Database, 'call'>,
  id: string,
  { slug, name, locale, timeZone, currency }: Omit<NewTenant, 'modules' | 'admin'>,
  modules: readonly Module[],
  by: 'tenant_open' | 'tenant_found' = 'tenant_open',
): Promise<{ id: string; generation: number } | null> {
  const chosen = JSON.stringify(modules.map(({ id: module, version }) => ({ module, version })))
  const { rows } = await database.call({
    text: `select * from bos.${by}($1::uuid, $2, $3, $4, $5, $6, $7::jsonb)`,
    values: [id, slug, name, locale, timeZone, currency, chosen],
  })
  const row = rows[0]
  return row ? { id: String(row['id']), generation: Number(row['generation']) } : null
}

export async function enableModule(database: Pick<Database, 'call'>, tenant: string, { id, version, defaultRole }: Module): Promise<void> {
  await database.call({ text: 'select bos.module_enable($1::uuid, $2, $3, $4)', values: [tenant, id, version, defaultRole] })
}

export interface AccessSetting {
  readonly tenant: string
  readonly member: string
  /** Null: this person cannot sign in. */
  readonly email: string | null
  /** Null: keep the password there is. */
  readonly passwordHash: string | null
  readonly roles: readonly string[]
  /** Connect an account that is in use in other tenants: the operator's right. Its password stays. */
  readonly link: boolean
}
/** `existing`: the address signs in already. `passwordKept`: the given password was not taken, because the account is not this tenant's alone. */
export interface AccessSet {
  readonly existing: boolean
  readonly passwordKept: boolean
}

/**
 * Says how a member signs in and which roles they have, in one transaction. Throws 'unique-taken' where the account is in use in
 * another tenant and may not be linked, 'conflict' where it is linked and a password is given; then nothing is changed.
 */
export async function setAccess(
  database: Pick<Database, 'call'>,
  { tenant, member, email, passwordHash, roles, link }: AccessSetting,
): Promise<AccessSet> {
  try {
    const { rows } = await database.call({
      text: 'select * from bos.access_set($1::uuid, $2::uuid, $3::uuid, $4, $5, $6::text[], $7)',
      values: [tenant, member, uuid(), email, passwordHash, roles, link],
    })
    return { existing: rows[0]?.['existing'] === true, passwordKept: rows[0]?.['password_kept'] === true }
  } catch (cause) {
    throw accessRefused(cause)
  }
}

/** What the database says of an access that it does not set, as a Problem; anything else as it is. */
export function accessRefused(cause: unknown): unknown {
  const refused = refusals[String((cause as { code?: unknown }).code)]
  return refused ? new Problem(refused.code, refused.detail, { cause, faults: [refused.fault] }) : cause
}
const refusals: Readonly<Record<string, { code: ProblemCode; detail: string; fault: Fault }>> = {
  // A role of the tenant's own, of which there was a record when it was asked for.
  23503: {
    code: 'request-invalid',
    detail: 'One of these roles was deleted a moment ago.',
    fault: { pointer: '/roles', detail: 'one of them is gone' },
  },
  23505: {
    code: 'unique-taken',
    detail: 'This address signs in already, as another person or in another tenant. The operator can connect it.',
    fault: { pointer: '/email', detail: 'is taken' },
  },
  BOS03: {
    code: 'conflict',
    detail: 'This account is in use in other tenants too, so only the person can change its password. Nothing was changed.',
    fault: { pointer: '/password', detail: 'can be changed by the person only' },
  },
  BOS04: {
    code: 'conflict',
    detail: 'Nobody else signs in as an administrator. Make somebody else one first.',
    fault: { pointer: '/roles', detail: 'are those of the last administrator' },
  },
}

async function writeMember(
  records: RecordsDoor,
  actor: Actor,
  { name, email }: Pick<NewTenant['admin'], 'name' | 'email'>,
): Promise<string> {
  const access = await records.access(actor)
  const writing = { access, here: entityAt(access, { module: 'core', plural: 'members' }), mode: 'all', via: 'system' } as const
  const request = writeRequest({ ...writing, requestId: `tenant:${actor.tenantSlug}` }, [
    { op: 'upsert', key: 'email', data: { name, email } },
  ])
  const [result] = (await records.run(request, actor)).results
  if (!result || result instanceof Problem) throw new Error('the first member was not written', { cause: result })
  return result.id
}

/** Modules and all they depend on, dependencies first. Unknown ids are left out: `judge` names them. */
export function withDependencies(ids: Iterable<string>, known: ReadonlyMap<string, Module>): Module[] {
  const ordered = new Map<string, Module>()
  const add = (id: string): void => {
    const module = known.get(id)
    if (!module || ordered.has(id)) return
    for (const dependency of module.depends) add(dependency)
    ordered.set(id, module)
  }
  for (const id of ids) add(id)
  return [...ordered.values()]
}

/** Every fault of a request for a tenant, or the modules that it gets. */
function judge(wanted: NewTenant, known: ReadonlyMap<string, Module>): Module[] {
  const faults: Fault[] = []
  const expect = (right: boolean, pointer: string, detail: string): void => {
    if (!right) faults.push({ pointer, detail })
  }
  expect(
    /^[a-z][a-z0-9-]{0,62}$/.test(wanted.slug),
    '/slug',
    'must be 1 to 63 lower-case letters, digits and hyphens, beginning with a letter',
  )
  faults.push(...judgeSurroundings(wanted))
  expect(wanted.admin.name.trim() !== '', '/admin/name', 'must not be empty')
  expect(/^[^\s@]+@[^\s@]+$/.test(wanted.admin.email), '/admin/email', 'must be an e-mail address')
  for (const [index, id] of (wanted.modules ?? []).entries()) {
    const unknown = unknownModule(id, known)
    expect(unknown === null, `/modules/${index}`, unknown ?? '')
  }
  expect(known.has('core'), '/modules', 'the module core is missing: nobody could be a member')
  if (faults.length > 0) throw new Problem('request-invalid', '', { faults })
  return withDependencies(['core', ...(wanted.modules ?? known.keys())], known)
}

/** What is wrong with a tenant's name, language, time zone and currency. */
export function judgeSurroundings({
  name,
  locale,
  timeZone,
  currency,
}: Pick<NewTenant, 'name' | 'locale' | 'timeZone' | 'currency'>): Fault[] {
  return [
    ...(name.trim() === '' ? [{ pointer: '/name', detail: 'must not be empty' }] : []),
    ...(isLocale(locale) ? [] : [{ pointer: '/locale', detail: 'must be a language tag such as en or de-AT' }]),
    ...(isTimeZone(timeZone) ? [] : [{ pointer: '/timeZone', detail: 'must be a time zone such as Europe/Vienna' }]),
    ...(currencies.has(currency)
      ? []
      : [{ pointer: '/currency', detail: `must be the code of a currency in use, such as EUR.${suggestion(currency, currencies)}` }]),
  ]
}

function unknownModule(id: string, known: ReadonlyMap<string, Module>): string | null {
  if (known.has(id)) return null
  return `there is no module ${echo(id)}.${suggestion(id, known.keys())}`
}

function isTimeZone(name: string): boolean {
  try {
    return (new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '' && name.includes('/')) || name === 'UTC'
  } catch {
    return false
  }
}

function isLocale(tag: string): boolean {
  try {
    return new Intl.Locale(tag).language !== '' && tag.length <= 35
  } catch {
    return false
  }
}

/** Twenty letters and digits that nobody confuses, about 100 bits: `k7mxq-…`. */
export function randomPassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz023456789'
  const letters = [...randomBytes(20)].map((byte) => alphabet[byte & 31]).join('')
  return letters.replace(/.{5}(?=.)/g, '$&-')
}
