import { sql } from 'kysely'
import type { Catalogue, Entity, Field, Inverse } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { Problem } from '../problems.ts'
import { linesFields } from './change.ts'
import type { RemoveOperation, Stored } from './change.ts'
import type { EventDraft, Outcome, RowWrite } from './decide.ts'
import { isLive } from './select.ts'
import { and, column, tableOf, toQuery } from './sql.ts'
import type { Fragment } from './sql.ts'
import type { Query, Rows, Step, Transaction } from '../database/types.ts'
import type { Actor } from './types.ts'

/**
 * What hangs on a record that is deleted. Deleting follows `onDelete` of every reference that points here, whoever may see
 * the records: as bos_write, within the tenant. Each level is locked before the next is looked up.
 */
export interface Dependant {
  readonly entity: Entity
  readonly id: string
  readonly version: number
  readonly revision: number
  readonly effect: 'cascade' | 'setNull'
  readonly field: Field
  readonly column: string
  /** Canonical value of the field. */
  readonly from: unknown
}

export async function loadDependants(
  tx: Transaction,
  catalogue: Catalogue,
  actor: Actor,
  root: Entity,
  id: string,
  gone: readonly string[],
): Promise<readonly Dependant[]> {
  const found: Dependant[] = []
  const deleted = new Set([id, ...gone])
  let level: { entity: Entity; ids: readonly string[] }[] = [{ entity: root, ids: [id] }]
  while (level.length > 0) {
    const relations = level.flatMap((at) => at.entity.referencedBy.flatMap((inverse) => relation(catalogue, at.entity, inverse, at.ids)))
    if (relations.length === 0) break
    const queries = relations.map((each) => dependantsQuery(catalogue, actor, each, [...deleted]))
    const answers = await tx.send({ role: 'bos_write', queries } satisfies Step)
    const next = new Map<Entity, string[]>()
    relations.forEach((each, i) => {
      for (const dependant of dependantsOf(each, answers[i]!)) {
        if (deleted.has(dependant.id) && dependant.effect !== 'setNull') continue
        if (each.effect === 'restrict') throw new Problem('still-referenced', `Records of “${each.child.pluralTitle}” refer to this one.`)
        found.push(dependant)
        if (dependant.effect !== 'cascade') continue
        deleted.add(dependant.id)
        next.set(each.child, [...(next.get(each.child) ?? []), dependant.id])
      }
    })
    if (found.length > limits.cascadeRecords)
      throw new Problem('too-expensive', `Deleting this would take more than ${limits.cascadeRecords} records along.`)
    level = Array.from(next, ([entity, reached]) => ({ entity, ids: reached }))
  }
  return found.filter((each) => each.effect === 'cascade' || !deleted.has(each.id))
}

/** Throws Problem 'still-referenced' when anything refers to the record, whatever `onDelete` would do with it; its own lines apart. */
export async function refuseReferred(tx: Transaction, catalogue: Catalogue, actor: Actor, entity: Entity, id: string): Promise<void> {
  const queries = entity.referencedBy.map((inverse) => {
    const child = catalogue.entities.get(inverse.entity)!
    const reference = child.fieldById.get(inverse.field)!.reference!.targets.find((each) => each.entity === entity.id)!
    const self = child.parent?.entity === entity.id ? column('t', 'parent_id') : column('t', 'id')
    return toQuery(sql`select 1 from ${tableOf(child)} t
      where ${and([sql`t.tenant_id = ${actor.tenant}::uuid`, sql`${column('t', reference.column)} = ${id}::uuid`, sql`${self} <> ${id}::uuid`, isLive(catalogue, child, 't')])} limit 1`)
  })
  const answers = queries.length > 0 ? await tx.send({ role: 'bos_write', queries }) : []
  const holder = entity.referencedBy.find((_, i) => answers[i]!.rows.length > 0)
  if (!holder) return
  const child = catalogue.entities.get(holder.entity)!
  const shown = child.link ? catalogue.entities.get(child.parent!.entity)! : child
  throw new Problem('still-referenced', `Records of “${shown.pluralTitle}” refer to it.`)
}

interface Relation {
  readonly target: Entity
  readonly child: Entity
  readonly field: Field
  readonly column: string
  readonly effect: 'restrict' | 'cascade' | 'setNull'
  readonly ids: readonly string[]
}

/**
 * A document is not changed behind its back: a line that refers to the record always holds it. Links of a list stay as they
 * are (they name a deleted record until it is restored), so they hold nothing.
 */
