import { pointerSegment } from '../problems.ts'
import { fieldTypes } from '../fields/index.ts'
import { nearest } from '../fields/nearest.ts'
import type { FieldType, OperatorName } from '../fields/type.ts'
import type { Reporter } from './check.ts'
import { findEntity, findView } from './check-modules.ts'
import { inverseName } from './check-relations.ts'
import { compileField, relationOf } from './compile-field.ts'
import { nameFault } from './reserved.ts'
import { quote } from './shape-faults.ts'
import { targetsOf } from './symbols.ts'
import { systemField } from './system-fields.ts'
import type { EntityDraft, Symbols, ViewDraft } from './symbols.ts'

/** What a name in a view leads to. */
interface Found {
  readonly type: FieldType
  readonly settings: unknown
}
type Say = (pointer: string, detail: string, meant?: string | null) => void

/** Related lists that every record has besides its relations. */
const builtTabs = ['history', 'activity', 'details']

export function checkViews(symbols: Symbols, report: Reporter): void {
  const ids = new Map<string, string>()
  for (const view of symbols.views.values()) {
    const say: Say = (pointer, detail, meant) => report(view.file, pointer, detail, meant)
    const fault = view.node.id === undefined ? null : nameFault(view.node.id, 'view')
    if (fault !== null) say('/id', `${quote(view.node.id)} cannot be an id: ${fault}`)
    const twin = ids.get(view.id)
    if (twin !== undefined) say(view.node.id === undefined ? '' : '/id', `the id ${view.id} belongs to ${twin} already`)
    ids.set(view.id, view.file)
    // A view without a readable entity has had its fault from the meta-schema.
    if (view.node.entity === undefined) continue
    const entity = findEntity(view.node.entity, view.module, symbols, (detail, meant) => say('/entity', detail, meant))
    if (entity !== undefined) checkView(view, entity, symbols, say)
  }
}

function checkView({ node, module }: ViewDraft, entity: EntityDraft, symbols: Symbols, say: Say): void {
  const find = (path: string, pointer: string): Found | null =>
    resolve(entity, path, symbols, (detail, meant) => say(pointer, detail, meant))
  node.columns?.forEach((column, index) => {
    if (typeof column === 'string') find(column, `/columns/${index}`)
    else find(column.field, `/columns/${index}/field`)
  })
  node.sort?.forEach((key, index) => {
    const found = find(key.replace(/^-/, ''), `/sort/${index}`)
    if (found && found.type.sort === undefined) say(`/sort/${index}`, `${quote(key)} (${found.type.id}) cannot be sorted by`)
  })
  if (node.group !== undefined) {
    const found = find(node.group, '/group')
    if (found && found.type.group === undefined) say('/group', `${quote(node.group)} (${found.type.id}) cannot be grouped by`)
  }
  node.aggregates?.forEach((measure, index) => {
    const [, name, field] = /^(\w+)\((\w+)\)$/.exec(measure) ?? []
    const found = field === undefined ? null : find(field, `/aggregates/${index}`)
    if (found && !found.type.measures?.some((each) => each === name))
      say(`/aggregates/${index}`, `${name} of ${quote(field)} (${found.type.id}) cannot be computed`)
  })
  for (const part of ['start', 'end', 'color', 'image', 'x', 'y'] as const) {
    const name = node.mapping?.[part]
    if (name !== undefined) find(name, `/mapping/${part}`)
  }
  if (typeof node.filter === 'object') for (const [key, value] of Object.entries(node.filter)) checkCondition(key, String(value), find, say)
  node.tiles?.forEach((tile, index) => findView(tile.view, module, symbols, (detail, meant) => say(`/tiles/${index}/view`, detail, meant)))
  if (node.kind === 'kanban' && node.group === undefined) say('', 'a board needs "group": the property whose values are its columns')
  if ((node.kind === 'calendar' || node.kind === 'timeline') && node.mapping?.start === undefined)
    say('', `a ${node.kind} needs "mapping": {"start": …}`)
}

const operatorNames = new Set<string>(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'contains', 'startsWith', 'null'])

function checkCondition(key: string, value: string, find: (path: string, pointer: string) => Found | null, say: Say): void {
  const at = `/filter/${pointerSegment(key)}`
  const parts = key.split('.')
  const last = parts.at(-1) ?? ''
  const named = parts.length > 1 && operatorNames.has(last)
  const found = find(named ? parts.slice(0, -1).join('.') : key, at)
  if (found === null) return
  const name = (named ? last : 'eq') as OperatorName
  const operator = found.type.operators[name]
  if (operator === undefined)
    say(at, `${found.type.id} has no filter ${quote(name)}; it has ${Object.keys(found.type.operators).join(', ')}`)
  else operator.parse(value, found.settings as never, (_, detail) => say(at, `${quote(value)} ${detail}`))
}

