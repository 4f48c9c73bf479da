import { v7 as uuid } from 'uuid'
import type { Permission as PermissionNode } from '../../metadata/entity.d.ts'
import { nameFault } from '../catalogue/reserved.ts'
import type { RoleEdits } from '../catalogue/own-roles.ts'
import { ownPrefix } from '../catalogue/own-roles.ts'
import type { Catalogues, TenantCatalogue } from '../catalogue/store.ts'
import { administrator } from '../catalogue/types.ts'
import type { Entity, OwnPermission, Role } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { Stale, type Database, type Query, type Transaction } from '../database/types.ts'
import { suggestion } from '../fields/nearest.ts'
import { echo, Problem, type Fault } from '../problems.ts'
import { accessFor, contextOf, entityAt } from '../records/access.ts'
import type { Actor, Via } from '../records/types.ts'
import { eventQuery } from '../records/write.ts'
import { previewRoles, type RolePreview } from './role-preview.ts'

/** A role as the tenant has it. */
export interface RoleSummary {
  readonly id: string
  readonly title: string
  /** Defined by the tenant itself. */
  readonly own: boolean
  /** How many people have it. */
  readonly people: number
  /** Ids of the entities for which the tenant says what it may do. */
  readonly edited: readonly string[]
  /** Whether some of that cannot be as it was said. */
  readonly faulty: boolean
}
export interface RoleView extends RoleSummary {
  /** By entity: what its module says, and what the tenant says in place of it. */
  readonly permissions: Readonly<Record<string, RolePermissionView>>
}
interface RolePermissionView {
  readonly module: PermissionNode | null
  readonly tenant: PermissionNode | null
  /** What of the tenant's cannot be as it was said, since modules have changed: it is denied. */
  readonly faults?: readonly Fault[]
}
export interface VersionedRole {
  readonly role: RoleView
  /** Counts the changes that the tenant made of it; 0: none. */
  readonly version: number
}
export interface RoleChange {
  readonly at: string
  readonly by: string | null
  readonly type: string
  readonly version: number
  readonly changes: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>
}

/** What a change is made with. */
export interface Asked {
  /** The version that it was made of; null: whichever there is. */
  readonly ifMatch: number | null
  /** Tell what would come of it, and keep nothing. */
  readonly dryRun: boolean
  readonly via: Via
  readonly requestId: string
}
/** `role` is null where it is gone; a dry run answers a preview. */
export type Changed = { readonly preview: RolePreview } | { readonly changed: VersionedRole | null; readonly isNew: boolean }
type Address = { readonly module: string; readonly plural: string }

export interface Roles {
  /** All throw 'not-allowed' for anyone but an administrator, and 'not-found' for a role or entity that the tenant does not have. */
  list(actor: Actor): Promise<readonly RoleSummary[]>
  get(actor: Actor, role: string): Promise<VersionedRole>
  history(actor: Actor, role: string): Promise<readonly RoleChange[]>
  /** A role of the tenant's own, or a new title for it. */
  define(actor: Actor, role: string, title: string, asked: Asked): Promise<Changed>
  /** One of the tenant's own goes, and nobody has it any more; one of a module's is again what the module says. */
  remove(actor: Actor, role: string, asked: Asked): Promise<Changed>
  /** What the role may do with an entity, in place of what its module says; null: what its module says. */
  permit(actor: Actor, role: string, at: Address, document: unknown, asked: Asked): Promise<Changed>
}

export interface RolesParts {
  readonly database: Pick<Database, 'transaction' | 'read'>
  readonly catalogues: Pick<Catalogues, 'tenant' | 'under' | 'compilerOf'>
  /** The actor as of now. */
  readonly refresh: (actor: Actor) => Promise<Actor>
  /** Told after every change that events wait for the sequencer. */
  readonly onWritten: () => void
}

/** What is going to be said of roles, and what is told of it. */
interface Plan {
  readonly edits: RoleEdits
  readonly writes: readonly Query[]
  readonly type: 'created' | 'updated' | 'deleted'
  readonly changes: RoleChange['changes']
}

/**
 * Who may do this is who may give people roles: an administrator could take any role, so saying what a role may do is no greater power.
 * What a tenant says of a role *replaces* what the module says, and may be wider: a module's permissions are where a tenant begins.
 */
