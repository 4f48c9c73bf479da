import type { RawBuilder, Sql } from 'kysely'
import type { ValueType } from '../fields/type.ts'

/**
 * The values between the stages of an expression: text → `Syntax` (parse) → `Expression` (check) → a JavaScript function, SQL, a set of
 * dependencies, an explanation. The typed tree is small on purpose: `check` lowers what has a simpler meaning (money becomes amount and
 * currency, `x == null` a test, methods calls), so that the backends have few kinds of nodes to agree on.
 */

/** Static types. Scalars are what field types say of themselves; records and rows come from the catalogue. `null` fits everywhere. */
export type Type =
  | ValueType
  | { readonly kind: 'null' }
  /** One record: `self`, what a reference leads to. Several entities: a reference with a list of targets. */
  | { readonly kind: 'record'; readonly entities: readonly string[] }
  /** Many records of one entity: lines, an inverse relation, links, or a whole entity. */
  | { readonly kind: 'rows'; readonly entity: string }

/** Where a piece of text stands: UTF-16 offsets, end exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}
export interface ExpressionFault extends Span {
  readonly detail: string
}

// ── Syntax: what was written ────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The parse tree. With names it is what somebody wrote; with ids (`Expression.canonical`) it is what is stored, and no rename touches it.
 * `name` of a member, an entity and an option literal are then ids; everything else is the same.
 */
export type Syntax = Span &
  (
    | { readonly kind: 'literal'; readonly type: 'null' }
    | { readonly kind: 'literal'; readonly type: 'boolean'; readonly value: boolean }
    /** `value` is canonical decimal text. */
    | { readonly kind: 'literal'; readonly type: 'number'; readonly value: string }
    /** `isOption`: in canonical form, the text is the id of an option. */
    | { readonly kind: 'literal'; readonly type: 'text'; readonly value: string; readonly isOption?: true }
    /** A root, a variable, or the module of `core.exchange_rate`. */
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'member'; readonly of: Syntax; readonly name: string; readonly nameSpan: Span }
    | { readonly kind: 'list'; readonly items: readonly Syntax[] }
    | { readonly kind: 'unary'; readonly operator: '!' | '-'; readonly operand: Syntax }
    | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Syntax; readonly right: Syntax }
    | { readonly kind: 'conditional'; readonly condition: Syntax; readonly then: Syntax; readonly otherwise: Syntax }
    /** `x.f(a)` is `f(x, a)` with `isMethod`. */
    | {
        readonly kind: 'call'
        readonly name: string
        readonly nameSpan: Span
        readonly args: readonly Syntax[]
        readonly isMethod: boolean
      }
  )
export type BinaryOperator = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | '+' | '-' | '*' | '/' | '%'

// ── What a checker must know of the catalogue ───────────────────────────────────────────────────────────────────────────────────────

/** The names an author may use: for modules, those of all that they depend on; for filters, those that the caller may see. */
export interface Names {
  shape(entity: string): Shape | undefined
  /** `core.exchange_rate` → its id. */
  entityNamed(fullName: string): string | undefined
  readonly entityNames: Iterable<string>
}
export interface Shape {
  readonly entity: string
  readonly title: string
  /** By name and, for canonical trees, by id. */
  byName(name: string): Member | undefined
  byId(id: string): Member | undefined
  /** For suggestions and completion. */
  readonly members: readonly Member[]
  /** Names of fields that hold formulas: what is there, and cannot be read. */
  readonly formulas?: ReadonlySet<string>
  /** Of a line: the entity of its document, called `parent`. */
  readonly document: string | null
  /** Sets of field ids by which few rows are found: unique keys, and single indexed fields. */
  readonly keys: readonly (readonly string[])[]
  /** Of these sets those that no two records share. */
  readonly uniqueKeys?: readonly (readonly string[])[]
  /** A tree: id of the text field that holds the path. */
  readonly treePath: string | null
}
export type Member = { readonly name: string; readonly id: string; readonly title: string } & (
  | { readonly kind: 'value'; readonly type: ValueType }
  | { readonly kind: 'reference'; readonly entities: readonly string[] }
  /** lines: parts of the record. links: a list of references. inverse: records that refer to it by `field` (id, on `entity`). */
  | { readonly kind: 'rows'; readonly via: 'lines' | 'links'; readonly entity: string; readonly through?: Between }
  | { readonly kind: 'rows'; readonly via: 'inverse'; readonly entity: string; readonly field: string }
)

/** Records of their own by which a list is kept: of which entity, and the references that lead from them to the near end and to the far one. */
export interface Between {
  readonly entity: string
  readonly from: string
  readonly to: string
}

// ── The typed tree: what it means ───────────────────────────────────────────────────────────────────────────────────────────────────

