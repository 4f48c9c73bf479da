import type { Sql } from 'kysely'
import type { ValueType } from '../fields/type.ts'
import { overloadOf } from './functions.ts'
import { quotientSql } from './functions-operators.ts'
import type { Fragment } from './functions-operators.ts'
import { writeNumeric } from './numbers.ts'
import type { Numeric } from './numbers.ts'
import { keyOf } from './transform.ts'
import type { Node, Parameter, RecordNode, RecordRoot, Source, Type } from './types.ts'
import { fromCanonical } from './values.ts'

/** How expressions reach stored records. Values have the SQL type of their static type (`sqlType`), text the collation "C". */
export interface Tables {
  table(this: void, entity: string): Fragment
  tenant(this: void, alias: string): Fragment
  id(this: void, alias: string): Fragment
  /** Of a line: the id of its document, and its place. */
  parent(this: void, alias: string): Fragment
  position(this: void, alias: string): Fragment
  /** The record is there for the reader: not deleted, and reached by reading one record (hop) or by listing them (loop). */
  live(this: void, entity: string, alias: string, via: 'hop' | 'loop'): Fragment
  column(this: void, entity: string, field: string, member: string | null, alias: string): Fragment
  /** The id that a reference holds, where it leads to `target`. */
  reference(this: void, entity: string, field: string, target: string, alias: string): Fragment
  /** The ids that a list of references holds, in order (uuid[]). */
  links(this: void, entity: string, field: string, alias: string): Fragment
  /** Whether the reference, or list of references, `field` of the record names `id`. */
  pointsAt(this: void, entity: string, field: string, alias: string, id: Fragment): Fragment
}

/** What a FROM has joined so far. Put `joins` behind the table it belongs to, once all expressions over it are compiled. */
export class Frame {
  readonly #joins: Fragment[] = []
  readonly #rows = new Map<string, Row>()
  /** Shared with what stands inside: names are unique in a statement. */
  readonly names: AliasNames

  constructor(names: AliasNames = { next: 0, prefix: 'x' }) {
    this.names = names
  }

  get joins(): readonly Fragment[] {
    return this.#joins
  }

  row(key: string, make: (alias: string) => { readonly row: Row; readonly join: Fragment }): Row {
    const known = this.#rows.get(key)
    if (known) return known
    const { row, join } = make(nextAlias(this.names))
    this.#rows.set(key, row)
    this.#joins.push(join)
    return row
  }
}
interface AliasNames {
  next: number
  readonly prefix: string
}
const nextAlias = (names: AliasNames): string => `${names.prefix}${names.next++}`

/** Where a root stands: a row of a FROM (with the frame that may join to it, or none, as in a row policy), or a record to be looked up. */
export type RootRow =
  | { readonly kind: 'row'; readonly alias: string; readonly frame: Frame | null }
  | { readonly kind: 'lookup'; readonly where: (alias: string) => Fragment }

export interface SqlContext {
  readonly tables: Tables
  readonly zone: Fragment
  /** Of the caller: what whole entities are searched in. */
  readonly tenant: Fragment
  readonly roots: { readonly [root in RecordRoot]?: RootRow }
  parameter(this: void, name: string, type: Type): Fragment
  /** Default: a bound parameter with a cast. */
  constant?(this: void, type: Type, value: unknown): Fragment
}

/** A record within reach. `wrap` turns SQL over its row into SQL over the place where it is asked for. */
interface Row {
  readonly alias: string
  readonly frame: Frame | null
  wrap(this: void, value: Fragment): Fragment
}

/** SQL of the value, in the type `sqlType(root.type)` (whole numbers and durations may be bigint or numeric). */
export function toSql(sql: Sql, root: Node, context: SqlContext): Fragment {
  const { self } = context.roots
  const frame = self?.kind === 'row' ? self.frame : null
  // What stands inside of another expression, about a row of it, must not take the names that the other uses.
  const prefix = self?.kind === 'row' ? `${self.alias}x` : 'x'
  return new Compiler(sql, context, frame?.names ?? { next: 0, prefix }).node(root, { frame, bound: new Map() })
}

