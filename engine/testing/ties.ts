import { openWorldWith, type ModuleFiles } from './dropped-in.ts'
import type { World } from './world.ts'
import { integer, reference, text } from './properties.ts'

/** A module of things that hang on each other: what a deletion takes along, what it empties, and what stands against either. */
const toHouse = (title: string, onDelete: string, more: object = {}) => reference(title, 'ties.house', { onDelete, ...more })
const state = (except: readonly string[]) => ({
  title: 'State',
  enum: ['draft', 'posted'],
  'x-bos': {
    lifecycle: {
      states: { posted: { frozen: true, except } },
      transitions: { post: { from: ['draft'], to: 'posted' }, unpost: { from: ['posted'], to: 'draft' } },
    },
  },
})
const full = { scope: 'all', read: true, create: true, update: true, delete: true, restore: true }
const houses = { ...full, import: true }

const files: ModuleFiles = {
  'module.json': { title: 'Ties', roles: ['outsider', 'half', 'whole'].map((id) => ({ id: `ties.${id}`, title: id })) },
  'entities/house.json': {
    title: 'House',
    type: 'object',
    required: ['name'],
    properties: {
      name: text('Name'),
      locked: { type: 'boolean', title: 'Locked', default: false },
      worth: integer('Worth'),
      secret: { ...text('Secret'), default: 'none' },
      posted: integer('Posted', { compute: "count(self.entries, e, e.state == 'posted')" }),
      rooms: { title: 'Rooms', 'x-bos': { type: 'lines', entity: 'ties.room' } },
      state: state(['rooms']),
    },
    'x-bos': {
      plural: 'houses',
      titleField: 'name',
      rules: [
        { id: 'locked', on: ['delete'], assert: 'self.locked != true', message: 'Unlock it first.', at: 'locked' },
        {
          id: 'dear',
          on: ['delete'],
          assert: 'self.worth < 1000',
          when: 'self.worth != null',
          message: 'It was dear.',
          at: 'worth',
          severity: 'warning',
        },
        {
          id: 'kept',
          on: ['update', 'delete'],
          assert: "self.secret != 'keep' && old.secret != 'keep'",
          message: 'It is kept.',
          at: 'secret',
        },
        { id: 'busy', on: ['delete'], assert: "count(self.entries, e, e.text == 'busy') == 0", message: 'Something goes on.' },
      ],
      permissions: { 'ties.outsider': { ...houses, hide: ['secret'] }, 'ties.half': houses, 'ties.whole': houses },
    },
  },
  'entities/room.json': {
    title: 'Room',
    type: 'object',
    properties: { name: text('Name'), used: { type: 'boolean', title: 'Used' } },
    'x-bos': {
      kind: 'line',
      plural: 'rooms',
      rules: [
        { id: 'used', on: ['delete'], when: 'self.used', assert: "parent.name == 'Ruin'", message: 'A used room stays.', at: 'used' },
      ],
    },
  },
  'entities/entry.json': {
    title: 'Entry',
    type: 'object',
    properties: {
      text: text('Text'),
      house: toHouse('House', 'cascade', { inverse: 'entries' }),
      under: { title: 'Under', 'x-bos': { type: 'reference', entity: 'ties.entry', onDelete: 'cascade' } },
      pinned: { type: 'boolean', title: 'Pinned', default: false },
      state: state(['text']),
    },
    'x-bos': {
      plural: 'entries',
      pluralTitle: 'Entries',
      titleField: 'text',
      rules: [{ id: 'pinned', on: ['delete'], assert: 'self.pinned != true', message: 'Unpin it first.', at: 'pinned' }],
      permissions: { 'ties.whole': full },
    },
  },
  'entities/group.json': {
    title: 'Group',
    type: 'object',
    properties: { name: text('Name'), homeless: integer('Homeless', { compute: 'sum(self.visits, v, v.lost)' }) },
    'x-bos': { plural: 'groups', titleField: 'name', permissions: {} },
  },
  'entities/visit.json': {
    title: 'Visit',
    type: 'object',
    properties: {
      text: text('Text'),
      house: toHouse('House', 'setNull', { inverse: 'visits' }),
      first: toHouse('First house', 'setNull', { createOnly: true }),
      guide: toHouse('Guide', 'setNull', { readOnlyWhen: 'true' }),
      party: { title: 'Party', 'x-bos': { type: 'reference', entity: 'ties.group', inverse: 'visits' } },
      fee: integer('Fee'),
      strict: { type: 'boolean', title: 'Strict' },
      reason: text('Reason', { requiredWhen: 'self.strict && self.house == null' }),
      lost: integer('Lost', { compute: 'self.house == null ? 1 : 0' }),
      place: text('Place', { compute: 'self.house.name' }),
      state: state(['guide']),
    },
    'x-bos': {
      plural: 'visits',
      titleField: 'text',
      rules: [{ id: 'fee', assert: 'self.fee == null || self.house != null', message: 'A fee needs a house.', at: 'house' }],
      permissions: { 'ties.half': { ...full, hide: ['reason'] }, 'ties.whole': full },
    },
  },
}

/** A world with the module `ties` enabled in both tenants. */
export const openTies = (): Promise<World> => openWorldWith('ties', files)
