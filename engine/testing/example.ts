import type { ModuleSource } from '../catalogue/sources.ts'

/** A module as tests write it: path inside the folder → content. `module.json` is made up where it is not given. */
export function exampleModule(id: string, files: Readonly<Record<string, unknown>> = {}): ModuleSource {
  const all = { 'module.json': { id, version: '1.0.0', metamodel: 1, title: id }, ...files }
  const sorted = new Map(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)))
  // Any text that differs when the content does.
  return { id, hash: JSON.stringify([...sorted]), files: sorted, seeds: [], faults: [] }
}

/** A module `crm` that leans on the core and has the role `crm.rep`. */
export const exampleCrm = (files: Readonly<Record<string, unknown>> = {}): ModuleSource =>
  exampleModule('crm', {
    'module.json': {
      id: 'crm',
      version: '1.0.0',
      metamodel: 1,
      title: 'CRM',
      depends: { core: '^1.0.0' },
      roles: [{ id: 'crm.rep', title: 'Rep' }],
    },
    ...files,
  })

/** An entity with a required text `name` and whatever else is given. */
export function exampleEntity(
  properties: Readonly<Record<string, unknown>> = {},
  settings: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { title: 'Thing', type: 'object', required: ['name'], properties: { name: { type: 'string' }, ...properties }, 'x-bos': settings }
}

/** A core with what traits and roles of other modules lean on. */
export const exampleCore: ModuleSource = exampleModule('core', {
  'module.json': {
    id: 'core',
    version: '1.2.0',
    metamodel: 1,
    title: 'Core',
    roles: [
      { id: 'core.admin', title: 'Administrator' },
      { id: 'core.user', title: 'User' },
    ],
  },
  'entities/member.json': exampleEntity(),
  'entities/tag.json': exampleEntity(),
  'entities/comment.json': exampleEntity({
    about: { 'x-bos': { type: 'reference', entity: [], inverse: 'comments', onDelete: 'cascade' } },
  }),
  'traits/owned.json': {
    title: 'Owned',
    'x-bos': { scopes: [{ id: 'own', title: 'Own', member: 'owner' }] },
    properties: { owner: { 'x-bos': { type: 'reference', entity: 'core.member', defaultsToActor: true } } },
  },
  'traits/commentable.json': { title: 'Commentable', 'x-bos': { appendTo: [{ entity: 'core.comment', field: 'about' }] } },
  'traits/taggable.json': {
    title: 'Taggable',
    properties: { tags: { 'x-bos': { type: 'references', entity: 'core.tag', inverse: 'tagged' } } },
  },
  'traits/tree.json': {
    title: 'Tree',
    properties: {
      parent: { 'x-bos': { type: 'reference', entity: 'self', inverse: 'children' } },
      path: { type: 'string', 'x-bos': { treeOf: 'parent', readOnly: true } },
    },
  },
})
