import type { RawBuilder, Sql } from 'kysely'
import type { Report } from '../problems.ts'

export type JsonSchema = { readonly [keyword: string]: unknown }
export type SchemaMode = 'read' | 'create' | 'patch'

/** A property node of an entity file, after the meta-schema has accepted it. */
export interface PropertyNode {
  readonly [keyword: string]: unknown
  readonly 'x-bos'?: { readonly type?: string; readonly [setting: string]: unknown }
}

/** One physical column. `type`, `generated` are SQL text made by us, never by a module. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly collation?: 'C'
  /** SQL expression of a stored generated column (a leakproof shadow). */
  readonly generated?: string
}

/** How SQL reaches a field's columns: `at()` is the first column, `at('__currency')` the one with that suffix. */
export type ColumnRef = (suffix?: string) => RawBuilder<unknown>

/** One filter operator of a field type: `amount.gte=5`. No method here uses `this`. */
export interface Operator {
  /** Reads the text of a query parameter into SQL parameters, in order; reports at pointer '' what it cannot read. */
  parse(this: void, text: string, settings: never, report: Report): readonly unknown[]
  /** The condition. `params` are placeholders for what `parse` returned; their number may not depend on the values. */
  where(this: void, sql: Sql, at: ColumnRef, params: readonly RawBuilder<unknown>[], settings: never): RawBuilder<unknown>
}

export type OperatorName = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'contains' | 'startsWith' | 'null'
export type Measure = 'sum' | 'avg' | 'min' | 'max'
export type Bucket = 'day' | 'week' | 'month' | 'quarter' | 'year'

/** What the catalogue knows of a field beyond its node. */
export interface FieldUse {
  /** The field is marked `index` (or a view sorts by it): leakproof shadows exist. */
  readonly indexed?: boolean
  /** The field stands in the entity's `search` list: the folded column `${name}__f` exists. */
  readonly folded?: boolean
}

/** `PO-{n:5}`: PO-00001, PO-00002 … PO-100000. Prefix and suffix may have expressions in braces: `INV-{year(self.date)}-`. */
export interface SequenceSettings {
  readonly prefix: string
  readonly digits: number
  readonly suffix: string
  /** Texts of expressions: each combination of their values is counted by itself. */
  readonly scope: readonly string[]
  /** Name of the transition at which the number is taken; null: on create. */
  readonly assign: string | null
}

/** What kind of value a field has in expressions. Field types say it of themselves; text that is the id of an option knows its options. */
export type ValueType =
  | { readonly kind: 'boolean' }
  /** Exact. `whole`: integers within ±(2^53 − 1), bigint in PostgreSQL; else numeric. */
  | { readonly kind: 'number'; readonly whole: boolean }
  | { readonly kind: 'text'; readonly options?: readonly { readonly id: string; readonly name: string }[] }
  | { readonly kind: 'date' }
  | { readonly kind: 'dateTime' }
  | { readonly kind: 'time' }
  /** Seconds. */
  | { readonly kind: 'duration' }
  | { readonly kind: 'money'; readonly currency: Currency }
  | { readonly kind: 'list'; readonly of: ValueType }
  /** Named texts: address, personName. */
  | { readonly kind: 'composite'; readonly members: readonly string[] }
  | { readonly kind: 'json' }
/** Of money, as far as it is known before any record is read: own (each value has its own), an ISO 4217 code, or the path that gives it. */
export type Currency =
  { readonly kind: 'own' } | { readonly kind: 'code'; readonly code: string } | { readonly kind: 'path'; readonly path: string }

/** A part of a composite value that filters, sorts and groups as a field of its own: `address.city=Berlin`. */
export interface Member {
  /** Id of its field type. */
  readonly type: string
  readonly settings: unknown
  /** The member's columns are the field's with this suffix: give its type `(more = '') => at(suffix + more)`. */
  readonly suffix: string
}

/**
 * What the engine knows of one field type. A type never sees a tenant or an actor. Canonical values are plain JSON:
 * exact numbers are strings, dates ISO 8601, references ids. `null` (no value) never reaches a type: the pipeline handles it.
 * Nothing here imports Node, pg or kysely at run time: the renderer uses the same files.
 */
