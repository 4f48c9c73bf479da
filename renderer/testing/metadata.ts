import type { CatalogueView, Entity, Field, View } from '../api/catalogue.ts'
import { schemasOf, type WithoutSchemas } from '../../engine/catalogue/compile-schemas.ts'
import { fieldOf } from '../../engine/fields/index.ts'

/** Small metadata for tests: what matters is given, the rest is what the server would send. */
export const field = (given: Partial<Field> = {}): Field => ({
  id: given.name ?? 'name',
  name: 'name',
  title: 'Name',
  help: '',
  type: 'text',
  settings: {},
  required: false,
  readOnly: false,
  createOnly: false,
  noCopy: false,
  default: null,
  defaultsToActor: false,
  index: false,
  reference: null,
  lines: null,
  operators: [],
  sortable: true,
  group: null,
  measures: [],
  logic: null,
  ...given,
})

/** A field whose settings the engine's own type has compiled from an authoring node. */
export function typed(type: string, node: Readonly<Record<string, unknown>> = {}, given: Partial<Field> = {}): Field {
  const faults: string[] = []
  const own = typeof node['x-bos'] === 'object' ? node['x-bos'] : {}
  const settings = fieldOf(type).compile({ ...node, 'x-bos': { type, ...own } }, (pointer, detail) => faults.push(`${pointer} ${detail}`))
  if (faults.length > 0) throw new Error(`${type}: ${faults.join('; ')}`)
  return field({ type, settings, operators: Object.keys(fieldOf(type).operators), ...given })
}

export const view = (given: Partial<View> = {}): View => ({
  id: 'list',
  kind: 'list',
  title: 'List',
  columns: [],
  filter: {},
  sort: [],
  group: null,
  aggregates: [],
  mapping: {},
  density: 'default',
  tiles: [],
  ...given,
})

const display: Entity['display'] = {
  icon: 'table',
  hue: 245,
  subtitleField: null,
  imageField: null,
  statusField: null,
  summaryFields: [],
  quickCreate: [],
  sections: [],
  tabs: [],
  editMode: 'live',
  openIn: 'panel',
}

export const entity = (given: Partial<Entity> = {}): Entity => ({
  id: 'crm.deal',
  module: 'crm',
  name: 'deal',
  plural: 'deals',
  kind: 'record',
  title: 'Deal',
  pluralTitle: 'Deals',
  description: '',
  path: '/api/crm/deals',
  titleField: 'name',
  search: true,
  parent: null,
  treePath: null,
  actions: ['list', 'get', 'create', 'update', 'delete', 'restore'],
  fields: [field()],
  schemas: { create: {}, patch: {} },
  inverses: [],
  unique: [],
  rules: [],
  lifecycles: [],
  derivations: [],
  display,
  views: [],
  lineage: { entity: 'module', fields: {} },
  ...given,
})

export const catalogue = (...entities: readonly Entity[]): CatalogueView => ({
  hash: 'h',
  tenant: { id: 't', slug: 'acme', name: 'Acme', locale: 'en', timeZone: 'UTC', currency: 'EUR', demo: false },
  me: { member: 'm', name: 'Ada', email: 'ada@acme.test', roles: [], viewAs: false, viewer: null },
  modules: [],
  entities: Object.fromEntries(entities.map((each) => [each.id, { ...each, schemas: compiledSchemas(each, entities) }])),
})

/** The engine's own compiler makes the schemas; it reads no more of an entity than the view has. */
function compiledSchemas(one: Entity, entities: readonly Entity[]): Entity['schemas'] {
  const source = (each: Entity): WithoutSchemas =>
    ({ ...each, fields: each.fields.map((own) => ({ ...own, default: own.default ?? undefined })) }) as unknown as WithoutSchemas
  return schemasOf(source(one), new Map(entities.map((each) => [each.id, source(each)])))
}
