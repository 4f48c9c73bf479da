import { sql } from 'kysely'
import type { Action, ActorSet, Catalogue, Entity, Field, RowScope } from '../catalogue/types.ts'
import type { ColumnRef } from '../fields/type.ts'
import { among } from '../schema/policies.ts'
import { rowCondition } from '../schema/row-condition.ts'
import type { Tables } from '../expressions/sql-tables.ts'
import type { Expression } from '../expressions/types.ts'
import { derivedColumns } from './derived-columns.ts'
import { junctionColumn, overRow } from './expression-tables.ts'
import { covers, reachesAll, reading, scopesOf } from './grants.ts'
import { and, column, columnsOf, comma, tableOf } from './sql.ts'
import type { Fragment } from './sql.ts'
import { isLive } from './tables.ts'
import type { EntityAccess, RowCondition } from './types.ts'

/**
 * Which rows a caller reaches, and which of their values. Every door reads a field through `columnsFor` and a row through `readable`:
 * a value that is masked in a row is null there for the caller, whatever is done with it.
 */

const actingMember = sql`(select bos.member())`

/** Condition: one of the grants reaches the row; null: every row. Lines are reached with their document. `self`: the acting member. */
export function reached(
  catalogue: Catalogue,
  entity: Entity,
  grants: RowCondition,
  alias: string,
  self: Fragment = actingMember,
): Fragment | null {
  if (reachesAll(grants)) return null
  const parent = entity.parent && catalogue.entities.get(entity.parent.entity)
  if (parent) {
    const outer = `${alias}o`
    return sql`exists (select from ${tableOf(parent)} ${sql.id(outer)} where ${column(outer, 'tenant_id')} = ${column(alias, 'tenant_id')}
        and ${column(outer, 'id')} = ${column(alias, 'parent_id')} and ${reached(catalogue, parent, grants, outer, self) ?? sql`true`})`
  }
  const inScope = (each: RowCondition): Fragment[] => scopesOf(each).flatMap((scope) => within(catalogue, entity, scope, alias, self) ?? [])
  const worded = grants.flatMap((grant) => {
    if (grant.condition === null) return []
    const own = inScope([grant])
    const everywhere = grant.scopes.some(({ predicate }) => predicate.kind === 'all')
    return [and([...(everywhere ? [] : [anyOf(own)]), holds(catalogue, grant.condition, alias)])]
  })
  return anyOf([...inScope(grants.filter(({ condition }) => condition === null)), ...worded])
}

/** Condition: the row is in the scope; null: no condition of the row's own says so. */
function within(catalogue: Catalogue, entity: Entity, { predicate }: RowScope, alias: string, self: Fragment): Fragment | null {
  if (predicate.kind === 'where') return sql.raw(rowCondition(catalogue, predicate.expression, alias))
  if (predicate.kind !== 'among') return null
  const { column: at, ids } = among(entity, predicate, alias)
  return sql`${sql.raw(at)} = ${predicate.set === 'self' ? self : sql.raw(ids)}`
}

const anyOf = (conditions: readonly Fragment[]): Fragment =>
  conditions.length === 0 ? sql`false` : conditions.length === 1 ? conditions[0]! : sql`(${sql.join(conditions, sql` or `)})`

/** Over the engine's own columns: what a role says of a row may hang on what it hides. */
const holds = (catalogue: Catalogue, { root }: Expression, alias: string): Fragment => sql`(${overRow(catalogue, root, alias)})`

/** Conditions under which an action reaches a row that its policy lets through: what the roles say of the action, and of reading at all; and its list is not masked. */
export function readable(catalogue: Catalogue, access: EntityAccess, action: Action, alias: string, self?: Fragment): Fragment[] {
  const { entity, actions } = access
  const grants = actions.get(action)
  if (!grants) return [sql`false`]
  const own = reached(catalogue, entity, grants, alias, self)
  return [...(own ? [own] : []), ...besides(catalogue, access, action, alias, self)]
}

/** What must hold of a row besides what the roles say of the action itself. */
function besides(catalogue: Catalogue, access: EntityAccess, action: Action, alias: string, self?: Fragment): Fragment[] {
  const isReading = action === 'list' || action === 'get'
  return [
    ...access.within.flatMap((each) => reached(catalogue, access.entity, each, alias, self) ?? []),
    ...(isReading ? [] : seen(catalogue, access, alias, self)),
  ]
}

/**
 * As `readable`, in parts: a row is in one of them. What is one's own or shared with one is read part by part: each is a scan in the order of
 * an index that ends with its page, where both in one condition make PostgreSQL find all rows of both, and sort them. Wider scopes (a team's)
 * are read whole: the order of the list finds a page of them soon.
 */
export function readableParts(catalogue: Catalogue, access: EntityAccess, action: Action, alias: string, self: Fragment): Fragment[][] {
  const { entity, actions } = access
  const grants = actions.get(action) ?? []
  const scopes = scopesOf(grants)
  const isNarrow = ({ predicate }: RowScope): boolean => predicate.kind === 'among' && narrow.has(predicate.set)
  if (entity.parent || scopes.length < 2 || !scopes.every(isNarrow) || grants.some(({ condition }) => condition !== null))
    return [readable(catalogue, access, action, alias, self)]
  const parts = scopes.map((scope) => within(catalogue, entity, scope, alias, self)!)
  const rest = besides(catalogue, access, action, alias, self)
  return parts.map((part, i) => [part, ...parts.slice(0, i).map((before) => sql`(${before}) is not true`), ...rest])
}

