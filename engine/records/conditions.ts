import { sql } from 'kysely'
import { Frame } from '../expressions/sql-tables.ts'
import { fieldOf } from '../fields/index.ts'
import type { ColumnRef } from '../fields/type.ts'
import type { Condition, Path } from './parameters.ts'
import { searchedText } from '../schema/columns.ts'
import { and, column, comma, Slot, tableOf } from './sql.ts'
import type { Fragment } from './sql.ts'
import { columnsFor, gettable, readable, readableParts } from './reach.ts'
import { referenceColumn } from './select.ts'
import { isLive } from './tables.ts'
import type { Actor, EntityAccess } from './types.ts'
import type { Action, Catalogue } from '../catalogue/types.ts'

/** The FROM of one statement: the entity's table and the records that paths lead to, each joined once. */
export class Source {
  readonly alias: string
  readonly catalogue: Catalogue
  readonly #access: EntityAccess
  readonly #joins = new Map<string, { alias: string; join: Fragment }>()
  /** What expressions over its rows join to it. */
  readonly frame = new Frame()

  constructor(catalogue: Catalogue, access: EntityAccess, alias = 't') {
    this.catalogue = catalogue
    this.#access = access
    this.alias = alias
  }

  /** The alias under which the last record of a path stands. */
  reach(path: Path): string {
    let alias = this.alias
    let key = ''
    let from = this.#access
    for (const hop of path.hops) {
      key += `.${hop.column}`
      let join = this.#joins.get(key)
      if (!join) {
        const next = `j${this.#joins.size}`
        const conditions = [
          sql`${column(next, 'tenant_id')} = ${column(alias, 'tenant_id')}`,
          sql`${column(next, 'id')} = ${referenceColumn(this.catalogue, from, hop.field, hop.column, alias)}`,
          isLive(this.catalogue, hop.target.entity, next),
          ...gettable(this.catalogue, hop.target, next),
        ]
        join = { alias: next, join: sql`left join ${tableOf(hop.target.entity)} ${sql.id(next)} on ${and(conditions)}` }
        this.#joins.set(key, join)
      }
      from = hop.target
      alias = join.alias
    }
    return alias
  }

  /** The columns that a path leads to, as the caller may read them. */
  columns(path: Path): ColumnRef {
    const at = columnsFor(this.catalogue, path.access, path.field, this.reach(path))
    const suffix = path.member === null ? '' : (fieldOf(path.field.type).members?.(path.field.settings).get(path.member)?.suffix ?? '')
    return (more = '') => at(suffix + more)
  }

  from(): Fragment {
    return sql`${tableOf(this.#access.entity)} ${sql.id(this.alias)} ${sql.join(
      [...[...this.#joins.values()].map((each) => each.join), ...this.frame.joins],
      sql` `,
    )}`
  }
}

/** For whom a statement runs: the actor's own ids, or slots for them. */
export type Caller = Pick<Actor, 'tenant' | 'member'>
export interface CallerSlots {
  readonly tenant: Slot<Caller>
  readonly member: Slot<Caller>
}
export const callerSlots: CallerSlots = {
  tenant: new Slot<Caller>(({ tenant }) => tenant),
  member: new Slot<Caller>(({ member }) => member),
}

/**
 * Rows of this tenant that `action` reaches. Row policies hold all that may be read in any way; a narrower action is enforced here. The
 * member is a parameter: a plan for the value at hand finds the few records of a new colleague.
 */
export const reachable = (source: Source, access: EntityAccess, actor: Caller | CallerSlots, action: Action): Fragment[] => [
  ofTenant(source, actor),
  ...readable(source.catalogue, access, action, source.alias, sql`${actor.member}::uuid`),
]

/** The same rows in parts, for scans that go in an order. */
export const reachableParts = (source: Source, access: EntityAccess, actor: Caller | CallerSlots, action: Action): Fragment[][] =>
  readableParts(source.catalogue, access, action, source.alias, sql`${actor.member}::uuid`).map((part) => [
    ofTenant(source, actor),
    ...part,
  ])

const ofTenant = (source: Source, { tenant }: Caller | CallerSlots): Fragment => sql`${column(source.alias, 'tenant_id')} = ${tenant}::uuid`

const foldedName = ({ path }: Condition): string => `${path.field.id}__f`

/** LIKE is not leakproof, so row policies would keep its trigram index out: searched fields are matched by a definer function. */
export const isMatched = (condition: Condition): boolean =>
  (condition.name === 'contains' || condition.name === 'startsWith') &&
  condition.path.hops.length === 0 &&
  condition.path.access.entity.search.includes(condition.path.field) &&
  !condition.path.access.masks.has(condition.path.field.id) &&
  condition.path.field.columns.some((each) => each.name === foldedName(condition))

export function conditionSql(source: Source, condition: Condition): Fragment {
  const { path, operator, values } = condition
  const { table } = path.access.entity
  if (isMatched(condition)) {
    return sql`${column(source.alias, 'id')} in (select bos.matching(${sql.lit(table.schema)}, ${sql.lit(table.name)}, ${sql.lit(foldedName(condition))}, ${values[0]}::text))`
  }
  return operator.where(
    sql,
    source.columns(path),
    values.map((value) => sql`${value}`),
    path.settings,
  )
}

/** `search=`: candidates come from the entity's search index; where the caller may not see a searched value, only those that match without it. */
export function searchSql(source: Source, access: EntityAccess, text: unknown): Fragment {
  const { entity } = access
  const candidates = sql`${column(source.alias, 'id')} in (select bos.search(${sql.lit(entity.table.schema)}, ${sql.lit(entity.table.name)}, ${text}::text))`
  const seen = entity.search.filter((field) => access.visible.includes(field))
  if (seen.length === entity.search.length && !seen.some((field) => access.masks.has(field.id))) return candidates
  const columns = seen.flatMap((field) => {
    const at = columnsFor(source.catalogue, access, field, source.alias)
    return field.columns.map(({ name }) => sql`${at(name.slice(field.id.length))} as ${sql.id(name)}`)
  })
  const words = seen.flatMap((field) => (searchedText(field) === null ? [] : [sql`coalesce(${sql.raw(searchedText(field)!)}, '')`]))
  // The inner select gives the columns the bare names under which field types speak of them.
  return and([
    candidates,
    sql`exists (select from (select ${comma(columns)}) w where to_tsvector('simple', bos.fold(${sql.join(words, sql` || ' ' || `)})) @@ bos.words(${text}::text))`,
  ])
}
