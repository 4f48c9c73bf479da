import type { Sql } from 'kysely'
import type { Fragment } from './functions-operators.ts'
import type { Node, RecordNode, RecordRoot, Type } from './types.ts'

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
export interface AliasNames {
  next: number
  readonly prefix: string
}
export const nextAlias = (names: AliasNames): string => `${names.prefix}${names.next++}`

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
export interface Row {
  readonly alias: string
  readonly frame: Frame | null
  wrap(this: void, value: Fragment): Fragment
}

/** Where a node stands: the innermost FROM, and what the variables of loops are there. */
export interface Scope {
  readonly frame: Frame | null
  readonly bound: ReadonlyMap<number, Row | Fragment>
}

/** One statement in the making: what the parts of the compiler share, and ask of one another. */
export interface Compiling {
  readonly sql: Sql
  readonly context: SqlContext
  readonly names: AliasNames
  node(node: Node, scope: Scope): Fragment
  /** As an operand of this type: an untyped null gets it. */
  as(type: Type, node: Node, scope: Scope): Fragment
  /** As a condition. */
  holds(node: Node, scope: Scope): Fragment
  reach(node: RecordNode, scope: Scope): Row
}
