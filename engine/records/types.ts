import type { Action, Catalogue, Entity, Field, RowScope } from '../catalogue/types.ts'
import type { Expression } from '../expressions/types.ts'
import type { KeyScope } from './key-scopes.ts'

/** How a request reached us; stored with every event as `via`. */
export type Via = 'ui' | 'api' | 'import' | 'seed' | 'job' | 'system' | 'directory'

/** Who acts, resolved once per request by identity. `generation` is the tenant's, at the time of resolution. */
export interface Actor {
  readonly tenant: string
  readonly tenantSlug: string
  /** Member id; null: the engine itself (seed, system jobs). */
  readonly member: string | null
  readonly session: string | null
  /** Somebody looks as this member, with a session of their own, and changes nothing; absent: nobody does. */
  readonly viewing?: Viewing
  /** A program acts, by an API key (whose id is `session`), with no more than its scopes; absent: a person, or the engine. */
  readonly key?: ActingKey
  readonly roles: readonly string[]
  readonly generation: number
  readonly timeZone: string
  readonly tenantName: string
  readonly locale: string
  readonly currency: string
}

export interface ActingKey {
  readonly id: string
  /** Empty: all that the role may. */
  readonly scopes: readonly KeyScope[]
  /** Addresses and networks from which it may be used; empty: any. */
  readonly addresses: readonly string[]
}
/** `by`: member id of whoever really looks. */
export interface Viewing {
  readonly id: string
  readonly by: string
}

/** What the roles of an actor may do, compiled once per (catalogue, roles) and shared. */
export interface Access {
  readonly catalogue: Catalogue
  /** Equal keys see the same statements. */
  readonly key: string
  readonly entities: ReadonlyMap<string, EntityAccess>
  /** `entity:scope` pairs that may be read: what bos.begin is told. */
  readonly scopes: readonly string[]
}
/** Rows that one role reaches for one action: those of any of its scopes, as far as its condition holds. */
export interface Grant {
  readonly role: string
  readonly scopes: readonly RowScope[]
  /** What a role's own words say of the row, on top of its scopes; null: nothing. */
  readonly condition: Expression | null
}
/** The rows that at least one of the grants reaches; of a line, those whose document is reached. */
export type RowCondition = readonly Grant[]

/** What one caller may do with one entity. Where fields are named by path, it is by ids: `margin`, or `lines.cost` for a column of lines. */
export interface EntityAccess {
  readonly entity: Entity
  /** All that the caller has, this among it: what is read of other records is read as they may. */
  readonly entities: ReadonlyMap<string, EntityAccess>
  /** The grants of each action, of which one must reach the row; an absent action is refused. */
  readonly actions: ReadonlyMap<Action, RowCondition>
  /** The grants of each transition (by id) that the caller may run of some record. */
  readonly transitions: ReadonlyMap<string, RowCondition>
  /** Fields this caller may know of, in entity order: those that are shown in some row that the caller may read. */
  readonly visible: readonly Field[]
  /** Of visible fields that are not shown in every row, by path: in which they are. All must hold; elsewhere they have no value for this caller. */
  readonly masks: ReadonlyMap<string, readonly RowCondition[]>
  /** Of lines in a list that is masked in some documents: where they are shown. All must hold. */
  readonly within: readonly RowCondition[]
  /** Paths of what the caller never writes. */
  readonly readOnly: ReadonlySet<string>
  /** Paths of what the caller changes in some of the rows that may be updated: in which, as in `masks`. */
  readonly fixed: ReadonlyMap<string, readonly RowCondition[]>
  /** Paths of what the caller does not give to a new record. */
  readonly fixedOnCreate: ReadonlySet<string>
  /** Paths of what the caller gives to some new records: to those of which the words of one grant of each hold. Scopes do not ask. */
  readonly given: ReadonlyMap<string, readonly RowCondition[]>
}

/** A request as the gateway hands it over: untyped except for its place in the address. */
export interface Call {
  readonly module: string
  readonly plural: string
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Path segments after the plural, e.g. [], ['{id}'], ['{id}', 'restore'], ['aggregate']. */
  readonly rest: readonly string[]
  /** Every value of a query parameter in order. */
  readonly query: ReadonlyMap<string, readonly string[]>
  readonly body: unknown
  readonly ifMatch: string | null
  readonly ifNoneMatch: string | null
  readonly idempotencyKey: string | null
  readonly via: Via
  readonly requestId: string
}

/** What goes back; the gateway only sends it. `body` is JSON text (mostly made by PostgreSQL) unless the headers say otherwise. */
export interface Answer {
  readonly status: number
  /** Text, or pages of text that are sent as they come (exports); null: no body. */
  readonly body: string | AsyncIterable<string> | null
  readonly headers: Readonly<Record<string, string>>
}
