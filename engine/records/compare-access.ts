import { sql } from 'kysely'
import type { Action } from '../catalogue/types.ts'
import type { Query } from '../database/types.ts'
import type { Dependencies, Expression, Needs } from '../expressions/types.ts'
import { reading } from './grants.ts'
import { reached, readable, shownIn } from './reach.ts'
import { and, column, comma, tableOf, toQuery } from './sql.ts'
import type { Fragment } from './sql.ts'
import { isLive } from './tables.ts'
import type { Access, EntityAccess, RowCondition } from './types.ts'

/** What one person may do with records under two sets of permissions: which rows of each action, and which of their cells. */

/** Actions over rows. Creating and importing reach none; what is deleted is not counted. */
const rowActions = ['list', 'get', 'history', 'update', 'delete', 'export', 'share', 'ai'] as const satisfies readonly Action[]

export interface Side {
  readonly access: Access
  /** Undefined: nothing of the entity is there for them. */
  readonly here: EntityAccess | undefined
}
export interface Pair {
  /** Id of the entity. */
  readonly entity: string
  readonly before: Side
  readonly after: Side
}

/** What is told of a row: `read` (in any way), actions, `to {transition}`, and `shows {field id}` of what is masked in some rows. */
type Flags = ReadonlyMap<string, Fragment>

/** In which rows each thing holds for one side; what never holds is absent. */
function flagsOf({ access: { catalogue }, here }: Side, cells: readonly string[]): Flags {
  const flags = new Map<string, Fragment>()
  if (!here) return flags
  // Row policies let through what either side sees, so that scopes are asked for here as well.
  const reads = and([
    reached(catalogue, here.entity, reading(here), 't') ?? sql`true`,
    ...(here.entity.parent ? readable(catalogue, here, 'list', 't') : []),
  ])
  flags.set('read', reads)
  for (const action of rowActions)
    if (here.actions.has(action) && !here.entity.parent) flags.set(action, and([reads, ...readable(catalogue, here, action, 't')]))
  for (const [id, grants] of here.transitions)
    flags.set(`to ${nameOf(here, id)}`, and([reads, reached(catalogue, here.entity, grants, 't') ?? sql`true`]))
  for (const id of cells) {
    const field = here.visible.find((each) => each.id === id)
    if (field) flags.set(`shows ${id}`, and([reads, shownIn(catalogue, here, field, 't') ?? sql`true`]))
  }
  return flags
}

const nameOf = ({ entity }: EntityAccess, transition: string): string =>
  entity.lifecycles.flatMap(({ transitions }) => transitions).find(({ id }) => id === transition)?.name ?? transition

/** Ids of fields that both sides know of and one of them sees in some rows only. */
const cellsOf = ({ before, after }: Pair): string[] =>
  (before.here?.visible ?? []).flatMap(({ id }) =>
    after.here?.visible.some((each) => each.id === id) && [before, after].some(({ here }) => here?.masks.has(id)) ? [id] : [],
  )

/** How many rows are looked at, and how many differ in each thing; `gained` and `lost` by flag. */
export interface Differences {
  readonly gained: Readonly<Record<string, number>>
  readonly lost: Readonly<Record<string, number>>
  /** There are more rows than were looked at: every number is the least that it can be. */
  readonly more: boolean
}

const source = ({ before, after }: Pair) => {
  const { access, here } = after.here ? after : before
  const { entity } = here!
  return { entity, live: isLive(access.catalogue, entity, 't') }
}
const names = (flags: readonly Flags[]): string[] => [...new Set(flags.flatMap((each) => [...each.keys()]))].sort()
const list = (known: readonly string[], flags: Flags): Fragment =>
  sql`array[${comma(known.map((name) => sql`(${flags.get(name) ?? sql`false`}) is true`))}]::boolean[]`

/**
 * Counts in one statement, for whoever the transaction stands for. Row policies must let through what either side sees; the conditions are
 * those of the doors. Cells count in rows that are read on both sides: what is in a row that comes or goes comes or goes with it.
 */
