import { systemFields } from '../catalogue/system-fields.ts'
import { findsOne } from '../catalogue/types.ts'
import type { Field } from '../catalogue/types.ts'
import type { Context, Root } from '../expressions/check.ts'
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
      const shape = shapes.get(id) ?? (here && shapeOf(access, here))
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

const settings = 'core.settings'
const roots: ReadonlySet<Root> = new Set(['self', 'parent', 'user', 'tenant', 'settings', 'now', 'today'])

/** Of an expression about records of an entity, written by a caller. */
export const callersContext = (access: Access, self: string): Context => ({
  names: callersNames(access),
  self,
  roots,
  settings: access.entities.has(settings) ? settings : null,
})

function shapeOf(access: Access, here: EntityAccess): Shape {
  const { entity } = here
  const members = [
    ...here.visible.flatMap((field) => memberOf(access, field) ?? []),
    ...inverseMembers(access, here),
    ...(entity.kind === 'line' ? positions : systemMembers(access)),
  ]
  const byName = new Map(members.map((each) => [each.name, each]))
  const byId = new Map(members.map((each) => [each.id, each]))
  const shown = (id: string): boolean => here.visible.some((field) => field.id === id)
  return {
    entity: entity.id,
    title: entity.title,
    byName: (name) => byName.get(name),
    byId: (id) => byId.get(id),
    members,
    formulas: new Set(here.visible.filter((field) => fieldOf(field.type).formula !== undefined).map(({ name }) => name)),
    document: entity.parent && access.entities.has(entity.parent.entity) ? entity.parent.entity : null,
    keys: [
      ...entity.unique.filter(findsOne).map((key) => key.fields),
      ...here.visible.filter((field) => field.index || field.reference).map(({ id }) => [id]),
    ].filter((key) => key.every(shown)),
    treePath: entity.tree && here.visible.includes(entity.tree.path) ? entity.tree.path.id : null,
  }
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

const positions: readonly Member[] = [
  { kind: 'value', id: 'position', name: 'position', title: 'Position', type: { kind: 'number', whole: true } },
]

/** `id` is every record's own, which the checker knows. */
const systemMembers = (access: Access): Member[] =>
  systemFields.flatMap(({ name, title, type, target, listed }): Member[] => {
    if (name === 'id' || !listed) return []
    if (target !== undefined) return access.entities.has(target) ? [{ kind: 'reference', id: name, name, title, entities: [target] }] : []
    const value = fieldOf(type).valueType?.({})
    return value ? [{ kind: 'value', id: name, name, title, type: value }] : []
  })
