import type { RoleEdits } from '../catalogue/own-roles.ts'
import { limits } from '../config.ts'
import { Stale, type Query, type Rows, type Transaction } from '../database/types.ts'
import type { Actor } from '../records/types.ts'
import type { RolePlan } from './role-edits.ts'

/** bos.role and bos.role_permission: what a tenant says of roles, as it is kept. */

export interface StoredRole {
  readonly record: string | null
  /** Counts the changes that the tenant made of it; 0: none. */
  readonly version: number
  /** Ids of those who have it. */
  readonly people: readonly string[]
}

/** Changes of roles come one after the other, and each is judged on what the one before left. Throws Stale. */
export async function lockRole(tx: Transaction, actor: Actor, id: string): Promise<StoredRole> {
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
  const people = assigned!.rows.map((each) => String(each['member_id']))
  return { ...readRole(stored!.rows[0]), people }
}

export const readRole = (row: Rows['rows'][number] | undefined): Omit<StoredRole, 'people'> => ({
  record: row ? String(row['id']) : null,
  version: Number(row?.['version'] ?? 0),
})

/** Names one state of a role. A role that is deleted and made again is another, though it counts its changes from the start as well. */
export const tagOf = ({ record, version }: Omit<StoredRole, 'people'>): string =>
  record === null ? String(version) : `${version}-${record.slice(record.lastIndexOf('-') + 1)}`

export const storedQuery = ({ tenant }: Actor, id: string): Query => ({
  text: 'select id, version from bos.role where tenant_id = $1::uuid and role = $2',
  values: [tenant, id],
})

/** Who is deleted keeps their roles for the day they come back, and is nobody until then. */
export const peopleQuery = ({ tenant }: Actor, role: string | null = null): Query => ({
  text: `select r.role, count(*) as people from bos.role_assignment r
      join core.member m on m.tenant_id = r.tenant_id and m.id = r.member_id and m.deleted_at is null
    where r.tenant_id = $1::uuid and ($2::text is null or r.role = $2) group by r.role`,
  values: [tenant, role],
})

/** Keeps what a plan says of one role. With a role of the tenant's own goes all that was said of it, and it is taken from its people (foreign keys). */
export function planQueries(
  { tenant }: Actor,
  before: RoleEdits,
  { edits: after, type }: RolePlan,
  { role, record, version }: { readonly role: string; readonly record: string; readonly version: number },
): readonly Query[] {
  if (type === 'deleted') return [{ text: 'delete from bos.role where tenant_id = $1::uuid and role = $2', values: [tenant, role] }]
  const [was, is] = [permissionsOf(before, role), permissionsOf(after, role)]
  const gone = [...was.keys()].filter((entity) => !is.has(entity))
  const said = [...is].filter(([entity, document]) => was.get(entity) !== document)
  return [
    {
      text: `insert into bos.role (tenant_id, role, id, title, version) values ($1::uuid, $2, $3::uuid, $4, $5::int)
        on conflict (tenant_id, role) do update set title = excluded.title, version = excluded.version`,
      values: [tenant, role, record, after.roles.find((each) => each.id === role)?.title ?? null, version],
    },
    ...gone.map((entity): Query => ({
      text: 'delete from bos.role_permission where tenant_id = $1::uuid and role = $2 and entity = $3',
      values: [tenant, role, entity],
    })),
    ...said.map(([entity, document]): Query => ({
      text: `insert into bos.role_permission (tenant_id, role, entity, permission) values ($1::uuid, $2, $3, $4::jsonb)
        on conflict (tenant_id, role, entity) do update set permission = excluded.permission`,
      values: [tenant, role, entity, JSON.stringify(document)],
    })),
  ]
}

const permissionsOf = ({ permissions }: RoleEdits, role: string) =>
  new Map(permissions.flatMap((each) => (each.role === role ? [[each.entity, each.document] as const] : [])))

/** Newest first. */
export const historyQuery = ({ tenant }: Actor, record: string | null): Query => ({
  text: `select v.type, v.version, v.actor, v.at::text as at, (b.body -> 'set')::text as set
    from bos.event v left join bos.event_bodies(array[$2::uuid]) b on b.event_id = v.id
    where v.tenant_id = $1::uuid and v.record_id = $2::uuid order by v.version desc limit ${limits.roleChanges}`,
  values: [tenant, record],
})
