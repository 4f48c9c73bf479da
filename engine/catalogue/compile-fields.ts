import { fieldOf } from '../fields/index.ts'
import type { FieldType, PropertyNode } from '../fields/type.ts'
import { endsOf } from './check-relations.ts'
import { compileField } from './compile-field.ts'
import type { WithoutSchemas } from './compile-schemas.ts'
import { scopesOfLines } from './scopes.ts'
import { targetsOf } from './symbols.ts'
import type { EntityDraft, PropertyDraft, Symbols } from './symbols.ts'
import type { Field, Lines, Reference } from './types.ts'

/** The fields of an entity, in the order in which people see them. */
export function compileFields(draft: EntityDraft, symbols: Symbols): Field[] {
  return [...draft.properties.values()].map((property) => compileOne(draft, property, symbols))
}

function compileOne(draft: EntityDraft, property: PropertyDraft, symbols: Symbols): Field {
  const compiled = compileField(draft, property, symbols, (pointer, detail) => {
    throw new Error(`${property.file}:${property.pointer}${pointer}: ${detail}`)
  })
  if (compiled === undefined) throw new Error(`${property.file}:${property.pointer}: no field type`)
  const { type, settings } = compiled
  const own = property.node['x-bos'] ?? {}
  const columns = type.columns(property.id, settings)
  const sequence = type.numbering?.(settings) ?? null
  return {
    id: property.id,
    name: property.name,
    title: property.node.title ?? titled(property.name),
    help: property.node.description ?? '',
    type: type.id,
    settings,
    columns,
    required: property.required,
    readOnly: own.readOnly === true || own.treeOf !== undefined || sequence !== null,
    createOnly: own.createOnly === true,
    noCopy: own.noCopy === true || sequence !== null,
    default: compiled.default,
    defaultsToActor: own.defaultsToActor === true,
    index: compiled.indexed,
    pii: own.pii === true,
    ...(own.measure === true && { measure: true as const }),
    ...(own.unit !== undefined && { unit: own.unit }),
    layer: (property.trait ?? draft.fullName).startsWith('core.') ? 'core' : 'module',
    reference:
      type.relation === 'one'
        ? referenceOf(
            draft,
            property,
            columns.map((column) => column.name),
            symbols,
          )
        : null,
    lines: linesOf(draft, property, type, symbols),
    sequence,
    logic: null,
  }
}

function referenceOf(draft: EntityDraft, property: PropertyDraft, columns: readonly string[], symbols: Symbols): Reference {
  const { names, list } = targetsOf(draft, property, symbols)
  const own = property.node['x-bos'] ?? {}
  return {
    several: list,
    // The type gives one column per target, in the order of the targets.
    targets: names.map((name, index) => ({ entity: symbols.entities.get(name)?.id ?? name, column: columns[index] ?? property.id })),
    onDelete: own.onDelete ?? (property.required || draft.kind === 'ledger' || draft.kind === 'line' ? 'restrict' : 'setNull'),
    inverse: own.inverse ?? null,
  }
}

function linesOf(draft: EntityDraft, property: PropertyDraft, { relation }: FieldType, symbols: Symbols): Lines | null {
  const own = property.node['x-bos'] ?? {}
  const [name = ''] = targetsOf(draft, property, symbols).names
  if (relation === 'lines') return { entity: symbols.entities.get(name)?.id ?? name, linkField: null, through: null }
  if (relation !== 'many') return null
  const junction = own.through === undefined ? undefined : symbols.entities.get(own.through)
  if (junction === undefined) return { entity: `${draft.id}.${property.id}`, linkField: 'target', through: null }
  const { parentField, linkField } = endsOf(draft, property, junction, symbols)
  return { entity: junction.id, linkField, through: { parentField } }
}

/** `expected_close` → `Expected close`. */
function titled(name: string): string {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The implicit entity behind a `references` field without `through`: one row per link, no route, no screen. */
export function linkEntity(entity: WithoutSchemas, field: Field, symbols: Symbols): WithoutSchemas | null {
  if (field.lines?.linkField !== 'target' || field.lines.through !== null || field.lines.entity !== `${entity.id}.${field.id}`) return null
  const target = targetOf(entity, field, symbols)
  const node: PropertyNode = { 'x-bos': { type: 'reference', entity: target } }
  const settings = fieldOf('reference').compile(node, (pointer, detail) => {
    throw new Error(`${field.lines?.entity}${pointer}: ${detail}`)
  })
  const link: Field = {
    ...field,
    id: 'target',
    name: 'target',
    type: 'reference',
    settings,
    columns: fieldOf('reference').columns('target', settings),
    required: true,
    readOnly: false,
    createOnly: false,
    noCopy: false,
    default: undefined,
    logic: null,
    index: false,
    lines: null,
    help: '',
    reference: { several: false, targets: [{ entity: target, column: 'target' }], onDelete: 'cascade', inverse: null },
  }
  const id = field.lines.entity
  return {
    id,
    module: entity.module,
    name: `${entity.name}.${field.name}`,
    kind: 'line',
    plural: `${entity.name}_${field.name}`,
    title: field.title,
    pluralTitle: field.title,
    description: '',
    layer: entity.layer,
    table: { schema: entity.table.schema, name: `${entity.table.name}__${field.id}` },
    fields: [link],
    fieldByName: new Map([['target', link]]),
    fieldById: new Map([['target', link]]),
    titleField: null,
    search: [],
    unique: [],
    permissions: new Map(),
    rules: [],
    lifecycles: [],
    derivations: [],
    tree: null,
    scopes: scopesOfLines,
    parent: null,
    link: true,
    inverses: new Map(),
    referencedBy: [],
    traits: [],
    display: {
      icon: 'link',
      hue: 260,
      subtitleField: null,
      imageField: null,
      statusField: null,
      summaryFields: ['target'],
      quickCreate: [],
      sections: [],
      tabs: [],
      editMode: 'live',
      openIn: 'panel',
    },
    views: [],
  }
}

function targetOf(entity: WithoutSchemas, field: Field, symbols: Symbols): string {
  for (const draft of symbols.entities.values()) {
    const property = draft.id === entity.id ? draft.properties.get(field.name) : undefined
    if (property === undefined) continue
    const [name = ''] = targetsOf(draft, property, symbols).names
    return symbols.entities.get(name)?.id ?? name
  }
  throw new Error(`${entity.id}.${field.id} has no target`)
}
