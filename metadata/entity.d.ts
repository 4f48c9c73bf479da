/* Generated from entity.schema.json by metadata/generate.ts. Change the schema and run `npm run generate`. */

/**
 * What people read: sentence case, singular for entities.
 */
export type Title = string
/**
 * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
 */
export type Name = string
/**
 * One option of a select. Its stored value is its id, by default this text; `x-bos.options` gives the title people read.
 */
export type Option = string
/**
 * The closed list of field types. compute, rollup, lookup and copy are not types: they say where a value of a type comes from.
 */
export type FieldType =
  | 'text'
  | 'longText'
  | 'markdown'
  | 'email'
  | 'phone'
  | 'url'
  | 'integer'
  | 'decimal'
  | 'money'
  | 'percent'
  | 'boolean'
  | 'date'
  | 'dateTime'
  | 'time'
  | 'duration'
  | 'select'
  | 'multiSelect'
  | 'list'
  | 'reference'
  | 'references'
  | 'lines'
  | 'file'
  | 'image'
  | 'json'
  | 'sequence'
  | 'address'
  | 'personName'
  | 'geo'
  | 'color'
  | 'rating'
  | 'barcode'
  | 'rank'
  | 'i18nText'
  | 'expression'
/**
 * Colour as a hue in degrees; 260 is gray.
 */
export type Hue = 25 | 50 | 80 | 150 | 190 | 245 | 260 | 275 | 305 | 350
/**
 * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
 */
export type Expression = string
/**
 * An entity, trait, role or view by its full name: `{module}.{name}`.
 */
export type EntityId = string
/**
 * true, false, or an expression that answers either.
 */
export type Condition = boolean | string
export type FieldPath = string
/**
 * Properties that do not exist for this role. Who has several roles sees a property in the rows where one of them shows it.
 */
export type FieldPaths = FieldPath[]
/**
 * Derived properties shown although something they derive from is hidden.
 */
export type FieldPaths1 = FieldPath[]
/**
 * Properties this role sees and cannot change.
 */
export type FieldPaths2 = FieldPath[]
/**
 * Properties offered to retrieval.
 */
export type FieldNames = Name[]

/**
 * One entity of a module: `entities/{name}.json`. A closed structural subset of JSON Schema 2020-12 plus one extension object `x-bos` per node; an unknown keyword is a fault. The file's name is the entity's name, `{module}.{name}` its id.
 */
export interface EntityFile {
  /**
   * Path of this meta-schema, for editors.
   */
  $schema?: string
  title: Title
  /**
   * What one record of this entity is, in a sentence.
   */
  description?: string
  type: 'object'
  /**
   * Names of properties that must have a value in every record.
   */
  required?: Name[]
  properties?: Properties
  'x-bos'?: EntitySettings
}
/**
 * The properties, in the order in which people see them.
 */
export interface Properties {
  [k: string]: Property
}
/**
 * One property. Its field type is `x-bos.type` or follows from the JSON Schema keywords: string → text; string with format date, date-time, time, duration, email or uri → date, dateTime, time, duration, email or url; integer; boolean; enum → select; array of enum → multiSelect; other arrays → list.
 */
export interface Property {
  title?: Title
  /**
   * Help for the person who fills the field.
   */
  description?: string
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array'
  /**
   * The options of a select, in their order.
   *
   * @minItems 1
   * @maxItems 1000
   */
  enum?: [Option, ...Option[]]
  /**
   * The literal a new record gets when none is given. Expressions stand in `x-bos.default`.
   */
  default?: string | number | boolean | unknown[] | {}
  format?: 'date' | 'date-time' | 'time' | 'duration' | 'email' | 'uri'
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  items?: Items
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  'x-bos'?: PropertySettings
}
/**
 * What a list or multiSelect consists of: one scalar.
 */
