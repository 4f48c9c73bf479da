import type { Entity, Field } from '../catalogue/types.ts'
import { Problem } from '../problems.ts'
import type { Fault, Report } from '../problems.ts'
import type { RemoveOperation, Stored } from './change.ts'
import { Formulas } from './decide-formulas.ts'
import { frozenBy, frozenFor } from './decide-lifecycle.ts'
import { marked, next, unmarked } from './decide-marks.ts'
import type { Versioned } from './decide-marks.ts'
import { Entangled, invalid, Unanswered } from './decide-refusals.ts'
import { judgeGone } from './decide-rules.ts'
import { decideWake, storedDraft } from './decide-wake.ts'
import type { Going, Wake } from './decide-wake.ts'
import type { Consequences, Decision, Situation } from './decide.ts'

/** Deleting and bringing back, as pure functions of what `load` found around the records. */
export interface Ties {
  /** By the id of a record that goes: whose references to it go along, or are cleared. */
  readonly followers: ReadonlyMap<string, readonly Follower[]>
  /** By the id of a record that goes: what will not let go of it. */
  readonly holders: ReadonlyMap<string, readonly Holder[]>
  /** By the id of a record that comes back: what went along with it, or with another. */
  readonly companions: ReadonlyMap<string, readonly Companion[]>
  /** By the id of a record that comes back: the deleted records that it or its lines refer to. */
  readonly missing: ReadonlyMap<string, readonly string[]>
  /** Of those that come back: what a transition created, and a later one took back. */
  readonly takenBack: ReadonlySet<string>
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

export interface Follower extends Versioned {
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
export function decideDelete(
  situation: Pick<Situation, 'catalogue' | 'member' | 'surroundings'>,
  ties: Ties,
  { entity, id, deletionId, pointer }: RemoveOperation,
  stored: Stored,
): Decision {
  const { heldBy, marks, ...wake } = wakeOf(situation, ties, [{ entity, stored, deletionId }])
  if (heldBy) throw stillReferenced(heldBy.by, pointer)
  const faults: Fault[] = []
  const warnings: Fault[] = []
  const formulas = new Formulas(situation.surroundings)
  const report: Report = (at, detail, about) => faults.push({ pointer: at, detail, ...(about && { about }) })
  const warn: Report = (at, detail) => warnings.push({ pointer: at, detail })
  judgeGone({ formulas, report, warn }, storedDraft(situation.catalogue, { entity, stored }, pointer))
  const emptied = decideWake({ catalogue: situation.catalogue, formulas, report, cause: pointer }, wake)
  if (formulas.open.length > 0) throw new Unanswered(formulas.open)
  if (faults.length > 0) throw invalid(faults)
  return decisionOf(id, stored, warnings, { writes: [...marks.writes, ...emptied.writes], events: [...marks.events, ...emptied.events] })
}

interface Found extends Wake {
  /** What will not let go of what; nobody: null. */
  readonly heldBy: { readonly of: Entity; readonly by: Entity } | null
  /** Of the records and of what goes along. */
  readonly marks: Pick<Consequences, 'writes' | 'events'>
}

/** A record that is to go, and the id by which it is known what went along with it. */
interface Root extends Going {
  readonly deletionId: string
}

/** What follows when these go together, whatever comes of judging it. Throws Entangled. */
export function wakeOf(situation: Pick<Situation, 'member'>, ties: Ties, roots: readonly Root[]): Found {
  const deletionIds = new Map(roots.map(({ stored, deletionId }) => [stored.id, deletionId]))
  const { along, cleared } = inItsWake(ties, deletionIds)
  const isGone = (id: string): boolean => deletionIds.has(id)
  const still = cleared.filter((each) => !isGone(each.id) && !(ties.isTogether && ties.reached.has(each.id)))
  const going = [...roots.map(({ entity, stored }) => ({ entity, id: stored.id, ...versionsOf(stored) })), ...along.values()]
  const marks = going.map((each) => marked(each, deletionIds.get(each.id)!))
  return {
    heldBy: holderOf(situation, ties, going, isGone, along, still),
    marks: { writes: marks.map((each) => each.write), events: marks.map((each) => each.event) },
    along: [...along.values()].flatMap(({ entity, id }) => {
      const stored = ties.documents.get(id)
      return stored ? [{ entity, stored }] : []
    }),
    staying: [...Map.groupBy(still, (each) => each.id)].map(([id, all]) => ({
      entity: all[0]!.entity,
      stored: ties.documents.get(id)!,
      fields: new Set(all.map(({ field }) => field.id)),
    })),
  }
}

function holderOf(
  situation: Pick<Situation, 'member'>,
  ties: Ties,
  going: readonly { readonly entity: Entity; readonly id: string }[],
  isGone: (id: string) => boolean,
  along: ReadonlyMap<string, Follower>,
  still: readonly Follower[],
): Found['heldBy'] {
  for (const { entity, id } of going) {
    const holder = (ties.holders.get(id) ?? []).find((each) => !isGone(each.id) && !isElsewhere(ties, each.id))
    if (holder) return { of: entity, by: holder.entity }
  }
  const of = going[0]!.entity
  for (const each of along.values()) if (isFrozen(situation, ties, each)) return { of, by: each.entity }
  for (const each of still) if (keepsReference(ties, each)) return { of, by: each.entity }
  return null
}

function stillReferenced(by: Entity, pointer: string): Problem {
  const detail = held(by)
  return new Problem('still-referenced', detail, { faults: [{ pointer, detail, about: { entity: by.id, field: null } }] })
}

/** Said alike of what may not go and of what may not be changed. */
export const held = ({ pluralTitle }: Entity): string => `Records of “${pluralTitle}” refer to this one.`

/** As it is with a record that somebody deletes itself. */
function isFrozen(situation: Pick<Situation, 'member'>, ties: Ties, { id, entity }: Follower): boolean {
  const document = ties.documents.get(id)
  if (!document || frozenFor(situation, entity, document) === null) return false
  refuseUnsettled(ties, id)
  return true
}

function keepsReference(ties: Ties, { id, entity, field }: Follower): boolean {
  if (frozenBy(entity, ties.documents.get(id)!.values, field.id) === null) return false
  refuseUnsettled(ties, id)
  return true
}

/** Another operation changes it, and perhaps its state. */
function refuseUnsettled({ isTogether, changed }: Ties, id: string): void {
  if (!isTogether && changed.has(id)) throw new Entangled('One operation of the request changes what another would delete or empty.')
}

/**
 * Whatever refers to the records by a cascading reference, and to that in turn; and the references to all of them that are cleared. What goes along
 * comes to have the deletion id of what took it.
 */
function inItsWake(
  { followers, isTogether, named }: Ties,
  deletionIds: Map<string, string>,
): { along: Map<string, Follower>; cleared: Follower[] } {
  const along = new Map<string, Follower>()
  const cleared: Follower[] = []
  // A map can grow while it is gone through.
  for (const [id, deletionId] of deletionIds) {
    for (const each of followers.get(id) ?? []) {
      if (each.effect === 'setNull') cleared.push(each)
      else if (!deletionIds.has(each.id) && !(isTogether && named.has(each.id))) {
        along.set(each.id, each)
        deletionIds.set(each.id, deletionId)
      }
    }
  }
  return { along, cleared }
}

/** Another operation reaches it. Together that settles it; apart, it depends on which one comes first. */
function isElsewhere({ isTogether, reached }: Ties, id: string): boolean {
  if (!reached.has(id)) return false
  if (!isTogether) throw new Entangled('One operation of the request holds what another deletes or restores.')
  return true
}

/** Brings back the record and exactly what went along with it. Throws Problem 'restore-refused'. */
export function decideRestore(ties: Ties, { entity, id }: RemoveOperation, stored: Stored): Decision {
  const { deletionId } = stored
  if (deletionId === null) throw new Problem('restore-refused')
  const back = new Map<string, Versioned>([[id, { entity, id, ...versionsOf(stored) }]])
  // A map can grow while it is gone through.
  for (const each of back.keys())
    for (const companion of ties.companions.get(each) ?? [])
      if (companion.deletionId === deletionId && !back.has(companion.id)) back.set(companion.id, companion)
  for (const each of back.keys()) {
    if (ties.takenBack.has(each))
      throw new Problem('restore-refused', 'A step of another record created it, and a later one took it back: that record makes it anew.')
    for (const target of ties.missing.get(each) ?? [])
      if (!back.has(target) && !isElsewhere(ties, target))
        throw new Problem('restore-refused', 'It refers to a record that is deleted; restore that one first.')
  }
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
  return { status: 200, id, ...next(stored), warnings, errors: [], produced: [], places: new Map(), origins: [], keys: [], ...consequences }
}
