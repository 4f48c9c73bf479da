import type { Effect } from '../catalogue/types.ts'
import type { Element, Touched } from './decide-touched.ts'
import { viewOf } from './decide-views.ts'
import { soughtText } from './unique-keys.ts'

export function create(touched: Touched, { each, when, entity, set }: Effect & { kind: 'create' }, transition: string): void {
  for (const element of touched.elements(each))
    if (when === null || touched.value(when, element) === true)
      touched.create(entity, touched.values(entity, set, element), element, transition)
}

/** What its key finds, and where it finds nothing a new document with that key. */
export function update(touched: Touched, effect: Effect & { kind: 'update' }, transition: string): void {
  for (const element of touched.elements(effect.each))
    if (effect.when === null || touched.value(effect.when, element) === true) updateOne(touched, effect, element, transition)
}

function updateOne(touched: Touched, effect: Effect & { kind: 'update' }, element: Element, transition: string): void {
  const { documents, seek } = touched.effecting
  const { entity } = effect
  const key = touched.values(entity, effect.key, element)
  if (key.size < effect.key.length) return
  const id = touched.withKey(entity, key)?.id ?? documents.byKey(entity, key)
  if (id === undefined) return seek({ kind: 'key', entity, values: key })
  const found = id === null ? null : touched.document(entity, id, element.draft.pointer)
  if (found === undefined) return
  const target = found ?? touched.create(entity, key, element, transition)
  if (!found) touched.keys.push(soughtText(touched.entity(entity), key))
  const given = { ...element.given, target: found && viewOf(target, () => undefined) }
  touched.assign(target, touched.values(entity, effect.set, { ...element, given }))
}