export interface Items {
  type?: 'string' | 'integer' | 'number' | 'boolean'
  /**
   * @minItems 1
   * @maxItems 1000
   */
  enum?: [Option, ...Option[]]
  format?: 'date' | 'date-time' | 'time' | 'duration' | 'email' | 'uri'
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  'x-bos'?: {
    type?: FieldType
    scale?: number
    precision?: number
  }
}
/**
 * What JSON Schema cannot say of a property. Storage (type, entity, scale …) and meaning (unit, pii, index …) only: presentation stands in views.
 */
export interface PropertySettings {
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  id?: string
  type?: FieldType
  /**
   * Describes options of `enum` (or `items.enum`) by name.
   */
  options?: {
    [k: string]: OptionSettings
  }
  /**
   * Unit of a number as people read it, e.g. kg.
   */
  unit?: string
  /**
   * Personal data: erasable, kept out of logs.
   */
  pii?: boolean
  /**
   * Often filtered or sorted by: the engine keeps an index for it.
   */
  index?: boolean
  /**
   * In a ledger: a number that what takes a row back has with the opposite sign.
   */
  measure?: boolean
  /**
   * May be given on create and never changed.
   */
  createOnly?: boolean
  /**
   * Left out when a record is duplicated.
   */
  noCopy?: boolean
  /**
   * Set by the engine alone.
   */
  readOnly?: boolean
  /**
   * A reference to core.member: a new record gets the acting member.
   */
  defaultsToActor?: boolean
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  treeOf?: string
  /**
   * reference, references: the target entity, or a closed list of targets (one column each, at most one set; traits and layers may append to a list, so it may be empty); `self` is the entity that this file describes. lines: the line entity. expression: the entity the formula is checked against.
   *
   * @maxItems 40
   */
  entity?: string | string[]
  /**
   * references: the junction entity, which refers to this entity and to the target and may have fields of its own.
   */
  through?: string
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  inverse?: string
  /**
   * What happens here when the target is deleted. Default: restrict for a required reference, in lines and in ledgers (which take nothing else), setNull otherwise.
   */
  onDelete?: 'restrict' | 'cascade' | 'setNull'
  /**
   * Limits which records may be chosen; enforced, not only offered.
   */
  where?: string
  /**
   * Digits after the point of a decimal, percent or money amount.
   */
  scale?: number
  /**
   * Digits in all. Up to 18, an indexed number gets a leakproof shadow.
   */
  precision?: number
  /**
   * money: absent = each value has its own; `EUR` = fixed; otherwise a path such as `self.company.currency`.
   */
  currency?: string
  /**
   * sequence: text with placeholders, e.g. `INV-{n:5}` or `INV-{year(self.date)}-{n:5}`.
   */
  pattern?: string
  /**
   * sequence: one counter per combination of these values.
   *
   * @minItems 1
   * @maxItems 4
   */
  scope?: [Expression, ...Expression[]]
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  assign?: string
  /**
   * sequence: says that no number may ever be skipped. None is: writers wait for each other, and what is refused takes no number.
   */
  gapless?: boolean
  /**
   * file, image: media types.
   *
   * @minItems 1
   */
  accept?: [string, ...string[]]
  /**
   * file, image: largest size.
   */
  maxBytes?: number
  /**
   * barcode: which kind. Default: any.
   */
  symbology?: 'any' | 'ean13' | 'ean8' | 'upca' | 'code128' | 'code39' | 'qr'
  /**
   * The closed list of field types. compute, rollup, lookup and copy are not types: they say where a value of a type comes from.
   */
  result?:
    | 'text'
    | 'longText'
    | 'markdown'
    | 'email'
    | 'phone'
    | 'url'
    | 'integer'
    | 'decimal'
    | 'money'
    | 'percent'
    | 'boolean'
    | 'date'
    | 'dateTime'
    | 'time'
    | 'duration'
    | 'select'
    | 'multiSelect'
    | 'list'
    | 'reference'
    | 'references'
    | 'lines'
    | 'file'
    | 'image'
    | 'json'
    | 'sequence'
    | 'address'
    | 'personName'
    | 'geo'
    | 'color'
    | 'rating'
    | 'barcode'
    | 'rank'
    | 'i18nText'
    | 'expression'
  lifecycle?: Lifecycle
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  compute?: string
  rollup?: Rollup
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  lookup?: string
  copy?: Copy
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  default?: string
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  visibleWhen?: string
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  requiredWhen?: string
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  readOnlyWhen?: string
}
export interface OptionSettings {
  /**
   * One option of a select. Its stored value is its id, by default this text; `x-bos.options` gives the title people read.
   */
  id?: string
  title?: Title
  hue?: Hue
}
/**
 * Makes a select a state machine: a change of the property is one of the transitions, or refused.
 */
