import { systemMembers } from '../catalogue/system-fields.ts'
import { findsOne } from '../catalogue/types.ts'
import type { Field } from '../catalogue/types.ts'
import type { Context } from '../expressions/check.ts'
import { personsContext } from '../expressions/core.ts'
import { shapeOf } from '../expressions/shape.ts'
import type { Member, Names, Shape } from '../expressions/types.ts'
import { fieldOf } from '../fields/index.ts'
import { settingsFor } from './access.ts'
import type { Access, EntityAccess } from './types.ts'

/**
 * What a caller can name in expressions: what they may know of, and nothing else. A hidden field has no name here, so it cannot be told
 * from one that never was.
 */
export function callersNames(access: Access): Names {
  const known = names.get(access)
  if (known) return known
  const shapes = new Map<string, Shape>()
  const byFullName = new Map([...access.entities.values()].map(({ entity }) => [`${entity.module}.${entity.name}`, entity.id]))
  const made: Names = {
    shape(id) {
      const here = access.entities.get(id)
      const shape = shapes.get(id) ?? (here && shapeFor(access, here))
      if (shape) shapes.set(id, shape)
      return shape
    },
    entityNamed: (fullName) => byFullName.get(fullName),
    entityNames: [...byFullName.keys()],
  }
  names.set(access, made)
  return made
}
const names = new WeakMap<Access, Names>()

/** Of an expression about records of an entity, written by a caller. */
export const callersContext = (access: Access, self: string): Context => personsContext(callersNames(access), self)

function shapeFor(access: Access, here: EntityAccess): Shape {
  const { entity } = here
  const members = [
    ...here.visible.flatMap((field) => memberOf(access, field) ?? []),
    ...inverseMembers(access, here),
    ...systemMembers(entity.kind, (id) => access.entities.has(id)),
  ]
  const shown = (id: string): boolean => here.visible.some((field) => field.id === id)
  return shapeOf({
    entity: entity.id,
    title: entity.title,
    members,
    formulas: new Set(here.visible.filter((field) => fieldOf(field.type).formula !== undefined).map(({ name }) => name)),
    document: entity.parent && access.entities.has(entity.parent.entity) ? entity.parent.entity : null,
    keys: [
      ...entity.unique.filter(findsOne).map((key) => key.fields),
      ...here.visible.filter((field) => field.index || field.reference).map(({ id }) => [id]),
    ].filter((key) => key.every(shown)),
    treePath: entity.tree && here.visible.includes(entity.tree.path) ? entity.tree.path.id : null,
  })
}

const isListed = (access: Access, entity: string): boolean => access.entities.get(entity)?.actions.has('list') === true

function memberOf(access: Access, field: Field): Member | null {
  const { id, name, title, reference, lines } = field
  if (reference) {
    const entities = reference.targets.map((each) => each.entity).filter((each) => access.entities.has(each))
    return entities.length > 0 ? { kind: 'reference', id, name, title, entities } : null
  }
  if (lines) {
    const link = lines.linkField === null ? null : access.catalogue.entities.get(lines.entity)!.fieldByName.get(lines.linkField)
    const entity = link === null ? lines.entity : (link?.reference?.targets[0]?.entity ?? '')
    if (!access.entities.has(entity) || (link !== null && !isListed(access, entity))) return null
    return { kind: 'rows', via: link === null ? 'lines' : 'links', id, name, title, entity }
  }
  const type = fieldOf(field.type).valueType?.(settingsFor(access, field))
  return type ? { kind: 'value', id, name, title, type } : null
}

const inverseMembers = (access: Access, { entity }: EntityAccess): Member[] =>
  [...entity.inverses].flatMap(([name, { entity: from, field }]): Member[] => {
    const other = access.entities.get(from)
    if (!other?.visible.some((each) => each.id === field) || !isListed(access, from)) return []
    return [{ kind: 'rows', via: 'inverse', id: `${from}/${field}`, name, title: other.entity.pluralTitle, entity: from, field }]
  })
