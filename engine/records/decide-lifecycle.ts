import type { Entity, Field, Lifecycle, State, Transition } from '../catalogue/types.ts'
import type { SelectSettings } from '../fields/select.ts'
import type { Report } from '../problems.ts'
import type { StoredLine } from './change.ts'
import { after, before, isChanged } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import { fitted } from './decide-derive.ts'
import { isExcept } from './decide-frozen.ts'
import type { Formulas } from './decide-formulas.ts'
import { isEmpty } from './decide-judge.ts'

export interface Running {
  readonly formulas: Formulas
  readonly report: Report
  /** Whether the actor may run a transition (id) of this record. */
  readonly mayRun: (transition: string) => boolean
  /** The one that the request names by its address; null: whichever leads from the old state to the new one. */
  readonly asked: string | null
  /** The engine itself brings records into the state they are known to be in. */
  readonly isEngine: boolean
}

/** What runs when a document is changed, and what it leaves untouched. */
export interface Run {
  readonly lifecycle: Lifecycle
  readonly transition: Transition
}

/**
 * Finds the transition for every state that changes, or tells why there is none: a state never changes in any other way. What they set
 * stands in the draft afterwards.
 */
export function runTransitions(running: Running, draft: Draft): readonly Run[] {
  return draft.entity.lifecycles.flatMap((lifecycle) => {
    const transition = transitionFor(running, draft, lifecycle)
    if (!transition) return []
    const { guard, message } = transition
    const field = draft.entity.fieldById.get(lifecycle.field)!
    if (guard && running.formulas.holds(guard, draft) === false)
      running.report(pointer(draft, field), message ?? `“${transition.title}” is not possible as the record is.`)
    for (const { field: id, expression } of transition.set) {
      const target = draft.entity.fieldById.get(id)!
      const value = running.formulas.value(expression, draft)
      if (value === undefined) running.formulas.postpone(draft, id)
      else draft.values.set(id, value === null ? null : fitted(target, value, expression, pointer(draft, target), running.report))
    }
    return [{ lifecycle, transition }]
  })
}

const pointer = (draft: Draft, field: Field): string => `${draft.pointer}/${field.name}`

function transitionFor(running: Running, draft: Draft, lifecycle: Lifecycle): Transition | null {
  const { field: id, initial, transitions } = lifecycle
  const field = draft.entity.fieldById.get(id)!
  const isNew = draft.stored === null
  if (isNew && after(draft, id) === null) draft.values.set(id, initial)
  const from = isNew ? initial : before(draft, id)
  const to = after(draft, id)
  const named = transitions.find((each) => each.id === running.asked)
  // A transition may lead from a state to itself: it is run for what it does.
  if (same(from, to) && !named) return null
  if (isNew && running.isEngine) return null
  const at = pointer(draft, field)
  const possible = transitions.filter((each) => leads(each, from) && each.to === to && (!named || each === named))
  const [transition, ...others] = possible.filter((each) => running.isEngine || running.mayRun(each.id))
  if (transition && others.length === 0) return transition
  if (transition) running.report(at, `Say which: ${[transition, ...others].map((each) => each.name).join(' or ')}.`)
  else if (possible.length > 0) running.report(at, `Your role may not do this: ${possible.map((each) => each.title).join(', ')}.`)
  else running.report(at, noWay(field, from, to, transitions))
  return null
}

const same = (a: unknown, b: unknown): boolean => a === b
/** Whether a transition can begin in a state. */
export const leads = ({ from, to }: Transition, state: unknown): boolean => (from ? from.includes(String(state)) : state !== to)

/** `Stage cannot go from Won to New; from here: Reopen.` */
function noWay(field: Field, from: unknown, to: unknown, transitions: readonly Transition[]): string {
  const ways = transitions.filter((each) => leads(each, from)).map((each) => each.title)
  const onward = ways.length > 0 ? `from here: ${ways.join(', ')}` : 'this state is the last'
  if (same(from, to)) return `${field.title} is ${titleOf(field, from)} already; ${onward}.`
  return `${field.title} cannot go from ${titleOf(field, from)} to ${titleOf(field, to)}; ${onward}.`
}

