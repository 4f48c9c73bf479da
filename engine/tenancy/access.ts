import { administrator } from '../catalogue/types.ts'
import type { Catalogue } from '../catalogue/types.ts'
import type { Database } from '../database/types.ts'
import { suggestion } from '../fields/nearest.ts'
import { echo, Problem, type Fault } from '../problems.ts'
import { isUuid } from '../fields/uuid.ts'
import { entityAt } from '../records/access.ts'
import type { RecordsDoor } from '../records/handle.ts'
import { onlyId, parseSelection } from '../records/selection.ts'
import type { Actor } from '../records/types.ts'
import { setAccess } from './tenants.ts'

/** How a member gets in and what they may do. */
export interface MemberAccess {
  /** Address of the account; null: this person cannot sign in. */
  readonly email: string | null
  /** Ids of roles, of any modules, in alphabetical order. */
  readonly roles: readonly string[]
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
  readonly records: RecordsDoor
  readonly hashPassword: (password: string) => Promise<string>
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
}

export function createAccesses({ database, records, hashPassword, catalogueOf }: AccessParts): Accesses {
  /** The pipeline itself says whether the member exists, and checks session and generation in the same trip. */
  const authorise = async (actor: Actor, member: string): Promise<void> => {
    if (!actor.roles.includes(administrator)) throw new Problem('not-allowed', 'Only an administrator manages sign-in and roles.')
    if (!isUuid(member)) throw new Problem('not-found')
    const access = await records.access(actor)
    const here = entityAt(access, { module: 'core', plural: 'members' })
    const get = { access: here, id: member, deleted: false, selection: parseSelection(access, here, onlyId) }
    await records.run({ kind: 'get', access, get }, actor)
  }
  const current = async (tenant: string, member: string): Promise<MemberAccess> => {
    const { rows } = await database.call({ text: 'select * from bos.member_access($1::uuid, $2::uuid)', values: [tenant, member] })
    return { email: rows[0]?.['email'] as string | null, roles: rows[0]?.['roles'] as string[] }
  }

  return {
    get: async (actor, member) => {
      await authorise(actor, member)
      return current(actor.tenant, member)
    },
    put: async (actor, member, change) => {
      await authorise(actor, member)
      judge(change, await catalogueOf(actor))
      const locksItselfOut = member === actor.member && (!change.roles.includes(administrator) || change.email === null)
      if (locksItselfOut) throw new Problem('conflict', 'Another administrator must take your own administration away.')
      const passwordHash = change.password === null ? null : await hashPassword(change.password)
      await setAccess(database, { tenant: actor.tenant, member, email: change.email, passwordHash, roles: change.roles, link: false })
      return current(actor.tenant, member)
    },
  }
}

/** Every role is of a module that the tenant has. Several of one module add up; one that stands here twice is a slip. */
function judge({ email, password, roles }: AccessChange, catalogue: Catalogue): void {
  const faults: Fault[] = []
  if (email === null && password !== null) faults.push({ pointer: '/password', detail: 'needs an "email" to sign in with' })
  for (const [index, id] of roles.entries()) {
    if (!catalogue.roles.has(id))
      faults.push({ pointer: `/roles/${index}`, detail: `there is no role ${echo(id)}.${suggestion(id, catalogue.roles.keys())}` })
    else if (roles.indexOf(id) < index) faults.push({ pointer: `/roles/${index}`, detail: `${echo(id)} stands here twice` })
  }
  if (faults.length > 0) throw new Problem('request-invalid', '', { faults })
}