/** The SQL type that values of a static type have. */
export function sqlType(type: Type): string {
  switch (type.kind) {
    case 'number':
      return type.whole ? 'bigint' : 'numeric'
    case 'duration':
      return 'numeric'
    case 'dateTime':
      return 'timestamptz'
    case 'record':
      return 'uuid'
    case 'list':
      return `${sqlType(type.of)}[]`
    case 'json':
    case 'money':
    case 'composite':
      return 'jsonb'
    case 'boolean':
    case 'date':
    case 'time':
      return type.kind
    default:
      return 'text'
  }
}

/** What `pg` binds for a canonical value. */
export function bind(type: Type, canonical: unknown): unknown {
  if (canonical === null || canonical === undefined) return null
  if (type.kind === 'number' || type.kind === 'duration') return writeNumeric(fromCanonical(type, canonical) as Numeric)
  if (type.kind === 'record') return fromCanonical(type, canonical)
  if (type.kind === 'list') return (canonical as readonly unknown[]).map((each) => bind(type.of, each))
  return sqlType(type) === 'jsonb' ? JSON.stringify(canonical) : canonical
}

/** Where a node stands: the innermost FROM, and what the variables of loops are there. */
interface Scope {
  readonly frame: Frame | null
  readonly bound: ReadonlyMap<number, Row | Fragment>
}
/** A loop's FROM while it is being made. */
interface Opened {
  readonly scope: Scope
  readonly alias: string
  /** What an element is: a row, or the SQL of a value. */
  readonly element: Row | Fragment
  readonly from: Fragment
  readonly conditions: readonly Fragment[]
  readonly order: readonly Fragment[]
}

/** What arguments that must agree are: a scalar if one is, else the items of a list. */
function typeOf(args: readonly Node[]): Type {
  const types = args.map((each) => each.type).filter(({ kind }) => kind !== 'null')
  const [first = { kind: 'text' }] = types
  return types.find(({ kind }) => kind !== 'list') ?? (first.kind === 'list' ? first.of : first)
}
/** [] is a list of whatever stands beside it. */
const isEmptyList = (node: Node): boolean => node.kind === 'list' && node.items.length === 0

const isCondition = ({ kind, type }: Node): boolean => type.kind === 'boolean' && ['call', 'and', 'or', 'not'].includes(kind)
/** The type of an untyped null as an argument: what the parameter takes, or what the other arguments are. */
function nullType({ takes }: Parameter, typed: Type): Type {
  if (takes === 'list of text') return { kind: 'list', of: { kind: 'text' } }
  if (takes === 'list of same') return { kind: 'list', of: typed as ValueType }
  if (typeof takes === 'string') return typed
  const [kind = 'text'] = takes
  if (kind === 'list') return { kind, of: holidays }
  return kind === 'number' ? { kind, whole: false } : kind === 'record' ? { kind, entities: [] } : ({ kind } as Type)
}
/** The one list of something else that a function takes which handles nulls. */
const holidays: ValueType = { kind: 'date' }

class Compiler {
  readonly #sql: Sql
  readonly #context: SqlContext
  readonly #names: AliasNames

  constructor(sql: Sql, context: SqlContext, names: AliasNames) {
    this.#sql = sql
    this.#context = context
    this.#names = names
  }

