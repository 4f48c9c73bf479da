import type { Reporter } from './check.ts'
import { findEntity } from './check-modules.ts'
import { fieldTypeOf, relationOf } from './compile-field.ts'
import { nameFault } from './reserved.ts'
import { quote } from './shape-faults.ts'
import { targetsOf } from './symbols.ts'
import type { EntityDraft, PropertyDraft, Symbols } from './symbols.ts'

const identifierBytes = 63
/** Why references in such records hold what they lead to. */
const heldBy: { readonly [kind in EntityDraft['kind']]?: string } = {
  ledger: 'what stands in a ledger stays as it is',
  line: 'a line is a part of its document, which is not changed behind its back',
}

/** Targets, inverses and junctions of every reference; every lines property. */
export function checkRelations(symbols: Symbols, report: Reporter): void {
  const inverses = new Map<string, string>()
  for (const entity of symbols.entities.values()) {
    for (const property of entity.properties.values()) {
      const own = property.node['x-bos'] ?? {}
      const relation = relationOf(property)
      if (relation === 'one' || relation === 'many') {
        checkTargets(entity, property, symbols, report)
        checkInverses(entity, property, symbols, inverses, report)
      }
      if (relation === 'one' && own.onDelete === 'setNull' && property.required) {
        report(property.file, `${property.pointer}/x-bos/onDelete`, 'a required reference cannot become empty: use restrict or cascade')
      }
      const kept = heldBy[entity.kind]
      if (relation === 'one' && kept && (own.onDelete ?? 'restrict') !== 'restrict') {
        report(property.file, `${property.pointer}/x-bos/onDelete`, `${kept}: use restrict`)
      }
      if (relation === 'many') checkLinks(entity, property, symbols, report)
      if (fieldTypeOf(property)?.formula) checkSubject(entity, property, symbols, report)
      if (relation === 'lines') checkLines(entity, property, symbols, report)
    }
  }
}

function checkTargets(entity: EntityDraft, property: PropertyDraft, symbols: Symbols, report: Reporter): void {
  const written = property.node['x-bos']?.entity
  const at = `${property.pointer}/x-bos/entity`
  // A trait's targets must be visible to the trait's module; who uses it sees that module.
  const module = property.trait?.split('.')[0] ?? entity.module
  const names = [written ?? []].flat()
  names.forEach((name, index) => {
    if (name === 'self') return
    const pointer = Array.isArray(written) ? `${at}/${index}` : at
    const target = findEntity(name, module, symbols, (detail, meant) => report(property.file, pointer, detail, meant))
    if (target?.kind === 'single') report(property.file, pointer, `${name} is a single: there is nothing to choose`)
  })
}

/** What a formula is about. */
function checkSubject(entity: EntityDraft, property: PropertyDraft, symbols: Symbols, report: Reporter): void {
  const name = property.node['x-bos']?.entity
  if (typeof name !== 'string' || name === 'self') return
  const module = property.trait?.split('.')[0] ?? entity.module
  findEntity(name, module, symbols, (detail, meant) => report(property.file, `${property.pointer}/x-bos/entity`, detail, meant))
}

function checkInverses(
  entity: EntityDraft,
  property: PropertyDraft,
  symbols: Symbols,
  inverses: Map<string, string>,
  report: Reporter,
): void {
  const { file, pointer } = property
  const stated = property.node['x-bos']?.inverse
  const fault = stated === undefined ? null : nameFault(stated, 'inverse')
  if (fault !== null) return report(file, `${pointer}/x-bos/inverse`, `${quote(stated)} cannot be a name: ${fault}`)
  const at = stated === undefined ? pointer : `${pointer}/x-bos/inverse`
  for (const name of targetsOf(entity, property, symbols).names) {
    const target = symbols.entities.get(name)
    const inverse = inverseName(entity, property, target)
    if (target === undefined || inverse === null) continue
    const source = `${entity.fullName}.${property.name}`
    if (target.known.has(inverse)) report(file, at, `${name} has a property ${quote(inverse)} already`)
    const taken = inverses.get(`${name} ${inverse}`)
    if (taken !== undefined) report(file, at, `the relation ${quote(inverse)} of ${name} belongs to ${taken} already`)
    inverses.set(`${name} ${inverse}`, source)
  }
}

