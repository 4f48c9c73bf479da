import type { Catalogue } from '../catalogue/types.ts'
import type { Limits } from '../config.ts'
import { toProblem } from '../database/errors.ts'
import type { Database, Query } from '../database/types.ts'
import { isUuid } from '../fields/uuid.ts'
import type { Origin } from '../identity/member-events.ts'
import { Problem } from '../problems.ts'
import { contextOf } from '../records/access.ts'
import type { RecordsDoor } from '../records/handle.ts'
import type { Actor } from '../records/types.ts'
import type { Wanted } from '../records/write-request.ts'
import { asEngine } from '../tenancy/engine-actor.ts'
import { writeMember, regroup } from './admissions.ts'
import { inDirectory, type DirectoryBearer } from './directory.ts'
import { conditionOf, type Attributes } from './scim-filter.ts'
import { invalid, isObject, type PatchOperation } from './scim-patch.ts'

/** What is kept of a SCIM user: in the person's record, and what only the directory goes by. */
export interface ScimUser {
  readonly userName: string
  readonly externalId: string | null
  readonly displayName: string
  readonly givenName: string | null
  readonly familyName: string | null
  readonly title: string | null
  readonly email: string | null
  readonly active: boolean
}
export interface StoredUser extends ScimUser {
  /** Of the person's record. */
  readonly id: string
  readonly groups: readonly { readonly value: string; readonly display: string }[]
  readonly createdAt: string
  readonly changedAt: string
}
export interface Page<T> {
  readonly total: number
  readonly rows: readonly T[]
}
export interface Asked {
  readonly filter: string | null
  /** From 1. */
  readonly startIndex: number
  readonly count: number
}

/** People of one provider's directory. Whoever it has not brought or claimed it neither sees nor changes. All throw 'not-found'. */
export interface ScimUsers {
  list(at: DirectoryBearer, asked: Asked): Promise<Page<StoredUser>>
  get(at: DirectoryBearer, id: string): Promise<StoredUser>
  /** A person whom the tenant has already, by an address of a verified domain, is claimed. Throws 'unique-taken', 'request-invalid'. */
  create(at: DirectoryBearer, user: ScimUser, from: Origin): Promise<StoredUser>
  /** Whoever is not active has no session with the next request. Throws 'conflict' for the last administrator and for break-glass people. */
  replace(at: DirectoryBearer, id: string, user: ScimUser, from: Origin): Promise<StoredUser>
  /** No longer active, and no longer the directory's: the record stays, for others name it. */
  remove(at: DirectoryBearer, id: string, from: Origin): Promise<void>
}

interface Parts {
  readonly database: Pick<Database, 'call' | 'transaction'>
  readonly records: RecordsDoor
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  readonly limits: Pick<Limits, 'scimRows' | 'scimFilterCharacters'>
  readonly onWritten: () => void
}

