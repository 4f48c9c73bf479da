import type { Sql } from 'kysely'
import { quotientSql } from './functions-operators.ts'
import type { Fragment } from './functions-operators.ts'
import { rowsFrom } from './sql-paths.ts'
import { Frame, nextAlias } from './sql-tables.ts'
import type { Compiling, Row, Scope } from './sql-tables.ts'
import { asksBeside, isTrue, keyOf } from './transform.ts'
import type { Node, RecordNode, Source } from './types.ts'

/** The FROM of a loop over records or values, while it is being made. */
interface Opened {
  readonly scope: Scope
  readonly alias: string
  /** What an element is: a row, or the SQL of a value. */
  readonly element: Row | Fragment
  readonly from: Fragment
  readonly conditions: readonly Fragment[]
  readonly order: readonly Fragment[]
}

function open(compiling: Compiling, source: Source, scope: Scope): Opened {
  const { sql, context, names } = compiling
  if (source.kind === 'filter') return filtered(compiling, source, scope)
  const { tables, tenant } = context
  const alias = nextAlias(names)
  const frame = new Frame(names)
  const inner: Scope = { frame, bound: scope.bound }
  if (source.kind === 'values') {
    const from = sql`unnest(${compiling.node(source.list, scope)}) with ordinality as ${sql.id(alias)}(value, n)`
    return { scope: inner, alias, element: sql`${sql.id(alias, 'value')}`, from, conditions: [], order: [sql`${sql.id(alias, 'n')}`] }
  }
  const element: Row = { alias, frame, wrap: (value) => value }
  const table = sql`${tables.table(source.entity)} ${sql.id(alias)}`
  const opened = { scope: inner, alias, element, from: table, order: [tables.id(alias)] }
  const live = tables.live(source.entity, alias, 'loop')
  if (source.kind === 'entity') return { ...opened, conditions: [sql`${tables.tenant(alias)} = ${tenant}`, live] }
  if (source.kind === 'named') {
    const named = nextAlias(names)
    return {
      ...opened,
      from: sql`unnest(${compiling.node(source.ids, scope)}::uuid[]) with ordinality as ${sql.id(named)}(id, n) join ${table} on ${tables.tenant(alias)} = ${tenant} and ${tables.id(alias)} = ${sql.id(named, 'id')}`,
      conditions: [live],
      order: [sql`${sql.id(named, 'n')}`],
    }
  }
  if (source.kind === 'naming') {
    const isNamed = tables.pointsAt(source.entity, source.field, alias, compiling.node(source.id, scope))
    return { ...opened, conditions: [sql`${tables.tenant(alias)} = ${tenant}`, isNamed, live] }
  }
  const owner = compiling.reach(source.of, scope)
  const isSameTenant = sql`${tables.tenant(alias)} = ${owner.wrap(tables.tenant(owner.alias))}`
  const id = owner.wrap(tables.id(owner.alias))
  if (source.kind === 'inverse')
    return { ...opened, conditions: [isSameTenant, tables.pointsAt(source.entity, source.field, alias, id), live] }
  if (source.kind === 'links') {
    const links = owner.wrap(tables.links(source.of.entity, source.field, owner.alias))
    const link = nextAlias(names)
    return {
      ...opened,
      from: sql`unnest(${links}) with ordinality as ${sql.id(link)}(id, n) join ${table} on ${isSameTenant} and ${tables.id(alias)} = ${sql.id(link, 'id')}`,
      conditions: [live],
      order: [sql`${sql.id(link, 'n')}`],
    }
  }
  const conditions = [isSameTenant, sql`${tables.parent(alias)} = ${id}`]
  const self = source.running && compiling.reach({ kind: 'root', root: 'self', entity: source.entity }, scope)
  if (self) {
    const place = (at: string) => sql`(${tables.position(at)}, ${tables.id(at)})`
    conditions.push(sql`${place(alias)} <= (${self.wrap(tables.position(self.alias))}, ${self.wrap(tables.id(self.alias))})`)
  }
  return { ...opened, conditions, order: [tables.position(alias), tables.id(alias)] }
}

