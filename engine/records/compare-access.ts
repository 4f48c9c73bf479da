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

/** What is told of a row: that it is read (in any way), an action, a transition (by name), or a cell that is masked in some rows (field id). */
export interface Flag {
  readonly kind: 'read' | 'action' | 'transition' | 'cell'
  readonly name: string
}
/** By `keyOf` the flag. */
type Flags = ReadonlyMap<string, Flag & { readonly holds: Fragment }>
const keyOf = ({ kind, name }: Flag): string => `${kind} ${name}`
const read: Flag = { kind: 'read', name: '' }

/** In which rows each thing holds for one side; what never holds is absent. */
function flagsOf({ access: { catalogue }, here }: Side, cells: readonly string[]): Flags {
  const flags = new Map<string, Flag & { holds: Fragment }>()
  const add = (kind: Flag['kind'], name: string, holds: Fragment): unknown => flags.set(keyOf({ kind, name }), { kind, name, holds })
  if (!here) return flags
  // Row policies let through what either side sees, so that scopes are asked for here as well.
  const reads = and([
    reached(catalogue, here.entity, reading(here), 't') ?? sql`true`,
    ...(here.entity.parent ? readable(catalogue, here, 'list', 't') : []),
  ])
  add(read.kind, read.name, reads)
  for (const action of rowActions)
    if (here.actions.has(action) && !here.entity.parent) add('action', action, and([reads, ...readable(catalogue, here, action, 't')]))
  for (const [id, grants] of here.transitions)
    add('transition', nameOf(here, id), and([reads, reached(catalogue, here.entity, grants, 't') ?? sql`true`]))
  for (const id of cells) {
    const field = here.visible.find((each) => each.id === id)
    if (field) add('cell', id, and([reads, shownIn(catalogue, here, field, 't') ?? sql`true`]))
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

/** In how many rows something came to hold, or holds no more. */
export interface Difference extends Flag {
  readonly gained: number
  readonly lost: number
}
export interface Differences {
  readonly all: readonly Difference[]
  /** There are more rows than were looked at: every number is the least that it can be. */
  readonly more: boolean
}

const source = ({ before, after }: Pair) => {
  const { access, here } = after.here ? after : before
  const { entity } = here!
  return { entity, live: isLive(access.catalogue, entity, 't') }
}
/** Each once, in a fixed order. */
const known = (...sides: readonly Flags[]): Flag[] => {
  const all = new Map(sides.flatMap((each) => [...each]))
  return [...all.keys()].sort().map((key) => all.get(key)!)
}
const list = (all: readonly Flag[], flags: Flags): Fragment =>
  sql`array[${comma(all.map((each) => sql`(${flags.get(keyOf(each))?.holds ?? sql`false`}) is true`))}]::boolean[]`

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
  const all = known(before, after)
  const { entity, live } = source(pair)
  const positions = new Map(all.map((each, index) => [keyOf(each), index + 1]))
  const at = (side: 'b' | 'a', flag: Flag): Fragment => sql`${sql.ref(side)}[${sql.lit(positions.get(keyOf(flag))!)}]`
  const counts = all.flatMap((flag) => {
    const both = flag.kind === 'cell' ? sql` and ${at('b', read)} and ${at('a', read)}` : sql``
    return [
      sql`count(*) filter (where ${at('a', flag)} and not ${at('b', flag)}${both})::int`,
      sql`count(*) filter (where ${at('b', flag)} and not ${at('a', flag)}${both})::int`,
    ]
  })
  const rows = sql`select ${list(all, before)} as b, ${list(all, after)} as a from ${tableOf(entity)} t
    where ${and([sql`${column('t', 'tenant_id')} = ${tenant}::uuid`, live])} order by ${column('t', 'id')} limit ${limit + 1}::int`
  return {
    query: toQuery(sql`select count(*)::int as n, array[${comma(counts)}]::int[] as counts from (${rows}) r`),
    read: ({ n, counts: found }) => {
      const values = found as readonly number[]
      return {
        all: all.map(({ kind, name }, index) => ({ kind, name, gained: values[index * 2] ?? 0, lost: values[index * 2 + 1] ?? 0 })),
        more: Number(n) > limit,
      }
    },
  }
}

/** The rows of one side with what holds in each: where the sides cannot be asked in one statement. */
export interface Marked {
  /** Id → what holds; in the order of ids. */
  readonly rows: ReadonlyMap<string, ReadonlySet<string>>
  /** By the keys in `rows`. */
  readonly flags: ReadonlyMap<string, Flag>
  readonly more: boolean
}

export function markQuery(
  pair: Pair,
  side: 'before' | 'after',
  tenant: string,
  limit: number,
): { query: Query; read: (rows: readonly Readonly<Record<string, unknown>>[]) => Marked } {
  const flags = flagsOf(pair[side], cellsOf(pair))
  const all = known(flags)
  const { entity, live } = source(pair)
  return {
    query: toQuery(sql`select ${column('t', 'id')}, ${list(all, flags)} as marks from ${tableOf(entity)} t
      where ${and([sql`${column('t', 'tenant_id')} = ${tenant}::uuid`, live])} order by ${column('t', 'id')} limit ${limit + 1}::int`),
    read: (rows) => ({
      flags,
      rows: new Map(
        rows.slice(0, limit).map((row) => {
          const marks = row['marks'] as readonly boolean[]
          return [String(row['id']), new Set(all.flatMap((each, index) => (marks[index] ? [keyOf(each)] : [])))]
        }),
      ),
      more: rows.length > limit,
    }),
  }
}

export function differencesOf(before: Marked, after: Marked): Differences {
  const none: ReadonlySet<string> = new Set()
  const differences = new Map<string, { gained: number; lost: number }>()
  const flags = new Map([...before.flags, ...after.flags])
  // Beyond where one side was cut nothing is known of it.
  const end = [before, after].flatMap(({ rows, more }) => (more ? [[...rows.keys()].at(-1) ?? ''] : [])).sort()[0]
  for (const id of new Set([...before.rows.keys(), ...after.rows.keys()])) {
    if (end !== undefined && id > end) continue
    const [was, is] = [before.rows.get(id) ?? none, after.rows.get(id) ?? none]
    const isReadOnBoth = was.has(keyOf(read)) && is.has(keyOf(read))
    for (const key of new Set([...was, ...is])) {
      if (flags.get(key)!.kind === 'cell' && !isReadOnBoth) continue
      const counted = differences.get(key) ?? { gained: 0, lost: 0 }
      differences.set(key, counted)
      if (!was.has(key)) counted.gained += 1
      if (!is.has(key)) counted.lost += 1
    }
  }
  return { all: [...differences].map(([key, counted]) => ({ ...flags.get(key)!, ...counted })), more: end !== undefined }
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
