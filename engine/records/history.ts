import { administrator } from '../catalogue/types.ts'
import { sql } from 'kysely'
import type { Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import type { Query, Rows } from '../database/types.ts'
import { reachable, Source } from './conditions.ts'
import { toldValue } from './formulas.ts'
import type { EventBody } from './decide.ts'
import { onlyParameters, parseInteger } from './parameters.ts'
import { gettable, pathsWithout } from './reach.ts'
import { renderedAs } from './select.ts'
import { and, column, toQuery } from './sql.ts'
import type { Access, Actor, EntityAccess } from './types.ts'

export interface HistoryRequest {
  readonly access: Access
  readonly here: EntityAccess
  /** Null: the one record of a `single` entity. */
  readonly id: string | null
  readonly limit: number
  /** Entries before this revision (which every entry has to itself, as versions need not); null: the newest. */
  readonly before: number | null
}

export interface HistoryPage {
  readonly data: readonly HistoryEntry[]
  /** `before`: where the next page begins; null: this was the last. */
  readonly page: { readonly limit: number; readonly before: number | null }
}
/** One event, under the names that the caller knows. */
export interface HistoryEntry {
  readonly id: string
  readonly type: string
  readonly version: number
  readonly revision: number
  readonly at: string
  readonly actor: string | null
  readonly via: string
  readonly changes: Changes
  /** Of `shared` and `unshared`: with whom, and for what from then on. */
  readonly share?: EventBody['share']
  /** Of `viewed_as`: whether it began or ended. */
  readonly viewed?: EventBody['viewed']
  /** Of `access_changed` and `invited`, for those who manage it. */
  readonly access?: EventBody['access']
  readonly lines?: readonly { readonly id: string; readonly field: string; readonly op: string; readonly changes: Changes }[]
}
type Changes = EventBody['set']

export function parseHistory(
  access: Access,
  here: EntityAccess,
  id: string | null,
  query: ReadonlyMap<string, readonly string[]>,
): HistoryRequest {
  onlyParameters(query, ['limit', 'before'])
  const before = query.has('before') ? parseInteger(query, 'before', { min: 1, max: 999_999_999, default: 1 }) : null
  return {
    access,
    here,
    id,
    limit: parseInteger(query, 'limit', { min: 1, max: limits.historyEntries, default: limits.pageRowsDefault }),
    before,
  }
}

/**
 * Events of one record that the caller can see now (deleted ones too, so that a deletion has a history), newest first.
 * No row at all: there is no such record. Bodies come from a definer function for exactly that record.
 */
export function historyQuery({ access, here, id, limit, before }: HistoryRequest, actor: Actor): Query {
  const source = new Source(access.catalogue, here)
  const visible = [
    ...reachable(source, here, actor, 'history'),
    ...gettable(access.catalogue, here, 't'),
    id === null ? sql`${column('t', 'deleted_at')} is null` : sql`${column('t', 'id')} = ${id}::uuid`,
  ]
  return toQuery(sql`select e.id, e.type, e.version, e.revision, ${renderedAs('dateTime', sql`e.at`)} as at, e.actor, e.via, e.body::text as body, ${pathsWithout(access.catalogue, here.entity, here.masks, 't')} as masked
    from ${source.from()}
    left join lateral (select v.*, b.body from (select * from bos.event v where v.tenant_id = t.tenant_id and v.record_id = t.id and v.revision < ${before ?? 2 ** 31 - 1}::int
      order by v.version desc, v.revision desc limit ${limit}::int) v
      left join bos.event_bodies(array[t.id]) b on b.event_id = v.id) e on true
    where ${and(visible)} order by e.version desc, e.revision desc`)
}

/** Entries under the caller's names, without what they may not see: an entry about hidden fields alone says only that something changed. */
export function historyPage(
  { access, here, limit }: Pick<HistoryRequest, 'access' | 'here' | 'limit'>,
  { rows }: Rows,
  { roles }: Pick<Actor, 'roles'>,
): HistoryPage {
  const showsAccess = roles.includes(administrator)
  const events = rows.filter((row) => row['id'] !== null)
  const data = events.map((row): HistoryEntry => {
    // What is masked in the record as it is now is left out of what it once was, too.
    const masked = new Set(row['masked'] as string[])
    const body = row['body'] === null ? { set: {} } : (JSON.parse(row['body'] as string) as EventBody)
    return {
      id: String(row['id']),
      type: String(row['type']),
      version: Number(row['version']),
      revision: Number(row['revision']),
      at: String(row['at']),
      actor: row['actor'] as string | null,
      via: String(row['via']),
      changes: visibleChanges(access, here, body.set, masked, ''),
      ...(body.share && { share: body.share }),
      ...(body.viewed && { viewed: body.viewed }),
      ...(body.access && showsAccess && { access: body.access }),
      ...(body.lines && { lines: visibleLines(access, here, body.lines, masked) }),
    }
  })
  const last = events.at(-1)
  return { data, page: { limit, before: events.length === limit && last ? Number(last['revision']) : null } }
}

function visibleChanges(access: Access, here: EntityAccess, set: EventBody['set'], masked: ReadonlySet<string>, at: string): Changes {
  return Object.fromEntries(
    Object.entries(set).flatMap(([id, change]) => {
      if (id === 'position' && here.entity.kind === 'line') return [[id, change]]
      const field = here.visible.find((each) => each.id === id)
      if (!field || masked.has(at + id)) return []
      const [from, to] = [change.from, change.to].map((each) => toldValue([access], field, each))
      // That a formula changed which is withheld is withheld, too.
      return from === undefined || to === undefined ? [] : [[field.name, { from, to }]]
    }),
  )
}

function visibleLines(
  access: Access,
  here: EntityAccess,
  lines: NonNullable<EventBody['lines']>,
  masked: ReadonlySet<string>,
): NonNullable<HistoryEntry['lines']> {
  return Object.entries(lines).flatMap(([id, { path, op, set }]) => {
    const place = linePlace(access, here, path.split('/'), masked, '')
    return place ? [{ id, field: place.field.name, op, changes: visibleChanges(access, place.access, set, masked, `${place.path}.`) }] : []
  })
}

/** Where a path of ids (`lines`, `lines/{line}/parts`) leads, or null where the caller may not look. */
function linePlace(
  access: Access,
  here: EntityAccess,
  [id, , ...deeper]: readonly (string | undefined)[],
  masked: ReadonlySet<string>,
  at: string,
): { field: Field; access: EntityAccess; path: string } | null {
  const path = `${at}${id}`
  const field = masked.has(path) ? undefined : here.visible.find((each) => each.id === id)
  const entity = field?.lines && access.catalogue.entities.get(field.lines.entity)
  if (!field || !entity) return null
  // Links have no permissions of their own: who sees the list sees what was added to it.
  const below = entity.link ? { ...here, entity, visible: entity.fields } : access.entities.get(entity.id)
  if (!below) return null
  return deeper.length > 0 ? linePlace(access, below, deeper, masked, `${path}.`) : { field, access: below, path }
}