export interface FieldType<Settings = unknown> {
  readonly id: string
  /** Compiles the authoring node into frozen settings; reports faults with pointers relative to the property node. */
  compile(this: void, node: PropertyNode, report: Report, use?: FieldUse): Settings
  /** Physical columns; the first carries the value, further ones are named `${name}__suffix`. Empty: nothing is stored in the row. */
  columns(this: void, name: string, settings: Settings): readonly Column[]
  /** Plain JSON Schema 2020-12 of the canonical value (without null). */
  schema(this: void, settings: Settings, mode: SchemaMode): JsonSchema
  /**
   * Input → canonical value, or reports (pointers relative to the value) and returns undefined.
   * A composite without any part left ({} after a merge) answers null: the field has no value.
   */
  parse(this: void, input: unknown, settings: Settings, report: Report): unknown
  /**
   * Canonical value → column values in the order of `columns` without generated ones; default: [value].
   * They are what `pg` binds: JS arrays for array columns, JSON text for jsonb, strings for numeric. Null is null in every column.
   */
  store?(this: void, value: unknown, settings: Settings): readonly unknown[]
  /** SQL whose JSON form is the canonical value (NULL when there is none); default: the first column. */
  render?(this: void, sql: Sql, at: ColumnRef, settings: Settings): RawBuilder<unknown>
  readonly operators: { readonly [name in OperatorName]?: Operator }
  /** Order keys (most significant first, later ones null only where the first is); absent: the field cannot be sorted by. `keyType` casts cursor values back. */
  sort?(this: void, sql: Sql, at: ColumnRef, settings: Settings): readonly { readonly key: RawBuilder<unknown>; readonly keyType: string }[]
  /** Index keys (SQL text) that serve `sort` and the range operators of a field marked `index`, after tenant_id. */
  index?(this: void, name: string, settings: Settings): readonly string[]
  /** What /aggregate may group by: the canonical value itself, or date buckets too. */
  readonly group?: 'value' | 'buckets'
  readonly measures?: readonly Measure[]
  /** With group 'buckets': the start of the bucket as a `date`. `zone`: an IANA time zone or a placeholder; only dateTime reads it. */
  bucket?(this: void, sql: Sql, at: ColumnRef, bucket: Bucket, zone: RawBuilder<unknown> | string): RawBuilder<unknown>
  /** SQL the measures are computed on (numeric for exact numbers); default: the first column. */
  measured?(this: void, sql: Sql, at: ColumnRef, settings: Settings): RawBuilder<unknown>
  /** Money: SQL of the currency that sums are kept apart by. */
  currency?(this: void, sql: Sql, at: ColumnRef, settings: Settings): RawBuilder<unknown>
  /** SQL whose JSON form is a measure's answer, from the aggregate over `measured`; default: the aggregate (`measured`: as text). */
  showMeasure?(this: void, sql: Sql, measure: Measure, aggregate: RawBuilder<unknown>, settings: Settings): RawBuilder<unknown>
  /** The settings for a caller who may know only some entities: what they cannot name is neither taken from them nor named to them. */
  narrow?(this: void, settings: Settings, knows: (entity: string) => boolean): Settings
  /** The settings for a caller who may not know what the field's expressions read: without their texts. */
  conceal?(this: void, settings: Settings): Settings
  /** What its values are in expressions; absent: references and lines, which lead to records, and formulas, which none reads. */
  valueType?(this: void, settings: Settings): ValueType
  /**
   * Its values are formulas that people write about records of this entity (null: one that the caller may not know of): text outside, and a
   * `StoredFormula` inside. Reading and showing one takes what a caller may name, so the pipeline does it: records/formulas.ts.
   */
  formula?(this: void, settings: Settings): { readonly entity: string | null; readonly result: ValueType }
  /** Whether two canonical values say the same; default: whether they are alike. */
  equal?(this: void, a: unknown, b: unknown): boolean
  /** The nearest value that the field can keep: half away from zero, as PostgreSQL rounds. For what is worked out; what people enter is never rounded. */
  rounded?(this: void, value: unknown, settings: Settings): unknown
  /** Parts of a composite value, by name. */
  members?(this: void, settings: Settings): ReadonlyMap<string, Member>
  /** Canonical values that a required field does not take: white space only, an empty list. */
  blank?(this: void, value: unknown): boolean
  /** As part of a unique key: the most bytes that a value takes in an index; `folded`: it is compared without case. Absent or null: no part. */
  keyBytes?(this: void, settings: Settings, folded: boolean): number | null
  /** True: two fields of the type can bound a period. */
  readonly period?: boolean
  /** What the value refers to: a record, records, or the parts of its own document. */
  readonly relation?: 'one' | 'many' | 'lines'
  /** The engine gives the value on create: how its numbers are written. */
  numbering?(this: void, settings: Settings): SequenceSettings
  /** True: where an entity names no title, the first field of such a type is it. */
  readonly titles?: boolean
  /** Immutable SQL text (over column names) whose words `search=` finds, NULL-safe or not; absent: the type is not searchable. */
  searched?(this: void, name: string, settings: Settings): string
  /** True: in the search list the type brings a folded column `${name}__f`. */
  readonly foldable?: boolean
  /** SQL of the value as display text (record titles, group titles); default: the first column cast to text. */
  text?(this: void, sql: Sql, at: ColumnRef, settings: Settings): RawBuilder<unknown>
  /** Options have names in files and ids everywhere else: turns names in a literal `default` into ids. */
  fromName?(this: void, literal: unknown, settings: Settings): unknown
  /** CSV: one cell's text ↔ canonical value. Defaults: `parse(text)` and the value (or its JSON when it is not scalar). */
  fromText?(this: void, text: string, settings: Settings, report: Report): unknown
  toText?(this: void, value: unknown, settings: Settings): string
}

/** A JSON number whose digits a double cannot hold; `source` is its text as it stood in the body. */
export class ExactNumber {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}