  node(node: Node, scope: Scope): Fragment {
    const sql = this.#sql
    const { tables } = this.#context
    switch (node.kind) {
      case 'constant':
        return this.#constant(node.type, node.value)
      case 'parameter':
        return this.#context.parameter(node.name, node.type)
      case 'field': {
        const { alias, wrap } = this.#reach(node.of, scope)
        const value = wrap(tables.column(node.entity, node.field, node.member, alias))
        // any((select …)) would be a condition on rows; any((select …)::text[]) is one on a list.
        return node.type.kind === 'list' ? sql`${value}::${sql.raw(sqlType(node.type))}` : value
      }
      case 'identity': {
        const { alias, wrap } = this.#reach(node.of, scope)
        const id = wrap(tables.id(alias))
        return node.type.kind === 'text' ? sql`(${id})::text` : id
      }
      case 'variable':
        return scope.bound.get(node.variable) as Fragment
      case 'call':
        return this.#call(node, scope)
      case 'and':
        return sql`(${this.#holds(node.left, scope)} and ${this.#holds(node.right, scope)})`
      case 'or':
        return sql`(${this.#holds(node.left, scope)} or ${this.#holds(node.right, scope)})`
      case 'not':
        return sql`(not ${this.#holds(node.operand, scope)})`
      case 'if': {
        const [then, otherwise] = [node.then, node.otherwise].map((branch) => this.#as(node.type, branch, scope))
        return sql`(case when ${this.#holds(node.condition, scope)} then ${then} else ${otherwise} end)`
      }
      case 'list':
        return this.#list(node, scope)
      case 'money':
        return sql`(select case when m.amount is not null then jsonb_build_object('amount', trim_scale(m.amount)::text, 'currency', m.currency) end
          from (select ${this.node(node.amount, scope)}::numeric as amount, ${this.node(node.currency, scope)} as currency offset 0) m)`
      case 'aggregate':
        return this.#aggregate(node, scope)
    }
  }

  #constant(type: Type, value: unknown): Fragment {
    const sql = this.#sql
    if (this.#context.constant) return this.#context.constant(type, value)
    if (value === null) return sql`null::${sql.raw(sqlType(type))}`
    // A parameter that is only ever a date or a text needs no more than its cast to be used by an index.
    const cast = sql`${bind(type, value)}::${sql.raw(type.kind === 'duration' && Number.isSafeInteger(fromCanonical(type, value)) ? 'bigint' : sqlType(type))}`
    return type.kind === 'text' ? sql`(${cast} collate "C")` : cast
  }

  /** As a condition. */
  #holds(node: Node, scope: Scope): Fragment {
    return this.#as({ kind: 'boolean' }, node, scope)
  }