export function createScimUsers({ database, records, catalogueOf, limits, onWritten }: Parts): ScimUsers {
  const run = (at: DirectoryBearer, ...queries: Query[]) =>
    asEngine(database, at.tenant, (engine) => database.transaction(contextOf(engine), (tx) => tx.commit({ role: 'bos_write', queries })))

  const one = async (at: DirectoryBearer, id: string): Promise<StoredUser> => {
    if (!isUuid(id)) throw notFound()
    const [found] = await run(at, { text: `${selected} and m.id = $3::uuid`, values: [at.tenant, at.provider, id] })
    if (!found!.rows[0]) throw notFound()
    return readUser(found!.rows[0])
  }
  const record = (at: DirectoryBearer, wanted: Wanted, from: Origin): Promise<string> =>
    asEngine(database, at.tenant, (engine) => writeMember(records, engine, wanted, from)).catch(byNames)
  /** Writes the record, as far as it differs. */
  const write = async (at: DirectoryBearer, id: string, user: ScimUser, before: ScimUser | null, from: Origin): Promise<void> => {
    const [glass] = await run(at, { text: 'select bos.is_break_glass($1::uuid) as it', values: [id] })
    const data = memberOf(user)
    const was = before && memberOf(before)
    const changed = Object.fromEntries(
      Object.entries(data).filter(([name, value]) => !was || JSON.stringify(was[name as keyof typeof was]) !== JSON.stringify(value)),
    )
    if (Object.keys(changed).length === 0) return
    if (glass!.rows[0]?.['it'] === true)
      throw new Problem('conflict', 'This person gets in when the directory does not work: only an administrator changes their record.')
    await record(at, { op: 'update', id, data: changed }, from)
  }
  /** In one transaction: who it is to the directory, and the roles that follow. */
  const keepWithRoles = async (at: DirectoryBearer, query: Query, id: string, isNew: boolean, from: Origin): Promise<void> => {
    await inDirectory({ database, catalogueOf }, at, [query], (tx, engine, provider, catalogue) =>
      regroup(tx, engine, provider, [id], catalogue, from, isNew),
    ).catch(byNames)
    onWritten()
  }

  return {
    list: async (at, { filter, startIndex, count }) => {
      const values: unknown[] = [at.tenant, at.provider]
      const condition = filter === null ? '' : ` and ${conditionOf(filter, attributes, values, limits.scimFilterCharacters)}`
      const counted: Query = { text: `select count(*) as total ${joined}${condition}`, values: [...values] }
      values.push(Math.min(count, limits.scimRows), startIndex - 1)
      const page: Query = {
        text: `${selected}${condition} order by u.created_at, m.id limit $${values.length - 1} offset $${values.length}`,
        values,
      }
      const [total, rows] = await run(at, counted, page)
      return { total: Number(total!.rows[0]!['total']), rows: rows!.rows.map(readUser) }
    },
    get: one,

    create: async (at, user, from) => {
      const email = user.email ?? ''
      const [known] = await run(at, { text: claimable, values: [at.tenant, at.provider, user.userName, email] })
      const { name_taken: isTaken, member, kept_by: keptBy, domain_verified: isOurs } = known!.rows[0]!
      if (isTaken === true) throw taken('/userName', 'is another user’s')
      if (member !== null && keptBy !== null) throw taken('/emails', 'is the address of somebody who is in a directory already')
      if (member !== null && isOurs !== true)
        throw taken('/emails', 'is the address of somebody whom the workspace has; show first that its domain is yours')
      const id = member === null ? await record(at, { op: 'create', data: memberOf(user) }, from) : (member as string)
      if (member !== null) await write(at, id, user, null, from)
      const insert: Query = {
        text: 'insert into bos.directory_user (tenant_id, provider_id, member_id, user_name, external_id) values ($1::uuid, $2::uuid, $3::uuid, $4, $5)',
        values: [at.tenant, at.provider, id, user.userName, user.externalId],
      }
      // Whom the tenant has keeps their roles until a group says otherwise: groups are told after their people.
      if (member === null) await keepWithRoles(at, insert, id, true, from)
      else await run(at, insert).catch(byNames)
      return one(at, id)
    },

    replace: async (at, id, user, from) => {
      const before = await one(at, id)
      await write(at, id, user, before, from)
      const update: Query = {
        text: `update bos.directory_user set user_name = $4, external_id = $5, changed_at = now()
          where tenant_id = $1::uuid and provider_id = $2::uuid and member_id = $3::uuid`,
        values: [at.tenant, at.provider, id, user.userName, user.externalId],
      }
      await run(at, update).catch(byNames)
      return one(at, id)
    },

    remove: async (at, id, from) => {
      const before = await one(at, id)
      await write(at, id, { ...before, active: false }, before, from)
      const gone: Query = {
        text: 'delete from bos.directory_membership where tenant_id = $1::uuid and provider_id = $2::uuid and member_id = $3::uuid',
        values: [at.tenant, at.provider, id],
      }
      // First out of every group, so that what the groups gave is taken.
      await keepWithRoles(at, gone, id, false, from)
      await run(at, {
        text: 'delete from bos.directory_user where tenant_id = $1::uuid and provider_id = $2::uuid and member_id = $3::uuid',
        values: [at.tenant, at.provider, id],
      })
    },
  }
}

