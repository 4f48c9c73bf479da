import type { Lifecycle as LifecycleNode, State as StateNode, Transition as TransitionNode } from '../../metadata/entity.d.ts'
import type { ValueType } from '../fields/type.ts'
import { nearest } from '../fields/nearest.ts'
import { pointerSegment } from '../problems.ts'
import { effectsOf } from './compile-effects.ts'
import { boolean, changeRoots, expressionOf, fieldType, typeOf } from './compile-expression.ts'
import type { Place, Report } from './compile-expression.ts'
import { nameFault } from './reserved.ts'
import { quote } from './shape-faults.ts'
import type { PropertyDraft, Symbols } from './symbols.ts'
import type { Assignment, Lifecycle, State, Transition } from './types.ts'

/** The state machines of an entity. `symbols` knows roles and the lines that paths lead through. */
export function lifecyclesOf(place: Place, symbols: Symbols): readonly Lifecycle[] {
  const taken: Taken = { names: new Set(), ids: new Set() }
  return [...place.draft.properties.values()].flatMap((property) => {
    const node = property.node['x-bos']?.lifecycle
    return node ? (lifecycleOf(place, symbols, property, node, taken) ?? []) : []
  })
}

type At = (keyword: string) => Report
/** Of the transitions of an entity, whichever property they belong to. */
interface Taken {
  readonly names: Set<string>
  readonly ids: Set<string>
}

function lifecycleOf(place: Place, symbols: Symbols, property: PropertyDraft, node: LifecycleNode, taken: Taken): Lifecycle | null {
  const at: At = (keyword) => (detail, meant) => place.report(property.file, `${property.pointer}/x-bos/lifecycle${keyword}`, detail, meant)
  const type = fieldType(place.shape.byName(property.name))
  const options = type?.kind === 'text' ? type.options : undefined
  if (!options) {
    at('')('only a select has states')
    return null
  }
  if (place.draft.kind === 'line') {
    at('')('a line has no states of its own: they are its document’s')
    return null
  }
  const machine: Machine = { place, symbols, property, options, at }
  const states = new Map<string, State>()
  for (const [name, state] of Object.entries(node.states ?? {})) {
    const id = optionId(machine, name, at(`/states/${pointerSegment(name)}`))
    if (id !== null) states.set(id, stateOf(machine, name, state))
  }
  const transitions = Object.entries(node.transitions ?? {}).flatMap(([name, transition]) => {
    const here = `/transitions/${pointerSegment(name)}`
    const { id = name } = transition
    const fault = nameFault(name, 'transition')
    if (fault !== null) at(here)(`${quote(name)} cannot be a name: ${fault}`)
    if (taken.names.has(name)) at(here)(`another transition of ${place.draft.fullName} is called ${quote(name)}`)
    taken.names.add(name)
    // History tells of a change by the id, and permissions are kept by it.
    const idFault = id === name ? null : nameFault(id, 'transition')
    if (idFault !== null) at(`${here}/id`)(`${quote(id)} cannot be an id: ${idFault}`)
    if (taken.ids.has(id)) at(id === name ? here : `${here}/id`)(`another transition of ${place.draft.fullName} has the id ${quote(id)}`)
    taken.ids.add(id)
    return transitionOf(machine, name, transition, Object.keys(node.transitions ?? {})) ?? []
  })
  const stated = property.node.default
  const initial = (typeof stated === 'string' ? options.find((each) => each.name === stated) : options[0])?.id
  return initial === undefined ? null : { field: property.id, initial, states, transitions }
}

interface Machine {
  readonly place: Place
  readonly symbols: Symbols
  readonly property: PropertyDraft
  readonly options: NonNullable<(ValueType & { kind: 'text' })['options']>
  readonly at: At
}

function optionId({ options, property }: Machine, name: string, report: Report): string | null {
  const found = options.find((each) => each.name === name)
  if (found) return found.id
  report(
    `${property.name} has no option ${quote(name)}`,
    nearest(
      name,
      options.map((each) => each.name),
    ),
  )
  return null
}

