import type { CatalogueView, Entity, Field } from '../api/catalogue.ts'
import { systemFields } from '../../engine/catalogue/system-fields.ts'
import type { Context, Root } from '../../engine/expressions/terms.ts'
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

const settings = 'core.settings'
const roots: ReadonlySet<Root> = new Set(['self', 'parent', 'user', 'tenant', 'settings', 'now', 'today'])

/** Of an expression about records of an entity. */
export const contextOf = (view: CatalogueView, self: string): Context => ({
  names: namesOf(view),
  self,
  roots,
  settings: settings in view.entities ? settings : null,
})

function namesIn(view: CatalogueView): Names {
  const shapes = new Map<string, Shape>()
  const byFullName = new Map(Object.values(view.entities).map(({ id, module, name }) => [`${module}.${name}`, id]))
  return {
    shape(id) {
      const entity = view.entities[id]
      const shape = shapes.get(id) ?? (entity && shapeOf(view, entity))
      if (shape) shapes.set(id, shape)
      return shape
    },
    entityNamed: (fullName) => byFullName.get(fullName),
    entityNames: [...byFullName.keys()],
  }
}

function shapeOf(view: CatalogueView, entity: Entity): Shape {
  const { id, title, kind, fields, unique, parent, treePath } = entity
  const members = [
    ...fields.flatMap((field) => memberOf(view, field) ?? []),
    ...inverseMembers(view, entity),
    ...(kind === 'line' ? positions : systemMembers(view)),
  ]
  const byName = new Map(members.map((each) => [each.name, each]))
  const byId = new Map(members.map((each) => [each.id, each]))
  return {
    entity: id,
    title,
    byName: (name) => byName.get(name),
    byId: (member) => byId.get(member),
    members,
    formulas: new Set(fields.filter((field) => fieldOf(field.type).formula !== undefined).map(({ name }) => name)),
    document: parent && parent.entity in view.entities ? parent.entity : null,
    keys: [...unique.map((key) => key.fields), ...fields.filter((field) => field.index || field.reference).map((field) => [field.id])],
    treePath,
  }
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

const positions: readonly Member[] = [
  { kind: 'value', id: 'position', name: 'position', title: 'Position', type: { kind: 'number', whole: true } },
]

/** `id` is every record's own, which the checker knows. */
const systemMembers = (view: CatalogueView): Member[] =>
  systemFields.flatMap(({ name, title, type, target, listed }): Member[] => {
    if (name === 'id' || !listed) return []
    if (target !== undefined) return target in view.entities ? [{ kind: 'reference', id: name, name, title, entities: [target] }] : []
    const value = fieldOf(type).valueType?.({})
    return value ? [{ kind: 'value', id: name, name, title, type: value }] : []
  })