export interface Lifecycle {
  states?: {
    [k: string]: State
  }
  transitions?: {
    [k: string]: Transition
  }
}
export interface State {
  /**
   * Nothing may change in this state.
   */
  frozen?: boolean
  /**
   * What may still change, e.g. `notes` or `lines.*.delivered`.
   */
  except?: string[]
  /**
   * Properties that must have a value in this state.
   */
  required?: Name[]
}
export interface Transition {
  id?: Name
  title?: Title
  /**
   * Default: every other state.
   *
   * @minItems 1
   */
  from?: [Option, ...Option[]]
  to: Option
  /**
   * @minItems 1
   */
  roles?: [EntityId, ...EntityId[]]
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  guard?: string
  /**
   * What is said when the guard is not true: problem and fix, in a sentence.
   */
  message?: string
  set?: Assignments
  /**
   * Writes in the same transaction, with the engine's authority, shown by explain.
   */
  effects?: Effect[]
  /**
   * amend: the transition makes a copy that succeeds the record, in the first state.
   */
  copy?: 'amend'
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  link?: string
}
/**
 * Property → expression that gives its value.
 */
export interface Assignments {
  [k: string]: Expression
}
/**
 * Exactly one kind of effect.
 */
export interface Effect {
  create?: EffectWrite
  update?: EffectWrite1
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  reverse?: string
  produce?: Produce
  allocate?: Allocate
}
/**
 * Creates records: postings, one row per day …
 */
export interface EffectWrite {
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  each?: string
  entity: EntityId
  key?: Assignments
  set?: Assignments
  when?: Expression
}
/**
 * Changes records found by key.
 */
export interface EffectWrite1 {
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  each?: string
  entity: EntityId
  key?: Assignments
  set?: Assignments
  when?: Expression
}
/**
 * An unsaved draft mapped from this record with remaining quantities: quote → order → delivery → invoice.
 */
export interface Produce {
  entity: EntityId
  set?: Assignments
  lines?: ProduceLines
}
export interface ProduceLines {
  each: Expression
  into: Name
  remaining?: Expression
  set?: Assignments
}
/**
 * Consumes ordered candidates: FIFO layers, payments to invoices, leave.
 */
export interface Allocate {
  each?: Expression
  amount: Expression
  from: Expression
  order?: Expression[]
  available?: Expression
  entity?: EntityId
  set?: Assignments
}
/**
 * A stored aggregate over lines or an inverse relation.
 */
export interface Rollup {
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  over: string
  measure: 'count' | 'sum' | 'avg' | 'min' | 'max'
  value?: Expression
  where?: Expression
}
/**
 * The value is taken along a reference when that reference changes.
 */
export interface Copy {
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  from: string
  /**
   * People may change the copy.
   */
  overridable?: boolean
}
export interface EntitySettings {
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  id?: string
  /**
   * record (default); line: part of a document, owned by one lines property; single: one per tenant (settings); ledger: append-only, written only by effects; query: read-only, from other entities.
   */
  kind?: 'record' | 'line' | 'single' | 'ledger' | 'query'
  /**
   * Traits to mix in, e.g. core.owned.
   */
  use?: EntityId[]
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  plural?: string
  /**
   * What people read: sentence case, singular for entities.
   */
  pluralTitle?: string
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  titleField?: string
  /**
   * Text properties (or paths through references) that search looks at.
   *
   * @maxItems 12
   */
  search?: string[]
  /**
   * @maxItems 12
   */
  unique?: UniqueKey[]
  rules?: Rule[]
  /**
   * Row scopes of this entity besides all and those of its traits. At most eight scopes per entity.
   *
   * @maxItems 8
   */
  scopes?: Scope[]
  /**
   * Role → what it may do. Deny by default; core.admin may do everything; lines follow their parent.
   */
  permissions?: {
    [k: string]: Permission
  }
  index?: EntityIndex
  meters?: Meter[]
  query?: Query
}
/**
 * No two live records of a tenant agree in these properties. Also the key for upserts and for finding records on import.
 */
