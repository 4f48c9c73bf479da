import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { systemFields } from '../catalogue/system-fields.ts'
import type { Entity } from '../catalogue/types.ts'
import type { Query } from '../database/types.ts'
import type { EventDraft, Row, RowWrite } from './decide.ts'
import { column, comma, remember, Slot, tableOf, toTemplate } from './sql.ts'
import type { Fragment, Template } from './sql.ts'
import type { Actor, Via } from './types.ts'

/** Columns every row may carry besides its fields', with their types. */
const systemTypes: ReadonlyMap<string, string> = new Map([
  ...systemFields.map(({ name, column: type }) => [name, type] as const),
  ['parent_id', 'uuid'],
  ['position', 'int'],
  ['deletion_id', 'uuid'],
  ['deleted', 'boolean'],
])

type Part = readonly [name: string, statement: Fragment]

interface Stamp {
  readonly actor: Actor
  readonly via: Via
  readonly requestId: string
}

/** Rows that go into one table the same way: kind, entity and columns are theirs together. */
interface Group {
  readonly kind: RowWrite['kind']
  readonly entity: Entity
  readonly isDerived: boolean
  readonly columns: readonly string[]
  readonly rows: Row[]
}

interface Values extends Stamp {
  readonly groups: readonly Group[]
  readonly events: readonly Told[]
}

/** An event; of what is told only the id of the entity counts, for not all of it is an entity's record. */
type Told = Omit<EventDraft, 'entity'> & { readonly entity: Pick<Entity, 'id'> }

const tenant = sql`${new Slot<Values>(({ actor }) => actor.tenant)}::uuid`
const member = sql`${new Slot<Values>(({ actor }) => actor.member)}::uuid`
const via = sql`${new Slot<Values>((values) => values.via)}::text`
const requestId = sql`${new Slot<Values>((values) => values.requestId)}::text`

/** Within one statement PostgreSQL promises no order: a value that one row gives up must be free before another row takes it. */
const order = ['remove', 'update', 'insert'] as const

/**
 * Everything one write stores: what removes rows, what changes them, what adds them, a statement each, in this order; set-wise, each
 * table's rows as one JSON parameter; with the last of them the event headers, their bodies, and the outbox entries the sequencer
 * works off. Runs as bos_write. `prepared` is for writes of one record, whose text recurs; bulk text varies with what happens to change.
 */
export function writeQueries(writes: readonly RowWrite[], events: readonly EventDraft[], stamp: Stamp, prepared: boolean): Query[] {
  const statements = order.map((kind) => writes.filter((each) => each.kind === kind)).filter((each) => each.length > 0)
  if (statements.length === 0 && events.length > 0) statements.push([])
  return statements.map((each, i) => writeQuery(each, i === statements.length - 1 ? events : [], stamp, prepared))
}

/** One event of something that is no record: its header, its body, and its place in the outbox. Runs as bos_write. */
export function eventQuery(event: Told, stamp: Stamp): Query {
  const values = { ...stamp, groups: [], events: [event] }
  const { text, values: parameters = [] } = writeTemplate(values)(values)
  return { text, values: parameters }
}

function writeQuery(writes: readonly RowWrite[], events: readonly EventDraft[], stamp: Stamp, prepared: boolean): Query {
  const first = (writes[0] ?? events[0])!.entity
  const groups = groupsOf(writes)
  const values = { ...stamp, groups: [...groups.values()], events }
  if (!prepared) {
    const { text, values: parameters = [] } = writeTemplate(values)(values)
    return { text, values: parameters }
  }
  return remember(first, `write ${[...groups.keys()].join()} ${events.length > 0}`, () => writeTemplate(values))(values)
}

function groupsOf(writes: readonly RowWrite[]): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const write of writes) {
    const { kind, entity } = write
    const row: Row = write.kind === 'remove' ? { id: write.id } : write.row
    const columns = Object.keys(row)
    const isDerived = kind === 'update' && write.isDerived === true
    const key = `${kind} ${isDerived} ${entity.id} ${columns.join()}`
    const group = groups.get(key)
    if (group) group.rows.push(row)
    else groups.set(key, { kind, entity, isDerived, columns, rows: [row] })
  }
  return groups
}

