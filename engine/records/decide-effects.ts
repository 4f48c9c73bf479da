import type { Catalogue, Effect } from '../catalogue/types.ts'
import type { FaultSubject, Report } from '../problems.ts'
import type { Consequences, EventDraft, RowWrite } from './decide.ts'
import { derive } from './decide-derive.ts'
import { rowsOf, subjectAt } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import { allocate } from './decide-effect-allocate.ts'
import { amend } from './decide-effect-amend.ts'
import { produce } from './decide-effect-produce.ts'
import { reverse } from './decide-effect-reverse.ts'
import { create, update } from './decide-effect-update.ts'
import { emit } from './decide-emit.ts'
import { judge } from './decide-judge.ts'
import type { Run } from './decide-lifecycle.ts'
import { judgeRules } from './decide-rules.ts'
import { Touched } from './decide-touched.ts'
import type { Effecting, Produced } from './decide-touched.ts'

export interface Effected extends Consequences {
  readonly produced: readonly Produced[]
  /** Where in the request the cause of each record that was touched stands. */
  readonly places: ReadonlyMap<string, string>
  readonly keys: readonly string[]
}

/** What each kind of effect does with what the effects before it left. */
const kinds: { readonly [Kind in Effect['kind']]: (touched: Touched, effect: Effect & { kind: Kind }, transition: string) => void } = {
  create,
  update,
  reverse,
  produce,
  allocate,
}

/** Works out what the transitions of a document do elsewhere: with the engine's authority, and judged by the rules of whatever they touch. */
export function decideEffects(effecting: Effecting, source: Draft, runs: readonly Run[]): Effected {
  const touched = new Touched(effecting, source)
  for (const { lifecycle, transition } of runs) {
    for (const effect of transition.effects) run(touched, effect, transition.id)
    if (transition.amends !== null) amend(touched, transition.amends, lifecycle, transition.id)
  }
  return settle(touched)
}

function run<Kind extends Effect['kind']>(touched: Touched, effect: Effect & { kind: Kind }, transition: string): void {
  kinds[effect.kind](touched, effect, transition)
}

/** Derives, judges and writes what was touched. */
function settle(touched: Touched): Effected {
  const { catalogue, formulas, numbered, report: tell } = touched.effecting
  const writes: RowWrite[] = touched.removed.flatMap((each) => each.writes)
  const events: EventDraft[] = touched.removed.flatMap((each) => each.events)
  const places = new Map<string, string>()
  for (const { draft, stored, pointer } of touched.targets.values()) {
    // Whatever is wrong with what an effect makes, its cause stands in the request.
    const report: Report = (at, detail) => {
      const about = subjectAt(draft, at, detail)
      tell(pointer, `${draft.entity.title}${titleOf(catalogue, about)}: ${detail}`, about)
    }
    const deriving = { catalogue, formulas, report, anew: new Set<string>() }
    if (!stored) numbered.holdNew(draft, report, true)
    derive(deriving, draft)
    if (numbered.write()) derive(deriving, draft)
    judge({ catalogue, exists: () => true, report, lack: report }, draft)
    judgeRules({ formulas, report, lack: report, warn: () => undefined, event: stored ? 'update' : 'create' }, draft)
    const { row, writes: lines, changed, body } = emit(catalogue, draft)
    if (stored && changed.length === 0) continue
    const { entity, id } = draft
    const version = (stored?.version ?? 0) + 1
    const revision = (stored?.revision ?? 0) + 1
    writes.push({ kind: stored ? 'update' : 'insert', entity, row: { id, version, revision, ...row } }, ...lines)
    events.push({ entity, record: id, type: stored ? 'updated' : 'created', version, revision, changed, body })
    places.set(id, pointer)
    for (const each of rowsOf(draft)) places.set(each.id, pointer)
  }
  return { writes, events, origins: touched.origins, produced: touched.produced, places, keys: touched.keys }
}

const titleOf = ({ entities }: Catalogue, { entity, field }: FaultSubject): string =>
  field === null ? '' : `, ${entities.get(entity)!.fieldById.get(field)!.title}`
