import { sql } from 'kysely'
import type { Catalogue, Entity } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import type { Query, Rows, Transaction } from '../database/types.ts'
import { Problem } from '../problems.ts'
import { linesFields } from './change.ts'
import type { ResolvedOperation } from './change.ts'
import { Entangled } from './decide-refusals.ts'
import type { Follower, Holder, Ties } from './decide-removal.ts'
import { documentQueries, readDocuments } from './documents.ts'
import { loadReturn } from './load-return.ts'
import type { Removal } from './load-return.ts'
import { add, append, relationsTo } from './relations.ts'
import type { Ids, Look, Relation } from './relations.ts'
import type { WriteRequest } from './request.ts'
import { documentOf, isLive } from './tables.ts'
import { and, column, tableOf, toQuery } from './sql.ts'
import type { Actor } from './types.ts'
import { Way } from './way.ts'

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
  const reached: Ids = new Map()
  if (!look.isTogether) for (const { entity, op, id } of operations) if (op !== 'create') add(reached, entity, id)
  const deletes = removals.filter(({ operation }) => operation.op !== 'restore')
  const roots: Ids = new Map()
  for (const { operation } of deletes) add(roots, operation.entity, operation.id)
  return tiesAround(look, roots, {
    restores: removals.filter(({ operation }) => operation.op === 'restore'),
    isRetract: deletes.some(({ operation }) => operation.op === 'retract'),
    isFinal: look.isTogether || deletes.length === 1,
    named: new Set(operations.flatMap((each) => ('deletionId' in each ? [each.id] : []))),
    changed: new Set(operations.flatMap((each) => (each.op === 'update' ? [each.id] : []))),
    reached,
  })
}

/** The same around records that an effect takes away, all together. */
export async function loadWake(
  tx: Transaction,
  catalogue: Catalogue,
  actor: Actor,
  records: readonly { readonly entity: string; readonly id: string }[],
): Promise<Ties> {
  const roots: Ids = new Map()
  for (const { entity, id } of records) add(roots, catalogue.entities.get(entity)!, id)
  const inOrder = [...roots].sort(([a], [b]) => (a.id < b.id ? -1 : 1))
  // Whoever is about to refer to one of them is waited for, or sees it gone.
  const locks = inOrder.map(([entity, ids]) =>
    toQuery(sql`select t.id from ${tableOf(entity)} t
      where t.tenant_id = ${actor.tenant}::uuid and t.id = any(${[...ids]}::uuid[]) order by t.id for update of t`),
  )
  await tx.send({ role: 'bos_write', queries: locks })
  return tiesAround({ tx, catalogue, actor, isTogether: true }, roots, {
    restores: [],
    isRetract: false,
    isFinal: true,
    named: new Set(records.map(({ id }) => id)),
    changed: new Set(),
    reached: new Map(),
  })
}

interface Around extends Pick<Ties, 'named' | 'changed'> {
  readonly restores: readonly Removal[]
  /** What refers to the records holds them, whatever its reference says. */
  readonly isRetract: boolean
  /** Too many at once are too many: no smaller request could do it. */
  readonly isFinal: boolean
  /** What operations reach by themselves; what goes or comes back along is added. */
  readonly reached: Ids
}

/** `roots` go, `restores` come back. */
async function tiesAround(look: Look, roots: Ids, { restores, isRetract, isFinal, reached, named, changed }: Around): Promise<Ties> {
  const going = await loadFollowers(look, roots, reached, { isRetract, isFinal })
  const documents = await loadDocuments(look, going.followers)
  const coming = await loadReturn(look, restores, reached)
  const all = new Set([...reached.values()].flatMap((ids) => [...ids]))
  return { ...going, ...coming, documents, isTogether: look.isTogether, named, changed, reached: all }
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