export function createRoles({ database, catalogues, refresh, onWritten }: RolesParts): Roles {
  const open = async (actor: Actor): Promise<TenantCatalogue> => {
    if (!actor.roles.includes(administrator)) throw new Problem('not-allowed', 'Only an administrator says what roles may do.')
    return catalogues.tenant(actor)
  }
  const accessOf = ({ catalogue }: TenantCatalogue, actor: Actor) => accessFor(catalogue, actor.roles)

  const summaryOf = ({ catalogue }: TenantCatalogue, edits: RoleEdits, role: Role, people: number): RoleSummary => {
    const edited = edits.permissions.filter((each) => each.role === role.id).map(({ entity }) => entity)
    const faulty = edited.some((entity) => (catalogue.own?.permissions.get(entity)?.get(role.id)?.faults.length ?? 1) > 0)
    return { id: role.id, title: role.title, own: role.id.startsWith(ownPrefix), people, edited, faulty }
  }
  const viewOf = (tenant: TenantCatalogue, edits: RoleEdits, role: Role, people: number): RoleView => {
    const compiler = catalogues.compilerOf(tenant.base)
    const said = [...tenant.base.entities.values()].flatMap((entity): [string, RolePermissionView][] => {
      const module = compiler.moduleDocument(entity, role.id)
      const own = tenant.catalogue.own?.permissions.get(entity.id)?.get(role.id)
      return module || own ? [[entity.id, { module, tenant: own?.document ?? null, ...toldOf(own) }]] : []
    })
    const gone = edits.permissions
      .filter((each) => each.role === role.id && !tenant.base.entities.has(each.entity))
      .map(({ entity }): [string, RolePermissionView] => [entity, { module: null, tenant: null, faults: [notHere] }])
    return { ...summaryOf(tenant, edits, role, people), permissions: Object.fromEntries([...said, ...gone]) }
  }

  /** Every change makes those that came at the same time stale: they wait for one another, rather than fail. */
  async function change(actor: Actor, id: string, asked: Asked, plan: (tenant: TenantCatalogue) => Plan): Promise<Changed> {
    for (let attempt = 1, now = actor; ; attempt++) {
      try {
        return await changeOnce(now, id, asked, plan)
      } catch (error) {
        if (!(error instanceof Stale) || attempt === attempts) throw error
        now = await refresh(now)
      }
    }
  }

  async function changeOnce(actor: Actor, id: string, asked: Asked, plan: (tenant: TenantCatalogue) => Plan): Promise<Changed> {
    const tenant = await open(actor)
    const planned = plan(tenant)
    const { edits, writes, type, changes } = planned
    if (edits.roles.length > limits.ownRoles || edits.permissions.length > limits.ownPermissions)
      throw new Problem('conflict', `A tenant has at most ${limits.ownRoles} roles and ${limits.ownPermissions} permissions of its own.`)
    const after: TenantCatalogue = { base: tenant.base, edits, catalogue: catalogues.under(tenant.base, edits) }
    const answer = await database.transaction(contextOf(actor, accessOf(tenant, actor)), async (tx): Promise<Changed> => {
      const stored = await lock(tx, actor, id)
      if (asked.ifMatch !== null && asked.ifMatch !== stored.version)
        throw new Problem('version-conflict', 'The role was changed since you read it.', { headers: { ETag: `"${stored.version}"` } })
      const version = stored.version + 1
      const record = stored.record ?? uuid()
      const [people, told] = [peopleTold(type, stored.people), { ...changes }]
      if (people) told['people'] = people
      const event = eventQuery(
        { entity: { id: roleEntity }, record, type, version, revision: version, changed: Object.keys(told), body: { set: told } },
        { actor, via: asked.via, requestId: asked.requestId },
      )
      const queries = [...(type === 'deleted' ? [] : [versionQuery(actor, after, id, record, version)]), ...writes, event]
      const compared = { role: id, before: tenant.catalogue, after: after.catalogue, isGone: type === 'deleted' }
      if (asked.dryRun) return { preview: await previewRoles(tx, actor, compared, queries) }
      await tx.commit({ role: 'bos_write', queries })
      const role = after.catalogue.roles.get(id)
      const isNew = type === 'created'
      return { changed: role ? { role: viewOf(after, edits, role, stored.people.length), version } : null, isNew }
    })
    if (!asked.dryRun) onWritten()
    return answer
  }

  return {
    list: async (actor) => {
      const tenant = await open(actor)
      const [counted] = await database.read(contextOf(actor, accessOf(tenant, actor)), peopleQuery(actor))
      const people = new Map(counted!.rows.map((row) => [String(row['role']), Number(row['people'])]))
      return [...tenant.catalogue.roles.values()].map((role) => summaryOf(tenant, tenant.edits, role, people.get(role.id) ?? 0))
    },
    get: async (actor, id) => {
      const tenant = await open(actor)
      const role = roleOf(tenant, id)
      return database.transaction(contextOf(actor, accessOf(tenant, actor)), async (tx) => {
        const [stored, counted] = await tx.commit(
          { role: 'bos_write', queries: [storedQuery(actor, id)] },
          { role: 'bos_read', queries: [peopleQuery(actor, id)] },
        )
        const people = Number(counted!.rows[0]?.['people'] ?? 0)
        return { role: viewOf(tenant, tenant.edits, role, people), version: Number(stored!.rows[0]?.['version'] ?? 0) }
      })
    },
    history: async (actor, id) => {
      const tenant = await open(actor)
      roleOf(tenant, id)
      return database.transaction(contextOf(actor, accessOf(tenant, actor)), async (tx) => {
        const [stored] = await tx.send({ role: 'bos_write', queries: [storedQuery(actor, id)] })
        const record = stored!.rows[0]?.['id']
        const [events] = await tx.commit({ role: 'bos_read', queries: [historyQuery(actor, typeof record === 'string' ? record : null)] })
        return events!.rows.map((row) => ({
          at: new Date(String(row['at'])).toISOString(),
          by: row['actor'] as string | null,
          type: String(row['type']),
          version: Number(row['version']),
          changes: row['set'] === null ? {} : (JSON.parse(row['set'] as string) as RoleChange['changes']),
        }))
      })
    },
    define: (actor, id, title, asked) =>
      change(actor, id, asked, ({ edits, base }) => {
        judgeId(id, base.roles)
        const known = edits.roles.find((each) => each.id === id)
        const roles = [...edits.roles.filter((each) => each.id !== id), { id, title }].sort((a, b) => (a.id < b.id ? -1 : 1))
        return {
          edits: { ...edits, roles },
          writes: [],
          type: known ? 'updated' : 'created',
          changes: { title: { from: known?.title ?? null, to: title } },
        }
      }),
    remove: (actor, id, asked) =>
      change(actor, id, asked, (tenant) => {
        const { edits } = tenant
        const role = editable(tenant, id)
        const own = id.startsWith(ownPrefix)
        const mine = edits.permissions.filter((each) => each.role === id)
        if (!own && mine.length === 0) throw new Problem('not-found', `The tenant says nothing of ${id}: it is as its module says.`)
        const rest = edits.permissions.filter((each) => each.role !== id)
        const changes = mine.map(({ entity }) => [`permissions/${entity}`, { from: documentOf(tenant, id, entity), to: null }] as const)
        return {
          edits: { roles: edits.roles.filter((each) => each.id !== id), permissions: rest },
          writes: [own ? removal(actor, 'role', id) : removal(actor, 'role_permission', id)],
          type: own ? 'deleted' : 'updated',
          changes: { ...(own && { title: { from: role.title, to: null } }), ...Object.fromEntries(changes) },
        }
      }),
    permit: (actor, id, at, document, asked) =>
      change(actor, id, asked, (tenant) => {
        editable(tenant, id)
        const { edits, base } = tenant
        const { entity } = entityAt(accessOf(tenant, actor), at)
        const rest = edits.permissions.filter((each) => each.role !== id || each.entity !== entity.id)
        const from = documentOf(tenant, id, entity.id)
        const key = `permissions/${entity.id}`
        if (document === null) {
          if (rest.length === edits.permissions.length)
            throw new Problem('not-found', `The tenant says nothing of what ${id} may do with ${entity.pluralTitle.toLowerCase()}.`)
          return {
            edits: { ...edits, permissions: rest },
            writes: [removal(actor, 'role_permission', id, entity.id)],
            type: 'updated',
            changes: { [key]: { from, to: null } },
          }
        }
        const stored = read(catalogues.compilerOf(base).read(edits, id, entity.id, document))
        const permissions = [...rest, { role: id, entity: entity.id, document: stored }].sort(byPlace)
        return {
          edits: { ...edits, permissions },
          writes: [permitQuery(actor, id, entity, stored)],
          type: 'updated',
          changes: { [key]: { from, to: document } },
        }
      }),
  }
}

