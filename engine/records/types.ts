import type { Action, Catalogue, Entity, Field, RowScope } from '../catalogue/types.ts'

/** How a request reached us; stored with every event as `via`. */
export type Via = 'ui' | 'api' | 'import' | 'seed' | 'job' | 'system'

/** Who acts, resolved once per request by identity. `generation` is the tenant's, at the time of resolution. */
export interface Actor {
  readonly tenant: string
  readonly tenantSlug: string
  /** Member id; null: the engine itself (seed, system jobs). */
  readonly member: string | null
  readonly session: string | null
  readonly roles: readonly string[]
  readonly generation: number
  readonly timeZone: string
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
export interface EntityAccess {
  readonly entity: Entity
  /** The widest scope per granted action; an absent action is refused. */
  readonly actions: ReadonlyMap<Action, RowScope>
  /** Fields this caller may know of, in entity order. */
  readonly visible: readonly Field[]
  readonly readOnly: ReadonlySet<string>
  /** Line columns hidden by path (`lines.cost`), when a role hides some. */
  readonly hiddenLines?: ReadonlySet<string>
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
