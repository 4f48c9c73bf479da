import type { Effect } from '../catalogue/types.ts'
import type { Element, Touched } from './decide-touched.ts'
import { least, textOf, unitsOf } from './decide-units.ts'
import { viewOf } from './decide-views.ts'

/** Takes an amount from candidates, in their order, as far as each has something left, and creates a record of each that gives. */
export function allocate(touched: Touched, effect: Effect & { kind: 'allocate' }, transition: string): void {
  for (const element of touched.elements(effect.each)) allocateOne(touched, effect, element, transition)
}

function allocateOne(touched: Touched, effect: Effect & { kind: 'allocate' }, element: Element, transition: string): void {
  const { formulas, report } = touched.effecting
  const amount = touched.value(effect.amount, element)
  const candidates = touched.value(effect.candidates, element) as readonly string[] | null | undefined
  if (amount === undefined || candidates === undefined) return
  let open = unitsOf(amount)
  let isKnown = true
  for (const id of candidates ?? []) {
    if (open <= 0n) break
    const candidate = touched.document(effect.from, id, element.draft.pointer)
    if (candidate === undefined) isKnown = false
    if (!candidate) continue
    const available = formulas.value(effect.available, candidate)
    if (available === undefined) isKnown = false
    const before = touched.taken.get(id) ?? 0n
    const taken = least(open, unitsOf(available) - before)
    if (taken <= 0n) continue
    open -= taken
    touched.taken.set(id, before + taken)
    const given = { params: { ...element.given.params, amount: textOf(taken) }, target: viewOf(candidate, () => undefined) }
    touched.create(effect.entity, touched.values(effect.entity, effect.set, { ...element, given }), element, transition)
  }
  // How much is missing, and of what, is known to the engine; whoever asks may know nothing of either.
  if (open > 0n && isKnown) report(element.draft.pointer, 'Less than that is left.')
}
