import assert from 'node:assert'
import { v7 as uuid } from 'uuid'
import type { Catalogue } from '../catalogue/types.ts'
import type { Database, Query, Rows, Transaction } from '../database/types.ts'
import { lockMember, lockMembers, tellOfMember, type Origin } from '../identity/member-events.ts'
import { Problem } from '../problems.ts'
import { contextOf, entityAt } from '../records/access.ts'
import type { RecordsDoor } from '../records/handle.ts'
import type { Actor } from '../records/types.ts'
import { writeRequest, type Wanted } from '../records/write-request.ts'
import { asEngine } from '../tenancy/engine-actor.ts'
import { ssoRefused, type Asserted, type GroupRole, type Provider, type TenantProvider } from './provider.ts'

/** Whom a sign-in lets in. */
export interface Admitted {
  readonly account: string
  readonly stamp: number
}
/** What a sign-in would come to, for whoever tries out a provider. */
export interface Rehearsal {
  /** Id of the person's record; null: there is none yet. */
  readonly member: string | null
  /** Roles that they would have. */
  readonly roles: readonly string[]
  /** Why they would not get in; null: they would. */
  readonly refused: string | null
}

export interface Admissions {
  /** Finds the person, or makes their record where the provider may; ties account and subject to it; gives roles. Throws 'sso-refused'. */
  admit(provider: TenantProvider, asserted: Asserted, from: Origin): Promise<Admitted>
  /** The same, of which nothing stays. */
  rehearse(provider: TenantProvider, asserted: Asserted): Promise<Rehearsal>
}

interface Parts {
  readonly database: Pick<Database, 'call' | 'transaction'>
  readonly records: RecordsDoor
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  readonly onWritten: () => void
}

interface Person {
  /** By this subject, earlier. */
  readonly linked: boolean
  readonly member: string | null
  readonly domainVerified: boolean
  readonly roles: readonly string[]
  /** Null: no directory of this provider knows them. */
  readonly directoryGroups: readonly string[] | null
}

/**
 * The only way from what a provider says to a session. A subject is tied to a person once, by an address that the provider says is confirmed, of a
 * domain that the tenant has shown to be its own; from then on the subject counts and addresses do not.
 */
export function createAdmissions({ database, records, catalogueOf, onWritten }: Parts): Admissions {
  const look = async (engine: Actor, { id }: TenantProvider, { subject, email }: Asserted): Promise<Person> => {
    const [found] = await database.transaction(contextOf(engine), (tx) =>
      tx.commit({
        role: 'bos_write',
        queries: [{ text: 'select * from bos.sso_person($1::uuid, $2, $3)', values: [id, subject, email ?? ''] }],
      }),
    )
    const row = found!.rows[0]!
    return {
      linked: row['linked'] !== null,
      member: row['member_id'] as string | null,
      domainVerified: row['domain_verified'] === true,
      roles: row['roles'] as string[],
      directoryGroups: row['directory_groups'] as string[] | null,
    }
  }

  const tie = async (
    engine: Actor,
    provider: TenantProvider,
    { subject, email, groups }: Asserted,
    { member, isNew }: { readonly member: string; readonly isNew: boolean },
    from: Origin,
  ): Promise<Admitted> => {
    const catalogue = await catalogueOf(engine)
    return database.transaction(contextOf(engine), async (tx) => {
      const [locked, admitted, changed] = await tx.send({
        role: 'bos_write',
        queries: [
          lockMember(engine, member),
          {
            text: 'select * from bos.sso_admit($1::uuid, $2, $3::uuid, $4::uuid, $5)',
            values: [provider.id, subject, member, uuid(), email ?? ''],
          },
          groupRoles(provider, [member], groups, catalogue, isNew),
        ],
      })
      const { state, account_id: account, stamp, is_first: isFirst } = admitted!.rows[0]!
      if (state !== 'in') throw ssoRefused(refusals[state as keyof typeof refusals])
      const roles = rolesChanged(changed!)
      const told = { ...(isFirst === true && { email: { from: null, to: email } }), ...roles.get(member) }
      const queries =
        Object.keys(told).length === 0 ? [] : tellOfMember(catalogue, engine, locked!.rows[0]!, 'access_changed', { access: told }, from)
      await tx.commit({ role: 'bos_write', queries })
      return { account: String(account), stamp: Number(stamp) }
    })
  }

  return {
    admit: async (provider, asserted, from) => {
      const person = await asEngine(database, provider.tenant, (engine) => look(engine, provider, asserted))
      const fault = faultOf(provider, asserted, person)
      if (fault !== null) throw ssoRefused(fault)
      const isNew = person.member === null
      const data = { name: asserted.name ?? asserted.email ?? '', email: asserted.email }
      const member =
        person.member ??
        (await asEngine(database, provider.tenant, (engine) => writeMember(records, engine, { op: 'create', data }, from)).catch(
          (cause: unknown) => {
            if (!(cause instanceof Problem)) throw cause
            throw ssoRefused(
              `Your record could not be made: ${[cause.message, ...cause.faults.map(({ detail }) => detail)].join(' ')}`,
              cause,
            )
          },
        ))
      const admitted = await asEngine(database, provider.tenant, (engine) => tie(engine, provider, asserted, { member, isNew }, from))
      onWritten()
      return admitted
    },

    rehearse: async (provider, asserted) => {
      const person = await asEngine(database, provider.tenant, (engine) => look(engine, provider, asserted))
      const { member, roles, directoryGroups } = person
      const governed = new Set(provider.groupRoles.map(({ role }) => role))
      const groups = asserted.groups === null && directoryGroups === null ? null : [...(asserted.groups ?? []), ...(directoryGroups ?? [])]
      const kept = groups === null ? roles : roles.filter((role) => !governed.has(role))
      const given = groups === null ? [] : rolesOf(provider.groupRoles, groups)
      const starting = member === null ? provider.startingRoles : []
      return { member, roles: [...new Set([...kept, ...given, ...starting])].toSorted(), refused: faultOf(provider, asserted, person) }
    },
  }
}

