/** Three proofs that effects are general: a journal that posts to a ledger, an order that is delivered in parts, leave that takes the oldest days first. */
export const postings: Readonly<Record<string, object>> = {
  'entities/entry.json': {
    title: 'Journal entry',
    type: 'object',
    required: ['text'],
    properties: {
      text: { type: 'string', title: 'Text', maxLength: 80 },
      day: { title: 'Day', type: 'string', format: 'date', 'x-bos': { default: 'today' } },
      lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: 'flows.entry_line' } },
      debit: { title: 'Debit', 'x-bos': { type: 'decimal', scale: 2, rollup: { over: 'lines', measure: 'sum', value: 'self.debit' } } },
      credit: { title: 'Credit', 'x-bos': { type: 'decimal', scale: 2, rollup: { over: 'lines', measure: 'sum', value: 'self.credit' } } },
      amends: { title: 'Amends', 'x-bos': { type: 'reference', entity: 'self', inverse: 'amended_by', noCopy: true } },
      state: {
        title: 'State',
        enum: ['draft', 'posted', 'cancelled'],
        'x-bos': {
          lifecycle: {
            states: { posted: { frozen: true }, cancelled: { frozen: true } },
            transitions: {
              post: {
                from: ['draft'],
                to: 'posted',
                guard: 'self.debit == self.credit && self.debit > 0',
                message: 'Debit and credit must be the same.',
                effects: [
                  {
                    create: {
                      each: 'self.lines',
                      entity: 'flows.posting',
                      set: {
                        entry: 'parent',
                        day: 'parent.day',
                        account: 'self.account',
                        amount: 'coalesce(self.debit, 0) - coalesce(self.credit, 0)',
                      },
                    },
                  },
                  {
                    update: {
                      each: 'self.lines',
                      entity: 'flows.balance',
                      key: { account: 'self.account' },
                      set: { amount: 'coalesce(target.amount, 0) + coalesce(self.debit, 0) - coalesce(self.credit, 0)' },
                    },
                  },
                ],
              },
              cancel: { from: ['posted'], to: 'cancelled', effects: [{ reverse: 'post' }] },
              amend: { from: ['posted'], to: 'cancelled', effects: [{ reverse: 'post' }], copy: 'amend', link: 'amends' },
            },
          },
        },
      },
    },
    'x-bos': { plural: 'entries', titleField: 'text', permissions: {} },
  },
  'entities/entry_line.json': {
    title: 'Entry line',
    type: 'object',
    required: ['account'],
    properties: {
      account: { type: 'string', title: 'Account', maxLength: 10 },
      debit: { title: 'Debit', 'x-bos': { type: 'decimal', scale: 2 } },
      credit: { title: 'Credit', 'x-bos': { type: 'decimal', scale: 2 } },
    },
    'x-bos': { kind: 'line', plural: 'entry_lines' },
  },
  'entities/posting.json': {
    title: 'Posting',
    type: 'object',
    properties: {
      entry: { title: 'Entry', 'x-bos': { type: 'reference', entity: 'flows.entry', inverse: 'postings' } },
      day: { title: 'Day', type: 'string', format: 'date' },
      account: { type: 'string', title: 'Account', maxLength: 10 },
      amount: { title: 'Amount', 'x-bos': { type: 'decimal', scale: 2, measure: true } },
    },
    'x-bos': { kind: 'ledger', plural: 'postings', permissions: {} },
  },
  'entities/balance.json': {
    title: 'Balance',
    type: 'object',
    required: ['account'],
    properties: {
      account: { type: 'string', title: 'Account', maxLength: 10 },
      amount: { title: 'Amount', 'x-bos': { type: 'decimal', scale: 2 } },
    },
    'x-bos': {
      plural: 'balances',
      titleField: 'account',
      unique: [{ id: 'account', fields: ['account'], ignoreCase: true }],
      permissions: {},
    },
  },
  'entities/purchase.json': {
    title: 'Purchase',
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      items: { title: 'Items', 'x-bos': { type: 'lines', entity: 'flows.purchase_item' } },
      state: {
        title: 'State',
        enum: ['draft', 'ordered'],
        'x-bos': {
          lifecycle: {
            transitions: {
              order: { from: ['draft'], to: 'ordered' },
              receive: {
                from: ['ordered'],
                to: 'ordered',
                effects: [
                  {
                    produce: {
                      entity: 'flows.receipt',
                      set: { note: "'For ' + self.name" },
                      lines: {
                        each: 'self.items',
                        into: 'items',
                        remaining: 'self.quantity - self.received',
                        set: { item: 'self', quantity: 'params.remaining' },
                      },
                    },
                  },
                ],
              },
            },
          },
        },
      },
    },
    'x-bos': { plural: 'purchases', titleField: 'name', permissions: {} },
  },
  'entities/purchase_item.json': {
    title: 'Purchase item',
    type: 'object',
    required: ['what', 'quantity'],
    properties: {
      what: { type: 'string', title: 'What', maxLength: 80 },
      quantity: { type: 'integer', title: 'Quantity' },
      received: {
        type: 'integer',
        title: 'Received',
        'x-bos': { rollup: { over: 'receipts', measure: 'sum', value: 'self.quantity', where: "parent.state == 'booked'" } },
      },
    },
    'x-bos': {
      kind: 'line',
      plural: 'purchase_items',
      rules: [{ id: 'enough', assert: 'self.received <= self.quantity', message: 'More than was ordered.', at: 'received' }],
    },
  },
  'entities/receipt.json': {
    title: 'Receipt',
    type: 'object',
    properties: {
      note: { type: 'string', title: 'Note', maxLength: 120 },
      items: { title: 'Items', 'x-bos': { type: 'lines', entity: 'flows.receipt_item' } },
      state: {
        title: 'State',
        enum: ['draft', 'booked'],
        'x-bos': { lifecycle: { states: { booked: { frozen: true } }, transitions: { book: { from: ['draft'], to: 'booked' } } } },
      },
    },
    'x-bos': { plural: 'receipts', permissions: {} },
  },
  'entities/receipt_item.json': {
    title: 'Receipt item',
    type: 'object',
    required: ['item', 'quantity'],
    properties: {
      item: { title: 'Item', 'x-bos': { type: 'reference', entity: 'flows.purchase_item', inverse: 'receipts' } },
      quantity: { type: 'integer', title: 'Quantity', minimum: 1 },
    },
    'x-bos': { kind: 'line', plural: 'receipt_items' },
  },
  'entities/entitlement.json': {
    title: 'Entitlement',
    type: 'object',
    required: ['person', 'days'],
    properties: {
      person: { title: 'Person', 'x-bos': { type: 'reference', entity: 'core.member', inverse: 'flows_entitlements' } },
      earned: { title: 'Earned', type: 'string', format: 'date' },
      days: { title: 'Days', 'x-bos': { type: 'decimal', scale: 1 } },
      used: { title: 'Used', 'x-bos': { type: 'decimal', scale: 1, rollup: { over: 'uses', measure: 'sum', value: 'self.days' } } },
    },
    'x-bos': {
      plural: 'entitlements',
      permissions: {},
      rules: [{ id: 'enough', assert: 'self.used <= self.days', message: 'More than there is.', at: 'used' }],
    },
  },
  'entities/usage.json': {
    title: 'Usage',
    type: 'object',
    properties: {
      entitlement: { title: 'Entitlement', 'x-bos': { type: 'reference', entity: 'flows.entitlement', inverse: 'uses' } },
      leave: { title: 'Leave', 'x-bos': { type: 'reference', entity: 'flows.leave', inverse: 'uses' } },
      days: { title: 'Days', 'x-bos': { type: 'decimal', scale: 1 } },
    },
    'x-bos': { plural: 'usages', permissions: {} },
  },
  'entities/leave.json': {
    title: 'Leave',
    type: 'object',
    required: ['person', 'days'],
    properties: {
      person: { title: 'Person', 'x-bos': { type: 'reference', entity: 'core.member' } },
      days: { title: 'Days', 'x-bos': { type: 'decimal', scale: 1 } },
      state: {
        title: 'State',
        enum: ['asked', 'granted', 'withdrawn'],
        'x-bos': {
          lifecycle: {
            transitions: {
              grant: {
                from: ['asked'],
                to: 'granted',
                effects: [
                  {
                    allocate: {
                      amount: 'self.days',
                      from: 'self.person.flows_entitlements',
                      order: ['self.earned'],
                      available: 'self.days - self.used',
                      entity: 'flows.usage',
                      set: { entitlement: 'target', leave: 'self', days: 'params.amount' },
                    },
                  },
                ],
              },
              withdraw: { from: ['granted'], to: 'withdrawn', effects: [{ reverse: 'grant' }] },
            },
          },
        },
      },
    },
    'x-bos': { plural: 'leaves', permissions: {} },
  },
}
