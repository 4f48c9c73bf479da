import { nearest } from '../fields/nearest.ts'
import { pointerSegment } from '../problems.ts'
import type { Reporter } from './check.ts'
import { seen } from './check-modules.ts'
import { compileField, fieldTypeOf, relationOf } from './compile-field.ts'
import { nameFault } from './reserved.ts'
import { checkScopeName, checkScopes } from './scopes.ts'
import { quote } from './shape-faults.ts'
import { isDocument } from './symbols.ts'
import type { EntityDraft, PropertyDraft, Symbols } from './symbols.ts'
import { administrator } from './types.ts'

/** What an index row holds, less its header, the tenant and the id of what comes along. */
const keyBytes = 2600

/** Title, search and unique keys of an entity. */
export function checkKeys(entity: EntityDraft, symbols: Symbols, report: Reporter): void {
  const own = entity.node['x-bos'] ?? {}
  const find = finder(entity, report)
  if (own.titleField !== undefined) {
    const field = find(own.titleField, '/x-bos/titleField')
    if (field && !isTitle(field)) report(entity.file, '/x-bos/titleField', `${typeName(field)} cannot be a title: choose a text`)
  }
  own.search?.forEach((name, index) => {
    const at = `/x-bos/search/${index}`
    const field = name.includes('.') ? undefined : find(name, at)
    if (field && fieldTypeOf(field) && fieldTypeOf(field)?.searched === undefined)
      report(entity.file, at, `${typeName(field)} has no words to search for`)
  })
  if (entity.kind === 'line' && own.search !== undefined)
    report(entity.file, '/x-bos/search', 'lines are not searched: they are found through their document')
  const ids = new Set<string>()
  own.unique?.forEach((key, index) => {
    const at = `/x-bos/unique/${index}`
    const fault = nameFault(key.id, 'key')
    if (fault !== null) report(entity.file, `${at}/id`, `${quote(key.id)} cannot be an id: ${fault}`)
    if (ids.has(key.id)) report(entity.file, `${at}/id`, `the id ${quote(key.id)} stands here twice`)
    ids.add(key.id)
    let bytes = 0
    const fields = key.fields.map((name, position) => {
      if (isDocument(entity, name)) return undefined
      const pointer = `${at}/fields/${position}`
      const field = find(name, pointer)
      const compiled = field && compileField(entity, field, symbols, () => undefined)
      if (!compiled) return field
      const size = compiled.type.keyBytes?.(compiled.settings, key.ignoreCase === true) ?? null
      if (size === null) report(entity.file, pointer, `${typeName(field)} cannot be part of a unique key`)
      bytes += size ?? 0
      return field
    })
    if (bytes > keyBytes)
      report(entity.file, `${at}/fields`, `may be ${bytes} bytes long; an index takes ${keyBytes}: give the texts a smaller maxLength`)
    if (key.ignoreCase === true && !fields.some((field) => field && fieldTypeOf(field)?.foldable))
      report(entity.file, `${at}/ignoreCase`, 'none of these properties is a text')
    const period = key.noOverlap?.map((name, position) => {
      const field = find(name, `${at}/noOverlap/${position}`)
      const type = field && fieldTypeOf(field)
      if (field && type && type.period !== true)
        report(entity.file, `${at}/noOverlap/${position}`, `${typeName(field)} cannot bound a period: choose a date or dateTime`)
      return type
    })
    if (period && period[0] !== period[1] && !period.includes(undefined))
      report(entity.file, `${at}/noOverlap`, 'both ends must be of one type')
  })
}

/** What records are recognised by: one line of text. */
const isTitle = (field: PropertyDraft): boolean => {
  const type = fieldTypeOf(field)
  return type === undefined || type.searched !== undefined
}

const typeName = (field: PropertyDraft): string => `${quote(field.name)} (${fieldTypeOf(field)?.id ?? 'unknown'})`

