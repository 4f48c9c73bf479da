import { sql } from 'kysely'
import type { Catalogue, Entity, Field, Inverse } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import type { Query, Rows, Transaction } from '../database/types.ts'
import { Problem } from '../problems.ts'
import { linesFields } from './change.ts'
import type { RemoveOperation, ResolvedOperation, Stored } from './change.ts'
import { Entangled } from './decide-refusals.ts'
import type { Companion, Follower, Holder, Ties } from './decide-removal.ts'
import { documentQueries, readDocuments } from './documents.ts'
import type { WriteRequest } from './request.ts'
import { documentOf, isLive } from './tables.ts'
import { and, column, tableOf, toQuery } from './sql.ts'
import type { Fragment } from './sql.ts'
import type { Actor } from './types.ts'
import { Way } from './way.ts'

/** A record to be deleted or restored. */
interface Removal {
  readonly operation: RemoveOperation
  readonly stored: Stored
}
interface Look {
  readonly tx: Transaction
  readonly catalogue: Catalogue
  readonly actor: Actor
  readonly isTogether: boolean
}
/** Ids by entity. */
type Ids = Map<Entity, Set<string>>

/**
 * What hangs on all records that a request deletes or restores, whoever may see it: as bos_write, within the tenant. Level by level,
 * each locked before the next is looked up: as many trips as there are levels, however many records.
 */
export async function loadTies(
  tx: Transaction,
  { access, mode }: WriteRequest,
  actor: Actor,
  operations: readonly ResolvedOperation[],
  removals: readonly Removal[],
): Promise<Ties> {
  const look: Look = { tx, catalogue: access.catalogue, actor, isTogether: mode !== 'each' }
  const named = new Set(operations.flatMap((each) => ('deletionId' in each ? [each.id] : [])))
  const reached: Ids = new Map()
  if (!look.isTogether) for (const { entity, op, id } of operations) if (op !== 'create') add(reached, entity, id)
  const deletes = removals.filter(({ operation }) => operation.op !== 'restore')
  const restores = removals.filter(({ operation }) => operation.op === 'restore')
  const changed = new Set(operations.flatMap((each) => (each.op === 'update' ? [each.id] : [])))
  const roots: Ids = new Map()
  for (const { operation } of deletes) add(roots, operation.entity, operation.id)
  const isRetract = deletes.some(({ operation }) => operation.op === 'retract')
  const going = await loadFollowers(look, roots, reached, { isRetract, isFinal: look.isTogether || deletes.length === 1 })
  const documents = await loadDocuments(look, going.followers)
  const found = { ...going, documents, ...(await loadDeletions(look, restores, reached)) }
  const all = new Set([...reached.values()].flatMap((ids) => [...ids]))
  return { ...found, isTogether: look.isTogether, named, changed, reached: all }
}

/** The same around records that an effect takes away, all together. */
export async function loadWake(
  tx: Transaction,
  catalogue: Catalogue,
  actor: Actor,
  records: readonly { readonly entity: string; readonly id: string }[],
): Promise<Ties> {
  const look: Look = { tx, catalogue, actor, isTogether: true }
  const roots: Ids = new Map()
  for (const { entity, id } of records) add(roots, catalogue.entities.get(entity)!, id)
  const inOrder = [...roots].sort(([a], [b]) => (a.id < b.id ? -1 : 1))
  // Whoever is about to refer to one of them is waited for, or sees it gone.
  const locks = inOrder.map(([entity, ids]) =>
    toQuery(sql`select t.id from ${tableOf(entity)} t
      where t.tenant_id = ${actor.tenant}::uuid and t.id = any(${[...ids]}::uuid[]) order by t.id for update of t`),
  )
  await tx.send({ role: 'bos_write', queries: locks })
  const going = await loadFollowers(look, roots, new Map(), { isRetract: false, isFinal: true })
  return {
    ...going,
    documents: await loadDocuments(look, going.followers),
    companions: new Map(),
    missing: new Map(),
    takenBack: new Set(),
    isTogether: true,
    named: new Set(records.map(({ id }) => id)),
    changed: new Set(),
    reached: new Set([...roots.values()].flatMap((ids) => [...ids])),
  }
}

