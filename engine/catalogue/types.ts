import type { Permission as PermissionNode } from '../../metadata/entity.d.ts'
import type { Expression } from '../expressions/types.ts'
import type { Column, JsonSchema, SequenceSettings, ValueType } from '../fields/type.ts'
import type { Fault } from '../problems.ts'

/** Actions a role may be granted on an entity. `read` in a file is shorthand for list + get + history. */
export const actions = ['list', 'get', 'create', 'update', 'delete', 'restore', 'export', 'import', 'history', 'share', 'ai'] as const
export type Action = (typeof actions)[number]

/** The one role that has every action on every entity of the enabled modules, without any file saying so. */
export const administrator = 'core.admin'

/**
 * Rows that a role can be limited to. The row policies hold one branch per scope, so there are at most eight.
 */
export interface RowScope {
  /** What permissions name: `all`, or what the entity or a trait declares. */
  readonly id: string
  readonly title: string
  readonly predicate: ScopePredicate
}
/** among: the rows whose `field` (an id; null: the record's own) is one of the ids that belong to the actor. where: those of which this holds, over the row and who asks. parent: a line whose document is visible. */
export type ScopePredicate =
  | { readonly kind: 'all' }
  | { readonly kind: 'among'; readonly field: string | null; readonly set: ActorSet }
  | { readonly kind: 'where'; readonly expression: Expression }
  | { readonly kind: 'parent' }
/**
 * Ids that belong to whoever acts: the member; people of their teams, or below them, always with themselves; the company that employs them;
 * records that were shared with them, to read or to read and change.
 */
const actorSets = ['self', 'team', 'subtree', 'company', 'shared', 'sharedToUpdate'] as const
export type ActorSet = (typeof actorSets)[number]

/** ledger: append-only, written by effects alone. Reserved besides: query (read-only, from other entities); `check` refuses it. */
export type Kind = 'record' | 'line' | 'single' | 'ledger'
type Layer = 'core' | 'module' | 'tenant'

/** Everything one set of enabled modules means. Frozen; swapped whole; shared by every tenant with the same set. */
export interface Catalogue {
  /** SHA-256 over the module hashes: equal hashes share one catalogue. */
  readonly hash: string
  readonly modules: ReadonlyMap<string, Module>
  /** By id, e.g. `crm.deal`. Includes line entities and the link tables of `references` (kind line, `link: true`). */
  readonly entities: ReadonlyMap<string, Entity>
  /** By address, e.g. `crm/deals`. */
  readonly routes: ReadonlyMap<string, Entity>
  readonly roles: ReadonlyMap<string, Role>
  /** What changes elsewhere when a field changes: `entity/field`, or `entity/` for records that come and go. */
  readonly dependants: ReadonlyMap<string, readonly Dependant[]>
  /** What a tenant says of roles in place of its modules, by entity and role; absent: nothing. It is part of `hash`. */
  readonly own?: { readonly permissions: ReadonlyMap<string, ReadonlyMap<string, OwnPermission>> }
}

/** A permission that a tenant gave a role, as it is in force. */
export interface OwnPermission {
  /** As in an entity's file, in the names of today. */
  readonly document: PermissionNode
  /** What of it cannot be as it was said, since modules have changed: it denies. Pointers are into the document. */
  readonly faults: readonly Fault[]
}

export interface Module {
  readonly id: string
  readonly version: string
  readonly hash: string
  readonly title: string
  readonly icon: string
  readonly depends: readonly string[]
  readonly roles: readonly Role[]
  /** The role that existing members get when a tenant enables the module; null: none. */
  readonly defaultRole: string | null
  readonly menu: readonly MenuItem[]
}
export interface Role {
  readonly id: string
  readonly title: string
  readonly module: string
  /** Who has it may look at everything as another person of the tenant does. */
  readonly viewAs?: true
}
interface MenuItem {
  readonly entity: string
  readonly title: string
  readonly view: string | null
}