export interface UniqueKey {
  id: Name
  /**
   * Properties. In a line `parent` is the document: unique within it, not over all documents.
   *
   * @minItems 1
   * @maxItems 8
   */
  fields: [Name, ...Name[]]
  ignoreCase?: boolean
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  when?: string
  /**
   * [from, to]: records that agree in `fields` must not overlap in this period; an empty end is open.
   *
   * @minItems 2
   * @maxItems 2
   */
  noOverlap?: [Name, Name]
}
export interface Rule {
  id: Name
  when?: Expression
  assert: Expression
  /**
   * Problem and fix, in a sentence.
   */
  message: string
  /**
   * The property that the message stands at.
   */
  at?: string
  /**
   * error (default) refuses; a warning is told, and the record is stored.
   */
  severity?: 'error' | 'warning'
  /**
   * Default: create and update. delete: judged on the record, or line, as it is stored when it goes.
   *
   * @minItems 1
   */
  on?: ['create' | 'update' | 'delete', ...('create' | 'update' | 'delete')[]]
}
/**
 * Rows that a role can be limited to. Exactly one of `member`, `company`, `shared` and `where` says which.
 */
export interface Scope {
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  id: string
  title: Title
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  member?: string
  /**
   * self (default): the acting member. team: with them everybody in their team, in the teams they lead and in the teams below those. subtree: with them everybody who reports to them, directly or through others.
   */
  of?: 'self' | 'team' | 'subtree'
  /**
   * Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  company?: string
  /**
   * The rows that somebody shared with the acting member or their team: to read, or to read and change.
   */
  shared?: true
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  where?: string
}
export interface Permission {
  /**
   * Which rows: all, or a scope that this entity declares or a trait brings, such as own, team, subtree, company or shared. Of several, the rows of each.
   *
   * @minItems 1
   * @maxItems 8
   */
  scope: string | [string, ...string[]]
  /**
   * Shorthand for list, get and history.
   */
  read?: boolean | string
  list?: Condition
  get?: Condition
  create?: Condition
  update?: Condition
  delete?: Condition
  restore?: Condition
  export?: Condition
  import?: Condition
  history?: Condition
  share?: Condition
  ai?: Condition
  /**
   * Transition → whether this role may run it.
   */
  transitions?: {
    [k: string]: Condition
  }
  hide?: FieldPaths
  show?: FieldPaths1
  readOnly?: FieldPaths2
  /**
   * Properties whose value is left out of records for which the expression does not hold; in that of a line's (`lines.cost`) `self` is the document.
   */
  mask?: {
    [k: string]: Mask
  }
}
export interface Mask {
  unless: Expression
}
export interface EntityIndex {
  ai?: FieldNames
}
export interface Meter {
  id: Name
  /**
   * Event type: created, updated, deleted, or a transition.
   */
  on: string
  when?: Expression
  /**
   * An expression in the one expression language (CEL's surface syntax; roots self, old, parent, user, tenant, settings, now, today, params).
   */
  amount?: string
}
/**
 * Kind query: where its rows come from.
 */
export interface Query {
  from: EntityId
  join?: Join[]
  where?: Expression
  group?: Expression[]
  select?: Assignments
  union?: Query[]
}
export interface Join {
  entity: EntityId
  as: Name
  on: Expression
  optional?: boolean
}