/** Of a state. */
export const titleOf = (field: Field, state: unknown): string =>
  state === null ? 'nothing' : ((field.settings as SelectSettings).options.find((each) => each.id === state)?.title ?? (state as string))

/** What must not change in the state that the record is in, and what the state it comes to demands. */
export function judgeStates(report: Report, draft: Draft, runs: readonly Run[]): void {
  for (const lifecycle of draft.entity.lifecycles) {
    const field = draft.entity.fieldById.get(lifecycle.field)!
    const stored = draft.stored === null ? undefined : lifecycle.states.get(String(before(draft, lifecycle.field)))
    if (stored?.frozen) judgeFrozen(report, draft, stored, titleOf(field, before(draft, lifecycle.field)), runs)
    const next = lifecycle.states.get(String(after(draft, lifecycle.field)))
    const enters = draft.stored === null || isChanged(draft, lifecycle.field)
    for (const id of next?.required ?? []) {
      const needed = draft.entity.fieldById.get(id)!
      if ((enters || isChanged(draft, id)) && isMissing(draft, needed)) report(pointer(draft, needed), `${needed.title} is required.`)
    }
  }
}

function isMissing(draft: Draft, field: Field): boolean {
  const list = draft.lists.find((each) => each.field === field)
  return list ? list.rows.length === 0 : isEmpty(field, after(draft, field.id))
}

function judgeFrozen(report: Report, draft: Draft, state: State, title: string, runs: readonly Run[]): void {
  const moved = new Set(runs.flatMap(({ lifecycle, transition }) => [lifecycle.field, ...transition.set.map((each) => each.field)]))
  const isOpen = (path: string): boolean => isExcept(state, path)
  const refuse = (at: string, field: Field): void => report(at, `${field.title} cannot be changed: the record is ${title}.`)
  const visit = (row: Draft, prefix: string): void => {
    for (const id of row.change?.set.keys() ?? []) {
      const field = row.entity.fieldById.get(id)!
      if (isChanged(row, id) && !isOpen(`${prefix}${id}`) && !(row === draft && moved.has(id)))
        refuse(`${row.pointer}/${field.name}`, field)
    }
    for (const { field, rows, removed, asked } of row.lists) {
      const path = `${prefix}${field.id}`
      const at = `${row.pointer}/${field.name}`
      if (asked && removed.length > 0 && !isOpen(path)) refuse(at, field)
      for (const line of rows) {
        if (line.change === null) continue
        if (line.stored === null || line.stored.position !== line.position) {
          if (!isOpen(path)) refuse(line.stored === null ? line.pointer : at, field)
        } else visit(line, `${path}.*.`)
      }
    }
  }
  visit(draft, '')
}

/** The state that keeps what stands at a path (`notes`, `items.*.checked`) as it is; null: none does. */
export function frozenBy(
  entity: Entity,
  values: ReadonlyMap<string, unknown>,
  path: string,
): { readonly title: string; readonly state: Field } | null {
  for (const { field: id, states } of entity.lifecycles) {
    const state = states.get(String(values.get(id)))
    const field = entity.fieldById.get(id)!
    if (state?.frozen && id !== path && !isExcept(state, path)) return { title: titleOf(field, values.get(id)), state: field }
  }
  return null
}

/** Title of the state that keeps a record from being deleted; null: none does. The engine itself may. */
export function frozenFor(
  { member }: { readonly member: string | null },
  entity: Entity,
  { values }: Pick<StoredLine, 'values'>,
): string | null {
  if (member === null) return null
  for (const lifecycle of entity.lifecycles) {
    const state = values.get(lifecycle.field)
    if (lifecycle.states.get(String(state))?.frozen) return titleOf(entity.fieldById.get(lifecycle.field)!, state)
  }
  return null
}