export interface Entity {
  readonly id: string
  readonly module: string
  readonly name: string
  readonly kind: Kind
  /** Route segment and OpenAPI name, e.g. `deals`. */
  readonly plural: string
  readonly title: string
  readonly pluralTitle: string
  readonly description: string
  readonly layer: Layer
  readonly table: { readonly schema: string; readonly name: string }
  /** Own properties in file order, then those of traits. */
  readonly fields: readonly Field[]
  readonly fieldByName: ReadonlyMap<string, Field>
  readonly fieldById: ReadonlyMap<string, Field>
  readonly titleField: Field | null
  /** Fields whose text is searched; empty: `search=` is refused. */
  readonly search: readonly Field[]
  readonly unique: readonly UniqueKey[]
  readonly permissions: ReadonlyMap<string, Permission>
  readonly rules: readonly Rule[]
  readonly lifecycles: readonly Lifecycle[]
  /** Of a document with its lines; empty for lines. */
  readonly derivations: readonly DerivationStep[]
  /** A self reference, and the text (`treeOf`) in which the engine keeps the ids from the root down. Null: no tree. */
  readonly tree: { readonly parent: Field; readonly path: Field } | null
  /** Widest first. A line has one, its document's. */
  readonly scopes: readonly RowScope[]
  /** Kind line: where it hangs. */
  readonly parent: { readonly entity: string; readonly field: string } | null
  /** True for the implicit table behind a `references` field: no route, rendered as a list of ids. */
  readonly link: boolean
  /** Named relations from other entities' references, e.g. company.deals. */
  readonly inverses: ReadonlyMap<string, Inverse>
  /** Every reference that points here (named or not), for onDelete. */
  readonly referencedBy: readonly Inverse[]
  readonly traits: readonly string[]
  readonly display: Display
  readonly views: readonly View[]
  readonly schemas: { readonly read: JsonSchema; readonly create: JsonSchema; readonly patch: JsonSchema }
}

export interface Field {
  readonly id: string
  readonly name: string
  readonly title: string
  readonly help: string
  /** Id of the field type; `fieldTypes` in engine/fields/index.ts resolves it. */
  readonly type: string
  /** What the type compiled from the node. Only the type itself looks inside. */
  readonly settings: unknown
  readonly columns: readonly Column[]
  readonly required: boolean
  /** Set by the engine alone (sequence, tree path): input is accepted only if equal. */
  readonly readOnly: boolean
  readonly createOnly: boolean
  readonly noCopy: boolean
  /** Literal default, canonical; undefined: none. The acting member as a default is `defaultsToActor`. */
  readonly default: unknown
  /** The acting member is the default on create (trait owned). */
  readonly defaultsToActor: boolean
  readonly index: boolean
  readonly pii: boolean
  /** Of a ledger: its opposite stands in what takes a row back. */
  readonly measure?: true
  /** Of a number, as people read it: kg. */
  readonly unit?: string
  readonly layer: Layer
  readonly reference: Reference | null
  readonly lines: Lines | null
  /** The engine gives the value, in this form; see also `FieldLogic.numbering`. */
  readonly sequence: SequenceSettings | null
  /** Null: no expression says anything of it. */
  readonly logic: FieldLogic | null
}

/** What expressions say of a field. In all of them `self` is the record or line that has it. */
export interface FieldLogic {
  readonly derivation: Derivation | null
  /** Gives the value on create when none is given. */
  readonly default: Expression | null
  /** Presentation, and what is not visible is not required. */
  readonly visibleWhen: Expression | null
  readonly requiredWhen: Expression | null
  /** Judged on the record as it is stored: what is true of it then keeps the value as it is. A new record takes any. */
  readonly readOnlyWhen: Expression | null
  /** A reference: which records may be chosen (`target`). */
  readonly where: Expression | null
  /** Money: gives the currency of whatever amount there is. Null: the field fixes it, or whoever gives the amount. */
  readonly currency: Expression | null
  /** A sequence that is more than a count of all records; null: it is that, or none. */
  readonly numbering: Numbering | null
}

/** How a number is made of the record. */
export interface Numbering {
  /** Before and behind the count. */
  readonly prefix: readonly (string | Expression)[]
  readonly suffix: readonly (string | Expression)[]
  /** One counter for each combination of their values. */
  readonly scope: readonly Expression[]
  /** Id of the transition at which a record without a number gets one; null: on create. */
  readonly at: string | null
}
export const numberingExpressions = ({ prefix, suffix, scope }: Numbering): readonly Expression[] =>
  [...prefix, ...suffix, ...scope].filter((each) => typeof each !== 'string')

/** A value that the engine makes. */
export interface Derivation {
  readonly kind: 'compute' | 'rollup' | 'lookup' | 'copy'
  readonly expression: Expression
  /** In the row, kept true by the engine. Otherwise worked out whenever it is read: lookups, and what depends on the time or on who asks. */
  readonly stored: boolean
  /** Of a copy: people may change it; it is taken anew when the reference changes. */
  readonly overridable: boolean
}

