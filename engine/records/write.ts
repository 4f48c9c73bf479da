import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { Entity } from '../catalogue/types.ts'
import type { Query } from '../database/types.ts'
import type { EventDraft, RowWrite } from './decide.ts'
import { column, comma, tableOf, toQuery, toUnnamedQuery } from './sql.ts'
import type { Fragment } from './sql.ts'
import type { Actor, Via } from './types.ts'

/** Columns every row may carry besides its fields', with their types. */
const systemTypes: ReadonlyMap<string, string> = new Map([
  ['id', 'uuid'],
  ['parent_id', 'uuid'],
  ['position', 'int'],
  ['version', 'int'],
  ['revision', 'int'],
  ['deletion_id', 'uuid'],
  ['deleted', 'boolean'],
])

type Part = readonly [name: string, statement: Fragment]

interface Stamp {
  readonly actor: Actor
  readonly via: Via
  readonly requestId: string
}

/**
 * Everything one write stores, as one statement: rows of every table, set-wise, each table's rows as one JSON parameter;
 * the event headers with their bodies; and the outbox entries the sequencer works off. Runs as bos_write.
 * `prepared` is for writes of one record, whose text recurs; bulk text varies with what happens to change.
 */
export function writeQuery(writes: readonly RowWrite[], events: readonly EventDraft[], stamp: Stamp, prepared: boolean): Query | null {
  if (writes.length === 0 && events.length === 0) return null
  const tables = tableParts(writes, stamp).map((part, i): Part => [`w${i}`, part])
  const parts = [...tables, ...(events.length > 0 ? eventParts(events, stamp) : [])]
  const fragment = sql`with ${comma(parts.map(([name, part]) => sql`${sql.id(name)} as (${part})`))} select 1`
  return prepared ? toQuery(fragment) : toUnnamedQuery(fragment)
}

/** One part per table, kind and set of columns. */
function tableParts(writes: readonly RowWrite[], stamp: Stamp): Fragment[] {
  const groups = new Map<string, RowWrite[]>()
  for (const write of writes) {
    const key = `${write.kind} ${write.entity.id} ${write.kind === 'remove' ? '' : Object.keys(write.row).join()}`
    groups.set(key, [...(groups.get(key) ?? []), write])
  }
  return [...groups.values()].map((group) => {
    const { kind, entity } = group[0]!
    if (kind === 'remove')
      return removePart(
        entity,
        group.map((each) => (each.kind === 'remove' ? each.id : '')),
        stamp,
      )
    const rows = group.flatMap((each) => (each.kind === 'remove' ? [] : [each.row]))
    return kind === 'insert' ? insertPart(entity, rows, stamp) : updatePart(entity, rows, stamp)
  })
}

const typesOf = (entity: Entity): Map<string, string> =>
  new Map([...systemTypes, ...entity.fields.flatMap((field) => field.columns.map((each) => [each.name, each.type] as const))])

function columnTypes(entity: Entity, names: readonly string[]): Fragment {
  const types = typesOf(entity)
  return comma(names.map((name) => sql`${sql.id(name)} ${sql.raw(types.get(name)!)}`))
}

/** Values out of the record set, by name. What types store in a jsonb column is JSON text: within JSON that is a text, to be read once more. */
function valuesOf(entity: Entity): (name: string) => Fragment {
  const types = typesOf(entity)
  return (name) => (types.get(name) === 'jsonb' ? sql`(${column('r', name)} #>> '{}')::jsonb` : column('r', name))
}

const recordset = (entity: Entity, rows: readonly object[], names: readonly string[]): Fragment =>
  sql`json_to_recordset(${JSON.stringify(rows)}::json) as r(${columnTypes(entity, names)})`

const now = sql`date_trunc('milliseconds', clock_timestamp())`

function insertPart(entity: Entity, rows: readonly object[], { actor, via }: Stamp): Fragment {
  const names = Object.keys(rows[0]!)
  const system: [string, Fragment][] =
    entity.kind === 'line'
      ? []
      : [
          ['created_at', now],
          ['updated_at', now],
          ['created_by', sql`${actor.member}::uuid`],
          ['updated_by', sql`${actor.member}::uuid`],
          ['created_via', sql`${via}::text`],
        ]
  return sql`insert into ${tableOf(entity)} (${comma([sql.id('tenant_id'), ...names.map((name) => sql.id(name)), ...system.map(([name]) => sql.id(name))] as Fragment[])})
    select ${comma([sql`${actor.tenant}::uuid`, ...names.map(valuesOf(entity)), ...system.map(([, value]) => value)])} from ${recordset(entity, rows, names)}`
}

function updatePart(entity: Entity, rows: readonly object[], { actor }: Stamp): Fragment {
  const names = Object.keys(rows[0]!)
  const value = valuesOf(entity)
  const assignments = names.flatMap((name) => {
    if (name === 'id') return []
    if (name === 'deleted') return [sql`deleted_at = case when r.deleted then ${now} end`]
    return [sql`${sql.id(name)} = ${value(name)}`]
  })
  const system = entity.kind === 'line' ? [] : [sql`updated_at = ${now}`, sql`updated_by = ${actor.member}::uuid`]
  return sql`update ${tableOf(entity)} t set ${comma([...assignments, ...system])} from ${recordset(entity, rows, names)}
    where t.tenant_id = ${actor.tenant}::uuid and t.id = r.id`
}

const removePart = (entity: Entity, ids: readonly string[], { actor }: Stamp): Fragment =>
  sql`delete from ${tableOf(entity)} where tenant_id = ${actor.tenant}::uuid and id = any(${ids}::uuid[])`

/**
 * The body is hashed with a salt of its own, so that erasing body and salt later leaves the chain whole and gives nothing
 * away. `at` is the clock while the record's lock is held: it orders the versions of one record.
 */
function eventParts(events: readonly EventDraft[], { actor, via, requestId }: Stamp): Part[] {
  const rows = events.map((event) => ({
    id: uuidv7(),
    entity: event.entity.id,
    record_id: event.record,
    type: event.type,
    version: event.version,
    revision: event.revision,
    changed: event.changed,
    body: { ...event.body, generation: actor.generation },
  }))
  const tenant = sql`${actor.tenant}::uuid`
  return [
    [
      'draft',
      sql`select r.*, clock_timestamp() as at, uuid_send(gen_random_uuid()) as salt
      from json_to_recordset(${JSON.stringify(rows)}::json) as r(id uuid, entity text, record_id uuid, type text, version int, revision int, changed text[], body jsonb)`,
    ],
    [
      'header',
      sql`insert into bos.event (id, tenant_id, at, entity, record_id, type, version, revision, changed, actor, via, request_id, digest)
      select id, ${tenant}, at, entity, record_id, type, version, revision, changed, ${actor.member}::uuid, ${via}::text, ${requestId}::text, bos.body_digest(salt, body) from draft`,
    ],
    ['body', sql`insert into bos.event_body (tenant_id, event_id, at, body, salt) select ${tenant}, id, at, body, salt from draft`],
    ['outbox', sql`insert into bos.event_pending (event_id, tenant_id, at) select id, ${tenant}, at from draft`],
  ]
}
