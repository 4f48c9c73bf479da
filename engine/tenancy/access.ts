import { v7 as uuid } from 'uuid'
import { administrator } from '../catalogue/types.ts'
import type { Catalogue } from '../catalogue/types.ts'
import type { Database } from '../database/types.ts'
import { suggestion } from '../fields/nearest.ts'
import { echo, Problem, type Fault } from '../problems.ts'
import { isUuid } from '../fields/uuid.ts'
import { lockMember, tellOfMember, type Origin } from '../identity/member-events.ts'
import { judgePassword } from '../identity/password-policy.ts'
import { contextOf, entityAt } from '../records/access.ts'
import type { EventBody } from '../records/decide.ts'
import type { RecordsDoor } from '../records/handle.ts'
import { onlyId, parseSelection } from '../records/selection.ts'
import type { Actor } from '../records/types.ts'
import { effectivePermissions, type EffectivePermissions } from './effective.ts'
import { accessRefused } from './tenants.ts'

/** How a member gets in and what they may do. */
export interface MemberAccess {
  /** Address of the account; null: this person cannot sign in. */
  readonly email: string | null
  /** Ids of roles, of any modules, in alphabetical order. */
  readonly roles: readonly string[]
  /** May sign in by password where everybody else must come by the company's identity provider. */
  readonly breakGlass: boolean
}
export interface AccessChange {
  readonly email: string | null
  readonly roles: readonly string[]
  /** Null: keep what there is. Refused for an account that is in use in other tenants too: it belongs to the person. */
  readonly password: string | null
  /** Null: as it is. */
  readonly breakGlass: boolean | null
}
/** What an administrator sees of everybody who can sign in, may, or is invited. */
export interface PersonAccess extends MemberAccess {
  readonly member: string
  readonly emailVerified: boolean
  readonly suspended: boolean
  readonly hasSecondFactor: boolean
  readonly lastUsedAt: string | null
  readonly invitation: { readonly email: string; readonly invitedAt: string; readonly expiresAt: string; readonly isOver: boolean } | null
}

export interface Accesses {
  /** All throw 'not-allowed' for anyone but an administrator and 'not-found' for what is no member of theirs. */
  list(actor: Actor): Promise<readonly PersonAccess[]>
  get(actor: Actor, member: string): Promise<MemberAccess>
  effective(actor: Actor, member: string): Promise<EffectivePermissions>
  put(actor: Actor, member: string, change: AccessChange, from: Origin): Promise<MemberAccess>
}

export interface AccessParts {
  readonly database: Pick<Database, 'transaction' | 'read'>
  readonly records: RecordsDoor
  readonly hashPassword: (password: string) => Promise<string>
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  /** Told after every change that events wait for the sequencer. */
  readonly onWritten: () => void
}