/** One step of working out the derived values of a document; steps come in an order in which none needs a later one. */
export interface DerivationStep {
  /** The document's entity, or one of its lines'. */
  readonly entity: string
  readonly field: string
}

/** A stored value of a document that hangs on records outside of it, and the way from its row to theirs. */
export interface Dependant {
  readonly entity: string
  readonly field: string
  readonly path: readonly PathStep[]
}
/** One step between records: along a reference, to a line's document, to lines, to what a list of references names, or to what refers back by `field`. */
export type PathStep =
  | { readonly kind: 'hop' | 'lines' | 'links' | 'inverse'; readonly field: string; readonly entity: string }
  | { readonly kind: 'document'; readonly entity: string }

/** A select that is a state machine: a change of it is one of the transitions, or refused. */
export interface Lifecycle {
  /** Id of the select. States are ids of its options. */
  readonly field: string
  /** The state of a new record. */
  readonly initial: string
  readonly states: ReadonlyMap<string, State>
  readonly transitions: readonly Transition[]
}
export interface State {
  /** Nothing may change but `except`: paths of ids, `*` for any line (`lines.*.delivered`). */
  readonly frozen: boolean
  readonly except: readonly string[]
  /** Ids of fields that must have a value. */
  readonly required: readonly string[]
}
export interface Transition {
  readonly id: string
  /** Its address: POST /{id}/{name}. */
  readonly name: string
  readonly title: string
  /** Null: every other state. */
  readonly from: readonly string[] | null
  readonly to: string
  /** Null: whoever may update, unless permissions say otherwise. */
  readonly roles: readonly string[] | null
  readonly guard: Expression | null
  /** What is said when the guard does not hold. */
  readonly message: string | null
  /** Values given to the record, in this order. */
  readonly set: readonly Assignment[]
  /** What it does to other records, in this order, with the engine's authority. */
  readonly effects: readonly Effect[]
  /** Id of the reference by which a copy names what it amends; null: no copy is made. */
  readonly amends: string | null
}

/** What an effect is repeated for: lines of the record (`ids` gives which), or values (`params.each`). */
export type Each =
  | { readonly kind: 'lines'; readonly entity: string; readonly ids: Expression }
  | { readonly kind: 'values'; readonly list: Expression; readonly type: ValueType }
interface Repeated {
  readonly entity: string
  readonly each: Each | null
}
export type Effect =
  | (Repeated & { readonly kind: 'create'; readonly when: Expression | null; readonly set: readonly Assignment[] })
  /** Changes the record with this key (`target`), or creates it. */
  | (Repeated & {
      readonly kind: 'update'
      readonly when: Expression | null
      readonly key: readonly Assignment[]
      readonly set: readonly Assignment[]
    })
  /** Takes back what the transition of this name has created: ledger rows by their opposite, other records by deletion. */
  | { readonly kind: 'reverse'; readonly transition: string }
  /** Answers a draft of another document; nothing is stored. Lines of which nothing remains are left out. */
  | {
      readonly kind: 'produce'
      readonly entity: string
      readonly set: readonly Assignment[]
      readonly lines: {
        readonly each: Each
        /** Id of the lines field of the draft. */
        readonly into: string
        readonly remaining: Expression | null
        readonly set: readonly Assignment[]
      } | null
    }
  /** Takes `amount` from candidates in their order, as much as each has available, and creates a record for each that gave (`params.amount`, `target`). */
  | (Repeated & {
      readonly kind: 'allocate'
      readonly amount: Expression
      readonly candidates: Expression
      /** Entity of the candidates. */
      readonly from: string
      readonly available: Expression
      readonly set: readonly Assignment[]
    })
export interface Assignment {
  /** Field id. */
  readonly field: string
  readonly expression: Expression
}

/** What must hold of a record before it is stored. */
export interface Rule {
  readonly id: string
  /** Null: always. */
  readonly when: Expression | null
  readonly assert: Expression
  readonly message: string
  /** Path of names at which the message stands, e.g. `value` or `lines`; null: the record as a whole. */
  readonly at: string | null
  /** A warning is told and stops nothing. */
  readonly severity: 'error' | 'warning'
  readonly on: ReadonlySet<'create' | 'update' | 'delete'>
}

