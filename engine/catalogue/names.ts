import { shapeOf } from '../expressions/shape.ts'
import type { Between, Member, Names, Shape } from '../expressions/types.ts'
import { fieldTypes } from '../fields/index.ts'
import { compileField, relationOf } from './compile-field.ts'
import { endsOf } from './check-relations.ts'
import { related, relationsOf } from './relations.ts'
import type { Relations } from './relations.ts'
import { systemMembers } from './system-fields.ts'
import { isDocument, targetsOf } from './symbols.ts'
import type { EntityDraft, PropertyDraft, Symbols } from './symbols.ts'

/**
 * What expressions of a module can name: everything of the modules that it sees. Made from files that need not be without faults: what nobody can make sense of has no
 * name here.
 */
export function namesOf(symbols: Symbols, sees: (module: string) => boolean): Names {
  const relations = relationsOf(symbols)
  const seen = [...symbols.entities.values()].filter((draft) => sees(draft.module))
  const byId = new Map(seen.map((draft) => [draft.id, draft]))
  const documents = documentsOf(symbols)
  const shapes = new Map<string, Shape>()
  return {
    shape(entity) {
      const known = shapes.get(entity)
      const draft = byId.get(entity)
      if (known || !draft) return known
      const shape = shapeFor(draft, symbols, relations, documents, (id) => byId.has(id))
      shapes.set(entity, shape)
      return shape
    },
    entityNamed: (fullName) => seen.find((draft) => draft.fullName === fullName)?.id,
    entityNames: seen.map((draft) => draft.fullName),
  }
}

function shapeFor(
  draft: EntityDraft,
  symbols: Symbols,
  relations: Relations,
  documents: ReadonlyMap<string, string>,
  isSeen: (entity: string) => boolean,
): Shape {
  const members = [
    ...[...draft.properties.values()].flatMap((property) => memberOf(draft, property, symbols) ?? []),
    ...inverseMembers(draft, relations).filter(({ entity }) => isSeen(entity)),
    ...systemMembers(draft.kind, () => true),
  ]
  const treePath = [...draft.properties.values()].find(({ node }) => node['x-bos']?.treeOf !== undefined)
  return shapeOf({
    entity: draft.id,
    title: draft.node.title,
    members,
    formulas: new Set([...draft.properties.values()].filter(({ node }) => holdsFormula(node)).map(({ name }) => name)),
    document: documents.get(draft.id) ?? null,
    keys: [...uniqueKeysOf(draft), ...indexedOf(draft, symbols)],
    uniqueKeys: uniqueKeysOf(draft),
    treePath: treePath?.id ?? null,
  })
}

const holdsFormula = ({ 'x-bos': own }: PropertyDraft['node']): boolean =>
  own?.type !== undefined && fieldTypes.get(own.type)?.formula !== undefined

function memberOf(draft: EntityDraft, property: PropertyDraft, symbols: Symbols): Member | null {
  const { name, id, node } = property
  const title = node.title ?? name
  const relation = relationOf(property)
  const targets = targetsOf(draft, property, symbols).names.flatMap((each) => symbols.entities.get(each)?.id ?? [])
  if (relation === 'one') return { kind: 'reference', name, id, title, entities: targets }
  if (relation === 'lines' || relation === 'many') {
    const [entity] = targets
    const through = relation === 'many' ? betweenOf(draft, property, symbols) : null
    if (entity === undefined) return null
    return { kind: 'rows', via: relation === 'lines' ? 'lines' : 'links', name, id, title, entity, ...(through && { through }) }
  }
  const compiled = compileField(draft, property, symbols, () => undefined)
  const type = compiled?.type.valueType?.(compiled.settings)
  return type === undefined ? null : { kind: 'value', name, id, title, type }
}

/** Of a list that other records keep. */
function betweenOf(draft: EntityDraft, property: PropertyDraft, symbols: Symbols): Between | null {
  const junction = symbols.entities.get(property.node['x-bos']?.through ?? '')
  if (!junction) return null
  const { parentField, linkField } = endsOf(draft, property, junction, symbols)
  const [from, to] = [parentField, linkField].map((each) => junction.properties.get(each)?.id)
  return from === undefined || to === undefined ? null : { entity: junction.id, from, to }
}

const inverseMembers = (draft: EntityDraft, relations: Relations): (Member & { kind: 'rows' })[] =>
  [...related(draft.id, relations).inverses].map(([name, { entity, field }]) => ({
    kind: 'rows',
    via: 'inverse',
    name,
    id: `${entity}/${field}`,
    title: name,
    entity,
    field,
  }))

/** Line entity → the entity of its document. */
function documentsOf(symbols: Symbols): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const draft of symbols.entities.values()) {
    for (const property of draft.properties.values()) {
      if (relationOf(property) !== 'lines') continue
      for (const name of targetsOf(draft, property, symbols).names) {
        const line = symbols.entities.get(name)
        if (line) found.set(line.id, draft.id)
      }
    }
  }
  return found
}

const uniqueKeysOf = (draft: EntityDraft): readonly (readonly string[])[] =>
  (draft.node['x-bos']?.unique ?? [])
    .filter((key) => key.noOverlap === undefined && key.when === undefined && !key.fields.some((name) => isDocument(draft, name)))
    .map((key) => key.fields.map((name) => draft.properties.get(name)?.id ?? name))

/** Whatever has an index of its own. */
const indexedOf = (draft: EntityDraft, symbols: Symbols): readonly (readonly string[])[] =>
  [...draft.properties.values()]
    .filter((property) => relationOf(property) === 'one' || compileField(draft, property, symbols, () => undefined)?.indexed === true)
    .map(({ id }) => [id])