const refusals = {
  gone: 'This identity provider was turned off.',
  inactive: 'Your access to this workspace has ended.',
  domain: 'The workspace has not shown that the domain of your address is its own.',
  other: 'You sign in to this workspace with another address. Ask an administrator to change it.',
  similar: 'Somebody signs in with an address that is written almost like yours. Ask an administrator.',
  taken: 'Your account is another person’s of this workspace. Ask an administrator.',
} as const

/** Why it goes no further, as far as it can be said without trying. */
function faultOf(
  { admits }: TenantProvider,
  { subject, email, emailVerified }: Asserted,
  { linked, member, domainVerified }: Person,
): string | null {
  if (subject.trim() === '') return 'The identity provider did not say who you are.'
  if (linked) return null
  if (email === null) return 'The identity provider did not tell your e-mail address.'
  if (!emailVerified) return 'The identity provider does not say that your e-mail address was confirmed.'
  if (!domainVerified) return refusals.domain
  if (member === null && !admits) return 'Nobody has invited you to this workspace.'
  return null
}

const rolesOf = (mapping: readonly GroupRole[], groups: readonly string[]): string[] =>
  mapping.filter(({ group }) => groups.includes(group)).map(({ role }) => role)

/** Answers rows for `rolesChanged`. `isNew`: they are given what everybody begins with. */
const groupRoles = (
  { id, startingRoles }: Pick<Provider, 'id' | 'startingRoles'>,
  members: readonly string[],
  claimed: readonly string[] | null,
  catalogue: Catalogue,
  isNew: boolean,
): Query => ({
  text: 'select * from bos.group_roles_apply($1::uuid, $2::uuid[], $3::text[], $4::text[], $5::text[])',
  values: [id, members, claimed, [...catalogue.roles.keys()], isNew ? startingRoles : []],
})

/** Of those whose roles changed: what is told. */
const rolesChanged = ({ rows }: Rows): ReadonlyMap<string, { roles: { from: readonly string[]; to: readonly string[] } }> =>
  new Map(rows.map((row) => [row['member_id'] as string, { roles: { from: row['before'] as string[], to: row['after'] as string[] } }]))

/** Gives people the roles of the groups that their directory says they are in; answers what is told of it, for the end of the transaction. */
export async function regroup(
  tx: Transaction,
  actor: Actor,
  provider: Pick<Provider, 'id' | 'startingRoles'>,
  members: readonly string[],
  catalogue: Catalogue,
  from: Origin,
  isNew = false,
): Promise<Query[]> {
  if (members.length === 0) return []
  const [changed] = await tx.send({ role: 'bos_write', queries: [groupRoles(provider, members, null, catalogue, isNew)] })
  const told = rolesChanged(changed!)
  if (told.size === 0) return []
  const [people] = await tx.send({ role: 'bos_write', queries: [lockMembers(actor, [...told.keys()])] })
  return people!.rows.flatMap((row) =>
    tellOfMember(catalogue, actor, row, 'access_changed', { access: told.get(row['id'] as string)! }, from),
  )
}

/** One record of a person through the pipeline, as the engine. Answers its id. Throws as records do, with pointers into `data`. */
export async function writeMember(records: RecordsDoor, engine: Actor, wanted: Wanted, { via, requestId }: Origin): Promise<string> {
  const access = await records.access(engine)
  const here = entityAt(access, { module: 'core', plural: 'members' })
  const { results } = await records.run(writeRequest({ access, here, mode: 'one', via, requestId }, [wanted]), engine)
  const [result] = results
  if (result instanceof Problem) throw result
  assert(result, 'one operation has one result')
  return result.id
}