export function createAccesses({ database, records, hashPassword, catalogueOf, onWritten }: AccessParts): Accesses {
  /** The pipeline itself says whether the member exists, and checks session and generation in the same trip. */
  const authorise = async (actor: Actor, member: string): Promise<void> => {
    assertAdministrator(actor)
    if (!isUuid(member)) throw new Problem('not-found')
    const access = await records.access(actor)
    const here = entityAt(access, { module: 'core', plural: 'members' })
    const get = { access: here, id: member, deleted: false, selection: parseSelection(access, here, onlyId) }
    await records.run({ kind: 'get', access, get }, actor)
  }
  const people = async (actor: Actor): Promise<readonly PersonAccess[]> => {
    const [found] = await database.read(contextOf(actor), { text: 'select * from bos.people_access()' })
    return found!.rows.map(readPerson)
  }
  const current = async (actor: Actor, member: string): Promise<MemberAccess> => {
    const { email, roles, breakGlass } = (await people(actor)).find((each) => each.member === member) ?? nobody
    return { email, roles, breakGlass }
  }

  return {
    list: async (actor) => {
      assertAdministrator(actor)
      return people(actor)
    },
    get: async (actor, member) => {
      await authorise(actor, member)
      return current(actor, member)
    },
    effective: async (actor, member) => {
      await authorise(actor, member)
      const [catalogue, { roles }] = await Promise.all([catalogueOf(actor), current(actor, member)])
      return effectivePermissions(catalogue, roles)
    },
    put: async (actor, member, change, from) => {
      await authorise(actor, member)
      const catalogue = await catalogueOf(actor)
      const { email, roles, password } = change
      judgeRoles(
        roles,
        catalogue,
        email === null && password !== null ? [{ pointer: '/password', detail: 'needs an "email" to sign in with' }] : [],
      )
      const locksItselfOut = member === actor.member && (!roles.includes(administrator) || email === null)
      if (locksItselfOut) throw new Problem('conflict', 'Another administrator must take your own administration away.')
      if (password !== null) await judgePassword(password, [email ?? '', actor.tenantName])
      const passwordHash = password === null ? null : await hashPassword(password)
      const wasBreakGlass = await database.transaction(contextOf(actor), async (tx): Promise<boolean> => {
        const [person, before] = await tx.send(
          { role: 'bos_write', queries: [lockMember(actor, member)] },
          { role: 'bos_read', queries: [{ text: 'select * from bos.people_access() where member_id = $1::uuid', values: [member] }] },
        )
        const row = person!.rows[0]
        if (!row) throw new Problem('not-found')
        const was = before!.rows[0] ? readPerson(before!.rows[0]) : nobody
        const told = changesOf(was, change)
        if (!told) {
          await tx.commit()
          return was.breakGlass
        }
        const admitted = {
          text: 'select bos.member_admit($1::uuid, $2::uuid, $3, $4, $5::text[])',
          values: [member, uuid(), email, passwordHash, roles],
        }
        const glass = { text: 'select bos.break_glass_set($1::uuid, $2)', values: [member, change.breakGlass ?? was.breakGlass] }
        await tx
          .commit({
            role: 'bos_write',
            queries: [admitted, glass, ...tellOfMember(catalogue, actor, row, 'access_changed', { access: told }, from)],
          })
          .catch((cause: unknown) => {
            throw accessRefused(cause)
          })
        return was.breakGlass
      })
      onWritten()
      // Not read again: the change itself has made the actor one of yesterday.
      return { email, roles: roles.toSorted(), breakGlass: email !== null && (change.breakGlass ?? wasBreakGlass) }
    },
  }
}

export function assertAdministrator(actor: Actor): void {
  if (!actor.roles.includes(administrator)) throw new Problem('not-allowed', 'Only an administrator manages sign-in and roles.')
}

const nobody: MemberAccess = { email: null, roles: [], breakGlass: false }

const readPerson = (row: Readonly<Record<string, unknown>>): PersonAccess => ({
  member: String(row['member_id']),
  email: row['email'] as string | null,
  emailVerified: row['email_verified'] === true,
  roles: row['roles'] as string[],
  suspended: row['suspended'] === true,
  breakGlass: row['break_glass'] === true,
  hasSecondFactor: row['has_factor'] === true,
  lastUsedAt: row['last_used_at'] === null ? null : moment(row['last_used_at']),
  invitation:
    row['invited_email'] === null
      ? null
      : {
          email: row['invited_email'] as string,
          invitedAt: moment(row['invited_at']),
          expiresAt: moment(row['invitation_expires_at']),
          isOver: new Date(row['invitation_expires_at'] as Date) < new Date(),
        },
})
const moment = (value: unknown): string => new Date(value as Date).toISOString()

/** What is told of a change; null: it is none. */
function changesOf(was: MemberAccess, { email, roles, password, breakGlass }: AccessChange): EventBody['access'] | null {
  const told: EventBody['access'] = {
    ...(email !== was.email && { email: { from: was.email, to: email } }),
    ...(roles.toSorted().join() !== was.roles.toSorted().join() && { roles: { from: was.roles, to: roles.toSorted() } }),
    ...(password !== null && { password: 'set' as const }),
    ...(breakGlass !== null && breakGlass !== was.breakGlass && { breakGlass }),
  }
  return Object.keys(told).length > 0 ? told : null
}

/** Every role is of a module that the tenant has. Several of one module add up; one that stands here twice is a slip. */
export function judgeRoles(roles: readonly string[], catalogue: Catalogue, known: readonly Fault[] = []): void {
  const faults: Fault[] = [...known]
  for (const [index, id] of roles.entries()) {
    if (!catalogue.roles.has(id))
      faults.push({ pointer: `/roles/${index}`, detail: `there is no role ${echo(id)}.${suggestion(id, catalogue.roles.keys())}` })
    else if (roles.indexOf(id) < index) faults.push({ pointer: `/roles/${index}`, detail: `${echo(id)} stands here twice` })
  }
  if (faults.length > 0) throw new Problem('request-invalid', '', { faults })
}