const notFound = (): Problem => new Problem('not-found', 'There is no such user in this directory.')
const taken = (pointer: string, detail: string): Problem =>
  new Problem('unique-taken', `${pointer} ${detail}.`, { faults: [{ pointer, detail }] })

const joined = `from bos.directory_user u join core.member m on m.tenant_id = u.tenant_id and m.id = u.member_id and m.deleted_at is null
  where u.tenant_id = $1::uuid and u.provider_id = $2::uuid`
const selected = `select m.id, m.name, m.email, m.active, m.job_title, m.full_name__given, m.full_name__family,
    u.user_name, u.external_id, u.created_at, greatest(u.changed_at, m.updated_at) as changed_at,
    coalesce((select jsonb_agg(jsonb_build_object('value', g.id, 'display', g.display_name) order by g.display_name)
      from bos.directory_membership d join bos.directory_group g on g.tenant_id = d.tenant_id and g.provider_id = d.provider_id and g.id = d.group_id
      where d.tenant_id = u.tenant_id and d.provider_id = u.provider_id and d.member_id = u.member_id), '[]') as groups
  ${joined}`
const claimable = `select
    exists (select from bos.directory_user u where u.tenant_id = $1::uuid and u.provider_id = $2::uuid and lower(u.user_name) = lower($3)) as name_taken,
    m.id as member,
    (select u.provider_id from bos.directory_user u where u.tenant_id = $1::uuid and u.member_id = m.id limit 1) as kept_by,
    exists (select from bos.email_domain d where d.tenant_id = $1::uuid and d.verified_at is not null and d.domain = lower(substring($4 from '@([^@]+)$'))) as domain_verified
  from (select 1) as one left join core.member m on m.tenant_id = $1::uuid and m.deleted_at is null and lower(m.email) = lower(nullif($4, ''))`

const attributes: Attributes = {
  id: { sql: 'm.id::text', kind: 'exact' },
  externalid: { sql: 'u.external_id', kind: 'exact' },
  username: { sql: 'u.user_name', kind: 'folded' },
  displayname: { sql: 'm.name', kind: 'folded' },
  'name.formatted': { sql: 'm.name', kind: 'folded' },
  'name.givenname': { sql: 'm.full_name__given', kind: 'folded' },
  'name.familyname': { sql: 'm.full_name__family', kind: 'folded' },
  title: { sql: 'm.job_title', kind: 'folded' },
  emails: { sql: 'm.email', kind: 'folded' },
  'emails.value': { sql: 'm.email', kind: 'folded' },
  active: { sql: 'm.active', kind: 'flag' },
  'meta.created': { sql: 'u.created_at', kind: 'moment' },
  'meta.lastmodified': { sql: 'greatest(u.changed_at, m.updated_at)', kind: 'moment' },
}

const readUser = (row: Readonly<Record<string, unknown>>): StoredUser => ({
  id: row['id'] as string,
  userName: row['user_name'] as string,
  externalId: row['external_id'] as string | null,
  displayName: row['name'] as string,
  givenName: row['full_name__given'] as string | null,
  familyName: row['full_name__family'] as string | null,
  title: row['job_title'] as string | null,
  email: row['email'] as string | null,
  active: row['active'] === true,
  groups: row['groups'] as StoredUser['groups'],
  createdAt: new Date(row['created_at'] as Date).toISOString(),
  changedAt: new Date(row['changed_at'] as Date).toISOString(),
})

/** The person's record. */
const memberOf = ({ displayName, givenName, familyName, title, email, active }: ScimUser) => ({
  name: displayName,
  full_name: givenName === null && familyName === null ? null : { given: givenName, family: familyName },
  job_title: title,
  email,
  active,
})

