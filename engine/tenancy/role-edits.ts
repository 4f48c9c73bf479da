import type { Permission as PermissionNode } from '../../metadata/entity.d.ts'
import type { RoleCompiler, RoleEdits } from '../catalogue/own-roles.ts'
import { ownPrefix } from '../catalogue/own-roles.ts'
import { nameFault } from '../catalogue/reserved.ts'
import type { TenantCatalogue } from '../catalogue/store.ts'
import { administrator } from '../catalogue/types.ts'
import type { Entity, Role } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { suggestion } from '../fields/nearest.ts'
import { echo, Problem } from '../problems.ts'

/** What a tenant is going to say of roles, and what is told of the change. Nothing here asks or stores. */
export interface RolePlan {
  readonly edits: RoleEdits
  readonly type: 'created' | 'updated' | 'deleted'
  readonly changes: RoleChanges
}
export type RoleChanges = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>

/** Another tenant's role answers as one that never was. */
export function roleOf({ catalogue }: TenantCatalogue, id: string): Role {
  const role = catalogue.roles.get(id)
  if (!role) throw new Problem('not-found', `There is no role ${echo(id)}.${suggestion(id, catalogue.roles.keys())}`)
  return role
}

export function planDefinition({ base, edits }: TenantCatalogue, id: string, title: string): RolePlan {
  judgeId(id, base.roles)
  const known = edits.roles.find((each) => each.id === id)
  const roles = [...edits.roles.filter((each) => each.id !== id), { id, title }].sort((a, b) => (a.id < b.id ? -1 : 1))
  return {
    edits: withinLimits({ ...edits, roles }),
    type: known ? 'updated' : 'created',
    changes: { title: { from: known?.title ?? null, to: title } },
  }
}

export function planRemoval(tenant: TenantCatalogue, compiler: ModuleWords, id: string): RolePlan {
  const { edits } = tenant
  const role = editable(tenant, id)
  const own = id.startsWith(ownPrefix)
  const mine = edits.permissions.filter((each) => each.role === id)
  if (!own && mine.length === 0) throw new Problem('not-found', `The tenant says nothing of ${id}: it is as its module says.`)
  const changes = mine.map(
    ({ entity }) =>
      [permissionKey(entity), { from: said(tenant, compiler, id, entity), to: byModule(tenant, compiler, id, entity) }] as const,
  )
  return {
    edits: { roles: edits.roles.filter((each) => each.id !== id), permissions: edits.permissions.filter((each) => each.role !== id) },
    type: own ? 'deleted' : 'updated',
    changes: { ...(own && { title: { from: role.title, to: null } }), ...Object.fromEntries(changes) },
  }
}

/** `document`: as in an entity's file; null: what the module says. */
export function planPermission(
  tenant: TenantCatalogue,
  compiler: ModuleWords & Pick<RoleCompiler, 'read'>,
  id: string,
  entity: Entity,
  document: unknown,
): RolePlan {
  editable(tenant, id)
  const { edits } = tenant
  const rest = edits.permissions.filter((each) => each.role !== id || each.entity !== entity.id)
  const to = document ?? byModule(tenant, compiler, id, entity.id)
  const changes = { [permissionKey(entity.id)]: { from: said(tenant, compiler, id, entity.id), to } }
  if (document === null) {
    if (rest.length === edits.permissions.length)
      throw new Problem('not-found', `The tenant says nothing of what ${id} may do with ${entity.pluralTitle.toLowerCase()}.`)
    return { edits: { ...edits, permissions: rest }, type: 'updated', changes }
  }
  const outcome = compiler.read(edits, id, entity.id, document)
  if ('faults' in outcome) throw new Problem('request-invalid', '', { faults: outcome.faults })
  const permissions = [...rest, { role: id, entity: entity.id, document: outcome.stored }].sort(byPlace)
  return { edits: withinLimits({ ...edits, permissions }), type: 'updated', changes }
}

const permissionKey = (entity: string): string => `permissions/${entity}`

type Place = { readonly role: string; readonly entity: string }
const byPlace = (a: Place, b: Place): number => (a.role < b.role || (a.role === b.role && a.entity < b.entity) ? -1 : 1)

type ModuleWords = Pick<RoleCompiler, 'moduleDocument'>

/** What holds of a role and an entity: what the tenant says, else what the module does. */
const said = (tenant: TenantCatalogue, compiler: ModuleWords, role: string, entity: string): PermissionNode | null =>
  tenant.catalogue.own?.permissions.get(entity)?.get(role)?.document ?? byModule(tenant, compiler, role, entity)

function byModule({ base }: TenantCatalogue, compiler: ModuleWords, role: string, entity: string): PermissionNode | null {
  const known = base.entities.get(entity)
  return known ? compiler.moduleDocument(known, role) : null
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

function withinLimits(edits: RoleEdits): RoleEdits {
  if (edits.roles.length > limits.ownRoles || edits.permissions.length > limits.ownPermissions)
    throw new Problem('conflict', `A tenant has at most ${limits.ownRoles} roles and ${limits.ownPermissions} permissions of its own.`)
  return edits
}
