import type { Catalogue, Entity } from '../catalogue/types.ts'
import type { Fault, Report } from '../problems.ts'
import type { Stored } from './change.ts'
import type { Consequences } from './decide.ts'
import { derive } from './decide-derive.ts'
import { draftDocument, subjectAt } from './decide-draft.ts'
import { emit } from './decide-emit.ts'
import { Formulas } from './decide-formulas.ts'
import type { Asked, Surroundings } from './decide-formulas.ts'
import { invalid, Unanswered } from './decide-refusals.ts'
import { judgeRules } from './decide-rules.ts'

/** Derived values of documents that nobody edits: what they hang on has changed elsewhere, or what is said of them in a module. */

export interface DerivedOperation {
  readonly entity: Entity
  readonly stored: Stored
  /** `entity/field` of what has to be worked out anew. */
  readonly anew: ReadonlySet<string>
  /** Where in the request the cause stands, by the id of the document or of a line of it. */
  readonly places: ReadonlyMap<string, string>
}

interface Around {
  readonly catalogue: Catalogue
  readonly surroundings: Surroundings
}

/** What becomes of a document whose values are worked out although it may break rules then. Pointers are into the document, lines by their ids. */
export interface Recomputed extends Consequences {
  /** Values that their fields cannot hold: the document stays as it is. */
  readonly unfit: readonly Fault[]
  /** What rules say of it. It is stored nevertheless. */
  readonly broken: readonly Fault[]
}

/** Works the values out anew and judges the document by its rules. */
export function decideDerived(around: Around, { entity, stored, anew, places }: DerivedOperation): Consequences {
  const faults: Fault[] = []
  // Whatever is wrong with the document, the cause of it stands in the request. Lines stand in pointers by their ids.
  const report: Report = (at, detail, about) => {
    const row = at.split('/').findLast((part) => places.has(part)) ?? stored.id
    const pointer = places.get(row) ?? ''
    if (!faults.some((each) => each.detail === detail && each.pointer === pointer))
      faults.push({ pointer, detail, ...(about && { about }) })
  }
  const worked = workOut(around, { entity, stored, anew }, report, report)
  if (faults.length > 0) throw invalid(faults)
  return worked
}

/** The same where nobody is there who could be refused. */
export function decideRecomputed(around: Around, operation: Omit<DerivedOperation, 'places'>): Recomputed {
  const unfit: Fault[] = []
  const broken: Fault[] = []
  const into =
    (faults: Fault[]): Report =>
    (pointer, detail) =>
      faults.push({ pointer, detail })
  const worked = workOut(around, operation, into(unfit), into(broken))
  return unfit.length > 0 ? { ...nothing, unfit, broken: [] } : { ...worked, unfit, broken }
}

/** Decides each; throws Unanswered with the questions of all of them. */
export function decideEach<T, R>(all: readonly T[], decide: (one: T) => R): R[] {
  const asked: Asked[] = []
  const decided = all.flatMap((one) => {
    try {
      return [decide(one)]
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error
      asked.push(...error.asked)
      return []
    }
  })
  if (asked.length > 0) throw new Unanswered(asked)
  return decided
}

const nothing: Consequences = { writes: [], events: [], origins: [] }

/** The document comes to another revision, and no other version: nobody edited it. */
function workOut(
  { catalogue, surroundings }: Around,
  { entity, stored, anew }: Omit<DerivedOperation, 'places'>,
  unfit: Report,
  broken: Report,
): Consequences {
  const formulas = new Formulas(surroundings)
  const draft = draftDocument({ catalogue, member: null, report: unfit }, { entity, id: stored.id, pointer: '' }, stored, null)
  const telling =
    (report: Report): Report =>
    (at, detail) =>
      report(at, detail, subjectAt(draft, at, detail))
  const isBroken = telling(broken)
  derive({ catalogue, formulas, report: telling(unfit), anew }, draft)
  judgeRules({ formulas, report: isBroken, lack: isBroken, warn: () => undefined, event: 'update' }, draft)
  if (formulas.open.length > 0) throw new Unanswered(formulas.open)
  const { row, writes, changed, body } = emit(catalogue, draft)
  if (changed.length === 0) return nothing
  const { id, version } = stored
  const revision = stored.revision + 1
  return {
    writes: [{ kind: 'update', entity, row: { id, version, revision, ...row }, isDerived: true }, ...writes],
    events: [{ entity, record: id, type: 'derived', version, revision, changed, body }],
    origins: [],
  }
}