/** Faults of the record, at the directory's own names. */
function byNames(cause: unknown): never {
  const error = toProblem(cause)
  const names: Readonly<Record<string, string>> = { name: 'displayName', full_name: 'name', job_title: 'title', email: 'emails' }
  const faults = error.faults.map(({ pointer, detail }) => {
    const [, first = '', ...rest] = pointer.split('/')
    return { pointer: ['', names[first] ?? first, ...rest].join('/'), detail }
  })
  throw new Problem(error.code, faults.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ') || error.message, { faults, cause })
}

/** A whole user, as POST and PUT bring it. What is not kept here is passed over. Throws 'request-invalid'. */
export function readScimUser(body: unknown, characters: number): ScimUser {
  if (!isObject(body)) throw invalid('', 'must be an object')
  const operations = Object.entries(body).flatMap(([name, value]): PatchOperation[] => {
    const path = name.toLowerCase()
    if (path === 'name' && isObject(value))
      return Object.entries(value).map(([part, inner]) => ({
        op: 'replace',
        path: `name.${part.toLowerCase()}`,
        condition: null,
        value: inner,
      }))
    return [{ op: 'replace', path, condition: null, value }]
  })
  const blank: Draft = {
    userName: '',
    externalId: null,
    formatted: null,
    displayName: null,
    givenName: null,
    familyName: null,
    title: null,
    email: null,
    active: true,
  }
  return settle(applied(blank, operations, characters))
}

/** A user after a PATCH. Throws 'request-invalid'. */
export const patchedUser = (user: ScimUser, operations: readonly PatchOperation[], characters: number): ScimUser =>
  settle(applied({ ...user, formatted: null }, operations, characters))

type Draft = Omit<ScimUser, 'displayName'> & { readonly formatted: string | null; readonly displayName: string | null }

function settle({ formatted, displayName, ...draft }: Draft): ScimUser {
  if (draft.userName === '') throw invalid('/userName', 'is missing')
  const joinedName = [draft.givenName, draft.familyName].filter((part) => part !== null).join(' ')
  // Many directories name people by their address and nowhere else.
  const email = draft.email ?? (/^[^\s@]+@[^\s@]+$/.test(draft.userName) ? draft.userName : null)
  return { ...draft, email, displayName: displayName ?? formatted ?? (joinedName || draft.userName) }
}

function applied(user: Draft, operations: readonly PatchOperation[], characters: number): Draft {
  const text = (value: unknown, path: string): string | null => {
    if (value === null || value === undefined || value === '') return null
    if (typeof value === 'string' && value.length <= characters && !/\p{Cc}/u.test(value)) return value.trim() || null
    throw invalid(`/${path}`, `must be a text of at most ${characters} characters`)
  }
  const next = { ...user }
  for (const { op, path, value: given } of operations) {
    const value = op === 'remove' ? null : given
    switch (path) {
      case 'active':
        next.active = op === 'remove' ? true : flag(value)
        break
      case 'username':
        next.userName = text(value, 'userName') ?? ''
        break
      case 'externalid':
        next.externalId = text(value, 'externalId')
        break
      case 'displayname':
        next.displayName = text(value, 'displayName')
        break
      case 'name.formatted':
        next.formatted = text(value, 'name/formatted')
        break
      case 'name.givenname':
        next.givenName = text(value, 'name/givenName')
        break
      case 'name.familyname':
        next.familyName = text(value, 'name/familyName')
        break
      case 'title':
        next.title = text(value, 'title')
        break
      case 'emails':
      case 'emails.value':
        next.email = text(typeof value === 'string' || value === null ? value : addressOf(value), 'emails')
        break
    }
  }
  return next
}

/** Of several, that which is marked as the first, or that of work. */
function addressOf(value: unknown): unknown {
  const all = (Array.isArray(value) ? value : [value]).filter(isObject)
  return (all.find((each) => each['primary'] === true) ?? all.find((each) => each['type'] === 'work') ?? all[0])?.['value']
}

/** Entra ID sends "False". */
function flag(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string' && /^(?:true|false)$/i.test(value)) return /^true$/i.test(value)
  throw invalid('/active', 'must be true or false')
}