/** A to-one reference: one foreign-key column per target, at most one set. JSON: an id, or {entity, id} where the file gives a list. */
export interface Reference {
  /** The file gives a list of targets, which traits and other modules may lengthen: even with one target it keeps the form of several. */
  readonly several: boolean
  readonly targets: readonly { readonly entity: string; readonly column: string }[]
  readonly onDelete: 'restrict' | 'cascade' | 'setNull'
  /** Name of the relation on the target, or null. */
  readonly inverse: string | null
}

/** Child rows that belong to the document: lines, or the links of a `references` field. */
export interface Lines {
  /** The line entity (for links: the implicit one). */
  readonly entity: string
  /** For `references`: name of the field of the line entity that holds the target; JSON is then a list of ids. */
  readonly linkField: string | null
  /** `through` a junction entity: the list is read-only here, written at the junction. `parentField` is the name of its reference back. */
  readonly through: { readonly parentField: string } | null
}

/**
 * A field of another entity that points here; `field` is its id. For a `references` field the named inverse is that field itself
 * (`lines` of it say where the links stand), and `referencedBy` holds the `target` of its link entity.
 */
export interface Inverse {
  readonly name: string | null
  readonly entity: string
  readonly field: string
}

/** Compiles to a tenant-first partial unique (or exclusion) constraint over live rows; also an upsert and lookup key. */
export interface UniqueKey {
  readonly id: string
  /** Field ids, as in `noOverlap`; `parent` in a line is its document. */
  readonly fields: readonly string[]
  readonly ignoreCase: boolean
  readonly noOverlap: readonly [from: string, to: string] | null
  /** Of records for which this is not true it says nothing; null: it is about all. Reads the row alone. */
  readonly when: Expression | null
}

/** Whether no two live records have the same values of it: then it finds one. */
export const findsOne = ({ noOverlap, when }: UniqueKey): boolean => noOverlap === null && when === null

/** What one role may do with one entity. */
export interface Permission {
  readonly role: string
  /** Ids of the entity's scopes: the rows of each. */
  readonly scopes: readonly string[]
  readonly actions: ReadonlySet<Action>
  /** Ids of transitions that it may run. */
  readonly transitions: ReadonlySet<string>
  /** What must hold of a record besides, by action or id of a transition; absent: nothing. */
  readonly conditions: ReadonlyMap<Action, Expression>
  readonly guards: ReadonlyMap<string, Expression>
  /** Field ids; a line's field as `{lines field id}.{field id}`. */
  readonly hide: ReadonlySet<string>
  readonly readOnly: ReadonlySet<string>
  /** By path, as in `hide`: shown where this holds of the record (of lines: of their document). */
  readonly masks: ReadonlyMap<string, Expression>
  /** Derived fields that are shown although what they are made of is not: paths, as in `hide`. */
  readonly show: ReadonlySet<string>
}

/** SCREENS.md §3: how a record presents itself. Field names. */
export interface Display {
  readonly icon: string
  readonly hue: number
  readonly subtitleField: string | null
  readonly imageField: string | null
  readonly statusField: string | null
  readonly summaryFields: readonly string[]
  readonly quickCreate: readonly string[]
  readonly sections: readonly { readonly title: string; readonly fields: readonly string[] }[]
  readonly tabs: readonly string[]
  readonly editMode: 'live' | 'document'
  readonly openIn: 'panel' | 'page'
}

/** Intent only: which records, which columns, which order. */
export interface View {
  readonly id: string
  readonly kind: 'list' | 'kanban' | 'calendar' | 'timeline' | 'gallery' | 'chart' | 'pivot' | 'dashboard' | 'form' | 'detail'
  readonly title: string
  /** Field names or paths. */
  readonly columns: readonly {
    readonly field: string
    readonly width: number | null
    readonly pin: boolean
    readonly aggregate: string | null
  }[]
  /** Parameters of the list: {"stage": "won", "value.gte": "1000"}, or {"filter": "self.value.amount > 1000"}. */
  readonly filter: Readonly<Record<string, string>>
  readonly sort: readonly string[]
  readonly group: string | null
  /** `count`, `sum(value)`. */
  readonly aggregates: readonly string[]
  /** Which field plays which part, e.g. {"start": "due"}. */
  readonly mapping: Readonly<Record<string, string>>
  readonly density: 'compact' | 'default' | 'tall'
  readonly tiles: readonly { readonly view: string; readonly width: number; readonly height: number }[]
}
