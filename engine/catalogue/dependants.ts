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
          visit(below, [...path, step], true)
          // Who is deleted stays in the list, and is not read in it.
          add(`${below.entity}/`, { entity: entity.id, field: id, path: [...path, step] })
        }
        for (const [key, below] of needs.inverse) {
          const field = key.slice(below.entity.length + 1)
          const step: PathStep = { kind: 'inverse', field, entity: below.entity }
          visit(below, [...path, step], true)
          add(`${below.entity}/`, { entity: entity.id, field: id, path: [...path, step] })
          add(`${below.entity}/${field}`, { entity: entity.id, field: id, path: [...path, step] })
        }
        if (needs.document) visit(needs.document, [...path, { kind: 'document', entity: needs.document.entity }], isOutside)
      }
      const self = expression.dependencies.roots.get('self')
      if (self) visit(self, [], false)
    }
  }
  return found
}
