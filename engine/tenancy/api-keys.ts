import { hash, randomBytes } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import { v7 as uuid } from 'uuid'
import { administrator, type Catalogue } from '../catalogue/types.ts'
import type { Limits } from '../config.ts'
import type { Database, Query, Rows } from '../database/types.ts'
import { suggestion } from '../fields/nearest.ts'
import { keyPrefix } from '../identity/actors.ts'
import type { Origin } from '../identity/member-events.ts'
import { echo, Problem, type Fault } from '../problems.ts'
import { contextOf } from '../records/access.ts'
import { scopeFault, type KeyScope } from '../records/key-scopes.ts'
import type { Actor } from '../records/types.ts'
import { eventQuery } from '../records/write.ts'

/** What a key may be used for. `member`: as whom it acts. */
export interface KeyWish {
  readonly name: string
  /** Null: whoever makes it. Another person: an administrator's right, and only for one who cannot sign in (a program's own record). */
  readonly member: string | null
  readonly role: string
  readonly scopes: readonly KeyScope[]
  readonly addresses: readonly string[]
  /** ISO 8601; null: until it is revoked. */
  readonly expiresAt: string | null
}
export interface KeyView extends Omit<KeyWish, 'member'> {
  readonly id: string
  readonly member: string
  /** The first characters of the key, by which people know it. */
  readonly prefix: string
  readonly createdAt: string
  readonly createdBy: string | null
  readonly lastUsedAt: string | null
  readonly lastAddress: string | null
  /** Its person is gone or not active, or has its role no more. */
  readonly resting: boolean
}
/** The key itself, shown this once. */
export interface NewKey {
  readonly key: string
  readonly view: KeyView
}

/** A key never does more than its person may at the moment it is used: see bos.key_alive and records/key-scopes.ts. */
export interface ApiKeys {
  /** One's own; an administrator sees everybody's. Not those that are over. */
  list(actor: Actor): Promise<readonly KeyView[]>
  /** Throws 'not-allowed' for a role that one does not have, 'request-invalid', 'conflict' where there are as many as there may be. */
  create(actor: Actor, wish: KeyWish, from: Origin): Promise<NewKey>
  /** A new key with the same rights; the old one works for `overlapSeconds` more (0: no longer). Throws 'not-found'. */
  rotate(actor: Actor, key: string, overlapSeconds: number, from: Origin): Promise<NewKey>
  revoke(actor: Actor, key: string, from: Origin): Promise<void>
}

interface Parts {
  readonly database: Pick<Database, 'transaction' | 'read'>
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  readonly limits: Pick<Limits, 'keysPerTenant' | 'keyOverlapSeconds'>
  readonly onWritten: () => void
}