function stateOf(machine: Machine, name: string, node: StateNode): State {
  const at: At = (keyword) => machine.at(`/states/${pointerSegment(name)}/${keyword}`)
  if (node.except !== undefined && node.frozen !== true) at('except')('only a frozen state has exceptions')
  return {
    frozen: node.frozen === true,
    except: (node.except ?? []).flatMap((path, index) => pathOf(machine, path, at(`except/${index}`)) ?? []),
    required: (node.required ?? []).flatMap((field, index) => fieldId(machine, field, at(`required/${index}`)) ?? []),
  }
}

function fieldId({ place: { draft } }: Machine, name: string, report: Report): string | null {
  const property = draft.properties.get(name)
  if (property) return property.id
  if (!draft.known.has(name)) report(`there is no property ${quote(name)}`, nearest(name, draft.known))
  return null
}

/** `notes`, `lines`, `lines.*.delivered`: names → ids. */
function pathOf({ place, symbols }: Machine, path: string, report: Report): string | null {
  let here = [...symbols.entities.values()].find((each) => each.id === place.draft.id)
  const ids: string[] = []
  for (const [index, name] of path.split('.').entries()) {
    if (index % 2 === 1) {
      if (name !== '*') return refuse(report, `write ${quote(path.replace(`.${name}`, `.*.${name}`))}: a star stands for any line`)
      ids.push(name)
      continue
    }
    const property = here?.properties.get(name)
    if (!property) return refuse(report, `there is no property ${quote(name)}`, here ? nearest(name, here.known) : null)
    ids.push(property.id)
    const line = property.node['x-bos']?.entity
    here = property.node['x-bos']?.type === 'lines' && typeof line === 'string' ? symbols.entities.get(line) : undefined
  }
  return ids.at(-1) === '*' ? ids.slice(0, -1).join('.') : ids.join('.')
}

function refuse(report: Report, detail: string, meant: string | null = null): null {
  report(detail, meant)
  return null
}

function transitionOf(machine: Machine, name: string, node: TransitionNode, known: readonly string[]): Transition | null {
  const { place, symbols } = machine
  const at: At = (keyword) => machine.at(`/transitions/${pointerSegment(name)}/${keyword}`)
  const to = optionId(machine, node.to, at('to'))
  const from = node.from?.flatMap((each, index) => optionId(machine, each, at(`from/${index}`)) ?? []) ?? null
  node.roles?.forEach((role, index) => {
    if (!symbols.roles.has(role)) at(`roles/${index}`)(`there is no role ${quote(role)}`, nearest(role, symbols.roles.keys()))
  })
  const guard = node.guard === undefined ? null : expressionOf(place, node.guard, changeRoots, at('guard'), boolean)
  if (node.message !== undefined && node.guard === undefined) at('message')('there is no guard that it could be said for')
  const set = Object.entries(node.set ?? {}).flatMap(
    ([field, text]) => assignmentOf(machine, field, text, at(`set/${pointerSegment(field)}`)) ?? [],
  )
  if (to === null) return null
  return {
    id: node.id ?? name,
    name,
    title: node.title ?? titled(name),
    from,
    to,
    roles: node.roles ?? null,
    guard,
    message: node.message ?? null,
    set,
    effects: effectsOf(place, symbols, node.effects ?? [], known, (keyword) => at(`effects${keyword}`)),
    amends: amendsOf(machine, node, at),
  }
}

/** Where a copy says what it amends. */
function amendsOf({ place }: Machine, { copy, link }: TransitionNode, at: At): string | null {
  if (copy === undefined) return null
  const member = place.shape.byName(link ?? '')
  if (member?.kind === 'reference' && member.entities.join() === place.draft.id) return member.id
  at('link')(
    link === undefined
      ? '"link" is missing: the reference by which the copy names this record'
      : `${quote(link)} is not a reference to ${place.draft.fullName}`,
  )
  return null
}

function assignmentOf(machine: Machine, name: string, text: string, report: Report): Assignment | null {
  const { place, property } = machine
  const member = place.shape.byName(name)
  const field = fieldId(machine, name, report)
  const type = typeOf(member)
  if (field === null) return null
  if (type === undefined) return refuse(report, `${quote(name)} has no value that could be set`)
  if (name === property.name) return refuse(report, 'the transition sets the state already')
  const expression = expressionOf(place, text, changeRoots, report, type)
  return expression && { field, expression }
}

/** `mark_sent` → `Mark sent`. */
function titled(name: string): string {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
