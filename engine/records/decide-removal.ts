import type { Entity, Field } from '../catalogue/types.ts'
import { Problem } from '../problems.ts'
import type { RemoveOperation, Stored } from './change.ts'
import { Entangled } from './decide-refusals.ts'
import type { Consequences, Decision, EventDraft, RowWrite } from './decide.ts'

/** Deleting and bringing back, as pure functions of what `load` found around the records. */
export interface Surroundings {
  /** By the id of a record that goes: whose references to it go along, or are cleared. */
  readonly dependants: ReadonlyMap<string, readonly Dependant[]>
  /** By the id of a record that goes: what will not let go of it. */
  readonly holders: ReadonlyMap<string, readonly Holder[]>
  /** By the id of a record that comes back: what went along with it, or with another. */
  readonly companions: ReadonlyMap<string, readonly Companion[]>
  /** By the id of a record that comes back: the deleted records that it or its lines refer to. */
  readonly missing: ReadonlyMap<string, readonly string[]>
  /** All of one request: together they go or come back, and none holds another. Apart: each is done by itself, whatever the others do. */
  readonly isTogether: boolean
  /** Every record that this request takes away or brings back, itself or along; apart: or changes. */
  readonly reached: ReadonlySet<string>
  /** Those that operations name. */
  readonly named: ReadonlySet<string>
}

interface Versioned {
  readonly entity: Entity
  readonly id: string
  readonly version: number
  readonly revision: number
}
export interface Dependant extends Versioned {
  readonly effect: 'cascade' | 'setNull'
  readonly field: Field
  readonly column: string
  /** Canonical value of the field. */
  readonly from: unknown
}
/** A record that refers to one that goes; for a line, its document. */
export interface Holder {
  readonly id: string
  /** What a person knows it by. */
  readonly entity: Entity
}
export interface Companion extends Versioned {
  readonly deletionId: string
}

/** Marks the record and what goes along with one deletion id; clears references that allow it. Throws Problem 'still-referenced'. */
export function decideDelete(around: Surroundings, { entity, id, deletionId }: RemoveOperation, stored: Stored): Decision {
  const { along, cleared } = inItsWake(around, id)
  for (const gone of [id, ...along.keys()]) {
    for (const holder of around.holders.get(gone) ?? []) {
      if (holder.id === id || along.has(holder.id) || isElsewhere(around, holder.id)) continue
      throw new Problem('still-referenced', `Records of “${holder.entity.pluralTitle}” refer to this one.`)
    }
  }
  const still = cleared.filter((each) => each.id !== id && !along.has(each.id) && !(around.isTogether && around.reached.has(each.id)))
  const changes = [
    ...[{ entity, id, ...versionsOf(stored) }, ...along.values()].map((each) => marked(each, deletionId)),
    ...Map.groupBy(still, (each) => each.id)
      .values()
      .map(clear),
  ]
  return decisionOf(id, stored, changes)
}

/** Whatever refers to the record by a cascading reference, and to that in turn; and the references to all of them that are cleared. */
function inItsWake({ dependants, isTogether, named }: Surroundings, root: string): { along: Map<string, Dependant>; cleared: Dependant[] } {
  const along = new Map<string, Dependant>()
  const cleared: Dependant[] = []
  const queue = [root]
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    for (const each of dependants.get(id) ?? []) {
      if (each.effect === 'setNull') cleared.push(each)
      else if (each.id !== root && !along.has(each.id) && !(isTogether && named.has(each.id))) {
        along.set(each.id, each)
        queue.push(each.id)
      }
    }
  }
  return { along, cleared }
}

/** Another operation reaches it. Together that settles it; apart, it depends on which one comes first. */
function isElsewhere({ isTogether, reached }: Surroundings, id: string): boolean {
  if (!reached.has(id)) return false
  if (!isTogether) throw new Entangled('One operation of the request holds what another deletes or restores.')
  return true
}

/** Brings back the record and exactly what went along with it. Throws Problem 'restore-refused'. */
export function decideRestore(around: Surroundings, { entity, id }: RemoveOperation, stored: Stored): Decision {
  const { deletionId } = stored
  if (deletionId === null) throw new Problem('restore-refused')
  const back = new Map<string, Versioned>([[id, { entity, id, ...versionsOf(stored) }]])
  // A map can grow while it is gone through.
  for (const each of back.keys())
    for (const companion of around.companions.get(each) ?? [])
      if (companion.deletionId === deletionId && !back.has(companion.id)) back.set(companion.id, companion)
  for (const each of back.keys())
    for (const target of around.missing.get(each) ?? [])
      if (!back.has(target) && !isElsewhere(around, target))
        throw new Problem('restore-refused', 'It refers to a record that is deleted; restore that one first.')
  return decisionOf(id, stored, [...back.values()].map(unmarked))
}

interface RecordChange {
  readonly write: RowWrite
  readonly event: EventDraft
}
const versionsOf = ({ version, revision }: Pick<Versioned, 'version' | 'revision'>) => ({ version, revision })
const next = ({ version, revision }: Pick<Versioned, 'version' | 'revision'>) => ({ version: version + 1, revision: revision + 1 })

export function marked({ entity, id, ...at }: Versioned, deletionId: string): RecordChange {
  return {
    write: { kind: 'update', entity, row: { id, ...next(at), deleted: true, deletion_id: deletionId } },
    event: { entity, record: id, type: 'deleted', ...next(at), changed: [], body: { set: {} } },
  }
}

function unmarked({ entity, id, ...at }: Versioned): RecordChange {
  return {
    write: { kind: 'update', entity, row: { id, ...next(at), deleted: false, deletion_id: null } },
    event: { entity, record: id, type: 'restored', ...next(at), changed: [], body: { set: {} }, isUnderived: true },
  }
}

/** Several references of one record may be cleared at once: it is still one change of it. */
function clear(cleared: readonly Dependant[]): RecordChange {
  const { entity, id, ...at } = cleared[0]!
  const set = Object.fromEntries(cleared.map((each) => [each.field.id, { from: each.from, to: null }]))
  return {
    write: { kind: 'update', entity, row: { id, ...next(at), ...Object.fromEntries(cleared.map((each) => [each.column, null])) } },
    event: { entity, record: id, type: 'updated', ...next(at), changed: Object.keys(set), body: { set }, isUnderived: true },
  }
}

function decisionOf(id: string, stored: Stored, changes: readonly RecordChange[]): Decision {
  const consequences: Consequences = { writes: changes.map((each) => each.write), events: changes.map((each) => each.event), origins: [] }
  return { status: 200, id, ...next(stored), warnings: [], produced: [], places: new Map(), ...consequences }
}
