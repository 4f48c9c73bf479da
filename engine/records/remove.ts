import { sql } from 'kysely'
import type { Catalogue, Entity, Field, Inverse } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { Problem } from '../problems.ts'
import type { RemoveOperation, Stored } from './change.ts'
import type { EventDraft, Outcome, RowWrite } from './decide.ts'
import { isLive } from './select.ts'
import { and, column, tableOf, toQuery } from './sql.ts'
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
  readonly from: string
}

export async function loadDependants(tx: Transaction, catalogue: Catalogue, actor: Actor, root: Entity, ids: readonly string[]): Promise<readonly Dependant[]> {
  const found: Dependant[] = []
  const deleted = new Set(ids)
  let level: { entity: Entity; ids: readonly string[] }[] = [{ entity: root, ids }]
  while (level.length > 0) {
    const relations = level.flatMap((at) => at.entity.referencedBy.flatMap((inverse) => relation(catalogue, at.entity, inverse, at.ids)))
    if (relations.length === 0) break
    const queries = relations.map((each) => dependantsQuery(catalogue, actor, each))
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
    if (found.length > limits.cascadeRecords) throw new Problem('too-expensive', `Deleting this would take more than ${limits.cascadeRecords} records along.`)
    level = Array.from(next, ([entity, reached]) => ({ entity, ids: reached }))
  }
  return found.filter((each) => each.effect === 'cascade' || !deleted.has(each.id))
}

interface Relation {
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
  return [{ child, field, column: reference, effect: child.kind === 'line' ? 'restrict' : field.reference!.onDelete, ids }]
}

function dependantsQuery(catalogue: Catalogue, actor: Actor, { child, column: reference, effect, ids }: Relation): Query {
  const version = child.kind === 'line' ? sql`0 as version, 0 as revision` : sql`t.version, t.revision`
  const lock = effect === 'restrict' ? sql`limit 1` : sql`order by t.id for update of t`
  return toQuery(sql`select t.id, ${version}, ${column('t', reference)} as origin from ${tableOf(child)} t
    where ${and([sql`t.tenant_id = ${actor.tenant}::uuid`, sql`${column('t', reference)} = any(${ids}::uuid[])`, isLive(catalogue, child, 't')])} ${lock}`)
}

const dependantsOf = ({ child, field, column: reference, effect }: Relation, { rows }: Rows): Dependant[] =>
  rows.map((row) => ({
    entity: child, id: String(row['id']), version: Number(row['version']), revision: Number(row['revision']),
    effect: effect === 'setNull' ? 'setNull' : 'cascade', field, column: reference, from: String(row['origin']),
  }))

/** Pure: marks the record and what goes along with one deletion id; clears references that allow it. */
export function decideDelete(operation: RemoveOperation, stored: Stored, dependants: readonly Dependant[]): { outcome: Outcome; events: EventDraft[] } {
  const { entity, id, deletionId } = operation
  const mark = (of: Entity, record: string, version: number, revision: number): { write: RowWrite; event: EventDraft } => ({
    write: { kind: 'update', entity: of, row: { id: record, version: version + 1, revision: revision + 1, deleted: true, deletion_id: deletionId } },
    event: { entity: of, record, type: 'deleted', version: version + 1, revision: revision + 1, changed: [], body: { set: {} } },
  })
  const own = mark(entity, id, stored.version, stored.revision)
  const along = [
    ...dependants.filter((each) => each.effect === 'cascade').map((each) => mark(each.entity, each.id, each.version, each.revision)),
    ...Map.groupBy(dependants.filter((each) => each.effect === 'setNull'), (each) => each.id).values().map(clear),
  ]
  return {
    outcome: { status: 200, id, version: stored.version + 1, revision: stored.revision + 1, writes: [own.write, ...along.map((each) => each.write)], event: own.event },
    events: along.map((each) => each.event),
  }
}