const narrow: ReadonlySet<ActorSet> = new Set(['self', 'shared', 'sharedToUpdate'])

/** As `readable` of what a reference leads to: getting it. Nothing, where the policy lets through no more than that. */
export function gettable(catalogue: Catalogue, access: EntityAccess, alias: string): Fragment[] {
  const got = access.actions.get('get') ?? []
  const passed = reading(access).map((each) => ({ ...each, condition: null }))
  return got.length > 0 && access.within.length === 0 && covers(got, passed) ? [] : readable(catalogue, access, 'get', alias)
}

/** Which other records an expression finds for a caller: references lead to what they may get, loops go over what they may list. */
export const liveFor =
  (catalogue: Catalogue, entities: ReadonlyMap<string, EntityAccess>): Tables['live'] =>
  (entity, alias, via) => {
    const here = entities.get(entity)
    if (!here) return sql`false`
    return and([
      isLive(catalogue, here.entity, alias),
      ...(via === 'hop' ? gettable(catalogue, here, alias) : readable(catalogue, here, 'list', alias)),
    ])
  }

/**
 * Conditions under which a row can be read in any way. Row policies hold the scopes; where roles say more in words of their own, whatever finds
 * records by their ids must ask for that too, or it would tell of rows that do not exist for the caller.
 */
export function seen(catalogue: Catalogue, access: EntityAccess, alias: string, self?: Fragment): Fragment[] {
  const grants = reading(access)
  if (grants.every(({ condition }) => condition === null)) return []
  return [reached(catalogue, access.entity, grants, alias, self) ?? sql`true`]
}

/** Condition: the field is shown in the row; null: in every row. */
export function shownIn(catalogue: Catalogue, { entity, masks }: EntityAccess, field: Field, alias: string): Fragment | null {
  const shown = masks.get(field.id)
  return shown ? reachedByAll(catalogue, entity, shown, alias) : null
}

/** Condition: each of them reaches the row; null: every row. */
function reachedByAll(catalogue: Catalogue, entity: Entity, all: readonly RowCondition[], alias: string): Fragment | null {
  const conditions = all.flatMap((each) => reached(catalogue, entity, each, alias) ?? [])
  return conditions.length > 1 ? sql`(${and(conditions)})` : (conditions[0] ?? null)
}

/** The columns of a field as this caller may read them: null in the rows in which it is masked. */
export function columnsFor(catalogue: Catalogue, access: EntityAccess, field: Field, alias: string): ColumnRef {
  const derivation = field.logic?.derivation
  const unmasked = (): ColumnRef => {
    if (derivation?.stored === false) return derivedColumns(catalogue, field, derivation, alias, liveFor(catalogue, access.entities))
    return field.lines?.through ? junctionColumn(catalogue, field, alias) : columnsOf(alias, field)
  }
  const at = unmasked()
  const shown = shownIn(catalogue, access, field, alias)
  return shown ? (suffix = '') => sql`(case when ${shown} then ${at(suffix)} end)` : at
}

/** `text[]`: the names of those conditions that hold in the row, or of those that do not; null holds in every row. */
function namesWhere(isHeld: boolean, conditions: readonly (readonly [name: string, condition: Fragment | null])[]): Fragment {
  if (conditions.length === 0) return sql`'{}'::text[]`
  const named = conditions.map(([name, condition]) => {
    const [held, other] = isHeld ? [sql.lit(name), sql`null`] : [sql`null`, sql.lit(name)]
    return sql`case when ${condition ?? sql`true`} then ${held} else ${other} end`
  })
  return sql`array_remove(array[${comma(named)}]::text[], null)`
}

/** `text[]`: which of these are granted in the row. */
export const pathsWithin = (catalogue: Catalogue, entity: Entity, granted: ReadonlyMap<string, RowCondition>, alias: string): Fragment =>
  namesWhere(
    true,
    [...granted].map(([id, rows]) => [id, reached(catalogue, entity, rows, alias)]),
  )

/** `text[]`: which of these paths are not shown (or open) in the row. */
export const pathsWithout = (catalogue: Catalogue, entity: Entity, paths: EntityAccess['masks'], alias: string): Fragment =>
  namesWhere(
    false,
    [...paths].map(([path, rows]) => [path, reachedByAll(catalogue, entity, rows, alias)]),
  )

/** What may be done to a record by its own right; each is refused or not for one row. */
const rowActions = ['update', 'delete', 'restore', 'share'] as const satisfies readonly Action[]

/** Of these, what the caller's roles grant for some only of the rows that they show: whether for one is another question for each. */
export const scopedActions = (access: EntityAccess): readonly Action[] =>
  rowActions.filter((action) => {
    const grants = access.actions.get(action)
    return grants !== undefined && !covers(grants, reading(access))
  })

/** `text[]`: which of these the caller's roles do not grant for the row. */
export const actionsWithout = (catalogue: Catalogue, access: EntityAccess, actions: readonly Action[], alias: string): Fragment =>
  namesWhere(
    false,
    actions.map((action) => [action, reached(catalogue, access.entity, access.actions.get(action) ?? [], alias)]),
  )
