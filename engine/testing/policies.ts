import { openWorldWith } from './dropped-in.ts'
import type { World } from './world.ts'

/** Records that hold formulas over others. Clerks (everybody) know nothing of an order's margin, and see its cost only in their own. */
const formula = (title: string, more: object = {}) => ({
  title,
  'x-bos': { type: 'expression', entity: 'policy.order', result: 'boolean', ...more },
})
const line = (title: string, more: object = {}) => ({ type: 'string', title, maxLength: 80, ...more })
const everything = { read: true, create: true, update: true, delete: true, import: true, export: true }

const files: Readonly<Record<string, object>> = {
  'module.json': {
    title: 'Policy',
    roles: [{ id: 'policy.clerk', title: 'Clerk' }],
    defaultRole: 'policy.clerk',
    menu: [{ entity: 'policy.rule' }, { entity: 'policy.order' }],
  },
  'entities/order.json': {
    title: 'Order',
    type: 'object',
    required: ['name'],
    properties: {
      name: line('Name'),
      total: { type: 'integer', title: 'Total' },
      stage: { title: 'Stage', enum: ['open', 'won', 'lost'] },
      margin: { type: 'integer', title: 'Margin' },
      cost: { type: 'integer', title: 'Cost' },
      items: { title: 'Items', 'x-bos': { type: 'lines', entity: 'policy.item' } },
    },
    'x-bos': {
      use: ['core.owned'],
      plural: 'orders',
      titleField: 'name',
      permissions: { 'policy.clerk': { scope: 'all', ...everything, hide: ['margin'], mask: { cost: { unless: 'self.owner == user' } } } },
    },
  },
  'entities/item.json': {
    title: 'Item',
    type: 'object',
    properties: { what: line('What'), quantity: { type: 'integer', title: 'Quantity' } },
    'x-bos': { kind: 'line', plural: 'items' },
  },
  'entities/audit.json': {
    title: 'Audit',
    type: 'object',
    properties: { finding: line('Finding') },
    'x-bos': { plural: 'audits', titleField: 'finding', permissions: {} },
  },
  'entities/alert.json': {
    title: 'Alert',
    type: 'object',
    required: ['name'],
    properties: {
      name: line('Name'),
      condition: formula('Condition'),
      renews: { title: 'Renews', 'x-bos': { type: 'reference', entity: 'self', onDelete: 'setNull', inverse: 'renewed_by', noCopy: true } },
      state: {
        title: 'State',
        enum: ['open', 'old'],
        'x-bos': { lifecycle: { transitions: { renew: { from: ['open'], to: 'old', copy: 'amend', link: 'renews' } } } },
      },
    },
    'x-bos': { plural: 'alerts', titleField: 'name', permissions: { 'policy.clerk': { scope: 'all', ...everything } } },
  },
  'entities/rule.json': {
    title: 'Rule',
    type: 'object',
    required: ['name'],
    properties: {
      name: line('Name'),
      code: line('Code'),
      condition: formula('Condition'),
      points: formula('Points', { result: 'decimal' }),
      severe: formula('Severe', { entity: 'policy.audit' }),
      first: formula('First condition', { createOnly: true }),
      above: { title: 'Above', 'x-bos': { type: 'reference', entity: 'policy.rule', onDelete: 'setNull', inverse: 'below' } },
      steps: { title: 'Steps', 'x-bos': { type: 'lines', entity: 'policy.step' } },
    },
    'x-bos': {
      plural: 'rules',
      titleField: 'name',
      unique: [{ id: 'code', fields: ['code'] }],
      permissions: { 'policy.clerk': { scope: 'all', ...everything } },
    },
  },
  'entities/step.json': {
    title: 'Step',
    type: 'object',
    properties: { label: line('Label'), applies: formula('Applies') },
    'x-bos': { kind: 'line', plural: 'steps' },
  },
}

/** A world with the module `policy` enabled in both tenants. */
export function openPolicies(): Promise<World> {
  return openWorldWith('policy', files)
}
