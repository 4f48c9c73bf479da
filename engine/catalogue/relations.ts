import { inverseName } from './check-relations.ts'
import { relationOf } from './compile-field.ts'
import { targetsOf } from './symbols.ts'
import type { Symbols } from './symbols.ts'
import type { Entity, Inverse } from './types.ts'

/** Entity id → what points at it. */
export type Relations = ReadonlyMap<string, readonly (Inverse & { readonly owner: boolean })[]>

export function relationsOf(symbols: Symbols): Relations {
  const found = new Map<string, (Inverse & { owner: boolean })[]>()
  for (const draft of symbols.entities.values()) {
    for (const property of draft.properties.values()) {
      const own = property.node['x-bos']
      const relation = relationOf(property)
      if (relation !== 'one' && relation !== 'many') continue
      for (const name of targetsOf(draft, property, symbols).names) {
        const target = symbols.entities.get(name)
        if (target === undefined) continue
        const inverse = inverseName(draft, property, target)
        const list = found.get(target.id) ?? []
        if (relation === 'one') list.push({ name: inverse, entity: draft.id, field: property.id, owner: true })
        else {
          list.push({ name: inverse, entity: draft.id, field: property.id, owner: false })
          if (own?.through === undefined) list.push({ name: null, entity: `${draft.id}.${property.id}`, field: 'target', owner: true })
        }
        found.set(target.id, list)
      }
    }
  }
  return found
}

export function related(id: string, relations: Relations): Pick<Entity, 'inverses' | 'referencedBy'> {
  const all = (relations.get(id) ?? []).map(({ owner, ...inverse }) => ({ owner, inverse }))
  return {
    inverses: new Map(all.flatMap(({ inverse }): [string, Inverse][] => (inverse.name === null ? [] : [[inverse.name, inverse]]))),
    referencedBy: all.filter(({ owner }) => owner).map(({ inverse }) => inverse),
  }
}
