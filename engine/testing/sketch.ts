import assert from 'node:assert/strict'
import { actions, administrator } from '../catalogue/types.ts'
import type { Catalogue, Entity, Field, Permission, RowScope, ScopePredicate, UniqueKey } from '../catalogue/types.ts'
import { fieldOf } from '../fields/index.ts'
import { sha256 } from '../schema/names.ts'

/** An entity in a few words, for tests. A field is a property node; `at` names the parent of a line. */
export interface EntitySketch {
  readonly kind?: Entity['kind']
  readonly at?: string
  readonly link?: boolean
  readonly fields: Readonly<Record<string, Readonly<Record<string, unknown>> & { readonly type: string; readonly index?: boolean }>>
  readonly search?: readonly string[]
  readonly unique?: readonly (Partial<UniqueKey> & Pick<UniqueKey, 'id' | 'fields'>)[]
  readonly owner?: string
}
export type Sketch = Readonly<Record<string, EntitySketch>>

/** A catalogue with what the schema reads of it; the rest is empty. Keys are entity ids. */
export function sketchCatalogue(sketch: Sketch): Catalogue {
  const entities = new Map(Object.entries(sketch).map(([id, each]) => [id, sketchEntity(id, each)] as const))
  return { hash: sha256(JSON.stringify(sketch)), modules: new Map(), entities, routes: new Map(), roles: new Map(), dependants: new Map() }
}

function sketchEntity(
  id: string,
  { kind = 'record', at, link = false, fields: nodes, search = [], unique = [], owner }: EntitySketch,
): Entity {
  const [module = '', name = ''] = id.split('.')
  const folded = new Set([...search, ...unique.filter((key) => key.ignoreCase).flatMap((key) => key.fields)])
  const fields = Object.entries(nodes).map(([field, node]) => sketchField(field, node, folded.has(field)))
  const named = (wanted: string): Field => fields.find((field) => field.id === wanted) ?? assert.fail(`${id} has no ${wanted}`)
  const path = Object.entries(nodes).find(([, node]) => node['treeOf'] !== undefined)
  return {
    id,
    module,
    name,
    kind,
    link,
    fields,
    traits: [],
    plural: `${name}s`,
    title: name,
    pluralTitle: `${name}s`,
    description: '',
    layer: 'module',
    table: { schema: module, name },
    fieldByName: new Map(fields.map((field) => [field.name, field])),
    fieldById: new Map(fields.map((field) => [field.id, field])),
    titleField: null,
    search: search.map(named),
    unique: unique.map((key) => ({ ignoreCase: false, noOverlap: null, when: null, ...key })),
    rules: [],
    lifecycles: [],
    derivations: [],
    permissions: at === undefined ? new Map([[administrator, everything]]) : new Map(),
    tree: path ? { parent: named(String(path[1]['treeOf'])), path: named(path[0]) } : null,
    scopes: at !== undefined ? [scope('parent', { kind: 'parent' })] : ownScopes(owner),
    parent: at === undefined ? null : { entity: at, field: 'lines' },
    inverses: new Map(),
    referencedBy: [],
    views: [],
    display: {
      icon: '',
      hue: 260,
      subtitleField: null,
      imageField: null,
      statusField: null,
      summaryFields: [],
      quickCreate: [],
      sections: [],
      tabs: [],
      editMode: 'live',
      openIn: 'panel',
    },
    schemas: { read: {}, create: {}, patch: {} },
  }
}

const everything: Permission = {
  role: administrator,
  scopes: ['all'],
  actions: new Set(actions),
  transitions: new Set(),
  conditions: new Map(),
  guards: new Map(),
  hide: new Set(),
  readOnly: new Set(),
  masks: new Map(),
  show: new Set(),
}

const scope = (id: string, predicate: ScopePredicate): RowScope => ({ id, title: id, predicate })
const ownScopes = (owner?: string): RowScope[] => [
  scope('all', { kind: 'all' }),
  ...(owner === undefined ? [] : [scope('own', { kind: 'among', field: owner, set: 'self' })]),
]