/** Whole, all that is emptied, and of what goes along all that something may stand against. They are locked by now, and stay as they are. */
async function loadDocuments(
  { tx, catalogue, actor }: Look,
  followers: ReadonlyMap<string, readonly Follower[]>,
): Promise<Ties['documents']> {
  const wanted: Ids = new Map()
  for (const { entity, id, effect } of [...followers.values()].flat())
    if (effect === 'setNull' || mayStay(catalogue, entity)) add(wanted, entity, id)
  if (wanted.size === 0) return new Map()
  const all = [...wanted]
  const queries = all.map(([entity, ids]) => documentQueries(catalogue, entity, actor.tenant, [...ids])[1]!)
  const answers = await tx.send({ role: 'bos_write', queries })
  return new Map(all.flatMap(([entity], i) => [...readDocuments(catalogue, entity, answers[i]!.rows)]))
}

/** Whether a document of it can be frozen, or there is a rule on its deletion. */
const mayStay = (catalogue: Catalogue, entity: Entity): boolean =>
  entity.lifecycles.some(({ states }) => [...states.values()].some(({ frozen }) => frozen)) || hasRuleOnDelete(catalogue, entity)

const hasRuleOnDelete = (catalogue: Catalogue, entity: Entity): boolean =>
  entity.rules.some(({ on }) => on.has('delete')) ||
  linesFields(entity).some((field) => hasRuleOnDelete(catalogue, catalogue.entities.get(field.lines!.entity)!))

/** False: it was there already. */
function add(ids: Ids, entity: Entity, id: string): boolean {
  const known = ids.get(entity) ?? new Set()
  if (known.has(id)) return false
  ids.set(entity, known.add(id))
  return true
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key)
  if (list) list.push(item)
  else lists.set(key, [item])
}

/**
 * Follows `onDelete` of every reference that points to the records. Holders are asked for with every level, of everything that goes
 * so far: what goes along holds nothing, and at the last level that is all.
 */
async function loadFollowers(
  { tx, catalogue, actor, isTogether }: Look,
  roots: Ids,
  reached: Ids,
  { isRetract, isFinal }: { readonly isRetract: boolean; readonly isFinal: boolean },
): Promise<Pick<Ties, 'followers' | 'holders'>> {
  const followers = new Map<string, Follower[]>()
  let holders = new Map<string, Holder[]>()
  const going: Ids = new Map([...roots].map(([entity, ids]) => [entity, new Set(ids)]))
  for (const [entity, ids] of roots) for (const id of ids) add(reached, entity, id)
  let level = roots
  let count = 0
  while (level.size > 0) {
    const growing = relationsTo(catalogue, level, isRetract).filter((each) => each.effect !== 'restrict')
    const restricting = relationsTo(catalogue, going, isRetract).filter((each) => each.effect === 'restrict')
    if (growing.length + restricting.length === 0) break
    const holderQueries = restricting.flatMap((each) =>
      holdersQueries(catalogue, actor, each, reached, isTogether).map((query) => ({ each, query })),
    )
    const queries = [...growing.map((each) => followersQuery(catalogue, actor, each)), ...holderQueries.map(({ query }) => query)]
    const answers = await tx.send({ role: 'bos_write', queries })
    const below: Ids = new Map()
    growing.forEach((relation, i) => {
      for (const row of answers[i]!.rows) {
        count += 1
        append(followers, String(row['origin']), followerOf(relation, row))
        if (relation.effect !== 'cascade' || going.get(relation.child)?.has(String(row['id']))) continue
        add(below, relation.child, String(row['id']))
      }
    })
    refuseTooMany(count, isFinal)
    holders = new Map()
    holderQueries.forEach(({ each }, i) => readHolders(catalogue, each, answers[growing.length + i]!, holders))
    for (const [entity, ids] of below) for (const id of ids) if (add(going, entity, id)) add(reached, entity, id)
    level = below
  }
  return { followers, holders }
}