function relation(catalogue: Catalogue, target: Entity, inverse: Inverse, ids: readonly string[]): Relation[] {
  const child = catalogue.entities.get(inverse.entity)!
  if (child.link) return []
  const field = child.fieldById.get(inverse.field)!
  const { column: reference } = field.reference!.targets.find((each) => each.entity === target.id)!
  return [{ target, child, field, column: reference, effect: child.kind === 'line' ? 'restrict' : field.reference!.onDelete, ids }]
}

function dependantsQuery(
  catalogue: Catalogue,
  actor: Actor,
  { child, column: reference, effect, ids }: Relation,
  deleted: readonly string[],
): Query {
  const version = child.kind === 'line' ? sql`0 as version, 0 as revision` : sql`t.version, t.revision`
  const lock = effect === 'restrict' ? sql`and t.id <> all(${deleted}::uuid[]) limit 1` : sql`order by t.id for update of t`
  return toQuery(sql`select t.id, ${version}, ${column('t', reference)} as origin from ${tableOf(child)} t
    where ${and([sql`t.tenant_id = ${actor.tenant}::uuid`, sql`${column('t', reference)} = any(${ids}::uuid[])`, isLive(catalogue, child, 't')])} ${lock}`)
}

const dependantsOf = ({ target, child, field, column: reference, effect }: Relation, { rows }: Rows): Dependant[] =>
  rows.map((row) => ({
    entity: child,
    id: String(row['id']),
    version: Number(row['version']),
    revision: Number(row['revision']),
    effect: effect === 'setNull' ? 'setNull' : 'cascade',
    field,
    column: reference,
    from: field.reference!.several ? { entity: target.id, id: String(row['origin']) } : String(row['origin']),
  }))

/** Pure: marks the record and what goes along with one deletion id; clears references that allow it. */
export function decideDelete(
  operation: RemoveOperation,
  stored: Stored,
  dependants: readonly Dependant[],
): { outcome: Outcome; events: EventDraft[] } {
  const { entity, id, deletionId } = operation
  const mark = (of: Entity, record: string, version: number, revision: number): { write: RowWrite; event: EventDraft } => ({
    write: {
      kind: 'update',
      entity: of,
      row: { id: record, version: version + 1, revision: revision + 1, deleted: true, deletion_id: deletionId },
    },
    event: { entity: of, record, type: 'deleted', version: version + 1, revision: revision + 1, changed: [], body: { set: {} } },
  })
  const own = mark(entity, id, stored.version, stored.revision)
  const along = [
    ...dependants.filter((each) => each.effect === 'cascade').map((each) => mark(each.entity, each.id, each.version, each.revision)),
    ...Map.groupBy(
      dependants.filter((each) => each.effect === 'setNull'),
      (each) => each.id,
    )
      .values()
      .map(clear),
  ]
  return {
    outcome: {
      status: 200,
      id,
      version: stored.version + 1,
      revision: stored.revision + 1,
      writes: [own.write, ...along.map((each) => each.write)],
      event: own.event,
    },
    events: along.map((each) => each.event),
  }
}

/** Several references of one record may be cleared at once: it is still one change of it. */
function clear(cleared: readonly Dependant[]): { write: RowWrite; event: EventDraft } {
  const { entity, id, version, revision } = cleared[0]!
  const next = { version: version + 1, revision: revision + 1 }
  const set = Object.fromEntries(cleared.map((each) => [each.field.id, { from: each.from, to: null }]))
  return {
    write: { kind: 'update', entity, row: { id, ...next, ...Object.fromEntries(cleared.map((each) => [each.column, null])) } },
    event: { entity, record: id, type: 'updated', ...next, changed: Object.keys(set), body: { set } },
  }
}

/** A record that comes back: the one asked for, or one that went along with it. */
export interface Restored {
  readonly entity: Entity
  readonly id: string
  readonly version: number
  readonly revision: number
}

/**
 * What comes back with a deleted record: whatever its own deletion took along below it, level by level as it went. Everything
 * they refer to must be live or come back too, and stays so until commit. Throws Problem 'restore-refused'.
 */
export async function loadDeletion(
  tx: Transaction,
  catalogue: Catalogue,
  actor: Actor,
  root: Entity,
  { id, version, revision, deletionId }: Stored,
): Promise<readonly Restored[]> {
  const found: Restored[] = [{ entity: root, id, version, revision }]
  const ids = new Set([id])
  let level: { entity: Entity; ids: readonly string[] }[] = [{ entity: root, ids: [id] }]
  while (level.length > 0) {
    const relations = level
      .flatMap(({ entity, ids: above }) => entity.referencedBy.flatMap((inverse) => relation(catalogue, entity, inverse, above)))
      .filter((each) => each.effect === 'cascade')
    if (relations.length === 0) break
    const answers = await tx.send({ role: 'bos_write', queries: relations.map((each) => goneQuery(actor, each, deletionId!)) })
    const next = relations.flatMap(({ child }, i) =>
      answers[i]!.rows.flatMap((row) => {
        const record = { entity: child, id: String(row['id']), version: Number(row['version']), revision: Number(row['revision']) }
        return ids.has(record.id) ? [] : (ids.add(record.id), found.push(record), [record])
      }),
    )
    level = [...Map.groupBy(next, (each) => each.entity)].map(([entity, records]) => ({ entity, ids: records.map((each) => each.id) }))
  }
  await refuseDangling(tx, catalogue, actor, found, ids)
  return found
}