/** Several references of one record may be cleared at once: it is still one change of it. */
function clear(references: readonly Dependant[]): { write: RowWrite; event: EventDraft } {
  const { entity, id, version, revision } = references[0]!
  const next = { version: version + 1, revision: revision + 1 }
  const set = Object.fromEntries(references.map((each) => [each.field.id, { from: each.from, to: null }]))
  return {
    write: { kind: 'update', entity, row: { id, ...next, ...Object.fromEntries(references.map((each) => [each.column, null])) } },
    event: { entity, record: id, type: 'updated', ...next, changed: Object.keys(set), body: { set } },
  }
}

/** A record that was deleted along with another, found by its deletion id. */
export interface Restored {
  readonly entity: Entity
  readonly id: string
  readonly version: number
  readonly revision: number
}

/** Locks everything that one deletion took along, and refuses when something it refers to is gone by now. */
export async function loadDeletion(tx: Transaction, catalogue: Catalogue, actor: Actor, root: Entity, deletionIds: readonly string[]): Promise<readonly (Restored & { readonly deletionId: string })[]> {
  const entities = cascadeOf(catalogue, root)
  const marked = (entity: Entity) => toQuery(sql`select t.id, t.version, t.revision, t.deletion_id from ${tableOf(entity)} t
    where t.tenant_id = ${actor.tenant}::uuid and t.deletion_id = any(${deletionIds}::uuid[]) order by t.id for update of t`)
  const dead = entities.flatMap((entity) => entity.fields.flatMap((field) => (field.reference?.targets ?? []).map(({ entity: target, column: reference }) =>
    toQuery(sql`select 1 from ${tableOf(entity)} t join ${tableOf(catalogue.entities.get(target)!)} r on r.tenant_id = t.tenant_id and r.id = ${column('t', reference)}
      where t.tenant_id = ${actor.tenant}::uuid and t.deletion_id = any(${deletionIds}::uuid[]) and r.deleted_at is not null and r.deletion_id <> all(${deletionIds}::uuid[]) limit 1`))))
  const answers = await tx.send({ role: 'bos_write', queries: [...entities.map(marked), ...dead] })
  if (answers.slice(entities.length).some(({ rows }) => rows.length > 0)) throw new Problem('restore-refused', 'It refers to a record that is deleted; restore that one first.')
  return entities.flatMap((entity, i) => answers[i]!.rows.map((row) => ({
    entity, id: String(row['id']), version: Number(row['version']), revision: Number(row['revision']), deletionId: String(row['deletion_id']),
  })))
}

/** The entities whose records a deletion can take along, the root's first. */
function cascadeOf(catalogue: Catalogue, root: Entity): readonly Entity[] {
  const found = new Set([root])
  for (const entity of found) {
    for (const inverse of entity.referencedBy) {
      const child = catalogue.entities.get(inverse.entity)!
      if (child.kind !== 'line' && child.fieldById.get(inverse.field)!.reference!.onDelete === 'cascade') found.add(child)
    }
  }
  return [...found]
}

/** Pure: brings back the record and exactly what went along with it. */
export function decideRestore(operation: RemoveOperation, stored: Stored, deletion: readonly Restored[]): { outcome: Outcome; events: EventDraft[] } {
  const back = deletion.map(({ entity, id, version, revision }) => {
    const next = { version: version + 1, revision: revision + 1 }
    const write: RowWrite = { kind: 'update', entity, row: { id, ...next, deleted: false, deletion_id: null } }
    const event: EventDraft = { entity, record: id, type: 'restored', ...next, changed: [], body: { set: {} } }
    return { write, event }
  })
  const own = back.find((each) => each.event.record === operation.id)!
  return {
    outcome: { status: 200, id: operation.id, version: stored.version + 1, revision: stored.revision + 1, writes: back.map((each) => each.write), event: own.event },
    events: back.filter((each) => each !== own).map((each) => each.event),
  }
}
