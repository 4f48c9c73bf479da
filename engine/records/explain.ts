import { sql } from 'kysely'
import type { Catalogue, Entity } from '../catalogue/types.ts'
import type { Database, Query } from '../database/types.ts'
import { core } from '../expressions/core.ts'
import { Problem } from '../problems.ts'
import { accessFor, contextOf } from './access.ts'
import { Source } from './conditions.ts'
import { explainConditions } from './explain-conditions.ts'
import type { ConditionExplained } from './explain-conditions.ts'
import { explainField, unseen } from './explain-field.ts'
import type { FieldExplained } from './explain-field.ts'
import { reachQuery, readReach, reasonsOf } from './explain-reach.ts'
import type { Reason } from './explain-reach.ts'
import { mayReadFor } from './explain-reader.ts'
import type { Party } from './explain-reader.ts'
import { noSuchPerson } from './explain-request.ts'
import type { ExplainRequest, FieldPath } from './explain-request.ts'
import { knows, tryAction } from './explain-trial.ts'
import type { WouldBe } from './explain-trial.ts'
import { isFormula, isWithheld, withheldIn } from './formulas.ts'
import { pathsWithout, readable, seen } from './reach.ts'
import { and, column, comma, tableOf, toQuery } from './sql.ts'
import type { Fragment } from './sql.ts'
import { isLive } from './tables.ts'
import type { Access, Actor } from './types.ts'

/** Why somebody may, or may not, do something with a record, and what would come of it. */

/** What GET …/explain answers. Values, fields and faults that the caller may not know of are left out. */
export interface Explanation {
  /** An action, or the name of a transition. */
  readonly action: string
  /** Whether it would be done now; of an update, whether the record takes one at all. */
  readonly allowed: boolean
  /** Of whom this is told; absent: of the caller. */
  readonly as?: string
  readonly roles: readonly { readonly id: string; readonly title: string }[]
  /** What grants it. */
  readonly because: readonly Reason[]
  /** What stands against it; where nothing does, or nothing grants it, what does not grant it. */
  readonly refused: readonly Reason[]
  readonly field?: FieldExplained
  /** What expressions say of the record, for an update, a deletion or a transition. */
  readonly expressions?: readonly ConditionExplained[]
  /** Of a transition. */
  readonly would?: WouldBe
}

/** Throws Problem 'not-found' for a record that the caller cannot see. */
export async function runExplain(database: Database, request: ExplainRequest, actor: Actor): Promise<Explanation> {
  const { access, here, what, field, as } = request
  const { catalogue } = access
  const { entity } = here
  const isOther = as !== null && as !== actor.member
  const [found, person] = await database.read(
    contextOf(actor, access),
    seenQuery(request, actor),
    ...(isOther ? [personQuery(access, actor, as)] : []),
  )
  const record = found!.rows[0]
  if (!record) throw new Problem('not-found')
  const roles = isOther ? (person!.rows[0]?.['roles'] as readonly string[] | undefined) : actor.roles
  if (!roles) throw noSuchPerson()
  const id = String(record['id'])
  // Whoever is looked at has no session here. That of the caller was checked a moment ago, and so will be the generation.
  const subject: Actor = isOther || actor.viewing ? { ...actor, member: isOther ? as : actor.member, session: null, roles } : actor
  const theirs = isOther ? accessFor(catalogue, roles) : access
  const there = theirs.entities.get(entity.id)
  const told = {
    action: what.kind === 'action' ? what.action : what.transition.name,
    ...(isOther && { as }),
    roles: roles.map((each) => ({ id: each, title: catalogue.roles.get(each)?.title ?? each })),
  }
  const about = { catalogue, entity, roles, what }
  if (!there) return { ...told, allowed: false, ...reasonsOf(about, []), ...(field && { field: unseen(field) }) }
  const asked = { access: theirs, here: there, what, field, id }
  const [rows] = await database.read(contextOf(subject, theirs), reachQuery(asked, subject))
  const reached = readReach(asked, rows!)
  const formulas = JSON.parse(String(record['formulas'])) as Readonly<Record<string, unknown>>
  const inLines = JSON.parse(String(record['in_lines'])) as readonly unknown[]
  const lines = { count: inLines.length, withheld: field ? inLines.filter((each) => isWithheld(theirs, field.field, each)).length : 0 }
  const reach = { ...reached, masked: new Set([...reached.masked, ...withheldIn(theirs, entity, formulas)]) }
  const parties: readonly Party[] = [
    { access, masked: new Set([...(record['masked'] as string[]), ...withheldIn(access, entity, formulas)]) },
    { access: theirs, masked: reach.masked },
  ]
  const readerOf = mayReadFor(entity, parties)
  const grants = reach.held.map(({ grant }) => grant)
  const conditions = await explainConditions(database, { ...asked, asker: here, grants, roles, readerOf }, subject)
  const trying = { ...asked, id: request.id === null ? null : id, record: id, call: request.call, reach, parties, isOther }
  const trial = await tryAction(database, trying, subject)
  const { because, refused } = reasonsOf(about, reach.held, conditions.grants)
  const mayTell = (state: string): boolean => knows(parties, entity.id, state)
  // Where something grants it, what does not grant it besides is no reason that it is refused; where nothing does, that is the reason.
  const [first, second] = because.length > 0 ? [trial.refused, refused] : [refused, trial.refused]
  const against = first.length > 0 ? first : second
  return {
    ...told,
    allowed: trial.allowed,
    because,
    refused: against,
    ...(field && { field: explainField({ ...asked, field, reach, lines, conditions, roles, update: trial.update, mayTell }) }),
    ...(conditions.expressions.length > 0 && { expressions: conditions.expressions }),
    ...(trial.would && { would: trial.would }),
  }
}