  /** As an operand of this type: an untyped null gets it. */
  #as(type: Type, node: Node, scope: Scope): Fragment {
    return node.type.kind === 'null' ? this.#constant(type, null) : this.node(node, scope)
  }

  #list({ type, items }: Node & { kind: 'list' }, scope: Scope): Fragment {
    const sql = this.#sql
    const of: Type = type.kind === 'list' ? type.of : type
    const constants = items.flatMap((each) => (each.kind === 'constant' ? [each.value] : []))
    if (constants.length === items.length) return this.#constant(type, constants)
    return sql`array[${sql.join(items.map((each) => this.#as(of, each, scope)))}]::${sql.raw(sqlType(type))}`
  }

  #call({ type, overload, args }: Node & { kind: 'call' }, scope: Scope): Fragment {
    const { nulls, sql: make, parameters } = overloadOf(overload)
    if (nulls !== 'handles' && args.some((each) => each.type.kind === 'null')) return this.#constant(type, null)
    const parameterAt = (i: number): Parameter => parameters[i] ?? parameters.at(-1)!
    const literals = args.map((each, i) => (parameterAt(i).literal && each.kind === 'constant' ? String(each.value) : undefined))
    const typed = typeOf(args)
    return make(
      this.#sql,
      args.map((each, i) => {
        const wanted = nullType(parameterAt(i), typed)
        if (isCondition(each)) return this.#opaque(this.node(each, scope))
        return isEmptyList(each) ? this.#constant(wanted.kind === 'list' ? wanted : each.type, []) : this.#as(wanted, each, scope)
      }),
      { zone: this.#context.zone, literals },
    )
  }

  /**
   * A condition as an argument. PostgreSQL's planner takes `x = any(list)` below the top of a WHERE for null where x is, and makes inner joins
   * of the left ones that x comes from; but in an empty list nothing is, and that is false. It does not look into a case.
   */
  #opaque(condition: Fragment): Fragment {
    return this.#sql`(case ${condition} when true then true when false then false end)`
  }

  // ── Records ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #reach(node: RecordNode, scope: Scope): Row {
    const sql = this.#sql
    const { tables } = this.#context
    switch (node.kind) {
      case 'root':
        return this.#root(node)
      case 'element':
        return scope.bound.get(node.variable) as Row
      case 'hop': {
        const base = this.#reach(node.of, scope)
        const reference = tables.reference(node.of.entity, node.field, node.entity, base.alias)
        return this.#join(
          base,
          `${base.alias}.${node.field}.${node.entity}`,
          node.entity,
          (alias) =>
            sql`${tables.tenant(alias)} = ${tables.tenant(base.alias)} and ${tables.id(alias)} = ${reference} and ${tables.live(node.entity, alias, 'hop')}`,
        )
      }
      case 'document': {
        const base = this.#reach(node.of, scope)
        return this.#join(
          base,
          `${base.alias}^`,
          node.entity,
          (alias) => sql`${tables.tenant(alias)} = ${tables.tenant(base.alias)} and ${tables.id(alias)} = ${tables.parent(base.alias)}`,
        )
      }
      case 'first':
        return this.#first(node, scope)
    }
  }

  #root({ root, entity }: RecordNode & { kind: 'root' }): Row {
    const sql = this.#sql
    const found = this.#context.roots[root]
    if (found === undefined) throw new Error(`this context has no ${root}`)
    if (found.kind === 'row') return { alias: found.alias, frame: found.frame, wrap: (value) => value }
    const { tables, tenant } = this.#context
    return this.#detached(entity, (alias) => sql`${tables.tenant(alias)} = ${tenant} and ${found.where(alias)}`)
  }

  #join(base: Row, key: string, entity: string, on: (alias: string) => Fragment): Row {
    const { frame, wrap } = base
    if (frame === null) return this.#detached(entity, on)
    const sql = this.#sql
    const table = this.#context.tables.table(entity)
    return frame.row(key, (alias) => ({ row: { alias, frame, wrap }, join: sql`left join ${table} ${sql.id(alias)} on ${on(alias)}` }))
  }

  /** A record that no FROM can join to: read by a scalar sub-select. */
  #detached(entity: string, where: (alias: string) => Fragment): Row {
    const sql = this.#sql
    const alias = nextAlias(this.#names)
    const frame = new Frame(this.#names)
    const from = sql`${this.#context.tables.table(entity)} ${sql.id(alias)}`
    return { alias, frame, wrap: (value) => sql`(select ${value} from ${this.#from(from, frame)} where ${where(alias)})` }
  }

  #first(node: RecordNode & { kind: 'first' }, scope: Scope): Row {
    const sql = this.#sql
    const rows = (): Fragment => {
      const opened = this.#open(node.source, scope)
      return sql`(select ${sql.id(opened.alias)}.* ${this.#rest(opened)} ${this.#orderBy(opened)} limit 1)`
    }
    const { frame } = scope
    if (frame !== null) {
      return frame.row(keyOf(node), (alias) => ({
        row: { alias, frame, wrap: (value) => value },
        join: sql`left join lateral ${rows()} ${sql.id(alias)} on true`,
      }))
    }
    const alias = nextAlias(this.#names)
    const own = new Frame(this.#names)
    const from = sql`${rows()} ${sql.id(alias)}`
    return { alias, frame: own, wrap: (value) => sql`(select ${value} from ${this.#from(from, own)})` }
  }

  // ── Loops ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #open(source: Source, scope: Scope): Opened {
    const sql = this.#sql
    if (source.kind === 'filter') return this.#filtered(source, scope)
    const { tables, tenant } = this.#context
    const alias = nextAlias(this.#names)
    const frame = new Frame(this.#names)
    const inner: Scope = { frame, bound: scope.bound }
    if (source.kind === 'values') {
      const from = sql`unnest(${this.node(source.list, scope)}) with ordinality as ${sql.id(alias)}(value, n)`
      return { scope: inner, alias, element: sql`${sql.id(alias, 'value')}`, from, conditions: [], order: [sql`${sql.id(alias, 'n')}`] }
    }
    const element: Row = { alias, frame, wrap: (value) => value }
    const table = sql`${tables.table(source.entity)} ${sql.id(alias)}`
    const opened = { scope: inner, alias, element, from: table, order: [tables.id(alias)] }
    const live = tables.live(source.entity, alias, 'loop')
    if (source.kind === 'entity') return { ...opened, conditions: [sql`${tables.tenant(alias)} = ${tenant}`, live] }
    if (source.kind === 'named') {
      const named = nextAlias(this.#names)
      return {
        ...opened,
        from: sql`unnest(${this.node(source.ids, scope)}::uuid[]) with ordinality as ${sql.id(named)}(id, n) join ${table} on ${tables.tenant(alias)} = ${tenant} and ${tables.id(alias)} = ${sql.id(named, 'id')}`,
        conditions: [live],
        order: [sql`${sql.id(named, 'n')}`],
      }
    }
    const owner = this.#reach(source.of, scope)
    const isSameTenant = sql`${tables.tenant(alias)} = ${owner.wrap(tables.tenant(owner.alias))}`
    const id = owner.wrap(tables.id(owner.alias))
    if (source.kind === 'inverse')
      return { ...opened, conditions: [isSameTenant, tables.pointsAt(source.entity, source.field, alias, id), live] }
    if (source.kind === 'links') {
      const links = owner.wrap(tables.links(source.of.entity, source.field, owner.alias))
      const link = nextAlias(this.#names)
      return {
        ...opened,
        from: sql`unnest(${links}) with ordinality as ${sql.id(link)}(id, n) join ${table} on ${isSameTenant} and ${tables.id(alias)} = ${sql.id(link, 'id')}`,
        conditions: [live],
        order: [sql`${sql.id(link, 'n')}`],
      }
    }
    const conditions = [isSameTenant, sql`${tables.parent(alias)} = ${id}`]
    const self = source.running && this.#root({ kind: 'root', root: 'self', entity: source.entity })
    if (self) {
      const place = (at: string) => sql`(${tables.position(at)}, ${tables.id(at)})`
      conditions.push(sql`${place(alias)} <= (${self.wrap(tables.position(self.alias))}, ${self.wrap(tables.id(self.alias))})`)
    }
    return { ...opened, conditions, order: [tables.position(alias), tables.id(alias)] }
  }

  #filtered({ source, variable, where, order }: Source & { kind: 'filter' }, scope: Scope): Opened {
    const sql = this.#sql
    const opened = this.#bound(this.#open(source, scope), variable)
    const condition = this.#holds(where, opened.scope)
    const keys = order.map(({ key, descending }) => {
      const value = this.node(key, opened.scope)
      return sql`${key.type.kind === 'text' ? sql`${value} collate "C"` : value} ${sql.raw(descending ? 'desc' : 'asc')} nulls last`
    })
    return { ...opened, conditions: [...opened.conditions, condition], order: [...keys, ...opened.order] }
  }

  #bound(opened: Opened, variable: number): Opened {
    return { ...opened, scope: { ...opened.scope, bound: new Map(opened.scope.bound).set(variable, opened.element) } }
  }

  #aggregate({ type, operation, source, variable, body }: Node & { kind: 'aggregate' }, scope: Scope): Fragment {
    const sql = this.#sql
    const opened = this.#bound(this.#open(source, scope), variable)
    const value = body === null ? sql`true` : this.#as(operation === 'list' && type.kind === 'list' ? type.of : type, body, opened.scope)
    if (operation === 'exists') return sql`exists (select ${this.#rest(opened, value)})`
    if (operation === 'all') return sql`(not exists (select ${this.#rest(opened, sql`${value} is not true`)}))`
    if (operation === 'count') return sql`(select count(*) ${this.#rest(opened, ...(body === null ? [] : [value]))})`
    if (operation === 'list') return sql`array_remove(array(select ${value} ${this.#rest(opened)} ${this.#orderBy(opened)}), null)`
    // An aggregate over nothing but outer columns would belong to the outer statement: a column of an inner one never does.
    const rows = nextAlias(this.#names)
    const each = sql.id(rows, 'value')
    const from = sql`from (select ${value} as value ${this.#rest(opened)}) ${sql.id(rows)}`
    if (operation === 'sum') return sql`(select coalesce(sum(${each}), 0)::numeric ${from})`
    if (operation === 'avg') return sql`(select ${quotientSql(sql, sql`sum(${each})`, sql`count(${each})`)} ${from})`
    return sql`(select ${sql.raw(operation)}(${body?.type.kind === 'text' ? sql`${each} collate "C"` : each}) ${from})`
  }

  #from(table: Fragment, frame: Frame): Fragment {
    const sql = this.#sql
    return sql`${table} ${sql.join([...frame.joins], sql` `)}`
  }

  #rest({ scope, from, conditions }: Opened, ...more: readonly Fragment[]): Fragment {
    const sql = this.#sql
    const all = [...conditions, ...more]
    return sql`from ${this.#from(from, scope.frame!)}${all.length === 0 ? sql`` : sql` where ${sql.join(all, sql` and `)}`}`
  }

  #orderBy({ order }: Opened): Fragment {
    const sql = this.#sql
    return sql`order by ${sql.join([...order])}`
  }
}