export function countQuery(
  pair: Pair,
  tenant: string,
  limit: number,
): { query: Query; read: (row: Readonly<Record<string, unknown>>) => Differences } {
  const cells = cellsOf(pair)
  const [before, after] = [flagsOf(pair.before, cells), flagsOf(pair.after, cells)]
  const known = names([before, after])
  const { entity, live } = source(pair)
  const at = (side: 'b' | 'a', name: string): Fragment => sql`${sql.ref(side)}[${sql.lit(known.indexOf(name) + 1)}]`
  const counts = known.flatMap((name) => {
    const both = name.startsWith('shows ') ? sql` and ${at('b', 'read')} and ${at('a', 'read')}` : sql``
    return [
      sql`count(*) filter (where ${at('a', name)} and not ${at('b', name)}${both})::int`,
      sql`count(*) filter (where ${at('b', name)} and not ${at('a', name)}${both})::int`,
    ]
  })
  const rows = sql`select ${list(known, before)} as b, ${list(known, after)} as a from ${tableOf(entity)} t
    where ${and([sql`${column('t', 'tenant_id')} = ${tenant}::uuid`, live])} order by ${column('t', 'id')} limit ${limit + 1}::int`
  return {
    query: toQuery(sql`select count(*)::int as n, array[${comma(counts)}]::int[] as counts from (${rows}) r`),
    read: ({ n, counts: found }) => {
      const values = found as readonly number[]
      const told = (offset: number) => Object.fromEntries(known.map((name, index) => [name, values[index * 2 + offset] ?? 0]))
      return { gained: told(0), lost: told(1), more: Number(n) > limit }
    },
  }
}

/** The rows of one side with what holds in each: where the sides cannot be asked in one statement. */
export interface Marked {
  /** Id → what holds; in the order of ids. */
  readonly rows: ReadonlyMap<string, ReadonlySet<string>>
  readonly more: boolean
}

export function markQuery(
  pair: Pair,
  side: 'before' | 'after',
  tenant: string,
  limit: number,
): { query: Query; read: (rows: readonly Readonly<Record<string, unknown>>[]) => Marked } {
  const flags = flagsOf(pair[side], cellsOf(pair))
  const known = names([flags])
  const { entity, live } = source(pair)
  return {
    query: toQuery(sql`select ${column('t', 'id')}, ${list(known, flags)} as marks from ${tableOf(entity)} t
      where ${and([sql`${column('t', 'tenant_id')} = ${tenant}::uuid`, live])} order by ${column('t', 'id')} limit ${limit + 1}::int`),
    read: (rows) => ({
      rows: new Map(
        rows.slice(0, limit).map((row) => {
          const marks = row['marks'] as readonly boolean[]
          return [String(row['id']), new Set(known.filter((_, index) => marks[index]))]
        }),
      ),
      more: rows.length > limit,
    }),
  }
}

export function differencesOf(before: Marked, after: Marked): Differences {
  const [gained, lost]: [Record<string, number>, Record<string, number>] = [{}, {}]
  const none: ReadonlySet<string> = new Set()
  // Beyond where one side was cut nothing is known of it.
  const end = [before, after].flatMap(({ rows, more }) => (more ? [[...rows.keys()].at(-1) ?? ''] : [])).sort()[0]
  for (const id of new Set([...before.rows.keys(), ...after.rows.keys()])) {
    if (end !== undefined && id > end) continue
    const [was, is] = [before.rows.get(id) ?? none, after.rows.get(id) ?? none]
    for (const name of new Set([...was, ...is])) {
      if (name.startsWith('shows ') && !(was.has('read') && is.has('read'))) continue
      if (is.has(name) && !was.has(name)) gained[name] = (gained[name] ?? 0) + 1
      if (was.has(name) && !is.has(name)) lost[name] = (lost[name] ?? 0) + 1
    }
  }
  return { gained, lost, more: end !== undefined }
}

/** Everything that the rows, transitions and cells of an entity hang on. */
export function expressionsOf(here: EntityAccess | undefined): readonly Expression[] {
  return grantsOf(here).flatMap(({ condition }) => (condition ? [condition] : []))
}

const grantsOf = (here: EntityAccess | undefined) =>
  here
    ? ([...here.actions.values(), ...here.transitions.values(), ...[...here.masks.values()].flat(), ...here.within].flat() as RowCondition)
    : []

/** Whether the same rows and cells are reached whoever of these roles asks. */
export const isForEverybody = (here: EntityAccess | undefined): boolean =>
  grantsOf(here).every(
    ({ scopes, condition }) =>
      scopes.every(({ predicate }) => predicate.kind === 'all') &&
      (!condition ||
        (readBeyond(condition.dependencies).size === 0 &&
          !condition.dependencies.roots.has('user') &&
          ![...condition.dependencies.parameters].some((each) => each.startsWith('user.')))),
  )

/** Entities of which an expression over a record reads other records than that one and its lines. */
export function readBeyond({ roots, searched }: Dependencies): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (needs: Needs, isOwn: boolean): void => {
    if (!isOwn) found.add(needs.entity)
    for (const each of needs.lines.values()) visit(each, isOwn)
    if (needs.document) visit(needs.document, isOwn)
    for (const each of [needs.hops, needs.links, needs.inverse]) for (const below of each.values()) visit(below, false)
  }
  for (const [root, needs] of roots) visit(needs, root === 'self')
  for (const needs of searched.values()) visit(needs, false)
  return found
}
