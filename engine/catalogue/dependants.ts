import type { Needs } from '../expressions/types.ts'
import type { Dependant, Entity, PathStep } from './types.ts'

/**
 * Which stored values of other documents hang on a field: the dependencies of derived values, turned round. A key is `entity/field`, or
 * `entity/` for the coming and going of records that a relation counts. What a document derives of itself is worked out with it and stands
 * not here; nor does what is searched for (`first`, `filter` over an entity): that is looked up when the record is written.
 */
export function dependantsOf(entities: ReadonlyMap<string, Entity>): ReadonlyMap<string, readonly Dependant[]> {
  const found = new Map<string, Dependant[]>()
  const add = (key: string, dependant: Dependant): void => {
    const list = found.get(key) ?? []
    found.set(key, [...list, dependant])
  }
  for (const entity of entities.values()) {
    for (const { id, logic } of entity.fields) {
      const derivation = logic?.derivation
      const isDerived = derivation && derivation.kind !== 'copy'
      // The expression of derived money has the currency in it.
      const expression = isDerived ? (derivation.stored ? derivation.expression : null) : logic?.currency
      if (!expression) continue
      const visit = (needs: Needs, path: readonly PathStep[], isOutside: boolean): void => {
        const tell = (key: string): void => {
          if (isOutside) add(`${needs.entity}/${key}`, { entity: entity.id, field: id, path })
        }
        for (const field of [...needs.values, ...needs.hops.keys()]) tell(field)
        for (const [field, below] of needs.hops) visit(below, [...path, { kind: 'hop', field, entity: below.entity }], true)
        for (const [field, below] of needs.lines) {
          visit(below, [...path, { kind: 'lines', field, entity: below.entity }], isOutside)
          if (isOutside)
            add(`${below.entity}/`, { entity: entity.id, field: id, path: [...path, { kind: 'lines', field, entity: below.entity }] })
        }
        for (const [field, below] of needs.links) {
          const step: PathStep = { kind: 'links', field, entity: below.entity }
          for (const [key, steps] of rowsOfList(entities, needs.entity, field, isOutside))
            add(key, { entity: entity.id, field: id, path: [...path, ...steps] })
          visit(below, [...path, step], true)
          // Who is deleted stays in the list, and is not read in it.
          add(`${below.entity}/`, { entity: entity.id, field: id, path: [...path, step] })
        }
        for (const [key, below] of needs.inverse) {
          const steps = stepsBack(entities, below.entity, key.slice(below.entity.length + 1))
          visit(below, [...path, ...steps], true)
          steps.forEach((step, i) => {
            const way = { entity: entity.id, field: id, path: [...path, ...steps.slice(0, i + 1)] }
            add(`${step.entity}/`, way)
            // Set to something else, it leads to this record no more, or from now on.
            if (step.kind === 'inverse') add(`${step.entity}/${step.field}`, way)
            if (step.kind === 'hop') add(`${steps[0]!.entity}/${step.field}`, { ...way, path: [...path, ...steps.slice(0, i)] })
          })
        }
        if (needs.document) visit(needs.document, [...path, { kind: 'document', entity: needs.document.entity }], isOutside)
      }
      const self = expression.dependencies.roots.get('self')
      if (self) visit(self, [], false)
    }
  }
  return found
}

/** From a record to those whose reference, or list of references, names it. What a list names is rows of their own: links, or records between. */
function stepsBack(entities: ReadonlyMap<string, Entity>, entity: string, field: string): readonly PathStep[] {
  const { lines } = entities.get(entity)!.fieldById.get(field)!
  if (!lines?.linkField) return [{ kind: 'inverse', field, entity }]
  const link = entities.get(lines.entity)!
  const from = lines.through && link.fieldByName.get(lines.through.parentField)
  return [
    { kind: 'inverse', field: link.fieldByName.get(lines.linkField)!.id, entity: link.id },
    from ? { kind: 'hop', field: from.id, entity } : { kind: 'document', entity },
  ]
}

/** What tells that a list of references has become another, and the way to it. Of its own links a document knows. */
function rowsOfList(
  entities: ReadonlyMap<string, Entity>,
  entity: string,
  field: string,
  isOutside: boolean,
): readonly (readonly [key: string, way: readonly PathStep[]])[] {
  const { lines } = entities.get(entity)!.fieldById.get(field)!
  const link = lines?.linkField ? entities.get(lines.entity)! : undefined
  if (!lines?.linkField || !link) return []
  if (!lines.through) return isOutside ? [[`${link.id}/`, [{ kind: 'lines', field, entity: link.id }]]] : []
  const [from, to] = [lines.through.parentField, lines.linkField].map((name) => link.fieldByName.get(name)!.id)
  return ['', from, to].map((each) => [`${link.id}/${each}`, [{ kind: 'inverse', field: from!, entity: link.id }]])
}