export function createApiKeys({ database, catalogueOf, limits, onWritten }: Parts): ApiKeys {
  const change = async <T>(
    actor: Actor,
    work: (send: (query: Query) => Promise<Rows>) => Promise<{ queries: Query[]; answer: T }>,
  ): Promise<T> => {
    const answer = await database.transaction(contextOf(actor), async (tx) => {
      const done = await work(async (query) => (await tx.send({ role: 'bos_write', queries: [query] }))[0]!)
      await tx.commit({ role: 'bos_write', queries: done.queries })
      return done.answer
    })
    onWritten()
    return answer
  }
  /** Locks it. */
  const find = async (send: (query: Query) => Promise<Rows>, actor: Actor, key: string) => {
    const { rows } = await send({ text: `${selected} and k.id = $4::uuid for no key update`, values: [...visible(actor), key] })
    if (!rows[0]) throw new Problem('not-found', 'There is no such key.')
    return rows[0]
  }

  return {
    list: async (actor) => {
      const [rows] = await database.transaction(contextOf(actor), (tx) =>
        tx.commit({ role: 'bos_write', queries: [{ text: `${selected} order by k.created_at desc, k.id`, values: visible(actor) }] }),
      )
      return rows!.rows.map(readKey)
    },

    create: async (actor, wish, from) => {
      const catalogue = await catalogueOf(actor)
      const member = wish.member ?? actor.member
      judge(wish, catalogue)
      if (member === null || (member !== actor.member && !actor.roles.includes(administrator)))
        throw new Problem('not-allowed', 'Only an administrator makes keys for somebody else.')
      return change(actor, async (send) => {
        const { rows } = await send({
          text: `select (select count(*) from bos.api_key k where k.tenant_id = $1::uuid and k.revoked_at is null) as keys,
            exists (select from core.member m where m.tenant_id = $1::uuid and m.id = $2::uuid and m.deleted_at is null) as is_there`,
          values: [actor.tenant, member],
        })
        if (rows[0]?.['is_there'] !== true) throw invalid('/member', 'there is no such person')
        if (Number(rows[0]['keys']) >= limits.keysPerTenant)
          throw new Problem('conflict', `A workspace has at most ${limits.keysPerTenant} keys.`)
        const { roles, signsIn } = await entitlementOf(send, member)
        if (member !== actor.member && signsIn)
          throw invalid('/member', 'signs in, so nobody else makes keys that act as them. Make a person for the program')
        // Not even an administrator: what a key may do, its person may.
        if (!roles.includes(wish.role) && !roles.includes(administrator))
          throw new Problem('not-allowed', 'A key has a role that its person has.', {
            faults: [{ pointer: '/role', detail: 'is not among the person’s' }],
          })
        const made = make(actor, { ...wish, member }, null)
        return {
          queries: [
            made.insert,
            told(actor, made.view, 'created', 1, { role: { from: null, to: wish.role }, scopes: { from: null, to: wish.scopes } }, from),
          ],
          answer: made.answer,
        }
      })
    },

    rotate: async (actor, key, overlapSeconds, from) =>
      change(actor, async (send) => {
        const row = await find(send, actor, key)
        const old = readKey(row)
        const made = make(actor, old, key)
        const retire: Query = {
          text: `update bos.api_key set expires_at = least(expires_at, now() + make_interval(secs => $3)), version = version + 1
            where tenant_id = $1::uuid and id = $2::uuid`,
          values: [actor.tenant, key, Math.min(overlapSeconds, limits.keyOverlapSeconds)],
        }
        const changes = { successor: { from: null, to: made.view.id } }
        return {
          queries: [
            made.insert,
            retire,
            told(actor, old, 'rotated', Number(row['version']) + 1, changes, from),
            told(actor, made.view, 'created', 1, {}, from),
          ],
          answer: made.answer,
        }
      }),

    revoke: async (actor, key, from) =>
      change(actor, async (send) => {
        const row = await find(send, actor, key)
        const gone: Query = {
          text: 'update bos.api_key set revoked_at = now(), version = version + 1 where tenant_id = $1::uuid and id = $2::uuid',
          values: [actor.tenant, key],
        }
        return { queries: [gone, told(actor, readKey(row), 'revoked', Number(row['version']) + 1, {}, from)], answer: undefined }
      }),
  }
}

async function entitlementOf(
  send: (query: Query) => Promise<Rows>,
  member: string,
): Promise<{ roles: readonly string[]; signsIn: boolean }> {
  const { rows } = await send({ text: 'select * from bos.key_entitlement($1::uuid)', values: [member] })
  return { roles: (rows[0]?.['roles'] as string[] | undefined) ?? [], signsIn: rows[0]?.['signs_in'] === true }
}

const selected = `select k.*, not bos.key_alive(k) as resting from bos.api_key k
  where k.tenant_id = $1::uuid and ($2 or k.member_id = $3::uuid) and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`
const visible = (actor: Actor): unknown[] => [actor.tenant, actor.roles.includes(administrator), actor.member]

