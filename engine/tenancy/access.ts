import type { Catalogue } from '../catalogue/types.ts'
import type { Database } from '../database/types.ts'
import { nearest } from '../fields/nearest.ts'
import { Problem, pointerSegment, type Fault } from '../problems.ts'
import type { Actor } from '../records/types.ts'
import { engineCall, type HandleCall } from './engine-actor.ts'
import { admit, setRoles } from './tenants.ts'

/** How a member gets in and what they may do. */
export interface MemberAccess {
  /** Address of the account; null: this person cannot sign in. */
  readonly email: string | null
  /** Role by module. */
  readonly roles: Readonly<Record<string, string>>
}
export interface AccessChange extends MemberAccess {
  /** Null: keep what there is. Refused for an account that is in use in other tenants too: it belongs to the person. */
  readonly password: string | null
}

export interface Accesses {
  /** Both throw 'not-allowed' for anyone but an administrator and 'not-found' for what is no member of theirs. */
  get(actor: Actor, member: string): Promise<MemberAccess>
  put(actor: Actor, member: string, change: AccessChange): Promise<MemberAccess>
}

export interface AccessParts {
  readonly database: Pick<Database, 'call'>
  readonly handle: HandleCall
  readonly hashPassword: (password: string) => Promise<string>
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
}

const administrator = 'core.admin'

export function createAccesses({ database, handle, hashPassword, catalogueOf }: AccessParts): Accesses {
  /** The pipeline itself says whether the member exists, and checks session and generation in the same trip. */
  const authorise = async (actor: Actor, member: string): Promise<void> => {
    if (!actor.roles.includes(administrator)) throw new Problem('not-allowed', 'Only an administrator manages sign-in and roles.')
    await handle(engineCall({ module: 'core', plural: 'members', method: 'GET', rest: [member], body: undefined }, 'api', 'access'), actor)
  }
  const current = async (tenant: string, member: string): Promise<MemberAccess> => {
    const { rows } = await database.call({ text: 'select * from bos.member_access($1::uuid, $2::uuid)', values: [tenant, member] })
    return { email: rows[0]?.['email'] as string | null, roles: rows[0]?.['roles'] as Record<string, string> }
  }

  return {
    get: async (actor, member) => {
      await authorise(actor, member)
      return current(actor.tenant, member)
    },
    put: async (actor, member, change) => {
      await authorise(actor, member)
      judgeRoles(change.roles, await catalogueOf(actor))
      const locksItselfOut = member === actor.member && (change.roles['core'] !== administrator || change.email === null)
      if (locksItselfOut) throw new Problem('conflict', 'Another administrator must take your own administration away.')
      if (change.email === null) {
        await database.call({ text: 'select bos.member_release($1::uuid, $2::uuid)', values: [actor.tenant, member] })
        await setRoles(database, actor.tenant, member, change.roles)
        return current(actor.tenant, member)
      }

      const passwordHash = change.password === null ? null : await hashPassword(change.password)
      const { passwordKept } = await admit(database, { tenant: actor.tenant, member, email: change.email, passwordHash, roles: change.roles, link: false })
      if (passwordKept && change.password !== null) {
        throw new Problem('conflict', 'Sign-in and roles are saved, but the password is not: this account is in use in other tenants too, so only the person can change it.')
      }
      return current(actor.tenant, member)
    },
  }
}

/** At most one role per module, each of a module that the tenant has. */
function judgeRoles(roles: Readonly<Record<string, string>>, catalogue: Catalogue): void {
  const faults: Fault[] = []
  for (const [module, role] of Object.entries(roles)) {
    if (catalogue.roles.get(role)?.module === module) continue
    const near = nearest(role, [...catalogue.roles.values()].filter(each => each.module === module).map(each => each.id))
    faults.push({ pointer: `/roles/${pointerSegment(module)}`, detail: `there is no role "${role}" of this module${near === null ? '' : `; did you mean "${near}"?`}` })
  }
  if (faults.length > 0) throw new Problem('request-invalid', '', { faults })
}