function filtered(compiling: Compiling, { source, variable, where, order }: Source & { kind: 'filter' }, scope: Scope): Opened {
  const { sql } = compiling
  const opened = bindTo(open(compiling, source, scope), variable)
  const condition = compiling.holds(where, opened.scope)
  const keys = order.map(({ key, descending }) => {
    const value = compiling.node(key, opened.scope)
    return sql`${key.type.kind === 'text' ? sql`${value} collate "C"` : value} ${sql.raw(descending ? 'desc' : 'asc')} nulls last`
  })
  return { ...opened, conditions: [...opened.conditions, condition], order: [...keys, ...opened.order] }
}

function bindTo(opened: Opened, variable: number): Opened {
  return { ...opened, scope: { ...opened.scope, bound: new Map(opened.scope.bound).set(variable, opened.element) } }
}

export function aggregate(compiling: Compiling, node: Node & { kind: 'aggregate' }, scope: Scope): Fragment {
  const { sql, names } = compiling
  const { type, operation, source, variable, body } = node
  const opened = bindTo(open(compiling, source, scope), variable)
  const holds = (): Fragment => compiling.holds(body, opened.scope)
  const found = (): Fragment => restOf(sql, opened, ...(isTrue(body) ? [] : [holds()]))
  if (operation === 'count') return sql`(select count(*) ${found()})`
  if (operation === 'exists') return sql`exists (select ${found()}${afresh(sql, node, scope)})`
  if (operation === 'all') return sql`(not exists (select ${restOf(sql, opened, sql`${holds()} is not true`)}${afresh(sql, node, scope)}))`
  const value = compiling.as(operation === 'list' && type.kind === 'list' ? type.of : type, body, opened.scope)
  if (operation === 'list') return sql`array_remove(array(select ${value} ${restOf(sql, opened)} ${orderBy(sql, opened)}), null)`
  // An aggregate over nothing but outer columns would belong to the outer statement: a column of an inner one never does.
  const rows = nextAlias(names)
  const each = sql.id(rows, 'value')
  const from = sql`from (select ${value} as value ${restOf(sql, opened)}) ${sql.id(rows)}`
  if (operation === 'sum') return sql`(select coalesce(sum(${each}), 0)::numeric ${from})`
  if (operation === 'avg') return sql`(select ${quotientSql(sql, sql`sum(${each})`, sql`count(${each})`)} ${from})`
  return sql`(select ${sql.raw(operation)}(${body.type.kind === 'text' ? sql`${each} collate "C"` : each}) ${from})`
}

/**
 * PostgreSQL may make a hash table of what exists() looks through, and does not always make it anew when a row further out, which the
 * condition is about too, becomes another (18.4: a condition that it evaluates in two places). With OFFSET it makes none.
 */
const afresh = (sql: Sql, node: Node & { kind: 'aggregate' }, { bound }: Scope): Fragment =>
  bound.size > 0 && asksBeside(node) ? sql` offset 0` : sql``

/** The first record that a loop finds, joined where it can be. */
export function first(compiling: Compiling, node: RecordNode & { kind: 'first' }, scope: Scope): Row {
  const { sql, names } = compiling
  const rows = (): Fragment => {
    const opened = open(compiling, node.source, scope)
    return sql`(select ${sql.id(opened.alias)}.* ${restOf(sql, opened)} ${orderBy(sql, opened)} limit 1)`
  }
  const { frame } = scope
  if (frame !== null) {
    return frame.row(keyOf(node), (alias) => ({
      row: { alias, frame, wrap: (value) => value },
      join: sql`left join lateral ${rows()} ${sql.id(alias)} on true`,
    }))
  }
  const alias = nextAlias(names)
  const own = new Frame(names)
  const from = sql`${rows()} ${sql.id(alias)}`
  return { alias, frame: own, wrap: (value) => sql`(select ${value} from ${rowsFrom(sql, from, own)})` }
}

function restOf(sql: Sql, { scope, from, conditions }: Opened, ...more: readonly Fragment[]): Fragment {
  const all = [...conditions, ...more]
  return sql`from ${rowsFrom(sql, from, scope.frame!)}${all.length === 0 ? sql`` : sql` where ${sql.join(all, sql` and `)}`}`
}

function orderBy(sql: Sql, { order }: Opened): Fragment {
  return sql`order by ${sql.join([...order])}`
}
