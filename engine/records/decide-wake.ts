import type { Catalogue, Entity } from '../catalogue/types.ts'
import type { Report } from '../problems.ts'
import type { Stored } from './change.ts'
import type { Consequences } from './decide.ts'
import { derive } from './decide-derive.ts'
import { draftDocument } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import { reportElsewhere } from './decide-elsewhere.ts'
import { emit } from './decide-emit.ts'
import type { Formulas } from './decide-formulas.ts'
import { judge } from './decide-judge.ts'
import { judgeStates } from './decide-lifecycle.ts'
import { next } from './decide-marks.ts'
import { judgeGone, judgeRules } from './decide-rules.ts'

/** What a deletion does to documents: to those that go, and to those that stay with a reference less. */

/** A document that goes along. */
export interface Going {
  readonly entity: Entity
  readonly stored: Stored
}
/** A document that stays. */
export interface Emptying extends Going {
  /** Ids of its references that are emptied. */
  readonly fields: ReadonlySet<string>
}
/** All of a deletion but the records that somebody names. */
export interface Wake {
  readonly along: readonly Going[]
  readonly staying: readonly Emptying[]
}
interface WakeJudging {
  readonly catalogue: Catalogue
  readonly formulas: Formulas
  readonly report: Report
  /** Where in the request the cause stands. */
  readonly cause: string
}

export const storedDraft = (catalogue: Catalogue, { entity, stored }: Going, pointer: string): Draft =>
  draftDocument({ catalogue, member: null, report: ignore }, { entity, id: stored.id, pointer }, stored, null)

/**
 * Judges what goes along by the rules on delete, and each document that stays as if its references had been emptied by hand, with the engine's
 * authority. What comes of those that stay.
 */
export function decideWake(
  { catalogue, formulas, report: tell, cause }: WakeJudging,
  { along, staying }: Wake,
): Pick<Consequences, 'writes' | 'events'> {
  const told = new Set<string>()
  /** Of thousands that all say the same it is said once. */
  const once: Report = (at, detail, about) => {
    if (!told.has(detail)) tell(at, detail, about)
    told.add(detail)
  }
  const reportOf = (draft: Draft): Report => reportElsewhere(catalogue, draft, once, cause)
  for (const each of along) {
    const draft = storedDraft(catalogue, each, '')
    judgeGone({ formulas, report: reportOf(draft), warn: ignore }, draft)
  }
  const changes = staying.map((each): Pick<Consequences, 'writes' | 'events'> => {
    const { entity, stored, fields } = each
    const draft = storedDraft(catalogue, each, '')
    for (const field of fields) draft.values.set(field, null)
    judgeEmptied(catalogue, formulas, draft, fields, reportOf(draft))
    const { row, writes, changed, body } = emit(catalogue, draft)
    const at = next(stored)
    return {
      writes: [{ kind: 'update', entity, row: { id: stored.id, ...at, ...row } }, ...writes],
      events: [{ entity, record: stored.id, type: 'updated', ...at, changed, body }],
    }
  })
  return { writes: changes.flatMap((each) => each.writes), events: changes.flatMap((each) => each.events) }
}

const ignore: Report = () => undefined

function judgeEmptied(catalogue: Catalogue, formulas: Formulas, draft: Draft, emptied: ReadonlySet<string>, report: Report): void {
  derive({ catalogue, formulas, report, anew: new Set<string>() }, draft)
  judge({ catalogue, exists: () => true, report, lack: report, emptied }, draft)
  judgeStates(report, draft, [])
  judgeRules({ formulas, report, lack: report, warn: ignore, event: 'update' }, draft)
}
