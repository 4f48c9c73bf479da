import { core } from '../expressions/core.ts'
import { nearest } from '../fields/nearest.ts'
import { pointerSegment } from '../problems.ts'
import type { Reporter } from './check.ts'
import { seen } from './check-modules.ts'
import { checkLineOwners, checkRelations } from './check-relations.ts'
import { checkKeys, checkPermissions } from './check-settings.ts'
import { compileField, relationOf } from './compile-field.ts'
import { traitsNotBuilt } from './not-yet.ts'
import { checkDeclaredScopes } from './scopes.ts'
import { quote } from './shape-faults.ts'
import type { EntityDraft, PropertyDraft, Symbols, TraitDraft } from './symbols.ts'

/** PostgreSQL cuts longer identifiers off, silently. */
const identifierBytes = 63
/** Of the 1,600 that a table can have; the rest is for the engine's own, and for those of further versions. */
const mostColumns = 1200
const byteLength = (text: string): number => new TextEncoder().encode(text).length

/** Fields, relations, keys and permissions of every entity, and the properties of every trait. */
export function checkEntities(symbols: Symbols, report: Reporter, reportOnce: Reporter): void {
  for (const trait of symbols.traits.values()) checkTrait(trait, symbols, report, reportOnce)
  for (const entity of symbols.entities.values()) {
    checkUse(entity, symbols, report)
    let columns = 0
    for (const property of entity.properties.values()) columns += checkProperty(entity, property, symbols, report, reportOnce)
    if (columns > mostColumns)
      report(entity.file, '/properties', `they take ${columns} columns in one table; PostgreSQL has room for ${mostColumns}: use lines`)
    checkNames(entity, report)
    checkKeys(entity, symbols, report)
    checkPermissions(entity, symbols, report)
  }
  checkRelations(symbols, report)
  checkLineOwners(symbols, report)
}

/** The properties of a trait are checked as if it were an entity, so that one which nobody uses is checked too. */
function checkTrait(trait: TraitDraft, symbols: Symbols, report: Reporter, reportOnce: Reporter): void {
  const { fullName, module, file, node } = trait
  const properties = new Map(
    Object.entries(node.properties ?? {}).map(([name, property]): [string, PropertyDraft] => [
      name,
      { name, id: property['x-bos']?.id ?? name, node: property, required: false, file, pointer: `/properties/${name}`, trait: null },
    ]),
  )
  const stand: EntityDraft = {
    id: fullName,
    fullName,
    name: fullName,
    module,
    kind: 'record',
    plural: '',
    file,
    node: { title: node.title, type: 'object' },
    properties,
    known: new Set(properties.keys()),
    traits: [],
  }
  for (const property of properties.values()) checkProperty(stand, property, symbols, report, reportOnce)
  checkRequired(file, node.required, stand.known, report)
  checkDeclaredScopes(trait, properties, report)
  node['x-bos']?.appendTo?.forEach((append, index) => {
    const at = `/x-bos/appendTo/${index}`
    const entity = symbols.entities.get(append.entity)
    if (entity === undefined) {
      if (!symbols.unreadable.has(append.entity))
        report(file, `${at}/entity`, `there is no entity ${quote(append.entity)}`, nearest(append.entity, symbols.entities.keys()))
      return
    }
    if (!seen(append.entity, entity.module, module, symbols, (detail, meant) => report(file, `${at}/entity`, detail, meant))) return
    const field = entity.properties.get(append.field)
    if (field === undefined) {
      if (!entity.known.has(append.field))
        report(file, `${at}/field`, `${append.entity} has no property ${quote(append.field)}`, nearest(append.field, entity.known))
    } else if (relationOf(field) !== 'one' || !Array.isArray(field.node['x-bos']?.entity)) {
      report(file, `${at}/field`, `${append.entity}.${append.field} is not a reference with a list of targets ("entity": [])`)
    }
  })
}