const finder =
  (entity: EntityDraft, report: Reporter) =>
  (name: string, pointer: string): PropertyDraft | undefined => {
    const field = entity.properties.get(name)
    if (field === undefined && !entity.known.has(name))
      report(entity.file, pointer, `there is no property ${quote(name)}`, nearest(name, entity.known))
    return field
  }

export function checkPermissions(entity: EntityDraft, symbols: Symbols, report: Reporter): void {
  const own = entity.node['x-bos'] ?? {}
  const permissions = Object.entries(own.permissions ?? {})
  if (entity.kind === 'line' && permissions.length > 0)
    return report(entity.file, '/x-bos/permissions', 'a line has the permissions of its document')
  checkScopes(entity, report)
  const transitions = [...entity.properties.values()].flatMap(({ node }) => Object.keys(node['x-bos']?.lifecycle?.transitions ?? {}))
  for (const [name, permission] of permissions) {
    const at = `/x-bos/permissions/${pointerSegment(name)}`
    const role = symbols.roles.get(name)
    if (name === administrator) report(entity.file, at, `${administrator} has every action on every entity already`)
    else if (role === undefined) {
      if (!symbols.unreadable.has(`${name.split('.')[0]}.module`))
        report(entity.file, at, `there is no role ${quote(name)}`, nearest(name, symbols.roles.keys()))
    } else seen(name, role.module, entity.module, symbols, (detail, meant) => report(entity.file, at, detail, meant))
    if (typeof permission.scope === 'string') checkScopeName(entity, permission.scope, symbols, `${at}/scope`, report)
    else permission.scope?.forEach((scope, index) => checkScopeName(entity, scope, symbols, `${at}/scope/${index}`, report))
    for (const transition of Object.keys(permission.transitions ?? {}))
      if (!transitions.includes(transition))
        report(
          entity.file,
          `${at}/transitions/${pointerSegment(transition)}`,
          `there is no transition ${quote(transition)}`,
          nearest(transition, transitions),
        )
    permission.hide?.forEach((path, index) => checkPath(entity, path, symbols, `${at}/hide/${index}`, report))
    permission.readOnly?.forEach((path, index) => checkPath(entity, path, symbols, `${at}/readOnly/${index}`, report))
    for (const path of Object.keys(permission.mask ?? {})) checkPath(entity, path, symbols, `${at}/mask/${pointerSegment(path)}`, report)
    permission.show?.forEach((path, index) => {
      const pointer = `${at}/show/${index}`
      const property = checkPath(entity, path, symbols, pointer, report)
      if (property && !isDerived(property))
        report(entity.file, pointer, `${quote(path)} is not made of anything: only derived values are shown`)
      if (permission.hide?.includes(path)) report(entity.file, pointer, `${quote(path)} is hidden from this role`)
    })
  }
}

/** A property, or one of a line: `lines.cost`. */
function checkPath(entity: EntityDraft, path: string, symbols: Symbols, pointer: string, report: Reporter): PropertyDraft | undefined {
  let here: EntityDraft | undefined = entity
  let last: PropertyDraft | undefined
  const steps = path.split('.')
  steps.forEach((name, index) => {
    const property: PropertyDraft | undefined = here?.properties.get(name)
    last = property
    if (here && !here.known.has(name))
      report(entity.file, pointer, `${here.fullName} has no property ${quote(name)}`, nearest(name, here.known))
    const line = property && relationOf(property) === 'lines' ? property.node['x-bos']?.entity : undefined
    if (property && index < steps.length - 1 && line === undefined) report(entity.file, pointer, `${quote(name)} has no lines`)
    here = typeof line === 'string' ? symbols.entities.get(line) : undefined
  })
  return last
}

/** It is made of other values. */
function isDerived({ node }: PropertyDraft): boolean {
  const own = node['x-bos'] ?? {}
  const origins = [own.compute, own.rollup, own.lookup, own.copy, own.treeOf, own.pattern]
  return origins.some((each) => each !== undefined)
}
