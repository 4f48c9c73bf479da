import { v7 as uuid } from 'uuid'
import type { Catalogue } from '../catalogue/types.ts'
import type { Limits } from '../config.ts'
import { toProblem } from '../database/errors.ts'
import type { Database, Query, Transaction } from '../database/types.ts'
import { isUuid } from '../fields/uuid.ts'
import type { Origin } from '../identity/member-events.ts'
import { Problem } from '../problems.ts'
import { contextOf } from '../records/access.ts'
import type { Actor } from '../records/types.ts'
import { asEngine } from '../tenancy/engine-actor.ts'
import { regroup } from './admissions.ts'
import { inDirectory, type DirectoryBearer } from './directory.ts'
import { conditionOf, type Attributes } from './scim-filter.ts'
import { invalid, isObject, type PatchOperation } from './scim-patch.ts'
import type { Asked, Page } from './scim-users.ts'

/** A group of a directory: by its name its people are given roles (`groupRoles` of the provider). */
export interface StoredGroup {
  readonly id: string
  readonly displayName: string
  readonly externalId: string | null
  /** Null: they were not asked for. */
  readonly members: readonly { readonly value: string; readonly display: string }[] | null
  readonly createdAt: string
  readonly changedAt: string
}
/** What is to be with a group. Absent and null alike: it stays. */
export interface GroupChange {
  readonly displayName?: string | null
  readonly externalId?: string | null
  /** All of its people from now on. */
  readonly members?: readonly string[] | null
  readonly added?: readonly string[]
  readonly removed?: readonly string[]
}

/** Groups of one provider's directory; roles follow in the same transaction. All throw 'not-found'. */
export interface ScimGroups {
  list(at: DirectoryBearer, asked: Asked & { readonly withMembers: boolean }): Promise<Page<StoredGroup>>
  get(at: DirectoryBearer, id: string, withMembers: boolean): Promise<StoredGroup>
  /** Throws 'unique-taken', 'request-invalid'. */
  create(at: DirectoryBearer, group: GroupChange, from: Origin): Promise<StoredGroup>
  change(at: DirectoryBearer, id: string, change: GroupChange, from: Origin): Promise<StoredGroup>
  remove(at: DirectoryBearer, id: string, from: Origin): Promise<void>
}

interface Parts {
  readonly database: Pick<Database, 'call' | 'transaction'>
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  readonly limits: Pick<Limits, 'scimRows' | 'scimFilterCharacters'>
  readonly onWritten: () => void
}