function checkUse(entity: EntityDraft, symbols: Symbols, report: Reporter): void {
  entity.node['x-bos']?.use?.forEach((name, index) => {
    const at = `/x-bos/use/${index}`
    const trait = symbols.traits.get(name)
    if (trait === undefined) {
      if (!traitsNotBuilt.has(name) && !symbols.unreadable.has(name))
        report(entity.file, at, `there is no trait ${quote(name)}`, nearest(name, symbols.traits.keys()))
      return
    }
    if (!seen(name, trait.module, entity.module, symbols, (detail, meant) => report(entity.file, at, detail, meant))) return
    if (entity.kind === 'line') report(entity.file, at, 'a line cannot use traits: it follows its document')
    for (const property of Object.keys(trait.node.properties ?? {})) {
      const taken = entity.properties.get(property)
      if (taken !== undefined && taken.trait !== name)
        report(entity.file, at, `${name} brings a property ${quote(property)}, which ${taken.trait ?? entity.fullName} has already`)
    }
  })
}

/** Answers how many columns it takes. */
function checkProperty(entity: EntityDraft, property: PropertyDraft, symbols: Symbols, report: Reporter, reportOnce: Reporter): number {
  const { file, pointer, node } = property
  const compiled = compileField(entity, property, symbols, (at, detail) => reportOnce(file, `${pointer}${at}`, detail))
  const columns = compiled?.type.columns(property.id, compiled.settings) ?? []
  for (const { name } of columns) {
    if (byteLength(name) > identifierBytes)
      report(file, pointer, `its column ${quote(name)} is longer than ${identifierBytes} bytes: shorten a name`)
  }
  const own = node['x-bos'] ?? {}
  if (own.treeOf !== undefined) checkTree(entity, property, own.treeOf, report)
  if (own.defaultsToActor === true && own.entity !== core.member)
    report(file, `${pointer}/x-bos/defaultsToActor`, `only a reference to ${core.member} can default to the acting member`)
  if (compiled?.type.numbering && entity.kind === 'line')
    report(file, `${pointer}/x-bos/type`, 'lines are not numbered by a sequence: their position is their number, or number the document')
  return columns.length
}

/** The engine keeps one path per record: it stands in a column of its own and counts as a change of the record. */
function checkTree(entity: EntityDraft, { file, pointer, name }: PropertyDraft, parent: string, report: Reporter): void {
  const at = `${pointer}/x-bos/treeOf`
  const reference = entity.properties.get(parent)
  const to = reference?.node['x-bos']?.entity
  if (reference === undefined || relationOf(reference) !== 'one' || (to !== 'self' && to !== entity.fullName))
    report(file, at, `${quote(parent)} is not a reference to the entity itself`)
  if (entity.kind !== 'record') report(file, at, `${entity.fullName} is a ${entity.kind}: only records stand below one another`)
  const first = [...entity.properties.values()].find((property) => property.node['x-bos']?.treeOf !== undefined)
  if (first !== undefined && first.name !== name)
    report(file, at, `${entity.fullName} has the path ${quote(first.name)} already; it can be one tree`)
}

function checkNames(entity: EntityDraft, report: Reporter): void {
  const ids = new Map<string, string>()
  for (const { id, name, pointer, file, trait } of entity.properties.values()) {
    const twin = ids.get(id)
    const use = entity.traits.findIndex(({ fullName }) => fullName === trait)
    if (twin !== undefined && trait === null) report(file, `${pointer}/x-bos/id`, `the id ${quote(id)} belongs to ${quote(twin)} already`)
    else if (twin !== undefined)
      report(
        entity.file,
        `/x-bos/use/${use}`,
        `${trait} brings a property with the id ${quote(id)}, which belongs to ${quote(twin)} already`,
      )
    ids.set(id, name)
  }
  if (entity.properties.size === 0 && entity.known.size === 0) report(entity.file, '/properties', 'an entity needs at least one property')
  checkRequired(entity.file, entity.node.required, entity.known, report)
}

function checkRequired(file: string, required: readonly string[] | undefined, known: ReadonlySet<string>, report: Reporter): void {
  required?.forEach((name, index) => {
    if (!known.has(name)) report(file, `/required/${pointerSegment(index)}`, `there is no property ${quote(name)}`, nearest(name, known))
  })
}