function sketchField(
  id: string,
  { type, ...rest }: Readonly<Record<string, unknown>> & { readonly type: string; readonly index?: boolean },
  folded: boolean,
): Field {
  const { index = false, entity, scale, precision, currency, onDelete, treeOf, ...keywords } = rest
  const own = Object.fromEntries(
    Object.entries({ type, index, entity, scale, precision, currency, onDelete, treeOf }).filter(([, value]) => value !== undefined),
  )
  const fieldType = fieldOf(type)
  const settings = fieldType.compile({ ...keywords, 'x-bos': own }, (pointer, detail) => assert.fail(`${id}${pointer} ${detail}`), {
    indexed: index,
    folded,
  })
  const columns = fieldType.columns(id, settings)
  const targets = typeof entity === 'string' ? [entity] : ((entity as string[] | undefined) ?? [])
  return {
    id,
    name: id,
    title: id,
    help: '',
    type,
    settings,
    columns,
    required: false,
    readOnly: false,
    createOnly: false,
    noCopy: false,
    default: undefined,
    defaultsToActor: false,
    index,
    pii: false,
    layer: 'module',
    lines: null,
    sequence: null,
    logic: null,
    reference:
      type === 'reference'
        ? {
            several: Array.isArray(entity),
            targets: targets.map((target, i) => ({ entity: target, column: columns[i]!.name })),
            onDelete: 'restrict',
            inverse: null,
          }
        : null,
  }
}

/** A little of everything: scopes, lines in two levels, links, a single, a tree, several targets, unique keys of every sort. */
export const sampleSketch = {
  'core.member': {
    fields: { name: { type: 'text', index: true, maxLength: 120 }, email: { type: 'email' } },
    search: ['name'],
    unique: [{ id: 'email', fields: ['email'], ignoreCase: true }],
  },
  'core.tag': { fields: { name: { type: 'text' } } },
  'core.settings': { kind: 'single', fields: { note: { type: 'longText' } } },
  'core.team': {
    fields: {
      name: { type: 'text' },
      parent: { type: 'reference', entity: 'core.team' },
      path: { type: 'text', treeOf: 'parent', index: true },
    },
  },
  'core.note': { fields: { about: { type: 'reference', entity: ['crm.company', 'crm.deal'] }, body: { type: 'longText' } } },
  'crm.company': {
    fields: {
      name: { type: 'text', index: true, maxLength: 200 },
      country: { type: 'text', index: true, maxLength: 60 },
      external_id: { type: 'text' },
    },
    search: ['name', 'country'],
    unique: [{ id: 'external_id', fields: ['external_id'] }],
  },
  'crm.deal': {
    fields: {
      name: { type: 'text', index: true, maxLength: 200 },
      value: { type: 'money', index: true, precision: 14, scale: 2 },
      margin: { type: 'decimal', scale: 2, index: true },
      close: { type: 'date', index: true },
      company: { type: 'reference', entity: 'crm.company' },
      owner: { type: 'reference', entity: 'core.member', index: true },
      stage: { type: 'select', enum: ['new', 'won'], index: true },
    },
    search: ['name'],
    unique: [{ id: 'name_per_company', fields: ['company', 'name'], ignoreCase: true }],
    owner: 'owner',
  },
  'crm.deal_line': {
    kind: 'line',
    at: 'crm.deal',
    fields: { product: { type: 'text' }, quantity: { type: 'integer' } },
    unique: [{ id: 'product', fields: ['parent', 'product'] }],
  },
  'crm.deal_line_part': { kind: 'line', at: 'crm.deal_line', fields: { label: { type: 'text' } } },
  'crm.deal_tags': { kind: 'line', at: 'crm.deal', link: true, fields: { target: { type: 'reference', entity: 'core.tag' } } },
  'crm.booking': {
    fields: { room: { type: 'text' }, from: { type: 'dateTime' }, to: { type: 'dateTime' } },
    unique: [{ id: 'one_at_a_time', fields: ['room'], noOverlap: ['from', 'to'] }],
  },
} satisfies Sketch
