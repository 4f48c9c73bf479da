import { sql } from 'kysely'
import type { Catalogue, Entity } from '../catalogue/types.ts'
import type { Query } from '../database/types.ts'
import { linesFields } from './change.ts'
import type { RemoveOperation, Stored } from './change.ts'
import type { Companion, Ties } from './decide-removal.ts'
import { add, append, relationsTo } from './relations.ts'
import type { Ids, Look, Relation } from './relations.ts'
import { isLive } from './tables.ts'
import { and, column, tableOf, toQuery } from './sql.ts'
import type { Fragment } from './sql.ts'
import type { Actor } from './types.ts'

/** A record to be deleted or restored. */
export interface Removal {
  readonly operation: RemoveOperation
  readonly stored: Stored
}

/**
 * What comes back with deleted records: whatever a deletion took along below them, level by level as it went. What all of them refer
 * to is locked, and stays as it is until commit.
 */
export async function loadReturn(
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
