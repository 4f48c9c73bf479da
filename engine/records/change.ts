import type { Entity, Field, UniqueKey } from '../catalogue/types.ts'

/** One record's wish, read and checked for form: canonical values by field id. What it means is decided against the stored record. */
export interface Change {
  readonly set: ReadonlyMap<string, unknown>
  /** By the id of the lines field. */
  readonly lines: ReadonlyMap<string, LinesChange>
  /** Values of properties that only the engine sets, as the caller sent them: accepted only if equal. */
  readonly echo: ReadonlyMap<string, unknown>
}

/** `replace`: the whole list as it shall be. `merge`: by line id; null removes. Keys are ids; new lines have theirs already. */
export interface LinesChange {
  readonly mode: 'replace' | 'merge'
  readonly lines: readonly LineChange[]
}
export interface LineChange {
  readonly id: string
  readonly isNew: boolean
  /** Null removes the line. */
  readonly change: Change | null
  /** Where a merged line goes; a replacing list has its own order. */
  readonly position?: number
  /** Where the line stands in the body, e.g. `/lines/2`. */
  readonly pointer: string
}

export type Operation = CreateOperation | UpdateOperation | RemoveOperation | UpsertOperation

interface Common {
  readonly entity: Entity
  /** JSON pointer of the operation's data in the body: '' for one record, `/operations/3/data` in bulk. */
  readonly pointer: string
}
export interface CreateOperation extends Common {
  readonly op: 'create'
  readonly id: string
  readonly change: Change
}
export interface UpdateOperation extends Common {
  readonly op: 'update'
  readonly id: string
  /** The version the caller read, or null: the latest. */
  readonly ifMatch: number | null
  /** The key by which an upsert found the record, which this actor may not see; null: named by id. */
  readonly key: UniqueKey | null
  /** Id of the transition that the request names; null: none. */
  readonly transition: string | null
  readonly change: Change
}
export interface RemoveOperation extends Common {
  /** `retract`: deletes, unless anything refers to the record: what an import that is undone does. */
  readonly op: 'delete' | 'restore' | 'retract'
  readonly id: string
  readonly ifMatch: number | null
  /** Of a deletion: stamps everything that goes along, so that restore brings exactly that back. */
  readonly deletionId: string
}
/** Creates as `id`, or updates the live record that has the same key. */
export interface UpsertOperation extends Common {
  readonly op: 'upsert'
  readonly id: string
  readonly key: UniqueKey
  /** The version the caller read; then there is nothing to create. Null: whatever there is. */
  readonly ifMatch: number | null
  /** Id of the transition that the request names, which needs a record; null: none. */
  readonly transition: string | null
  readonly change: Change
}
/** What is decided: upserts have become creates and updates by then. */
export type ResolvedOperation = Exclude<Operation, UpsertOperation>

/** The key that every `single` entity has by its kind: no fields, so whichever live record there is. */
export const onlyOne: UniqueKey = Object.freeze({ id: 'only_one', fields: [], ignoreCase: false, noOverlap: null, when: null })

/** A record as stored: canonical values by field id (hidden fields too: rules see everything), lines by field id. */
export interface Stored {
  readonly id: string
  readonly version: number
  readonly revision: number
  readonly deleted: boolean
  readonly deletionId: string | null
  /** Properties that only the engine sets, as answers show them: created_at, updated_by … */
  readonly system: Readonly<Record<string, unknown>>
  readonly values: ReadonlyMap<string, unknown>
  readonly lines: ReadonlyMap<string, readonly StoredLine[]>
}
export interface StoredLine {
  readonly id: string
  readonly position: number
  readonly values: ReadonlyMap<string, unknown>
  readonly lines: ReadonlyMap<string, readonly StoredLine[]>
}

/** Fields whose value stands in the row itself, lists of lines and links apart. */
export const storedFields = (entity: Entity): readonly Field[] =>
  entity.fields.filter((field) => field.lines === null && field.logic?.derivation?.stored !== false)
export const linesFields = (entity: Entity): readonly Field[] =>
  entity.fields.filter((field) => field.lines !== null && field.lines.through === null)

/** Lists of links that the engine keeps: always given whole, as rows and as a list in the row of what has them. */
export const linksFields = (entity: Entity): readonly Field[] => linesFields(entity).filter((field) => field.lines!.linkField !== null)

/** A formula that says nothing to its writer: refused, unless it is what the record holds and no longer compiles. */
export class Uncompiled {
  readonly text: string
  /** What is wrong with it. */
  readonly details: readonly string[]
  constructor(text: string, details: readonly string[]) {
    this.text = text
    this.details = details
  }
}

/** Members of a composite, as sent; parsed once they are merged with the stored ones. */
export class Members {
  readonly members: Readonly<Record<string, unknown>>
  constructor(members: Readonly<Record<string, unknown>>) {
    this.members = members
  }
}

/** The record that a reference value points to. */
export function referenceOf(field: Field, value: unknown): { entity: string; id: string } | null {
  if (!field.reference || value === null || value === undefined) return null
  if (typeof value === 'string') return { entity: field.reference.targets[0]!.entity, id: value }
  return value as { entity: string; id: string }
}