/** What `check` makes of a text it has nothing against. Frozen, plain data. */
export interface Expression {
  readonly type: Type
  readonly root: Node
  /** The text with ids for names, to be stored. */
  readonly canonical: Syntax
  readonly dependencies: Dependencies
}

export type Node =
  /** `value` is canonical, as fields hold it: plain JSON, a number with a fraction or beyond ±(2^53−1) as decimal text. A record: its id. */
  | { readonly kind: 'constant'; readonly type: Type; readonly value: unknown }
  /** A value of the surroundings: `now`, `today`, `user.roles`, `tenant.name`, `params.from` … */
  | { readonly kind: 'parameter'; readonly type: Type; readonly name: string }
  /** A stored value of a record; `member` of a composite (`amount`, `city`). A reference reads as the id of its record. */
  | {
      readonly kind: 'field'
      readonly type: Type
      readonly of: RecordNode
      readonly entity: string
      readonly field: string
      readonly member: string | null
    }
  /** The id of a record. Null when there is none. */
  | { readonly kind: 'identity'; readonly type: Type; readonly of: RecordNode }
  /** A scalar variable of a loop over a list of values. */
  | { readonly kind: 'variable'; readonly type: Type; readonly variable: number }
  /** `overload` names one row of the table of functions; operators stand there too. */
  | { readonly kind: 'call'; readonly type: Type; readonly overload: string; readonly args: readonly Node[] }
  | { readonly kind: 'and' | 'or'; readonly type: Type; readonly left: Node; readonly right: Node }
  | { readonly kind: 'not'; readonly type: Type; readonly operand: Node }
  | { readonly kind: 'if'; readonly type: Type; readonly condition: Node; readonly then: Node; readonly otherwise: Node }
  | { readonly kind: 'list'; readonly type: Type; readonly items: readonly Node[] }
  /** Null when the amount is. Only ever the whole expression or a branch of it: everything else works on amounts. */
  | { readonly kind: 'money'; readonly type: Type; readonly amount: Node; readonly currency: Node }
  /** `body` is evaluated for every element, bound to `variable`. */
  | {
      readonly kind: 'aggregate'
      readonly type: Type
      readonly operation: Aggregate
      readonly source: Source
      readonly variable: number
      readonly body: Node
    }

/**
 * exists: some element for which body is true. all: no element for which it is not true. count: for how many it is true. sum: 0 over nothing, nulls
 * skipped; min, max, avg: null over nothing, nulls skipped; avg rounded as `/` is. list: the values in the order of the source, nulls skipped.
 */
export type Aggregate = 'exists' | 'all' | 'count' | 'sum' | 'min' | 'max' | 'avg' | 'list'

/** `target`: the record that may be chosen, in the `where` of a reference; the catalogue puts the reference of `self` in its place. */
export type RecordRoot = 'self' | 'old' | 'user' | 'settings' | 'target'
/** Something with fields. Null (no such record, none the reader sees) makes every field of it null. */
export type RecordNode =
  | { readonly kind: 'root'; readonly root: RecordRoot; readonly entity: string }
  | { readonly kind: 'element'; readonly variable: number; readonly entity: string }
  /** Along a reference to one entity. */
  | { readonly kind: 'hop'; readonly of: RecordNode; readonly field: string; readonly entity: string }
  /** From a line to its document. */
  | { readonly kind: 'document'; readonly of: RecordNode; readonly entity: string }
  | { readonly kind: 'first'; readonly source: Source; readonly entity: string }

/** What a loop goes over: live records (deleted ones count nowhere), or the values of a list. */
export type Source =
  /** In the order of their position, then id. `running`: only up to the line `self` is. */
  | { readonly kind: 'lines'; readonly of: RecordNode; readonly field: string; readonly entity: string; readonly running?: true }
  /** The records a list of references names; in the order of the list. */
  | { readonly kind: 'links'; readonly of: RecordNode; readonly field: string; readonly entity: string; readonly through?: Between }
  /** Records whose reference `field` is the record; in the order of their ids. */
  | { readonly kind: 'inverse'; readonly of: RecordNode; readonly field: string; readonly entity: string }
  /** All records of an entity, in the order of their ids. What authors write finds them by a condition that names a key. */
  | { readonly kind: 'entity'; readonly entity: string }
  | { readonly kind: 'values'; readonly list: Node }
  /** The records that these ids name, in their order. No author writes it: `split` does. */
  | { readonly kind: 'named'; readonly entity: string; readonly ids: Node }
  /** The records of which the reference, or list of references, `field` names this id; in the order of their ids. No author writes it either. */
  | { readonly kind: 'naming'; readonly entity: string; readonly field: string; readonly id: Node }
  /** Elements for which `where` is true, ordered by `order` (nulls last) and then as the source is. */
  | {
      readonly kind: 'filter'
      readonly source: Source
      readonly variable: number
      readonly where: Node
      readonly order: readonly { readonly key: Node; readonly descending: boolean }[]
    }