export function createScimGroups({ database, catalogueOf, limits, onWritten }: Parts): ScimGroups {
  const read = (at: DirectoryBearer, ...queries: Query[]) =>
    asEngine(database, at.tenant, (engine) => database.transaction(contextOf(engine), (tx) => tx.commit({ role: 'bos_write', queries })))
  const get = async (at: DirectoryBearer, id: string, withMembers: boolean): Promise<StoredGroup> => {
    if (!isUuid(id)) throw notFound()
    const [found] = await read(at, { text: `${selected(withMembers)} and g.id = $3::uuid`, values: [at.tenant, at.provider, id] })
    if (!found!.rows[0]) throw notFound()
    return readGroup(found!.rows[0])
  }
  /** `first` answers what the group is called; the rest follows from who was in it before and after. */
  const write = async (at: DirectoryBearer, id: string, first: Query, change: GroupChange, from: Origin): Promise<void> => {
    const scope = [at.tenant, at.provider, id]
    await inDirectory({ database, catalogueOf }, at, [], async (tx, engine, provider, catalogue) => {
      const inside: Query = { text: membersOf, values: scope }
      const [written, before] = await send(tx, first, inside)
      if (written!.rows.length === 0) throw notFound()
      await send(tx, ...memberQueries(scope, change))
      const [after] = await send(tx, inside)
      const [was, is] = [idsOf(before!), idsOf(after!)]
      const wanted = [...(change.members ?? []), ...(change.added ?? [])]
      const unknown = wanted.find((member) => !is.has(member) && !(change.removed ?? []).includes(member))
      if (unknown !== undefined) throw invalid('/members', `names ${unknown.slice(0, 60)}, who is no user of this directory`)
      // Another name stands for other roles, of everybody in it.
      const isRenamed = written!.rows[0]!['renamed'] === true
      const concerned = [...new Set([...was, ...is])].filter((member) => isRenamed || was.has(member) !== is.has(member))
      return regroup(tx, engine, provider, concerned, catalogue, from)
    }).catch(byName)
    onWritten()
  }

  return {
    list: async (at, { filter, startIndex, count, withMembers }) => {
      const values: unknown[] = [at.tenant, at.provider]
      const condition = filter === null ? '' : ` and ${conditionOf(filter, attributes, values, limits.scimFilterCharacters)}`
      const counted: Query = { text: `select count(*) as total ${scoped}${condition}`, values: [...values] }
      values.push(Math.min(count, limits.scimRows), startIndex - 1)
      const order = ` order by g.created_at, g.id limit $${values.length - 1} offset $${values.length}`
      const [total, rows] = await read(at, counted, { text: `${selected(withMembers)}${condition}${order}`, values })
      return { total: Number(total!.rows[0]!['total']), rows: rows!.rows.map(readGroup) }
    },
    get,
    create: async (at, group, from) => {
      const id = uuid()
      const insert: Query = {
        text: `insert into bos.directory_group (tenant_id, provider_id, id, display_name, external_id) values ($1::uuid, $2::uuid, $3::uuid, $4, $5)
          returning false as renamed`,
        values: [at.tenant, at.provider, id, group.displayName ?? '', group.externalId ?? null],
      }
      await write(at, id, insert, group, from)
      return get(at, id, true)
    },
    change: async (at, id, change, from) => {
      if (!isUuid(id)) throw notFound()
      const update: Query = {
        text: `update bos.directory_group g set display_name = coalesce($4, g.display_name), external_id = coalesce($5, g.external_id), changed_at = now()
          from (select display_name from bos.directory_group where tenant_id = $1::uuid and provider_id = $2::uuid and id = $3::uuid for update) before
          where g.tenant_id = $1::uuid and g.provider_id = $2::uuid and g.id = $3::uuid returning g.display_name <> before.display_name as renamed`,
        values: [at.tenant, at.provider, id, change.displayName ?? null, change.externalId ?? null],
      }
      await write(at, id, update, change, from)
      return get(at, id, true)
    },
    remove: async (at, id, from) => {
      if (!isUuid(id)) throw notFound()
      const values = [at.tenant, at.provider, id]
      await inDirectory({ database, catalogueOf }, at, [], async (tx, engine, provider, catalogue) => {
        const gone: Query = {
          text: 'delete from bos.directory_group where tenant_id = $1::uuid and provider_id = $2::uuid and id = $3::uuid returning 1',
          values,
        }
        const [before, deleted] = await send(tx, { text: membersOf, values }, gone)
        if (deleted!.rows.length === 0) throw notFound()
        return regroup(tx, engine, provider, [...idsOf(before!)], catalogue, from)
      })
      onWritten()
    },
  }
}

const send = (tx: Transaction, ...queries: Query[]) =>
  queries.length === 0 ? Promise.resolve([]) : tx.send({ role: 'bos_write', queries })
const idsOf = ({ rows }: { readonly rows: readonly Readonly<Record<string, unknown>>[] }): ReadonlySet<string> =>
  new Set(rows.map((row) => row['member_id'] as string))

const notFound = (): Problem => new Problem('not-found', 'There is no such group in this directory.')

function byName(error: unknown): never {
  const problem = toProblem(error)
  if (problem.code !== 'unique-taken') throw problem
  const faults = [{ pointer: '/displayName', detail: 'is another group’s' }]
  throw new Problem('unique-taken', 'There is a group of this name already.', { faults, cause: error })
}

const membersOf =
  'select member_id from bos.directory_membership where tenant_id = $1::uuid and provider_id = $2::uuid and group_id = $3::uuid'

/** Straight in the database: a group of thousands is not read to add one. Whoever is no user of the directory is not added. */
function memberQueries(scope: readonly string[], { members, added = [], removed = [] }: GroupChange): Query[] {
  const add = (people: readonly string[]): Query => ({
    text: `insert into bos.directory_membership (tenant_id, provider_id, group_id, member_id)
      select u.tenant_id, u.provider_id, $3::uuid, u.member_id from bos.directory_user u
      where u.tenant_id = $1::uuid and u.provider_id = $2::uuid and u.member_id = any ($4::uuid[]) on conflict do nothing`,
    values: [...scope, people],
  })
  const remove = (condition: string, people: readonly string[]): Query => ({
    text: `delete from bos.directory_membership where tenant_id = $1::uuid and provider_id = $2::uuid and group_id = $3::uuid and ${condition}`,
    values: [...scope, people],
  })
  return [
    ...(members ? [remove('member_id <> all ($4::uuid[])', members), add(members)] : []),
    ...(added.length > 0 ? [add(added)] : []),
    ...(removed.length > 0 ? [remove('member_id = any ($4::uuid[])', removed)] : []),
  ]
}