function writeTemplate({ groups, events }: Values): Template<Values> {
  const tables = groups.map((group, i): Part => [`w${i}`, tablePart(group, i)])
  const parts = [...tables, ...(events.length > 0 ? eventParts() : [])]
  return toTemplate(sql`with ${comma(parts.map(([name, part]) => sql`${sql.id(name)} as (${part})`))} select 1`)
}

function tablePart({ kind, entity, isDerived, columns }: Group, index: number): Fragment {
  if (kind === 'remove') {
    const ids = new Slot<Values>(({ groups }) => groups[index]!.rows.map((row) => row['id']))
    return sql`delete from ${tableOf(entity)} where tenant_id = ${tenant} and id = any(${ids}::uuid[])`
  }
  const types = new Map([...systemTypes, ...entity.fields.flatMap((field) => field.columns.map((each) => [each.name, each.type] as const))])
  const rows = new Slot<Values>(({ groups }) => JSON.stringify(groups[index]!.rows))
  const definitions = columns.map((name) => sql`${sql.id(name)} ${sql.raw(types.get(name)!)}`)
  const from = sql`json_to_recordset(${rows}::json) as r(${comma(definitions)})`
  // What types store in a jsonb column is JSON text: within JSON that is a text, to be read once more.
  const value = (name: string): Fragment => (types.get(name) === 'jsonb' ? sql`(${column('r', name)} #>> '{}')::jsonb` : column('r', name))
  return kind === 'insert' ? insertPart(entity, columns, value, from) : updatePart(entity, isDerived, columns, value, from)
}

const now = sql`date_trunc('milliseconds', clock_timestamp())`

function insertPart(entity: Entity, columns: readonly string[], value: (name: string) => Fragment, from: Fragment): Fragment {
  const system: [string, Fragment][] =
    entity.kind === 'line'
      ? []
      : [
          ['created_at', now],
          ['updated_at', now],
          ['created_by', member],
          ['updated_by', member],
          ['created_via', via],
        ]
  const names = ['tenant_id', ...columns, ...system.map(([name]) => name)].map((name) => sql.id(name))
  const selected = [tenant, ...columns.map(value), ...system.map(([, each]) => each)]
  return sql`insert into ${tableOf(entity)} (${comma(names)}) select ${comma(selected)} from ${from}`
}

function updatePart(
  entity: Entity,
  isDerived: boolean,
  columns: readonly string[],
  value: (name: string) => Fragment,
  from: Fragment,
): Fragment {
  const assignments = columns.flatMap((name) => {
    if (name === 'id') return []
    if (name === 'deleted') return [sql`deleted_at = case when r.deleted then ${now} end`]
    return [sql`${sql.id(name)} = ${value(name)}`]
  })
  const system = entity.kind === 'line' || isDerived ? [] : [sql`updated_at = ${now}`, sql`updated_by = ${member}`]
  return sql`update ${tableOf(entity)} t set ${comma([...assignments, ...system])} from ${from}
    where t.tenant_id = ${tenant} and t.id = r.id`
}

/**
 * The body is hashed with a salt of its own, so that erasing body and salt later leaves the chain whole and gives nothing
 * away. `at` is the clock while the record's lock is held: it orders the versions of one record.
 */
function eventParts(): Part[] {
  const rows = new Slot<Values>(({ events, actor }) => JSON.stringify(events.map((event) => eventRow(event, actor))))
  return [
    [
      'draft',
      sql`select r.*, clock_timestamp() as at, uuid_send(gen_random_uuid()) as salt
      from json_to_recordset(${rows}::json) as r(id uuid, entity text, record_id uuid, type text, version int, revision int, changed text[], body jsonb)`,
    ],
    [
      'header',
      sql`insert into bos.event (id, tenant_id, at, entity, record_id, type, version, revision, changed, actor, via, request_id, digest)
      select id, ${tenant}, at, entity, record_id, type, version, revision, changed, ${member}, ${via}, ${requestId}, bos.body_digest(salt, body) from draft`,
    ],
    ['body', sql`insert into bos.event_body (tenant_id, event_id, at, body, salt) select ${tenant}, id, at, body, salt from draft`],
    ['outbox', sql`insert into bos.event_pending (event_id, tenant_id, at) select id, ${tenant}, at from draft`],
  ]
}

const eventRow = ({ entity, record, type, version, revision, changed, body }: Told, { generation }: Actor) => ({
  id: uuidv7(),
  entity: entity.id,
  record_id: record,
  type,
  version,
  revision,
  changed,
  body: { ...body, generation },
})