// ── Dependencies ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What an expression reads, as trees from its roots: what must be at hand to evaluate it, and what makes its value change. */
export interface Dependencies {
  /** A root that is not read is absent. */
  readonly roots: ReadonlyMap<RecordRoot, Needs>
  /** Whole entities that are searched (`first`, `filter`), with what is read of them. */
  readonly searched: ReadonlyMap<string, Needs>
  /** Names of parameters: `now`, `user.roles` … */
  readonly parameters: ReadonlySet<string>
}
/**
 * What is read of a record, and of those it leads to. Keys are field ids, of an inverse relation `{entity}/{field}` (as in `Member.id`).
 * A reference that is only followed stands in `hops` alone; one whose id is read, in `values`.
 */
export interface Needs {
  readonly entity: string
  readonly values: ReadonlySet<string>
  readonly hops: ReadonlyMap<string, Needs>
  readonly document: Needs | null
  readonly lines: ReadonlyMap<string, Needs>
  readonly links: ReadonlyMap<string, Needs>
  readonly inverse: ReadonlyMap<string, Needs>
}

// ── Functions ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A function as authors know it; operators too, by their sign (`+`, unary `-` as `neg`). The table feeds checker, backends, generator and manual. */
export interface FunctionDefinition {
  readonly name: string
  readonly group: 'logic' | 'comparison' | 'number' | 'text' | 'date and time' | 'list'
  /** What it answers, in a sentence. */
  readonly doc: string
  readonly examples: readonly { readonly expression: string; readonly result: string }[]
  /** The first that fits is taken. */
  readonly overloads: readonly Overload[]
}
export interface Overload {
  /** Unique over all functions, e.g. `add.number`: what typed trees store. */
  readonly id: string
  readonly parameters: readonly Parameter[]
  /** The static type of the answer. */
  result(this: void, args: readonly Type[]): Type
  /**
   * strict (default): null when any argument is null, and `evaluate` sees none. handles: it gets nulls as they are (coalesce, isEmpty).
   * Values are as `Value` says.
   */
  readonly nulls?: 'strict' | 'handles'
  /** How large the answer can be; without it a text or list is no larger than the arguments together. */
  extent?(this: void, args: readonly Extent[]): Extent
  /** What a call takes, where that is more than one step. */
  readonly steps?: number
  evaluate(this: void, environment: Clock, ...args: readonly never[]): Value
  /** As `evaluate`, to the last digit and code point. Arguments have the SQL type of their static type (`sqlTypes`). */
  sql(this: void, sql: Sql, args: readonly RawBuilder<unknown>[], surroundings: SqlSurroundings): RawBuilder<unknown>
}
/** The most that a value holds, as far as its expression says. A single value is one item. */
export interface Extent {
  readonly items: number
  /** Of a text, or of all texts of a list together. */
  readonly characters: number
  /** Of what is written out. */
  readonly value?: unknown
}
export type ListType = ValueType & { kind: 'list' }
export interface Parameter {
  readonly name: string
  /**
   * Kinds of value it takes. `same`: any scalar (a record counts), but one type with the other `same` arguments (numbers whole or not count
   * as one). `any`: whatever has a value, also json, lists, records. A type of list: literals in the list are read as what it is of.
   */
  readonly takes: readonly (ValueType['kind'] | 'record')[] | ListType | 'same' | 'list of same' | 'any'
  readonly optional?: true
  /** The last parameter may be repeated. */
  readonly repeated?: true
  /** The argument must be a literal: it chooses what is compiled (a unit, a pattern). Answers why a text is none, or null. */
  readonly literal?: (this: void, value: string) => string | null
}

/** The zone in which moments have a date, and the moment of evaluation. */
export interface Clock {
  /** IANA name. */
  readonly zone: string
}
export interface SqlSurroundings {
  /** SQL of the zone's name (text). */
  readonly zone: RawBuilder<unknown>
  /** The arguments where the parameter must be a literal, by position: what they choose is chosen while compiling. */
  readonly literals: readonly (string | undefined)[]
}

/**
 * A value at run time in JavaScript. number: a JS number when whole and within ±(2^53−1), else Decimal: one form for each value, so
 * that `===` compares the common case. duration: seconds, as number. date, dateTime, time: canonical text, which compares as text. record: its id.
 * list: an array. money and composites: their canonical object. `null`: no value; never undefined.
 */
export type Value = unknown
