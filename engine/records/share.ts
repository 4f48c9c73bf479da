import { sql } from 'kysely'
import type { Entity } from '../catalogue/types.ts'
import type { Database, Query } from '../database/types.ts'
import { isObject } from '../fields/define.ts'
import { isUuid } from '../fields/uuid.ts'
import { echo, pointerSegment, Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import { contextOf } from './access.ts'
import { reachable, Source } from './conditions.ts'
import { invalid } from './decide-refusals.ts'
import type { EventDraft } from './decide.ts'
import { referencesQuery } from './load.ts'
import { onlyParameters, single } from './parameters.ts'
import { seen } from './reach.ts'
import { renderedAs } from './select.ts'
import { and, column, tableOf, toQuery } from './sql.ts'
import type { Fragment } from './sql.ts'
import { isLive } from './tables.ts'
import type { Access, Actor, Call, EntityAccess, Via } from './types.ts'
import { writeQueries } from './write.ts'

/** With whom: a person, or everybody who belongs to a team or leads it. */
export interface Grantee {
  readonly kind: 'member' | 'team'
  readonly id: string
}
export type ShareAccess = 'read' | 'update'

export interface ShareRequest {
  readonly access: Access
  readonly here: EntityAccess
  readonly id: string
  /** Null: tells with whom the record is shared. `to` null: shares it no more. */
  readonly change: { readonly grantee: Grantee; readonly to: ShareAccess | null } | null
  readonly via: Via
  readonly requestId: string
}
/** One share as answers have it; the grantee stands under its kind. */
export interface Share {
  readonly member?: string
  readonly team?: string
  readonly access: ShareAccess
  readonly at: string
  readonly by: string | null
}

/** Sharing means something where roles can be limited to what was shared. */
export const isShareable = (entity: Entity): boolean =>
  entity.kind === 'record' && entity.scopes.some(({ predicate }) => predicate.kind === 'among' && predicate.set === 'shared')

/** `{"member": "…", "access": "read"}`; what is taken back may be named in the query too, for clients whose DELETE has no body. */
export function parseShare(access: Access, here: EntityAccess, id: string, call: Call): ShareRequest {
  const { method, body, query, via, requestId } = call
  onlyParameters(query, method === 'DELETE' ? ['member', 'team'] : [])
  const asked = { access, here, id, via, requestId }
  if (method === 'GET') return { ...asked, change: null }
  const named = Object.fromEntries([...query.keys()].map((name) => [name, single(query, name)]))
  const given = method === 'DELETE' && !isObject(body) ? named : body
  if (!isObject(given)) throw invalid([{ pointer: '', detail: 'A JSON object with "member" or "team" is expected.' }])
  const { member, team, access: to, ...rest } = given
  const faults: Fault[] = Object.keys(rest).map((name) => ({
    pointer: `/${pointerSegment(name)}`,
    detail: `There is no ${echo(name)} here; sharing takes "member" or "team", and "access".`,
  }))
  const kind = (member ?? null) === null ? 'team' : 'member'
  const grantee = kind === 'member' ? member : team
  if ((member ?? null) !== null && (team ?? null) !== null) faults.push({ pointer: '/team', detail: 'Either "member" or "team" is given.' })
  else if (!isUuid(grantee))
    faults.push({ pointer: `/${kind}`, detail: 'The id of a person ("member") or of a team ("team") is expected.' })
  if (method === 'POST' && to !== 'read' && to !== 'update') faults.push({ pointer: '/access', detail: 'Access is "read" or "update".' })
  if (faults.length > 0) throw invalid(faults)
  return { ...asked, change: { grantee: { kind, id: String(grantee) }, to: method === 'DELETE' ? null : (to as ShareAccess) } }
}

/** Who cannot see the record has none here; who sees it and may not share it is told. Throws Problems 'not-found', 'not-allowed'. */
export async function runShare(database: Database, request: ShareRequest, actor: Actor): Promise<readonly Share[]> {
  const { access, here, id, change } = request
  return database.transaction(contextOf(actor, access), async (tx) => {
    const target = change?.to ? access.entities.get(`core.${change.grantee.kind}`) : undefined
    const queries = [recordQuery(request, actor)]
    if (change) queries.push(accessQuery(here, id, change.grantee, actor))
    if (change && target) queries.push(referencesQuery(access.catalogue, target, actor, [change.grantee.id]))
    const [found, given, grantees] = await tx.send({ role: 'bos_read', queries })
    const record = found!.rows[0]
    if (!record) throw new Problem('not-found')
    if (record['share'] !== true) throw new Problem('not-allowed', 'Your role may not share this record.')
    if (change?.to && grantees?.rows.length !== 1)
      throw invalid([{ pointer: `/${change.grantee.kind}`, detail: 'There is no such record, or you may not see it.' }])
    const before = (given?.rows[0]?.['access'] as ShareAccess | undefined) ?? null
    const isTheirs = before === null || given?.rows[0]?.['by'] === actor.member
    // Nobody gives more than they have, nor takes away what they could not have given, unless they did.
    if (record['update'] !== true && change && (change.to === 'update' || (before === 'update' && !isTheirs)))
      throw invalid([{ pointer: change.to === null ? '' : '/access', detail: 'You may not change this record yourself.' }])
    if (change && change.to === null && before === null) throw new Problem('not-found', 'The record is not shared with them.')
    const writes = change && change.to !== before ? changeQueries(request, change, before, record, actor) : []
    const rows = await tx.commit({ role: 'bos_write', queries: [...writes, sharesQuery(here, id, actor)] })
    return rows
      .at(-1)!
      .rows.map(({ member, team, ...rest }) => ({ ...(member === null ? { team } : { member }), ...rest }) as unknown as Share)
  })
}

/** Locks the record, so that shares and edits of it come one after the other. */
function recordQuery({ access, here, id, change }: ShareRequest, actor: Actor): Query {
  const source = new Source(access.catalogue, here)
  const reaches = (action: 'share' | 'update'): Fragment =>
    here.actions.has(action) ? and(reachable(source, here, actor, action)) : sql`false`
  const conditions = [
    sql`${column('t', 'tenant_id')} = ${actor.tenant}::uuid`,
    sql`${column('t', 'id')} = ${id}::uuid`,
    isLive(access.catalogue, here.entity, 't'),
    ...seen(access.catalogue, here, 't'),
  ]
  return toQuery(sql`select t.version, t.revision, ${reaches('share')} as share, ${reaches('update')} as update
    from ${source.from()} where ${and(conditions)} ${change ? sql`for no key update of t` : sql``}`)
}

const isGrantee = ({ kind, id }: Grantee): Fragment =>
  kind === 'member' ? sql`s.member_id = ${id}::uuid and s.team_id is null` : sql`s.team_id = ${id}::uuid and s.member_id is null`

/** After the lock: what an earlier holder of it stored is seen. */
const accessQuery = ({ entity }: EntityAccess, id: string, grantee: Grantee, { tenant }: Actor): Query =>
  toQuery(sql`select s.access, s.created_by as by from bos.share s
    where s.tenant_id = ${tenant}::uuid and s.entity = ${entity.id} and s.record_id = ${id}::uuid and ${isGrantee(grantee)}`)

/** The share, and an event of its own in the record's history: it raises the revision, for the record itself stays as it is. */
function changeQueries(
  { here, id, via, requestId }: ShareRequest,
  { grantee, to }: NonNullable<ShareRequest['change']>,
  before: ShareAccess | null,
  record: Readonly<Record<string, unknown>>,
  actor: Actor,
): Query[] {
  const { entity } = here
  const [version, revision] = [Number(record['version']), Number(record['revision']) + 1]
  const [member, team] = grantee.kind === 'member' ? [grantee.id, null] : [null, grantee.id]
  const event: EventDraft = {
    entity,
    record: id,
    type: to === null ? 'unshared' : 'shared',
    version,
    revision,
    changed: [],
    body: { set: {}, share: { ...(member === null ? { team: grantee.id } : { member }), from: before, to } },
  }
  const share =
    to === null
      ? sql`delete from bos.share s where s.tenant_id = ${actor.tenant}::uuid and s.record_id = ${id}::uuid and ${isGrantee(grantee)}`
      : sql`insert into bos.share (tenant_id, entity, record_id, member_id, team_id, access, created_by)
          values (${actor.tenant}::uuid, ${entity.id}, ${id}::uuid, ${member}::uuid, ${team}::uuid, ${to}, ${actor.member}::uuid)
          on conflict (tenant_id, record_id, member_id, team_id) do update
          set access = excluded.access, created_at = excluded.created_at, created_by = excluded.created_by`
  const row = sql`update ${tableOf(entity)} set revision = ${revision}::int where tenant_id = ${actor.tenant}::uuid and id = ${id}::uuid`
  return [toQuery(share), toQuery(row), ...writeQueries([], [event], { actor, via, requestId }, true)]
}

/** Runs as bos_write: whoever may share a record knows with whom it is shared, though not everything about them. */
function sharesQuery({ entity }: EntityAccess, id: string, { tenant }: Actor): Query {
  return toQuery(sql`select s.member_id as member, s.team_id as team, s.access, ${renderedAs('dateTime', sql`s.created_at`)} as at, s.created_by as by
    from bos.share s
    where s.tenant_id = ${tenant}::uuid and s.entity = ${entity.id} and s.record_id = ${id}::uuid
      and (s.member_id is null or exists (select from core.member m where m.tenant_id = s.tenant_id and m.id = s.member_id and m.deleted_at is null))
      and (s.team_id is null or exists (select from core.team m where m.tenant_id = s.tenant_id and m.id = s.team_id and m.deleted_at is null))
    order by s.created_at, s.member_id, s.team_id`)
}
