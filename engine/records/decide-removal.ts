import type { Entity, Field } from '../catalogue/types.ts'
import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import type { RemoveOperation, Stored } from './change.ts'
import { frozenBy, frozenFor } from './decide-lifecycle.ts'
import { marked, next, unmarked } from './decide-marks.ts'
import type { Versioned } from './decide-marks.ts'
import { Entangled } from './decide-refusals.ts'
import { decideWake } from './decide-wake.ts'
import type { Consequences, Decision, Situation } from './decide.ts'

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
  /** Those that operations delete or bring back. */
  readonly named: ReadonlySet<string>
  /** Those that other operations change. */
  readonly changed: ReadonlySet<string>
  /** What goes along or is emptied, by id, as far as something may stand against that. */
  readonly documents: ReadonlyMap<string, Stored>
}

export interface Dependant extends Versioned {
  readonly effect: 'cascade' | 'setNull'
  readonly field: Field
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

/**
 * Marks the record and what goes along with one deletion id, and empties references that allow it: what either does to another record is judged.
 * Throws Problem 'still-referenced', every fault at once, or Unanswered.
 */
export function decideDelete(situation: Situation, around: Surroundings, operation: RemoveOperation, stored: Stored): Decision {
  const { entity, id, deletionId } = operation
  const { along, cleared: emptying } = inItsWake(around, id)
  for (const gone of [id, ...along.keys()]) {
    for (const holder of around.holders.get(gone) ?? []) {
      if (holder.id === id || along.has(holder.id) || isElsewhere(around, holder.id)) continue
      throw heldBy(holder.entity)
    }
  }
  const still = emptying.filter((each) => each.id !== id && !along.has(each.id) && !(around.isTogether && around.reached.has(each.id)))
  for (const each of along.values()) if (isFrozen(situation, around, each)) throw heldBy(each.entity)
  for (const each of still) if (keepsReference(around, each)) throw heldBy(each.entity)
  const judged = [...along.values()].flatMap(({ entity: of, id: each }) => {
    const document = around.documents.get(each)
    return document ? [{ entity: of, stored: document }] : []
  })
  const staying = [...Map.groupBy(still, (each) => each.id)].map(([each, cleared]) => ({
    entity: cleared[0]!.entity,
    stored: around.documents.get(each)!,
    fields: new Set(cleared.map(({ field }) => field.id)),
  }))
  const { warnings, emptied } = decideWake(situation, operation, stored, judged, staying)
  const changes = [{ entity, id, ...versionsOf(stored) }, ...along.values()].map((each) => marked(each, deletionId))
  return decisionOf(id, stored, warnings, {
    writes: [...changes.map((each) => each.write), ...emptied.writes],
    events: [...changes.map((each) => each.event), ...emptied.events],
  })
}

/** Said alike of what may not go and of what may not be changed, whoever may see it. */
const heldBy = ({ pluralTitle }: Entity): Problem => new Problem('still-referenced', `Records of “${pluralTitle}” refer to this one.`)

/** As it is with a record that somebody deletes itself. */
function isFrozen(situation: Situation, around: Surroundings, { id, entity }: Dependant): boolean {
  const document = around.documents.get(id)
  if (!document || frozenFor(situation, entity, document) === null) return false
  refuseUnsettled(around, id)
  return true
}

function keepsReference(around: Surroundings, { id, entity, field }: Dependant): boolean {
  if (frozenBy(entity, around.documents.get(id)!.values, field.id) === null) return false
  refuseUnsettled(around, id)
  return true
}

/** Another operation changes it, and perhaps its state. */
function refuseUnsettled({ isTogether, changed }: Surroundings, id: string): void {
  if (!isTogether && changed.has(id)) throw new Entangled('One operation of the request changes what another would delete or empty.')
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
  const changes = [...back.values()].map(unmarked)
  return decisionOf(id, stored, [], { writes: changes.map((each) => each.write), events: changes.map((each) => each.event) })
}

const versionsOf = ({ version, revision }: Pick<Versioned, 'version' | 'revision'>) => ({ version, revision })

function decisionOf(
  id: string,
  stored: Stored,
  warnings: readonly Fault[],
  consequences: Pick<Consequences, 'writes' | 'events'>,
): Decision {
  return { status: 200, id, ...next(stored), warnings, produced: [], places: new Map(), origins: [], ...consequences }
}
