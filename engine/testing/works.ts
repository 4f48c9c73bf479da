import { openWorldWith, textsOf } from './dropped-in.ts'
import type { World } from './world.ts'

/** A module that lives by expressions: rules, conditions, and values derived in a document, from references and over lines. */
const files: Readonly<Record<string, object>> = {
  'module.json': {
    title: 'Works',
    icon: 'flask',
    depends: { core: '^1.0.0', crm: '^1.0.0' },
    roles: [{ id: 'works.user', title: 'User' }],
    menu: [],
  },
  'entities/article.json': {
    title: 'Article',
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      price: { title: 'Price', 'x-bos': { type: 'decimal', scale: 4 } },
      weight: { title: 'Weight', 'x-bos': { type: 'decimal', scale: 3, unit: 'kg' } },
      part_of: { title: 'Part of', 'x-bos': { type: 'reference', entity: 'works.article', inverse: 'parts' } },
      whole_price: { title: 'Price of the whole', 'x-bos': { type: 'decimal', scale: 4, compute: 'self.part_of.price' } },
      parts_price: { title: 'Price of the parts', 'x-bos': { type: 'decimal', scale: 4, compute: 'sum(self.parts, p, p.price)' } },
      gross: { title: 'With tax', 'x-bos': { type: 'decimal', scale: 2, compute: 'self.price * 1.2' } },
    },
    'x-bos': { plural: 'articles', titleField: 'name', permissions: {} },
  },
  'entities/order.json': {
    title: 'Order',
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      status: { title: 'Status', enum: ['open', 'sent', 'closed'], default: 'open' },
      customer: { title: 'Customer', 'x-bos': { type: 'reference', entity: 'crm.company', inverse: 'works_orders' } },
      contact: { title: 'Contact', 'x-bos': { type: 'reference', entity: 'crm.contact', where: 'target.company == self.customer' } },
      country: { title: 'Country', 'x-bos': { type: 'text', lookup: 'self.customer.country' } },
      greeting: { title: 'Greeting', 'x-bos': { type: 'text', default: "'Dear ' + self.contact.name" } },
      due: { title: 'Due', type: 'string', format: 'date', 'x-bos': { default: 'today + 14' } },
      overdue: { title: 'Overdue', 'x-bos': { type: 'boolean', compute: "self.due < today && self.status != 'closed'" } },
      discount: { title: 'Discount', 'x-bos': { type: 'percent', scale: 2 } },
      reason: {
        title: 'Reason',
        'x-bos': {
          type: 'text',
          visibleWhen: 'self.discount > 0',
          requiredWhen: 'self.discount > 10',
          readOnlyWhen: "self.status == 'closed'",
        },
      },
      lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: 'works.order_line' } },
      total: { title: 'Total', 'x-bos': { type: 'decimal', scale: 2, rollup: { over: 'lines', measure: 'sum', value: 'self.amount' } } },
      net: { title: 'Net', 'x-bos': { type: 'decimal', scale: 2, compute: 'self.total * (100 - coalesce(self.discount, 0)) / 100' } },
      bought: { type: 'integer', title: 'Bought', 'x-bos': { compute: 'sum(self.customer.works_sales, s, s.ordered)' } },
      kilos: { title: 'Kilos', 'x-bos': { type: 'decimal', scale: 3, compute: 'sum(self.lines, l, l.quantity * l.article.weight)' } },
      size: {
        title: 'Size',
        enum: ['none', 'small', 'large'],
        'x-bos': { compute: "self.net == 0 ? 'none' : self.net < 1000 ? 'small' : 'large'" },
      },
    },
    'x-bos': {
      plural: 'orders',
      titleField: 'name',
      permissions: {},
      rules: [
        {
          id: 'sent_has_lines',
          when: "self.status == 'sent'",
          assert: 'count(self.lines) > 0',
          message: 'An order needs lines before it is sent.',
          at: 'lines',
        },
        {
          id: 'discount_limit',
          assert: 'self.discount == null || self.discount <= 50',
          message: 'At most half of the price.',
          at: 'discount',
        },
        {
          id: 'stays_closed',
          when: "old.status == 'closed'",
          assert: "self.status == 'closed'",
          message: 'A closed order stays closed.',
          at: 'status',
        },
        {
          id: 'large_order',
          assert: 'self.net == null || self.net < 5000',
          message: 'That is a large order.',
          at: 'net',
          severity: 'warning',
        },
        {
          id: 'few_open',
          when: "self.status == 'open' && self.customer != null",
          assert: "count(self.customer.works_orders, o, o.status == 'open' && o.id != self.id) < 3",
          message: 'The customer has three open orders already.',
          at: 'customer',
        },
      ],
    },
  },
  'entities/order_line.json': {
    title: 'Order line',
    type: 'object',
    required: ['article'],
    properties: {
      article: { title: 'Article', 'x-bos': { type: 'reference', entity: 'works.article' } },
      quantity: { type: 'integer', title: 'Quantity', default: 1 },
      price: { title: 'Price', 'x-bos': { type: 'decimal', scale: 4, copy: { from: 'self.article.price', overridable: true } } },
      amount: { title: 'Amount', 'x-bos': { type: 'decimal', scale: 2, compute: 'self.quantity * self.price' } },
      share: { title: 'Share', 'x-bos': { type: 'percent', scale: 2, compute: 'self.amount * 100 / parent.total' } },
      sum: { title: 'So far', 'x-bos': { type: 'decimal', scale: 2, compute: 'running(parent.lines, l, l.amount)' } },
      gift: { title: 'Gift', 'x-bos': { type: 'boolean', visibleWhen: 'self.price == 0' } },
      note: { title: 'Note', 'x-bos': { type: 'text', requiredWhen: 'self.price == 0' } },
    },
    'x-bos': {
      kind: 'line',
      plural: 'order_lines',
      rules: [
        { id: 'positive', assert: 'self.quantity > 0', message: 'How many?', at: 'quantity' },
        { id: 'in_time', when: "parent.status == 'sent'", assert: 'self.price != null', message: 'A price is missing.', at: 'price' },
      ],
    },
  },
  'entities/sale.json': {
    title: 'Sale',
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      customer: { title: 'Customer', 'x-bos': { type: 'reference', entity: 'crm.company', inverse: 'works_sales' } },
      items: { title: 'Items', 'x-bos': { type: 'lines', entity: 'works.sale_item' } },
      ordered: { type: 'integer', title: 'Ordered', 'x-bos': { rollup: { over: 'items', measure: 'sum', value: 'self.quantity' } } },
      delivered: { type: 'integer', title: 'Delivered', 'x-bos': { rollup: { over: 'items', measure: 'sum', value: 'self.delivered' } } },
      percent: {
        title: 'Percent delivered',
        'x-bos': { type: 'percent', scale: 2, compute: 'least(100, self.delivered * 100 / self.ordered)' },
      },
      progress: {
        title: 'Progress',
        enum: ['none', 'partial', 'complete'],
        'x-bos': { compute: "self.percent == null || self.percent == 0 ? 'none' : self.percent < 100 ? 'partial' : 'complete'" },
      },
      account_title: { title: 'Account', 'x-bos': { type: 'text', compute: "self.customer.name + ' / ' + self.name" } },
    },
    'x-bos': { plural: 'sales', titleField: 'name', permissions: {} },
  },
  'entities/sale_item.json': {
    title: 'Sale item',
    type: 'object',
    required: ['article', 'quantity'],
    properties: {
      article: { title: 'Article', 'x-bos': { type: 'reference', entity: 'works.article' } },
      quantity: { type: 'integer', title: 'Quantity' },
      delivered: {
        type: 'integer',
        title: 'Delivered',
        'x-bos': { rollup: { over: 'deliveries', measure: 'sum', value: 'self.quantity', where: "parent.state != 'cancelled'" } },
      },
    },
    'x-bos': {
      kind: 'line',
      plural: 'sale_items',
      rules: [{ id: 'enough', assert: 'self.delivered <= self.quantity', message: 'More than was ordered.', at: 'delivered' }],
    },
  },
  'entities/delivery.json': {
    title: 'Delivery',
    type: 'object',
    properties: {
      note: { type: 'string', title: 'Note', maxLength: 80 },
      state: { title: 'State', enum: ['done', 'cancelled'], default: 'done' },
      items: { title: 'Items', 'x-bos': { type: 'lines', entity: 'works.delivery_item' } },
    },
    'x-bos': { plural: 'deliveries', permissions: {} },
  },
  'entities/delivery_item.json': {
    title: 'Delivery item',
    type: 'object',
    required: ['item', 'quantity'],
    properties: {
      item: { title: 'Item', 'x-bos': { type: 'reference', entity: 'works.sale_item', inverse: 'deliveries' } },
      quantity: { type: 'integer', title: 'Quantity', minimum: 1 },
    },
    'x-bos': { kind: 'line', plural: 'delivery_items' },
  },
}

/** The files of the module as texts, by path below its folder. */
export const worksFiles = textsOf('works', files)

/** A world with the module `works` enabled in both tenants; only administrators may use it. */
export const openWorks = (): Promise<World> => openWorldWith('works', worksFiles)
