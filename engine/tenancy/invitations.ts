import assert from 'node:assert'
import { v7 as uuid } from 'uuid'
import type { Catalogue } from '../catalogue/types.ts'
import type { Limits } from '../config.ts'
import type { Database } from '../database/types.ts'
import type { Client } from '../identity/client.ts'
import type { Letters } from '../identity/letters.ts'
import type { Limiters } from '../identity/limiter.ts'
import { lockMember, tellOfMember, type Origin } from '../identity/member-events.ts'
import type { Once } from '../identity/once.ts'
import { judgePassword } from '../identity/password-policy.ts'
import type { Passwords } from '../identity/passwords.ts'
import type { SignIn, SignInResult } from '../identity/sign-in.ts'
import type { Mailer } from '../mail/mailer.ts'
import { Problem } from '../problems.ts'
import { contextOf, entityAt } from '../records/access.ts'
import type { RecordsDoor } from '../records/handle.ts'
import type { Actor } from '../records/types.ts'
import { writeRequest } from '../records/write-request.ts'
import { assertAdministrator, judgeRoles } from './access.ts'
import { accessRefused } from './tenants.ts'

export interface NewInvitation {
  readonly name: string
  readonly email: string
  readonly roles: readonly string[]
}
/** What whoever holds the link may know. */
export interface InvitationView {
  readonly email: string
  readonly tenant: string
  /** `new`: chooses a password; `existing`: gives the one of the account that there is. */
  readonly account: 'new' | 'existing'
}

export interface Invitations {
  /**
   * Makes the person's record (or takes the one with this address), gives it the roles, and writes to them. Again for the same address: a new link,
   * and the old one works no more. Answers the member's id. Throws 'not-allowed', 'request-invalid', 'unique-taken', 'conflict'.
   */
  invite(actor: Actor, wanted: NewInvitation, from: Origin): Promise<string>
  /** Throws 'not-found'. */
  withdraw(actor: Actor, member: string, from: Origin): Promise<void>
  /** Throws 'link-invalid'. */
  look(secret: string): Promise<InvitationView>
  /** Comes in, as far as the tenant lets a password do. Throws 'link-invalid', 'credentials-wrong', 'request-invalid'. */
  accept(secret: string, password: string, client: Client): Promise<SignInResult>
}

interface Parts {
  readonly database: Pick<Database, 'call' | 'transaction'>
  readonly records: RecordsDoor
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  /** The actor as of now: what is written here makes the one of before outdated. */
  readonly refresh: (actor: Actor) => Promise<Actor>
  readonly memberName: (actor: Actor) => Promise<string | null>
  readonly mailer: Pick<Mailer, 'canSend' | 'send'>
  readonly letters: Letters
  readonly once: Once
  readonly passwords: Pick<Passwords, 'hash' | 'verify'>
  readonly signIn: Pick<SignIn, 'enter'>
  readonly limiters: Limiters
  readonly limits: Pick<Limits, 'invitationSeconds' | 'loginFailuresPerAccount' | 'loginWindowSeconds'>
  readonly onWritten: () => void
}

/** Faults of a record in a bulk request, at the members of ours. */
function underOurNames(error: unknown): never {
  if (!(error instanceof Problem)) throw error
  const faults = error.faults.map((fault) => ({ ...fault, pointer: fault.pointer.replace('/operations/0/data', '') }))
  throw new Problem(error.code, '', { faults, cause: error })
}

