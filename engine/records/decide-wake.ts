import type { Entity } from '../catalogue/types.ts'
import type { Fault, Report } from '../problems.ts'
import type { RemoveOperation, Stored } from './change.ts'
import type { Consequences, Situation } from './decide.ts'
import { derive } from './decide-derive.ts'
import { draftDocument } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import { reportElsewhere } from './decide-elsewhere.ts'
import { emit } from './decide-emit.ts'
import { Formulas } from './decide-formulas.ts'
import { judge } from './decide-judge.ts'
import { judgeStates } from './decide-lifecycle.ts'
import { next } from './decide-marks.ts'
import { invalid, Unanswered } from './decide-refusals.ts'
import { judgeGone, judgeRules } from './decide-rules.ts'

/** What a deletion does to documents: to those that go, and to those that stay with a reference less. */

/** A document that goes along. */
interface Going {
  readonly entity: Entity
  readonly stored: Stored
}
/** A document that stays. */
interface Emptying extends Going {
  /** Ids of its references that are emptied. */
  readonly fields: ReadonlySet<string>
}
interface Wake {
  /** What rules warn of the record itself; of others nobody is warned. */
  readonly warnings: readonly Fault[]
  readonly emptied: Pick<Consequences, 'writes' | 'events'>
}

/**
 * Judges what goes by the rules on delete, and each document that stays as if its references had been emptied by hand, with the engine's authority.
 * Throws every fault at once, or Unanswered.
 */
export function decideWake(
  { catalogue, surroundings }: Situation,
  { entity, pointer }: RemoveOperation,
  stored: Stored,
  along: readonly Going[],
  staying: readonly Emptying[],
): Wake {
  const faults: Fault[] = []
  const warnings: Fault[] = []
  const formulas = new Formulas(surroundings)
  const draftOf = (of: Entity, document: Stored, at: string): Draft =>
    draftDocument({ catalogue, member: null, report: ignore }, { entity: of, id: document.id, pointer: at }, document, null)
  const report: Report = (at, detail) => faults.push({ pointer: at, detail })
  judgeGone({ formulas, report, warn: (at, detail) => warnings.push({ pointer: at, detail }) }, draftOf(entity, stored, pointer))
  /** Of thousands that all say the same it is said once. */
  const once: Report = (at, detail, about) =>
    faults.some((each) => each.detail === detail) || faults.push({ pointer: at, detail, ...(about && { about }) })
  const reportOf = (draft: Draft): Report => reportElsewhere(catalogue, draft, once, pointer)
  for (const each of along) {
    const draft = draftOf(each.entity, each.stored, '')
    judgeGone({ formulas, report: reportOf(draft), warn: ignore }, draft)
  }
  const changes = staying.map(({ entity: of, stored: document, fields }): Wake['emptied'] => {
    const draft = draftOf(of, document, '')
    for (const field of fields) draft.values.set(field, null)
    judgeEmptied(catalogue, formulas, draft, fields, reportOf(draft))
    const { row, writes, changed, body } = emit(catalogue, draft)
    const at = next(document)
    return {
      writes: [{ kind: 'update', entity: of, row: { id: document.id, ...at, ...row } }, ...writes],
      events: [{ entity: of, record: document.id, type: 'updated', ...at, changed, body }],
    }
  })
  if (formulas.open.length > 0) throw new Unanswered(formulas.open)
  if (faults.length > 0) throw invalid(faults)
  return { warnings, emptied: { writes: changes.flatMap((each) => each.writes), events: changes.flatMap((each) => each.events) } }
}

const ignore: Report = () => undefined

function judgeEmptied(
  catalogue: Situation['catalogue'],
  formulas: Formulas,
  draft: Draft,
  emptied: ReadonlySet<string>,
  report: Report,
): void {
  derive({ catalogue, formulas, report, anew: new Set<string>() }, draft)
  judge({ catalogue, exists: () => true, report, lack: report, emptied }, draft)
  judgeStates(report, draft, [])
  judgeRules({ formulas, report, lack: report, warn: ignore, event: 'update' }, draft)
}
