import { v7 as uuid } from 'uuid'
import type { Catalogues, TenantCatalogue } from '../catalogue/store.ts'
import { administrator } from '../catalogue/types.ts'
import { Stale, type Database } from '../database/types.ts'
import { Problem } from '../problems.ts'
import { accessOf, contextOf, entityAt } from '../records/access.ts'
import type { Actor, Via } from '../records/types.ts'
import { eventQuery } from '../records/write.ts'
import { planDefinition, planPermission, planRemoval, roleOf } from './role-edits.ts'
import type { RoleChanges, RolePlan } from './role-edits.ts'
import { previewRoles, type RolePreview } from './role-preview.ts'
import { historyQuery, lockRole, peopleQuery, planQueries, readRole, storedQuery, tagOf } from './role-rows.ts'
import { summaryOf, viewOf } from './role-view.ts'
import type { RoleSummary, RoleView } from './role-view.ts'

export interface VersionedRole {
  readonly role: RoleView
  /** Of this state of it. */
  readonly tag: string
}
export interface ScopeTitle {
  readonly id: string
  readonly title: string
}
export interface RoleChange {
  readonly at: string
  readonly by: string | null
  readonly type: string
  readonly version: number
  readonly changes: RoleChanges
}

/** What a change is made with. */
export interface Asked {
  /** The tag of the state that it was made of; null: whichever there is. */
  readonly ifMatch: string | null
  /** Tell what would come of it, and keep nothing. */
  readonly dryRun: boolean
  readonly via: Via
  readonly requestId: string
}
/** `changed` is null where the role is gone; a dry run answers a preview. */
export type Changed = { readonly preview: RolePreview } | { readonly changed: VersionedRole | null; readonly isNew: boolean }
type Address = { readonly module: string; readonly plural: string }