export function createInvitations(parts: Parts): Invitations {
  const { database, records, catalogueOf, refresh, memberName, mailer, letters, once, passwords, signIn, limits, onWritten } = parts
  const byLink = parts.limiters(
    'invitation',
    limits.loginFailuresPerAccount,
    limits.loginWindowSeconds,
    'Too many wrong passwords. Wait and try again.',
  )

  /** The record is found by its address, and made where there is none: a person may have been there long before they sign in. */
  const writePerson = async (actor: Actor, { name, email }: NewInvitation, { via, requestId }: Origin): Promise<string> => {
    const access = await records.access(actor)
    const here = entityAt(access, { module: 'core', plural: 'members' })
    const request = writeRequest({ access, here, mode: 'all', via, requestId }, [{ op: 'upsert', key: 'email', data: { name, email } }])
    const [result] = (await records.run(request, actor).catch(underOurNames)).results
    if (result instanceof Problem) return underOurNames(result)
    assert(result, 'one operation has one result')
    return result.id
  }
  const view = async (secret: string, find: Once['look']) => {
    const payload = await find('invitation', secret)
    const { rows } = payload
      ? await database.call({
          text: 'select * from bos.invitation_view($1::uuid, $2::uuid)',
          values: [payload['tenant'], payload['member']],
        })
      : { rows: [] }
    const row = rows[0]
    // The letter went to one address: an invitation to another one by now has a link of its own.
    if (!payload || !row || row['email'] !== payload['email']) throw new Problem('link-invalid')
    const accountEmail = row['account_email'] as string | null
    return {
      tenant: String(payload['tenant']),
      member: String(payload['member']),
      email: String(row['email']),
      slug: String(row['slug']),
      tenantName: String(row['tenant_name']),
      account: row['account'] as string | null,
      accountEmail,
      passwordHash: row['password_hash'] as string | null,
      // Whoever never proved that they read mail there has no claim to the address: it begins anew with whoever does.
      isExisting: accountEmail !== null && row['account_verified'] === true && row['password_hash'] !== null,
    }
  }

  return {
    invite: async (actor, wanted, from) => {
      assertAdministrator(actor)
      if (!mailer.canSend)
        throw new Problem(
          'conflict',
          'No mail server is configured (SMTP_URL), so nobody can be written to. Give a first password instead.',
        )
      const catalogue = await catalogueOf(actor)
      judgeRoles(wanted.roles, catalogue)
      const member = await writePerson(actor, wanted, from)
      const secret = await once.issue(
        'invitation',
        `${actor.tenant}/${member}`,
        { tenant: actor.tenant, member, email: wanted.email },
        limits.invitationSeconds,
      )
      const now = await refresh(actor)
      await database.transaction(contextOf(now), async (tx) => {
        const [person, before] = await tx.send(
          { role: 'bos_write', queries: [lockMember(now, member)] },
          {
            role: 'bos_read',
            queries: [{ text: 'select email, roles from bos.people_access() where member_id = $1::uuid', values: [member] }],
          },
        )
        const row = person!.rows[0]
        const was = before!.rows[0]
        if (!row) throw new Problem('not-found')
        if (typeof was?.['email'] === 'string')
          throw new Problem('unique-taken', 'This person signs in already.', {
            faults: [{ pointer: '/email', detail: 'signs in already' }],
          })
        const told = { access: { roles: { from: (was?.['roles'] as string[] | undefined) ?? [], to: wanted.roles.toSorted() } } }
        const queries = [
          { text: 'select bos.member_admit($1::uuid, $2::uuid, null, null, $3::text[])', values: [member, uuid(), wanted.roles] },
          {
            text: `insert into bos.invitation (tenant_id, member_id, email, invited_by, expires_at)
              values ($1::uuid, $2::uuid, $3, $4::uuid, now() + make_interval(secs => $5))
              on conflict (tenant_id, member_id) do update set email = excluded.email, invited_by = excluded.invited_by, invited_at = now(), expires_at = excluded.expires_at`,
            values: [now.tenant, member, wanted.email, now.member, limits.invitationSeconds],
          },
          ...tellOfMember(catalogue, now, row, 'invited', told, from),
        ]
        await tx.commit({ role: 'bos_write', queries }).catch((cause: unknown) => {
          throw accessRefused(cause)
        })
      })
      onWritten()
      await mailer.send(letters.invitation(wanted.email, secret, (await memberName(actor)) ?? 'An administrator', actor.tenantName))
      return member
    },

    withdraw: async (actor, member, from) => {
      assertAdministrator(actor)
      const catalogue = await catalogueOf(actor)
      await database.transaction(contextOf(actor), async (tx) => {
        const gone = {
          text: 'delete from bos.invitation where tenant_id = $1::uuid and member_id = $2::uuid returning email',
          values: [actor.tenant, member],
        }
        const [withdrawn, person] = await tx.send({ role: 'bos_write', queries: [gone, lockMember(actor, member)] })
        const email = withdrawn!.rows[0]?.['email']
        if (typeof email !== 'string') throw new Problem('not-found', 'There is no such invitation.')
        const row = person!.rows[0]
        const told = row
          ? tellOfMember(catalogue, actor, row, 'access_changed', { access: { email: { from: email, to: null } } }, from)
          : []
        await tx.commit({ role: 'bos_write', queries: told })
      })
      onWritten()
    },

    look: async (secret) => {
      const { email, tenantName, isExisting } = await view(secret, once.look)
      return { email, tenant: tenantName, account: isExisting ? 'existing' : 'new' }
    },

    accept: async (secret, password, client) => {
      const seen = await view(secret, once.look)
      if (seen.accountEmail !== null && seen.accountEmail.toLowerCase() !== seen.email.toLowerCase())
        throw new Problem(
          'conflict',
          'Somebody signs in with an address that is written almost like this one. Ask for an invitation to another address.',
        )
      let passwordHash: string | null = null
      if (seen.isExisting) {
        await byLink.take(seen.account ?? '')
        if (!(await passwords.verify(password, seen.passwordHash))) throw new Problem('credentials-wrong', 'The password is wrong.')
        await byLink.giveBack(seen.account ?? '')
      } else {
        await judgePassword(password, [seen.email, seen.tenantName])
        passwordHash = await passwords.hash(password)
      }
      // Used up only now, so that a slip costs nobody their link; and by one of those who come at this moment.
      await view(secret, once.take)
      const { rows } = await database.call({
        text: 'select * from bos.invitation_accept($1::uuid, $2::uuid, $3::uuid, $4)',
        values: [seen.tenant, seen.member, uuid(), passwordHash],
      })
      const row = rows[0]
      if (!row) throw new Problem('link-invalid', 'This invitation was withdrawn, or you are a member already.')
      return signIn.enter({ account: String(row['account_id']), stamp: Number(row['stamp']), methods: ['pwd'] }, seen.slug, client)
    },
  }
}
