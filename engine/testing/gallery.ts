import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { openWorld, type World } from './world.ts'

/**
 * A world with one more module, in which every field type, reference shape and scope occurs: `gallery`. Everybody has the role gallery.rep
 * there (administrators may do everything, as everywhere).
 */
export async function openGallery(more: Readonly<Record<string, string>> = {}): Promise<World> {
  const modules = await mkdtemp(join(tmpdir(), 'businessos-modules-'))
  await cp(fileURLToPath(new URL('../../modules-json', import.meta.url)), modules, { recursive: true })
  await mkdir(join(modules, 'gallery', 'entities'), { recursive: true })
  await writeFile(join(modules, 'gallery', 'module.json'), JSON.stringify(module))
  for (const [name, entity] of Object.entries(entities))
    await writeFile(join(modules, 'gallery', 'entities', `${name}.json`), JSON.stringify({ type: 'object', ...entity }))
  const world = await openWorld({ MODULES_DIR: modules, ...more })
  afterAll(() => rm(modules, { recursive: true, force: true }))
  if (world.app.faults.length > 0) throw new Error(JSON.stringify(world.app.faults, null, 1))
  return world
}

const module = {
  id: 'gallery',
  version: '1.0.0',
  metamodel: 1,
  title: 'Gallery',
  depends: { core: '^1.0.0' },
  roles: [
    { id: 'gallery.rep', title: 'Rep' },
    { id: 'gallery.boss', title: 'Boss' },
  ],
  defaultRole: 'gallery.rep',
}

const text = (more: object = {}) => ({ type: 'string', title: 'Text', ...more })
const typed = (type: string, more: object = {}) => ({ title: type, 'x-bos': { type, ...more } })

const entities = {
  /** One field of every type, some of them twice: with an index and without. */
  sample: {
    title: 'Sample',
    required: ['name'],
    properties: {
      name: text({ maxLength: 100, 'x-bos': { index: true } }),
      code: text({ maxLength: 40 }),
      note: typed('longText'),
      page: typed('markdown'),
      mail: typed('email', { index: true }),
      phone: typed('phone'),
      site: typed('url'),
      amount: typed('integer', { index: true }),
      small: typed('integer'),
      stars: typed('rating'),
      price: typed('decimal', { scale: 2, precision: 12, index: true }),
      exact: typed('decimal', { scale: 6, precision: 30 }),
      share: typed('percent', { scale: 1 }),
      cost: typed('money', { index: true }),
      fee: typed('money', { currency: 'EUR' }),
      flag: { type: 'boolean', title: 'Flag', 'x-bos': { index: true } },
      day: { type: 'string', format: 'date', title: 'Day', 'x-bos': { index: true } },
      moment: { type: 'string', format: 'date-time', title: 'Moment', 'x-bos': { index: true } },
      clock: typed('time'),
      span: typed('duration'),
      state: { title: 'State', enum: ['zeta', 'alpha', 'mid'], 'x-bos': { index: true } },
      marks: { title: 'Marks', type: 'array', items: { enum: ['red', 'green', 'blue'] }, 'x-bos': { type: 'multiSelect' } },
      words: { title: 'Words', type: 'array', items: { type: 'string', maxLength: 20 }, maxItems: 5, 'x-bos': { type: 'list' } },
      extra: typed('json'),
      place: typed('address'),
      person: typed('personName'),
      tint: typed('color'),
      ean: typed('barcode'),
      team: typed('reference', { entity: 'gallery.group', inverse: 'samples', onDelete: 'setNull' }),
      next: typed('reference', { entity: 'gallery.sample', inverse: 'previous', onDelete: 'setNull' }),
      about: typed('reference', { entity: ['gallery.group', 'gallery.sample'], inverse: 'mentions', onDelete: 'setNull' }),
      the_one_that_stands_before_it_in_a_queue: typed('reference', { entity: 'gallery.sample', onDelete: 'setNull' }),
      friends: typed('references', { entity: 'gallery.group', inverse: 'friend_of' }),
      lines: typed('lines', { entity: 'gallery.part' }),
      secret: typed('decimal', { scale: 2, precision: 12, index: true }),
      hidden_word: text({ maxLength: 60 }),
      hidden_group: typed('reference', { entity: 'gallery.group', inverse: 'hidden_samples', onDelete: 'setNull' }),
    },
    'x-bos': {
      use: ['core.owned'],
      plural: 'samples',
      titleField: 'name',
      search: ['name', 'note', 'place', 'hidden_word'],
      permissions: {
        'gallery.rep': {
          scope: 'own',
          read: true,
          create: true,
          update: true,
          export: true,
          delete: true,
          restore: true,
          hide: ['secret', 'hidden_word', 'hidden_group', 'lines.hidden_cost'],
        },
        'gallery.boss': { scope: 'all', read: true, create: true, update: true, delete: true, restore: true, export: true },
      },
    },
  },
  part: {
    title: 'Part',
    properties: {
      label: text({ maxLength: 60, 'x-bos': { index: true } }),
      quantity: { type: 'integer', title: 'Quantity' },
      weight: typed('decimal', { scale: 3, precision: 12, index: true }),
      team: typed('reference', { entity: 'gallery.group', inverse: 'parts' }),
      hidden_cost: typed('decimal', { scale: 2 }),
      pieces: typed('lines', { entity: 'gallery.piece' }),
    },
    'x-bos': { kind: 'line', plural: 'parts' },
  },
  piece: { title: 'Piece', properties: { size: { type: 'integer', title: 'Size' } }, 'x-bos': { kind: 'line', plural: 'pieces' } },
  /** Everybody may read all of it, but export their own only, and see no budget. */
  group: {
    title: 'Group',
    required: ['name'],
    properties: {
      name: text({ maxLength: 80 }),
      region: text({ maxLength: 40, 'x-bos': { index: true } }),
      level: { type: 'integer', title: 'Level' },
      upper: typed('reference', { entity: 'gallery.group', inverse: 'lower', onDelete: 'setNull' }),
      budget: typed('decimal', { scale: 2 }),
      tasks: typed('lines', { entity: 'gallery.task' }),
    },
    'x-bos': {
      use: ['core.owned'],
      plural: 'groups',
      titleField: 'name',
      search: ['name'],
      permissions: {
        'core.user': { scope: 'all', read: true, hide: ['budget'] },
        'gallery.rep': {
          scope: 'own',
          read: true,
          create: true,
          update: true,
          delete: true,
          restore: true,
          export: true,
          hide: ['budget'],
        },
      },
    },
  },
  task: { title: 'Task', properties: { name: text({ maxLength: 40 }) }, 'x-bos': { kind: 'line', plural: 'tasks' } },
  /** For those alone who have a role that nobody gets by itself. */
  vault: {
    title: 'Vault',
    properties: {
      name: text({ maxLength: 80 }),
      about: typed('reference', { entity: 'gallery.sample', inverse: 'vaults', onDelete: 'setNull' }),
    },
    'x-bos': { plural: 'vaults', titleField: 'name', permissions: { 'gallery.boss': { scope: 'all', read: true } } },
  },
}
