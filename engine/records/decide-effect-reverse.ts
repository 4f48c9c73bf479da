import type { Effect, Entity } from '../catalogue/types.ts'
import { storedFields } from './change.ts'
import type { Stored } from './change.ts'
import { draftDocument } from './decide-draft.ts'
import { reportElsewhere } from './decide-elsewhere.ts'
import { marked } from './decide-marks.ts'
import { judgeGone } from './decide-rules.ts'
import type { Touched } from './decide-touched.ts'

/** Undoes what an earlier transition of this record created: records are deleted; what was posted stays, and its opposite is posted besides. */
export function reverse(touched: Touched, { transition }: Effect & { kind: 'reverse' }): void {
  const { source, effecting } = touched
  const created = effecting.documents.createdBy(source.id, transition)
  if (created === undefined) return effecting.seek({ kind: 'created', record: source.id, transition })
  for (const { entity: id, id: record } of created) {
    const entity = touched.entity(id)
    const stored = touched.stored(id, record)
    if (!stored) continue
    if (entity.kind === 'ledger') oppose(touched, entity, stored)
    else takeBack(touched, entity, stored)
  }
  touched.forget(transition, created)
}

function takeBack({ source, effecting, removed }: Touched, entity: Entity, stored: Stored): void {
  const { catalogue, formulas, report, newId } = effecting
  const { id, version, revision } = stored
  const draft = draftDocument({ catalogue, member: null, report: () => undefined }, { entity, id, pointer: '' }, stored, null)
  judgeGone({ formulas, report: reportElsewhere(catalogue, draft, report, source.pointer), warn: () => undefined }, draft)
  removed.push(marked({ entity, id, version, revision }, newId()))
}

function oppose(touched: Touched, entity: Entity, { values }: Stored): void {
  const kept = storedFields(entity).filter((field) => !field.readOnly || field.measure)
  const set = new Map(kept.map((field) => [field.id, field.measure ? opposite(values.get(field.id)) : (values.get(field.id) ?? null)]))
  touched.post(entity.id, { set, lines: new Map() }, touched.source.pointer)
}

/** Of a measure. */
function opposite(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : -value
  if (typeof value === 'string') return /^-?0(\.0+)?$/.test(value) ? value : value.startsWith('-') ? value.slice(1) : `-${value}`
  if (typeof value === 'object' && value !== null && 'amount' in value) return { ...value, amount: opposite(value.amount) }
  return value ?? null
}
