import type { Permission as PermissionNode } from '../../metadata/entity.d.ts'
import type { RoleCompiler } from '../catalogue/own-roles.ts'
import { ownPrefix } from '../catalogue/own-roles.ts'
import type { TenantCatalogue } from '../catalogue/store.ts'
import type { OwnPermission, Role } from '../catalogue/types.ts'
import type { Fault } from '../problems.ts'

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

export function summaryOf({ catalogue, edits }: TenantCatalogue, role: Role, people: number): RoleSummary {
  const edited = edits.permissions.filter((each) => each.role === role.id).map(({ entity }) => entity)
  const faulty = edited.some((entity) => (catalogue.own?.permissions.get(entity)?.get(role.id)?.faults.length ?? 1) > 0)
  return { id: role.id, title: role.title, own: role.id.startsWith(ownPrefix), people, edited, faulty }
}

export function viewOf(tenant: TenantCatalogue, compiler: RoleCompiler, role: Role, people: number): RoleView {
  const { base, catalogue, edits } = tenant
  const said = [...base.entities.values()].flatMap((entity): [string, RolePermissionView][] => {
    const module = compiler.moduleDocument(entity, role.id)
    const own = catalogue.own?.permissions.get(entity.id)?.get(role.id)
    return module || own ? [[entity.id, { module, tenant: own?.document ?? null, ...toldOf(own) }]] : []
  })
  const gone = edits.permissions
    .filter((each) => each.role === role.id && !base.entities.has(each.entity))
    .map(({ entity }): [string, RolePermissionView] => [entity, { module: null, tenant: null, faults: [notHere] }])
  return { ...summaryOf(tenant, role, people), permissions: Object.fromEntries([...said, ...gone]) }
}

const notHere: Fault = { pointer: '', detail: 'no module of the tenant has this entity now' }
const toldOf = (own: OwnPermission | undefined): { faults?: readonly Fault[] } =>
  own && own.faults.length > 0 ? { faults: own.faults } : {}
