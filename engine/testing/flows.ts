import { openWorldWith } from './dropped-in.ts'
import type { World } from './world.ts'

/** A module that lives by states: claims that are approved, paid and reopened. */
export const files: Readonly<Record<string, object>> = {
  'module.json': {
    title: 'Flows',
    icon: 'flask',
    roles: [
      { id: 'flows.clerk', title: 'Clerk' },
      { id: 'flows.boss', title: 'Boss' },
    ],
    menu: [],
  },
  'entities/claim.json': {
    title: 'Claim',
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      amount: { title: 'Amount', 'x-bos': { type: 'decimal', scale: 2 } },
      twice: { title: 'Twice', 'x-bos': { type: 'decimal', scale: 2, compute: 'self.amount * 2' } },
      notes: { title: 'Notes', 'x-bos': { type: 'longText' } },
      approved_on: { title: 'Approved on', type: 'string', format: 'date' },
      approved_by: { title: 'Approved by', 'x-bos': { type: 'reference', entity: 'core.member' } },
      account: { type: 'string', title: 'Account', maxLength: 20 },
      items: { title: 'Items', 'x-bos': { type: 'lines', entity: 'flows.claim_item' } },
      state: {
        title: 'State',
        enum: ['draft', 'open', 'approved', 'paid', 'rejected'],
        default: 'draft',
        'x-bos': {
          lifecycle: {
            states: { approved: { frozen: true, except: ['notes', 'items.*.checked'], required: ['account'] }, paid: { frozen: true } },
            transitions: {
              submit: {
                from: ['draft', 'rejected'],
                to: 'open',
                guard: 'self.amount > 0 && count(self.items) > 0',
                message: 'A claim needs an amount and items.',
              },
              approve: {
                from: ['open'],
                to: 'approved',
                roles: ['flows.boss'],
                guard: 'self.created_by != user || self.amount < 100',
                set: { approved_on: 'today', approved_by: 'user', notes: "coalesce(self.notes, '') + ' ok'" },
              },
              pay: { from: ['approved'], to: 'paid', title: 'Pay out', guard: 'all(self.items, i, i.checked)' },
              reject: { from: ['open'], to: 'rejected' },
              reopen: { from: ['approved', 'paid'], to: 'open', roles: ['flows.boss'], set: { approved_on: 'null', approved_by: 'null' } },
            },
          },
        },
      },
    },
    'x-bos': {
      plural: 'claims',
      titleField: 'name',
      permissions: {
        'flows.clerk': { scope: 'all', read: true, create: true, update: true, delete: true },
        'flows.boss': { scope: 'all', read: true, hide: [] },
      },
    },
  },
  'entities/claim_item.json': {
    title: 'Item',
    type: 'object',
    required: ['what'],
    properties: { what: { type: 'string', title: 'What', maxLength: 80 }, checked: { type: 'boolean', title: 'Checked', default: false } },
    'x-bos': { kind: 'line', plural: 'claim_items' },
  },
}

/** A world with the module `flows` enabled in both tenants; nobody but administrators has a role in it. */
export function openFlows(more: Readonly<Record<string, object>> = {}): Promise<World> {
  return openWorldWith('flows', { ...files, ...more })
}