/** What each of several would take along may be few enough, done one by one. */
function refuseTooMany(count: number, isFinal: boolean): void {
  if (count <= limits.cascadeRecords) return
  const detail = `Deleting this would take more than ${limits.cascadeRecords} records along.`
  throw isFinal ? new Problem('too-expensive', detail) : new Entangled(detail)
}

interface Relation {
  readonly target: Entity
  readonly child: Entity
  readonly field: Field
  readonly column: string
  readonly effect: 'restrict' | 'cascade' | 'setNull'
  readonly ids: readonly string[]
}

const relationsTo = (catalogue: Catalogue, level: Ids, isRetract: boolean): Relation[] =>
  [...level].flatMap(([target, ids]) =>
    target.referencedBy.flatMap((inverse) => relationTo(catalogue, target, inverse, [...ids], isRetract)),
  )

/**
 * A document is not changed behind its back: a line that refers to the record always holds it. Links of a list stay as they are (they
 * name a deleted record until it is restored), so they hold nothing. A retraction is held by whatever refers to the record.
 */
function relationTo(catalogue: Catalogue, target: Entity, inverse: Inverse, ids: readonly string[], isRetract: boolean): Relation[] {
  const child = catalogue.entities.get(inverse.entity)!
  if (child.link && !isRetract) return []
  const field = child.fieldById.get(inverse.field)!
  const { column: reference } = field.reference!.targets.find((each) => each.entity === target.id)!
  const effect = isRetract ? 'restrict' : field.reference!.onDelete
  return [{ target, child, field, column: reference, effect, ids }]
}

const followersQuery = (catalogue: Catalogue, actor: Actor, { child, column: reference, ids }: Relation): Query =>
  toQuery(sql`select t.id, t.version, t.revision, ${column('t', reference)} as origin from ${tableOf(child)} t
    where ${and([sql`t.tenant_id = ${actor.tenant}::uuid`, sql`${column('t', reference)} = any(${ids}::uuid[])`, isLive(catalogue, child, 't')])} order by t.id for update of t`)

const followerOf = ({ child, field, effect }: Relation, row: Rows['rows'][number]): Follower => ({
  entity: child,
  id: String(row['id']),
  version: Number(row['version']),
  revision: Number(row['revision']),
  effect: effect === 'setNull' ? 'setNull' : 'cascade',
  field,
})

/**
 * For each record one holder that the request does not reach: it stays, whatever else is done. Where each operation is done by
 * itself, also those that the request reaches: then it depends on the order.
 */
function holdersQueries(
  catalogue: Catalogue,
  actor: Actor,
  { child, column: reference, ids }: Relation,
  reached: Ids,
  isTogether: boolean,
): Query[] {
  const own = [...(reached.get(documentOf(catalogue, child)) ?? [])]
  const way = new Way(catalogue, sql`${actor.tenant}`)
  const document = column(way.up({ alias: 't', entity: child }, 'u').alias, 'id')
  const at = column('t', reference)
  const rows = [sql`t.tenant_id = ${actor.tenant}::uuid`, isLive(catalogue, child, 't')]
  const from = sql`${tableOf(child)} t ${way.joins}`
  const outside = sql`select o.id as origin, h.document from unnest(${ids}::uuid[]) as o(id) cross join lateral (
    select ${document} as document from ${from} where ${and([...rows, sql`${at} = o.id`, sql`${document} <> all(${own}::uuid[])`])} limit 1) h`
  const inside = sql`select distinct ${at} as origin, ${document} as document from ${from}
    where ${and([...rows, sql`${at} = any(${ids}::uuid[])`, sql`${document} = any(${own}::uuid[])`])}`
  return isTogether || own.length === 0 ? [toQuery(outside)] : [toQuery(outside), toQuery(inside)]
}