/**
 * The record as the caller sees it, deleted ones where they may be brought back: its id, what of it is masked, the formulas it holds, and
 * those of its lines where it is asked about them.
 */
function seenQuery({ access, here, id, field }: ExplainRequest, { tenant, member }: Actor): Query {
  const { catalogue } = access
  const source = new Source(catalogue, here)
  const reached = (['list', 'get'] as const).flatMap((action) => {
    const rows = readable(catalogue, here, action, 't', sql`${member}::uuid`)
    return here.actions.has(action) ? [rows.length === 0 ? sql`true` : and(rows)] : []
  })
  const formulas = here.entity.fields.filter(isFormula).flatMap((each) => [sql`${sql.lit(each.id)}::text`, column('t', each.id)])
  const live = isLive(catalogue, here.entity, 't')
  const there = here.actions.has('restore') && id !== null ? sql`true` : live
  return toQuery(sql`select ${column('t', 'id')}, ${pathsWithout(catalogue, here.entity, here.masks, 't')} as masked,
      json_build_object(${comma(formulas)})::text as formulas, ${field ? formulasInLines(catalogue, here.entity, field) : sql`'[]'`} as in_lines
    from ${source.from()} where ${and([
      sql`${column('t', 'tenant_id')} = ${tenant}::uuid`,
      id === null ? live : sql`${column('t', 'id')} = ${id}::uuid`,
      there,
      reached.length === 0 ? sql`false` : sql`(${sql.join(reached, sql` or `)})`,
    ])}`)
}

/** Of every line the formula that it holds in the field. */
function formulasInLines(catalogue: Catalogue, entity: Entity, { field, path }: FieldPath): Fragment {
  const properties = path.split('.').slice(0, -1)
  if (properties.length === 0 || !isFormula(field)) return sql`'[]'`
  let [of, alias] = [entity, 't']
  const [from, where]: [Fragment[], Fragment[]] = [[], []]
  for (const [depth, property] of properties.entries()) {
    const line = catalogue.entities.get(of.fieldById.get(property)!.lines!.entity)!
    const next = `l${depth}`
    from.push(sql`${tableOf(line)} ${sql.id(next)}`)
    where.push(sql`${column(next, 'tenant_id')} = ${column(alias, 'tenant_id')} and ${column(next, 'parent_id')} = ${column(alias, 'id')}`)
    ;[of, alias] = [line, next]
  }
  return sql`(select coalesce(json_agg(${column(alias, field.id)}), '[]')::text from ${comma(from)} where ${and(where)})`
}

/** One row {roles}: of a person whom the caller sees. */
const personQuery = ({ catalogue, entities }: Access, { tenant }: Actor, member: string): Query => {
  const people = entities.get(core.member)
  const conditions = people ? seen(catalogue, people, 't') : [sql`false`]
  return toQuery(sql`select array(select r.role from bos.role_assignment r where r.tenant_id = t.tenant_id and r.member_id = t.id order by r.role) as roles
    from core.member t where ${and([sql`t.tenant_id = ${tenant}::uuid and t.id = ${member}::uuid and t.deleted_at is null`, ...conditions])}`)
}