function make(
  actor: Actor,
  wish: KeyWish & { readonly member: string },
  replaces: string | null,
): { insert: Query; view: KeyView; answer: NewKey } {
  const id = uuid()
  const key = `${keyPrefix}${randomBytes(32).toString('base64url')}`
  const prefix = key.slice(0, keyPrefix.length + 6)
  const view: KeyView = {
    id,
    name: wish.name,
    member: wish.member,
    role: wish.role,
    scopes: wish.scopes,
    addresses: wish.addresses,
    expiresAt: wish.expiresAt,
    prefix,
    createdAt: new Date().toISOString(),
    createdBy: actor.member,
    lastUsedAt: null,
    lastAddress: null,
    resting: false,
  }
  const insert: Query = {
    text: `insert into bos.api_key (tenant_id, id, name, member_id, role, scopes, addresses, prefix, hash, replaces, created_by, expires_at)
      values ($1::uuid, $2::uuid, $3, $4::uuid, $5, $6::text[], $7::text[], $8, $9, $10::uuid, $11::uuid, $12::timestamptz)`,
    values: [
      actor.tenant,
      id,
      wish.name,
      wish.member,
      wish.role,
      wish.scopes,
      wish.addresses,
      prefix,
      hash('sha256', key, 'buffer'),
      replaces,
      actor.member,
      wish.expiresAt,
    ],
  }
  return { insert, view, answer: { key, view } }
}

/** Keys stand in the log with records. */
const told = (
  actor: Actor,
  { id, name }: Pick<KeyView, 'id' | 'name'>,
  type: 'created' | 'rotated' | 'revoked',
  version: number,
  changes: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>,
  { via, requestId }: Origin,
): Query =>
  eventQuery(
    {
      entity: { id: 'bos.api_key' },
      record: id,
      type,
      version,
      revision: version,
      changed: Object.keys(changes),
      body: { set: { name: { from: name, to: name }, ...changes } },
    },
    { actor, via, requestId },
  )

function readKey(row: Readonly<Record<string, unknown>>): KeyView {
  const moment = (value: unknown): string | null => (value === null ? null : new Date(value as Date).toISOString())
  return {
    id: row['id'] as string,
    name: row['name'] as string,
    member: row['member_id'] as string,
    role: row['role'] as string,
    scopes: row['scopes'] as string[],
    addresses: row['addresses'] as string[],
    prefix: row['prefix'] as string,
    createdAt: moment(row['created_at']) ?? '',
    createdBy: row['created_by'] as string | null,
    expiresAt: moment(row['expires_at']),
    lastUsedAt: moment(row['last_used_at']),
    lastAddress: row['last_address'] as string | null,
    resting: row['resting'] === true,
  }
}

function judge({ role, scopes, addresses, expiresAt }: KeyWish, catalogue: Catalogue): void {
  const faults: Fault[] = []
  if (!catalogue.roles.has(role))
    faults.push({ pointer: '/role', detail: `there is no role ${echo(role)}.${suggestion(role, catalogue.roles.keys())}` })
  for (const [i, scope] of scopes.entries()) {
    const fault = scopeFault(scope, catalogue.entities)
    if (fault !== null) faults.push({ pointer: `/scopes/${i}`, detail: fault })
  }
  for (const [i, address] of addresses.entries())
    if (!isNetwork(address)) faults.push({ pointer: `/addresses/${i}`, detail: 'must be an address or a network such as 198.51.100.0/24' })
  if (expiresAt !== null && !(Date.parse(expiresAt) > Date.now()))
    faults.push({ pointer: '/expiresAt', detail: 'must be a moment to come' })
  if (faults.length > 0) throw new Problem('request-invalid', '', { faults })
}

function isNetwork(text: string): boolean {
  const [base = '', bits, ...more] = text.split('/')
  const most = isIPv4(base) ? 32 : isIPv6(base) ? 128 : -1
  return most > 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
}

const invalid = (pointer: string, detail: string): Problem => new Problem('request-invalid', '', { faults: [{ pointer, detail }] })