const attempts = 20
/** Events of roles stand in the log with those of records. */
const roleEntity = 'bos.role'
const notHere: Fault = { pointer: '', detail: 'no module of the tenant has this entity now' }
const toldOf = (own: OwnPermission | undefined): { faults?: readonly Fault[] } =>
  own && own.faults.length > 0 ? { faults: own.faults } : {}

type Place = { readonly role: string; readonly entity: string }
const byPlace = (a: Place, b: Place): number => (a.role < b.role || (a.role === b.role && a.entity < b.entity) ? -1 : 1)

const documentOf = ({ catalogue }: TenantCatalogue, role: string, entity: string): PermissionNode | null =>
  catalogue.own?.permissions.get(entity)?.get(role)?.document ?? null

function read<Stored>(outcome: { readonly stored: Stored } | { readonly faults: readonly Fault[] }): Stored {
  if ('faults' in outcome) throw new Problem('request-invalid', '', { faults: outcome.faults })
  return outcome.stored
}

/** Another tenant's role answers as one that never was. */
function roleOf({ catalogue }: TenantCatalogue, id: string): Role {
  const role = catalogue.roles.get(id)
  if (!role) throw new Problem('not-found', `There is no role ${echo(id)}.${suggestion(id, catalogue.roles.keys())}`)
  return role
}

