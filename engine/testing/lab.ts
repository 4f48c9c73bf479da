import { openWorldWith } from './dropped-in.ts'
import type { World } from './world.ts'

/** What the shipped modules have no need of: two levels of lines, keys of several kinds, references that are cleared, values set once. */
const files: Readonly<Record<string, object>> = {
  'module.json': {
    title: 'Lab',
    icon: 'flask',
    depends: { core: '^1.0.0', crm: '^1.0.0' },
    roles: [{ id: 'lab.user', title: 'User' }],
    menu: [],
  },
  'entities/project.json': {
    title: 'Project',
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      code: { type: 'string', title: 'Code', maxLength: 20 },
      site: { title: 'Site', 'x-bos': { type: 'address', createOnly: true } },
      office: { title: 'Office', 'x-bos': { type: 'address' } },
      customer: { title: 'Customer', 'x-bos': { type: 'reference', entity: 'crm.company', onDelete: 'setNull' } },
      sections: { title: 'Sections', maxItems: 4, 'x-bos': { type: 'lines', entity: 'lab.section' } },
    },
    'x-bos': {
      plural: 'projects',
      titleField: 'name',
      unique: [{ id: 'code', fields: ['customer', 'code'], ignoreCase: true }],
      permissions: {},
    },
  },
  'entities/section.json': {
    title: 'Section',
    type: 'object',
    required: ['heading'],
    properties: {
      heading: { type: 'string', title: 'Heading', maxLength: 80 },
      place: { type: 'string', title: 'Place', maxLength: 80, 'x-bos': { createOnly: true } },
      badge: { type: 'string', title: 'Badge', maxLength: 20 },
      tasks: { title: 'Tasks', 'x-bos': { type: 'lines', entity: 'lab.task' } },
    },
    'x-bos': { kind: 'line', plural: 'sections', unique: [{ id: 'badge', fields: ['badge'] }] },
  },
  'entities/task.json': {
    title: 'Task',
    type: 'object',
    required: ['label'],
    properties: {
      label: { type: 'string', title: 'Label', maxLength: 80 },
      hours: { type: 'integer', title: 'Hours', minimum: 0, default: 1 },
      who: { title: 'Who', 'x-bos': { type: 'reference', entity: 'crm.contact', onDelete: 'restrict' } },
    },
    'x-bos': { kind: 'line', plural: 'tasks' },
  },
  'entities/note.json': {
    title: 'Note',
    type: 'object',
    required: ['text'],
    properties: {
      text: { type: 'string', title: 'Text', maxLength: 80 },
      about: { title: 'About', 'x-bos': { type: 'reference', entity: ['lab.project', 'crm.company'], onDelete: 'setNull' } },
      under: { title: 'Under', 'x-bos': { type: 'reference', entity: 'lab.note', onDelete: 'cascade' } },
      project: { title: 'Project', 'x-bos': { type: 'reference', entity: 'lab.project', onDelete: 'cascade' } },
      slot: { type: 'integer', title: 'Slot' },
      pinned: { type: 'boolean', title: 'Pinned' },
    },
    'x-bos': { plural: 'notes', titleField: 'text', unique: [{ id: 'slot', fields: ['slot'], when: 'self.pinned' }], permissions: {} },
  },
  'entities/booking.json': {
    title: 'Booking',
    type: 'object',
    required: ['room', 'from', 'to'],
    properties: {
      number: { title: 'Number', 'x-bos': { type: 'sequence', pattern: 'B{n:3}' } },
      room: { type: 'string', title: 'Room', maxLength: 20 },
      from: { type: 'string', format: 'date-time', title: 'From' },
      to: { type: 'string', format: 'date-time', title: 'To' },
    },
    'x-bos': {
      plural: 'bookings',
      titleField: 'number',
      unique: [
        { id: 'number', fields: ['number'] },
        { id: 'one_at_a_time', fields: ['room'], noOverlap: ['from', 'to'] },
      ],
      permissions: {},
    },
  },
  'entities/profile.json': {
    title: 'Profile',
    type: 'object',
    required: ['motto'],
    properties: { motto: { type: 'string', title: 'Motto', maxLength: 80 }, rooms: { type: 'integer', title: 'Rooms', default: 3 } },
    'x-bos': { kind: 'single', plural: 'profile', permissions: {} },
  },
}

/** A world with the module `lab` enabled in both tenants; only administrators may use it. */
export function openLab(): Promise<World> {
  return openWorldWith('lab', files)
}
