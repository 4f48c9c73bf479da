import type { Effect, Entity } from '../catalogue/types.ts'
import { storedFields } from './change.ts'
import type { Stored } from './change.ts'
import { held, wakeOf } from './decide-removal.ts'
import { decideWake } from './decide-wake.ts'
import type { Going } from './decide-wake.ts'
import type { Touched } from './decide-touched.ts'

/**
 * Undoes what an earlier transition of this record created: records are deleted, as by anybody's hand; what was posted stays, and its opposite is
 * posted besides.
 */
export function reverse(touched: Touched, { transition }: Effect & { kind: 'reverse' }): void {
  const { source, effecting } = touched
  const created = effecting.documents.createdBy(source.id, transition)
  if (created === undefined) return effecting.seek({ kind: 'created', record: source.id, transition })
  const found = created.map(({ entity, id }) => ({ entity: touched.entity(entity), stored: touched.stored(entity, id) }))
  if (found.some(({ stored }) => stored === undefined)) return
  const there = found.flatMap(({ entity, stored }): Going[] => (stored ? [{ entity, stored }] : []))
  for (const { entity, stored } of there) if (entity.kind === 'ledger') oppose(touched, entity, stored)
  const records = there.filter(({ entity }) => entity.kind !== 'ledger')
  if (records.length > 0) takeBack(touched, records, transition)
  touched.forget(transition, created)
}

function takeBack({ source, effecting, removed }: Touched, roots: readonly Going[], transition: string): void {
  const { catalogue, formulas, report, newId } = effecting
  const ties = effecting.documents.wakeOf(source.id, transition)
  if (ties === undefined) {
    const records = roots.map(({ entity, stored }) => ({ entity: entity.id, id: stored.id }))
    return effecting.seek({ kind: 'wake', record: source.id, transition, records })
  }
  const { heldBy, marks, along, staying } = wakeOf(
    effecting,
    ties,
    roots.map((root) => ({ ...root, deletionId: newId() })),
  )
  if (heldBy) return report(source.pointer, `${heldBy.of.title}: ${held(heldBy.by)}`, { entity: heldBy.of.id, field: null })
  removed.push(marks, decideWake({ catalogue, formulas, report, cause: source.pointer }, { along: [...roots, ...along], staying }))
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