const scoped = 'from bos.directory_group g where g.tenant_id = $1::uuid and g.provider_id = $2::uuid'
const people = `coalesce((select jsonb_agg(jsonb_build_object('value', d.member_id, 'display', m.name) order by m.name, m.id)
    from bos.directory_membership d join core.member m on m.tenant_id = d.tenant_id and m.id = d.member_id
    where d.tenant_id = g.tenant_id and d.provider_id = g.provider_id and d.group_id = g.id), '[]')`
const selected = (withMembers: boolean): string => `select g.*, ${withMembers ? people : 'null::jsonb'} as members ${scoped}`

const attributes: Attributes = {
  id: { sql: 'g.id::text', kind: 'exact' },
  externalid: { sql: 'g.external_id', kind: 'exact' },
  displayname: { sql: 'g.display_name', kind: 'folded' },
  'meta.lastmodified': { sql: 'g.changed_at', kind: 'moment' },
}

const readGroup = (row: Readonly<Record<string, unknown>>): StoredGroup => ({
  id: row['id'] as string,
  displayName: row['display_name'] as string,
  externalId: row['external_id'] as string | null,
  members: row['members'] as StoredGroup['members'],
  createdAt: new Date(row['created_at'] as Date).toISOString(),
  changedAt: new Date(row['changed_at'] as Date).toISOString(),
})

interface Sizes {
  readonly characters: number
  readonly members: number
}

/** A whole group, as POST and PUT bring it. Throws 'request-invalid'. */
export function readScimGroup(body: unknown, sizes: Sizes): GroupChange {
  if (!isObject(body)) throw invalid('', 'must be an object')
  const given = Object.fromEntries(Object.entries(body).map(([name, value]) => [name.toLowerCase(), value]))
  const displayName = text(given['displayname'], 'displayName', sizes)
  if (displayName === null) throw invalid('/displayName', 'is missing')
  return { displayName, externalId: text(given['externalid'], 'externalId', sizes), members: idsIn(given['members'] ?? [], sizes) }
}

/** What a PATCH asks for, all operations together. Throws 'request-invalid'. */
export function groupChange(operations: readonly PatchOperation[], sizes: Sizes): GroupChange {
  let [displayName, externalId]: [string | null, string | null] = [null, null]
  let members: string[] | null = null
  const [added, removed] = [new Set<string>(), new Set<string>()]
  for (const { op, path, condition, value } of operations) {
    if (path === 'displayname' && op !== 'remove') displayName = text(value, 'displayName', sizes)
    else if (path === 'externalid' && op !== 'remove') externalId = text(value, 'externalId', sizes)
    else if (path === 'members') {
      const named = condition === null ? null : /^\s*value\s+eq\s+"([^"]*)"\s*$/i.exec(condition)?.[1]
      if (named === undefined) throw invalid('/Operations', 'name members by value eq "…" only')
      const ids = named === null ? (value === undefined || value === null ? null : idsIn(value, sizes)) : idsIn([{ value: named }], sizes)
      if (op === 'replace') {
        members = ids ?? []
        added.clear()
        removed.clear()
      } else if (ids === null) {
        // Removed without saying who: all of them.
        if (op === 'remove') members = []
      } else
        for (const id of ids) {
          ;(op === 'add' ? added : removed).add(id)
          ;(op === 'add' ? removed : added).delete(id)
        }
    }
  }
  return { displayName, externalId, members, added: [...added], removed: [...removed] }
}

function text(value: unknown, name: string, { characters }: Sizes): string | null {
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'string' && value.length <= characters && !/\p{Cc}/u.test(value)) return value
  throw invalid(`/${name}`, `must be a text of at most ${characters} characters`)
}

function idsIn(value: unknown, { members }: Sizes): string[] {
  const all = Array.isArray(value) ? value : [value]
  if (all.length > members) throw invalid('/members', `may name at most ${members} people at a time`)
  return [
    ...new Set(
      all.map((each: unknown, i) => {
        const id = isObject(each) ? each['value'] : each
        if (!isUuid(id)) throw invalid(`/members/${i}`, 'must name a user of this directory by its id')
        return id
      }),
    ),
  ]
}