/** A property, a member of a composite (`address.city`), or one step along a reference to one entity. Null: reported, or nothing to say. */
function resolve(
  entity: EntityDraft,
  path: string,
  symbols: Symbols,
  report: (detail: string, meant?: string | null) => void,
): Found | null {
  const [name = '', ...rest] = path.split('.')
  const system = rest.length === 0 ? systemField(name) : undefined
  if (system !== undefined) {
    // A column may show what lists are not filtered by: nothing to say of its type.
    const type = system.listed ? fieldTypes.get(system.type) : undefined
    return type === undefined ? null : { type, settings: type.compile({ 'x-bos': { entity: system.target ?? 'self' } }, () => undefined) }
  }
  const property = entity.properties.get(name)
  if (property === undefined) {
    if (!entity.known.has(name)) report(`${entity.fullName} has no property ${quote(name)}`, nearest(name, entity.known))
    return null
  }
  const compiled = compileField(entity, property, symbols, () => undefined)
  if (compiled === undefined || rest.length === 0) return compiled ?? null
  const [step = '', ...more] = rest
  const members = compiled.type.members?.(compiled.settings)
  if (members !== undefined) {
    const member = members.get(step)
    if (member === undefined || more.length > 0)
      report(`${quote(name)} has no part ${quote(rest.join('.'))}`, nearest(step, members.keys()))
    const type = member && fieldTypes.get(member.type)
    return member && type ? { type, settings: member.settings } : null
  }
  const { names, list } = targetsOf(entity, property, symbols)
  const target = list || compiled.type.relation !== 'one' ? undefined : symbols.entities.get(names[0] ?? '')
  if (target === undefined || more.length > 0) {
    report(`${quote(path)} is not one step along a reference to one entity`)
    return null
  }
  return resolve(target, step, symbols, report)
}

export function checkDisplays(symbols: Symbols, report: Reporter): void {
  for (const module of symbols.modules.values()) {
    for (const [name, { file, node }] of module.displays) {
      const say: Say = (pointer, detail, meant) => report(file, pointer, detail, meant)
      const entity = findEntity(`${module.id}.${name}`, module.id, symbols, (detail, meant) => say('', detail, meant))
      if (entity === undefined) continue
      const find = (field: string | undefined, pointer: string): void => {
        if (field === undefined || entity.known.has(field)) return
        say(pointer, `${entity.fullName} has no property ${quote(field)}`, nearest(field, entity.known))
      }
      find(node.subtitleField, '/subtitleField')
      find(node.statusField, '/statusField')
      const status = node.statusField === undefined ? undefined : entity.properties.get(node.statusField)
      if (status && status.node.enum === undefined) say('/statusField', `${quote(status.name)} is not a select`)
      node.summaryFields?.forEach((field, index) => find(field, `/summaryFields/${index}`))
      node.quickCreate?.forEach((field, index) => find(field, `/quickCreate/${index}`))
      node.sections?.forEach((section, index) =>
        section.fields.forEach((field, place) => find(field, `/sections/${index}/fields/${place}`)),
      )
      checkTabs(entity, node.tabs ?? [], symbols, say)
    }
  }
}

function checkTabs(entity: EntityDraft, tabs: readonly string[], symbols: Symbols, say: Say): void {
  if (tabs.length === 0) return
  const inverses = inversesOf(entity, symbols)
  const known = new Map<string, string | null>([...builtTabs.map((tab): [string, null] => [tab, null]), ...inverses])
  for (const property of entity.properties.values()) {
    if (['lines', 'many'].includes(relationOf(property) ?? '')) known.set(property.name, null)
  }
  tabs.forEach((tab, index) => {
    const from = known.get(tab)?.split('.')[0] ?? entity.module
    if (symbols.modules.get(entity.module)?.sees.has(from) === false) {
      say(
        `/tabs/${index}`,
        `the relation ${quote(tab)} comes from ${from}, which ${entity.module} does not depend on; it follows the tabs by itself`,
      )
    } else if (!known.has(tab)) say(`/tabs/${index}`, `${entity.fullName} has no relation ${quote(tab)}`, nearest(tab, known.keys()))
  })
}

/** Inverse relation → the entity that refers, for all references that point at this one. */
function inversesOf(entity: EntityDraft, symbols: Symbols): Map<string, string> {
  const found = new Map<string, string>()
  for (const other of symbols.entities.values()) {
    for (const property of other.properties.values()) {
      const relation = relationOf(property)
      if (relation !== 'one' && relation !== 'many') continue
      const name = targetsOf(other, property, symbols).names.includes(entity.fullName) ? inverseName(other, property, entity) : null
      if (name !== null) found.set(name, other.fullName)
    }
  }
  return found
}