/** The name of a reference as seen from one of its targets: what the trait that appended the target says, else what the reference says. */
export function inverseName(entity: EntityDraft, property: PropertyDraft, target: EntityDraft | undefined): string | null {
  for (const trait of target?.traits ?? []) {
    for (const append of trait.node['x-bos']?.appendTo ?? []) {
      if (append.entity === entity.fullName && append.field === property.name && append.inverse !== undefined) return append.inverse
    }
  }
  return property.node['x-bos']?.inverse ?? null
}

function checkLinks(entity: EntityDraft, property: PropertyDraft, symbols: Symbols, report: Reporter): void {
  const { file, pointer } = property
  const own = property.node['x-bos'] ?? {}
  const table = `${entity.id.split('.')[1]}__${property.id}`
  if (table.length > identifierBytes)
    report(file, pointer, `its table ${quote(table)} is longer than ${identifierBytes} bytes: shorten a name`)
  if (own.through === undefined) return
  const at = `${pointer}/x-bos/through`
  const junction = findEntity(own.through, entity.module, symbols, (detail, meant) => report(file, at, detail, meant))
  if (junction === undefined) return
  if (junction.kind !== 'record') return report(file, at, `${own.through} is a ${junction.kind}; a junction is a record of its own`)
  const [target] = targetsOf(entity, property, symbols).names
  for (const end of new Set([entity.fullName, target ?? entity.fullName])) {
    const fields = referencesTo(junction, end)
    const wanted = target === entity.fullName ? 2 : 1
    if (fields.length !== wanted)
      report(file, at, `${own.through} needs ${wanted === 1 ? 'one reference' : 'two references'} to ${end} and has ${fields.length}`)
  }
}

/** Names of the single-target references of an entity to another. */
const referencesTo = (entity: EntityDraft, target: string): string[] =>
  [...entity.properties.values()]
    .filter((property) => {
      const to = property.node['x-bos']?.entity
      return relationOf(property) === 'one' && (to === target || (to === 'self' && entity.fullName === target))
    })
    .map((property) => property.name)

/** Names of the references by which records of a junction lead to both ends of a list. */
export function endsOf(
  draft: EntityDraft,
  property: PropertyDraft,
  junction: EntityDraft,
  symbols: Symbols,
): { readonly parentField: string; readonly linkField: string } {
  const [target = ''] = targetsOf(draft, property, symbols).names
  const [near = '', far = ''] = referencesTo(junction, draft.fullName)
  // Where both ends are the same entity, the junction's first reference is the near end.
  return { parentField: near, linkField: target === draft.fullName ? far : (referencesTo(junction, target)[0] ?? '') }
}

function checkLines(entity: EntityDraft, property: PropertyDraft, symbols: Symbols, report: Reporter): void {
  const { file, pointer, trait } = property
  const name = property.node['x-bos']?.entity
  const at = `${pointer}/x-bos/entity`
  if (typeof name !== 'string') return
  if (trait !== null) return report(file, pointer, 'a trait cannot have lines: each lines property needs a line entity of its own')
  const line = findEntity(name, entity.module, symbols, (detail, meant) => report(file, at, detail, meant))
  if (line === undefined) return
  if (line.kind !== 'line') report(file, at, `${name} is not of kind line`)
  else if (line.module !== entity.module) report(file, at, `${name} belongs to another module; lines stand in the module of their document`)
}

/** Every line entity hangs at exactly one lines property, at most two levels below its document. */
export function checkLineOwners(symbols: Symbols, report: Reporter): void {
  const owners = new Map<string, { entity: EntityDraft; property: PropertyDraft }>()
  for (const entity of symbols.entities.values()) {
    for (const property of entity.properties.values()) {
      const own = property.node['x-bos']
      if (relationOf(property) !== 'lines' || typeof own?.entity !== 'string') continue
      const taken = owners.get(own.entity)
      if (taken !== undefined) {
        report(
          property.file,
          `${property.pointer}/x-bos/entity`,
          `${own.entity} is the line of ${taken.entity.fullName}.${taken.property.name} already; a line has one place`,
        )
      } else owners.set(own.entity, { entity, property })
    }
  }
  for (const entity of symbols.entities.values()) {
    if (entity.kind !== 'line') continue
    if (!owners.has(entity.fullName)) report(entity.file, '/x-bos/kind', 'no lines property holds this line')
    let depth = 0
    for (let above: EntityDraft | undefined = entity; above?.kind === 'line' && depth < 4; above = owners.get(above.fullName)?.entity)
      depth++
    if (depth > 2) report(entity.file, '/x-bos/kind', 'lines go at most two levels deep')
  }
}