const goneQuery = (actor: Actor, { child, column: reference, ids }: Relation, deletionId: string): Query =>
  toQuery(sql`select t.id, t.version, t.revision from ${tableOf(child)} t
    where ${and([sql`t.tenant_id = ${actor.tenant}::uuid`, sql`${column('t', reference)} = any(${ids}::uuid[])`, sql`t.deletion_id = ${deletionId}::uuid`])} order by t.id for update of t`)

/** Locks what the restored records and their lines refer to, in the first statements of a trip; what is then still deleted stays deleted. */
async function refuseDangling(
  tx: Transaction,
  catalogue: Catalogue,
  actor: Actor,
  restored: readonly Restored[],
  ids: ReadonlySet<string>,
): Promise<void> {
  const referring = [...Map.groupBy(restored, (each) => each.entity)].flatMap(([entity, records]) =>
    references(
      catalogue,
      entity,
      records.map((each) => each.id),
    ),
  )
  if (referring.length === 0) return
  const locks = referring.map((each) => referredQuery(actor, each, sql`select r.id`, sql`order by r.id for key share of r`))
  const gone = referring.map((each) =>
    referredQuery(actor, each, sql`select distinct r.id`, sql`and r.deleted_at is not null and r.id <> all(${[...ids]}::uuid[]) limit 1`),
  )
  const answers = await tx.send({ role: 'bos_write', queries: [...locks, ...gone] })
  if (answers.slice(locks.length).some(({ rows }) => rows.length > 0))
    throw new Problem('restore-refused', 'It refers to a record that is deleted; restore that one first.')
}

/** One reference column, and how the rows that have it hang on the records. */
interface Referring {
  readonly from: Fragment
  readonly alias: string
  readonly column: string
  readonly target: Entity
  readonly ids: readonly string[]
}

/** References of records and of their lines; links of a list may name deleted records. */
function references(
  catalogue: Catalogue,
  entity: Entity,
  ids: readonly string[],
  from = sql`${tableOf(entity)} t`,
  alias = 't',
): Referring[] {
  const own = entity.fields.flatMap((field) =>
    (field.reference?.targets ?? []).map((each) => ({
      from,
      alias,
      column: each.column,
      target: catalogue.entities.get(each.entity)!,
      ids,
    })),
  )
  const below = linesFields(entity).flatMap((field) => {
    const line = catalogue.entities.get(field.lines!.entity)!
    const next = `${alias}l`
    const joined = sql`${from} join ${tableOf(line)} ${sql.id(next)} on ${column(next, 'tenant_id')} = ${column(alias, 'tenant_id')} and ${column(next, 'parent_id')} = ${column(alias, 'id')}`
    return line.link ? [] : references(catalogue, line, ids, joined, next)
  })
  return [...own, ...below]
}

const referredQuery = (actor: Actor, { from, alias, column: reference, target, ids }: Referring, select: Fragment, rest: Fragment): Query =>
  toQuery(sql`${select} from ${from} join ${tableOf(target)} r on r.tenant_id = ${column(alias, 'tenant_id')} and r.id = ${column(alias, reference)}
    where t.tenant_id = ${actor.tenant}::uuid and t.id = any(${ids}::uuid[]) ${rest}`)

/** Pure: brings back the record and exactly what went along with it. */
export function decideRestore(
  operation: RemoveOperation,
  stored: Stored,
  deletion: readonly Restored[],
): { outcome: Outcome; events: EventDraft[] } {
  const back = deletion.map(({ entity, id, version, revision }) => {
    const next = { version: version + 1, revision: revision + 1 }
    const write: RowWrite = { kind: 'update', entity, row: { id, ...next, deleted: false, deletion_id: null } }
    const event: EventDraft = { entity, record: id, type: 'restored', ...next, changed: [], body: { set: {} } }
    return { write, event }
  })
  const own = back.find((each) => each.event.record === operation.id)!
  return {
    outcome: {
      status: 200,
      id: operation.id,
      version: stored.version + 1,
      revision: stored.revision + 1,
      writes: back.map((each) => each.write),
      event: own.event,
    },
    events: back.filter((each) => each !== own).map((each) => each.event),
  }
}
