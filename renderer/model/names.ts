import type { CatalogueView, Entity, Field } from '../api/catalogue.ts'
import { systemMembers } from '../../engine/catalogue/system-fields.ts'
import { personsContext } from '../../engine/expressions/core.ts'
import type { Context } from '../../engine/expressions/terms.ts'
import { shapeOf } from '../../engine/expressions/shape.ts'
import type { Member, Names, Shape } from '../../engine/expressions/types.ts'
import { fieldOf } from '../../engine/fields/index.ts'

/**
 * What this person can name in expressions, made of what the server told them: the same names by which the server will read the text
 * (engine/records/caller-names.ts).
 */
export function namesOf(view: CatalogueView): Names {
  let made = names.get(view)
  if (!made) names.set(view, (made = namesIn(view)))
  return made
}
const names = new WeakMap<CatalogueView, Names>()

/** Of an expression about records of an entity. */
export const contextOf = (view: CatalogueView, self: string): Context => personsContext(namesOf(view), self)

function namesIn(view: CatalogueView): Names {
  const shapes = new Map<string, Shape>()
  const byFullName = new Map(Object.values(view.entities).map(({ id, module, name }) => [`${module}.${name}`, id]))
  return {
    shape(id) {
      const entity = view.entities[id]
      const shape = shapes.get(id) ?? (entity && shapeFor(view, entity))
      if (shape) shapes.set(id, shape)
      return shape
    },
    entityNamed: (fullName) => byFullName.get(fullName),
    entityNames: [...byFullName.keys()],
  }
}

function shapeFor(view: CatalogueView, entity: Entity): Shape {
  const { id, title, kind, fields, unique, parent, treePath } = entity
  const members = [
    ...fields.flatMap((field) => memberOf(view, field) ?? []),
    ...inverseMembers(view, entity),
    ...systemMembers(kind, (each) => each in view.entities),
  ]
  return shapeOf({
    entity: id,
    title,
    members,
    formulas: new Set(fields.filter((field) => fieldOf(field.type).formula !== undefined).map(({ name }) => name)),
    document: parent && parent.entity in view.entities ? parent.entity : null,
    keys: [...unique.map((key) => key.fields), ...fields.filter((field) => field.index || field.reference).map((field) => [field.id])],
    treePath,
  })
}

const isListed = (view: CatalogueView, entity: string): boolean => view.entities[entity]?.actions.includes('list') === true

function memberOf(view: CatalogueView, { id, name, title, type, settings: own, reference, lines }: Field): Member | null {
  if (reference) {
    const entities = reference.targets.map((each) => each.entity)
    return entities.length > 0 ? { kind: 'reference', id, name, title, entities } : null
  }
  if (lines) {
    if (lines.linkField === null)
      return lines.entity in view.entities ? { kind: 'rows', via: 'lines', id, name, title, entity: lines.entity } : null
    const link = view.entities[lines.entity]?.fields.find((each) => each.name === lines.linkField)
    const target = link?.reference?.targets[0]?.entity
    return target !== undefined && isListed(view, target) ? { kind: 'rows', via: 'links', id, name, title, entity: target } : null
  }
  const valueType = fieldOf(type).valueType?.(own)
  return valueType ? { kind: 'value', id, name, title, type: valueType } : null
}

const inverseMembers = (view: CatalogueView, { inverses }: Entity): Member[] =>
  inverses.flatMap(({ name, title, entity, field }): Member[] =>
    isListed(view, entity) ? [{ kind: 'rows', via: 'inverse', id: `${entity}/${field}`, name, title, entity, field }] : [],
  )