export interface Roles {
  /** All throw 'not-allowed' for anyone but an administrator, and 'not-found' for a role or entity that the tenant does not have. */
  list(actor: Actor): Promise<readonly RoleSummary[]>
  /** By entity that roles can be given: which rows a permission can name. */
  scopes(actor: Actor): Promise<Readonly<Record<string, readonly ScopeTitle[]>>>
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

/**
 * Who may do this is who may give people roles: an administrator could take any role, so saying what a role may do is no greater power.
 * What a tenant says of a role *replaces* what the module says, and may be wider: a module's permissions are where a tenant begins.
 */
export function createRoles({ database, catalogues, refresh, onWritten }: RolesParts): Roles {
  const open = async (actor: Actor): Promise<TenantCatalogue> => {
    if (!actor.roles.includes(administrator)) throw new Problem('not-allowed', 'Only an administrator says what roles may do.')
    return catalogues.tenant(actor)
  }
  const accessIn = ({ catalogue }: TenantCatalogue, actor: Actor) => accessOf(catalogue, actor)
  const compilerOf = ({ base }: TenantCatalogue) => catalogues.compilerOf(base)

  /** Every change makes those that came at the same time stale: they wait for one another, rather than fail. */
  async function change(actor: Actor, id: string, asked: Asked, plan: (tenant: TenantCatalogue) => RolePlan): Promise<Changed> {
    for (let attempt = 1, now = actor; ; attempt++) {
      try {
        return await changeOnce(now, id, asked, plan)
      } catch (error) {
        if (!(error instanceof Stale) || attempt === attempts) throw error
        now = await refresh(now)
      }
    }
  }

  async function changeOnce(actor: Actor, id: string, asked: Asked, plan: (tenant: TenantCatalogue) => RolePlan): Promise<Changed> {
    const tenant = await open(actor)
    const planned = plan(tenant)
    const { edits, type, changes } = planned
    const after: TenantCatalogue = { base: tenant.base, edits, catalogue: catalogues.under(tenant.base, edits) }
    const answer = await database.transaction(contextOf(actor, accessIn(tenant, actor)), async (tx): Promise<Changed> => {
      const stored = await lockRole(tx, actor, id)
      if (asked.ifMatch !== null && asked.ifMatch !== tagOf(stored))
        throw new Problem('version-conflict', 'The role was changed since you read it.', { headers: { ETag: `"${tagOf(stored)}"` } })
      const version = stored.version + 1
      const record = stored.record ?? uuid()
      const isGone = type === 'deleted'
      const told: RoleChanges = isGone && stored.people.length > 0 ? { ...changes, people: { from: stored.people, to: [] } } : changes
      const event = eventQuery(
        { entity: { id: roleEntity }, record, type, version, revision: version, changed: Object.keys(told), body: { set: told } },
        { actor, via: asked.via, requestId: asked.requestId },
      )
      const queries = [...planQueries(actor, tenant.edits, planned, { role: id, record, version }), event]
      if (asked.dryRun)
        return { preview: await previewRoles(tx, actor, { role: id, before: tenant.catalogue, after: after.catalogue, isGone }, queries) }
      await tx.commit({ role: 'bos_write', queries })
      const role = after.catalogue.roles.get(id)
      const view = role ? viewOf(after, compilerOf(after), role, stored.people.length) : null
      return { changed: view && { role: view, tag: tagOf({ record, version }) }, isNew: type === 'created' }
    })
    if (!asked.dryRun) onWritten()
    return answer
  }

  return {
    list: async (actor) => {
      const tenant = await open(actor)
      const [counted] = await database.read(contextOf(actor, accessIn(tenant, actor)), peopleQuery(actor))
      const people = new Map(counted!.rows.map((row) => [String(row['role']), Number(row['people'])]))
      return [...tenant.catalogue.roles.values()].map((role) => summaryOf(tenant, role, people.get(role.id) ?? 0))
    },
    scopes: async (actor) => {
      const { catalogue } = await open(actor)
      // Lines are reached by their documents.
      const documents = [...catalogue.entities.values()].filter(({ parent }) => parent === null)
      return Object.fromEntries(documents.map(({ id, scopes }) => [id, scopes.map((scope) => ({ id: scope.id, title: scope.title }))]))
    },
    get: async (actor, id) => {
      const tenant = await open(actor)
      const role = roleOf(tenant, id)
      return database.transaction(contextOf(actor, accessIn(tenant, actor)), async (tx) => {
        const [stored, counted] = await tx.commit(
          { role: 'bos_write', queries: [storedQuery(actor, id)] },
          { role: 'bos_read', queries: [peopleQuery(actor, id)] },
        )
        const people = Number(counted!.rows[0]?.['people'] ?? 0)
        return { role: viewOf(tenant, compilerOf(tenant), role, people), tag: tagOf(readRole(stored!.rows[0])) }
      })
    },
    history: async (actor, id) => {
      const tenant = await open(actor)
      roleOf(tenant, id)
      return database.transaction(contextOf(actor, accessIn(tenant, actor)), async (tx) => {
        const [stored] = await tx.send({ role: 'bos_write', queries: [storedQuery(actor, id)] })
        const record = stored!.rows[0]?.['id']
        const [events] = await tx.commit({ role: 'bos_read', queries: [historyQuery(actor, typeof record === 'string' ? record : null)] })
        return events!.rows.map((row) => ({
          at: new Date(String(row['at'])).toISOString(),
          by: row['actor'] as string | null,
          type: String(row['type']),
          version: Number(row['version']),
          changes: row['set'] === null ? {} : (JSON.parse(row['set'] as string) as RoleChanges),
        }))
      })
    },
    define: (actor, id, title, asked) => change(actor, id, asked, (tenant) => planDefinition(tenant, id, title)),
    remove: (actor, id, asked) => change(actor, id, asked, (tenant) => planRemoval(tenant, compilerOf(tenant), id)),
    permit: (actor, id, at, document, asked) =>
      change(actor, id, asked, (tenant) =>
        planPermission(tenant, compilerOf(tenant), id, entityAt(accessIn(tenant, actor), at).entity, document),
      ),
  }
}

const attempts = 20
/** Events of roles stand in the log with those of records. */
const roleEntity = 'bos.role'