function readHolders(catalogue: Catalogue, { child }: Relation, { rows }: Rows, holders: Map<string, Holder[]>): void {
  const entity = child.link ? catalogue.entities.get(child.parent!.entity)! : child
  for (const row of rows) append(holders, String(row['origin']), { id: String(row['document']), entity })
}

/**
 * What comes back with deleted records: whatever a deletion took along below them, level by level as it went. What all of them refer
 * to is locked, and stays as it is until commit.
 */
async function loadDeletions(
  look: Look,
  roots: readonly Removal[],
  reached: Ids,
): Promise<Pick<Ties, 'companions' | 'missing' | 'takenBack'>> {
  const { tx, catalogue, actor } = look
  const companions = new Map<string, Companion[]>()
  const back: Ids = new Map()
  for (const { operation } of roots) add(back, operation.entity, operation.id)
  const deletionIds = [...new Set(roots.flatMap(({ stored }) => stored.deletionId ?? []))]
  let level = back
  while (level.size > 0) {
    const relations = relationsTo(catalogue, level, false).filter((each) => each.effect === 'cascade')
    if (relations.length === 0) break
    const answers = await tx.send({ role: 'bos_write', queries: relations.map((each) => goneQuery(actor, each, deletionIds)) })
    const below: Ids = new Map()
    relations.forEach(({ child }, i) => {
      for (const row of answers[i]!.rows) {
        const id = String(row['id'])
        const at = { version: Number(row['version']), revision: Number(row['revision']) }
        append(companions, String(row['origin']), { entity: child, id, ...at, deletionId: String(row['deletion_id']) })
        if (!back.get(child)?.has(id)) add(below, child, id)
      }
    })
    for (const [entity, ids] of below) for (const id of ids) add(back, entity, id)
    level = below
  }
  for (const [entity, ids] of back) for (const id of ids) add(reached, entity, id)
  return { companions, missing: await loadMissing(look, back), takenBack: await loadTakenBack(look, back) }
}

async function loadTakenBack({ tx, actor }: Look, back: Ids): Promise<Ties['takenBack']> {
  const ids = [...back.values()].flatMap((each) => [...each])
  if (ids.length === 0) return new Set()
  const query = toQuery(sql`select distinct target_id from bos.effect
    where tenant_id = ${actor.tenant}::uuid and target_id = any(${ids}::uuid[]) and taken_back`)
  const [rows] = await tx.send({ role: 'bos_write', queries: [query] })
  return new Set(rows!.rows.map((row) => String(row['target_id'])))
}

const goneQuery = (actor: Actor, { child, column: reference, ids }: Relation, deletionIds: readonly string[]): Query =>
  toQuery(sql`select t.id, t.version, t.revision, t.deletion_id, ${column('t', reference)} as origin from ${tableOf(child)} t
    where ${and([sql`t.tenant_id = ${actor.tenant}::uuid`, sql`${column('t', reference)} = any(${ids}::uuid[])`, sql`t.deletion_id = any(${deletionIds}::uuid[])`])} order by t.id for update of t`)

/** Locks what the records and their lines refer to, in the first statements of a trip; what is then still deleted stays deleted. */
async function loadMissing({ tx, catalogue, actor }: Look, back: Ids): Promise<Ties['missing']> {
  const missing = new Map<string, string[]>()
  const referring = [...back].flatMap(([entity, ids]) => references(catalogue, entity, [...ids]))
  if (referring.length === 0) return missing
  const locks = referring.map((each) => referredQuery(actor, each, sql`select r.id`, sql`order by r.id for key share of r`))
  const gone = referring.map((each) =>
    referredQuery(actor, each, sql`select distinct t.id, r.id as target`, sql`and not (${isLive(catalogue, each.target, 'r')})`),
  )
  const answers = await tx.send({ role: 'bos_write', queries: [...locks, ...gone] })
  for (const { rows } of answers.slice(locks.length)) for (const row of rows) append(missing, String(row['id']), String(row['target']))
  return missing
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