/** Nobody takes anything from administrators: whoever did could not be let in again. */
function editable(tenant: TenantCatalogue, id: string): Role {
  const role = roleOf(tenant, id)
  if (id === administrator) throw new Problem('conflict', `${administrator} may do everything, and stays so: nobody can be locked out.`)
  return role
}

function judgeId(id: string, roles: ReadonlyMap<string, Role>): void {
  const role = roles.get(id)
  if (role)
    throw new Problem(
      'conflict',
      `${id} belongs to the module ${role.module}. Define one of your own, such as ${ownPrefix}${id.split('.')[1]}.`,
    )
  const name = id.startsWith(ownPrefix) ? id.slice(ownPrefix.length) : null
  const fault = name === null ? `a role of your own begins with "${ownPrefix}"` : nameFault(name, 'role')
  if (fault !== null) throw new Problem('request-invalid', `${echo(id)} cannot be a role: ${fault}.`)
}

interface StoredRole {
  readonly record: string | null
  readonly version: number
  /** Ids of those who have it. */
  readonly people: readonly string[]
}

/** Changes of roles come one after the other, and each is judged on what the one before left. */
async function lock(tx: Transaction, actor: Actor, id: string): Promise<StoredRole> {
  const [, generation, assigned, stored] = await tx.send(
    {
      role: 'bos_read',
      queries: [
        { text: `select pg_advisory_xact_lock(hashtextextended('bos.role ' || $1::text, 0))`, values: [actor.tenant] },
        { text: 'select generation from bos.tenant where id = $1::uuid', values: [actor.tenant] },
        {
          text: 'select member_id from bos.role_assignment where tenant_id = $1::uuid and role = $2 order by member_id',
          values: [actor.tenant, id],
        },
      ],
    },
    { role: 'bos_write', queries: [storedQuery(actor, id)] },
  )
  if (Number(generation!.rows[0]?.['generation']) !== actor.generation) throw new Stale()
  const row = stored!.rows[0]
  const people = assigned!.rows.map((each) => String(each['member_id']))
  return { record: row ? String(row['id']) : null, version: Number(row?.['version'] ?? 0), people }
}

const peopleTold = (type: Plan['type'], people: readonly string[]) =>
  type === 'deleted' && people.length > 0 ? { from: people, to: [] } : null

const storedQuery = ({ tenant }: Actor, id: string): Query => ({
  text: 'select id, version from bos.role where tenant_id = $1::uuid and role = $2',
  values: [tenant, id],
})

const peopleQuery = ({ tenant }: Actor, role: string | null = null): Query => ({
  text: `select r.role, count(*) as people from bos.role_assignment r
    where r.tenant_id = $1::uuid and ($2::text is null or r.role = $2) group by r.role`,
  values: [tenant, role],
})

const versionQuery = ({ tenant }: Actor, after: TenantCatalogue, id: string, record: string, version: number): Query => ({
  text: `insert into bos.role (tenant_id, role, id, title, version) values ($1::uuid, $2, $3::uuid, $4, $5::int)
    on conflict (tenant_id, role) do update set title = excluded.title, version = excluded.version`,
  values: [tenant, id, record, after.edits.roles.find((each) => each.id === id)?.title ?? null, version],
})

const permitQuery = ({ tenant }: Actor, role: string, entity: Entity, stored: unknown): Query => ({
  text: `insert into bos.role_permission (tenant_id, role, entity, permission) values ($1::uuid, $2, $3, $4::jsonb)
    on conflict (tenant_id, role, entity) do update set permission = excluded.permission`,
  values: [tenant, role, entity.id, JSON.stringify(stored)],
})

const removal = ({ tenant }: Actor, table: 'role' | 'role_permission', role: string, entity: string | null = null): Query => ({
  text: `delete from bos.${table} where tenant_id = $1::uuid and role = $2${entity === null ? '' : ' and entity = $3'}`,
  values: [tenant, role, ...(entity === null ? [] : [entity])],
})

const historyQuery = ({ tenant }: Actor, record: string | null): Query => ({
  text: `select v.type, v.version, v.actor, v.at::text as at, (b.body -> 'set')::text as set
    from bos.event v left join bos.event_bodies(array[$2::uuid]) b on b.event_id = v.id
    where v.tenant_id = $1::uuid and v.record_id = $2::uuid order by v.version desc limit ${limits.roleChanges}`,
  values: [tenant, record],
})
